//! Python environments for the clients' tests, one per set of requirements, kept in the user's cache.

use crate::place::Place;
use crate::stamp::{self, Inputs};
use crate::{process, system};
use anyhow::Result;
use std::fs;
use std::path::PathBuf;

/// The interpreter of an environment with everything in `requirements` (a path in the checkout) installed.
pub fn environment(place: &Place, requirements: &str) -> Result<PathBuf> {
    system::ensure(system::PYTHON)?;
    let file = place.root.join(requirements);
    let mut version = place.command("python3")?;
    version.args(["-c", "import sys; print(sys.version, sys.executable)"]);
    let text = fs::read_to_string(&file)?;
    let inputs = Inputs::default().text(&process::output(version)?).text(&text).finish();
    let folder = place.cache.join("venvs").join(&inputs);
    let (interpreter, stamp) = (folder.join("bin/python"), folder.join(".weirgate-stamp"));
    if stamp::matches(&stamp, &inputs) && interpreter.exists() {
        return Ok(interpreter);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?; // a half-made one
    }
    let mut create = place.command("python3")?;
    create.args(["-m", "venv"]).arg(&folder);
    process::step(&format!("create a Python environment for {requirements}"), create)?;
    let pip = |arguments: &[&str]| -> Result<_> {
        let mut command = place.command(&interpreter.to_string_lossy())?;
        command.args(["-m", "pip", "install", "--no-input"]).args(arguments);
        Ok(command)
    };
    // Some pinned packages need a resolver newer than the one a distribution ships.
    process::step("upgrade pip", pip(&["--upgrade", "pip"])?)?;
    process::step(
        &format!("install {requirements}"),
        pip(&["--requirement", &file.to_string_lossy()])?,
    )?;
    stamp::write(&stamp, &inputs)?;
    Ok(interpreter)
}
