//! Libraries: what to install, the variables they read, and a first program that streams an answer.

use super::{
    Client, Filled,
    Group::Libraries,
    KEY_VARIABLE, Note,
    Speaks::{Chat, Messages, Responses},
    Step,
};

const fn client(
    id: &'static str,
    name: &'static str,
    speaks: super::Speaks,
    steps: fn(&Filled) -> Vec<Step>,
) -> Client {
    Client {
        id,
        name,
        group: Libraries,
        speaks,
        steps,
        notes: &[],
    }
}

pub const CLIENTS: &[Client] = &[
    client("anthropic-python", "Anthropic, Python", Messages, anthropic_python),
    client(
        "anthropic-typescript",
        "Anthropic, TypeScript",
        Messages,
        anthropic_typescript,
    ),
    client("openai-python", "OpenAI, Python", Chat, openai_python),
    client("openai-typescript", "OpenAI, TypeScript", Chat, openai_typescript),
    client(
        "ai-sdk-anthropic",
        "Vercel AI SDK, Anthropic",
        Messages,
        ai_sdk_anthropic,
    ),
    client("ai-sdk-openai", "Vercel AI SDK, OpenAI", Responses, ai_sdk_openai),
    client(
        "ai-sdk-compatible",
        "Vercel AI SDK, OpenAI-compatible",
        Chat,
        ai_sdk_compatible,
    ),
    Client {
        notes: &[Note::Unset("ANTHROPIC_API_URL")],
        ..client(
            "langchain-anthropic",
            "LangChain, Anthropic",
            Messages,
            langchain_anthropic,
        )
    },
    Client {
        notes: &[Note::Unset("OPENAI_API_BASE")],
        ..client("langchain-openai", "LangChain, OpenAI", Chat, langchain_openai)
    },
];

/// `base` is what the SDK takes: Anthropic's without `/v1`, OpenAI's with it.
fn with_program(install: &str, variables: Vec<(&'static str, String)>, name: &'static str, text: String) -> Vec<Step> {
    vec![
        Step::Shell(install.to_owned()),
        Step::Variables(variables),
        Step::Program { name, text },
    ]
}

fn anthropic(Filled { address, key, .. }: &Filled) -> Vec<(&'static str, String)> {
    vec![
        ("ANTHROPIC_BASE_URL", address.clone()),
        ("ANTHROPIC_API_KEY", key.clone()),
    ]
}

fn openai(Filled { address, key, .. }: &Filled) -> Vec<(&'static str, String)> {
    vec![
        ("OPENAI_BASE_URL", format!("{address}/v1")),
        ("OPENAI_API_KEY", key.clone()),
    ]
}

fn key_only(filled: &Filled) -> Vec<(&'static str, String)> {
    vec![(KEY_VARIABLE, filled.key.clone())]
}

fn anthropic_python(filled: &Filled) -> Vec<Step> {
    let text = format!(
        r#"import anthropic

client = anthropic.Anthropic()
with client.messages.stream(
    model="{}",
    max_tokens=256,
    messages=[{{"role": "user", "content": "Hello!"}}],
) as stream:
    for text in stream.text_stream:
        print(text, end="", flush=True)
print()
"#,
        filled.model
    );
    with_program("pip install anthropic", anthropic(filled), "hello.py", text)
}

fn anthropic_typescript(filled: &Filled) -> Vec<Step> {
    let text = format!(
        r#"import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic();
const stream = client.messages.stream({{
  model: "{}",
  max_tokens: 256,
  messages: [{{ role: "user", content: "Hello!" }}],
}});
stream.on("text", (text) => process.stdout.write(text));
await stream.done();
"#,
        filled.model
    );
    with_program("npm install @anthropic-ai/sdk", anthropic(filled), "hello.mjs", text)
}

fn openai_python(filled: &Filled) -> Vec<Step> {
    let text = format!(
        r#"from openai import OpenAI

client = OpenAI()
stream = client.chat.completions.create(
    model="{}",
    stream=True,
    messages=[{{"role": "user", "content": "Hello!"}}],
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
"#,
        filled.model
    );
    with_program("pip install openai", openai(filled), "hello.py", text)
}

fn openai_typescript(filled: &Filled) -> Vec<Step> {
    let text = format!(
        r#"import OpenAI from "openai";

const client = new OpenAI();
const stream = await client.chat.completions.create({{
  model: "{}",
  stream: true,
  messages: [{{ role: "user", content: "Hello!" }}],
}});
for await (const chunk of stream) {{
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}}
"#,
        filled.model
    );
    with_program("npm install openai", openai(filled), "hello.mjs", text)
}

fn ai_sdk_anthropic(filled: &Filled) -> Vec<Step> {
    ai_sdk(filled, "@ai-sdk/anthropic", "createAnthropic", "")
}

fn ai_sdk_openai(filled: &Filled) -> Vec<Step> {
    ai_sdk(filled, "@ai-sdk/openai", "createOpenAI", "")
}

/// Without being asked, this one leaves usage out of streams.
fn ai_sdk_compatible(filled: &Filled) -> Vec<Step> {
    let more = "\n  name: \"weirgate\",\n  includeUsage: true,";
    ai_sdk(filled, "@ai-sdk/openai-compatible", "createOpenAICompatible", more)
}

fn ai_sdk(filled: &Filled, package: &str, create: &str, more: &str) -> Vec<Step> {
    let Filled { address, model, .. } = filled;
    let text = format!(
        r#"import {{ streamText }} from "ai";
import {{ {create} }} from "{package}";

const weirgate = {create}({{{more}
  baseURL: "{address}/v1",
  apiKey: process.env.{KEY_VARIABLE},
}});
const result = streamText({{ model: weirgate("{model}"), prompt: "Hello!" }});
for await (const text of result.textStream) process.stdout.write(text);
"#
    );
    with_program(
        &format!("npm install ai {package}"),
        key_only(filled),
        "hello.mjs",
        text,
    )
}

fn langchain_anthropic(filled: &Filled) -> Vec<Step> {
    let text = langchain(
        "langchain_anthropic",
        "ChatAnthropic",
        &filled.model,
        ", max_tokens=256",
    );
    with_program("pip install langchain-anthropic", anthropic(filled), "hello.py", text)
}

fn langchain_openai(filled: &Filled) -> Vec<Step> {
    let text = langchain("langchain_openai", "ChatOpenAI", &filled.model, ", stream_usage=True");
    with_program("pip install langchain-openai", openai(filled), "hello.py", text)
}

fn langchain(package: &str, class: &str, model: &str, more: &str) -> String {
    format!(
        r#"from {package} import {class}

model = {class}(model="{model}"{more})
for chunk in model.stream("Hello!"):
    print(chunk.text, end="", flush=True)
print()
"#
    )
}
