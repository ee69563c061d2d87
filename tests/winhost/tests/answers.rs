//! `autounattend.xml`: well-formed, and what Windows' setup needs in the places where it looks for it.

use quick_xml::{Reader, events::Event};
use winhost::{
    toolstack::Firmware,
    unattend::{Edition, answers},
};

/// Every text of a document with the path of its elements; a pass or component by its name.
fn texts(xml: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().trim_text(true);
    let mut path: Vec<String> = Vec::new();
    let mut found = Vec::new();
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(start) => {
                let attribute = |name: &str| {
                    let value = start.try_get_attribute(name).expect("attributes")?.value.into_owned();
                    Some(value)
                };
                let name = start.name().as_ref().to_owned();
                path.push(attribute("pass").or_else(|| attribute("name")).unwrap_or(name));
            }
            Event::Text(text) => found.push((path[1..].join("/"), text.decode_content())),
            Event::End(_) => drop(path.pop()),
            Event::Eof => {
                assert!(path.is_empty());
                return found;
            }
            _ => {}
        }
    }
}

trait Content {
    fn decode_content(&self) -> String;
}

impl Content for quick_xml::events::BytesText<'_> {
    fn decode_content(&self) -> String {
        self.as_ref().to_owned()
    }
}

fn edition(firmware: Firmware) -> Edition {
    Edition { index: 4, key: Some("AAAAA-BBBBB".into()), firmware, locale: "de-DE".into() }
}

fn all(firmware: Firmware) -> Vec<(String, String)> {
    texts(&answers(&edition(firmware)).expect("written"))
}

fn get<'a>(all: &'a [(String, String)], path: &str) -> Vec<&'a str> {
    all.iter().filter(|(found, _)| found.ends_with(path)).map(|(_, text)| text.as_str()).collect()
}

#[test]
fn the_right_image_goes_to_the_right_partition() {
    for (firmware, partition, kinds) in
        [(Firmware::Bios, "1", vec!["Primary"]), (Firmware::Uefi, "3", vec!["EFI", "MSR", "Primary"])]
    {
        let all = all(firmware);
        assert_eq!(get(&all, "InstallFrom/MetaData/Value"), ["4"]);
        assert_eq!(get(&all, "InstallFrom/MetaData/Key"), ["/IMAGE/INDEX"]);
        assert_eq!(get(&all, "OSImage/InstallTo/PartitionID"), [partition]);
        assert_eq!(get(&all, "CreatePartition/Type"), kinds);
        // One partition takes the rest of the disk, and Windows is on it.
        assert_eq!(get(&all, "CreatePartition/Extend"), ["true"]);
        assert_eq!(get(&all, "ModifyPartition/Letter"), ["C"]);
        let active = get(&all, "ModifyPartition/Active");
        assert_eq!(active.is_empty(), firmware == Firmware::Uefi, "only an MBR disk has one");
    }
}

#[test]
fn nobody_is_asked() {
    let all = all(Firmware::Uefi);
    let setup = "windowsPE/Microsoft-Windows-Setup";
    assert_eq!(get(&all, &format!("{setup}/UserData/AcceptEula")), ["true"]);
    assert_eq!(get(&all, &format!("{setup}/UserData/ProductKey/Key")), ["AAAAA-BBBBB"]);
    assert_eq!(
        get(&all, "windowsPE/Microsoft-Windows-International-Core-WinPE/SetupUILanguage/UILanguage"),
        ["de-DE"]
    );
    let shell = "oobeSystem/Microsoft-Windows-Shell-Setup";
    for page in ["HideEULAPage", "HideOnlineAccountScreens", "HideWirelessSetupInOOBE"] {
        assert_eq!(get(&all, &format!("{shell}/OOBE/{page}")), ["true"], "{page}");
    }
    assert_eq!(get(&all, &format!("{shell}/AutoLogon/Enabled")), ["true"]);
    let password = get(&all, &format!("{shell}/AutoLogon/Password/Value"));
    assert_eq!(password, get(&all, &format!("{shell}/UserAccounts/AdministratorPassword/Value")));
    assert_eq!(password.len(), 1);
}

#[test]
fn the_first_logon_runs_our_setup() {
    let all = all(Firmware::Bios);
    let command = get(&all, "FirstLogonCommands/SynchronousCommand/CommandLine").concat();
    assert!(
        command.contains("WINHOST") && command.contains("Setup.ps1") && command.contains("Bypass"),
        "{command}"
    );
    assert!(command.chars().count() < 1024, "Windows takes no longer ones");
}

#[test]
fn every_list_item_has_its_action_and_its_order() {
    let xml = answers(&edition(Firmware::Uefi)).expect("written");
    for item in [
        "Disk",
        "CreatePartition",
        "ModifyPartition",
        "MetaData",
        "RunSynchronousCommand",
        "SynchronousCommand",
    ] {
        assert!(xml.contains(&format!("<{item} wcm:action=\"add\">")), "{item}");
        assert!(!xml.contains(&format!("<{item}>")), "{item} without action");
    }
    let all = texts(&xml);
    assert_eq!(get(&all, "RunSynchronousCommand/Order"), ["1", "2", "3", "4"]);
}

#[test]
fn a_key_is_only_there_when_it_was_given_and_is_text() {
    let with = |key: Option<&str>| {
        let edition = Edition { key: key.map(str::to_owned), ..edition(Firmware::Bios) };
        answers(&edition).expect("written")
    };
    assert!(!with(None).contains("ProductKey"));
    assert!(with(Some("A<B&C")).contains("A&lt;B&amp;C"));
}
