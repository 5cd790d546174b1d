//! A mail server that takes everything, on a free port of this machine.
#![expect(clippy::disallowed_methods, reason = "ended when the mail server is dropped")]

use std::sync::{Arc, Mutex};

use server::{Config, config::AppEnv, crypto::Secret};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub struct Smtp {
    port: u16,
    letters: Arc<Mutex<Vec<Received>>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone, Default)]
pub struct Received {
    pub to: Vec<String>,
    /// Head and body as they came.
    pub data: String,
}

impl Smtp {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let letters = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&letters);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                tokio::spawn(async move { talk(stream, &kept).await });
            }
        });
        Smtp { port, letters, task }
    }

    /// Production that sends here.
    pub fn configure(&self, config: &mut Config) {
        config.server.app_env = AppEnv::Production;
        config.smtp.url = Some(Secret::new(format!("smtp://127.0.0.1:{}", self.port)));
    }

    pub fn letters(&self) -> Vec<Received> {
        self.letters.lock().expect("not poisoned").clone()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn talk(stream: TcpStream, kept: &Mutex<Vec<Received>>) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut letter = Received::default();
    write.write_all(b"220 here\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let (verb, rest) = line.split_at(line.len().min(4));
        let reply: &[u8] = match verb.to_ascii_uppercase().as_str() {
            "RCPT" => {
                let address = rest.split(['<', '>']).nth(1).unwrap_or_default();
                letter.to.push(address.to_owned());
                b"250 fine\r\n"
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                while let Some(line) = lines.next_line().await.ok()? {
                    if line == "." {
                        break;
                    }
                    letter.data.push_str(&line);
                    letter.data.push_str("\r\n");
                }
                kept.lock().expect("not poisoned").push(std::mem::take(&mut letter));
                b"250 kept\r\n"
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await.ok()?;
                return Some(());
            }
            _ => b"250 fine\r\n",
        };
        write.write_all(reply).await.ok()?;
    }
    Some(())
}
