//! `health`, `/livez`, `/readyz`.

use std::time::Duration;

use serde_json::json;
use server::books::ledger::OpenCall;
use types::{CallId, OrganizationId, UserId};

use crate::support::{App, Database};

on_both! {
async fn healthy_server_says_so_at_every_address(app: App) {
    for path in ["/api/v1/health", "/api/health", "/v1/health", "/livez", "/readyz"] {
        let reply = app.get(path).send().await;
        assert_eq!(reply.expect(200), json!({ "status": "ok" }), "{path}");
        assert!(reply.header("x-request-id").is_some());
    }
}
}

on_both! {
async fn shutdown_is_not_ready_but_alive(app: App) {
    app.state.shutdown().await;
    let reply = app.get("/readyz").send().await.expect(503);
    assert_eq!(reply, json!({ "status": "unavailable", "failing": "shutdown" }));
    app.get("/livez").send().await.expect(200);
}
}

on_both! {
async fn memory_that_may_be_out_of_date_is_named(app: App) {
    let blind = server::for_tests::blind(&app.state).await;
    not_ready(app, "directory").await;
    drop(blind);
    server::for_tests::poll(&app.state).await.unwrap();
    app.get("/readyz").send().await.expect(200);
}
}

on_both! {
async fn books_that_cannot_be_written_are_named(app: App) {
    let held = app.database.hold_the_books().await;
    let mut call = app.state.ledger().open(OpenCall {
        call_id: CallId(uuid::Uuid::now_v7()),
        request_id: "req_12345678".to_owned(),
        organization_id: OrganizationId(uuid::Uuid::from_u128(1)),
        user_id: UserId(uuid::Uuid::from_u128(2)),
        key_id: None,
        model: "demo".to_owned(),
        provider: "demo".to_owned(),
        upstream_model: "demo".to_owned(),
        price: None,
        endpoint: "/v1/messages",
        stream: false,
        opened_at: app.state.clock().now(),
        conversation_id: None,
    });
    assert!(call.durable().await.is_err(), "it was written");
    drop(call);
    not_ready(app, "ledger").await;
    drop(held);
    let back = async {
        while app.get("/readyz").send().await.status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), back).await.expect("ready again");
}
}

#[tokio::test]
async fn database_that_is_away_is_named() {
    let app = App::start(Database::sqlite()).await;
    server::for_tests::close_database(&app.state).await;
    not_ready(&app, "database").await;
}

async fn not_ready(app: &App, part: &str) {
    let reply = app.get("/readyz").send().await.expect(503);
    assert_eq!(reply, json!({ "status": "unavailable", "failing": part }));
    app.get("/livez").send().await.expect(200);
}
