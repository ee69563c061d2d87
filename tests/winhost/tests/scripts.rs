//! The guest's PowerShell, as far as it can be had without Windows: every script parses, keeps to rules that
//! Windows PowerShell 5.1 and unattended work demand, and calls only what exists.

use std::collections::BTreeSet;

use tree_sitter::{Node, Parser};
use winhost::guest::FILES;

fn scripts() -> Vec<(&'static str, &'static str)> {
    FILES.iter().copied().filter(|(name, _)| name.ends_with(".ps1")).collect()
}

fn parse(text: &str) -> tree_sitter::Tree {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).expect("the grammar fits");
    parser.parse(text, None).expect("no time limit")
}

fn walk<'a>(node: Node<'a>, visit: &mut dyn FnMut(Node<'a>)) {
    visit(node);
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        walk(child, visit);
    }
}

/// Where a script is not PowerShell: line and text.
fn mistakes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(parse(text).root_node(), &mut |node| {
        if node.is_error() || node.is_missing() {
            let line = text.lines().nth(node.start_position().row).unwrap_or_default();
            found.push(format!("{}: {}", node.start_position().row + 1, line.trim()));
        }
    });
    found
}

fn of_kind(text: &str, kind: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(parse(text).root_node(), &mut |node| {
        if node.kind() == kind {
            found.push(text[node.byte_range()].to_owned());
        }
    });
    found
}

#[test]
fn every_script_parses() {
    for (name, text) in scripts() {
        assert_eq!(mistakes(text), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn what_does_not_parse_is_found() {
    for bad in [
        "function F { if ($x { } }",
        "foreach ($a in $b { }",
        "Get-X |",
        "$a = @(1,",
        "'open",
        "param([string] $A,",
    ] {
        assert!(!mistakes(bad).is_empty(), "{bad}");
    }
}

/// Commands that a script calls.
fn calls(text: &str) -> BTreeSet<String> {
    of_kind(text, "command_name").into_iter().collect()
}

/// Functions that a script defines.
fn functions(text: &str) -> BTreeSet<String> {
    of_kind(text, "function_name").into_iter().collect()
}

/// Cmdlets of Windows PowerShell 5.1 and of modules that come with Windows 10 1607 and Server 2016.
const CMDLETS: &str = "Add-Type Clear-Disk ConvertFrom-Json ConvertTo-Json Copy-Item Disable-PnpDevice Enable-PnpDevice \
    ForEach-Object Format-List Format-Volume Get-ChildItem Get-CimInstance Get-Content Get-Date Get-Disk Get-FileHash \
    Get-NetAdapter Get-NetAdapterAdvancedProperty Get-NetIPAddress Get-NetIPConfiguration Get-PnpDevice Get-PnpDeviceProperty \
    Get-Random Get-Volume Get-WinEvent Initialize-Disk Join-Path New-Item New-Object New-Partition New-ScheduledTaskAction \
    New-ScheduledTaskPrincipal New-ScheduledTaskSettingsSet New-ScheduledTaskTrigger New-TimeSpan Optimize-Volume Out-Null \
    Out-String Receive-Job Register-ScheduledTask Remove-Item Remove-Job Rename-Item Restart-Computer Restart-NetAdapter \
    Select-Object Select-String Set-Content Set-Disk Set-ItemProperty Set-NetAdapterAdvancedProperty Set-NetFirewallProfile \
    Split-Path Start-Job Start-Process Start-Sleep Start-Transcript Stop-Transcript Test-Path Where-Object Write-Verbose \
    Write-VolumeCache";

/// Programs that come with Windows.
const PROGRAMS: &str =
    "bcdedit.exe pnputil.exe powercfg.exe shutdown.exe taskkill.exe verifier.exe wevtutil.exe";

#[test]
fn only_what_exists_is_called() {
    let mut known: BTreeSet<String> =
        CMDLETS.split_whitespace().chain(PROGRAMS.split_whitespace()).map(str::to_owned).collect();
    for (_, text) in scripts() {
        known.extend(functions(text));
    }
    for (name, text) in scripts() {
        for call in calls(text) {
            // A program or function in a variable, a script beside, or a range that the grammar takes for one.
            if call.starts_with(['$', '(', '"', '.', '0', '1']) {
                continue;
            }
            assert!(known.contains(&call), "{name} calls {call}, which is neither ours nor Windows'");
        }
    }
}

#[test]
fn every_function_is_used() {
    let all: String = scripts().iter().map(|(_, text)| *text).collect();
    let called: BTreeSet<String> = scripts().iter().flat_map(|(_, text)| calls(text)).collect();
    for name in functions(&all) {
        // Tests are called by their name in the plan.
        assert!(name.starts_with("Test-") || called.contains(&name), "{name} is never called");
    }
}

/// A rule's name, and what it finds in a script.
type Rule = (&'static str, fn(&str) -> Vec<String>);

fn lines_with(text: &str, bad: impl Fn(&str) -> bool) -> Vec<String> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#') && bad(line))
        .map(|line| line.trim().to_owned())
        .collect()
}

/// After `PSScriptAnalyzer`'s, where they matter here, and what 5.1 does not know.
const RULES: &[Rule] = &[
    ("scripts are ASCII: 5.1 reads the rest by the machine's code page", |text| {
        lines_with(text, |line| !line.is_ascii())
    }),
    ("no tabs and no trailing blanks", |text| {
        lines_with(text, |line| line.contains('\t') || line.ends_with(' '))
    }),
    ("no aliases", |text| {
        let aliases = "% ? cat cd copy cp curl del dir echo foreach ft fl gc gci gcim gi gwmi iex ii iwr kill ls man \
            md mkdir move mv ni ps pwd rd ren rm rmdir sc select sleep sort tee type where wget write";
        let aliases: BTreeSet<&str> = aliases.split_whitespace().collect();
        calls(text).into_iter().filter(|call| aliases.contains(call.to_lowercase().as_str())).collect()
    }),
    ("nobody is asked and nothing is shown", |text| {
        let bad = ["Read-Host", "Write-Host", "Out-GridView", "Get-Credential", "Pause"];
        calls(text).into_iter().filter(|call| bad.contains(&call.as_str())).collect()
    }),
    ("no text is run as code", |text| {
        calls(text).into_iter().filter(|call| call == "Invoke-Expression").collect()
    }),
    ("no variables of everybody", |text| lines_with(text, |line| line.to_lowercase().contains("$global:"))),
    ("$null stands left: a list compares otherwise", |text| {
        lines_with(text, |line| line.contains("-eq $null") || line.contains("-ne $null"))
    }),
    ("no empty catch", |text| {
        let squeezed: String = text.split_whitespace().collect();
        if squeezed.contains("catch{}") { vec!["catch {}".to_owned()] } else { Vec::new() }
    }),
    ("operators of PowerShell 7 are unknown to 5.1", |text| {
        lines_with(text, |line| {
            line.contains(" && ")
                || line.contains(" || ")
                || line.contains(" ?? ")
                || line.contains("?.") && !line.contains('\'')
        })
    }),
    ("removing and changing does not ask", |text| {
        let asking = ["Clear-Disk", "Format-Volume", "Disable-PnpDevice", "Enable-PnpDevice"];
        of_kind(text, "command")
            .into_iter()
            .filter(|call| {
                asking.iter().any(|name| call.starts_with(name)) && !call.contains("-Confirm:$false")
            })
            .collect()
    }),
    ("functions have approved verbs", |text| {
        let verbs = "Add Assert Clear Close Complete Convert ConvertFrom ConvertTo Exit Get Import Install Invoke New \
            Open Read Remove Request Restart Save Select Send Set Skip Start Stop Test Wait Write";
        let verbs: BTreeSet<&str> = verbs.split_whitespace().collect();
        functions(text)
            .into_iter()
            .filter(|name| !name.split_once('-').is_some_and(|(verb, _)| verbs.contains(verb)))
            .collect()
    }),
];

#[test]
fn every_script_keeps_the_rules() {
    for (name, text) in scripts() {
        for (rule, find) in RULES {
            assert_eq!(find(text), Vec::<String>::new(), "{name}: {rule}");
        }
    }
}

#[test]
fn every_rule_fires() {
    let bad = [
        "$a = 'gr\u{fc}n'",
        "$a = 1 ",
        "ls C:\\",
        "Read-Host 'name'",
        "Invoke-Expression $text",
        "$global:x = 1",
        "if ($x -eq $null) { 1 }",
        "try { Get-Date } catch {\n}",
        "Get-Date && Get-Date",
        "Clear-Disk -Number 1 -RemoveData",
        "function Fetch-It { 1 }",
    ];
    assert_eq!(bad.len(), RULES.len());
    for ((rule, find), text) in RULES.iter().zip(bad) {
        assert!(!find(text).is_empty(), "{rule}");
    }
}

#[test]
fn control_codes_are_the_drivers() {
    let door = FILES.iter().find(|(name, _)| *name == "guest/lib/Door.cs").expect("there").1;
    let policy = host::run::root().join("xenpci/src/policy/doors.rs");
    let policy = std::fs::read_to_string(policy).expect("the driver's doors");
    for (ours, theirs) in [("StoreRead", "STORE_READ"), ("StoreWrite", "STORE_WRITE"), ("Dump", "DUMP")] {
        let number = policy
            .lines()
            .find_map(|line| {
                line.strip_prefix(&format!("pub const {theirs}: u32 = code("))?.strip_suffix(");")
            })
            .unwrap_or_else(|| panic!("the driver has no {theirs}"));
        let number: u32 = number.parse().expect("a number");
        // CTL_CODE(0x2a, 0x800 + n, METHOD_BUFFERED, read and write).
        let code = 0x2a << 16 | 3 << 14 | (0x800 + number) << 2;
        assert!(door.contains(&format!("const uint {ours} = 0x{code:08x};")), "{ours} is not {code:#010x}");
    }
    let doors =
        std::fs::read_to_string(host::run::root().join("xenpci/src/doors.rs")).expect("the driver's doors");
    let class =
        doors.lines().find_map(|line| line.strip_prefix("/// {")?.split_once('}')).expect("its class").0;
    assert!(door.contains(&format!("new Guid(\"{class}\")")), "another interface class than {class}");
}
