//! The `usage` object of Messages: of a JSON answer, of `message_start` and of `message_delta`.

use serde::Deserialize;

use crate::usage::{Count, Counts, Implausible, Nested, said};

#[derive(Deserialize, Default)]
struct Usage {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    cache_read_input_tokens: Count,
    #[serde(default)]
    cache_creation_input_tokens: Count,
    #[serde(default)]
    cache_creation: Nested<CacheCreation>,
    #[serde(default)]
    output_tokens: Count,
}

#[derive(Deserialize, Default)]
struct CacheCreation {
    #[serde(default)]
    ephemeral_5m_input_tokens: Count,
    #[serde(default)]
    ephemeral_1h_input_tokens: Count,
}

/// `raw` is the value of a `usage` field. `input_tokens` leaves cached tokens out already.
pub(crate) fn read(raw: &[u8]) -> Result<Counts, Implausible> {
    let usage: Usage = said(raw)?;
    let tiers = usage.cache_creation.get()?;
    Ok(Counts {
        input: usage.input_tokens.get()?,
        cache_read: usage.cache_read_input_tokens.get()?,
        cache_write: usage.cache_creation_input_tokens.get()?,
        cache_write_5m: tiers.ephemeral_5m_input_tokens.get()?,
        cache_write_1h: tiers.ephemeral_1h_input_tokens.get()?,
        output: usage.output_tokens.get()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_unsaid_and_unknown_fields_are_passed_over() {
        let counts = read(
            br#"{"input_tokens":null,"output_tokens":5,"cache_creation":null,"server_tool_use":{"web_search_requests":1},
                 "service_tier":"standard","inference_geo":["x",{"y":1}]}"#,
        );
        assert_eq!(
            counts,
            Ok(Counts {
                output: Some(5),
                ..Counts::default()
            })
        );
        assert_eq!(read(b"null"), Ok(Counts::default()));
    }

    #[test]
    fn counts_that_cannot_be_true_discard_the_whole_object() {
        for odd in [
            "-1",
            "9223372036854775808",
            "\"12\"",
            "1e30",
            "1.5",
            "true",
            "[1]",
            "{\"a\":1}",
            "1e999",
        ] {
            let raw = format!("{{\"input_tokens\":7,\"output_tokens\":{odd}}}");
            assert_eq!(read(raw.as_bytes()), Err(Implausible), "{odd}");
            let raw = format!("{{\"input_tokens\":7,\"cache_creation\":{{\"ephemeral_1h_input_tokens\":{odd}}}}}");
            assert_eq!(read(raw.as_bytes()), Err(Implausible), "{odd}");
        }
        for odd in ["[]", "\"\"", "12", "true"] {
            assert_eq!(read(odd.as_bytes()), Err(Implausible), "{odd}");
        }
    }
}
