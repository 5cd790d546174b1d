//! Two servers on one PostgreSQL: what ends on one ends on the other within seconds, for calls that are really made there.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::support::{Server, client::Client, database::Database, observer_on, weirgate};

const PASSWORD: &str = "correct horse battery";

fn node(database: &Database, folder: &std::path::Path) -> Server {
    let mut command = weirgate(folder, &["serve", "--port", "0"]);
    let secret = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    command
        .env("APP_ENV", "development")
        .env("JWT_SECRET", secret)
        .env("WEIRGATE_AUTH__REFRESH_SECRET", secret.replace('0', "x"))
        .env("WEIRGATE_AUTH__ENCRYPTION_SECRET", secret.replace('0', "y"));
    database.name_to(&mut command);
    Server::start(command)
}

async fn api(client: &mut Client, method: Method, path: &str, token: &str, sent: &Value) -> Value {
    let bearer = format!("Bearer {token}");
    client.api(method, path, &[("authorization", &bearer)], sent).await
}

/// The status of a call that the key makes.
async fn call(client: &mut Client, key: &str) -> u16 {
    let sent = json!({ "model": "demo", "max_tokens": 9, "messages": [{ "role": "user", "content": "Hello" }] });
    let headers = [("content-type", "application/json"), ("x-api-key", key)];
    client
        .call(&Method::POST, "/v1/messages", &headers, &sent.to_string())
        .await
        .status
}

/// How long it takes until a call of the key gets this status.
async fn until(client: &mut Client, key: &str, status: u16) -> Duration {
    let since = Instant::now();
    while call(client, key).await != status {
        assert!(since.elapsed() < Duration::from_secs(20), "never {status}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    since.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_revoked_and_member_removed_on_one_are_refused_on_the_other_within_five_seconds() {
    let Some(database) = Database::postgres() else { return };
    let second = tempfile::tempdir().unwrap();
    let (here, there) = (node(&database, database.dir()), node(&database, second.path()));
    let observer = observer_on(&database).await;
    let (mut here, mut there) = (Client::to(&here).await, Client::to(&there).await);

    let mut tokens = Vec::new();
    let mut ids = Vec::new();
    for name in ["olga", "max"] {
        let sent = json!({ "email": format!("{name}@example.com"), "username": name, "password": PASSWORD });
        let made = here.api(Method::POST, "auth/register", &[], &sent).await;
        let id = made["user"]["id"].as_str().unwrap().to_owned();
        server::for_tests::verify(&observer, id.parse().unwrap()).await.unwrap();
        tokens.push(made["access_token"].as_str().unwrap().to_owned());
        ids.push(id);
    }
    let (olga, max) = (&tokens[0], &tokens[1]);
    let sent = json!({ "name": "Acme", "slug": "acme" });
    api(&mut here, Method::POST, "organizations", olga, &sent).await;
    let sent = json!({ "user_id": ids[1], "role": "admin" });
    api(&mut here, Method::POST, "organizations/acme/members", olga, &sent).await;
    let mut keys = Vec::new();
    for name in ["one", "two"] {
        let sent = json!({ "name": name, "organization": "acme" });
        let made = api(&mut here, Method::POST, "account/keys", max, &sent).await;
        keys.push((
            made["id"].as_str().unwrap().to_owned(),
            made["key"].as_str().unwrap().to_owned(),
        ));
    }
    for (_, key) in &keys {
        assert_eq!(call(&mut here, key).await, 200);
        until(&mut there, key, 200).await;
    }

    let path = format!("account/keys/{}", keys[0].0);
    api(&mut here, Method::DELETE, &path, max, &Value::Null).await;
    assert_eq!(call(&mut here, &keys[0].1).await, 401, "at once where it was revoked");
    let revoked = until(&mut there, &keys[0].1, 401).await;
    assert!(revoked < Duration::from_secs(5), "{revoked:?}");

    assert_eq!(call(&mut there, &keys[1].1).await, 200);
    let path = format!("organizations/acme/members/{}", ids[1]);
    api(&mut here, Method::DELETE, &path, olga, &Value::Null).await;
    assert_eq!(
        call(&mut here, &keys[1].1).await,
        401,
        "at once where they were removed"
    );
    let removed = until(&mut there, &keys[1].1, 401).await;
    assert!(removed < Duration::from_secs(5), "{removed:?}");
    observer.shutdown().await;
}
