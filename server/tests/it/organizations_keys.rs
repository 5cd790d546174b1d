//! `organizations/{organization}/keys`, and who makes keys that an organization pays for.

use serde_json::{Value, json};

use crate::support::{
    App, Person, Reply,
    organizations::{at, each, id_of},
};

async fn make(app: &App, person: &Person, sent: &Value) -> Reply {
    app.post("/api/v1/account/keys")
        .bearer(&person.access)
        .json(sent)
        .send()
        .await
}

on_both! {
async fn admins_see_and_revoke_every_key_of_the_organization(app: App) {
    let owner = app.register("owner").await;
    app.organization(&owner, "acme").await;
    let admin = app.member(&owner, "acme", "admin", "admin").await;
    let member = app.member(&owner, "acme", "member", "member").await;
    let team = app.team(&owner, "acme", "research", &[]).await;
    app.join_team(&owner, &team, &member).await;
    make(app, &owner, &json!({ "name": "private" })).await.expect(201);
    let first = app.key_in(&owner, "acme", None).await;
    app.clock.advance(1);
    let second = app.key_in(&member, "acme", Some(&team)).await;
    assert_eq!((&second["team_id"], &first["team_id"]), (&json!(team), &Value::Null));

    let path = at("acme", "/keys");
    let list = app.get(&path).bearer(&admin.access).send().await.expect(200);
    assert_eq!(each(&list, "id"), [second["id"].as_str().unwrap(), first["id"].as_str().unwrap()]);
    assert_eq!(list["data"][0]["user"], json!({ "id": member.id, "username": "member" }));
    assert_eq!(list["data"][0]["team"], json!({ "id": team, "name": "research" }));
    assert_eq!(list["data"][1]["team"], Value::Null);
    assert!(!list.to_string().contains(&second["key"].as_str().unwrap()[16..59]));
    let page = app.get(&format!("{path}?limit=1")).bearer(&admin.access).send().await.expect(200);
    assert_eq!(page["next_cursor"], second["id"]);

    for (query, expected) in [
        (format!("team={team}"), &second),
        (format!("member={}", owner.id), &first),
        (format!("team={team}&member={}", member.id), &second),
    ] {
        let list = app.get(&format!("{path}?{query}")).bearer(&admin.access).send().await.expect(200);
        assert_eq!(each(&list, "id"), [id_of(expected)], "{query}");
    }
    let none = app.get(&format!("{path}?team={team}&member={}", owner.id)).bearer(&admin.access).send().await.expect(200);
    assert_eq!(none["data"], json!([]));
    app.organization(&owner, "other").await;
    let strange = app.team(&owner, "other", "research", &[]).await;
    app.get(&format!("{path}?team={strange}")).bearer(&owner.access).send().await.problem(404, "not_found");
    app.get(&format!("{path}?member=x")).bearer(&owner.access).send().await.problem(422, "invalid");

    let one = format!("{path}/{}", id_of(&second));
    app.call("DELETE", &one).bearer(&member.access).send().await.problem(403, "forbidden");
    app.get(&path).bearer(&member.access).send().await.problem(403, "forbidden");
    for _ in 0..2 {
        app.call("DELETE", &one).bearer(&admin.access).send().await.expect(204);
    }
    assert!(!app.takes(&second) && app.takes(&first));
    let revoked = app.audit().await.into_iter().filter(|row| row["action"] == "key.revoked").count();
    assert_eq!(revoked, 1);
}
}

on_both! {
async fn key_of_another_organization_is_unknown_here(app: App) {
    let owner = app.register("owner").await;
    app.organization(&owner, "acme").await;
    app.organization(&owner, "other").await;
    let key = app.key_in(&owner, "other", None).await;
    let path = at("acme", &format!("/keys/{}", id_of(&key)));
    app.call("DELETE", &path).bearer(&owner.access).send().await.problem(404, "not_found");
    assert!(app.takes(&key));
}
}

on_both! {
async fn members_make_keys_for_their_teams_and_nothing_else(app: App) {
    let owner = app.register("owner").await;
    let acme = app.organization(&owner, "acme").await;
    app.organization(&owner, "other").await;
    let member = app.member(&owner, "acme", "member", "member").await;
    let outsider = app.register("outsider").await;
    let mine = app.team(&owner, "acme", "mine", &[]).await;
    let theirs = app.team(&owner, "acme", "theirs", &[]).await;
    let elsewhere = app.team(&owner, "other", "elsewhere", &[]).await;
    app.join_team(&owner, &mine, &member).await;
    let default = types::teams::DEFAULT_TEAM.to_string();

    make(app, &member, &json!({ "name": "k", "organization": "acme" })).await.problem(403, "forbidden");
    make(app, &member, &json!({ "name": "k", "organization": "acme", "team": default })).await.problem(403, "forbidden");
    // C069: another team, another organization's, one that is none.
    for team in [theirs.as_str(), &elsewhere, "0199f7c2-7a3e-7000-8000-000000000000", "x", ""] {
        make(app, &member, &json!({ "name": "k", "team": team })).await.problem(404, "not_found");
        make(app, &member, &json!({ "name": "k", "organization": "acme", "team": team })).await.problem(404, "not_found");
    }
    make(app, &outsider, &json!({ "name": "k", "team": mine })).await.problem(404, "not_found");
    make(app, &outsider, &json!({ "name": "k", "organization": "acme" })).await.problem(404, "not_found");
    make(app, &owner, &json!({ "name": "k", "organization": "acme", "team": elsewhere })).await.problem(404, "not_found");

    // The team says which organization; by slug and by id it may be said too.
    for sent in [
        json!({ "name": "k", "team": mine }),
        json!({ "name": "k", "team": mine, "organization": "acme" }),
        json!({ "name": "k", "team": mine, "organization": acme }),
    ] {
        let made = make(app, &member, &sent).await.expect(201);
        assert_eq!((&made["organization_id"], &made["team_id"]), (&json!(acme), &json!(mine)));
    }
    let made = make(app, &member, &json!({ "name": "k", "team": default })).await.expect(201);
    assert_eq!(made["team_id"], Value::Null);
    assert_ne!(made["organization_id"], acme.as_str());
    // Who manages the organization need not be in the team.
    make(app, &owner, &json!({ "name": "k", "team": theirs })).await.expect(201);
    // One's own keys are listed, whoever pays, and revoked by who made them.
    let list = app.get("/api/v1/account/keys").bearer(&member.access).send().await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 4);
    let one = format!("/api/v1/account/keys/{}", list["data"][3]["id"].as_str().unwrap());
    app.call("DELETE", &one).bearer(&owner.access).send().await.problem(404, "not_found");
    app.call("DELETE", &one).bearer(&member.access).send().await.expect(204);
}
}
