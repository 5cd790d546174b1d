//! `weirgate doctor`: what it finds and how it ends.

use std::{net::TcpListener, os::unix::fs::PermissionsExt};

use crate::support::{text, weirgate};

#[test]
fn new_folder_is_no_reason_to_worry_and_stays_empty() {
    let folder = tempfile::tempdir().unwrap();
    let output = weirgate(folder.path(), &["doctor"]).output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("✓ configuration") && said.contains("✓ clock"), "{said}");
    assert!(said.contains("! data folder") && said.contains("! database"), "{said}");
    assert!(!said.contains('✗'), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn server_that_is_set_up_is_good_and_one_that_is_not_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let run = |variables: &[(&str, &str)]| {
        let output = weirgate(folder.path(), &["doctor"])
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        (output.status.code(), text(&output))
    };
    let made = weirgate(folder.path(), &["migrate", "up"]).output().unwrap();
    assert!(made.status.success(), "{}", text(&made));
    let (code, said) = run(&[]);
    assert_eq!(code, Some(0), "{said}");
    for line in [
        "✓ data folder",
        "✓ database",
        "! mail: SMTP_URL is not set",
        "✓ sign-in",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    // A provider that is not there: nobody listens on a port that was just let go.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let issuer = format!("http://127.0.0.1:{port}");
    let (code, said) = run(&[
        ("APP_ENV", "development"),
        ("OAUTH_CLIENT_ID", "weirgate"),
        ("OAUTH_CLIENT_SECRET", "k7Zw-Qm3x_Vt91"),
        ("OAUTH_ISSUER", &issuer),
    ]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("✗ sign-in with oauth") && !said.contains("k7Zw"),
        "{said}"
    );
    let data = folder.path().join("data");
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (code, said) = run(&[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("✗ data folder") && said.contains("chmod 700"), "{said}");
    let (code, said) = run(&[("JWT_SECRET", "change-me")]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("✗ configuration: auth.jwt_secret"), "{said}");
}

#[test]
fn mock_sign_in_stops_a_production_server_and_its_name_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let output = weirgate(folder.path(), &["serve", "--port", "0"])
        .env("MOCK_AUTH", "true")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("auth.mock_auth: is refused in production"),
        "{}",
        text(&output)
    );
}
