//! `admin/organizations`: what who runs the server sees and changes of organizations they do not belong to.

use serde_json::{Value, json};
use types::{OrganizationRole, PlatformRole};

use crate::support::{
    App, Person, Reply,
    organizations::{at, each, id_of},
};

const ORGANIZATIONS: &str = "/api/v1/admin/organizations";

fn of(organization: &str, rest: &str) -> String {
    format!("{ORGANIZATIONS}/{organization}{rest}")
}

async fn get(app: &App, person: &Person, path: &str) -> Reply {
    app.get(path).bearer(&person.access).send().await
}

async fn send(app: &App, by: &Person, method: &str, path: &str, body: &Value) -> Reply {
    app.call(method, path).bearer(&by.access).json(body).send().await
}

on_both! {
async fn list_is_searched_and_personal_ones_come_on_wish(app: App) {
    let root = app.admin().await;
    let anna = app.verified("anna").await;
    app.organization(&anna, "acme").await;
    app.advance_secs(1);
    app.organization(&anna, "other").await;
    let names = async |query: &str| {
        let page = get(app, &root, &format!("{ORGANIZATIONS}?{query}")).await.expect(200);
        each(&page, "name").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    // The server's own has the largest id.
    assert_eq!(names("").await, ["System", "other", "acme"]);
    assert_eq!(names("q=AC").await, ["acme"]);
    assert_eq!(names("q=%25").await, [""; 0]);
    assert_eq!(names("q=anna").await, [""; 0]);
    assert_eq!(names("q=anna&personal=true").await, ["anna"]);
    assert_eq!(names("limit=1&q=a").await, ["acme"]);
    let long = format!("{ORGANIZATIONS}?q={}", "_".repeat(10_240));
    get(app, &root, &long).await.invalid("q", "too_long");
    get(app, &root, &format!("{ORGANIZATIONS}?limit=101")).await.invalid("limit", "unknown_value");
    get(app, &root, &format!("{ORGANIZATIONS}?sort=name")).await.invalid("sort", "unknown_field");
    let seen = get(app, &root, &of("acme", "")).await.expect(200);
    assert_eq!((&seen["kind"], &seen["members"], &seen["owners"]), (&json!("shared"), &json!(1), &json!(1)));
    get(app, &root, &of("nothing", "")).await.problem(404, "not_found");
    // Seeing it makes nobody a member.
    get(app, &root, &at("acme", "")).await.problem(404, "not_found");
}
}

on_both! {
async fn only_administrators_change(app: App) {
    let root = app.admin().await;
    let anna = app.verified("anna").await;
    app.organization(&anna, "acme").await;
    let overseer = app.verified("overseer").await;
    let id = overseer.id.parse().unwrap();
    server::for_tests::set_platform_role(&app.state, id, PlatformRole::ReadOnlyAdmin).await.unwrap();
    get(app, &overseer, &of("acme", "/members")).await.expect(200);
    get(app, &anna, ORGANIZATIONS).await.problem(403, "forbidden");
    let role = json!({ "role": "owner" });
    for by in [&overseer, &anna] {
        send(app, by, "PATCH", &of("acme", ""), &json!({ "name": "x" })).await.problem(403, "forbidden");
        send(app, by, "DELETE", &of("acme", ""), &json!({})).await.problem(403, "forbidden");
        send(app, by, "PATCH", &of("acme", &format!("/members/{}", anna.id)), &role).await.problem(403, "forbidden");
    }
    for field in ["kind", "plan", "personal_user_id", "requires_second_factor", "id"] {
        let mut change = json!({ "name": "Acme" });
        change[field] = json!("x");
        send(app, &root, "PATCH", &of("acme", ""), &change).await.invalid(field, "unknown_field");
    }
    let renamed = send(app, &root, "PATCH", &of("acme", ""), &json!({ "name": "Acme", "slug": "acme-2" })).await;
    assert_eq!(renamed.expect(200)["slug"], "acme-2");
    let seen = get(app, &anna, &at("acme-2", "")).await.expect(200);
    assert_eq!(seen["name"], "Acme");
    let rows = app.audit_until("organization.updated", 1).await;
    assert_eq!(rows[0]["actor_id"], root.id);
}
}

on_both! {
async fn one_without_owners_gets_one_and_then_keeps_one(app: App) {
    let root = app.admin().await;
    let anna = app.verified("anna").await;
    let boris = app.verified("boris").await;
    let id = server::for_tests::organization(&app.state, "acme").await.unwrap();
    server::for_tests::join(&app.state, id, anna.id.parse().unwrap(), OrganizationRole::Member).await.unwrap();
    assert_eq!(get(app, &root, &of("acme", "")).await.expect(200)["owners"], 0);
    let member = |person: &Person| of("acme", &format!("/members/{}", person.id));
    let owner = json!({ "role": "owner" });
    send(app, &root, "PATCH", &member(&boris), &owner).await.problem(404, "not_found");
    let changed = send(app, &root, "PATCH", &member(&anna), &owner).await.expect(200);
    assert_eq!(changed["role"], "owner");
    get(app, &anna, &at("acme", "/audit")).await.expect(200);

    send(app, &root, "PATCH", &member(&anna), &json!({ "role": "member" })).await.problem(409, "last_owner");
    send(app, &root, "DELETE", &member(&anna), &json!({})).await.problem(409, "last_owner");
    let sent = json!({ "email": "boris@example.com", "role": "admin" });
    let call = app.post(&of("acme", "/members")).bearer(&root.access).header("idempotency-key", "once").json(&sent);
    let added = call.clone().send().await.expect(201);
    assert_eq!((&added["user_id"], &added["role"]), (&json!(boris.id), &json!("admin")));
    assert_eq!(call.send().await.expect(201), added);
    send(app, &root, "POST", &of("acme", "/members"), &sent).await.problem(409, "conflict");
    let nobody = json!({ "email": "nobody@example.com", "role": "member" });
    send(app, &root, "POST", &of("acme", "/members"), &nobody).await.problem(404, "user_not_found");
    let key = app.key_in(&boris, "acme", None).await;
    assert!(app.takes(&key));
    send(app, &root, "DELETE", &member(&boris), &json!({})).await.expect(204);
    assert!(!app.takes(&key));
    get(app, &boris, &at("acme", "")).await.problem(404, "not_found");
}
}

on_both! {
async fn deletion_has_the_consequences_of_an_owners(app: App) {
    let root = app.admin().await;
    let anna = app.verified("anna").await;
    let acme = app.organization(&anna, "acme").await;
    let key = app.key_in(&anna, "acme", None).await;
    let personal = get(app, &anna, "/api/v1/auth/me").await.expect(200)["organization_id"].clone();
    let system = "a0000000-0000-4000-8000-000000000000";
    for kept in [personal.as_str().unwrap(), system] {
        send(app, &root, "DELETE", &of(kept, ""), &json!({})).await.problem(409, "conflict");
        send(app, &root, "PATCH", &of(kept, ""), &json!({ "slug": "another" })).await.problem(409, "conflict");
        let sent = json!({ "user_id": root.id, "role": "owner" });
        send(app, &root, "POST", &of(kept, "/members"), &sent).await.problem(409, "conflict");
    }
    send(app, &root, "DELETE", &of(&acme, ""), &json!({})).await.expect(204);
    assert!(!app.takes(&key));
    get(app, &anna, &at("acme", "")).await.problem(404, "not_found");
    get(app, &root, &of(&acme, "")).await.problem(404, "not_found");
    let sent = json!({ "name": "acme", "slug": "acme" });
    send(app, &anna, "POST", "/api/v1/organizations", &sent).await.problem(409, "slug_taken");
    assert_eq!(app.audit_until("organization.deleted", 1).await[0]["actor_id"], root.id);
    // What everybody may use is the default team's to say.
    let team = "/api/v1/teams/a0000000-0000-4000-8000-000000000001";
    let named = json!({ "name": "Everyone" });
    assert_eq!(id_of(&send(app, &root, "PATCH", team, &named).await.expect(200)), team.rsplit('/').next().unwrap());
    send(app, &anna, "PATCH", team, &named).await.problem(403, "forbidden");
}
}
