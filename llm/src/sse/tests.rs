#![allow(clippy::unwrap_used)]
use eventsource_stream::Eventsource;
use futures_util::{FutureExt, StreamExt, stream};
use proptest::prelude::*;

use super::*;

type Said = Vec<(String, String)>;

fn ours<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Said {
    let mut framer = Framer::default();
    let mut said = Vec::new();
    for chunk in chunks {
        framer.begin(chunk);
        while let Some(framed) = framer.next(chunk).unwrap() {
            if let Some(event) = parse(framed.raw) {
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                said.push((text(event.name), text(&event.data)));
            }
        }
    }
    said
}

/// eventsource-stream on the stream as one piece. It panics on a BOM, even on a second one, which is no BOM any more: a
/// comment before it prevents that. After a last CR it waits for a LF that never comes.
fn reference(text: &str) -> Said {
    let mut text = format!(":\n{}", text.strip_prefix('\u{feff}').unwrap_or(text));
    if text.ends_with('\r') {
        text.push('\n');
    }
    let events = stream::iter([Ok::<_, ()>(text)]).eventsource();
    let events: Vec<_> = events.collect().now_or_never().unwrap();
    events
        .into_iter()
        .map(|event| event.unwrap())
        .map(|event| {
            (
                if event.event == "message" {
                    String::new()
                } else {
                    event.event
                },
                event.data,
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn events_are_those_of_eventsource_stream(
        text in "\u{feff}?(data|event|id|retry|: x|data: [a-zé]{0,4}|event: [a-z]{0,3}|data:|:|[:a-z ]{1,3}|\n|\r|\r\n|\n\n|\r\n\r\n|\u{feff}|€){0,20}",
        cuts in proptest::collection::vec(0_usize..200, 0..6),
    ) {
        let expected = reference(&text);
        let bytes = text.as_bytes();
        prop_assert_eq!(ours([bytes].into_iter()), expected.clone(), "{:?}", text);
        prop_assert_eq!(ours(bytes.chunks(1)), expected.clone(), "{:?} byte by byte", text);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let chunks = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        prop_assert_eq!(ours(chunks), expected, "{:?} at {:?}", text, cuts);
    }
}

#[test]
fn fields_follow_the_standard() {
    let event = parse(b"event: a\nevent: b\ndata:x\ndata:  y\ndata\nid: 1\n: note\ndatas: no\n\n").unwrap();
    assert_eq!(event.name, b"b");
    assert_eq!(&*event.data, b"x\n y\n");
    assert_eq!(parse(b": only a comment\n\n"), None);
    assert_eq!(parse(b"event: ping\n\n"), None);
    assert_eq!(parse(b"data:\n\n").unwrap().data.len(), 0);
}

#[test]
fn page_is_no_stream_however_it_is_cut() {
    for (page, seen) in [
        (&b"<!DOCTYPE html>\n\n"[..], true),
        (b"\xEF\xBB\xBF \r\n <html>", true),
        (b": <html>\n\n", false),
        (b"data: <html>\n\n", false),
    ] {
        for size in 1..page.len() {
            let mut framer = Framer::default();
            let mut read = || -> Result<(), Error> {
                for chunk in page.chunks(size) {
                    framer.begin(chunk);
                    while framer.next(chunk)?.is_some() {}
                }
                Ok(())
            };
            assert_eq!(read() == Err(Error::NoEvents), seen, "{size}");
        }
    }
}

#[test]
fn whole_event_is_not_copied() {
    let chunk = b"data: a\n\ndata: b\n\nda";
    let mut framer = Framer::default();
    framer.begin(chunk);
    for at in [0, 9] {
        let framed = framer.next(chunk).unwrap().unwrap();
        assert_eq!(framed.raw.as_ptr(), chunk[at..].as_ptr());
    }
    assert!(framer.next(chunk).unwrap().is_none());
    assert!(framer.pending());
    framer.begin(b"ta: c\n\n");
    let framed = framer.next(b"ta: c\n\n").unwrap().unwrap();
    assert_eq!(
        (framed.raw, framed.carried, framed.span),
        (&b"data: c\n\n"[..], true, 0..7)
    );
    assert!(framer.next(b"ta: c\n\n").unwrap().is_none());
    assert!(!framer.pending());
}
