//! An organization has an owner, always: two owners turn on each other at the same moment, over and over (C074).

use serde_json::json;

use crate::support::{App, Database, Person, Reply, is_long, organizations::at};

async fn set_role(app: &App, by: &Person, person: &Person, role: &str) -> Reply {
    let path = at("acme", &format!("/members/{}", person.id));
    let call = app.call("PATCH", &path).bearer(&by.access);
    call.json(&json!({ "role": role })).send().await
}

/// One of the two always wins, and whoever lost may no longer strike back.
async fn duel(app: &App) {
    app.verified("anna").await;
    app.verified("boris").await;
    let mut people = [app.login("anna", false).await, app.login("boris", false).await];
    app.organization(&people[0], "acme").await;
    let sent = json!({ "user_id": people[1].id, "role": "owner" });
    let call = app.post(&at("acme", "/members")).bearer(&people[0].access).json(&sent);
    call.send().await.expect(201);
    let rounds = if is_long() { 1_000 } else { 200 };
    for round in 0..rounds {
        let [anna, boris] = &people;
        // Every third round one of them leaves instead.
        let strikes = async |by: &Person, other: &Person| {
            if round % 3 != 2 {
                return set_role(app, by, other, "member").await;
            }
            let path = at("acme", &format!("/members/{}", by.id));
            app.call("DELETE", &path).bearer(&by.access).send().await
        };
        let (left, right) = tokio::join!(strikes(anna, boris), strikes(boris, anna));
        let owners = app
            .database
            .texts("SELECT role FROM organization_members m JOIN organizations o ON o.id = m.organization_id WHERE o.slug = 'acme' AND m.role = 'owner'")
            .await;
        assert_eq!(owners.len(), 1, "round {round}: {} {}", left.text(), right.text());
        let (won, lost) = if left.status.is_success() {
            (left, right)
        } else {
            (right, left)
        };
        assert!(won.status.is_success(), "{}", won.text());
        if round % 3 == 2 {
            lost.problem(409, "last_owner");
        } else {
            lost.problem(403, "forbidden");
        }
        // Whoever is left makes the other one an owner again.
        let is_anna = app.role_of(anna, "acme", anna).await.as_deref() == Some("owner");
        let (owner, other) = if is_anna { (anna, boris) } else { (boris, anna) };
        if round % 3 == 2 {
            let sent = json!({ "user_id": other.id, "role": "owner" });
            let call = app.post(&at("acme", "/members")).bearer(&owner.access).json(&sent);
            call.send().await.expect(201);
        } else {
            set_role(app, owner, other, "owner").await.expect(200);
        }
        if round % 100 == 99 {
            // Access tokens live 15 minutes; the limits count by the minute.
            app.advance_secs(60);
            people = [app.login("anna", false).await, app.login("boris", false).await];
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_who_demote_each_other_leave_one_on_sqlite() {
    let app = App::start(Database::sqlite()).await;
    duel(&app).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_who_demote_each_other_leave_one_on_postgres() {
    let Some(database) = Database::postgres() else { return };
    let app = App::start(database).await;
    duel(&app).await;
    app.stop().await;
}
