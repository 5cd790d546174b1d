//! Puts an answer on the wire the way its behaviour asks for, and notes in the log what really left.

use std::{fmt::Write as _, io, time::Duration};

use tokio::io::AsyncWriteExt;

use crate::{
    behaviour::Behaviour,
    http::{Connection, reason},
    log::{Call, Log, Outcome, Usage},
};

/// One event of a stream, and the usage that it tells the client, if it does.
pub struct Event {
    pub text: String,
    pub usage: Option<Usage>,
}

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    Keep,
    Close,
    Reset,
}

/// One call on its way out.
pub struct Player<'a> {
    pub connection: &'a mut Connection,
    pub log: &'a Log,
    pub number: usize,
    pub asked: &'a Behaviour,
}

impl Player<'_> {
    /// Any answer with a length. `usage` is what its body tells.
    pub async fn whole(
        mut self,
        status: u16,
        headers: &str,
        kind: &str,
        body: &[u8],
        usage: Option<Usage>,
    ) -> io::Result<After> {
        if !self.wait(self.asked.first).await {
            return self.gone();
        }
        let head = format!(
            "HTTP/1.1 {status} {}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nrequest-id: req_fake{}\r\nx-request-id: req_fake{}\r\n{headers}{}\r\n",
            reason(status),
            body.len(),
            self.number,
            self.number,
            self.extra(),
        );
        let broken =
            (status == 200 && (self.asked.cut.is_some() || self.asked.end.is_some())).then_some(body.len() / 2);
        let sent = &body[..broken.unwrap_or(body.len())];
        if let Some(pause) = self.asked.drip {
            if self.connection.socket.write_all(head.as_bytes()).await.is_err() {
                return self.gone();
            }
            for piece in sent.chunks(sent.len().div_ceil(10).max(1)) {
                let left = !self.wait(Duration::from_millis(pause)).await;
                if left || self.connection.socket.write_all(piece).await.is_err() {
                    return self.gone();
                }
            }
        } else {
            let answer = [head.as_bytes(), sent].concat();
            if self.connection.socket.write_all(&answer).await.is_err() {
                return self.gone();
            }
        }
        let outcome = match (status, broken, self.asked.cut) {
            (_, Some(_), Some(_)) => Outcome::Cut,
            (_, Some(_), None) => Outcome::Ended,
            (200, None, _) => Outcome::Complete,
            _ => Outcome::Refused,
        };
        self.note(|call| {
            call.status = status;
            call.outcome = outcome;
            call.bytes_sent = sent.len();
            call.answer = sent.to_vec();
            call.usage = usage.filter(|_| broken.is_none());
        });
        Ok(match outcome {
            Outcome::Cut => After::Reset,
            Outcome::Ended => After::Close,
            _ => After::Keep,
        })
    }

    /// A stream in HTTP chunks, one event a chunk unless `split` says otherwise.
    pub async fn stream(mut self, events: &[Event], error_event: &str) -> io::Result<After> {
        if !self.wait(self.asked.first).await {
            return self.gone();
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\nrequest-id: req_fake{}\r\nx-request-id: req_fake{}\r\ntransfer-encoding: chunked\r\n{}\r\n",
            self.number,
            self.number,
            self.extra(),
        );
        self.note(|call| call.status = 200);
        if self.connection.socket.write_all(head.as_bytes()).await.is_err() {
            return self.gone();
        }
        if !self.wait(self.asked.late).await {
            return self.gone();
        }
        for (place, event) in events.iter().enumerate() {
            let place = place + 1;
            if place > 1 && !self.wait(self.asked.slow).await {
                return self.gone();
            }
            let mut text = self.spell(place, &event.text);
            if self.asked.no_blank && place == events.len() {
                text.truncate(text.trim_end().len() + 1);
            }
            if let Some(after) = self.tears(place) {
                let half = &text.as_bytes()[..text.len() / 2];
                let torn = [format!("{:x}\r\n", text.len()).as_bytes(), half].concat();
                let _ = self.connection.socket.write_all(&torn).await;
                self.note(|call| {
                    call.bytes_sent += half.len();
                    call.answer.extend_from_slice(half);
                    call.outcome = Outcome::Cut;
                });
                return Ok(after);
            }
            if !self.chunk(text.as_bytes()).await {
                return self.gone();
            }
            self.note(|call| {
                call.events_sent = place;
                call.usage = event.usage.or(call.usage);
            });
            if self.asked.stall == Some(place) {
                self.connection.closed().await;
                return self.gone();
            }
            if self.asked.error_mid == Some(place) {
                let text = self.spell(place + 1, error_event);
                let sent = self.chunk(text.as_bytes()).await;
                if sent && self.asked.stall == Some(place + 1) {
                    self.connection.closed().await;
                    return self.gone();
                }
                if sent && let Some(after) = self.tears(place + 1) {
                    self.note(|call| call.outcome = Outcome::ErrorEvent);
                    return Ok(after);
                }
                return if sent {
                    self.end(Outcome::ErrorEvent).await
                } else {
                    self.gone()
                };
            }
            if self.asked.bad_chunk == Some(place) {
                let _ = self.connection.socket.write_all(b"no length\r\n").await;
                self.note(|call| call.outcome = Outcome::Cut);
                return Ok(After::Close);
            }
            if self.asked.end == Some(place) {
                return self.end(Outcome::Ended).await;
            }
        }
        self.end(Outcome::Complete).await
    }

    /// Takes the request and never answers.
    pub async fn hang(mut self) -> io::Result<After> {
        self.connection.closed().await;
        self.gone()
    }

    /// Header lines that the behaviour asks for.
    fn extra(&self) -> String {
        let mut lines = String::new();
        if self.asked.packed {
            lines.push_str("content-encoding: gzip\r\n");
        }
        if self.asked.rude {
            lines.push_str(
                "set-cookie: vendor=1\r\nserver: fake/1\r\nlocation: http://elsewhere/\r\nx-vendor-internal: 10.0.0.7\r\nx-ratelimit-remaining-requests: 41\r\n",
            );
        }
        lines
    }

    /// Takes the request and resets the connection.
    pub fn reset(self) -> io::Result<After> {
        self.note(|call| call.outcome = Outcome::Cut);
        Ok(After::Reset)
    }

    /// How the connection ends in the middle of this event, if it does.
    fn tears(&self, place: usize) -> Option<After> {
        let reset = self.asked.cut == Some(place);
        let closed = self.asked.fin == Some(place);
        reset.then_some(After::Reset).or_else(|| closed.then_some(After::Close))
    }

    fn spell(&self, place: usize, text: &str) -> String {
        let mut spelt = String::with_capacity(text.len() + 16);
        if place == 1 && self.asked.bom {
            spelt.push('\u{feff}');
        }
        if self.asked.comments {
            spelt.push_str(": keepalive\n\n");
        }
        spelt.push_str(text);
        if self.asked.crlf {
            spelt.replace('\n', "\r\n")
        } else {
            spelt
        }
    }

    /// Writes bytes as one HTTP chunk, or as many as `split` asks for; `false` when the other side is gone.
    async fn chunk(&mut self, bytes: &[u8]) -> bool {
        for piece in bytes.chunks(self.asked.split.unwrap_or(bytes.len()).max(1)) {
            let mut framed = Vec::with_capacity(piece.len() + 12);
            let mut size = String::new();
            let _ = write!(size, "{:x}\r\n", piece.len());
            framed.extend_from_slice(size.as_bytes());
            framed.extend_from_slice(piece);
            framed.extend_from_slice(b"\r\n");
            if self.connection.socket.write_all(&framed).await.is_err() {
                return false;
            }
            if self.asked.split.is_some() {
                // Lets the reader see the pieces as pieces.
                tokio::task::yield_now().await;
            }
            self.note(|call| {
                call.bytes_sent += piece.len();
                call.answer.extend_from_slice(piece);
            });
        }
        true
    }

    async fn end(&mut self, outcome: Outcome) -> io::Result<After> {
        let ended = self.connection.socket.write_all(b"0\r\n\r\n").await.is_ok();
        self.note(|call| call.outcome = if ended { outcome } else { Outcome::ClientGone });
        Ok(if ended { After::Keep } else { After::Close })
    }

    /// `false` when the other side left meanwhile.
    async fn wait(&mut self, time: Duration) -> bool {
        if time.is_zero() {
            return true;
        }
        tokio::select! {
            () = tokio::time::sleep(time) => true,
            () = self.connection.closed() => false,
        }
    }

    fn gone(&mut self) -> io::Result<After> {
        self.note(|call| call.outcome = Outcome::ClientGone);
        Ok(After::Close)
    }

    fn note(&self, change: impl FnOnce(&mut Call)) {
        self.log.update(self.number, change);
    }
}
