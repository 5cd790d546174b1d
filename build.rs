//! Puts the pages' files into a release binary, when the dashboard has been built for release before it.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a build script speaks to cargo on standard output"
)]

use std::{env, error::Error, fs, hash::Hasher, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rustc-check-cfg=cfg(carries_pages)");
    println!("cargo::rerun-if-env-changed=LEPTOS_SITE_ROOT");
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("PROFILE")? != "release" {
        return Ok(());
    }
    let site = PathBuf::from(env::var("LEPTOS_SITE_ROOT").unwrap_or_else(|_| "target/site".to_owned()));
    println!("cargo::rerun-if-changed={}", site.join("pkg").display());
    if !site.join("pkg/weirgate.wasm").exists() {
        println!(
            "cargo::warning=the dashboard is not built: this binary reads its pages from {}",
            site.display()
        );
        return Ok(());
    }
    let mut hasher = std::hash::DefaultHasher::new();
    for name in ["weirgate.js", "weirgate.wasm", "weirgate.css"] {
        hasher.write(&fs::read(site.join("pkg").join(name))?);
    }
    println!("cargo::rustc-env=WEIRGATE_ASSETS={:016x}", hasher.finish());
    println!("cargo::rustc-cfg=carries_pages");
    memory_serve::load_directory_with_embed(&site, true);
    Ok(())
}
