//! The fake's deterministic part: the same request gets the same words and the same token counts, and each can be computed by a test.

use serde_json::Value;

use crate::{Usage, behaviour::Behaviour};

/// Answers are built from these, over and over.
const WORDS: [&str; 8] = ["still ", "water ", "holds ", "its ", "level ", "über ", "вода ", "水 "];

/// The answer, one token a word. `limit` is the caller's cap on output tokens; the second value tells whether it cut the answer.
pub fn answer(asked: &Behaviour, limit: Option<u64>) -> (Vec<String>, bool) {
    if asked.bigjson > 0 {
        return (vec!["w".repeat(asked.bigjson)], false);
    }
    let limit = limit
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(usize::MAX);
    let words = WORDS
        .iter()
        .cycle()
        .take(asked.events.min(limit))
        .map(|word| (*word).to_owned())
        .collect();
    (words, asked.events > limit)
}

/// A token for every four characters of every string in `messages`, `system`, `input` and `instructions`, at least one; a token for every word of the answer.
pub fn usage(body: &Value, asked: &Behaviour, words: usize) -> Usage {
    let characters = ["messages", "system", "input", "instructions"]
        .iter()
        .filter_map(|field| body.get(*field))
        .map(length)
        .sum::<u64>();
    let cache = asked.cache;
    Usage {
        input: (characters / 4).max(1),
        cache_read: cache.map_or(0, |cache| cache.read),
        cache_write_5m: cache.map_or(0, |cache| cache.write_5m),
        cache_write_1h: cache.map_or(0, |cache| cache.write_1h),
        output: words as u64,
    }
}

fn length(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.chars().count() as u64,
        Value::Array(items) => items.iter().map(length).sum(),
        Value::Object(fields) => fields.values().map(length).sum(),
        _ => 0,
    }
}
