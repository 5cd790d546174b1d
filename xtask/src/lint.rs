//! Checks that run nothing of ours: format, clippy on both targets, licences and bans, and the rules of the house.

use crate::place::Place;
use crate::{process, setup, system};
use anyhow::{Result, bail};
use std::process::Command;

pub fn run(place: &Place, long: bool) -> Result<()> {
    system::ensure(system::COMPILER)?;
    setup::toolchain(place)?;
    setup::tool(place, &setup::DENY)?;

    // Beside `cargo leptos`'s own results, so that macros and build scripts are built once.
    let mut frontend = place.cargo(&["clippy", "--package", "frontend", "--target", "wasm32-unknown-unknown"])?;
    frontend
        .arg("--target-dir")
        .arg(place.target.join("front"))
        .args(["--", "--deny", "warnings"]);
    let mut checks: Vec<(&str, Command)> = vec![
        ("format", place.cargo(&["fmt", "--all", "--check"])?),
        // Directions of knowledge, sizes of files, settings that must agree.
        (
            "rules of the house",
            place.cargo(&["test", "--quiet", "--package", "xtask"])?,
        ),
        (
            "clippy",
            place.cargo(&["clippy", "--all-targets", "--", "--deny", "warnings"])?,
        ),
        ("clippy for the browser", frontend),
        (
            "licences, bans, sources",
            place.cargo(&["deny", "check", "licenses", "bans", "sources"])?,
        ),
    ];
    if long {
        checks.push(("advisories", place.cargo(&["deny", "check", "advisories"])?));
    }
    // All of them, so that one run names everything there is to do.
    let mut failed = Vec::new();
    for (name, check) in checks {
        if let Err(error) = process::shown(check) {
            if process::interrupted() {
                return Err(error);
            }
            failed.push(name);
        }
    }
    if !long {
        println!("Advisories need their database from the network: `cargo xtask test lint --long` checks them too.");
    }
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("failed: {}", failed.join(", "))
    }
}
