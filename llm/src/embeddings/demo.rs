//! The demo's vectors: made up from the text's bytes, so that equal texts get equal vectors, and of length one as the vendor's are.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Error, demo::Answer, head::Head};

/// As many as the vendor's small model may be asked for.
const DIMENSIONS_MOST: usize = 1536;
const DIMENSIONS: usize = 256;
/// The vendor's limit.
const INPUTS_MOST: usize = 2048;

#[derive(Deserialize)]
struct Asked {
    input: Value,
    encoding_format: Option<String>,
    dimensions: Option<usize>,
}

pub(crate) fn answer(head: &Head, body: &[u8]) -> Result<Answer, Error> {
    let asked: Asked = serde_json::from_slice(body).map_err(|_| {
        Error::body_wrong("`encoding_format` must be a string and `dimensions` a whole number, or leave them out.")
    })?;
    let base64 = match asked.encoding_format.as_deref() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => {
            return Err(Error::field_wrong(
                "encoding_format",
                "`encoding_format` must be \"float\" or \"base64\".",
            ));
        }
    };
    let dimensions = asked.dimensions.unwrap_or(DIMENSIONS);
    if !(1..=DIMENSIONS_MOST).contains(&dimensions) {
        return Err(Error::field_wrong(
            "dimensions",
            format!("The demo model makes vectors of 1 to {DIMENSIONS_MOST} dimensions."),
        ));
    }
    let data: Vec<Value> = inputs(&asked.input)?
        .into_iter()
        .enumerate()
        .map(|(index, text)| {
            let vector = vector(&text, dimensions);
            let embedding = match base64 {
                true => json!(
                    STANDARD.encode(
                        vector
                            .iter()
                            .flat_map(|number| number.to_le_bytes())
                            .collect::<Vec<u8>>()
                    )
                ),
                false => json!(vector),
            };
            json!({ "object": "embedding", "index": index, "embedding": embedding })
        })
        .collect();
    let tokens = crate::estimate(head.messages_span.len() as u64);
    let usage = json!({ "prompt_tokens": tokens, "total_tokens": tokens });
    let answer = json!({ "object": "list", "data": data, "model": head.model, "usage": usage });
    Ok(Answer::Json(Bytes::from(answer.to_string())))
}

/// One text or one list of token numbers, or an array of them.
fn inputs(input: &Value) -> Result<Vec<String>, Error> {
    let wrong = || Error::field_wrong("input", "`input` must be a text, token numbers, or an array of either.");
    let one = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Array(tokens) if !tokens.is_empty() && tokens.iter().all(Value::is_u64) => Some(value.to_string()),
        _ => None,
    };
    if let Some(text) = one(input) {
        return Ok(vec![text]);
    }
    let list = input.as_array().ok_or_else(wrong)?;
    if list.len() > INPUTS_MOST {
        return Err(Error::field_wrong(
            "input",
            format!("`input` has more than {INPUTS_MOST} entries. Send fewer at a time."),
        ));
    }
    list.iter().map(|value| one(value).ok_or_else(wrong)).collect()
}

/// FNV-1a of the text seeds xorshift64*; the sum of squares is brought to one.
fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let seed = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut state = seed | 1;
    let mut vector: Vec<f32> = (0..dimensions)
        .map(|_| {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            // 24 bits, as many as a float holds exactly.
            let bits = (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) as u32;
            bits as f32 / (1 << 23) as f32 - 1.0
        })
        .collect();
    let length = vector
        .iter()
        .map(|number| number * number)
        .sum::<f32>()
        .sqrt()
        .max(f32::MIN_POSITIVE);
    vector.iter_mut().for_each(|number| *number /= length);
    vector
}
