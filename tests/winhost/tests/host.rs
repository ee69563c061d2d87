//! The whole orchestrator against a Xen host that is not there: real programs on a PATH of their own, virtual
//! time, and stand-in guests that do as they are told.

mod fake;

use std::{fs, path::Path, time::Duration};

use fake::Fake;
use winhost::{
    clean,
    matrix::{Cell, Matrix, Windows},
    payload::Supplies,
    plan::{self, Suite, Supplied, VERIFIER},
    run::{Options, Run, tally},
    session::{Bound, End, Summary},
    standin::{Act, Power},
    state::State,
    toolstack::{Firmware, Toolstack},
    wire::{Leave, Verdict},
};

const RUN: &str = "r1";

/// Cells whose Windows is installed first.
fn installed(fake: &Fake, suites: &[Suite]) -> Vec<Cell> {
    let medium = fake.path("windows.iso");
    fs::write(&medium, b"").expect("medium");
    cells_of(&medium.display().to_string(), suites)
}

/// Cells that start from a prepared disk.
fn prepared(suites: &[Suite]) -> Vec<Cell> {
    cells_of("/isos/windows.qcow2", suites)
}

fn cells_of(image: &str, suites: &[Suite]) -> Vec<Cell> {
    let windows = Windows::of_image(image, Firmware::Bios);
    Matrix { suites: suites.to_vec(), windows: vec![windows] }.cells().expect("cells")
}

fn options(fake: &Fake, cells: Vec<Cell>) -> Options {
    let msi = fake.path("xenpv.msi");
    fs::write(&msi, b"an MSI").expect("MSI");
    Options {
        name: RUN.into(),
        folder: fake.path("results"),
        cells,
        supplies: Supplies { msi: Some(msi), ..Supplies::default() },
        bridge: "xenbr0".into(),
        keep: false,
        poll: Duration::from_secs(10),
        bounds: Vec::new(),
        controller: None,
    }
}

fn all(fake: &Fake, stack: &dyn Toolstack, options: &Options) -> State {
    let about = State { run: options.name.clone(), ..State::default() };
    Run::new(stack, fake, options, about).expect("a run").all().expect("this machine works")
}

/// One suite on a prepared disk.
fn one(fake: &Fake, stack: &dyn Toolstack, suite: Suite) -> Summary {
    only(fake, stack, prepared(&[suite]))
}

fn only(fake: &Fake, stack: &dyn Toolstack, cells: Vec<Cell>) -> Summary {
    let options = options(fake, cells);
    let state = all(fake, stack, &options);
    assert!(fake.agrees(stack, RUN), "the toolstack's leftovers are not the world's: {:?}", fake.left(RUN));
    state.cells.into_values().next().expect("a cell")
}

/// A smoke suite in which one test misbehaves.
fn misbehaving(fake: &Fake, test: &str, act: Act) -> Summary {
    fake.world().script.insert(test.into(), act);
    let summary = one(fake, &fake.local(), Suite::Smoke);
    assert_eq!(fake.left(RUN), Vec::<String>::new());
    summary
}

fn verdict(summary: &Summary, test: &str) -> Verdict {
    summary.tests.iter().find(|one| one.test == test).unwrap_or_else(|| panic!("no {test}")).verdict
}

/// All tests but those passed or were skipped.
fn others_are_good(summary: &Summary, but: &[&str]) {
    for test in &summary.tests {
        let bad = test.verdict.is_bad();
        assert_eq!(
            bad,
            but.contains(&test.test.as_str()),
            "{}: {:?} {}\n{:?}",
            test.test,
            test.verdict,
            test.text,
            summary.notes
        );
    }
}

fn results(fake: &Fake, name: &str) -> String {
    let path = fake.path("results").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_smoke_run_from_a_medium_is_green_and_leaves_nothing() {
    let fake = Fake::new();
    let summary = only(&fake, &fake.xl(), installed(&fake, &[Suite::Smoke]));
    assert_eq!(summary.end, End::Done, "{:?}", summary.notes);
    others_are_good(&summary, &[]);
    assert!(summary.is_good());
    assert_eq!(verdict(&summary, "power.suspend"), Verdict::Pass);
    assert_eq!(verdict(&summary, "net.transfer"), Verdict::Pass);
    assert_eq!(fake.left(RUN), Vec::<String>::new());
    // What the guest sent came whole, what it said is kept, and both reports are there.
    let cell = "windows-smoke";
    assert_eq!(
        results(&fake, &format!("{cell}/guest-pnputil.txt")),
        "Published Name: oem1.inf\r\n".repeat(400)
    );
    assert!(results(&fake, &format!("{cell}/serial-1.log")).contains("@WH1 "));
    assert!(results(&fake, &format!("{cell}/xen.log")).contains("(XEN)"));
    assert!(results(&fake, "junit.xml").contains("failures=\"0\" errors=\"0\""));
    assert!(results(&fake, "report.html").contains("power.suspend"));
}

#[test]
fn a_second_suite_starts_from_the_base_of_the_first() {
    let fake = Fake::new();
    let options = options(&fake, installed(&fake, &[Suite::Smoke, Suite::Hlk]));
    let stack = fake.local();
    let state = all(&fake, &stack, &options);
    assert_eq!(tally(&state, &options.cells), (2, 2), "{:#?}", state.cells);
    let created =
        fake.world().log.iter().filter(|line| line.starts_with("qemu-img create -q -f qcow2 /")).count();
    assert_eq!(created, 1, "Windows is installed once");
    assert_eq!(fake.left(RUN), Vec::<String>::new());
    // Without TAEF and a controller their tests are skipped, and said to be.
    let hlk = &state.cells["windows-hlk"];
    assert_eq!(verdict(hlk, "devfund/chaos"), Verdict::Skip);
    assert_eq!(verdict(hlk, "hlk/xenpvvbd"), Verdict::Skip);
}

#[test]
fn a_prepared_disk_needs_no_installation() {
    let fake = Fake::new();
    let summary = one(&fake, &fake.local(), Suite::Smoke);
    others_are_good(&summary, &[]);
    let log = fake.world().log.join("\n");
    assert!(log.contains("qemu-img convert -O qcow2 /isos/windows.qcow2"), "{log}");
    assert!(!log.contains("windows.iso"), "{log}");
}

#[test]
fn verifier_settings_survive_their_restarts() {
    let fake = Fake::new();
    let summary = one(&fake, &fake.local(), Suite::Verifier);
    assert_eq!(summary.end, End::Done, "{:?}", summary.notes);
    others_are_good(&summary, &[]);
    // Installation, each setting, off; a suspend in each setting goes on in another serial file.
    let boots = 1 + 1 + VERIFIER.len() + 1 + VERIFIER.len();
    assert_eq!(summary.boots as usize, boots);
}

#[test]
fn a_soak_goes_through_all_its_rounds() {
    let fake = Fake::new();
    let summary = one(&fake, &fake.local(), Suite::Soak);
    assert_eq!(summary.end, End::Done, "{:?}", summary.notes);
    others_are_good(&summary, &[]);
}

#[test]
fn a_failing_test_fails_and_the_rest_goes_on() {
    let fake = Fake::new();
    let summary = misbehaving(&fake, "disk.flush", Act::End(Verdict::Fail, "write 7 was lost".into()));
    assert_eq!(verdict(&summary, "disk.flush"), Verdict::Fail);
    others_are_good(&summary, &["disk.flush"]);
    assert!(!summary.is_good());
    assert!(results(&fake, "junit.xml").contains("fail: write 7 was lost"));
}

#[test]
fn what_the_host_cannot_do_is_skipped_and_what_fails_is_a_failure() {
    let fake = Fake::new();
    let summary = misbehaving(&fake, "hotplug.nic", Act::Want(&["no-such-thing"]));
    assert_eq!(verdict(&summary, "hotplug.nic"), Verdict::Skip);
    let fake = Fake::new();
    fake.world().faults.fail = Some("xl block-attach".into());
    let summary = one(&fake, &fake.local(), Suite::Smoke);
    // The host's own words come whole, with whatever characters are in them.
    let test = summary.tests.iter().find(|test| test.test == "hotplug.disk").expect("there");
    assert_eq!(test.verdict, Verdict::Fail);
    assert!(test.text.ends_with("the fake host was told\nto \"fail\""), "{}", test.text);
    others_are_good(&summary, &["hotplug.disk"]);
}

#[test]
fn a_hang_is_ended_by_an_nmi_and_the_rest_goes_on() {
    let fake = Fake::new();
    let summary = misbehaving(&fake, "disk.filesystem", Act::Freeze { nmi: true });
    assert_eq!(verdict(&summary, "disk.filesystem"), Verdict::Hang);
    others_are_good(&summary, &["disk.filesystem"]);
    assert!(fake.world().log.iter().any(|line| line.ends_with(" nmi")));
    assert_eq!(results(&fake, "windows-smoke/guest-minidump.dmp"), "PAGEDU64");
}

#[test]
fn a_hang_that_obeys_no_nmi_is_ended_all_the_same() {
    let fake = Fake::new();
    let summary = misbehaving(&fake, "disk.filesystem", Act::Freeze { nmi: false });
    assert_eq!(verdict(&summary, "disk.filesystem"), Verdict::Hang);
    others_are_good(&summary, &["disk.filesystem"]);
}

#[test]
fn a_test_that_never_ends_is_ended_within_its_bound() {
    let fake = Fake::new();
    let summary = misbehaving(&fake, "net.ping", Act::Stuck);
    let test = summary.tests.iter().find(|test| test.test == "net.ping").expect("there");
    assert_eq!(test.verdict, Verdict::Hang);
    let bound = plan::KNOWN.iter().find(|known| known.0 == "net.ping").expect("known").1;
    assert!((bound..bound + 120).contains(&test.seconds), "{} s", test.seconds);
    others_are_good(&summary, &["net.ping"]);
}

#[test]
fn a_crash_is_a_crash_with_its_dump_whether_xen_is_told_or_not() {
    for how in [Power::Reset, Power::Crash] {
        let fake = Fake::new();
        let summary = misbehaving(&fake, "pnp.cycle", Act::Crash(how));
        assert_eq!(verdict(&summary, "pnp.cycle"), Verdict::Crash, "{how:?}");
        others_are_good(&summary, &["pnp.cycle"]);
        assert_eq!(results(&fake, "windows-smoke/guest-minidump.dmp"), "PAGEDU64");
    }
}

#[test]
fn a_crash_that_a_test_wants_is_none() {
    let fake = Fake::new();
    let summary = misbehaving(&fake, "power.reboot", Act::Leave(Leave::Crash));
    others_are_good(&summary, &[]);
}

#[test]
fn a_guest_that_cannot_be_heard_is_lost_and_not_hung() {
    let fake = Fake::new();
    let summary = misbehaving(&fake, "disk.trim", Act::Mute);
    assert_eq!(verdict(&summary, "disk.trim"), Verdict::Lost);
    others_are_good(&summary, &["disk.trim"]);
}

#[test]
fn damaged_lines_are_said_again() {
    let fake = Fake::new();
    let summary = misbehaving(&fake, "disk.trim", Act::Garble(3));
    others_are_good(&summary, &[]);
    assert!(!summary.notes.iter().any(|note| note.contains("lost")), "{:?}", summary.notes);
    let log = results(&fake, "windows-smoke/session.log");
    for number in 0..3 {
        assert!(log.contains(&format!("guest: line {number}")), "{log}");
    }
}

#[test]
fn damaged_lines_before_the_door_is_open_are_given_up() {
    let fake = Fake::new();
    let summary = misbehaving(&fake, "selftest", Act::Garble(2));
    assert!(summary.notes.iter().any(|note| note.contains("lost")), "{:?}", summary.notes);
    others_are_good(&summary, &[]);
}

#[test]
fn a_guest_that_never_boots_again_is_reported_in_time() {
    let fake = Fake::new();
    let summary = misbehaving(&fake, "power.reboot", Act::Brick);
    assert!(matches!(summary.end, End::NeverBooted(_)), "{:?}", summary.end);
    assert_eq!(verdict(&summary, "power.reboot"), Verdict::Hang);
    assert_eq!(verdict(&summary, "install.remove"), Verdict::NotRun);
    assert!(results(&fake, "junit.xml").contains("never booted"));
    // Three starts, each with its bound and the time for a dump.
    assert!(summary.seconds < 3 * (600 + 120 + 60) + 1200, "{} s", summary.seconds);
}

#[test]
fn a_boot_loop_ends() {
    let fake = Fake::new();
    let summary = misbehaving(&fake, "power.reboot", Act::Loop);
    assert!(matches!(summary.end, End::BootLoop(_)), "{:?}", summary.end);
}

#[test]
fn a_medium_that_does_not_boot_is_reported_in_time() {
    let fake = Fake::new();
    fake.world().setup = None;
    let summary = only(&fake, &fake.local(), installed(&fake, &[Suite::Smoke]));
    assert!(matches!(summary.end, End::OutOfTime | End::NeverBooted(_)), "{:?}", summary.end);
    assert!(summary.seconds <= 5500, "{} s", summary.seconds);
    assert!(summary.tests.iter().all(|test| test.verdict == Verdict::NotRun));
    assert!(summary.notes.iter().any(|note| note.contains("not installed")));
    assert_eq!(fake.left(RUN), Vec::<String>::new());
}

#[test]
fn lines_of_the_user_come_last_and_win() {
    let fake = Fake::new();
    let summary = one(&fake, &fake.local().with_lines("on_reboot = 'restart'\n"), Suite::Smoke);
    assert!(
        matches!(&summary.end, End::Host(text) if text.contains("only ends domains")),
        "{:?}",
        summary.end
    );
    assert_eq!(fake.left(RUN), Vec::<String>::new());
}

#[test]
fn bounds_can_be_set() {
    let run = |act, bound| {
        let fake = Fake::new();
        fake.world().script.insert("selftest".into(), act);
        let options = Options { bounds: vec![bound], ..options(&fake, prepared(&[Suite::Smoke])) };
        all(&fake, &fake.local(), &options).cells.into_values().next().expect("a cell")
    };
    let summary = run(Act::Brick, (Bound::Boot, 90));
    assert!(matches!(summary.end, End::NeverBooted(_)), "{:?}", summary.end);
    assert!(summary.seconds < 3 * (90 + 120 + 60), "{} s", summary.seconds);
    let summary = run(Act::Loop, (Bound::Starts, 3));
    assert!(matches!(summary.end, End::BootLoop(_)), "{:?}", summary.end);
    assert_eq!(summary.boots, 5, "where the test began, where it was found cut off, and three");
}

/// When the plan of a suite is worked on, in virtual time.
const INSIDE: Duration = Duration::from_secs(200);

#[test]
fn a_host_that_is_away_for_a_while_costs_nothing() {
    let fake = Fake::new();
    fake.world().faults.away = Some((INSIDE, INSIDE + Duration::from_secs(300)));
    let summary = one(&fake, &fake.xl(), Suite::Smoke);
    assert_eq!(summary.end, End::Done, "{:?}", summary.notes);
    others_are_good(&summary, &[]);
    assert!(summary.notes.iter().any(|note| note.contains("away for")), "{:?}", summary.notes);
}

#[test]
fn a_host_that_disappears_is_reported_in_time_and_cleaned_when_it_is_back() {
    let fake = Fake::new();
    fake.world().faults.away = Some((INSIDE, Duration::MAX));
    let stack = fake.xl();
    let options = options(&fake, prepared(&[Suite::Smoke, Suite::Soak]));
    let state = all(&fake, &stack, &options);
    let summary = &state.cells["windows-smoke"];
    assert!(matches!(summary.end, End::HostGone(_)), "{:?}", summary.end);
    assert!(!state.clean && !state.cells.contains_key("windows-soak"), "no other cell is tried");
    assert!(fake.world().now < INSIDE + Duration::from_secs(700));
    assert!(results(&fake, "junit.xml").contains("host disappeared"));
    assert!(!fake.left(RUN).is_empty(), "the guest goes on meanwhile");
    fake.world().faults.away = None;
    clean::run(&stack, RUN).expect("the host is back");
    assert_eq!(fake.left(RUN), Vec::<String>::new());
}

#[test]
fn an_interrupted_run_goes_on_with_what_has_not_ended() {
    let fake = Fake::new();
    let stack = fake.xl();
    let options = options(&fake, prepared(&[Suite::Smoke, Suite::Verifier]));
    // The first cell ends; the host goes in the second.
    let first = options.cells[0].clone();
    let only = Options { cells: vec![first], ..options_like(&options) };
    all(&fake, &stack, &only);
    let smoke = fake.world().log.len();
    fake.world().faults.gone_after = Some(smoke + 150);
    let about = State { run: RUN.into(), ..State::default() };
    let state = Run::new(&stack, &fake, &options, about.clone()).expect("a run").all().expect("works");
    assert!(matches!(state.cells["windows-verifier"].end, End::HostGone(_)));
    fake.world().faults.gone_after = None;
    let before = state.cells["windows-smoke"].clone();
    let state = Run::new(&stack, &fake, &options, about).expect("a run").all().expect("works");
    assert_eq!(tally(&state, &options.cells), (2, 2), "{:#?}", state.cells);
    assert_eq!(state.cells["windows-smoke"], before, "it was not run again");
    assert_eq!(fake.left(RUN), Vec::<String>::new());
}

fn options_like(other: &Options) -> Options {
    Options {
        name: other.name.clone(),
        folder: other.folder.clone(),
        cells: other.cells.clone(),
        supplies: other.supplies.clone(),
        bridge: other.bridge.clone(),
        keep: other.keep,
        poll: other.poll,
        bounds: other.bounds.clone(),
        controller: other.controller.clone(),
    }
}

#[test]
fn a_kept_guest_stays_until_it_is_cleaned() {
    let fake = Fake::new();
    fake.world().script.insert("disk.flush".into(), Act::End(Verdict::Fail, "no".into()));
    let stack = fake.local();
    let options = Options { keep: true, ..options(&fake, prepared(&[Suite::Smoke])) };
    let state = all(&fake, &stack, &options);
    assert!(!state.clean && !fake.left(RUN).is_empty());
    clean::run(&stack, RUN).expect("cleans");
    clean::run(&stack, RUN).expect("cleans again");
    assert_eq!(fake.left(RUN), Vec::<String>::new());
}

#[test]
fn a_guest_that_goes_while_it_is_destroyed_leaves_nothing() {
    let fake = Fake::new();
    let stack = fake.local();
    fs::create_dir_all(format!("{}/run/{RUN}", fake.store())).expect("folder");
    let serial = format!("{}/run/{RUN}/serial", fake.store());
    fake.world().boot(&format!("winhost-{RUN}-x"), "none", &[], &serial);
    fake.world().faults.racing_end = true;
    clean::run(&stack, RUN).expect("cleans");
    assert_eq!(fake.left(RUN), Vec::<String>::new());
}

#[test]
fn loop_devices_that_stay_behind_are_found() {
    let fake = Fake::new();
    fake.world().faults.leak_loops = true;
    let summary = one(&fake, &fake.local(), Suite::Smoke);
    others_are_good(&summary, &[]);
    assert_eq!(fake.left(RUN), Vec::<String>::new());
}

#[test]
fn a_host_that_cannot_start_guests_is_said_so() {
    let fake = Fake::new();
    fake.world().faults.fail = Some("xl create".into());
    let summary = one(&fake, &fake.local(), Suite::Smoke);
    assert!(matches!(&summary.end, End::Host(text) if text.contains("xl create")), "{:?}", summary.end);
    assert!(summary.tests.iter().all(|test| test.verdict == Verdict::NotRun));
}

#[test]
fn runs_with_similar_names_are_left_alone() {
    let fake = Fake::new();
    let stack = fake.local();
    let folder = format!("{}/run/r12", fake.store());
    fs::create_dir_all(&folder).expect("folder");
    fake.world().loops.insert("/dev/loop7".into(), format!("{folder}/x.data"));
    clean::run(&stack, RUN).expect("cleans");
    assert!(Path::new(&folder).exists() && fake.world().loops.contains_key("/dev/loop7"));
    for name in ["", "..", "a-b", "a/b", "*"] {
        assert!(clean::run(&stack, name).is_err(), "{name}");
    }
}

/// Ends a run at command `at`, as a kill would; what is left goes with one clean-up from scratch.
fn killed(fake: &Fake, stack: &dyn Toolstack, at: usize) -> usize {
    fake.world().faults.gone_after = Some(at);
    let options = options(fake, installed(fake, &[Suite::Smoke]));
    let about = State { run: RUN.into(), ..State::default() };
    let state = Run::new(stack, fake, &options, about).expect("a run").all().expect("works");
    fake.world().faults.gone_after = None;
    clean::run(stack, RUN).unwrap_or_else(|trouble| panic!("killed at {at}: {trouble}"));
    assert_eq!(fake.left(RUN), Vec::<String>::new(), "killed at {at}: {:?}", fake.world().log);
    usize::from(state.cells.values().any(|cell| matches!(cell.end, End::HostGone(_))))
}

/// Commands at which runs are killed: the first ones all, then ever fewer.
fn points(step: usize) -> impl Iterator<Item = usize> {
    (1..40).step_by(step).chain((40..300).step_by(step * 15))
}

#[test]
fn a_run_that_is_killed_anywhere_leaves_nothing_xl() {
    let mut gone = 0;
    for at in points(4) {
        let fake = Fake::new();
        gone += killed(&fake, &fake.xl(), at);
    }
    assert!(gone > 10, "only {gone} runs were cut short");
}

#[test]
fn a_run_that_is_killed_anywhere_leaves_nothing_xe() {
    let mut gone = 0;
    for at in points(3) {
        let fake = Fake::new();
        gone += killed(&fake, &fake.xe(), at);
    }
    assert!(gone > 10, "only {gone} runs were cut short");
}

#[test]
fn a_smoke_run_over_xapi_is_green_and_leaves_nothing() {
    let fake = Fake::new();
    let summary = only(&fake, &fake.xe(), installed(&fake, &[Suite::Smoke]));
    assert_eq!(summary.end, End::Done, "{:?}", summary.notes);
    others_are_good(&summary, &[]);
    assert_eq!(verdict(&summary, "power.cancelled"), Verdict::Skip, "XAPI has none");
    assert_eq!(verdict(&summary, "hotplug.disk"), Verdict::Pass);
    assert_eq!(fake.left(RUN), Vec::<String>::new());
}

#[test]
fn crashes_hangs_and_prepared_disks_over_xapi() {
    let fake = Fake::new();
    fake.world().script.insert("pnp.cycle".into(), Act::Crash(Power::Crash));
    fake.world().script.insert("disk.flush".into(), Act::Freeze { nmi: true });
    let summary = &one(&fake, &fake.xe(), Suite::Smoke);
    assert_eq!(summary.end, End::Done, "{:?}", summary.notes);
    assert_eq!(verdict(summary, "pnp.cycle"), Verdict::Crash);
    assert_eq!(verdict(summary, "disk.flush"), Verdict::Hang);
    others_are_good(summary, &["pnp.cycle", "disk.flush"]);
    assert_eq!(fake.left(RUN), Vec::<String>::new());
}

/// The commands that change something, with what differs between runs made the same.
fn session(fake: &Fake) -> String {
    let reading = [
        "-list",
        "-param-get",
        "xl list",
        "xenstore-read",
        "losetup --list",
        "xl dmesg",
        "xl info",
        "sr-scan",
    ];
    let key = installed(fake, &[Suite::Smoke])[0].windows.base_key();
    let mut text = String::new();
    for line in &fake.world().log {
        if !reading.iter().any(|word| line.contains(word)) && !line.starts_with("xenstore-write") {
            text.push_str(&line.replace(&key, "KEY"));
            text.push('\n');
        }
    }
    text
}

/// What a smoke run says to each toolstack is on record, for people to read and to see change.
fn compare(fake: &Fake, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name);
    let said = session(fake);
    if std::env::var_os("WINHOST_RECORD").is_some() {
        fs::write(&path, &said).expect("recorded");
    }
    let recorded = fs::read_to_string(&path).expect("recorded; WINHOST_RECORD=1 records anew");
    assert_eq!(said, recorded, "the session is not the recorded one; WINHOST_RECORD=1 records anew");
}

#[test]
fn the_session_with_xl_is_the_recorded_one() {
    let fake = Fake::new();
    only(&fake, &fake.local(), installed(&fake, &[Suite::Smoke]));
    compare(&fake, "xl-smoke.txt");
}

#[test]
fn the_session_with_xe_is_the_recorded_one() {
    let fake = Fake::new();
    only(&fake, &fake.xe(), installed(&fake, &[Suite::Smoke]));
    compare(&fake, "xe-smoke.txt");
}

#[test]
fn an_old_msi_is_upgraded_from() {
    let fake = Fake::new();
    let old = fake.path("old.msi");
    fs::write(&old, b"old").expect("MSI");
    let mut options = options(&fake, prepared(&[Suite::Smoke]));
    options.supplies.old_msi = Some(old);
    let state = all(&fake, &fake.local(), &options);
    let summary = &state.cells["windows-smoke"];
    assert_eq!(verdict(summary, "install.old"), Verdict::Pass);
    let names: Vec<&str> = summary.tests.iter().map(|test| test.test.as_str()).collect();
    let expected = plan::plan("", Suite::Smoke, Supplied { old_msi: true });
    assert!(names.iter().eq(expected.tests.iter().map(|test| &test.name)));
}
