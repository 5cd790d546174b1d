//! `weirgate transcript-hash`: one line on standard output, or a reason on standard error that does not repeat what was said.

use std::{
    io::Write,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use crate::support::weirgate;

fn hash(input: &[u8]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut child = weirgate(folder.path(), &["transcript-hash"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "it makes no files");
    output
}

#[test]
fn hash_of_every_vector_is_printed_for_a_list_and_for_a_request() {
    let vectors = include_str!("../../types/tests/transcript_vectors.json");
    let vectors: Vec<Value> = serde_json::from_str(vectors).unwrap();
    for vector in vectors {
        let messages = &vector["messages"];
        let request = json!({ "model": "demo", "system": "not part of it", "messages": messages });
        for input in [messages.to_string(), request.to_string()] {
            let output = hash(input.as_bytes());
            assert!(output.status.success());
            let expected = format!("{}\n", vector["hash"].as_str().unwrap());
            assert_eq!(
                String::from_utf8(output.stdout).unwrap(),
                expected,
                "{}",
                vector["name"]
            );
            assert!(output.stderr.is_empty());
        }
    }
}

#[test]
fn what_is_no_transcript_is_refused_without_repeating_it() {
    for (input, said) in [
        (r#"[{"role":"user","content":"my secret"}"#, "not JSON"),
        ("my secret", "not JSON"),
        ("", "not JSON"),
        (r#""my secret""#, "neither a list nor an object"),
        (r#"{"text":"my secret"}"#, "no list `messages`"),
        (r#"{"messages":"my secret"}"#, "no list `messages`"),
        (
            r#"[{"role":"user","content":"a"},{"content":"my secret"}]"#,
            "message 2",
        ),
        (r#"["my secret"]"#, "message 1"),
        (r#"[["user","my secret"]]"#, "message 1"),
    ] {
        let output = hash(input.as_bytes());
        assert_eq!(output.status.code(), Some(1), "{input}");
        assert!(output.stdout.is_empty());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(said), "{input}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
    assert_eq!(hash(&[b'[', 0xff, b']']).status.code(), Some(1));
}
