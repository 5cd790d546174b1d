//! The release binary carries everything it serves: copied alone into an empty folder, it must serve every page's files.

use anyhow::{Context as _, Result, bail};
use std::env;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with the binary in it and nothing else, and the binary running; both end with this value.
struct Alone {
    folder: PathBuf,
    server: Child,
    port: u16,
}

pub fn check(binary: &Path) -> Result<()> {
    let mut alone = Alone::start(binary)?;
    alone.wait()?;
    let page = alone.get("/login")?;
    let mut files = Vec::new();
    for wanted in ["js", "wasm", "css"] {
        let file = links(&page.body).into_iter().find(|link| ends_with(link, wanted));
        // The loader names the wasm file, not always the page.
        files.push(file.unwrap_or_else(|| format!("/pkg/{}.{wanted}", crate::place::OUTPUT_NAME)));
    }
    let style = alone.get(&files[2])?;
    files.extend(links(&style.body).into_iter().filter(|link| ends_with(link, "woff2")));
    if !files.iter().any(|file| ends_with(file, "woff2")) {
        bail!("the style sheet names no bundled font");
    }
    for file in &files {
        let answer = alone.get(file)?;
        if answer.body.is_empty() {
            bail!("{file} is empty");
        }
    }
    println!(
        "✓ the binary alone in an empty folder serves its page and {} files",
        files.len()
    );
    Ok(())
}

struct Answer {
    body: String,
}

impl Alone {
    fn start(binary: &Path) -> Result<Self> {
        let folder = env::temp_dir().join(format!("weirgate-alone-{}", std::process::id()));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let copy = folder.join("weirgate");
        fs::copy(binary, &copy)?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let log = fs::File::create(folder.join("log"))?;
        let mut command = Command::new(copy);
        command
            .arg("serve")
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        // Nothing of the build's environment may help it.
        command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("PORT", port.to_string());
        let server = command.spawn().context("start the copied binary")?;
        Ok(Self { folder, server, port })
    }

    fn wait(&mut self) -> Result<()> {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if self.get("/livez").is_ok() {
                return Ok(());
            }
            if self.server.try_wait()?.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!(
            "the binary alone did not start:\n{}",
            fs::read_to_string(self.folder.join("log")).unwrap_or_default()
        )
    }

    fn get(&self, path: &str) -> Result<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n",
            self.port
        )?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").context("no answer")?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        if status != "200" {
            bail!("GET {path} answers {status}");
        }
        Ok(Answer { body: body.to_owned() })
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Paths from the root that a page or a style sheet names.
fn links(text: &str) -> Vec<String> {
    let words = text.split(['"', '\'', '(', ')', '`', ' ']);
    words
        .filter(|word| word.starts_with('/') && word.contains('.'))
        .map(str::to_owned)
        .collect()
}

fn ends_with(link: &str, suffix: &str) -> bool {
    link.split('?')
        .next()
        .is_some_and(|path| path.ends_with(&format!(".{suffix}")))
}
