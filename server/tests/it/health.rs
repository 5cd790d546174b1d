//! `health`, `/livez`, `/readyz`.

use serde_json::json;

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
