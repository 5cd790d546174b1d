//! The `usage` object of Responses: of a JSON answer and of the last event of a stream.

use serde::Deserialize;

use crate::usage::{Count, Counts, Implausible, InputDetails, Nested, said};

#[derive(Deserialize, Default)]
struct Usage {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    input_tokens_details: Nested<InputDetails>,
}

/// `raw` is the value of a `usage` field.
pub(crate) fn read(raw: &[u8]) -> Result<Counts, Implausible> {
    let usage: Usage = said(raw)?;
    Counts::overlapping(usage.input_tokens, usage.input_tokens_details, usage.output_tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_are_taken_out_of_the_input() {
        let counts = read(
            br#"{"input_tokens":2006,"input_tokens_details":{"cached_tokens":1920},"output_tokens":300,
                 "output_tokens_details":{"reasoning_tokens":128},"total_tokens":2306}"#,
        );
        let expected = Counts {
            input: Some(86),
            cache_read: Some(1920),
            output: Some(300),
            ..Counts::default()
        };
        assert_eq!(counts, Ok(expected));
        assert_eq!(read(b"null"), Ok(Counts::default()));
    }

    #[test]
    fn counts_that_cannot_be_true_discard_the_whole_object() {
        for odd in [
            r#"{"input_tokens":5,"output_tokens":-1}"#,
            r#"{"input_tokens":5,"output_tokens":1,"input_tokens_details":{"cached_tokens":6}}"#,
            r#"{"input_tokens":"5","output_tokens":1}"#,
            r#"{"input_tokens":9223372036854775808,"output_tokens":1}"#,
            "[]",
        ] {
            assert_eq!(read(odd.as_bytes()), Err(Implausible), "{odd}");
        }
    }

    #[test]
    fn tokens_written_to_the_cache_are_taken_out_too_and_never_more_than_there_are() {
        for (told, input, written) in [(500, 406, 500), (5000, 0, 906)] {
            let counts = read(
                format!(
                    r#"{{"input_tokens":1006,"output_tokens":3,"input_tokens_details":{{"cached_tokens":100,"cache_write_tokens":{told}}}}}"#
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
