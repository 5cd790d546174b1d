//! Code that calls this server: two clients, three languages.
//!
//! Written as plain text with `«…»` around strings; the marks become tags after everything is escaped.

use crate::api::connect::{KEY_PLACEHOLDER as KEY, Snippet};

pub fn all(address: &str, model: &str) -> Vec<Snippet> {
    let model = &quoted(model);
    let texts = [
        ("anthropic-curl", "curl", anthropic_curl(address, model)),
        (
            "anthropic-python",
            "pip install anthropic",
            anthropic_python(address, model),
        ),
        (
            "anthropic-typescript",
            "npm install @anthropic-ai/sdk",
            anthropic_typescript(address, model),
        ),
        ("openai-curl", "curl", openai_curl(address, model)),
        ("openai-python", "pip install openai", openai_python(address, model)),
        (
            "openai-typescript",
            "npm install openai",
            openai_typescript(address, model),
        ),
    ];
    texts
        .into_iter()
        .map(|(id, title, text)| Snippet {
            id: id.to_owned(),
            title: title.to_owned(),
            html: marked(&text),
        })
        .collect()
}

/// A model's name inside double quotes of any of the languages.
fn quoted(name: &str) -> String {
    let plain = |c: &char| !c.is_control() && !"\"\\'`$«»".contains(*c);
    name.chars().filter(plain).collect()
}

fn anthropic_curl(address: &str, model: &str) -> String {
    format!(
        "curl -N {address}/v1/messages \\
  -H «\"x-api-key: {KEY}\"» \\
  -H «\"anthropic-version: 2023-06-01\"» \\
  -H «\"content-type: application/json\"» \\
  -d «'{{
    \"model\": \"{model}\",
    \"max_tokens\": 256,
    \"stream\": true,
    \"messages\": [{{\"role\": \"user\", \"content\": \"Hello!\"}}]
  }}'»"
    )
}

fn openai_curl(address: &str, model: &str) -> String {
    format!(
        "curl -N {address}/v1/chat/completions \\
  -H «\"authorization: Bearer {KEY}\"» \\
  -H «\"content-type: application/json\"» \\
  -d «'{{
    \"model\": \"{model}\",
    \"stream\": true,
    \"messages\": [{{\"role\": \"user\", \"content\": \"Hello!\"}}]
  }}'»"
    )
}

fn anthropic_python(address: &str, model: &str) -> String {
    format!(
        "import anthropic

client = anthropic.Anthropic(
    base_url=«\"{address}\"»,
    api_key=«\"{KEY}\"»,
)
with client.messages.stream(
    model=«\"{model}\"»,
    max_tokens=256,
    messages=[{{«\"role\"»: «\"user\"», «\"content\"»: «\"Hello!\"»}}],
) as stream:
    for text in stream.text_stream:
        print(text, end=«\"\"», flush=True)"
    )
}

fn openai_python(address: &str, model: &str) -> String {
    format!(
        "from openai import OpenAI

client = OpenAI(
    base_url=«\"{address}/v1\"»,
    api_key=«\"{KEY}\"»,
)
stream = client.chat.completions.create(
    model=«\"{model}\"»,
    stream=True,
    messages=[{{«\"role\"»: «\"user\"», «\"content\"»: «\"Hello!\"»}}],
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or «\"\"», end=«\"\"», flush=True)"
    )
}

fn anthropic_typescript(address: &str, model: &str) -> String {
    format!(
        "import Anthropic from «\"@anthropic-ai/sdk\"»;

const client = new Anthropic({{
  baseURL: «\"{address}\"»,
  apiKey: «\"{KEY}\"»,
}});
const stream = client.messages.stream({{
  model: «\"{model}\"»,
  max_tokens: 256,
  messages: [{{ role: «\"user\"», content: «\"Hello!\"» }}],
}});
stream.on(«\"text\"», (text) => process.stdout.write(text));
await stream.done();"
    )
}

fn openai_typescript(address: &str, model: &str) -> String {
    format!(
        "import OpenAI from «\"openai\"»;

const client = new OpenAI({{
  baseURL: «\"{address}/v1\"»,
  apiKey: «\"{KEY}\"»,
}});
const stream = await client.chat.completions.create({{
  model: «\"{model}\"»,
  stream: true,
  messages: [{{ role: «\"user\"», content: «\"Hello!\"» }}],
}});
for await (const chunk of stream) {{
  process.stdout.write(chunk.choices[0]?.delta?.content ?? «\"\"»);
}}"
    )
}

fn marked(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 200);
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '«' => html.push_str("<i>"),
            '»' => html.push_str("</i>"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_name_cannot_leave_its_quotes_or_become_markup() {
        for snippet in all("https://wg.example", "a\"b<script>«x»'$(id)`") {
            assert!(!snippet.html.contains("<script"), "{}", snippet.id);
            assert!(snippet.html.contains("ab&lt;script&gt;x(id)"), "{}", snippet.html);
            assert_eq!(
                snippet.html.matches("<i>").count(),
                snippet.html.matches("</i>").count()
            );
            assert!(snippet.html.contains(KEY) && snippet.html.contains("https://wg.example"));
        }
    }
}
