//! What a running process shares: configuration, clock, database, directory, ledger, and the tasks that end with it.
//!
//! Starting is one story: lock, secrets, database, ledger, catalogue, directory, first administrator, tasks. Stopping is its reverse.

mod secrets;

use std::{
    fs::{File, TryLockError},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use types::Timestamp;

pub use secrets::Secrets;

use crate::{
    Config, accounts, audit,
    books::{ledger::Ledger, limits::Pace},
    catalogue,
    clock::Clock,
    config::{ConfigError, Durability},
    db::{self, Db, Tx},
    directory::Directory,
    error::{Error, Result},
    factors::Attempts,
    http::layers::Limiter,
    idempotency::AllRunning,
    litellm,
    mail::Mail,
    request_log::RequestLog,
    sign_in::{identity::Providers, limits::Limits},
};

/// Cheap to clone; all clones are one process.
#[derive(Clone)]
pub struct State(Arc<Inner>);

struct Inner {
    role: Role,
    config: Config,
    clock: Clock,
    started_at: Timestamp,
    secrets: Secrets,
    db: Db,
    directory: Directory,
    ledger: Ledger,
    pace: Pace,
    request_log: RequestLog,
    sign_in_limits: Limits,
    limiter: Limiter,
    mail: Mail,
    factor_attempts: Attempts,
    identity_providers: Providers,
    litellm: Option<litellm::Proxy>,
    running: AllRunning,
    tasks: TaskTracker,
    stopping: CancellationToken,
    cut_streams: CancellationToken,
    /// On the data directory, from the start of serving to the end of the shutdown. The database is locked by the ledger.
    lock: Mutex<Option<File>>,
}

/// What the process is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Serves calls: owns the data directory, writes the ledger, follows changes.
    Serve,
    /// One command of an operator, beside a serving process or without one.
    Command,
}

/// How to start.
#[derive(Clone)]
pub struct Start {
    pub clock: Clock,
    pub role: Role,
    /// Applies pending migrations; without it they are an error.
    pub migrate: bool,
}

impl Start {
    pub fn serving() -> Self {
        Start {
            clock: Clock::system(),
            role: Role::Serve,
            migrate: true,
        }
    }

    pub fn command() -> Self {
        Start {
            role: Role::Command,
            ..Start::serving()
        }
    }
}

impl State {
    /// Starts a serving process.
    pub async fn start(config: Config) -> Result<Self> {
        State::start_with(config, Start::serving()).await
    }

    /// Errors: the configuration or the data directory forbids it, the database is away or its schema does not fit.
    pub async fn start_with(config: Config, start: Start) -> Result<Self> {
        let serves = start.role == Role::Serve;
        private_folder(&config.server.data_dir)?;
        let lock = if serves { Some(lock(&config)?) } else { None };
        let secrets = Secrets::of(&config, &start.clock)?;
        let mail = Mail::of(&config)?;
        let db = open(&config, &start).await?;
        let ledger = if serves {
            Ledger::start(&db).await?
        } else {
            Ledger::off(&db)
        };
        if serves {
            catalogue::write_managed(&db, &config, &secrets.master).await?;
        }
        let directory = Directory::load(&db, &config, secrets.master.clone()).await?;
        db.set_after_commit(directory.follow());
        let sign_in_limits = Limits::new(config.rate_limits.clone(), start.clock.clone());
        let limiter = Limiter::new(&config.rate_limits, &start.clock);
        let identity_providers = Providers::of(&config, &start.clock);
        let litellm = litellm::Proxy::of(&config, &start.clock)?;
        let request_log = if serves {
            RequestLog::start(&db, &config.request_log)
        } else {
            RequestLog::off()
        };
        let state = State(Arc::new(Inner {
            role: start.role,
            sign_in_limits,
            limiter,
            config,
            started_at: start.clock.now(),
            clock: start.clock,
            secrets,
            db,
            directory,
            ledger,
            pace: Pace::default(),
            request_log,
            mail,
            factor_attempts: Attempts::default(),
            identity_providers,
            litellm,
            running: AllRunning::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            cut_streams: CancellationToken::new(),
            lock: Mutex::new(lock),
        }));
        if serves {
            state.spawn(state.directory().clone().keep_true(state.0.stopping.clone()));
            state.spawn(state.directory().clone().keep_house(state.0.stopping.clone()));
            if !state.db().is_sqlite() {
                let pace = state.pace().clone();
                state.spawn(pace.keep_counting_nodes(
                    state.db().clone(),
                    state.ledger().node(),
                    state.0.stopping.clone(),
                ));
            }
            state.spawn(audit::chain::keep_sealing(state.db().clone(), state.0.stopping.clone()));
            state.spawn(litellm::keep(state.clone(), state.0.stopping.clone()));
            state.spawn(litellm::mirror::keep(state.clone(), state.0.stopping.clone()));
            if let Err(error) = accounts::seed_first_admin(&state).await {
                state.shutdown().await;
                return Err(error);
            }
        }
        Ok(state)
    }

    pub fn role(&self) -> Role {
        self.0.role
    }

    pub fn config(&self) -> &Config {
        &self.0.config
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// When this process was ready to work.
    pub fn started_at(&self) -> Timestamp {
        self.0.started_at
    }

    pub fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    /// Encrypts what only this server may read again, such as the form it gives a browser to keep. `context` must be given to open it.
    pub fn seal(&self, plain: &[u8], context: &[u8]) -> Result<Vec<u8>> {
        self.0.secrets.master.seal(plain, context, self.0.clock.random())
    }

    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>> {
        self.0.secrets.master.open(sealed, context)
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    pub(crate) fn mail(&self) -> &Mail {
        &self.0.mail
    }

    pub(crate) fn factor_attempts(&self) -> &Attempts {
        &self.0.factor_attempts
    }

    pub(crate) fn identity_providers(&self) -> &Providers {
        &self.0.identity_providers
    }

    /// The configured proxy.
    pub(crate) fn litellm(&self) -> Option<&litellm::Proxy> {
        self.0.litellm.as_ref()
    }

    pub(crate) fn running(&self) -> &AllRunning {
        &self.0.running
    }

    pub fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// How fast teams call, and may.
    pub fn pace(&self) -> &Pace {
        &self.0.pace
    }

    pub(crate) fn request_log(&self) -> &RequestLog {
        &self.0.request_log
    }

    pub(crate) fn sign_in_limits(&self) -> &Limits {
        &self.0.sign_in_limits
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    /// Runs `work` in one transaction; when this returns, the directory knows what it changed. The caller may go away meanwhile.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send + 'static,
    {
        self.0.db.write(work).await
    }

    /// Spawns a task that [`State::shutdown`] waits for; it must end by itself or watch [`State::stopping`].
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.tasks.spawn(future)
    }

    /// Cancelled when the process begins to shut down.
    pub fn stopping(&self) -> CancellationToken {
        self.0.stopping.clone()
    }

    /// Cancelled when running streams had their time and must end now.
    pub fn cut_streams(&self) -> CancellationToken {
        self.0.cut_streams.clone()
    }

    /// Whether requests should be sent here; otherwise the part that is missing.
    pub async fn is_ready(&self) -> std::result::Result<(), &'static str> {
        if self.0.stopping.is_cancelled() {
            return Err("shutdown");
        }
        if !self.0.directory.fresh() {
            return Err("directory");
        }
        if !self.0.ledger.is_well() {
            return Err("ledger");
        }
        self.0.db.ping().await.map_err(|_| "database")
    }

    /// Whether every migration this program knows is applied, by name, oldest first.
    pub async fn migrations(&self) -> Result<Vec<(String, bool)>> {
        self.0.db.migrations().await
    }

    /// Ends the tasks, writes the ledger and closes the database. Call it when nothing is served any more.
    pub async fn shutdown(&self) {
        self.0.stopping.cancel();
        self.0.cut_streams.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.request_log.stop();
        if self.0.role == Role::Serve
            && let Err(error) = audit::chain::seal(&self.0.db).await
        {
            tracing::warn!(error_class = error.class(), detail = %error, "the end of the audit log waits for its seal until the next start");
        }
        if let Err(error) = self.0.ledger.close().await {
            tracing::error!(error_class = error.class(), detail = %error, "the ledger could not be written whole; the rest is booked as lost at the next start");
        }
        self.0.db.close().await;
        self.0.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Names of the migrations and whether each is applied, without starting anything.
pub async fn migrations(config: &Config) -> Result<Vec<(String, bool)>> {
    private_folder(&config.server.data_dir)?;
    let db = Db::open(options(config, Clock::system())).await?;
    let list = db.migrations().await;
    db.close().await;
    list
}

/// Applies what is pending and starts nothing else.
pub async fn migrate(config: &Config) -> Result<()> {
    private_folder(&config.server.data_dir)?;
    let db = Db::open(options(config, Clock::system())).await?;
    let outcome = db.migrate().await;
    db.close().await;
    outcome
}

fn options(config: &Config, clock: Clock) -> db::Options {
    db::Options {
        url: config.database.url.clone(),
        pool_size: config.database.pool_size,
        survives_power_loss: config.ledger.durability == Durability::Power,
        clock,
    }
}

async fn open(config: &Config, start: &Start) -> Result<Db> {
    let db = Db::open(options(config, start.clock.clone())).await?;
    if start.migrate {
        db.migrate().await?;
        return Ok(db);
    }
    match db.migrations().await?.iter().find(|(_, applied)| !applied) {
        None => Ok(db),
        Some((name, _)) => Err(Error::Config(ConfigError::new(
            "database",
            format!("the migration {name} is not applied; run `weirgate migrate up`"),
        ))),
    }
}

/// Makes the data directory for this user alone.
fn private_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| {
            let message = format!("{} cannot be made: {error}", folder.display());
            Error::Config(ConfigError::new("server.data_dir", message))
        })
}

/// Locks the data directory for this process.
fn lock(config: &Config) -> Result<File> {
    let path = config.server.data_dir.join("weirgate.lock");
    let refused = |message: String| Error::Config(ConfigError::new("server.data_dir", message));
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| refused(format!("{} cannot be opened: {error}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(refused(format!(
            "another process serves from this data directory (it holds {})",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(refused(format!("{} cannot be locked: {error}", path.display()))),
    }
}

#[cfg(test)]
mod tests;
