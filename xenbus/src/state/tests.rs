//! The handshake against scripted back-ends, and against chance.

use alloc::{vec, vec::Vec};

use proptest::prelude::*;

use super::{Action as A, Config, Failure, Handshake, Phase, Wake, XenbusState as S};

const SECOND: u64 = 1_000_000_000;

fn actions(handshake: &mut Handshake) -> Vec<A> {
    core::iter::from_fn(|| handshake.next_action()).collect()
}

/// Brings a handshake to Running the usual way.
fn running(config: Config) -> Handshake {
    let mut h = Handshake::new(config);
    h.start();
    assert_eq!(actions(&mut h), [A::Attach]);
    h.attached(1, S::Initialising, Some(S::Initialising));
    assert_eq!(actions(&mut h), [A::SetState(S::Initialising)]);
    h.back_state_changed(2, Some(S::InitWait));
    assert_eq!(actions(&mut h), [A::Publish]);
    h.published(3, Ok(()));
    assert_eq!(actions(&mut h), [A::SetState(config.publish_as)]);
    h.back_state_changed(4, Some(S::Connected));
    assert_eq!(actions(&mut h), [A::ReadProperties]);
    h.properties_read(5, Ok(()));
    h
}

#[test]
fn the_usual_way() {
    let mut vbd = running(Config::VBD);
    assert_eq!(actions(&mut vbd), [A::SetState(S::Connected), A::Enable]);
    let mut vif = running(Config::VIF);
    assert_eq!(actions(&mut vif), [A::Enable], "netback connects only once we are Connected");
    assert_eq!((vif.phase(), vif.deadline(), vif.is_enabled()), (Phase::Running, None, true));
}

#[test]
fn a_graceful_stop_ends_grants_only_after_the_back_end_let_go() {
    let mut h = running(Config::VBD);
    actions(&mut h);
    h.stop(10);
    assert_eq!(actions(&mut h), [A::Disable, A::SetState(S::Closing)]);
    h.back_state_changed(11, Some(S::Closing));
    assert_eq!(actions(&mut h), [A::SetState(S::Closed)]);
    h.back_state_changed(12, Some(S::Closed));
    assert_eq!(actions(&mut h), [A::Disconnect, A::Stopped]);
}

#[test]
fn a_back_end_that_does_not_follow_is_not_waited_for() {
    let mut h = running(Config::VIF);
    actions(&mut h);
    h.stop(10);
    actions(&mut h);
    let first = h.deadline().unwrap();
    h.poll(first - 1);
    assert_eq!(actions(&mut h), []);
    h.poll(first);
    assert_eq!(actions(&mut h), [A::SetState(S::Closed)]);
    h.poll(h.deadline().unwrap());
    assert_eq!(actions(&mut h), [A::Disconnect, A::Stopped]);
}

#[test]
fn rings_of_a_former_life_are_closed_first() {
    let mut h = Handshake::new(Config::VBD);
    h.start();
    h.attached(0, S::Connected, Some(S::Connected));
    assert_eq!(actions(&mut h), [A::Attach, A::SetState(S::Closing)]);
    h.back_state_changed(1, Some(S::Closing));
    h.back_state_changed(2, Some(S::Closed));
    assert_eq!(actions(&mut h), [A::SetState(S::Closed), A::SetState(S::Initialising)]);
    h.back_state_changed(3, Some(S::InitWait));
    assert_eq!(actions(&mut h), [A::Publish]);
}

#[test]
fn a_vetoed_eject_changes_nothing_and_an_agreed_one_closes() {
    let mut h = running(Config::VBD);
    actions(&mut h);
    h.back_state_changed(10, Some(S::Closing));
    h.back_state_changed(11, Some(S::Closing));
    assert_eq!(actions(&mut h), [A::AskEject], "asked once");
    h.eject_answer(12, false);
    assert_eq!(actions(&mut h), []);
    assert!(h.is_enabled());
    h.eject_answer(13, true);
    assert_eq!(actions(&mut h), [A::Disable, A::SetState(S::Closing), A::SetState(S::Closed)]);
    h.back_state_changed(14, None);
    assert_eq!(actions(&mut h), [A::Disconnect, A::Stopped]);
}

#[test]
fn a_restarted_back_end_is_connected_anew() {
    for seen in [Some(S::Closed), Some(S::Initialising), Some(S::InitWait), None] {
        let mut h = running(Config::VBD);
        actions(&mut h);
        h.back_state_changed(10, seen);
        let mut expected = vec![A::Disable, A::Disconnect, A::SetState(S::Initialising)];
        if seen == Some(S::InitWait) {
            expected.push(A::Publish);
        }
        assert_eq!(actions(&mut h), expected, "{seen:?}");
    }
}

#[test]
fn attempts_are_limited_and_a_failed_device_follows_a_new_back_end() {
    let mut h = Handshake::new(Config::VIF);
    h.start();
    let mut now = 0;
    let mut all = Vec::new();
    for _ in 0..20 {
        for action in actions(&mut h) {
            all.push(action);
            if action == A::Attach {
                h.attached(now, S::Closed, Some(S::Initialising));
            }
        }
        if let Some(deadline) = h.deadline() {
            now = deadline;
            h.poll(now);
        }
    }
    assert_eq!(h.phase(), Phase::Failed);
    assert_eq!(all.iter().filter(|&&a| a == A::Attach).count(), 3);
    assert_eq!(all.iter().filter(|&&a| a == A::Report(Failure::TimedOut)).count(), 3);
    assert_eq!(all.last(), Some(&A::Fail(Failure::TimedOut)));
    h.back_state_changed(now, Some(S::Closed));
    h.back_state_changed(now, Some(S::InitWait));
    assert_eq!(actions(&mut h), [A::SetState(S::Initialising), A::Publish]);
}

#[test]
fn a_refusal_and_a_lack_of_features_are_reported() {
    let mut h = Handshake::new(Config::VIF);
    h.start();
    h.attached(0, S::Initialising, Some(S::InitWait));
    actions(&mut h);
    h.published(1, Err(Failure::Unsupported));
    assert_eq!(
        actions(&mut h),
        [
            A::Report(Failure::Unsupported),
            A::SetState(S::Closing),
            A::SetState(S::Closed),
            A::Disconnect,
            A::Fail(Failure::Unsupported)
        ]
    );
    let mut h = Handshake::new(Config::VBD);
    h.start();
    h.attached(0, S::Initialising, Some(S::InitWait));
    h.published(1, Ok(()));
    actions(&mut h);
    h.back_state_changed(2, Some(S::Closed));
    assert_eq!(actions(&mut h)[0], A::Report(Failure::Refused));
}

#[test]
fn suspend_and_resume() {
    let mut h = running(Config::VBD);
    actions(&mut h);
    h.suspend();
    assert_eq!(actions(&mut h), [A::Disable]);
    h.resume(10, Wake::SameDomain);
    assert_eq!(actions(&mut h), [A::Enable]);
    h.suspend();
    actions(&mut h);
    h.back_state_changed(11, Some(S::Connected));
    h.resume(12, Wake::NewDomain);
    assert_eq!(actions(&mut h), [A::Disconnect, A::Attach]);
    h.attached(13, S::Initialising, Some(S::InitWait));
    assert_eq!(actions(&mut h), [A::SetState(S::Initialising), A::Publish]);
    h.suspend();
    h.published(14, Ok(()));
    h.stop(14);
    h.resume(15, Wake::SameDomain);
    assert_eq!(actions(&mut h), [A::Disconnect, A::Attach, A::Stopped]);
}

#[test]
fn strange_states_are_counted_and_the_deadline_stays() {
    let mut h = Handshake::new(Config::VBD);
    h.start();
    h.attached(0, S::Initialising, Some(S::Initialising));
    actions(&mut h);
    let deadline = h.deadline();
    for state in [S::Unknown, S::Closing, S::Unknown, S::Closed] {
        h.back_state_changed(1, Some(state));
    }
    assert_eq!((actions(&mut h), h.strange_states(), h.deadline()), (vec![], 2, deadline));
    assert_eq!(h.phase(), Phase::Opening);
}

#[test]
fn a_back_end_connected_to_old_rings_is_closed_once() {
    let mut h = running(Config::VBD);
    actions(&mut h);
    h.back_state_changed(10, Some(S::Closed));
    h.back_state_changed(11, Some(S::Connected));
    let expected = [A::Disable, A::Disconnect, A::SetState(S::Initialising), A::SetState(S::Closing)];
    assert_eq!(actions(&mut h), expected);
    h.back_state_changed(12, Some(S::Closed));
    assert_eq!(actions(&mut h), [A::SetState(S::Closed), A::SetState(S::Initialising)]);
    h.back_state_changed(13, Some(S::Connected));
    assert_eq!((actions(&mut h), h.phase()), (vec![], Phase::Opening), "but not for ever");
}

/// What may happen to a handshake.
#[derive(Clone, Debug)]
enum Event {
    Start,
    Attached(u32, Option<u32>),
    AttachFailed,
    StoreFailed,
    Back(Option<u32>),
    Moved,
    Published(bool),
    Properties(bool),
    Eject(bool),
    Stop,
    Violation,
    Suspend,
    Resume(bool),
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let state = prop_oneof![8 => (0u32..10).prop_map(Some), 1 => Just(None)];
    prop_oneof![
        2 => Just(Event::Start),
        4 => (0u32..10, state.clone()).prop_map(|(own, back)| Event::Attached(own, back)),
        1 => Just(Event::AttachFailed),
        1 => Just(Event::StoreFailed),
        12 => state.prop_map(Event::Back),
        1 => Just(Event::Moved),
        6 => any::<bool>().prop_map(Event::Published),
        6 => any::<bool>().prop_map(Event::Properties),
        1 => any::<bool>().prop_map(Event::Eject),
        1 => Just(Event::Stop),
        1 => Just(Event::Violation),
        2 => Just(Event::Suspend),
        3 => any::<bool>().prop_map(Event::Resume),
        4 => (0..100 * SECOND).prop_map(Event::Wait),
    ]
}

/// Follows the actions and finds those that no driver could carry out.
#[derive(Default)]
struct Driver {
    rings: bool,
    enabled: bool,
}

impl Driver {
    fn carry_out(&mut self, action: A) {
        match action {
            A::Publish => {
                assert!(!self.rings, "published twice");
                self.rings = true;
            }
            A::Enable => {
                assert!(self.rings && !self.enabled);
                self.enabled = true;
            }
            A::Disable => {
                assert!(self.enabled);
                self.enabled = false;
            }
            A::Disconnect => {
                assert!(!self.enabled && self.rings);
                self.rings = false;
            }
            A::ReadProperties => assert!(self.rings),
            A::Stopped | A::Fail(_) => assert!(!self.rings && !self.enabled),
            A::Attach | A::SetState(_) | A::AskEject | A::Report(_) => {}
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_the_driver_can_follow_and_no_wait_is_unbounded(
        vbd: bool, events in prop::collection::vec(event(), 1..80)
    ) {
        let mut h = Handshake::new(if vbd { Config::VBD } else { Config::VIF });
        let mut driver = Driver::default();
        let mut now = 0;
        for event in events {
            match event {
                Event::Start => h.start(),
                Event::Attached(own, back) => {
                    h.attached(now, S::from_raw(own), back.map(S::from_raw));
                }
                Event::AttachFailed => h.attach_failed(now),
                Event::StoreFailed => h.store_failed(now),
                Event::Back(state) => h.back_state_changed(now, state.map(S::from_raw)),
                Event::Moved => h.backend_moved(now),
                Event::Published(ok) => {
                    // A driver answers what it was asked, and only then.
                    h.published(now, if ok { Ok(()) } else { Err(Failure::Resources) });
                }
                Event::Properties(ok) => h.properties_read(now, if ok { Ok(()) } else { Err(Failure::Store) }),
                Event::Eject(agreed) => h.eject_answer(now, agreed),
                Event::Stop => h.stop(now),
                Event::Violation => h.violation(now),
                Event::Suspend => h.suspend(),
                Event::Resume(same) => {
                    h.resume(now, if same { Wake::SameDomain } else { Wake::NewDomain });
                }
                Event::Wait(span) => {
                    now += span;
                    h.poll(now);
                }
            }
            while let Some(action) = h.next_action() {
                driver.carry_out(action);
            }
            prop_assert_eq!(driver.enabled, h.is_enabled());
            let waits = matches!(h.phase(), Phase::Opening | Phase::Connecting | Phase::Closing | Phase::Closed);
            prop_assert!(!waits || h.deadline().is_some(), "{:?}", h.phase());
        }
        // However it stands, a stop comes to an end by time alone.
        h.resume(now, Wake::SameDomain);
        h.stop(now);
        for _ in 0..4 {
            while let Some(action) = h.next_action() {
                driver.carry_out(action);
            }
            if let Some(deadline) = h.deadline() {
                now = now.max(deadline);
                h.poll(now);
            }
        }
        prop_assert!(matches!(h.phase(), Phase::Stopped));
    }
}
