//! `DELETE account/profile`: what goes with an account, and who may not leave.

use serde_json::json;
use types::{KeyId, accounts::Register};

use crate::support::{App, PASSWORD, Person};

async fn leave(app: &App, person: &Person, body: &serde_json::Value) -> crate::support::Reply {
    let call = app.call("DELETE", "/api/v1/account/profile").bearer(&person.access);
    call.json(body).send().await
}

on_both! {
async fn account_goes_with_its_sign_ins_and_keys(app: App) {
    let person = app.register("anna").await;
    let cookie = app.cookie("anna", true).await;
    let call = app.post("/api/v1/account/keys").bearer(&person.access);
    let made = call.json(&json!({ "name": "k" })).send().await.expect(201);
    let key: KeyId = made["id"].as_str().unwrap().parse().unwrap();
    assert!(app.state.directory().key_of_id(key).is_some());

    let reply = leave(app, &person, &json!({ "password": PASSWORD })).await;
    reply.expect(204);
    assert!(reply.header("set-cookie").unwrap().contains("Max-Age=0"));

    app.get("/api/v1/auth/me").bearer(&person.access).send().await.problem(401, "invalid_credential");
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.problem(401, "invalid_credential");
    let refresh = app.post("/api/v1/auth/refresh").json(&json!({ "refresh_token": person.refresh }));
    refresh.send().await.problem(401, "invalid_grant");
    let again = json!({ "email": "anna@example.com", "password": PASSWORD });
    app.post("/api/v1/auth/login").json(&again).send().await.problem(401, "wrong_password");
    assert!(app.state.directory().key_of_id(key).is_none());
    assert!(app.state.directory().key(made["key"].as_str().unwrap()).is_none());
    // E-mail and user name are free again.
    app.register("anna").await;
}
}

on_both! {
async fn leaving_needs_the_password(app: App) {
    let person = app.register("anna").await;
    leave(app, &person, &json!({})).await.problem(403, "reauth_required");
    leave(app, &person, &json!({ "password": "wrong horse battery" })).await.problem(401, "wrong_password");
    leave(app, &person, &json!({ "passwort": PASSWORD })).await.problem(422, "invalid");
    let nobody = app.call("DELETE", "/api/v1/account/profile").json(&json!({ "password": PASSWORD }));
    nobody.send().await.problem(401, "missing_credential");
    app.get("/api/v1/auth/me").bearer(&person.access).send().await.expect(200);
}
}

on_both! {
async fn only_administrator_cannot_leave(app: App) {
    let admin = |name: &str| Register {
        email: format!("{name}@example.com"),
        password: PASSWORD.into(),
        username: Some(name.into()),
        ..Register::default()
    };
    server::accounts::create_admin(&app.state, admin("root")).await.unwrap();
    let root = app.login("root", false).await;
    leave(app, &root, &json!({ "password": PASSWORD })).await.problem(409, "conflict");
    server::accounts::create_admin(&app.state, admin("second")).await.unwrap();
    leave(app, &root, &json!({ "password": PASSWORD })).await.expect(204);
}
}
