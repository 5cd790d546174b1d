//! `weirgate audit verify|prune`: what an operator is told, and how it ends.

use std::{path::Path, process::Output};

use crate::support::{Server, text, weirgate};

fn audit(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output: Output = weirgate(folder, &[&["audit"], arguments].concat()).output().unwrap();
    (output.status.code(), text(&output))
}

/// An administrator, and a server that ran and sealed what was written.
fn sealed(folder: &Path) {
    let mut command = weirgate(folder, &["seed"]);
    command
        .env("FIRST_ADMIN_EMAIL", "op@example.com")
        .env("FIRST_ADMIN_PASSWORD", "a first password 1");
    assert!(command.output().unwrap().status.success());
    let mut server = Server::start({
        let mut command = weirgate(folder, &["serve", "--port", "0"]);
        command.env("APP_ENV", "development");
        command
    });
    server.signal("TERM");
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn whole_log_verifies_and_a_changed_row_is_named() {
    let folder = tempfile::tempdir().unwrap();
    sealed(folder.path());
    let (code, said) = audit(folder.path(), &["verify"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("Rows: 1, segments: 1, waiting to be sealed: 0") && said.contains("is whole"),
        "{said}"
    );
    let head = said
        .lines()
        .find_map(|line| line.strip_prefix("Head: "))
        .unwrap()
        .to_owned();
    let (code, said) = audit(folder.path(), &["verify", "--head", &head]);
    assert_eq!(code, Some(0), "{said}");
    let other = format!(
        "{}{}",
        &head[..head.len() - 4],
        if head.ends_with("0000") { "1111" } else { "0000" }
    );
    let (code, said) = audit(folder.path(), &["verify", "--head", &other]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("segment 1 is not the one whose hash was noted"), "{said}");
    let (code, said) = audit(folder.path(), &["verify", "--head", "1:abc"]);
    assert_eq!(code, Some(2), "{said}");

    // Past every trigger: a letter in the file itself.
    let path = folder.path().join("data/weirgate.db");
    let mut file = std::fs::read(&path).unwrap();
    let at: Vec<usize> = (0..file.len() - 12)
        .filter(|at| &file[*at..*at + 12] == b"user.created")
        .collect();
    assert_eq!(at.len(), 1);
    file[at[0]] = b'U';
    std::fs::write(&path, file).unwrap();
    let (code, said) = audit(folder.path(), &["verify"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("segment 1: row ") && said.contains(" was changed"),
        "{said}"
    );
    assert!(said.contains("is not what was written: 1 finding"), "{said}");
}

#[test]
fn pruning_asks_for_a_time_and_leaves_what_tells_of_it() {
    let folder = tempfile::tempdir().unwrap();
    sealed(folder.path());
    let (code, said) = audit(folder.path(), &["prune"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("audit.retention is forever"), "{said}");
    let (code, said) = audit(folder.path(), &["prune", "--before", "yesterday"]);
    assert_eq!(code, Some(1), "{said}");
    let (code, said) = audit(folder.path(), &["prune", "--before", "2020-01-01"]);
    assert_eq!((code, said.trim()), (Some(0), "Nothing is that old."));
    let (code, said) = audit(folder.path(), &["prune", "--before", "0s"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("Removed rows: 1, segments: 1, up to segment 1."),
        "{said}"
    );
    let (code, said) = audit(folder.path(), &["verify"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("Pruned up to segment 1") && said.contains("Rows: 1, segments: 1,"),
        "{said}"
    );
}

#[test]
fn retention_of_the_settings_is_what_pruning_keeps() {
    let folder = tempfile::tempdir().unwrap();
    sealed(folder.path());
    let prune = |retention: &str| {
        let mut command = weirgate(folder.path(), &["audit", "prune"]);
        let output = command.env("WEIRGATE_AUDIT__RETENTION", retention).output().unwrap();
        (output.status.code(), text(&output))
    };
    assert_eq!(prune("365d"), (Some(0), "Nothing is that old.\n".to_owned()));
    let (code, said) = prune("1ms");
    assert!(code == Some(0) && said.starts_with("Removed rows: 1,"), "{said}");
    let (code, said) = prune("sometimes");
    assert!(code == Some(1) && said.contains("audit.retention"), "{said}");
}
