//! What of a request's head reaches the upstream, what of an answer's reaches the client, and a length beside chunks; what else of framing two servers
//! might read differently is tried on the program itself (`tests/it/framing.rs`).

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::support::{House, chat, embeddings, messages, responses};

/// What came back for bytes written by hand.
pub struct Raw {
    /// 0 when the server closed without a word.
    pub status: u16,
    pub text: String,
}

pub async fn raw(house: &House, request: &[u8]) -> Raw {
    let mut socket = TcpStream::connect(house.address).await.unwrap();
    socket.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // A server that refuses may reset what it has not read.
    let _ = socket.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    Raw { status, text }
}

fn doors(model: &str) -> [(&'static str, serde_json::Value); 5] {
    [
        ("/v1/messages", messages(model, false)),
        ("/v1/messages/count_tokens", messages(model, false)),
        ("/v1/chat/completions", chat(model, false)),
        ("/v1/responses", responses(model, false)),
        ("/v1/embeddings", embeddings(model)),
    ]
}

#[tokio::test]
async fn nothing_of_the_client_reaches_the_upstream_but_what_it_understands() {
    let house = House::open().await;
    for (path, body) in doors("plain") {
        let reply = house
            .post(path, &body)
            .header("authorization", format!("Bearer {}", house.key))
            .header("proxy-authorization", "Basic eDp5")
            .header("cookie", "wg=secret")
            .header("x-forwarded-for", "10.1.2.3")
            .header("x-forwarded-host", "evil.example")
            .header("forwarded", "for=10.1.2.3")
            .header("x-real-ip", "10.1.2.3")
            .header("connection", "authorization, x-api-key")
            .header("te", "trailers")
            .header("upgrade", "h2c")
            .header("x-stainless-os", "Linux")
            .header("openai-organization", "org-theirs")
            .header("x-weirgate-organization", "personal")
            .header("api_base", "http://127.0.0.1:1")
            .header("custom_host", "127.0.0.1:1")
            .header("accept-encoding", "gzip, br")
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 200, "{path}");
        let call = house.upstream.calls().pop().unwrap();
        let mut names: Vec<&str> = call.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let (anthropic, credential) = match path.starts_with("/v1/messages") {
            true => (true, "x-api-key"),
            false => (false, "authorization"),
        };
        let mut expected = vec![
            "accept",
            "accept-encoding",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            credential,
        ];
        if anthropic {
            expected.push("anthropic-version");
        }
        expected.sort_unstable();
        assert_eq!(names, expected, "{path}");
        assert_eq!(call.header("accept-encoding"), Some("identity"));
        assert_eq!(call.credential.as_deref(), Some(fake_upstream::CREDENTIAL));
        assert!(call.headers.iter().all(|(_, value)| !value.contains(&house.key)));
    }
    house.calls(4).await;
    house.close().await;
}

#[tokio::test]
async fn nothing_of_the_upstreams_household_reaches_the_client() {
    let house = House::open().await;
    for (path, body) in doors("rude") {
        let reply = house.post(path, &body).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{path}");
        for name in [
            "set-cookie",
            "server",
            "location",
            "x-vendor-internal",
            "transfer-encoding",
        ] {
            assert!(reply.headers().get(name).is_none(), "{path}: {name}");
        }
        assert_eq!(reply.headers()["x-ratelimit-remaining-requests"], "41", "{path}");
        assert!(
            reply.headers()["request-id"].to_str().unwrap().starts_with("req_fake"),
            "{path}"
        );
        assert!(
            !reply.headers()["x-request-id"]
                .to_str()
                .unwrap()
                .starts_with("req_fake"),
            "{path}"
        );
    }
    let mut body = responses("rude", true);
    body["stream"] = true.into();
    let reply = house.post("/v1/responses", &body).send().await.unwrap();
    assert!(reply.headers().get("set-cookie").is_none() && reply.headers().get("server").is_none());
    reply.bytes().await.unwrap();
    house.calls(5).await;
    house.close().await;
}

#[tokio::test]
async fn compressed_answers_are_refused_unread() {
    let house = House::open().await;
    for (path, body) in doors("packed") {
        if path.ends_with("count_tokens") {
            continue; // bounded here instead, see count_tokens_post
        }
        for stream in [false, true] {
            let mut body = body.clone();
            if !path.ends_with("embeddings") {
                body["stream"] = stream.into();
            }
            let reply = house.post(path, &body).send().await.unwrap();
            assert_eq!(reply.status(), 502, "{path}");
            assert!(reply.text().await.unwrap().len() < 1000, "{path}");
        }
    }
    for call in house.calls(8).await {
        assert_eq!((call.http_status, call.cost_nanos.0), (502, 0));
    }
    house.close().await;
}

#[tokio::test]
async fn page_of_five_mebibytes_becomes_one_sentence() {
    let house = House::open().await;
    for (path, body) in doors("longpage") {
        if path.ends_with("count_tokens") {
            continue;
        }
        let reply = house.post(path, &body).send().await.unwrap();
        assert_eq!(reply.status(), 502, "{path}");
        let text = reply.text().await.unwrap();
        assert!(text.len() < 1000 && !text.contains("html"), "{text}");
    }
    house.calls(4).await;
    house.close().await;
}

#[tokio::test]
async fn event_beyond_a_mebibyte_ends_the_stream_before_it_is_held() {
    let house = House::open().await;
    for (path, body, last) in [
        ("/v1/messages", messages("big", true), "event: error\n"),
        ("/v1/chat/completions", chat("big", true), "data: {\"error\""),
        ("/v1/responses", responses("big", true), "event: response.failed\n"),
    ] {
        let text = house.post(path, &body).send().await.unwrap().text().await.unwrap();
        assert!(text.len() < 10_000, "{path}: {}", text.len());
        assert!(
            text.trim_end().rsplit("\n\n").next().unwrap().starts_with(last),
            "{path}: {text}"
        );
    }
    for call in house.calls(3).await {
        assert_eq!(call.status, types::usage::CallStatus::UpstreamTruncated);
        assert_eq!(call.error_class.as_deref(), Some("upstream_event_too_large"));
    }
    house.close().await;
}

#[tokio::test]
async fn compressed_bodies_are_415() {
    let house = House::open().await;
    for (path, body) in doors("plain") {
        for encoding in ["gzip", "br", "zstd", "deflate", "gzip, identity"] {
            let reply = house
                .post(path, &body)
                .header("content-encoding", encoding)
                .send()
                .await
                .unwrap();
            assert_eq!(reply.status(), 415, "{path}, {encoding}");
        }
    }
    assert_eq!(house.upstream.calls().len(), 0);
    house.close().await;
}

#[tokio::test]
async fn length_beside_chunks_counts_for_nothing() {
    let house = House::open().await;
    let body = messages("plain", false).to_string();
    let hidden = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        house.key
    );
    let request = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n\
         {:x}\r\n{body}\r\n0\r\n\r\n{hidden}",
        house.key,
        body.len()
    );
    let answer = raw(&house, request.as_bytes()).await;
    // RFC 9112 §6.1: the chunks count, and the connection ends with the answer, so what follows them is nobody's request.
    let statuses: Vec<&str> = answer.text.split("HTTP/1.1 ").skip(1).map(|one| &one[..3]).collect();
    assert_eq!(statuses, ["200"], "{}", answer.text);
    assert_eq!(house.upstream.calls().len(), 1);
    assert_eq!(
        house.upstream.calls()[0].body,
        body.replace("plain", "fake").into_bytes()
    );
    house.calls(1).await;
    house.close().await;
}

#[tokio::test]
async fn host_that_can_be_read_in_two_ways_is_400() {
    let house = House::open().await;
    let body = messages("plain", false).to_string();
    let send = |target: &str, host: &str| {
        format!(
            "POST {target} HTTP/1.1\r\n{host}x-api-key: {}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            house.key,
            body.len()
        )
    };
    for host in [
        "",
        "host:\r\n",
        "host: a\r\nhost: b\r\n",
        "host: a\r\nhost: a\r\n",
        "host: localhost/#@evil.example\r\n",
        "host: localhost?x\r\n",
        "host: localhost/..\r\n",
        "host: user@localhost\r\n",
        "host: a, b\r\n",
    ] {
        let answer = raw(&house, send("/v1/messages", host).as_bytes()).await;
        assert_eq!(answer.status, 400, "{host:?}: {}", answer.text);
    }
    assert_eq!(house.upstream.calls().len(), 0);
    for (target, host, status) in [
        ("/v1/messages", "host: [::1]:3741\r\n", 200),
        ("http://evil.example/v1/messages", "host: weirgate.example\r\n", 200),
        (
            "http://evil.example/v1/nothing?/v1/messages",
            "host: weirgate.example\r\n",
            404,
        ),
    ] {
        let answer = raw(&house, send(target, host).as_bytes()).await;
        assert_eq!(answer.status, status, "{target}: {}", answer.text);
    }
    house.calls(2).await;
    house.close().await;
}
