//! The answer as it comes: Anthropic's events out of the bytes of a stream, as far as a page shows them.
//!
//! The pipeline reads the same events in `llm`, which the browser does not carry; here only text and errors count.

use serde_json::Value;

/// Something to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Text(String),
    /// The stream says itself that it failed.
    Error(String),
    /// The answer is whole.
    End,
}

/// Reads a stream of events (WHATWG HTML §9.2.6) that arrives in pieces cut anywhere.
#[derive(Debug, Default)]
pub struct Reading {
    line: Vec<u8>,
    data: String,
    after_return: bool,
}

impl Reading {
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Heard> {
        let mut heard = Vec::new();
        for &byte in bytes {
            // A line ends with CR, LF or both.
            let second = byte == b'\n' && std::mem::take(&mut self.after_return);
            self.after_return = byte == b'\r';
            match byte {
                b'\n' if second => {}
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    heard.extend(self.end_of_line(&String::from_utf8_lossy(&line)));
                }
                byte => self.line.push(byte),
            }
        }
        heard
    }

    fn end_of_line(&mut self, line: &str) -> Option<Heard> {
        if line.is_empty() {
            return understood(&std::mem::take(&mut self.data));
        }
        // Names of events repeat what stands in their data.
        if let Some(data) = line.strip_prefix("data:") {
            if !self.data.is_empty() {
                self.data.push('\n');
            }
            self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
        }
        None
    }
}

fn understood(data: &str) -> Option<Heard> {
    let event: Value = serde_json::from_str(data).ok()?;
    match event["type"].as_str()? {
        "content_block_delta" => {
            let text = event["delta"]["text"].as_str()?;
            Some(Heard::Text(text.to_owned()))
        }
        "content_block_start" => {
            let text = event["content_block"]["text"].as_str()?;
            (!text.is_empty()).then(|| Heard::Text(text.to_owned()))
        }
        "message_stop" => Some(Heard::End),
        "error" => {
            let message = event["error"]["message"].as_str().unwrap_or_default();
            Some(Heard::Error(message.to_owned()))
        }
        _ => None,
    }
}

/// What an error body says; all of it, when it says it another way.
pub fn refusal(body: &str) -> String {
    let parsed: Value = serde_json::from_str(body).unwrap_or_default();
    let message = parsed["error"]["message"].as_str();
    message.unwrap_or(body).to_owned()
}

/// The text of an answer that came whole.
pub fn answer(body: &Value) -> String {
    let blocks = body["content"].as_array().into_iter().flatten();
    blocks.filter_map(|block| block["text"].as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = concat!(
        ": keepalive\n\n",
        "event: message_start\ndata: {\"type\":\"message_start\"}\n\n",
        "data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Вода\"}}\n\n",
        "data: {\"type\":\"content_block_delta\",\ndata: \"delta\":{\"type\":\"text_delta\",\"text\":\" 💧\"}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"signature_delta\",\"signature\":\"x\"}}\n\n",
        "data: {\"type\":\"message_stop\"}\n\n",
        "data: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"broke off\"}}\n\n",
    );

    #[test]
    fn stream_reads_the_same_wherever_it_is_cut_and_however_its_lines_end() {
        let expected = [
            Heard::Text("Вода".to_owned()),
            Heard::Text(" 💧".to_owned()),
            Heard::End,
            Heard::Error("broke off".to_owned()),
        ];
        for end in ["\n", "\r\n", "\r"] {
            let text = STREAM.replace('\n', end);
            let bytes = text.as_bytes();
            for cut in 0..=bytes.len() {
                let mut reading = Reading::default();
                let mut heard = reading.push(&bytes[..cut]);
                heard.extend(reading.push(&bytes[cut..]));
                assert_eq!(heard, expected, "{end:?} at {cut}");
            }
        }
    }

    #[test]
    fn whole_answers_and_refusals_are_read() {
        let body = serde_json::json!({ "content": [{ "type": "thinking", "thinking": "…" }, { "type": "text", "text": "A" }, { "text": "B" }] });
        assert_eq!(answer(&body), "AB");
        assert_eq!(answer(&Value::Null), "");
        assert_eq!(refusal(r#"{"type":"error","error":{"message":"No."}}"#), "No.");
        assert_eq!(refusal("<html>"), "<html>");
    }
}
