//! The same call as code: curl, Python, TypeScript. The key is read from a variable, so nothing here is secret.

use serde_json::{Map, Value};

use super::{Ask, Role, Turn};
use crate::clients::KEY_VARIABLE;

/// A call in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    pub id: &'static str,
    pub name: &'static str,
    pub text: String,
}

/// `address` is this server, without a slash at the end. A conversation in which nothing was said yet says hello.
pub fn recipes(ask: &Ask, address: &str) -> [Recipe; 3] {
    let mut ask = ask.clone();
    if ask.conversation().is_empty() {
        ask.turns = vec![Turn {
            role: Role::User,
            content: "Hello".to_owned(),
        }];
    }
    let recipe = |id, name, text| Recipe { id, name, text };
    [
        recipe("curl", "curl", curl(&ask, address)),
        recipe("python", "Python", python(&ask, address)),
        recipe("typescript", "TypeScript", typescript(&ask, address)),
    ]
}

fn curl(ask: &Ask, address: &str) -> String {
    let body = quoted_for_shell(&ask.body(true));
    let url = quoted_for_shell(&format!("{address}/v1/messages"));
    format!(
        "curl -N {url} \\\n  -H \"x-api-key: ${KEY_VARIABLE}\" \\\n  -H 'anthropic-version: 2023-06-01' \\\n  \
         -H 'content-type: application/json' \\\n  -d {body}\n"
    )
}

/// In single quotes nothing is special but the quote itself.
fn quoted_for_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn python(ask: &Ask, address: &str) -> String {
    let address = literal(&address.into());
    let arguments = lines(&ask.parameters(), |name, value| format!("    {name}={value},\n"));
    format!(
        "# pip install anthropic\nimport os\n\nfrom anthropic import Anthropic\n\n\
         client = Anthropic(base_url={address}, api_key=os.environ[\"{KEY_VARIABLE}\"])\n\
         with client.messages.stream(\n{arguments}) as stream:\n    for text in stream.text_stream:\n        print(text, end=\"\", flush=True)\n"
    )
}

fn typescript(ask: &Ask, address: &str) -> String {
    let address = literal(&address.into());
    let fields = lines(&ask.parameters(), |name, value| format!("  {name}: {value},\n"));
    format!(
        "// npm install @anthropic-ai/sdk\nimport Anthropic from \"@anthropic-ai/sdk\";\n\n\
         const client = new Anthropic({{ baseURL: {address}, apiKey: process.env.{KEY_VARIABLE} }});\n\
         const stream = client.messages.stream({{\n{fields}}});\nstream.on(\"text\", (text) => process.stdout.write(text));\nawait stream.finalMessage();\n"
    )
}

fn lines(fields: &Map<String, Value>, line: impl Fn(&str, String) -> String) -> String {
    fields.iter().map(|(name, value)| line(name, literal(value))).collect()
}

/// Strings, numbers, lists and objects as JSON writes them mean the same in Python and in TypeScript; what JSON writes as it is and an editor may
/// take for the end of a line is escaped.
fn literal(value: &Value) -> String {
    let escaped = |text: String| {
        let strange = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}');
        text.chars().fold(String::new(), |mut out, c| {
            match strange(c) {
                true => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                false => out.push(c),
            }
            out
        })
    };
    escaped(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ask: &Ask) -> [String; 3] {
        recipes(ask, "https://wg.example").map(|recipe| recipe.text)
    }

    #[test]
    fn recipes_name_server_model_and_variable_and_no_key() {
        let ask = Ask {
            model: "claude".to_owned(),
            ..Ask::default()
        };
        for text in texts(&ask) {
            for part in ["https://wg.example", "claude", KEY_VARIABLE, "Hello", "1024"] {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
    }

    #[test]
    fn words_cannot_leave_their_quotes() {
        let ask = Ask {
            model: "m".to_owned(),
            prompt: "it's \"$(id)\" `id`\n'; id #\u{2028}".to_owned(),
            ..Ask::default()
        };
        let [curl, python, typescript] = texts(&ask);
        // A shell reads '…'\''…' as one word; the rest of the text has no quote of its own.
        let body = curl.split("-d '").nth(1).unwrap_or_default();
        assert_eq!(body.replace(r"'\''", "").matches('\'').count(), 1, "{curl}");
        for text in [python, typescript] {
            assert!(text.contains(r#""it's \"$(id)\" `id`\n'; id #\u2028""#), "{text}");
        }
    }

    #[test]
    fn curl_sends_what_the_page_sends() {
        let ask = Ask {
            model: "m".to_owned(),
            prompt: "it's".to_owned(),
            ..Ask::default()
        };
        let [curl, ..] = texts(&ask);
        let body = curl.split("-d '").nth(1).unwrap_or_default().trim_end();
        let body = body.trim_end_matches('\'').replace(r"'\''", "'");
        assert_eq!(body, ask.body(true));
    }
}
