//! `organizations/{organization}/teams` and `teams[/{id}]`: who makes them, who sees them, and the one that everybody is in.

use serde_json::{Value, json};
use types::teams::{DEFAULT_TEAM, SYSTEM_ORGANIZATION};

use crate::support::{
    App, Person, Reply,
    organizations::{at, each},
};

async fn change(app: &App, by: &Person, team: &str, sent: &Value) -> Reply {
    let call = app.call("PATCH", &format!("/api/v1/teams/{team}")).bearer(&by.access);
    call.json(sent).send().await
}

on_both! {
async fn team_is_made_seen_by_its_members_and_changed_by_admins(app: App) {
    let owner = app.register("owner").await;
    let acme = app.organization(&owner, "acme").await;
    let admin = app.member(&owner, "acme", "admin", "admin").await;
    let inside = app.member(&owner, "acme", "inside", "member").await;
    let beside = app.member(&owner, "acme", "beside", "member").await;
    let sent = json!({ "name": " Research ", "allowed_models": ["demo", "demo"] });
    let made = app.post(&at("acme", "/teams")).bearer(&admin.access).json(&sent).send().await.expect(201);
    assert_eq!((&made["name"], &made["allowed_models"], &made["members"]), (&json!("Research"), &json!(["demo"]), &json!(0)));
    assert_eq!((&made["organization_id"], &made["is_default"]), (&json!(acme), &json!(false)));
    let team = made["id"].as_str().unwrap();
    app.join_team(&admin, team, &inside).await;
    app.team(&owner, "acme", "other", &[]).await;

    let path = format!("/api/v1/teams/{team}");
    for person in [&owner, &admin, &inside] {
        assert_eq!(app.get(&path).bearer(&person.access).send().await.expect(200)["members"], 1);
        let members = app.get(&format!("{path}/members")).bearer(&person.access).send().await.expect(200);
        assert_eq!(each(&members, "username"), ["inside"]);
    }
    app.get(&path).bearer(&beside.access).send().await.problem(404, "not_found");
    let names = async |person: &Person| {
        let list = app.get(&at("acme", "/teams")).bearer(&person.access).send().await.expect(200);
        list["data"].as_array().unwrap().iter().map(|team| team["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&owner).await.len(), 2);
    assert_eq!(names(&inside).await, ["Research"]);
    assert!(names(&beside).await.is_empty());

    let changed = change(app, &admin, team, &json!({ "name": "Lab", "allowed_models": [] })).await.expect(200);
    assert_eq!((&changed["name"], &changed["allowed_models"]), (&json!("Lab"), &json!([])));
    change(app, &admin, team, &json!({})).await.expect(200);
    change(app, &inside, team, &json!({ "name": "Mine" })).await.problem(403, "forbidden");
    change(app, &beside, team, &json!({ "name": "Mine" })).await.problem(404, "not_found");
    change(app, &admin, team, &json!({ "name": "other" })).await.problem(409, "conflict");
    app.call("DELETE", &path).bearer(&inside.access).send().await.problem(403, "forbidden");
    let mut told: Vec<String> = app.audit().await.iter().map(|row| row["action"].as_str().unwrap().to_owned()).filter(|action| action.starts_with("team.")).collect();
    told.sort_unstable();
    assert_eq!(told, ["team.created", "team.created", "team.member_added", "team.updated"]);
}
}

on_both! {
async fn limits_are_set_changed_and_taken_away(app: App) {
    let owner = app.register("owner").await;
    app.organization(&owner, "acme").await;
    let inside = app.member(&owner, "acme", "inside", "member").await;
    let limits = |team: &Value| json!([team["rpm_limit"], team["tpm_limit"], team["max_parallel"]]);
    let sent = json!({ "name": "research", "rpm_limit": 60, "tpm_limit": 100_000, "max_parallel": null });
    let made = app.post(&at("acme", "/teams")).bearer(&owner.access).json(&sent).send().await.expect(201);
    assert_eq!(limits(&made), json!([60, 100_000, null]));
    let team = made["id"].as_str().unwrap();
    app.join_team(&owner, team, &inside).await;
    let path = format!("/api/v1/teams/{team}");
    assert_eq!(limits(&app.get(&path).bearer(&inside.access).send().await.expect(200)), json!([60, 100_000, null]));

    // What is not sent stays; null takes a limit away.
    let changed = change(app, &owner, team, &json!({ "rpm_limit": null, "max_parallel": 1_000_000_000 })).await.expect(200);
    assert_eq!(limits(&changed), json!([null, 100_000, 1_000_000_000]));
    change(app, &owner, team, &json!({ "name": "lab" })).await.expect(200);
    change(app, &inside, team, &json!({ "tpm_limit": null })).await.problem(403, "forbidden");
    let listed = app.get(&at("acme", "/teams")).bearer(&owner.access).send().await.expect(200);
    assert_eq!(limits(&listed["data"][0]), json!([null, 100_000, 1_000_000_000]));
    app.call("DELETE", &path).bearer(&owner.access).send().await.expect(204);

    let rows = app.audit().await;
    let told = rows.iter().filter(|row| row["action"].as_str().unwrap().starts_with("team."));
    let told: Vec<Value> = told.map(|row| serde_json::from_str(row["details"].as_str().unwrap()).unwrap()).collect();
    let before = json!({ "allowed_models": [], "rpm_limit": 60, "tpm_limit": 100_000 });
    let after = json!({ "allowed_models": [], "tpm_limit": 100_000, "max_parallel": 1_000_000_000 });
    for expected in [
        json!({ "after": before }),
        json!({ "fields": ["rpm_limit", "max_parallel"], "before": before, "after": after }),
        json!({ "fields": ["name"] }),
        json!({ "before": after, "keys_revoked": { "count": 0, "ids": [] } }),
    ] {
        assert!(told.contains(&expected), "{expected} is not among {told:?}");
    }
}
}

on_both! {
async fn default_teams_limits_are_the_administrators(app: App) {
    let owner = app.register("owner").await;
    let root = app.admin().await;
    let team = DEFAULT_TEAM.to_string();
    change(app, &owner, &team, &json!({ "rpm_limit": 5 })).await.problem(403, "forbidden");
    let changed = change(app, &root, &team, &json!({ "rpm_limit": 5 })).await.expect(200);
    assert_eq!((&changed["rpm_limit"], &changed["is_default"]), (&json!(5), &json!(true)));
}
}

on_both! {
async fn field_that_breaks_a_rule_is_422(app: App) {
    let owner = app.register("owner").await;
    app.organization(&owner, "acme").await;
    let team = app.team(&owner, "acme", "research", &[]).await;
    for (sent, field, code) in [
        (json!({ "name": " " }), "name", "required"),
        (json!({ "name": "t", "allowed_models": ["no-such-model"] }), "allowed_models", "unknown_value"),
        (json!({ "name": "t", "rpm_limit": 0 }), "rpm_limit", "out_of_range"),
        (json!({ "name": "t", "rpm_limit": "60" }), "rpm_limit", "wrong_type"),
        (json!({ "name": "t", "tpm_limit": -1 }), "tpm_limit", "wrong_type"),
        (json!({ "name": "t", "tpm_limit": 1_000_000_001 }), "tpm_limit", "out_of_range"),
        (json!({ "name": "t", "max_parallel": 1.5 }), "max_parallel", "wrong_type"),
        (json!({ "name": "t", "organization_id": SYSTEM_ORGANIZATION }), "organization_id", "unknown_field"),
        (json!({ "name": "t", "is_default": true }), "is_default", "unknown_field"),
    ] {
        app.post(&at("acme", "/teams")).bearer(&owner.access).json(&sent).send().await.invalid(field, code);
        change(app, &owner, &team, &sent).await.invalid(field, code);
    }
    let members = format!("/api/v1/teams/{team}/members");
    let sent = json!({ "user_id": owner.id, "role": "owner" });
    app.post(&members).bearer(&owner.access).json(&sent).send().await.invalid("role", "unknown_field");
}
}

on_both! {
async fn only_members_of_the_organization_are_in_its_teams(app: App) {
    let owner = app.register("owner").await;
    app.organization(&owner, "acme").await;
    let member = app.member(&owner, "acme", "member", "member").await;
    let outsider = app.verified("outsider").await;
    let team = app.team(&owner, "acme", "research", &[]).await;
    let path = format!("/api/v1/teams/{team}/members");
    let put = async |person: &Person| {
        app.post(&path).bearer(&owner.access).json(&json!({ "user_id": person.id })).send().await
    };
    put(&outsider).await.problem(404, "user_not_found");
    let added = put(&member).await.expect(201);
    assert_eq!((&added["user_id"], &added["joined_at"]), (&json!(member.id), &json!("2026-11-18T11:06:42.000Z")));
    put(&member).await.problem(409, "conflict");
    let key = app.key_in(&member, "acme", Some(&team)).await;
    let one = format!("{path}/{}", member.id);
    app.call("DELETE", &one).bearer(&member.access).send().await.problem(403, "forbidden");
    app.call("DELETE", &one).bearer(&owner.access).send().await.expect(204);
    app.call("DELETE", &one).bearer(&owner.access).send().await.problem(404, "not_found");
    assert!(!app.takes(&key), "keys for a team go with the place in it");
}
}

on_both! {
async fn deleted_team_takes_its_keys_along(app: App) {
    let owner = app.register("owner").await;
    app.organization(&owner, "acme").await;
    let team = app.team(&owner, "acme", "research", &["demo"]).await;
    let with = app.key_in(&owner, "acme", Some(&team)).await;
    let without = app.key_in(&owner, "acme", None).await;
    let path = format!("/api/v1/teams/{team}");
    app.call("DELETE", &path).bearer(&owner.access).send().await.expect(204);
    app.call("DELETE", &path).bearer(&owner.access).send().await.problem(404, "not_found");
    assert!(!app.takes(&with) && app.takes(&without));
    app.team(&owner, "acme", "research", &[]).await;
}
}

on_both! {
async fn everybody_is_in_the_default_team_and_administrators_change_it(app: App) {
    let anna = app.register("anna").await;
    // Accounts of one millisecond have no order.
    app.advance_secs(1);
    let boris = app.register("boris").await;
    let path = format!("/api/v1/teams/{DEFAULT_TEAM}");
    for person in [&anna, &boris] {
        let list = app.get("/api/v1/teams").bearer(&person.access).send().await.expect(200);
        assert_eq!(each(&list, "id"), [DEFAULT_TEAM.to_string()]);
        assert_eq!((&list["data"][0]["is_default"], &list["data"][0]["members"]), (&json!(true), &Value::Null));
        assert_eq!(list["data"][0]["allowed_models"], json!([]));
        app.get(&path).bearer(&person.access).send().await.expect(200);
        app.get(&format!("{path}/members")).bearer(&person.access).send().await.problem(403, "forbidden");
        change(app, person, &DEFAULT_TEAM.to_string(), &json!({ "allowed_models": [] })).await.problem(403, "forbidden");
        app.call("DELETE", &path).bearer(&person.access).send().await.problem(403, "forbidden");
        app.get(&at(&SYSTEM_ORGANIZATION.to_string(), "")).bearer(&person.access).send().await.problem(404, "not_found");
    }
    let role = |role| server::for_tests::set_platform_role(&app.state, anna.id.parse().unwrap(), role);
    role(types::PlatformRole::ReadOnlyAdmin).await.unwrap();
    let members = async |query: &str| {
        let call = app.get(&format!("{path}/members{query}")).bearer(&anna.access);
        call.send().await.expect(200)
    };
    assert_eq!(each(&members("").await, "user_id"), [boris.id.clone(), anna.id.clone()]);
    let first = members("?limit=1").await;
    let rest = members(&format!("?limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!(each(&first, "user_id"), [boris.id.as_str()]);
    assert_eq!(each(&rest, "user_id"), [anna.id.as_str()]);
    change(app, &anna, &DEFAULT_TEAM.to_string(), &json!({ "allowed_models": ["demo"] })).await.problem(403, "forbidden");
    role(types::PlatformRole::Admin).await.unwrap();
    let changed = change(app, &anna, &DEFAULT_TEAM.to_string(), &json!({ "allowed_models": ["demo"] })).await.expect(200);
    assert_eq!(changed["allowed_models"], json!(["demo"]));
    app.call("DELETE", &path).bearer(&anna.access).send().await.problem(409, "conflict");
    let sent = json!({ "user_id": boris.id });
    app.post(&format!("{path}/members")).bearer(&anna.access).json(&sent).send().await.problem(409, "conflict");
    let one = format!("{path}/members/{}", boris.id);
    app.call("DELETE", &one).bearer(&anna.access).send().await.problem(409, "conflict");
    // Being an administrator of the server makes nobody a member of its organization.
    app.get(&at(&SYSTEM_ORGANIZATION.to_string(), "/members")).bearer(&anna.access).send().await.problem(404, "not_found");
}
}

on_both! {
async fn read_only_administrator_sees_and_does_not_change(app: App) {
    let anna = app.register("anna").await;
    let role = |role| server::for_tests::set_platform_role(&app.state, anna.id.parse().unwrap(), role);
    let user = || server::sessions::from_access_token(&app.state, &anna.access).unwrap();
    let refused = |outcome: Option<server::Error>| outcome.unwrap().refusal().status();
    assert_eq!((refused(user().admin().err()), refused(user().auditor().err())), (403, 403));
    role(types::PlatformRole::ReadOnlyAdmin).await.unwrap();
    assert_eq!(refused(user().admin().err()), 403);
    assert!(user().auditor().is_ok());
    let me = app.get("/api/v1/auth/me").bearer(&anna.access).send().await.expect(200);
    assert_eq!(me["role"], "read_only_admin");
    role(types::PlatformRole::Admin).await.unwrap();
    assert!(user().admin().is_ok() && user().auditor().is_ok());
}
}
