//! The pair against itself; `tests/abi` compares it with `ring.h`.

extern crate std;
use std::{collections::VecDeque, vec::Vec};

use proptest::prelude::*;

use super::*;
use crate::{page::HeapPages, types::Gfn};

type Front = FrontRing<HeapPages, 12, 4>;
type Back = BackRing<HeapPages, 12, 4>;

fn pair(pages: usize, index: u32) -> (Front, Back) {
    let page = HeapPages::new(Gfn(1), pages);
    (Front::create_at(page.clone(), index), Back::attach_at(page, index))
}

#[test]
fn sizes_are_those_of_the_real_rings() {
    // blkif, netif tx, netif rx, one page and sixteen.
    assert_eq!([slots(4096, 112), slots(4096, 12), slots(4096, 8)], [32, 256, 256]);
    assert_eq!([slots(65536, 112), slots(65536, 12), slots(65536, 8)], [512, 4096, 4096]);
    assert_eq!(slots(64, 8), 0);
}

#[test]
fn a_new_ring_is_clean_and_asks_for_the_first_event() {
    let page = HeapPages::new(Gfn(1), 1);
    page.copy_in(0, &[0xff; 4096]);
    let front = Front::create(page);
    let mut bytes = [1; 4096];
    front.page().copy_out(0, &mut bytes);
    assert_eq!(bytes[..16], [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    assert!(bytes[16..].iter().all(|b| *b == 0));
}

#[test]
fn a_short_message_leaves_nothing_of_the_slots_past() {
    let (mut front, mut back) = pair(1, 0);
    let slots = front.slots();
    for round in 0..2 {
        for _ in 0..slots {
            if round == 0 {
                front.push(&[0xffff_ffffu32; 3]).unwrap();
            } else {
                front.push(&[7u32; 2]).unwrap();
            }
        }
        assert_eq!(front.push(&[0u32; 3]), Err(Full));
        let _ = front.publish();
        while let Some(request) = back.pop_as::<[u32; 3]>().unwrap() {
            assert_eq!(request, if round == 0 { [0xffff_ffff; 3] } else { [7, 7, 0] });
            back.push(&0u32).unwrap();
        }
        let _ = back.publish();
        while front.pop().unwrap().is_some() {}
    }
}

#[test]
fn a_producer_beyond_what_is_published_is_a_violation_for_good() {
    let (mut front, _) = pair(1, u32::MAX);
    front.push(&[0u32; 3]).unwrap();
    front.push(&[0u32; 3]).unwrap();
    let _ = front.publish();
    // The third is pushed but not published: the peer cannot know it.
    front.push(&[0u32; 3]).unwrap();
    front.page().store(at::RSP_PROD, 2);
    let violation = Violation { producer: 2, consumer: u32::MAX, allowed: 2 };
    assert_eq!(front.pop(), Err(violation));
    front.page().store(at::RSP_PROD, 1);
    assert_eq!(front.pop(), Err(violation));
    assert_eq!(front.final_check(), Err(violation));
    assert!(front.indexes().broken);
}

#[test]
fn a_producer_that_goes_back_is_a_violation() {
    let (mut front, _) = pair(1, 0);
    for _ in 0..3 {
        front.push(&[0u32; 3]).unwrap();
    }
    let _ = front.publish();
    front.page().store(at::RSP_PROD, 3);
    assert_eq!(front.ready(), Ok(3));
    front.pop().unwrap();
    front.page().store(at::RSP_PROD, 2);
    assert!(front.ready().is_err());

    let (mut front, _) = pair(1, 5);
    front.page().store(at::RSP_PROD, 4);
    assert!(front.pop().is_err());
}

#[test]
fn the_shared_request_producer_is_not_believed() {
    let (mut front, _) = pair(1, 0);
    front.push(&[0u32; 3]).unwrap();
    let _ = front.publish();
    front.page().store(at::REQ_PROD, 100);
    front.page().store(at::RSP_PROD, 50);
    assert!(front.pop().is_err());
    front.push(&[0u32; 3]).unwrap();
    let _ = front.publish();
    assert_eq!(front.page().load(at::REQ_PROD), 2);
}

#[test]
fn unpublished_requests_can_be_taken_back() {
    let (mut front, mut back) = pair(1, u32::MAX - 1);
    front.push(&[1u32; 3]).unwrap();
    let _ = front.publish();
    front.push(&[2u32; 3]).unwrap();
    front.push(&[3u32; 3]).unwrap();
    front.unpush(2);
    front.push(&[4u32; 3]).unwrap();
    let _ = front.publish();
    assert_eq!(back.pop_as(), Ok(Some([1u32; 3])));
    assert_eq!(back.pop_as(), Ok(Some([4u32; 3])));
    assert_eq!(back.pop(), Ok(None));
}

#[test]
fn moderation_wakes_with_the_nth_response() {
    let (mut front, mut back) = pair(1, u32::MAX - 2);
    for _ in 0..8 {
        front.push(&[0u32; 3]).unwrap();
    }
    assert!(front.publish());
    for _ in 0..8 {
        back.pop().unwrap();
    }
    assert_eq!(front.final_check_after(4), Ok(false));
    for n in 1..=5 {
        back.push(&0u32).unwrap();
        assert_eq!(back.publish(), n == 4, "response {n}");
    }
    assert_eq!(front.final_check_after(4), Ok(true));
}

#[derive(Clone, Debug)]
enum Step {
    Push(u8),
    Publish,
    Take(u8),
    Answer(u8),
    PublishAnswers,
    Pop(u8),
    FrontSleeps,
    BackSleeps,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1u8..40).prop_map(Step::Push),
        Just(Step::Publish),
        (1u8..40).prop_map(Step::Take),
        (1u8..40).prop_map(Step::Answer),
        Just(Step::PublishAnswers),
        (1u8..40).prop_map(Step::Pop),
        Just(Step::FrontSleeps),
        Just(Step::BackSleeps),
    ];
    prop::collection::vec(step, 1..200)
}

proptest! {
    /// Whatever the two ends do in whatever order: messages arrive once, in order, unchanged, and
    /// an end that went to sleep with nothing to do is woken by the next publication.
    #[test]
    fn nothing_is_lost_doubled_or_left_asleep(pages in 1usize..=3, index in prop_oneof![Just(0u32), u32::MAX - 600..=u32::MAX], steps in steps()) {
        let (mut front, mut back) = pair(pages, index);
        let (mut sent, mut answered) = (0u32, 0u32);
        let mut requests = VecDeque::new();
        let mut taken = VecDeque::new();
        let mut responses = VecDeque::new();
        let (mut front_asleep, mut back_asleep) = (false, false);
        let (mut unpublished, mut unpublished_answers) = (0, 0);
        for step in steps {
            match step {
                Step::Push(n) => for _ in 0..n {
                    if front.free() == 0 {
                        prop_assert_eq!(front.push(&[0u32; 3]), Err(Full));
                        break;
                    }
                    front.push(&[sent, !sent, 3]).unwrap();
                    requests.push_back(sent);
                    sent += 1;
                    unpublished += 1;
                },
                Step::Publish => {
                    let notify = front.publish();
                    if back_asleep && unpublished > 0 {
                        prop_assert!(notify);
                        back_asleep = false;
                    }
                    unpublished = 0;
                }
                Step::Take(n) => for _ in 0..n {
                    let Some([a, b, c]) = back.pop_as::<[u32; 3]>().unwrap() else { break };
                    prop_assert_eq!(Some(a), requests.pop_front());
                    prop_assert_eq!((b, c), (!a, 3));
                    taken.push_back(a);
                },
                Step::Answer(n) => for _ in 0..n {
                    let Some(a) = taken.pop_front() else {
                        prop_assert_eq!(back.push(&0u32), Err(Full));
                        break;
                    };
                    back.push(&a).unwrap();
                    responses.push_back(a);
                    unpublished_answers += 1;
                },
                Step::PublishAnswers => {
                    let notify = back.publish();
                    if front_asleep && unpublished_answers > 0 {
                        prop_assert!(notify);
                        front_asleep = false;
                    }
                    unpublished_answers = 0;
                }
                Step::Pop(n) => for _ in 0..n {
                    let Some(a) = front.pop_as::<u32>().unwrap() else { break };
                    prop_assert_eq!(Some(a), responses.pop_front());
                    answered += 1;
                },
                Step::FrontSleeps => front_asleep = !front.final_check().unwrap(),
                Step::BackSleeps => back_asleep = !back.final_check().unwrap(),
            }
            prop_assert_eq!(front.outstanding(), sent - answered);
            prop_assert_eq!(front.free() + front.outstanding(), front.slots());
        }
    }

    /// A peer that scribbles on the whole ring never makes us panic, and never gives more responses
    /// than there were requests.
    #[test]
    fn scribbling_is_survived(scribbles in prop::collection::vec((0usize..32, any::<u32>(), 0u32..5), 1..100)) {
        let (mut front, _) = pair(1, 0);
        let (mut pushed, mut popped) = (0u32, 0u32);
        for (word, value, push) in scribbles {
            for _ in 0..push {
                pushed += u32::from(front.push(&[0u32; 3]).is_ok());
            }
            let _ = front.publish();
            // Small values of rsp_prod are the ones that get far.
            front.page().store(word * 4, if value & 1 == 0 { value % 8 } else { value });
            while let Ok(Some(_)) = front.pop() {
                popped += 1;
            }
            let _ = front.final_check();
            prop_assert!(popped <= pushed);
        }
    }
}
