//! A cookie counts only when the request shows that our own page sent it; tokens need no such proof.

use axum::{Router, http::StatusCode, middleware::from_fn_with_state, routing::any};
use serde_json::json;
use server::http::layers;

use crate::support::{App, Call};

const SITES: [Option<&str>; 5] = [
    None,
    Some("same-origin"),
    Some("same-site"),
    Some("cross-site"),
    Some("none"),
];

fn origins(own: &str) -> Vec<Option<String>> {
    let port = format!("{}0", own);
    let origins = [
        own,
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        &port,
        "https://localhost",
    ];
    let mut origins: Vec<_> = origins.iter().map(|origin| Some((*origin).to_owned())).collect();
    origins.push(None);
    origins
}

fn with(call: Call, site: Option<&str>, origin: Option<&str>) -> Call {
    let call = match site {
        Some(site) => call.header("sec-fetch-site", site),
        None => call,
    };
    match origin {
        Some(origin) => call.header("origin", origin),
        None => call,
    }
}

fn is_own(site: Option<&str>, origin: Option<&str>, own: &str) -> bool {
    match site {
        Some(site) => site == "same-origin",
        None => origin == Some(own),
    }
}

on_both! {
async fn change_by_cookie_needs_our_own_page(app: App) {
    app.register("anna").await;
    let cookie = app.cookie("anna", false).await;
    let own = app.state.config().public_url().to_owned();
    let sent = json!({ "name": "k" });
    let mut made = 0;
    for site in SITES {
        for origin in origins(&own) {
            let call = app.post("/api/v1/account/keys").cookie(&cookie).json(&sent);
            let reply = with(call, site, origin.as_deref()).send().await;
            if is_own(site, origin.as_deref(), &own) {
                reply.expect(201);
                made += 1;
            } else {
                reply.problem(403, "cross_site");
            }
        }
    }
    let keys = app.get("/api/v1/account/keys").cookie(&cookie).send().await.expect(200);
    assert_eq!(keys["data"].as_array().unwrap().len(), made);
}
}

on_both! {
async fn every_changing_method_by_cookie_is_guarded_whatever_its_type(app: App) {
    app.register("anna").await;
    let cookie = app.cookie("anna", false).await;
    for (method, path) in [
        ("POST", "/api/v1/auth/logout"),
        ("POST", "/api/v1/auth/login"),
        ("POST", "/v1/auth/logout"),
        ("PUT", "/api/v1/account/profile"),
        ("DELETE", "/api/account/keys/0199f7c2-7a3e-7000-8000-000000000000"),
        ("POST", "/api/v1/nothing"),
    ] {
        for kind in ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
            let reply = app
                .call(method, path)
                .cookie(&cookie)
                .header("content-type", kind)
                .header("origin", "https://evil.example")
                .text("{}")
                .send()
                .await;
            reply.problem(403, "cross_site");
        }
    }
    // Another site's page may ask, but reads nothing (CORS); nothing changes.
    app.get("/api/v1/auth/me").cookie(&cookie).header("sec-fetch-site", "cross-site").send().await.expect(200);
}
}

on_both! {
async fn token_needs_no_page(app: App) {
    let person = app.register("anna").await;
    let sent = json!({ "name": "k" });
    for site in SITES {
        let call = app.post("/api/v1/account/keys").bearer(&person.access).json(&sent);
        with(call, site, Some("https://evil.example")).send().await.expect(201);
    }
}
}

on_both! {
async fn development_page_on_a_loopback_name_is_our_own(app: App) {
    app.register("anna").await;
    let cookie = app.cookie("anna", false).await;
    let post = |host: &str, origin: &str| {
        let call = app.post("/api/v1/account/keys").cookie(&cookie).json(&json!({ "name": "k" }));
        call.header("host", host).header("origin", origin).send()
    };
    post("127.0.0.1:4000", "http://127.0.0.1:4000").await.expect(201);
    post("127.0.0.1:4000", "http://127.0.0.1:4001").await.problem(403, "cross_site");
    post("evil.example", "http://evil.example").await.problem(403, "cross_site");
}
}

/// What the binary puts around server functions.
fn functions(app: &App) -> Router {
    let redirect = || async { (StatusCode::FOUND, [("location", "https://evil.example/keys")]) };
    Router::new()
        .route("/_fn/redirect", any(redirect))
        .route("/_fn/{name}", any(|| async { "done" }))
        .layer(from_fn_with_state(app.state.clone(), layers::same_origin_redirect))
        .layer(from_fn_with_state(app.state.clone(), layers::csrf))
}

on_both! {
async fn server_function_needs_our_own_page_with_and_without_a_cookie(app: App) {
    app.register("anna").await;
    let cookie = app.cookie("anna", false).await;
    let own = app.state.config().public_url().to_owned();
    let router = functions(app);
    for method in ["POST", "GET"] {
        for with_cookie in [true, false] {
            for site in SITES {
                for origin in origins(&own) {
                    let call = Call::new(&router, method, "/_fn/login");
                    let call = if with_cookie { call.cookie(&cookie) } else { call };
                    let reply = with(call, site, origin.as_deref()).send().await;
                    let expected = if is_own(site, origin.as_deref(), &own) { 200 } else { 403 };
                    assert_eq!(reply.status.as_u16(), expected, "{method} {with_cookie} {site:?} {origin:?}");
                }
            }
        }
    }
    // A token does not open them either.
    let reply = Call::new(&router, "POST", "/_fn/login").bearer("x").header("origin", "https://evil.example").send().await;
    assert_eq!(reply.status, 403);
}
}

on_both! {
async fn redirect_of_a_server_function_stays_here(app: App) {
    let reply = Call::new(&functions(app), "POST", "/_fn/redirect").same_origin().send().await;
    assert_eq!(reply.status, 302);
    assert_eq!(reply.header("location"), Some("/"));
}
}
