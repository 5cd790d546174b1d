//! How many input tokens a request may have, when no upstream can be asked: an upper bound, never a guess that could be too low.
//!
//! Every vendor's tokenizer makes at least one byte of text into a token, and the JSON around a message has more bytes than its frame has
//! tokens. So the body's length bounds a body of text. Pictures and documents are priced by their size on a screen or by their pages, which
//! their bytes do not tell: such a body is bounded by what the model can take at all.

use serde_json::Value;

/// What a vendor puts in front of a request with tools; the largest that Anthropic documents is 804.
const TOOLS: u64 = 1024;
/// Stands for one picture or document where nobody knows how much the model can take.
const PIECE: u64 = 100_000;

/// An upper bound of the input tokens of a Messages `body`. `context_length`: the most tokens the model takes.
pub fn upper_bound(body: &[u8], context_length: Option<u32>) -> u64 {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let tools = if request.get("tools").is_some() { TOOLS } else { 0 };
    let text = body.len() as u64 + tools;
    let messages = request.get("messages").and_then(Value::as_array);
    let contents = messages
        .into_iter()
        .flatten()
        .filter_map(|message| message.get("content"));
    match contents.chain(request.get("system")).map(pieces).sum::<u64>() {
        0 => text,
        pieces => context_length
            .map_or_else(|| text.saturating_add(pieces.saturating_mul(PIECE)), u64::from)
            .max(text),
    }
}

/// Blocks that are not text, those inside tool results included. A kind of block that is not known may be anything.
fn pieces(content: &Value) -> u64 {
    let Some(blocks) = content.as_array() else { return 0 };
    blocks
        .iter()
        .map(|block| match block.get("type").and_then(Value::as_str) {
            Some("text" | "tool_use" | "thinking" | "redacted_thinking") => 0,
            Some("tool_result") => block.get("content").map_or(0, pieces),
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_bounded_by_its_bytes() {
        let body = r#"{"model":"m","messages":[{"role":"user","content":"вода"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"x"}]}]}],"system":[{"type":"text","text":"s"}]}"#;
        assert_eq!(upper_bound(body.as_bytes(), Some(10)), body.len() as u64);
        let tools = body.replacen('{', r#"{"tools":[],"#, 1);
        assert_eq!(upper_bound(tools.as_bytes(), Some(10)), tools.len() as u64 + 1024);
    }

    #[test]
    fn pictures_are_bounded_by_what_the_model_takes() {
        for block in [
            r#"{"type":"image","source":{"type":"url","url":"https://x/y.png"}}"#,
            r#"{"type":"tool_result","tool_use_id":"t","content":[{"type":"document","source":{}}]}"#,
            r#"{"type":"from_the_future"}"#,
        ] {
            let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{block}]}}]}}"#);
            assert_eq!(upper_bound(body.as_bytes(), Some(200_000)), 200_000, "{block}");
            assert_eq!(upper_bound(body.as_bytes(), Some(5)), body.len() as u64);
            assert_eq!(upper_bound(body.as_bytes(), None), body.len() as u64 + 100_000);
        }
    }
}
