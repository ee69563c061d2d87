//! The xenbus handshake under any sequence of events.

use arbitrary::{Arbitrary, Unstructured};
use xenbus::state::{Action, Config, Failure, Handshake, Wake, XenbusState};

#[derive(Arbitrary)]
enum Event {
    Start,
    Attached(u8, Option<u8>),
    AttachFailed,
    StoreFailed,
    Back(Option<u8>),
    Moved,
    Published(bool),
    Properties(bool),
    Eject(bool),
    Stop,
    Violation,
    Suspend,
    Resume(bool),
    Wait(u32),
}

/// Whatever happens, what the driver is told to do fits what it did before.
pub fn handshake(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let mut handshake = Handshake::new(Config::VIF);
    let (mut now, mut rings, mut enabled) = (0, false, false);
    let state = |raw: u8| XenbusState::from_raw(raw.into());
    let outcome = |ok| if ok { Ok(()) } else { Err(Failure::Resources) };
    for _ in 0..10_000 {
        if input.is_empty() {
            break;
        }
        let Ok(event) = Event::arbitrary(&mut input) else { break };
        match event {
            Event::Start => handshake.start(),
            Event::Attached(own, back) => handshake.attached(now, state(own), back.map(state)),
            Event::AttachFailed => handshake.attach_failed(now),
            Event::StoreFailed => handshake.store_failed(now),
            Event::Back(back) => handshake.back_state_changed(now, back.map(state)),
            Event::Moved => handshake.backend_moved(now),
            Event::Published(ok) => handshake.published(now, outcome(ok)),
            Event::Properties(ok) => handshake.properties_read(now, outcome(ok)),
            Event::Eject(agreed) => handshake.eject_answer(now, agreed),
            Event::Stop => handshake.stop(now),
            Event::Violation => handshake.violation(now),
            Event::Suspend => handshake.suspend(),
            Event::Resume(same) => {
                handshake.resume(now, if same { Wake::SameDomain } else { Wake::NewDomain });
            }
            Event::Wait(millis) => {
                now += u64::from(millis) * 1_000_000;
                handshake.poll(now);
            }
        }
        while let Some(action) = handshake.next_action() {
            match action {
                Action::Publish => rings = !core::mem::replace(&mut rings, true) || panic!("published twice"),
                Action::Enable => {
                    assert!(rings && !enabled);
                    enabled = true;
                }
                Action::Disable => {
                    assert!(enabled);
                    enabled = false;
                }
                Action::Disconnect => {
                    assert!(rings && !enabled);
                    rings = false;
                }
                Action::Stopped | Action::Fail(_) => assert!(!rings),
                _ => {}
            }
        }
        assert_eq!(handshake.is_enabled(), enabled);
    }
}
