//! `organizations/{organization}/audit` and `admin/audit`: who may read what, filters, pages, names.

use serde_json::{Value, json};
use types::{OrganizationId, OrganizationRole};

use crate::support::{App, PASSWORD, Person, Reply};

const SERVER: &str = "/api/v1/admin/audit";

fn own(app: &App, person: &Person) -> OrganizationId {
    let user = server::sessions::from_access_token(&app.state, &person.access).unwrap();
    user.organization_id()
}

fn path(organization: OrganizationId) -> String {
    format!("/api/v1/organizations/{organization}/audit")
}

async fn get(app: &App, person: &Person, path: &str) -> Reply {
    app.get(path).bearer(&person.access).send().await
}

async fn entries(app: &App, person: &Person, path: &str) -> Vec<Value> {
    get(app, person, path).await.expect(200)["data"]
        .as_array()
        .unwrap()
        .clone()
}

on_both! {
async fn organization_is_read_by_who_runs_it(app: App) {
    let anna = app.register("anna").await;
    let boris = app.register("boris").await;
    let clara = app.register("clara").await;
    let organization = own(app, &anna);
    app.join(organization, &boris).await;
    for path in [path(organization), format!("{}/export?format=csv", path(organization))] {
        app.get(&path).send().await.problem(401, "missing_credential");
        get(app, &clara, &path).await.problem(404, "not_found");
        get(app, &boris, &path).await.problem(403, "forbidden");
        assert_eq!(get(app, &anna, &path).await.status, 200);
    }
    let user = boris.id.parse().unwrap();
    server::for_tests::join(&app.state, organization, user, OrganizationRole::Admin).await.unwrap();
    get(app, &boris, &path(organization)).await.expect(200);
    let nobodys: OrganizationId = "0199f7c2-7a3e-7000-8000-000000000000".parse().unwrap();
    get(app, &anna, &path(nobodys)).await.problem(404, "not_found");
    get(app, &anna, "/api/v1/organizations/none/audit").await.problem(404, "not_found");
}
}

on_both! {
async fn server_is_read_by_its_administrators(app: App) {
    let root = app.admin().await;
    let anna = app.register("anna").await;
    for path in [SERVER, "/api/v1/admin/audit/export", "/api/v1/admin/request-log"] {
        app.get(path).send().await.problem(401, "missing_credential");
        get(app, &anna, path).await.problem(403, "forbidden");
        get(app, &root, path).await.expect(200);
    }
}
}

on_both! {
async fn other_organizations_rows_are_not_shown(app: App) {
    let root = app.admin().await;
    let anna = app.register("anna").await;
    let boris = app.register("boris").await;
    app.key(&boris, "of boris").await;
    let seen = entries(app, &anna, &path(own(app, &anna))).await;
    assert_eq!(seen.len(), 2);
    assert!(!Value::from(seen).to_string().contains(&boris.id));
    // What belongs to no organization is the server's.
    app.advance_secs(1);
    let sent = json!({ "refresh_token": anna.refresh });
    app.post("/api/v1/auth/logout").json(&sent).send().await.expect(204);
    let all = entries(app, &root, SERVER).await;
    assert_eq!(all[0]["action"], "session.ended");
    assert_eq!(all[0]["organization_id"], Value::Null);
    assert_eq!(all.len(), 2 + 2 + 2 + 1 + 1);
}
}

on_both! {
async fn entry_says_who_did_what_to_what_from_where(app: App) {
    let anna = app.register("anna").await;
    app.advance_secs(1);
    let call = app.post("/api/v1/account/keys").bearer(&anna.access).from("203.0.113.7");
    let made = call.json(&json!({ "name": "the laptop" })).send().await.expect(201);
    let entry = &entries(app, &anna, &path(own(app, &anna))).await[0];
    assert_eq!(entry["action"], "key.created");
    assert_eq!(entry["at"], "2026-11-18T11:06:41.000Z");
    assert_eq!(entry["actor"], json!({ "kind": "user", "id": anna.id, "name": "anna" }));
    assert_eq!(entry["target"], json!({ "kind": "api_key", "id": made["id"], "name": "the laptop" }));
    assert_eq!(entry["address"], "203.0.113.7");
    assert_eq!(entry["details"]["after"]["permissions"], json!({ "read": true, "write": true }));
    assert!(!entry.to_string().contains(made["key"].as_str().unwrap()));

    app.advance_secs(1);
    let change = json!({ "theme": "dark", "full_name": "Anna Ivanova" });
    let call = app.call("PUT", "/api/v1/account/profile").bearer(&anna.access);
    call.json(&change).send().await.expect(200);
    let entry = &entries(app, &anna, &path(own(app, &anna))).await[0];
    let details = json!({ "fields": ["full_name", "theme"], "before": { "theme": "system" }, "after": { "theme": "dark" } });
    assert_eq!(entry["details"], details);
}
}

on_both! {
async fn name_of_what_is_gone_is_null_and_the_row_stays(app: App) {
    let root = app.admin().await;
    let anna = app.register("anna").await;
    app.key(&anna, "the laptop").await;
    let sent = json!({ "password": PASSWORD });
    let call = app.call("DELETE", "/api/v1/account/profile").bearer(&anna.access);
    call.json(&sent).send().await.expect(204);
    let rows = entries(app, &root, &format!("{SERVER}?actor={}", anna.id)).await;
    let mut actions: Vec<&str> = rows.iter().map(|row| row["action"].as_str().unwrap()).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["key.created", "session.started", "user.created", "user.deleted"]);
    for row in rows {
        assert_eq!(row["actor"], json!({ "kind": "user", "id": anna.id, "name": null }));
        assert_eq!(row["target"]["name"], Value::Null, "{row}");
    }
}
}

on_both! {
async fn filters_narrow(app: App) {
    let root = app.admin().await;
    let anna = app.register("anna").await;
    let key = app.key(&anna, "one").await;
    app.advance_secs(60);
    app.key(&anna, "two").await;
    let one = format!("/api/v1/account/keys/{key}");
    app.call("DELETE", &one).bearer(&anna.access).send().await.expect(204);
    let log = path(own(app, &anna));
    let count = async |query: &str| entries(app, &anna, &format!("{log}?{query}")).await.len();
    assert_eq!(count("action=key.").await, 3);
    assert_eq!(count("action=key.created").await, 2);
    assert_eq!(count("action=key").await, 0);
    assert_eq!(count(&format!("target={key}")).await, 2);
    assert_eq!(count(&format!("actor={}", anna.id)).await, 5);
    assert_eq!(count(&format!("actor={}", root.id)).await, 0);
    assert_eq!(count("actor=user").await, 5);
    assert_eq!(count("actor=system").await, 0);
    assert_eq!(count("from=2026-11-18T11:07:40Z").await, 2);
    assert_eq!(count("to=2026-11-18T11:07:40Z").await, 3);
    assert_eq!(count("from=2026-11-18T11:06:40Z&to=2026-11-18T11:06:40.001Z&action=key.").await, 1);
    for (query, field) in [
        ("actor=nobody", "actor"),
        ("action=", "action"),
        ("action=key%25", "action"),
        ("target=%00", "target"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("cursor=x", "cursor"),
    ] {
        get(app, &anna, &format!("{log}?{query}")).await.invalid(field, "unknown_value");
    }
    get(app, &anna, &format!("{log}?from=yesterday")).await.invalid("from", "wrong_type");
    get(app, &anna, &format!("{log}?who=anna")).await.invalid("who", "unknown_field");
}
}

on_both! {
async fn pages_hold_every_row_once_newest_first(app: App) {
    let anna = app.register("anna").await;
    for number in 0..5 {
        app.advance_secs(1);
        app.key(&anna, &format!("key {number}")).await;
    }
    let log = path(own(app, &anna));
    let whole = entries(app, &anna, &log).await;
    assert_eq!(whole.len(), 7);
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    for expected in [3, 3, 1] {
        let page = get(app, &anna, &format!("{log}?limit=3{cursor}")).await.expect(200);
        let data = page["data"].as_array().unwrap();
        assert_eq!(data.len(), expected);
        paged.extend(data.iter().cloned());
        cursor = page["next_cursor"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
    }
    assert_eq!(cursor, "");
    assert_eq!(paged, whole);
    let times: Vec<&str> = whole.iter().map(|row| row["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|later, earlier| later >= earlier), "{times:?}");
}
}
