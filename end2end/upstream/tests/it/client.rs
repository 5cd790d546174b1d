//! A client that hides nothing: it sends bytes and shows the bytes that came back.

use std::io::ErrorKind;

use fake_upstream::{CREDENTIAL, Options, Running, start};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub async fn fake() -> Running {
    start(Options::default()).await.unwrap()
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    /// Without the chunks' framing, if there was any; as much as came.
    pub body: String,
    pub reset: bool,
    /// The body ended as its framing says it should.
    pub whole: bool,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The `data:` of each event; `[DONE]` as a string.
    pub fn data(&self) -> Vec<Value> {
        self.body
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .map(|data| serde_json::from_str(data).unwrap_or_else(|_| json!(data)))
            .collect()
    }
}

pub fn ask(model: &str, stream: bool) -> Value {
    json!({"model": model, "max_tokens": 100, "stream": stream, "messages": [{"role": "user", "content": "twelve chars"}]})
}

pub fn request(path: &str, body: &str, credential: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: fake\r\nx-api-key: {credential}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub async fn send(running: &Running, path: &str, body: &Value) -> Answer {
    raw(running, &request(path, &body.to_string(), CREDENTIAL)).await
}

pub async fn raw(running: &Running, request: &str) -> Answer {
    let mut socket = TcpStream::connect(running.addr).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    receive(&mut socket).await
}

pub async fn receive(socket: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let mut reset = false;
    loop {
        if let Some(answer) = read(&bytes) {
            return answer;
        }
        match socket.read_buf(&mut bytes).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                reset = true;
                break;
            }
            Err(error) => panic!("{error}"),
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, rest) = text.split_once("\r\n\r\n").unwrap_or_default();
    let (body, _) = if head.contains("chunked") {
        unchunk(rest)
    } else {
        (rest.to_owned(), false)
    };
    Answer {
        status: head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0),
        head: head.to_owned(),
        body,
        reset,
        whole: false,
    }
}

/// `Some` when the whole answer is there.
fn read(bytes: &[u8]) -> Option<Answer> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let status = head.get(9..12)?.parse().ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let (body, whole) = match length {
        Some(length) => (rest.to_owned(), rest.len() == length.parse::<usize>().ok()?),
        None => unchunk(rest),
    };
    whole.then(|| Answer {
        status,
        head: head.to_owned(),
        body,
        reset: false,
        whole,
    })
}

fn unchunk(mut rest: &str) -> (String, bool) {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size, 16) else {
            break;
        };
        if size == 0 {
            return (body, true);
        }
        body.push_str(after.get(..size).unwrap_or(after));
        let Some(after) = after.get(size + 2..) else {
            break;
        };
        rest = after;
    }
    (body, false)
}
