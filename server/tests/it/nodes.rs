//! Two nodes on one PostgreSQL database: what one decides holds on the other.

use serde_json::{Value, json};

use crate::support::{App, Database, Person, organizations::at};

const SECRETS: [(&str, &str); 2] = [
    ("JWT_SECRET", "Zk3vQ8pT1nXw7LrB5mHy2cJd9sFgA4uEoKi6RtVb0xNqWzPl"),
    ("JWT_REFRESH_SECRET", "hY7tBn2KsWq9XzLc4VfRj6DpMg1EaUoT8iQx5ZvNw3CkJrLu"),
];

async fn two_nodes() -> Option<(App, App)> {
    let database = Database::postgres()?;
    let other = database.beside();
    let first = App::start_with_variables(database, &SECRETS).await;
    let second = App::start_with_variables(other, &SECRETS).await;
    Some((first, second))
}

/// Often enough to see a change at once, seldom enough to stay within the account API's limits.
async fn look_again() {
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_refreshes_on_two_nodes_get_one_successor() {
    let Some((first, second)) = two_nodes().await else {
        return;
    };
    let person = first.register("anna").await;
    let sent = json!({ "refresh_token": person.refresh });
    let calls = (0..50).map(|number| {
        let node = if number % 2 == 0 { &first } else { &second };
        node.post("/api/v1/auth/refresh").json(&sent).send()
    });
    let replies = futures_util::future::join_all(calls).await;
    let mut successors: Vec<String> = replies
        .iter()
        .map(|reply| reply.expect(200)["refresh_token"].as_str().unwrap().to_owned())
        .collect();
    successors.sort();
    successors.dedup();
    assert_eq!(successors.len(), 1);
    second.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn person_made_on_one_node_signs_in_on_the_other_at_once() {
    let Some((first, second)) = two_nodes().await else {
        return;
    };
    first.register("anna").await;
    let person = second.login("anna", false).await;
    second
        .get("/api/v1/auth/me")
        .bearer(&person.access)
        .send()
        .await
        .expect(200);
    let cookie = first.cookie("anna", false).await;
    second.get("/api/v1/auth/me").cookie(&cookie).send().await.expect(200);
    second.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_in_that_ends_on_one_node_ends_on_the_other_within_seconds() {
    let Some((first, second)) = two_nodes().await else {
        return;
    };
    let person = first.register("anna").await;
    let me = async || second.get("/api/v1/auth/me").bearer(&person.access).send().await;
    while me().await.status != 200 {
        look_again().await;
    }
    let sent = json!({ "refresh_token": person.refresh });
    first.post("/api/v1/auth/logout").json(&sent).send().await.expect(204);
    let ended = std::time::Instant::now();
    while me().await.status == 200 {
        look_again().await;
    }
    me().await.problem(401, "invalid_credential");
    assert!(ended.elapsed().as_secs() < 5);
    second.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_parallel_set_ups_on_two_nodes_exactly_one_succeeds() {
    let Some((first, second)) = two_nodes().await else {
        return;
    };
    let link = server::setup::announce(&first.state).await.unwrap();
    let token = link.split_once("token=").unwrap().1;
    let calls = (0..20).map(|number| {
        let node = if number % 2 == 0 { &first } else { &second };
        let sent = json!({ "token": token, "email": format!("root{number}@example.com"), "password": crate::support::PASSWORD });
        node.post("/api/v1/setup").json(&sent).send_until_served()
    });
    let replies = futures_util::future::join_all(calls).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.problem(409, "conflict");
    }
    second.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personal_token_revoked_on_one_node_ends_on_the_other_within_seconds() {
    let Some((first, second)) = two_nodes().await else {
        return;
    };
    first.register("anna").await;
    let sent = json!({ "email": "anna@example.com", "password": crate::support::PASSWORD });
    let made = first
        .post("/api/v1/auth/cli-login")
        .json(&sent)
        .send()
        .await
        .expect(200);
    let token = made["token"].as_str().unwrap();
    let me = async || second.get("/api/v1/auth/me").bearer(token).send().await;
    while me().await.status != 200 {
        look_again().await;
    }
    first
        .post("/api/v1/auth/cli-logout")
        .bearer(token)
        .send()
        .await
        .expect(204);
    let ended = std::time::Instant::now();
    while me().await.status == 200 {
        look_again().await;
    }
    me().await.problem(401, "invalid_credential");
    assert!(ended.elapsed().as_secs() < 5);
    second.stop().await;
    first.stop().await;
}

/// Waits until the second node takes the key, lets `end` end it on the first, and measures until the second takes it no more.
async fn key_ends_on_the_other_node(end: impl AsyncFn(&App, &Person, &Person, &Value)) {
    let Some((first, second)) = two_nodes().await else {
        return;
    };
    let owner = first.verified("owner").await;
    first.organization(&owner, "acme").await;
    let admin = first.member(&owner, "acme", "admin", "admin").await;
    let key = first.key_in(&admin, "acme", None).await;
    while !second.takes(&key) {
        look_again().await;
    }
    end(&first, &owner, &admin, &key).await;
    assert!(!first.takes(&key));
    let ended = std::time::Instant::now();
    while second.takes(&key) {
        look_again().await;
    }
    assert!(ended.elapsed().as_secs() < 5);
    second.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_of_a_removed_member_ends_on_the_other_node_within_seconds() {
    key_ends_on_the_other_node(async |app, owner, admin, _| {
        let path = at("acme", &format!("/members/{}", admin.id));
        let call = app.call("DELETE", &path).bearer(&owner.access);
        call.send().await.expect(204);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_revoked_by_an_owner_ends_on_the_other_node_within_seconds() {
    key_ends_on_the_other_node(async |app, owner, _, key| {
        let path = at("acme", &format!("/keys/{}", key["id"].as_str().unwrap()));
        let call = app.call("DELETE", &path).bearer(&owner.access);
        call.send().await.expect(204);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn team_changed_on_one_node_holds_on_the_other_within_seconds() {
    let Some((first, second)) = two_nodes().await else {
        return;
    };
    let owner = first.verified("owner").await;
    first.organization(&owner, "acme").await;
    let team = first.team(&owner, "acme", "research", &[]).await;
    let id = team.parse().unwrap();
    let rules = || {
        second
            .state
            .directory()
            .team(id)
            .map(|team| (team.allowed_models.clone(), team.limits.rpm_limit))
    };
    while rules().is_none() {
        look_again().await;
    }
    let sent = json!({ "allowed_models": ["demo"], "rpm_limit": 7 });
    let call = first
        .call("PATCH", &format!("/api/v1/teams/{team}"))
        .bearer(&owner.access);
    call.json(&sent).send().await.expect(200);
    let changed = std::time::Instant::now();
    while rules() != Some((vec!["demo".to_owned()], Some(7))) {
        look_again().await;
    }
    assert!(changed.elapsed().as_secs() < 5);
    second.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_on_two_nodes_who_demote_each_other_leave_one() {
    let Some((first, second)) = two_nodes().await else {
        return;
    };
    let anna = first.verified("anna").await;
    first.organization(&anna, "acme").await;
    let boris = first.member(&anna, "acme", "boris", "owner").await;
    let acme = first.state.directory().organization_of_slug("acme").unwrap();
    let role_on = |node: &App, person: &Person| node.state.directory().is_member(acme, person.id.parse().unwrap());
    for _ in 0..5 {
        // Both nodes know that both are owners.
        for (node, person) in [(&first, &anna), (&first, &boris), (&second, &anna), (&second, &boris)] {
            while role_on(node, person) != Some(types::OrganizationRole::Owner) {
                look_again().await;
            }
        }
        let demote = async |node: &App, by: &Person, other: &Person| {
            let path = at("acme", &format!("/members/{}", other.id));
            let call = node.call("PATCH", &path).bearer(&by.access);
            call.json(&json!({ "role": "member" })).send().await
        };
        let (left, right) = tokio::join!(demote(&first, &anna, &boris), demote(&second, &boris, &anna));
        let (owner, other) = if left.status == 200 {
            (&anna, &boris)
        } else {
            (&boris, &anna)
        };
        assert_eq!(
            left.status.as_u16() + right.status.as_u16(),
            200 + 403,
            "{} {}",
            left.text(),
            right.text()
        );
        let node = if left.status == 200 { &first } else { &second };
        let path = at("acme", &format!("/members/{}", other.id));
        let call = node.call("PATCH", &path).bearer(&owner.access);
        call.json(&json!({ "role": "owner" })).send().await.expect(200);
    }
    second.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrator_demoted_on_one_node_is_refused_on_the_other_within_seconds() {
    let Some((first, second)) = two_nodes().await else {
        return;
    };
    let root = first.admin().await;
    let other = first.verified("other").await;
    let role = types::PlatformRole::Admin;
    let id = other.id.parse().unwrap();
    server::for_tests::set_platform_role(&first.state, id, role)
        .await
        .unwrap();
    let list = async || {
        let call = second.get("/api/v1/admin/users").bearer(&other.access);
        call.send().await
    };
    while list().await.status != 200 {
        look_again().await;
    }
    let change = async |change: Value| {
        let path = format!("/api/v1/admin/users/{}", other.id);
        let call = first.call("PATCH", &path).bearer(&root.access).json(&change);
        call.send().await.expect(200);
        std::time::Instant::now()
    };
    let since = change(json!({ "role": "user" })).await;
    while list().await.status == 200 {
        look_again().await;
    }
    list().await.problem(403, "forbidden");
    assert!(since.elapsed().as_secs() < 5);
    let since = change(json!({ "is_active": false })).await;
    while list().await.status == 403 {
        look_again().await;
    }
    list().await.problem(401, "invalid_credential");
    assert!(since.elapsed().as_secs() < 5);
    second.stop().await;
    first.stop().await;
}
