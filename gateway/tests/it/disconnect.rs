//! A client that leaves: the call is settled all the same, wherever it was.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use types::usage::{CallStatus, UsageSource};

use super::support::{House, chat, messages};

#[tokio::test]
async fn stream_is_billed_in_full_when_the_client_leaves_and_the_grace_is_long_enough() {
    let house = House::open().await;
    let reply = house
        .post("/v1/messages", &messages("slow", true))
        .send()
        .await
        .unwrap();
    let mut stream = reply.bytes_stream();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    let call = house.call().await;
    assert_eq!(
        (call.status, call.source),
        (CallStatus::ClientGone, UsageSource::Provider)
    );
    assert_eq!(call.tokens.output, house.upstream.calls()[0].usage.unwrap().output);
    house.close().await;
}

#[tokio::test]
async fn grace_of_zero_hangs_up_at_once_and_books_what_was_delivered() {
    let house = House::open_with(|config| config.gateway.disconnect_grace = Duration::ZERO).await;
    let reply = house
        .post("/v1/messages", &messages("slow", true))
        .send()
        .await
        .unwrap();
    let mut stream = reply.bytes_stream();
    for _ in 0..5 {
        stream.next().await.unwrap().unwrap();
    }
    drop(stream);
    let call = house.call().await;
    assert_eq!(
        (call.status, call.source),
        (CallStatus::ClientGone, UsageSource::Partial)
    );
    assert!(call.tokens.input > 0 && call.tokens.output > 0);
    assert!(
        call.latency_ms.unwrap() < 1500,
        "the fake needs 2 s for the whole answer"
    );
    house.close().await;
}

#[tokio::test]
async fn client_that_leaves_before_the_headers_is_settled() {
    let house = House::open_with(|config| config.gateway.disconnect_grace = Duration::from_millis(100)).await;
    for stream in [true, false] {
        let request = house
            .post("/v1/chat/completions", &chat("hang", stream))
            .timeout(Duration::from_millis(300));
        assert!(request.send().await.unwrap_err().is_timeout());
    }
    let calls = house.calls(2).await;
    assert!(
        calls.iter().all(|call| call.status == CallStatus::ClientGone),
        "{calls:?}"
    );
    house.close().await;
}

#[tokio::test]
async fn client_that_leaves_during_a_json_answer_is_billed_what_the_upstream_says() {
    let house = House::open().await;
    let body = messages("slow", false);
    let request = house.post("/v1/messages", &body).timeout(Duration::from_millis(20));
    let _ = request.send().await;
    let call = house.call().await;
    if call.status == CallStatus::ClientGone {
        assert_eq!(call.source, UsageSource::Provider);
    }
    assert_eq!(call.tokens.output, house.upstream.calls()[0].usage.unwrap().output);
    house.close().await;
}

#[tokio::test]
async fn client_that_closes_after_the_last_event_counts_as_served() {
    let house = House::open().await;
    let reply = house
        .post("/v1/messages", &messages("plain", true))
        .send()
        .await
        .unwrap();
    let mut stream = reply.bytes_stream();
    let mut text = String::new();
    while !text.contains("message_stop") {
        text += std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap();
    }
    drop(stream);
    assert_eq!(house.call().await.status, CallStatus::Settled);
    house.close().await;
}

#[tokio::test]
async fn reader_that_stalls_counts_as_gone() {
    let house = House::open_with(|config| {
        config.gateway.stall_timeout = Duration::from_millis(300);
        config.gateway.disconnect_grace = Duration::ZERO;
    })
    .await;
    // The answer is larger than all socket buffers on the way, and nobody reads it.
    let mut body = messages("endless", true);
    body["max_tokens"] = 1_000_000.into();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    let mut reply = socket.connect(house.address).await.unwrap();
    let request = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: test\r\nx-api-key: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        house.key,
        body.to_string().len()
    );
    reply.write_all(request.as_bytes()).await.unwrap();
    let call = house.call().await;
    assert_eq!(call.status, CallStatus::ClientGone);
    drop(reply);
    house.close().await;
}
