//! Builds the dashboard and the server through `cargo leptos`, and the fake upstream beside them.
//!
//! The packages and flags are chosen so that plain `cargo build`, the tests and these builds share their results.

use crate::place::{OUTPUT_NAME, Place};
use crate::stamp::{self, Inputs};
use crate::{process, setup};
use anyhow::Result;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

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

impl Built {
    fn of(place: &Place, release: bool) -> Self {
        Self {
            weirgate: place.binary("weirgate", release),
            fake_upstream: place.binary("fake-upstream", release),
        }
    }
}

/// Everything in one profile; nothing at all when neither sources nor results changed since the last time.
pub fn all(place: &Place, release: bool) -> Result<Built> {
    setup::for_build(place)?;
    let built = Built::of(place, release);
    let stamp = stamp_of(place, release);
    let before = sources(place)?;
    if is_current(place, &stamp, &before, &built, release) {
        println!("✓ nothing to build");
        return Ok(built);
    }
    if release {
        // The browser's files first, because the binary carries them.
        let arguments = ["leptos", "build", "--release", "--frontend-only"];
        step("build the dashboard for release", place.cargo_for_release(&arguments)?)?;
        let arguments = ["leptos", "build", "--release", "--server-only"];
        step("build the server for release", place.cargo_for_release(&arguments)?)?;
    } else {
        step("build dashboard and server", place.cargo(&["leptos", "build"])?)?;
    }
    // `weirgate` is named for its features only: with the same ones the dependencies are already there.
    let mut fake = place.cargo(&["build", "--package", "weirgate", "--package", "fake-upstream"])?;
    fake.args(["--bin", "fake-upstream"])
        .args(release.then_some("--release"));
    step("build the fake upstream", fake)?;
    // A source saved meanwhile must not pass for built.
    if sources(place)? == before {
        stamp::write(&stamp, &fingerprint(place, &before, &built, release))?;
    }
    Ok(built)
}

/// The release binary, if it is that of the present sources.
pub fn release_if_current(place: &Place) -> Result<Option<PathBuf>> {
    let built = Built::of(place, true);
    let current = is_current(place, &stamp_of(place, true), &sources(place)?, &built, true);
    Ok(current.then_some(built.weirgate))
}

/// A compiler's message says enough; where inside cargo-leptos it was passed on says nothing.
fn step(label: &str, mut command: Command) -> Result<()> {
    command.env("RUST_BACKTRACE", "0");
    process::step(label, command)
}

fn stamp_of(place: &Place, release: bool) -> PathBuf {
    let name = if release { "release.stamp" } else { "debug.stamp" };
    place.root.join("target/xtask").join(name)
}

fn is_current(place: &Place, stamp: &Path, sources: &str, built: &Built, release: bool) -> bool {
    built.weirgate.exists()
        && built.fake_upstream.exists()
        && stamp::matches(stamp, &fingerprint(place, sources, built, release))
}

/// Sources and results as one line.
fn fingerprint(place: &Place, sources: &str, built: &Built, release: bool) -> String {
    let mut results = Inputs::default().made(&built.weirgate).made(&built.fake_upstream);
    // A release binary carries the browser's files; a debug one reads those that were built last.
    if !release {
        for suffix in ["js", "wasm", "css"] {
            results = results.made(&place.site().join(format!("pkg/{OUTPUT_NAME}.{suffix}")));
        }
    }
    format!("{sources} {}", results.finish())
}

fn sources(place: &Place) -> Result<String> {
    let mut compiler = place.command("rustc")?;
    compiler.arg("-vV");
    let mut inputs = Inputs::default().text(&process::output(compiler)?);
    for flags in [
        "RUSTFLAGS",
        "CARGO_PROFILE_RELEASE_LTO",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL",
    ] {
        inputs = inputs.text(&env::var(flags).unwrap_or_default());
    }
    inputs = inputs.text(&place.target.to_string_lossy());
    for source in SOURCES {
        inputs = inputs.tree(&place.root.join(source))?;
    }
    Ok(inputs.finish())
}
