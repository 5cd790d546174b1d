//! `weirgate serve` on an empty folder: what it prints, what it answers, how it ends.

use std::time::{Duration, Instant};

use http::Method;

use crate::support::{Server, client::administered, text, weirgate};

fn server(folder: &std::path::Path) -> Server {
    let mut command = weirgate(folder, &["serve", "--port", "0"]);
    command.env("APP_ENV", "development");
    Server::start(command)
}

#[test]
fn empty_folder_serves_and_prints_what_to_do_next() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    assert!(server.said.contains("/setup?token="), "{}", server.said);
    assert!(server.said.contains("demo"), "{}", server.said);
    assert_eq!(server.get("/livez").0, 200);
    assert_eq!(server.get("/api/v1/health").0, 200);
    assert_eq!(server.get("/v1/health").0, 200);
    assert_eq!(server.get("/api/openapi.json").0, 200);
    assert_eq!(server.get("/v1/models").0, 401);
    let (status, page) = server.get("/login");
    assert_eq!(status, 200);
    assert!(
        page.contains("<form") && page.to_lowercase().contains("x-content-type-options: nosniff"),
        "{page}"
    );
    let (status, page) = server.get("/");
    assert!(
        (302..=303).contains(&status) && page.to_lowercase().contains("location: /login"),
        "{page}"
    );
    let (status, page) = server.get("/no/such/page");
    assert_eq!(status, 404);
    assert!(page.contains("<html"), "{page}");
    assert_eq!(
        server.get("/setup").0,
        200,
        "set-up is open until there is an administrator"
    );
}

#[test]
fn host_that_can_be_read_in_two_ways_is_400_at_every_door() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let doors = [
        "GET /api/v1/health",
        "GET /api/v1/auth/me",
        "GET /login",
        "POST /_fn/sign_in",
        "GET /no/such/page",
    ];
    for door in doors {
        for host in [
            "",
            "host:\r\n",
            "host: a\r\nhost: b\r\n",
            "host: localhost/#@evil.example\r\n",
            "host: user@localhost\r\n",
        ] {
            let request = format!("{door} HTTP/1.1\r\n{host}content-length: 0\r\nconnection: close\r\n\r\n");
            assert_eq!(server.raw(&request).0, 400, "{door}, {host:?}");
        }
        let request = format!("{door} HTTP/1.1\r\nhost: [::1]:3741\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        assert_ne!(server.raw(&request).0, 400, "{door}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_packed_for_who_asks_and_streams_never() {
    let folder = tempfile::tempdir().unwrap();
    let (server, mut client, cookie) = administered(folder.path(), |_| {}).await;
    let who = [("sec-fetch-site", "same-origin"), ("cookie", cookie.as_str())];
    let sent = serde_json::json!({ "name": "k" });
    let made = client.api(Method::POST, "account/keys", &who, &sent).await;
    let (host, key) = (&server.address, made["key"].as_str().unwrap());
    let wanted = format!("host: {host}\r\naccept-encoding: gzip, br, zstd\r\nconnection: close\r\n");
    let packed = |answer: &str| answer.to_lowercase().contains("\r\ncontent-encoding: ");
    let (status, page) = server.raw(&format!("GET /login HTTP/1.1\r\n{wanted}\r\n"));
    assert!(status == 200 && packed(&page));
    for (path, end) in [("/v1/messages", "message_stop"), ("/v1/chat/completions", "[DONE]")] {
        let body = r#"{"model":"demo","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"Hello"}]}"#;
        let (status, stream) = server.raw(&format!(
            "POST {path} HTTP/1.1\r\n{wanted}x-api-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ));
        assert!(status == 200 && stream.contains(end) && !packed(&stream), "{stream}");
    }
}

#[test]
fn clients_find_the_model_api_beside_the_pages() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let (status, answer) = server.ask("HEAD", "/");
    assert_eq!(status, 200, "{answer}");
    for (method, path) in [
        ("HEAD", "/"),
        ("GET", "/favicon.svg"),
        ("GET", "/docs/api/"),
        ("GET", "/api/openapi.json"),
    ] {
        let (status, answer) = server.ask(method, path);
        assert!(
            status > 0 && answer.contains("\r\nx-request-id: "),
            "{method} {path}: {answer}"
        );
    }
    assert!(matches!(server.get("/").0, 302 | 303), "GET is the page's");
    for path in ["/v1/key", "/anthropic/v1/models", "/openai/v1/models"] {
        assert_eq!(server.get(path).0, 401, "{path}");
    }
    for (path, right) in [
        ("/messages", "/v1/messages"),
        ("/chat/completions", "/v1/chat/completions"),
        ("/openai/responses", "/v1/responses"),
        ("/v1/v1/embeddings", "/v1/embeddings"),
    ] {
        let (status, answer) = server.ask("POST", path);
        assert_eq!(status, 404, "{path}");
        assert!(answer.contains("content-type: application/json"), "{answer}");
        assert!(answer.contains(&format!("{right}?")), "{answer}");
    }
}

#[test]
fn generated_secrets_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let _server = server(folder.path());
    let mut secrets = 0;
    for entry in std::fs::read_dir(folder.path().join("data")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.contains("secret") || name.contains("key") {
            secrets += 1;
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        }
    }
    assert!(secrets > 0);
}

#[test]
fn second_server_on_the_same_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _first = server(folder.path());
    let output = weirgate(folder.path(), &["serve", "--port", "0"])
        .env("APP_ENV", "development")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(text(&output).contains("data"), "{}", text(&output));
}

#[test]
fn sigterm_ends_the_server_with_exit_code_0() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = server(folder.path());
        let since = Instant::now();
        server.signal(signal);
        let status = server.child.wait().unwrap();
        assert!(status.success(), "{status}");
        assert!(since.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn key_revoked_on_the_command_line_is_not_found_when_it_does_not_exist() {
    let folder = tempfile::tempdir().unwrap();
    let _server = server(folder.path());
    let output = weirgate(folder.path(), &["keys", "revoke", "abcdefABCDEF"])
        .output()
        .unwrap();
    assert!(!output.status.success());
}

#[test]
fn production_refuses_a_plain_http_address_that_is_not_loopback() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weirgate(folder.path(), &["serve", "--port", "0"]);
    let output = command
        .env("PUBLIC_URL", "http://gateway.example.com")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(text(&output).to_lowercase().contains("public_url"), "{}", text(&output));
}

#[test]
fn healthcheck_says_whether_the_server_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let port = server.address.rsplit_once(':').unwrap().1.to_owned();
    assert!(
        weirgate(folder.path(), &["healthcheck", "--port", &port])
            .output()
            .unwrap()
            .status
            .success()
    );
    drop(server);
    assert!(
        !weirgate(folder.path(), &["healthcheck", "--port", &port])
            .output()
            .unwrap()
            .status
            .success()
    );
}
