//! Identities of an account: linked by who is signed in, unlinked unless it is the last way in.

use serde_json::{Value, json};
use server::sign_in::identity;

use crate::support::{App, Database, issuer::*};

async fn with_issuer(database: Database) -> (App, Issuer) {
    let issuer = Issuer::start().await;
    let text = format!(
        "{}{}",
        issuer.provider("work", "oidc", ""),
        issuer.provider("github", "github", "")
    );
    let app = App::start_with(database, |config| known(config, &text)).await;
    (app, issuer)
}

macro_rules! with_issuer {
    (async fn $name:ident($app:ident, $issuer:ident) $body:block) => {
        mod $name {
            use super::*;

            async fn check($app: &App, $issuer: &Issuer) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let (app, issuer) = with_issuer(Database::sqlite()).await;
                check(&app, &issuer).await;
                app.stop().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let Some(database) = Database::postgres() else { return };
                let (app, issuer) = with_issuer(database).await;
                check(&app, &issuer).await;
                app.stop().await;
            }
        }
    };
}

/// What the settings page puts into its link.
async fn ticket(app: &App, visitor: &Visitor, provider: &str) -> String {
    let user = server::sessions::from_cookie(&app.state, visitor.cookie("wg").unwrap())
        .await
        .unwrap();
    let ticket = identity::ticket(&app.state, &user, provider).unwrap();
    format!("?link={ticket}")
}

async fn identities(app: &App, visitor: &Visitor) -> Value {
    let cookie = format!("wg={}", visitor.cookie("wg").unwrap());
    app.get("/api/v1/auth/identities")
        .cookie(&cookie)
        .send()
        .await
        .expect(200)
}

async fn unlink(app: &App, visitor: &Visitor, id: &Value) -> crate::support::Reply {
    let cookie = format!("wg={}", visitor.cookie("wg").unwrap());
    let path = format!("/api/v1/auth/identities/{}", id.as_str().unwrap());
    app.call("DELETE", &path).cookie(&cookie).same_origin().send().await
}

with_issuer! {
async fn identity_is_linked_by_who_is_signed_in_and_signs_in_afterwards(app, issuer) {
    // Another e-mail than the account's, and one that nobody vouches for: linking does not go by it.
    issuer.inside().claims = json!({ "sub": "7", "email": "elsewhere@example.com", "email_verified": false });
    let anna = app.register("anna").await;
    let mut visitor = Visitor::with(&app.cookie("anna", false).await);
    let query = ticket(app, &visitor, "work").await;
    let session = visitor.cookie("wg").unwrap().to_owned();
    let reply = visitor.around(app, issuer, "work", &query).await;
    assert_eq!(leads(&reply), "/settings/identities");
    assert_eq!(visitor.cookie("wg"), Some(session.as_str()), "linking starts no session");
    let listed = identities(app, &visitor).await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["provider"], "work");
    assert_eq!(listed[0]["issuer"], issuer.url);
    let mut elsewhere = Visitor::default();
    assert_eq!(leads(&elsewhere.around(app, issuer, "work", "").await), "/");
    assert_eq!(elsewhere.me(app).await.unwrap()["id"], anna.id);
    // Linking it again changes nothing.
    let query = ticket(app, &visitor, "work").await;
    assert_eq!(leads(&visitor.around(app, issuer, "work", &query).await), "/settings/identities");
    assert_eq!(identities(app, &visitor).await.as_array().unwrap().len(), 1);
    // The account has a password, so its last identity may go; it signs nobody in any more.
    unlink(app, &visitor, &listed[0]["id"]).await.expect(204);
    assert_eq!(identities(app, &visitor).await, json!([]));
    unlink(app, &visitor, &listed[0]["id"]).await.problem(404, "not_found");
    assert_eq!(leads(&Visitor::default().around(app, issuer, "work", "").await), "/login?trouble=no_email");
}
}

with_issuer! {
async fn linking_needs_a_ticket_of_this_very_sign_in(app, issuer) {
    app.register("anna").await;
    app.register("eve").await;
    let anna = Visitor::with(&app.cookie("anna", false).await);
    let eve = Visitor::with(&app.cookie("eve", false).await);
    let eves = ticket(app, &eve, "work").await;
    // Eve's ticket in Anna's browser: what is proven goes to nobody.
    let mut victim = anna.clone();
    let reply = victim.around(app, issuer, "work", &eves).await;
    assert_eq!(leads(&reply), "/login?trouble=stale");
    for visitor in [&anna, &eve] {
        assert_eq!(identities(app, visitor).await, json!([]));
    }
    // Made up, for another provider, too old.
    let for_github = ticket(app, &anna, "github").await;
    for query in ["?link=", "?link=abc", &for_github] {
        let mut visitor = anna.clone();
        let reply = visitor.send(app.get(&format!("/api/v1/auth/oauth/work/start{query}"))).await;
        assert_eq!(leads(&reply), "/settings/identities?trouble=reauth", "{query}");
    }
    let old = ticket(app, &anna, "work").await;
    app.advance_secs(300);
    let mut visitor = anna.clone();
    let reply = visitor.send(app.get(&format!("/api/v1/auth/oauth/work/start{old}"))).await;
    assert_eq!(leads(&reply), "/settings/identities?trouble=reauth");
    // Signed out, or signed in anew, between the way out and the way back.
    let mut visitor = anna.clone();
    let query = ticket(app, &visitor, "work").await;
    let way = issuer.visit(&visitor.out(app, "work", &query).await);
    app.post("/api/v1/auth/logout").cookie(&format!("wg={}", anna.cookie("wg").unwrap())).same_origin().send().await.expect(204);
    assert_eq!(leads(&visitor.back(app, "work", &way).await), "/login?trouble=stale");
}
}

with_issuer! {
async fn sign_in_that_is_older_than_five_minutes_is_no_proof_for_linking(app, issuer) {
    assert_eq!(issuer.asked("token"), 0);
    app.register("anna").await;
    let visitor = Visitor::with(&app.cookie("anna", false).await);
    let user = async || server::sessions::from_cookie(&app.state, visitor.cookie("wg").unwrap()).await.unwrap();
    app.advance_secs(300);
    assert!(identity::may_link(&app.state, &user().await).await.unwrap());
    app.advance_secs(1);
    assert!(!identity::may_link(&app.state, &user().await).await.unwrap());
}
}

with_issuer! {
async fn identity_of_one_account_is_not_linked_to_another(app, issuer) {
    let mut jane = Visitor::default();
    leads(&jane.around(app, issuer, "work", "").await);
    app.register("anna").await;
    let mut anna = Visitor::with(&app.cookie("anna", false).await);
    let query = ticket(app, &anna, "work").await;
    let reply = anna.around(app, issuer, "work", &query).await;
    assert_eq!(leads(&reply), "/settings/identities?trouble=linked_elsewhere");
    assert_eq!(identities(app, &anna).await, json!([]));
    // Nor is it Anna's to unlink.
    let janes = identities(app, &jane).await;
    unlink(app, &anna, &janes[0]["id"]).await.problem(404, "not_found");
    assert_eq!(identities(app, &jane).await.as_array().unwrap().len(), 1);
}
}

with_issuer! {
async fn last_way_in_stays(app, issuer) {
    let mut visitor = Visitor::default();
    leads(&visitor.around(app, issuer, "work", "").await);
    let first = identities(app, &visitor).await[0]["id"].clone();
    unlink(app, &visitor, &first).await.problem(409, "conflict");
    let query = ticket(app, &visitor, "github").await;
    assert_eq!(leads(&visitor.around(app, issuer, "github", &query).await), "/settings/identities");
    let both = identities(app, &visitor).await;
    let mut names = [both[0]["name"].as_str().unwrap(), both[1]["name"].as_str().unwrap()];
    names.sort_unstable();
    assert_eq!(names, ["127.0.0.1", "GitHub"]);
    // Both at once: one stays.
    let (one, two) = tokio::join!(unlink(app, &visitor, &both[0]["id"]), unlink(app, &visitor, &both[1]["id"]));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    assert_eq!(identities(app, &visitor).await.as_array().unwrap().len(), 1);
}
}

with_issuer! {
async fn identities_are_for_who_is_signed_in(app, issuer) {
    assert_eq!(issuer.asked("token"), 0);
    app.get("/api/v1/auth/identities").send().await.problem(401, "missing_credential");
    let path = "/api/v1/auth/identities/0199f7c2-7a3e-7000-8000-000000000000";
    app.call("DELETE", path).send().await.problem(401, "missing_credential");
    let anna = app.register("anna").await;
    app.call("DELETE", path).bearer(&anna.access).send().await.problem(404, "not_found");
    let cookie = app.cookie("anna", false).await;
    app.call("DELETE", path).cookie(&cookie).send().await.problem(403, "cross_site");
}
}
