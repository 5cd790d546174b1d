#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};

use super::*;

fn listed(data: &Value) -> Listed {
    read(&json!({ "data": data }).to_string()).unwrap()
}

/// The one model of deployments.
fn one(data: &Value) -> Offer {
    let mut listed = listed(data);
    assert_eq!((listed.offers.len(), listed.skipped.len()), (1, 0), "{listed:?}");
    listed.offers.remove(0)
}

fn deployment(info: &Value) -> Value {
    json!({ "model_name": "m", "litellm_params": { "model": "openai/gpt" }, "model_info": info })
}

#[test]
fn answer_of_a_real_proxy_is_read() {
    let listed = read(include_str!("model_info.json")).unwrap();
    let find = |name: &str| listed.offers.iter().find(|offer| offer.name == name).unwrap();
    let sonnet = find("claude-steady");
    assert_eq!(sonnet.vendor.as_deref(), Some("anthropic"));
    assert_eq!(
        (sonnet.context_length, sonnet.max_output_tokens),
        (Some(200_000), Some(64_000))
    );
    assert_eq!(
        sonnet.prices,
        Some(Prices {
            input: Price(3_000_000),
            output: Price(15_000_000),
            cache_read: Some(Price(300_000)),
            cache_write_5m: Some(Price(3_750_000)),
            cache_write_1h: Some(Price(6_000_000)),
        })
    );
    assert!(
        ["tools", "vision", "prompt_caching"]
            .iter()
            .all(|name| sonnet.capabilities.contains(name))
    );
    assert!(!sonnet.is_rounded && !sonnet.differs);
    // Nobody told LiteLLM what it costs.
    assert_eq!(find("unknown-chat").prices, None);
    // 1.23456789e-7 dollars a token is finer than a price can be.
    let fine = find("params-priced").prices.unwrap();
    assert_eq!((fine.input, fine.output), (Price(123_457), Price(150_000)));
    assert!(find("params-priced").is_rounded);
    let twice = find("gpt-4o");
    assert!(twice.differs && twice.vendor.is_none());
    assert_eq!(twice.prices.unwrap().output, Price(10_000_000));
    let embedding = find("emb");
    assert!(embedding.is_embedding);
    assert_eq!(embedding.prices.unwrap().input, Price(20_000));
    assert!(find("gem").is_tiered);
    assert_eq!(
        find("local").prices.unwrap(),
        Prices::default(),
        "LiteLLM says that it is free"
    );
    assert_eq!(
        listed.skipped,
        [Skipped {
            name: "groq/whisper-large-v3".into(),
            reason: SkipReason::Mode
        }]
    );
}

#[test]
fn label_is_of_the_most_particular_source() {
    let label = |params: Value, info: Value| {
        one(&json!([{ "model_name": "m", "litellm_params": params, "model_info": info }])).vendor
    };
    let all = json!({ "model": "azure/x", "custom_llm_provider": "openai" });
    assert_eq!(
        label(all, json!({ "litellm_provider": "vertex_ai" })).as_deref(),
        Some("openai")
    );
    assert_eq!(
        label(
            json!({ "model": "azure/x" }),
            json!({ "litellm_provider": "vertex_ai" })
        )
        .as_deref(),
        Some("vertex_ai")
    );
    assert_eq!(
        label(json!({ "model": "azure/x" }), json!({})).as_deref(),
        Some("azure")
    );
    assert_eq!(
        label(json!({ "model": "gpt-4o" }), json!({ "litellm_provider": null })),
        None
    );
}

#[test]
fn numbers_are_taken_however_operators_write_them() {
    let context = |info: Value| one(&json!([deployment(&info)])).context_length;
    assert_eq!(
        context(json!({ "max_input_tokens": 128_000, "max_tokens": 4096 })),
        Some(128_000)
    );
    assert_eq!(context(json!({ "max_input_tokens": "128000" })), Some(128_000));
    assert_eq!(context(json!({ "max_input_tokens": 128_000.0 })), Some(128_000));
    assert_eq!(
        context(json!({ "max_input_tokens": null, "max_tokens": 4096 })),
        Some(4096)
    );
    for odd in [
        json!(0),
        json!(-1),
        json!("many"),
        json!([1]),
        json!(1e30),
        json!(3_000_000_000_u64),
    ] {
        assert_eq!(context(json!({ "max_input_tokens": odd })), None, "{odd}");
    }
}

#[test]
fn missing_cost_is_no_price_and_never_zero() {
    let prices = |info: Value| one(&json!([deployment(&info)])).prices;
    assert_eq!(prices(json!({})), None);
    assert_eq!(prices(json!({ "input_cost_per_token": 1e-6 })), None);
    assert_eq!(prices(json!({ "output_cost_per_token": 1e-6 })), None);
    assert_eq!(
        prices(json!({ "input_cost_per_token": null, "output_cost_per_token": null })),
        None
    );
    assert_eq!(
        prices(json!({ "input_cost_per_token": -1e-6, "output_cost_per_token": 1e-6 })),
        None
    );
    let embedding = prices(json!({ "mode": "embedding", "input_cost_per_token": "0.00000002" })).unwrap();
    assert_eq!((embedding.input, embedding.output), (Price(20_000), Price(0)));
}

#[test]
fn deployments_of_one_name_are_described_so_that_it_holds_for_each() {
    let small = deployment(&json!({
        "max_input_tokens": 1000, "supports_vision": true, "supports_reasoning": true,
        "input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6, "cache_read_input_token_cost": 5e-7,
    }));
    let large = deployment(&json!({
        "max_input_tokens": 2000, "supports_vision": true,
        "input_cost_per_token": 2e-6, "output_cost_per_token": 3e-6,
    }));
    for pair in [json!([small, large]), json!([large, small])] {
        let joined = one(&pair);
        assert_eq!(joined.context_length, Some(1000));
        assert_eq!(joined.capabilities, ["vision"]);
        let prices = joined.prices.unwrap();
        assert_eq!((prices.input, prices.output), (Price(2_000_000), Price(4_000_000)));
        // Where one charges reads of the cache as plain input, so does the model.
        assert_eq!(prices.cache_read, Some(Price(2_000_000)));
        assert!(joined.differs);
    }
    assert!(!one(&json!([small, small])).differs);
}

#[test]
fn what_cannot_be_offered_is_named_with_its_reason() {
    let long = "x".repeat(201);
    let entry = |name: &str, mode: &str| json!({ "model_name": name, "model_info": { "mode": mode } });
    let listed = listed(&json!([
        entry("anthropic/*", "chat"),
        entry("dall-e", "image_generation"),
        entry("with space", "chat"),
        entry(&long, "chat"),
        entry("", "chat"),
        { "model_name": 7 },
        "nothing",
        entry("good", "chat"),
        entry("old", "completion"),
        entry("codex", "responses"),
    ]));
    let names: Vec<&str> = listed.offers.iter().map(|offer| offer.name.as_str()).collect();
    assert_eq!(names, ["codex", "good", "old"]);
    let reasons: Vec<SkipReason> = listed.skipped.iter().map(|skipped| skipped.reason).collect();
    use SkipReason::*;
    assert_eq!(reasons, [Name, Unreadable, Wildcard, Mode, Name, Name]);
    assert!(listed.skipped.iter().all(|skipped| skipped.name.len() <= 60));
}

#[test]
fn other_answers_are_none() {
    for text in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"data":{}}"#,
        r#"{"data":7}"#,
        "<html></html>",
        r#"{"data":[1,]}"#,
    ] {
        assert!(read(text).is_none(), "{text}");
    }
    assert_eq!(read(r#"{"data":[]}"#).unwrap().offers.len(), 0);
}
