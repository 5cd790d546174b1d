//! A process from its start to its end: what it locks, makes, loads and notices, on both databases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{os::unix::fs::PermissionsExt, time::Duration};

use types::{KeyId, Price, accounts::Register, keys::NewKey};

use super::*;
use crate::{
    db::testing::{Database, START},
    directory::{ModelEntry, ProviderKind},
    keys,
    sessions::{Device, User},
    sign_in::Entered,
};

/// Makes of each named `async fn(Database)` a test on SQLite and one on PostgreSQL; the latter does nothing when no server is named.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(&super::Database::sqlite()).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    if let Some(database) = super::Database::postgres() {
                        super::$name(&database).await;
                        database.remove();
                    }
                }
            )+
        }
    };
}

on_both!(
    own_change_is_in_the_directory_when_the_writer_goes_on,
    change_of_another_process_is_seen,
    unsent_changes_are_not_missed_by_a_node_that_slept,
    catalogue_follows_the_configuration,
    same_configuration_changes_nothing,
    last_use_is_written_and_survives_a_reload,
    ended_sign_in_is_known_after_a_restart,
    first_administrator_is_made_once,
    pending_migration_is_an_error_when_none_may_run,
);

const CATALOGUE: &str = r#"
[[providers]]
id = "p"
dialect = "anthropic"
base_url = "https://p.example.com"
api_key = "sk-very-secret"
[[models]]
id = "m"
context_length = 1000
routes = [{ provider = "p", model = "upstream-m" }]
price = { input = "3.00", output = "15.00" }
[[models]]
id = "unpriced"
routes = [{ provider = "p", model = "u" }]
"#;

fn config(database: &Database) -> Config {
    Config::for_tests(database.dir(), &database.url)
}

fn with_catalogue(database: &Database, text: &str) -> Config {
    let mut config = config(database);
    config.add_catalogue(text).unwrap();
    config
}

async fn open(config: Config, role: Role) -> State {
    let start = Start {
        clock: Clock::settable(START),
        role,
        migrate: true,
    };
    State::start_with(config, start).await.expect("the state starts")
}

async fn serve(config: Config) -> State {
    open(config, Role::Serve).await
}

async fn stop(state: State) {
    state.shutdown().await;
}

async fn person(state: &State, name: &str) -> Entered {
    let register = Register {
        email: format!("{name}@example.com"),
        password: "correct horse battery".into(),
        ..Register::default()
    };
    let registered = crate::accounts::register(state, register, &Device::default()).await;
    registered.unwrap().entered().unwrap()
}

async fn key(state: &State, user: &User) -> (KeyId, String) {
    let new = NewKey {
        name: "test".into(),
        ..NewKey::default()
    };
    let created = keys::create(state, user, new).await.unwrap();
    (created.details.id, created.key.unwrap())
}

/// Waits for `is_true`, for longer than a poll may take.
async fn soon(what: &str, mut is_true: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if is_true() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within 10 s: {what}");
}

async fn own_change_is_in_the_directory_when_the_writer_goes_on(database: &Database) {
    let state = serve(config(database)).await;
    let user = person(&state, "anna").await;
    let directory = state.directory();
    let entry = directory.user(user.id()).unwrap();
    assert_eq!(entry.email, "anna@example.com");
    assert!(directory.is_member(entry.organization_id, user.id()).is_some());
    assert_eq!(
        directory.organization(entry.organization_id).unwrap().personal_user_id,
        Some(user.id())
    );
    let (id, text) = key(&state, &user).await;
    assert!(!directory.key(&text).unwrap().revoked);
    keys::revoke(&state, &user, id).await.unwrap();
    assert!(directory.key(&text).unwrap().revoked);
    let mut wrong = text;
    wrong.pop();
    assert!(directory.key(&wrong).is_none());
    stop(state).await;
}

async fn change_of_another_process_is_seen(database: &Database) {
    let node = serve(config(database)).await;
    let command = open(config(database), Role::Command).await;
    let user = person(&command, "boris").await;
    let (id, text) = key(&command, &user).await;
    soon("the key is known", || node.directory().key(&text).is_some()).await;
    assert!(
        node.directory().user(user.id()).is_some(),
        "what committed earlier is known too"
    );
    keys::revoke(&command, &user, id).await.unwrap();
    soon("the key is revoked", || {
        node.directory().key(&text).is_some_and(|key| key.revoked)
    })
    .await;
    stop(command).await;
    stop(node).await;
}

async fn unsent_changes_are_not_missed_by_a_node_that_slept(database: &Database) {
    let node = serve(config(database)).await;
    let command = open(config(database), Role::Command).await;
    let user = person(&command, "carla").await;
    // As after an hour: the feed is pruned and the directory knows that it cannot be relied on.
    command
        .write(|tx| Box::pin(async move { db::changes::prune(tx, START.plus_secs(3600)).await }))
        .await
        .unwrap();
    node.directory().distrust().await;
    assert!(!node.directory().fresh());
    node.directory().poll_once().await.unwrap();
    assert!(node.directory().fresh());
    assert!(node.directory().user(user.id()).is_some());
    stop(command).await;
    stop(node).await;
}

fn price(model: &ModelEntry) -> Option<Price> {
    model.price.map(|(_, prices)| prices.input)
}

async fn catalogue_follows_the_configuration(database: &Database) {
    let state = serve(with_catalogue(database, CATALOGUE)).await;
    let model = state.directory().model("m").unwrap();
    let (first, _) = model.price.unwrap();
    assert_eq!(
        (price(&model), model.context_length),
        (Some(Price(3_000_000)), Some(1000))
    );
    assert_eq!(model.routes[0].upstream_model, "upstream-m");
    let ProviderKind::Http {
        credential, endpoints, ..
    } = &model.routes[0].provider.kind
    else {
        panic!("a provider with an address");
    };
    assert_eq!(credential.expose(), "sk-very-secret");
    assert_eq!(
        *endpoints.endpoint(types::Dialect::Anthropic).unwrap(),
        "https://p.example.com/v1/messages"
    );
    assert_eq!(price(&state.directory().model("unpriced").unwrap()), None);
    assert!(!state.directory().is_demo() && state.directory().model("demo").is_none());
    let stored = db::providers::all(state.db())
        .await
        .unwrap()
        .remove(0)
        .credential
        .unwrap();
    assert!(!stored.windows(6).any(|part| part == b"secret"));
    stop(state).await;

    // A changed price is a new version, a price taken out leaves the model unpriced, a model taken out is not offered.
    let changed = CATALOGUE.replace("3.00", "4.00");
    let state = serve(with_catalogue(database, &changed)).await;
    let model = state.directory().model("m").unwrap();
    assert_eq!(price(&model), Some(Price(4_000_000)));
    assert_ne!(model.price.unwrap().0, first);
    stop(state).await;
    let unpriced = CATALOGUE.replace("price = {", "#");
    let state = serve(with_catalogue(database, &unpriced)).await;
    assert_eq!(price(&state.directory().model("m").unwrap()), None);
    assert_eq!(db::prices::all(state.db()).await.unwrap().len(), 3, "history is kept");
    stop(state).await;
    let state = serve(config(database)).await;
    assert!(state.directory().model("m").is_none());
    assert!(state.directory().is_demo());
    let rows = db::models::all(state.db()).await.unwrap();
    assert!(rows.len() == 2 && rows.iter().all(|row| row.managed && !row.is_enabled));
    stop(state).await;

    let state = serve(with_catalogue(database, CATALOGUE)).await;
    assert_eq!(price(&state.directory().model("m").unwrap()), Some(Price(3_000_000)));
    stop(state).await;
}

async fn same_configuration_changes_nothing(database: &Database) {
    let state = serve(with_catalogue(database, CATALOGUE)).await;
    let newest = db::changes::newest(state.db()).await.unwrap();
    stop(state).await;
    let state = serve(with_catalogue(database, CATALOGUE)).await;
    assert_eq!(db::changes::newest(state.db()).await.unwrap(), newest);
    stop(state).await;
}

async fn last_use_is_written_and_survives_a_reload(database: &Database) {
    let state = serve(config(database)).await;
    let user = person(&state, "dora").await;
    let (id, text) = key(&state, &user).await;
    assert_eq!(state.directory().last_used(id), None);
    let at = START.plus_secs(5);
    state.directory().key(&text).unwrap().touch(at);
    keys::revoke(&state, &user, id).await.unwrap();
    assert_eq!(
        state.directory().last_used(id),
        Some(at),
        "an entry that is loaded anew keeps what is not written"
    );
    state.directory().write_uses().await.unwrap();
    stop(state).await;
    let state = serve(config(database)).await;
    assert_eq!(state.directory().last_used(id), Some(at));
    stop(state).await;
}

async fn ended_sign_in_is_known_after_a_restart(database: &Database) {
    let state = serve(config(database)).await;
    let user = person(&state, "egon").await;
    let pair = crate::sessions::start_tokens(&state, &user, false, &Device::default())
        .await
        .unwrap();
    let session = crate::sessions::from_access_token(&state, &pair.access_token)
        .unwrap()
        .session_id()
        .unwrap();
    assert!(!state.directory().session_ended(session));
    crate::sessions::end_family(&state, &pair.refresh_token, &Device::default())
        .await
        .unwrap();
    assert!(state.directory().session_ended(session));
    stop(state).await;
    let state = serve(config(database)).await;
    assert!(state.directory().session_ended(session));
    stop(state).await;
}

async fn first_administrator_is_made_once(database: &Database) {
    for _ in 0..2 {
        let mut config = config(database);
        config.first_admin = Some(crate::config::FirstAdmin {
            email: "root@example.com".into(),
            password: crate::crypto::Secret::new("correct horse battery"),
            username: None,
        });
        let state = serve(config).await;
        assert!(db::users::admin_exists(state.db()).await.unwrap());
        stop(state).await;
    }
}

async fn pending_migration_is_an_error_when_none_may_run(database: &Database) {
    let start = Start {
        migrate: false,
        ..Start::serving()
    };
    let refused = State::start_with(config(database), start.clone()).await.err().unwrap();
    assert!(refused.to_string().contains("weirgate migrate up"), "{refused}");
    assert!(
        migrations(&config(database))
            .await
            .unwrap()
            .iter()
            .all(|(_, applied)| !applied)
    );
    migrate(&config(database)).await.unwrap();
    let state = State::start_with(config(database), start).await.unwrap();
    stop(state).await;
}

#[tokio::test]
async fn second_server_on_a_data_directory_is_refused_and_a_command_is_not() {
    let database = Database::sqlite();
    let state = serve(config(&database)).await;
    let refused = State::start(config(&database)).await.err().unwrap().to_string();
    assert!(refused.contains("another process serves"), "{refused}");
    stop(open(config(&database), Role::Command).await).await;
    stop(state).await;
    stop(serve(config(&database)).await).await;
}

#[tokio::test]
async fn one_database_file_from_two_data_directories_is_refused() {
    let (first, second) = (Database::sqlite(), Database::sqlite());
    let elsewhere =
        |folder: &Database| Config::for_tests(folder.dir(), &format!("sqlite://{}/books/w.db", first.dir().display()));
    let state = serve(elsewhere(&first)).await;
    assert!(State::start(elsewhere(&second)).await.is_err());
    stop(state).await;
}

#[tokio::test]
async fn generated_secrets_are_private_differ_and_stay() {
    let database = Database::sqlite();
    let state = open(config(&database), Role::Command).await;
    let (jwt, refresh) = (state.secrets().jwt.clone(), state.secrets().refresh.clone());
    assert!(jwt.expose().len() >= 64 && jwt.expose() != refresh.expose());
    for name in ["jwt.key", "refresh.key", "encryption.key"] {
        let mode = std::fs::metadata(database.dir().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    stop(state).await;
    let state = open(config(&database), Role::Command).await;
    assert!(state.secrets().jwt.expose() == jwt.expose());
    stop(state).await;
    std::fs::write(database.dir().join("jwt.key"), "").unwrap();
    let refused = State::start(config(&database)).await.err().unwrap().to_string();
    assert!(refused.contains("jwt.key"), "{refused}");
}

#[tokio::test]
async fn demo_model_is_not_offered_in_production() {
    let database = Database::sqlite();
    let mut config = config(&database);
    config.server.app_env = crate::config::AppEnv::Production;
    let state = serve(config).await;
    assert!(!state.directory().is_demo() && state.directory().models().is_empty());
    assert_eq!(state.is_ready().await, Ok(()));
    state.stopping().cancel();
    assert_eq!(state.is_ready().await, Err("shutdown"));
    stop(state).await;
}
