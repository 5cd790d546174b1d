//! Figure: the cross-site matrix (C025, C026, C027). Every state-changing route of the OpenAPI document at every mount, and every server
//! function that is linked into the dashboard, × what browsers say of where a request comes from × content types, against the real
//! binary. A new route or function is in it without touching this file.
//!
//! A content type a cell, each in its turn; every one of them in every cell with WEIRGATE_LONG.
//!
//! Refused cells come with a good session and must write nothing; passed cells come with a session that is worth nothing, so that
//! they show that the request got past the check and no more.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};

use crate::support::{
    Server,
    client::{Client, Reply},
    is_long,
    routes::mounts,
    weirgate,
};

const SITES: [Option<&str>; 5] = [
    None,
    Some("same-origin"),
    Some("same-site"),
    Some("cross-site"),
    Some("none"),
];
const TYPES: [Option<&str>; 5] = [
    Some("application/json"),
    Some("application/x-www-form-urlencoded"),
    Some("multipart/form-data; boundary=x"),
    Some("text/plain"),
    None,
];
const BOGUS: &str = "wg=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What stands in `Origin`, and whether it is exactly ours.
fn origins(own: &str) -> Vec<(Vec<String>, bool)> {
    let host = own.strip_prefix("http://").unwrap();
    let (name, port) = host.rsplit_once(':').unwrap();
    let one = |text: String| (vec![text], false);
    vec![
        (vec![own.to_owned()], true),
        one("https://evil.example".to_owned()),
        one(format!("http://app.{host}")),
        one("null".to_owned()),
        (Vec::new(), false),
        one(format!("http://{name}.evil.example:{port}")),
        one(format!("http://{name}:1{port}")),
        one(format!("https://{host}")),
        (vec![own.to_owned(), own.to_owned()], false),
    ]
}

fn is_cross_site(reply: &Reply) -> bool {
    let code = serde_json::from_slice::<Value>(&reply.body).ok();
    reply.status == 403 && code.is_some_and(|problem| problem["code"] == "cross_site")
}

/// One thing that changes state, and whether it must be our own page also without a cookie.
struct Door {
    method: Method,
    path: String,
    function: bool,
}

/// The server functions of every page: rendering the routes' list links them all.
fn functions() -> Vec<Door> {
    assert!(leptos_axum::generate_route_list(app::App).len() >= 8);
    let doors: Vec<Door> = leptos::server_fn::axum::server_fn_paths()
        .map(|(path, method)| Door {
            method,
            path: path.to_owned(),
            function: true,
        })
        .collect();
    assert!(doors.len() >= 15, "{}", doors.len());
    doors
}

/// The account API's changing routes at all their mounts, and the other ones.
fn routes(document: &Value) -> (Vec<Door>, Vec<Door>) {
    let (mut accounts, mut models) = (Vec::new(), Vec::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else {
                continue;
            };
            if ["GET", "HEAD", "OPTIONS"].contains(&method.as_str()) {
                continue;
            }
            let doors = mounts(path).into_iter().map(|path| Door {
                method: method.clone(),
                path,
                function: false,
            });
            match path.starts_with("/api/v1/") {
                true => accounts.extend(doors),
                false => models.extend(doors),
            }
        }
    }
    assert!(accounts.len() >= 25, "{}", accounts.len());
    (accounts, models)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_changing_route_and_server_function_refuses_other_sites_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weirgate(folder.path(), &["serve", "--port", "0"]);
    command
        .env("APP_ENV", "development")
        .env("RATE_LIMIT_MAX_REQUESTS", "100000000")
        .env("WEIRGATE_RATE_LIMITS__ANONYMOUS_REQUESTS", "100000000")
        .env("WEIRGATE_RATE_LIMITS__SIGN_IN_REQUESTS", "1000000");
    let server = Server::start(command);
    let own = format!("http://{}", server.address);
    let mut client = Client::to(&server).await;
    let document = client.call(&Method::GET, "/api/openapi.json", &[], "").await;
    let document: Value = serde_json::from_slice(&document.body).unwrap();
    let (accounts, models) = routes(&document);
    let functions = functions();

    // A browser that is signed in.
    let account = json!({ "email": "anna@example.com", "password": "correct horse battery" }).to_string();
    let kind = ("content-type", "application/json");
    let made = client
        .call(&Method::POST, "/api/v1/auth/register", &[kind], &account)
        .await;
    assert_eq!(made.status, 201);
    let cookie = client.sign_in("anna@example.com", "correct horse battery").await;
    let observer = crate::support::observer(folder.path()).await;
    let before = server::for_tests::digest(&observer).await.unwrap();

    let mut cells: BTreeMap<&str, usize> = BTreeMap::new();
    let mut turns = TYPES.iter().cycle();
    for good_session in [true, false] {
        for door in accounts.iter().chain(&functions) {
            let cookies: &[Option<&str>] = match (good_session, door.function) {
                (true, true) => &[Some(&cookie), None],
                (true, false) => &[Some(&cookie)],
                (false, _) => &[Some(BOGUS)],
            };
            for site in SITES {
                for (origin, is_own) in origins(&own) {
                    let passes = site.map_or(is_own, |site| site == "same-origin");
                    if passes == good_session {
                        continue;
                    }
                    let of_each = if is_long() { TYPES.len() } else { 1 };
                    for kind in turns.by_ref().take(of_each) {
                        for cookie in cookies {
                            let mut headers: Vec<(&str, &str)> =
                                origin.iter().map(|origin| ("origin", origin.as_str())).collect();
                            headers.extend(site.map(|site| ("sec-fetch-site", site)));
                            headers.extend(kind.map(|kind| ("content-type", kind)));
                            headers.extend(cookie.map(|cookie| ("cookie", cookie)));
                            let body = if door.function { "" } else { "{}" };
                            let reply = client.call(&door.method, &door.path, &headers, body).await;
                            let what = || format!("{} {} {headers:?}: {}", door.method, door.path, reply.status);
                            assert_eq!(is_cross_site(&reply), !passes, "{}", what());
                            *cells.entry(if passes { "passed" } else { "refused" }).or_default() += 1;
                        }
                    }
                }
            }
        }
        let after = server::for_tests::digest(&observer).await.unwrap();
        assert!(before == after, "something was written");
    }

    // C024: on the model API a cookie is nothing, wherever it comes from.
    for door in &models {
        for site in ["same-origin", "cross-site"] {
            let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", site), kind];
            let reply = client.call(&door.method, &door.path, &headers, "{}").await;
            assert_eq!(reply.status, 401, "{} {}", door.method, door.path);
        }
    }

    for door in &functions {
        // C026: GET would be sent along by a link on any site.
        assert_eq!(door.method, Method::POST, "{}", door.path);
        let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
        let reply = client.call(&Method::GET, &door.path, &headers, "").await;
        assert_eq!(reply.status, 405, "{}", door.path);
        // C027: without a script the answer leads on, never off this site.
        let headers = [
            ("cookie", BOGUS),
            ("sec-fetch-site", "same-origin"),
            ("accept", "text/html"),
            ("referer", "https://evil.example/"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let reply = client.call(&Method::POST, &door.path, &headers, "").await;
        if let Some(location) = &reply.location {
            assert!(
                location.starts_with('/') && !location.starts_with("//"),
                "{}: {location}",
                door.path
            );
        }
    }
    let after = server::for_tests::digest(&observer).await.unwrap();
    assert!(before == after, "something was written");
    println!(
        "{} routes (at their mounts), {} server functions, cells: {cells:?}",
        accounts.len(),
        functions.len()
    );
    observer.shutdown().await;
}
