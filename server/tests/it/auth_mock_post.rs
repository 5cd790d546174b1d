//! `MOCK_AUTH`: a test user without a password, never in production.

use server::{Config, config::Sources};

use crate::support::{App, Database};

on_both! {
async fn door_is_not_there_unless_asked_for(app: App) {
    app.post("/api/v1/auth/mock").send().await.problem(404, "not_found");
}
}

#[tokio::test]
async fn test_user_comes_in_without_a_password() {
    let app = App::start_with(Database::sqlite(), |config| config.auth.mock_auth = true).await;
    let first = app.post("/api/v1/auth/mock").send().await.expect(200);
    assert_eq!(first["user"]["email"], "mock@localhost");
    assert_eq!(first["user"]["role"], "user");
    let second = app.post("/api/v1/auth/mock").send().await.expect(200);
    assert_eq!(first["user"]["id"], second["user"]["id"]);
    let access = first["access_token"].as_str().unwrap();
    app.get("/api/v1/auth/me").bearer(access).send().await.expect(200);
    assert_eq!(app.get("/api/v1/auth/providers").send().await.expect(200)["mock"], true);
    app.stop().await;
}

#[test]
fn production_refuses_to_start_with_it() {
    let load = |app_env: &str| {
        let sources = Sources {
            no_usual_file: true,
            env: [("APP_ENV", app_env), ("MOCK_AUTH", "true")].into_iter().collect(),
            ..Sources::default()
        };
        Config::load(&sources).map(|_| ()).map_err(|error| error.key)
    };
    assert_eq!(load("production"), Err("auth.mock_auth".to_owned()));
    assert_eq!(load("development"), Ok(()));
}

/// Also when something set it after the configuration was checked.
#[tokio::test]
async fn door_is_shut_in_production_whatever_the_setting_says() {
    let app = App::start_with(Database::sqlite(), |config| {
        config.server.app_env = server::config::AppEnv::Production;
        config.auth.mock_auth = true;
    })
    .await;
    app.post("/api/v1/auth/mock").send().await.problem(404, "not_found");
    app.stop().await;
}
