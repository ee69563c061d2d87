//! Every rule fires on an INF that breaks it; the INFs that ship break none.

use std::collections::BTreeSet;

use inf_lint::{RULES, lint};

const GOOD: &str = r#"[Version]
Signature   = "$Windows NT$"
Class       = Net
ClassGuid   = {4d36e972-e325-11ce-bfc1-08002be10318}
Provider    = %Provider%
CatalogFile = good.cat
DriverVer   = 11/22/2026,1.2.3.4
PnpLockdown = 1

[DestinationDirs]
Files = 13
Old.Files = 12

[SourceDisksNames]
1 = %Provider%

[SourceDisksFiles]
good.sys = 1

[Manufacturer]
%Provider% = Models, NTamd64.10.0...16299, NTamd64

[Models.NTamd64.10.0...16299]
%Provider% = Install, XENPV\GOOD

[Models.NTamd64]
%Provider% = Old, XENPV\GOOD

[Install.NT]
Characteristics = 0x84
BusType = 0
*IfType = 6
*MediaType = 0
*PhysicalMediaType = 14
CopyFiles = Files
AddReg = Keywords

[Old.NT]
Characteristics = 0x84
BusType = 0
*IfType = 6
*MediaType = 0
*PhysicalMediaType = 14
CopyFiles = Old.Files
AddReg = Keywords

[Files]
good.sys

[Old.Files]
good.sys

[Keywords]
HKR, Ndi, Service, 0, "good"
HKR, Ndi\params\*RSS, ParamDesc, 0, "RSS"
HKR, Ndi\params\*RSS, Default, 0, "1"
HKR, Ndi\params\*RSS, type, 0, "enum"
HKR, Ndi\params\*RSS\enum, "0", 0, "off"
HKR, Ndi\params\*RSS\enum, "1", 0, "on"
HKR, Ndi\params\*JumboPacket, ParamDesc, 0, "Jumbo"
HKR, Ndi\params\*JumboPacket, Default, 0, "1514"
HKR, Ndi\params\*JumboPacket, type, 0, "int"
HKR, Ndi\params\*JumboPacket, Min, 0, "1514"
HKR, Ndi\params\*JumboPacket, Max, 0, "9014"
HKR, Ndi\params\*JumboPacket, Step, 0, "1"

[Install.NT.HW]
AddReg = Hardware

[Hardware]
HKR,, Security,, "D:P(A;;GA;;;SY)(A;;GA;;;BA)"

[Install.NT.Services]
AddService = good, 2, Service, Log

[Old.NT.Services]
AddService = good, 2, Old.Service, Log

[Service]
ServiceType   = 1
StartType     = 0
ErrorControl  = 1
ServiceBinary = %13%\good.sys
LoadOrderGroup = NDIS
AddReg        = Parameters

[Old.Service]
ServiceType   = 1
StartType     = 0
ErrorControl  = 1
ServiceBinary = %12%\good.sys
LoadOrderGroup = NDIS

[Parameters]
HKR, Parameters, One, 0x00010001, 1

[Log]
AddReg = Log.Registry

[Log.Registry]
HKR,, EventMessageFile, 0x00020000, "%%SystemRoot%%\System32\netevent.dll"
HKR,, TypesSupported, 0x00010001, 7

[Strings]
Provider = "XenPV"
"#;

/// Code, text to replace (all of the file's, when empty: text to append), replacement.
const BAD: [(&str, &str, &str); 62] = [
    ("1000", "[Log.Registry]", "[Log.Registry"),
    ("1000", "HKR, Parameters, One, 0x00010001, 1", "HKR, Parameters, One, 0x00010001, one"),
    ("1000", "Models, NTamd64.10.0...16299", "Models, amd64, NTamd64.10.0...16299"),
    ("1100", "[Files]\ngood.sys", "[Files]\nother.sys,good.sys"),
    ("1100", "Files = 13\n", "Files = 13,sub\n"),
    ("1100", "good.sys = 1", "good.sys = 1,x64"),
    ("1203", "AddReg = Hardware", "AddReg = Hardware, Gone"),
    ("1203", "[Models.NTamd64]", "[Models.NTx86]"),
    ("1203", "%Provider% = Old,", "%Provider% = Older,"),
    ("1203", "2, Service, Log", "2, Service, Gone"),
    ("1203", "Old.Files = 12\n", ""),
    ("1204", "Provider = \"XenPV\"", "Provider = \"Microsoft\""),
    ("1205", "AddReg = Hardware", "AddReg = Hardware\nDelReg = Hardware"),
    ("1212", "", "[DefaultInstall.NTamd64]\nCopyFiles = Files\n"),
    ("1220", "AddReg = Hardware", "Include = machine.inf\nNeeds = PciIo.HW\nAddReg = Hardware, Theirs"),
    ("1221", "HKR,, Security,,", "HKLM,System\\CurrentControlSet\\Services\\good, Security,,"),
    ("1230", "good.sys = 1", "bad.sys = 1"),
    ("1233", "CatalogFile = good.cat\n", ""),
    ("1235", "\"RSS\"", "%Rss%"),
    ("1235", "\"%%SystemRoot%%\\System32", "\"%SystemRoot%\\System32"),
    ("1285", "", "[ClassInstall32]\nAddReg = Hardware\n"),
    ("1296", "[Install.NT.Services]", "[Install.NT.Servces]"),
    ("1296", "good, 2, Service, Log", "good, 0, Service, Log"),
    ("1297", "XENPV\\GOOD", ""),
    ("1300", "", "[Install.NT.CoInstallers]\nAddReg = Hardware\n"),
    ("1301", "AddReg = Hardware", "AddReg = Hardware\nRegisterDlls = Hardware"),
    ("1302", "AddService = good, 2, Service, Log", "AddService = good, 2, Service, Log\nDelService = old"),
    ("1302", "AddReg = Hardware", "AddReg = Hardware\nDelFiles = Files"),
    ("1303", "HKR, Ndi, Service,", "HKR,, CoInstallers32, 0x00010000, \"x.dll\"\nHKR, Ndi, Service,"),
    ("1304", "HKR, Ndi, Service,", "HKCU, Ndi, Service,"),
    ("1305", "HKR, Ndi, Service, 0,", "HKR, Ndi, Service, 0x00010008,"),
    (
        "1305",
        "AddReg = Hardware",
        "AddReg = Hardware\nDelReg = Cut\n[Cut]\nHKR,, UpperFilters, 0x00018002, \"x\"",
    ),
    ("1306", "Old.Files = 12", "Old.Files = 24,xen"),
    ("1310", "AddReg = Hardware", "AddReg = Hardware\nInclude = machine.inf\nNeeds = PciIo"),
    ("1313", "AddReg = Hardware", "AddReg = Hardware\nNeeds = PciIo.HW"),
    ("1320", "HKR, Ndi, Service, 0, \"good\"", "HKLM, Software\\Good,, 0x10"),
    ("1321", "HKR, Ndi, Service,", "HKLM, Software\\Good, Service,"),
    ("1322", "\nFiles = 13", "\nFiles = 12"),
    ("1323", "HKR, Parameters, One,", "HKR,, One,"),
    ("1324", "PnpLockdown = 1\n", ""),
    ("1324", "PnpLockdown = 1", "PnpLockdown = 0"),
    (
        "1330",
        "HKR, Ndi, Service, 0, \"good\"",
        "HKR, Ndi, Service, 0, \"good\"\nHKR, ndi, SERVICE, 0, \"bad\"",
    ),
    ("1330", "good.sys = 1", "good.sys = 1\nother.sys = 1\n[Files]\ngood.sys,other.sys"),
    (
        "1330",
        "AddService = good, 2, Service, Log",
        "AddService = good, 2, Service, Log\nAddService = good, 2, Twin, Log\n[Twin]\nServiceType = 1\nStartType = 3\nErrorControl = 1\nServiceBinary = %13%\\good.sys\n",
    ),
    ("2083", "", "[Nobody]\nHKR,, x,, y\n"),
    ("2222", "AddReg = Hardware", "AddReg = Hardware\nLogConfig = Config"),
    ("2223", "NTamd64.10.0...16299, NTamd64", "NT"),
    ("own-decoration", "NTamd64.10.0...16299, NTamd64", "NTamd64.10.0...16299, NTamd64, NTamd64.10.0.1"),
    ("own-version", "ClassGuid   = {4d36e972-", "ClassGuid   = {4d36e97d-"),
    ("own-version", "ClassGuid   = {4d36e972-e325-11ce-bfc1-08002be10318}\n", ""),
    ("own-version", "11/22/2026,1.2.3.4", "22/11/2026,1.2.3.4"),
    ("own-version", "Provider    = %Provider%\n", ""),
    ("own-version", "Class       = Net", "Class       = Toaster"),
    ("own-disk", "good.sys = 1", "good.sys = 2"),
    ("own-binary", "ServiceBinary = %13%\\good.sys", "ServiceBinary = %13%\\god.sys"),
    ("own-boot", "LoadOrderGroup = NDIS\nAddReg ", "AddReg "),
    ("own-boot", "ErrorControl  = 1", "ErrorControl  = 3"),
    ("own-event", "good, 2, Service, Log", "good, 2, Service"),
    ("own-keyword", "*RSS, Default, 0, \"1\"", "*RSS, Default, 0, \"2\""),
    ("own-keyword", "Max, 0, \"9014\"", "Max, 0, \"1000\""),
    ("own-keyword", "*RSS, type, 0, \"enum\"", "*RSS, type, 0, \"bool\""),
    ("own-media", "*IfType = 6\n", ""),
];

#[test]
fn the_good_file_is_good() {
    assert_eq!(lint("good.inf", GOOD.as_bytes()), []);
}

#[test]
fn every_rule_fires() {
    let mut fired = BTreeSet::new();
    for (code, from, to) in BAD {
        let text = if from.is_empty() {
            format!("{GOOD}{to}")
        } else {
            assert!(GOOD.contains(from), "the good file has no {from:?}");
            GOOD.replace(from, to)
        };
        let found = lint("bad.inf", text.as_bytes());
        assert!(found.iter().any(|f| f.code == code), "{from:?} -> {to:?} is not {code}: {found:?}");
        fired.insert(code);
    }
    let silent: Vec<&str> = RULES.iter().map(|r| r.code).filter(|code| !fired.contains(code)).collect();
    assert!(silent.is_empty(), "no file breaks {silent:?}");
}

#[test]
fn findings_name_file_and_line() {
    let text = GOOD.replace("PnpLockdown = 1\n", "");
    let found = lint("bad.inf", text.as_bytes());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].to_string(), "bad.inf(1): [Version] should say PnpLockdown = 1 [1324]");
}

#[test]
fn the_shipped_files_pass() {
    for name in ["xenpvpci.inf", "xenpvvbd.inf", "xenpvnet.inf"] {
        let path = format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(&path).expect("the file is there");
        let found: Vec<String> = lint(name, &bytes).iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
