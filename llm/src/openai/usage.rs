//! The `usage` object of Chat Completions: of a JSON answer and of the last chunk of a stream.

use serde::Deserialize;

use crate::usage::{Count, Counts, Implausible, InputDetails, Nested, said};

#[derive(Deserialize, Default)]
struct Usage {
    #[serde(default)]
    prompt_tokens: Count,
    #[serde(default)]
    completion_tokens: Count,
    #[serde(default)]
    prompt_tokens_details: Nested<InputDetails>,
}

/// `raw` is the value of a `usage` field.
pub(crate) fn read(raw: &[u8]) -> Result<Counts, Implausible> {
    let usage: Usage = said(raw)?;
    Counts::overlapping(
        usage.prompt_tokens,
        usage.prompt_tokens_details,
        usage.completion_tokens,
    )
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
