//! What proves the audit log (C083): triggers that keep rows as they are, and a chain that shows what was changed past them.

use std::time::{Duration, Instant};

use serde_json::json;
use server::audit::{Finding, Head, Report};

use crate::support::{App, Person, START};

const ROW: &str = "0199f7c2-7a3e-7000-8000-000000000001";

async fn seal(app: &App) {
    server::for_tests::seal_audit(&app.state).await.unwrap();
}

async fn verify(app: &App) -> Report {
    server::audit::verify(&app.state, None).await.unwrap()
}

async fn change(app: &App, person: &Person, theme: &str) {
    let call = app.call("PUT", "/api/v1/account/profile").bearer(&person.access);
    call.json(&json!({ "theme": theme })).send().await.expect(200);
}

/// A log of three segments or more.
async fn sealed_thrice(app: &App) -> Person {
    let anna = app.register("anna").await;
    seal(app).await;
    change(app, &anna, "dark").await;
    seal(app).await;
    change(app, &anna, "light").await;
    seal(app).await;
    let report = verify(app).await;
    assert!(report.found == 0 && report.segments >= 3, "{report:?}");
    assert_eq!(report.waiting, 0);
    anna
}

/// What is found after somebody who owns the database ran these statements.
async fn found_after(app: &App, statements: &[&str]) -> Vec<Finding> {
    app.database.disarm_audit().await;
    for statement in statements {
        app.database.execute(statement).await;
    }
    verify(app).await.findings
}

on_both! {
async fn rows_and_seals_can_neither_be_changed_nor_deleted(app: App) {
    app.register("anna").await;
    for is_sealed in [false, true] {
        if is_sealed {
            seal(app).await;
        }
        for statement in ["UPDATE audit_logs SET action = 'key.created'", "DELETE FROM audit_logs"] {
            let said = app.database.refusal(statement).await;
            assert!(said.contains("append-only"), "{statement}: {said}");
        }
    }
    let mut statements = vec![
        "UPDATE audit_sealed SET seq = seq + 100",
        "DELETE FROM audit_sealed",
        "UPDATE audit_seals SET sealed_at = 1",
        "UPDATE audit_seals SET pruned_at = 1, sealed_at = 1",
        "DELETE FROM audit_seals",
    ];
    if app.database.is_sqlite() {
        // Replacing deletes without asking the trigger for deletions.
        statements.push("INSERT OR REPLACE INTO audit_logs SELECT * FROM audit_logs");
        statements.push("INSERT OR REPLACE INTO audit_sealed SELECT * FROM audit_sealed");
        statements.push("INSERT OR REPLACE INTO audit_seals SELECT * FROM audit_seals");
    } else {
        statements.extend(["TRUNCATE audit_logs", "TRUNCATE audit_sealed", "TRUNCATE audit_seals"]);
    }
    for statement in statements {
        let said = app.database.refusal(statement).await;
        assert!(said.contains("append-only") || said.contains("stays as it was made"), "{statement}: {said}");
    }
    assert_eq!(verify(app).await.found, 0);
}
}

on_both! {
async fn rows_of_fifty_parallel_writers_are_sealed_within_five_seconds(app: App) {
    let anna = app.register("anna").await;
    let call = |number: usize| {
        let call = app.post("/api/v1/account/keys").bearer(&anna.access);
        call.json(&json!({ "name": format!("key {number}") })).send()
    };
    for reply in futures_util::future::join_all((0..50).map(call)).await {
        reply.expect(201);
    }
    let since = Instant::now();
    while app.database.number("SELECT COUNT(*) FROM audit_unsealed").await > 0 {
        assert!(since.elapsed() < Duration::from_secs(5), "rows wait for their seal");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let report = verify(app).await;
    assert_eq!(report.found, 0, "{report:?}");
    assert_eq!(report.rows, 52);
}
}

on_both! {
async fn processes_that_seal_at_once_make_one_chain(app: App) {
    let anna = app.register("anna").await;
    let other = app.command().await;
    for round in 0..10 {
        let calls = (0..5).map(|number| {
            let call = app.post("/api/v1/account/keys").bearer(&anna.access);
            call.json(&json!({ "name": format!("key {round} {number}") })).send()
        });
        let (made, first, second, third) = tokio::join!(
            futures_util::future::join_all(calls),
            server::for_tests::seal_audit(&app.state),
            server::for_tests::seal_audit(&other),
            server::for_tests::seal_audit(&other),
        );
        first.unwrap();
        second.unwrap();
        third.unwrap();
        for reply in made {
            reply.expect(201);
        }
    }
    seal(app).await;
    let report = verify(app).await;
    assert_eq!(report.found, 0, "{report:?}");
    assert_eq!(report.rows, 52);
    assert_eq!(report.head.unwrap().segment, i64::try_from(report.segments).unwrap());
    other.shutdown().await;
}
}

on_both! {
async fn row_that_commits_late_joins_a_later_segment(app: App) {
    app.register("anna").await;
    seal(app).await;
    let before = verify(app).await;
    // Older than everything that is sealed, by its id and by its time.
    app.database.insert_audit_row(ROW, START.0 - 30_000).await;
    seal(app).await;
    let after = verify(app).await;
    assert_eq!(after.found, 0, "{after:?}");
    assert_eq!((after.rows, after.segments), (before.rows + 1, before.segments + 1));
}
}

on_both! {
async fn changed_row_is_found(app: App) {
    sealed_thrice(app).await;
    let findings = found_after(app, &["UPDATE audit_logs SET ip_address = '203.0.113.9' WHERE action = 'user.created'"]).await;
    assert!(matches!(findings[..], [Finding::RowChanged { segment: 1, .. }]), "{findings:?}");
    assert!(findings[0].to_string().starts_with("segment 1: row "), "{}", findings[0]);
}
}

on_both! {
async fn removed_row_is_found(app: App) {
    sealed_thrice(app).await;
    let row = "(SELECT id FROM audit_logs WHERE action = 'user.created')";
    let unlist = format!("DELETE FROM audit_sealed WHERE row_id = {row}");
    let findings = found_after(app, &["DELETE FROM audit_logs WHERE action = 'session.started'"]).await;
    assert!(matches!(findings[..], [Finding::RowMissing { .. }]), "{findings:?}");
    // With its entry among the sealed ones.
    let findings = found_after(app, &[&unlist, "DELETE FROM audit_logs WHERE action = 'user.created'"]).await;
    assert!(findings.iter().any(|finding| matches!(finding, Finding::SegmentChanged { segment: 1, .. })), "{findings:?}");
}
}

on_both! {
async fn row_added_past_the_server_is_found(app: App) {
    sealed_thrice(app).await;
    // The triggers are in place: it queues like every row, and says that it is an hour older than what was sealed before it came.
    app.database.insert_audit_row(ROW, START.0 - 3_600_000).await;
    let row = ROW.parse().unwrap();
    assert_eq!(verify(app).await.findings, [Finding::RowAddedLater { row }]);
    seal(app).await;
    assert_eq!(verify(app).await.findings, [Finding::RowAddedLater { row }]);
}
}

on_both! {
async fn row_added_without_the_triggers_is_found(app: App) {
    sealed_thrice(app).await;
    app.database.disarm_audit().await;
    app.database.insert_audit_row(ROW, START.0).await;
    seal(app).await;
    assert_eq!(verify(app).await.findings, [Finding::RowOutside { row: ROW.parse().unwrap() }]);
}
}

on_both! {
async fn moved_row_is_found(app: App) {
    sealed_thrice(app).await;
    let findings = found_after(
        app,
        &[
            "UPDATE audit_sealed SET seq = 1000 WHERE seq = 1",
            "UPDATE audit_sealed SET seq = 1 WHERE seq = 2",
            "UPDATE audit_sealed SET seq = 2 WHERE seq = 1000",
        ],
    )
    .await;
    assert!(!findings.is_empty() && findings.iter().all(|finding| matches!(finding, Finding::SegmentChanged { .. })), "{findings:?}");
}
}

on_both! {
async fn missing_segment_is_found(app: App) {
    sealed_thrice(app).await;
    let last = app.database.number("SELECT MAX(segment) FROM audit_seals").await - 1;
    let findings = found_after(
        app,
        &[
            &format!("DELETE FROM audit_logs WHERE id IN (SELECT row_id FROM audit_sealed WHERE segment = {last})"),
            &format!("DELETE FROM audit_sealed WHERE segment = {last}"),
            &format!("DELETE FROM audit_seals WHERE segment = {last}"),
        ],
    )
    .await;
    assert_eq!(findings, [Finding::SegmentsMissing { first: last, last }]);
}
}

on_both! {
async fn seal_that_was_made_to_fit_breaks_the_one_after_it(app: App) {
    sealed_thrice(app).await;
    let zeros = if app.database.is_sqlite() { "zeroblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
    let findings = found_after(app, &[&format!("UPDATE audit_seals SET hash = {zeros} WHERE segment = 1")]).await;
    let [Finding::SegmentChanged { segment: 1, sealed, there }, Finding::SegmentDoesNotFollow { segment: 2 }] = findings[..] else {
        panic!("{findings:?}");
    };
    assert_eq!(sealed, there);
}
}

on_both! {
async fn end_that_was_cut_off_shows_against_a_head_that_was_noted(app: App) {
    let anna = sealed_thrice(app).await;
    let noted: Head = verify(app).await.head.unwrap().to_string().parse().unwrap();
    change(app, &anna, "system").await;
    seal(app).await;
    let verify_noted = async || server::audit::verify(&app.state, Some(&noted)).await.unwrap();
    assert_eq!(verify_noted().await.found, 0);
    let last = noted.segment;
    let findings = found_after(
        app,
        &[
            &format!("DELETE FROM audit_logs WHERE id IN (SELECT row_id FROM audit_sealed WHERE segment >= {last})"),
            &format!("DELETE FROM audit_sealed WHERE segment >= {last}"),
            &format!("DELETE FROM audit_seals WHERE segment >= {last}"),
        ],
    )
    .await;
    assert_eq!(findings, [], "nothing in the database tells");
    assert_eq!(verify_noted().await.findings, [Finding::NotAsNoted { segment: last }]);
}
}
