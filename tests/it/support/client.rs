//! A small HTTP client on one connection to a running server.

use std::{path::Path, process::Command};

use http::{Method, Request};
use http_body_util::BodyExt;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::{Server, weirgate};

/// A server with an administrator, and their browser with the cookie of their session. `adjust` adds to the command.
pub async fn administered(folder: &Path, adjust: impl FnOnce(&mut Command)) -> (Server, Client, String) {
    let mut command = weirgate(folder, &["serve", "--port", "0"]);
    command
        .env("APP_ENV", "development")
        .env("FIRST_ADMIN_EMAIL", "root@example.com")
        .env("FIRST_ADMIN_PASSWORD", "correct horse battery");
    adjust(&mut command);
    let server = Server::start(command);
    let mut client = Client::to(&server).await;
    let cookie = client.sign_in("root@example.com", "correct horse battery").await;
    (server, client, cookie)
}

pub struct Client {
    send: SendRequest<String>,
    host: String,
}

pub struct Reply {
    pub status: u16,
    pub location: Option<String>,
    /// `name=value` of the cookies that were set.
    pub cookies: Vec<String>,
    pub request_id: String,
    pub body: Vec<u8>,
}

impl Client {
    pub async fn to(server: &Server) -> Client {
        let socket = tokio::net::TcpStream::connect(&server.address).await.unwrap();
        let (send, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket))
            .await
            .unwrap();
        tokio::task::spawn(connection);
        Client {
            send,
            host: server.address.clone(),
        }
    }

    pub async fn call(&mut self, method: &Method, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send.ready().await.unwrap();
        let response = self
            .send
            .send_request(request.body(body.to_owned()).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let location = parts
            .headers
            .get("location")
            .map(|value| value.to_str().unwrap().to_owned());
        let request_id = parts.headers.get("x-request-id");
        let request_id = request_id.map(|value| value.to_str().unwrap().to_owned());
        let cookies = parts.headers.get_all("set-cookie").iter();
        let cookies = cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
        Reply {
            cookies: cookies.collect(),
            status: parts.status.as_u16(),
            location,
            request_id: request_id.unwrap_or_default(),
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }
}

impl Client {
    /// What the account API answers, which must be a success; `who` are headers that prove somebody.
    pub async fn api(&mut self, method: Method, path: &str, who: &[(&str, &str)], sent: &Value) -> Value {
        let headers = [&[("content-type", "application/json")], who].concat();
        let path = format!("/api/v1/{path}");
        let reply = self.call(&method, &path, &headers, &sent.to_string()).await;
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(
            (200..300).contains(&reply.status),
            "{method} {path}: {} {text}",
            reply.status
        );
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Status and text of a page as a browser without a script gets it.
    pub async fn page(&mut self, cookie: &str, path: &str) -> (u16, String) {
        let headers = [("cookie", cookie), ("accept", "text/html")];
        let reply = self.call(&Method::GET, path, &headers, "").await;
        (reply.status, String::from_utf8(reply.body).unwrap())
    }

    /// Posts a form of our own page; the answer as a browser without a script gets it.
    pub async fn form(&mut self, function: &str, cookie: &str, body: &str) -> Reply {
        self.submit(&format!("/_fn/{function}"), "same-origin", cookie, body)
            .await
    }

    /// The same for any path; `site` is where the form's page came from, as browsers say it.
    pub async fn submit(&mut self, path: &str, site: &str, cookie: &str, body: &str) -> Reply {
        let headers = [
            ("sec-fetch-site", site),
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("cookie", cookie),
        ];
        self.call(&Method::POST, path, &headers, body).await
    }

    /// The cookie of a session that the dashboard's own form starts.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> String {
        let body = format!(
            "email={}&password={}",
            email.replace('@', "%40"),
            password.replace(' ', "+")
        );
        self.form("sign_in", "", &body).await.session().unwrap()
    }
}

impl Reply {
    /// The session's cookie, if one was set.
    pub fn session(&self) -> Option<String> {
        self.cookies.iter().find(|cookie| cookie.starts_with("wg=")).cloned()
    }
}
