#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::head;

fn spliced(dialect: Dialect, body: &str, edits: &Edits<'_>) -> String {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let head = head::scan(dialect, &body).unwrap();
    let parts = upstream_body(&head, &body, edits);
    let joined = parts.concat();
    assert_eq!(joined.len(), length(&parts));
    String::from_utf8(joined).unwrap()
}

const USAGE: Edits<'static> = Edits {
    model: None,
    most_output: None,
    stream: None,
    include_usage: true,
};

#[test]
fn body_without_edits_is_the_same_bytes() {
    let body = Bytes::from_static(br#"{ "model" : "m" , "messages":[1], "stream":true, "z":1.50 }"#);
    let head = head::scan(Dialect::Openai, &body).unwrap();
    let edits = Edits {
        model: Some("m"),
        most_output: Some(5),
        stream: Some(true),
        include_usage: false,
    };
    let parts = upstream_body(&head, &body, &edits);
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].as_ptr(), body.as_ptr());
}

#[test]
fn model_is_replaced_where_it_stands_and_the_rest_is_not_copied() {
    let body = Bytes::from_static(br#"{"messages":["\u0041"], "model":"a" ,"x":1.0}"#);
    let head = head::scan(Dialect::Openai, &body).unwrap();
    let parts = upstream_body(
        &head,
        &body,
        &Edits {
            model: Some("b\"\\"),
            ..Edits::default()
        },
    );
    assert_eq!(parts.concat(), br#"{"messages":["\u0041"], "model":"b\"\\" ,"x":1.0}"#);
    assert_eq!(parts[0].as_ptr(), body.as_ptr());
    assert_eq!(parts[2].as_ptr(), body[35..].as_ptr());
}

#[test]
fn caps_are_lowered_to_what_the_model_can_give_where_they_stand() {
    for (dialect, fields, expected) in [
        (
            Dialect::Anthropic,
            r#""max_tokens": 9000 ,"messages":[1]"#,
            r#""max_tokens": 800 ,"messages":[1]"#,
        ),
        (
            Dialect::Anthropic,
            r#""max_tokens":800,"messages":[1]"#,
            r#""max_tokens":800,"messages":[1]"#,
        ),
        (
            Dialect::Openai,
            r#""max_completion_tokens":801,"messages":[1],"max_tokens":7"#,
            r#""max_completion_tokens":800,"messages":[1],"max_tokens":7"#,
        ),
        (
            Dialect::Openai,
            r#""max_tokens":2147483647,"max_completion_tokens":1000,"messages":[1]"#,
            r#""max_tokens":800,"max_completion_tokens":800,"messages":[1]"#,
        ),
        (
            Dialect::Openai,
            r#""max_tokens":null,"messages":[1]"#,
            r#""max_tokens":null,"messages":[1]"#,
        ),
        (
            Dialect::Responses,
            r#""max_output_tokens":1000,"input":"max_output_tokens\":1000""#,
            r#""max_output_tokens":800,"input":"max_output_tokens\":1000""#,
        ),
    ] {
        let edits = Edits {
            most_output: Some(800),
            ..Edits::default()
        };
        let body = format!(r#"{{"model":"m",{fields}}}"#);
        assert_eq!(
            spliced(dialect, &body, &edits),
            format!(r#"{{"model":"m",{expected}}}"#)
        );
    }
}

#[test]
fn stream_is_forced() {
    let force = |fields: &str, stream: bool| {
        let body = format!(r#"{{"model":"m","max_tokens":1,"messages":[1]{fields}}}"#);
        let edits = Edits {
            stream: Some(stream),
            ..Edits::default()
        };
        spliced(Dialect::Anthropic, &body, &edits).replace(r#""model":"m","max_tokens":1,"messages":[1]"#, "…")
    };
    assert_eq!(force("", true), r#"{"stream":true,…}"#);
    assert_eq!(force("", false), "{…}");
    assert_eq!(force(r#","stream":false"#, true), r#"{…,"stream":true}"#);
    assert_eq!(force(r#","stream": null "#, true), r#"{…,"stream": true }"#);
    assert_eq!(force(r#","stream":true"#, false), r#"{…,"stream":false}"#);
    assert_eq!(force(r#","stream":null"#, false), r#"{…,"stream":null}"#);
}

#[test]
fn usage_is_asked_for_in_streams_only() {
    let ask = |fields: &str| {
        let body = format!(r#"{{"model":"m","messages":[1]{fields}}}"#);
        spliced(Dialect::Openai, &body, &USAGE).replace(r#""model":"m","messages":[1]"#, "…")
    };
    assert_eq!(ask(""), "{…}");
    assert_eq!(ask(r#","stream":false"#), r#"{…,"stream":false}"#);
    let asked = r#""stream_options":{"include_usage":true}"#;
    assert_eq!(ask(r#","stream":true"#), format!(r#"{{{asked},…,"stream":true}}"#));
    for (options, merged) in [
        ("null", r#"{"include_usage":true}"#),
        ("{}", r#"{"include_usage":true}"#),
        (r#"{"x":1}"#, r#"{"include_usage":true,"x":1}"#),
        (r#"{"x":1,"include_usage":false}"#, r#"{"x":1,"include_usage":true}"#),
        (r#"{"include_usage":null}"#, r#"{"include_usage":true}"#),
        (r#"{"include_usage" : true}"#, r#"{"include_usage" : true}"#),
    ] {
        let body = format!(r#","stream":true,"stream_options":{options}"#);
        assert_eq!(ask(&body), format!(r#"{{…,"stream":true,"stream_options":{merged}}}"#));
    }
}

#[test]
fn anthropic_is_never_asked_for_usage() {
    let body = r#"{"model":"m","max_tokens":1,"messages":[1],"stream":true}"#;
    assert_eq!(spliced(Dialect::Anthropic, body, &USAGE), body);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~é€\u{1}\n]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec(("[a-z\"\\\\é]{0,6}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn upstream_body_is_the_callers_but_for_the_edits(
        model in "[ -~é]{1,12}",
        messages in proptest::collection::vec(any_json(), 1..3),
        // Named so that none of them is a watched field.
        others in proptest::collection::vec(("x[ -~é]{0,6}", any_json()), 0..5),
        stream in proptest::option::of(proptest::option::of(any::<bool>())),
        options in proptest::option::of(prop_oneof![
            Just(Value::Null), Just(json!({})), Just(json!({"a": [1]})), Just(json!({"include_usage": false, "b": 1})),
            Just(json!({"b": 1, "include_usage": null})), Just(json!({"include_usage": true})),
        ]),
        turn in 0_usize..8,
        pretty in any::<bool>(),
        new_model in proptest::option::of("[ -~é\u{1}]{1,12}"),
        force in proptest::option::of(any::<bool>()),
        include_usage in any::<bool>(),
    ) {
        let mut fields: Vec<(String, Value)> = others;
        fields.push(("model".into(), model.clone().into()));
        fields.push(("messages".into(), messages.into()));
        fields.extend(stream.map(|stream| ("stream".into(), json!(stream))));
        fields.extend(options.clone().map(|options| ("stream_options".into(), options)));
        let middle = turn % fields.len();
        fields.rotate_left(middle);
        let mut expected: Map<String, Value> = fields.into_iter().collect();
        let body = Value::Object(expected.clone());
        let body = if pretty { serde_json::to_string_pretty(&body).unwrap() } else { body.to_string() };

        let edits = Edits { model: new_model.as_deref(), stream: force, include_usage, most_output: None };
        let result = spliced(Dialect::Openai, &body, &edits);

        if let Some(new) = &new_model {
            expected["model"] = json!(new);
        }
        let streams = stream.flatten().unwrap_or(false);
        if let Some(force) = force.filter(|force| *force != streams) {
            expected.insert("stream".into(), json!(force));
        }
        let asked = options.is_some_and(|options| options["include_usage"] == true);
        if include_usage && force.unwrap_or(streams) && !asked {
            let slot = expected.entry("stream_options").or_insert(Value::Null);
            if slot.is_null() {
                *slot = json!({});
            }
            slot["include_usage"] = json!(true);
        }
        prop_assert_eq!(serde_json::from_str::<Value>(&result).unwrap(), Value::Object(expected));
        // What was spliced is a body like any other.
        let again = head::scan(Dialect::Openai, result.as_bytes()).unwrap();
        prop_assert_eq!(again.model, new_model.unwrap_or(model));
    }
}
