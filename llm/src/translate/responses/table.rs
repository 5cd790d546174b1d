//! What becomes of the fields of a Responses request. Upstreams: Messages, Chat Completions.

use types::Dialect;

use crate::translate::{
    rows,
    table::{Client, Rule::Ignore as I, Rule::Map as M, Rule::Refuse as R, Shape, Union, kind, no_kind, row, shape},
};

pub static CLIENT: Client = Client {
    dialect: Dialect::Responses,
    upstreams: [Dialect::Anthropic, Dialect::Openai],
    shapes: &[&BODY, &STREAM_OPTIONS, &REASONING, &TEXT],
    unions: &[&ITEM, &PARTS, &OUTPUT, &TOOL, &INNER_TOOL, &GRAMMAR, &CHOICE, &FORMAT],
};

const STATE: &str = "The gateway keeps no answers. Send the whole conversation as `input`.";
const REFERENCE: &str = "The gateway keeps no answers. Set `store` to false in the client (AI SDK: \
    `providerOptions: { openai: { store: false } }`), or let it call Chat Completions (`openai.chat(…)`).";
const HOSTED: &str = "Such a tool is run by OpenAI. Leave it out, or use a model of theirs.";
const ITS_OWN: &str = "It is of a kind that only OpenAI's models know.";

pub(crate) static BODY: Shape = Shape {
    path: "",
    frame: "$",
    needs: &["model", "input", "tools"],
    rows: &[
        rows::MODEL,
        row("input", M, M, r#""hi""#),
        row("instructions", M, M, r#""Be brief.""#),
        row("max_output_tokens", M, M, "64").note(
            "At most what the model can give. Messages needs a cap: without one it is the model's own, else 4096.",
        ),
        rows::TEMPERATURE,
        rows::TOP_P,
        rows::STREAM,
        row("stream_options", M, M, "{}").quiet(),
        row(
            "tools",
            M,
            M,
            r#"[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}]"#,
        )
        .unset("[]"),
        rows::TOOL_CHOICE,
        row("parallel_tool_calls", M, M, "false").note("With `tools` only."),
        row(
            "text",
            M,
            M,
            r#"{"format":{"type":"json_schema","name":"s","schema":{"type":"object"}}}"#,
        ),
        row("reasoning", M, M, r#"{"effort":"high"}"#),
        row("include", M, M, r#"["reasoning.encrypted_content"]"#)
            .quiet()
            .unset("[]")
            .note("`reasoning.encrypted_content` is always there; other values are left out and named."),
        rows::STORE,
        row("previous_response_id", R, R, r#""resp_1""#).note(STATE),
        row("conversation", R, R, r#""conv_1""#).note(STATE),
        row("background", R, R, "true").unset("false").note(STATE),
        row("background_options", I, I, r#"{"completion_window":"2h"}"#),
        row("prompt", R, R, r#"{"id":"pmpt_1"}"#).note(rows::KEPT),
        row("prompt_cache_key", M, M, r#""k""#)
            .note("To Messages: `cache_control` at the end of instructions and conversation."),
        row("prompt_cache_options", I, M, r#"{"mode":"implicit"}"#),
        rows::CACHE_RETENTION,
        rows::USER,
        rows::SAFETY_IDENTIFIER,
        row("metadata", M, M, r#"{"a":"b"}"#)
            .quiet()
            .unset("{}")
            .note("Repeated in the answer, as ever; no upstream sees it."),
        rows::SERVICE_TIER,
        row("max_tool_calls", I, I, "3"),
        rows::TOP_LOGPROBS,
        row("truncation", I, I, r#""auto""#).unset(r#""disabled""#),
        row("context_management", I, I, r#"[{"type":"compaction"}]"#).unset("[]"),
        row("client_metadata", I, I, r#"{"a":"b"}"#).unset("{}"),
        rows::MODERATION,
        row("access_programs", I, I, r#"{"cyber":"standard"}"#),
        row("image", I, I, r#"{"context_compression":"auto"}"#),
    ],
};

macro_rules! frame {
    ($tail:literal) => {
        concat!(r#"{"model":"m","input":"hi","#, $tail, "}")
    };
}

pub(crate) static STREAM_OPTIONS: Shape = Shape {
    path: "stream_options",
    frame: frame!(r#""stream":true,"stream_options":$"#),
    needs: &[],
    rows: &[rows::OBFUSCATION],
};

pub(crate) static REASONING: Shape = Shape {
    path: "reasoning",
    frame: frame!(r#""reasoning":$"#),
    needs: &[],
    rows: &[
        row("effort", M, M, r#""high""#).note(
            "`reasoning_effort`; a budget of thoughts, or adaptive thinking with this effort from Claude 4.6 on.",
        ),
        row("summary", M, M, r#""auto""#)
            .quiet()
            .note("Thoughts come as summaries whenever the upstream tells them."),
        row("generate_summary", M, M, r#""auto""#).quiet(),
        row("context", I, I, r#""all_turns""#).unset(r#""auto""#),
        row("mode", I, I, r#""pro""#).unset(r#""standard""#),
    ],
};

pub(crate) static TEXT: Shape = Shape {
    path: "text",
    frame: frame!(r#""text":$"#),
    needs: &[],
    rows: &[
        row(
            "format",
            M,
            M,
            r#"{"type":"json_schema","name":"s","schema":{"type":"object"}}"#,
        ),
        row("verbosity", I, M, r#""low""#),
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
    frame: r#"{"model":"m","input":[{"role":"user","content":"hi"},$]}"#,
};

static MESSAGE: Shape = shape("input[message]", &["role", "content"], &[
        row("role", M, M, r#""user""#).note("`system` and `developer` before the conversation: `system`. Later on, to Messages: in the user's turn, marked `<system>`."),
        rows::CONTENT,
        rows::ID,
        rows::STATUS,
        row("phase", M, M, r#""commentary""#).quiet(),
    ]);
static CALL: Shape = shape(
    "input[function_call]",
    &["call_id", "name", "arguments"],
    &[
        row("call_id", M, M, r#""c_1""#).note("To Messages, letters that it does not take are written as their codes."),
        rows::NAME,
        rows::NAMESPACE,
        rows::ARGUMENTS,
        rows::ID,
        rows::STATUS,
        rows::CALLER,
        rows::ASYNC,
    ],
);
static RESULT: Shape = shape(
    "input[function_call_output]",
    &["call_id", "output"],
    &[
        rows::CALL_ID,
        row("output", M, M, r#""done""#)
            .note("Pictures and files go to Chat Completions in a user message after the results."),
        rows::ID,
        rows::STATUS,
        row("name", M, M, r#""f""#).quiet(),
        row("namespace", M, M, r#""n""#).quiet(),
        rows::CALLER,
    ],
);
static CUSTOM_CALL: Shape = shape(
    "input[custom_tool_call]",
    &["call_id", "name", "input"],
    &[
        rows::CALL_ID,
        rows::NAME,
        rows::NAMESPACE,
        row("input", M, M, r#""text""#).note(r#"As `{"input": …}`."#),
        rows::ID,
        rows::STATUS,
        rows::CALLER,
        rows::ASYNC,
    ],
);
static CUSTOM_RESULT: Shape = shape(
    "input[custom_tool_call_output]",
    &["call_id", "output"],
    &[
        rows::CALL_ID,
        row("output", M, M, r#""done""#),
        rows::ID,
        rows::STATUS,
        row("name", M, M, r#""f""#).quiet(),
        rows::CALLER,
    ],
);
static THOUGHT: Shape = shape("input[reasoning]", &["summary", "encrypted_content"], &[
        row("summary", M, M, r#"[{"type":"summary_text","text":"hm"}]"#),
        row("encrypted_content", M, M, r#""$seal""#)
            .note("Of this gateway's making it leads back to the upstream that thought; an item with another one, or none, is left out and named. To Chat Completions in the running turn only."),
        row("content", I, I, r#"[{"type":"reasoning_text","text":"hm"}]"#).unset("[]"),
        rows::ID,
        rows::STATUS,
    ]);

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
    frame: r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"a"},$]}]}"#,
};
static INPUT_TEXT: Shape = shape(
    "input[message].content[input_text]",
    &["text"],
    &[
        rows::TEXT,
        row("prompt_cache_breakpoint", M, I, r#"{"mode":"explicit"}"#).note("`cache_control` of five minutes."),
    ],
);
static OUTPUT_TEXT: Shape = shape(
    "input[message].content[output_text]",
    &["text"],
    &[
        rows::TEXT,
        rows::ANNOTATIONS,
        row("logprobs", I, I, r#"[{"token":"a"}]"#).unset("[]"),
    ],
);
static REFUSAL: Shape = shape("input[message].content[refusal]", &["refusal"], &[rows::REFUSAL]);
static IMAGE: Shape = shape(
    "input[message].content[input_image]",
    &["image_url"],
    &[
        row("image_url", M, M, r#""data:image/png;base64,iVBORw0K""#).note(rows::IMAGE_URL),
        rows::DETAIL,
        row("file_id", R, R, r#""file_1""#).note(rows::KEPT),
        row("prompt_cache_breakpoint", M, I, r#"{"mode":"explicit"}"#),
    ],
);
static FILE: Shape = shape(
    "input[message].content[input_file]",
    &["file_data"],
    &[
        rows::FILE_DATA,
        row("filename", M, M, r#""a.pdf""#).note("`title`; `filename`."),
        row("file_url", M, R, r#""https://x/y.pdf""#)
            .instead("file_data")
            .note("Chat Completions takes no addresses of documents. Send the document itself."),
        rows::FILE_ID,
        row("detail", I, I, r#""low""#).unset(r#""auto""#),
        row("prompt_cache_breakpoint", M, I, r#"{"mode":"explicit"}"#),
    ],
);

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
    frame: r#"{"model":"m","input":[{"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"a"},$]}]}"#,
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
        no_kind("file_search", R, R).note(HOSTED),
        no_kind("code_interpreter", R, R).note(HOSTED),
        no_kind("mcp", R, R).note(HOSTED),
    ],
    unknown: R,
    frame: frame!(r#""tools":[$]"#),
};
static FUNCTION: Shape = shape(
    "tools[function]",
    &["name", "parameters"],
    &[
        rows::NAME,
        rows::DESCRIPTION,
        rows::PARAMETERS,
        rows::STRICT,
        rows::ALLOWED_CALLERS,
        rows::DEFER_LOADING,
        row("output_schema", I, I, r#"{"type":"object"}"#),
        rows::ASYNC,
    ],
);
static CUSTOM: Shape = shape(
    "tools[custom]",
    &["name"],
    &[
        row("name", M, M, r#""f""#).note("A tool with one string, `input`; its text reaches the client as it comes."),
        rows::DESCRIPTION,
        row(
            "format",
            M,
            M,
            r#"{"type":"grammar","syntax":"lark","definition":"start: WORD"}"#,
        )
        .note("In the description."),
        rows::ALLOWED_CALLERS,
        rows::DEFER_LOADING,
        rows::ASYNC,
    ],
);
static NAMESPACE: Shape = shape(
    "tools[namespace]",
    &["name", "tools"],
    &[
        row("name", M, M, r#""n""#).note("In front of its tools' names, with `__`; calls come back with both."),
        row("description", M, M, r#""about""#).note("Before the descriptions of its tools."),
        row(
            "tools",
            M,
            M,
            r#"[{"type":"function","name":"f","parameters":{"type":"object"}}]"#,
        ),
    ],
);
pub(crate) static INNER_TOOL: Union = Union {
    path: "tools[namespace].tools",
    by: "type",
    default: "",
    kinds: &[kind("function", &FUNCTION), kind("custom", &CUSTOM)],
    unknown: R,
    frame: frame!(r#""tools":[{"type":"namespace","name":"n","tools":[$]}]"#),
};
pub(crate) static GRAMMAR: Union = Union {
    path: "tools[custom].format",
    by: "type",
    default: "",
    kinds: &[kind("text", &GRAMMAR_NONE), kind("grammar", &GRAMMAR_SOME)],
    unknown: R,
    frame: frame!(r#""tools":[{"type":"custom","name":"f","format":$}]"#),
};
static GRAMMAR_NONE: Shape = shape("tools[custom].format[text]", &[], &[]);
static GRAMMAR_SOME: Shape = shape(
    "tools[custom].format[grammar]",
    &["syntax", "definition"],
    &[
        row("syntax", M, M, r#""lark""#),
        row("definition", M, M, r#""start: WORD""#),
    ],
);

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
    frame: frame!(r#""tools":[{"type":"function","name":"f"}],"tool_choice":$"#),
};
static CHOICE_ONE: Shape = shape("tool_choice[function]", &["name"], &[rows::NAME]);
static CHOICE_ALLOWED: Shape = shape(
    "tool_choice[allowed_tools]",
    &["mode", "tools"],
    &[
        row("mode", M, M, r#""required""#),
        row("tools", M, M, r#"[{"type":"function","name":"f"}]"#).note("To Messages the other tools are left out."),
    ],
);

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
    frame: frame!(r#""text":{"format":$}"#),
};
static FORMAT_TEXT: Shape = shape("text.format[text]", &[], &[]);
static FORMAT_OBJECT: Shape = shape("text.format[json_object]", &[], &[]);
static FORMAT_SCHEMA: Shape = shape("text.format[json_schema]", &["name", "schema"], &rows::JSON_SCHEMA);
