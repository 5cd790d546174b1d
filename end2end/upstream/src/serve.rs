//! Connections and doors: reads requests, checks the credential, finds out what the model name asks for, and hands over to the player.

use std::io;

use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    bare,
    behaviour::Behaviour,
    chat, embeddings,
    http::{Connection, Head},
    log::{Call, Log, Outcome, Usage, now_ms},
    messages,
    play::{After, Event, Player},
    responses, words,
};

pub async fn accept(listener: TcpListener, credential: String, log: Log) {
    let credential: &'static str = credential.leak();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((socket, _)) = accepted else { continue };
                let _ = socket.set_nodelay(true);
                let log = log.clone();
                connections.spawn(async move {
                    // A connection that breaks ends alone; what it had served by then stands in the log.
                    let _ = serve(Connection::new(socket), credential, &log).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(mut connection: Connection, credential: &str, log: &Log) -> io::Result<()> {
    loop {
        if !bare::serve(&mut connection).await? {
            return Ok(());
        }
        let Some(head) = connection.head().await? else {
            return Ok(());
        };
        let body = connection.body(&head).await?;
        match answer(&mut connection, &head, body, credential, log).await? {
            After::Keep if head.keep_alive => {}
            After::Keep | After::Close => return Ok(()),
            After::Reset => {
                connection.reset();
                return Ok(());
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Door {
    Messages,
    CountTokens,
    Chat,
    Responses,
    Embeddings,
    Models,
    Model,
    Unknown,
}

impl Door {
    fn of(head: &Head) -> Self {
        match (head.method.as_str(), head.path.as_str()) {
            ("POST", "/v1/messages") => Self::Messages,
            ("POST", "/v1/messages/count_tokens") => Self::CountTokens,
            ("POST", "/v1/chat/completions") => Self::Chat,
            ("POST", "/v1/responses") => Self::Responses,
            ("POST", "/v1/embeddings") => Self::Embeddings,
            ("GET", "/v1/models") => Self::Models,
            ("GET", path) if path.starts_with("/v1/models/") => Self::Model,
            _ => Self::Unknown,
        }
    }

    fn error(self, status: u16, message: &str) -> String {
        match self {
            Self::Messages | Self::CountTokens => messages::error(status, message),
            _ => chat::error(status, message),
        }
    }
}

async fn answer(
    connection: &mut Connection,
    head: &Head,
    body: Vec<u8>,
    credential: &str,
    log: &Log,
) -> io::Result<After> {
    if head.method == "GET" && head.path.starts_with("/__") {
        return own_page(connection, &head.path, log).await;
    }
    let door = Door::of(head);
    let parsed = serde_json::from_slice::<Value>(&body);
    let model = parsed
        .as_ref()
        .ok()
        .and_then(|body| body["model"].as_str())
        .map(str::to_owned);
    let stream = parsed.as_ref().is_ok_and(|body| body["stream"] == json!(true));
    let presented = presented(head);
    let admitted = presented.iter().all(|presented| presented == credential) && !presented.is_empty();
    let number = log.begin(Call {
        number: 0,
        method: head.method.clone(),
        path: head.path.clone(),
        query: head.query.clone(),
        credential: presented.into_iter().next(),
        headers: head.headers.clone(),
        body,
        model: model.clone(),
        stream,
        status: 0,
        outcome: Outcome::Open,
        usage: None,
        billed: None,
        events_sent: 0,
        bytes_sent: 0,
        answer: Vec::new(),
        started_ms: now_ms(),
        ended_ms: None,
    });
    let asked = Behaviour::of(model.as_deref().unwrap_or_default()).map(|asked| match asked.fail {
        Some(faulty) if log.before(number, &model) >= faulty => asked.well(),
        _ => asked,
    });
    let plain = Behaviour::default();
    let player = Player {
        connection,
        log,
        number,
        asked: asked.as_ref().unwrap_or(&plain),
    };
    if !admitted {
        // The vendor's own words, which must not reach a client of the gateway.
        return refuse(player, door, 401, "invalid x-api-key (fake upstream)").await;
    }
    let asked = match &asked {
        Ok(asked) => asked,
        Err(message) => return refuse(player, door, 400, message).await,
    };
    let listed = match door {
        Door::Models => Some(
            json!({"object": "list", "data": [listed("fake")], "has_more": false, "first_id": "fake", "last_id": "fake"}),
        ),
        Door::Model => head.path.strip_prefix("/v1/models/").map(listed),
        _ => None,
    };
    if let Some(listed) = listed {
        let listed = listed.to_string();
        return player.whole(200, "", "application/json", listed.as_bytes(), None).await;
    }
    if matches!(door, Door::Unknown) {
        return refuse(player, door, 404, "Unknown request URL").await;
    }
    let (Ok(body), Some(model)) = (parsed, model) else {
        return refuse(player, door, 400, "the body is not JSON, or it names no model").await;
    };
    if asked.hang {
        return player.hang().await;
    }
    if asked.reset {
        return player.reset();
    }
    if asked.html {
        let padding = "x".repeat(asked.bigjson);
        let page =
            format!("<html><head><title>502 Bad Gateway</title></head><body>not JSON at all {padding}</body></html>");
        let label = if asked.mislabelled {
            "text/event-stream"
        } else {
            "text/html"
        };
        return player
            .whole(asked.status.unwrap_or(502), "", label, page.as_bytes(), None)
            .await;
    }
    if asked.redirect {
        return player
            .whole(307, "location: /v1/elsewhere\r\n", "text/plain", b"elsewhere", None)
            .await;
    }
    if asked.quota {
        let body = chat::quota();
        return player.whole(429, "", "application/json", body.as_bytes(), None).await;
    }
    if let Some(status) = asked.status {
        let mut message = "refused because the model name asks for it".to_owned();
        if asked.leak {
            message += &format!("; called with {credential} as https://vendor.example/v1?key={credential}");
        }
        return refuse(player, door, status, &message).await;
    }
    if let Err(message) = check(door, &body) {
        return refuse(player, door, 400, &message).await;
    }
    if matches!(door, Door::CountTokens) {
        let count = json!({"input_tokens": words::usage(&body, asked, 0).input}).to_string();
        return player.whole(200, "", "application/json", count.as_bytes(), None).await;
    }
    if stream && !matches!(door, Door::Embeddings) {
        let (events, billed) = events(door, &model, &body, asked, number);
        log.update(number, |call| call.billed = Some(billed));
        let error_event = match door {
            Door::Messages => messages::error_event(),
            Door::Responses => responses::error_event(),
            _ => chat::error_event(),
        };
        let error_event = match asked.leak {
            true => error_event.replacen(
                "\"message\":\"",
                &format!("\"message\":\"called with {credential}: "),
                1,
            ),
            false => error_event,
        };
        player.stream(&events, &error_event).await
    } else {
        let (json, billed) = whole(door, &model, &body, asked, number);
        log.update(number, |call| call.billed = Some(billed));
        let told = (!asked.no_usage).then_some(billed);
        player.whole(200, "", "application/json", json.as_bytes(), told).await
    }
}

fn check(door: Door, body: &Value) -> Result<(), String> {
    match door {
        Door::Messages => messages::check(body),
        Door::CountTokens => Ok(()),
        Door::Responses => responses::check(body),
        Door::Embeddings => embeddings::check(body),
        _ => chat::check(body),
    }
}

fn events(door: Door, model: &str, body: &Value, asked: &Behaviour, number: usize) -> (Vec<Event>, Usage) {
    match door {
        Door::Messages => messages::stream(model, body, asked, number),
        Door::Responses => responses::stream(model, body, asked, number),
        _ => chat::stream(model, body, asked, number),
    }
}

fn whole(door: Door, model: &str, body: &Value, asked: &Behaviour, number: usize) -> (String, Usage) {
    match door {
        Door::Messages => messages::json(model, body, asked, number),
        Door::Responses => responses::json(model, body, asked, number),
        Door::Embeddings => embeddings::json(model, body, asked),
        _ => chat::json(model, body, asked, number),
    }
}

async fn refuse(player: Player<'_>, door: Door, status: u16, message: &str) -> io::Result<After> {
    let headers = match &player.asked.retry_after {
        Some(text) => format!("retry-after: {text}\r\n"),
        None => String::new(),
    };
    player
        .whole(
            status,
            &headers,
            "application/json",
            door.error(status, message).as_bytes(),
            None,
        )
        .await
}

/// Every credential on the request: a gateway that lets two through has a bug.
fn presented(head: &Head) -> Vec<String> {
    let mut presented = Vec::new();
    for (name, value) in &head.headers {
        match name.as_str() {
            "x-api-key" => presented.push(value.clone()),
            "authorization" => presented.push(value.strip_prefix("Bearer ").unwrap_or(value).to_owned()),
            _ => {}
        }
    }
    presented
}

/// A model in the one shape that both vendors' clients read.
fn listed(id: &str) -> Value {
    json!({
        "id": id, "type": "model", "object": "model", "created": 1_700_000_000, "created_at": "2023-11-14T22:13:20Z",
        "display_name": id, "owned_by": "fake-upstream",
    })
}

/// `/__log` and `/__totals`: for harnesses in other processes.
async fn own_page(connection: &mut Connection, path: &str, log: &Log) -> io::Result<After> {
    use tokio::io::AsyncWriteExt;
    let body = match path {
        "/__log" => serde_json::to_string(&log.calls()),
        "/__totals" => serde_json::to_string(&log.totals()),
        _ => Ok(json!({"pages": ["/__log", "/__totals"]}).to_string()),
    }
    .map_err(io::Error::other)?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.socket.write_all(answer.as_bytes()).await?;
    Ok(After::Keep)
}
