//! Every refusal is a problem, whoever refused: handlers, extractors or the router.

use serde_json::json;

on_both! {
async fn unknown_address_is_404_in_json(app: App) {
    for path in ["/api/nothing", "/api/v1/nothing", "/api/v1/auth/nothing", "/api", "/api/", "/api/v1", "/api/v2/auth/me", "/api/v1/auth/me/"] {
        for method in ["GET", "POST", "DELETE"] {
            app.call(method, path).send().await.problem(404, "not_found");
        }
    }
}
}

on_both! {
async fn wrong_method_is_405_with_allow(app: App) {
    for (method, path, allowed) in [
        ("GET", "/api/v1/auth/register", "POST"),
        ("DELETE", "/v1/auth/login", "POST,GET,HEAD"),
        ("POST", "/api/v1/auth/me", "GET,HEAD"),
        ("PATCH", "/api/account/profile", "GET,HEAD,PUT,DELETE"),
        ("PUT", "/livez", "GET,HEAD"),
        ("TRACE", "/api/v1/health", "GET,HEAD"),
    ] {
        let reply = app.call(method, path).send().await;
        reply.problem(405, "method_not_allowed");
        assert_eq!(reply.header("allow"), Some(allowed), "{method} {path}");
    }
}
}

on_both! {
async fn body_of_another_type_is_415(app: App) {
    let text = r#"{"email":"a@b.co","password":"x"}"#;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json", ""] {
        let reply = app.post("/api/v1/auth/login").header("content-type", kind).text(text).send().await;
        reply.problem(415, "unsupported_media_type");
    }
    app.post("/api/v1/auth/login").text(text).send().await.problem(415, "unsupported_media_type");
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json"] {
        let reply = app.post("/api/v1/auth/login").header("content-type", kind).text(text).send().await;
        reply.problem(401, "wrong_password");
    }
}
}

on_both! {
async fn body_that_is_not_json_is_400(app: App) {
    let deep = format!("{}{}", "[".repeat(4000), "]".repeat(4000));
    for body in ["", "{", "nonsense", "{\"email\":}", "{} {}", "{\"email\":\"a\u{1}\"}", &deep] {
        let reply = app.post("/api/v1/auth/login").header("content-type", "application/json").text(body).send().await;
        reply.problem(400, "bad_request");
    }
    for body in ["[]", "7", "null", "\"text\""] {
        let reply = app.post("/api/v1/auth/login").header("content-type", "application/json").text(body).send().await;
        reply.problem(422, "invalid");
    }
    let twice = r#"{"email":"a@b.co","email":"c@d.co","password":"x"}"#;
    let reply = app.post("/api/v1/auth/login").header("content-type", "application/json").text(twice).send().await;
    reply.invalid("email", "repeated_field");
}
}

on_both! {
async fn body_over_the_limit_is_413(app: App) {
    let person = app.register("anna").await;
    let sent = json!({ "email": "a@b.co", "password": "x".repeat(16 * 1024) });
    for path in ["/api/v1/auth/login", "/api/v1/auth/register", "/v1/auth/login"] {
        app.post(path).json(&sent).send().await.problem(413, "too_large");
    }
    let token = json!({ "refresh_token": "x".repeat(16 * 1024) });
    app.post("/api/v1/auth/refresh").json(&token).send().await.problem(413, "too_large");
    app.post("/api/v1/auth/logout").json(&token).send().await.problem(413, "too_large");
    let name = |length: usize| json!({ "name": "x".repeat(length) });
    let keys = |length| app.post("/api/v1/account/keys").bearer(&person.access).json(&name(length)).send();
    keys(60 * 1024).await.invalid("name", "too_long");
    keys(64 * 1024).await.problem(413, "too_large");
}
}

on_both! {
async fn request_id_of_the_client_is_kept_when_well_formed(app: App) {
    let reply = app.get("/api/v1/health").header("x-request-id", "my-request-0001").send().await;
    assert_eq!(reply.header("x-request-id"), Some("my-request-0001"));
    let reply = app.get("/api/v1/auth/me").header("x-request-id", "my-request-0002").send().await;
    assert_eq!(reply.problem(401, "missing_credential")["request_id"], "my-request-0002");
    for bad in ["x", "a b c d e f g h", &"x".repeat(200)] {
        let reply = app.get("/api/v1/health").header("x-request-id", bad).send().await;
        let id = reply.header("x-request-id").unwrap();
        assert_eq!(id.len(), 36, "{id}");
    }
}
}

on_both! {
async fn every_route_without_credentials_is_401_or_listed_here(app: App) {
    let open = [
        "POST /api/v1/auth/register",
        "POST /api/v1/auth/signup",
        "POST /api/v1/auth/login",
        "POST /api/v1/auth/cli-login",
        "POST /api/v1/auth/refresh",
        "POST /api/v1/auth/request-link",
        "POST /api/v1/auth/verify",
        "POST /api/v1/auth/password/forgot",
        "POST /api/v1/auth/password/reset",
        "POST /api/v1/auth/email/verify",
        "POST /api/v1/auth/passkeys/sign-in/start",
        "POST /api/v1/auth/passkeys/sign-in/finish",
        "POST /api/v1/setup",
        "POST /api/v1/auth/mock",
        "GET /api/v1/auth/providers",
        "GET /api/v1/auth/login",
        "GET /api/v1/auth/callback",
        "GET /api/v1/auth/oauth/{provider}/start",
        "GET /api/v1/auth/oauth/{provider}/callback",
        "GET /api/v1/invitations/{token}",
        "GET /api/v1/health",
        "GET /livez",
        "GET /readyz",
    ];
    let document = serde_json::to_value(server::http::openapi(app.state.config())).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|key| !["parameters", "summary"].contains(&key.as_str())) {
            let method = method.to_uppercase();
            if open.contains(&format!("{method} {path}").as_str()) {
                continue;
            }
            let named = |part: &str| if part.starts_with('{') { "0199f7c2-7a3e-7000-8000-000000000000".to_owned() } else { part.to_owned() };
            let path = path.split('/').map(named).collect::<Vec<_>>().join("/");
            app.call(&method, &path).send().await.problem(401, "missing_credential");
        }
    }
}
}

on_both! {
/// C081: what cannot be checked is refused.
async fn account_that_cannot_be_checked_is_503(app: App) {
    let anna = app.register("anna").await;
    let ask = |path: &'static str| app.get(path).bearer(&anna.access).send();
    let paths = ["/api/v1/auth/me", "/api/v1/account/keys", "/api/v1/usage/summary", "/api/v1/organizations"];
    let blind = server::for_tests::blind(&app.state).await;
    for path in paths {
        ask(path).await.problem(503, "unavailable");
    }
    drop(blind);
    server::for_tests::poll(&app.state).await.unwrap();
    for path in paths {
        ask(path).await.expect(200);
    }
}
}
