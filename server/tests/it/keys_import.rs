//! `keys::import`: what is taken over, what is refused and why, and that nothing of a key's text is kept.

use serde_json::json;
use server::{
    crypto::{self, Secret},
    keys::import::{How, Line, Refused, Report, import},
};

use crate::support::{App, Database};

fn key(number: u64) -> String {
    format!("sk-{number:0>12}-aBcDeFgHiJkL")
}

/// A good line of Anna's.
fn line(number: u64) -> Line {
    Line {
        number,
        key: Some(Secret::new(key(number))),
        hash: None,
        email: "Anna@Example.com".to_owned(),
        name: format!("key {number}"),
        organization: None,
        models: Vec::new(),
        expires_at: None,
    }
}

async fn run(app: &App, lines: Vec<Line>, how: How) -> Report {
    import(&app.state, lines.into_iter().map(Ok).collect(), how)
        .await
        .unwrap()
}

fn refusals(report: Report) -> Vec<(u64, Refused)> {
    report
        .lines
        .into_iter()
        .filter_map(|(number, outcome)| Some((number, outcome.err()?)))
        .collect()
}

on_both! {
async fn keys_are_taken_over_as_hashes_with_an_audit_row_each(app: App) {
    let anna = app.register("anna").await;
    app.organization(&anna, "acme").await;
    let by_hash = Line {
        key: None,
        hash: Some(crypto::hex(&crypto::sha256(key(2).as_bytes()))),
        organization: Some("acme".into()),
        models: vec!["demo".into(), "demo".into()],
        expires_at: Some("2027-01-31".into()),
        ..line(2)
    };
    let report = run(app, vec![line(1), by_hash], How::Whole).await;
    assert_eq!((report.written, report.refused()), (2, 0));

    let listed = app.get("/api/v1/account/keys").bearer(&anna.access).send().await.expect(200);
    let listed = listed["data"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    let find = |name: &str| listed.iter().find(|key| key["name"] == name).unwrap();
    let second = find("key 2");
    assert_eq!(second["models"], json!(["demo"]));
    assert_eq!(second["expires_at"], "2027-01-31T00:00:00.000Z");
    assert_ne!(second["organization_id"], find("key 1")["organization_id"]);
    assert!(second["hint"].as_str().unwrap().starts_with("imported-"));

    let rows = app.audit_until("key.imported", 2).await;
    for row in &rows {
        assert_eq!((&row["actor_kind"], &row["target_kind"]), (&json!("command_line"), &json!("api_key")));
    }
    let dump = app.database.dump();
    let holds = |needle: &[u8]| dump.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"key.imported"), "the dump is the database");
    for number in [1, 2] {
        let text = key(number);
        assert!(!holds(text.as_bytes()) && !holds(&text.as_bytes()[text.len() - 12..]), "a key's text is stored");
        assert!(!rows.iter().any(|row| row.to_string().contains(&text)));
    }
}
}

on_both! {
async fn each_bad_line_is_refused_by_name_and_nothing_is_written(app: App) {
    let anna = app.register("anna").await;
    let bert = app.register("bert").await;
    app.register("carl").await;
    app.disable(&bert).await;
    app.organization(&anna, "acme").await;
    assert_eq!(run(app, vec![line(1)], How::Whole).await.written, 1);
    let known = app.get("/api/v1/account/keys").bearer(&anna.access).send().await.expect(200);
    let known = known["data"][0]["id"].as_str().unwrap().parse().unwrap();
    let before = app.content().await;

    let to = |email: &str, number| Line { email: email.into(), ..line(number) };
    let lines = vec![
        line(1),
        line(3),
        Line { number: 4, ..line(3) },
        to("nobody@example.com", 5),
        to("", 6),
        to("bert@example.com", 7),
        Line { organization: Some("nowhere".into()), ..line(8) },
        Line { organization: Some("acme".into()), ..to("carl@example.com", 9) },
        Line { models: vec!["gpt-9".into()], ..line(10) },
        Line { name: " ".into(), ..line(11) },
        Line { expires_at: Some("soon".into()), ..line(12) },
        Line { expires_at: Some("2020-01-01".into()), ..line(13) },
        Line { key: None, ..line(14) },
    ];
    let expected = vec![
        (1, Refused::Known(known)),
        (4, Refused::Twice(3)),
        (5, Refused::UnknownOwner("nobody@example.com".into())),
        (6, Refused::NoOwner),
        (7, Refused::DisabledOwner("bert@example.com".into())),
        (8, Refused::UnknownOrganization("nowhere".into())),
        (9, Refused::NotAMember { email: "carl@example.com".into(), organization: "acme".into() }),
        (10, Refused::UnknownModel("gpt-9".into())),
        (11, Refused::Name(types::rules::Wrong::Required)),
        (12, Refused::NotATime),
        (13, Refused::Expired(types::Timestamp::parse("2020-01-01T00:00:00Z").unwrap())),
        (14, Refused::NoKey),
    ];
    let report = run(app, lines, How::Whole).await;
    assert_eq!(report.written, 0);
    assert_eq!(refusals(report), expected);
    assert!(app.content().await == before, "something was written");
}
}

on_both! {
async fn dry_run_writes_nothing_and_what_is_good_can_be_taken_alone(app: App) {
    app.register("anna").await;
    let before = app.content().await;
    let report = run(app, vec![line(1), line(2)], How::DryRun).await;
    assert_eq!((report.written, report.refused()), (0, 0));
    assert!(app.content().await == before, "something was written");
    let bad = Line { email: "nobody@example.com".into(), ..line(2) };
    let report = run(app, vec![line(1), bad, line(3)], How::WhatIsGood).await;
    assert_eq!((report.written, report.refused()), (2, 1));
    // A second run finds them.
    let report = run(app, vec![line(1), line(3)], How::WhatIsGood).await;
    assert_eq!((report.written, report.refused()), (0, 2));
}
}

on_both! {
async fn more_keys_than_one_transaction_takes_are_all_taken(app: App) {
    app.register("anna").await;
    let report = run(app, (1..=1_101).map(line).collect(), How::Whole).await;
    assert_eq!((report.written, report.refused()), (1_101, 0));
    for number in [1, 500, 501, 1_101] {
        assert!(app.state.directory().key(&key(number)).is_some(), "{number}");
    }
}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_server_knows_keys_that_a_command_took_over() {
    let app = App::start(Database::sqlite()).await;
    app.register("anna").await;
    let command = app.command().await;
    let report = import(&command, vec![Ok(line(1))], How::Whole).await.unwrap();
    assert_eq!(report.written, 1);
    command.shutdown().await;
    while app.state.directory().key(&key(1)).is_none() {
        tokio::task::yield_now().await;
    }
    app.stop().await;
}
