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

impl App {
    /// Makes somebody a plain member of an organization.
    pub async fn join(&self, organization: OrganizationId, person: &Person) {
        let user = person.id.parse().expect("an id");
        server::for_tests::join(&self.state, organization, user, OrganizationRole::Member)
            .await
            .expect("joined");
    }
}
