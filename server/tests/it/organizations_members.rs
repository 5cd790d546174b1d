//! `organizations/{organization}/members[/{user_id}]`: who takes whom in, and out again.

use serde_json::{Value, json};

use crate::support::{
    App, Database, Person, Reply,
    organizations::{at, each},
};

async fn add(app: &App, by: &Person, sent: &Value) -> Reply {
    app.post(&at("acme", "/members"))
        .bearer(&by.access)
        .json(sent)
        .send()
        .await
}

async fn set_role(app: &App, by: &Person, person: &Person, role: &str) -> Reply {
    let path = at("acme", &format!("/members/{}", person.id));
    let call = app.call("PATCH", &path).bearer(&by.access);
    call.json(&json!({ "role": role })).send().await
}

async fn remove(app: &App, by: &Person, person: &Person) -> Reply {
    let path = at("acme", &format!("/members/{}", person.id));
    app.call("DELETE", &path).bearer(&by.access).send().await
}

/// An organization with one of each role.
async fn acme(app: &App) -> [Person; 3] {
    let owner = app.verified("owner").await;
    app.organization(&owner, "acme").await;
    let admin = app.member(&owner, "acme", "admin", "admin").await;
    let member = app.member(&owner, "acme", "member", "member").await;
    [owner, admin, member]
}

on_both! {
async fn member_is_added_by_address_or_id_and_everybody_in_it_sees_them(app: App) {
    let [owner, admin, member] = acme(app).await;
    let boris = app.verified("boris").await;
    app.advance_secs(5);
    let added = add(app, &admin, &json!({ "email": " Boris@Example.com", "role": "member" })).await.expect(201);
    assert_eq!((&added["user_id"], &added["email"]), (&json!(boris.id), &json!("boris@example.com")));
    assert_eq!((&added["role"], &added["username"]), (&json!("member"), &json!("boris")));
    assert_eq!(added["joined_at"], "2026-11-18T11:06:49.000Z");
    add(app, &owner, &json!({ "user_id": boris.id, "role": "member" })).await.problem(409, "conflict");
    let path = at("acme", "/members");
    for person in [&owner, &admin, &member, &boris] {
        let list = app.get(&path).bearer(&person.access).send().await.expect(200);
        assert_eq!(each(&list, "role"), ["owner", "admin", "member", "member"]);
        let one = app.get(&format!("{path}/{}", boris.id)).bearer(&person.access).send().await.expect(200);
        assert_eq!(one, added);
    }
    let first = app.get(&format!("{path}?limit=3")).bearer(&boris.access).send().await.expect(200);
    let next = format!("{path}?limit=3&cursor={}", first["next_cursor"].as_str().unwrap());
    let rest = app.get(&next).bearer(&boris.access).send().await.expect(200);
    assert_eq!(rest["data"], json!([added]));
    app.get(&format!("{path}/{}", app.register("carl").await.id)).bearer(&owner.access).send().await.problem(404, "not_found");
}
}

on_both! {
async fn nobody_with_a_verified_address_is_404(app: App) {
    let [owner, ..] = acme(app).await;
    let unverified = app.register("boris").await;
    let disabled = app.verified("carl").await;
    app.disable(&disabled).await;
    for sent in [
        json!({ "email": "nobody@example.com", "role": "member" }),
        json!({ "email": "boris@example.com", "role": "member" }),
        json!({ "user_id": unverified.id, "role": "member" }),
        json!({ "user_id": disabled.id, "role": "member" }),
        json!({ "user_id": "0199f7c2-7a3e-7000-8000-000000000000", "role": "member" }),
    ] {
        add(app, &owner, &sent).await.problem(404, "user_not_found");
    }
    for (sent, field, code) in [
        (json!({ "role": "member" }), "email", "required"),
        (json!({ "email": "x", "role": "member" }), "email", "not_an_email"),
        (json!({ "email": "a@b.co", "user_id": owner.id, "role": "member" }), "user_id", "not_matching"),
        (json!({ "email": "a@b.co" }), "role", "required"),
        (json!({ "email": "a@b.co", "role": "root" }), "role", "wrong_type"),
        (json!({ "email": "a@b.co", "role": "member", "created_at": 0 }), "created_at", "unknown_field"),
    ] {
        add(app, &owner, &sent).await.invalid(field, code);
    }
}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixth_look_for_nobody_is_429_whoever_is_looked_for() {
    let app = App::start_with(Database::sqlite(), |config| config.rate_limits.sign_in_failures = 5).await;
    let owner = app.verified("owner").await;
    app.organization(&owner, "acme").await;
    let boris = app.verified("boris").await;
    for number in 0..5 {
        let sent = json!({ "email": format!("nobody{number}@example.com"), "role": "member" });
        add(&app, &owner, &sent).await.problem(404, "user_not_found");
        // A hit in between clears nothing.
        if number == 2 {
            let sent = json!({ "user_id": owner.id, "role": "member" });
            add(&app, &owner, &sent).await.problem(409, "conflict");
        }
    }
    let sent = json!({ "user_id": boris.id, "role": "member" });
    let refused = add(&app, &owner, &sent).await;
    refused.problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("900"));
    app.login("owner", false).await;
    app.advance_secs(900);
    let owner = app.login("owner", false).await;
    add(&app, &owner, &sent).await.expect(201);
    app.stop().await;
}

on_both! {
async fn nobody_gives_takes_or_touches_more_than_they_have(app: App) {
    let [owner, admin, member] = acme(app).await;
    let boris = app.verified("boris").await;
    let give = |role: &str| json!({ "user_id": boris.id, "role": role });
    // C073: every step up, and every hand on an owner.
    add(app, &admin, &give("owner")).await.problem(403, "forbidden");
    for person in [&owner, &admin, &member] {
        set_role(app, &admin, person, "owner").await.problem(403, "forbidden");
    }
    set_role(app, &admin, &owner, "admin").await.problem(403, "forbidden");
    set_role(app, &admin, &owner, "member").await.problem(403, "forbidden");
    remove(app, &admin, &owner).await.problem(403, "forbidden");
    for role in ["owner", "admin", "member"] {
        add(app, &member, &give(role)).await.problem(403, "forbidden");
        for person in [&owner, &admin, &member] {
            set_role(app, &member, person, role).await.problem(403, "forbidden");
        }
    }
    for person in [&owner, &admin] {
        remove(app, &member, person).await.problem(403, "forbidden");
    }
    assert_eq!(app.role_of(&owner, "acme", &admin).await.as_deref(), Some("admin"));
    assert_eq!(app.role_of(&owner, "acme", &member).await.as_deref(), Some("member"));
    assert_eq!(app.role_of(&owner, "acme", &boris).await, None);

    // What admins may do: all that is not above them.
    add(app, &admin, &give("admin")).await.expect(201);
    set_role(app, &admin, &boris, "member").await.expect(200);
    set_role(app, &admin, &member, "admin").await.expect(200);
    remove(app, &admin, &boris).await.expect(204);
    remove(app, &admin, &member).await.expect(204);
    set_role(app, &admin, &member, "member").await.problem(404, "not_found");
    remove(app, &admin, &member).await.problem(404, "not_found");
}
}

on_both! {
async fn organization_is_handed_on_by_making_somebody_else_its_owner(app: App) {
    let [owner, admin, _] = acme(app).await;
    set_role(app, &owner, &owner, "member").await.problem(409, "last_owner");
    remove(app, &owner, &owner).await.problem(409, "last_owner");
    let shown = set_role(app, &owner, &admin, "owner").await.expect(200);
    assert_eq!(shown["role"], "owner");
    app.advance_secs(1);
    set_role(app, &owner, &owner, "member").await.expect(200);
    set_role(app, &owner, &admin, "member").await.problem(403, "forbidden");
    remove(app, &owner, &owner).await.expect(204);
    app.get(&at("acme", "")).bearer(&owner.access).send().await.problem(404, "not_found");
    remove(app, &admin, &admin).await.problem(409, "last_owner");
    let told: Vec<Value> = app.audit().await.into_iter().filter(|row| row["action"] == "member.role_changed").collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0]["target_id"], admin.id.as_str());
}
}

on_both! {
async fn keys_of_who_goes_stop_at_once_and_only_in_that_organization(app: App) {
    let [owner, admin, member] = acme(app).await;
    let team = app.team(&owner, "acme", "research", &[]).await;
    app.join_team(&owner, &team, &member).await;
    let elsewhere = app.post("/api/v1/account/keys").bearer(&member.access).json(&json!({ "name": "own" })).send().await.expect(201);
    let kept = app.key_in(&admin, "acme", None).await;
    let gone = app.key_in(&member, "acme", Some(&team)).await;
    remove(app, &admin, &member).await.expect(204);
    assert!(!app.takes(&gone));
    assert!(app.takes(&kept) && app.takes(&elsewhere));
    let entry = app.state.directory().key(gone["key"].as_str().unwrap()).unwrap();
    assert!(entry.revoked, "the row is revoked too, so that coming back revives nothing");
    add(app, &owner, &json!({ "user_id": member.id, "role": "member" })).await.expect(201);
    assert!(!app.takes(&gone));
    let path = format!("/api/v1/teams/{team}");
    app.get(&path).bearer(&member.access).send().await.problem(404, "not_found");
    // Leaving by oneself is the same.
    remove(app, &admin, &admin).await.expect(204);
    assert!(!app.takes(&kept));
    let told: Vec<Value> = app.audit().await.into_iter().filter(|row| row["action"] == "member.removed").collect();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|row| row["details"].as_str().unwrap().contains("\"keys_revoked\":{\"count\":1,\"ids\":[\"")), "{told:?}");
}
}

on_both! {
async fn account_that_goes_leaves_no_organization_without_an_owner(app: App) {
    let [owner, admin, _] = acme(app).await;
    let leave = async |person: &Person| {
        let sent = json!({ "password": crate::support::PASSWORD });
        app.call("DELETE", "/api/v1/account/profile").bearer(&person.access).json(&sent).send().await
    };
    app.organization(&owner, "alone").await;
    let key = app.key_in(&owner, "alone", None).await;
    leave(&owner).await.problem(409, "last_owner");
    assert!(app.takes(&key));
    set_role(app, &owner, &admin, "owner").await.expect(200);
    leave(&owner).await.expect(204);
    // The one that nobody else belonged to went along.
    assert!(!app.takes(&key));
    let deleted = app.audit().await.into_iter().filter(|row| row["action"] == "organization.deleted").count();
    assert_eq!(deleted, 1);
    assert_eq!(app.role_of(&admin, "acme", &owner).await, None);
    let list = app.get(&at("acme", "/members")).bearer(&admin.access).send().await.expect(200);
    assert_eq!(each(&list, "role"), ["owner", "member"]);
}
}

on_both! {
async fn personal_token_sees_members_and_changes_nothing(app: App) {
    let [owner, ..] = acme(app).await;
    let sent = json!({ "name": "t", "scopes": ["account"], "password": crate::support::PASSWORD });
    let made = app.post("/api/v1/auth/tokens").bearer(&owner.access).json(&sent).send().await.expect(201);
    let token = made["token"].as_str().unwrap();
    for path in ["", "/members", "/invitations", "/teams", "/keys"] {
        app.get(&at("acme", path)).bearer(token).send().await.expect(200);
    }
    app.get("/api/v1/teams").bearer(token).send().await.expect(200);
    let sent = json!({ "user_id": owner.id, "role": "member" });
    app.post(&at("acme", "/members")).bearer(token).json(&sent).send().await.problem(403, "forbidden");
}
}
