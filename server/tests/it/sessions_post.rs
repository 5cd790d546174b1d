//! `sessions/start` and `sessions/end`: what clients report of their sessions with models.

use serde_json::{Value, json};

use crate::support::{App, PASSWORD, Person, Reply};

const HASH: &str = "265a5ecde69cef348b8732109839753aa71dc560c1ee3715276e29ea75ece73c";
const OTHER: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const MOUNTS: [&str; 3] = ["/api/v1", "/api", "/v1"];

async fn start(app: &App, person: &Person, sent: &Value) -> Reply {
    app.post("/v1/sessions/start")
        .bearer(&person.access)
        .json(sent)
        .send()
        .await
}

async fn end(app: &App, person: &Person, id: &Value, hash: &str) -> Reply {
    let sent = json!({ "session_id": id, "transcript_hash": hash });
    app.post("/v1/sessions/end")
        .bearer(&person.access)
        .json(&sent)
        .send()
        .await
}

on_both! {
async fn conversation_begins_and_ends_at_every_mount(app: App) {
    let anna = app.register("anna").await;
    for mount in MOUNTS {
        let sent = json!({ "client_session_id": "editor-1" });
        let begun = app.post(&format!("{mount}/sessions/start")).bearer(&anna.access).json(&sent).send().await;
        let begun = begun.expect(201);
        assert_eq!(begun.as_object().unwrap().len(), 2, "{begun}");
        assert_eq!(begun["started_at"], app.clock.now().to_rfc3339());
        app.advance_secs(60);
        let sent = json!({ "session_id": begun["session_id"], "transcript_hash": HASH });
        let call = app.post(&format!("{mount}/sessions/end")).bearer(&anna.access).json(&sent);
        let ended = call.clone().send().await.expect(200);
        let expected = json!({
            "session_id": begun["session_id"], "started_at": begun["started_at"], "ended_at": app.clock.now().to_rfc3339(), "transcript_hash": HASH,
        });
        assert_eq!(ended, expected);
        // Later and again: the same.
        app.advance_secs(5);
        assert_eq!(call.send().await.expect(200), expected);
    }
}
}

on_both! {
async fn start_needs_no_body_and_takes_no_other_fields(app: App) {
    let anna = app.register("anna").await;
    app.post("/v1/sessions/start").bearer(&anna.access).send().await.expect(201);
    start(app, &anna, &json!({})).await.expect(201);
    start(app, &anna, &json!({ "client_session_id": null })).await.expect(201);
    let longest = "x".repeat(128);
    start(app, &anna, &json!({ "client_session_id": longest })).await.expect(201);
    let longer = "x".repeat(129);
    for (sent, field, code) in [
        (json!({ "client_session_id": longer }), "client_session_id", "too_long"),
        (json!({ "client_session_id": " " }), "client_session_id", "required"),
        (json!({ "client_session_id": "a\u{0}b" }), "client_session_id", "control_characters"),
        (json!({ "client_session_id": 7 }), "client_session_id", "wrong_type"),
        (json!({ "messages": [] }), "messages", "unknown_field"),
        (json!({ "user_id": anna.id }), "user_id", "unknown_field"),
    ] {
        start(app, &anna, &sent).await.invalid(field, code);
    }
}
}

on_both! {
async fn what_is_no_hash_is_422(app: App) {
    let anna = app.register("anna").await;
    let id = start(app, &anna, &json!({})).await.expect(201)["session_id"].clone();
    let (short, long, upper) = (&HASH[1..], format!("{HASH}0"), HASH.to_uppercase());
    let spaced = format!(" {}", &HASH[1..]);
    for wrong in ["", short, &long, &upper, &spaced, "You are Lumen.", &"g".repeat(64), &"é".repeat(32)] {
        end(app, &anna, &id, wrong).await.invalid("transcript_hash", "not_a_hash");
    }
    let send = async |sent: Value| app.post("/v1/sessions/end").bearer(&anna.access).json(&sent).send().await;
    send(json!({ "session_id": id })).await.invalid("transcript_hash", "required");
    send(json!({ "transcript_hash": HASH })).await.invalid("session_id", "required");
    send(json!({ "session_id": "x", "transcript_hash": HASH })).await.invalid("session_id", "wrong_type");
    send(json!({ "session_id": id, "transcript_hash": HASH, "transcript": "x" })).await.invalid("transcript", "unknown_field");
    end(app, &anna, &id, HASH).await.expect(200);
}
}

on_both! {
async fn ending_with_another_hash_is_409_and_changes_nothing(app: App) {
    let anna = app.register("anna").await;
    let id = start(app, &anna, &json!({})).await.expect(201)["session_id"].clone();
    let first = end(app, &anna, &id, HASH).await.expect(200);
    app.advance_secs(1);
    end(app, &anna, &id, OTHER).await.problem(409, "conflict");
    assert_eq!(end(app, &anna, &id, HASH).await.expect(200), first);
}
}

on_both! {
async fn of_parallel_ends_with_different_hashes_one_counts(app: App) {
    let anna = app.register("anna").await;
    let id = start(app, &anna, &json!({})).await.expect(201)["session_id"].clone();
    let hashes: Vec<String> = (0..10).map(|number| format!("{}{number}", &HASH[1..])).collect();
    let replies = futures_util::future::join_all(hashes.iter().map(|hash| end(app, &anna, &id, hash))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.problem(409, "conflict");
    }
}
}

on_both! {
async fn conversations_of_others_are_unknown(app: App) {
    let anna = app.register("anna").await;
    let berta = app.register("berta").await;
    let id = start(app, &anna, &json!({ "client_session_id": "one" })).await.expect(201)["session_id"].clone();
    end(app, &berta, &id, HASH).await.problem(404, "not_found");
    end(app, &berta, &json!("0199f7c2-7a3e-7000-8000-000000000000"), HASH).await.problem(404, "not_found");
    // The same name of another person's client is another conversation.
    let hers = start(app, &berta, &json!({ "client_session_id": "one" })).await.expect(201);
    assert_ne!(hers["session_id"], id);
    end(app, &anna, &id, HASH).await.expect(200);
}
}

on_both! {
async fn clients_own_name_leads_back_while_it_is_open(app: App) {
    let anna = app.register("anna").await;
    let sent = json!({ "client_session_id": "editor-1" });
    let begun = start(app, &anna, &sent).await.expect(201);
    app.advance_secs(5);
    assert_eq!(start(app, &anna, &sent).await.expect(200), begun);
    assert_eq!(start(app, &anna, &json!({ "client_session_id": " editor-1 " })).await.expect(200), begun);
    assert_ne!(start(app, &anna, &json!({ "client_session_id": "editor-2" })).await.expect(201), begun);
    end(app, &anna, &begun["session_id"], HASH).await.expect(200);
    let next = start(app, &anna, &sent).await.expect(201);
    assert_ne!(next["session_id"], begun["session_id"]);
}
}

on_both! {
async fn parallel_starts_of_one_name_make_one(app: App) {
    let anna = app.register("anna").await;
    let sent = json!({ "client_session_id": "editor-1" });
    let replies = futures_util::future::join_all((0..20).map(|_| start(app, &anna, &sent))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 19);
    let ids = app.database.texts("SELECT client_session_id FROM conversations").await;
    assert_eq!(ids, ["editor-1"]);
}
}

on_both! {
async fn as_many_are_open_as_the_person_may_have(app: App) {
    let anna = app.register("anna").await;
    let replies = futures_util::future::join_all((0..25).map(|_| async { start(app, &anna, &json!({})).await })).await;
    let begun: Vec<Value> = replies.iter().filter(|reply| reply.status == 201).map(|reply| reply.expect(201)).collect();
    assert_eq!(begun.len(), 10);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        let problem = reply.problem(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("sessions/end"), "{problem}");
    }
    // Others have room of their own; ending one makes room for one.
    let berta = app.register("berta").await;
    start(app, &berta, &json!({})).await.expect(201);
    end(app, &anna, &begun[0]["session_id"], HASH).await.expect(200);
    start(app, &anna, &json!({})).await.expect(201);
    start(app, &anna, &json!({})).await.problem(409, "conflict");
    app.database.execute("UPDATE users SET max_chats = 11 WHERE username = 'anna'").await;
    start(app, &anna, &json!({})).await.expect(201);
    start(app, &anna, &json!({})).await.problem(409, "conflict");
}
}

on_both! {
async fn cookie_needs_our_own_page_and_a_personal_token_the_scope(app: App) {
    let anna = app.register("anna").await;
    let cookie = app.cookie("anna", false).await;
    for mount in MOUNTS {
        let path = format!("{mount}/sessions/start");
        app.post(&path).send().await.problem(401, "missing_credential");
        app.post(&path).cookie(&cookie).send().await.problem(403, "cross_site");
        app.post(&path).cookie(&cookie).header("sec-fetch-site", "cross-site").send().await.problem(403, "cross_site");
        app.post(&path).cookie(&cookie).same_origin().send().await.expect(201);
    }
    let token = async |scopes: &[&str]| {
        let sent = json!({ "name": "script", "scopes": scopes, "password": PASSWORD });
        let made = app.post("/api/v1/auth/tokens").bearer(&anna.access).json(&sent).send().await.expect(201);
        made["token"].as_str().unwrap().to_owned()
    };
    let writes = token(&["write"]).await;
    let begun = app.post("/v1/sessions/start").bearer(&writes).send().await.expect(201);
    let sent = json!({ "session_id": begun["session_id"], "transcript_hash": HASH });
    let reads = token(&["read", "account"]).await;
    app.post("/v1/sessions/start").bearer(&reads).send().await.problem(403, "forbidden");
    app.post("/v1/sessions/end").bearer(&reads).json(&sent).send().await.problem(403, "forbidden");
    app.post("/v1/sessions/end").bearer(&writes).json(&sent).send().await.expect(200);
    // A key is for calls alone.
    let made = app.post("/api/v1/account/keys").bearer(&anna.access).json(&json!({ "name": "k" })).send().await.expect(201);
    app.post("/v1/sessions/start").header("x-api-key", made["key"].as_str().unwrap()).send().await.problem(401, "invalid_credential");
}
}

on_both! {
async fn conversations_go_with_the_account(app: App) {
    let anna = app.register("anna").await;
    start(app, &anna, &json!({ "client_session_id": "editor-1" })).await.expect(201);
    let gone = app.call("DELETE", "/api/v1/account/profile").bearer(&anna.access).json(&json!({ "password": PASSWORD })).send().await;
    gone.expect(204);
    assert!(app.database.texts("SELECT client_session_id FROM conversations").await.is_empty());
}
}
