//! Where a key may stand: in any header that the vendors' clients use, and never in the address.

use serde_json::Value;
use server::sessions::Device;
use types::{
    keys::NewKey,
    personal_tokens::{NewToken, Scope},
};

use super::support::{House, chat, client, messages};

const HEADERS: [&str; 4] = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];

async fn narrow_key(house: &House) -> String {
    let new = NewKey {
        name: "narrow".to_owned(),
        models: vec!["cached".to_owned()],
        ..NewKey::default()
    };
    server::keys::create(&house.state, &house.user, new)
        .await
        .unwrap()
        .key
        .unwrap()
}

fn written(header: &str, key: &str) -> String {
    match header {
        "authorization" => format!("Bearer {key}"),
        _ => key.to_owned(),
    }
}

#[tokio::test]
async fn restricted_key_is_the_same_key_in_every_header() {
    let house = House::open().await;
    let key = narrow_key(&house).await;
    for header in HEADERS {
        for (model, status) in [("plain", 403), ("cached", 200)] {
            let request = client()
                .post(house.url("/v1/messages"))
                .header(header, written(header, &key));
            let reply = request.json(&messages(model, false)).send().await.unwrap();
            assert_eq!(reply.status().as_u16(), status, "{header}, {model}");
        }
        let request = client().get(house.url("/v1/key")).header(header, written(header, &key));
        assert_eq!(request.send().await.unwrap().status(), 200, "{header}");
    }
    house.calls(4).await;
    house.close().await;
}

#[tokio::test]
async fn same_key_in_two_headers_is_one_and_two_keys_are_401() {
    let house = House::open().await;
    let key = narrow_key(&house).await;
    for (place, first) in HEADERS.into_iter().enumerate() {
        for second in &HEADERS[place + 1..] {
            let send = |other: &str| {
                client()
                    .post(house.url("/v1/chat/completions"))
                    .header(first, written(first, &key))
                    .header(*second, written(second, other))
                    .json(&chat("plain", false))
                    .send()
            };
            assert_eq!(send(&key).await.unwrap().status(), 403, "{first}, {second}");
            let reply = send(&house.key).await.unwrap();
            assert_eq!(reply.status(), 401, "{first}, {second}");
            assert_eq!(reply.headers()["www-authenticate"], "Bearer");
            let text = reply.text().await.unwrap();
            assert!(text.contains("Two different credentials"), "{text}");
            assert!(!text.contains(&key) && !text.contains(&house.key));
        }
    }
    house.close().await;
}

#[tokio::test]
async fn key_in_the_address_is_401_and_says_why() {
    let house = House::open().await;
    for name in ["key", "api_key", "api-key", "KEY", "access_token"] {
        let url = house.url(&format!("/v1/messages?beta=true&{name}={}", house.key));
        let reply = client().post(url).json(&messages("plain", false)).send().await.unwrap();
        assert_eq!(reply.status(), 401, "{name}");
        let body: Value = reply.json().await.unwrap();
        let text = body["error"]["message"].as_str().unwrap();
        assert!(text.contains("address") && !text.contains(&house.key), "{text}");
    }
    let url = house.url(&format!("/v1/models?key={}", house.key));
    assert_eq!(client().get(url).send().await.unwrap().status(), 401);
    assert_eq!(house.upstream.calls().len(), 0);
    house.close().await;
}

#[tokio::test]
async fn parameter_beside_a_good_header_is_ignored_and_goes_nowhere() {
    let house = House::open().await;
    let url = house.url("/v1/messages?beta=true&key=whatever&model=cached&api_base=http://127.0.0.1:1");
    let request = client().post(url).header("x-api-key", &house.key);
    assert_eq!(
        request.json(&messages("plain", false)).send().await.unwrap().status(),
        200
    );
    let call = house.upstream.calls().remove(0);
    assert_eq!((call.path.as_str(), call.query.as_str()), ("/v1/messages", ""));
    assert_eq!(house.call().await.model, "plain");
    house.close().await;
}

/// C081: what cannot be checked is refused, whoever asks.
#[tokio::test]
async fn memory_that_may_be_out_of_date_lets_nobody_in() {
    let house = House::open().await;
    let device = Device::default();
    let new = NewToken {
        name: "laptop".to_owned(),
        scopes: vec![Scope::Read, Scope::Write],
        password: Some("correct horse battery".to_owned()),
        ..NewToken::default()
    };
    let token = server::tokens::create(&house.state, &house.user, new, &device)
        .await
        .unwrap();
    let access = server::sessions::start_tokens(&house.state, &house.user, false, &device)
        .await
        .unwrap()
        .access_token;
    let cookie = server::sessions::start_cookie(&house.state, &house.user, false, &device)
        .await
        .unwrap();
    let credentials = [
        ("/v1/messages", "x-api-key", house.key.clone()),
        ("/v1/messages", "x-api-key", token.token.unwrap()),
        ("/v1/messages", "authorization", format!("Bearer {access}")),
        ("/playground/messages", "cookie", format!("wg={}", cookie.value)),
    ];
    let statuses = async || {
        let mut statuses = Vec::new();
        for (path, name, value) in &credentials {
            let call = client().post(house.url(path)).header(*name, value);
            let call = call
                .header("sec-fetch-site", "same-origin")
                .json(&messages("plain", false));
            statuses.push(call.send().await.unwrap().status().as_u16());
        }
        statuses
    };
    assert_eq!(statuses().await, [200; 4]);
    let before = house.upstream.calls().len();
    let blind = server::for_tests::blind(&house.state).await;
    assert_eq!(statuses().await, [503; 4]);
    assert_eq!(house.upstream.calls().len(), before);
    drop(blind);
    server::for_tests::poll(&house.state).await.unwrap();
    assert_eq!(statuses().await, [200; 4]);
    house.close().await;
}
