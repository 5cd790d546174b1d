//! `/admin` as a browser without a script gets it: who sees it, and what its forms do.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Server, client::Client, text, weirgate};

const KIND: (&str, &str) = ("content-type", "application/json");
const PASSWORD: &str = "long enough password";
const PAGES: [&str; 7] = [
    "users",
    "organizations",
    "audit",
    "requests",
    "limits",
    "sign-in",
    "system",
];

async fn page(client: &mut Client, cookie: &str, path: &str, status: u16) -> String {
    let (seen, page) = client.page(cookie, path).await;
    assert_eq!(seen, status, "{path}");
    page
}

async fn form(client: &mut Client, cookie: &str, function: &str, body: &str) -> String {
    let reply = client.form(function, cookie, body).await;
    assert_eq!(reply.status, 302, "{function}");
    reply.location.unwrap_or_default()
}

/// The people's ids by e-mail.
async fn id_of(client: &mut Client, cookie: &str, email: &str) -> String {
    let path = format!("/api/v1/admin/users?q={email}");
    let reply = client.call(&Method::GET, &path, &[("cookie", cookie)], "").await;
    let page: Value = serde_json::from_slice(&reply.body).unwrap();
    page["data"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_see_and_change_what_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
    let arguments = [
        "admin",
        "create",
        "--email",
        "root@example.com",
        "--password-file",
        "password",
    ];
    let made = weirgate(folder.path(), &arguments).output().unwrap();
    assert!(made.status.success(), "{}", text(&made));
    let mut command = weirgate(folder.path(), &["serve", "--port", "0"]);
    command.env("APP_ENV", "development");
    let server = Server::start(command);
    let mut client = Client::to(&server).await;
    let account = json!({ "email": "anna@example.com", "password": PASSWORD, "username": "anna" }).to_string();
    let made = client
        .call(&Method::POST, "/api/v1/auth/register", &[KIND], &account)
        .await;
    assert_eq!(made.status, 201);
    let root = client.sign_in("root@example.com", PASSWORD).await;
    let anna = client.sign_in("anna@example.com", PASSWORD).await;

    // The way there is shown to whom it is for.
    assert!(page(&mut client, &root, "/", 200).await.contains("href=\"/admin\""));
    assert!(!page(&mut client, &anna, "/", 200).await.contains("href=\"/admin\""));
    for name in PAGES {
        let path = format!("/admin/{name}");
        let seen = page(&mut client, &root, &path, 200).await;
        assert!(seen.contains(&format!("href=\"{path}\"")), "{path}");
        let refused = page(&mut client, &anna, &path, 403).await;
        assert!(!refused.contains("data-testid=\"filter\""), "{path}");
    }
    page(&mut client, &root, "/admin/users/nobody", 404).await;

    // An account for somebody, who gets a letter; what is wrong comes back with the form.
    for email in ["nobody", "anna%40example.com"] {
        let back = form(
            &mut client,
            &root,
            "admin_create_user",
            &format!("email={email}&role=user"),
        )
        .await;
        assert_eq!(back, "/admin/users", "{email}");
    }
    form(
        &mut client,
        &anna,
        "admin_create_user",
        "email=eve%40example.com&role=admin",
    )
    .await;
    let there = form(
        &mut client,
        &root,
        "admin_create_user",
        "email=vera%40example.com&role=user&locale=en",
    )
    .await;
    assert_eq!(
        there,
        format!("/admin/users/{}", id_of(&mut client, &root, "vera").await)
    );
    let listed = page(&mut client, &root, "/admin/users", 200).await;
    assert_eq!(listed.matches("data-testid=\"user-row\"").count(), 3);

    let id = id_of(&mut client, &root, "anna").await;
    let listed = page(&mut client, &root, "/admin/users?q=anna", 200).await;
    assert_eq!(listed.matches("data-testid=\"user-row\"").count(), 1);
    let own = format!("/admin/users/{id}");
    let seen = page(&mut client, &root, &own, 200).await;
    assert!(seen.contains("anna@example.com") && seen.contains("data-testid=\"set-role\""));

    // Forms of others do nothing.
    let root_id = id_of(&mut client, &root, "root").await;
    form(
        &mut client,
        &anna,
        "admin_set_active",
        &format!("id={root_id}&active=no"),
    )
    .await;
    form(&mut client, &anna, "admin_set_role", &format!("id={id}&role=admin")).await;
    page(&mut client, &anna, "/admin/users", 403).await;
    page(&mut client, &root, "/admin/users", 200).await;

    assert_eq!(
        form(
            &mut client,
            &root,
            "admin_set_role",
            &format!("id={id}&role=read_only_admin")
        )
        .await,
        own
    );
    let anna = client.sign_in("anna@example.com", PASSWORD).await;
    let seen = page(&mut client, &anna, &format!("/admin/users/{root_id}"), 200).await;
    assert!(!seen.contains("data-testid=\"set-role\""));
    assert_eq!(
        form(&mut client, &root, "admin_set_active", &format!("id={id}&active=no")).await,
        own
    );
    page(&mut client, &anna, "/admin/users", 302).await;

    let wrong = format!("id={id}&confirm_name=somebody");
    assert_eq!(form(&mut client, &root, "admin_delete_user", &wrong).await, own);
    page(&mut client, &root, &own, 200).await;
    let right = format!("id={id}&confirm_name=anna");
    assert_eq!(
        form(&mut client, &root, "admin_delete_user", &right).await,
        "/admin/users"
    );
    page(&mut client, &root, &own, 404).await;

    let told = page(&mut client, &root, "/admin/audit?action=user.deleted", 200).await;
    assert_eq!(told.matches("data-testid=\"audit-row\"").count(), 1);
    let wrong = page(&mut client, &root, "/admin/audit?actor=nobody-here", 200).await;
    assert!(wrong.contains("No change to show"));
}
