//! What `/admin/models` tells of a LiteLLM proxy, and its button, as a browser without a script gets them.

use std::sync::atomic::Ordering::Relaxed;

use http::Method;

use crate::{
    models_sync::proxy,
    support::client::{Client, administered},
};

const MODELS: &str = "/admin/models";
const STALE: &str = "data-testid=\"litellm-stale\"";

/// Presses the button; the page it leads to.
async fn sync(client: &mut Client, cookie: &str) -> (u16, String) {
    let reply = client.form("sync_models", cookie, "").await;
    assert_eq!(
        (reply.status, reply.location.as_deref()),
        (302, Some(MODELS)),
        "{}",
        String::from_utf8_lossy(&reply.body)
    );
    let cookies = [&[cookie.to_owned()][..], &reply.cookies].concat().join("; ");
    client.page(&cookies, MODELS).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_are_taken_over_by_a_button_and_stay_marked_while_the_proxy_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = proxy(
        r#"{"model_name":"sonnet","litellm_params":{"model":"bedrock/x"},"model_info":{"mode":"chat","input_cost_per_token":3e-06,"output_cost_per_token":1.5e-05}},
           {"model_name":"groq/*","model_info":{}}"#,
    );
    let (_server, mut client, cookie) = administered(folder.path(), |command| {
        command.env("WEIRGATE_LITELLM__SYNC_EVERY", "0").envs(proxy.variables());
    })
    .await;
    let first = loop {
        let (status, first) = client.page(&cookie, MODELS).await;
        assert_eq!(status, 200);
        if first.contains("sonnet") {
            break first;
        }
    };
    for word in ["From LiteLLM", "$3.00 / $15.00", "Take models over now"] {
        assert!(first.contains(word), "{word}");
    }

    let (_, done) = sync(&mut client, &cookie).await;
    for word in ["The models are taken over.", "groq/*", "its name stands for many"] {
        assert!(done.contains(word), "{word}");
    }
    assert!(!done.contains(STALE) && proxy.asked.load(Relaxed) == 2);

    proxy.fails.store(true, Relaxed);
    let (status, away) = sync(&mut client, &cookie).await;
    assert_eq!(status, 200);
    for word in [
        STALE,
        "LiteLLM answered with an error.",
        "The last known models stay.",
        "sonnet",
    ] {
        assert!(away.contains(word), "{word}");
    }
    assert!(!away.contains("The models are taken over."));

    // The list's models are not a page's to change, and pressing the button is for administrators.
    let id = away
        .split("/admin/models/")
        .find(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap();
    let path = format!("/admin/models/{}", id.split('"').next().unwrap());
    let (_, model) = client.page(&cookie, &path).await;
    assert!(model.contains("only its list changes it") && model.contains("bedrock") && !model.contains("save_model"));
    let account = r#"{"email":"anna@example.com","password":"correct horse battery"}"#;
    let kind = [("content-type", "application/json")];
    let made = client
        .call(&Method::POST, "/api/v1/auth/register", &kind, account)
        .await;
    assert_eq!(made.status, 201);
    let anna = client.sign_in("anna@example.com", "correct horse battery").await;
    let asked = proxy.asked.load(Relaxed);
    assert_eq!(sync(&mut client, &anna).await.0, 403);
    assert_eq!(proxy.asked.load(Relaxed), asked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_proxy_there_is_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, mut client, cookie) = administered(folder.path(), |_| {}).await;
    let (status, plain) = client.page(&cookie, MODELS).await;
    assert!(status == 200 && !plain.contains("sync_models"));
    let (_, refused) = sync(&mut client, &cookie).await;
    assert!(refused.contains("Something is in the way"));
}
