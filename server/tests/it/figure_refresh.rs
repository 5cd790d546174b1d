//! Figure: many tabs, one sign-in (C052–C054, I4). In every round all tabs refresh at once with what they have; they get one and the
//! same successor, the sign-in keeps exactly one live leaf, and nobody is signed out. A copy that is used after the grace is always
//! noticed and ends its sign-in.
//!
//! 10 tabs × 50 rounds; 50 × 200 with WEIRGATE_LONG.

use serde_json::{Value, json};

use crate::support::{App, is_long};

async fn refresh(app: &App, token: &str) -> Value {
    let sent = json!({ "refresh_token": token });
    app.post("/api/v1/auth/refresh").json(&sent).send().await.expect(200)
}

fn token(pair: &Value) -> String {
    pair["refresh_token"].as_str().unwrap().to_owned()
}

async fn live_leaves(app: &App) -> u64 {
    server::for_tests::live_refresh_tokens(&app.state).await.unwrap()
}

on_both! {
async fn one_leaf_lives_no_tab_is_signed_out_and_every_late_reuse_is_noticed(app: App) {
    let (tabs, rounds) = if is_long() { (50, 200) } else { (10, 50) };
    let anna = app.register("anna").await;
    let mut current = anna.refresh.clone();
    let mut noticed = 0;
    for round in 0..rounds {
        // Half of the tabs ask a second time within the grace, as when the first answer was lost (C054).
        let calls = (0..tabs).map(|tab| {
            let held = &current;
            async move {
                let first = refresh(app, held).await;
                let pair = if tab % 2 == 0 { first.clone() } else { refresh(app, held).await };
                assert_eq!(token(&first), token(&pair), "round {round}");
                pair
            }
        });
        let pairs = futures_util::future::join_all(calls).await;
        let mut successors: Vec<String> = pairs.iter().map(token).collect();
        successors.sort_unstable();
        successors.dedup();
        assert_eq!(successors.len(), 1, "round {round}");
        for pair in &pairs {
            let access = pair["access_token"].as_str().unwrap();
            app.get("/api/v1/auth/me").bearer(access).send().await.expect(200);
        }
        assert_eq!(live_leaves(app).await, 1, "round {round}");
        current = successors.remove(0);

        // Somebody else's sign-in, stolen: the thief comes after the grace.
        let stolen = app.login("anna", false).await;
        let next = refresh(app, &stolen.refresh).await;
        app.advance_secs(11);
        let sent = json!({ "refresh_token": stolen.refresh });
        app.post("/api/v1/auth/refresh").json(&sent).send().await.problem(401, "invalid_grant");
        let sent = json!({ "refresh_token": token(&next) });
        app.post("/api/v1/auth/refresh").json(&sent).send().await.problem(401, "invalid_grant");
        let access = next["access_token"].as_str().unwrap();
        app.get("/api/v1/auth/me").bearer(access).send().await.problem(401, "invalid_credential");
        noticed += 1;
    }
    assert_eq!(live_leaves(app).await, 1);
    let rows = app.audit().await;
    let told = rows.iter().filter(|row| row["action"] == "session.token_reused").count();
    assert_eq!((told, noticed), (rounds, rounds));
}
}
