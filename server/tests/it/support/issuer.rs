//! A provider of identities in the test's process: an OpenID issuer and a GitHub on one loopback port, with faults on demand.
//!
//! The browser's part, the page where a person signs in at the provider, is [`Issuer::visit`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use url::Url;

use super::{App, Call, Reply};

pub const CLIENT: &str = "weirgate";
pub const SECRET: &str = "k7Zw-Qm3x_Vt91";

pub struct Issuer {
    /// As it calls itself.
    pub url: String,
    shared: Shared,
    task: JoinHandle<()>,
}

type Shared = Arc<Mutex<Inside>>;

/// Writes an ID token out of the claims that would have been right.
pub type Forge = Arc<dyn Fn(&Key, Value) -> String + Send + Sync>;

pub struct Inside {
    url: String,
    key: Arc<Key>,
    codes: HashMap<String, Begun>,
    /// What the ID token says beside what it must.
    pub claims: Value,
    pub userinfo: Option<Value>,
    pub github: Value,
    pub emails: Value,
    pub teams: Value,
    pub forge: Option<Forge>,
    pub fault: Fault,
    /// Seconds since 1970, as the test's clock has it.
    pub now: i64,
    /// RFC 9207.
    pub names_itself: bool,
    pub asked: HashMap<&'static str, u32>,
    /// Every token that was given out.
    pub tokens: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    OtherIssuer,
    KeysRedirect,
    KeysHang,
    KeysAreHuge,
    DiscoveryHangs,
    TokensAreHuge,
    PlainEndpoint,
}

struct Begun {
    nonce: Option<String>,
    challenge: String,
    redirect: String,
    client: String,
}

pub struct Key {
    pair: RsaKeyPair,
    pub id: String,
}

impl Key {
    pub fn new(id: &str) -> Self {
        Key {
            pair: RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"),
            id: id.to_owned(),
        }
    }

    /// Modulus and exponent.
    pub fn parts(&self) -> (Vec<u8>, Vec<u8>) {
        // PKCS #1: SEQUENCE { INTEGER n, INTEGER e }.
        let der = self.pair.public_key().as_ref();
        let (_, inside) = tag(der);
        let mut rest = inside;
        let mut next = || {
            let (length, value) = tag(rest);
            rest = &rest[length..];
            value.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<u8>>()
        };
        (next(), next())
    }

    pub fn jwk(&self) -> Value {
        let (n, e) = self.parts();
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id,
            "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e),
        })
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .expect("signed");
        signature
    }

    /// A token with this header and these claims, as text, so that a test may repeat a name.
    pub fn token(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub fn header(&self) -> Value {
        json!({ "alg": "RS256", "kid": self.id, "typ": "JWT" })
    }
}

/// The whole length of a DER value, and its content.
fn tag(der: &[u8]) -> (usize, &[u8]) {
    let first = usize::from(der[1]);
    if first < 0x80 {
        return (2 + first, &der[2..2 + first]);
    }
    let count = first & 0x7f;
    let length = der[2..2 + count]
        .iter()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    let start = 2 + count;
    (start + length, &der[start..start + length])
}

impl Issuer {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared: Shared = Arc::new(Mutex::new(Inside {
            url: url.clone(),
            key: Arc::new(Key::new("one")),
            codes: HashMap::new(),
            claims: json!({ "sub": "248289761001", "email": "jane@example.com", "email_verified": true, "name": "Jane Doe" }),
            userinfo: None,
            github: json!({ "id": 583_231, "login": "jane", "name": "Jane Doe" }),
            emails: json!([
                { "email": "old@example.com", "primary": false, "verified": true },
                { "email": "jane@example.com", "primary": true, "verified": true },
            ]),
            teams: json!([]),
            forge: None,
            fault: Fault::None,
            now: super::START.0 / 1000,
            names_itself: false,
            asked: HashMap::new(),
            tokens: Vec::new(),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/elsewhere", get(keys))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .route("/login/oauth/access_token", post(token))
            .route(
                "/api/v3/user",
                get(|State(shared): State<Shared>, headers: HeaderMap| async move {
                    person(&shared, &headers, |inside| inside.github.clone())
                }),
            )
            .route(
                "/api/v3/user/emails",
                get(|State(shared): State<Shared>, headers: HeaderMap| async move {
                    person(&shared, &headers, |inside| inside.emails.clone())
                }),
            )
            .route(
                "/api/v3/user/orgs",
                get(|| async { Json(json!([{ "login": "acme" }])) }),
            )
            .route(
                "/api/v3/user/teams",
                get(|State(shared): State<Shared>, headers: HeaderMap| async move {
                    person(&shared, &headers, |inside| inside.teams.clone())
                }),
            )
            .with_state(Arc::clone(&shared));
        #[expect(clippy::disallowed_methods, reason = "ended when the issuer is dropped")]
        let task = tokio::task::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Issuer { url, shared, task }
    }

    pub fn inside(&self) -> MutexGuard<'_, Inside> {
        self.shared.lock().expect("nobody panicked")
    }

    pub fn asked(&self, what: &'static str) -> u32 {
        self.inside().asked.get(what).copied().unwrap_or(0)
    }

    /// Signs with a new key from now on.
    pub fn rotate(&self, id: &str) {
        self.inside().key = Arc::new(Key::new(id));
    }

    /// Whoever sits at the browser signs in at the address they were sent to; the query they come back with.
    pub fn visit(&self, location: &str) -> Vec<(String, String)> {
        let sent = Url::parse(location).expect("an address");
        let parameter = |name: &str| {
            let mut found = sent.query_pairs().filter(|(key, _)| key == name);
            let value = found.next().map(|(_, value)| value.into_owned());
            assert!(found.next().is_none(), "{name} stands twice in {location}");
            value
        };
        assert_eq!(parameter("response_type").as_deref(), Some("code"));
        assert_eq!(parameter("code_challenge_method").as_deref(), Some("S256"));
        let mut inside = self.inside();
        let code = format!("code-{}", inside.codes.len() + 1);
        let begun = Begun {
            nonce: parameter("nonce"),
            challenge: parameter("code_challenge").expect("a challenge"),
            redirect: parameter("redirect_uri").expect("a way back"),
            client: parameter("client_id").expect("a client"),
        };
        inside.codes.insert(code.clone(), begun);
        let mut back = vec![
            ("code".to_owned(), code),
            ("state".to_owned(), parameter("state").expect("a state")),
        ];
        if inside.names_itself {
            back.push(("iss".to_owned(), inside.url.clone()));
        }
        back
    }

    /// As `weirgate.toml` names this issuer.
    pub fn provider(&self, id: &str, kind: &str, more: &str) -> String {
        format!(
            "[[sign_in_providers]]\nid = \"{id}\"\nkind = \"{kind}\"\nissuer = \"{}\"\nclient_id = \"{CLIENT}\"\nclient_secret = \"{SECRET}\"\n{more}\n",
            self.url
        )
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Inside {
    fn count(&mut self, what: &'static str) {
        *self.asked.entry(what).or_default() += 1;
    }
}

async fn discovery(State(shared): State<Shared>) -> Response {
    let (fault, url, names_itself) = {
        let mut inside = shared.lock().expect("nobody panicked");
        inside.count("discovery");
        (inside.fault, inside.url.clone(), inside.names_itself)
    };
    if fault == Fault::DiscoveryHangs {
        std::future::pending::<()>().await;
    }
    let issuer = if fault == Fault::OtherIssuer {
        "http://127.0.0.1:1".to_owned()
    } else {
        url.clone()
    };
    let token = if fault == Fault::PlainEndpoint {
        "http://id.example.com/token".to_owned()
    } else {
        format!("{url}/token")
    };
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": token,
        "userinfo_endpoint": format!("{url}/userinfo"),
        "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        "authorization_response_iss_parameter_supported": names_itself,
    }))
    .into_response()
}

async fn keys(State(shared): State<Shared>) -> Response {
    let (fault, jwk) = {
        let mut inside = shared.lock().expect("nobody panicked");
        inside.count("keys");
        (inside.fault, inside.key.jwk())
    };
    match fault {
        Fault::KeysHang => std::future::pending().await,
        Fault::KeysRedirect => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
        Fault::KeysAreHuge => {
            let padding = "x".repeat(10 * 1024 * 1024);
            Json(json!({ "keys": [jwk], "padding": padding })).into_response()
        }
        _ => Json(json!({ "keys": [jwk] })).into_response(),
    }
}

async fn token(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let mut inside = shared.lock().expect("nobody panicked");
    inside.count("token");
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|text| String::from_utf8(STANDARD.decode(text).ok()?).ok());
    let in_body = form
        .get("client_secret")
        .map(|secret| format!("{}:{secret}", form["client_id"]));
    if basic.or(in_body) != Some(format!("{CLIENT}:{SECRET}")) {
        return refused("invalid_client");
    }
    let Some(begun) = form.get("code").and_then(|code| inside.codes.remove(code)) else {
        return refused("invalid_grant");
    };
    let verifier = form.get("code_verifier").map_or("", String::as_str);
    let challenge = URL_SAFE_NO_PAD.encode(server::crypto::sha256(verifier.as_bytes()));
    if challenge != begun.challenge || form.get("redirect_uri") != Some(&begun.redirect) || verifier.len() < 43 {
        return refused("invalid_grant");
    }
    let mut claims = json!({
        "iss": inside.url, "aud": begun.client, "iat": inside.now, "exp": inside.now + 300, "nonce": begun.nonce,
    });
    let said = inside.claims.clone();
    for (name, value) in said.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    let key = Arc::clone(&inside.key);
    let id_token = match inside.forge.clone() {
        Some(forge) => forge(&key, claims),
        None => key.token(&key.header().to_string(), &claims.to_string()),
    };
    let access = format!("access-canary-{}", inside.tokens.len());
    inside
        .tokens
        .extend([id_token.clone(), access.clone(), format!("refresh-{access}")]);
    let mut reply = json!({
        "access_token": access, "refresh_token": format!("refresh-{access}"), "token_type": "Bearer", "expires_in": 300, "id_token": id_token,
    });
    if inside.fault == Fault::TokensAreHuge {
        reply["padding"] = "x".repeat(1024 * 1024).into();
    }
    Json(reply).into_response()
}

async fn userinfo(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    person(&shared, &headers, |inside| {
        inside
            .userinfo
            .clone()
            .unwrap_or_else(|| json!({ "sub": inside.claims["sub"] }))
    })
}

/// What an access token of ours opens.
fn person(shared: &Shared, headers: &HeaderMap, say: impl FnOnce(&Inside) -> Value) -> Response {
    let mut inside = shared.lock().expect("nobody panicked");
    inside.count("person");
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match token {
        Some(token) if inside.tokens.iter().any(|known| known == token) => Json(say(&inside)).into_response(),
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// A browser of one's own: it keeps cookies and goes where it is sent.
#[derive(Clone, Default)]
pub struct Visitor {
    cookies: Vec<(String, String)>,
}

impl Visitor {
    pub fn with(cookie: &str) -> Self {
        let (name, value) = cookie.split_once('=').expect("a cookie");
        Visitor {
            cookies: vec![(name.to_owned(), value.to_owned())],
        }
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        let found = self.cookies.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub async fn send(&mut self, call: Call) -> Reply {
        let text: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let call = if text.is_empty() {
            call
        } else {
            call.cookie(&text.join("; "))
        };
        let reply = call.send().await;
        for set in reply.headers.get_all("set-cookie") {
            let set = set.to_str().expect("a readable cookie");
            let (name, value) = set.split(';').next().unwrap().split_once('=').expect("a cookie");
            self.cookies.retain(|(key, _)| key != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        reply
    }

    /// Out to the provider `id`: where it sends people.
    pub async fn out(&mut self, app: &App, id: &str, query: &str) -> String {
        let reply = self
            .send(app.get(&format!("/api/v1/auth/oauth/{id}/start{query}")))
            .await;
        assert_eq!(reply.status, 303, "{}", reply.text());
        reply.header("location").expect("an address").to_owned()
    }

    pub async fn back(&mut self, app: &App, id: &str, query: &[(String, String)]) -> Reply {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        self.send(app.get(&format!("/api/v1/auth/oauth/{id}/callback?{query}")))
            .await
    }

    /// There and back again.
    pub async fn around(&mut self, app: &App, issuer: &Issuer, id: &str, query: &str) -> Reply {
        let location = self.out(app, id, query).await;
        self.back(app, id, &issuer.visit(&location)).await
    }

    /// Who the dashboard's cookie stands for.
    pub async fn me(&self, app: &App) -> Option<Value> {
        let reply = app
            .get("/api/v1/auth/me")
            .cookie(&format!("wg={}", self.cookie("wg")?))
            .send()
            .await;
        (reply.status == 200).then(|| reply.expect(200))
    }
}

/// Where a reply leads.
#[track_caller]
pub fn leads(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location").expect("an address").to_owned()
}

/// Longer than a provider may take.
pub const TOO_LONG: Duration = Duration::from_secs(5);

/// Makes providers known to a server, whose tests sign in more often than anybody may.
pub fn known(config: &mut server::Config, providers: &str) {
    config.add_sign_in_providers(providers).expect("good providers");
    config.rate_limits.sign_in_requests = 10_000;
    config.rate_limits.anonymous_requests = 10_000;
}
