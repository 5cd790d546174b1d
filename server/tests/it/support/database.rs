//! A database of its own for every test.

use std::{
    path::Path,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

/// What a running process writes by itself or beside every request: its sign of life, seals over the audit log, the log of requests.
const LEFT_OUT: [&str; 5] = [
    ".nodes ",
    ".audit_seals ",
    ".audit_sealed ",
    ".audit_unsealed ",
    ".request_logs ",
];

pub struct Database {
    pub url: String,
    dir: TempDir,
    /// The server to drop the database from, and its name.
    postgres: Option<(String, String)>,
}

impl Database {
    pub fn sqlite() -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let url = format!("sqlite://{}/weirgate.db", dir.path().display());
        Database {
            url,
            dir,
            postgres: None,
        }
    }

    /// A new database on the server that `WEIRGATE_TEST_POSTGRES_URL` names.
    #[expect(clippy::disallowed_methods, reason = "the one switch of these tests")]
    pub fn postgres() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("WEIRGATE_TEST_POSTGRES_URL")
            .ok()
            .filter(|url| !url.is_empty())?;
        let name = format!("it_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        psql(&server, &format!("CREATE DATABASE {name}"));
        let mut url = url::Url::parse(&server).expect("a URL");
        url.set_path(&name);
        Some(Database {
            url: url.into(),
            dir: TempDir::new().expect("a temporary folder"),
            postgres: Some((server, name)),
        })
    }

    /// The same PostgreSQL database for another node, with a data folder of its own.
    pub fn beside(&self) -> Self {
        assert!(self.postgres.is_some(), "SQLite has one node");
        Database {
            url: self.url.clone(),
            dir: TempDir::new().expect("a temporary folder"),
            postgres: None,
        }
    }

    /// The data folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Everything the database holds, as bytes.
    pub fn dump(&self) -> Vec<u8> {
        if self.postgres.is_some() {
            let dump = Command::new("pg_dump")
                .arg("--inserts")
                .arg(&self.url)
                .output()
                .expect("pg_dump runs");
            assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
            return dump.stdout;
        }
        let files = std::fs::read_dir(self.dir()).expect("the data folder");
        let files = files.map(|file| file.expect("a file").path());
        files
            .filter(|path| {
                path.file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with("weirgate.db"))
            })
            .flat_map(|path| std::fs::read(path).expect("a database file"))
            .collect()
    }

    /// Every row the database holds, as one text, but for what processes write by themselves.
    pub fn rows(&self) -> String {
        let dump = String::from_utf8_lossy(&self.dump()).into_owned();
        let mut rows: Vec<&str> = dump
            .lines()
            .filter(|line| line.starts_with("INSERT INTO") && !LEFT_OUT.iter().any(|table| line.contains(table)))
            .collect();
        rows.sort_unstable();
        rows.join("\n")
    }

    pub fn remove(self) {
        if let Some((server, name)) = &self.postgres {
            psql(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn psql(server: &str, statement: &str) {
    let output = Command::new("psql")
        .args([
            "--no-psqlrc",
            "--quiet",
            "--set",
            "ON_ERROR_STOP=1",
            "--command",
            statement,
            server,
        ])
        .output()
        .expect("psql runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
