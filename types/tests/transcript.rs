//! The transcript hash against vectors that another implementation computed; `transcript_vectors.json` is for others to read, too.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde::Deserialize;
use types::transcript::{self, Message};

#[derive(Deserialize)]
struct Vector {
    name: String,
    messages: Vec<Message>,
    hash: String,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("transcript_vectors.json")).unwrap()
}

#[test]
fn every_vector_has_its_hash() {
    let vectors = vectors();
    assert!(vectors.len() > 30);
    for vector in vectors {
        assert_eq!(transcript::hash(&vector.messages), vector.hash, "{}", vector.name);
    }
}

#[test]
fn white_space_of_ascii_alone_is_folded() {
    let hashes: BTreeMap<String, String> = vectors().into_iter().map(|vector| (vector.name, vector.hash)).collect();
    let plain = &hashes["the same in single spaces"];
    for name in [
        "line feeds",
        "carriage returns and line feeds",
        "carriage returns alone",
        "tabs",
        "vertical tabs and form feeds",
        "runs of spaces",
        "mixed runs",
        "white space at the ends",
    ] {
        assert_eq!(&hashes[name], plain, "{name}");
    }
    assert_ne!(
        hashes["a no-break space is not folded"],
        hashes["two no-break spaces are not one"]
    );
    assert_eq!(hashes["empty content"], hashes["content of white space alone is empty"]);
}

#[test]
fn message_without_a_role_is_no_message() {
    for wrong in [r#"{"content":"x"}"#, r#"{"role":7,"content":"x"}"#, r#""x""#, "[]"] {
        assert!(serde_json::from_str::<Message>(wrong).is_err(), "{wrong}");
    }
}
