//! A database of its own for a running binary: a SQLite file in its data folder, or one on the PostgreSQL server that
//! `WEIRGATE_TEST_POSTGRES_URL` names.

use std::{
    path::Path,
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

/// What a running process writes by itself or beside every request.
const LEFT_OUT: [&str; 5] = [
    ".nodes ",
    ".audit_seals ",
    ".audit_sealed ",
    ".audit_unsealed ",
    ".request_logs ",
];

pub struct Database {
    dir: TempDir,
    postgres: Option<Postgres>,
}

struct Postgres {
    /// Where databases are made and dropped.
    server: String,
    name: String,
    url: String,
}

impl Database {
    pub fn sqlite() -> Self {
        Database {
            dir: TempDir::new().unwrap(),
            postgres: None,
        }
    }

    /// None when no server is named.
    pub fn postgres() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("WEIRGATE_TEST_POSTGRES_URL").ok()?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("binary_{}_{count}", std::process::id());
        psql(&server, &format!("CREATE DATABASE {name}"));
        let (before, _) = server.rsplit_once('/').unwrap();
        Some(Database {
            dir: TempDir::new().unwrap(),
            postgres: Some(Postgres {
                url: format!("{before}/{name}"),
                server,
                name,
            }),
        })
    }

    /// The folder to run the binary in.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// None for the file in the data folder, which is what a binary uses unless it is told otherwise.
    pub fn url(&self) -> Option<&str> {
        self.postgres.as_ref().map(|postgres| postgres.url.as_str())
    }

    pub fn name_to(&self, command: &mut Command) {
        if let Some(url) = self.url() {
            command.env("DATABASE_URL", url);
        }
    }

    /// What the database holds, as one value.
    pub async fn digest(&self, observer: &server::State) -> String {
        let Some(url) = self.url() else {
            let digest = server::for_tests::digest(observer).await.unwrap();
            return format!("{digest:?}");
        };
        let dump = done(Command::new("pg_dump").arg("--inserts").arg(url));
        let dump = String::from_utf8_lossy(&dump.stdout).into_owned();
        let rows = dump.lines().filter(|line| line.starts_with("INSERT INTO"));
        let mut rows: Vec<&str> = rows
            .filter(|line| !LEFT_OUT.iter().any(|table| line.contains(table)))
            .collect();
        rows.sort_unstable();
        rows.join("\n")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(Postgres { server, name, .. }) = &self.postgres {
            psql(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn psql(server: &str, statement: &str) {
    let quiet = [
        "--no-psqlrc",
        "--quiet",
        "--set",
        "ON_ERROR_STOP=1",
        "--command",
        statement,
        server,
    ];
    done(Command::new("psql").args(quiet));
}

fn done(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}
