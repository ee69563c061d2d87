//! Rings: messages arrive whole, and an end that sleeps is woken although notifications are suppressed.
#![cfg(loom)]

use loom::{
    sync::{Arc, Notify},
    thread,
};
use loom_models::{Memory, model};
use xenbus::ring::{BackRing, FrontRing};

/// One word a message: what matters is the order of slot, index and event.
type Front = FrontRing<Memory, 4, 4>;
type Back = BackRing<Memory, 4, 4>;

/// A ring with two slots, and a bell for each end.
fn pair() -> (Front, Back, Arc<Notify>, Arc<Notify>) {
    let memory = Memory::new(64 / 4 + 2);
    // Start short of the wrap-around.
    let front = Front::create_at(memory.clone(), u32::MAX);
    (front, Back::attach_at(memory, u32::MAX), Arc::new(Notify::new()), Arc::new(Notify::new()))
}

#[test]
fn requests_arrive_and_the_back_end_is_woken() {
    model(None, || {
        let (mut front, mut back, bell, _) = pair();
        let heard = bell.clone();
        let back = thread::spawn(move || {
            let mut next = 100u32;
            loop {
                while let Some(request) = back.pop_as::<u32>().unwrap() {
                    assert_eq!(request, next);
                    next += 1;
                }
                if next == 102 {
                    break;
                }
                if !back.final_check().unwrap() {
                    heard.wait();
                }
            }
        });
        for request in [100u32, 101] {
            front.push(&request).unwrap();
            if front.publish() {
                bell.notify();
            }
        }
        back.join().unwrap();
    });
}

#[test]
fn responses_arrive_and_the_front_end_is_woken() {
    model(None, || {
        let (mut front, mut back, _, bell) = pair();
        for request in [0u32, 0] {
            front.push(&request).unwrap();
        }
        let _ = front.publish();
        back.pop().unwrap();
        back.pop().unwrap();
        let ring = bell.clone();
        let back = thread::spawn(move || {
            for response in [200u32, 201] {
                back.push(&response).unwrap();
                if back.publish() {
                    ring.notify();
                }
            }
        });
        let mut next = 200u32;
        loop {
            while let Some(response) = front.pop_as::<u32>().unwrap() {
                assert_eq!(response, next);
                next += 1;
            }
            if next == 202 {
                break;
            }
            if !front.final_check().unwrap() {
                bell.wait();
            }
        }
        back.join().unwrap();
    });
}

#[test]
fn a_round_trip_through_more_messages_than_slots() {
    model(Some(3), || {
        let (mut front, mut back, requests, responses) = pair();
        let (heard, ring) = (requests.clone(), responses.clone());
        let back = thread::spawn(move || {
            let mut served = 0;
            while served < 3 {
                let mut idle = true;
                while let Some(request) = back.pop_as::<u32>().unwrap() {
                    back.push(&(request + 1000)).unwrap();
                    served += 1;
                    idle = false;
                }
                if back.publish() {
                    ring.notify();
                }
                if idle && !back.final_check().unwrap() {
                    heard.wait();
                }
            }
        });
        let (mut sent, mut got) = (0u32, 0u32);
        while got < 3 {
            while sent < 3 && front.free() > 0 {
                front.push(&sent).unwrap();
                sent += 1;
            }
            if front.publish() {
                requests.notify();
            }
            let mut idle = true;
            while let Some(response) = front.pop_as::<u32>().unwrap() {
                assert_eq!(response, got + 1000);
                got += 1;
                idle = false;
            }
            if got < 3 && idle && !front.final_check().unwrap() {
                responses.wait();
            }
        }
        back.join().unwrap();
    });
}
