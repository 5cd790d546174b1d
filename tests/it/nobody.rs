//! What the server answers to who brings no credential (C078): every route of the OpenAPI document at every mount, every server function and
//! every page of the running program, and what scanners look for. All that is open stands in the lists here; everything else is refused,
//! and something new is refused or fails this test until it is said.

use http::Method;
use serde_json::Value;

use crate::{
    matrix_functions::declared,
    support::{
        Server,
        client::{Client, Reply},
        routes::{ID, filled, mounts},
        weirgate,
    },
};

/// Doors of the account API for who has no credential yet, and those that only say that there is a server. The status is that of an
/// empty request; all others are 401.
const OPEN: [(&str, u16); 24] = [
    ("GET /api/v1/auth/callback", 404),
    ("POST /api/v1/auth/cli-login", 422),
    ("POST /api/v1/auth/email/verify", 400),
    ("GET /api/v1/auth/login", 404),
    ("POST /api/v1/auth/login", 422),
    ("POST /api/v1/auth/logout", 422),
    ("POST /api/v1/auth/mock", 404),
    ("GET /api/v1/auth/oauth/{provider}/callback", 404),
    ("GET /api/v1/auth/oauth/{provider}/start", 404),
    ("POST /api/v1/auth/passkeys/sign-in/finish", 422),
    ("POST /api/v1/auth/passkeys/sign-in/start", 200),
    ("POST /api/v1/auth/password/forgot", 422),
    ("POST /api/v1/auth/password/reset", 400),
    ("GET /api/v1/auth/providers", 200),
    ("POST /api/v1/auth/refresh", 422),
    ("POST /api/v1/auth/register", 422),
    ("POST /api/v1/auth/request-link", 422),
    ("POST /api/v1/auth/signup", 422),
    ("POST /api/v1/auth/verify", 400),
    ("GET /api/v1/health", 200),
    ("GET /api/v1/invitations/{token}", 404),
    ("POST /api/v1/setup", 422),
    ("GET /livez", 200),
    ("GET /readyz", 200),
];

/// Server functions of the pages that are read before signing in, with tokens that are worth nothing.
const OPEN_FUNCTIONS: [(&str, u16); 19] = [
    ("ask_link", 200),
    ("ask_reset", 200),
    ("dev_mail", 200),
    ("entrance", 200),
    ("invitation_page", 200),
    ("link_page", 200),
    ("other_ways", 200),
    ("reset_page", 200),
    ("reset_password", 400),
    ("set_language", 200),
    ("set_sidebar", 200),
    ("set_theme", 200),
    ("set_up", 404),
    ("sign_in_by_link", 400),
    ("sign_in_mock", 404),
    ("sign_out", 200),
    ("sign_up", 404),
    ("verify_email", 400),
    ("verify_page", 200),
];

/// Pages that are read before signing in. All others lead to `/login` and back.
const OPEN_PAGES: [(&str, u16, &str); 14] = [
    ("/", 302, "/login"),
    ("/admin", 302, "/admin/users"),
    ("/auth", 302, "/login"),
    ("/dashboard", 302, "/"),
    ("/dev/mail", 200, ""),
    ("/invitations/{token}", 404, ""),
    ("/login", 200, ""),
    ("/login/link", 200, ""),
    ("/login/second", 302, "/login"),
    ("/register", 200, ""),
    ("/reset", 200, ""),
    ("/setup", 200, ""),
    ("/signup", 302, "/register"),
    ("/verify", 200, ""),
];

/// What other servers have, and scanners ask for.
const ABSENT: [&str; 24] = [
    "/metrics",
    "/api/metrics",
    "/api/v1/metrics",
    "/v1/metrics",
    "/debug",
    "/debug/pprof/",
    "/api/debug",
    "/openapi.json",
    "/swagger",
    "/graphql",
    "/.env",
    "/.git/config",
    "/actuator/env",
    "/server-status",
    "/weirgate.db",
    "/data/weirgate.db",
    "/weirgate.toml",
    "/pkg/../../etc/passwd",
    "/pkg/%2e%2e/%2e%2e/etc/passwd",
    "/v1",
    "/v1/nothing",
    "/api/nothing",
    "/api/v1/nothing",
    "/no/such/page",
];

async fn ask(client: &mut Client, method: &Method, path: &str, body: &str, kind: &str) -> Reply {
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("content-type", kind),
        (
            "accept",
            if kind.is_empty() {
                "text/html"
            } else {
                "application/json"
            },
        ),
    ];
    let reply = client.call(method, path, &headers, body).await;
    assert_ne!(reply.request_id, "", "{method} {path}: no x-request-id");
    reply
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_but_what_is_listed_is_refused_without_a_credential() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weirgate(folder.path(), &["serve", "--port", "0"]);
    command
        .env("APP_ENV", "development")
        .env("WEIRGATE_RATE_LIMITS__ANONYMOUS_REQUESTS", "100000000")
        .env("WEIRGATE_RATE_LIMITS__SIGN_IN_REQUESTS", "1000000");
    let server = Server::start(command);
    let mut wrong = Vec::new();
    let mut seen = Vec::new();
    let mut judge = |what: String, status: u16, expected: u16| {
        if status != expected {
            wrong.push(format!("{what}: {status}, not {expected}"));
        }
    };

    let document = Client::to(&server)
        .await
        .call(&Method::GET, "/api/openapi.json", &[], "")
        .await;
    let document: Value = serde_json::from_slice(&document.body).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for name in item.as_object().unwrap().keys().map(|name| name.to_uppercase()) {
            let Ok(method) = Method::from_bytes(name.as_bytes()) else {
                continue;
            };
            let route = format!("{method} {path}");
            let open = OPEN.iter().find(|(known, _)| *known == route);
            for mount in mounts(path) {
                // A connection each: who is refused before their body is read may find it closed.
                let mut client = Client::to(&server).await;
                let body = if method == Method::GET { "" } else { "{}" };
                let reply = ask(&mut client, &method, &mount, body, "application/json").await;
                judge(
                    format!("{method} {mount}"),
                    reply.status,
                    open.map_or(401, |(_, status)| *status),
                );
            }
            seen.push(route);
        }
    }
    assert!(seen.len() >= 100, "{}", seen.len());
    for (route, _) in OPEN {
        assert!(seen.iter().any(|seen| seen == route), "there is no {route}");
    }

    let mut client = Client::to(&server).await;
    let functions = declared();
    for function in &functions {
        let path = format!("/_fn/{}", function.endpoint);
        let form = function.form(|_| ID.to_owned());
        let reply = ask(
            &mut client,
            &Method::POST,
            &path,
            &form,
            "application/x-www-form-urlencoded",
        )
        .await;
        let open = OPEN_FUNCTIONS.iter().find(|(known, _)| *known == function.endpoint);
        judge(path, reply.status, open.map_or(401, |(_, status)| *status));
    }
    for (name, _) in OPEN_FUNCTIONS {
        assert!(
            functions.iter().any(|function| function.endpoint == name),
            "there is no {name}"
        );
    }

    let pages = leptos_axum::generate_route_list(app::App);
    for page in &pages {
        let path = page.path();
        let reply = ask(&mut client, &Method::GET, &filled(path), "", "").await;
        let open = OPEN_PAGES.iter().find(|(known, ..)| *known == path);
        let back = format!("/login?next={}", filled(path));
        let (status, leads) = open.map_or((302, back.as_str()), |(_, status, leads)| (*status, *leads));
        judge(path.to_owned(), reply.status, status);
        assert_eq!(reply.location.unwrap_or_default(), leads, "{path}");
    }
    for (path, ..) in OPEN_PAGES {
        assert!(pages.iter().any(|page| page.path() == path), "there is no {path}");
    }

    for path in ABSENT {
        let mut client = Client::to(&server).await;
        judge(
            path.to_owned(),
            ask(&mut client, &Method::GET, path, "", "").await.status,
            404,
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
