//! How many tokens a request can have at most, without asking anybody.

use types::Dialect;

use super::value::Val;
use crate::json::Kind;

/// What a picture costs at most: the largest that vendors compute.
const PICTURE: u64 = 5000;
/// Around each message and tool.
const FRAME: u64 = 16;
/// How a PDF begins in base64; its pages are text too, so its bytes bound it.
const PDF: &str = "JVBER";

/// An upper bound of a request's input tokens: no tokenizer makes more tokens of a text than it has bytes.
///
/// 0 for what is no JSON.
pub fn count(_dialect: Dialect, body: &[u8]) -> u64 {
    let value = std::str::from_utf8(body).ok().and_then(|text| Val::document(text).ok());
    value.map_or(0, |value| walk(value, "", 0))
}

fn walk(value: Val<'_>, key: &str, depth: u32) -> u64 {
    match value.kind {
        Kind::Text => text(value, key),
        Kind::Array => {
            let elements = value.elements().unwrap_or_default();
            elements
                .into_iter()
                .map(|element| FRAME + walk(element, key, depth + 1))
                .sum()
        }
        Kind::Object => {
            let members = value.members().unwrap_or_default();
            // Of the body itself only what the model reads counts.
            let read = |key: &str| {
                depth > 0
                    || matches!(
                        key,
                        "messages"
                            | "system"
                            | "input"
                            | "instructions"
                            | "tools"
                            | "response_format"
                            | "text"
                            | "output_config"
                    )
            };
            let members = members.into_iter().filter(|(key, _)| read(key));
            members
                .map(|(key, value)| key.len() as u64 + 2 + walk(value, &key, depth + 1))
                .sum()
        }
        _ => value.raw.len() as u64,
    }
}

fn text(value: Val<'_>, key: &str) -> u64 {
    let (inner, length) = (value.inner(), value.inner().len() as u64);
    let picture = inner.starts_with("data:image") || (key == "data" && !inner.starts_with(PDF));
    if picture && length > PICTURE { PICTURE } else { length }
}
