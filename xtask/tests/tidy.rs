//! The rules of the house that a compiler does not check: who may know whom, sizes of files, settings that must agree.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests"
)]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The arrows of ARCHITECTURE.md: a crate of ours and the crates of ours it may depend on.
const MAY_KNOW: [(&str, &[&str]); 10] = [
    ("types", &[]),
    ("migration", &[]),
    ("llm", &["types"]),
    ("server", &["migration", "types"]),
    ("gateway", &["llm", "server", "types"]),
    ("app", &["server", "types"]),
    ("frontend", &["app"]),
    ("weirgate", &["app", "gateway", "server", "types"]),
    ("fake-upstream", &[]),
    ("xtask", &[]),
];

/// Crates of the server that must never reach the browser.
const NOT_IN_THE_BROWSER: [&str; 9] = [
    "argon2",
    "gateway",
    "llm",
    "migration",
    "reqwest",
    "sea-orm",
    "server",
    "sqlx",
    "tokio",
];

const LONGEST_FILE: usize = 800;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn toml(path: &str) -> toml::Table {
    read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn cargo(arguments: &[&str]) -> String {
    let done = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "cargo {arguments:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout).unwrap()
}

/// Files of the checkout with one of the extensions, as paths from its root.
fn files(extensions: &[&str]) -> Vec<String> {
    let results = ["target", "node_modules", "artefacts", "data", "__pycache__"];
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![root().to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !results.contains(&name.as_str()) && !name.starts_with('.') {
                    open.push(path);
                }
            } else if extensions
                .iter()
                .any(|extension| name.ends_with(&format!(".{extension}")))
            {
                found.push(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

/// A Rust source without its comments, so that prose may name what code must not.
fn code(path: &str) -> String {
    let lines = read(path);
    lines
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whether `word` stands in `text` as a whole identifier.
fn names(text: &str, word: &str) -> bool {
    let part = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(part) && !text[at + word.len()..].chars().next().is_some_and(part)
    })
}

#[test]
fn crates_know_only_what_the_map_allows() {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version=1", "--offline"])).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages
        .iter()
        .map(|package| package["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        ours,
        MAY_KNOW.iter().map(|(name, _)| *name).collect(),
        "every crate has its line in MAY_KNOW"
    );
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let (_, allowed) = MAY_KNOW.iter().find(|(known, _)| *known == name).unwrap();
        for dependency in package["dependencies"].as_array().unwrap() {
            let (other, for_tests) = (dependency["name"].as_str().unwrap(), dependency["kind"] == "dev");
            let fine = !ours.contains(other) || allowed.contains(&other) || (for_tests && other == "fake-upstream");
            assert!(fine, "{name} must not depend on {other}");
        }
    }
}

#[test]
fn frontend_carries_nothing_of_the_server() {
    let tree = cargo(&[
        "tree",
        "--package",
        "frontend",
        "--target",
        "wasm32-unknown-unknown",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--locked",
    ]);
    let carried: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(
        carried.contains("app") && carried.contains("leptos"),
        "cargo tree answers: {tree}"
    );
    for name in NOT_IN_THE_BROWSER {
        assert!(
            !carried.contains(name),
            "frontend carries {name}: cargo tree -p frontend --target wasm32-unknown-unknown -i {name}"
        );
    }
}

#[test]
fn app_names_neither_gateway_nor_llm() {
    for path in files(&["rs"]).iter().filter(|path| path.starts_with("app/")) {
        let code = code(path);
        for other in ["gateway", "llm"] {
            let named = [
                format!("{other}::"),
                format!("use {other}"),
                format!("extern crate {other}"),
            ];
            let found = named.iter().find(|name| names_path(&code, name));
            assert!(found.is_none(), "{path} names {other}");
        }
    }
}

/// Like `names`, but only the left side has to be a boundary.
fn names_path(text: &str, start: &str) -> bool {
    let part = |character: char| character.is_alphanumeric() || character == '_' || character == ':';
    text.match_indices(start).any(|(at, _)| {
        let right = text[at + start.len()..].chars().next();
        let whole =
            start.ends_with(':') || !right.is_some_and(|character| character.is_alphanumeric() || character == '_');
        whole && !text[..at].chars().next_back().is_some_and(part)
    })
}

#[test]
fn sql_stays_in_the_database_layer() {
    let mut strays = files(&["rs"]);
    strays.retain(|path| {
        let home = path == "server/src/db.rs"
            || path.starts_with("server/src/db/")
            || path.starts_with("migration/")
            || path == "server/tests/it/support/query.rs";
        let words = ["sea_orm", "sea_orm_migration", "sqlx"];
        !home && !path.starts_with("xtask/") && words.iter().any(|word| names(&code(path), word))
    });
    assert!(strays.is_empty(), "SQL belongs into server/src/db: {strays:#?}");
}

#[test]
fn files_stay_readable() {
    let mut long = files(&["rs", "js", "mjs", "ts", "py", "css", "sh"]);
    long.retain(|path| read(path).lines().count() > LONGEST_FILE);
    assert!(long.is_empty(), "split these before {LONGEST_FILE} lines: {long:#?}");
}

#[test]
fn modules_say_what_they_own() {
    let mut silent = files(&["rs"]);
    // `tests.rs` is owned by the module it stands in.
    silent.retain(|path| !path.ends_with("/tests.rs"));
    silent.retain(|path| {
        let text = read(path);
        !text
            .lines()
            .find(|line| !line.trim().is_empty())
            .is_some_and(|first| first.starts_with("//!"))
    });
    assert!(
        silent.is_empty(),
        "these do not start with a //! that says what they own: {silent:#?}"
    );
}

#[test]
fn modules_have_names_of_their_own() {
    for path in files(&["rs"]) {
        let stem = Path::new(&path).file_stem().unwrap().to_str().unwrap();
        let vague = ["mod", "utils", "util", "common", "helpers", "helper", "misc", "manager"];
        assert!(
            !vague.contains(&stem),
            "{path}: name.rs beside name/, called after what it holds"
        );
    }
}

#[test]
fn leptos_options_are_the_same_in_both_files() {
    let cargo = toml("Cargo.toml");
    let built = cargo["workspace"]["metadata"]["leptos"][0].as_table().unwrap();
    let file = toml("Leptos.toml");
    let run = file["workspace"]["metadata"]["leptos"][0].as_table().unwrap();
    for key in [
        "output-name",
        "site-root",
        "site-pkg-dir",
        "site-addr",
        "reload-port",
        "server-fn-prefix",
    ] {
        assert!(run.contains_key(key), "Leptos.toml lacks {key}");
    }
    for (key, value) in run {
        assert_eq!(
            built.get(key),
            Some(value),
            "{key} differs between Leptos.toml and Cargo.toml"
        );
    }
}

#[test]
fn plain_cargo_and_cargo_leptos_compile_the_same() {
    let cargo = toml("Cargo.toml");
    let leptos = &cargo["workspace"]["metadata"]["leptos"][0];
    let config = toml(".cargo/config.toml");
    let environment = &config["env"];
    assert_eq!(environment["SERVER_FN_PREFIX"], leptos["server-fn-prefix"]);
    // Optional: commands of `cargo xtask` bring it themselves.
    if let Some(name) = environment.get("LEPTOS_OUTPUT_NAME") {
        assert_eq!(*name, leptos["output-name"]);
    }
    assert_eq!(leptos["disable-erase-components"].as_bool(), Some(true));
}

#[test]
fn wasm_tools_are_pinned_to_what_is_locked() {
    let cargo = toml("Cargo.toml");
    let pin = cargo["workspace"]["dependencies"]["wasm-bindgen"]
        .as_str()
        .unwrap()
        .trim_start_matches('=')
        .to_owned();
    let lock = toml("Cargo.lock");
    let locked = lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| package["name"].as_str() == Some("wasm-bindgen"));
    let versions: Vec<&str> = locked.map(|package| package["version"].as_str().unwrap()).collect();
    assert_eq!(versions, [pin], "one wasm-bindgen, at the pinned version");
}

#[test]
fn bans_are_in_place_and_say_why() {
    let clippy = toml("clippy.toml");
    let bans = clippy["disallowed-methods"].as_array().unwrap();
    for path in [
        "chrono::Utc::now",
        "std::time::SystemTime::now",
        "jiff::Timestamp::now",
        "reqwest::Client::new",
        "tokio::spawn",
        "std::env::var",
    ] {
        let ban = bans
            .iter()
            .find(|ban| ban["path"].as_str() == Some(path))
            .unwrap_or_else(|| panic!("{path} is not banned"));
        assert!(
            ban["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
            "{path} is banned without a reason"
        );
    }
    let lints = toml("Cargo.toml");
    let denied = &lints["workspace"]["lints"]["clippy"];
    for lint in [
        "unwrap_used",
        "expect_used",
        "panic",
        "todo",
        "dbg_macro",
        "print_stdout",
    ] {
        assert_eq!(denied[lint].as_str(), Some("deny"), "{lint}");
    }
    assert_eq!(
        lints["workspace"]["lints"]["rust"]["unsafe_code"].as_str(),
        Some("forbid")
    );
}

#[test]
fn every_crate_inherits_the_lints() {
    for (name, _) in MAY_KNOW {
        let manifest = match name {
            "weirgate" => "Cargo.toml".to_owned(),
            "fake-upstream" => "end2end/upstream/Cargo.toml".to_owned(),
            other => format!("{other}/Cargo.toml"),
        };
        assert_eq!(
            toml(&manifest)["lints"]["workspace"].as_bool(),
            Some(true),
            "{manifest}"
        );
    }
}
