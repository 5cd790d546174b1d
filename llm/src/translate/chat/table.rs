//! What becomes of the fields of a Chat Completions request. Upstreams: Messages, Responses.

use types::Dialect;

use crate::translate::{
    rows,
    table::{Client, Rule::Ignore as I, Rule::Map as M, Rule::Refuse as R, Shape, Union, kind, no_kind, row, shape},
};

pub static CLIENT: Client = Client {
    dialect: Dialect::Openai,
    upstreams: [Dialect::Anthropic, Dialect::Responses],
    shapes: &[
        &BODY,
        &STREAM_OPTIONS,
        &BREAKPOINT,
        &IMAGE_URL,
        &FILE,
        &JSON_SCHEMA,
        &FUNCTION,
        &CUSTOM,
        &CALLED,
        &CALLED_CUSTOM,
        &NAMED,
        &NAMED_CUSTOM,
        &ALLOWED,
    ],
    unions: &[
        &MESSAGE, &TEXTS, &PARTS, &SAID, &CALL, &TOOL, &CHOICE, &FORMAT, &GRAMMAR,
    ],
};

const AUDIO: &str = "There is no sound on the other side. Send and ask for text.";
const OLD: &str = "It is the old form of tools. Use `tools`, `tool_choice` and `tool_calls`.";

pub(crate) static BODY: Shape = Shape {
    path: "",
    frame: "$",
    needs: &["model", "messages", "tools"],
    rows: &[
        rows::MODEL,
        row("messages", M, M, r#"[{"role":"user","content":"hi"}]"#),
        row("max_completion_tokens", M, M, "64")
            .note("Messages needs a cap: without one it is the model's own, else 4096. Responses: at least 16."),
        row("max_tokens", M, M, "64").note("The larger one when both are given, and at most what the model can give."),
        rows::TEMPERATURE,
        rows::TOP_P,
        row("top_k", M, I, "5").note("As `temperature`."),
        row("n", R, R, "2").unset("1").note("One choice at a time."),
        row("stop", M, I, r#"["END"]"#)
            .unset("[]")
            .note("`stop_sequences`; those of white space are left out and named."),
        rows::STREAM,
        row("stream_options", M, M, r#"{"include_usage":true}"#).quiet(),
        row("tools", M, M, r#"[{"type":"function","function":{"name":"f"}}]"#).unset("[]"),
        rows::TOOL_CHOICE,
        row("parallel_tool_calls", M, M, "false").note("To Messages with `tools` only."),
        row(
            "response_format",
            M,
            M,
            r#"{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"}}}"#,
        ),
        row("reasoning_effort", M, M, r#""high""#)
            .note("A budget of thoughts, or adaptive thinking with this effort from Claude 4.6 on."),
        row("verbosity", I, M, r#""low""#).note("`text.verbosity`."),
        rows::USER,
        rows::SAFETY_IDENTIFIER,
        row("metadata", I, M, r#"{"a":"b"}"#).unset("{}"),
        row("prompt_cache_key", M, M, r#""k""#).note(
            "To Messages: `cache_control` at the end of instructions and conversation, unless the client set its own.",
        ),
        row("prompt_cache_options", I, M, r#"{"mode":"explicit"}"#),
        rows::CACHE_RETENTION,
        rows::SERVICE_TIER,
        rows::STORE,
        row("seed", I, I, "7"),
        row("frequency_penalty", I, I, "0.5").unset("0|0.0"),
        row("presence_penalty", I, I, "0.5").unset("0|0.0"),
        row("logit_bias", I, I, r#"{"1":2}"#).unset("{}"),
        row("logprobs", I, I, "true").unset("false"),
        rows::TOP_LOGPROBS,
        row("prediction", I, I, r#"{"type":"content","content":"a"}"#),
        row("modalities", R, R, r#"["text","audio"]"#)
            .unset(r#"["text"]"#)
            .note(AUDIO),
        row("audio", R, R, r#"{"voice":"ash","format":"wav"}"#).note(AUDIO),
        rows::MODERATION,
        row("web_search_options", I, I, r#"{"search_context_size":"low"}"#),
        row("functions", R, R, r#"[{"name":"f"}]"#).unset("[]").note(OLD),
        row("function_call", R, R, r#""auto""#).note(OLD),
    ],
};

macro_rules! frame {
    ($tail:literal) => {
        concat!(
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"#,
            $tail,
            "}"
        )
    };
}
macro_rules! parts {
    ($part:literal) => {
        concat!(
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},"#,
            $part,
            "]}]}"
        )
    };
}

pub(crate) static STREAM_OPTIONS: Shape = Shape {
    path: "stream_options",
    frame: frame!(r#""stream":true,"stream_options":$"#),
    needs: &[],
    rows: &[
        row("include_usage", M, M, "true")
            .quiet()
            .note("The gateway sends the last chunk."),
        rows::OBFUSCATION,
    ],
};

pub(crate) static MESSAGE: Union = Union {
    path: "messages",
    by: "role",
    default: "",
    kinds: &[
        kind("system", &SYSTEM),
        kind("developer", &DEVELOPER),
        kind("user", &USER),
        kind("assistant", &ASSISTANT),
        kind("tool", &RESULT),
        no_kind("function", R, R).note(OLD),
    ],
    unknown: R,
    frame: r#"{"model":"m","messages":[$,{"role":"user","content":"hi"}]}"#,
};

static SYSTEM: Shape = shape("messages[system]", &["content"], &[
        row("content", M, M, r#""Be brief.""#).note("Before the conversation: `system`; `instructions`. Later on, to Messages: in the user's turn, marked `<system>`."),
        row("name", I, I, r#""a""#),
    ]);
static DEVELOPER: Shape = shape(
    "messages[developer]",
    &["content"],
    &[
        row("content", M, M, r#""Be brief.""#).note("As `system`."),
        row("name", I, I, r#""a""#),
    ],
);
static USER: Shape = shape(
    "messages[user]",
    &["content"],
    &[rows::CONTENT, row("name", I, I, r#""a""#)],
);
static ASSISTANT: Shape = shape(
    "messages[assistant]",
    &["content"],
    &[
        rows::CONTENT,
        rows::REFUSAL,
        row(
            "tool_calls",
            M,
            M,
            r#"[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]"#,
        )
        .unset("[]"),
        row(
            "reasoning_details",
            M,
            M,
            r#"[{"type":"reasoning.text","text":"hm","signature":"$seal","index":0}]"#,
        )
        .unset("[]")
        .note("As this gateway sent them: they lead back to the upstream that thought. Others are left out and named."),
        row("reasoning_content", I, I, r#""hm""#)
            .unset(r#""""#)
            .note("What the upstream wants back stands in `reasoning_details`."),
        row("reasoning", I, I, r#""hm""#).unset(r#""""#),
        rows::ANNOTATIONS,
        row("audio", R, R, r#"{"id":"a"}"#).note(AUDIO),
        row("function_call", R, R, r#"{"name":"f","arguments":"{}"}"#).note(OLD),
        row("name", I, I, r#""a""#),
    ],
);
static RESULT: Shape = shape(
    "messages[tool]",
    &["content", "tool_call_id"],
    &[
        row("content", M, M, r#""done""#),
        row("tool_call_id", M, M, r#""c_1""#)
            .note("To Messages, letters that it does not take are written as their codes."),
        rows::CACHE_CONTROL_KNOWN,
        row("name", I, I, r#""f""#),
    ],
);

/// Content of instructions.
pub(crate) static TEXTS: Union = Union {
    path: "messages[system].content",
    by: "type",
    default: "text",
    kinds: &[kind("text", &TEXT)],
    unknown: R,
    frame: r#"{"model":"m","messages":[{"role":"system","content":[$]},{"role":"user","content":"hi"}]}"#,
};

/// Content of users and of tools.
pub(crate) static PARTS: Union = Union {
    path: "messages[user].content",
    by: "type",
    default: "",
    kinds: &[
        kind("text", &TEXT),
        kind("image_url", &IMAGE),
        kind("file", &FILE_PART),
        no_kind("input_audio", R, R).note(AUDIO),
    ],
    unknown: R,
    frame: parts!("$"),
};

static TEXT: Shape = shape(
    "messages[user].content[text]",
    &["text"],
    &[
        rows::TEXT,
        row("cache_control", M, I, r#"{"type":"ephemeral"}"#).note("An extension that other gateways know too."),
        row("prompt_cache_breakpoint", M, M, r#"{"mode":"explicit"}"#).note("`cache_control` of five minutes."),
    ],
);
static IMAGE: Shape = shape(
    "messages[user].content[image_url]",
    &["image_url"],
    &[
        row("image_url", M, M, r#"{"url":"https://x/y.png"}"#),
        rows::CACHE_CONTROL_KNOWN,
        row("prompt_cache_breakpoint", M, M, r#"{"mode":"explicit"}"#),
    ],
);
static FILE_PART: Shape = shape(
    "messages[user].content[file]",
    &["file"],
    &[
        row(
            "file",
            M,
            M,
            r#"{"file_data":"data:application/pdf;base64,JVBERi0x","filename":"a.pdf"}"#,
        ),
        rows::CACHE_CONTROL_KNOWN,
        row("prompt_cache_breakpoint", M, M, r#"{"mode":"explicit"}"#),
    ],
);
pub(crate) static BREAKPOINT: Shape = Shape {
    path: "messages[user].content[text].prompt_cache_breakpoint",
    frame: parts!(r#"{"type":"text","text":"b","prompt_cache_breakpoint":$}"#),
    needs: &["mode"],
    rows: &[row("mode", M, M, r#""explicit""#).quiet(), row("ttl", I, M, r#""12h""#)],
};
pub(crate) static IMAGE_URL: Shape = Shape {
    path: "messages[user].content[image_url].image_url",
    frame: parts!(r#"{"type":"image_url","image_url":$}"#),
    needs: &["url"],
    rows: &[
        row("url", M, M, r#""data:image/png;base64,iVBORw0K""#).note(rows::IMAGE_URL),
        rows::DETAIL,
    ],
};
pub(crate) static FILE: Shape = Shape {
    path: "messages[user].content[file].file",
    frame: parts!(r#"{"type":"file","file":$}"#),
    needs: &["file_data"],
    rows: &[
        rows::FILE_DATA,
        row("filename", M, M, r#""a.pdf""#).note("`title`."),
        rows::FILE_ID,
    ],
};

pub(crate) static SAID: Union = Union {
    path: "messages[assistant].content",
    by: "type",
    default: "",
    kinds: &[kind("text", &SAID_TEXT), kind("refusal", &SAID_REFUSAL)],
    unknown: R,
    frame: r#"{"model":"m","messages":[{"role":"assistant","content":[{"type":"text","text":"a"},$]},{"role":"user","content":"hi"}]}"#,
};
static SAID_TEXT: Shape = shape(
    "messages[assistant].content[text]",
    &["text"],
    &[rows::TEXT, rows::CACHE_CONTROL_KNOWN],
);
static SAID_REFUSAL: Shape = shape(
    "messages[assistant].content[refusal]",
    &["refusal"],
    &[row("refusal", M, M, r#""no""#)],
);

pub(crate) static CALL: Union = Union {
    path: "messages[assistant].tool_calls",
    by: "type",
    default: "function",
    kinds: &[kind("function", &CALL_FUNCTION), kind("custom", &CALL_CUSTOM)],
    unknown: R,
    frame: r#"{"model":"m","messages":[{"role":"assistant","content":"a","tool_calls":[$]},{"role":"user","content":"hi"}]}"#,
};
static CALL_FUNCTION: Shape = shape(
    "messages[assistant].tool_calls[function]",
    &["id", "function"],
    &[
        row("id", M, M, r#""c_1""#),
        row("function", M, M, r#"{"name":"f","arguments":"{\"a\":1}"}"#),
        row("index", M, M, "0").quiet(),
    ],
);
static CALL_CUSTOM: Shape = shape(
    "messages[assistant].tool_calls[custom]",
    &["id", "custom"],
    &[
        row("id", M, M, r#""c_1""#),
        row("custom", M, M, r#"{"name":"f","input":"text"}"#).note(r#"To Messages as `{"input": …}`."#),
        row("index", M, M, "0").quiet(),
    ],
);
pub(crate) static CALLED: Shape = Shape {
    path: "messages[assistant].tool_calls[function].function",
    frame: r#"{"model":"m","messages":[{"role":"assistant","content":"a","tool_calls":[{"id":"c","type":"function","function":$}]},{"role":"user","content":"hi"}]}"#,
    needs: &["name", "arguments"],
    rows: &[rows::NAME, rows::ARGUMENTS],
};
pub(crate) static CALLED_CUSTOM: Shape = Shape {
    path: "messages[assistant].tool_calls[custom].custom",
    frame: r#"{"model":"m","messages":[{"role":"assistant","content":"a","tool_calls":[{"id":"c","type":"custom","custom":$}]},{"role":"user","content":"hi"}]}"#,
    needs: &["name", "input"],
    rows: &[rows::NAME, row("input", M, M, r#""text""#)],
};

pub(crate) static TOOL: Union = Union {
    path: "tools",
    by: "type",
    default: "",
    kinds: &[kind("function", &TOOL_FUNCTION), kind("custom", &TOOL_CUSTOM)],
    unknown: R,
    frame: frame!(r#""tools":[$]"#),
};
static TOOL_FUNCTION: Shape = shape(
    "tools[function]",
    &["function"],
    &[
        row("function", M, M, r#"{"name":"f","parameters":{"type":"object"}}"#),
        rows::CACHE_CONTROL_KNOWN,
    ],
);
static TOOL_CUSTOM: Shape = shape(
    "tools[custom]",
    &["custom"],
    &[row("custom", M, M, r#"{"name":"f"}"#)
        .note("To Messages a tool with one string, `input`; its grammar goes into the description.")],
);
pub(crate) static FUNCTION: Shape = Shape {
    path: "tools[function].function",
    frame: frame!(r#""tools":[{"type":"function","function":$}]"#),
    needs: &["name"],
    rows: &[rows::NAME, rows::DESCRIPTION, rows::PARAMETERS, rows::STRICT],
};
pub(crate) static CUSTOM: Shape = Shape {
    path: "tools[custom].custom",
    frame: frame!(r#""tools":[{"type":"custom","custom":$}]"#),
    needs: &["name"],
    rows: &[
        rows::NAME,
        rows::DESCRIPTION,
        row(
            "format",
            M,
            M,
            r#"{"type":"grammar","grammar":{"syntax":"lark","definition":"start: WORD"}}"#,
        ),
    ],
};
pub(crate) static GRAMMAR: Union = Union {
    path: "tools[custom].custom.format",
    by: "type",
    default: "",
    kinds: &[kind("text", &GRAMMAR_NONE), kind("grammar", &GRAMMAR_SOME)],
    unknown: R,
    frame: frame!(r#""tools":[{"type":"custom","custom":{"name":"f","format":$}}]"#),
};
static GRAMMAR_NONE: Shape = shape("tools[custom].custom.format[text]", &[], &[]);
static GRAMMAR_SOME: Shape = shape(
    "tools[custom].custom.format[grammar]",
    &["grammar"],
    &[row("grammar", M, M, r#"{"syntax":"lark","definition":"start: WORD"}"#)],
);

pub(crate) static CHOICE: Union = Union {
    path: "tool_choice",
    by: "type",
    default: "",
    kinds: &[
        kind("function", &CHOICE_FUNCTION),
        kind("custom", &CHOICE_CUSTOM),
        kind("allowed_tools", &CHOICE_ALLOWED),
    ],
    unknown: R,
    frame: frame!(r#""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":$"#),
};
static CHOICE_FUNCTION: Shape = shape(
    "tool_choice[function]",
    &["function"],
    &[row("function", M, M, r#"{"name":"f"}"#)],
);
static CHOICE_CUSTOM: Shape = shape(
    "tool_choice[custom]",
    &["custom"],
    &[row("custom", M, M, r#"{"name":"f"}"#)],
);
static CHOICE_ALLOWED: Shape = shape(
    "tool_choice[allowed_tools]",
    &["allowed_tools"],
    &[row(
        "allowed_tools",
        M,
        M,
        r#"{"mode":"required","tools":[{"type":"function","function":{"name":"f"}}]}"#,
    )
    .note("To Messages the other tools are left out.")],
);
pub(crate) static NAMED: Shape = Shape {
    path: "tool_choice[function].function",
    frame: frame!(
        r#""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":$}"#
    ),
    needs: &["name"],
    rows: &[rows::NAME],
};
pub(crate) static NAMED_CUSTOM: Shape = Shape {
    path: "tool_choice[custom].custom",
    frame: frame!(r#""tools":[{"type":"custom","custom":{"name":"f"}}],"tool_choice":{"type":"custom","custom":$}"#),
    needs: &["name"],
    rows: &[rows::NAME],
};
pub(crate) static ALLOWED: Shape = Shape {
    path: "tool_choice[allowed_tools].allowed_tools",
    frame: frame!(
        r#""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"allowed_tools","allowed_tools":$}"#
    ),
    needs: &["mode", "tools"],
    rows: &[
        row("mode", M, M, r#""required""#),
        row("tools", M, M, r#"[{"type":"function","function":{"name":"f"}}]"#),
    ],
};

pub(crate) static FORMAT: Union = Union {
    path: "response_format",
    by: "type",
    default: "",
    kinds: &[
        kind("text", &FORMAT_TEXT),
        kind("json_object", &FORMAT_OBJECT).note("To Messages in words, and named as left out."),
        kind("json_schema", &FORMAT_SCHEMA),
    ],
    unknown: R,
    frame: frame!(r#""response_format":$"#),
};
static FORMAT_TEXT: Shape = shape("response_format[text]", &[], &[]);
static FORMAT_OBJECT: Shape = shape("response_format[json_object]", &[], &[]);
static FORMAT_SCHEMA: Shape = shape(
    "response_format[json_schema]",
    &["json_schema"],
    &[row("json_schema", M, M, r#"{"name":"s","schema":{"type":"object"}}"#)],
);
pub(crate) static JSON_SCHEMA: Shape = Shape {
    path: "response_format[json_schema].json_schema",
    frame: frame!(r#""response_format":{"type":"json_schema","json_schema":$}"#),
    needs: &["name", "schema"],
    rows: &rows::JSON_SCHEMA,
};
