//! `POST auth/request-link`: a link by mail, and nothing to learn from the answer.

use serde_json::json;

use crate::support::{App, Database, Smtp};

const PATH: &str = "/api/v1/auth/request-link";

on_both! {
async fn known_and_unknown_addresses_get_one_answer_and_only_one_gets_a_letter(app: App) {
    app.register("anna").await;
    let before = app.letters().len();
    let ask = |email: &str| app.post(PATH).json(&json!({ "email": email })).send();
    let known = ask(" Anna@Example.com ").await.expect(202);
    let unknown = ask("nobody@example.com").await.expect(202);
    assert_eq!(known["message"], unknown["message"]);
    // Development shows the link; what else there is is the same.
    assert!(known["dev_link"].as_str().unwrap().starts_with(app.state.config().public_url()));
    assert_eq!(unknown, json!({ "message": unknown["message"] }));
    let letters = app.letters();
    assert_eq!(letters.len(), before + 1);
    assert_eq!(letters[0].to, "anna@example.com");
    assert_eq!(letters[0].link.as_deref(), known["dev_link"].as_str());
    assert!(letters[0].text.contains(known["dev_link"].as_str().unwrap()));
}
}

on_both! {
async fn what_is_no_address_is_422(app: App) {
    for (sent, field, code) in [
        (json!({ "email": "anna" }), "email", "not_an_email"),
        (json!({ "email": "" }), "email", "required"),
        (json!({ "email": "a@b.co\r\nBcc: c@d.co" }), "email", "not_an_email"),
        (json!({ "email": "a\u{0}@b.co" }), "email", "not_an_email"),
        (json!({ "email": ["a@b.co"] }), "email", "wrong_type"),
        (json!({}), "email", "required"),
        (json!({ "email": "a@b.co", "next": "/" }), "next", "unknown_field"),
    ] {
        app.post(PATH).json(&sent).send().await.invalid(field, code);
    }
}
}

on_both! {
async fn address_gets_three_letters_and_then_one_an_hour_whoever_asks(app: App) {
    app.register("anna").await;
    let letters = || app.letters().iter().filter(|letter| letter.subject == "Your sign-in link").count();
    let mut number = 0_u32;
    let mut ask = |count: u32| {
        let calls: Vec<_> = (0..count)
            .map(|_| {
                number += 1;
                let [_, b, c, d] = number.to_be_bytes();
                app.post(PATH).from(&format!("10.{b}.{c}.{d}")).json(&json!({ "email": "anna@example.com" }))
            })
            .collect();
        async move {
            for call in calls {
                call.send().await.expect(202);
            }
        }
    };
    // The verification letter at sign-up was the first of the three.
    ask(1000).await;
    assert_eq!(letters(), 2);
    app.advance_secs(3599);
    ask(20).await;
    assert_eq!(letters(), 2);
    app.advance_secs(1);
    ask(20).await;
    assert_eq!(letters(), 3);
    app.advance_secs(3600);
    ask(20).await;
    assert_eq!(letters(), 4);
}
}

on_both! {
async fn one_place_may_ask_5_times_a_minute_and_30_an_hour(app: App) {
    let ask = |number: u32| app.post(PATH).from("203.0.113.7").json(&json!({ "email": format!("p{number}@example.com") })).send();
    for minute in 0..6 {
        for number in 0..5 {
            ask(minute * 5 + number).await.expect(202);
        }
        if minute < 5 {
            let refused = ask(100).await;
            refused.problem(429, "rate_limited");
            assert_eq!(refused.header("retry-after"), Some("60"));
            // The same place by its other door.
            let forgot = app.post("/api/v1/auth/password/forgot").from("203.0.113.7");
            forgot.json(&json!({ "email": "p@example.com" })).send().await.problem(429, "rate_limited");
            app.advance_secs(60);
        }
    }
    app.advance_secs(60);
    let refused = ask(200).await;
    refused.problem(429, "rate_limited");
    let elsewhere = app.post(PATH).from("203.0.113.8").json(&json!({ "email": "p@example.com" }));
    elsewhere.send().await.expect(202);
    app.advance_secs(3600);
    ask(201).await.expect(202);
}
}

on_both! {
async fn link_is_made_from_the_configured_address_whatever_the_request_says(app: App) {
    app.register("anna").await;
    let reply = app
        .post(PATH)
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example")
        .header("origin", "https://evil.example")
        .json(&json!({ "email": "anna@example.com" }))
        .send()
        .await
        .expect(202);
    let own = format!("{}/login/link?token=", app.state.config().public_url());
    assert!(reply["dev_link"].as_str().unwrap().starts_with(&own), "{reply}");
    for letter in app.letters() {
        assert!(!letter.text.contains("evil") && !letter.html.contains("evil"));
    }
}
}

on_both! {
async fn disabled_account_gets_no_link(app: App) {
    let person = app.register("anna").await;
    app.disable(&person).await;
    let before = app.letters().len();
    let reply = app.post(PATH).json(&json!({ "email": "anna@example.com" })).send().await.expect(202);
    assert_eq!(reply["dev_link"], serde_json::Value::Null);
    assert_eq!(app.letters().len(), before);
}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_answers_byte_for_byte_the_same_and_sends_over_smtp() {
    let smtp = Smtp::start().await;
    let app = App::start_with(Database::sqlite(), |config| smtp.configure(config)).await;
    app.register("anna").await;
    server::mail::idle(&app.state).await;
    let mut seen = Vec::new();
    for email in ["anna@example.com", "nobody@example.com"] {
        let call = app.post(PATH).header("x-request-id", "one-and-the-same");
        let reply = call.json(&json!({ "email": email })).send().await;
        reply.expect(202);
        seen.push((reply.headers, reply.body));
    }
    assert_eq!(seen[0], seen[1]);
    server::mail::idle(&app.state).await;
    let letters = smtp.letters();
    assert_eq!(letters.len(), 2, "verification and link: {letters:#?}");
    let link = &letters[1];
    assert_eq!(link.to, ["anna@example.com"]);
    let (head, body) = link.data.split_once("\r\n\r\n").unwrap();
    let names: Vec<&str> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, _)| name)
        .collect();
    for expected in [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "MIME-Version",
        "Content-Type",
    ] {
        assert_eq!(
            names.iter().filter(|name| **name == expected).count(),
            1,
            "{expected} in {head}"
        );
    }
    assert!(!names.contains(&"Bcc") && !names.contains(&"Cc"), "{head}");
    for part in [
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
    ] {
        assert!(body.contains(part), "{part} in {body}");
    }
    assert!(app.letters_of(&app.state).is_none(), "nothing is kept in a file");
    app.stop().await;
}

#[tokio::test]
async fn production_without_a_mail_server_answers_the_same_and_offers_nothing() {
    let app = App::start_with(Database::sqlite(), |config| {
        config.server.app_env = server::config::AppEnv::Production;
    })
    .await;
    app.register("anna").await;
    assert!(!server::mail::available(&app.state));
    let reply = app
        .post(PATH)
        .json(&json!({ "email": "anna@example.com" }))
        .send()
        .await;
    assert_eq!(reply.expect(202).as_object().unwrap().len(), 1);
    server::mail::idle(&app.state).await;
    assert!(!app.database.dir().join("mail").exists());
    app.stop().await;
}

#[tokio::test]
async fn letters_of_development_are_for_this_user_alone_and_the_newest_stay() {
    use std::os::unix::fs::PermissionsExt;
    let app = App::start_with(Database::sqlite(), |config| {
        config.rate_limits.links_per_email = 1000;
        config.rate_limits.links_per_minute = 1000;
        config.rate_limits.links_per_hour = 1000;
        config.rate_limits.sign_in_requests = 1000;
    })
    .await;
    app.register("anna").await;
    let mut last = String::new();
    for _ in 0..105 {
        let reply = app
            .post(PATH)
            .json(&json!({ "email": "anna@example.com" }))
            .send()
            .await
            .expect(202);
        last = reply["dev_link"].as_str().unwrap().to_owned();
    }
    let letters = app.letters();
    assert_eq!(letters.len(), 100);
    assert_eq!(letters[0].link.as_deref(), Some(last.as_str()));
    let folder = app.database.dir().join("mail");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in folder.read_dir().unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
    app.stop().await;
}
