//! Each fault happens, where it was asked for, and the log says so.

use std::time::{Duration, Instant};

use fake_upstream::{CREDENTIAL, Outcome};
use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::client::{ask, fake, request, send};

const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_cut_stream_breaks_inside_the_event() {
    let fake = fake().await;
    let answer = send(&fake, "/v1/messages", &ask("fake:cut=3", true)).await;
    assert!(answer.reset, "a reset, not an end");
    assert_eq!(answer.body.matches("\n\n").count(), 2, "two whole events");
    assert!(!answer.body.ends_with("\n\n"), "and a torn one");
    let call = &fake.calls()[0];
    assert_eq!(
        (call.outcome, call.events_sent, call.usage.map(|usage| usage.output)),
        (Outcome::Cut, 2, Some(1))
    );
    assert_eq!(call.billed.map(|usage| usage.output), Some(5));
}

#[tokio::test]
async fn a_cut_body_is_half_a_body() {
    let fake = fake().await;
    let answer = send(&fake, "/v1/chat/completions", &ask("fake:cut", false)).await;
    assert!(!answer.whole && answer.reset);
    assert_eq!(fake.calls()[0].usage, None);
}

#[tokio::test]
async fn an_ended_stream_is_proper_http_without_the_protocols_end() {
    let fake = fake().await;
    let answer = send(&fake, "/v1/messages", &ask("fake:end=4", true)).await;
    assert!(answer.whole);
    assert_eq!(answer.data().len(), 4);
    assert_eq!(fake.calls()[0].outcome, Outcome::Ended);
}

#[tokio::test]
async fn an_error_event_ends_the_stream() {
    let fake = fake().await;
    let data = send(&fake, "/v1/messages", &ask("fake:error_mid=4", true)).await.data();
    assert_eq!(
        (data.len(), data[4]["error"]["type"].clone()),
        (5, json!("overloaded_error"))
    );
    let data = send(&fake, "/v1/chat/completions", &ask("fake:error_mid=2", true))
        .await
        .data();
    assert_eq!(data[2]["error"]["type"], "server_error");
}

#[tokio::test]
async fn statuses_come_with_retry_after() {
    let fake = fake().await;
    for status in [401_u16, 403, 429, 500, 503, 529] {
        let answer = send(
            &fake,
            "/v1/messages",
            &ask(&format!("fake:status={status}&retry_after=7"), true),
        )
        .await;
        assert_eq!(answer.status, status);
        assert!(answer.head.contains("retry-after: 7"));
    }
}

#[tokio::test]
async fn a_page_is_not_json() {
    let fake = fake().await;
    let answer = send(&fake, "/v1/messages", &ask("fake:html", false)).await;
    assert!(answer.status == 502 && answer.head.contains("text/html"));
}

#[tokio::test]
async fn misspelt_options_are_refused() {
    let fake = fake().await;
    assert_eq!(
        send(&fake, "/v1/messages", &ask("fake:evnets=3", false)).await.status,
        400
    );
}

#[tokio::test]
async fn missing_ends_and_usage_are_missing() {
    let fake = fake().await;
    let data = send(&fake, "/v1/messages", &ask("fake:nodone&nousage", true))
        .await
        .data();
    assert_eq!(data.last().unwrap()["type"], "message_delta");
    assert!(
        data.iter()
            .all(|event| event.get("usage").is_none() && event["message"].get("usage").is_none())
    );
    assert_eq!(fake.calls()[0].usage, None);
}

#[tokio::test]
async fn a_slow_stream_takes_its_time() {
    let fake = fake().await;
    let began = Instant::now();
    send(&fake, "/v1/messages", &ask("fake:first=60&slow=20&events=1", true)).await;
    assert!(began.elapsed() >= Duration::from_millis(60 + 6 * 20));
}

#[tokio::test]
async fn leaving_clients_are_noticed() {
    for model in [
        "fake:hang",
        "fake:stall=2",
        "fake:slow=20&events=1000",
        "fake:first=60000",
    ] {
        let fake = fake().await;
        let mut socket = TcpStream::connect(fake.addr).await.unwrap();
        socket
            .write_all(request("/v1/messages", &ask(model, true).to_string(), CREDENTIAL).as_bytes())
            .await
            .unwrap();
        assert!(fake.log.wait_for(LIMIT, |calls| calls.len() == 1).await);
        drop(socket);
        assert!(
            fake.log
                .wait_for(LIMIT, |calls| calls[0].outcome == Outcome::ClientGone)
                .await,
            "{model}"
        );
    }
}

#[tokio::test]
async fn sse_spellings_vary_on_demand() {
    let fake = fake().await;
    let body = send(&fake, "/v1/messages", &ask("fake:crlf&bom&comments", true))
        .await
        .body;
    assert!(body.starts_with("\u{feff}: keepalive\r\n\r\nevent: message_start\r\ndata: "));
    let plain = send(&fake, "/v1/chat/completions", &ask("fake", true)).await.body;
    let split = send(&fake, "/v1/chat/completions", &ask("fake:split=1", true))
        .await
        .body;
    assert_eq!(plain.matches("data: ").count(), split.matches("data: ").count());
}

#[tokio::test]
async fn a_stopped_fake_refuses_connections() {
    let fake = fake().await;
    let addr = fake.addr;
    fake.stop().await;
    assert!(TcpStream::connect(addr).await.is_err());
}
