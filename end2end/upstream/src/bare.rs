//! The upstream for benchmarks: everything under `/bare/`, with answers made once and no log, so that it costs a small part of what any
//! proxy in front of it does. A path segment like `5ms` waits that long before the first byte; one like `4w` writes a stream in that many pieces.

use std::{io, sync::OnceLock, time::Duration};

use bytes::Buf;
use memchr::memmem;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{behaviour::Behaviour, chat, http::Connection, messages, play::Event};

/// `"stream":true` must stand this near to the start of a body to be seen.
const LOOKED_AT: usize = 2048;
const EVENTS: usize = 20;

/// Serves bare requests as long as they come; `true` when the next request is of another kind, `false` when the connection is done.
pub async fn serve(connection: &mut Connection) -> io::Result<bool> {
    loop {
        let Some(asked) = next(connection).await? else {
            return Ok(false);
        };
        let Asked::Bare(request) = asked else { return Ok(true) };
        let stream = read_body(connection, &request).await?;
        if !request.delay.is_zero() {
            tokio::time::sleep(request.delay).await;
        }
        let answers = answers();
        let answer = match (request.chat, stream) {
            (false, false) => &answers.message,
            (true, false) => &answers.completion,
            (false, true) => &answers.message_stream,
            (true, true) => &answers.completion_stream,
        };
        if stream && request.writes > 1 {
            let marks = &answer.marks;
            let mut from = 0;
            for write in 1..=request.writes.min(marks.len()) {
                let to = marks[write * marks.len() / request.writes.min(marks.len()) - 1];
                connection.socket.write_all(&answer.bytes[from..to]).await?;
                from = to;
            }
        } else {
            connection.socket.write_all(&answer.bytes).await?;
        }
    }
}

enum Asked {
    Bare(Request),
    Other,
}

struct Request {
    chat: bool,
    delay: Duration,
    writes: usize,
    length: usize,
    chunked: bool,
}

async fn next(connection: &mut Connection) -> io::Result<Option<Asked>> {
    loop {
        if let Some((asked, used)) = look(&connection.buffer) {
            connection.buffer.advance(used);
            return Ok(Some(asked));
        }
        if connection.socket.read_buf(&mut connection.buffer).await? == 0 {
            return Ok(None);
        }
    }
}

/// `None` until there is a whole head. A head that is not ours, or not one at all, is left where it is.
fn look(buffer: &[u8]) -> Option<(Asked, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let used = match request.parse(buffer) {
        Ok(httparse::Status::Complete(used)) => used,
        Ok(httparse::Status::Partial) => return None,
        Err(_) => return Some((Asked::Other, 0)),
    };
    let Some(rest) = request.path.and_then(|path| path.strip_prefix("/bare/")) else {
        return Some((Asked::Other, 0));
    };
    let mut bare = Request {
        chat: rest.ends_with("chat/completions"),
        delay: Duration::ZERO,
        writes: 1,
        length: 0,
        chunked: false,
    };
    for segment in rest.split('/') {
        if let Some(Ok(delay)) = segment.strip_suffix("ms").map(str::parse) {
            bare.delay = Duration::from_millis(delay);
        } else if let Some(Ok(writes)) = segment.strip_suffix('w').map(str::parse) {
            bare.writes = writes;
        }
    }
    for header in request.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            bare.length = std::str::from_utf8(header.value)
                .ok()
                .and_then(|text| text.trim().parse().ok())
                .unwrap_or(0);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            bare.chunked = true;
        }
    }
    Some((Asked::Bare(bare), used))
}

/// Takes the body off the connection, and says whether a stream is asked for.
async fn read_body(connection: &mut Connection, request: &Request) -> io::Result<bool> {
    if request.chunked {
        return chunks(connection).await;
    }
    let look = request.length.min(LOOKED_AT);
    while connection.buffer.len() < look {
        more(connection).await?;
    }
    let stream = wants_stream(&connection.buffer[..look]);
    let mut left = request.length;
    loop {
        let here = left.min(connection.buffer.len());
        connection.buffer.advance(here);
        left -= here;
        if left == 0 {
            return Ok(stream);
        }
        connection.buffer.reserve(64 << 10);
        more(connection).await?;
    }
}

/// A body in chunks is drained chunk by chunk; the first one decides.
async fn chunks(connection: &mut Connection) -> io::Result<bool> {
    let mut stream = None;
    loop {
        let (used, size) = loop {
            match httparse::parse_chunk_size(&connection.buffer) {
                Ok(httparse::Status::Complete(found)) => break found,
                Ok(httparse::Status::Partial) => more(connection).await?,
                Err(_) => return Err(io::ErrorKind::InvalidData.into()),
            }
        };
        connection.buffer.advance(used);
        let mut left = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(2);
        while connection.buffer.len() < left.min(LOOKED_AT) {
            more(connection).await?;
        }
        stream.get_or_insert_with(|| wants_stream(&connection.buffer[..left.min(LOOKED_AT)]));
        loop {
            let here = left.min(connection.buffer.len());
            connection.buffer.advance(here);
            left -= here;
            if left == 0 {
                break;
            }
            connection.buffer.reserve(64 << 10);
            more(connection).await?;
        }
        if size == 0 {
            return Ok(stream.unwrap_or(false));
        }
    }
}

fn wants_stream(bytes: &[u8]) -> bool {
    memmem::find(bytes, b"\"stream\":true").is_some() || memmem::find(bytes, b"\"stream\": true").is_some()
}

async fn more(connection: &mut Connection) -> io::Result<()> {
    match connection.socket.read_buf(&mut connection.buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

struct Answer {
    bytes: Vec<u8>,
    /// The ends of a stream's events; the last one is the end of all.
    marks: Vec<usize>,
}

struct Answers {
    message: Answer,
    message_stream: Answer,
    completion: Answer,
    completion_stream: Answer,
}

fn answers() -> &'static Answers {
    static ANSWERS: OnceLock<Answers> = OnceLock::new();
    ANSWERS.get_or_init(|| {
        let body = json!({
            "messages": [{"role": "user", "content": "How high is the water?"}], "max_tokens": 100,
            "stream_options": {"include_usage": true},
        });
        let with = |events| Behaviour {
            events,
            ..Behaviour::default()
        };
        // Six events of a Messages stream and four of a Chat one carry no word.
        let (in_messages, in_chat) = (with(EVENTS - 6), with(EVENTS - 4));
        Answers {
            message: whole(&messages::json("bare", &body, &with(8), 0).0),
            completion: whole(&chat::json("bare", &body, &with(8), 0).0),
            message_stream: stream(&messages::stream("bare", &body, &in_messages, 0).0),
            completion_stream: stream(&chat::stream("bare", &body, &in_chat, 0).0),
        }
    })
}

fn whole(body: &str) -> Answer {
    let text = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Answer {
        marks: vec![text.len()],
        bytes: text.into_bytes(),
    }
}

fn stream(events: &[Event]) -> Answer {
    let mut text = String::from(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    let mut marks = Vec::with_capacity(events.len());
    for event in events {
        text.push_str(&format!("{:x}\r\n{}\r\n", event.text.len(), event.text));
        marks.push(text.len());
    }
    text.push_str("0\r\n\r\n");
    if let Some(last) = marks.last_mut() {
        *last = text.len();
    }
    Answer {
        bytes: text.into_bytes(),
        marks,
    }
}
