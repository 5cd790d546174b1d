//! What becomes of the fields of a Messages request. Upstreams: Chat Completions, Responses.

use types::Dialect;

use crate::translate::{
    rows,
    table::{Client, Rule::Ignore as I, Rule::Map as M, Rule::Refuse as R, Shape, Union, kind, no_kind, row, shape},
};

pub static CLIENT: Client = Client {
    dialect: Dialect::Anthropic,
    upstreams: [Dialect::Openai, Dialect::Responses],
    shapes: &[&BODY, &METADATA, &OUTPUT, &FORMAT, &THINKING],
    unions: &[
        &MESSAGE,
        &SYSTEM,
        &USER,
        &ASSISTANT,
        &RESULT,
        &IMAGE_SOURCE,
        &DOCUMENT_SOURCE,
        &TOOL,
        &CHOICE,
    ],
};

const REASONS: &str = "Left out and named while the model reasons.";
const STRUCTURED: &str = "`response_format`; `text.format`, under the name `output`. Strict where OpenAI takes it for that: every \
    object closed and all of its properties required; else `output_config.format[strict]` is named.";
const SEALED: &str = "Of this gateway's making it leads back to the upstream that thought; a block with another one is left out and \
    named. To Chat Completions in the running turn only.";
const HOSTED: &str = "Such a tool is run by Anthropic. Leave it out, or use a model of theirs.";

pub(crate) static BODY: Shape = Shape {
    path: "",
    frame: "$",
    needs: &["model", "max_tokens", "messages", "tools"],
    rows: &[
        rows::MODEL,
        row("max_tokens", M, M, "64")
            .note("`max_completion_tokens`; `max_output_tokens`, at least 16. At most what the model can give."),
        row("messages", M, M, r#"[{"role":"user","content":"hi"}]"#),
        row("system", M, M, r#""Be brief.""#).note("A `system` message; `instructions`."),
        row("temperature", M, M, "0.1").note(REASONS),
        row("top_p", M, M, "0.9").note(REASONS),
        row("top_k", I, I, "5"),
        row("stop_sequences", M, I, r#"["END"]"#).unset("[]").note("`stop`."),
        rows::STREAM,
        row("tools", M, M, r#"[{"name":"f","input_schema":{"type":"object"}}]"#).unset("[]"),
        row("tool_choice", M, M, r#"{"type":"any"}"#),
        row("thinking", M, M, r#"{"type":"enabled","budget_tokens":2048}"#),
        row("output_config", M, M, r#"{"effort":"low"}"#).unset("{}"),
        row("metadata", M, M, r#"{"user_id":"u"}"#).unset("{}"),
        row("service_tier", I, I, r#""standard_only""#).unset(r#""auto""#),
        row("cache_control", I, I, r#"{"type":"ephemeral"}"#).note("OpenAI caches by itself."),
        row("container", R, R, r#""c_1""#).note(rows::KEPT),
        row("context_management", I, I, r#"{"edits":[]}"#),
        row("diagnostics", I, I, r#"{"previous_message_id":"m"}"#),
        row("inference_geo", R, R, r#""eu""#).note("Where a call is computed can only be promised by Anthropic."),
        row("mcp_servers", R, R, r#"[{"name":"s"}]"#).unset("[]").note(HOSTED),
        row("speed", I, I, r#""fast""#).unset(r#""standard""#),
        row("user_profile_id", I, I, r#""p""#),
        row("workspace_id", I, I, r#""w""#),
    ],
};

macro_rules! frame {
    ($tail:literal) => {
        concat!(
            r#"{"model":"m","max_tokens":64,"messages":[{"role":"user","content":"hi"}],"#,
            $tail,
            "}"
        )
    };
}

pub(crate) static METADATA: Shape = Shape {
    path: "metadata",
    frame: frame!(r#""metadata":$"#),
    needs: &[],
    rows: &[row("user_id", M, M, r#""u""#).note("`user`, up to 64 characters; a longer one is left out and named.")],
};

pub(crate) static OUTPUT: Shape = Shape {
    path: "output_config",
    frame: frame!(r#""output_config":$"#),
    needs: &[],
    rows: &[
        row("effort", M, M, r#""low""#).note("`reasoning_effort`; `reasoning.effort`."),
        row("format", M, M, r#"{"type":"json_schema","schema":{"type":"object"}}"#).note(STRUCTURED),
    ],
};

pub(crate) static FORMAT: Shape = Shape {
    path: "output_config.format",
    frame: frame!(r#""output_config":{"format":$}"#),
    needs: &["type", "schema"],
    rows: &[
        row("type", M, M, r#""json_schema""#).quiet(),
        row(
            "schema",
            M,
            M,
            r#"{"type":"object","properties":{},"additionalProperties":false}"#,
        ),
    ],
};

pub(crate) static THINKING: Shape = Shape {
    path: "thinking",
    frame: frame!(r#""thinking":$"#),
    needs: &["type", "budget_tokens"],
    rows: &[
        row("type", M, M, r#""enabled""#).note("`enabled` and `adaptive` ask for summaries where there are any; `output_config.effort` goes before the budget."),
        row("budget_tokens", M, M, "20000").note("Below 4096 an effort of `low`, below 16384 `medium`, else `high`."),
        row("display", I, M, r#""omitted""#).unset(r#""summarized""#).note("`omitted` asks for no summary."),
    ],
};

pub(crate) static MESSAGE: Union = Union {
    path: "messages",
    by: "role",
    default: "",
    kinds: &[
        kind("user", &MESSAGE_USER),
        kind("assistant", &MESSAGE_ASSISTANT),
        kind("system", &MESSAGE_SYSTEM),
    ],
    unknown: R,
    frame: r#"{"model":"m","max_tokens":64,"messages":[$,{"role":"user","content":"hi"}]}"#,
};

static MESSAGE_USER: Shape = shape("messages[user]", &["content"], &[rows::CONTENT]);
static MESSAGE_ASSISTANT: Shape = shape("messages[assistant]", &["content"], &[rows::CONTENT]);
static MESSAGE_SYSTEM: Shape = shape("messages[system]", &["content"], &[rows::CONTENT]);

pub(crate) static SYSTEM: Union = Union {
    path: "system",
    by: "type",
    default: "text",
    kinds: &[kind("text", &SYSTEM_TEXT)],
    unknown: R,
    frame: frame!(r#""system":[$]"#),
};

static SYSTEM_TEXT: Shape = shape(
    "system[text]",
    &["text"],
    &[
        row("text", M, M, r#""Be brief.""#),
        rows::CACHE_CONTROL,
        rows::CITATIONS,
    ],
);

const USER_FRAME: &str =
    r#"{"model":"m","max_tokens":64,"messages":[{"role":"user","content":[{"type":"text","text":"a"},$]}]}"#;

pub(crate) static USER: Union = Union {
    path: "messages[user].content",
    by: "type",
    default: "",
    kinds: &[
        kind("text", &TEXT),
        kind("image", &IMAGE),
        kind("document", &DOCUMENT),
        kind("tool_result", &TOOL_RESULT),
        no_kind("search_result", R, R).note("Send it as text."),
        no_kind("container_upload", R, R).note(rows::KEPT),
    ],
    unknown: R,
    frame: USER_FRAME,
};

static TEXT: Shape = shape(
    "messages[user].content[text]",
    &["text"],
    &[rows::TEXT, rows::CACHE_CONTROL, rows::CITATIONS],
);

static IMAGE: Shape = shape(
    "messages[user].content[image]",
    &["source"],
    &[
        row("source", M, M, r#"{"type":"url","url":"https://x/y.png"}"#),
        rows::CACHE_CONTROL,
        row("transformations", I, I, r#"{"oversized_image":"error"}"#),
    ],
);

static DOCUMENT: Shape = shape(
    "messages[user].content[document]",
    &["source"],
    &[
        row(
            "source",
            M,
            M,
            r#"{"type":"text","media_type":"text/plain","data":"words"}"#,
        ),
        row("title", M, M, r#""Title""#).note("A PDF's file name; before a text, on a line of its own."),
        row("context", M, M, r#""About""#).note("Before the document, as text."),
        row("citations", I, I, r#"{"enabled":true}"#).unset(r#"{"enabled":false}"#),
        rows::CACHE_CONTROL,
    ],
);

static TOOL_RESULT: Shape = shape(
    "messages[user].content[tool_result]",
    &["tool_use_id"],
    &[
        row("tool_use_id", M, M, r#""t_1""#),
        row("content", M, M, r#""done""#)
            .note("Pictures and files go to Chat Completions in a user message after the results."),
        row("is_error", M, M, "true")
            .unset("false")
            .note("The result begins with `Error:`."),
        rows::CACHE_CONTROL,
        row("toolset_name", I, I, r#""t""#),
    ],
);

pub(crate) static RESULT: Union = Union {
    path: "messages[user].content[tool_result].content",
    by: "type",
    default: "",
    kinds: &[
        kind("text", &TEXT),
        kind("image", &IMAGE),
        kind("document", &DOCUMENT),
        no_kind("search_result", R, R).note("Send it as text."),
        no_kind("tool_reference", I, I),
    ],
    unknown: R,
    frame: r#"{"model":"m","max_tokens":64,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"a"},$]}]}]}"#,
};

pub(crate) static ASSISTANT: Union = Union {
    path: "messages[assistant].content",
    by: "type",
    default: "",
    kinds: &[
        kind("text", &SAID),
        kind("thinking", &THOUGHT),
        no_kind("redacted_thinking", I, I).note("Only Anthropic can read it."),
        kind("tool_use", &TOOL_USE),
        no_kind("server_tool_use", R, R).note(HOSTED),
    ],
    unknown: R,
    frame: r#"{"model":"m","max_tokens":64,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"text","text":"a"},$]}]}"#,
};

static SAID: Shape = shape(
    "messages[assistant].content[text]",
    &["text"],
    &[rows::TEXT, rows::CACHE_CONTROL, rows::CITATIONS],
);

static THOUGHT: Shape = shape(
    "messages[assistant].content[thinking]",
    &["thinking", "signature"],
    &[
        row("thinking", M, M, r#""hm""#),
        row("signature", M, M, r#""$seal""#).note(SEALED),
    ],
);

static TOOL_USE: Shape = shape(
    "messages[assistant].content[tool_use]",
    &["id", "name", "input"],
    &[
        row("id", M, M, r#""t_1""#),
        rows::NAME,
        row("input", M, M, r#"{"a":1.0}"#).note("As written, in a string."),
        rows::CACHE_CONTROL,
        row("caller", I, I, r#"{"type":"code_execution_20250825"}"#).unset(r#"{"type":"direct"}"#),
        row("toolset_name", I, I, r#""t""#),
    ],
);

pub(crate) static IMAGE_SOURCE: Union = Union {
    path: "messages[user].content[image].source",
    by: "type",
    default: "",
    kinds: &[
        kind("base64", &IMAGE_BASE64),
        kind("url", &IMAGE_URL),
        no_kind("file", R, R).note(rows::KEPT),
    ],
    unknown: R,
    frame: r#"{"model":"m","max_tokens":64,"messages":[{"role":"user","content":[{"type":"image","source":$}]}]}"#,
};

static IMAGE_BASE64: Shape = shape(
    "messages[user].content[image].source[base64]",
    &["media_type", "data"],
    &[
        row("media_type", M, M, r#""image/png""#),
        row("data", M, M, r#""iVBORw0K""#),
    ],
);
static IMAGE_URL: Shape = shape(
    "messages[user].content[image].source[url]",
    &["url"],
    &[row("url", M, M, r#""https://x/y.png""#)],
);

pub(crate) static DOCUMENT_SOURCE: Union = Union {
    path: "messages[user].content[document].source",
    by: "type",
    default: "",
    kinds: &[
        kind("base64", &DOCUMENT_BASE64),
        kind("text", &DOCUMENT_TEXT),
        kind("content", &DOCUMENT_CONTENT),
        kind("url", &DOCUMENT_URL)
            .to(R, M)
            .note("Chat Completions takes no addresses of documents. Send the document itself."),
        no_kind("file", R, R).note(rows::KEPT),
    ],
    unknown: R,
    frame: r#"{"model":"m","max_tokens":64,"messages":[{"role":"user","content":[{"type":"document","source":$}]}]}"#,
};

static DOCUMENT_BASE64: Shape = shape(
    "messages[user].content[document].source[base64]",
    &["media_type", "data"],
    &[
        row("media_type", M, M, r#""application/pdf""#),
        row("data", M, M, r#""JVBERi0x""#),
    ],
);
static DOCUMENT_TEXT: Shape = shape(
    "messages[user].content[document].source[text]",
    &["data"],
    &[
        row("media_type", M, M, r#""text/plain""#).quiet(),
        row("data", M, M, r#""words""#),
    ],
);
static DOCUMENT_CONTENT: Shape = shape(
    "messages[user].content[document].source[content]",
    &["content"],
    &[row("content", M, M, r#"[{"type":"text","text":"words"}]"#)],
);
static DOCUMENT_URL: Shape = shape(
    "messages[user].content[document].source[url]",
    &["url"],
    &[row("url", M, M, r#""https://x/y.pdf""#)],
);

pub(crate) static TOOL: Union = Union {
    path: "tools",
    by: "type",
    default: "custom",
    kinds: &[
        kind("custom", &CUSTOM),
        no_kind("web_search_20250305", R, R).note(HOSTED),
    ],
    unknown: R,
    frame: frame!(r#""tools":[$]"#),
};

static CUSTOM: Shape = shape(
    "tools[custom]",
    &["name", "input_schema"],
    &[
        rows::NAME,
        rows::DESCRIPTION,
        row(
            "input_schema",
            M,
            M,
            r#"{"type":"object","properties":{"a":{"type":"number"}},"required":["a"],"additionalProperties":false}"#,
        ),
        row("strict", M, M, "true")
            .unset("false")
            .note("With a schema that OpenAI takes for strict; else left out and named."),
        rows::CACHE_CONTROL,
        row("allowed_callers", I, I, r#"["code_execution_20250825"]"#).unset(r#"["direct"]"#),
        rows::DEFER_LOADING,
        row("eager_input_streaming", I, I, "true").unset("false"),
        row("input_examples", I, I, r#"[{"a":1}]"#).unset("[]"),
    ],
);

pub(crate) static CHOICE: Union = Union {
    path: "tool_choice",
    by: "type",
    default: "",
    kinds: &[
        kind("auto", &CHOICE_AUTO),
        kind("any", &CHOICE_ANY),
        kind("tool", &CHOICE_TOOL),
        kind("none", &CHOICE_NONE),
    ],
    unknown: R,
    frame: frame!(r#""tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":$"#),
};

static CHOICE_AUTO: Shape = shape(
    "tool_choice[auto]",
    &[],
    &[row("disable_parallel_tool_use", M, M, "true")
        .unset("false")
        .note("`parallel_tool_calls: false`.")],
);
static CHOICE_ANY: Shape = shape("tool_choice[any]", &[], &[rows::SINGLE]);
static CHOICE_TOOL: Shape = shape("tool_choice[tool]", &["name"], &[rows::NAME, rows::SINGLE]);
static CHOICE_NONE: Shape = shape("tool_choice[none]", &[], &[]);
