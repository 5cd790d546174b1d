//! The `usage` object of Chat Completions: of a JSON answer and of the last chunk of a stream.

use serde::Deserialize;

use crate::usage::{Count, Counts, Implausible, Nested};

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: Count,
    #[serde(default)]
    completion_tokens: Count,
    #[serde(default)]
    prompt_tokens_details: Nested<Details>,
}

#[derive(Deserialize, Default)]
struct Details {
    #[serde(default)]
    cached_tokens: Count,
}

/// `raw` is the value of a `usage` field. `prompt_tokens` includes what was read from the cache, and
/// `completion_tokens` the reasoning; our classes do not overlap.
pub(crate) fn read(raw: &[u8]) -> Result<Counts, Implausible> {
    let usage: Nested<Usage> = serde_json::from_slice(raw).map_err(|_| Implausible)?;
    let usage = match usage {
        Nested::Unsaid => return Ok(Counts::default()),
        Nested::Said(usage) => usage,
        Nested::Wrong => return Err(Implausible),
    };
    let prompt = usage.prompt_tokens.get()?;
    let output = usage.completion_tokens.get()?;
    let cached = usage.prompt_tokens_details.get()?.cached_tokens.get()?;
    let input = match prompt {
        Some(prompt) => Some(prompt.checked_sub(cached.unwrap_or(0)).ok_or(Implausible)?),
        None => None,
    };
    Ok(Counts {
        input,
        cache_read: cached.filter(|_| prompt.is_some()),
        output,
        ..Counts::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_are_taken_out_of_the_prompt() {
        let counts = read(
            br#"{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,
                 "prompt_tokens_details":{"cached_tokens":1920,"audio_tokens":0},
                 "completion_tokens_details":{"reasoning_tokens":128}}"#,
        );
        let expected = Counts {
            input: Some(86),
            cache_read: Some(1920),
            output: Some(300),
            ..Counts::default()
        };
        assert_eq!(counts, Ok(expected));
    }

    #[test]
    fn more_cached_than_sent_is_implausible() {
        let raw = br#"{"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":6}}"#;
        assert_eq!(read(raw), Err(Implausible));
    }

    #[test]
    fn null_details_are_unsaid() {
        let raw = br#"{"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":null}"#;
        assert_eq!(
            read(raw),
            Ok(Counts {
                input: Some(5),
                output: Some(1),
                ..Counts::default()
            })
        );
    }
}
