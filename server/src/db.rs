//! The only SQL. Owns the connections, the rule how a transaction runs, and what database errors mean to the rest.
//!
//! SQLite has one write connection, so that writers queue here instead of failing there, and a pool that only reads. PostgreSQL has one pool.
//! A transaction runs in a tracked task that owns its connection: a caller that goes away cancels nothing half-way. `DbErr` stops here.

use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::{
    Error,
    clock::Clock,
    error::Result,
    idempotency::{self, Once},
};

pub(crate) mod api_tokens;
pub(crate) mod audit;
pub(crate) mod calls;
pub(crate) mod catalogue_syncs;
pub(crate) mod changes;
pub(crate) mod conversations;
pub(crate) mod devices;
pub(crate) mod digest;
pub(crate) mod directory;
mod entity;
mod error;
pub(crate) mod factors;
pub(crate) mod facts;
mod id_range;
pub(crate) mod idempotency_keys;
pub(crate) mod identities;
pub(crate) mod invitations;
pub(crate) mod keys;
pub(crate) mod mirrored_keys;
pub(crate) mod models;
pub(crate) mod nodes;
mod open;
pub(crate) mod organizations;
pub(crate) mod prices;
pub(crate) mod providers;
pub(crate) mod request_logs;
pub(crate) mod sessions;
pub(crate) mod sign_in_tokens;
pub(crate) mod slugs;
pub(crate) mod teams;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod together;
pub(crate) mod usage;
pub(crate) mod users;
mod wal;

pub(crate) use changes::{Change, Changed};
pub(crate) use open::Options;

/// The database. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub(crate) struct Db(Arc<Inner>);

struct Inner {
    pools: open::Pools,
    read: DatabaseConnection,
    write: DatabaseConnection,
    clock: Clock,
    tasks: TaskTracker,
    after_commit: OnceLock<AfterCommit>,
    questions: Questions,
}

/// What many pages ask at once, each kind with those who wait for its answer.
#[derive(Default)]
struct Questions {
    keys: keys::Pages,
    usage: usage::Questions,
}

/// Called with what a transaction changed, after its commit and before its caller goes on.
pub(crate) type AfterCommit = Box<dyn Fn(Vec<Changed>) -> BoxFuture<'static, ()> + Send + Sync>;

/// A transaction under way. Functions of this module's children write through it.
pub(crate) struct Tx {
    transaction: DatabaseTransaction,
    changed: Vec<Changed>,
    after: Vec<Box<dyn FnOnce() + Send + Sync>>,
    now: types::Timestamp,
    once: Option<Arc<Once>>,
}

impl Db {
    /// Connects; on SQLite creates the file and its folder when they are absent. Migrates nothing.
    pub async fn open(options: Options) -> Result<Self> {
        let clock = options.clock.clone();
        let opened = open::open(&options).await?;
        let db = Db(Arc::new(Inner {
            pools: opened.pools,
            read: opened.read,
            write: opened.write,
            clock,
            tasks: TaskTracker::new(),
            after_commit: OnceLock::new(),
            questions: Questions::default(),
        }));
        Ok(db)
    }

    /// Applies what is pending, under a lock: of several processes that start together one migrates and the others wait.
    pub async fn migrate(&self) -> Result<()> {
        open::migrate(self).await
    }

    /// Names of the migrations this binary knows, oldest first, and whether each is applied.
    pub async fn migrations(&self) -> Result<Vec<(String, bool)>> {
        open::migrations(self).await
    }

    /// Sets what is told about committed changes. The first call counts.
    pub fn set_after_commit(&self, hook: AfterCommit) {
        let _ = self.0.after_commit.set(hook);
    }

    /// Runs `work` in a transaction of its own and commits when it returns `Ok`. The transaction goes on when the caller is dropped.
    /// Changes noted by [`Tx::changed`] are in the same transaction and are applied to this process before this returns.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send + 'static,
    {
        let db = self.clone();
        // The task that owns the transaction is not the one that knows its request.
        let once = idempotency::current();
        let task = self.0.tasks.spawn(async move { db.transaction(once, work).await });
        match task.await {
            Ok(outcome) => outcome,
            Err(error) => Err(Error::internal(format_args!("a transaction's task ended: {error}"))),
        }
    }

    async fn transaction<T, F>(&self, once: Option<Arc<Once>>, work: F) -> Result<T>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send + 'static,
    {
        let transaction = self.begin().await?;
        let mut tx = Tx {
            transaction,
            changed: Vec::new(),
            after: Vec::new(),
            now: self.0.clock.now(),
            once,
        };
        let value = match work(&mut tx).await {
            Ok(value) => value,
            Err(error) => {
                // The reason stands; a rollback that fails closes the connection, which rolls back too.
                let _ = tx.transaction.rollback().await;
                if matches!(error, Error::Unavailable(_)) {
                    // Perhaps the server became a standby: what is written on the connections that are open will fail from now on.
                    self.0.pools.distrust();
                }
                return Err(error);
            }
        };
        if !tx.changed.is_empty() {
            changes::insert(&tx).await?;
        }
        let Tx {
            transaction,
            changed,
            after,
            ..
        } = tx;
        self.watched(transaction.commit().await)?;
        if let Some(hook) = self.0.after_commit.get()
            && !changed.is_empty()
        {
            hook(changed).await;
        }
        after.into_iter().for_each(|work| work());
        Ok(value)
    }

    async fn begin(&self) -> Result<DatabaseTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: self.is_sqlite().then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.watched(self.0.write.begin_with_options(options).await)
    }

    /// Passes a result on; when it says that a PostgreSQL connection is no good, the pool stops using those that are open.
    fn watched<T>(&self, result: Result<T, sea_orm::DbErr>) -> Result<T> {
        if let Err(error) = &result
            && error::connection_is_no_good(error)
        {
            self.0.pools.distrust();
        }
        Ok(result?)
    }

    /// For reads, inside `db` only. On SQLite these connections cannot write.
    pub(in crate::db) fn read(&self) -> &DatabaseConnection {
        &self.0.read
    }

    pub(in crate::db) fn pools(&self) -> &open::Pools {
        &self.0.pools
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.0.pools, open::Pools::Sqlite { .. })
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Runs something in the background that [`Db::close`] waits for, so it must end by itself or be told to.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.spawn(work);
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let statement = Statement::from_string(self.read().get_database_backend(), "SELECT 1");
        self.watched(self.read().query_one_raw(statement).await).map(|_| ())
    }

    /// Closes the connections under whoever uses them, as when the database goes away.
    pub(crate) async fn cut_for_tests(&self) {
        self.0.pools.close().await;
    }

    /// Waits for transactions under way and closes the connections. Nothing works afterwards.
    pub async fn close(&self) {
        self.0.tasks.close();
        self.0.pools.stop_background();
        self.0.tasks.wait().await;
        self.0.pools.close().await;
    }
}

impl Tx {
    /// Notes that other processes and this one's directory must look at a row again.
    pub fn changed(&mut self, kind: Change, id: impl Into<Uuid>) {
        self.changed.push(Changed {
            seq: 0,
            kind,
            id: id.into(),
        });
    }

    /// Runs `work` once this is committed, and never otherwise: letters tell of what happened. It must not block.
    pub fn after_commit(&mut self, work: impl FnOnce() + Send + Sync + 'static) {
        self.after.push(Box::new(work));
    }

    /// When the transaction began.
    pub fn now(&self) -> types::Timestamp {
        self.now
    }

    /// The request with an `Idempotency-Key` that this belongs to.
    pub fn once(&self) -> Option<Arc<Once>> {
        self.once.clone()
    }

    pub(in crate::db) fn conn(&self) -> &DatabaseTransaction {
        &self.transaction
    }
}
