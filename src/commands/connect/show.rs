//! What `weirgate connect` says.

use serde_json::{Value, json};
use server::config::Env;
use types::clients::{Client, Group, KEY_PLACEHOLDER, KEY_VARIABLE, Step, exports};

use super::files::Folders;

/// All clients, by group.
pub fn list() {
    for (group, name) in [
        (Group::Agents, "Agents and editors"),
        (Group::Libraries, "Libraries"),
        (Group::Shell, "Command line"),
    ] {
        println!("{name}:");
        for client in Client::all().filter(|client| client.group == group) {
            println!("  {:<22} {}", client.id, client.name);
        }
    }
}

/// What somebody may have meant.
pub fn nearest(id: &str) -> String {
    let distance = |client: &&Client| strsim::levenshtein(client.id, id);
    match Client::all()
        .min_by_key(distance)
        .filter(|client| distance(client) <= 3)
    {
        Some(client) => format!("; did you mean `{}`?", client.id),
        None => "; `weirgate connect` lists all".to_owned(),
    }
}

/// The whole recipe as it was filled in.
pub fn all(client: &Client, steps: &[Step], folders: &Folders, as_json: bool) {
    if as_json {
        let value = json!({
            "client": client.id,
            "name": client.name,
            "path": client.speaks.path(),
            "steps": steps.iter().map(|step| step_json(step, folders)).collect::<Vec<_>>(),
            "notes": client.notes.iter().map(|note| note.english()).collect::<Vec<_>>(),
        });
        println!("{value:#}");
        return;
    }
    for step in steps {
        match step {
            Step::Shell(text) => println!("{text}\n"),
            Step::Variables(pairs) => println!("{}\n", exports(pairs)),
            Step::File(file) => println!("# {}\n{}", folders.locate(file).display(), file.text),
            Step::Program { name, text } => println!("# {name}\n{text}"),
            Step::Form(pairs) => println!("{}\n", form(pairs)),
        }
    }
    for note in client.notes {
        println!("# {}", note.english());
    }
}

fn step_json(step: &Step, folders: &Folders) -> Value {
    let object = |pairs: &[(&str, String)]| {
        let field = |(name, value): &(&str, String)| ((*name).to_owned(), Value::from(value.as_str()));
        Value::Object(pairs.iter().map(field).collect())
    };
    match step {
        Step::Shell(text) => json!({ "shell": text }),
        Step::Variables(pairs) => json!({ "variables": object(pairs) }),
        Step::File(file) => json!({ "file": { "path": folders.locate(file), "text": file.text } }),
        Step::Program { name, text } => json!({ "program": { "name": name, "text": text } }),
        Step::Form(pairs) => json!({ "form": object(pairs) }),
    }
}

fn form(pairs: &[(&str, String)]) -> String {
    let line = |(name, value): &(&str, String)| format!("{name}: {value}");
    pairs.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What is left to do when the files are written. `steps` hold the place of the key, so no key can be told here.
pub fn rest(client: &Client, steps: &[Step], env: &Env, written: bool) {
    for step in steps {
        match step {
            Step::Variables(pairs) => variables(pairs, env),
            Step::Form(pairs) => println!("{}", form(pairs)),
            Step::File(_) | Step::Shell(_) | Step::Program { .. } => {}
        }
    }
    for note in client.notes {
        eprintln!("{}", note.english());
    }
    if !written {
        eprintln!(
            "`weirgate connect {} --print` shows everything, key included.",
            client.id
        );
    }
}

/// As lines for a shell, which takes the key from its own variable.
fn variables(pairs: &[(&'static str, String)], env: &Env) {
    for (name, value) in pairs {
        if *name == KEY_VARIABLE {
            if env.get(KEY_VARIABLE).is_none() {
                eprintln!("Set {KEY_VARIABLE} to the key, where this client is started from.");
            }
            continue;
        }
        let value = value.replace(KEY_PLACEHOLDER, &format!("${KEY_VARIABLE}"));
        println!("{}", exports(&[(name, value)]));
    }
}
