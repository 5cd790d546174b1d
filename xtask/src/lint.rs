//! Checks that run nothing of ours: format, clippy on both targets, licences and bans, and the rules of the house.

use crate::place::Place;
use crate::{process, setup};
use anyhow::Result;

pub fn run(place: &Place, long: bool) -> Result<()> {
    setup::toolchain(place)?;
    setup::tool(place, &setup::DENY)?;
    process::shown(place.cargo(&["fmt", "--all", "--check"])?)?;
    // The rules of the house: directions of knowledge, sizes of files, configuration that must agree.
    process::shown(place.cargo(&["test", "--quiet", "--package", "xtask"])?)?;
    process::shown(place.cargo(&["clippy", "--all-targets", "--", "--deny", "warnings"])?)?;
    // Beside `cargo leptos`'s own results, so that macros and build scripts are built once.
    let front = place.target.join("front");
    let mut frontend = place.cargo(&["clippy", "--package", "frontend", "--target", "wasm32-unknown-unknown"])?;
    frontend
        .arg("--target-dir")
        .arg(front)
        .args(["--", "--deny", "warnings"]);
    process::shown(frontend)?;
    process::shown(place.cargo(&["deny", "check", "licenses", "bans", "sources"])?)?;
    if long {
        process::shown(place.cargo(&["deny", "check", "advisories"])?)?;
    } else {
        println!(
            "Security advisories need their database from the network: `cargo xtask test lint --long` checks them."
        );
    }
    Ok(())
}
