//! Rows that stand in the tables of several dialects, or several times in one.

use super::table::{Row, Rule::Ignore as I, Rule::Map as M, Rule::Refuse as R, row};

pub(super) const MODEL: Row = row("model", M, M, r#""m""#)
    .quiet()
    .note("The gateway puts in the upstream's name.");
pub(super) const STREAM: Row = row("stream", M, M, "true").unset("false");
pub(super) const OBFUSCATION: Row = row("include_obfuscation", I, I, "true").unset("false");

// What is said.
pub(super) const CONTENT: Row = row("content", M, M, r#""first""#);
pub(super) const TEXT: Row = row("text", M, M, r#""b""#);
pub(super) const REFUSAL: Row = row("refusal", M, M, r#""no""#).note("To Messages as text.");
pub(super) const CITATIONS: Row = row("citations", I, I, r#"[{"type":"char_location"}]"#).unset("[]");
pub(super) const ANNOTATIONS: Row = row("annotations", I, I, r#"[{"type":"url_citation"}]"#).unset("[]");
pub(super) const IMAGE_URL: &str = "An address, or a `data:` URL in base64.";
pub(super) const DETAIL: Row = row("detail", I, M, r#""low""#).unset(r#""auto""#);
pub(super) const FILE_DATA: Row =
    row("file_data", M, M, r#""data:application/pdf;base64,JVBERi0x""#).note("To Messages only PDF.");
pub(super) const FILE_ID: Row = row("file_id", R, M, r#""file_1""#).instead("file_data").note(KEPT);
pub(super) const CACHE_CONTROL: Row = row("cache_control", I, I, r#"{"type":"ephemeral"}"#);
/// OpenAI's clients write it for other gateways too.
pub(super) const CACHE_CONTROL_KNOWN: Row = row("cache_control", M, I, r#"{"type":"ephemeral"}"#);

// Tools.
pub(super) const NAME: Row = row("name", M, M, r#""f""#);
pub(super) const DESCRIPTION: Row = row("description", M, M, r#""does""#);
pub(super) const PARAMETERS: Row = row(
    "parameters",
    M,
    M,
    r#"{"type":"object","properties":{"a":{"type":"number"}}}"#,
);
pub(super) const STRICT: Row = row("strict", I, M, "true")
    .unset("false")
    .note("Messages takes few strict tools in a call, and closed schemas only.");
pub(super) const DEFER_LOADING: Row = row("defer_loading", I, I, "true").unset("false");
pub(super) const ARGUMENTS: Row = row("arguments", M, M, r#""{\"a\":1.0}""#)
    .note(r#"To Messages as the object written in it; what is none goes as `{"invalid_arguments": …}`."#);
pub(super) const SINGLE: Row = row("disable_parallel_tool_use", M, M, "true").unset("false");
pub(super) const TOOL_CHOICE: Row =
    row("tool_choice", M, M, r#""required""#).note("Without `tools` it means nothing and is left out.");

/// The form of an answer.
pub(super) const JSON_SCHEMA: [Row; 4] = [
    row("name", I, M, r#""s""#),
    row("description", I, M, r#""d""#),
    row("schema", M, M, r#"{"type":"object"}"#).note(
        "To Messages with closed objects; bounds that it does not know are left out and named. In words, and named, for Claude before 4.5.",
    ),
    row("strict", I, M, "true").unset("false").note("Messages is always strict."),
];

// Both of OpenAI's dialects.
pub(super) const TEMPERATURE: Row = row("temperature", M, M, "0.1")
    .note("To Messages at most 1; left out and named while the model reasons, and for Claude from 4.7 on.");
pub(super) const TOP_P: Row =
    row("top_p", M, M, "0.9").note("As `temperature`; to Messages one of the two, which is `temperature`.");
pub(super) const USER: Row =
    row("user", M, M, r#""u""#).note("`metadata.user_id`; addresses and telephone numbers are left out and named.");
pub(super) const SAFETY_IDENTIFIER: Row = row("safety_identifier", M, M, r#""u""#).note("As `user`.");
pub(super) const CACHE_RETENTION: Row = row("prompt_cache_retention", I, M, r#""24h""#);
pub(super) const SERVICE_TIER: Row = row("service_tier", I, M, r#""flex""#).unset(r#""auto"|"default""#);
pub(super) const STORE: Row = row("store", I, I, "true").unset("false").note("Nothing is kept.");
pub(super) const TOP_LOGPROBS: Row = row("top_logprobs", I, I, "2").unset("0");
pub(super) const MODERATION: Row = row("moderation", I, I, r#"{"model":"m"}"#);
pub(super) const KEPT: &str = "It names something that the vendor keeps. Send the content itself.";

// Items of Responses.
pub(super) const CALL_ID: Row = row("call_id", M, M, r#""c_1""#);
pub(super) const ID: Row = row("id", M, M, r#""id_1""#).quiet();
pub(super) const STATUS: Row = row("status", M, M, r#""completed""#).quiet();
pub(super) const NAMESPACE: Row = row("namespace", M, M, r#""n""#).note("In front of the name, with `__`.");
pub(super) const CALLER: Row =
    row("caller", I, I, r#"{"type":"program","caller_id":"p"}"#).unset(r#"{"type":"direct"}"#);
pub(super) const ALLOWED_CALLERS: Row = row("allowed_callers", I, I, r#"["programmatic"]"#).unset(r#"["direct"]"#);
pub(super) const ASYNC: Row = row("async", I, I, "true").unset("false");
