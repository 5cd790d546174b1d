//! Administrators made by an operator: `FIRST_ADMIN_*` and the command line.

use serde_json::json;
use server::{accounts, config::FirstAdmin, crypto::Secret};
use types::accounts::Register;

use crate::support::{App, Database, PASSWORD};

fn first_admin() -> FirstAdmin {
    FirstAdmin {
        email: "Root@Example.com".into(),
        password: Secret::new(PASSWORD),
        username: Some("root".into()),
    }
}

#[tokio::test]
async fn first_admin_is_seeded_once() {
    let app = App::start_with(Database::sqlite(), |config| config.first_admin = Some(first_admin())).await;
    accounts::seed_first_admin(&app.state).await.unwrap();
    let root = app.login("root", false).await;
    let me = app.get("/api/v1/auth/me").bearer(&root.access).send().await.expect(200);
    assert_eq!((&me["role"], &me["username"]), (&json!("admin"), &json!("root")));
    // Starting again, also with another password, leaves the account as it is.
    let app = app
        .restart_with(|config| {
            config.first_admin = Some(FirstAdmin {
                password: Secret::new("another password"),
                ..first_admin()
            })
        })
        .await;
    assert_eq!(app.login("root", false).await.id, root.id);
    app.stop().await;
}

#[tokio::test]
async fn whoever_registered_the_address_first_is_not_made_an_administrator() {
    let app = App::start(Database::sqlite()).await;
    app.register("root").await;
    let app = app
        .restart_with(|config| config.first_admin = Some(first_admin()))
        .await;
    let root = app.login("root", false).await;
    let me = app.get("/api/v1/auth/me").bearer(&root.access).send().await.expect(200);
    assert_eq!(me["role"], "user");
    app.stop().await;
}

on_both! {
async fn operator_makes_an_administrator(app: App) {
    let new = || Register {
        email: "ops@example.com".into(),
        password: PASSWORD.into(),
        username: None,
        full_name: None,
        locale: None,
        invitation: None,
    };
    let user = accounts::create_admin(&app.state, new()).await.unwrap();
    assert!(user.admin().is_ok());
    let again = accounts::create_admin(&app.state, new()).await.err().unwrap();
    assert_eq!(again.refusal().status(), 409);
    let person = app.register("anna").await;
    let anna = server::sessions::from_access_token(&app.state, &person.access).unwrap();
    assert_eq!(anna.admin().err().unwrap().refusal().status(), 403);
}
}
