//! What becomes of the fields of a Responses request. Upstreams: Messages, Chat Completions.

use types::Dialect;

use crate::translate::table::{
    Client, Kind, Rule::Ignore as I, Rule::Map as M, Rule::Refuse as R, Shape, Union, kind, no_kind, row,
};

pub static CLIENT: Client = Client {
    dialect: Dialect::Responses,
    upstreams: [Dialect::Anthropic, Dialect::Openai],
    shapes: &[&BODY, &STREAM_OPTIONS, &REASONING, &TEXT],
    unions: &[&ITEM, &PARTS, &OUTPUT, &TOOL, &INNER_TOOL, &GRAMMAR, &CHOICE, &FORMAT],
};

const STATE: &str = "The gateway keeps no answers. Send the whole conversation as `input`.";
const REFERENCE: &str = "The gateway keeps no answers. Set `store` to false in the client (AI SDK: `providerOptions: { openai: { store: false } }`), or let it call Chat Completions (`openai.chat(…)`).";
const KEPT: &str = "It names something that the vendor keeps. Send the content itself.";
const HOSTED: &str = "Such a tool is run by OpenAI. Leave it out, or use a model of theirs.";
const ITS_OWN: &str = "It is of a kind that only OpenAI's models know.";

pub(crate) static BODY: Shape = Shape {
    path: "",
    frame: "$",
    needs: &["model", "input", "tools"],
    rows: &[
        row("model", M, M, "\"m\"")
            .quiet()
            .note("The gateway puts in the upstream's name."),
        row("input", M, M, "\"hi\""),
        row("instructions", M, M, "\"Be brief.\""),
        row("max_output_tokens", M, M, "64").note(
            "At most what the model can give. Messages needs a cap: without one it is the model's own, else 4096.",
        ),
        row("temperature", M, M, "0.1")
            .note("To Messages at most 1; left out and named while the model reasons, and for Claude from 4.7 on."),
        row("top_p", M, M, "0.9").note("As `temperature`; to Messages one of the two, which is `temperature`."),
        row("stream", M, M, "true").unset("false"),
        row("stream_options", M, M, "{}").quiet(),
        row(
            "tools",
            M,
            M,
            "[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"type\":\"object\"},\"strict\":false}]",
        )
        .unset("[]"),
        row("tool_choice", M, M, "\"required\"").note("Without `tools` it means nothing and is left out."),
        row("parallel_tool_calls", M, M, "false").note("With `tools` only."),
        row(
            "text",
            M,
            M,
            "{\"format\":{\"type\":\"json_schema\",\"name\":\"s\",\"schema\":{\"type\":\"object\"}}}",
        ),
        row("reasoning", M, M, "{\"effort\":\"high\"}"),
        row("include", M, M, "[\"reasoning.encrypted_content\"]")
            .quiet()
            .unset("[]")
            .note("`reasoning.encrypted_content` is always there; other values are left out and named."),
        row("store", I, I, "true").unset("false").note("Nothing is kept."),
        row("previous_response_id", R, R, "\"resp_1\"").note(STATE),
        row("conversation", R, R, "\"conv_1\"").note(STATE),
        row("background", R, R, "true").unset("false").note(STATE),
        row("background_options", I, I, "{\"completion_window\":\"2h\"}"),
        row("prompt", R, R, "{\"id\":\"pmpt_1\"}").note(KEPT),
        row("prompt_cache_key", M, M, "\"k\"")
            .note("To Messages: `cache_control` at the end of instructions and conversation."),
        row("prompt_cache_options", I, M, "{\"mode\":\"implicit\"}"),
        row("prompt_cache_retention", I, M, "\"24h\""),
        row("user", M, M, "\"u\"").note("`metadata.user_id`; addresses and telephone numbers are left out and named."),
        row("safety_identifier", M, M, "\"u\"").note("As `user`."),
        row("metadata", M, M, "{\"a\":\"b\"}")
            .quiet()
            .unset("{}")
            .note("Repeated in the answer, as ever; no upstream sees it."),
        row("service_tier", I, M, "\"flex\"").unset("\"auto\"|\"default\""),
        row("max_tool_calls", I, I, "3"),
        row("top_logprobs", I, I, "2").unset("0"),
        row("truncation", I, I, "\"auto\"").unset("\"disabled\""),
        row("context_management", I, I, "[{\"type\":\"compaction\"}]").unset("[]"),
        row("client_metadata", I, I, "{\"a\":\"b\"}").unset("{}"),
        row("moderation", I, I, "{\"model\":\"m\"}"),
        row("access_programs", I, I, "{\"cyber\":\"standard\"}"),
        row("image", I, I, "{\"context_compression\":\"auto\"}"),
    ],
};

macro_rules! frame {
    ($tail:literal) => {
        concat!("{\"model\":\"m\",\"input\":\"hi\",", $tail, "}")
    };
}

pub(crate) static STREAM_OPTIONS: Shape = Shape {
    path: "stream_options",
    frame: frame!("\"stream\":true,\"stream_options\":$"),
    needs: &[],
    rows: &[row("include_obfuscation", I, I, "true").unset("false")],
};

pub(crate) static REASONING: Shape = Shape {
    path: "reasoning",
    frame: frame!("\"reasoning\":$"),
    needs: &[],
    rows: &[
        row("effort", M, M, "\"high\"").note(
            "`reasoning_effort`; a budget of thoughts, or adaptive thinking with this effort from Claude 4.6 on.",
        ),
        row("summary", M, M, "\"auto\"")
            .quiet()
            .note("Thoughts come as summaries whenever the upstream tells them."),
        row("generate_summary", M, M, "\"auto\"").quiet(),
        row("context", I, I, "\"all_turns\"").unset("\"auto\""),
        row("mode", I, I, "\"pro\"").unset("\"standard\""),
    ],
};

pub(crate) static TEXT: Shape = Shape {
    path: "text",
    frame: frame!("\"text\":$"),
    needs: &[],
    rows: &[
        row(
            "format",
            M,
            M,
            "{\"type\":\"json_schema\",\"name\":\"s\",\"schema\":{\"type\":\"object\"}}",
        ),
        row("verbosity", I, M, "\"low\""),
    ],
};

pub(crate) static ITEM: Union = Union {
    path: "input",
    by: "type",
    default: "message",
    kinds: &[
        kind("message", &MESSAGE),
        kind("function_call", &CALL),
        kind("function_call_output", &RESULT),
        kind("custom_tool_call", &CUSTOM_CALL),
        kind("custom_tool_call_output", &CUSTOM_RESULT),
        kind("reasoning", &THOUGHT),
        no_kind("web_search_call", I, I).note("What was searched stays in the answer that followed."),
        no_kind("item_reference", R, R).note(REFERENCE),
        no_kind("local_shell_call", R, R).note(ITS_OWN),
        no_kind("local_shell_call_output", R, R).note(ITS_OWN),
        no_kind("compaction", R, R).note(ITS_OWN),
    ],
    unknown: R,
    frame: "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"hi\"},$]}",
};

static MESSAGE: Shape = Shape {
    path: "input[message]",
    frame: "",
    needs: &["role", "content"],
    rows: &[
        row("role", M, M, "\"user\"").note("`system` and `developer` before the conversation: `system`. Later on, to Messages: in the user's turn, marked `<system>`."),
        row("content", M, M, "\"first\""),
        row("id", M, M, "\"msg_1\"").quiet(),
        row("status", M, M, "\"completed\"").quiet(),
        row("phase", M, M, "\"commentary\"").quiet(),
    ],
};
static CALL: Shape = Shape {
    path: "input[function_call]",
    frame: "",
    needs: &["call_id", "name", "arguments"],
    rows: &[
        row("call_id", M, M, "\"c_1\"").note("To Messages, letters that it does not take are written as their codes."),
        row("name", M, M, "\"f\""),
        row("namespace", M, M, "\"n\"").note("In front of the name, with `__`."),
        row("arguments", M, M, "\"{\\\"a\\\":1.0}\"")
            .note("To Messages as the object written in it; what is none goes as `{\"invalid_arguments\": …}`."),
        row("id", M, M, "\"fc_1\"").quiet(),
        row("status", M, M, "\"completed\"").quiet(),
        row("caller", I, I, "{\"type\":\"program\",\"caller_id\":\"p\"}").unset("{\"type\":\"direct\"}"),
        row("async", I, I, "true").unset("false"),
    ],
};
static RESULT: Shape = Shape {
    path: "input[function_call_output]",
    frame: "",
    needs: &["call_id", "output"],
    rows: &[
        row("call_id", M, M, "\"c_1\""),
        row("output", M, M, "\"done\"")
            .note("Pictures and files go to Chat Completions in a user message after the results."),
        row("id", M, M, "\"fco_1\"").quiet(),
        row("status", M, M, "\"completed\"").quiet(),
        row("name", M, M, "\"f\"").quiet(),
        row("namespace", M, M, "\"n\"").quiet(),
        row("caller", I, I, "{\"type\":\"program\",\"caller_id\":\"p\"}").unset("{\"type\":\"direct\"}"),
    ],
};
static CUSTOM_CALL: Shape = Shape {
    path: "input[custom_tool_call]",
    frame: "",
    needs: &["call_id", "name", "input"],
    rows: &[
        row("call_id", M, M, "\"c_1\""),
        row("name", M, M, "\"f\""),
        row("namespace", M, M, "\"n\"").note("In front of the name, with `__`."),
        row("input", M, M, "\"text\"").note("As `{\"input\": …}`."),
        row("id", M, M, "\"ctc_1\"").quiet(),
        row("status", M, M, "\"completed\"").quiet(),
        row("caller", I, I, "{\"type\":\"program\",\"caller_id\":\"p\"}").unset("{\"type\":\"direct\"}"),
        row("async", I, I, "true").unset("false"),
    ],
};
static CUSTOM_RESULT: Shape = Shape {
    path: "input[custom_tool_call_output]",
    frame: "",
    needs: &["call_id", "output"],
    rows: &[
        row("call_id", M, M, "\"c_1\""),
        row("output", M, M, "\"done\""),
        row("id", M, M, "\"ctco_1\"").quiet(),
        row("status", M, M, "\"completed\"").quiet(),
        row("name", M, M, "\"f\"").quiet(),
        row("caller", I, I, "{\"type\":\"program\",\"caller_id\":\"p\"}").unset("{\"type\":\"direct\"}"),
    ],
};
static THOUGHT: Shape = Shape {
    path: "input[reasoning]",
    frame: "",
    needs: &["summary", "encrypted_content"],
    rows: &[
        row("summary", M, M, "[{\"type\":\"summary_text\",\"text\":\"hm\"}]"),
        row("encrypted_content", M, M, "\"$seal\"")
            .note("Of this gateway's making it leads back to the upstream that thought; an item with another one, or none, is left out and named. To Chat Completions in the running turn only."),
        row("content", I, I, "[{\"type\":\"reasoning_text\",\"text\":\"hm\"}]").unset("[]"),
        row("id", M, M, "\"rs_1\"").quiet(),
        row("status", M, M, "\"completed\"").quiet(),
    ],
};

pub(crate) static PARTS: Union = Union {
    path: "input[message].content",
    by: "type",
    default: "",
    kinds: &[
        kind("input_text", &INPUT_TEXT),
        kind("output_text", &OUTPUT_TEXT),
        kind("refusal", &REFUSAL),
        kind("input_image", &IMAGE),
        kind("input_file", &FILE),
        no_kind("input_audio", R, R).note("There is no sound on the other side."),
    ],
    unknown: R,
    frame: "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"a\"},$]}]}",
};
static INPUT_TEXT: Shape = Shape {
    path: "input[message].content[input_text]",
    frame: "",
    needs: &["text"],
    rows: &[
        row("text", M, M, "\"b\""),
        row("prompt_cache_breakpoint", M, I, "{\"mode\":\"explicit\"}").note("`cache_control` of five minutes."),
    ],
};
static OUTPUT_TEXT: Shape = Shape {
    path: "input[message].content[output_text]",
    frame: "",
    needs: &["text"],
    rows: &[
        row("text", M, M, "\"b\""),
        row("annotations", I, I, "[{\"type\":\"url_citation\"}]").unset("[]"),
        row("logprobs", I, I, "[{\"token\":\"a\"}]").unset("[]"),
    ],
};
static REFUSAL: Shape = Shape {
    path: "input[message].content[refusal]",
    frame: "",
    needs: &["refusal"],
    rows: &[row("refusal", M, M, "\"no\"").note("To Messages as text.")],
};
static IMAGE: Shape = Shape {
    path: "input[message].content[input_image]",
    frame: "",
    needs: &["image_url"],
    rows: &[
        row("image_url", M, M, "\"data:image/png;base64,iVBORw0K\"").note("An address, or a `data:` URL in base64."),
        row("detail", I, M, "\"low\"").unset("\"auto\""),
        row("file_id", R, R, "\"file_1\"").note(KEPT),
        row("prompt_cache_breakpoint", M, I, "{\"mode\":\"explicit\"}"),
    ],
};
static FILE: Shape = Shape {
    path: "input[message].content[input_file]",
    frame: "",
    needs: &["file_data"],
    rows: &[
        row("file_data", M, M, "\"data:application/pdf;base64,JVBERi0x\"").note("To Messages only PDF."),
        row("filename", M, M, "\"a.pdf\"").note("`title`; `filename`."),
        row("file_url", M, R, "\"https://x/y.pdf\"")
            .instead("file_data")
            .note("Chat Completions takes no addresses of documents. Send the document itself."),
        row("file_id", R, M, "\"file_1\"").instead("file_data").note(KEPT),
        row("detail", I, I, "\"low\"").unset("\"auto\""),
        row("prompt_cache_breakpoint", M, I, "{\"mode\":\"explicit\"}"),
    ],
};

/// What a tool gave back.
pub(crate) static OUTPUT: Union = Union {
    path: "input[function_call_output].output",
    by: "type",
    default: "",
    kinds: &[
        kind("input_text", &INPUT_TEXT),
        kind("input_image", &IMAGE),
        kind("input_file", &FILE),
    ],
    unknown: R,
    frame: "{\"model\":\"m\",\"input\":[{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":[{\"type\":\"input_text\",\"text\":\"a\"},$]}]}",
};

pub(crate) static TOOL: Union = Union {
    path: "tools",
    by: "type",
    default: "",
    kinds: &[
        kind("function", &FUNCTION),
        kind("custom", &CUSTOM),
        kind("namespace", &NAMESPACE),
        no_kind("web_search", I, I).note("The model cannot search the web through this gateway."),
        no_kind("web_search_2025_08_26", I, I),
        no_kind("web_search_preview", I, I),
        no_kind("tool_search", I, I),
        no_kind("image_generation", I, I),
        no_kind("local_shell", R, R).note(ITS_OWN),
        no_kind("shell", R, R).note(ITS_OWN),
        no_kind("apply_patch", R, R).note(ITS_OWN),
        Kind {
            name: "file_search",
            to: [R, R],
            shape: None,
            note: HOSTED,
        },
        Kind {
            name: "code_interpreter",
            to: [R, R],
            shape: None,
            note: HOSTED,
        },
        Kind {
            name: "mcp",
            to: [R, R],
            shape: None,
            note: HOSTED,
        },
    ],
    unknown: R,
    frame: frame!("\"tools\":[$]"),
};
static FUNCTION: Shape = Shape {
    path: "tools[function]",
    frame: "",
    needs: &["name", "parameters"],
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
        row("allowed_callers", I, I, "[\"programmatic\"]").unset("[\"direct\"]"),
        row("defer_loading", I, I, "true").unset("false"),
        row("output_schema", I, I, "{\"type\":\"object\"}"),
        row("async", I, I, "true").unset("false"),
    ],
};
static CUSTOM: Shape = Shape {
    path: "tools[custom]",
    frame: "",
    needs: &["name"],
    rows: &[
        row("name", M, M, "\"f\"").note("A tool with one string, `input`; its text reaches the client as it comes."),
        row("description", M, M, "\"does\""),
        row(
            "format",
            M,
            M,
            "{\"type\":\"grammar\",\"syntax\":\"lark\",\"definition\":\"start: WORD\"}",
        )
        .note("In the description."),
        row("allowed_callers", I, I, "[\"programmatic\"]").unset("[\"direct\"]"),
        row("defer_loading", I, I, "true").unset("false"),
        row("async", I, I, "true").unset("false"),
    ],
};
static NAMESPACE: Shape = Shape {
    path: "tools[namespace]",
    frame: "",
    needs: &["name", "tools"],
    rows: &[
        row("name", M, M, "\"n\"").note("In front of its tools' names, with `__`; calls come back with both."),
        row("description", M, M, "\"about\"").note("Before the descriptions of its tools."),
        row(
            "tools",
            M,
            M,
            "[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}]",
        ),
    ],
};
pub(crate) static INNER_TOOL: Union = Union {
    path: "tools[namespace].tools",
    by: "type",
    default: "",
    kinds: &[kind("function", &FUNCTION), kind("custom", &CUSTOM)],
    unknown: R,
    frame: frame!("\"tools\":[{\"type\":\"namespace\",\"name\":\"n\",\"tools\":[$]}]"),
};
pub(crate) static GRAMMAR: Union = Union {
    path: "tools[custom].format",
    by: "type",
    default: "",
    kinds: &[kind("text", &GRAMMAR_NONE), kind("grammar", &GRAMMAR_SOME)],
    unknown: R,
    frame: frame!("\"tools\":[{\"type\":\"custom\",\"name\":\"f\",\"format\":$}]"),
};
static GRAMMAR_NONE: Shape = Shape {
    path: "tools[custom].format[text]",
    frame: "",
    needs: &[],
    rows: &[],
};
static GRAMMAR_SOME: Shape = Shape {
    path: "tools[custom].format[grammar]",
    frame: "",
    needs: &["syntax", "definition"],
    rows: &[
        row("syntax", M, M, "\"lark\""),
        row("definition", M, M, "\"start: WORD\""),
    ],
};

pub(crate) static CHOICE: Union = Union {
    path: "tool_choice",
    by: "type",
    default: "",
    kinds: &[
        kind("function", &CHOICE_ONE),
        kind("custom", &CHOICE_ONE),
        kind("allowed_tools", &CHOICE_ALLOWED),
    ],
    unknown: R,
    frame: frame!("\"tools\":[{\"type\":\"function\",\"name\":\"f\"}],\"tool_choice\":$"),
};
static CHOICE_ONE: Shape = Shape {
    path: "tool_choice[function]",
    frame: "",
    needs: &["name"],
    rows: &[row("name", M, M, "\"f\"")],
};
static CHOICE_ALLOWED: Shape = Shape {
    path: "tool_choice[allowed_tools]",
    frame: "",
    needs: &["mode", "tools"],
    rows: &[
        row("mode", M, M, "\"required\""),
        row("tools", M, M, "[{\"type\":\"function\",\"name\":\"f\"}]")
            .note("To Messages the other tools are left out."),
    ],
};

pub(crate) static FORMAT: Union = Union {
    path: "text.format",
    by: "type",
    default: "",
    kinds: &[
        kind("text", &FORMAT_TEXT),
        kind("json_object", &FORMAT_OBJECT).note("To Messages in words, and named as left out."),
        kind("json_schema", &FORMAT_SCHEMA),
    ],
    unknown: R,
    frame: frame!("\"text\":{\"format\":$}"),
};
static FORMAT_TEXT: Shape = Shape {
    path: "text.format[text]",
    frame: "",
    needs: &[],
    rows: &[],
};
static FORMAT_OBJECT: Shape = Shape {
    path: "text.format[json_object]",
    frame: "",
    needs: &[],
    rows: &[],
};
static FORMAT_SCHEMA: Shape = Shape {
    path: "text.format[json_schema]",
    frame: "",
    needs: &["name", "schema"],
    rows: &[
        row("name", I, M, "\"s\""),
        row("schema", M, M, "{\"type\":\"object\"}").note("To Messages with closed objects; bounds that it does not know are left out and named. In words, and named, for Claude before 4.5."),
        row("description", I, M, "\"d\""),
        row("strict", I, M, "true")
            .unset("false")
            .note("Messages is always strict."),
    ],
};
