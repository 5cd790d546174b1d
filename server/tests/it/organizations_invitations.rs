//! `organizations/{organization}/invitations` and `invitations/{token}`: by letter, by link, and what they are worth afterwards.

use serde_json::{Value, json};
use server::{Config, config::Registration};

use crate::support::{
    App, Database, PASSWORD, Person, Reply,
    organizations::{at, id_of},
};

const DAY: i64 = 24 * 3600;

async fn invite(app: &App, by: &Person, email: Option<&str>, role: &str) -> Reply {
    let mut sent = json!({ "role": role });
    if let Some(email) = email {
        sent["email"] = email.into();
    }
    // Letters are limited by the minute; a test is one impatient sender.
    app.advance_secs(60);
    app.post(&at("acme", "/invitations"))
        .bearer(&by.access)
        .json(&sent)
        .send()
        .await
}

fn token(link: &Value) -> String {
    let link = link.as_str().expect("a link");
    link.rsplit_once("/invitations/").expect("a token").1.to_owned()
}

async fn look(app: &App, token: &str) -> Reply {
    app.get(&format!("/api/v1/invitations/{token}")).send().await
}

async fn accept(app: &App, person: &Person, token: &str) -> Reply {
    let path = format!("/api/v1/invitations/{token}/accept");
    app.post(&path).bearer(&person.access).send().await
}

async fn sign_up(app: &App, name: &str, invitation: &str) -> Reply {
    let sent = json!({
        "email": format!("{name}@example.com"), "password": PASSWORD, "username": name, "invitation": invitation,
    });
    app.post("/api/v1/auth/register").json(&sent).send().await
}

async fn listed(app: &App, by: &Person) -> Vec<Value> {
    let list = app
        .get(&at("acme", "/invitations"))
        .bearer(&by.access)
        .send()
        .await
        .expect(200);
    list["data"].as_array().unwrap().clone()
}

async fn owner(app: &App) -> Person {
    let owner = app.verified("owner").await;
    app.organization(&owner, "acme").await;
    owner
}

on_both! {
async fn link_is_shown_once_and_lets_one_person_in(app: App) {
    let owner = owner(app).await;
    let made = invite(app, &owner, None, "member").await.expect(201);
    let token = token(&made["link"]);
    assert_eq!(token.len(), 43);
    assert_eq!((&made["state"], &made["email"], made.get("dev_link")), (&json!("open"), &Value::Null, None));
    assert_eq!(made["invited_by_name"], "owner");
    assert_eq!(made["expires_at"], "2026-11-25T11:07:41.000Z");
    let rows = listed(app, &owner).await;
    assert_eq!(rows.len(), 1);
    assert!(!json!(rows).to_string().contains(&token), "the list shows no link");

    let view = look(app, &token).await.expect(200);
    let expected = json!({ "organization": "acme", "role": "member", "invited_by": "owner", "is_personal": false, "expires_at": made["expires_at"] });
    assert_eq!(view, expected);
    let boris = app.register("boris").await;
    let joined = accept(app, &boris, &token).await.expect(200);
    assert_eq!((&joined["slug"], &joined["role"], &joined["members"]), (&json!("acme"), &json!("member"), &json!(2)));
    let carl = app.register("carl").await;
    accept(app, &carl, &token).await.problem(410, "gone");
    look(app, &token).await.problem(410, "gone");
    let rows = listed(app, &owner).await;
    assert_eq!((&rows[0]["state"], &rows[0]["accepted_by"]), (&json!("accepted"), &json!(boris.id)));
    let path = at("acme", &format!("/invitations/{}", id_of(&made)));
    app.call("DELETE", &path).bearer(&owner.access).send().await.problem(409, "conflict");
    app.post(&format!("{path}/resend")).bearer(&owner.access).send().await.problem(409, "conflict");
}
}

on_both! {
async fn mailed_invitation_is_for_its_address_alone(app: App) {
    let owner = owner(app).await;
    let made = invite(app, &owner, Some(" Boris@Example.com"), "admin").await.expect(201);
    assert_eq!((&made["email"], made.get("link")), (&json!("boris@example.com"), None));
    server::mail::idle(&app.state).await;
    let mailed = app.link_to("boris@example.com");
    assert_eq!(made["dev_link"], mailed.as_str());
    let token = token(&made["dev_link"]);
    assert_eq!(look(app, &token).await.expect(200)["is_personal"], true);
    assert!(!look(app, &token).await.text().contains("boris"), "whose it is is not told to who holds the link");

    // C075: somebody else, and the right address before it is proven.
    let carl = app.verified("carl").await;
    accept(app, &carl, &token).await.problem(403, "forbidden");
    let boris = app.register("boris").await;
    accept(app, &boris, &token).await.problem(403, "forbidden");
    server::for_tests::verify(&app.state, boris.id.parse().unwrap()).await.unwrap();
    assert_eq!(accept(app, &boris, &token).await.expect(200)["role"], "admin");
    accept(app, &boris, &token).await.problem(410, "gone");
    invite(app, &owner, Some("boris@example.com"), "member").await.problem(409, "conflict");
    let again = invite(app, &owner, None, "member").await.expect(201);
    accept(app, &boris, &self::token(&again["link"])).await.problem(409, "conflict");
}
}

on_both! {
async fn revoked_resent_and_old_links_are_worth_nothing(app: App) {
    let owner = owner(app).await;
    let boris = app.register("boris").await;
    let made = invite(app, &owner, None, "member").await.expect(201);
    let first = token(&made["link"]);
    let path = at("acme", &format!("/invitations/{}", id_of(&made)));
    let sent = app.post(&format!("{path}/resend")).bearer(&owner.access).send().await.expect(200);
    let second = token(&sent["link"]);
    assert_eq!(id_of(&sent), id_of(&made));
    accept(app, &boris, &first).await.problem(404, "not_found");
    look(app, &second).await.expect(200);
    for _ in 0..2 {
        app.call("DELETE", &path).bearer(&owner.access).send().await.expect(204);
    }
    accept(app, &boris, &second).await.problem(410, "gone");
    app.post(&format!("{path}/resend")).bearer(&owner.access).send().await.problem(409, "conflict");
    assert_eq!(listed(app, &owner).await[0]["state"], "revoked");

    let made = invite(app, &owner, None, "member").await.expect(201);
    let third = token(&made["link"]);
    app.advance_secs(7 * DAY - 1);
    look(app, &third).await.expect(200);
    app.advance_secs(1);
    look(app, &third).await.problem(410, "gone");
    let (owner, boris) = (app.login("owner", false).await, app.login("boris", false).await);
    accept(app, &boris, &third).await.problem(410, "gone");
    assert_eq!(listed(app, &owner).await[0]["state"], "expired");
    let path = at("acme", &format!("/invitations/{}", id_of(&made)));
    let sent = app.post(&format!("{path}/resend")).bearer(&owner.access).send().await.expect(200);
    accept(app, &boris, &token(&sent["link"])).await.expect(200);

    for wrong in ["x", &"A".repeat(43), &"%00".repeat(43), "a%2Fb"] {
        look(app, wrong).await.problem(404, "not_found");
        accept(app, &boris, wrong).await.problem(404, "not_found");
    }
}
}

on_both! {
async fn nobody_invites_above_their_own_role(app: App) {
    let owner = owner(app).await;
    let admin = app.member(&owner, "acme", "admin", "admin").await;
    let member = app.member(&owner, "acme", "member", "member").await;
    // C073: making, and making again.
    invite(app, &admin, None, "owner").await.problem(403, "forbidden");
    invite(app, &admin, Some("x@example.com"), "owner").await.problem(403, "forbidden");
    let made = invite(app, &owner, None, "owner").await.expect(201);
    let path = at("acme", &format!("/invitations/{}", id_of(&made)));
    app.post(&format!("{path}/resend")).bearer(&admin.access).send().await.problem(403, "forbidden");
    app.call("DELETE", &path).bearer(&admin.access).send().await.problem(403, "forbidden");
    invite(app, &admin, None, "admin").await.expect(201);
    for role in ["owner", "admin", "member"] {
        invite(app, &member, None, role).await.problem(403, "forbidden");
    }
    app.get(&at("acme", "/invitations")).bearer(&member.access).send().await.problem(403, "forbidden");
    let boris = app.register("boris").await;
    assert_eq!(accept(app, &boris, &token(&made["link"])).await.expect(200)["role"], "owner");
    for (sent, field, code) in [
        (json!({}), "role", "required"),
        (json!({ "role": "root" }), "role", "wrong_type"),
        (json!({ "role": "member", "email": "x" }), "email", "not_an_email"),
        (json!({ "role": "member", "organization_id": boris.id }), "organization_id", "unknown_field"),
    ] {
        app.post(&at("acme", "/invitations")).bearer(&owner.access).json(&sent).send().await.invalid(field, code);
    }
}
}

on_both! {
async fn who_was_removed_or_demoted_leaves_no_way_in_behind(app: App) {
    let owner = owner(app).await;
    let admin = app.member(&owner, "acme", "admin", "admin").await;
    let boris = app.register("boris").await;
    let made = invite(app, &admin, None, "member").await.expect(201);
    let link = token(&made["link"]);
    let place = at("acme", &format!("/members/{}", admin.id));
    let demote = app.call("PATCH", &place).bearer(&owner.access).json(&json!({ "role": "member" }));
    demote.send().await.expect(200);
    look(app, &link).await.problem(410, "gone");
    accept(app, &boris, &link).await.problem(410, "gone");
    assert_eq!(listed(app, &owner).await[0]["state"], "void");
    app.call("DELETE", &place).bearer(&owner.access).send().await.expect(204);
    accept(app, &admin, &link).await.problem(410, "gone");
    // Somebody who may give it sends it anew.
    let path = at("acme", &format!("/invitations/{}/resend", id_of(&made)));
    let sent = app.post(&path).bearer(&owner.access).send().await.expect(200);
    assert_eq!(sent["invited_by_name"], "owner");
    accept(app, &boris, &token(&sent["link"])).await.expect(200);
}
}

on_both! {
async fn new_person_signs_up_with_the_invitation_and_is_verified_by_it(app: App) {
    let owner = owner(app).await;
    let made = invite(app, &owner, Some("boris@example.com"), "member").await.expect(201);
    let mailed = token(&made["dev_link"]);
    sign_up(app, "carl", &mailed).await.problem(403, "forbidden");
    let signed_in = sign_up(app, "boris", &mailed).await.expect(201);
    assert_eq!(signed_in["user"]["email_verified"], true);
    let boris = Person::of(&signed_in);
    assert_eq!(app.role_of(&owner, "acme", &boris).await.as_deref(), Some("member"));
    sign_up(app, "carl", &mailed).await.problem(410, "gone");
    sign_up(app, "carl", "x").await.problem(404, "not_found");

    let made = invite(app, &owner, None, "member").await.expect(201);
    let link = token(&made["link"]);
    let signed_in = sign_up(app, "dora", &link).await.expect(201);
    assert_eq!(signed_in["user"]["email_verified"], false, "a link without an address proves none");
    assert_eq!(app.role_of(&owner, "acme", &Person::of(&signed_in)).await.as_deref(), Some("member"));
    // What was refused made no account.
    app.register("carl").await;
}
}

on_both! {
async fn of_parallel_uses_of_one_link_exactly_one_succeeds(app: App) {
    let owner = owner(app).await;
    let made = invite(app, &owner, None, "member").await.expect(201);
    let link = token(&made["link"]);
    let mut people = Vec::new();
    for number in 0..8 {
        people.push(app.register(&format!("person{number}")).await);
    }
    let replies = futures_util::future::join_all(people.iter().map(|person| accept(app, person, &link))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.problem(410, "gone");
    }
    let shown = app.get(&at("acme", "")).bearer(&owner.access).send().await.expect(200);
    assert_eq!(shown["members"], 2);
}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_sign_up_opens_for_who_is_invited() {
    for (mode, link_alone) in [
        (Registration::Closed, 403),
        (Registration::Invite, 201),
        (Registration::VerifyFirst, 202),
    ] {
        let app = App::start(Database::sqlite()).await;
        let owner = owner(&app).await;
        let app = app
            .restart_with(|config: &mut Config| config.auth.registration = mode)
            .await;
        let owner = Person {
            access: app.login("owner", false).await.access,
            ..owner
        };
        let plain = json!({ "email": "x@example.com", "password": PASSWORD });
        let reply = app.post("/api/v1/auth/register").json(&plain).send().await;
        assert_eq!(reply.status, if mode == Registration::VerifyFirst { 202 } else { 403 });
        let made = invite(&app, &owner, Some("boris@example.com"), "member")
            .await
            .expect(201);
        let signed_in = sign_up(&app, "boris", &token(&made["dev_link"])).await.expect(201);
        assert_eq!(signed_in["user"]["email_verified"], true);
        let made = invite(&app, &owner, None, "member").await.expect(201);
        let reply = sign_up(&app, "carl", &token(&made["link"])).await;
        assert_eq!(reply.status, link_alone, "{}", reply.text());
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_of_invitations_are_limited_like_all_that_strangers_get() {
    let app = App::start(Database::sqlite()).await;
    let owner = owner(&app).await;
    let send = async |number: u32| {
        let sent = json!({ "role": "member", "email": format!("p{number}@example.com") });
        let call = app.post(&at("acme", "/invitations")).bearer(&owner.access);
        call.from("8.8.8.8").json(&sent).send().await
    };
    for number in 0..5 {
        send(number).await.expect(201);
    }
    let refused = send(6).await;
    refused.problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("60"));
    app.stop().await;
}
