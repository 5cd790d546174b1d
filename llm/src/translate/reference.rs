//! The tables as a page of the documentation, `docs/reference/dialects.md`.

use types::Dialect;

use super::{
    TABLES, chat,
    event::Stop,
    messages, responses,
    table::{Client, Rule, Shape, Union},
    upstreams,
};

const HEAD: &str = "\
# Dialects

<!-- Written from the tables in `llm/src/translate`; a test fails when this page is not what they say. -->

A model can be reached in any chat dialect. Where its provider speaks the caller's own, bytes pass as they are and nothing below
applies. Otherwise the call is translated, and this page says what becomes of each field of the request:

- **map**: carried over, under the other dialect's name and in its form. *Same* means that nothing has to be done upstream.
- **ignore**: left out, and named in the answer's `x-weirgate-ignored`. So is a field that stands in no table.
- **refuse**: 400 that names the field, since the call would mean something else without it.

`null` is the same as absence everywhere, and so are the values under *as absent*.

Some rules depend on the model: on its version, which is read from the upstream's name of it where that begins with `claude-`, and on the catalogue.
`max_output_tokens` there caps what is asked for. A model whose `capabilities` have `reasoning` is not told how to sample by OpenAI's dialects; one
that has others, but not that, is not asked to think. Without any, the call is translated as it stands.

";

const ANSWERS: &str = "\
## Answers

| | Messages | Chat Completions | Responses |
|---|---|---|---|
| text | `text` block | `content` | `message` item, `output_text` |
| refusal in words | `text` block | `refusal` | `refusal` part |
| thought | `thinking` block | `reasoning_content`, `reasoning_details` | `reasoning` item, `summary` |
| tool call | `tool_use` block | `tool_calls` | `function_call`, `custom_tool_call` |
";

/// How an answer ends, in the reader's words.
const ENDS: [(&str, Stop); 5] = [
    ("ended by itself", Stop::End),
    ("cap reached", Stop::MaxTokens),
    ("stop sequence", Stop::Sequence),
    ("calls tools", Stop::Calls),
    ("refused", Stop::Refused),
];

const TAIL: &str = "\
| input | `input_tokens` (without cache) | `prompt_tokens` (all) | `input_tokens` (all) |
| read from cache | `cache_read_input_tokens` | `prompt_tokens_details.cached_tokens` | `input_tokens_details.cached_tokens` |
| written to cache | `cache_creation_input_tokens`, `cache_creation` | `prompt_tokens_details.cache_write_tokens` | `input_tokens_details.cache_write_tokens` |
| output | `output_tokens` | `completion_tokens` | `output_tokens` |
| of it thoughts | `output_tokens_details.thinking_tokens` | `completion_tokens_details.reasoning_tokens` | `output_tokens_details.reasoning_tokens` |
| failed in the middle | `event: error` | `data: {\"error\": …}` | `response.failed` |

Tool arguments and texts are passed on piece by piece as they come. An answer is whole with its upstream's last event, which of a server that speaks Chat
Completions is `data: [DONE]`. Where nobody counted, Chat Completions says `null` and Messages, which has to say something, zeros. A call of a tool that
takes text is of type `custom` in Chat Completions, in streams too, and `{\"input\": …}` in Messages. A Responses answer does not repeat `instructions` and `tools`.
Requests to Messages are made for version `2023-06-01`.

What of an answer has no place in the caller's dialect, such as a search that the vendor ran itself and the places a text is taken from, is left out and named
as `answer.…`: in `x-weirgate-ignored` of a JSON answer, and in a comment of a stream (`: x-weirgate-ignored answer.content[server_tool_use]`), since its headers
have gone by then. After 32 names the header says `and-more`.

A conversation longer than the model can take is told by the sign that programs know: the code `context_length_exceeded`, or a message that begins
with `prompt is too long`. What an upstream says of this server's credential or bill is 502 in the gateway's own words.

## Thoughts

What a vendor wants back with a model's thoughts (Anthropic's signature, OpenAI's encrypted content, plain `reasoning_content` of others)
travels through the client where its dialect keeps such a thing: the `signature` of a thinking block, `encrypted_content` of a reasoning item,
`reasoning_details[].signature` of a message. There it begins with `wg1.`, and it leads back only to the dialect that it came from. A client that
sends its conversation back whole gives the model its thoughts back; one that leaves them out loses nothing else.
";

/// The page.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| a caller of | is served by, the best first |\n|---|---|\n");
    for client in [Dialect::Anthropic, Dialect::Openai, Dialect::Responses] {
        let list: Vec<&str> = upstreams(client).iter().map(|upstream| title(*upstream)).collect();
        page.push_str(&format!("| {} | {} |\n", title(client), list.join(", ")));
    }
    page.push('\n');
    for client in TABLES {
        client_tables(&mut page, client);
    }
    page.push_str(ANSWERS);
    for (words, stop) in ENDS {
        let (status, reason) = responses::speak::ended(stop);
        let reason = reason.map(|reason| format!(", `{reason}`")).unwrap_or_default();
        page.push_str(&format!(
            "| {words} | `{}` | `{}` | `{status}`{reason} |\n",
            messages::speak::stop_reason(stop),
            chat::speak::finish_reason(stop),
        ));
    }
    page.push_str(TAIL);
    page
}

const fn title(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Anthropic => "Messages",
        Dialect::Openai => "Chat Completions",
        Dialect::Responses => "Responses",
        Dialect::Embeddings => "Embeddings",
    }
}

fn client_tables(page: &mut String, client: &Client) {
    page.push_str(&format!("## From {}\n\n", title(client.dialect)));
    let [first, second] = client.upstreams.map(title);
    page.push_str(&format!(
        "| field | to {first} | to {second} | as absent | |\n|---|---|---|---|---|\n"
    ));
    let mut done: Vec<&str> = Vec::new();
    for shape in client.shapes {
        shape_rows(page, shape, &mut done);
    }
    for union in client.unions {
        union_rows(page, union, &mut done);
    }
    page.push('\n');
}

fn shape_rows(page: &mut String, shape: &'static Shape, done: &mut Vec<&str>) {
    if done.contains(&shape.path) {
        return;
    }
    done.push(shape.path);
    for row in shape.rows {
        let path = if shape.path.is_empty() {
            row.key.to_owned()
        } else {
            format!("{}.{}", shape.path, row.key)
        };
        let rules = row.to.map(|rule| {
            if row.quiet && rule == Rule::Map {
                "*same*"
            } else {
                word(rule)
            }
        });
        line(page, &path, rules, row.unset, row.note);
    }
}

fn union_rows(page: &mut String, union: &'static Union, done: &mut Vec<&str>) {
    for kind in union.kinds {
        if kind.to != [Rule::Map; 2] || kind.shape.is_none_or(|shape| shape.rows.is_empty()) {
            line(
                page,
                &format!("{}[{}]", union.path, kind.name),
                kind.to.map(word),
                "",
                kind.note,
            );
        }
        if let Some(shape) = kind.shape {
            shape_rows(page, shape, done);
        }
    }
    line(
        page,
        &format!("{}[any other]", union.path),
        [word(union.unknown); 2],
        "",
        "",
    );
}

const fn word(rule: Rule) -> &'static str {
    match rule {
        Rule::Map => "map",
        Rule::Ignore => "ignore",
        Rule::Refuse => "**refuse**",
    }
}

fn line(page: &mut String, path: &str, [first, second]: [&str; 2], unset: &str, note: &str) {
    let unset: Vec<String> = unset
        .split('|')
        .filter(|value| !value.is_empty())
        .map(|value| format!("`{value}`"))
        .collect();
    page.push_str(&format!(
        "| `{path}` | {first} | {second} | {} | {note} |\n",
        unset.join(" ")
    ));
}
