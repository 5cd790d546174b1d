//! Pages of other origins that may call models: editors' webviews and configured sites.

use ::http::Method;

use super::support::{House, client, messages};

const WEBVIEW: &str = "vscode-webview://1abc";

#[tokio::test]
async fn webview_may_call_and_read_and_strangers_may_not() {
    let house = House::open().await;
    for path in [
        "/v1/messages",
        "/v1/chat/completions",
        "/anthropic/v1/messages",
        "/v1/models",
    ] {
        for (origin, allowed) in [(WEBVIEW, true), ("https://evil.example", false), ("null", false)] {
            let asked = client()
                .request(Method::OPTIONS, house.url(path))
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "x-api-key, anthropic-version, x-evil");
            let reply = asked.send().await.unwrap();
            assert_eq!(reply.status(), 204, "{path}");
            let headers = reply.headers();
            let named = headers.get("access-control-allow-origin");
            assert_eq!(
                named.map(|value| value.to_str().unwrap()),
                allowed.then_some(origin),
                "{path}"
            );
            if allowed {
                let names: Vec<_> = headers["access-control-allow-headers"]
                    .to_str()
                    .unwrap()
                    .split(", ")
                    .collect();
                assert!(
                    names.contains(&"x-api-key") && names.contains(&"anthropic-version") && !names.contains(&"x-evil")
                );
            }
            assert!(headers.get("access-control-allow-credentials").is_none());
        }
    }
    for (key, stream, status) in [
        (&*house.key, false, 200),
        (&*house.key, true, 200),
        ("wg-nobodys", false, 401),
    ] {
        for (origin, allowed) in [(WEBVIEW, true), ("https://evil.example", false)] {
            let asked = client()
                .post(house.url("/v1/messages"))
                .header("x-api-key", key)
                .header("origin", origin)
                .json(&messages("plain", stream));
            let reply = asked.send().await.unwrap();
            assert_eq!(reply.status(), status);
            let named = reply.headers().get("access-control-allow-origin");
            assert_eq!(named.map(|value| value.to_str().unwrap()), allowed.then_some(origin));
            let exposed = reply.headers().get("access-control-expose-headers");
            assert_eq!(
                exposed.is_some_and(|names| names.to_str().unwrap().contains("x-ratelimit-remaining-tokens")),
                allowed
            );
            assert!(reply.headers()["vary"].to_str().unwrap().contains("origin"));
            reply.bytes().await.unwrap();
        }
    }
    house.calls(4).await;
    house.close().await;
}
