//! `organizations[/{organization}]`: made, found, renamed, deleted, and who may do that.

use serde_json::{Value, json};

use crate::support::{
    App, Database, Person,
    organizations::{at, each, id_of},
};

const ALL: &str = "/api/v1/organizations";
const DAY: i64 = 24 * 3600;

async fn make(app: &App, person: &Person, sent: &Value) -> crate::support::Reply {
    app.post(ALL).bearer(&person.access).json(sent).send().await
}

async fn change(app: &App, person: &Person, organization: &str, sent: &Value) -> crate::support::Reply {
    let call = app.call("PATCH", &at(organization, "")).bearer(&person.access);
    call.json(sent).send().await
}

on_both! {
async fn organization_is_made_listed_and_found_by_id_and_slug(app: App) {
    let anna = app.register("anna").await;
    app.advance_secs(1);
    let made = make(app, &anna, &json!({ "name": " Acme Inc. ", "slug": "acme" })).await.expect(201);
    assert_eq!(made["name"], "Acme Inc.");
    assert_eq!(made["slug"], "acme");
    assert_eq!((&made["kind"], &made["role"], &made["members"]), (&json!("shared"), &json!("owner"), &json!(1)));
    assert_eq!(made["requires_second_factor"], false);
    assert_eq!(made["created_at"], "2026-11-18T11:06:41.000Z");
    for named in ["acme", &id_of(&made)] {
        assert_eq!(app.get(&at(named, "")).bearer(&anna.access).send().await.expect(200), made);
        app.get(&format!("/api/organizations/{named}")).bearer(&anna.access).send().await.expect(200);
    }
    let list = app.get(ALL).bearer(&anna.access).send().await.expect(200);
    assert_eq!(each(&list, "kind"), ["personal", "shared"]);
    let first = app.get(&format!("{ALL}?limit=1")).bearer(&anna.access).send().await.expect(200);
    let next = format!("{ALL}?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = app.get(&next).bearer(&anna.access).send().await.expect(200);
    assert_eq!(second["data"], json!([made]));
    assert_eq!(second["next_cursor"], Value::Null);
    app.get(&format!("{ALL}?limit=0")).bearer(&anna.access).send().await.invalid("limit", "unknown_value");
}
}

on_both! {
async fn organization_of_others_is_as_unknown_as_none(app: App) {
    let anna = app.register("anna").await;
    let boris = app.register("boris").await;
    let acme = app.organization(&anna, "acme").await;
    let annas = app.get("/api/v1/auth/me").bearer(&anna.access).send().await.expect(200);
    let system = types::teams::SYSTEM_ORGANIZATION.to_string();
    for named in [acme.as_str(), "acme", "nothing", "No%20Slug", "%00", annas["organization_id"].as_str().unwrap(), &system] {
        let path = at(named, "");
        app.get(&path).bearer(&boris.access).send().await.problem(404, "not_found");
        app.call("PATCH", &path).bearer(&boris.access).json(&json!({ "name": "x" })).send().await.problem(404, "not_found");
        app.call("DELETE", &path).bearer(&boris.access).send().await.problem(404, "not_found");
    }
    // C076: who somebody is does not stand in headers of their own.
    for (name, value) in [("x-user-id", anna.id.as_str()), ("x-org-id", &acme), ("x-request-from", "internal"), ("x-forwarded-user", "anna")] {
        app.get(&at("acme", "")).bearer(&boris.access).header(name, value).send().await.problem(404, "not_found");
        app.get(&at("acme", "")).header(name, value).send().await.problem(401, "missing_credential");
    }
    app.get(&at("acme", "")).bearer(&anna.access).send().await.expect(200);
}
}

on_both! {
async fn field_that_breaks_a_rule_is_422_and_makes_nothing(app: App) {
    let anna = app.register("anna").await;
    let long = "a".repeat(40);
    for (sent, field, code) in [
        (json!({ "slug": "acme" }), "name", "required"),
        (json!({ "name": " ", "slug": "acme" }), "name", "required"),
        (json!({ "name": "Acme" }), "slug", "required"),
        (json!({ "name": "Acme", "slug": "" }), "slug", "required"),
        (json!({ "name": "Acme", "slug": "a" }), "slug", "too_short"),
        (json!({ "name": "Acme", "slug": long }), "slug", "too_long"),
        (json!({ "name": "Acme", "slug": "Acme" }), "slug", "not_a_slug"),
        (json!({ "name": "Acme", "slug": "a--b" }), "slug", "not_a_slug"),
        (json!({ "name": "Acme", "slug": "0199f7c2-7a3e-7000-8000-000000000000" }), "slug", "not_a_slug"),
        (json!({ "name": "Acme", "slug": "admin" }), "slug", "reserved"),
        // C072
        (json!({ "name": "Acme", "slug": "acme", "id": anna.id }), "id", "unknown_field"),
        (json!({ "name": "Acme", "slug": "acme", "plan": "team" }), "plan", "unknown_field"),
        (json!({ "name": "Acme", "slug": "acme", "created_at": "2020-01-01T00:00:00Z" }), "created_at", "unknown_field"),
    ] {
        make(app, &anna, &sent).await.invalid(field, code);
    }
    let list = app.get(ALL).bearer(&anna.access).send().await.expect(200);
    assert_eq!(each(&list, "kind"), ["personal"]);
    app.organization(&anna, "acme").await;
    for field in ["kind", "plan", "role", "org_id", "user_id", "spent", "is_admin", "created_at"] {
        change(app, &anna, "acme", &json!({ field: "x" })).await.invalid(field, "unknown_field");
    }
    make(app, &anna, &json!({ "name": "Other", "slug": "acme" })).await.problem(409, "slug_taken");
}
}

on_both! {
async fn old_slug_leads_on_for_90_days_and_is_nobody_elses(app: App) {
    let anna = app.register("anna").await;
    let boris = app.register("boris").await;
    app.organization(&anna, "old").await;
    let shown = change(app, &anna, "old", &json!({ "slug": "fresh", "name": "New" })).await.expect(200);
    assert_eq!((&shown["slug"], &shown["name"]), (&json!("fresh"), &json!("New")));
    let moved = app.get(&at("old", "/members?limit=3")).bearer(&anna.access).send().await;
    assert_eq!(moved.status, 307);
    assert_eq!(moved.header("location"), Some("/api/v1/organizations/fresh/members?limit=3"));
    let moved = app.post("/api/organizations/old/teams").bearer(&anna.access).json(&json!({ "name": "t" })).send().await;
    assert_eq!((moved.status.as_u16(), moved.header("location")), (307, Some("/api/organizations/fresh/teams")));
    // Where it leads is told to members alone.
    app.get(&at("old", "")).bearer(&boris.access).send().await.problem(404, "not_found");
    app.get(&at("old", "")).send().await.problem(401, "missing_credential");
    make(app, &boris, &json!({ "name": "Mine", "slug": "old" })).await.problem(409, "slug_taken");
    app.organization(&boris, "boris-inc").await;
    change(app, &boris, "boris-inc", &json!({ "slug": "old" })).await.problem(409, "slug_taken");
    // Its organization may take it back, and then the other one leads here.
    change(app, &anna, "fresh", &json!({ "slug": "old" })).await.expect(200);
    app.get(&at("old", "")).bearer(&anna.access).send().await.expect(200);
    assert_eq!(app.get(&at("fresh", "")).bearer(&anna.access).send().await.status, 307);

    app.advance_secs(90 * DAY - 1);
    let anna = app.login("anna", false).await;
    assert_eq!(app.get(&at("fresh", "")).bearer(&anna.access).send().await.status, 307);
    app.advance_secs(1);
    app.get(&at("fresh", "")).bearer(&anna.access).send().await.problem(404, "not_found");
    let boris = app.login("boris", false).await;
    change(app, &boris, "boris-inc", &json!({ "slug": "fresh" })).await.expect(200);
}
}

on_both! {
async fn only_owners_change_and_delete_it(app: App) {
    let anna = app.register("anna").await;
    app.organization(&anna, "acme").await;
    let boris = app.member(&anna, "acme", "boris", "admin").await;
    let carl = app.member(&anna, "acme", "carl", "member").await;
    for person in [&boris, &carl] {
        change(app, person, "acme", &json!({ "name": "Mine" })).await.problem(403, "forbidden");
        app.call("DELETE", &at("acme", "")).bearer(&person.access).send().await.problem(403, "forbidden");
        let shown = app.get(&at("acme", "")).bearer(&person.access).send().await.expect(200);
        assert_eq!((&shown["name"], &shown["members"]), (&json!("acme"), &json!(3)));
    }
    let untouched = change(app, &anna, "acme", &json!({})).await.expect(200);
    assert_eq!(untouched["name"], "acme");
}
}

on_both! {
async fn deleted_organization_is_gone_with_its_keys_and_its_books_stay(app: App) {
    let anna = app.register("anna").await;
    let acme = app.organization(&anna, "acme").await;
    let boris = app.member(&anna, "acme", "boris", "admin").await;
    let team = app.team(&anna, "acme", "research", &[]).await;
    let keys = [app.key_in(&anna, "acme", None).await, app.key_in(&boris, "acme", Some(&team)).await];
    let own = app.post("/api/v1/account/keys").bearer(&boris.access).json(&json!({ "name": "own" })).send().await.expect(201);
    app.post(&at("acme", "/invitations")).bearer(&anna.access).json(&json!({ "role": "member" })).send().await.expect(201);
    assert!(keys.iter().all(|key| app.takes(key)));
    app.call("DELETE", &at("acme", "")).bearer(&anna.access).send().await.expect(204);
    for named in ["acme", &acme] {
        app.get(&at(named, "")).bearer(&anna.access).send().await.problem(404, "not_found");
    }
    app.get(&format!("/api/v1/teams/{team}")).bearer(&anna.access).send().await.problem(404, "not_found");
    for key in &keys {
        let entry = app.state.directory().key(key["key"].as_str().unwrap()).unwrap();
        assert!(entry.revoked);
    }
    assert!(app.takes(&own), "keys elsewhere go on");
    let list = app.get("/api/v1/account/keys").bearer(&boris.access).send().await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 2, "the revoked key stays listed");
    let told: Vec<Value> = app.audit().await.into_iter().filter(|row| row["action"] == "organization.deleted").collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["target_id"], acme.as_str());
    // The slug is nobody's for a while, not even its owner's: somebody may still trust it.
    make(app, &boris, &json!({ "name": "Acme", "slug": "acme" })).await.problem(409, "slug_taken");
    app.advance_secs(90 * DAY);
    let boris = app.login("boris", false).await;
    app.organization(&boris, "acme").await;
}
}

on_both! {
async fn personal_organization_stays_one_persons(app: App) {
    let anna = app.register("anna").await;
    let boris = app.verified("boris").await;
    let me = app.get("/api/v1/auth/me").bearer(&anna.access).send().await.expect(200);
    let own = me["organization_id"].as_str().unwrap();
    app.call("DELETE", &at(own, "")).bearer(&anna.access).send().await.problem(409, "conflict");
    change(app, &anna, own, &json!({ "slug": "anna-inc" })).await.problem(409, "conflict");
    assert_eq!(change(app, &anna, own, &json!({ "name": "Anna" })).await.expect(200)["name"], "Anna");
    let add = json!({ "user_id": boris.id, "role": "member" });
    app.post(&at(own, "/members")).bearer(&anna.access).json(&add).send().await.problem(409, "conflict");
    let invite = json!({ "role": "member" });
    app.post(&at(own, "/invitations")).bearer(&anna.access).json(&invite).send().await.problem(409, "conflict");
    app.post(&at(own, "/teams")).bearer(&anna.access).json(&json!({ "name": "t" })).send().await.problem(409, "conflict");
    let path = at(own, &format!("/members/{}", anna.id));
    app.call("DELETE", &path).bearer(&anna.access).send().await.problem(409, "conflict");
    let demote = json!({ "role": "member" });
    app.call("PATCH", &path).bearer(&anna.access).json(&demote).send().await.problem(409, "last_owner");
}
}

on_both! {
async fn racing_for_a_slug_makes_one_organization(app: App) {
    let anna = app.register("anna").await;
    let calls = (0..20).map(|_| async { make(app, &anna, &json!({ "name": "Acme", "slug": "acme" })).await });
    let replies = futures_util::future::join_all(calls).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.problem(409, "slug_taken");
    }
}
}

on_both! {
async fn every_change_is_told_once_and_refused_ones_are_not(app: App) {
    let anna = app.register("anna").await;
    app.organization(&anna, "acme").await;
    for _ in 0..2 {
        app.advance_secs(1);
        change(app, &anna, "acme", &json!({ "name": "Acme" })).await.expect(200);
    }
    let boris = app.register("boris").await;
    change(app, &boris, "acme", &json!({ "name": "Mine" })).await.expect(404);
    let actions: Vec<String> = app
        .audit()
        .await
        .iter()
        .map(|row| row["action"].as_str().unwrap().to_owned())
        .filter(|action| action.starts_with("organization."))
        .collect();
    assert_eq!(actions, ["organization.created", "organization.updated"]);
}
}

/// Whoever had it would get the group's people as members.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slug_that_a_providers_groups_lead_to_is_for_administrators() {
    let app = App::start_with(Database::sqlite(), |config| {
        let provider = "[[sign_in_providers]]\nid = \"work\"\nkind = \"oidc\"\nissuer = \"https://id.example.com\"\nclient_id = \"c\"\n\
             client_secret = \"s\"\norganizations = [{ group = \"dev\", organization = \"mapped\" }]\n";
        config.add_sign_in_providers(provider).unwrap();
    })
    .await;
    let anna = app.register("anna").await;
    let sent = json!({ "name": "Mapped", "slug": "mapped" });
    make(&app, &anna, &sent).await.invalid("slug", "reserved");
    app.organization(&anna, "acme").await;
    change(&app, &anna, "acme", &json!({ "slug": "mapped" }))
        .await
        .invalid("slug", "reserved");
    let id = anna.id.parse().unwrap();
    server::for_tests::set_platform_role(&app.state, id, types::PlatformRole::Admin)
        .await
        .unwrap();
    make(&app, &anna, &sent).await.expect(201);
    app.stop().await;
}

on_both! {
async fn owners_and_admins_say_which_models_it_pays_for(app: App) {
    let owner = app.verified("owner").await;
    let id = app.organization(&owner, "acme").await;
    let admin = app.member(&owner, "acme", "admin", "admin").await;
    let member = app.member(&owner, "acme", "member", "member").await;
    let root = app.admin().await;
    let entry = || app.state.directory().organization(id.parse().unwrap()).unwrap();
    let demo = json!({ "allowed_models": ["demo", "demo"] });
    for by in [&owner, &admin] {
        let changed = change(app, by, "acme", &demo).await.expect(200);
        assert_eq!(changed["allowed_models"], json!(["demo"]));
        assert!(entry().allows("demo") && !entry().allows("other"));
        let changed = change(app, by, "acme", &json!({ "allowed_models": [] })).await.expect(200);
        assert_eq!(changed["allowed_models"], json!([]));
        assert!(entry().allows("other"));
    }
    change(app, &member, "acme", &demo).await.problem(403, "forbidden");
    change(app, &root, "acme", &demo).await.problem(404, "not_found");
    // Nothing else is an admin's, not even along with it.
    for other in [json!({ "name": "A" }), json!({ "slug": "ab" }), json!({ "requires_second_factor": false })] {
        change(app, &admin, "acme", &other).await.problem(403, "forbidden");
        let mut both = demo.clone();
        both.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        change(app, &admin, "acme", &both).await.problem(403, "forbidden");
    }
    assert!(entry().allowed_models.is_empty());
    for (sent, code) in [
        (json!(["nobody-offers-this"]), "unknown_value"),
        (json!(["demo", "*"]), "unknown_value"),
        (json!((0..201).map(|n| n.to_string()).collect::<Vec<_>>()), "too_long"),
        (json!("demo"), "wrong_type"),
    ] {
        change(app, &owner, "acme", &json!({ "allowed_models": sent })).await.invalid("allowed_models", code);
    }
    // An administrator of the server may what an owner may.
    let call = app.call("PATCH", "/api/v1/admin/organizations/acme").bearer(&root.access).json(&demo);
    assert_eq!(call.send().await.expect(200)["allowed_models"], json!(["demo"]));
    // What is on the list stays there when nobody offers it any more.
    server::for_tests::allow_models(&app.state, id.parse().unwrap(), &["gone"]).await.unwrap();
    let kept = change(app, &owner, "acme", &json!({ "allowed_models": ["gone", "demo"] })).await.expect(200);
    assert_eq!(kept["allowed_models"], json!(["demo", "gone"]));
}
}
