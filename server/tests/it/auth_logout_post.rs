//! `POST auth/logout`.

use serde_json::json;

on_both! {
async fn refresh_token_and_access_token_end_together(app: App) {
    let person = app.register("anna").await;
    let sent = json!({ "refresh_token": person.refresh });
    let reply = app.post("/api/v1/auth/logout").json(&sent).send().await;
    reply.expect(204);
    assert!(reply.body.is_empty());
    app.get("/api/v1/auth/me").bearer(&person.access).send().await.problem(401, "invalid_credential");
    app.post("/api/v1/auth/refresh").json(&sent).send().await.problem(401, "invalid_grant");
    // Saying it again is fine.
    app.post("/api/v1/auth/logout").json(&sent).send().await.expect(204);
}
}

on_both! {
async fn spent_token_ends_its_family_too(app: App) {
    let person = app.register("anna").await;
    let sent = json!({ "refresh_token": person.refresh });
    let pair = app.post("/api/v1/auth/refresh").json(&sent).send().await.expect(200);
    app.post("/api/v1/auth/logout").json(&sent).send().await.expect(204);
    let sent = json!({ "refresh_token": pair["refresh_token"] });
    app.post("/api/v1/auth/refresh").json(&sent).send().await.problem(401, "invalid_grant");
}
}

on_both! {
async fn cookie_session_ends_and_the_cookie_is_removed(app: App) {
    app.register("anna").await;
    let cookie = app.cookie("anna", false).await;
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.expect(200);
    let reply = app.post("/api/v1/auth/logout").cookie(&cookie).same_origin().send().await;
    reply.expect(204);
    let removed = reply.header("set-cookie").unwrap();
    assert!(removed.starts_with("wg=; ") && removed.contains("Max-Age=0"), "{removed}");
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.problem(401, "invalid_credential");
}
}

on_both! {
async fn cookie_beside_a_token_is_left_alone(app: App) {
    let person = app.register("anna").await;
    let cookie = app.cookie("anna", false).await;
    let reply = app.post("/api/v1/auth/logout").cookie(&cookie).bearer(&person.access).send().await;
    reply.problem(401, "missing_credential");
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.expect(200);
}
}

on_both! {
async fn nothing_to_end_is_401_and_a_strange_body_422(app: App) {
    app.post("/api/v1/auth/logout").send().await.problem(401, "missing_credential");
    app.post("/api/v1/auth/logout").json(&json!({ "all": true })).send().await.problem(422, "invalid");
    app.post("/api/v1/auth/logout").text("{}").send().await.problem(415, "unsupported_media_type");
}
}
