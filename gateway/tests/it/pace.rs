//! Events leave when they come: one by one, unpacked, at once (C099).

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use types::usage::CallStatus;

use super::support::{House, is_long, messages};

fn events(deltas: usize) -> Vec<String> {
    let event = |kind: &str, rest: &str| format!("event: {kind}\ndata: {{\"type\":\"{kind}\"{rest}}}\n\n");
    let mut events = vec![
        event(
            "message_start",
            r#","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"usage":{"input_tokens":9,"output_tokens":1}}"#,
        ),
        event(
            "content_block_start",
            r#","index":0,"content_block":{"type":"text","text":""}"#,
        ),
    ];
    for number in 0..deltas {
        let delta = format!(r#","index":0,"delta":{{"type":"text_delta","text":"{number} "}}"#);
        events.push(event("content_block_delta", &delta));
    }
    events.push(event("content_block_stop", r#","index":0"#));
    events.push(event(
        "message_delta",
        r#","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}"#,
    ));
    events.push(event("message_stop", ""));
    events
}

/// Answers one call with an event each `pause`; when each was written.
async fn upstream(mut client: TcpStream, events: &[String], pause: Duration) -> Vec<Instant> {
    client.set_nodelay(true).unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"}") {
        assert!(client.read_buf(&mut request).await.unwrap() > 0);
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    let mut written = Vec::new();
    for event in events {
        tokio::time::sleep(pause).await;
        let chunk = format!("{:x}\r\n{event}\r\n", event.len());
        written.push(Instant::now());
        client.write_all(chunk.as_bytes()).await.unwrap();
    }
    client.write_all(b"0\r\n\r\n").await.unwrap();
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_leaves_when_it_comes() {
    let (deltas, pause) = match is_long() {
        true => (55, Duration::from_secs(1)),
        false => (15, Duration::from_millis(60)),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let house = House::open_with(|config| {
        config.point_providers_at(&format!("http://{address}")).unwrap();
        config.gateway.hold_back = Duration::ZERO;
    })
    .await;
    let events = events(deltas);
    let serving = async { upstream(listener.accept().await.unwrap().0, &events, pause).await };
    let reading = async {
        let reply = house
            .post("/v1/messages", &messages("plain", true))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 200);
        assert!(!reply.headers().contains_key("content-encoding"));
        let mut stream = reply.bytes_stream();
        let mut arrived = Vec::new();
        while let Some(chunk) = stream.next().await {
            arrived.push((Instant::now(), chunk.unwrap()));
        }
        arrived
    };
    let (written, arrived) = tokio::join!(serving, reading);
    assert_eq!(arrived.len(), events.len(), "none waits for the next, none is cut");
    let mut late = Vec::new();
    for (index, (at, chunk)) in arrived.iter().enumerate() {
        assert_eq!(chunk, events[index].as_bytes());
        late.push(*at - written[index]);
    }
    late.sort();
    // Single ones wait for a core when other tests run beside this one.
    let median = late[late.len() / 2];
    assert!(median <= Duration::from_millis(5), "{median:?} of {late:?}");
    assert_eq!(house.call().await.status, CallStatus::Settled);
    house.close().await;
}
