//! Every change leaves its row, in the same transaction: what was refused left none.

use serde_json::json;

use crate::support::PASSWORD;

fn count(haystack: &[u8], needle: &str) -> usize {
    haystack
        .windows(needle.len())
        .filter(|window| *window == needle.as_bytes())
        .count()
}

on_both! {
async fn every_change_is_told_once(app: App) {
    let person = app.register("anna").await;
    let keys = "/api/v1/account/keys";
    let made = app.post(keys).bearer(&person.access).json(&json!({ "name": "k" })).send().await.expect(201);
    let one = format!("{keys}/{}", made["id"].as_str().unwrap());
    for _ in 0..2 {
        app.call("DELETE", &one).bearer(&person.access).send().await.expect(204);
    }
    let profile = json!({ "theme": "dark" });
    app.call("PUT", "/api/v1/account/profile").bearer(&person.access).json(&profile).send().await.expect(200);
    // Refused: none of these changes anything.
    let again = json!({ "email": "anna@example.com", "password": PASSWORD });
    app.post("/api/v1/auth/register").json(&again).send().await.expect(409);
    app.post(keys).bearer(&person.access).json(&json!({ "name": "" })).send().await.expect(422);
    app.call("DELETE", &format!("{keys}/{}", person.id)).bearer(&person.access).send().await.expect(404);
    for _ in 0..2 {
        let sent = json!({ "refresh_token": person.refresh });
        app.post("/api/v1/auth/logout").json(&sent).send().await.expect(204);
    }

    // Shutting down writes everything into the database's own file, once.
    app.state.shutdown().await;
    let dump = app.database.dump();
    for action in ["user.created", "session.started", "key.created", "key.revoked", "user.updated", "session.ended"] {
        assert_eq!(count(&dump, action), 1, "{action}");
    }
}
}

on_both! {
async fn change_whose_row_cannot_be_written_is_undone(app: App) {
    let person = app.register("anna").await;
    let broken = if app.database.is_sqlite() {
        "CREATE TRIGGER broken BEFORE INSERT ON audit_logs BEGIN SELECT RAISE(ABORT, 'broken'); END"
    } else {
        "CREATE TRIGGER broken BEFORE INSERT ON audit_logs FOR EACH ROW EXECUTE FUNCTION audit_refuse()"
    };
    app.database.execute(broken).await;
    let call = app.post("/api/v1/account/keys").bearer(&person.access);
    call.json(&json!({ "name": "k" })).send().await.problem(500, "internal");
    let call = app.call("PUT", "/api/v1/account/profile").bearer(&person.access);
    call.json(&json!({ "theme": "dark" })).send().await.problem(500, "internal");
    assert_eq!(app.database.number("SELECT COUNT(*) FROM api_keys").await, 0);
    assert_eq!(app.database.texts("SELECT theme FROM users").await, ["system"]);
    assert_eq!(app.audit().await.len(), 2);
}
}
