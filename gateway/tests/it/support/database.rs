//! A fresh PostgreSQL database when the test command offers a cluster; else the tests run on SQLite.
//!
//! Which of the two is decided by `WEIRGATE_TEST_DATABASE` (`sqlite` or `postgres`); the test command runs the suite once with each.

use tokio::process::Command;

pub struct Postgres {
    pub url: String,
    admin: String,
    name: String,
}

pub async fn fresh() -> Option<Postgres> {
    if std::env::var("WEIRGATE_TEST_DATABASE").is_ok_and(|kind| kind != "postgres") {
        return None;
    }
    let admin = std::env::var("WEIRGATE_TEST_POSTGRES_URL").ok()?;
    let name = format!("wg_{}", uuid::Uuid::now_v7().simple());
    psql(&admin, &format!("CREATE DATABASE {name}")).await;
    let (server, _) = admin.rsplit_once('/').expect("an URL with a database");
    Some(Postgres { url: format!("{server}/{name}"), admin, name })
}

async fn psql(admin: &str, sql: &str) {
    let status = Command::new("psql").args([admin, "-qXc", sql]).status().await.expect("psql is installed");
    assert!(status.success(), "{sql}");
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let _ = std::process::Command::new("psql").args([&self.admin, "-qXc", &sql]).status();
    }
}
