//! A question to a model as the playground asks it: the same words as a form, as the body of a call, and as code to take away.
//!
//! The one place that makes the body, so that what the page sends and what its recipes send cannot differ. Nothing here knows a page.

mod reading;
mod recipes;

pub use reading::{Heard, Reading, answer, refusal};
pub use recipes::{Recipe, recipes};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// What is asked where the form says nothing.
pub const MAX_TOKENS: &str = "1024";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    User,
    Assistant,
}

/// One thing said in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    pub role: Role,
    pub content: String,
}

/// The fields of the form, as they were typed. An empty one leaves the choice to the model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    pub model: String,
    /// The slug of who pays; empty is the person's own organization.
    pub organization: String,
    pub system: String,
    pub max_tokens: String,
    pub temperature: String,
    pub top_p: String,
    /// A sequence on each line.
    pub stop: String,
    /// What was said before, oldest first.
    pub turns: Vec<Turn>,
    pub prompt: String,
}

impl Ask {
    /// Out of a form's fields by their names. `turns` is their list as JSON; one that cannot be read is an empty one.
    pub fn of(field: impl Fn(&str) -> String) -> Self {
        Ask {
            model: field("model"),
            organization: field("organization"),
            system: field("system"),
            max_tokens: field("max_tokens"),
            temperature: field("temperature"),
            top_p: field("top_p"),
            stop: field("stop"),
            turns: serde_json::from_str(&field("turns")).unwrap_or_default(),
            prompt: field("prompt"),
        }
    }

    /// The turns for a form's hidden field.
    pub fn told(&self) -> String {
        serde_json::to_string(&self.turns).unwrap_or_default()
    }

    /// What is said in the call: the turns before and the new one. Nothing is asked after a model's own words.
    pub fn conversation(&self) -> Vec<Turn> {
        let mut turns = self.turns.clone();
        if !self.prompt.trim().is_empty() {
            turns.push(Turn {
                role: Role::User,
                content: self.prompt.clone(),
            });
        }
        while turns.last().is_some_and(|turn| turn.role == Role::Assistant) {
            turns.pop();
        }
        turns
    }

    /// The body of the call in the format of Anthropic Messages.
    pub fn body(&self, stream: bool) -> String {
        let mut body = self.parameters();
        if stream {
            body.insert("stream".to_owned(), true.into());
        }
        Value::Object(body).to_string()
    }

    /// The fields of [`Ask::body`] without `stream`.
    fn parameters(&self) -> Map<String, Value> {
        let mut body = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        put("model", Some(self.model.as_str().into()));
        let most = whole(&self.max_tokens).or_else(|| whole(MAX_TOKENS));
        put("max_tokens", most.map(Value::from));
        put("temperature", decimal(&self.temperature));
        put("top_p", decimal(&self.top_p));
        let stops: Vec<Value> = self.stops().map(Value::from).collect();
        put("stop_sequences", (!stops.is_empty()).then(|| stops.into()));
        let system = (!self.system.trim().is_empty()).then(|| self.system.as_str().into());
        put("system", system);
        let turns = self.conversation().into_iter().map(|turn| {
            let role = match turn.role {
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            serde_json::json!({ "role": role, "content": turn.content })
        });
        put("messages", Some(turns.collect()));
        body
    }

    fn stops(&self) -> impl Iterator<Item = &str> {
        let lines = self.stop.lines().map(|line| line.trim_end_matches('\r'));
        lines.filter(|line| !line.is_empty())
    }
}

fn whole(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}

/// Browsers send numbers with a point; people may type a comma.
fn decimal(text: &str) -> Option<Value> {
    let number: f64 = text.trim().replace(',', ".").parse().ok()?;
    Number::from_f64(number).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn turn(role: Role, content: &str) -> Turn {
        Turn {
            role,
            content: content.to_owned(),
        }
    }

    #[test]
    fn body_says_what_the_form_says_and_nothing_else() {
        let ask = Ask {
            model: "m".to_owned(),
            prompt: "Hi".to_owned(),
            ..Ask::default()
        };
        let body: Value = serde_json::from_str(&ask.body(false)).unwrap_or_default();
        let hi = json!([{ "role": "user", "content": "Hi" }]);
        assert_eq!(body, json!({ "model": "m", "max_tokens": 1024, "messages": hi }));
        let ask = Ask {
            system: "Be brief".to_owned(),
            max_tokens: " 7 ".to_owned(),
            temperature: "0,5".to_owned(),
            top_p: "0.9".to_owned(),
            stop: "END\r\n\nSTOP".to_owned(),
            turns: vec![turn(Role::User, "A"), turn(Role::Assistant, "B")],
            ..ask
        };
        let body: Value = serde_json::from_str(&ask.body(true)).unwrap_or_default();
        let messages = json!([
            { "role": "user", "content": "A" }, { "role": "assistant", "content": "B" }, { "role": "user", "content": "Hi" }
        ]);
        let expected = json!({
            "model": "m", "max_tokens": 7, "temperature": 0.5, "top_p": 0.9, "stop_sequences": ["END", "STOP"],
            "system": "Be brief", "messages": messages, "stream": true,
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn conversation_without_a_new_question_ends_with_the_last_one() {
        let ask = Ask {
            turns: vec![turn(Role::User, "A"), turn(Role::Assistant, "B")],
            prompt: " \n".to_owned(),
            ..Ask::default()
        };
        assert_eq!(ask.conversation(), [turn(Role::User, "A")]);
    }

    #[test]
    fn form_is_read_back_as_it_was_written() {
        let ask = Ask {
            model: "m".to_owned(),
            turns: vec![turn(Role::User, "\"A\"</script>\n"), turn(Role::Assistant, "B")],
            ..Ask::default()
        };
        let again = Ask::of(|name| match name {
            "model" => "m".to_owned(),
            "turns" => ask.told(),
            _ => String::new(),
        });
        assert_eq!(again, ask);
        assert!(Ask::of(|_| "{".to_owned()).turns.is_empty());
    }
}
