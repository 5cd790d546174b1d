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

/// Which clients run, and what becomes of what they find.
#[derive(Clone, Copy, Default, clap::Args)]
pub struct ClientsArguments {
    /// With `clients`: also those that are too large for every run; `--long` has them too.
    #[arg(long)]
    all: bool,
    /// With `clients`: writes docs/reference/clients.md instead of comparing with it.
    #[arg(long)]
    write: bool,
}

/// Unmodified clients, directly, by their recipes, and through a proxy nobody here wrote. Families of Python packages that do not go
/// together have an environment each.
pub fn clients(place: &Place, which: ClientsArguments, long: bool) -> Result<()> {
    let all = which.all || long;
    setup::npm(place, &place.root.join("end2end"))?;
    let mut pythons = vec![
        ("WEIRGATE_PYTHON", "end2end/requirements.txt"),
        ("WEIRGATE_LITELLM_PYTHON", "end2end/requirements-litellm.txt"),
        ("WEIRGATE_LLM_PYTHON", "end2end/requirements-llm.txt"),
    ];
    if all {
        setup::npm(place, &place.root.join("end2end/large"))?;
        pythons.push(("WEIRGATE_LANGCHAIN_PYTHON", "end2end/requirements-langchain.txt"));
        pythons.push(("WEIRGATE_AIDER_PYTHON", "end2end/requirements-aider.txt"));
    }
    let mut variables = Vec::new();
    for (name, requirements) in pythons {
        variables.push((name, python::environment(place, requirements)?));
    }
    let built = build::all(place, false)?;
    let mut command = end2end(place, "clients", &built, long)?;
    command.envs(variables);
    if all {
        command.env("WEIRGATE_ALL_CLIENTS", "1");
    }
    if which.write {
        command.env("WEIRGATE_WRITE_DOCS", "1");
    }
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
    system::ensure_all(&[system::COMPILER, system::BENCH, system::PYTHON])?;
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
