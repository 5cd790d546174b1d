//! Where things are: the checkout, cargo's target folder, and the user's cache with the pinned tools.
//!
//! Owns the environment of every command that is started from here. Nothing may depend on the cache being there.

use anyhow::{Context as _, Result};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names that `cargo run` sets for the program it starts. Build scripts (ring's, for one) declare some of them as inputs, so that
/// leaving them in place would make builds started from here and plain `cargo build` evict each other's results.
const SET_BY_CARGO_RUN: [&str; 6] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_NAME",
    "CARGO_PRIMARY_PACKAGE",
    "OUT_DIR",
];

/// Where the browser's files are built, as cargo-leptos names it: from the checkout.
const SITE_ROOT: &str = "target/site";
/// Of its own, so that a release binary never carries a debug build's files.
const RELEASE_SITE_ROOT: &str = "target/site-release";

/// The file and crate name that `cargo leptos` gives the browser's files. Leptos bakes it in when it compiles, so every
/// cargo command has to see the same value.
pub const OUTPUT_NAME: &str = "weirgate";

pub struct Place {
    pub root: PathBuf,
    pub target: PathBuf,
    pub cache: PathBuf,
}

impl Place {
    pub fn find() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest)
            .parent()
            .context("xtask lies in the workspace")?
            .to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR").filter(|value| !value.is_empty()) {
            Some(chosen) => env::current_dir()?.join(chosen),
            None => root.join("target"),
        };
        let cache = match env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
            Some(chosen) => PathBuf::from(chosen),
            None => PathBuf::from(env::var_os("HOME").context("HOME is not set")?).join(".cache"),
        };
        Ok(Self {
            root,
            target,
            cache: cache.join("weirgate"),
        })
    }

    pub fn tools(&self) -> PathBuf {
        self.cache.join("tools")
    }

    /// The debug build's files for the browser.
    pub fn site(&self) -> PathBuf {
        self.root.join(SITE_ROOT)
    }

    pub fn binary(&self, name: &str, release: bool) -> PathBuf {
        self.target.join(if release { "release" } else { "debug" }).join(name)
    }

    /// `PATH` with the pinned tools before everything else.
    pub fn path(&self) -> Result<OsString> {
        let own = [self.tools().join("bin"), self.root.join("node_modules/.bin")];
        let inherited = env::var_os("PATH").unwrap_or_default();
        Ok(env::join_paths(own.into_iter().chain(env::split_paths(&inherited)))?)
    }

    /// A command in the checkout with the pinned tools on its `PATH`.
    pub fn command(&self, program: &str) -> Result<Command> {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", self.path()?);
        for (name, _) in env::vars_os() {
            if name
                .to_str()
                .is_some_and(|name| SET_BY_CARGO_RUN.iter().any(|set| name.starts_with(set)))
            {
                command.env_remove(name);
            }
        }
        Ok(command)
    }

    /// `cargo …` in the checkout, always into the one target folder.
    pub fn cargo(&self, arguments: &[&str]) -> Result<Command> {
        self.cargo_for(SITE_ROOT, arguments)
    }

    /// The same for a release build.
    pub fn cargo_for_release(&self, arguments: &[&str]) -> Result<Command> {
        self.cargo_for(RELEASE_SITE_ROOT, arguments)
    }

    fn cargo_for(&self, site: &str, arguments: &[&str]) -> Result<Command> {
        let mut command = self.command("cargo")?;
        command.args(arguments).env("CARGO_TARGET_DIR", &self.target);
        // Inputs of Leptos and of the root package's build script: cargo-leptos sets them, so all others have to.
        command
            .env("LEPTOS_OUTPUT_NAME", OUTPUT_NAME)
            .env("LEPTOS_SITE_ROOT", site);
        Ok(command)
    }
}
