//! `weirgate admin create`, `seed`, `keys revoke`, `migrate`.

use std::{io::Write, process::Stdio};

use crate::support::{text, weirgate};

#[test]
fn admin_is_created_once_with_a_password_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    for (round, succeeds) in [(1, true), (2, false)] {
        let mut command = weirgate(folder.path(), &["admin", "create", "--email", "op@example.com"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(b"long enough password\n")
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.success(), succeeds, "round {round}: {}", text(&output));
        assert!(!text(&output).contains("long enough password"));
    }
}

#[test]
fn admin_with_a_weak_password_is_refused_with_the_field() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "short\n").unwrap();
    let arguments = [
        "admin",
        "create",
        "--email",
        "op@example.com",
        "--password-file",
        "password",
    ];
    let output = weirgate(folder.path(), &arguments).output().unwrap();
    assert!(!output.status.success());
    assert!(text(&output).contains("password: too_short"), "{}", text(&output));
}

#[test]
fn seed_is_idempotent() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut command = weirgate(folder.path(), &["seed"]);
        command
            .env("FIRST_ADMIN_EMAIL", "op@example.com")
            .env("FIRST_ADMIN_PASSWORD", "a first password 1");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    }
}

#[test]
fn migrations_are_applied_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let pending = weirgate(folder.path(), &["migrate", "status"]).output().unwrap();
    assert!(text(&pending).contains("pending"), "{}", text(&pending));
    for _ in 0..2 {
        let up = weirgate(folder.path(), &["migrate", "up"]).output().unwrap();
        assert!(up.status.success() && !text(&up).contains("pending"), "{}", text(&up));
    }
}
