#![allow(clippy::unwrap_used)]
use super::*;

fn anthropic(body: &str) -> Result<Head, Error> {
    scan(Dialect::Anthropic, body.as_bytes())
}

fn openai(body: &str) -> Result<Head, Error> {
    scan(Dialect::Openai, body.as_bytes())
}

/// A valid OpenAI body with more fields.
fn with(fields: &str) -> String {
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}]{fields}}}"#)
}

fn refused_field(body: &str) -> Option<&'static str> {
    let refused = openai(body).unwrap_err();
    assert_eq!(refused.status(), 400);
    field_of(&refused)
}

/// A head names watched fields only, which are constants.
fn field_of(refused: &Error) -> Option<&'static str> {
    match refused {
        Error::Request { field, .. } => *field,
        _ => None,
    }
}

#[test]
fn head_of_a_messages_request() {
    let body = r#" {"max_tokens": 1024, "model": "claude\u002dx", "metadata": {"model": "no", "stream": true}, "messages": [ {"role":"user","content":"x"} ], "stream": true}"#;
    let head = anthropic(body).unwrap();
    assert_eq!(head.model, "claude-x");
    assert_eq!(&body[head.model_span.clone()], r#""claude\u002dx""#);
    assert_eq!(&body[head.stream_span.clone().unwrap()], "true");
    assert_eq!(
        &body[head.messages_span.clone()],
        r#"[ {"role":"user","content":"x"} ]"#
    );
    assert_eq!(
        (head.stream, head.max_tokens, head.n, head.open),
        (true, Some(1024), 1, 2)
    );
    assert_eq!(head.input_estimate(), (body.len() as u64).div_ceil(4));
}

#[test]
fn head_of_a_responses_request() {
    let body = r#"{"model":"gpt-5","input":[{"role":"user","content":"x"}],"stream":true,"max_output_tokens":64,"n":5,"messages":"left alone"}"#;
    let head = scan(Dialect::Responses, body.as_bytes()).unwrap();
    assert_eq!(&body[head.messages_span.clone()], r#"[{"role":"user","content":"x"}]"#);
    assert_eq!((head.stream, head.max_tokens, head.n), (true, Some(64), 1));
    let text = scan(
        Dialect::Responses,
        br#"{"input":"hi","model":"m","max_output_tokens":null}"#,
    )
    .unwrap();
    assert_eq!((text.stream, text.max_tokens, text.messages_span), (false, None, 9..13));
    for elsewhere in [
        r#""previous_response_id":"resp_1""#,
        r#""conversation":{"id":"conv_1"}"#,
        r#""prompt":{"id":"pmpt_1"}"#,
    ] {
        let body = format!(r#"{{"model":"m",{elsewhere}}}"#);
        assert!(
            scan(Dialect::Responses, body.as_bytes())
                .unwrap()
                .messages_span
                .is_empty()
        );
    }
}

#[test]
fn head_of_an_embeddings_request() {
    for input in [r#""text""#, r#"["a","b"]"#, "[1,2,3]", "[[1,2],[3]]"] {
        let body =
            format!(r#"{{"model":"e","input":{input},"encoding_format":"base64","dimensions":8,"stream":true}}"#);
        let head = scan(Dialect::Embeddings, body.as_bytes()).unwrap();
        assert_eq!(&body[head.messages_span.clone()], input);
        assert_eq!((head.stream, head.max_tokens, head.n), (false, None, 1));
    }
}

#[test]
fn head_of_a_request_to_count_needs_no_cap() {
    let head = scan_count(br#"{"model":"m","messages":[1],"system":"s"}"#).unwrap();
    assert_eq!((head.model.as_str(), head.max_tokens, head.stream), ("m", None, false));
    assert_eq!(scan_count(br#"{"model":"m"}"#).unwrap_err().field(), Some("messages"));
}

#[test]
fn input_that_asks_nothing_is_refused() {
    let refused = |dialect, body: &str| field_of(&scan(dialect, body.as_bytes()).unwrap_err());
    for dialect in [Dialect::Responses, Dialect::Embeddings] {
        for body in [
            r#"{"model":"m"}"#,
            r#"{"model":"m","input":null}"#,
            r#"{"model":"m","input":""}"#,
            r#"{"model":"m","input":[ ]}"#,
            r#"{"model":"m","input":5}"#,
            r#"{"model":"m","input":{}}"#,
            r#"{"model":"m","input":"a","input":"b"}"#,
            r#"{"model":"m","input":"a","INPUT":"b"}"#,
            r#"{"model":"m","messages":[1]}"#,
        ] {
            assert_eq!(refused(dialect, body), Some("input"), "{body}");
        }
        assert_eq!(refused(dialect, r#"{"input":"a"}"#), Some("model"));
        assert_eq!(
            refused(dialect, r#"{"model":"m","input":"a","base_url":"http://evil"}"#),
            Some("base_url")
        );
    }
    for caps in ["0", "-1", "1.5", "\"5\"", "2147483648"] {
        let body = format!(r#"{{"model":"m","input":"a","max_output_tokens":{caps}}}"#);
        assert_eq!(refused(Dialect::Responses, &body), Some("max_output_tokens"), "{caps}");
    }
    let null = r#"{"model":"m","previous_response_id":null}"#;
    assert_eq!(refused(Dialect::Responses, null), Some("input"));
}

#[test]
fn escaped_keys_are_read_as_what_they_mean() {
    let head = openai(r#"{"mod\u0065l":"m","messages":[1],"\u0073tream":true}"#).unwrap();
    assert_eq!((head.model.as_str(), head.stream), ("m", true));
    assert_eq!(refused_field(&with(r#","mod\u0065l":"n""#)), Some("model"));
}

#[test]
fn key_twice_or_in_another_case_is_refused() {
    for (fields, field) in [
        (r#","model":"n""#, "model"),
        (r#","Model":"n""#, "model"),
        (r#","STREAM":true"#, "stream"),
        (r#","stream":true,"stream":false"#, "stream"),
        (r#","me\u017f\u017fages":[]"#, "messages"),
        (r#","meſsages":[]"#, "messages"),
        (",\"max_to\u{212a}ens\":5", "max_tokens"),
        (r#","max_tokens":5,"Max_Tokens":6"#, "max_tokens"),
        (
            r#","stream_options":{"include_usage":true,"include_usage":false}"#,
            "stream_options",
        ),
        (r#","stream_options":{"Include_usage":true}"#, "stream_options"),
    ] {
        assert_eq!(refused_field(&with(fields)), Some(field), "{fields}");
    }
    // Only the outermost object has watched keys.
    assert!(openai(&with(r#","metadata":{"model":1,"model":2,"Model":3}"#)).is_ok());
}

#[test]
fn bodies_that_readers_disagree_about_are_refused() {
    let deep = with(&format!(r#","x":{}{}"#, "[".repeat(10_000), "]".repeat(10_000)));
    for body in [
        "",
        " ",
        "null",
        "[]",
        "\"model\"",
        "{",
        "not json",
        &format!("\u{feff}{}", with("")),
        &deep,
        &with(r#","x":1e999"#),
        &with(r#","x":"\ud800""#),
        &with(r#","x":"\udc00\ud800""#),
        &with(r#","\ud800":1"#),
        &with(",\"x\":\"\u{1}\""),
        &with(","),
        &format!("{} {{}}", with("")),
        &format!("{}x", with("")),
        &with(r#","x":01"#),
    ] {
        assert_eq!(refused_field(body), None, "{body:.80}");
    }
    let mut bytes = with(r#","x":"?""#).into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'?').unwrap();
    bytes[at] = 0xff;
    assert!(scan(Dialect::Openai, &bytes).unwrap_err().to_string().contains("UTF-8"));
}

#[test]
fn nesting_up_to_the_limit_is_accepted() {
    let nested = |depth: usize| with(&format!(r#","x":{}{}"#, "[".repeat(depth), "]".repeat(depth)));
    assert!(openai(&nested(127)).is_ok());
    assert!(openai(&nested(128)).unwrap_err().to_string().contains("128 levels"));
}

#[test]
fn model_is_a_name() {
    let body = |model: &str| format!(r#"{{"model":{model},"messages":[1]}}"#);
    for bad in [
        "\"\"",
        "1",
        "null",
        "[\"m\"]",
        "{}",
        &format!("\"{}\"", "é".repeat(257)),
    ] {
        assert_eq!(refused_field(&body(bad)), Some("model"), "{bad}");
    }
    assert_eq!(refused_field(r#"{"messages":[1]}"#), Some("model"));
    assert!(openai(&body(&format!("\"{}\"", "é".repeat(256)))).is_ok());
}

#[test]
fn messages_is_an_array_with_something_in_it() {
    for bad in ["[]", "[ \n]", "{}", "\"hi\"", "null", "1"] {
        assert_eq!(
            refused_field(&format!(r#"{{"model":"m","messages":{bad}}}"#)),
            Some("messages"),
            "{bad}"
        );
    }
    assert_eq!(refused_field(r#"{"model":"m"}"#), Some("messages"));
}

#[test]
fn caps_are_plain_whole_numbers() {
    for field in ["max_tokens", "max_completion_tokens", "n"] {
        for bad in [
            "0",
            "-1",
            "-0",
            "1.0",
            "1e3",
            "\"5\"",
            "true",
            "[]",
            "2147483648",
            "99999999999999999999999",
        ] {
            assert_eq!(
                refused_field(&with(&format!(",\"{field}\":{bad}"))),
                Some(field),
                "{field} {bad}"
            );
        }
        assert!(openai(&with(&format!(",\"{field}\":null"))).is_ok());
        assert!(openai(&with(&format!(",\"{field}\":2147483647"))).is_ok());
    }
    let head = openai(&with(r#","max_tokens":10,"max_completion_tokens":20,"n":3"#)).unwrap();
    assert_eq!((head.max_tokens, head.n), (Some(20), 3));
}

#[test]
fn anthropic_demands_max_tokens_and_does_not_know_choices() {
    let body = |fields: &str| format!(r#"{{"model":"m","messages":[1]{fields}}}"#);
    let refused = anthropic(&body("")).unwrap_err();
    assert_eq!(refused.field(), Some("max_tokens"));
    assert!(refused.to_string().starts_with("max_tokens: Field required"));
    for bad in ["null", "0", "-5", "\"1\""] {
        assert_eq!(
            anthropic(&body(&format!(r#","max_tokens":{bad}"#)))
                .unwrap_err()
                .field(),
            Some("max_tokens")
        );
    }
    assert_eq!(
        anthropic(&body(r#","max_tokens":1,"n":"x","stream_options":5"#))
            .unwrap()
            .n,
        1
    );
}

#[test]
fn stream_is_a_boolean() {
    for bad in ["1", "\"true\"", "[]", "{}"] {
        assert_eq!(
            refused_field(&with(&format!(",\"stream\":{bad}"))),
            Some("stream"),
            "{bad}"
        );
    }
    assert!(!openai(&with(r#","stream":null"#)).unwrap().stream);
}

#[test]
fn stream_options_say_whether_usage_was_asked_for() {
    let asks = |options: &str| {
        openai(&with(&format!(",\"stream_options\":{options}")))
            .unwrap()
            .asks_usage()
    };
    assert!(asks(r#"{"include_usage":true}"#));
    assert!(asks(r#"{"x":{"include_usage":false},"include\u005fusage": true }"#));
    for not in [
        "null",
        "{}",
        r#"{"include_usage":false}"#,
        r#"{"include_usage":null}"#,
        r#"{"x":{"include_usage":true}}"#,
    ] {
        assert!(!asks(not), "{not}");
    }
    for bad in [
        "true",
        "[]",
        "\"x\"",
        r#"{"include_usage":"true"}"#,
        r#"{"include_usage":1}"#,
    ] {
        assert_eq!(
            refused_field(&with(&format!(",\"stream_options\":{bad}"))),
            Some("stream_options"),
            "{bad}"
        );
    }
}

#[test]
fn fields_that_redirect_a_call_are_refused() {
    for field in [
        "api_base",
        "base_url",
        "API_KEY",
        "custom_host",
        "extra_headers",
        "models",
        "Fallbacks",
    ] {
        let refused = openai(&with(&format!(",\"{field}\":\"http://evil.example\""))).unwrap_err();
        assert_eq!(refused.field(), Some(field.to_lowercase().as_str()));
    }
}

#[test]
fn refusals_never_repeat_content() {
    let refused = openai(&with(r#","x":"secret-prompt"#)).unwrap_err();
    assert!(!refused.to_string().contains("secret-prompt"));
}
