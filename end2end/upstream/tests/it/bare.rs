//! The benchmark's upstream: cheap, unlogged, and still the right format.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{ask, fake, send};

#[tokio::test]
async fn bare_answers_are_valid_and_unlogged() {
    let fake = fake().await;
    for path in ["/bare/v1/messages", "/bare/v1/chat/completions"] {
        assert!(send(&fake, path, &ask("any", false)).await.json()["usage"].is_object());
        let stream = send(&fake, path, &ask("any", true)).await;
        assert!(stream.whole);
        assert_eq!(stream.data().len(), 20, "{path}");
        let pieces = send(&fake, &path.replace("/bare/", "/bare/7w/"), &ask("any", true)).await;
        assert_eq!(pieces.body, stream.body);
    }
    assert!(fake.calls().is_empty());
}

#[tokio::test]
async fn bare_takes_large_bodies_and_waits_when_asked() {
    let fake = fake().await;
    let mut body = ask("any", false);
    body["messages"][0]["content"] = json!("x".repeat(256 << 10));
    let began = Instant::now();
    assert_eq!(send(&fake, "/bare/5ms/v1/messages", &body).await.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(5));
}
