//! The programs in `end2end/` and `bench/` that drive a built Weirgate from outside, and what they are told through their environment.

use crate::place::Place;
use crate::postgres::Cluster;
use crate::{build, process, python, setup, system};
use anyhow::{Context as _, Result};
use std::env;
use std::process::Command;

#[derive(clap::Args)]
pub struct BenchArguments {
    /// Runs every table at its full size.
    #[arg(long)]
    long: bool,
    /// Passed on to the bench program.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Flows in a real browser; also on the release binary, copied alone into an empty folder, when there is a current one.
pub fn e2e(place: &Place, long: bool) -> Result<()> {
    system::ensure(system::CHROMIUM)?;
    setup::npm(place, &place.root.join("end2end"))?;
    let release = if long {
        Some(build::all(place, true)?.weirgate)
    } else {
        build::release_if_current(place)?
    };
    let built = build::all(place, false)?;
    let mut command = end2end(place, "e2e", &built, long)?;
    if let Some(release) = release {
        command.env("WEIRGATE_RELEASE_BIN", release);
    }
    process::shown(command)
}

/// Unmodified vendors' SDKs, directly and through a proxy nobody here wrote.
pub fn clients(place: &Place, long: bool) -> Result<()> {
    setup::npm(place, &place.root.join("end2end"))?;
    let sdks = python::environment(place, "end2end/requirements.txt")?;
    let litellm = python::environment(place, "end2end/requirements-litellm.txt")?;
    let built = build::all(place, false)?;
    let mut command = end2end(place, "clients", &built, long)?;
    command
        .env("WEIRGATE_PYTHON", sdks)
        .env("WEIRGATE_LITELLM_PYTHON", litellm);
    process::shown(command)
}

/// SIGKILLs under load, on the release binary and both databases.
pub fn kill(place: &Place, kills: u32, long: bool) -> Result<()> {
    system::ensure(system::PYTHON)?;
    setup::npm(place, &place.root.join("end2end"))?;
    let built = build::all(place, true)?;
    let cluster = Cluster::start()?;
    let mut command = end2end(place, "kill", &built, long)?;
    command.env("WEIRGATE_RELEASE_BIN", &built.weirgate);
    command.env("WEIRGATE_TEST_POSTGRES_URL", cluster.url());
    command.env(
        "WEIRGATE_KILLS",
        env::var("WEIRGATE_KILLS").unwrap_or_else(|_| kills.to_string()),
    );
    process::shown(command)
}

/// Five hundred sign-ins at once, on the release binary when there is a current one.
pub fn crowd(place: &Place, long: bool) -> Result<()> {
    let release = build::release_if_current(place)?;
    let built = build::all(place, false)?;
    let mut command = end2end(place, "crowd", &built, long)?;
    if let Some(release) = release {
        command.env("WEIRGATE_RELEASE_BIN", release);
    }
    process::shown(command)
}

pub fn bench(place: &Place, arguments: &BenchArguments) -> Result<()> {
    system::ensure(system::BENCH)?;
    system::ensure(system::PYTHON)?;
    let built = build::all(place, true)?;
    let mut command = script(place, "bench/run.mjs", &built, arguments.long)?;
    command
        .env("WEIRGATE_RELEASE_BIN", &built.weirgate)
        .args(&arguments.arguments);
    match python::environment(place, "end2end/requirements-litellm.txt") {
        Ok(litellm) => {
            command.env("WEIRGATE_LITELLM_PYTHON", litellm);
        }
        Err(error) => eprintln!("\nno LiteLLM beside it: {error:#}"),
    }
    process::shown(command)
}

fn end2end(place: &Place, part: &str, built: &build::Built, long: bool) -> Result<Command> {
    let mut command = script(place, "end2end/run.mjs", built, long)?;
    command
        .arg(part)
        .env("WEIRGATE_E2E_ARTEFACTS", place.root.join("end2end/artefacts"));
    Ok(command)
}

fn script(place: &Place, file: &str, built: &build::Built, long: bool) -> Result<Command> {
    setup::node(place)?;
    let mut command = place.command("node")?;
    command
        .arg(
            place
                .root
                .join(file)
                .to_str()
                .context("the checkout's path is not UTF-8")?,
        )
        .env("WEIRGATE_BIN", &built.weirgate)
        .env("WEIRGATE_SITE_ROOT", place.site())
        .env("FAKE_UPSTREAM_BIN", &built.fake_upstream);
    if let Some(browser) = system::chromium() {
        command.env("CHROMIUM", browser);
    }
    if long {
        command.env("WEIRGATE_LONG", "1");
    }
    Ok(command)
}
