//! Builds the dashboard and the server through `cargo leptos`, and the fake upstream beside them.
//!
//! The packages and flags are chosen so that plain `cargo build`, the tests and these builds share their results.

use crate::place::Place;
use crate::stamp::{self, Inputs};
use crate::{process, setup};
use anyhow::Result;
use std::env;
use std::path::PathBuf;

/// Everything that ends up in the binaries or the site.
const SOURCES: [&str; 20] = [
    ".cargo/config.toml",
    "Cargo.lock",
    "Cargo.toml",
    "Leptos.toml",
    "build.rs",
    "package-lock.json",
    "rust-toolchain.toml",
    "weirgate.default.toml",
    ".env.example",
    "docs",
    "app",
    "end2end/upstream",
    "frontend",
    "gateway",
    "llm",
    "migration",
    "server",
    "src",
    "style",
    "types",
];

/// What was built, for those who run it.
pub struct Built {
    pub weirgate: PathBuf,
    pub fake_upstream: PathBuf,
}

/// Everything in one profile; nothing at all when neither sources nor results changed since the last time.
pub fn all(place: &Place, release: bool) -> Result<Built> {
    setup::for_build(place)?;
    let built = Built {
        weirgate: place.binary("weirgate", release),
        fake_upstream: place.binary("fake-upstream", release),
    };
    let stamp = place
        .root
        .join("target/xtask")
        .join(if release { "release.stamp" } else { "debug.stamp" });
    let before = fingerprint(place, &built)?;
    if stamp::matches(&stamp, &before) && built.weirgate.exists() && built.fake_upstream.exists() {
        println!("✓ nothing to build");
        return Ok(built);
    }
    if release {
        // The browser's files first: the release binary carries them.
        leptos(
            place,
            "build the dashboard for release",
            &["--release", "--frontend-only"],
        )?;
        leptos(place, "build the server for release", &["--release", "--server-only"])?;
    } else {
        leptos(place, "build dashboard and server", &[])?;
    }
    let mut arguments = vec!["build", "--package", "weirgate", "--package", "fake-upstream", "--bins"];
    arguments.extend(release.then_some("--release"));
    process::step("build the fake upstream", place.cargo(&arguments)?)?;
    // Taken again: the results are part of it, and a source saved meanwhile must not pass for built.
    let sources_changed = sources(place)?.finish() != before_sources(&before);
    if !sources_changed {
        stamp::write(&stamp, &fingerprint(place, &built)?)?;
    }
    Ok(built)
}

fn leptos(place: &Place, label: &str, arguments: &[&str]) -> Result<()> {
    let mut command = place.cargo(&["leptos", "build"])?;
    command.args(arguments);
    process::step(label, command)
}

/// Sources, then results, as one line.
fn fingerprint(place: &Place, built: &Built) -> Result<String> {
    let package = place.site().join("pkg");
    let mut results = Inputs::default().made(&built.weirgate).made(&built.fake_upstream);
    for suffix in ["js", "wasm", "css"] {
        results = results.made(&package.join(format!("{}.{suffix}", crate::place::OUTPUT_NAME)));
    }
    Ok(format!("{} {}", sources(place)?.finish(), results.finish()))
}

fn before_sources(fingerprint: &str) -> &str {
    fingerprint.split(' ').next().unwrap_or_default()
}

fn sources(place: &Place) -> Result<Inputs> {
    let mut compiler = place.command("rustc")?;
    compiler.arg("-vV");
    let mut inputs = Inputs::default().text(&process::output(compiler)?);
    inputs = inputs
        .text(&env::var("RUSTFLAGS").unwrap_or_default())
        .text(&place.target.to_string_lossy());
    for source in SOURCES {
        inputs = inputs.tree(&place.root.join(source))?;
    }
    Ok(inputs)
}
