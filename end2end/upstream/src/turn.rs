//! What the model says in its turn: words, and tool calls that the prompt asks for, because a prompt reaches the fake through every client and
//! every gateway.
//!
//! `call:NAME{…}` in a user's text calls the offered tool of that name with those arguments, once for each such mark. As soon as the
//! request brings results, the answer is words again and ends with what the results say.

use serde_json::{Deserializer, Value};

use crate::{behaviour::Behaviour, words};

const MARK: &str = "call:";
/// Arguments are streamed in pieces of so many characters, each billed as a token.
const PIECE: usize = 6;

/// An answer, in no dialect yet.
pub struct Turn {
    pub words: Vec<String>,
    pub calls: Vec<Call>,
    /// The caller's cap on output tokens cut it.
    pub capped: bool,
}

pub struct Call {
    /// Unique over all calls of the fake, without the dialect's prefix.
    pub id: String,
    pub name: String,
    /// JSON, as text.
    pub arguments: String,
}

impl Turn {
    /// The answer to `body`, whatever dialect it is in. `limit` is the caller's cap on output tokens; `number` the request's own.
    pub fn of(body: &Value, asked: &Behaviour, limit: Option<u64>, number: usize) -> Self {
        let (words, capped) = words::answer(asked, limit);
        let mut turn = Self {
            words,
            calls: Vec::new(),
            capped,
        };
        let results = results(body);
        if results.is_empty() {
            turn.calls = calls(body, number);
        } else {
            turn.words.extend(results);
        }
        if !capped && limit.is_some_and(|limit| turn.tokens() as u64 > limit) {
            // No vendor answers with more than it was allowed.
            (turn.words, turn.capped) = words::answer(asked, limit);
            turn.calls.clear();
        }
        turn
    }

    pub fn text(&self) -> String {
        self.words.concat()
    }

    /// Calls alone, when the behaviour asks for no words.
    pub fn has_text(&self) -> bool {
        !self.words.is_empty() || self.calls.is_empty()
    }

    /// Output tokens: one a word, one a call, and one a piece of its arguments.
    pub fn tokens(&self) -> usize {
        self.words.len() + self.calls.iter().map(|call| 1 + call.pieces().len()).sum::<usize>()
    }
}

impl Call {
    pub fn pieces(&self) -> Vec<String> {
        let characters = self.arguments.chars().collect::<Vec<_>>();
        characters
            .chunks(PIECE)
            .map(|piece| piece.iter().collect::<String>())
            .collect()
    }

    /// The arguments as a value.
    pub fn input(&self) -> Value {
        serde_json::from_str(&self.arguments).unwrap_or_default()
    }
}

fn calls(body: &Value, number: usize) -> Vec<Call> {
    let offered = offered(body);
    let mut calls = Vec::new();
    for text in said_by_users(body) {
        for (at, _) in text.match_indices(MARK) {
            let rest = &text[at + MARK.len()..];
            let Some((name, _)) = rest.split_once('{') else {
                continue;
            };
            let arguments = Deserializer::from_str(&rest[name.len()..]).into_iter::<Value>().next();
            if let (true, Some(Ok(arguments))) = (offered.contains(&name), arguments) {
                calls.push(Call {
                    id: format!("fake{number:08}{:02}", calls.len()),
                    name: name.to_owned(),
                    arguments: arguments.to_string(),
                });
            }
        }
    }
    if one_at_a_time(body) {
        calls.truncate(1);
    }
    calls
}

/// The names of the tools that may be called.
fn offered(body: &Value) -> Vec<&str> {
    let choice = &body["tool_choice"];
    if choice == "none" || choice["type"] == "none" {
        return Vec::new();
    }
    list(&body["tools"])
        .iter()
        .filter_map(|tool| tool["name"].as_str().or_else(|| tool["function"]["name"].as_str()))
        .collect()
}

fn one_at_a_time(body: &Value) -> bool {
    body["parallel_tool_calls"] == false || body["tool_choice"]["disable_parallel_tool_use"] == true
}

fn said_by_users(body: &Value) -> Vec<&str> {
    let mut said = Vec::new();
    said.extend(body["input"].as_str());
    for item in items(body).filter(|item| item["role"] == "user") {
        said.extend(item["content"].as_str());
        said.extend(list(&item["content"]).iter().filter_map(|part| part["text"].as_str()));
    }
    said
}

/// What tools said, in whichever dialect it is told.
fn results(body: &Value) -> Vec<String> {
    let mut results = Vec::new();
    for item in items(body) {
        if item["role"] == "tool" {
            results.push(text(&item["content"]));
        } else if item["type"].as_str().is_some_and(|kind| kind.ends_with("_call_output")) {
            results.push(text(&item["output"]));
        }
        let told = list(&item["content"])
            .iter()
            .filter(|part| part["type"] == "tool_result");
        results.extend(told.map(|part| text(&part["content"])));
    }
    results
}

/// A text, or the texts of its parts.
fn text(value: &Value) -> String {
    let parts = list(value).iter().filter_map(|part| part["text"].as_str());
    format!("{} ", value.as_str().map_or_else(|| parts.collect(), str::to_owned))
}

fn items(body: &Value) -> impl Iterator<Item = &Value> {
    list(&body["messages"]).iter().chain(list(&body["input"]))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
