//! Agents and editors. Each has files of its own; what they call them is measured, see docs/reference/clients.md.

use super::{
    Client, File, Filled,
    Group::Agents,
    KEY_VARIABLE, Note,
    Speaks::{Chat, Messages, Responses},
    Step, Syntax,
};

pub const CLIENTS: &[Client] = &[
    Client {
        id: "claude-code",
        name: "Claude Code",
        group: Agents,
        speaks: Messages,
        steps: claude_code,
        notes: &[Note::Unset("ANTHROPIC_API_KEY"), Note::KeyInFile],
    },
    Client {
        id: "codex",
        name: "Codex CLI",
        group: Agents,
        speaks: Responses,
        steps: codex,
        notes: &[Note::KeyInVariable],
    },
    Client {
        id: "opencode",
        name: "OpenCode",
        group: Agents,
        speaks: Chat,
        steps: opencode,
        notes: &[Note::KeyInFile],
    },
    Client {
        id: "opencode-anthropic",
        name: "OpenCode (Messages)",
        group: Agents,
        speaks: Messages,
        steps: opencode_anthropic,
        notes: &[Note::KeyInFile],
    },
    Client {
        id: "aider",
        name: "aider",
        group: Agents,
        speaks: Chat,
        steps: aider,
        notes: &[Note::KeyInFile],
    },
    Client {
        id: "aider-anthropic",
        name: "aider (Messages)",
        group: Agents,
        speaks: Messages,
        steps: aider_anthropic,
        notes: &[Note::KeyInFile],
    },
    Client {
        id: "cline",
        name: "Cline CLI",
        group: Agents,
        speaks: Chat,
        steps: cline,
        notes: &[Note::KeyInFile],
    },
    Client {
        id: "cline-extension",
        name: "Cline (VS Code)",
        group: Agents,
        speaks: Chat,
        steps: cline_extension,
        notes: &[Note::Where("Cline → Settings → API Configuration")],
    },
    Client {
        id: "continue",
        name: "Continue",
        group: Agents,
        speaks: Chat,
        steps: continue_,
        notes: &[Note::KeyInFile],
    },
    Client {
        id: "continue-anthropic",
        name: "Continue (Messages)",
        group: Agents,
        speaks: Messages,
        steps: continue_anthropic,
        notes: &[Note::KeyInFile],
    },
    Client {
        id: "zed",
        name: "Zed",
        group: Agents,
        speaks: Chat,
        steps: zed,
        notes: &[Note::KeyInVariable, Note::KeyInKeychain],
    },
    Client {
        id: "cursor",
        name: "Cursor",
        group: Agents,
        speaks: Chat,
        steps: cursor,
        notes: &[
            Note::Where("Cursor Settings → Models → API Keys"),
            Note::CallsFromElsewhere,
        ],
    },
];

/// Every alias leads to the one model, so that sub-agents that name one are served too.
/// <https://docs.claude.com/en/docs/claude-code/settings>
fn claude_code(
    Filled {
        address, key, model, ..
    }: &Filled,
) -> Vec<Step> {
    let text = format!(
        r#"{{
  "env": {{
    "ANTHROPIC_BASE_URL": "{address}",
    "ANTHROPIC_AUTH_TOKEN": "{key}",
    "ANTHROPIC_MODEL": "{model}",
    "ANTHROPIC_DEFAULT_OPUS_MODEL": "{model}",
    "ANTHROPIC_DEFAULT_SONNET_MODEL": "{model}",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL": "{model}"
  }}
}}
"#
    );
    vec![Step::File(File {
        folder: Some("CLAUDE_CONFIG_DIR"),
        ..File::new("~/.claude/settings.json", Syntax::Json, text)
    })]
}

/// Only the Responses API is left to providers of one's own; the ids `openai`, `ollama` and `lmstudio` are taken.
fn codex(
    Filled {
        address, key, model, ..
    }: &Filled,
) -> Vec<Step> {
    let text = format!(
        r#"model = "{model}"
model_provider = "weirgate"

[model_providers.weirgate]
name = "Weirgate"
base_url = "{address}/v1"
env_key = "{KEY_VARIABLE}"
wire_api = "responses"
"#
    );
    vec![
        Step::File(File {
            folder: Some("CODEX_HOME"),
            ..File::new("~/.codex/config.toml", Syntax::Toml, text)
        }),
        Step::Variables(vec![(KEY_VARIABLE, key.clone())]),
    ]
}

fn opencode(filled: &Filled) -> Vec<Step> {
    opencode_with(filled, "weirgate", "Weirgate", "@ai-sdk/openai-compatible")
}

fn opencode_anthropic(filled: &Filled) -> Vec<Step> {
    opencode_with(filled, "weirgate-anthropic", "Weirgate (Messages)", "@ai-sdk/anthropic")
}

/// Keys are kept apart from settings, which people share. <https://opencode.ai/docs/providers>
fn opencode_with(
    Filled {
        address, key, model, ..
    }: &Filled,
    id: &str,
    name: &str,
    package: &str,
) -> Vec<Step> {
    let settings = format!(
        r#"{{
  "$schema": "https://opencode.ai/config.json",
  "model": "{id}/{model}",
  "small_model": "{id}/{model}",
  "provider": {{
    "{id}": {{
      "npm": "{package}",
      "name": "{name}",
      "options": {{
        "baseURL": "{address}/v1"
      }},
      "models": {{
        "{model}": {{
          "name": "{model}"
        }}
      }}
    }}
  }}
}}
"#
    );
    let keys = format!(
        r#"{{
  "{id}": {{
    "type": "api",
    "key": "{key}"
  }}
}}
"#
    );
    vec![
        Step::File(File {
            keep: &["$schema"],
            ..File::new("~/.config/opencode/opencode.json", Syntax::Json, settings)
        }),
        Step::File(File::new("~/.local/share/opencode/auth.json", Syntax::Json, keys)),
    ]
}

fn aider(
    Filled {
        address, key, model, ..
    }: &Filled,
) -> Vec<Step> {
    let text = format!(
        r#"model: "openai/{model}"
openai-api-base: "{address}/v1"
openai-api-key: "{key}"
"#
    );
    vec![Step::File(File::new("~/.aider.conf.yml", Syntax::Yaml, text))]
}

/// It has no setting for Anthropic's address, only the variable.
fn aider_anthropic(
    Filled {
        address, key, model, ..
    }: &Filled,
) -> Vec<Step> {
    let text = format!(
        r#"model: "anthropic/{model}"
anthropic-api-key: "{key}"
"#
    );
    vec![
        Step::File(File::new("~/.aider.conf.yml", Syntax::Yaml, text)),
        Step::Variables(vec![("ANTHROPIC_API_BASE", address.clone())]),
    ]
}

/// What `cline auth` writes, without the key in a list of processes.
fn cline(
    Filled {
        address, key, model, ..
    }: &Filled,
) -> Vec<Step> {
    let text = format!(
        r#"{{
  "version": 1,
  "lastUsedProvider": "openai-compatible",
  "providers": {{
    "openai-compatible": {{
      "settings": {{
        "provider": "openai-compatible",
        "apiKey": "{key}",
        "model": "{model}",
        "baseUrl": "{address}/v1"
      }},
      "updatedAt": "2026-01-01T00:00:00.000Z",
      "tokenSource": "manual"
    }}
  }}
}}
"#
    );
    vec![Step::File(File {
        keep: &["version"],
        ..File::new("~/.cline/data/settings/providers.json", Syntax::Json, text)
    })]
}

fn cline_extension(
    Filled {
        address, key, model, ..
    }: &Filled,
) -> Vec<Step> {
    vec![Step::Form(vec![
        ("API Provider", "OpenAI Compatible".to_owned()),
        ("Base URL", format!("{address}/v1")),
        ("API Key", key.clone()),
        ("Model ID", model.clone()),
    ])]
}

fn continue_(
    Filled {
        address, key, model, ..
    }: &Filled,
) -> Vec<Step> {
    vec![continue_file(
        "Weirgate",
        "openai",
        model,
        &format!("{address}/v1"),
        key,
    )]
}

/// With the slash at the end: the client joins `messages` to it.
fn continue_anthropic(
    Filled {
        address, key, model, ..
    }: &Filled,
) -> Vec<Step> {
    let base = format!("{address}/v1/");
    vec![continue_file("Weirgate (Messages)", "anthropic", model, &base, key)]
}

fn continue_file(name: &str, provider: &str, model: &str, base: &str, key: &str) -> Step {
    let text = format!(
        r#"name: "Local"
version: "1.0.0"
schema: "v1"
models:
  - name: "{name}"
    provider: "{provider}"
    model: "{model}"
    apiBase: "{base}"
    apiKey: "{key}"
"#
    );
    Step::File(File {
        same_by: "name",
        keep: &["name", "version", "schema"],
        ..File::new("~/.continue/config.yaml", Syntax::Yaml, text)
    })
}

/// The variable's name follows from the provider's. <https://zed.dev/docs/ai/llm-providers>
fn zed(
    Filled {
        address,
        key,
        model,
        context,
    }: &Filled,
) -> Vec<Step> {
    let text = format!(
        r#"{{
  "agent": {{
    "default_model": {{
      "provider": "Weirgate",
      "model": "{model}"
    }}
  }},
  "language_models": {{
    "openai_compatible": {{
      "Weirgate": {{
        "api_url": "{address}/v1",
        "available_models": [
          {{
            "name": "{model}",
            "display_name": "{model}",
            "max_tokens": {context}
          }}
        ]
      }}
    }}
  }}
}}
"#
    );
    vec![
        Step::File(File {
            same_by: "name",
            ..File::new("~/.config/zed/settings.json", Syntax::Json, text)
        }),
        Step::Variables(vec![(KEY_VARIABLE, key.clone())]),
    ]
}

fn cursor(
    Filled {
        address, key, model, ..
    }: &Filled,
) -> Vec<Step> {
    vec![Step::Form(vec![
        ("OpenAI API Key", key.clone()),
        ("Override OpenAI Base URL", format!("{address}/v1")),
        ("Add Custom Model", model.clone()),
    ])]
}
