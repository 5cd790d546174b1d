//! `cargo xtask test`: the parts of the checks, in order, with a table at the end.

use crate::place::Place;
use crate::postgres::{self, Cluster};
use crate::system::Need;
use crate::{lint, process, scripts, setup, system};
use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use std::process::Command;
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub struct Arguments {
    /// Only this part; without it everything CI runs.
    part: Option<Part>,
    /// Runs everything at its full size.
    #[arg(long)]
    long: bool,
    #[command(flatten)]
    clients: scripts::ClientsArguments,
    /// Measures which lines the Rust tests reach (needs cargo-llvm-cov).
    #[arg(long)]
    coverage: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Format, clippy, licences, the rules of the house.
    Lint,
    /// Tests that need nothing but the crates.
    Unit,
    /// Servers on SQLite and on PostgreSQL.
    It,
    /// Flows in a real browser.
    E2e,
    /// Vendors' SDKs and other clients, unmodified, by their recipes.
    Clients,
    /// SIGKILLs under load.
    Kill,
    /// Sign-ins, many at once.
    Crowd,
}

/// Which packages' tests belong to `it`; all others are `unit`. A filter instead of `--package`, because a smaller choice of
/// packages means other features, and the same crates compiled once more.
const WITH_SERVERS: &str = "package(server) | package(gateway) | package(weirgate) | package(fake-upstream)";
/// `lint` runs it.
const NEITHER: &str = "package(xtask)";

pub fn run(place: &Place, arguments: &Arguments) -> Result<()> {
    // `kill` before `e2e`: the release binary it builds is looked at in the browser too.
    let all = [
        Part::Lint,
        Part::Unit,
        Part::It,
        Part::Kill,
        Part::Crowd,
        Part::E2e,
        Part::Clients,
    ];
    let parts = arguments.part.map_or_else(|| all.to_vec(), |part| vec![part]);
    let needs: Vec<_> = parts.iter().flat_map(|part| part.needs()).copied().collect();
    system::ensure_all(&needs)?;
    if arguments.coverage {
        coverage_is_installed()?;
        let mut clean = place.cargo(&["llvm-cov", "clean", "--workspace"])?;
        clean.env_remove("RUSTFLAGS");
        process::step("forget earlier coverage", clean)?;
    }
    let mut done = Vec::new();
    for part in parts {
        println!("\n━━ {} ━━", part.name());
        let since = Instant::now();
        let outcome = part.run(place, arguments);
        if process::interrupted() {
            bail!("interrupted");
        }
        if let Err(error) = &outcome {
            eprintln!("\n✗ {}: {error:#}", part.name());
        }
        done.push((part, outcome.is_ok(), since.elapsed()));
    }
    if arguments.coverage {
        process::shown(place.cargo(&["llvm-cov", "report", "--html"])?)?;
        process::shown(place.cargo(&["llvm-cov", "report", "--summary-only"])?)?;
    }
    summary(&done)
}

fn summary(done: &[(Part, bool, Duration)]) -> Result<()> {
    println!("\npart      result   seconds");
    for (part, well, time) in done {
        println!(
            "{:<9} {:<8} {:>7.1}",
            part.name(),
            if *well { "passed" } else { "FAILED" },
            time.as_secs_f32()
        );
    }
    let passed = done.iter().filter(|(_, well, _)| *well).count();
    let failed = done.len() - passed;
    println!("parts: {passed} passed, {failed} failed");
    if failed > 0 {
        std::process::exit(1); // not through main: the line above stays the last one
    }
    Ok(())
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Unit => "unit",
            Self::It => "it",
            Self::E2e => "e2e",
            Self::Clients => "clients",
            Self::Kill => "kill",
            Self::Crowd => "crowd",
        }
    }

    /// Of the system, all of it before the first part begins: a build of half an hour comes before the last.
    const fn needs(self) -> &'static [&'static [Need]] {
        match self {
            Self::Lint | Self::Unit => &[system::COMPILER],
            Self::It => &[system::COMPILER, system::POSTGRES],
            Self::E2e => &[system::COMPILER, system::CHROMIUM],
            Self::Clients => &[system::COMPILER, system::PYTHON],
            Self::Kill => &[system::COMPILER, system::POSTGRES, system::PYTHON],
            Self::Crowd => &[system::COMPILER],
        }
    }

    fn run(self, place: &Place, arguments: &Arguments) -> Result<()> {
        match self {
            Self::Lint => lint::run(place, arguments.long),
            Self::Unit => {
                let rest = format!("not ({WITH_SERVERS} | {NEITHER})");
                process::shown(nextest(place, arguments, &rest)?)
            }
            Self::It => {
                let command = nextest(place, arguments, WITH_SERVERS)?;
                let cluster = Cluster::start()?;
                with_postgres(command, &cluster)
            }
            Self::E2e => scripts::e2e(place, arguments.long),
            Self::Clients => scripts::clients(place, arguments.clients, arguments.long),
            Self::Crowd => scripts::crowd(place, arguments.long),
            Self::Kill => scripts::kill(place, kills(arguments), arguments.long),
        }
    }
}

/// A few are enough among everything else; asked for by name it is the real thing.
fn kills(arguments: &Arguments) -> u32 {
    match (arguments.long, arguments.part) {
        (true, _) => 200,
        (false, Some(_)) => 20,
        (false, None) => 6,
    }
}

fn with_postgres(mut command: Command, cluster: &Cluster) -> Result<()> {
    command.env("WEIRGATE_TEST_POSTGRES_URL", cluster.url());
    process::shown(postgres::first_on_path(command)?)
}

fn nextest(place: &Place, arguments: &Arguments, filter: &str) -> Result<Command> {
    system::ensure(system::COMPILER)?;
    setup::toolchain(place)?;
    setup::tool(place, &setup::NEXTEST)?;
    let mut command = if arguments.coverage {
        place.cargo(&["llvm-cov", "--no-report", "nextest"])?
    } else {
        place.cargo(&["nextest", "run"])?
    };
    command.args(["--no-fail-fast", "--filterset", filter]);
    if arguments.long {
        command
            .args(["--run-ignored", "all"])
            .env("WEIRGATE_LONG", "1")
            .env("PROPTEST_CASES", "4096");
    }
    Ok(command)
}

fn coverage_is_installed() -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["llvm-cov", "--version"]);
    process::output(command).map(drop).context(
        "coverage needs cargo-llvm-cov. Please run:

    rustup component add llvm-tools
    cargo install --locked cargo-llvm-cov

and then this command again",
    )
}
