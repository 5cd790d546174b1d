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
    #[serde(default)]
    cache_write_tokens: Count,
}

/// `raw` is the value of a `usage` field. `prompt_tokens` includes what was read from the cache and written to it, and
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
    let details = usage.prompt_tokens_details.get()?;
    let (cached, written) = (details.cached_tokens.get()?, details.cache_write_tokens.get()?);
    let Some(prompt) = prompt else {
        return Ok(Counts {
            output,
            ..Counts::default()
        });
    };
    let fresh = prompt.checked_sub(cached.unwrap_or(0)).ok_or(Implausible)?;
    // The vendor calls this count unadjusted, so it may be larger than what is left.
    let written = written.map(|written| written.min(fresh));
    Ok(Counts {
        input: Some(fresh - written.unwrap_or(0)),
        cache_read: cached,
        cache_write: written,
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

    #[test]
    fn tokens_written_to_the_cache_are_taken_out_too_and_never_more_than_there_are() {
        for (told, input, written) in [(500, 406, 500), (5000, 0, 906)] {
            let counts = read(
                format!(
                    r#"{{"prompt_tokens":1006,"completion_tokens":3,"prompt_tokens_details":{{"cached_tokens":100,"cache_write_tokens":{told}}}}}"#
                )
                .as_bytes(),
            );
            let expected = Counts {
                input: Some(input),
                cache_read: Some(100),
                cache_write: Some(written),
                output: Some(3),
                ..Counts::default()
            };
            assert_eq!(counts, Ok(expected));
        }
    }
}
