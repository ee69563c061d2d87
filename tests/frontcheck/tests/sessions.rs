//! The session over xensim: what it must say whatever the back-end is. The scenario `blkback-linux` compares the
//! transcript with that of a real one.
#![allow(missing_docs)]

use frontcheck::simulated;

#[test]
fn the_disk_s_session_over_xensim() {
    let told = simulated::disk(64).expect("the session ends");
    let text = told.join("\n");
    println!("{text}");
    assert!(told[0].starts_with("offer: ring order 4"), "{text}");
    assert!(told[1].starts_with("disk: 131072 sectors of 512 bytes, read-only false, flush true"), "{text}");
    // Every read gives what the write before it wrote, one after the other and many at once.
    let line = |number: usize| {
        let start = format!("{number:4} ");
        told.iter().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{number}: {text}"))
    };
    let sum = |line: &str| line.split(" data ").nth(1).map(str::to_owned);
    for write in (0..66).chain(1000..1032).step_by(2) {
        let (write, read) = (line(write), line(write + 1));
        assert!(write.contains("Write") && read.contains("operation: Read"), "{write}\n{read}");
        assert!([write, read].iter().all(|line| line.contains("Ok(())")), "{write}\n{read}");
        assert_eq!(sum(write), sum(read), "{write}\n{read}");
    }
    let failed: Vec<_> =
        told.iter().filter(|line| line.contains("OutOfRange") || line.contains("Err(")).collect();
    assert_eq!(failed.len(), 4, "what lies behind the end, and nothing else: {failed:#?}");
    assert_eq!(told.last().map(String::as_str), Some("closed, parts that stay mapped: 0"));
    // The same again is the same.
    assert_eq!(simulated::disk(64).expect("the session ends"), told);
}

#[test]
fn the_network_s_session_over_xensim() {
    let told = simulated::network().expect("the session ends");
    let text = told.join("\n");
    println!("{text}");
    assert_eq!(told[0], "plan: split true, sg true, gso true true, blank true true", "{text}");
    let (sent, received): (Vec<_>, Vec<_>) =
        told[1..told.len() - 1].iter().partition(|line| line.contains(" send "));
    assert_eq!((sent.len(), received.len()), (76, 28), "{text}");
    assert!(sent.iter().all(|line| line.contains("[Sent], on the wire")), "{text}");
    assert!(told[1..told.len() - 1].iter().all(|line| line.contains("as sent true")), "{text}");
    assert_eq!(told.last().map(String::as_str), Some("closed, buffers 256"));
    assert_eq!(simulated::network().expect("the session ends"), told);
}
