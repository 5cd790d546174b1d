//! Keys mirrored to a LiteLLM proxy: made there with whose they are, deleted there when they end here, and tried until it is done.

use serde_json::{Value, json};
use server::crypto;
use types::KeyId;

use crate::support::{
    App, Database, PASSWORD, Person,
    litellm::{Fault, LiteLlm, priced},
};

const ON: &str = "WEIRGATE_LITELLM__MIRROR_KEYS";

fn variables<'a>(proxy: &'a LiteLlm, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let rarely = [("WEIRGATE_LITELLM__SYNC_EVERY", "0")];
    proxy
        .variables()
        .into_iter()
        .chain(rarely)
        .chain(more.iter().copied())
        .collect()
}

async fn mirroring(proxy: &LiteLlm, database: Database) -> App {
    proxy.offer(&[priced("a", "1e-6", "2e-6"), priced("b", "1e-6", "2e-6")]);
    let app = App::start_with_variables(database, &variables(proxy, &[(ON, "true")])).await;
    while app.state.directory().model("b").is_none() {
        tokio::task::yield_now().await;
    }
    app
}

async fn key(app: &App, person: &Person, more: &Value) -> KeyId {
    let mut sent = json!({ "name": "the laptop" });
    sent.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = app
        .post("/api/v1/account/keys")
        .bearer(&person.access)
        .json(&sent)
        .send()
        .await
        .expect(201);
    made["id"].as_str().unwrap().parse().unwrap()
}

async fn revoke(app: &App, person: &Person, id: KeyId) {
    let call = app
        .call("DELETE", &format!("/api/v1/account/keys/{id}"))
        .bearer(&person.access);
    call.send().await.expect(204);
}

/// Works off what is due until `holds`.
async fn until(app: &App, mut holds: impl FnMut() -> bool) {
    while !holds() {
        server::for_tests::mirror_keys(&app.state).await.unwrap();
        tokio::task::yield_now().await;
    }
}

/// What calls of the key are sent to the proxy with.
fn credential(app: &App, id: KeyId) -> Option<String> {
    let entry = app.state.directory().key_of_id(id)?;
    entry.proxy_credential.as_ref().map(|secret| secret.expose().to_owned())
}

/// The one key that the proxy knows.
fn there(proxy: &LiteLlm) -> (String, Value) {
    let inside = proxy.inside();
    assert_eq!(inside.keys.len(), 1, "{:?}", inside.keys);
    let (token, row) = inside.keys.first_key_value().unwrap();
    (token.clone(), row.clone())
}

macro_rules! mirrored {
    (async fn $name:ident($app:ident, $proxy:ident) $body:block) => {
        mod $name {
            use super::*;

            async fn check($app: App, $proxy: LiteLlm) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let proxy = LiteLlm::start().await;
                check(mirroring(&proxy, Database::sqlite()).await, proxy).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let Some(database) = Database::postgres() else { return };
                let proxy = LiteLlm::start().await;
                check(mirroring(&proxy, database).await, proxy).await;
            }
        }
    };
}

mirrored! {
async fn key_is_made_there_with_whose_it_is_and_deleted_when_it_is_revoked(app, proxy) {
    let anna = app.register("anna").await;
    let id = key(&app, &anna, &json!({ "models": ["a"], "expires_at": "2026-12-18T11:06:40Z" })).await;
    until(&app, || credential(&app, id).is_some()).await;
    let (token, row) = there(&proxy);
    let text = credential(&app, id).unwrap();
    assert_eq!(token, crypto::hex(&crypto::sha256(text.as_bytes())));
    assert!(text.starts_with("sk-") && text.len() == 46, "{}", text.len());
    assert_eq!(row["user_id"], anna.id);
    assert_eq!(row["metadata"]["db_key_id"], id.to_string());
    assert_eq!((&row["models"], &row["key_type"]), (&json!(["a"]), &json!("llm_api")));
    assert_eq!(row["duration"], format!("{}s", 30 * 86_400 + 1));
    let dump = app.database.dump();
    assert!(!dump.windows(text.len()).any(|window| window == text.as_bytes()), "it is stored encrypted");
    app.audit_until("key.mirrored", 1).await;

    revoke(&app, &anna, id).await;
    assert_eq!(credential(&app, id), None, "gone here at once");
    until(&app, || proxy.inside().keys.is_empty()).await;
    let (path, sent) = proxy.inside().asked.last().unwrap().clone();
    assert_eq!((path.as_str(), &sent), ("/key/delete", &json!({ "keys": [token] })));
    app.audit_until("key.unmirrored", 1).await;
    app.stop().await;
}
}

mirrored! {
async fn key_of_a_team_says_so_there(app, proxy) {
    let anna = app.register("anna").await;
    let organization = app.organization(&anna, "acme").await;
    let team = app.team(&anna, &organization, "research", &[]).await;
    app.join_team(&anna, &team, &anna).await;
    let made = app.key_in(&anna, &organization, Some(&team)).await;
    let id: KeyId = made["id"].as_str().unwrap().parse().unwrap();
    until(&app, || credential(&app, id).is_some()).await;
    let (_, row) = there(&proxy);
    assert_eq!((&row["team_id"], &row["metadata"]["team_id"]), (&json!(team), &json!(team)));
    assert_eq!(row["metadata"]["organization_id"], organization);
    app.stop().await;
}
}

mirrored! {
async fn lost_answer_makes_no_second_key(app, proxy) {
    let anna = app.register("anna").await;
    proxy.fail(&[Fault::LosesAnswer]);
    let id = key(&app, &anna, &json!({})).await;
    until(&app, || proxy.asked("/key/generate") == 1).await;
    assert_eq!(credential(&app, id), None);
    app.advance_secs(6);
    until(&app, || credential(&app, id).is_some()).await;
    let (token, row) = there(&proxy);
    assert_eq!(token, crypto::hex(&crypto::sha256(credential(&app, id).unwrap().as_bytes())));
    assert_eq!((&row["models"], proxy.asked("/key/info")), (&json!([]), 1));
    // The same for the answer to a deletion.
    revoke(&app, &anna, id).await;
    proxy.fail(&[Fault::LosesAnswer]);
    until(&app, || proxy.asked("/key/delete") == 1).await;
    app.advance_secs(6);
    until(&app, || proxy.asked("/key/delete") == 2).await;
    app.audit_until("key.unmirrored", 1).await;
    app.stop().await;
}
}

mirrored! {
async fn what_fails_is_tried_again_also_after_a_restart(app, proxy) {
    let anna = app.register("anna").await;
    proxy.fail(&[Fault::Status(500), Fault::Status(401), Fault::Status(400)]);
    let id = key(&app, &anna, &json!({})).await;
    for (tries, wait) in [(1, 5), (2, 10), (3, 20)] {
        until(&app, || proxy.asked("/key/generate") == tries).await;
        server::for_tests::mirror_keys(&app.state).await.unwrap();
        assert_eq!(proxy.asked("/key/generate"), tries, "not before its time");
        assert_eq!(credential(&app, id), None);
        app.advance_secs(wait);
    }
    proxy.fail(&[Fault::Status(500)]);
    until(&app, || proxy.asked("/key/generate") == 4).await;
    let app = app.restart_with_variables(&variables(&proxy, &[(ON, "true")])).await;
    app.advance_secs(601);
    until(&app, || credential(&app, id).is_some()).await;
    there(&proxy);
    app.stop().await;
}
}

mirrored! {
async fn proxy_that_can_make_no_keys_lists_its_models_all_the_same(app, proxy) {
    let anna = app.register("anna").await;
    // As often as a breaker takes.
    proxy.fail(&[Fault::Status(500), Fault::Status(500), Fault::Status(500)]);
    key(&app, &anna, &json!({})).await;
    for tries in 1..=3 {
        app.advance_secs(11);
        until(&app, || proxy.asked("/key/generate") == tries).await;
    }
    // Another key is due at once, and waits: nothing is asked about keys for a while.
    key(&app, &anna, &json!({})).await;
    server::for_tests::mirror_keys(&app.state).await.unwrap();
    assert_eq!(proxy.asked("/key/generate"), 3);
    let report = server::for_tests::sync_models(&app.state).await.unwrap();
    assert_eq!(report.models, 2);
    app.stop().await;
}
}

mirrored! {
async fn proxy_that_chooses_keys_itself_is_believed(app, proxy) {
    proxy.inside().makes_its_own_keys = true;
    let anna = app.register("anna").await;
    let id = key(&app, &anna, &json!({})).await;
    until(&app, || credential(&app, id).is_some()).await;
    let text = credential(&app, id).unwrap();
    assert!(text.starts_with("sk-made-by-the-proxy-"));
    assert_eq!(there(&proxy).0, crypto::hex(&crypto::sha256(text.as_bytes())));
    revoke(&app, &anna, id).await;
    until(&app, || proxy.inside().keys.is_empty()).await;
    app.stop().await;
}
}

mirrored! {
async fn name_taken_by_another_key_makes_room(app, proxy) {
    let anna = app.register("anna").await;
    proxy.fail(&[Fault::Status(500)]);
    let id = key(&app, &anna, &json!({})).await;
    until(&app, || proxy.asked("/key/generate") == 1).await;
    proxy.inside().keys.insert("ab".repeat(32), json!({ "key_alias": format!("weirgate-{id}") }));
    app.advance_secs(6);
    until(&app, || proxy.asked("/key/delete") == 1).await;
    until(&app, || credential(&app, id).is_some()).await;
    there(&proxy);
    app.stop().await;
}
}

mirrored! {
async fn key_that_calls_find_refused_is_asked_for_again_once_a_minute(app, proxy) {
    let anna = app.register("anna").await;
    let id = key(&app, &anna, &json!({})).await;
    until(&app, || credential(&app, id).is_some()).await;
    let (token, _) = there(&proxy);
    proxy.inside().keys.clear();
    // A crowd of refused calls, at once and a minute later.
    for (secs, asked) in [(0, 1), (61, 2), (0, 2)] {
        app.advance_secs(secs);
        for _ in 0..20 {
            server::litellm::key_refused(&app.state, id);
        }
        until(&app, || proxy.asked("/key/generate") == asked).await;
        for _ in 0..50 {
            server::for_tests::mirror_keys(&app.state).await.unwrap();
        }
        assert_eq!(proxy.asked("/key/generate"), asked);
    }
    assert_eq!(there(&proxy).0, token, "the same key is there again");
    // One that is there and may not call stays as it is.
    app.advance_secs(61);
    server::litellm::key_refused(&app.state, id);
    until(&app, || proxy.asked("/key/info") == 1).await;
    assert_eq!(there(&proxy).0, token);
    assert!(credential(&app, id).is_some());
    app.audit_until("key.mirrored", 1).await;
    app.stop().await;
}
}

mirrored! {
async fn key_may_use_there_what_its_models_lead_to_by_now(app, proxy) {
    let anna = app.register("anna").await;
    let id = key(&app, &anna, &json!({ "models": ["a"] })).await;
    until(&app, || credential(&app, id).is_some()).await;
    let (token, row) = there(&proxy);
    assert_eq!(row["models"], json!(["a"]));
    // As when a route of one of its models led elsewhere while the key was made.
    proxy.inside().keys.get_mut(&token).unwrap()["models"] = json!(["no-default-models"]);
    app.advance_secs(61);
    server::litellm::key_refused(&app.state, id);
    until(&app, || proxy.asked("/key/update") == 1).await;
    let (same, row) = there(&proxy);
    assert_eq!((same, &row["models"]), (token, &json!(["a"])));
    // From then on nothing is to be said.
    app.advance_secs(61);
    server::litellm::key_refused(&app.state, id);
    until(&app, || proxy.asked("/key/info") == 2).await;
    assert_eq!(proxy.asked("/key/update"), 1);
    app.stop().await;
}
}

mirrored! {
async fn key_whose_text_cannot_be_read_is_refused_and_asked_for_anew(app, proxy) {
    let anna = app.register("anna").await;
    let id = key(&app, &anna, &json!({})).await;
    until(&app, || credential(&app, id).is_some()).await;
    let (token, _) = there(&proxy);
    // As after another secret took the place of the one that sealed it.
    app.database.execute("UPDATE mirrored_keys SET credential = (SELECT credential FROM providers WHERE credential IS NOT NULL)").await;
    let app = app.restart_with_variables(&variables(&proxy, &[(ON, "true")])).await;
    let sent = credential(&app, id).unwrap();
    assert!(http::HeaderValue::from_str(&sent).is_err(), "a call with it would leave, with {sent:?}");
    app.advance_secs(61);
    server::litellm::key_refused(&app.state, id);
    until(&app, || credential(&app, id).is_some_and(|text| text.starts_with("sk-"))).await;
    let (anew, row) = there(&proxy);
    assert_ne!(anew, token);
    assert_eq!(anew, crypto::hex(&crypto::sha256(credential(&app, id).unwrap().as_bytes())));
    assert_eq!(row["metadata"]["db_key_id"], id.to_string());
    // One that cannot be read is forgotten by its name.
    app.database.execute("UPDATE mirrored_keys SET credential = (SELECT credential FROM providers WHERE credential IS NOT NULL)").await;
    revoke(&app, &anna, id).await;
    until(&app, || proxy.inside().keys.is_empty()).await;
    app.stop().await;
}
}

mirrored! {
async fn keys_that_end_with_their_owner_end_there_too(app, proxy) {
    let anna = app.register("anna").await;
    let bert = app.register("bert").await;
    for person in [&anna, &bert] {
        key(&app, person, &json!({})).await;
    }
    until(&app, || proxy.inside().keys.len() == 2).await;
    let sent = json!({ "password": PASSWORD });
    app.call("DELETE", "/api/v1/account/profile").bearer(&bert.access).json(&sent).send().await.expect(204);
    until(&app, || proxy.inside().keys.len() == 1).await;
    assert_eq!(there(&proxy).1["user_id"], anna.id);
    app.stop().await;
}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_from_before_are_mirrored_once_it_is_switched_on() {
    let proxy = LiteLlm::start().await;
    let app = App::start_with_variables(Database::sqlite(), &variables(&proxy, &[])).await;
    let anna = app.register("anna").await;
    let id = key(&app, &anna, &json!({})).await;
    let ended = key(&app, &anna, &json!({})).await;
    revoke(&app, &anna, ended).await;
    server::for_tests::mirror_keys(&app.state).await.unwrap();
    assert_eq!(proxy.asked("/key/generate"), 0, "it is off unless somebody wants it");
    let app = app.restart_with_variables(&variables(&proxy, &[(ON, "true")])).await;
    until(&app, || credential(&app, id).is_some()).await;
    there(&proxy);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_proxy_gets_the_keys_anew() {
    let (one, other) = (LiteLlm::start().await, LiteLlm::start().await);
    let app = mirroring(&one, Database::sqlite()).await;
    let anna = app.register("anna").await;
    let id = key(&app, &anna, &json!({})).await;
    until(&app, || credential(&app, id).is_some()).await;
    let app = app.restart_with_variables(&variables(&other, &[(ON, "true")])).await;
    // By then it may be there already: what is due is carried out from the start on.
    until(&app, || credential(&app, id).is_some()).await;
    assert_eq!(other.inside().keys.len(), 1);
    app.stop().await;
}
