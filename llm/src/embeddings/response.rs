//! A whole Embeddings answer. Vectors are not output tokens: only the input costs.

use serde::Deserialize;

use crate::{
    JsonUsage, json,
    usage::{Count, Counts, Implausible, said},
};

#[derive(Deserialize, Default)]
struct Usage {
    #[serde(default)]
    prompt_tokens: Count,
}

fn read(raw: &[u8]) -> Result<Counts, Implausible> {
    let usage: Usage = said(raw)?;
    let input = usage.prompt_tokens.get()?;
    Ok(Counts {
        input,
        output: input.map(|_| 0),
        ..Counts::default()
    })
}

pub(crate) fn usage(body: &[u8]) -> JsonUsage {
    let mut answer = JsonUsage::default();
    let read = json::members(body, |key, value| {
        if key == "usage" {
            match read(value.raw(body)) {
                Ok(counts) => answer.tokens = counts.tokens(),
                Err(Implausible) => answer.flagged = true,
            }
        }
    });
    answer.valid = read.is_ok();
    answer.flagged |= read.is_err();
    answer
}

#[cfg(test)]
mod tests {
    use types::{Tokens, usage::UsageSource};

    use super::*;

    #[test]
    fn only_the_input_counts() {
        let body = br#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAAAA="}],
            "model":"text-embedding-3-small","usage":{"prompt_tokens":8,"total_tokens":8}}"#;
        let expected = Tokens {
            input: 8,
            ..Tokens::default()
        };
        let answer = usage(body);
        assert_eq!(
            (answer.tokens, answer.flagged, answer.valid),
            (Some(expected), false, true)
        );
        assert_eq!(answer.tally(99).source, UsageSource::Provider);
    }

    #[test]
    fn without_usage_the_input_is_estimated_and_nonsense_is_flagged() {
        let answer = usage(br#"{"data":[{"embedding":[0.1,0.2]}]}"#);
        let tally = answer.tally(7);
        assert_eq!((tally.tokens.input, tally.tokens.output), (7, 0));
        assert_eq!((tally.source, tally.flagged), (UsageSource::Estimated, false));
        for odd in ["-1", "1.5", "\"8\"", "1e30"] {
            let answer = usage(format!(r#"{{"data":[],"usage":{{"prompt_tokens":{odd}}}}}"#).as_bytes());
            assert_eq!((answer.tokens, answer.flagged), (None, true), "{odd}");
        }
    }
}
