//! A whole server in the test's process, with a clock that only tests move, and small words to talk to its router.

mod database;
mod requests;

use axum::Router;
use serde_json::{Value, json};
use server::{
    Config, State,
    clock::Clock,
    config::Sources,
    state::{Role, Start},
};
use types::Timestamp;

pub use database::Database;
pub use requests::{Call, Reply};

pub const PASSWORD: &str = "correct horse battery";
/// The start of every test's time: 2026-11-18T11:06:40Z.
pub const START: Timestamp = Timestamp(1_795_000_000_000);

pub struct App {
    pub state: State,
    pub clock: Clock,
    pub router: Router,
    pub database: Database,
    pub config: Config,
}

impl App {
    pub async fn start(database: Database) -> Self {
        Self::start_with(database, |_| {}).await
    }

    pub async fn start_with(database: Database, adjust: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::for_tests(database.dir(), &database.url);
        adjust(&mut config);
        Self::on(database, config, Clock::settable(START)).await
    }

    /// With settings that only a configuration's own sources can carry, such as secrets.
    pub async fn start_with_variables(database: Database, variables: &[(&str, &str)]) -> Self {
        let config = from_variables(&database, variables);
        Self::on(database, config, Clock::settable(START)).await
    }

    async fn on(database: Database, config: Config, clock: Clock) -> Self {
        let start = Start {
            clock: clock.clone(),
            role: Role::Serve,
            migrate: true,
        };
        let state = State::start_with(config.clone(), start)
            .await
            .expect("the server starts");
        App {
            router: server::http::router(state.clone()),
            state,
            clock,
            database,
            config,
        }
    }

    /// Another process on the same database, with another configuration.
    pub async fn restart_with(self, adjust: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.config.clone();
        adjust(&mut config);
        self.restart(config).await
    }

    pub async fn restart_with_variables(self, variables: &[(&str, &str)]) -> Self {
        let config = from_variables(&self.database, variables);
        self.restart(config).await
    }

    async fn restart(self, config: Config) -> Self {
        let App {
            state,
            clock,
            database,
            router,
            ..
        } = self;
        state.shutdown().await;
        // The data folder's lock goes with the last clone.
        drop((state, router));
        Self::on(database, config, clock).await
    }

    pub async fn stop(self) {
        self.state.shutdown().await;
        self.database.remove();
    }

    pub fn get(&self, path: &str) -> Call {
        Call::new(&self.router, "GET", path)
    }

    pub fn post(&self, path: &str) -> Call {
        Call::new(&self.router, "POST", path)
    }

    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(&self.router, method, path)
    }

    /// Signs `name@example.com` up.
    pub async fn register(&self, name: &str) -> Person {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD, "username": name });
        let reply = self.post("/api/v1/auth/register").json(&body).send().await;
        Person::of(&reply.expect(201))
    }

    pub async fn login(&self, name: &str, remember: bool) -> Person {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD, "remember_me": remember });
        let reply = self.post("/api/v1/auth/login").json(&body).send().await;
        Person::of(&reply.expect(200))
    }

    /// A cookie session as the dashboard starts one.
    pub async fn cookie(&self, name: &str, remember: bool) -> String {
        let login = types::accounts::Login {
            email: format!("{name}@example.com"),
            password: PASSWORD.to_owned(),
            remember_me: remember,
        };
        let device = server::sessions::Device::default();
        let user = server::accounts::verify_password(&self.state, &login, &device)
            .await
            .expect("signed in");
        let cookie = server::sessions::start_cookie(&self.state, &user, remember, &device)
            .await
            .expect("a cookie");
        format!("{}={}", server::http::cookie::name(self.state.config()), cookie.value)
    }

    pub fn advance_secs(&self, seconds: i64) {
        self.clock.advance(seconds * 1000);
    }
}

/// [`Config::for_tests`] with more variables.
fn from_variables(database: &Database, variables: &[(&str, &str)]) -> Config {
    let dir = database.dir().display().to_string();
    let usual = [
        ("WEIRGATE_SERVER__DATA_DIR", dir.as_str()),
        ("DATABASE_URL", &database.url),
        ("APP_ENV", "development"),
    ];
    let sources = Sources {
        no_usual_file: true,
        env: usual.into_iter().chain(variables.iter().copied()).collect(),
        ..Sources::default()
    };
    let loaded = Config::load(&sources).map_err(|error| error.to_string());
    let mut config = loaded.expect("a good configuration").config;
    config.set_port(0);
    config
}

/// A signed-in person's tokens.
#[derive(Clone)]
pub struct Person {
    pub id: String,
    pub access: String,
    pub refresh: String,
}

impl Person {
    pub fn of(signed_in: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("a string").to_owned();
        Person {
            id: text(&signed_in["user"]["id"]),
            access: text(&signed_in["access_token"]),
            refresh: text(&signed_in["refresh_token"]),
        }
    }
}

/// One test on each database. The PostgreSQL half does nothing when no server is named.
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($app:ident: App) $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            use crate::support::{App, Database};

            $(#[$meta])*
            async fn check($app: &App) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let app = App::start(Database::sqlite()).await;
                check(&app).await;
                app.stop().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let Some(database) = Database::postgres() else { return };
                let app = App::start(database).await;
                check(&app).await;
                app.stop().await;
            }
        }
    };
}
