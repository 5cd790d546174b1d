//! As much of HTTP/1.1 as a fake vendor needs: requests in (with a length or in chunks), answers out byte by byte if need be.

use std::io;

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// More than any client of ours may send; the gateway's own limit is 32 MiB.
const MAX_BODY: usize = 64 << 20;
const MAX_HEAD: usize = 64 << 10;

/// The head of a request, and how its body is framed.
pub struct Head {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub length: Option<usize>,
    pub chunked: bool,
    pub keep_alive: bool,
    pub expects_continue: bool,
}

/// A connection and what has been read from it but not used yet.
pub struct Connection {
    pub socket: TcpStream,
    pub buffer: BytesMut,
}

impl Connection {
    pub fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            buffer: BytesMut::with_capacity(16 << 10),
        }
    }

    /// The next request's head; `None` when the other side is done.
    pub async fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some((head, used)) = parse(&self.buffer)? {
                self.buffer.advance(used);
                return Ok(Some(head));
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(invalid("head too large"));
            }
            if self.socket.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    pub async fn body(&mut self, head: &Head) -> io::Result<Vec<u8>> {
        if head.expects_continue {
            self.socket.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        if head.chunked {
            return self.chunks().await;
        }
        let length = head.length.unwrap_or(0);
        if length > MAX_BODY {
            return Err(invalid("body too large"));
        }
        self.at_least(length).await?;
        Ok(self.buffer.split_to(length).to_vec())
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let (used, size) = loop {
                match httparse::parse_chunk_size(&self.buffer) {
                    Ok(httparse::Status::Complete(found)) => break found,
                    Ok(httparse::Status::Partial) => self.more().await?,
                    Err(_) => return Err(invalid("chunk size")),
                }
            };
            let size = usize::try_from(size).map_err(|_| invalid("chunk size"))?;
            if body.len() + size > MAX_BODY {
                return Err(invalid("body too large"));
            }
            self.buffer.advance(used);
            self.at_least(size + 2).await?;
            body.extend_from_slice(&self.buffer.split_to(size));
            self.buffer.advance(2);
            if size == 0 {
                return Ok(body);
            }
        }
    }

    async fn at_least(&mut self, length: usize) -> io::Result<()> {
        while self.buffer.len() < length {
            self.more().await?;
        }
        Ok(())
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.socket.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Returns when the other side has closed; bytes of a next request do not count.
    pub async fn closed(&self) {
        match self.socket.peek(&mut [0]).await {
            Ok(0) | Err(_) => {}
            Ok(_) => std::future::pending().await,
        }
    }

    /// Closes with a reset instead of a proper end.
    pub fn reset(self) {
        // Without it the peer only sees an early end, which is a milder fault than the one asked for.
        let _ = self.socket.set_zero_linger();
    }
}

fn parse(buffer: &[u8]) -> io::Result<Option<(Head, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 96];
    let mut request = httparse::Request::new(&mut headers);
    let used = match request.parse(buffer).map_err(|_| invalid("head"))? {
        httparse::Status::Complete(used) => used,
        httparse::Status::Partial => return Ok(None),
    };
    let target = request.path.unwrap_or("/");
    let (path, query) = target.find('?').map_or((target, ""), |at| target.split_at(at));
    let mut head = Head {
        method: request.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: Vec::with_capacity(request.headers.len()),
        length: None,
        chunked: false,
        keep_alive: request.version == Some(1),
        expects_continue: false,
    };
    for header in request.headers.iter() {
        let name = header.name.to_ascii_lowercase();
        let value = String::from_utf8_lossy(header.value).into_owned();
        match name.as_str() {
            "content-length" => head.length = Some(value.trim().parse().map_err(|_| invalid("content-length"))?),
            "transfer-encoding" => head.chunked = value.to_ascii_lowercase().contains("chunked"),
            "connection" => head.keep_alive = head.keep_alive && !value.eq_ignore_ascii_case("close"),
            "expect" => head.expects_continue = value.eq_ignore_ascii_case("100-continue"),
            _ => {}
        }
        head.headers.push((name, value));
    }
    Ok(Some((head, used)))
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The reason phrase; HTTP/1.1 wants the space after the code even without one.
pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        529 => "Overloaded",
        _ => "",
    }
}
