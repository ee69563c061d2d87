//! What the parser reads, and what it refuses.

use inf_file::{Association, Decoration, Hive, Inf, Library, NoLibrary, RegData, System};
use proptest::prelude::*;

const SAMPLE: &str = r#"; a comment
[Version]
Signature = "$WINDOWS NT$"   ; another
Class=System
ClassGuid={4d36e97d-e325-11ce-bfc1-08002be10318}
Provider=%Vendor%
DriverVer=11/22/2026,1.2.3.4
CatalogFile=sample.cat
PnpLockdown=1

[Manufacturer]
%Vendor%=Models,NTamd64,NTamd64.10.0...16299,NTamd64.10.0...22000, NTx86

[Models.NTamd64]
%Desc%=Old, PCI\VEN_5853&DEV_0001
[Models.NTamd64.10.0...16299]
%Desc%=Inst, PCI\VEN_5853&DEV_0001, PCI\VEN_5853&DEV_0002
[Models.NTamd64.10.0...22000]
%Desc%=Newest, PCI\VEN_5853&DEV_0001

[DestinationDirs]
DefaultDestDir = 13
Old.Copy = 12

[Old]
CopyFiles=Old.Copy
[Old.Copy]
sample.sys,,,0x100
[Old.Services]
AddService=sample,2,Old.Service
[Old.Service]
ServiceType=1
StartType=0
ErrorControl=3
ServiceBinary=%12%\sample.sys

[Inst.NTamd64]
Include=machine.inf
Needs=Common
CopyFiles=@sample.sys
AddReg=Inst.Reg, \
       Inst.Reg2
[Inst.Reg]
HKR,,"A ""quoted"" name",,"x; y, 100%% "
HKR,Parameters,Dword,0x00010001,0x10
HKR,Parameters,Bytes,1,de,ad,BE,ef
HKR,Parameters,Multi,0x00010000,one,"two, three",four
[Inst.Reg2]
HKR,Parameters\Sub
[Inst.NTamd64.HW]
AddReg=Inst.Hw
[Inst.Hw]
HKR,"Interrupt Management\MessageSignaledInterruptProperties",MSISupported,0x00010001,1
HKR,,Security,,"D:P(A;;GA;;;SY)(A;;GA;;;BA)"
[Inst.NTamd64.Services]
AddService=sample,0x00000002,Sample.Service,Sample.Log
[Sample.Service]
DisplayName=%Desc%
ServiceType=1
StartType=0
ErrorControl=3
ServiceBinary=%13%\sample.sys
LoadOrderGroup="Boot Bus Extender"
Dependencies=+Base,other
AddReg=Sample.Params
[Sample.Params]
HKR,Parameters,SupportedFeatures,0x00010003,7
[Sample.Log]
AddReg=Sample.LogReg
[Sample.LogReg]
HKR,,EventMessageFile,0x00020000,"%%SystemRoot%%\System32\IoLogMsg.dll"
HKR,,TypesSupported,0x00010001,7

[Strings]
Vendor="The ""Vendor"""
Desc = "Sample; device"
"#;

const MACHINE: &str = "[Version]\nSignature=\"$Windows NT$\"\n[Common]\nAddReg=C\n[C]\nHKR,,FromMachine,,1\n";

struct Lib(Inf);

impl Library for Lib {
    fn inf(&self, name: &str) -> Option<&Inf> {
        name.eq_ignore_ascii_case("MACHINE.INF").then_some(&self.0)
    }
}

fn sample() -> Inf {
    Inf::parse("sample.inf", SAMPLE.as_bytes()).expect("parses")
}

#[test]
fn reads_syntax() {
    let inf = sample();
    assert_eq!(inf.version("Provider"), Some("The \"Vendor\""));
    assert_eq!(inf.driver_version(), Some(((2026, 11, 22), [1, 2, 3, 4])));
    assert!(inf.warnings().is_empty(), "{:?}", inf.warnings());
    // UTF-16 gives the same file.
    let mut wide = vec![0xFF, 0xFE];
    wide.extend(SAMPLE.replace('\n', "\r\n").encode_utf16().flat_map(u16::to_le_bytes));
    let other = Inf::parse("sample.inf", &wide).expect("parses");
    assert_eq!(format!("{:?}", other.sections()), format!("{:?}", inf.sections()));
}

#[test]
fn chooses_models_by_build() {
    let inf = sample();
    for (build, install) in [(14393, "Old"), (16299, "Inst"), (19045, "Inst"), (26100, "Newest")] {
        let models = inf.models(&System::windows10(build)).expect("models");
        assert_eq!(models.len(), 1);
        assert_eq!(models[0].install, install, "build {build}");
        assert_eq!(models[0].description, "Sample; device");
        assert_eq!(models[0].hardware_id, "PCI\\VEN_5853&DEV_0001");
    }
    let decoration = Decoration::parse("NTamd64.10.0...16299").expect("parses");
    assert_eq!((decoration.build, decoration.product_type), (Some(16299), None));
    assert_eq!(decoration.to_string(), "NTamd64.10.0...16299");
    assert!(Decoration::parse("NTamd64.6.1.1.0x80").expect("parses").suite == Some(0x80));
    assert!(Decoration::parse("amd64").is_err());
    assert!(Decoration::parse("NTamd64.ten").is_err());
}

#[test]
fn resolves_an_install_section() {
    let inf = sample();
    let lib = Lib(Inf::parse("machine.inf", MACHINE.as_bytes()).expect("parses"));
    let install = inf.install("Inst", 1, &System::windows10(19045), &lib).expect("install section");
    assert_eq!(install.section, "Inst.NTamd64");
    assert_eq!((install.files[0].dirid, install.files[0].source.as_str()), (13, "sample.sys"));
    assert_eq!(install.add_reg[0].value, "FromMachine");
    assert_eq!(install.add_reg[1].value, "A \"quoted\" name");
    assert_eq!(install.add_reg[1].data, Some(RegData::Sz("x; y, 100% ".into())));
    assert_eq!(install.add_reg[2].data, Some(RegData::Dword(16)));
    assert_eq!(install.add_reg[3].data, Some(RegData::Raw(3, vec![0xde, 0xad, 0xbe, 0xef])));
    assert_eq!(
        install.add_reg[4].data,
        Some(RegData::MultiSz(vec!["one".into(), "two, three".into(), "four".into()]))
    );
    assert_eq!((install.add_reg[5].key.as_str(), &install.add_reg[5].data), ("Parameters\\Sub", &None));
    assert_eq!(install.hardware_add_reg[0].hive, Hive::Relative);
    assert_eq!(install.hardware_add_reg[0].key, "Interrupt Management\\MessageSignaledInterruptProperties");
    let service = &install.services[0];
    assert_eq!((service.name.as_str(), service.association), ("sample", Association::Function));
    let body = service.install.as_ref().expect("service");
    assert_eq!((body.start_type, body.group.as_str()), (0, "Boot Bus Extender"));
    assert_eq!(body.binary, "%13%\\sample.sys");
    assert_eq!(body.dependencies, ["+Base", "other"]);
    // 0x00010003 is REG_DWORD with FLG_ADDREG_NOCLOBBER.
    assert!(body.add_reg[0].has(inf_file::RegOp::NOCLOBBER));
    assert_eq!(body.add_reg[0].data, Some(RegData::Dword(7)));
    let log = service.event_log.as_ref().expect("log");
    assert_eq!((log.log.as_str(), log.source.as_str()), ("System", "sample"));
    assert_eq!(log.add_reg[0].data, Some(RegData::ExpandSz("%SystemRoot%\\System32\\IoLogMsg.dll".into())));
    assert!(install.unknown.is_empty(), "{:?}", install.unknown);
    // An older system takes DIRID 12.
    let old = inf.install("Old", 1, &System::windows10(14393), &NoLibrary).expect("install");
    assert_eq!((old.files[0].dirid, old.files[0].flags), (12, 0x100));
}

#[test]
fn errors_name_file_and_line() {
    let cases: [(&str, u32, &str); 8] = [
        ("[Version]\nSignature=\"$Windows NT$\nX=1\n", 2, "not closed"),
        ("[Version]\nSignature=\"$Windows NT$\"\n[broken\n", 3, "closing bracket"),
        ("a=b\n[Version]\nSignature=\"$Windows NT$\"\n", 1, "before the first section"),
        ("[Other]\n", 0, "no [Version]"),
        ("[Version]\nSignature=nothing\n", 2, "Signature"),
        ("[Version]\nSignature=\"$Windows NT$\"\n=5\n", 3, "equals sign"),
        ("[Version]\nSignature=\"$Windows NT$\"\n[]\n", 3, "empty section name"),
        ("[Version]\nSignature=\"$Windows NT$\"\n[a] b\n", 3, "after the section"),
    ];
    for (text, line, message) in cases {
        let errors = Inf::parse("x.inf", text.as_bytes()).expect_err(text);
        assert!(errors.iter().any(|e| e.line == line && e.message.contains(message)), "{text}: {errors:?}");
        assert!(errors[0].to_string().starts_with("x.inf("));
    }
}

#[test]
fn install_errors_name_the_line() {
    let head = "[Version]\nSignature=\"$Windows NT$\"\n[I]\n";
    let cases = [
        ("AddReg=Gone\n", 4, "[Gone] does not exist"),
        ("AddReg=A\n[A]\nHKQ,,x\n", 6, "unknown registry root"),
        ("AddReg=A\n[A]\nHKR,,x,0x10001,zz\n", 6, "REG_DWORD"),
        ("AddReg=A\n[A]\nHKR,,x,1,1ff\n", 6, "no byte"),
        ("Needs=B\n", 4, "[B] is in none"),
        ("Needs=I\n", 4, "nested too deeply"),
        ("Include=gone.inf\n", 4, "gone.inf is not there"),
        ("CopyFiles=@a.sys\n", 4, "[DestinationDirs]"),
        (
            "[I.Services]\nAddService=a,2,S\n[S]\nServiceType=1\nErrorControl=1\nServiceBinary=x\n",
            6,
            "StartType",
        ),
        (
            "[I.Services]\nAddService=a,2,S\n[S]\nServiceType=1\nStartType=9\nErrorControl=1\nServiceBinary=x\n",
            6,
            "StartType 9",
        ),
    ];
    for (text, line, message) in cases {
        let inf = Inf::parse("x.inf", format!("{head}{text}").as_bytes()).expect("parses");
        let error = inf.install("I", 0, &System::windows10(14393), &NoLibrary).expect_err(text);
        assert!(error.line == line && error.message.contains(message), "{text}: {error}");
    }
}

#[test]
fn undecorated_models_are_refused_on_x64() {
    let text = "[Version]\nSignature=\"$Windows NT$\"\n[Manufacturer]\nV=M\n[M]\nd=I,x\n";
    let inf = Inf::parse("x.inf", text.as_bytes()).expect("parses");
    let error = inf.models(&System::windows10(14393)).expect_err("refused");
    assert_eq!(error.line, 4);
}

#[test]
fn unknown_tokens_are_warnings() {
    let text = "[Version]\nSignature=\"$Windows NT$\"\nProvider=%Nobody%\nDir=%12%\\x\n";
    let inf = Inf::parse("x.inf", text.as_bytes()).expect("parses");
    assert_eq!(inf.version("Provider"), Some("%Nobody%"));
    assert_eq!(inf.warnings().len(), 1);
    assert_eq!(inf.warnings()[0].line, 3);
}

proptest! {
    #[test]
    fn never_panics_on_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Inf::parse("x.inf", &bytes);
    }

    #[test]
    fn never_panics_on_likely_text(parts in proptest::collection::vec(
        prop::sample::select(vec!["[", "]", "=", ",", "\"", "%", "\\", "\n", ";", "Version", "Signature",
            "$Windows NT$", "AddReg", "HKR", "0x10001", "Needs", "Include", "I", ".NTamd64", ".Services",
            "AddService", "Manufacturer", "NT", "10", "é", " ", "\r\n", "Strings", "CopyFiles", "@"]), 0..120)) {
        let text = format!("[Version]\nSignature=\"$Windows NT$\"\n[Manufacturer]\nV=I,NT\n{}", parts.concat());
        if let Ok(inf) = Inf::parse("x.inf", text.as_bytes()) {
            let system = System::windows10(19041);
            let _ = inf.models(&system);
            for section in inf.sections() {
                let _ = inf.install(&section.name, 1, &system, &NoLibrary);
            }
        }
    }
}
