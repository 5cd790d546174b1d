//! `weirgate keys import`: what an operator gives it and what they are told; never a key's text.

use std::{
    io::Write,
    path::Path,
    process::{Output, Stdio},
};

use crate::support::{text, weirgate};

const KEY: &str = "sk-aBcDeFgHiJkLmNoPqRsTuV";

/// Anna administers a server here.
fn seeded() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weirgate(folder.path(), &["seed"]);
    command
        .env("FIRST_ADMIN_EMAIL", "anna@example.com")
        .env("FIRST_ADMIN_PASSWORD", "a first password 1");
    assert!(command.output().unwrap().status.success());
    folder
}

fn import(folder: &Path, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let mut child = weirgate(folder, &[&["keys", "import"], arguments].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A list that is refused early is not read to its end.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output: Output = child.wait_with_output().unwrap();
    let said = text(&output);
    assert!(!said.contains("sk-") && !said.contains("aBcDeFgH"), "{said}");
    (output.status.code(), said)
}

#[test]
fn list_is_taken_over_after_a_dry_run_and_only_once() {
    let folder = seeded();
    let list = format!("key,email,name\n{KEY},anna@example.com,the laptop\n");
    let (code, said) = import(folder.path(), &["--dry-run"], &list);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("line 2: good: \"the laptop\" of anna@example.com") && said.contains("imported: 0"),
        "{said}"
    );
    let file = folder.path().join("keys.csv");
    std::fs::write(&file, &list).unwrap();
    let (code, said) = import(folder.path(), &[file.to_str().unwrap()], "");
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("line 2: imported: \"the laptop\" of anna@example.com") && said.contains("imported: 1"),
        "{said}"
    );
    let (code, said) = import(folder.path(), &["-"], &list);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("line 2: refused: this key is here already"), "{said}");
}

#[test]
fn one_refused_line_stops_all_unless_told_otherwise() {
    let folder = seeded();
    let list = format!(
        "{{\"hash\":\"{}\",\"email\":\"anna@example.com\"}}\n\n{{\"key\":\"{KEY}\",\"email\":\"nobody@example.com\"}}\n",
        "ab".repeat(32)
    );
    let (code, said) = import(folder.path(), &[], &list);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("line 1: good: \"imported\" of anna@example.com")
            && said.contains("line 3: refused: there is no account with the e-mail nobody@example.com")
            && said.contains("nothing was imported"),
        "{said}"
    );
    let (code, said) = import(folder.path(), &["--skip-refused"], &list);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("line 1: imported") && said.contains("imported: 1"),
        "{said}"
    );
}

#[test]
fn what_is_no_list_is_refused_without_being_repeated() {
    let folder = seeded();
    for (list, says) in [
        (format!("{KEY},anna@example.com\n"), "does the list have a header?"),
        (format!("key,{KEY}\n"), "does the list have a header?"),
        ("key,email,spend\n".to_owned(), "the column spend"),
        ("key,email\n".to_owned(), "names no keys"),
        (String::new(), "names no keys"),
        (format!("{{\"{KEY}\":1}}\n"), "line 1: refused: it has a field"),
        (
            format!("key,email\n{KEY}\n"),
            "line 2: refused: it has more or fewer fields",
        ),
    ] {
        let (code, said) = import(folder.path(), &[], &list);
        assert!(code == Some(1) && said.contains(says), "{says}: {said}");
    }
}
