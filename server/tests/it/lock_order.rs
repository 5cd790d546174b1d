//! Transactions take people before organizations (`db::users::lock`): none waits for another that waits for it.
//!
//! Where two did, PostgreSQL would end one of them after a second, and its caller would hear 503.

use serde_json::json;

use crate::support::{App, Database, Person, Reply, is_long, organizations::at};

/// People of one round.
const AT_ONCE: usize = 6;
const SLUGS: [&str; 2] = ["one", "two"];

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

/// Who does it.
struct By {
    root: Person,
    owner: Person,
    /// A team in each organization.
    teams: [String; 2],
}

/// Each person belongs to one of the two organizations and is deleted while they are added to the other one and to a team of their own, and while
/// their own is renamed.
async fn round(app: &App, round: usize, by: &By) {
    let people = people(app, round).await;
    for (number, person) in people.iter().enumerate() {
        let own = at(SLUGS[number % 2], "/members");
        add(app, &by.owner, &own, person).await.expect(201);
    }
    let work = people.iter().enumerate().map(|(number, person)| async move {
        let (own, other) = (SLUGS[number % 2], SLUGS[(number + 1) % 2]);
        let renamed = json!({ "name": format!("{own} {round} {number}") });
        let place = format!("/api/v1/admin/organizations/{own}");
        let team = format!("/api/v1/teams/{}/members", by.teams[number % 2]);
        let in_team = json!({ "user_id": person.id });
        let other = at(other, "/members");
        let (deleted, added, joined, renamed) = tokio::join!(
            delete(app, &by.root, person),
            add(app, &by.owner, &other, person),
            app.post(&team).bearer(&by.owner.access).json(&in_team).send(),
            app.call("PATCH", &place).bearer(&by.root.access).json(&renamed).send(),
        );
        is_one_of(&deleted, &[204]);
        is_one_of(&added, &[201, 404]);
        is_one_of(&joined, &[201, 404]);
        is_one_of(&renamed, &[200]);
    });
    futures_util::future::join_all(work).await;
    for table in ["organization_members", "team_members"] {
        let left =
            format!("SELECT u.username FROM {table} m JOIN users u ON u.id = m.user_id WHERE u.username LIKE 'p%'");
        let left = app.database.texts(&left).await;
        assert!(left.is_empty(), "{table}: {left:?}");
    }
}

async fn check(app: &App) {
    app.admin().await;
    let owner = app.verified("owner").await;
    let mut teams = Vec::new();
    for slug in SLUGS {
        app.organization(&owner, slug).await;
        teams.push(app.team(&owner, slug, "team", &[]).await);
    }
    let teams: [String; 2] = teams.try_into().unwrap();
    for number in 0..if is_long() { 100 } else { 15 } {
        // The limits count by the minute, and access tokens live a quarter of an hour.
        app.advance_secs(900);
        let by = By {
            root: app.login("root", false).await,
            owner: app.login("owner", false).await,
            teams: teams.clone(),
        };
        round(app, number, &by).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_deleted_while_they_are_added_on_postgres() {
    let Some(database) = Database::postgres() else { return };
    let app = App::start_with(database, |config| config.rate_limits.sign_in_requests = 100_000).await;
    check(&app).await;
    app.stop().await;
}
