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

/// `weirgate admin …` in `folder`; what it printed, after it succeeded or failed as expected.
fn admin(folder: &std::path::Path, arguments: &[&str], succeeds: bool) -> String {
    let arguments: Vec<&str> = ["admin"].iter().chain(arguments).copied().collect();
    let output = weirgate(folder, &arguments).output().unwrap();
    assert_eq!(output.status.success(), succeeds, "{arguments:?}: {}", text(&output));
    text(&output)
}

#[test]
fn accounts_are_listed_changed_and_deleted_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("password"), "long enough password\n").unwrap();
    for name in ["root", "second"] {
        let email = format!("{name}@example.com");
        let arguments = [
            "create",
            "--email",
            &email,
            "--username",
            name,
            "--password-file",
            "password",
        ];
        admin(folder, &arguments, true);
    }
    let listed = admin(folder, &["list"], true);
    assert!(listed.contains("second@example.com\tsecond\tadmin\tactive"), "{listed}");
    assert_eq!(admin(folder, &["list", "ro"], true).lines().count(), 1);

    let changed = admin(folder, &["set-role", "second@example.com", "read_only_admin"], true);
    assert!(changed.contains("\tread_only_admin\tactive"), "{changed}");
    assert!(admin(folder, &["disable", "second"], true).contains("\tdisabled"));
    assert_eq!(admin(folder, &["list", "--disabled"], true).lines().count(), 1);
    assert!(admin(folder, &["enable", "second"], true).contains("\tactive"));
    assert!(admin(folder, &["show", "SECOND@example.com"], true).contains("sign-ins: 0"));
    let made = admin(
        folder,
        &[
            "create-user",
            "--email",
            "third@example.com",
            "--role",
            "read_only_admin",
        ],
        true,
    );
    assert!(
        made.contains("third@example.com\tthird\tread_only_admin\tactive"),
        "{made}"
    );
    assert!(made.contains("/reset?token=") || made.contains("A letter"), "{made}");
    admin(folder, &["create-user", "--email", "third@example.com"], false);
    admin(folder, &["create-user", "--email", "nobody"], false);
    admin(folder, &["delete", "third", "--yes"], true);
    admin(folder, &["sign-out", "second"], true);
    admin(folder, &["reset-second-factor", "second"], true);
    admin(
        folder,
        &["reset-password", "second", "--password-file", "password"],
        true,
    );

    // The only administrator stays one, and nobody is deleted without being asked about.
    for refused in [
        &["set-role", "root", "user"][..],
        &["disable", "root"],
        &["delete", "root", "--yes"],
        &["delete", "second"],
        &["show", "nobody@example.com"],
        &["set-role", "second", "owner"],
    ] {
        admin(folder, refused, false);
    }
    admin(folder, &["delete", "second", "--yes"], true);
    assert_eq!(admin(folder, &["list"], true).lines().count(), 1);
}
