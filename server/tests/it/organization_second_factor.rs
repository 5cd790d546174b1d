//! An organization that asks its members for a second factor.

use serde_json::json;
use server::{organizations, sessions::User};
use types::{OrganizationId, error::Code, organizations::OrganizationChange};

use crate::support::{App, PASSWORD, Person};

fn user(app: &App, person: &Person) -> User {
    server::sessions::from_access_token(&app.state, &person.access).unwrap()
}

async fn require(app: &App, person: &Person, required: bool) -> Result<(), Code> {
    require_of(app, person, user(app, person).organization_id(), required).await
}

/// As `PATCH organizations/{organization}` does it.
async fn require_of(app: &App, person: &Person, organization: OrganizationId, required: bool) -> Result<(), Code> {
    let change = OrganizationChange {
        requires_second_factor: Some(required),
        ..OrganizationChange::default()
    };
    let work = async {
        let member = organizations::member(&app.state, &user(app, person), organization)?;
        organizations::update(&app.state, &member.admin()?, change).await
    };
    work.await.map(|_| ()).map_err(|error| error.refusal().code)
}

on_both! {
async fn member_without_one_sets_it_up_before_anything_else(app: App) {
    let anna = app.guarded("anna").await;
    let boris = app.register("boris").await;
    let organization = user(app, &anna.person).organization_id();
    app.join(organization, &boris).await;
    app.get("/api/v1/account/keys").bearer(&boris.access).send().await.expect(200);
    require(app, &anna.person, true).await.unwrap();

    app.get("/api/v1/account/keys").bearer(&anna.person.access).send().await.expect(200);
    let boris = app.login("boris", false).await;
    for path in ["/api/v1/account/keys", "/api/v1/account/profile", "/api/v1/usage/summary"] {
        app.get(path).bearer(&boris.access).send().await.problem(403, "second_factor_missing");
    }
    let cookie = app.cookie("boris", false).await;
    app.get("/api/v1/account/keys").cookie(&cookie).send().await.problem(403, "second_factor_missing");
    app.get("/api/v1/auth/me").bearer(&boris.access).send().await.expect(200);

    let sent = json!({ "current_password": PASSWORD });
    let begun = app.post("/api/v1/auth/totp").bearer(&boris.access).json(&sent).send().await.expect(200);
    let code = json!({ "code": app.code(begun["secret"].as_str().unwrap()) });
    app.post("/api/v1/auth/totp/confirm").bearer(&boris.access).json(&code).send().await.expect(200);
    app.get("/api/v1/account/keys").bearer(&boris.access).send().await.expect(200);
    // It stays as long as the organization asks for it.
    app.call("DELETE", "/api/v1/auth/totp").bearer(&boris.access).json(&sent).send().await.problem(409, "last_way_in");
    require(app, &anna.person, false).await.unwrap();
    app.call("DELETE", "/api/v1/auth/totp").bearer(&boris.access).json(&sent).send().await.expect(204);
    app.get("/api/v1/account/keys").bearer(&boris.access).send().await.expect(200);
}
}

on_both! {
async fn any_passkey_is_asked_for_after_the_password_there(app: App) {
    let anna = app.register("anna").await;
    let added = app.add_passkey(&anna, &mut app.authenticator(1), false).await.expect(201);
    app.login_with("anna", None).await.expect(200);
    require(app, &anna, true).await.unwrap();
    app.login_with("anna", None).await.problem(401, "second_factor_required");
    app.passkey_login(&mut { let mut key = app.authenticator(1); key.create(&json!({ "publicKey": {
        "user": { "id": user_handle(&anna) }, "rp": { "id": "localhost" }, "challenge": "" } })); key }).await.expect(200);
    let path = format!("/api/v1/auth/passkeys/{}", added["passkey"]["id"].as_str().unwrap());
    let sent = json!({ "current_password": PASSWORD });
    app.call("DELETE", &path).bearer(&anna.access).json(&sent).send().await.problem(409, "last_way_in");
}
}

fn user_handle(person: &Person) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let id: types::UserId = person.id.parse().unwrap();
    URL_SAFE_NO_PAD.encode(id.0.as_bytes())
}

on_both! {
async fn only_owners_with_a_factor_of_their_own_ask_for_it(app: App) {
    let anna = app.register("anna").await;
    assert_eq!(require(app, &anna, true).await, Err(Code::SecondFactorMissing));
    let boris = app.guarded("boris").await;
    let organization = user(app, &anna).organization_id();
    assert_eq!(require_of(app, &boris.person, organization, true).await, Err(Code::NotFound));
    app.join(organization, &boris.person).await;
    assert_eq!(require_of(app, &boris.person, organization, true).await, Err(Code::Forbidden));
}
}

on_both! {
async fn who_will_not_set_one_up_may_leave_instead(app: App) {
    let anna = app.guarded("anna").await.person;
    let acme = app.organization(&anna, "acme").await;
    let boris = app.member(&anna, "acme", "boris", "admin").await;
    let carl = app.member(&anna, "acme", "carl", "member").await;
    let path = |rest: &str| crate::support::organizations::at("acme", rest);
    let sent = json!({ "requires_second_factor": true });
    app.call("PATCH", &path("")).bearer(&boris.access).json(&sent).send().await.problem(403, "forbidden");
    let shown = app.call("PATCH", &path("")).bearer(&anna.access).json(&sent).send().await.expect(200);
    assert_eq!(shown["requires_second_factor"], true);
    app.get(&path("")).bearer(&boris.access).send().await.problem(403, "second_factor_missing");
    let listed = app.get("/api/v1/organizations").bearer(&boris.access).send().await.expect(200);
    assert!(listed.to_string().contains(&acme), "what to leave is told: {listed}");
    let carls = path(&format!("/members/{}", carl.id));
    app.call("DELETE", &carls).bearer(&boris.access).send().await.problem(403, "second_factor_missing");
    let own = path(&format!("/members/{}", boris.id));
    app.call("DELETE", &own).bearer(&boris.access).send().await.expect(204);
    app.get("/api/v1/account/keys").bearer(&boris.access).send().await.expect(200);
}
}
