//! What Anthropic, or one version of its models, would answer with 400 is not sent, and what is left out for that is named.

use llm::{
    Dialect::{Anthropic, Openai, Responses},
    translate::Options,
};
use serde_json::{Value, json};

use crate::translate_rules::{ask, ask_with, options};

fn of_model<'a>(model: &'a str) -> Options<'a> {
    Options {
        upstream_model: model,
        ..options()
    }
}

#[test]
fn claude_is_told_how_to_sample_only_where_it_takes_that() {
    let words = json!({"temperature": 0.5, "top_p": 0.9, "top_k": 5});
    for (model, temperature, top_k, ignored) in [
        ("claude-sonnet-4-6", json!(0.5), json!(5), vec!["top_p"]),
        ("claude-3-5-haiku", json!(0.5), json!(5), vec!["top_p"]),
        (
            "claude-opus-4-7",
            Value::Null,
            Value::Null,
            vec!["temperature", "top_p", "top_k"],
        ),
        (
            "claude-mythos-preview",
            Value::Null,
            Value::Null,
            vec!["temperature", "top_p", "top_k"],
        ),
        ("kimi-k2", json!(0.5), json!(5), vec!["top_p"]),
    ] {
        let asked = ask_with(Openai, Anthropic, words.clone(), &of_model(model));
        assert_eq!(asked.body["temperature"], temperature, "{model}");
        assert_eq!(
            (&asked.body["top_p"], &asked.body["top_k"]),
            (&Value::Null, &top_k),
            "{model}"
        );
        assert_eq!(asked.ignored, ignored, "{model}");
    }
    // What says nothing need not be named, and alone `top_p` is taken.
    let asked = ask_with(
        Openai,
        Anthropic,
        json!({"temperature": 1, "top_p": 1.0}),
        &of_model("claude-opus-4-7"),
    );
    assert_eq!((asked.ignored.len(), &asked.body["temperature"]), (0, &Value::Null));
    let asked = ask_with(Openai, Anthropic, json!({"top_p": 0.9}), &of_model("claude-sonnet-4-6"));
    assert_eq!(asked.body["top_p"], 0.9);
}

#[test]
fn effort_that_a_version_does_not_know_is_the_next_lower_one() {
    for (model, effort) in [("claude-opus-4-6", "high"), ("claude-opus-4-7", "xhigh")] {
        let asked = ask_with(
            Openai,
            Anthropic,
            json!({"reasoning_effort": "xhigh"}),
            &of_model(model),
        );
        assert_eq!(asked.body["output_config"], json!({"effort": effort}), "{model}");
        assert_eq!(
            asked.body["thinking"],
            json!({"type": "adaptive", "display": "summarized"})
        );
    }
}

#[test]
fn texts_of_white_space_do_not_reach_messages() {
    let call = json!([{"id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]);
    let asked = ask(
        Openai,
        Anthropic,
        json!({"prompt_cache_key": "k", "messages": [
            {"role": "system", "content": "\n"},
            {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "text", "text": "\n \t"}]},
            {"role": "assistant", "content": "\n\n", "tool_calls": call},
            {"role": "tool", "tool_call_id": "a", "content": " "}]}),
    );
    let marked = json!({"type": "ephemeral"});
    assert_eq!(
        asked.body["messages"],
        json!([
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "cache_control": marked}]}])
    );
    assert_eq!(asked.body.get("system"), None);
    // A mark goes to what is written.
    let content = json!([{"type": "text", "text": "hi"}, {"type": "text", "text": "\n"}]);
    let asked = ask(
        Openai,
        Anthropic,
        json!({"prompt_cache_key": "k", "messages": [{"role": "user", "content": content}]}),
    );
    assert_eq!(
        asked.body["messages"][0]["content"],
        json!([{"type": "text", "text": "hi", "cache_control": marked}])
    );
}

#[test]
fn answer_to_go_on_with_ends_without_white_space() {
    let asked = ask(
        Openai,
        Anthropic,
        json!({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "So \\n\n"}]}),
    );
    assert_eq!(asked.body["messages"][1]["content"][0]["text"], "So \\n");
}

#[test]
fn instructions_alone_begin_a_conversation() {
    let asked = ask(
        Openai,
        Anthropic,
        json!({"messages": [{"role": "system", "content": "Be brief."}, {"role": "system", "content": "What is a weir?"}]}),
    );
    assert_eq!(asked.body["system"], json!([{"type": "text", "text": "Be brief."}]));
    assert_eq!(
        asked.body["messages"],
        json!([{"role": "user", "content": [{"type": "text", "text": "What is a weir?"}]}])
    );
}

#[test]
fn schemas_of_answers_are_closed_and_those_that_cannot_be_asked_for_are_put_in_words() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}});
    let path = "response_format[json_schema].json_schema";
    let format = json!({"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}});
    let asked = ask_with(Openai, Anthropic, format.clone(), &of_model("claude-sonnet-4-5"));
    let closed = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": false});
    assert_eq!(
        asked.body["output_config"]["format"],
        json!({"type": "json_schema", "schema": closed})
    );
    assert_eq!(
        asked.ignored,
        [format!("{path}.name"), format!("{path}.schema.minimum")]
    );

    let asked = ask_with(Openai, Anthropic, format, &of_model("claude-sonnet-4-20250514"));
    assert_eq!(asked.body.get("output_config"), None);
    let words = asked.body["system"][0]["text"].as_str().unwrap();
    assert!(words.ends_with(&schema.to_string()), "{words}");
    assert!(asked.ignored.contains(&"response_format".to_owned()));

    let object = json!({"response_format": {"type": "json_object"}});
    let asked = ask(Openai, Anthropic, object);
    let words = "Answer with one JSON object and nothing else.";
    assert_eq!(asked.body["system"], json!([{"type": "text", "text": words}]));
    assert_eq!(asked.ignored, ["response_format[json_object]"]);
    let asked = ask(
        Responses,
        Anthropic,
        json!({"text": {"format": {"type": "json_object"}}}),
    );
    assert_eq!(asked.body["system"][0]["text"], words);
    assert_eq!(asked.ignored, ["text.format[json_object]"]);
}

#[test]
fn inputs_of_tools_say_that_they_are_objects() {
    for (schema, told) in [
        (json!({}), json!({"type": "object"})),
        (
            json!({"properties": {"a": {}}}),
            json!({"type": "object", "properties": {"a": {}}}),
        ),
        (
            json!({"type": "object", "title": "t"}),
            json!({"type": "object", "title": "t"}),
        ),
    ] {
        let tools = json!({"tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}]});
        assert_eq!(ask(Openai, Anthropic, tools).body["tools"][0]["input_schema"], told);
    }
}

#[test]
fn users_are_named_only_where_that_gives_nobody_away() {
    for (user, named) in [("u-17", true), ("ann@example.org", false), ("+49 30 901820", false)] {
        let asked = ask(Openai, Anthropic, json!({"user": user}));
        assert_eq!(asked.body["metadata"]["user_id"] == user, named, "{user}");
        assert_eq!(asked.ignored == ["user"], !named, "{user}");
    }
}

#[test]
fn stop_sequences_of_white_space_are_left_out_by_name() {
    let asked = ask(Openai, Anthropic, json!({"stop": ["\n\n", "END"]}));
    assert_eq!(
        (&asked.body["stop_sequences"], asked.ignored),
        (&json!(["END"]), vec!["stop".to_owned()])
    );
    let asked = ask(Openai, Anthropic, json!({"stop": "\n"}));
    assert_eq!(asked.body.get("stop_sequences"), None);
}

/// To the vendor a tool loop is one turn: it thinks through the whole of it, or not at all.
#[test]
fn tool_loops_go_on_as_they_began() {
    let thought = json!({"type": "reasoning", "summary": [], "encrypted_content": "wg1.a.c2ln"});
    let call = |id: &str| json!({"type": "function_call", "call_id": id, "name": "f", "arguments": "{}"});
    let result = |id: &str| json!({"type": "function_call_output", "call_id": id, "output": "1"});
    let user = json!({"role": "user", "content": "hi"});
    let developer = json!({"role": "developer", "content": "Mode changed."});
    let thinks = |input: Value| {
        let more = json!({"reasoning": {"effort": "high"}, "max_output_tokens": 8000, "input": input});
        let asked = ask_with(Responses, Anthropic, more, &of_model("claude-sonnet-4-5"));
        assert_eq!(asked.ignored.is_empty(), asked.body.get("thinking").is_some());
        asked.ignored.is_empty()
    };
    assert!(thinks(json!([user, thought, call("a"), result("a")])));
    assert!(thinks(json!([
        user,
        thought,
        call("a"),
        result("a"),
        call("b"),
        result("b")
    ])));
    assert!(!thinks(json!([
        user,
        call("a"),
        result("a"),
        thought,
        call("b"),
        result("b")
    ])));
    assert!(!thinks(json!([user, call("a"), result("a"), developer])));
    let said = json!({"role": "assistant", "content": "So."});
    assert!(thinks(json!([user, call("a"), result("a"), said, user])));
}
