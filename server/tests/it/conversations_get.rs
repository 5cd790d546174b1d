//! `conversations`: a person's own, with what their calls added up to. The sums themselves are tested where calls are made.

use serde_json::{Value, json};

use crate::support::{App, PASSWORD, Person};

const LIST: &str = "/api/v1/conversations";
const HASH: &str = "265a5ecde69cef348b8732109839753aa71dc560c1ee3715276e29ea75ece73c";

async fn start(app: &App, person: &Person, name: &str) -> String {
    let sent = json!({ "client_session_id": name });
    let begun = app
        .post("/v1/sessions/start")
        .bearer(&person.access)
        .json(&sent)
        .send()
        .await;
    begun.expect(201)["session_id"].as_str().unwrap().to_owned()
}

on_both! {
async fn conversation_is_shown_with_its_times_hash_and_sums(app: App) {
    let anna = app.register("anna").await;
    let id = start(app, &anna, "editor-1").await;
    let one = format!("{LIST}/{id}");
    let open = app.get(&one).bearer(&anna.access).send().await.expect(200);
    assert_eq!(open, json!({
        "id": id, "client_session_id": "editor-1", "started_at": "2026-11-18T11:06:40.000Z", "ended_at": null, "transcript_hash": null,
        "requests": 0, "refused": 0, "failed": 0, "unpriced": 0, "cost_nanos": 0, "cost": "0.00",
        "tokens": { "input": 0, "cache_read": 0, "cache_write_5m": 0, "cache_write_1h": 0, "output": 0 },
    }));
    app.advance_secs(60);
    let sent = json!({ "session_id": id, "transcript_hash": HASH });
    app.post("/v1/sessions/end").bearer(&anna.access).json(&sent).send().await.expect(200);
    let ended = app.get(&one).bearer(&anna.access).send().await.expect(200);
    assert_eq!((&ended["ended_at"], &ended["transcript_hash"]), (&json!("2026-11-18T11:07:40.000Z"), &json!(HASH)));
    let list = app.get(LIST).bearer(&anna.access).send().await.expect(200);
    assert_eq!(list, json!({ "data": [ended], "next_cursor": null }));
}
}

on_both! {
async fn conversations_of_others_are_neither_listed_nor_found(app: App) {
    let anna = app.register("anna").await;
    let berta = app.register("berta").await;
    let one = format!("{LIST}/{}", start(app, &anna, "editor-1").await);
    app.get(&one).bearer(&berta.access).send().await.problem(404, "not_found");
    assert_eq!(app.get(LIST).bearer(&berta.access).send().await.expect(200)["data"], json!([]));
    for id in ["0199f7c2-7a3e-7000-8000-000000000000", "x", "1;drop", "%00"] {
        app.get(&format!("{LIST}/{id}")).bearer(&anna.access).send().await.problem(404, "not_found");
    }
    app.get(LIST).send().await.problem(401, "missing_credential");
}
}

on_both! {
async fn list_is_paged_newest_first(app: App) {
    let anna = app.register("anna").await;
    for number in 0..5 {
        start(app, &anna, &format!("c{number}")).await;
        app.clock.advance(1);
    }
    let mut names = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = app.get(&format!("{LIST}{query}")).bearer(&anna.access).send().await.expect(200);
        names.extend(page["data"].as_array().unwrap().iter().map(|shown| shown["client_session_id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
    }
    assert_eq!(names, ["c4", "c3", "c2", "c1", "c0"]);
    for (query, field, code) in [
        ("?limit=0", "limit", "unknown_value"),
        ("?limit=101", "limit", "unknown_value"),
        ("?limit=x", "limit", "wrong_type"),
        ("?cursor=1;drop", "cursor", "unknown_value"),
        ("?sort=name", "sort", "unknown_field"),
    ] {
        app.get(&format!("{LIST}{query}")).bearer(&anna.access).send().await.invalid(field, code);
    }
}
}

on_both! {
async fn personal_token_of_the_scope_account_reads_them(app: App) {
    let anna = app.register("anna").await;
    start(app, &anna, "editor-1").await;
    let token = async |scopes: &[&str]| -> Value {
        let sent = json!({ "name": "script", "scopes": scopes, "password": PASSWORD });
        app.post("/api/v1/auth/tokens").bearer(&anna.access).json(&sent).send().await.expect(201)
    };
    let account = token(&["account"]).await;
    let list = app.get(LIST).bearer(account["token"].as_str().unwrap()).send().await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let writes = token(&["write"]).await;
    app.get(LIST).bearer(writes["token"].as_str().unwrap()).send().await.problem(403, "forbidden");
}
}

on_both! {
async fn abandoned_conversation_ends_without_a_hash_and_takes_none_later(app: App) {
    use server::conversations;
    let anna = app.register("anna").await;
    let berta = app.register("berta").await;
    let id = start(app, &anna, "editor-1").await;
    let user = |person: &Person| server::sessions::from_access_token(&app.state, &person.access).unwrap();
    let (own, foreign) = (user(&anna), user(&berta));
    let parsed = id.parse().unwrap();
    let refused = conversations::abandon(&app.state, &foreign, parsed).await.unwrap_err();
    assert_eq!(refused.refusal().status(), 404);
    conversations::abandon(&app.state, &own, parsed).await.unwrap();
    app.advance_secs(5);
    conversations::abandon(&app.state, &own, parsed).await.unwrap();
    let shown = app.get(&format!("{LIST}/{id}")).bearer(&anna.access).send().await.expect(200);
    assert_eq!((&shown["ended_at"], &shown["transcript_hash"]), (&json!("2026-11-18T11:06:40.000Z"), &Value::Null));
    let sent = json!({ "session_id": id, "transcript_hash": HASH });
    app.post("/v1/sessions/end").bearer(&anna.access).json(&sent).send().await.problem(409, "conflict");
}
}
