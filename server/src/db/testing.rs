//! For unit tests: a migrated database of one's own, on SQLite and on the PostgreSQL that `WEIRGATE_TEST_POSTGRES_URL` names, and words to look into it.

use sea_orm::{ConnectionTrait, Statement};
use types::Timestamp;

use super::{Db, Options};
use crate::clock::Clock;

#[path = "../../tests/it/support/database.rs"]
#[allow(dead_code)]
mod database;

pub(crate) use database::Database;

/// 2026-11-18T11:06:40Z.
pub(crate) const START: Timestamp = Timestamp(1_795_000_000_000);

pub(crate) struct House {
    pub db: Db,
    pub clock: Clock,
    database: Database,
}

impl House {
    pub async fn sqlite() -> Self {
        Self::on(Database::sqlite()).await
    }

    /// `None` when no server is named.
    pub async fn postgres() -> Option<Self> {
        Some(Self::on(Database::postgres()?).await)
    }

    async fn on(database: Database) -> Self {
        let clock = Clock::settable(START);
        let db = Db::open(options(&database, &clock)).await.expect("the database opens");
        db.migrate().await.expect("the migrations run");
        House { db, clock, database }
    }

    /// Another process on the same database.
    pub async fn another(&self) -> Db {
        Db::open(options(&self.database, &self.clock))
            .await
            .expect("the database opens again")
    }

    pub async fn count(&self, table: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) FROM {table}")).await
    }

    /// The one number that a query answers.
    pub async fn number(&self, query: &str) -> i64 {
        self.numbers(query, 1).await[0][0]
    }

    pub async fn numbers(&self, query: &str, columns: usize) -> Vec<Vec<i64>> {
        let statement = Statement::from_string(self.db.read().get_database_backend(), query);
        let rows = self.db.read().query_all_raw(statement).await.expect("the query runs");
        let read = |row: &sea_orm::QueryResult| {
            (0..columns)
                .map(|index| row.try_get_by_index(index).expect("a number"))
                .collect()
        };
        rows.iter().map(read).collect()
    }

    pub async fn texts(&self, query: &str) -> Vec<String> {
        let statement = Statement::from_string(self.db.read().get_database_backend(), query);
        let rows = self.db.read().query_all_raw(statement).await.expect("the query runs");
        rows.iter()
            .map(|row| row.try_get_by_index(0).expect("a text"))
            .collect()
    }

    pub async fn close(self) {
        self.db.close().await;
        self.database.remove();
    }
}

impl Db {
    pub async fn execute_for_tests(&self, statements: &[String]) {
        for statement in statements {
            self.0
                .write
                .execute_unprepared(statement)
                .await
                .expect("the statement runs");
        }
    }

    /// Runs a statement in a transaction that stays open until the sender is used or dropped.
    pub async fn hold_for_tests(&self, statement: &'static str) -> tokio::sync::oneshot::Sender<()> {
        let (release, released) = tokio::sync::oneshot::channel();
        let (entered, has_entered) = tokio::sync::oneshot::channel();
        let db = self.clone();
        self.spawn(async move {
            let held = db.write(move |tx| {
                Box::pin(async move {
                    tx.conn().execute_unprepared(statement).await?;
                    let _ = entered.send(());
                    let _ = released.await;
                    Err::<(), _>(crate::error::Error::internal("only held"))
                })
            });
            let _ = held.await;
        });
        has_entered.await.expect("the statement runs");
        release
    }
}

pub(crate) fn options(database: &Database, clock: &Clock) -> Options {
    Options {
        url: database.url.clone(),
        pool_size: 8,
        survives_power_loss: true,
        clock: clock.clone(),
    }
}

/// Makes of each named `async fn(&House)` a test on SQLite and one on PostgreSQL; the latter does nothing when no server is named.
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let house = crate::db::testing::House::sqlite().await;
                    super::$name(&house).await;
                    house.close().await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    if let Some(house) = crate::db::testing::House::postgres().await {
                        super::$name(&house).await;
                        house.close().await;
                    }
                }
            )+
        }
    };
}
pub(crate) use on_both_databases;
