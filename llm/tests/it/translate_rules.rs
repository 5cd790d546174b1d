//! What OpenAI would answer with 400 is not sent, and no part of a call is lost on its way in silence.

use llm::{
    Dialect,
    translate::{self, Options},
};
use serde_json::{Value, json};
use types::Timestamp;

use Dialect::{Anthropic, Openai, Responses};

pub struct Asked {
    pub body: Value,
    pub ignored: Vec<String>,
}

pub fn options() -> Options<'static> {
    Options {
        upstream_model: "upstream-model",
        max_output_tokens: None,
        reasoning: None,
        stream: None,
        call_id: "0192f0c1",
        now: Timestamp(1_795_000_000_000),
    }
}

pub fn ask_with(client: Dialect, upstream: Dialect, more: Value, options: &Options<'_>) -> Asked {
    let mut body = match client {
        Anthropic => json!({"model": "m", "max_tokens": 64, "messages": [{"role": "user", "content": "hi"}]}),
        Openai => json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]}),
        _ => json!({"model": "m", "input": "hi"}),
    };
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    let translated = translate::request(client, upstream, body.to_string().as_bytes(), options).unwrap();
    Asked {
        body: serde_json::from_slice(&translated.body).unwrap(),
        ignored: translated.ignored,
    }
}

pub fn ask(client: Dialect, upstream: Dialect, more: Value) -> Asked {
    ask_with(client, upstream, more, &options())
}

#[test]
fn caps_are_at_most_what_the_model_can_give() {
    let options = Options {
        max_output_tokens: Some(16_384),
        ..options()
    };
    for (client, field) in [
        (Anthropic, "max_tokens"),
        (Openai, "max_tokens"),
        (Responses, "max_output_tokens"),
    ] {
        for (upstream, told) in [
            (Anthropic, "max_tokens"),
            (Openai, "max_completion_tokens"),
            (Responses, "max_output_tokens"),
        ] {
            if client == upstream {
                continue;
            }
            for (asked, cap) in [(32_000, 16_384), (100, 100)] {
                let asked = ask_with(client, upstream, json!({field: asked}), &options);
                assert_eq!(asked.body[told], cap, "{} to {}", client.name(), upstream.name());
                assert!(asked.ignored.is_empty());
            }
        }
    }
}

#[test]
fn models_of_openai_that_reason_are_not_told_how_to_sample() {
    for upstream in [Openai, Responses] {
        let client = if upstream == Openai { Responses } else { Openai };
        let with = |effort: Option<&str>, reasoning| {
            let mut more = json!({"temperature": 0.5, "top_p": 0.9});
            if let Some(effort) = effort {
                match client {
                    Openai => more["reasoning_effort"] = json!(effort),
                    _ => more["reasoning"] = json!({"effort": effort}),
                }
            }
            let options = Options { reasoning, ..options() };
            let asked = ask_with(client, upstream, more, &options);
            (
                asked.body["temperature"].is_null(),
                asked.body["top_p"].is_null(),
                asked.ignored,
            )
        };
        let named: Vec<String> = ["temperature", "top_p"].map(str::to_owned).to_vec();
        assert_eq!(with(Some("high"), None), (true, true, named.clone()));
        assert_eq!(with(None, Some(true)), (true, true, named));
        assert_eq!(with(Some("none"), Some(true)), (false, false, vec![]));
        assert_eq!(with(None, None), (false, false, vec![]));
        let (temperature, _, ignored) = with(Some("high"), Some(false));
        assert!(!temperature && ignored.len() == 1, "{ignored:?}");
    }
    let asked = ask_with(
        Anthropic,
        Responses,
        json!({"temperature": 1}),
        &Options {
            reasoning: Some(true),
            ..options()
        },
    );
    assert_eq!((asked.ignored.len(), &asked.body["temperature"]), (0, &Value::Null));
    assert_eq!(asked.body["include"], json!(["reasoning.encrypted_content"]));
}

#[test]
fn tools_are_strict_only_where_their_schema_may_be() {
    let open = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let mut shut = open.clone();
    shut["required"] = json!(["a"]);
    shut["additionalProperties"] = json!(false);
    // Messages takes few of them.
    let tools = json!({"tools": [{"type": "function", "function": {"name": "f", "parameters": shut, "strict": true}}]});
    let asked = ask(Openai, Anthropic, tools);
    assert_eq!(asked.body["tools"][0].get("strict"), None);
    assert_eq!(asked.ignored, ["tools[function].function.strict"]);
    let tools = json!({"tools": [{"type": "function", "name": "f", "parameters": shut, "strict": true}]});
    assert_eq!(ask(Responses, Anthropic, tools).ignored, ["tools[function].strict"]);
    // OpenAI wants them closed, with everything required.
    for (schema, strict, ignored) in [(&shut, true, &[][..]), (&open, false, &["tools[custom].strict"][..])] {
        let tools = json!({"tools": [{"name": "f", "input_schema": schema, "strict": true}]});
        let asked = ask(Anthropic, Responses, tools.clone());
        assert_eq!(asked.body["tools"][0]["strict"], strict);
        assert_eq!(asked.ignored, ignored);
        let asked = ask(Anthropic, Openai, tools);
        assert_eq!(
            asked.body["tools"][0]["function"].get("strict"),
            strict.then_some(&json!(true))
        );
    }
    for (schema, strict, ignored) in [
        (&shut, true, &[][..]),
        (&open, false, &["output_config.format[strict]"][..]),
    ] {
        let format = json!({"output_config": {"format": {"type": "json_schema", "schema": schema}}});
        let asked = ask(Anthropic, Openai, format.clone());
        assert_eq!(asked.body["response_format"]["json_schema"]["strict"], strict);
        assert_eq!(asked.ignored, ignored);
        assert_eq!(
            ask(Anthropic, Responses, format).body["text"]["format"]["strict"],
            strict
        );
    }
}

#[test]
fn results_are_of_the_kind_of_their_calls() {
    let calls = json!([{"id": "a", "type": "custom", "custom": {"name": "patch", "input": "x"}},
        {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    let asked = ask(
        Openai,
        Responses,
        json!({"messages": [{"role": "assistant", "tool_calls": calls},
            {"role": "tool", "tool_call_id": "b", "content": "1"}, {"role": "tool", "tool_call_id": "a", "content": "2"}]}),
    );
    let kinds: Vec<&Value> = asked.body["input"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["type"])
        .collect();
    assert_eq!(
        kinds,
        [
            "custom_tool_call",
            "function_call",
            "function_call_output",
            "custom_tool_call_output"
        ]
    );
}

#[test]
fn results_follow_their_calls_whatever_stands_between() {
    let asked = ask(
        Responses,
        Openai,
        json!({"input": [{"role": "user", "content": "hi"},
            {"type": "function_call", "call_id": "a", "name": "f", "arguments": ""},
            {"role": "developer", "content": "Mode changed."},
            {"type": "function_call_output", "call_id": "a", "output": "1"}]}),
    );
    assert_eq!(
        asked.body["messages"],
        json!([{"role": "user", "content": "hi"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "1"},
            {"role": "system", "content": "Mode changed."}])
    );
}

#[test]
fn only_the_running_turn_gets_its_plain_thoughts_back() {
    let thought = |text: &str| json!({"type": "thinking", "thinking": text, "signature": "wg1.c."});
    let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "f", "input": {"a": [1, 2]}});
    let result = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": "1"});
    let asked = ask(
        Anthropic,
        Openai,
        json!({"messages": [
            {"role": "user", "content": "one"}, {"role": "assistant", "content": [thought("old"), {"type": "text", "text": "1"}]},
            {"role": "user", "content": "two"}, {"role": "assistant", "content": [thought("new"), call("a")]},
            {"role": "user", "content": [result("a")]}, {"role": "assistant", "content": [thought("newer"), call("b")]},
            {"role": "user", "content": [result("b")]}]}),
    );
    let thoughts: Vec<&Value> = asked.body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|message| message.get("reasoning_content"))
        .collect();
    assert_eq!(thoughts, ["new", "newer"]);
    assert_eq!(asked.ignored, ["messages[assistant].content[thinking]"]);
}

#[test]
fn arguments_are_compact_and_never_empty() {
    let body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "assistant", "content": [
        {"type": "tool_use", "id": "a", "name": "f", "input": {"a b": [1, 2]}}]}]});
    let translated = translate::request(Anthropic, Openai, format!("{body:#}").as_bytes(), &options()).unwrap();
    let told: Value = serde_json::from_slice(&translated.body).unwrap();
    assert_eq!(
        told["messages"][0]["tool_calls"][0]["function"]["arguments"],
        "{\"a b\":[1,2]}"
    );
    let call = json!([{"id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]);
    let thought = json!([{"type": "reasoning.text", "index": 0, "text": "hm", "signature": "wg1.r.rs_1.ZW5j"}]);
    let said = json!({"role": "assistant", "content": "", "reasoning_details": thought, "tool_calls": call});
    let asked = ask(Openai, Responses, json!({"messages": [said]}));
    let items = asked.body["input"].as_array().unwrap();
    // No empty message stands between a thought and its call.
    assert_eq!(items.len(), 2, "{items:?}");
    assert_eq!(
        (&items[0]["type"], &items[1]["arguments"]),
        (&json!("reasoning"), &json!("{}"))
    );
}

#[test]
fn pictures_where_no_other_dialect_has_them_are_refused_by_name() {
    let picture = json!({"type": "input_image", "image_url": "https://x/y.png"});
    for role in ["developer", "system", "assistant"] {
        for upstream in [Anthropic, Openai] {
            let body = json!({"model": "m", "input": [{"role": role, "content": [picture]}, {"role": "user", "content": "hi"}]});
            let error = translate::request(Responses, upstream, body.to_string().as_bytes(), &options())
                .err()
                .unwrap();
            assert_eq!(
                (error.status(), error.field()),
                (400, Some("input[message].content[input_image]")),
                "{role}"
            );
        }
    }
}

#[test]
fn conversation_that_the_vendor_would_keep_is_refused_with_the_way_out() {
    let body =
        json!({"model": "m", "input": [{"role": "user", "content": "hi"}, {"type": "item_reference", "id": "msg_1"}]});
    let error = translate::request(Responses, Anthropic, body.to_string().as_bytes(), &options())
        .err()
        .unwrap();
    assert_eq!(error.field(), Some("input[item_reference]"));
    assert!(error.to_string().contains("store: false"), "{error}");
}

#[test]
fn what_the_client_calls_like_a_field_is_none() {
    let body = json!({"model": "m", "input": "hi", "metadata": {"a": "b", "temperature": "warm"}});
    let context = translate::request(Responses, Anthropic, body.to_string().as_bytes(), &options())
        .unwrap()
        .context;
    let answer = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "c", "content": [], "stop_reason": "end_turn"});
    let told: Value =
        serde_json::from_slice(&translate::answer(answer.to_string().as_bytes(), &context).unwrap().body).unwrap();
    assert_eq!(told.get("temperature"), Some(&Value::Null));
}
