//! Requests to a router and what came back.

use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode},
};
use serde_json::Value;
use tower::ServiceExt;

#[derive(Clone)]
pub struct Call {
    router: Router,
    method: String,
    path: String,
    headers: HeaderMap,
    body: String,
    peer: Option<SocketAddr>,
}

impl Call {
    pub fn new(router: &Router, method: &str, path: &str) -> Self {
        Call {
            router: router.clone(),
            method: method.to_owned(),
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: String::new(),
            peer: None,
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).expect("a header's name");
        let value = HeaderValue::try_from(value).expect("a header's value");
        self.headers.append(name, value);
        self
    }

    /// As if the connection came from this address.
    pub fn from(mut self, address: &str) -> Self {
        self.peer = Some(SocketAddr::new(address.parse().expect("an address"), 40_000));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn cookie(self, cookie: &str) -> Self {
        self.header("cookie", cookie)
    }

    /// What browsers send with a request of our own page.
    pub fn same_origin(self) -> Self {
        self.header("sec-fetch-site", "same-origin")
    }

    pub fn json(self, value: &Value) -> Self {
        self.header("content-type", "application/json").text(&value.to_string())
    }

    pub fn text(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    pub async fn send(self) -> Reply {
        let request = Request::builder().method(self.method.as_str()).uri(&self.path);
        let mut request = request.body(Body::from(self.body)).expect("a request");
        *request.headers_mut() = self.headers;
        let hosts = request.headers_mut().entry("host");
        hosts.or_insert(axum::http::HeaderValue::from_static("localhost"));
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let response = self.router.oneshot(request).await.expect("routers do not fail");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("the reply's body");
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: body.to_vec(),
        }
    }

    /// Sends again as long as the server says that too many passwords are being hashed: on a slow machine a crowd is sent
    /// away, and a test about the crowd wants every answer.
    pub async fn send_until_served(self) -> Reply {
        loop {
            let reply = self.clone().send().await;
            if reply.status != 503 {
                return reply;
            }
            reply.problem(503, "unavailable");
            assert_eq!(reply.header("retry-after"), Some("2"));
        }
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("a readable header"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, after the status was compared.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// A problem of this status and code, with everything RFC 9457 and the contract want of it.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        let id = self.header("x-request-id").expect("a request id");
        assert_eq!(problem["request_id"], id);
        for field in ["title", "detail"] {
            assert!(
                problem[field].as_str().is_some_and(|text| !text.is_empty()),
                "{problem}"
            );
        }
        if status == 401 {
            let challenge = self.header("www-authenticate").expect("a challenge");
            assert!(challenge.starts_with("Bearer "), "{challenge}");
        }
        problem
    }

    /// 422 for exactly one field.
    #[track_caller]
    pub fn invalid(&self, field: &str, code: &str) {
        let problem = self.problem(422, "invalid");
        assert_eq!(problem["errors"], serde_json::json!({ field: [code] }));
    }
}
