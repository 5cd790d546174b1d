//! OpenAI's Embeddings format as the vendor writes it: <https://platform.openai.com/docs/api-reference/embeddings>.

use serde_json::{Value, json};

use crate::{Usage, behaviour::Behaviour, words};

/// What a request must have before the vendor looks at anything else.
pub fn check(body: &Value) -> Result<(), String> {
    match &body["input"] {
        Value::String(text) if !text.is_empty() => Ok(()),
        Value::Array(inputs) if !inputs.is_empty() => Ok(()),
        _ => Err(
            "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."
                .to_owned(),
        ),
    }
}

/// One vector an input: its place and its number of characters, so that a test knows which is which. What it is billed at has no output.
pub fn json(model: &str, body: &Value, asked: &Behaviour) -> (String, Usage) {
    let packed = body["encoding_format"] == json!("base64");
    let data: Vec<Value> = inputs(&body["input"])
        .into_iter()
        .enumerate()
        .map(|(index, length)| {
            let vector = [index as f32, length as f32, 0.5];
            let embedding = if packed { json!(base64(&vector)) } else { json!(vector) };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    let usage = Usage {
        output: 0,
        ..words::usage(body, asked, 0)
    };
    let mut answer = json!({"object": "list", "data": data, "model": model});
    if !asked.no_usage {
        let prompt = usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h;
        answer["usage"] = json!({"prompt_tokens": prompt, "total_tokens": prompt});
    }
    (answer.to_string(), usage)
}

/// The lengths of the inputs: characters of a text, tokens of a list.
fn inputs(input: &Value) -> Vec<usize> {
    let length = |value: &Value| match value {
        Value::String(text) => text.chars().count(),
        Value::Array(tokens) => tokens.len(),
        _ => 1,
    };
    match input {
        Value::Array(entries) if entries.iter().all(Value::is_number) => vec![entries.len()],
        Value::Array(entries) => entries.iter().map(length).collect(),
        one => vec![length(one)],
    }
}

/// RFC 4648 over the numbers' bytes, least significant first, as the vendor packs them.
fn base64(vector: &[f32]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0, |bits: u32, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= three.len() { letter.into() } else { '=' });
        }
    }
    text
}
