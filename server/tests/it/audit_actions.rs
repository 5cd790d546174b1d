//! Every kind of change a person can make leaves its row (C083): the set of actions, not more and not less.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{App, Database, PASSWORD, Person, organizations::id_of, token_of};

const NEW: &str = "staple battery horse";

async fn send(app: &App, method: &str, path: &str, person: &Person, body: &Value) -> Value {
    let call = app.call(method, &format!("/api/v1/{path}")).bearer(&person.access);
    let reply = call.json(body).send().await;
    assert!(reply.status.is_success(), "{method} {path}: {}", reply.text());
    serde_json::from_slice(&reply.body).unwrap_or_default()
}

/// What one person does with their account, from sign-up to leaving.
pub async fn life(app: &App) {
    let password = json!({ "current_password": PASSWORD });
    let anna = app.register("anna").await;
    let link = json!({ "token": token_of(&app.link_to("anna@example.com")) });
    send(app, "POST", "auth/email/verify", &anna, &link).await;
    let key = app.key(&anna, "the laptop").await;
    send(app, "DELETE", &format!("account/keys/{key}"), &anna, &json!({})).await;
    send(app, "PUT", "account/profile", &anna, &json!({ "theme": "dark" })).await;
    let token = json!({ "name": "the script", "scopes": ["read"], "password": PASSWORD });
    let token = send(app, "POST", "auth/tokens", &anna, &token).await;
    let token = format!("auth/tokens/{}", token["id"].as_str().unwrap());
    send(app, "DELETE", &token, &anna, &json!({})).await;

    // A browser that was not seen before, a wrong password, a refresh token used twice.
    app.cookie("anna", false).await;
    let wrong = json!({ "email": "anna@example.com", "password": "not the password" });
    app.post("/api/v1/auth/login").json(&wrong).send().await.expect(401);
    let other = app.login("anna", false).await;
    let refresh = json!({ "refresh_token": other.refresh });
    app.post("/api/v1/auth/refresh").json(&refresh).send().await.expect(200);
    app.advance_secs(11);
    app.post("/api/v1/auth/refresh").json(&refresh).send().await.expect(401);

    // Second factors.
    let begun = send(app, "POST", "auth/totp", &anna, &password).await;
    let code = json!({ "code": app.code(begun["secret"].as_str().unwrap()) });
    send(app, "POST", "auth/totp/confirm", &anna, &code).await;
    let codes = send(app, "POST", "auth/totp/recovery-codes", &anna, &password).await;
    let user = server::sessions::from_access_token(&app.state, &anna.access).unwrap();
    let organization = format!("organizations/{}", user.organization_id());
    for required in [true, false] {
        let change = json!({ "requires_second_factor": required });
        send(app, "PATCH", &organization, &anna, &change).await;
    }
    app.login_with("anna", codes["recovery_codes"][0].as_str())
        .await
        .expect(200);
    send(app, "DELETE", "auth/totp", &anna, &password).await;

    let change = json!({ "email": "new@example.com", "password": PASSWORD });
    send(app, "POST", "auth/email/change", &anna, &change).await;
    server::mail::idle(&app.state).await;
    let link = json!({ "token": token_of(&app.link_to("new@example.com")) });
    send(app, "POST", "auth/email/verify", &anna, &link).await;
    let change = json!({ "current_password": PASSWORD, "new_password": NEW });
    send(app, "POST", "auth/password/change", &anna, &change).await;
    let forgot = json!({ "email": "new@example.com" });
    app.post("/api/v1/auth/password/forgot")
        .json(&forgot)
        .send()
        .await
        .expect(202);
    server::mail::idle(&app.state).await;
    let reset = json!({ "token": token_of(&app.link_to("new@example.com")), "password": PASSWORD });
    app.post("/api/v1/auth/password/reset")
        .json(&reset)
        .send()
        .await
        .expect(200);
    let login = json!({ "email": "new@example.com", "password": PASSWORD });
    let anna = Person::of(&app.post("/api/v1/auth/login").json(&login).send().await.expect(200));
    send(
        app,
        "DELETE",
        "account/profile",
        &anna,
        &json!({ "password": PASSWORD }),
    )
    .await;

    // An account that never proved its address is cleaned when its owner sets a password.
    app.register("boris").await;
    let forgot = json!({ "email": "boris@example.com" });
    app.post("/api/v1/auth/password/forgot")
        .json(&forgot)
        .send()
        .await
        .expect(202);
    server::mail::idle(&app.state).await;
    let reset = json!({ "token": token_of(&app.link_to("boris@example.com")), "password": NEW });
    app.post("/api/v1/auth/password/reset")
        .json(&reset)
        .send()
        .await
        .expect(200);
}

/// What people do together: an organization from its making to its end.
pub async fn life_together(app: &App) {
    let owner = app.verified("olga").await;
    let acme = format!("organizations/{}", app.organization(&owner, "acme").await);
    let paul = app.member(&owner, "acme", "paul", "member").await;
    let role = json!({ "role": "admin" });
    send(app, "PATCH", &format!("{acme}/members/{}", paul.id), &owner, &role).await;
    let invitations = format!("{acme}/invitations");
    let rosa = app.verified("rosa").await;
    for accepted in [true, false] {
        let made = send(app, "POST", &invitations, &paul, &json!({ "role": "member" })).await;
        let one = format!("{invitations}/{}", id_of(&made));
        let again = send(app, "POST", &format!("{one}/resend"), &paul, &json!({})).await;
        if accepted {
            let token = again["link"].as_str().unwrap().rsplit('/').next().unwrap();
            send(app, "POST", &format!("invitations/{token}/accept"), &rosa, &json!({})).await;
        } else {
            send(app, "DELETE", &one, &paul, &json!({})).await;
        }
    }
    let team = format!("teams/{}", app.team(&paul, "acme", "research", &[]).await);
    send(app, "PATCH", &team, &paul, &json!({ "name": "discovery" })).await;
    let members = format!("{team}/members");
    send(app, "POST", &members, &paul, &json!({ "user_id": rosa.id })).await;
    send(app, "DELETE", &format!("{members}/{}", rosa.id), &paul, &json!({})).await;
    send(app, "DELETE", &team, &paul, &json!({})).await;
    send(app, "DELETE", &format!("{acme}/members/{}", rosa.id), &paul, &json!({})).await;
    send(app, "PATCH", &acme, &owner, &json!({ "name": "Acme & Sons" })).await;
    send(app, "DELETE", &acme, &owner, &json!({})).await;
}

on_both! {
async fn everything_a_person_changes_is_told(app: App) {
    app.admin().await;
    life(app).await;
    life_together(app).await;
    app.audit_until("sign_in.failed", 1).await;
    let rows = app.audit().await;
    let told: BTreeSet<&str> = rows.iter().map(|row| row["action"].as_str().unwrap()).collect();
    let expected = BTreeSet::from([
        "factor.added",
        "factor.removed",
        "key.created",
        "invitation.created",
        "invitation.resent",
        "invitation.revoked",
        "key.revoked",
        "member.added",
        "member.removed",
        "member.role_changed",
        "organization.created",
        "organization.deleted",
        "organization.second_factor",
        "organization.updated",
        "recovery_code.used",
        "recovery_codes.replaced",
        "session.ended",
        "session.new_device",
        "session.started",
        "session.token_reused",
        "setup.completed",
        "sign_in.failed",
        "team.created",
        "team.deleted",
        "team.member_added",
        "team.member_removed",
        "team.updated",
        "token.created",
        "token.revoked",
        "user.created",
        "user.deleted",
        "user.email_change_asked",
        "user.email_changed",
        "user.email_verified",
        "user.password_changed",
        "user.password_reset",
        "user.reclaimed",
        "user.updated",
    ]);
    assert_eq!(told, expected);
    // Ids, never what people are called or can be written to, and nothing secret.
    let text = Value::from(rows).to_string();
    for word in ["@example.com", "the laptop", "the script", PASSWORD, NEW] {
        assert!(!text.contains(word), "{word}");
    }
}
}

const CATALOGUE: &str = r#"
[[providers]]
id = "p"
dialect = "anthropic"
base_url = "https://p.example.com/canary-path"
api_key = "sk-canary"
[[models]]
id = "m"
routes = [{ provider = "p", model = "m" }]
price = { input = "3.00", output = "15.00" }
"#;

async fn told_of_the_catalogue(database: Database) {
    let app = App::start_with(database, |config| config.add_catalogue(CATALOGUE).unwrap()).await;
    let dearer = CATALOGUE
        .replace("15.00", "18.00")
        .replace("sk-canary", "sk-other-canary");
    let app = app
        .restart_with(|config| {
            config.clear_catalogue();
            config.add_catalogue(&dearer).unwrap();
        })
        .await;
    let app = app.restart_with(server::Config::clear_catalogue).await;
    let rows = app.audit().await;
    let mut actions: Vec<&str> = rows.iter().map(|row| row["action"].as_str().unwrap()).collect();
    actions.sort_unstable();
    let expected = [
        "model.created",
        "model.disabled",
        "price.changed",
        "price.changed",
        "provider.created",
        "provider.disabled",
        "provider.updated",
    ];
    assert_eq!(actions, expected);
    let details = |action: &str| -> Vec<Value> {
        let rows = rows.iter().filter(|row| row["action"] == action);
        let texts = rows.map(|row| row["details"].as_str().unwrap());
        texts.map(|text| serde_json::from_str(text).unwrap()).collect()
    };
    assert_eq!(details("provider.updated")[0]["fields"], json!(["credential"]));
    let changed = details("price.changed")
        .into_iter()
        .find(|change| change["version"] == 2)
        .unwrap();
    assert_eq!(changed["before"]["output"], 15_000_000);
    assert_eq!(changed["after"]["output"], 18_000_000);
    assert!(rows.iter().all(|row| row["actor_kind"] == "system"));
    assert!(!Value::from(rows).to_string().contains("canary"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_configuration_changes_is_told_on_sqlite() {
    Box::pin(told_of_the_catalogue(Database::sqlite())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_configuration_changes_is_told_on_postgres() {
    if let Some(database) = Database::postgres() {
        Box::pin(told_of_the_catalogue(database)).await;
    }
}
