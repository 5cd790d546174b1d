//! Transactions take people before organizations (`db::users::lock`): none waits for another that waits for it.
//!
//! Where two did, PostgreSQL would end one of them after a second, and its caller would hear 503.

use serde_json::json;

use crate::support::{App, Database, Person, Reply, is_long, organizations::at};

/// What is done at once, round after round, to people who are members of the same organization.
const AT_ONCE: usize = 6;

async fn delete(app: &App, by: &Person, person: &Person) -> Reply {
    let path = format!("/api/v1/admin/users/{}", person.id);
    app.call("DELETE", &path).bearer(&by.access).send().await
}

async fn add(app: &App, by: &Person, path: &str, person: &Person) -> Reply {
    let sent = json!({ "user_id": person.id, "role": "member" });
    app.post(path).bearer(&by.access).json(&sent).send().await
}

async fn people(app: &App, round: usize) -> Vec<Person> {
    let mut people = Vec::new();
    for number in 0..AT_ONCE {
        people.push(app.verified(&format!("p{round}-{number}")).await);
    }
    people
}

fn is_one_of(reply: &Reply, expected: &[u16]) {
    let status = reply.status.as_u16();
    assert!(expected.contains(&status), "{status}: {}", reply.text());
}

/// Each person belongs to one organization and is deleted while they are added to another one, by its owner and by an administrator, and while
/// both are renamed.
async fn round(app: &App, round: usize, root: &Person, owner: &Person) {
    let people = people(app, round).await;
    for person in &people {
        add(app, owner, &at("one", "/members"), person).await.expect(201);
    }
    let of_one = people.iter().enumerate().map(|(number, person)| async move {
        let rename = json!({ "name": format!("Two {round} {number}") });
        let (deleted, added, overseen, renamed) = tokio::join!(
            delete(app, root, person),
            add(app, owner, &at("two", "/members"), person),
            add(app, root, "/api/v1/admin/organizations/one/members", person),
            async {
                let call = app
                    .call("PATCH", "/api/v1/admin/organizations/two")
                    .bearer(&root.access);
                call.json(&rename).send().await
            }
        );
        is_one_of(&deleted, &[204]);
        is_one_of(&added, &[201, 404]);
        is_one_of(&overseen, &[404, 409]);
        is_one_of(&renamed, &[200]);
    });
    futures_util::future::join_all(of_one).await;
    let left = app
        .database
        .texts(
            "SELECT u.username FROM organization_members m JOIN users u ON u.id = m.user_id WHERE u.username LIKE 'p%'",
        )
        .await;
    // Those whom their personal organizations hold are gone with them.
    assert!(left.is_empty(), "{left:?}");
}

async fn check(app: &App) {
    app.admin().await;
    app.verified("owner").await;
    let (mut root, mut owner) = (app.login("root", false).await, app.login("owner", false).await);
    for slug in ["one", "two"] {
        app.organization(&owner, slug).await;
    }
    for number in 0..if is_long() { 100 } else { 15 } {
        round(app, number, &root, &owner).await;
        // The limits count by the minute, and access tokens live a quarter of an hour.
        app.advance_secs(900);
        (root, owner) = (app.login("root", false).await, app.login("owner", false).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_deleted_while_they_are_added_on_postgres() {
    let Some(database) = Database::postgres() else { return };
    let app = App::start_with(database, |config| config.rate_limits.sign_in_requests = 100_000).await;
    check(&app).await;
    app.stop().await;
}
