//! A look into a test's database past the server, and changes that no door makes yet.

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use types::{OrganizationId, OrganizationRole};

use super::{App, Database, Person};

impl Database {
    /// The first column of what a query answers; it must be text.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        let sql = AssertSqlSafe(query.to_owned());
        if self.url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&self.url).await.expect("connected");
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.expect("rows")
        } else {
            let mut connection = PgConnection::connect(&self.url).await.expect("connected");
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.expect("rows")
        }
    }

    pub async fn execute(&self, statement: &str) {
        let sql = AssertSqlSafe(statement.to_owned());
        if self.url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&self.url).await.expect("connected");
            sqlx::query(sql).execute(&mut connection).await.expect("done");
        } else {
            let mut connection = PgConnection::connect(&self.url).await.expect("connected");
            sqlx::query(sql).execute(&mut connection).await.expect("done");
        }
    }
}

/// Whoever holds it keeps everybody from writing the books.
pub enum Held {
    Sqlite(#[expect(dead_code, reason = "held")] SqliteConnection),
    Postgres(#[expect(dead_code, reason = "held")] PgConnection),
}

impl Database {
    /// As somebody does who looks into the database by hand and forgets to end.
    pub async fn hold_the_books(&self) -> Held {
        if self.is_sqlite() {
            let mut connection = SqliteConnection::connect(&self.url).await.expect("connected");
            sqlx::query("BEGIN IMMEDIATE")
                .execute(&mut connection)
                .await
                .expect("begun");
            return Held::Sqlite(connection);
        }
        let mut connection = PgConnection::connect(&self.url).await.expect("connected");
        for statement in ["BEGIN", "LOCK TABLE calls_open, usage_logs IN ACCESS EXCLUSIVE MODE"] {
            sqlx::query(statement).execute(&mut connection).await.expect("done");
        }
        Held::Postgres(connection)
    }
}

/// Tables whose rows and seals triggers keep as they are.
const PROTECTED: [&str; 3] = ["audit_logs", "audit_sealed", "audit_seals"];

impl Database {
    /// What the database says to a statement that it refuses.
    pub async fn refusal(&self, statement: &str) -> String {
        let sql = AssertSqlSafe(statement.to_owned());
        let outcome = if self.is_sqlite() {
            let mut connection = SqliteConnection::connect(&self.url).await.expect("connected");
            sqlx::query(sql).execute(&mut connection).await.map(|_| ())
        } else {
            let mut connection = PgConnection::connect(&self.url).await.expect("connected");
            sqlx::query(sql).execute(&mut connection).await.map(|_| ())
        };
        outcome.expect_err(statement).to_string()
    }

    /// The one number that a query answers.
    pub async fn number(&self, query: &str) -> i64 {
        let texts = self.texts(&format!("SELECT CAST(({query}) AS TEXT)")).await;
        texts[0].parse().expect("a number")
    }

    /// Takes the triggers away that protect the audit log, as whoever owns the database can.
    pub async fn disarm_audit(&self) {
        if self.is_sqlite() {
            let triggers =
                "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'audit\\_%' ESCAPE '\\'";
            for name in self.texts(triggers).await {
                self.execute(&format!("DROP TRIGGER {name}")).await;
            }
        } else {
            for table in PROTECTED {
                self.execute(&format!("ALTER TABLE {table} DISABLE TRIGGER USER")).await;
            }
        }
    }

    /// Writes an audit row past the server.
    pub async fn insert_audit_row(&self, id: &str, created_at: i64) {
        let id = if self.is_sqlite() {
            format!("X'{}'", id.replace('-', ""))
        } else {
            format!("'{id}'")
        };
        self.execute(&format!(
            "INSERT INTO audit_logs (id, actor_kind, action, target_kind, details, created_at) \
             VALUES ({id}, 'system', 'key.created', 'user', '{{}}', {created_at})"
        ))
        .await;
    }

    /// Writes many of them, with ids of any time.
    pub async fn insert_audit_rows(&self, count: u32, created_at: i64) {
        let id = if self.is_sqlite() {
            "randomblob(16)"
        } else {
            "gen_random_uuid()"
        };
        self.execute(&format!(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) \
             INSERT INTO audit_logs (id, actor_kind, action, target_kind, details, created_at) \
             SELECT {id}, 'system', 'key.created', 'user', '{{}}', {created_at} FROM numbers"
        ))
        .await;
    }

    /// Writes entries of the request log, all of one moment.
    pub async fn insert_requests(&self, count: u32, at: i64) {
        let id = if self.is_sqlite() {
            format!("unhex('{at:012x}' || hex(randomblob(10)))")
        } else {
            format!("CAST('{at:012x}' || substr(md5(n::text), 1, 20) AS uuid)")
        };
        self.execute(&format!(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) \
             INSERT INTO request_logs (id, at, method, route, status, duration_ms, request_id) \
             SELECT {id}, {at}, 'GET', '/api/v1/auth/me', 200, 1, 'old' FROM numbers"
        ))
        .await;
    }

    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}

impl App {
    /// Makes somebody a plain member of an organization.
    pub async fn join(&self, organization: OrganizationId, person: &Person) {
        let user = person.id.parse().expect("an id");
        server::for_tests::join(&self.state, organization, user, OrganizationRole::Member)
            .await
            .expect("joined");
    }
}
