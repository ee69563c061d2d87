//! Results as JUnit XML, for CI, and as one HTML page, for people.

use std::{collections::BTreeMap, fs, io, path::Path};

use anyhow::{Context, Result};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use crate::{
    session::{End, Outcome, Summary},
    wire::Verdict,
};

type Xml = Writer<Vec<u8>>;
type Cells = BTreeMap<String, Summary>;

/// Characters that XML has not.
fn clean(text: &str) -> String {
    text.chars().filter(|&c| c >= ' ' || matches!(c, '\n' | '\t')).collect()
}

fn count(tests: &[Outcome], which: impl Fn(Verdict) -> bool) -> usize {
    tests.iter().filter(|test| which(test.verdict)).count()
}

fn case(xml: &mut Xml, cell: &str, test: &Outcome) -> io::Result<()> {
    let seconds = test.seconds.to_string();
    let element = xml.create_element("testcase").with_attributes([
        ("classname", cell),
        ("name", test.test.as_str()),
        ("time", seconds.as_str()),
    ]);
    let text = clean(&test.text);
    let kind = match test.verdict {
        Verdict::Pass => return element.write_empty().map(drop),
        Verdict::Skip => "skipped",
        Verdict::Fail => "failure",
        _ => "error",
    };
    let message = format!("{}: {text}", test.verdict.name());
    element
        .write_inner_content(|xml| {
            xml.create_element(kind)
                .with_attributes([("message", message.as_str()), ("type", test.verdict.name())])
                .write_text_content(BytesText::new(&text))
                .map(drop)
        })
        .map(drop)
}

fn suite(xml: &mut Xml, name: &str, cell: &Summary) -> io::Result<()> {
    let tests = &cell.tests;
    // The end of a cell is a case of its own: a guest that never booted shows even without tests.
    let bad = usize::from(cell.end != End::Done);
    let errors = count(tests, |v| v.is_bad() && v != Verdict::Fail) + bad;
    let numbers = [
        ("tests", tests.len() + 1),
        ("failures", count(tests, |v| v == Verdict::Fail)),
        ("errors", errors),
        ("skipped", count(tests, |v| v == Verdict::Skip)),
    ]
    .map(|(key, number)| (key, number.to_string()));
    let seconds = cell.seconds.to_string();
    let mut element =
        xml.create_element("testsuite").with_attributes([("name", name), ("time", seconds.as_str())]);
    for (key, number) in &numbers {
        element = element.with_attribute((*key, number.as_str()));
    }
    element
        .write_inner_content(|xml| {
            for test in tests {
                case(xml, name, test)?;
            }
            let verdict = if bad == 0 { Verdict::Pass } else { Verdict::Lost };
            let end = Outcome {
                test: "the run itself".to_owned(),
                verdict,
                text: cell.end.text(),
                seconds: cell.seconds,
                facts: BTreeMap::new(),
            };
            case(xml, name, &end)
        })
        .map(drop)
}

/// JUnit XML.
///
/// # Errors
/// None in practice: it is written to memory.
pub fn junit(run: &str, cells: &Cells) -> io::Result<String> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("testsuites")
        .with_attribute(("name", run))
        .write_inner_content(|xml| cells.iter().try_for_each(|(name, cell)| suite(xml, name, cell)))?;
    String::from_utf8(xml.into_inner()).map_err(io::Error::other)
}

const STYLE: &str = "body{font:15px/1.4 system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em}\
    table{border-collapse:collapse;width:100%;margin:.5em 0 2em}td,th{border:1px solid #ccc;padding:.3em .6em;\
    text-align:left;vertical-align:top}th{background:#eee}.pass{background:#dff3df}.skip{background:#f3f0d8}\
    .bad{background:#f8d7d7}td.n{text-align:right}small{color:#666}";

fn cell(xml: &mut Xml, class: &str, text: &str) -> io::Result<()> {
    xml.create_element("td")
        .with_attribute(("class", class))
        .write_text_content(BytesText::new(&clean(text)))
        .map(drop)
}

fn line(xml: &mut Xml, name: &str, text: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(&clean(text))).map(drop)
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Skip => "skip",
        _ => "bad",
    }
}

fn row(xml: &mut Xml, test: &Outcome) -> io::Result<()> {
    xml.create_element("tr")
        .write_inner_content(|xml| {
            cell(xml, "t", &test.test)?;
            cell(xml, class(test.verdict), test.verdict.name())?;
            cell(xml, "n", &test.seconds.to_string())?;
            cell(xml, "t", &test.text)?;
            let facts: Vec<String> =
                test.facts.iter().map(|(key, value)| format!("{key} = {value}")).collect();
            cell(xml, "t", &facts.join(", "))
        })
        .map(drop)
}

fn section(xml: &mut Xml, name: &str, summary: &Summary) -> io::Result<()> {
    line(xml, "h2", name)?;
    let tests = &summary.tests;
    line(
        xml,
        "p",
        &format!(
            "{}. {} passed, {} skipped, {} not good; {} starts, {} s. {}",
            summary.end.text(),
            count(tests, |v| v == Verdict::Pass),
            count(tests, |v| v == Verdict::Skip),
            count(tests, Verdict::is_bad),
            summary.boots,
            summary.seconds,
            summary.windows,
        ),
    )?;
    if !summary.notes.is_empty() {
        xml.create_element("ul")
            .write_inner_content(|xml| summary.notes.iter().try_for_each(|note| line(xml, "li", note)))?;
    }
    xml.create_element("table")
        .write_inner_content(|xml| {
            xml.create_element("tr").write_inner_content(|xml| {
                ["test", "result", "seconds", "what was seen", "figures"]
                    .iter()
                    .try_for_each(|head| line(xml, "th", head))
            })?;
            tests.iter().try_for_each(|test| row(xml, test))
        })
        .map(drop)
}

/// The HTML page.
///
/// # Errors
/// None in practice: it is written to memory.
pub fn html(run: &str, cells: &Cells) -> io::Result<String> {
    let mut xml = Writer::new(Vec::new());
    xml.write_event(Event::DocType(BytesText::new("html")))?;
    xml.create_element("html").with_attribute(("lang", "en")).write_inner_content(|xml| {
        xml.create_element("head").write_inner_content(|xml| {
            xml.create_element("meta").with_attribute(("charset", "utf-8")).write_empty()?;
            line(xml, "title", &format!("winhost {run}"))?;
            line(xml, "style", STYLE)
        })?;
        xml.create_element("body")
            .write_inner_content(|xml| {
                line(xml, "h1", &format!("winhost {run}"))?;
                cells.iter().try_for_each(|(name, cell)| section(xml, name, cell))
            })
            .map(drop)
    })?;
    String::from_utf8(xml.into_inner()).map_err(io::Error::other)
}

/// Writes both into the run's folder.
///
/// # Errors
/// The folder cannot be written.
pub fn write(folder: &Path, run: &str, cells: &Cells) -> Result<()> {
    for (name, text) in [("junit.xml", junit(run, cells)?), ("report.html", html(run, cells)?)] {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells() -> Cells {
        let test = |name: &str, verdict, text: &str| Outcome {
            test: name.into(),
            verdict,
            text: text.into(),
            seconds: 3,
            facts: BTreeMap::from([("MiB/s".to_owned(), "7".to_owned())]),
        };
        let summary = Summary {
            end: End::NeverBooted("<b>\u{7}".into()),
            tests: vec![
                test("a", Verdict::Pass, ""),
                test("b", Verdict::Fail, "1 < 2 & \"x\" \u{1}"),
                test("c", Verdict::Skip, "no TAEF"),
                test("d", Verdict::Hang, "silent"),
            ],
            notes: vec!["n <1>".into()],
            boots: 2,
            seconds: 99,
            windows: "10.0".into(),
        };
        BTreeMap::from([("server2022".to_owned(), summary)])
    }

    fn attributes(xml: &str, element: &str) -> Vec<BTreeMap<String, String>> {
        let mut reader = quick_xml::Reader::from_str(xml);
        let mut found = Vec::new();
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Eof => return found,
                Event::Start(start) | Event::Empty(start) if start.name().as_ref() == element => {
                    let all = start.attributes().map(|one| {
                        let one = one.expect("attribute");
                        let key = one.key.as_ref().to_owned();
                        (key, one.value.into_owned())
                    });
                    found.push(all.collect());
                }
                _ => {}
            }
        }
    }

    #[test]
    fn junit_counts_what_is_in_it() {
        let xml = junit("r1", &cells()).expect("written");
        let suite = &attributes(&xml, "testsuite")[0];
        for (key, value) in [("tests", "5"), ("failures", "1"), ("errors", "2"), ("skipped", "1")] {
            assert_eq!(suite[key], value, "{key} in {xml}");
        }
        assert_eq!(attributes(&xml, "testcase").len(), 5);
        assert_eq!(attributes(&xml, "failure").len(), 1);
        assert_eq!(attributes(&xml, "error").len(), 2);
        assert!(!xml.contains('\u{1}') && !xml.contains('\u{7}'), "XML has no control characters");
    }

    #[test]
    fn the_page_has_a_row_for_each_test_and_is_well_formed() {
        let page = html("r1", &cells()).expect("written");
        let inner = page.strip_prefix("<!DOCTYPE html>").expect("type");
        assert_eq!(attributes(inner, "tr").len(), 5, "a head and four tests");
        assert!(page.contains("n &lt;1&gt;") && page.contains("1 &lt; 2 &amp;"), "{page}");
    }
}
