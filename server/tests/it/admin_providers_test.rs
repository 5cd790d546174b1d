//! `admin/providers/{id}/test`: what it dials, what it sends, and what it makes of the answers (C082, C086, C087).

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Response, Uri},
};
use serde_json::{Value, json};

use crate::support::{App, Person, Reply, organizations::id_of};

const LIST: &str = "/api/v1/admin/providers";

/// A vendor on this machine that answers as it is told and notes what it was asked.
#[derive(Clone)]
struct Vendor {
    answer: Arc<Mutex<(u16, String, Option<String>)>>,
    asked: Arc<Mutex<Vec<(String, HeaderMap)>>>,
    port: u16,
}

impl Vendor {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let vendor = Vendor {
            answer: Arc::new(Mutex::new((200, json!({ "data": [] }).to_string(), None))),
            asked: Arc::default(),
            port: listener.local_addr().unwrap().port(),
        };
        let router = Router::new().fallback(answer).with_state(vendor.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test")]
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        vendor
    }

    fn says(&self, status: u16, body: &str, location: Option<String>) {
        *self.answer.lock().unwrap() = (status, body.to_owned(), location);
    }

    fn take(&self) -> Vec<(String, HeaderMap)> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

async fn answer(State(vendor): State<Vendor>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    vendor.asked.lock().unwrap().push((uri.to_string(), headers));
    let (status, body, location) = vendor.answer.lock().unwrap().clone();
    let mut response = Response::builder().status(status);
    if let Some(location) = location {
        response = response.header("location", location);
    }
    response.body(Body::from(body)).unwrap()
}

async fn provider(app: &App, root: &Person, sent: Value) -> String {
    let call = app.post(LIST).bearer(&root.access).json(&sent);
    id_of(&call.send().await.expect(201))
}

async fn test(app: &App, root: &Person, id: &str) -> Reply {
    app.post(&format!("{LIST}/{id}/test")).bearer(&root.access).send().await
}

on_both! {
async fn saved_provider_is_asked_for_its_models_with_its_credential(app: App) {
    let root = app.admin().await;
    let vendor = Vendor::start().await;
    for (dialect, base, path) in [("openai", "/v1", "/v1/models"), ("anthropic", "", "/v1/models?limit=1000"), ("litellm", "/v1", "/v1/models")] {
        let id = provider(app, &root, json!({
            "name": dialect, "dialect": dialect, "base_url": format!("http://127.0.0.1:{}{base}", vendor.port),
            "credential": "sk-canary", "allow_private_network": true,
        })).await;
        vendor.says(200, r#"{"data":[{"id":"m-2"},{"id":"m-1"},{"id":"<script> bad"}]}"#, None);
        let reply = test(app, &root, &id).await;
        assert!(!reply.text().contains("canary") && !reply.text().contains("script"), "{}", reply.text());
        let said = reply.expect(200);
        assert_eq!((&said["ok"], &said["outcome"], &said["status"], &said["models"]), (&json!(true), &json!("works"), &json!(200), &json!(["m-1", "m-2"])));
        let asked = vendor.take();
        assert_eq!(asked.len(), 1);
        let (asked_path, headers) = &asked[0];
        assert_eq!(asked_path, path);
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
        match dialect {
            "anthropic" => assert_eq!((header("x-api-key"), header("anthropic-version"), header("authorization")), (Some("sk-canary"), Some("2023-06-01"), None)),
            _ => assert_eq!((header("authorization"), header("x-api-key")), (Some("Bearer sk-canary"), None)),
        }
        for name in ["cookie", "x-forwarded-for", "x-request-id", "referer"] {
            assert_eq!(header(name), None, "{name}");
        }
    }
}
}

on_both! {
async fn whatever_the_vendor_answers_is_told_in_our_words(app: App) {
    let root = app.admin().await;
    let vendor = Vendor::start().await;
    let elsewhere = Vendor::start().await;
    let id = provider(app, &root, json!({
        "name": "acme", "dialect": "openai", "base_url": format!("http://127.0.0.1:{}/v1", vendor.port), "credential": "sk-canary", "allow_private_network": true,
    })).await;
    let away = Some(format!("http://127.0.0.1:{}/v1/models", elsewhere.port));
    for (status, body, location, outcome) in [
        (401, "vendor words", None, "credential_refused"),
        (403, "vendor words", None, "credential_refused"),
        (404, "vendor words", None, "wrong_address"),
        (429, "vendor words", None, "rate_limited"),
        (500, "vendor words", None, "fails"),
        (418, "vendor words", None, "unexpected"),
        (200, "vendor words", None, "no_list"),
        (200, r#"{"vendor":"words"}"#, None, "no_list"),
        (302, "vendor words", away.clone(), "redirects"),
        (307, "vendor words", away, "redirects"),
    ] {
        vendor.says(status, body, location);
        let reply = test(app, &root, &id).await;
        let text = reply.text();
        assert!(!text.contains("words") && !text.contains("127.0.0.1") && !text.contains("canary"), "{text}");
        let said = reply.expect(200);
        assert_eq!((&said["ok"], &said["outcome"], &said["status"], &said["models"]), (&json!(false), &json!(outcome), &json!(status), &Value::Null), "{status}");
        assert!(said["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    // C087: nothing was followed, so the credential went nowhere else.
    assert!(elsewhere.take().is_empty());
}
}

on_both! {
async fn name_that_leads_home_is_not_dialled(app: App) {
    let root = app.admin().await;
    let vendor = Vendor::start().await;
    let id = provider(app, &root, json!({ "name": "acme", "dialect": "openai", "base_url": "https://api.example.com/v1", "credential": "sk-canary" })).await;
    let lead = async |base: String| {
        app.database.execute(&format!("UPDATE providers SET base_url = '{base}'")).await;
        test(app, &root, &id).await.expect(200)
    };
    // C086: as if the name, public when it was saved, led here now; and a literal address that came past the rule.
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let said = lead(format!("https://{host}:{}/v1", vendor.port)).await;
        assert_eq!((&said["ok"], &said["outcome"], &said["status"]), (&json!(false), &json!("private_address"), &Value::Null), "{host}");
    }
    assert!(vendor.take().is_empty());
    app.database.execute("UPDATE providers SET allow_private_network = true").await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let said = lead(format!("http://127.0.0.1:{closed}/v1")).await;
    assert_eq!(said["outcome"], "unreachable");
}
}

on_both! {
async fn body_says_nothing_about_what_is_dialled(app: App) {
    let root = app.admin().await;
    let evil = Vendor::start().await;
    let vendor = Vendor::start().await;
    let id = provider(app, &root, json!({
        "name": "acme", "dialect": "openai", "base_url": format!("http://127.0.0.1:{}/v1", vendor.port), "allow_private_network": true,
    })).await;
    let path = format!("{LIST}/{id}/test");
    let address = format!("http://127.0.0.1:{}/v1", evil.port);
    for field in ["base_url", "url", "command", "args", "env", "headers", "credential"] {
        app.post(&path).bearer(&root.access).json(&json!({ field: address })).send().await.invalid(field, "unknown_field");
    }
    let call = app.post(&path).bearer(&root.access);
    call.header("x-base-url", &address).header("x-api-base", &address).json(&json!({})).send().await.expect(200);
    app.post(&path).bearer(&root.access).header("content-type", "application/json").text("{").send().await.problem(400, "bad_request");
    assert!(evil.take().is_empty());
    assert_eq!(vendor.take().len(), 1);
    let anna = app.register("anna").await;
    app.post(&path).bearer(&anna.access).send().await.problem(403, "forbidden");
    assert!(vendor.take().is_empty());
}
}
