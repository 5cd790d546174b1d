//! Whose address a request counts as: the peer's, unless a trusted proxy names another.

use std::net::SocketAddr;

use axum::{
    extract::ConnectInfo,
    http::{Request, request::Parts},
};
use server::http::extract;

use crate::support::{App, Database};

fn parts(peer: &str, forwarded: &[&str]) -> Parts {
    let mut request = Request::builder().uri("/");
    for value in forwarded {
        request = request.header("x-forwarded-for", *value);
    }
    request = request
        .header("x-real-ip", "9.9.9.9")
        .header("forwarded", "for=9.9.9.9");
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let peer: SocketAddr = peer.parse().unwrap();
    parts.extensions.insert(ConnectInfo(peer));
    parts
}

#[tokio::test]
async fn only_trusted_proxies_name_the_client() {
    let variables = [("WEIRGATE_SERVER__TRUSTED_PROXIES", "10.0.0.0/8")];
    let app = App::start_with_variables(Database::sqlite(), &variables).await;
    let address = |peer: &str, forwarded: &[&str]| {
        extract::client_address(&app.state, &parts(peer, forwarded))
            .unwrap()
            .to_string()
    };
    assert_eq!(address("8.8.8.8:1", &[]), "8.8.8.8");
    assert_eq!(address("8.8.8.8:1", &["1.2.3.4"]), "8.8.8.8");
    assert_eq!(address("[::ffff:8.8.8.8]:1", &[]), "8.8.8.8");
    assert_eq!(address("10.0.0.1:1", &[]), "10.0.0.1");
    assert_eq!(address("10.0.0.1:1", &["1.2.3.4"]), "1.2.3.4");
    // The client wrote the left ones; our proxies appended the right ones.
    assert_eq!(
        address("10.0.0.1:1", &["6.6.6.6, 1.2.3.4, 10.0.0.3, 10.0.0.2"]),
        "1.2.3.4"
    );
    assert_eq!(address("10.0.0.1:1", &["6.6.6.6, 1.2.3.4", "10.0.0.3"]), "1.2.3.4");
    assert_eq!(address("10.0.0.1:1", &["6.6.6.6, nonsense"]), "10.0.0.1");
    app.stop().await;
}
