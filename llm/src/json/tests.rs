#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;

fn whole(bytes: &[u8]) -> Scan<Value> {
    let mut scanner = Scanner::new(bytes);
    let value = scanner.value(0)?;
    scanner.end()?;
    Ok(value)
}

#[test]
fn values_beyond_the_standard_are_refused() {
    for bad in [
        "",
        " ",
        "{",
        "[",
        "[1",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "[1,]",
        "{\"a\":1,}",
        "{,}",
        "[,]",
        "{a:1}",
        "{'a':1}",
        "01",
        "-",
        "1.",
        ".1",
        "1e",
        "1e+",
        "+1",
        "NaN",
        "Infinity",
        "tru",
        "nul",
        "1 2",
        "[1]]",
        "[}",
        "{]",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800x\"",
        "\"\t\"",
        "\"a",
        "\"\\",
        "1e999",
        "-1e999",
        "\u{feff}1",
        "// c\n1",
        "\"\u{1}\"",
    ] {
        assert!(whole(bad.as_bytes()).is_err(), "{bad:?}");
    }
    assert!(whole("9".repeat(400).as_bytes()).is_err());
}

#[test]
fn values_of_the_standard_are_accepted() {
    for good in [
        "0",
        "-0",
        "1e9",
        "1.5E-300",
        "1e-999",
        "\"\\ud83d\\ude00 \\u00e9\\n\\/\"",
        "[]",
        "{}",
        " [ ] ",
        "{ }",
        "[[],{},[{}]]",
        "{\"a\":[1,2,{\"b\":null}],\"a\":true}",
        "\"\u{7f}\"",
        "\"ü€😀\"",
    ] {
        assert!(whole(good.as_bytes()).is_ok(), "{good:?}");
    }
}

#[test]
fn depth_ends_at_128() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(whole(nested(128).as_bytes()).is_ok());
    assert_eq!(
        whole(nested(129).as_bytes()).unwrap_err().what,
        "it is nested deeper than 128 levels"
    );
    assert!(whole(nested(10_000).as_bytes()).is_err());
}

#[test]
fn text_bytes_counts_values_but_not_keys_or_the_excepted() {
    let delta = br#"{"type":"text_delta","text":"Hi \"you\"","more":["ab",{"id":"xyz","c":"d"}]}"#;
    assert_eq!(text_bytes(delta, &["type", "id"]), 10 + 2 + 1);
}

proptest! {
    #[test]
    fn scanner_agrees_with_serde_json(text in r#"([\[\]{}:,"\\0-9.eEtrufalsn \-\n]|null|true|"a":|\\u00e9|\\ud83d|é){0,24}"#) {
        let reference = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        prop_assert_eq!(whole(text.as_bytes()).is_ok(), reference, "{:?}", text);
    }

    #[test]
    fn plain_run_stops_at_the_first_special_byte(bytes in proptest::collection::vec(any::<u8>(), 0..200), mask in any::<bool>()) {
        let bytes: Vec<u8> = if mask { bytes.iter().map(|byte| byte | 0x40).collect() } else { bytes };
        let expected = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(bytes.len());
        prop_assert_eq!(plain_run(&bytes), expected);
    }
}
