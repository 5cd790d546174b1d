//! Runs the binary in an empty folder with an empty environment.

pub mod client;
pub mod database;
pub mod routes;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

pub fn weirgate(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weirgate"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Whether everything runs at its full size.
pub fn is_long() -> bool {
    std::env::var_os("WEIRGATE_LONG").is_some()
}

pub fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A running server; killed when dropped.
pub struct Server {
    pub child: Child,
    pub address: String,
    /// Everything it printed before it was ready.
    pub said: String,
}

impl Server {
    pub fn start(mut command: Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("Dashboard:") {
            assert_ne!(out.read_line(&mut said).unwrap(), 0, "the server ended: {said}");
        }
        let address = said
            .split("http://")
            .nth(1)
            .unwrap()
            .split_whitespace()
            .next()
            .unwrap()
            .to_owned();
        let server = Server { child, address, said };
        let since = Instant::now();
        while server.get("/readyz").0 != 200 {
            assert!(since.elapsed() < Duration::from_secs(20), "not ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut server = server;
        // What it says after the address: the set-up link, the demo model. Read without blocking the pipe's writer.
        server.said += &drain(out);
        server
    }

    /// Status and whole answer of a GET.
    pub fn get(&self, path: &str) -> (u16, String) {
        self.ask("GET", path)
    }

    /// Status and whole answer of a request without a body.
    pub fn ask(&self, method: &str, path: &str) -> (u16, String) {
        let host = &self.address;
        self.raw(&format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\naccept: text/html\r\nconnection: close\r\n\r\n"
        ))
    }

    /// The same for a request as it is written, which must ask for the connection's end.
    pub fn raw(&self, request: &str) -> (u16, String) {
        let Ok(mut socket) = TcpStream::connect(&self.address) else {
            return (0, String::new());
        };
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        (
            answer
                .split(' ')
                .nth(1)
                .and_then(|status| status.parse().ok())
                .unwrap_or(0),
            answer,
        )
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }
}

/// Another process's look at the database of a server that runs in `folder`.
pub async fn observer(folder: &Path) -> server::State {
    observe(folder, None).await
}

/// The same for a database of either kind.
pub async fn observer_on(database: &database::Database) -> server::State {
    observe(database.dir(), database.url()).await
}

async fn observe(folder: &Path, url: Option<&str>) -> server::State {
    let data = folder.join("data");
    let mut variables = vec![
        ("WEIRGATE_SERVER__DATA_DIR", data.display().to_string()),
        ("APP_ENV", "development".into()),
    ];
    variables.extend(url.map(|url| ("DATABASE_URL", url.to_owned())));
    let sources = server::config::Sources {
        no_usual_file: true,
        env: variables.into_iter().collect(),
        ..Default::default()
    };
    let config = server::Config::load(&sources)
        .map_err(|error| error.to_string())
        .unwrap()
        .config;
    server::State::start_with(config, server::state::Start::command())
        .await
        .unwrap()
}

fn drain(mut out: BufReader<std::process::ChildStdout>) -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        while out.read_line(&mut line).is_ok_and(|count| count > 0) {
            let _ = sender.send(std::mem::take(&mut line));
        }
    });
    let mut said = String::new();
    while let Ok(line) = receiver.recv_timeout(Duration::from_millis(300)) {
        said += &line;
    }
    said
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
