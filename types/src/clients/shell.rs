//! Tools of the command line.

use super::{
    Client, File, Filled,
    Group::Shell,
    Note,
    Speaks::{Chat, Messages},
    Step, Syntax,
};

pub const CLIENTS: &[Client] = &[
    Client {
        id: "anthropic-curl",
        name: "curl, Messages",
        group: Shell,
        speaks: Messages,
        steps: anthropic_curl,
        notes: &[],
    },
    Client {
        id: "openai-curl",
        name: "curl, Chat Completions",
        group: Shell,
        speaks: Chat,
        steps: openai_curl,
        notes: &[],
    },
    Client {
        id: "llm",
        name: "llm",
        group: Shell,
        speaks: Chat,
        steps: llm,
        notes: &[Note::KeyInFile],
    },
    Client {
        id: "llm-anthropic",
        name: "llm (Messages)",
        group: Shell,
        speaks: Messages,
        steps: llm_anthropic,
        notes: &[Note::KnownModelsOnly, Note::KeyInFile],
    },
];

fn anthropic_curl(
    Filled {
        address, key, model, ..
    }: &Filled,
) -> Vec<Step> {
    vec![Step::Shell(format!(
        r#"curl -N {address}/v1/messages \
  -H "x-api-key: {key}" \
  -H "anthropic-version: 2023-06-01" \
  -H "content-type: application/json" \
  -d '{{
    "model": "{model}",
    "max_tokens": 256,
    "stream": true,
    "messages": [{{"role": "user", "content": "Hello!"}}]
  }}'"#
    ))]
}

fn openai_curl(
    Filled {
        address, key, model, ..
    }: &Filled,
) -> Vec<Step> {
    vec![Step::Shell(format!(
        r#"curl -N {address}/v1/chat/completions \
  -H "authorization: Bearer {key}" \
  -H "content-type: application/json" \
  -d '{{
    "model": "{model}",
    "stream": true,
    "messages": [{{"role": "user", "content": "Hello!"}}]
  }}'"#
    ))]
}

/// A file of `llm`'s; where it keeps them follows the system's habit. <https://llm.datasette.io/en/stable/other-models.html>
fn of_llm(path: &'static str, on_mac: &'static str, syntax: Syntax, text: String) -> File {
    File {
        folder: Some("LLM_USER_PATH"),
        on_mac: Some(on_mac),
        ..File::new(path, syntax, text)
    }
}

fn keys(name: &str, key: &str) -> Step {
    let text = format!("{{\n  \"{name}\": \"{key}\"\n}}\n");
    Step::File(of_llm(
        "~/.config/io.datasette.llm/keys.json",
        "~/Library/Application Support/io.datasette.llm/keys.json",
        Syntax::Json,
        text,
    ))
}

fn llm(
    Filled {
        address, key, model, ..
    }: &Filled,
) -> Vec<Step> {
    let models = format!(
        r#"- model_id: "weirgate/{model}"
  model_name: "{model}"
  api_base: "{address}/v1"
  api_key_name: "weirgate"
  supports_tools: true
  supports_schema: true
"#
    );
    vec![
        Step::Shell("pip install llm".to_owned()),
        Step::File(File {
            same_by: "model_id",
            ..of_llm(
                "~/.config/io.datasette.llm/extra-openai-models.yaml",
                "~/Library/Application Support/io.datasette.llm/extra-openai-models.yaml",
                Syntax::Yaml,
                models,
            )
        }),
        keys("weirgate", key),
        Step::Shell(format!("llm -m \"weirgate/{model}\" \"Hello!\"")),
    ]
}

fn llm_anthropic(
    Filled {
        address, key, model, ..
    }: &Filled,
) -> Vec<Step> {
    vec![
        Step::Shell("pip install llm llm-anthropic".to_owned()),
        keys("anthropic", key),
        Step::Variables(vec![("ANTHROPIC_BASE_URL", address.clone())]),
        Step::Shell(format!(
            "llm anthropic refresh\nllm -m \"anthropic/{model}\" \"Hello!\""
        )),
    ]
}
