//! The account API's request log: what it holds, what it never holds, who reads it, how it is kept short.

use std::time::Duration;

use serde_json::{Value, json};
use server::config::{Keep, Retention};

use crate::support::{App, Database, PASSWORD, Person, START};

const LOG: &str = "/api/v1/admin/request-log";

async fn read(app: &App, root: &Person, query: &str) -> Vec<Value> {
    let page = app
        .get(&format!("{LOG}{query}"))
        .bearer(&root.access)
        .send()
        .await
        .expect(200);
    page["data"].as_array().unwrap().clone()
}

/// As soon as there are so many: they are written beside the answers.
async fn until(app: &App, root: &Person, query: &str, count: usize) -> Vec<Value> {
    loop {
        let rows = read(app, root, query).await;
        if rows.len() >= count {
            assert_eq!(rows.len(), count, "{rows:?}");
            return rows;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

on_both! {
async fn entry_tells_the_template_and_never_the_path_or_the_query(app: App) {
    let root = app.admin().await;
    let anna = app.register("anna").await;
    let key = app.key(&anna, "the laptop").await;
    let call = app.get(&format!("/api/v1/account/keys/{key}")).bearer(&anna.access).from("203.0.113.7");
    let call = call.header("user-agent", "curl/8.5").header("x-request-id", "request-of-anna");
    call.send().await.expect(200);
    let query = format!("?actor={}&route=/api/v1/account/keys/%7Bid%7D", anna.id);
    let rows = until(app, &root, &query, 1).await;
    let entry = &rows[0];
    assert_eq!(entry["method"], "GET");
    assert_eq!(entry["route"], "/api/v1/account/keys/{id}");
    assert_eq!(entry["status"], 200);
    assert!(entry["duration_ms"].as_i64().is_some_and(|time| time >= 0));
    assert_eq!(entry["user_id"], anna.id.as_str());
    assert_eq!(entry["user_name"], "anna");
    assert_eq!(entry["address"], "203.0.113.7");
    assert_eq!(entry["user_agent"], "curl/8.5");
    assert_eq!(entry["request_id"], "request-of-anna");
    assert_eq!(entry["at"], "2026-11-18T11:06:40.000Z");

    // What somebody typed into a wrong place stands nowhere.
    app.get("/api/v1/account/keys/canary-in-the-path").bearer(&anna.access).send().await.expect(404);
    app.get("/api/v1/account/keys?limit=canary-in-the-query").bearer(&anna.access).send().await.expect(422);
    app.get("/api/v1/canary-that-leads-nowhere").send().await.expect(404);
    app.post("/api/v1/auth/login").json(&json!({ "email": "canary@example.com", "password": "canary" })).send().await.expect(401);
    until(app, &root, "?status=4xx", 4).await;
    let dump = app.database.texts("SELECT route || request_id || COALESCE(user_agent, '') FROM request_logs").await;
    assert!(!dump.iter().any(|text| text.contains("canary")), "{dump:?}");
}
}

on_both! {
async fn refused_requests_are_in_it_and_health_checks_are_not(app: App) {
    let root = app.admin().await;
    app.get("/api/v1/health").send().await.expect(200);
    app.get("/livez").send().await.expect(200);
    app.get("/api/v1/account/keys").send().await.expect(401);
    app.advance_secs(1);
    app.call("PUT", "/api/v1/account/keys").send().await.expect(405);
    app.advance_secs(1);
    let anna = app.register("anna").await;
    let cookie = app.cookie("anna", false).await;
    // Refused before anybody asks who it is.
    let call = app.post("/api/v1/account/keys").cookie(&cookie).header("sec-fetch-site", "cross-site");
    call.json(&json!({ "name": "x" })).send().await.problem(403, "cross_site");
    app.advance_secs(1);
    app.get(LOG).bearer(&anna.access).send().await.problem(403, "forbidden");
    let refused = until(app, &root, "?status=4xx", 4).await;
    let told: Vec<(i64, &str)> = refused.iter().map(|row| (row["status"].as_i64().unwrap(), row["route"].as_str().unwrap())).collect();
    assert_eq!(told, [(403, LOG), (403, "/api/v1/account/keys"), (405, "/api/v1/account/keys"), (401, "/api/v1/account/keys")]);
    assert_eq!(refused[0]["user_name"], "anna");
    assert_eq!(refused[3]["user_id"], Value::Null);
    assert!(!read(app, &root, "").await.iter().any(|row| row["route"].as_str().unwrap().ends_with("health")));
}
}

on_both! {
async fn filters_narrow_and_pages_hold_every_entry_once(app: App) {
    let root = app.admin().await;
    for _ in 0..5 {
        app.get("/api/v1/auth/providers").send().await.expect(200);
    }
    app.advance_secs(60);
    app.get("/api/auth/providers").send().await.expect(200);
    until(app, &root, "?route=/api/auth/providers", 1).await;
    let route = "?route=/api/v1/auth/providers";
    assert_eq!(read(app, &root, &format!("{route}&to=2026-11-18T11:07:40Z")).await.len(), 5);
    assert_eq!(read(app, &root, &format!("{route}&from=2026-11-18T11:07:40Z")).await.len(), 0);
    assert_eq!(read(app, &root, &format!("{route}&status=200")).await.len(), 5);
    assert_eq!(read(app, &root, &format!("{route}&status=5xx")).await.len(), 0);
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    for expected in [2, 2, 1] {
        let page = app.get(&format!("{LOG}{route}&limit=2{cursor}")).bearer(&root.access).send().await.expect(200);
        let data = page["data"].as_array().unwrap();
        assert_eq!(data.len(), expected);
        paged.extend(data.iter().cloned());
        cursor = page["next_cursor"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
    }
    assert_eq!((cursor.as_str(), paged), ("", read(app, &root, route).await));
    for (query, field, code) in [
        ("status=6xx", "status", "unknown_value"),
        ("cursor=x", "cursor", "unknown_value"),
        ("limit=101", "limit", "unknown_value"),
        ("route=%00", "route", "unknown_value"),
        ("actor=x", "actor", "wrong_type"),
        ("path=x", "path", "unknown_field"),
    ] {
        app.get(&format!("{LOG}?{query}")).bearer(&root.access).send().await.invalid(field, code);
    }
}
}

on_both! {
async fn old_entries_go_in_small_batches(app: App) {
    let now = START.plus_secs(31 * 86_400);
    app.database.insert_requests(1_203, START.0 + 86_399_999).await;
    app.database.insert_requests(3, START.0 + 86_400_000).await;
    app.clock.set(now);
    let removed = server::for_tests::sweep_request_log(&app.state, Duration::from_secs(30 * 86_400)).await.unwrap();
    assert_eq!(removed, 1_203);
    let left = app.database.number("SELECT COUNT(*) FROM request_logs WHERE request_id = 'old'").await;
    assert_eq!(left, 3);
}
}

on_both! {
async fn client_that_left_is_told_as_such(app: App) {
    let body = json!({ "email": "anna@example.com", "password": PASSWORD });
    tokio::select! {
        biased;
        _ = app.post("/api/v1/auth/register").json(&body).send() => panic!("hashing a password takes longer"),
        () = tokio::task::yield_now() => {}
    }
    app.state.shutdown().await;
    let query = "SELECT route || ' ' || CAST(status AS TEXT) FROM request_logs";
    assert_eq!(app.database.texts(query).await, ["/api/v1/auth/register 499"]);
}
}

on_both! {
async fn entries_of_the_last_moment_are_written_before_the_end(app: App) {
    for _ in 0..20 {
        app.get("/api/v1/auth/providers").send().await.expect(200);
    }
    app.state.shutdown().await;
    assert_eq!(app.database.number("SELECT COUNT(*) FROM request_logs").await, 20);
}
}

async fn one_login(app: &App) {
    app.register("anna").await;
    let sent = json!({ "email": "anna@example.com", "password": PASSWORD });
    let call = app
        .post("/api/v1/auth/login")
        .from("203.0.113.77")
        .header("user-agent", "Mozilla/5.0 (X11)");
    call.json(&sent).send().await.expect(200);
    app.state.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn address_and_agent_are_kept_as_the_settings_say() {
    for (keep, expected) in [(Keep::Prefix, "203.0.113.0/24 Mozilla"), (Keep::None, "- -")] {
        let app = App::start_with(Database::sqlite(), |config| {
            config.privacy.client_address = keep;
            config.privacy.user_agent = keep;
        })
        .await;
        one_login(&app).await;
        let query = "SELECT COALESCE(ip_address, '-') || ' ' || COALESCE(user_agent, '-') FROM request_logs WHERE route LIKE '%/login'";
        assert_eq!(app.database.texts(query).await, [expected]);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_that_is_off_stays_empty() {
    let app = App::start_with(Database::sqlite(), |config| config.request_log.enabled = false).await;
    one_login(&app).await;
    assert_eq!(app.database.number("SELECT COUNT(*) FROM request_logs").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn retention_is_a_time_or_forever() {
    let database = Database::sqlite();
    let app = App::start_with_variables(database, &[("WEIRGATE_REQUEST_LOG__RETENTION", "forever")]).await;
    assert_eq!(app.config.request_log.retention, Retention::Forever);
    assert_eq!(app.config.audit.retention, Retention::Forever);
    app.stop().await;
}
