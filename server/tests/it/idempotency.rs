//! `Idempotency-Key` (C110): sent again, a request makes nothing again and is answered the same, without secrets.

use serde_json::{Value, json};

use crate::support::{App, Call, Database, PASSWORD, Person, Reply};

const KEYS: &str = "/api/v1/account/keys";
const HASH: &str = "265a5ecde69cef348b8732109839753aa71dc560c1ee3715276e29ea75ece73c";

fn keyed(app: &App, path: &str, token: &str, key: &str) -> Call {
    app.post(path).bearer(token).header("idempotency-key", key)
}

async fn make(app: &App, person: &Person, key: &str, name: &str) -> Reply {
    let sent = json!({ "name": name });
    keyed(app, KEYS, &person.access, key).json(&sent).send().await
}

async fn names(app: &App) -> Vec<String> {
    app.database.texts("SELECT name FROM api_keys ORDER BY name").await
}

fn is_replayed(reply: &Reply) -> bool {
    reply.header("idempotent-replayed") == Some("true")
}

/// Path and operation of every door at which a proven caller makes something.
fn makers(app: &App) -> Vec<(String, Value)> {
    let mut document = serde_json::to_value(server::http::openapi(app.state.config())).unwrap();
    let paths = document["paths"].as_object_mut().unwrap().iter_mut();
    let doors = paths.map(|(path, item)| (path.clone(), item["post"].take()));
    doors
        .filter(|(_, door)| door["responses"].get("201").is_some() && door.get("security").is_some())
        .collect()
}

on_both! {
async fn repeated_request_makes_one_key_and_shows_its_text_once(app: App) {
    let anna = app.register("anna").await;
    let first = make(app, &anna, "k-1", "laptop").await;
    assert!(!is_replayed(&first));
    let mut expected = first.expect(201);
    assert!(expected["key"].is_string());
    expected["key"] = Value::Null;
    app.advance_secs(600);
    for _ in 0..3 {
        let again = make(app, &anna, "k-1", "laptop").await;
        assert_eq!(again.expect(201), expected);
        assert!(is_replayed(&again));
        assert_eq!(again.header("content-type"), Some("application/json"));
        assert_eq!(again.header("cache-control"), Some("no-store"));
    }
    assert_eq!(names(app).await, ["laptop"]);
    let rows: Vec<Value> = app.audit().await.into_iter().filter(|row| row["action"] == "key.created").collect();
    assert_eq!(rows.len(), 1);
    // Another key, or none, is another request.
    make(app, &anna, "k-2", "laptop").await.expect(201);
    app.post(KEYS).bearer(&anna.access).json(&json!({ "name": "laptop" })).send().await.expect(201);
    assert_eq!(names(app).await.len(), 3);
}
}

on_both! {
async fn another_body_under_the_same_key_is_422_and_makes_nothing(app: App) {
    let anna = app.register("anna").await;
    make(app, &anna, "k-1", "laptop").await.expect(201);
    let problem = make(app, &anna, "k-1", "phone").await.problem(422, "invalid");
    assert_eq!(problem["errors"], json!({ "idempotency_key": ["not_matching"] }));
    // Compared as it was sent.
    let spaced = keyed(app, KEYS, &anna.access, "k-1").header("content-type", "application/json").text(r#"{ "name": "laptop" }"#);
    spaced.send().await.problem(422, "invalid");
    assert_eq!(names(app).await, ["laptop"]);
}
}

on_both! {
async fn key_counts_for_one_caller_and_one_route(app: App) {
    let anna = app.register("anna").await;
    let berta = app.register("berta").await;
    let first = make(app, &anna, "k-1", "laptop").await.expect(201);
    let hers = make(app, &berta, "k-1", "laptop").await;
    assert!(!is_replayed(&hers));
    assert_ne!(hers.expect(201)["id"], first["id"]);
    let sent = json!({ "name": "laptop" });
    let alias = keyed(app, "/api/v1/api-keys", &anna.access, "k-1").json(&sent).send().await;
    assert!(!is_replayed(&alias));
    assert_ne!(alias.expect(201)["id"], first["id"]);
    // The mounts are one route, and a cookie and an access token of one person are one caller.
    let mounted = keyed(app, "/api/account/keys", &anna.access, "k-1").json(&sent).send().await;
    assert!(is_replayed(&mounted));
    let cookie = app.cookie("anna", false).await;
    let by_cookie = app.post(KEYS).cookie(&cookie).same_origin().header("idempotency-key", "k-1").json(&sent).send().await;
    assert_eq!(by_cookie.expect(201)["id"], first["id"]);
    assert_eq!(names(app).await.len(), 3);
}
}

on_both! {
async fn request_that_is_being_served_is_409_with_a_time_to_wait(app: App) {
    let anna = app.register("anna").await;
    for number in 1..=20 {
        let key = format!("k-{number}");
        let mut first = std::pin::pin!(make(app, &anna, &key, "laptop"));
        // As far as it gets without waiting; it keeps the key's place until it is polled again.
        let looked = std::future::poll_fn(|context| std::task::Poll::Ready(first.as_mut().poll(context))).await;
        assert!(looked.is_pending());
        let second = make(app, &anna, &key, "laptop").await;
        if second.status == 201 {
            // Its transaction was done before the second one looked: that is an answer, too.
            assert!(is_replayed(&second));
            first.await.expect(201);
            continue;
        }
        second.problem(409, "conflict");
        assert_eq!(second.header("retry-after"), Some("1"));
        // Nobody else waits for it.
        make(app, &anna, "phone", "phone").await.expect(201);
        first.await.expect(201);
        assert!(is_replayed(&make(app, &anna, &key, "laptop").await));
        assert_eq!(names(app).await.len(), number + 1);
        return;
    }
    panic!("none of twenty requests was still being served");
}
}

on_both! {
async fn of_50_parallel_requests_one_makes_something(app: App) {
    let anna = app.register("anna").await;
    let calls = (0..50).map(|_| make(app, &anna, "k-1", "laptop"));
    let replies = futures_util::future::join_all(calls).await;
    let mut fresh = 0;
    for reply in &replies {
        if reply.status == 409 {
            reply.problem(409, "conflict");
            assert_eq!(reply.header("retry-after"), Some("1"));
        } else {
            reply.expect(201);
            fresh += usize::from(!is_replayed(reply));
        }
    }
    assert_eq!(fresh, 1);
    assert_eq!(names(app).await, ["laptop"]);
    assert!(is_replayed(&make(app, &anna, "k-1", "laptop").await));
}
}

on_both! {
async fn client_that_left_and_comes_again_finds_what_it_made(app: App) {
    let anna = app.register("anna").await;
    for round in 0..20 {
        let key = format!("k-{round}");
        // Gone at some moment between the first look and the answer.
        let patience = std::time::Duration::from_micros(round * 200);
        let _ = tokio::time::timeout(patience, make(app, &anna, &key, &key)).await;
        let again = loop {
            let reply = make(app, &anna, &key, &key).await;
            if reply.status != 409 {
                break reply;
            }
        };
        assert_eq!(again.expect(201)["name"], key);
    }
    assert_eq!(names(app).await.len(), 20);
}
}

on_both! {
async fn key_is_free_again_after_24_hours_and_its_row_goes(app: App) {
    const DAY: i64 = 86_400;
    let anna = app.register("anna").await;
    make(app, &anna, "k-1", "laptop").await.expect(201);
    make(app, &anna, "k-2", "phone").await.expect(201);
    app.advance_secs(DAY - 1);
    let anna = app.login("anna", false).await;
    assert!(is_replayed(&make(app, &anna, "k-1", "laptop").await));
    app.advance_secs(1);
    let late = make(app, &anna, "k-1", "laptop").await;
    assert!(!is_replayed(&late));
    late.expect(201);
    assert_eq!(names(app).await, ["laptop", "laptop", "phone"]);
    let kept = app.database.texts("SELECT CAST(status AS TEXT) FROM idempotency_keys").await;
    assert_eq!(kept, ["201"]);
}
}

on_both! {
async fn refusal_is_not_kept(app: App) {
    let anna = app.register("anna").await;
    make(app, &anna, "k-1", " ").await.invalid("name", "required");
    make(app, &anna, "k-1", "laptop").await.expect(201);
    let token = json!({ "name": "script", "scopes": ["read"], "password": "not the password" });
    let refused = keyed(app, "/api/v1/auth/tokens", &anna.access, "t-1").json(&token).send().await;
    refused.problem(401, "wrong_password");
    let token = json!({ "name": "script", "scopes": ["read"], "password": PASSWORD });
    keyed(app, "/api/v1/auth/tokens", &anna.access, "t-1").json(&token).send().await.expect(201);
    // Also what is refused when it had been noted already.
    let begin = |key: &str| keyed(app, "/v1/sessions/start", &anna.access, key).send();
    let mut begun = Value::Null;
    for number in 0..10 {
        begun = begin(&format!("s-{number}")).await.expect(201);
    }
    begin("s-10").await.problem(409, "conflict");
    let end = json!({ "session_id": begun["session_id"], "transcript_hash": HASH });
    app.post("/v1/sessions/end").bearer(&anna.access).json(&end).send().await.expect(200);
    assert!(!is_replayed(&begin("s-10").await));
    assert!(is_replayed(&begin("s-10").await));
    keyed(app, KEYS, "a.b.c", "k-1").json(&json!({ "name": "laptop" })).send().await.problem(401, "invalid_credential");
    app.post(KEYS).header("idempotency-key", "k-1").json(&json!({ "name": "laptop" })).send().await.problem(401, "missing_credential");
}
}

on_both! {
async fn personal_token_and_conversation_are_made_once(app: App) {
    let anna = app.register("anna").await;
    let sent = json!({ "name": "script", "scopes": ["write"], "password": PASSWORD });
    let call = keyed(app, "/api/v1/auth/tokens", &anna.access, "t-1").json(&sent);
    let mut first = call.clone().send().await.expect(201);
    let token = first["token"].as_str().unwrap().to_owned();
    first["token"] = Value::Null;
    assert_eq!(call.send().await.expect(201), first);
    assert_eq!(app.database.texts("SELECT name FROM api_tokens").await, ["script"]);

    let begin = || keyed(app, "/v1/sessions/start", &anna.access, "s-1");
    let begun = begin().send().await.expect(201);
    assert_eq!(begin().send().await.expect(201), begun);
    // Also when it has ended in between: the request is the one that began it.
    let end = json!({ "session_id": begun["session_id"], "transcript_hash": HASH });
    app.post("/v1/sessions/end").bearer(&anna.access).json(&end).send().await.expect(200);
    assert_eq!(begin().send().await.expect(201), begun);
    assert_eq!(app.database.texts("SELECT 'one' FROM conversations").await.len(), 1);

    // What one credential was told is not for another: a personal token that may do the same is told apart.
    let other = keyed(app, "/v1/sessions/start", &token, "s-1").send().await;
    assert!(!is_replayed(&other));
    other.expect(201);
    // One that may not make keys does not read the reply to who may.
    make(app, &anna, "k-1", "laptop").await.expect(201);
    keyed(app, KEYS, &token, "k-1").json(&json!({ "name": "laptop" })).send().await.problem(403, "forbidden");
}
}

on_both! {
async fn passkey_is_made_once_and_its_recovery_codes_are_not_told_again(app: App) {
    let anna = app.register("anna").await;
    let mut key = app.authenticator(1);
    let sent = json!({ "current_password": PASSWORD });
    let begun = app.post("/api/v1/auth/passkeys/register/start").bearer(&anna.access).json(&sent).send().await.expect(200);
    let sent = json!({ "ceremony": begun["ceremony"], "credential": key.create(&begun["options"]), "name": "the laptop", "second_factor": true });
    let finish = keyed(app, "/api/v1/auth/passkeys/register/finish", &anna.access, "p-1").json(&sent);
    let first = finish.clone().send().await.expect(201);
    assert!(first["recovery_codes"].is_array());
    let again = finish.send().await.expect(201);
    assert_eq!(again, json!({ "passkey": first["passkey"] }));
}
}

on_both! {
async fn malformed_key_is_422(app: App) {
    let anna = app.register("anna").await;
    let long = "k".repeat(256);
    for (key, code) in [("", "required"), ("two words", "control_characters"), (long.as_str(), "too_long")] {
        make(app, &anna, key, "laptop").await.invalid("idempotency_key", code);
    }
    let twice = keyed(app, KEYS, &anna.access, "a").header("idempotency-key", "b").json(&json!({ "name": "laptop" }));
    twice.send().await.invalid("idempotency_key", "repeated_field");
    assert!(names(app).await.is_empty());
    // Where nothing is made it does no harm.
    let longest = "k".repeat(255);
    app.get(KEYS).bearer(&anna.access).header("idempotency-key", &long).send().await.expect(200);
    make(app, &anna, &longest, "laptop").await.expect(201);
    make(app, &anna, &longest, &"x".repeat(64 * 1024)).await.problem(413, "too_large");
}
}

on_both! {
async fn key_and_reply_stand_nowhere_in_plain_text(app: App) {
    let anna = app.register("anna").await;
    let made = make(app, &anna, "an-idempotency-key-of-hers", "laptop").await.expect(201);
    let stored = app.database.texts("SELECT CAST(COUNT(*) AS TEXT) FROM idempotency_keys").await;
    assert_eq!(stored, ["1"]);
    let dump = app.database.dump();
    let holds = |needle: &str| dump.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(holds("laptop"));
    assert!(!holds("an-idempotency-key-of-hers"));
    assert!(!holds(made["key"].as_str().unwrap()));
    assert!(!holds(&format!("\"hint\":{}", made["hint"])));
}
}

on_both! {
async fn keys_go_with_the_account(app: App) {
    let anna = app.register("anna").await;
    make(app, &anna, "k-1", "laptop").await.expect(201);
    let gone = app.call("DELETE", "/api/v1/account/profile").bearer(&anna.access).json(&json!({ "password": PASSWORD })).send().await;
    gone.expect(204);
    assert!(app.database.texts("SELECT CAST(status AS TEXT) FROM idempotency_keys").await.is_empty());
}
}

on_both! {
async fn every_door_that_makes_something_of_ones_own_names_the_header(app: App) {
    let doors = makers(app);
    for (path, door) in &doors {
        let named = door["parameters"].as_array().into_iter().flatten().any(|one| one["name"] == "Idempotency-Key");
        assert!(named, "POST {path} makes something: record it with `idempotency::record` and name the header in its document");
    }
    assert!(doors.len() >= 5, "{}", doors.len());
}
}

/// Fields of replies that are told once.
const SECRETS: [&str; 4] = ["key", "token", "link", "recovery_codes"];

on_both! {
async fn no_door_makes_anything_twice_or_tells_a_secret_again(app: App) {
    let root = app.admin().await;
    let (wanda, xavier) = (app.verified("wanda").await, app.verified("xavier").await);
    let mut tried = Vec::new();
    let mut made = async |path: &str, of: &str, sent: Value| {
        let door = format!("/api/v1{path}");
        let path = door.replace("{organization}", "acme").replace("{id}", of);
        let send = || keyed(app, &path, &root.access, "the-same").json(&sent).send();
        let first = send().await;
        assert!(!is_replayed(&first), "{path}");
        let first = first.expect(201);
        let again = send().await;
        assert!(is_replayed(&again), "{path} makes it twice");
        let again = again.expect(201);
        for secret in SECRETS {
            assert!(again[secret].is_null(), "{path} tells {secret} again");
        }
        tried.push(door);
        first
    };
    made("/organizations", "", json!({ "name": "Acme", "slug": "acme" })).await;
    let link = made("/organizations/{organization}/invitations", "", json!({ "role": "member" })).await;
    assert!(link["link"].is_string(), "{link}");
    made("/organizations/{organization}/members", "", json!({ "user_id": wanda.id, "role": "member" })).await;
    made("/admin/organizations/{organization}/members", "", json!({ "user_id": xavier.id, "role": "member" })).await;
    let team = made("/organizations/{organization}/teams", "", json!({ "name": "t" })).await;
    made("/teams/{id}/members", team["id"].as_str().unwrap(), json!({ "user_id": wanda.id })).await;
    let provider = json!({ "name": "acme", "dialect": "openai", "base_url": "https://api.example.com/v1" });
    made("/admin/providers", "", provider).await;
    let model = made("/admin/models", "", json!({ "name": "m", "routes": [{ "provider": "acme", "model": "m" }] })).await;
    made("/admin/models/{id}/prices", model["id"].as_str().unwrap(), json!({ "input": "3", "output": "15" })).await;
    made("/admin/users", "", json!({ "email": "yves@example.com", "username": "yves" })).await;
    made("/account/keys", "", json!({ "name": "one" })).await;
    made("/api-keys", "", json!({ "name": "two" })).await;
    made("/auth/tokens", "", json!({ "name": "t", "scopes": ["read"], "password": PASSWORD })).await;
    made("/sessions/start", "", json!({})).await;
    // Its own test needs an authenticator: see above.
    tried.push("/api/v1/auth/passkeys/register/finish".to_owned());
    tried.sort();

    let mut doors: Vec<String> = makers(app).into_iter().map(|(path, _)| path).collect();
    doors.sort();
    assert_eq!(tried, doors, "a door that makes something is tried here");
}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_make_one_thing_for_one_key() {
    let Some(database) = Database::postgres() else { return };
    const SECRETS: [(&str, &str); 3] = [
        ("JWT_SECRET", "Zk3vQ8pT1nXw7LrB5mHy2cJd9sFgA4uEoKi6RtVb0xNqWzPl"),
        ("JWT_REFRESH_SECRET", "hY7tBn2KsWq9XzLc4VfRj6DpMg1EaUoT8iQx5ZvNw3CkJrLu"),
        (
            "WEIRGATE_AUTH__ENCRYPTION_SECRET",
            "pQ4wEr7TyU1iOpA9sDfG3hJkL6zXcVb2nM8qWeRtY5uIoPaS",
        ),
    ];
    let other = database.beside();
    let first = App::start_with_variables(database, &SECRETS).await;
    let second = App::start_with_variables(other, &SECRETS).await;
    let anna = first.register("anna").await;
    while second.get("/api/v1/auth/me").bearer(&anna.access).send().await.status != 200 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for round in 0..10 {
        let key = format!("k-{round}");
        let calls = (0..8).map(|number| make(if number % 2 == 0 { &first } else { &second }, &anna, &key, &key));
        let replies = futures_util::future::join_all(calls).await;
        let fresh = replies
            .iter()
            .filter(|reply| reply.status == 201 && !is_replayed(reply))
            .count();
        assert_eq!(fresh, 1, "{replies:?}");
        assert!(
            replies.iter().all(|reply| [201, 409].contains(&reply.status.as_u16())),
            "{replies:?}"
        );
    }
    assert_eq!(names(&first).await.len(), 10);
    second.stop().await;
    first.stop().await;
}
