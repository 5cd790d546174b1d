//! A private PostgreSQL cluster for the tests: own temporary folder, in memory where there is room, own free port, gone at the end.
//!
//! Uses the system's binaries and nothing else of the system: no service, no account, no configuration.

use crate::{process, system};
use anyhow::{Context as _, Result, bail};
use std::env;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const PREFIX: &str = "weirgate-postgres-";
/// `initdb` and `postgres` refuse to run as root; this is who the distribution made for them.
const ACCOUNT: &str = "postgres";
/// Many test binaries with a pool each share the cluster.
const CONNECTIONS: u32 = 400;
/// Linux's file system in memory. Every test makes a database of some three hundred files, four times as slow on a disk.
const MEMORY: &str = "/dev/shm";
/// What must be free there: write-ahead log, catalogs, and some dozen databases at once.
const ROOM_MIB: u64 = 3 * 1024;

pub struct Cluster {
    folder: PathBuf,
    port: u16,
}

impl Cluster {
    pub fn start() -> Result<Self> {
        system::ensure(system::POSTGRES)?;
        sweep();
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let place = if has_room(MEMORY) {
            PathBuf::from(MEMORY)
        } else {
            env::temp_dir()
        };
        let folder = place.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        // From here on dropping it cleans up, also when one of the next lines fails.
        let cluster = Self { folder, port };
        if system::is_root() {
            chown(&cluster.folder, Some(number("-u")?), Some(number("-g")?)).context("give the folder to postgres")?;
        }
        cluster.run()?;
        Ok(cluster)
    }

    fn run(&self) -> Result<()> {
        let data = self.folder.join("data");
        let mut initdb = as_account("initdb")?;
        initdb
            .arg("--pgdata")
            .arg(&data)
            .args(["--username", ACCOUNT, "--auth", "trust", "--encoding", "UTF8"]);
        initdb.args(["--no-locale", "--no-sync"]).current_dir(&self.folder);
        process::step("create a private PostgreSQL cluster", initdb)?;
        let log = self.folder.join("log");
        // Speed over safety: the cluster does not outlive this run.
        let options = format!(
            "-p {} -h 127.0.0.1 -k {} -c max_connections={CONNECTIONS} -c fsync=off -c full_page_writes=off",
            self.port,
            self.folder.display()
        );
        let mut start = as_account("pg_ctl")?;
        start
            .args(["start", "--wait", "--pgdata"])
            .arg(&data)
            .arg("--log")
            .arg(&log)
            .args(["--options", &options]);
        // Not through a pipe: the cluster would inherit it and keep it open.
        start
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if !start.status()?.success() {
            bail!(
                "PostgreSQL did not start: {}",
                fs::read_to_string(&log).unwrap_or_default()
            );
        }
        println!("✓ PostgreSQL listens on port {}", self.port);
        Ok(())
    }

    /// Of the maintenance database; tests create their own beside it.
    pub fn url(&self) -> String {
        format!("postgres://{ACCOUNT}@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

/// Whether a cluster fits into what is free in `place`; where nobody can tell it does not.
fn has_room(place: &str) -> bool {
    let mut command = Command::new("df");
    command.args(["--block-size=1M", "--output=avail", place]);
    let said = process::output(command).unwrap_or_default();
    let free = said.lines().last().and_then(|line| line.trim().parse::<u64>().ok());
    free.is_some_and(|free| free >= ROOM_MIB)
}

/// Removes clusters whose run was killed before it could clean up.
fn sweep() {
    let places = [PathBuf::from(MEMORY), env::temp_dir()];
    for entry in places
        .iter()
        .filter_map(|place| fs::read_dir(place).ok())
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let Some(owner) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        if !Path::new("/proc").join(owner).exists() {
            remove(&entry.path());
        }
    }
}

fn remove(folder: &Path) {
    if folder.join("data/postmaster.pid").exists()
        && let Ok(mut stop) = as_account("pg_ctl")
    {
        stop.args(["stop", "--wait", "--mode", "immediate", "--pgdata"])
            .arg(folder.join("data"));
        let _ = stop
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
    // The last of its processes may still be writing its farewell.
    for _ in 0..20 {
        if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    eprintln!("could not remove {}", folder.display());
}

/// The folder of the newest installed version's programs.
pub fn binaries() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").exists() && folder.join("postgres").exists())
        .collect();
    found.sort();
    let beside = || system::program("initdb").and_then(|file| Some(file.canonicalize().ok()?.parent()?.to_path_buf()));
    found.pop().map(|(_, folder)| folder).or_else(beside)
}

/// Lets `command` find `psql` and `pg_dump` themselves before the distribution's wrappers, which take ten times as long to start.
pub fn first_on_path(mut command: Command) -> Result<Command> {
    let of_command = command.get_envs().find(|(name, _)| *name == "PATH");
    let path = of_command.and_then(|(_, value)| value.map(ToOwned::to_owned));
    let path = path.or_else(|| env::var_os("PATH")).unwrap_or_default();
    let folders = binaries().into_iter().chain(env::split_paths(&path));
    command.env("PATH", env::join_paths(folders)?);
    Ok(command)
}

fn as_account(program: &str) -> Result<Command> {
    let file = binaries()
        .context("PostgreSQL's programs were not found")?
        .join(program);
    if !system::is_root() {
        return Ok(Command::new(file));
    }
    let mut command = Command::new("runuser");
    command.args(["-u", ACCOUNT, "--"]).arg(file);
    Ok(command)
}

fn number(which: &str) -> Result<u32> {
    let mut command = Command::new("id");
    command.args([which, ACCOUNT]);
    Ok(process::output(command)?.parse()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    #[ignore = "needs PostgreSQL's programs"]
    fn cluster_answers_and_leaves_nothing_behind() {
        let cluster = Cluster::start().unwrap();
        let folder = cluster.folder.clone();
        let mut query = Command::new(binaries().unwrap().join("psql"));
        query.args([&cluster.url(), "-Atc", "select 6 * 7"]);
        assert_eq!(process::output(query).unwrap(), "42");
        drop(cluster);
        assert!(!folder.exists());
    }
}
