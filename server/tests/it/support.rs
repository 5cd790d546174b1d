//! A whole server in the test's process, with a clock that only tests move, and small words to talk to its router.

mod authenticator;
mod database;
pub mod issuer;
pub mod litellm;
pub mod organizations;
mod query;
mod requests;
mod smtp;

use axum::Router;
use serde_json::{Value, json};
use server::{
    Config, State,
    clock::Clock,
    config::Sources,
    state::{Role, Start},
};
use types::Timestamp;

pub use authenticator::Authenticator;
pub use database::Database;
pub use requests::{Call, Reply};
pub use smtp::Smtp;

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
        Self::start_with_both(database, variables, |_| {}).await
    }

    /// The same, and values that those sources would refuse.
    pub async fn start_with_both(
        database: Database,
        variables: &[(&str, &str)],
        adjust: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = from_variables(&database, variables);
        adjust(&mut config);
        Self::on(database, config, Clock::settable(START)).await
    }

    /// With a configuration file.
    pub async fn start_with_file(database: Database, file: &std::path::Path, variables: &[(&str, &str)]) -> Self {
        let config = from_sources(&database, vec![file.to_owned()], variables);
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
        Box::pin(self.restart(config)).await
    }

    pub async fn restart_with_variables(self, variables: &[(&str, &str)]) -> Self {
        let config = from_variables(&self.database, variables);
        Box::pin(self.restart(config)).await
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

    /// The administrator, made as at the first run.
    pub async fn admin(&self) -> Person {
        let link = server::setup::announce(&self.state).await.expect("set-up is open");
        let body = json!({
            "token": token_of(&link), "email": "root@example.com", "password": PASSWORD, "username": "root",
        });
        Person::of(&self.post("/api/v1/setup").json(&body).send().await.expect(201))
    }

    /// Makes a key of the person's own and returns its id.
    pub async fn key(&self, person: &Person, name: &str) -> String {
        let call = self.post("/api/v1/account/keys").bearer(&person.access);
        let made = call.json(&json!({ "name": name })).send().await.expect(201);
        made["id"].as_str().expect("an id").to_owned()
    }

    /// A cookie session as the dashboard starts one.
    pub async fn cookie(&self, name: &str, remember: bool) -> String {
        let cookie = self.start_cookie(name, remember).await;
        format!("{}={}", server::http::cookie::name(self.state.config()), cookie.value)
    }

    /// The device cookie of a browser that has just signed in.
    pub async fn device(&self, name: &str) -> String {
        let cookie = self.start_cookie(name, false).await;
        let header = server::http::cookie::set_device(self.state.config(), &cookie).expect("a device");
        let header = header.to_str().expect("text").to_owned();
        header.split_once("; ").expect("flags").0.to_owned()
    }

    async fn start_cookie(&self, name: &str, remember: bool) -> server::sessions::NewCookie {
        let login = types::accounts::Login {
            email: format!("{name}@example.com"),
            password: PASSWORD.to_owned(),
            remember_me: remember,
            code: None,
        };
        let device = server::sessions::Device::default();
        let user = server::accounts::verify_password(&self.state, &login, &device)
            .await
            .expect("proven");
        let user = server::sign_in::enter(&self.state, user, None, &device)
            .await
            .expect("entered");
        server::sessions::start_cookie(&self.state, &user, remember, &device)
            .await
            .expect("a cookie")
    }

    /// The audit log, oldest first.
    pub async fn audit(&self) -> Vec<Value> {
        server::for_tests::audit_log(&self.state).await.expect("the audit log")
    }

    /// The rows of one action, as soon as there are so many: some are written beside the answer.
    pub async fn audit_until(&self, action: &str, count: usize) -> Vec<Value> {
        loop {
            let rows = self.audit().await;
            let rows: Vec<Value> = rows.into_iter().filter(|row| row["action"] == action).collect();
            if rows.len() >= count {
                assert_eq!(rows.len(), count, "{action}");
                return rows;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Everything the database holds, but for what processes write by themselves; equal when nothing was written in between.
    pub async fn content(&self) -> String {
        if self.database.url.starts_with("sqlite") {
            let digest = server::for_tests::digest(&self.state).await.expect("a digest");
            return server::crypto::hex(&digest);
        }
        self.database.rows()
    }

    pub async fn disable(&self, person: &Person) {
        let id = person.id.parse().expect("an id");
        server::for_tests::disable(&self.state, id).await.expect("disabled");
    }

    /// Another process beside this one, as a command of the operator is.
    pub async fn command(&self) -> State {
        let start = Start {
            clock: self.clock.clone(),
            role: Role::Command,
            migrate: true,
        };
        State::start_with(self.config.clone(), start).await.expect("a command")
    }

    /// Letters that development kept, newest first.
    pub fn letters(&self) -> Vec<server::mail::Captured> {
        self.letters_of(&self.state).expect("letters are kept")
    }

    pub fn letters_of(&self, state: &State) -> Option<Vec<server::mail::Captured>> {
        server::mail::captured(state).expect("the folder is readable")
    }

    /// The newest link in a letter to this address.
    pub fn link_to(&self, email: &str) -> String {
        let mut letters = self.letters().into_iter().filter(|letter| letter.to == email);
        letters.find_map(|letter| letter.link).expect("a letter with a link")
    }

    pub async fn drop_password(&self, person: &Person) {
        let id = person.id.parse().expect("an id");
        server::for_tests::drop_password(&self.state, id)
            .await
            .expect("dropped");
    }

    pub fn advance_secs(&self, seconds: i64) {
        self.clock.advance(seconds * 1000);
    }
}

/// [`Config::for_tests`] with more variables.
fn from_variables(database: &Database, variables: &[(&str, &str)]) -> Config {
    from_sources(database, Vec::new(), variables)
}

fn from_sources(database: &Database, files: Vec<std::path::PathBuf>, variables: &[(&str, &str)]) -> Config {
    let dir = database.dir().display().to_string();
    let usual = [
        ("WEIRGATE_SERVER__DATA_DIR", dir.as_str()),
        ("DATABASE_URL", &database.url),
        ("APP_ENV", "development"),
    ];
    let sources = Sources {
        no_usual_file: true,
        files,
        env: usual.into_iter().chain(variables.iter().copied()).collect(),
        ..Sources::default()
    };
    let loaded = Config::load(&sources).map_err(|error| error.to_string());
    let mut config = loaded.expect("a good configuration").config;
    config.set_port(0);
    config
}

/// Whether everything runs at its full size.
#[expect(clippy::disallowed_methods, reason = "the other switch of these tests")]
pub fn is_long() -> bool {
    std::env::var_os("WEIRGATE_LONG").is_some()
}

/// The token out of a link.
pub fn token_of(link: &str) -> String {
    link.split_once("token=").expect("a link with a token").1.to_owned()
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

/// What an authenticator app with this secret shows, `steps` of 30 seconds from now.
pub fn totp_code(secret: &str, now: Timestamp, steps: i64) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).expect("base32");
    let app = totp_rs::Builder::new().with_secret(secret).build().expect("an app");
    let seconds = u64::try_from(now.0 / 1000 + steps * 30).expect("after 1970");
    app.generate(seconds).to_string()
}

/// An account with an authenticator app.
pub struct Guarded {
    pub person: Person,
    pub secret: String,
    pub recovery: Vec<String>,
}

impl App {
    pub fn code(&self, secret: &str) -> String {
        totp_code(secret, self.clock.now(), 0)
    }

    /// Signs up, sets an authenticator app up, and lets its first code's time pass.
    pub async fn guarded(&self, name: &str) -> Guarded {
        let person = self.register(name).await;
        let sent = json!({ "current_password": PASSWORD });
        let begun = self
            .post("/api/v1/auth/totp")
            .bearer(&person.access)
            .json(&sent)
            .send()
            .await
            .expect(200);
        let secret = begun["secret"].as_str().expect("a secret").to_owned();
        let sent = json!({ "code": self.code(&secret) });
        let done = self
            .post("/api/v1/auth/totp/confirm")
            .bearer(&person.access)
            .json(&sent)
            .send()
            .await
            .expect(200);
        let codes = done["recovery_codes"].as_array().expect("a list").iter();
        let recovery = codes.map(|code| code.as_str().expect("a code").to_owned()).collect();
        self.advance_secs(30);
        Guarded {
            person,
            secret,
            recovery,
        }
    }

    pub async fn login_with(&self, name: &str, code: Option<&str>) -> Reply {
        let mut sent = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
        if let Some(code) = code {
            sent["code"] = code.into();
        }
        self.post("/api/v1/auth/login").json(&sent).send_until_served().await
    }

    /// Adds a passkey to the account; what the server said to it.
    pub async fn add_passkey(&self, person: &Person, authenticator: &mut Authenticator, second_factor: bool) -> Reply {
        let sent = json!({ "current_password": PASSWORD });
        let start = self
            .post("/api/v1/auth/passkeys/register/start")
            .bearer(&person.access)
            .json(&sent);
        let begun = start.send().await.expect(200);
        let sent = json!({
            "ceremony": begun["ceremony"],
            "credential": authenticator.create(&begun["options"]),
            "name": "the laptop",
            "second_factor": second_factor,
        });
        self.post("/api/v1/auth/passkeys/register/finish")
            .bearer(&person.access)
            .json(&sent)
            .send()
            .await
    }

    /// Signs in by a passkey; what the server said to it.
    pub async fn passkey_login(&self, authenticator: &mut Authenticator) -> Reply {
        self.passkey_login_from(authenticator, None).await
    }

    pub async fn passkey_login_from(&self, authenticator: &mut Authenticator, address: Option<&str>) -> Reply {
        let begun = self
            .post("/api/v1/auth/passkeys/sign-in/start")
            .send()
            .await
            .expect(200);
        let sent = json!({ "ceremony": begun["ceremony"], "credential": authenticator.get(&begun["options"]) });
        let call = self.post("/api/v1/auth/passkeys/sign-in/finish").json(&sent);
        match address {
            Some(address) => call.from(address),
            None => call,
        }
        .send()
        .await
    }

    pub fn authenticator(&self, seed: u8) -> Authenticator {
        Authenticator::new(seed, self.state.config().public_url())
    }
}
