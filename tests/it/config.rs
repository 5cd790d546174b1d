//! `weirgate config` and what a start refuses.

use crate::support::{text, weirgate};

#[test]
fn unknown_key_is_refused_with_the_nearest_match() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("weirgate.toml"), "[server]\nprot = 1\n").unwrap();
    let output = weirgate(folder.path(), &["config", "check"]).output().unwrap();
    assert!(!output.status.success());
    let said = text(&output);
    assert!(said.contains("server.prot") && said.contains("server.port"), "{said}");
}

#[test]
fn weak_secret_stops_the_start_and_is_named_but_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    for weak in ["change-me", "sk-1234", "short"] {
        let output = weirgate(folder.path(), &["serve", "--port", "0"])
            .env("JWT_SECRET", weak)
            .output()
            .unwrap();
        assert!(!output.status.success());
        let said = text(&output);
        assert!(said.contains("JWT_SECRET") || said.contains("jwt_secret"), "{said}");
    }
}

#[test]
fn print_masks_secrets_and_names_sources() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("weirgate.toml"),
        "[gateway]\ndisconnect_grace = \"7s\"\n",
    )
    .unwrap();
    let secret = "a-long-enough-secret-4f9c1d7e2b8a6053";
    let output = weirgate(folder.path(), &["config", "print"])
        .env("JWT_SECRET", secret)
        .env("PORT", "4000")
        .output()
        .unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains(secret), "a secret was printed");
    let line = |name: &str| {
        said.lines()
            .find(|line| line.contains(name))
            .unwrap_or_else(|| panic!("{name} is missing in {said}"))
            .to_owned()
    };
    assert!(line("disconnect_grace").contains("weirgate.toml"));
    assert!(line("port = 4000").contains("PORT"));
}

#[test]
fn env_example_is_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let output = weirgate(folder.path(), &["config", "env-example"]).output().unwrap();
    let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/.env.example")).unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        kept,
        "write `weirgate config env-example` into .env.example"
    );
}
