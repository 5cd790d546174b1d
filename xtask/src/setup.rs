//! What the build needs beyond rustup and Node: the wasm target, pinned cargo tools, npm packages.
//!
//! Everything is looked for first; on a machine that has it all this costs a few milliseconds.

use crate::place::Place;
use crate::{process, stamp, system};
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::Path;

const WASM: &str = "wasm32-unknown-unknown";
const OLDEST_NODE: u32 = 20;

/// A command line tool built from source at one version into the user's cache.
pub struct Tool {
    name: &'static str,
    version: Version,
    program: &'static str,
    arguments: &'static [&'static str],
    /// Brings OpenSSL's sources, whose compilation is a third of its own.
    uses_openssl: bool,
}

enum Version {
    Pinned(&'static str),
    /// The browser's glue code and its generator must be of one version.
    SameAsLocked(&'static str),
}

pub const CARGO_LEPTOS: Tool = Tool {
    name: "cargo-leptos",
    version: Version::Pinned("0.3.10"),
    program: "cargo-leptos",
    arguments: &["--locked"],
    uses_openssl: true,
};
/// Without `--locked`: its lock file names a version that is not served everywhere.
pub const WASM_BINDGEN: Tool = Tool {
    name: "wasm-bindgen-cli",
    version: Version::SameAsLocked("wasm-bindgen"),
    program: "wasm-bindgen",
    arguments: &[],
    uses_openssl: false,
};
pub const NEXTEST: Tool = Tool {
    name: "cargo-nextest",
    version: Version::Pinned("0.9.143"),
    program: "cargo-nextest",
    // Without its self-update, which nobody wants from a pinned tool.
    arguments: &["--locked", "--no-default-features", "--features", "default-no-update"],
    uses_openssl: false,
};
pub const DENY: Tool = Tool {
    name: "cargo-deny",
    version: Version::Pinned("0.20.2"),
    program: "cargo-deny",
    arguments: &["--locked"],
    uses_openssl: false,
};

/// `cargo xtask setup`.
pub fn only(place: &Place) -> Result<()> {
    for_build(place)?;
    println!("\nReady. `cargo xtask watch` rebuilds on each change. With the same tools in your shell:\n");
    println!(
        "    export PATH=\"{}:{}:$PATH\"\n    APP_ENV=development cargo leptos watch -- serve\n",
        place.tools().join("bin").display(),
        place.root.join("node_modules/.bin").display()
    );
    Ok(())
}

/// All that `cargo leptos build` needs.
pub fn for_build(place: &Place) -> Result<()> {
    system::ensure(system::COMPILER)?;
    toolchain(place)?;
    tool(place, &CARGO_LEPTOS)?;
    tool(place, &WASM_BINDGEN)?;
    npm(place, &place.root)
}

/// The wasm target and the components of `rust-toolchain.toml`; rustup does not install them by itself everywhere.
pub fn toolchain(place: &Place) -> Result<()> {
    let mut command = place.command("rustc")?;
    command.args(["--print", "sysroot"]);
    let sysroot = process::output(command).context("rustup's stable toolchain is needed: https://rustup.rs")?;
    let sysroot = Path::new(&sysroot);
    if !sysroot.join("lib/rustlib").join(WASM).is_dir() {
        let mut command = place.command("rustup")?;
        command.args(["target", "add", WASM]);
        process::step("add the wasm target", command)?;
    }
    for (component, program) in [("rustfmt", "bin/rustfmt"), ("clippy", "bin/clippy-driver")] {
        if !sysroot.join(program).exists() {
            let mut command = place.command("rustup")?;
            command.args(["component", "add", component]);
            process::step(&format!("add {component}"), command)?;
        }
    }
    Ok(())
}

pub fn tool(place: &Place, tool: &Tool) -> Result<()> {
    let version = match tool.version {
        Version::Pinned(version) => version.to_owned(),
        Version::SameAsLocked(package) => locked_version(&fs::read_to_string(place.root.join("Cargo.lock"))?, package)?,
    };
    let tools = place.tools();
    if tools.join("bin").join(tool.program).exists() && is_installed(&tools, tool.name, &version) {
        return Ok(());
    }
    if is_on_path(place, tool.program, &version)? {
        return Ok(());
    }
    let mut command = place.command("cargo")?;
    command
        .args(["install", "--root"])
        .arg(&tools)
        .args(tool.arguments)
        .arg(format!("{}@{version}", tool.name))
        // Their own release profiles (fat LTO, one unit) double the time, and nobody notices the speed.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env_remove("CARGO_TARGET_DIR");
    if tool.uses_openssl && system::welcome(system::OPENSSL) {
        command.env("OPENSSL_NO_VENDOR", "1");
    }
    process::step(&format!("build {} {version} (once per machine)", tool.name), command)
}

/// Whether the machine brings the very version itself.
fn is_on_path(place: &Place, program: &str, version: &str) -> Result<bool> {
    let mut command = place.command(program)?;
    command.arg("--version");
    let said = process::output(command).unwrap_or_default();
    Ok(said.split_whitespace().any(|word| word == version))
}

/// cargo keeps a list of what it installed below a root.
fn is_installed(tools: &Path, name: &str, version: &str) -> bool {
    let start = format!("\"{name} {version} (");
    fs::read_to_string(tools.join(".crates.toml")).is_ok_and(|list| list.lines().any(|line| line.starts_with(&start)))
}

/// The version of `package` in the text of a `Cargo.lock`.
fn locked_version(lock: &str, package: &str) -> Result<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    let version = lines
        .nth(1)
        .and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    Ok(version
        .with_context(|| format!("Cargo.lock does not name {package}"))?
        .to_owned())
}

pub fn node(place: &Place) -> Result<()> {
    let mut command = place.command("node")?;
    command.arg("--version");
    let version = process::output(command).context("Node 20 or newer is needed: https://nodejs.org")?;
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST_NODE) {
        bail!("Node {OLDEST_NODE} or newer is needed, here is {version}");
    }
    Ok(())
}

/// `npm ci` in `folder` when its lock file changed since the last time.
pub fn npm(place: &Place, folder: &Path) -> Result<()> {
    let inputs = stamp::Inputs::default()
        .tree(&folder.join("package.json"))?
        .tree(&folder.join("package-lock.json"))?
        .finish();
    let stamp = folder.join("node_modules/.weirgate-stamp");
    if stamp::matches(&stamp, &inputs) {
        return Ok(());
    }
    node(place)?;
    let mut command = place.command("npm")?;
    command.args(["ci", "--no-audit", "--no-fund"]).current_dir(folder);
    let name = match folder.strip_prefix(&place.root) {
        Ok(inside) if inside != Path::new("") => inside.display().to_string(),
        _ => "the workspace".to_owned(),
    };
    process::step(&format!("install npm packages of {name}"), command)?;
    stamp::write(&stamp, &inputs)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn locked_version_is_read_from_the_lock_file() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"9.9.9\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen").unwrap(), "0.2.130");
    }

    #[test]
    fn package_missing_from_the_lock_file_is_an_error() {
        assert!(locked_version("", "wasm-bindgen").is_err());
    }
}
