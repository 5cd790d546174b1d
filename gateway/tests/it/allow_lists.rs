//! Three lists say what a caller may use: the key's, the team's, the organization's. What counts is the model that would be called.

use serde_json::{Value, json};
use server::sessions::Device;
use types::keys::NewKey;

use super::support::{House, chat, client, embeddings, messages, responses};

async fn key_of_two(house: &House) -> String {
    let new = NewKey {
        name: "two".to_owned(),
        models: vec!["plain".to_owned(), "cached".to_owned()],
        ..NewKey::default()
    };
    server::keys::create(&house.state, &house.user, new)
        .await
        .unwrap()
        .key
        .unwrap()
}

fn doors(model: &str) -> [(&'static str, Value); 5] {
    [
        ("/v1/messages", messages(model, true)),
        ("/v1/messages/count_tokens", messages(model, false)),
        ("/v1/chat/completions", chat(model, false)),
        ("/v1/responses", responses(model, false)),
        ("/v1/embeddings", embeddings(model)),
    ]
}

#[tokio::test]
async fn organization_allows_for_all_its_callers() {
    let house = House::open().await;
    let key = key_of_two(&house).await;
    let device = Device::default();
    let token = server::sessions::start_tokens(&house.state, &house.user, false, &device)
        .await
        .unwrap()
        .access_token;
    server::for_tests::allow_models(&house.state, house.user.organization_id(), &["cached", "slow"])
        .await
        .unwrap();
    for (credential, model, status) in [
        (&key, "cached", 200),
        (&key, "plain", 403),
        (&key, "slow", 403),
        (&house.key, "cached", 200),
        (&house.key, "plain", 403),
        (&token, "cached", 200),
        (&token, "plain", 403),
    ] {
        for (path, body) in doors(model) {
            let reply = client()
                .post(house.url(path))
                .bearer_auth(credential)
                .json(&body)
                .send()
                .await
                .unwrap();
            assert_eq!(reply.status().as_u16(), status, "{path}, {model}");
            if status == 403 {
                let error: Value = reply.json().await.unwrap();
                let kind = (&error["error"]["type"], error["error"].get("code"));
                match path.starts_with("/v1/messages") {
                    true => assert_eq!(kind, (&json!("permission_error"), None)),
                    false => assert_eq!(kind, (&json!("permission_error"), Some(&json!("model_not_allowed")))),
                }
            } else {
                reply.bytes().await.unwrap();
            }
        }
    }
    let listed = |credential: String| {
        let request = client().get(house.url("/v1/models")).bearer_auth(credential);
        async move {
            let body: Value = request.send().await.unwrap().json().await.unwrap();
            let names = body["data"].as_array().unwrap().iter();
            names
                .map(|model| model["id"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(listed(key).await, ["cached"]);
    assert_eq!(listed(house.key.clone()).await, ["cached", "slow"]);
    assert_eq!(listed(token).await, ["cached", "slow"]);

    server::for_tests::allow_models(&house.state, house.user.organization_id(), &[])
        .await
        .unwrap();
    let again = house
        .post("/v1/messages", &messages("plain", false))
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), 200, "an empty list allows all");
    house.calls(13).await;
    house.close().await;
}

#[tokio::test]
async fn change_of_the_organizations_list_holds_for_the_next_call() {
    let house = House::open().await;
    let allow = async |models: &[&str]| {
        let member = server::organizations::personal(&house.state, &house.user).unwrap();
        let change = types::organizations::OrganizationChange {
            allowed_models: Some(models.iter().map(|&name| name.to_owned()).collect()),
            ..Default::default()
        };
        let admin = member.admin().unwrap();
        server::organizations::update(&house.state, &admin, change)
            .await
            .unwrap();
    };
    let ask = async |model: &str| {
        let call = house.post("/v1/messages", &messages(model, false));
        call.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask("plain").await, 200);
    allow(&["cached"]).await;
    assert_eq!((ask("plain").await, ask("cached").await), (403, 200));
    allow(&[]).await;
    assert_eq!(ask("plain").await, 200);
    house.calls(3).await;
    house.close().await;
}

#[tokio::test]
async fn refusal_says_whose_list_it_is() {
    let house = House::open().await;
    let key = key_of_two(&house).await;
    server::for_tests::allow_models(&house.state, house.user.organization_id(), &["cached"])
        .await
        .unwrap();
    for (credential, model, word) in [(&key, "slow", "This key"), (&house.key, "slow", "The organization")] {
        let reply = client()
            .post(house.url("/v1/messages"))
            .bearer_auth(credential)
            .json(&messages(model, false))
            .send()
            .await
            .unwrap();
        let body: Value = reply.json().await.unwrap();
        assert!(body["error"]["message"].as_str().unwrap().starts_with(word), "{body}");
    }
    house.close().await;
}

#[tokio::test]
async fn other_spellings_and_other_places_of_the_name_open_nothing() {
    let house = House::open().await;
    let key = key_of_two(&house).await;
    let send = |path: &str, body: Value| {
        let request = client().post(house.url(path)).bearer_auth(&key).json(&body);
        request.send()
    };
    for name in [
        "Plain",
        "plain ",
        " plain",
        "plain*",
        "*",
        "pl*",
        "openai-fake/fake",
        "fake",
        "plain\u{0}",
        "org/../plain",
    ] {
        for (path, body) in doors(name) {
            assert_eq!(send(path, body).await.unwrap().status(), 404, "{path}, {name:?}");
        }
    }
    for (path, body) in doors("slow") {
        for query in ["?model=plain", "?model=slow", "?deployment=plain"] {
            let status = send(&format!("{path}{query}"), body.clone()).await.unwrap().status();
            assert_eq!(status, 403, "{path}{query}");
        }
    }
    // What would lead a gateway behind this one to another model, address or credential.
    for (path, body) in doors("plain") {
        for field in [
            "models",
            "fallbacks",
            "context_window_fallbacks",
            "content_policy_fallbacks",
            "litellm_params",
            "model_list",
            "user_config",
            "router_settings_override",
            "api_base",
            "base_url",
            "api_key",
            "custom_host",
            "extra_headers",
            "extra_body",
            "headers",
            "organization",
            "litellm_credential_name",
            "aws_bedrock_runtime_endpoint",
            "azure_ad_token",
            "vertex_credentials",
        ] {
            let mut body = body.clone();
            body[field] = json!(["slow"]);
            assert_eq!(send(path, body).await.unwrap().status(), 400, "{path}, {field}");
        }
    }
    assert_eq!(house.upstream.calls().len(), 0);
    house.close().await;
}
