//! Models of a LiteLLM proxy: taken over at the start and on demand, kept while it is away, and never in place of what others made.

use serde_json::{Value, json};

use crate::support::{
    App, Database, Person,
    litellm::{Fault, LiteLlm, MASTER, looked, model, priced},
};

/// A server behind which a proxy stands, after its first look at it.
async fn behind(proxy: &LiteLlm, database: Database, more: &[(&str, &str)]) -> App {
    let rarely = [("WEIRGATE_LITELLM__SYNC_EVERY", "0")];
    let variables: Vec<_> = proxy
        .variables()
        .into_iter()
        .chain(rarely)
        .chain(more.iter().copied())
        .collect();
    let app = App::start_with_variables(database, &variables).await;
    looked(&app.state).await;
    app
}

/// Looks by itself, and far more often than a configuration may ask for.
async fn looking(proxy: &LiteLlm, database: Database) -> App {
    let often = std::time::Duration::from_millis(50);
    let adjust = |config: &mut server::Config| config.litellm.as_mut().unwrap().sync_every = often;
    App::start_with_both(database, &proxy.variables(), adjust).await
}

/// Waits for the catalogue to be these models.
async fn until(app: &App, expected: &[&str]) {
    while names(app) != expected {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

async fn sync(app: &App, admin: &Person) -> Value {
    let call = app.post("/api/v1/admin/models/sync").bearer(&admin.access);
    call.send().await.expect(200)
}

async fn status(app: &App, admin: &Person) -> Value {
    let call = app.get("/api/v1/admin/models/sync").bearer(&admin.access);
    call.send().await.expect(200)
}

fn names(app: &App) -> Vec<String> {
    app.state
        .directory()
        .models()
        .iter()
        .map(|model| model.name.clone())
        .collect()
}

/// Both databases.
macro_rules! with_proxy {
    (async fn $name:ident($proxy:ident, $database:ident) $body:block) => {
        mod $name {
            use super::*;

            async fn check($proxy: LiteLlm, $database: Database) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                check(LiteLlm::start().await, Database::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let Some(database) = Database::postgres() else { return };
                check(LiteLlm::start().await, database).await;
            }
        }
    };
}

with_proxy! {
async fn models_follow_the_proxy_by_themselves_also_after_it_failed(proxy, database) {
    proxy.offer(&[priced("a", "1e-6", "2e-6")]);
    let app = looking(&proxy, database).await;
    until(&app, &["a"]).await;
    proxy.offer(&[priced("a", "1e-6", "2e-6"), priced("b", "1e-6", "2e-6")]);
    until(&app, &["a", "b"]).await;
    let before = proxy.asked("/model/info");
    proxy.fail(&[Fault::Status(500)]);
    proxy.offer(&[priced("b", "1e-6", "2e-6")]);
    until(&app, &["b"]).await;
    assert!(proxy.asked("/model/info") >= before + 2, "one failed and one did not");
    app.stop().await;
}
}

with_proxy! {
async fn models_are_there_after_the_start_with_what_the_proxy_says_of_them(proxy, database) {
    proxy.offer(&[
        model("sonnet", &json!({
            "mode": "chat", "litellm_provider": "anthropic", "max_input_tokens": 200_000, "max_output_tokens": 64_000,
            "input_cost_per_token": 3e-6, "output_cost_per_token": "0.000015", "cache_read_input_token_cost": 3e-7,
            "cache_creation_input_token_cost": 3.75e-6, "cache_creation_input_token_cost_above_1hr": 6e-6,
            "supports_vision": true, "supports_function_calling": true, "supports_reasoning": null,
        })),
        model("embed", &json!({ "mode": "embedding", "max_input_tokens": 8191, "input_cost_per_token": 2e-8 })),
        model("mystery", &json!({ "mode": "chat" })),
        model("fine", &json!({ "input_cost_per_token": 1.23456789e-7, "output_cost_per_token": 0.0 })),
        model("dall-e", &json!({ "mode": "image_generation" })),
        model("groq/*", &json!({ "mode": "chat" })),
    ]);
    let app = behind(&proxy, database, &[]).await;
    let admin = app.admin().await;
    assert_eq!(names(&app), ["embed", "fine", "mystery", "sonnet"]);
    let sonnet = app.state.directory().model("sonnet").unwrap();
    assert_eq!((sonnet.context_length, sonnet.max_output_tokens), (Some(200_000), Some(64_000)));
    assert_eq!(sonnet.capabilities, ["tools", "vision"]);
    let prices = sonnet.price.unwrap().1;
    let micros = [prices.cache_read, prices.cache_write_5m, prices.cache_write_1h].map(|price| price.unwrap().0);
    assert_eq!((prices.input.0, prices.output.0, micros), (3_000_000, 15_000_000, [300_000, 3_750_000, 6_000_000]));
    let [route] = sonnet.routes.as_slice() else { panic!("one route") };
    assert_eq!((route.provider.name.as_str(), route.upstream_model.as_str()), ("litellm", "sonnet"));
    assert_eq!(app.state.directory().model("embed").unwrap().kind, types::catalogue::ModelKind::Embedding);
    assert!(app.state.directory().model("mystery").unwrap().price.is_none());
    assert_eq!(app.state.directory().model("fine").unwrap().price.unwrap().1.input.0, 123_457);

    let status = status(&app, &admin).await;
    assert_eq!((&status["is_configured"], &status["is_stale"], &status["failure"]), (&json!(true), &json!(false), &Value::Null));
    let report = &status["report"];
    assert_eq!(report["models"], 4);
    assert_eq!(report["new"], json!(["embed", "fine", "mystery", "sonnet"]));
    assert_eq!(report["unpriced"], json!(["mystery"]));
    assert_eq!(report["rounded"], json!(["fine"]));
    assert_eq!(report["skipped"], json!([{ "name": "dall-e", "reason": "mode" }, { "name": "groq/*", "reason": "wildcard" }]));
    let synced = app.audit_until("catalogue.synced", 1).await;
    assert_eq!((&synced[0]["actor_kind"], &synced[0]["target_kind"]), (&json!("system"), &json!("provider")));
    assert_eq!(app.audit_until("model.created", 4).await.len(), 4);
    app.stop().await;
}
}

with_proxy! {
async fn changed_gone_and_restored_models_are_told_apart(proxy, database) {
    proxy.offer(&[priced("a", "1e-6", "2e-6"), priced("b", "1e-6", "2e-6"), priced("c", "1e-6", "2e-6")]);
    let app = behind(&proxy, database, &[]).await;
    let admin = app.admin().await;
    let id = app.state.directory().model("a").unwrap().id;

    let mut wider = priced("b", "1e-6", "2e-6");
    wider["model_info"]["max_input_tokens"] = json!(5000);
    proxy.offer(&[priced("a", "1e-6", "3e-6"), wider.clone(), priced("d", "1e-6", "2e-6")]);
    let report = sync(&app, &admin).await;
    assert_eq!(report["changed"], json!([{ "name": "a", "fields": ["price"] }, { "name": "b", "fields": ["context_length"] }]));
    assert_eq!((&report["new"], &report["gone"], &report["restored"]), (&json!(["d"]), &json!(["c"]), &json!([])));
    assert_eq!((names(&app), &report["models"]), (vec!["a".into(), "b".into(), "d".into()], &json!(3)));
    let entry = app.state.directory().model("a").unwrap();
    assert_eq!((entry.id, entry.price.unwrap().1.output.0), (id, 3_000_000));
    let versions = app.audit_until("price.changed", 5).await;
    let second = versions.iter().filter(|row| row["details"].as_str().unwrap().contains("\"version\":2"));
    assert_eq!(second.count(), 1, "{versions:?}");

    proxy.offer(&[priced("a", "1e-6", "3e-6"), wider, priced("c", "1e-6", "2e-6"), priced("d", "1e-6", "2e-6")]);
    let report = sync(&app, &admin).await;
    assert_eq!((&report["restored"], &report["changed"], &report["gone"]), (&json!(["c"]), &json!([]), &json!([])));
    let synced = app.audit_until("catalogue.synced", 3).await;
    let asked_for = synced.iter().filter(|row| row["actor_kind"] == "user" && row["actor_id"] == admin.id);
    assert_eq!(asked_for.count(), 2, "{synced:?}");

    // Nothing is different: nothing is written.
    let report = server::for_tests::sync_models(&app.state).await.unwrap();
    assert_eq!((report.models, report.has_changes()), (4, false));
    let before = app.content().await;
    server::for_tests::sync_models(&app.state).await.unwrap();
    assert!(app.content().await == before);
    app.stop().await;
}
}

with_proxy! {
async fn last_known_models_stay_whatever_the_proxy_does(proxy, database) {
    proxy.offer(&[priced("a", "1e-6", "2e-6")]);
    let app = behind(&proxy, database, &[]).await;
    let admin = app.admin().await;
    for (fault, code, failure) in [
        (Fault::Status(401), "upstream_auth", "unauthorized"),
        (Fault::Status(404), "upstream_failed", "status"),
        (Fault::Redirects, "upstream_failed", "status"),
        (Fault::Html, "upstream_failed", "malformed"),
        (Fault::Huge, "upstream_failed", "too_large"),
        (Fault::Status(500), "upstream_failed", "status"),
    ] {
        proxy.fail(&[fault]);
        let reply = app.post("/api/v1/admin/models/sync").bearer(&admin.access).send().await;
        let problem = reply.problem(502, code);
        assert!(problem["detail"].as_str().unwrap().ends_with("The last known models stay."), "{problem}");
        let status = status(&app, &admin).await;
        assert_eq!((&status["is_stale"], &status["failure"]), (&json!(true), &json!(failure)), "{fault:?}");
        assert_eq!(status["report"]["models"], 1);
        assert_eq!(names(&app), ["a"]);
    }
    // A list without any model is what a proxy answers that is still starting.
    proxy.offer(&[]);
    app.post("/api/v1/admin/models/sync").bearer(&admin.access).send().await.problem(502, "upstream_failed");
    assert_eq!((status(&app, &admin).await["failure"].clone(), names(&app)), (json!("empty"), vec!["a".to_owned()]));
    proxy.offer(&[priced("a", "1e-6", "2e-6")]);
    sync(&app, &admin).await;
    assert_eq!(status(&app, &admin).await["is_stale"], false);
    app.stop().await;
}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proxy_that_fails_again_and_again_is_left_alone_for_a_while() {
    let proxy = LiteLlm::start().await;
    proxy.offer(&[priced("a", "1e-6", "2e-6")]);
    let app = behind(&proxy, Database::sqlite(), &[]).await;
    let admin = app.admin().await;
    let call = || app.post("/api/v1/admin/models/sync").bearer(&admin.access);
    proxy.fail(&[Fault::Status(503); 3]);
    for _ in 0..3 {
        call().send().await.problem(502, "upstream_failed");
    }
    let asked = proxy.asked("/model/info");
    let reply = call().send().await;
    reply.problem(503, "unavailable");
    let wait: i64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=16).contains(&wait), "{wait}");
    assert_eq!(proxy.asked("/model/info"), asked, "it was left alone");
    assert_eq!(status(&app, &admin).await["failure"], "paused");
    app.advance_secs(wait);
    call().send().await.expect(200);
    app.stop().await;
}

with_proxy! {
async fn listed_model_is_the_lists_to_change_and_a_gone_one_is_anybodys(proxy, database) {
    let mut listed = priced("a", "1e-6", "2e-6");
    listed["litellm_params"]["custom_llm_provider"] = json!("bedrock");
    proxy.offer(&[listed, priced("b", "1e-6", "2e-6")]);
    let app = behind(&proxy, database, &[]).await;
    let admin = app.admin().await;
    let id = app.state.directory().model("a").unwrap().id;
    let path = format!("/api/v1/admin/models/{id}");
    let change = async |expected: u16| {
        let call = app.call("PATCH", &path).bearer(&admin.access);
        call.json(&json!({ "context_length": 7, "is_enabled": true })).send().await.expect(expected)
    };
    let shown = app.get(&path).bearer(&admin.access).send().await.expect(200);
    assert_eq!((&shown["managed"], &shown["origin"], &shown["vendor"]), (&json!(true), &json!("litellm"), &json!("bedrock")));
    let problem = change(409).await;
    assert!(problem["detail"].as_str().unwrap().contains("LiteLLM proxy"), "{problem}");

    proxy.offer(&[priced("b", "1e-6", "2e-6")]);
    assert_eq!(sync(&app, &admin).await["gone"], json!(["a"]));
    let changed = change(200).await;
    assert_eq!((&changed["managed"], &changed["origin"], &changed["vendor"]), (&json!(false), &json!("page"), &Value::Null));
    proxy.offer(&[priced("a", "1e-6", "2e-6"), priced("b", "1e-6", "2e-6")]);
    assert_eq!(sync(&app, &admin).await["skipped"], json!([{ "name": "a", "reason": "made_here" }]));
    assert_eq!(app.state.directory().model("a").unwrap().context_length, Some(7));
    app.stop().await;
}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn configured_model_is_never_overwritten() {
    let proxy = LiteLlm::start().await;
    proxy.offer(&[priced("mine", "9e-6", "9e-6"), priced("theirs", "1e-6", "2e-6")]);
    let database = Database::sqlite();
    let file = database.dir().join("weirgate.toml");
    let text = "[[providers]]\nid = \"p\"\ndialect = \"openai\"\nbase_url = \"https://p.example.com/v1\"\n\n\
                [[models]]\nid = \"mine\"\nroutes = [{ provider = \"p\", model = \"x\" }]\nprice = { input = \"1.00\", output = \"2.00\" }\n";
    std::fs::write(&file, text).unwrap();
    let app = App::start_with_file(
        database,
        &file,
        &[
            ("LITELLM_API_URL", &proxy.url),
            ("LITELLM_API_KEY", MASTER),
            ("WEIRGATE_LITELLM__ALLOW_PRIVATE_NETWORK", "true"),
            ("WEIRGATE_LITELLM__SYNC_EVERY", "0"),
        ],
    )
    .await;
    looked(&app.state).await;
    let admin = app.admin().await;
    let report = sync(&app, &admin).await;
    assert_eq!(
        report["skipped"],
        json!([{ "name": "mine", "reason": "in_configuration" }])
    );
    assert_eq!(report["models"], 1);
    let mine = app.state.directory().model("mine").unwrap();
    assert_eq!(
        (mine.routes[0].provider.name.as_str(), mine.price.unwrap().1.input.0),
        ("p", 1_000_000)
    );
    app.stop().await;
}

with_proxy! {
async fn models_go_with_the_configured_proxy_and_come_back_with_it(proxy, database) {
    proxy.offer(&[priced("a", "1e-6", "2e-6")]);
    let app = behind(&proxy, database, &[]).await;
    let admin = app.admin().await;
    let id = app.state.directory().model("a").unwrap().id;
    let app = app.restart_with_variables(&[]).await;
    assert!(app.state.directory().is_demo(), "{:?}", names(&app));
    assert_eq!(app.audit_until("model.disabled", 1).await.len(), 1);
    app.post("/api/v1/admin/models/sync").bearer(&admin.access).send().await.problem(409, "conflict");
    let status = status(&app, &admin).await;
    assert_eq!((&status["is_configured"], &status["is_stale"]), (&json!(false), &json!(false)));
    let app = app
        .restart_with_variables(&[
            ("LITELLM_API_URL", &proxy.url),
            ("LITELLM_API_KEY", MASTER),
            ("WEIRGATE_LITELLM__ALLOW_PRIVATE_NETWORK", "true"),
            ("WEIRGATE_LITELLM__SYNC_EVERY", "0"),
        ])
        .await;
    while app.state.directory().model("a").is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(app.state.directory().model("a").unwrap().id, id);
    app.stop().await;
}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn demo_model_stands_in_only_until_there_are_models_and_never_in_production() {
    let proxy = LiteLlm::start().await;
    proxy.fail(&[Fault::Status(404)]);
    let app = behind(&proxy, Database::sqlite(), &[]).await;
    assert!(app.state.directory().is_demo());
    app.stop().await;
    proxy.fail(&[Fault::Status(404)]);
    let app = behind(&proxy, Database::sqlite(), &[("APP_ENV", "production")]).await;
    assert_eq!(names(&app), [""; 0]);
    let admin = app.admin().await;
    proxy.offer(&[priced("a", "1e-6", "2e-6")]);
    sync(&app, &admin).await;
    assert_eq!(names(&app), ["a"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_take_the_same_models_over_at_once() {
    let Some(database) = Database::postgres() else { return };
    let proxy = LiteLlm::start().await;
    let beside = database.beside();
    // Nodes share what encrypts the proxy's key.
    let shared = [("WEIRGATE_AUTH__ENCRYPTION_SECRET", "jV8s-2nQ0x_Lr51mKp7Zw-Qm3xAVt91c")];
    let one = behind(&proxy, database, &shared).await;
    let other = behind(&proxy, beside, &shared).await;
    proxy.offer(
        &(0..120)
            .map(|number| priced(&format!("m{number}"), "1e-6", "2e-6"))
            .collect::<Vec<_>>(),
    );
    let outcomes = tokio::join!(
        server::for_tests::sync_models(&one.state),
        server::for_tests::sync_models(&other.state)
    );
    let (left, right) = (outcomes.0.unwrap(), outcomes.1.unwrap());
    assert_eq!((left.models, right.models), (120, 120));
    assert_eq!(left.new.len() + right.new.len(), 120, "each was made once");
    other.state.shutdown().await;
    one.stop().await;
}
