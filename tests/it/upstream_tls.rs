//! Calls to upstreams over TLS: one whose certificate an authority of this machine signed is called, any other never hears of a call.

use std::{net::SocketAddr, path::Path, sync::Arc};

use http::Method;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::support::client::administered;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Takes TLS off what comes and hands it on to `behind`; its certificate says it is `name`. It ends with the test's runtime.
async fn front(authority: &Authority, name: &str, behind: SocketAddr) -> SocketAddr {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not believe the certificate breaks off here.
                let Ok(mut plain) = acceptor.accept(socket).await else {
                    return;
                };
                let mut onward = TcpStream::connect(behind).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut plain, &mut onward).await;
            });
        }
    });
    address
}

fn configure(folder: &Path, providers: &[(&str, SocketAddr)]) {
    let mut text = String::new();
    for (id, address) in providers {
        let port = address.port();
        text += &format!(
            "[[providers]]\nid = \"{id}\"\ndialect = \"anthropic\"\nbase_url = \"https://localhost:{port}\"\napi_key = \"{}\"\n\
             allow_private_network = true\n[[models]]\nid = \"{id}\"\nroutes = [{{ provider = \"{id}\", model = \"fake\" }}]\n",
            fake_upstream::CREDENTIAL
        );
    }
    std::fs::write(folder.join("weirgate.toml"), text).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upstream_is_called_where_its_certificate_is_believed_and_nowhere_else() {
    let upstream = fake_upstream::start(fake_upstream::Options::default()).await.unwrap();
    let (ours, strange) = (authority(), authority());
    let folder = tempfile::tempdir().unwrap();
    configure(
        folder.path(),
        &[
            ("believed", front(&ours, "localhost", upstream.addr).await),
            ("strange", front(&strange, "localhost", upstream.addr).await),
            ("misnamed", front(&ours, "other.example", upstream.addr).await),
        ],
    );
    let bundle = folder.path().join("authority.pem");
    std::fs::write(&bundle, ours.pem()).unwrap();
    let (_server, mut client, cookie) = administered(folder.path(), |command| {
        command.env("SSL_CERT_FILE", &bundle);
    })
    .await;
    let who = [("sec-fetch-site", "same-origin"), ("cookie", cookie.as_str())];
    let made = client
        .api(Method::POST, "account/keys", &who, &json!({ "name": "k" }))
        .await;
    let headers = [
        ("content-type", "application/json"),
        ("x-api-key", made["key"].as_str().unwrap()),
    ];
    for (model, stream, status) in [
        ("believed", false, 200),
        ("believed", true, 200),
        ("strange", false, 502),
        ("misnamed", false, 502),
    ] {
        let sent = json!({ "model": model, "stream": stream, "max_tokens": 9, "messages": [{ "role": "user", "content": "Hello" }] });
        let reply = client
            .call(&Method::POST, "/v1/messages", &headers, &sent.to_string())
            .await;
        let text = String::from_utf8(reply.body).unwrap();
        assert_eq!(reply.status, status, "{model}: {text}");
        if status == 200 {
            assert!(text.contains("output_tokens"), "{text}");
        } else {
            let told: Value = serde_json::from_str(&text).unwrap();
            let message = told["error"]["message"].as_str().unwrap();
            assert!(message.contains("could not be reached"), "{message}");
            assert!(
                !message.contains("localhost") && !message.to_lowercase().contains("certificate"),
                "{message}"
            );
        }
    }
    assert_eq!(upstream.calls().len(), 2, "the others heard of no call");
}
