//! Removing what is old from the audit log: whole segments, told of, and what stays is proven.

use serde_json::{Value, json};
use server::audit::{Actor, Finding, Pruned, Report};
use types::Timestamp;

use crate::support::{App, START};

const DAY: i64 = 86_400;

async fn seal(app: &App) {
    server::for_tests::seal_audit(&app.state).await.unwrap();
}

async fn verify(app: &App) -> Report {
    server::audit::verify(&app.state, None).await.unwrap()
}

async fn prune(app: &App, before: Timestamp) -> Pruned {
    server::audit::prune(&app.state, before, Actor::CommandLine)
        .await
        .unwrap()
}

/// Something is written and sealed on each of so many days.
async fn days(app: &App, count: i64) {
    app.register("anna").await;
    seal(app).await;
    for _ in 1..count {
        app.advance_secs(DAY);
        app.login("anna", false).await;
        seal(app).await;
    }
}

on_both! {
async fn what_stays_is_proven_and_the_log_tells_what_went(app: App) {
    days(app, 3).await;
    let all = verify(app).await;
    assert_eq!(all.found, 0, "{all:?}");
    let pruned = prune(app, START.plus_secs(DAY / 2)).await;
    assert_eq!(pruned.rows, 2);
    let last = pruned.last.unwrap();
    assert_eq!(pruned.segments, last);
    let report = verify(app).await;
    assert_eq!(report.found, 0, "{report:?}");
    assert_eq!(report.pruned.as_ref().unwrap().segment, last);
    assert_eq!(report.rows, all.rows - 2 + 1);

    let told = app.audit_until("audit.pruned", 1).await;
    assert_eq!(told[0]["actor_kind"], "command_line");
    let details: Value = serde_json::from_str(told[0]["details"].as_str().unwrap()).unwrap();
    assert_eq!(details["rows"], 2);
    assert_eq!(details["first_segment"], 1);
    assert_eq!(details["last_segment"], last);
    assert_eq!(format!("{last}:{}", details["hash"].as_str().unwrap()), report.pruned.unwrap().to_string());

    assert_eq!(prune(app, START.plus_secs(DAY / 2)).await, Pruned::default());
    let more = prune(app, START.plus_secs(DAY + DAY / 2)).await;
    assert_eq!(more.rows, 1);
    let report = verify(app).await;
    assert_eq!(report.found, 0, "{report:?}");
}
}

on_both! {
async fn everything_can_go_but_what_tells_of_it(app: App) {
    days(app, 2).await;
    app.advance_secs(1);
    // A time to come means now: the row that tells of it must stay.
    let pruned = prune(app, START.plus_secs(100 * DAY)).await;
    assert_eq!(pruned.rows, 3);
    let actions: Vec<Value> = app.audit().await.into_iter().map(|row| row["action"].clone()).collect();
    assert_eq!(actions, [json!("audit.pruned")]);
    app.login("anna", false).await;
    seal(app).await;
    let report = verify(app).await;
    assert_eq!(report.found, 0, "{report:?}");
    assert_eq!(report.rows, 2);
}
}

on_both! {
async fn more_than_one_transaction_holds_goes_by_and_by(app: App) {
    app.register("anna").await;
    app.database.insert_audit_rows(3_000, START.0).await;
    seal(app).await;
    let full = verify(app).await;
    assert_eq!((full.found, full.rows), (0, 3_002), "{full:?}");
    app.advance_secs(DAY);
    assert_eq!(prune(app, START.plus_secs(1)).await.rows, 3_002);
    let report = verify(app).await;
    assert_eq!(report.found, 0, "{report:?}");
    assert_eq!(report.rows, u64::try_from(app.audit().await.len()).unwrap());
    assert!(report.rows >= 2, "each transaction tells of its part");
}
}

on_both! {
async fn segment_that_went_without_a_word_is_found(app: App) {
    days(app, 2).await;
    // Even with the triggers in place, for whoever knows how they let go.
    for statement in [
        "UPDATE audit_seals SET pruned_at = 1 WHERE segment = 1",
        "DELETE FROM audit_logs WHERE id IN (SELECT row_id FROM audit_sealed WHERE segment = 1)",
        "DELETE FROM audit_sealed WHERE segment = 1",
    ] {
        app.database.execute(statement).await;
    }
    assert_eq!(verify(app).await.findings, [Finding::PrunedSilently { segment: 1 }]);
    app.database.execute("DELETE FROM audit_seals WHERE segment = 1").await;
    assert_eq!(verify(app).await.findings, [Finding::SegmentsMissing { first: 1, last: 1 }]);
}
}
