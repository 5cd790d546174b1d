//! What stands in people's files already stays as they wrote it.

use types::clients::{Client, File, Filled, Step, Syntax};

use super::join;

fn files(client: &str, model: &str) -> Vec<File> {
    let steps = Client::of(client)
        .unwrap()
        .steps(&Filled::new("https://wg.example", "wg-key", model, None));
    steps
        .into_iter()
        .filter_map(|step| if let Step::File(file) = step { Some(file) } else { None })
        .collect()
}

fn file(client: &str, path: &str) -> File {
    files(client, "m")
        .into_iter()
        .find(|file| file.path.ends_with(path))
        .unwrap()
}

/// Every file of every recipe.
fn all(model: &str) -> Vec<(String, File)> {
    let of = |client: &Client| {
        files(client.id, model)
            .into_iter()
            .map(|file| (client.id.to_owned(), file))
            .collect::<Vec<_>>()
    };
    Client::all().flat_map(of).collect()
}

#[test]
fn empty_file_becomes_the_recipes_and_joining_again_changes_nothing() {
    assert!(all("m").len() > 8);
    for (client, file) in all("m") {
        for empty in ["", "\n", "  \n\n"] {
            assert_eq!(join(empty, &file).unwrap(), file.text, "{client}");
        }
        assert_eq!(join(&file.text, &file).unwrap(), file.text, "{client}");
    }
}

#[test]
fn another_model_replaces_only_the_model() {
    for ((client, one), (_, two)) in all("one").into_iter().zip(all("two")) {
        let joined = join(&one.text, &two).unwrap();
        assert_eq!(join(&joined, &two).unwrap(), joined, "{client}");
        assert!(joined.contains("wg-key") == two.text.contains("wg-key"), "{client}");
        if one.text != two.text && !client.starts_with("opencode") && client != "zed" && client != "llm" {
            assert_eq!(joined, two.text, "{client}");
        }
    }
}

#[test]
fn json_keeps_comments_order_and_other_settings() {
    let there = r#"// mine
{
    "theme": "dark", // really
    "env": {
        "HTTP_PROXY": "http://proxy:8080",
        "ANTHROPIC_BASE_URL": "https://api.anthropic.com",
    },
    /* the end */
}
"#;
    let joined = join(there, &file("claude-code", "settings.json")).unwrap();
    assert_eq!(
        joined,
        r#"// mine
{
    "theme": "dark", // really
    "env": {
        "HTTP_PROXY": "http://proxy:8080",
        "ANTHROPIC_BASE_URL": "https://wg.example",
        "ANTHROPIC_AUTH_TOKEN": "wg-key",
        "ANTHROPIC_MODEL": "m",
        "ANTHROPIC_DEFAULT_OPUS_MODEL": "m",
        "ANTHROPIC_DEFAULT_SONNET_MODEL": "m",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": "m",
    },
    /* the end */
}
"#
    );
}

#[test]
fn json_lists_keep_their_other_entries() {
    let there = r#"{"language_models": {"openai_compatible": {"Weirgate": {"available_models": [{"name": "other"}, {"name": "m", "max_tokens": 1}]}, "Else": {"api_url": "x"}}}}"#;
    let joined: serde_json::Value = serde_json::from_str(&join(there, &file("zed", "settings.json")).unwrap()).unwrap();
    let own = &joined["language_models"]["openai_compatible"];
    assert_eq!(own["Else"]["api_url"], "x");
    assert_eq!(
        own["Weirgate"]["available_models"][0],
        serde_json::json!({ "name": "other" })
    );
    assert_eq!(own["Weirgate"]["available_models"][1]["max_tokens"], 128_000);
    assert_eq!(own["Weirgate"]["available_models"].as_array().unwrap().len(), 2);
}

#[test]
fn json_keeps_what_is_the_owners_to_choose() {
    let there = r#"{ "$schema": "https://mine.example/config.json" }"#;
    let joined = join(there, &file("opencode", "opencode.json")).unwrap();
    assert!(
        joined.contains(r#""$schema": "https://mine.example/config.json""#),
        "{joined}"
    );
    assert!(!joined.contains("https://opencode.ai/config.json"), "{joined}");
}

#[test]
fn toml_keeps_comments_order_and_other_tables() {
    let there = r#"# mine
model = "gpt-5" # the usual
approval_policy = "on-request"

[projects."/home/me/work"]
trust_level = "trusted" # by hand

[model_providers.else]
name = "Else"
"#;
    let joined = join(there, &file("codex", "config.toml")).unwrap();
    assert_eq!(
        joined,
        r#"# mine
model = "m" # the usual
approval_policy = "on-request"
model_provider = "weirgate"

[projects."/home/me/work"]
trust_level = "trusted" # by hand

[model_providers.else]
name = "Else"

[model_providers.weirgate]
name = "Weirgate"
base_url = "https://wg.example/v1"
env_key = "WEIRGATE_API_KEY"
wire_api = "responses"
"#
    );
}

#[test]
fn yaml_keeps_comments_order_and_other_keys() {
    let there = "# mine\nmodel: sonnet\n# about hands\nauto-commits: false\n\nread:\n  - CONVENTIONS.md # always\n";
    let joined = join(there, &file("aider", ".aider.conf.yml")).unwrap();
    assert_eq!(
        joined,
        "# mine\nmodel: \"openai/m\"\n# about hands\nauto-commits: false\n\nread:\n  - CONVENTIONS.md # always\nopenai-api-base: \"https://wg.example/v1\"\nopenai-api-key: \"wg-key\"\n"
    );
}

#[test]
fn yaml_lists_keep_their_other_entries_and_their_indentation() {
    let there = "name: Mine\nversion: 0.0.1\nmodels:\n- name: Else # first\n  provider: ollama\n- name: Weirgate\n  provider: openai\n  model: old\n\n# rules below\nrules:\n- be kind";
    let joined = join(there, &file("continue", "config.yaml")).unwrap();
    assert_eq!(
        joined,
        "name: Mine\nversion: 0.0.1\nmodels:\n- name: Else # first\n  provider: ollama\n- name: \"Weirgate\"\n  provider: \"openai\"\n  model: \"m\"\n  apiBase: \"https://wg.example/v1\"\n  apiKey: \"wg-key\"\n\n# rules below\nrules:\n- be kind\nschema: \"v1\"\n"
    );
    let list = "- model_id: mine # local\n  model_name: mine\n  api_base: http://localhost:1/v1\n";
    let joined = join(list, &file("llm", "extra-openai-models.yaml")).unwrap();
    assert!(
        joined.starts_with(list) && joined.ends_with(&file("llm", "extra-openai-models.yaml").text),
        "{joined}"
    );
}

#[test]
fn yaml_that_holds_only_comments_keeps_them() {
    let joined = join("# Copied from the sample\n#model: x", &file("aider", ".aider.conf.yml")).unwrap();
    assert!(
        joined.starts_with("# Copied from the sample\n#model: x\nmodel: \"openai/m\"\n"),
        "{joined}"
    );
}

#[test]
fn what_cannot_be_read_is_refused_with_a_reason() {
    let cases: [(&str, &str, &str, &str); 13] = [
        ("claude-code", "settings.json", "{ \"env\": ", "no JSON"),
        ("claude-code", "settings.json", "{ env: 1 }", "no JSON"),
        ("claude-code", "settings.json", "[]", "no JSON object"),
        (
            "claude-code",
            "settings.json",
            "{ \"env\": [] }",
            "`env` in it is no table",
        ),
        (
            "claude-code",
            "settings.json",
            "{ \"env\": {}, \"env\": {} }",
            "`env` twice",
        ),
        (
            "zed",
            "settings.json",
            "{ \"language_models\": { \"openai_compatible\": 5 } }",
            "`language_models.openai_compatible` in it is no table",
        ),
        ("codex", "config.toml", "model = \n", "no TOML: line 1"),
        (
            "codex",
            "config.toml",
            "model_providers = 5\n",
            "`model_providers` in it is no table",
        ),
        ("aider", ".aider.conf.yml", "model: [", "no YAML"),
        ("aider", ".aider.conf.yml", "- a\n", "no mapping"),
        ("llm", "extra-openai-models.yaml", "a: b\n", "no list"),
        (
            "continue",
            "config.yaml",
            "models: {a: b}\n",
            "`models` in it is no list",
        ),
        (
            "continue",
            "config.yaml",
            "models: [{name: Else}]\n",
            "cannot be edited safely",
        ),
    ];
    for (client, path, there, said) in cases {
        let error = join(there, &file(client, path)).expect_err(there);
        assert!(error.contains(said), "{there}: {error}");
        assert!(!error.contains("wg-key"), "{there}: {error}");
    }
}

#[test]
fn every_syntax_has_a_recipe() {
    for syntax in [Syntax::Json, Syntax::Toml, Syntax::Yaml] {
        assert!(all("m").iter().any(|(_, file)| file.syntax == syntax), "{syntax:?}");
    }
}
