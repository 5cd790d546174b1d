//! What becomes of the fields of a Messages request. Upstreams: Chat Completions, Responses.

use types::Dialect;

use crate::translate::table::{
    Client, Kind, Rule::Ignore as I, Rule::Map as M, Rule::Refuse as R, Shape, Union, kind, no_kind, row,
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

const ELSEWHERE: &str = "It names something that the vendor keeps. Send the content itself.";
const REASONS: &str = "Left out and named while the model reasons.";
const HOSTED: &str = "Such a tool is run by Anthropic. Leave it out, or use a model of theirs.";

pub(crate) static BODY: Shape = Shape {
    path: "",
    frame: "$",
    needs: &["model", "max_tokens", "messages", "tools"],
    rows: &[
        row("model", M, M, "\"m\"")
            .quiet()
            .note("The gateway puts in the upstream's name."),
        row("max_tokens", M, M, "64")
            .note("`max_completion_tokens`; `max_output_tokens`, at least 16. At most what the model can give."),
        row("messages", M, M, "[{\"role\":\"user\",\"content\":\"hi\"}]"),
        row("system", M, M, "\"Be brief.\"").note("A `system` message; `instructions`."),
        row("temperature", M, M, "0.1").note(REASONS),
        row("top_p", M, M, "0.9").note(REASONS),
        row("top_k", I, I, "5"),
        row("stop_sequences", M, I, "[\"END\"]").unset("[]").note("`stop`."),
        row("stream", M, M, "true").unset("false"),
        row(
            "tools",
            M,
            M,
            "[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}]",
        )
        .unset("[]"),
        row("tool_choice", M, M, "{\"type\":\"any\"}"),
        row("thinking", M, M, "{\"type\":\"enabled\",\"budget_tokens\":2048}"),
        row("output_config", M, M, "{\"effort\":\"low\"}").unset("{}"),
        row("metadata", M, M, "{\"user_id\":\"u\"}").unset("{}"),
        row("service_tier", I, I, "\"standard_only\"").unset("\"auto\""),
        row("cache_control", I, I, "{\"type\":\"ephemeral\"}").note("OpenAI caches by itself."),
        row("container", R, R, "\"c_1\"").note(ELSEWHERE),
        row("context_management", I, I, "{\"edits\":[]}"),
        row("diagnostics", I, I, "{\"previous_message_id\":\"m\"}"),
        row("inference_geo", R, R, "\"eu\"").note("Where a call is computed can only be promised by Anthropic."),
        row("mcp_servers", R, R, "[{\"name\":\"s\"}]").unset("[]").note(HOSTED),
        row("speed", I, I, "\"fast\"").unset("\"standard\""),
        row("user_profile_id", I, I, "\"p\""),
        row("workspace_id", I, I, "\"w\""),
    ],
};

pub(crate) static METADATA: Shape = Shape {
    path: "metadata",
    frame: "{\"model\":\"m\",\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"metadata\":$}",
    needs: &[],
    rows: &[row("user_id", M, M, "\"u\"").note("`user`, up to 64 characters; a longer one is left out and named.")],
};

pub(crate) static OUTPUT: Shape = Shape {
    path: "output_config",
    frame: "{\"model\":\"m\",\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"output_config\":$}",
    needs: &[],
    rows: &[
        row("effort", M, M, "\"low\"").note("`reasoning_effort`; `reasoning.effort`."),
        row(
            "format",
            M,
            M,
            "{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\"}}",
        )
        .note("`response_format`; `text.format`, under the name `output`. Strict where OpenAI takes it for that: every object closed and all of its properties required; else `output_config.format[strict]` is named."),
    ],
};

pub(crate) static FORMAT: Shape = Shape {
    path: "output_config.format",
    frame: "{\"model\":\"m\",\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"output_config\":{\"format\":$}}",
    needs: &["type", "schema"],
    rows: &[
        row("type", M, M, "\"json_schema\"").quiet(),
        row(
            "schema",
            M,
            M,
            "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}",
        ),
    ],
};

pub(crate) static THINKING: Shape = Shape {
    path: "thinking",
    frame: "{\"model\":\"m\",\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"thinking\":$}",
    needs: &["type", "budget_tokens"],
    rows: &[
        row("type", M, M, "\"enabled\"").note("`enabled` and `adaptive` ask for summaries where there are any; `output_config.effort` goes before the budget."),
        row("budget_tokens", M, M, "20000").note("Below 4096 an effort of `low`, below 16384 `medium`, else `high`."),
        row("display", I, M, "\"omitted\"").unset("\"summarized\"").note("`omitted` asks for no summary."),
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
    frame: "{\"model\":\"m\",\"max_tokens\":64,\"messages\":[$,{\"role\":\"user\",\"content\":\"hi\"}]}",
};

static MESSAGE_USER: Shape = Shape {
    path: "messages[user]",
    frame: "",
    needs: &["content"],
    rows: &[row("content", M, M, "\"first\"")],
};
static MESSAGE_ASSISTANT: Shape = Shape {
    path: "messages[assistant]",
    frame: "",
    needs: &["content"],
    rows: &[row("content", M, M, "\"first\"")],
};
static MESSAGE_SYSTEM: Shape = Shape {
    path: "messages[system]",
    frame: "",
    needs: &["content"],
    rows: &[row("content", M, M, "\"first\"")],
};

pub(crate) static SYSTEM: Union = Union {
    path: "system",
    by: "type",
    default: "text",
    kinds: &[kind("text", &SYSTEM_TEXT)],
    unknown: R,
    frame: "{\"model\":\"m\",\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"system\":[$]}",
};

static SYSTEM_TEXT: Shape = Shape {
    path: "system[text]",
    frame: "",
    needs: &["text"],
    rows: &[
        row("text", M, M, "\"Be brief.\""),
        row("cache_control", I, I, "{\"type\":\"ephemeral\"}"),
        row("citations", I, I, "[{\"type\":\"char_location\"}]").unset("[]"),
    ],
};

const USER_FRAME: &str = "{\"model\":\"m\",\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},$]}]}";

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
        no_kind("container_upload", R, R).note(ELSEWHERE),
    ],
    unknown: R,
    frame: USER_FRAME,
};

static TEXT: Shape = Shape {
    path: "messages[user].content[text]",
    frame: "",
    needs: &["text"],
    rows: &[
        row("text", M, M, "\"b\""),
        row("cache_control", I, I, "{\"type\":\"ephemeral\"}"),
        row("citations", I, I, "[{\"type\":\"char_location\"}]").unset("[]"),
    ],
};

static IMAGE: Shape = Shape {
    path: "messages[user].content[image]",
    frame: "",
    needs: &["source"],
    rows: &[
        row("source", M, M, "{\"type\":\"url\",\"url\":\"https://x/y.png\"}"),
        row("cache_control", I, I, "{\"type\":\"ephemeral\"}"),
        row("transformations", I, I, "{\"oversized_image\":\"error\"}"),
    ],
};

static DOCUMENT: Shape = Shape {
    path: "messages[user].content[document]",
    frame: "",
    needs: &["source"],
    rows: &[
        row(
            "source",
            M,
            M,
            "{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":\"words\"}",
        ),
        row("title", M, M, "\"Title\"").note("A PDF's file name; before a text, on a line of its own."),
        row("context", M, M, "\"About\"").note("Before the document, as text."),
        row("citations", I, I, "{\"enabled\":true}").unset("{\"enabled\":false}"),
        row("cache_control", I, I, "{\"type\":\"ephemeral\"}"),
    ],
};

static TOOL_RESULT: Shape = Shape {
    path: "messages[user].content[tool_result]",
    frame: "",
    needs: &["tool_use_id"],
    rows: &[
        row("tool_use_id", M, M, "\"t_1\""),
        row("content", M, M, "\"done\"")
            .note("Pictures and files go to Chat Completions in a user message after the results."),
        row("is_error", M, M, "true")
            .unset("false")
            .note("The result begins with `Error:`."),
        row("cache_control", I, I, "{\"type\":\"ephemeral\"}"),
        row("toolset_name", I, I, "\"t\""),
    ],
};

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
    frame: "{\"model\":\"m\",\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},$]}]}]}",
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
    frame: "{\"model\":\"m\",\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},$]}]}",
};

static SAID: Shape = Shape {
    path: "messages[assistant].content[text]",
    frame: "",
    needs: &["text"],
    rows: &[
        row("text", M, M, "\"b\""),
        row("cache_control", I, I, "{\"type\":\"ephemeral\"}"),
        row("citations", I, I, "[{\"type\":\"char_location\"}]").unset("[]"),
    ],
};

static THOUGHT: Shape = Shape {
    path: "messages[assistant].content[thinking]",
    frame: "",
    needs: &["thinking", "signature"],
    rows: &[
        row("thinking", M, M, "\"hm\""),
        row("signature", M, M, "\"$seal\"")
            .note("Of this gateway's making it leads back to the upstream that thought; a block with another one is left out and named. To Chat Completions in the running turn only."),
    ],
};

static TOOL_USE: Shape = Shape {
    path: "messages[assistant].content[tool_use]",
    frame: "",
    needs: &["id", "name", "input"],
    rows: &[
        row("id", M, M, "\"t_1\""),
        row("name", M, M, "\"f\""),
        row("input", M, M, "{\"a\":1.0}").note("As written, in a string."),
        row("cache_control", I, I, "{\"type\":\"ephemeral\"}"),
        row("caller", I, I, "{\"type\":\"code_execution_20250825\"}").unset("{\"type\":\"direct\"}"),
        row("toolset_name", I, I, "\"t\""),
    ],
};

pub(crate) static IMAGE_SOURCE: Union = Union {
    path: "messages[user].content[image].source",
    by: "type",
    default: "",
    kinds: &[
        kind("base64", &IMAGE_BASE64),
        kind("url", &IMAGE_URL),
        no_kind("file", R, R).note(ELSEWHERE),
    ],
    unknown: R,
    frame: "{\"model\":\"m\",\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":$}]}]}",
};

static IMAGE_BASE64: Shape = Shape {
    path: "messages[user].content[image].source[base64]",
    frame: "",
    needs: &["media_type", "data"],
    rows: &[
        row("media_type", M, M, "\"image/png\""),
        row("data", M, M, "\"iVBORw0K\""),
    ],
};
static IMAGE_URL: Shape = Shape {
    path: "messages[user].content[image].source[url]",
    frame: "",
    needs: &["url"],
    rows: &[row("url", M, M, "\"https://x/y.png\"")],
};

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
        no_kind("file", R, R).note(ELSEWHERE),
    ],
    unknown: R,
    frame: "{\"model\":\"m\",\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"document\",\"source\":$}]}]}",
};

static DOCUMENT_BASE64: Shape = Shape {
    path: "messages[user].content[document].source[base64]",
    frame: "",
    needs: &["media_type", "data"],
    rows: &[
        row("media_type", M, M, "\"application/pdf\""),
        row("data", M, M, "\"JVBERi0x\""),
    ],
};
static DOCUMENT_TEXT: Shape = Shape {
    path: "messages[user].content[document].source[text]",
    frame: "",
    needs: &["data"],
    rows: &[
        row("media_type", M, M, "\"text/plain\"").quiet(),
        row("data", M, M, "\"words\""),
    ],
};
static DOCUMENT_CONTENT: Shape = Shape {
    path: "messages[user].content[document].source[content]",
    frame: "",
    needs: &["content"],
    rows: &[row("content", M, M, "[{\"type\":\"text\",\"text\":\"words\"}]")],
};
static DOCUMENT_URL: Shape = Shape {
    path: "messages[user].content[document].source[url]",
    frame: "",
    needs: &["url"],
    rows: &[row("url", M, M, "\"https://x/y.pdf\"")],
};

pub(crate) static TOOL: Union = Union {
    path: "tools",
    by: "type",
    default: "custom",
    kinds: &[
        kind("custom", &CUSTOM),
        Kind {
            name: "web_search_20250305",
            to: [R, R],
            shape: None,
            note: HOSTED,
        },
    ],
    unknown: R,
    frame: "{\"model\":\"m\",\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"tools\":[$]}",
};

static CUSTOM: Shape = Shape {
    path: "tools[custom]",
    frame: "",
    needs: &["name", "input_schema"],
    rows: &[
        row("name", M, M, "\"f\""),
        row("description", M, M, "\"does\""),
        row(
            "input_schema",
            M,
            M,
            "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"number\"}},\"required\":[\"a\"],\"additionalProperties\":false}",
        ),
        row("strict", M, M, "true")
            .unset("false")
            .note("With a schema that OpenAI takes for strict; else left out and named."),
        row("cache_control", I, I, "{\"type\":\"ephemeral\"}"),
        row("allowed_callers", I, I, "[\"code_execution_20250825\"]").unset("[\"direct\"]"),
        row("defer_loading", I, I, "true").unset("false"),
        row("eager_input_streaming", I, I, "true").unset("false"),
        row("input_examples", I, I, "[{\"a\":1}]").unset("[]"),
    ],
};

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
    frame: "{\"model\":\"m\",\"max_tokens\":64,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":$}",
};

static CHOICE_AUTO: Shape = Shape {
    path: "tool_choice[auto]",
    frame: "",
    needs: &[],
    rows: &[row("disable_parallel_tool_use", M, M, "true")
        .unset("false")
        .note("`parallel_tool_calls: false`.")],
};
static CHOICE_ANY: Shape = Shape {
    path: "tool_choice[any]",
    frame: "",
    needs: &[],
    rows: &[row("disable_parallel_tool_use", M, M, "true").unset("false")],
};
static CHOICE_TOOL: Shape = Shape {
    path: "tool_choice[tool]",
    frame: "",
    needs: &["name"],
    rows: &[
        row("name", M, M, "\"f\""),
        row("disable_parallel_tool_use", M, M, "true").unset("false"),
    ],
};
static CHOICE_NONE: Shape = Shape {
    path: "tool_choice[none]",
    frame: "",
    needs: &[],
    rows: &[],
};
