//! `weirgate connect`: writes what the recipes say, keeps what was there, and takes everything back byte for byte.

use std::{
    collections::BTreeMap,
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use http::Method;
use serde_json::{Value, json};
use types::clients::{Client, Filled, Step, Syntax};

use crate::support::{Server, client as http_client, text, weirgate};

const KEY: &str = "wg-AAAAAAAAAAAA-secretsecretsecretsecretsecretsecretsecret0-BBBBBB";

/// Runs it with `folder` as the home folder.
fn connect(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = weirgate(folder, &["connect"]);
    command
        .args(arguments)
        .env("HOME", folder)
        .envs(variables.iter().copied());
    command.output().unwrap()
}

fn write(folder: &Path, client: &str) -> Output {
    write_model(folder, client, "the-model")
}

fn write_model(folder: &Path, client: &str, model: &str) -> Output {
    let arguments = [client, "--api-url", "https://wg.example", "--model", model];
    connect(folder, &arguments, &[("WEIRGATE_API_KEY", KEY)])
}

/// Every file below the folder: its bytes and its mode.
fn all(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let about = std::fs::metadata(&path).unwrap();
            if about.is_dir() {
                // An empty folder counts too.
                found.insert(path.clone(), (Vec::new(), 0));
                open.push(path);
            } else {
                let mode = about.permissions().mode() & 0o7777;
                found.insert(path.clone(), (std::fs::read(&path).unwrap(), mode));
            }
        }
    }
    found
}

fn put(folder: &Path, path: &str, text: &str, mode: u32) -> PathBuf {
    let path = folder.join(path.trim_start_matches("~/"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

/// Clients with files, and the files' places and syntaxes.
fn with_files() -> Vec<(&'static Client, Vec<(&'static str, Syntax)>)> {
    let filled = Filled::new("https://wg.example", KEY, "the-model", None);
    let files = |client: &'static Client| {
        let steps = client.steps(&filled).into_iter();
        let files = steps.filter_map(|step| match step {
            Step::File(file) => Some((file.path, file.syntax)),
            _ => None,
        });
        (client, files.collect::<Vec<_>>())
    };
    Client::all()
        .map(files)
        .filter(|(_, files)| !files.is_empty())
        .collect()
}

/// Something of somebody else's in that syntax, and the part of it that must stay.
fn foreign(path: &str, syntax: Syntax) -> (&'static str, &'static str) {
    match syntax {
        Syntax::Json => (
            "{\n  // mine\n  \"other\": {\"a\": [1, 2]}\n}\n",
            "// mine\n  \"other\": {\"a\": [1, 2]}",
        ),
        Syntax::Toml => (
            "# mine\n[other]\na = [1, 2] # both\n",
            "# mine\n[other]\na = [1, 2] # both\n",
        ),
        Syntax::Yaml if path.ends_with("extra-openai-models.yaml") => (
            "# mine\n- model_id: x\n  model_name: x\n",
            "# mine\n- model_id: x\n  model_name: x\n",
        ),
        Syntax::Yaml => ("# mine\nother:\n  - a # one\n", "# mine\nother:\n  - a # one\n"),
    }
}

#[test]
fn every_client_is_written_once_and_undone_to_an_empty_home() {
    assert!(with_files().len() >= 12);
    for (client, files) in with_files() {
        let home = tempfile::tempdir().unwrap();
        let output = write(home.path(), client.id);
        assert!(output.status.success(), "{}: {}", client.id, text(&output));
        assert!(!text(&output).contains("secret"), "{}: the key is told", client.id);
        let filled = Filled::new("https://wg.example", KEY, "the-model", None);
        for step in client.steps(&filled) {
            let Step::File(file) = step else { continue };
            let path = home.path().join(file.path.trim_start_matches("~/"));
            assert_eq!(std::fs::read_to_string(&path).unwrap(), file.text, "{}", client.id);
            assert_eq!(all(home.path())[&path].1, 0o600, "{}", client.id);
        }
        let once = all(home.path());
        let output = write(home.path(), client.id);
        assert!(
            output.status.success() && text(&output).matches("is set already").count() == files.len(),
            "{}",
            text(&output)
        );
        assert!(all(home.path()) == once, "{}: a second time changes nothing", client.id);
        let output = connect(home.path(), &[client.id, "--undo"], &[]);
        assert!(output.status.success(), "{}: {}", client.id, text(&output));
        assert_eq!(
            all(home.path()).keys().collect::<Vec<_>>(),
            Vec::<&PathBuf>::new(),
            "{}",
            client.id
        );
    }
}

#[test]
fn every_client_keeps_what_is_there_and_gives_it_back_byte_for_byte() {
    for (client, files) in with_files() {
        let home = tempfile::tempdir().unwrap();
        for (path, syntax) in &files {
            put(home.path(), path, foreign(path, *syntax).0, 0o644);
        }
        let before = all(home.path());
        let output = write(home.path(), client.id);
        assert!(output.status.success(), "{}: {}", client.id, text(&output));
        for (path, syntax) in &files {
            let now = std::fs::read_to_string(home.path().join(path.trim_start_matches("~/"))).unwrap();
            assert!(now.contains(foreign(path, *syntax).1), "{}: {now}", client.id);
            assert!(now.len() > foreign(path, *syntax).0.len(), "{}: {now}", client.id);
            let mode = all(home.path())[&home.path().join(path.trim_start_matches("~/"))].1;
            assert_eq!(
                mode,
                if now.contains(KEY) { 0o600 } else { 0o644 },
                "{}: {path}",
                client.id
            );
        }
        // Another model in between does not lose the first copy.
        assert!(write_model(home.path(), client.id, "another-model").status.success());
        let output = connect(home.path(), &[client.id, "--undo"], &[]);
        assert!(output.status.success(), "{}: {}", client.id, text(&output));
        let after = all(home.path());
        assert!(
            after == before,
            "{}: {:?} instead of {:?}",
            client.id,
            after.keys(),
            before.keys()
        );
    }
}

#[test]
fn every_client_refuses_a_file_it_cannot_read_and_touches_none() {
    for (client, files) in with_files() {
        for (path, syntax) in &files {
            let home = tempfile::tempdir().unwrap();
            let broken = if *syntax == Syntax::Toml {
                "a = \n"
            } else {
                "{ \"a\": ["
            };
            let path = put(home.path(), path, broken, 0o644);
            let before = all(home.path());
            let output = write(home.path(), client.id);
            assert_eq!(output.status.code(), Some(1), "{}", client.id);
            let said = text(&output);
            assert!(
                said.contains(path.to_str().unwrap()) && said.contains("left alone"),
                "{}: {said}",
                client.id
            );
            assert!(!said.contains("secret"), "{}: the key is told", client.id);
            assert!(all(home.path()) == before, "{}: something was written", client.id);
        }
    }
}

#[test]
fn undo_of_a_file_changed_since_needs_force() {
    let home = tempfile::tempdir().unwrap();
    let path = put(home.path(), "~/.codex/config.toml", "model = \"gpt-5\"\n", 0o644);
    assert!(write(home.path(), "codex").status.success());
    let mut changed = std::fs::read_to_string(&path).unwrap();
    changed += "\n[projects.\"/work\"]\ntrust_level = \"trusted\"\n";
    std::fs::write(&path, &changed).unwrap();

    let output = connect(home.path(), &["codex", "--undo"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("was changed since") && text(&output).contains("0-config.toml"),
        "{}",
        text(&output)
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), changed);

    // Writing over it does not make it ours.
    assert!(write_model(home.path(), "codex", "another-model").status.success());
    assert!(std::fs::read_to_string(&path).unwrap().contains("[projects.\"/work\"]"));
    assert_eq!(connect(home.path(), &["codex", "--undo"], &[]).status.code(), Some(1));

    assert!(
        connect(home.path(), &["codex", "--undo", "--force"], &[])
            .status
            .success()
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "model = \"gpt-5\"\n");
    let output = connect(home.path(), &["codex", "--undo"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("nothing to undo"));
}

#[test]
fn files_are_found_by_the_variables_that_move_them_and_past_links() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = home.path().join("dotfiles");
    std::fs::create_dir(&elsewhere).unwrap();
    let real = put(home.path(), "~/dotfiles/settings.json", "{}", 0o644);
    std::fs::create_dir(home.path().join(".claude")).unwrap();
    let link = home.path().join(".claude/settings.json");
    symlink(&real, &link).unwrap();
    assert!(write(home.path(), "claude-code").status.success());
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&real).unwrap().contains(KEY));

    let arguments = ["codex", "--api-url", "https://wg.example", "--model", "m"];
    let moved = elsewhere.to_str().unwrap();
    let variables = [
        ("WEIRGATE_API_KEY", KEY),
        ("CODEX_HOME", moved),
        ("XDG_CONFIG_HOME", moved),
    ];
    assert!(connect(home.path(), &arguments, &variables).status.success());
    assert!(elsewhere.join("config.toml").exists() && elsewhere.join("weirgate/connect/codex/record.json").exists());
    let arguments = ["opencode", "--api-url", "https://wg.example", "--model", "m"];
    assert!(connect(home.path(), &arguments, &variables).status.success());
    assert!(elsewhere.join("opencode/opencode.json").exists());
}

#[test]
fn libraries_get_lines_for_a_shell_that_take_the_key_from_its_variable() {
    let home = tempfile::tempdir().unwrap();
    let output = write(home.path(), "openai-python");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "export OPENAI_BASE_URL=\"https://wg.example/v1\"\nexport OPENAI_API_KEY=\"$WEIRGATE_API_KEY\"\n"
    );
    assert!(all(home.path()).is_empty(), "nothing is written");
    // People paste the address of the other shape.
    let output = connect(
        home.path(),
        &["openai-python", "--api-url", "https://wg.example/v1/", "--model", "m"],
        &[],
    );
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .starts_with("export OPENAI_BASE_URL=\"https://wg.example/v1\"\n")
    );
}

#[test]
fn print_shows_the_key_and_says_so() {
    let home = tempfile::tempdir().unwrap();
    for client in Client::all() {
        let arguments = [client.id, "--api-url", "https://wg.example", "--model", "m", "--print"];
        let output = connect(home.path(), &arguments, &[("WEIRGATE_API_KEY", KEY)]);
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains(KEY), "{}", client.id);
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("the key stands in"),
            "{}",
            client.id
        );
        let output = connect(home.path(), &arguments, &[]);
        assert!(output.status.success() && output.stderr.is_empty());
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("YOUR_WEIRGATE_KEY"),
            "{}",
            client.id
        );
    }
    let arguments = [
        "codex",
        "--api-url",
        "https://wg.example",
        "--model",
        "m",
        "--print",
        "--json",
    ];
    let value: Value = serde_json::from_slice(&connect(home.path(), &arguments, &[]).stdout).unwrap();
    assert_eq!(value["path"], "/v1/responses");
    assert_eq!(
        value["steps"][0]["file"]["path"],
        home.path().join(".codex/config.toml").to_str().unwrap()
    );
    assert_eq!(value["steps"][1]["variables"]["WEIRGATE_API_KEY"], "YOUR_WEIRGATE_KEY");
    assert!(all(home.path()).is_empty(), "nothing is written");
}

#[test]
fn key_comes_from_a_variable_or_standard_input_only() {
    let home = tempfile::tempdir().unwrap();
    let common = ["aider", "--api-url", "https://wg.example", "--model", "m"];
    for (more, variables, said) in [
        (&[][..], &[][..], "these files hold the key"),
        (&["--key", KEY], &[], "every process of this machine could read it"),
        (&["--key", "MINE"], &[], "MINE is not set"),
        (&["--key", "MINE"], &[("MINE", "two words")], "has blanks in it"),
    ] {
        let output = connect(home.path(), &[&common[..], more].concat(), variables);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            text(&output).contains(said) && !text(&output).contains("secret"),
            "{}",
            text(&output)
        );
        assert!(all(home.path()).is_empty());
    }
    let mut command = weirgate(home.path(), &["connect"]);
    command.args(common).args(["--key", "-"]).env("HOME", home.path());
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(format!("{KEY}\n").as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    let written = std::fs::read_to_string(home.path().join(".aider.conf.yml")).unwrap();
    assert!(written.contains(&format!("openai-api-key: \"{KEY}\"")), "{written}");
}

#[test]
fn wrong_words_are_told_with_what_would_be_right() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, said) in [
        (&["codexx", "--model", "m"][..], "did you mean `codex`"),
        (&["something-else", "--model", "m"], "`weirgate connect` lists all"),
        (
            &["codex", "--model", "m", "--api-url", "wg.example"],
            "has to look like",
        ),
        (
            &["codex", "--model", "m", "--api-url", "ftp://wg.example"],
            "has to look like",
        ),
        (
            &["codex", "--model", "m", "--api-url", "https://a:b@wg.example"],
            "has to look like",
        ),
        (&["codex"], "name a model"),
    ] {
        let output = connect(home.path(), arguments, &[]);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(text(&output).contains(said), "{arguments:?}: {}", text(&output));
    }
    let listed = text(&connect(home.path(), &[], &[]));
    assert!(Client::all().all(|client| listed.contains(client.id)), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn model_is_asked_of_the_server_when_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weirgate(folder.path(), &["serve", "--port", "0"]);
    command.env("APP_ENV", "development");
    let server = Server::start(command);
    let address = format!("http://{}", server.address);
    let arguments = ["codex", "--api-url", &address];
    let refused = connect(folder.path(), &arguments, &[("WEIRGATE_API_KEY", KEY)]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused).contains("refuses: "), "{}", text(&refused));

    let mut http = http_client::Client::to(&server).await;
    let account = json!({ "email": "anna@example.com", "password": "correct horse battery" });
    let registered = made(&mut http, "auth/register", "", &account).await;
    let token = format!("Bearer {}", registered["access_token"].as_str().unwrap());
    let key = made(&mut http, "account/keys", &token, &json!({ "name": "laptop" })).await;
    let variables = [("WEIRGATE_API_KEY", key["key"].as_str().unwrap())];
    let output = connect(folder.path(), &arguments, &variables);
    assert!(output.status.success(), "{}", text(&output));
    let written = std::fs::read_to_string(folder.path().join(".codex/config.toml")).unwrap();
    assert!(
        written.contains("model = \"demo\"") && written.contains(&address),
        "{written}"
    );
}

async fn made(http: &mut http_client::Client, path: &str, token: &str, body: &Value) -> Value {
    let headers = [("content-type", "application/json"), ("authorization", token)];
    let headers = if token.is_empty() { &headers[..1] } else { &headers[..] };
    let path = format!("/api/v1/{path}");
    let reply = http.call(&Method::POST, &path, headers, &body.to_string()).await;
    assert_eq!(reply.status, 201, "{path}");
    serde_json::from_slice(&reply.body).unwrap()
}
