//! Any chat dialect reaches any chat upstream: what the client gets is its own dialect, and its numbers are the books' and the upstream's.

use axum::response::IntoResponse as _;
use serde_json::{Value, json};
use server::Config;
use types::usage::{CallStatus, UsageSource};

use super::support::{House, chat, messages, routed};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    Messages,
    Chat,
    Responses,
}

const CLIENTS: [Client; 3] = [Client::Messages, Client::Chat, Client::Responses];
/// Providers, and the path under which each is asked by a client of Messages, Chat and Responses.
const PROVIDERS: [(&str, [&str; 3]); 4] = [
    ("anthropic-fake", ["/v1/messages"; 3]),
    ("openai-fake", ["/v1/chat/completions"; 3]),
    (
        "responses-fake",
        ["/v1/responses", "/v1/chat/completions", "/v1/responses"],
    ),
    (
        "litellm-fake",
        ["/v1/messages", "/v1/chat/completions", "/v1/responses"],
    ),
];

impl Client {
    fn path(self) -> &'static str {
        match self {
            Client::Messages => "/v1/messages",
            Client::Chat => "/v1/chat/completions",
            Client::Responses => "/v1/responses",
        }
    }

    fn body(self, model: &str, stream: bool) -> Value {
        match self {
            Client::Messages => messages(model, stream),
            Client::Chat => {
                let mut body = chat(model, stream);
                if stream {
                    body["stream_options"] = json!({"include_usage": true});
                }
                body
            }
            Client::Responses => json!({"model": model, "stream": stream, "input": "What does a weir do?"}),
        }
    }

    /// The text of a JSON answer, and its input and output tokens.
    fn read(self, answer: &Value) -> (String, u64, u64) {
        let text = match self {
            Client::Messages => &answer["content"][0]["text"],
            Client::Chat => &answer["choices"][0]["message"]["content"],
            Client::Responses => &answer["output"][0]["content"][0]["text"],
        };
        let usage = &answer["usage"];
        let (input, output) = match self {
            Client::Chat => (&usage["prompt_tokens"], &usage["completion_tokens"]),
            _ => (&usage["input_tokens"], &usage["output_tokens"]),
        };
        let text = text.as_str().unwrap_or_else(|| panic!("no text in {answer}"));
        (text.to_owned(), input.as_u64().unwrap(), output.as_u64().unwrap())
    }

    /// The same of a stream.
    fn read_stream(self, text: &str) -> (String, u64, u64) {
        let (mut said, mut input, mut output) = (String::new(), 0, 0);
        for event in events(text) {
            match self {
                Client::Messages => {
                    said += event["delta"]["text"].as_str().unwrap_or_default();
                    let start = &event["message"]["usage"];
                    input = start["input_tokens"].as_u64().unwrap_or(input);
                    input = event["usage"]["input_tokens"].as_u64().unwrap_or(input);
                    output = event["usage"]["output_tokens"].as_u64().unwrap_or(output);
                }
                Client::Chat => {
                    said += event["choices"][0]["delta"]["content"].as_str().unwrap_or_default();
                    input = event["usage"]["prompt_tokens"].as_u64().unwrap_or(input);
                    output = event["usage"]["completion_tokens"].as_u64().unwrap_or(output);
                }
                Client::Responses => {
                    if event["type"] == "response.output_text.delta" {
                        said += event["delta"].as_str().unwrap();
                    }
                    let usage = &event["response"]["usage"];
                    input = usage["input_tokens"].as_u64().unwrap_or(input);
                    output = usage["output_tokens"].as_u64().unwrap_or(output);
                }
            }
        }
        (said, input, output)
    }

    /// Whether a stream ended as a whole answer does.
    fn is_whole(self, text: &str) -> bool {
        match self {
            Client::Messages => text.contains("event: message_stop\n"),
            Client::Chat => text.trim_end().ends_with("data: [DONE]"),
            Client::Responses => text.contains("event: response.completed\n"),
        }
    }

    /// Whether a stream ended with the dialect's own word for a failure.
    fn is_failed(self, text: &str) -> bool {
        let last = text.trim_end().rsplit("\n\n").next().unwrap();
        match self {
            Client::Messages => last.starts_with("event: error\n"),
            Client::Chat => last.starts_with("data: {\"error\""),
            Client::Responses => last.starts_with("event: response.failed\n") || last.starts_with("event: error\n"),
        }
    }

    fn is_error(self, body: &Value) -> bool {
        let shaped = match self {
            Client::Messages => body["type"] == "error",
            Client::Chat | Client::Responses => body["error"].get("code").is_some(),
        };
        shaped && body["error"]["message"].is_string() && body["error"]["type"].is_string()
    }
}

/// The JSON of a stream's events.
fn events(text: &str) -> impl Iterator<Item = Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter_map(|data| serde_json::from_str(data).ok())
}

/// The provider of OpenAI's dialect speaks Chat Completions and nothing else.
fn chat_alone(config: &mut Config) {
    let openai = config
        .providers
        .iter_mut()
        .find(|provider| provider.id == "openai-fake");
    openai.unwrap().responses = false;
}

/// A model `m` with one route.
fn only(config: &mut Config, provider: &str, model: &str) {
    providers(config);
    routed(config, "m", &[(provider, model, 1, 0)]);
}

/// A model with one route for each provider and each name there.
fn each(config: &mut Config, models: &[&str]) {
    providers(config);
    for (provider, _) in PROVIDERS {
        for model in models {
            routed(config, &format!("{provider} {model}"), &[(provider, model, 1, 0)]);
        }
    }
}

/// All of [`PROVIDERS`].
fn providers(config: &mut Config) {
    chat_alone(config);
    for (id, shape, responses) in [
        ("responses-fake", types::provider::Shape::Openai, true),
        ("litellm-fake", types::provider::Shape::Litellm, false),
    ] {
        let openai = config.providers.iter().find(|provider| provider.id == "openai-fake");
        let mut more = openai.unwrap().clone();
        (more.id, more.dialect, more.responses) = (id.to_owned(), shape, responses);
        if config.providers.iter().all(|provider| provider.id != id) {
            config.providers.push(more);
        }
    }
}

/// The newest call, of so many.
async fn newest(house: &House, count: usize) -> types::usage::Call {
    house.calls(count).await.remove(0)
}

#[tokio::test]
async fn json_answers_and_streams_come_in_the_clients_dialect_with_the_upstreams_numbers() {
    let house = House::open_with(|config| each(config, &["fake:events=6"])).await;
    let mut count = 0;
    for (provider, paths) in PROVIDERS {
        let model = format!("{provider} fake:events=6");
        for (client, path) in CLIENTS.into_iter().zip(paths) {
            for stream in [false, true] {
                let case = format!("{client:?} → {provider}, stream: {stream}");
                count += 1;
                let reply = house
                    .post(client.path(), &client.body(&model, stream))
                    .send()
                    .await
                    .unwrap();
                let status = reply.status();
                let text = reply.text().await.unwrap();
                assert_eq!(status, 200, "{case}: {text}");
                let (said, input, output) = if stream {
                    assert!(client.is_whole(&text), "{case}: {text}");
                    client.read_stream(&text)
                } else {
                    client.read(&serde_json::from_str(&text).unwrap())
                };
                assert!(said.split_whitespace().count() >= 5, "{case}: {text}");
                let asked = house.upstream.calls().pop().unwrap();
                assert_eq!(asked.path, path, "{case}");
                let billed = asked.billed.unwrap();
                let call = newest(&house, count).await;
                assert_eq!(
                    (call.status, call.source),
                    (CallStatus::Settled, UsageSource::Provider),
                    "{case}"
                );
                assert_eq!(call.tokens.input, billed.input, "{case}");
                assert_eq!((call.tokens.output, output), (billed.output, billed.output), "{case}");
                assert_eq!(input, billed.input, "{case}");
                let price = call.tokens.input * 3_000 + call.tokens.output * 15_000;
                assert_eq!(u64::try_from(call.cost_nanos.0).unwrap(), price, "{case}");
            }
        }
    }
    house.close().await;
}

#[tokio::test]
async fn upstreams_refusal_comes_in_the_clients_dialect_with_its_status_and_text() {
    let refusal = |status: u16| format!("fake:status={status}&retry_after=60");
    let statuses = [400, 404, 429, 500];
    let models = statuses.map(refusal);
    let house = House::open_with(|config| {
        config.gateway.retries = 0;
        each(config, &models.each_ref().map(String::as_str));
    })
    .await;
    let mut count = 0;
    for (provider, _) in PROVIDERS {
        for client in CLIENTS {
            for status in statuses {
                let case = format!("{client:?} → {provider}, {status}");
                let model = format!("{provider} {}", refusal(status));
                count += 1;
                let reply = house
                    .post(client.path(), &client.body(&model, true))
                    .send()
                    .await
                    .unwrap();
                assert_eq!(reply.status().as_u16(), status, "{case}");
                assert_eq!(reply.headers()["retry-after"], "60", "{case}");
                let body: Value = reply.json().await.unwrap();
                assert!(client.is_error(&body), "{case}: {body}");
                let message = body["error"]["message"].as_str().unwrap();
                assert!(
                    message.contains("refused because the model name asks for it"),
                    "{case}: {body}"
                );
                assert_eq!(newest(&house, count).await.http_status, status);
            }
        }
    }
    house.close().await;
}

/// Their programs would wait for a quota that only the operator can buy, or tell them that they have not paid.
#[tokio::test]
async fn operators_used_up_quota_is_not_the_callers() {
    for provider in ["openai-fake", "responses-fake", "litellm-fake"] {
        for client in CLIENTS {
            let case = format!("{client:?} → {provider}");
            let house = House::open_with(|config| {
                config.gateway.retries = 0;
                only(config, provider, "fake:quota");
            })
            .await;
            let reply = house
                .post(client.path(), &client.body("m", false))
                .send()
                .await
                .unwrap();
            // LiteLLM is asked for Messages in Anthropic's own dialect, where no such code exists.
            let native = house.upstream.calls()[0].path == "/v1/messages";
            if !native {
                assert_eq!(reply.status(), 502, "{case}");
                let text = reply.text().await.unwrap();
                assert!(
                    text.contains("Tell the operator") && !text.contains("quota"),
                    "{case}: {text}"
                );
            }
            house.close().await;
        }
    }
}

#[tokio::test]
async fn model_that_does_not_reason_is_not_asked_to() {
    for (capabilities, asked, named) in [
        (&[][..], true, false),
        (&["reasoning"][..], true, false),
        (&["tools"][..], false, true),
    ] {
        let house = House::open_with(|config| {
            only(config, "openai-fake", "fake");
            let model = config.models.iter_mut().find(|model| model.id == "m").unwrap();
            model.capabilities = capabilities.iter().map(|name| (*name).to_owned()).collect();
        })
        .await;
        let mut body = messages("m", false);
        body["output_config"] = json!({"effort": "high"});
        let reply = house.post("/v1/messages", &body).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        let ignored = reply.headers().get("x-weirgate-ignored");
        let ignored = ignored
            .map(|names| names.to_str().unwrap().to_owned())
            .unwrap_or_default();
        assert_eq!(
            ignored.split(", ").any(|name| name == "output_config.effort"),
            named,
            "{capabilities:?}: {ignored}"
        );
        let told: Value = serde_json::from_slice(&house.upstream.calls()[0].body).unwrap();
        assert_eq!(
            told.get("reasoning_effort").is_some(),
            asked,
            "{capabilities:?}: {told}"
        );
        house.close().await;
    }
}

#[tokio::test]
async fn stream_that_breaks_off_ends_in_the_clients_dialect() {
    let faults = [
        ("fake:events=8&cut=7", CallStatus::UpstreamTruncated),
        ("fake:events=8&end=7", CallStatus::UpstreamTruncated),
        ("fake:events=8&nodone", CallStatus::UpstreamTruncated),
        ("fake:events=8&error_mid=7", CallStatus::UpstreamError),
    ];
    let house = House::open_with(|config| each(config, &faults.map(|(model, _)| model))).await;
    let mut count = 0;
    for (provider, _) in PROVIDERS {
        for client in CLIENTS {
            for (fault, status) in faults {
                let case = format!("{client:?} → {provider}, {fault}");
                let body = client.body(&format!("{provider} {fault}"), true);
                count += 1;
                let reply = house.post(client.path(), &body).send().await.unwrap();
                assert_eq!(reply.status(), 200, "{case}");
                let text = reply.text().await.unwrap();
                assert!(!client.is_whole(&text), "{case}: {text}");
                let native = house.upstream.calls().pop().unwrap().path == client.path();
                // What the upstream says itself is passed on as it is where nothing is translated.
                assert!(
                    native && fault.contains("error") || client.is_failed(&text),
                    "{case}: {text}"
                );
                let call = newest(&house, count).await;
                assert_eq!(call.status, status, "{case}");
                assert!(call.tokens.output > 0, "{case}");
            }
        }
    }
    house.close().await;
}

#[tokio::test]
async fn client_that_leaves_a_translated_stream_is_billed_what_the_upstream_says() {
    use futures_util::StreamExt;
    let house = House::open_with(|config| only(config, "anthropic-fake", "fake:slow=40&events=20")).await;
    let reply = house
        .post("/v1/chat/completions", &chat("m", true))
        .send()
        .await
        .unwrap();
    let mut stream = reply.bytes_stream();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    let call = house.call().await;
    assert_eq!(
        (call.status, call.source),
        (CallStatus::ClientGone, UsageSource::Provider)
    );
    assert_eq!(call.tokens.output, house.upstream.calls()[0].usage.unwrap().output);
    house.close().await;
}

#[tokio::test]
async fn native_routes_come_before_translated_ones_of_the_same_priority() {
    let house = House::open_with(|config| {
        chat_alone(config);
        let routes = [("openai-fake", "fake", 1000, 1), ("anthropic-fake", "fake", 1, 1)];
        routed(config, "both", &routes);
        let first = [("openai-fake", "fake", 1, 0), ("anthropic-fake", "fake", 1, 1)];
        routed(config, "chat-first", &first);
    })
    .await;
    for (model, path) in [("both", "/v1/messages"), ("chat-first", "/v1/chat/completions")] {
        let reply = house
            .post("/v1/messages", &messages(model, false))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 200);
        assert_eq!(house.upstream.calls().last().unwrap().path, path, "{model}");
    }
    house.close().await;
}

#[tokio::test]
async fn translated_route_takes_over_from_a_native_one() {
    let house = House::open_with(|config| {
        let routes = [
            ("anthropic-fake", "fake:status=529", 1, 0),
            ("openai-fake", "fake", 1, 1),
        ];
        routed(config, "two", &routes);
    })
    .await;
    let reply = house.post("/v1/messages", &messages("two", true)).send().await.unwrap();
    let text = reply.text().await.unwrap();
    assert!(Client::Messages.is_whole(&text), "{text}");
    let call = house.call().await;
    assert_eq!(call.provider, "openai-fake");
    assert_eq!(call.attempts.len(), 2);
    house.close().await;
}

#[tokio::test]
async fn fields_without_meaning_upstream_are_named_and_those_that_cannot_be_are_400() {
    let house = House::open_with(|config| only(config, "openai-fake", "fake")).await;
    let mut body = messages("m", false);
    body["top_k"] = json!(5);
    let reply = house.post("/v1/messages", &body).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    let ignored = reply.headers()["x-weirgate-ignored"].to_str().unwrap();
    assert!(ignored.split(", ").any(|field| field == "top_k"), "{ignored}");

    let refused = json!({"model": "m", "input": "x", "previous_response_id": "resp_1"});
    let reply = house.post("/v1/responses", &refused).send().await.unwrap();
    assert_eq!(reply.status(), 400);
    assert_eq!(house.upstream.calls().len(), 1);
    house.close().await;
}

#[tokio::test]
async fn embeddings_of_a_model_whose_providers_make_none_are_400() {
    let house = House::open_with(|config| only(config, "anthropic-fake", "fake")).await;
    let body = json!({"model": "m", "input": "weir"});
    let reply = house.post("/v1/embeddings", &body).send().await.unwrap();
    assert_eq!(reply.status(), 400);
    assert!(house.upstream.calls().is_empty());
    house.close().await;
}

#[tokio::test]
async fn translated_calls_to_anthropic_name_the_version_they_are_made_for_and_none_of_the_clients_headers() {
    let house = House::open_with(|config| only(config, "anthropic-fake", "fake")).await;
    let request = house.post("/v1/chat/completions", &chat("m", false));
    let request = request
        .header("openai-beta", "x=v1")
        .header("anthropic-beta", "x")
        .header("cookie", "a=b")
        .header("x-forwarded-for", "10.0.0.1")
        .header("connection", "x-api-key, authorization");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let asked = house.upstream.calls().remove(0);
    assert_eq!(asked.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(asked.credential.as_deref(), Some(fake_upstream::CREDENTIAL));
    for name in [
        "openai-beta",
        "anthropic-beta",
        "cookie",
        "x-forwarded-for",
        "authorization",
    ] {
        assert_eq!(asked.header(name), None, "{name}");
    }
    house.close().await;
}

#[tokio::test]
async fn stream_that_dies_right_after_its_start_is_replaced_unseen_for_every_pair() {
    let house = House::open_with(|config| {
        providers(config);
        for (provider, _) in PROVIDERS {
            let dying = (provider, "fake:events=8&end=1", 1, 0);
            routed(config, provider, &[dying, (provider, "fake:events=6", 1, 1)]);
        }
    })
    .await;
    let mut count = 0;
    for (provider, paths) in PROVIDERS {
        for (client, path) in CLIENTS.into_iter().zip(paths) {
            let case = format!("{client:?} → {provider}");
            count += 1;
            let reply = house
                .post(client.path(), &client.body(provider, true))
                .send()
                .await
                .unwrap();
            assert_eq!(reply.status(), 200, "{case}");
            let text = reply.text().await.unwrap();
            assert!(client.is_whole(&text) && !client.is_failed(&text), "{case}: {text}");
            let starts = match client {
                Client::Messages => text.matches("event: message_start\n").count(),
                Client::Chat => text.matches("\"role\":\"assistant\"").count(),
                Client::Responses => text.matches("event: response.created\n").count(),
            };
            assert_eq!(starts, 1, "{case}: {text}");
            let asked = house.upstream.calls();
            assert!(asked.iter().rev().take(2).all(|asked| asked.path == path), "{case}");
            let call = newest(&house, count).await;
            let outcomes: Vec<_> = call.attempts.iter().map(|attempt| attempt.outcome.as_str()).collect();
            assert_eq!(outcomes, ["upstream_truncated", "served"], "{case}");
            let billed = asked.last().unwrap().billed.unwrap();
            // What the first one counted is not the caller's to pay.
            let (_, input, output) = client.read_stream(&text);
            assert_eq!((input, output), (billed.input, billed.output), "{case}");
            assert_eq!((call.tokens.input, call.tokens.output), (input, output), "{case}");
        }
    }
    house.close().await;
}

/// An upstream whose vendor ran a search by itself.
async fn searching() -> String {
    let answer = async |axum::Json(sent): axum::Json<Value>| {
        let blocks = json!([
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
            {"type": "text", "text": "A low dam."},
        ]);
        let usage = json!({"input_tokens": 5, "output_tokens": 3});
        let message = |content: Value| {
            json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "x", "content": content,
            "stop_reason": "end_turn", "usage": usage})
        };
        if sent["stream"] != true {
            return axum::Json(message(blocks)).into_response();
        }
        let mut text = String::new();
        let mut say = |kind: &str, mut event: Value| {
            event["type"] = json!(kind);
            text += &format!("event: {kind}\ndata: {event}\n\n");
        };
        say("message_start", json!({"message": message(json!([]))}));
        for index in 0..2 {
            say(
                "content_block_start",
                json!({"index": index, "content_block": blocks[index]}),
            );
            say("content_block_stop", json!({"index": index}));
        }
        say(
            "message_delta",
            json!({"delta": {"stop_reason": "end_turn"}, "usage": usage}),
        );
        say("message_stop", json!({}));
        ([("content-type", "text/event-stream")], text).into_response()
    };
    let router = axum::Router::new().route("/v1/messages", axum::routing::post(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

#[tokio::test]
async fn what_of_an_answer_has_no_place_is_named() {
    let url = searching().await;
    let house = House::open_with(|config| {
        only(config, "anthropic-fake", "x");
        config.providers.retain(|provider| provider.id == "anthropic-fake");
        config.models.retain(|model| model.id == "m");
        config.point_providers_at(&url).unwrap();
    })
    .await;
    for client in [Client::Chat, Client::Responses] {
        let ask = async |stream: bool| {
            let mut body = client.body("m", stream);
            body["store"] = json!(true);
            let reply = house.post(client.path(), &body).send().await.unwrap();
            let told = reply.headers().get_all("x-weirgate-ignored").iter();
            let mut told: Vec<String> = told.map(|name| name.to_str().unwrap().to_owned()).collect();
            told.sort();
            (told, reply.text().await.unwrap())
        };
        let (told, text) = ask(false).await;
        assert_eq!(told, ["answer.content[server_tool_use]", "store"], "{client:?}");
        assert_eq!(client.read(&serde_json::from_str(&text).unwrap()).0, "A low dam.");
        let (told, text) = ask(true).await;
        assert_eq!(told, ["store"], "{client:?}");
        assert_eq!(
            text.matches("\n: x-weirgate-ignored answer.content[server_tool_use]\n\n")
                .count(),
            1,
            "{text}"
        );
        assert!(client.is_whole(&text));
        assert_eq!(client.read_stream(&text).0, "A low dam.");
    }
    // Who speaks the upstream's dialect gets its bytes.
    let reply = house.post("/v1/messages", &messages("m", false)).send().await.unwrap();
    assert!(reply.headers().get("x-weirgate-ignored").is_none());
    assert_eq!(
        reply.json::<Value>().await.unwrap()["content"][0]["type"],
        "server_tool_use"
    );
    house.close().await;
}

#[tokio::test]
async fn demo_answers_every_dialect() {
    let house = House::open_with(Config::clear_catalogue).await;
    for client in CLIENTS {
        for stream in [false, true] {
            let reply = house
                .post(client.path(), &client.body("demo", stream))
                .send()
                .await
                .unwrap();
            assert_eq!(reply.status(), 200, "{client:?}");
            let text = reply.text().await.unwrap();
            assert!(!stream || client.is_whole(&text), "{client:?}: {text}");
        }
    }
    house.close().await;
}
