//! Every route that changes something leaves its row (C083): the document's changing routes, each of them carried out at least once, and what
//! the audit log says after it.
//!
//! A new route fails here until something in this file or in `audit_actions` carries it out and a row tells of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use axum::{
    extract::{ConnectInfo, Request},
    middleware::{Next, from_fn},
};
use serde_json::{Value, json};

use crate::{
    audit_actions::{life, life_together},
    support::{
        App, Database, PASSWORD, Person,
        litellm::{LiteLlm, MASTER, looked},
        organizations::{at, id_of},
        token_of,
    },
};

/// Where every request comes from.
const ADDRESS: &str = "192.0.2.7";

/// Changes nobody's rights and nothing owned: the beginning of something that is told once it is done, a letter that is asked for, a pair of
/// tokens for the next one, a question to a provider, and reports of clients (docs/decisions.md, "Conversations leave no audit rows").
const WITHOUT_ROW: [&str; 10] = [
    "begin_totp",
    "end_conversation",
    "forgot_password",
    "refresh",
    "request_link",
    "resend_verification",
    "start_conversation",
    "start_passkey",
    "start_passkey_sign_in",
    "test_provider",
];

/// What the log said after each operation that succeeded, by `operationId`.
type Told = Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>;

async fn actions(state: &server::State) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in server::for_tests::audit_log(state).await.unwrap() {
        *counts.entry(row["action"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

/// The operation of the document that a request is for.
fn operation(document: &Value, method: &str, path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let paths = document["paths"].as_object().unwrap().iter();
    let fitting = paths.filter(|(template, _)| {
        let template: Vec<&str> = template.split('/').collect();
        let same = |(part, given): (&&str, &&str)| part.starts_with('{') || part == given;
        template.len() == parts.len() && template.iter().zip(&parts).all(same)
    });
    let nearest = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
    let operation = &nearest.1[method.to_lowercase()];
    Some(operation["operationId"].as_str()?.to_owned())
}

/// Notes what every request of `app` leaves in the log.
fn witness(app: &mut App, document: &Value) -> Told {
    let told = Told::default();
    // Every request clones the layer, and with it what it holds.
    let (state, document, noted) = (app.state.clone(), Arc::new(document.clone()), told.clone());
    let router = app
        .router
        .clone()
        .layer(from_fn(move |mut request: Request, next: Next| {
            let (state, noted) = (state.clone(), noted.clone());
            let id = operation(&document, request.method().as_str(), request.uri().path());
            let peer = std::net::SocketAddr::new(ADDRESS.parse().unwrap(), 40_000);
            request.extensions_mut().insert(ConnectInfo(peer));
            async move {
                let before = actions(&state).await;
                let response = next.run(request).await;
                if let (Some(id), true) = (id, response.status().is_success()) {
                    let after = actions(&state).await;
                    let new = after
                        .into_iter()
                        .filter(|(action, count)| before.get(action) != Some(count));
                    // Written beside the answers, whenever there is time.
                    let new = new
                        .map(|(action, _)| action)
                        .filter(|action| action != "sign_in.failed");
                    noted.lock().unwrap().entry(id).or_default().extend(new);
                }
                response
            }
        }));
    app.router = router;
    told
}

async fn send(app: &App, method: &str, path: &str, person: &Person, body: &Value) -> Value {
    let call = app.call(method, &format!("/api/v1/{path}")).bearer(&person.access);
    let reply = call.json(body).send().await;
    assert!(reply.status.is_success(), "{method} {path}: {}", reply.text());
    serde_json::from_slice(&reply.body).unwrap_or_default()
}

/// What neither of the two lives does.
async fn the_rest(app: &App) {
    let none = json!({});
    let signed_up = json!({ "email": "vera@example.com", "password": PASSWORD, "username": "vera" });
    let vera = app.post("/api/v1/auth/signup").json(&signed_up).send().await;
    let vera = Person::of(&vera.expect(201));
    send(app, "POST", "auth/email/resend", &vera, &none).await;
    let key = send(app, "POST", "api-keys", &vera, &json!({ "name": "k" })).await;
    send(app, "DELETE", &format!("api-keys/{}", id_of(&key)), &vera, &none).await;
    app.post("/api/v1/auth/mock").send().await.expect(200);

    // Sign-ins and their ends.
    let email = json!({ "email": "vera@example.com" });
    let asked = app
        .post("/api/v1/auth/request-link")
        .json(&email)
        .send()
        .await
        .expect(202);
    let link = json!({ "token": token_of(asked["dev_link"].as_str().unwrap()) });
    app.post("/api/v1/auth/verify").json(&link).send().await.expect(200);
    let sessions = send(app, "GET", "auth/sessions", &vera, &none).await;
    let other = sessions["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["current"] == false);
    send(
        app,
        "DELETE",
        &format!("auth/sessions/{}", id_of(other.unwrap())),
        &vera,
        &none,
    )
    .await;
    let leaving = app.login("vera", false).await;
    let sent = json!({ "refresh_token": leaving.refresh });
    app.post("/api/v1/auth/logout").json(&sent).send().await.expect(204);
    app.login("vera", false).await;
    send(app, "DELETE", "auth/sessions", &vera, &none).await;
    let sent = json!({ "email": "vera@example.com", "password": PASSWORD });
    let line = app.post("/api/v1/auth/cli-login").json(&sent).send().await.expect(200);
    let line = app
        .post("/api/v1/auth/cli-logout")
        .bearer(line["token"].as_str().unwrap());
    line.send().await.expect(204);

    // A passkey and an identity, and their ends.
    let mut authenticator = app.authenticator(1);
    let added = app.add_passkey(&vera, &mut authenticator, false).await.expect(201);
    app.passkey_login(&mut authenticator).await.expect(200);
    let passkey = format!("auth/passkeys/{}", id_of(&added["passkey"]));
    send(app, "DELETE", &passkey, &vera, &json!({ "current_password": PASSWORD })).await;
    let user = vera.id.parse().unwrap();
    let identity = server::for_tests::identity(&app.state, user).await.unwrap();
    let identity = format!("auth/identities/{identity}");
    send(
        app,
        "DELETE",
        &identity,
        &vera,
        &json!({ "current_password": PASSWORD }),
    )
    .await;

    // What owners do to a key of somebody else, and what clients report.
    let wanda = app.verified("wanda").await;
    app.organization(&wanda, "smiths").await;
    let made = app.key_in(&wanda, "smiths", None).await;
    let key = format!("organizations/smiths/keys/{}", id_of(&made));
    send(app, "DELETE", &key, &wanda, &none).await;
    let begun = send(app, "POST", "sessions/start", &wanda, &none).await;
    let sent = json!({ "session_id": begun["session_id"], "transcript_hash": "0".repeat(64) });
    send(app, "POST", "sessions/end", &wanda, &sent).await;
}

/// What only administrators of the server do.
async fn administration(app: &App, root: &Person) {
    let none = json!({});
    send(
        app,
        "POST",
        "admin/users",
        root,
        &json!({ "email": "xenia@example.com" }),
    )
    .await;
    let person = app.verified("yves").await;
    let user = format!("admin/users/{}", person.id);
    send(app, "PATCH", &user, root, &json!({ "role": "read_only_admin" })).await;
    send(app, "PATCH", &user, root, &json!({ "is_active": false })).await;
    send(app, "PATCH", &user, root, &json!({ "is_active": true })).await;
    let person = app.login("yves", false).await;
    let mut authenticator = app.authenticator(2);
    app.add_passkey(&person, &mut authenticator, false).await.expect(201);
    send(app, "POST", &format!("{user}/reset-second-factor"), root, &none).await;
    send(app, "POST", &format!("{user}/sign-out"), root, &none).await;

    let owner = app.verified("zoe").await;
    let place = format!("admin/organizations/{}", app.organization(&owner, "overseen").await);
    send(app, "PATCH", &place, root, &json!({ "name": "Overseen" })).await;
    let sent = json!({ "user_id": person.id, "role": "member" });
    send(app, "POST", &format!("{place}/members"), root, &sent).await;
    let member = format!("{place}/members/{}", person.id);
    send(app, "PATCH", &member, root, &json!({ "role": "admin" })).await;
    send(app, "DELETE", &member, root, &none).await;
    send(app, "DELETE", &place, root, &none).await;
    send(app, "DELETE", &user, root, &none).await;

    let sent = json!({ "name": "vendor", "dialect": "openai", "base_url": "https://vendor.invalid/v1" });
    let provider = id_of(&send(app, "POST", "admin/providers", root, &sent).await);
    let provider = format!("admin/providers/{provider}");
    let sent = json!({ "credential": "sk-something-long" });
    send(app, "PUT", &format!("{provider}/credential"), root, &sent).await;
    send(app, "PATCH", &provider, root, &json!({ "responses": true })).await;
    send(app, "POST", &format!("{provider}/test"), root, &none).await;
    let sent = json!({ "name": "offered", "routes": [{ "provider": "vendor", "model": "m" }] });
    let model = id_of(&send(app, "POST", "admin/models", root, &sent).await);
    let model = format!("admin/models/{model}");
    let sent = json!({ "input": "1.00", "output": "2.00" });
    send(app, "POST", &format!("{model}/prices"), root, &sent).await;
    send(app, "DELETE", &format!("{model}/prices/1"), root, &none).await;
    // The default team is the server's, and its administrators' to change.
    let team = format!("teams/{}", types::teams::DEFAULT_TEAM);
    send(app, "PATCH", &team, root, &json!({ "allowed_models": ["offered"] })).await;
    send(app, "PATCH", &team, root, &json!({ "allowed_models": [] })).await;
    send(app, "PATCH", &model, root, &json!({ "is_enabled": false })).await;
    send(app, "DELETE", &model, root, &none).await;
    send(app, "DELETE", &provider, root, &none).await;
    send(app, "POST", "admin/models/sync", root, &none).await;
}

async fn check(database: Database) {
    // It lists nothing, so the demo model stays.
    let proxy = LiteLlm::start().await;
    let litellm = format!(
        "api_url = {:?}\napi_key = {MASTER:?}\nallow_private_network = true\nsync_every = 0\nmirror_keys = false",
        proxy.url
    );
    let mut app = App::start_with(database, |config| {
        config.auth.mock_auth = true;
        // All of it comes from one address.
        config.rate_limits.links_per_minute = 1000;
        config.rate_limits.links_per_hour = 1000;
        config.add_litellm(&litellm).unwrap();
    })
    .await;
    // What the server does by itself at its start is done before anybody asks for something.
    looked(&app.state).await;
    let document = serde_json::to_value(server::http::openapi(app.state.config())).unwrap();
    let told = witness(&mut app, &document);
    let root = app.admin().await;
    life(&app).await;
    life_together(&app).await;
    the_rest(&app).await;
    administration(&app, &root).await;

    let told = told.lock().unwrap().clone();
    let mut changing = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if method == "get" {
                continue;
            }
            let id = operation["operationId"].as_str().unwrap();
            changing.insert(id);
            let rows = told.get(id).unwrap_or_else(|| {
                panic!(
                    "nothing carries out {method} {path} ({id}): add a request that succeeds to `the_rest` in server/tests/it/audit_routes.rs"
                )
            });
            let is_told = !rows.is_empty();
            assert!(
                is_told != WITHOUT_ROW.contains(&id),
                "{method} {path} ({id}) left {rows:?} in the audit log"
            );
        }
    }
    let stale: Vec<_> = WITHOUT_ROW.iter().filter(|id| !changing.contains(**id)).collect();
    assert!(stale.is_empty(), "no route is {stale:?}");
    assert!(changing.len() >= 50, "{}", changing.len());
    told_by_whom(&app).await;
    app.stop().await;
}

/// Rows about what people own together say from where, about what, and what was before and after.
async fn told_by_whom(app: &App) {
    let rows = app.audit().await;
    // Sign-ins are told with their device; some are made here past the doors, and have none.
    let is_made_here = |row: &Value| {
        ["session.started", "session.new_device"]
            .iter()
            .any(|action| row["action"] == *action)
    };
    for row in rows
        .iter()
        .filter(|row| row["actor_kind"] == "user" && !is_made_here(row))
    {
        assert_eq!(row["address"], ADDRESS, "{row}");
    }
    for action in ["session.ended", "identity.unlinked", "team.updated"] {
        assert!(rows.iter().any(|row| row["action"] == action), "{action}");
    }
    let kinds = ["organization.", "member.", "invitation.", "team.", "key."];
    let about = |row: &&Value| {
        kinds
            .iter()
            .any(|kind| row["action"].as_str().unwrap().starts_with(kind))
    };
    let mut seen = 0;
    for row in rows.iter().filter(about) {
        seen += 1;
        let action = row["action"].as_str().unwrap();
        let target = match action.split_once('.').unwrap().0 {
            "member" => "user",
            "key" => "api_key",
            kind => kind,
        };
        assert_eq!(row["target_kind"], target, "{row}");
        let details: Value = serde_json::from_str(row["details"].as_str().unwrap()).unwrap();
        let (before, after) = match action {
            "organization.created" | "member.added" | "invitation.created" | "team.created" | "key.created" => {
                (false, true)
            }
            "organization.deleted" | "member.removed" | "invitation.revoked" | "team.deleted" | "key.revoked" => {
                (true, false)
            }
            "organization.second_factor" | "member.role_changed" | "invitation.resent" => (true, true),
            // Only a name changed, or who is in it.
            _ => continue,
        };
        assert_eq!(
            (details["before"].is_object(), details["after"].is_object()),
            (before, after),
            "{row}"
        );
    }
    assert!(seen >= 20, "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_changing_route_leaves_its_row_on_sqlite() {
    check(Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_changing_route_leaves_its_row_on_postgres() {
    if let Some(database) = Database::postgres() {
        check(database).await;
    }
}

async fn details(app: &App, action: &str) -> Value {
    let rows = app.audit().await;
    let row = rows.iter().rfind(|row| row["action"] == action).unwrap();
    serde_json::from_str(row["details"].as_str().unwrap()).unwrap()
}

on_both! {
async fn rows_of_organizations_say_what_was_before_and_after(app: App) {
    let owner = app.verified("owner").await;
    app.organization(&owner, "acme").await;
    let paul = app.member(&owner, "acme", "paul", "member").await;
    let acme = "organizations/acme".to_owned();
    send(app, "PATCH", &format!("{acme}/members/{}", paul.id), &owner, &json!({ "role": "admin" })).await;
    let told = json!({ "before": { "role": "member" }, "after": { "role": "admin" } });
    assert_eq!(details(app, "member.role_changed").await, told);
    let team = app.team(&owner, "acme", "research", &[]).await;
    send(app, "PATCH", &format!("teams/{team}"), &owner, &json!({ "name": "other", "allowed_models": ["demo"], "rpm_limit": 9 })).await;
    let told = json!({
        "fields": ["name", "allowed_models", "rpm_limit"], "before": { "allowed_models": [] },
        "after": { "allowed_models": ["demo"], "rpm_limit": 9 },
    });
    assert_eq!(details(app, "team.updated").await, told);
    app.join_team(&owner, &team, &paul).await;
    assert_eq!(details(app, "team.member_added").await, json!({ "user": paul.id }));
    let invited = app.post(&at("acme", "/invitations")).bearer(&owner.access).json(&json!({ "role": "member" }));
    invited.send().await.expect(201);
    let told = json!({
        "after": { "role": "member", "mailed": false, "invited_by": owner.id, "expires_at": "2026-11-25T11:06:42.000Z" },
    });
    assert_eq!(details(app, "invitation.created").await, told);
    // Who deletes their account is told of where they belonged.
    let key = app.key_in(&paul, "acme", None).await;
    send(app, "DELETE", "account/profile", &paul, &json!({ "password": PASSWORD })).await;
    let told = json!({ "before": { "role": "admin" }, "keys_revoked": { "count": 1, "ids": [key["id"]] }, "why": "account_deleted" });
    assert_eq!(details(app, "member.removed").await, told);
    send(app, "PATCH", &acme, &owner, &json!({ "slug": "roadrunner" })).await;
    let told = json!({ "fields": ["slug"], "before": { "slug": "acme" }, "after": { "slug": "roadrunner" } });
    assert_eq!(details(app, "organization.updated").await, told);
    app.advance_secs(1);
    send(app, "PATCH", "organizations/roadrunner", &owner, &json!({ "allowed_models": ["demo"] })).await;
    let told = json!({ "fields": ["allowed_models"], "before": { "allowed_models": [] }, "after": { "allowed_models": ["demo"] } });
    assert_eq!(details(app, "organization.updated").await, told);
}
}
