//! System packages: looks for programs, and as root installs the packages that bring them. Anybody else is told the one line to run.

use crate::process;
use anyhow::{Context as _, Result, bail};
use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Something a chore needs from the system.
pub struct Need {
    /// The Debian or Ubuntu package.
    pub package: &'static str,
    pub here: fn() -> bool,
}

pub const COMPILER: &[Need] = &[
    Need {
        package: "build-essential",
        here: || program("cc").is_some() && program("make").is_some(),
    },
    Need {
        package: "pkg-config",
        here: || program("pkg-config").is_some(),
    },
];
pub const POSTGRES: &[Need] = &[Need {
    package: "postgresql",
    here: || crate::postgres::binaries().is_some(),
}];
pub const CHROMIUM: &[Need] = &[Need {
    package: "chromium",
    here: || chromium().is_some(),
}];
pub const PYTHON: &[Need] = &[
    Need {
        package: "python3",
        here: || program("python3").is_some(),
    },
    Need {
        package: "python3-venv",
        here: || says_yes("python3", &["-c", "import ensurepip, venv"]),
    },
];
pub const BENCH: &[Need] = &[
    Need {
        package: "nginx-light",
        here: || program("nginx").is_some() || Path::new("/usr/sbin/nginx").exists(),
    },
    Need {
        package: "wrk",
        here: || program("wrk").is_some(),
    },
];

/// What cargo-leptos would otherwise compile for itself, for minutes.
pub const OPENSSL: &[Need] = &[Need {
    package: "libssl-dev",
    here: || says_yes("pkg-config", &["--atleast-version=1.1.0", "openssl"]),
}];

pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The first executable of that name on `PATH`.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

pub fn chromium() -> Option<PathBuf> {
    if let Some(chosen) = env::var_os("CHROMIUM").filter(|value| !value.is_empty()) {
        return Some(chosen.into());
    }
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .find_map(|name| program(name))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn says_yes(name: &str, arguments: &[&str]) -> bool {
    Command::new(name)
        .args(arguments)
        .output()
        .is_ok_and(|done| done.status.success())
}

/// Whether all `needs` are there. Installs what is missing where that asks nobody, and does without it elsewhere.
pub fn welcome(needs: &[Need]) -> bool {
    ensure(needs).is_ok()
}

/// Makes sure of all `needs`; does nothing, and costs nothing, when they are there.
pub fn ensure(needs: &[Need]) -> Result<()> {
    ensure_all(&[needs])
}

/// The same for what several chores need, so that whoever installs packages by hand is told one line and not one after the other.
pub fn ensure_all(chores: &[&[Need]]) -> Result<()> {
    let needs: Vec<&Need> = chores.iter().copied().flatten().collect();
    let mut missing: Vec<&str> = needs
        .iter()
        .filter(|need| !(need.here)())
        .map(|need| need.package)
        .collect();
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!("apt-get install --yes --no-install-recommends {}", missing.join(" "));
    if !is_root() || program("apt-get").is_none() {
        bail!(
            "the system lacks {}. Please run:\n\n    sudo {install}\n\nand then this command again",
            missing.join(", ")
        );
    }
    let mut update = Command::new("apt-get");
    update
        .args(["update", "--quiet"])
        .env("DEBIAN_FRONTEND", "noninteractive");
    process::step("refresh the list of system packages", update).context("apt-get update")?;
    let mut command = Command::new("apt-get");
    command
        .args(install.split(' ').skip(1))
        .env("DEBIAN_FRONTEND", "noninteractive");
    process::step(&format!("install system packages: {}", missing.join(" ")), command)?;
    match needs.iter().find(|need| !(need.here)()) {
        Some(need) => bail!(
            "the package {} is installed, but what it should bring was not found",
            need.package
        ),
        None => Ok(()),
    }
}
