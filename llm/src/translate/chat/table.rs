//! What becomes of the fields of a Chat Completions request. Upstreams: Messages, Responses.

use types::Dialect;

use crate::translate::table::{
    Client, Rule::Ignore as I, Rule::Map as M, Rule::Refuse as R, Shape, Union, kind, no_kind, row,
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
const KEPT: &str = "It names something that the vendor keeps. Send the content itself.";

pub(crate) static BODY: Shape = Shape {
    path: "",
    frame: "$",
    needs: &["model", "messages", "tools"],
    rows: &[
        row("model", M, M, "\"m\"")
            .quiet()
            .note("The gateway puts in the upstream's name."),
        row("messages", M, M, "[{\"role\":\"user\",\"content\":\"hi\"}]"),
        row("max_completion_tokens", M, M, "64")
            .note("Messages needs a cap: without one it is the model's own, else 4096. Responses: at least 16."),
        row("max_tokens", M, M, "64").note("The larger one when both are given, and at most what the model can give."),
        row("temperature", M, M, "0.1")
            .note("To Messages at most 1; left out and named while the model reasons, and for Claude from 4.7 on."),
        row("top_p", M, M, "0.9").note("As `temperature`; to Messages one of the two, which is `temperature`."),
        row("top_k", M, I, "5").note("As `temperature`."),
        row("n", R, R, "2").unset("1").note("One choice at a time."),
        row("stop", M, I, "[\"END\"]")
            .unset("[]")
            .note("`stop_sequences`; those of white space are left out and named."),
        row("stream", M, M, "true").unset("false"),
        row("stream_options", M, M, "{\"include_usage\":true}").quiet(),
        row("tools", M, M, "[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]").unset("[]"),
        row("tool_choice", M, M, "\"required\"").note("Without `tools` it means nothing and is left out."),
        row("parallel_tool_calls", M, M, "false").note("To Messages with `tools` only."),
        row(
            "response_format",
            M,
            M,
            "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"s\",\"schema\":{\"type\":\"object\"}}}",
        ),
        row("reasoning_effort", M, M, "\"high\"")
            .note("A budget of thoughts, or adaptive thinking with this effort from Claude 4.6 on."),
        row("verbosity", I, M, "\"low\"").note("`text.verbosity`."),
        row("user", M, M, "\"u\"").note("`metadata.user_id`; addresses and telephone numbers are left out and named."),
        row("safety_identifier", M, M, "\"u\"").note("As `user`."),
        row("metadata", I, M, "{\"a\":\"b\"}").unset("{}"),
        row("prompt_cache_key", M, M, "\"k\"").note(
            "To Messages: `cache_control` at the end of instructions and conversation, unless the client set its own.",
        ),
        row("prompt_cache_options", I, M, "{\"mode\":\"explicit\"}"),
        row("prompt_cache_retention", I, M, "\"24h\""),
        row("service_tier", I, M, "\"flex\"").unset("\"auto\"|\"default\""),
        row("store", I, I, "true").unset("false").note("Nothing is kept."),
        row("seed", I, I, "7"),
        row("frequency_penalty", I, I, "0.5").unset("0|0.0"),
        row("presence_penalty", I, I, "0.5").unset("0|0.0"),
        row("logit_bias", I, I, "{\"1\":2}").unset("{}"),
        row("logprobs", I, I, "true").unset("false"),
        row("top_logprobs", I, I, "2").unset("0"),
        row("prediction", I, I, "{\"type\":\"content\",\"content\":\"a\"}"),
        row("modalities", R, R, "[\"text\",\"audio\"]")
            .unset("[\"text\"]")
            .note(AUDIO),
        row("audio", R, R, "{\"voice\":\"ash\",\"format\":\"wav\"}").note(AUDIO),
        row("moderation", I, I, "{\"model\":\"m\"}"),
        row("web_search_options", I, I, "{\"search_context_size\":\"low\"}"),
        row("functions", R, R, "[{\"name\":\"f\"}]").unset("[]").note(OLD),
        row("function_call", R, R, "\"auto\"").note(OLD),
    ],
};

macro_rules! frame {
    ($tail:literal) => {
        concat!(
            "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],",
            $tail,
            "}"
        )
    };
}
macro_rules! parts {
    ($part:literal) => {
        concat!(
            "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},",
            $part,
            "]}]}"
        )
    };
}

pub(crate) static STREAM_OPTIONS: Shape = Shape {
    path: "stream_options",
    frame: frame!("\"stream\":true,\"stream_options\":$"),
    needs: &[],
    rows: &[
        row("include_usage", M, M, "true")
            .quiet()
            .note("The gateway sends the last chunk."),
        row("include_obfuscation", I, I, "true").unset("false"),
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
    frame: "{\"model\":\"m\",\"messages\":[$,{\"role\":\"user\",\"content\":\"hi\"}]}",
};

static SYSTEM: Shape = Shape {
    path: "messages[system]",
    frame: "",
    needs: &["content"],
    rows: &[
        row("content", M, M, "\"Be brief.\"").note("Before the conversation: `system`; `instructions`. Later on, to Messages: in the user's turn, marked `<system>`."),
        row("name", I, I, "\"a\""),
    ],
};
static DEVELOPER: Shape = Shape {
    path: "messages[developer]",
    frame: "",
    needs: &["content"],
    rows: &[
        row("content", M, M, "\"Be brief.\"").note("As `system`."),
        row("name", I, I, "\"a\""),
    ],
};
static USER: Shape = Shape {
    path: "messages[user]",
    frame: "",
    needs: &["content"],
    rows: &[row("content", M, M, "\"first\""), row("name", I, I, "\"a\"")],
};
static ASSISTANT: Shape = Shape {
    path: "messages[assistant]",
    frame: "",
    needs: &["content"],
    rows: &[
        row("content", M, M, "\"first\""),
        row("refusal", M, M, "\"no\"").note("To Messages as text."),
        row(
            "tool_calls",
            M,
            M,
            "[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]",
        )
        .unset("[]"),
        row(
            "reasoning_details",
            M,
            M,
            "[{\"type\":\"reasoning.text\",\"text\":\"hm\",\"signature\":\"$seal\",\"index\":0}]",
        )
        .unset("[]")
        .note("As this gateway sent them: they lead back to the upstream that thought. Others are left out and named."),
        row("reasoning_content", I, I, "\"hm\"")
            .unset("\"\"")
            .note("What the upstream wants back stands in `reasoning_details`."),
        row("reasoning", I, I, "\"hm\"").unset("\"\""),
        row("annotations", I, I, "[{\"type\":\"url_citation\"}]").unset("[]"),
        row("audio", R, R, "{\"id\":\"a\"}").note(AUDIO),
        row("function_call", R, R, "{\"name\":\"f\",\"arguments\":\"{}\"}").note(OLD),
        row("name", I, I, "\"a\""),
    ],
};
static RESULT: Shape = Shape {
    path: "messages[tool]",
    frame: "",
    needs: &["content", "tool_call_id"],
    rows: &[
        row("content", M, M, "\"done\""),
        row("tool_call_id", M, M, "\"c_1\"")
            .note("To Messages, letters that it does not take are written as their codes."),
        row("cache_control", M, I, "{\"type\":\"ephemeral\"}"),
        row("name", I, I, "\"f\""),
    ],
};

/// Content of instructions.
pub(crate) static TEXTS: Union = Union {
    path: "messages[system].content",
    by: "type",
    default: "text",
    kinds: &[kind("text", &TEXT)],
    unknown: R,
    frame: "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":[$]},{\"role\":\"user\",\"content\":\"hi\"}]}",
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

static TEXT: Shape = Shape {
    path: "messages[user].content[text]",
    frame: "",
    needs: &["text"],
    rows: &[
        row("text", M, M, "\"b\""),
        row("cache_control", M, I, "{\"type\":\"ephemeral\"}").note("An extension that other gateways know too."),
        row("prompt_cache_breakpoint", M, M, "{\"mode\":\"explicit\"}").note("`cache_control` of five minutes."),
    ],
};
static IMAGE: Shape = Shape {
    path: "messages[user].content[image_url]",
    frame: "",
    needs: &["image_url"],
    rows: &[
        row("image_url", M, M, "{\"url\":\"https://x/y.png\"}"),
        row("cache_control", M, I, "{\"type\":\"ephemeral\"}"),
        row("prompt_cache_breakpoint", M, M, "{\"mode\":\"explicit\"}"),
    ],
};
static FILE_PART: Shape = Shape {
    path: "messages[user].content[file]",
    frame: "",
    needs: &["file"],
    rows: &[
        row(
            "file",
            M,
            M,
            "{\"file_data\":\"data:application/pdf;base64,JVBERi0x\",\"filename\":\"a.pdf\"}",
        ),
        row("cache_control", M, I, "{\"type\":\"ephemeral\"}"),
        row("prompt_cache_breakpoint", M, M, "{\"mode\":\"explicit\"}"),
    ],
};
pub(crate) static BREAKPOINT: Shape = Shape {
    path: "messages[user].content[text].prompt_cache_breakpoint",
    frame: parts!("{\"type\":\"text\",\"text\":\"b\",\"prompt_cache_breakpoint\":$}"),
    needs: &["mode"],
    rows: &[row("mode", M, M, "\"explicit\"").quiet(), row("ttl", I, M, "\"12h\"")],
};
pub(crate) static IMAGE_URL: Shape = Shape {
    path: "messages[user].content[image_url].image_url",
    frame: parts!("{\"type\":\"image_url\",\"image_url\":$}"),
    needs: &["url"],
    rows: &[
        row("url", M, M, "\"data:image/png;base64,iVBORw0K\"").note("An address, or a `data:` URL in base64."),
        row("detail", I, M, "\"low\"").unset("\"auto\""),
    ],
};
pub(crate) static FILE: Shape = Shape {
    path: "messages[user].content[file].file",
    frame: parts!("{\"type\":\"file\",\"file\":$}"),
    needs: &["file_data"],
    rows: &[
        row("file_data", M, M, "\"data:application/pdf;base64,JVBERi0x\"").note("To Messages only PDF."),
        row("filename", M, M, "\"a.pdf\"").note("`title`."),
        row("file_id", R, M, "\"file_1\"").instead("file_data").note(KEPT),
    ],
};

pub(crate) static SAID: Union = Union {
    path: "messages[assistant].content",
    by: "type",
    default: "",
    kinds: &[kind("text", &SAID_TEXT), kind("refusal", &SAID_REFUSAL)],
    unknown: R,
    frame: "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},$]},{\"role\":\"user\",\"content\":\"hi\"}]}",
};
static SAID_TEXT: Shape = Shape {
    path: "messages[assistant].content[text]",
    frame: "",
    needs: &["text"],
    rows: &[
        row("text", M, M, "\"b\""),
        row("cache_control", M, I, "{\"type\":\"ephemeral\"}"),
    ],
};
static SAID_REFUSAL: Shape = Shape {
    path: "messages[assistant].content[refusal]",
    frame: "",
    needs: &["refusal"],
    rows: &[row("refusal", M, M, "\"no\"")],
};

pub(crate) static CALL: Union = Union {
    path: "messages[assistant].tool_calls",
    by: "type",
    default: "function",
    kinds: &[kind("function", &CALL_FUNCTION), kind("custom", &CALL_CUSTOM)],
    unknown: R,
    frame: "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"tool_calls\":[$]},{\"role\":\"user\",\"content\":\"hi\"}]}",
};
static CALL_FUNCTION: Shape = Shape {
    path: "messages[assistant].tool_calls[function]",
    frame: "",
    needs: &["id", "function"],
    rows: &[
        row("id", M, M, "\"c_1\""),
        row("function", M, M, "{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}"),
        row("index", M, M, "0").quiet(),
    ],
};
static CALL_CUSTOM: Shape = Shape {
    path: "messages[assistant].tool_calls[custom]",
    frame: "",
    needs: &["id", "custom"],
    rows: &[
        row("id", M, M, "\"c_1\""),
        row("custom", M, M, "{\"name\":\"f\",\"input\":\"text\"}").note("To Messages as `{\"input\": …}`."),
        row("index", M, M, "0").quiet(),
    ],
};
pub(crate) static CALLED: Shape = Shape {
    path: "messages[assistant].tool_calls[function].function",
    frame: "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":$}]},{\"role\":\"user\",\"content\":\"hi\"}]}",
    needs: &["name", "arguments"],
    rows: &[
        row("name", M, M, "\"f\""),
        row("arguments", M, M, "\"{\\\"a\\\":1.0}\"")
            .note("To Messages as the object written in it; what is none goes as `{\"invalid_arguments\": …}`."),
    ],
};
pub(crate) static CALLED_CUSTOM: Shape = Shape {
    path: "messages[assistant].tool_calls[custom].custom",
    frame: "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"custom\",\"custom\":$}]},{\"role\":\"user\",\"content\":\"hi\"}]}",
    needs: &["name", "input"],
    rows: &[row("name", M, M, "\"f\""), row("input", M, M, "\"text\"")],
};

pub(crate) static TOOL: Union = Union {
    path: "tools",
    by: "type",
    default: "",
    kinds: &[kind("function", &TOOL_FUNCTION), kind("custom", &TOOL_CUSTOM)],
    unknown: R,
    frame: frame!("\"tools\":[$]"),
};
static TOOL_FUNCTION: Shape = Shape {
    path: "tools[function]",
    frame: "",
    needs: &["function"],
    rows: &[
        row(
            "function",
            M,
            M,
            "{\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}",
        ),
        row("cache_control", M, I, "{\"type\":\"ephemeral\"}"),
    ],
};
static TOOL_CUSTOM: Shape = Shape {
    path: "tools[custom]",
    frame: "",
    needs: &["custom"],
    rows: &[row("custom", M, M, "{\"name\":\"f\"}")
        .note("To Messages a tool with one string, `input`; its grammar goes into the description.")],
};
pub(crate) static FUNCTION: Shape = Shape {
    path: "tools[function].function",
    frame: frame!("\"tools\":[{\"type\":\"function\",\"function\":$}]"),
    needs: &["name"],
    rows: &[
        row("name", M, M, "\"f\""),
        row("description", M, M, "\"does\""),
        row(
            "parameters",
            M,
            M,
            "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"number\"}}}",
        ),
        row("strict", I, M, "true")
            .unset("false")
            .note("Messages takes few strict tools in a call, and closed schemas only."),
    ],
};
pub(crate) static CUSTOM: Shape = Shape {
    path: "tools[custom].custom",
    frame: frame!("\"tools\":[{\"type\":\"custom\",\"custom\":$}]"),
    needs: &["name"],
    rows: &[
        row("name", M, M, "\"f\""),
        row("description", M, M, "\"does\""),
        row(
            "format",
            M,
            M,
            "{\"type\":\"grammar\",\"grammar\":{\"syntax\":\"lark\",\"definition\":\"start: WORD\"}}",
        ),
    ],
};
pub(crate) static GRAMMAR: Union = Union {
    path: "tools[custom].custom.format",
    by: "type",
    default: "",
    kinds: &[kind("text", &GRAMMAR_NONE), kind("grammar", &GRAMMAR_SOME)],
    unknown: R,
    frame: frame!("\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"f\",\"format\":$}}]"),
};
static GRAMMAR_NONE: Shape = Shape {
    path: "tools[custom].custom.format[text]",
    frame: "",
    needs: &[],
    rows: &[],
};
static GRAMMAR_SOME: Shape = Shape {
    path: "tools[custom].custom.format[grammar]",
    frame: "",
    needs: &["grammar"],
    rows: &[row(
        "grammar",
        M,
        M,
        "{\"syntax\":\"lark\",\"definition\":\"start: WORD\"}",
    )],
};

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
    frame: frame!("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":$"),
};
static CHOICE_FUNCTION: Shape = Shape {
    path: "tool_choice[function]",
    frame: "",
    needs: &["function"],
    rows: &[row("function", M, M, "{\"name\":\"f\"}")],
};
static CHOICE_CUSTOM: Shape = Shape {
    path: "tool_choice[custom]",
    frame: "",
    needs: &["custom"],
    rows: &[row("custom", M, M, "{\"name\":\"f\"}")],
};
static CHOICE_ALLOWED: Shape = Shape {
    path: "tool_choice[allowed_tools]",
    frame: "",
    needs: &["allowed_tools"],
    rows: &[row(
        "allowed_tools",
        M,
        M,
        "{\"mode\":\"required\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}",
    )
    .note("To Messages the other tools are left out.")],
};
pub(crate) static NAMED: Shape = Shape {
    path: "tool_choice[function].function",
    frame: frame!(
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":{\"type\":\"function\",\"function\":$}"
    ),
    needs: &["name"],
    rows: &[row("name", M, M, "\"f\"")],
};
pub(crate) static NAMED_CUSTOM: Shape = Shape {
    path: "tool_choice[custom].custom",
    frame: frame!(
        "\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"f\"}}],\"tool_choice\":{\"type\":\"custom\",\"custom\":$}"
    ),
    needs: &["name"],
    rows: &[row("name", M, M, "\"f\"")],
};
pub(crate) static ALLOWED: Shape = Shape {
    path: "tool_choice[allowed_tools].allowed_tools",
    frame: frame!(
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":$}"
    ),
    needs: &["mode", "tools"],
    rows: &[
        row("mode", M, M, "\"required\""),
        row("tools", M, M, "[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]"),
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
    frame: frame!("\"response_format\":$"),
};
static FORMAT_TEXT: Shape = Shape {
    path: "response_format[text]",
    frame: "",
    needs: &[],
    rows: &[],
};
static FORMAT_OBJECT: Shape = Shape {
    path: "response_format[json_object]",
    frame: "",
    needs: &[],
    rows: &[],
};
static FORMAT_SCHEMA: Shape = Shape {
    path: "response_format[json_schema]",
    frame: "",
    needs: &["json_schema"],
    rows: &[row(
        "json_schema",
        M,
        M,
        "{\"name\":\"s\",\"schema\":{\"type\":\"object\"}}",
    )],
};
pub(crate) static JSON_SCHEMA: Shape = Shape {
    path: "response_format[json_schema].json_schema",
    frame: frame!("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":$}"),
    needs: &["name", "schema"],
    rows: &[
        row("name", I, M, "\"s\""),
        row("description", I, M, "\"d\""),
        row("schema", M, M, "{\"type\":\"object\"}").note("To Messages with closed objects; bounds that it does not know are left out and named. In words, and named, for Claude before 4.5."),
        row("strict", I, M, "true")
            .unset("false")
            .note("Messages is always strict."),
    ],
};
