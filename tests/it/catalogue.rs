//! `weirgate providers` and `weirgate models`.

use std::{io::Write, path::Path, process::Stdio};

use crate::support::{text, weirgate};

fn run(folder: &Path, arguments: &[&str], input: &str) -> (bool, String) {
    let mut command = weirgate(folder, arguments);
    let command = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads nothing may be gone by now.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    (output.status.success(), text(&output))
}

#[test]
fn provider_and_model_are_made_priced_and_switched_off_without_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str], input: &str| run(folder.path(), arguments, input);
    let good = |arguments: &[&str], input: &str| {
        let (success, said) = run(arguments, input);
        assert!(success && !said.contains("canary"), "{arguments:?}: {said}");
        said
    };
    good(&["providers", "add", "acme", "--vendor", "groq"], "sk-canary\n");
    let listed = good(&["providers", "list"], "");
    assert!(
        listed.contains("acme\topenai\thttps://api.groq.com/openai/v1\tcredential set\t0 models\tenabled"),
        "{listed}"
    );
    std::fs::write(folder.path().join("key"), "sk-canary-2\n").unwrap();
    good(&["providers", "rotate", "acme", "--credential-file", "key"], "");
    good(&["providers", "rotate", "acme", "--remove"], "");
    assert!(good(&["providers", "list"], "").contains("credential not set"));

    good(
        &[
            "models",
            "add",
            "m",
            "--route",
            "acme:vendor/m:free,weight=2,priority=1",
            "--input",
            "3",
            "--output",
            "15.00",
        ],
        "",
    );
    good(&["models", "price", "m", "--input", "0.25", "--output", "2"], "");
    let listed = good(&["models", "list"], "");
    assert!(listed.contains("m\tchat\tacme\t$0.25 / $2.00\tenabled"), "{listed}");
    let withdrawn = good(&["models", "withdraw-price", "m"], "");
    assert!(withdrawn.contains("version 2 of the price is withdrawn"), "{withdrawn}");
    assert!(good(&["models", "list"], "").contains("m\tchat\tacme\tunpriced\tenabled"));
    good(&["models", "disable", "m"], "");
    assert!(good(&["models", "list"], "").contains("\tdisabled"));
    good(&["models", "enable", "m"], "");
    good(&["providers", "disable", "acme"], "");
    assert!(good(&["providers", "list"], "").contains("1 models\tdisabled"));
    good(&["providers", "enable", "acme"], "");

    for (arguments, words) in [
        (
            &["providers", "add", "acme", "--vendor", "groq", "--no-credential"][..],
            "Another provider has this name",
        ),
        (
            &["providers", "add", "b", "--vendor", "nobody", "--no-credential"],
            "is not known",
        ),
        (
            &[
                "providers",
                "add",
                "b",
                "--dialect",
                "openai",
                "--base-url",
                "https://127.0.0.1",
                "--no-credential",
            ],
            "base_url: private_address",
        ),
        (
            &["providers", "add", "b", "--vendor", "groq", "--credential", "sk-canary"],
            "unexpected argument",
        ),
        (&["models", "withdraw-price", "m"], "The model has no price"),
        (&["providers", "disable", "nobody"], "There is no such provider"),
        (
            &["models", "add", "n", "--route", "nobody:m"],
            "routes[0].provider: unknown_value",
        ),
        (&["models", "add", "n", "--route", "acme"], "PROVIDER:MODEL"),
        (
            &["models", "price", "m", "--input=-1", "--output", "1"],
            "input: not_a_price",
        ),
        (
            &["models", "price", "m", "--input", "0", "--output", "0"],
            "input: zero_price",
        ),
    ] {
        let (success, said) = run(arguments, "");
        assert!(!success && said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn test_of_a_provider_that_is_away_fails_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let base = format!("http://127.0.0.1:{port}/v1");
    let add = [
        "providers",
        "add",
        "away",
        "--dialect",
        "openai",
        "--base-url",
        &base,
        "--allow-private-network",
        "--no-credential",
    ];
    let (success, said) = run(folder.path(), &add, "");
    assert!(success, "{said}");
    let (success, said) = run(folder.path(), &["providers", "test", "away"], "");
    assert!(!success && said.contains("could not be reached"), "{said}");
}
