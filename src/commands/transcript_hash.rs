//! `weirgate transcript-hash`: what `sessions/end` wants, of messages on standard input.

use std::io::Read;

use anyhow::{Context, anyhow, bail};
use serde_json::Value;
use types::transcript::{self, Message};

/// Prints the hash and nothing else. What is wrong is told without repeating the text.
pub fn run() -> anyhow::Result<()> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("cannot read standard input as UTF-8")?;
    println!("{}", transcript::hash(&messages(&text)?));
    Ok(())
}

/// Out of a list of messages, or of an object that has one, such as a request's body.
fn messages(text: &str) -> anyhow::Result<Vec<Message>> {
    let wanted = "give a list of {\"role\", \"content\"}, or an object whose `messages` is one";
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        anyhow!("the input is not JSON: reading stopped at line {line}, column {column}; {wanted}")
    })?;
    let list = match value {
        Value::Array(list) => list,
        Value::Object(mut fields) => match fields.remove("messages") {
            Some(Value::Array(list)) => list,
            Some(_) | None => bail!("the object has no list `messages`; {wanted}"),
        },
        _ => bail!("the input is neither a list nor an object; {wanted}"),
    };
    let read = |(index, value): (usize, Value)| {
        let message = value.is_object().then(|| serde_json::from_value(value).ok()).flatten();
        message.with_context(|| format!("message {} has no `role` that is a string; {wanted}", index + 1))
    };
    list.into_iter().enumerate().map(read).collect()
}
