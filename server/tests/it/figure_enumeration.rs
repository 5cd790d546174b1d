//! Figure: nobody learns from a refused sign-in whether there is an account (C001, C002; ASVS 6.3.8).
//!
//! Refusals of an unknown e-mail and of a wrong password are equal to the byte, and their times say nothing: the area under the ROC
//! curve of the best threshold classifier (AUC, 0.5 = a coin) lies in 0.45–0.55.
//!
//! The sample is taken in pairs, one of each kind in random order, so that whatever else the machine does hits both kinds alike.
//! If nothing tells them apart, the AUC of 2 × n scatters around 0.5 with a standard error of √((2n + 1) / 12n²): 0.024 at 300, so
//! that one of 27 sound runs would leave the band by chance; 0.009 at 2,000, where none does. Therefore the sample grows, 300 pairs
//! at a time and up to 2,000, until the AUC of everything measured so far is in the band, and only the whole sample fails. A
//! difference that matters cannot hide in this: at a true AUC of 0.6 the first 300 pass in 2 of 100 runs.

use std::time::{Duration, Instant};

use rand::seq::SliceRandom;
use serde_json::json;

use crate::support::App;

const STEP: usize = 300;
const WHOLE: usize = 2000;

/// How often a value of `left` is above one of `right`, ties counted half: Mann and Whitney's U over its range.
fn auc(left: &[Duration], right: &[Duration]) -> f64 {
    let mut all: Vec<(Duration, bool)> = left.iter().map(|time| (*time, true)).collect();
    all.extend(right.iter().map(|time| (*time, false)));
    all.sort();
    let (mut rank_sum, mut from) = (0.0, 0);
    while from < all.len() {
        let mut to = from;
        while to < all.len() && all[to].0 == all[from].0 {
            to += 1;
        }
        let rank = (from + 1 + to) as f64 / 2.0;
        rank_sum += rank * all[from..to].iter().filter(|one| one.1).count() as f64;
        from = to;
    }
    let (n, m) = (left.len() as f64, right.len() as f64);
    (rank_sum - n * (n + 1.0) / 2.0) / (n * m)
}

#[test]
fn auc_knows_the_same_from_the_different() {
    let of = |range: std::ops::Range<u64>| range.map(Duration::from_millis).collect::<Vec<_>>();
    assert!((auc(&of(0..100), &of(0..100)) - 0.5).abs() < 1e-9);
    assert!((auc(&of(100..200), &of(0..100)) - 1.0).abs() < 1e-9);
    assert!(auc(&of(0..100), &of(100..200)).abs() < 1e-9);
    assert!((auc(&of(20..120), &of(0..100)) - 0.68).abs() < 0.01);
}

async fn refused(app: &App, email: &str) -> (Duration, (axum::http::HeaderMap, Vec<u8>)) {
    let sent = json!({ "email": email, "password": "not the password" });
    let call = app
        .post("/api/v1/auth/login")
        .from("8.8.8.8")
        .header("x-request-id", "one-and-the-same")
        .json(&sent);
    let began = Instant::now();
    let reply = call.send().await;
    let time = began.elapsed();
    assert_eq!(reply.status, 401);
    (time, (reply.headers, reply.body))
}

/// Interleaved, so nothing else may run beside it: see `.config/nextest.toml`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_sign_ins_tell_nothing_about_accounts_by_body_or_time() {
    let app = App::start(crate::support::Database::sqlite()).await;
    app.register("anna").await;
    let long = crate::support::is_long();
    // Both e-mails have one length, and both kinds are warm.
    let kinds = ["anna@example.com", "nora@example.com"];
    let (_, expected) = refused(&app, kinds[0]).await;
    refused(&app, kinds[1]).await;
    let mut times = [Vec::new(), Vec::new()];
    let mut order = [0, 1];
    let mut area = 0.0;
    while times[0].len() < WHOLE {
        let goal = if long {
            WHOLE
        } else {
            (times[0].len() + STEP).min(WHOLE)
        };
        while times[0].len() < goal {
            order.shuffle(&mut rand::rng());
            for kind in order {
                let (time, answer) = refused(&app, kinds[kind]).await;
                assert!(answer == expected, "answers differ");
                times[kind].push(time);
            }
        }
        area = auc(&times[0], &times[1]);
        println!("2 × {} sign-ins: AUC {area:.3}", times[0].len());
        if (0.45..=0.55).contains(&area) {
            break;
        }
    }
    assert!(
        (0.45..=0.55).contains(&area),
        "AUC {area:.3} over 2 × {}",
        times[0].len()
    );
    app.stop().await;
}

on_both! {
/// C002: what else an account may be is told only to who knows its password.
async fn disabled_accounts_look_like_unknown_ones(app: App) {
    let anna = app.register("anna").await;
    app.disable(&anna).await;
    let (_, known) = refused(app, "anna@example.com").await;
    let (_, unknown) = refused(app, "nora@example.com").await;
    assert_eq!(known, unknown);
    let sent = json!({ "email": "anna@example.com", "password": crate::support::PASSWORD });
    app.post("/api/v1/auth/login").json(&sent).send().await.problem(403, "forbidden");
}
}
