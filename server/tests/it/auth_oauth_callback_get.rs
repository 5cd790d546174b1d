//! The way back from a provider: who gets in, and what proves nothing.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use server::{crypto, sign_in::identity};

use crate::support::{App, Database, PASSWORD, issuer::*};

/// A server that knows one issuer as `work`.
async fn with_issuer(database: Database, more: &str) -> (App, Issuer) {
    let issuer = Issuer::start().await;
    let text = issuer.provider("work", "oidc", more);
    let app = App::start_with(database, |config| known(config, &text)).await;
    (app, issuer)
}

macro_rules! with_issuer {
    ($(#[$meta:meta])* async fn $name:ident($app:ident, $issuer:ident $(, $more:literal)?) $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[$meta])*
            async fn check($app: &App, $issuer: &Issuer) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let (app, issuer) = with_issuer(Database::sqlite(), concat!($($more)?)).await;
                check(&app, &issuer).await;
                app.stop().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let Some(database) = Database::postgres() else { return };
                let (app, issuer) = with_issuer(database, concat!($($more)?)).await;
                check(&app, &issuer).await;
                app.stop().await;
            }
        }
    };
}

with_issuer! {
async fn new_identity_makes_an_account_and_signs_it_in_again_later(app, issuer) {
    let mut visitor = Visitor::default();
    let reply = visitor.around(app, issuer, "work", "?next=/keys").await;
    assert_eq!(leads(&reply), "/keys");
    let me = visitor.me(app).await.unwrap();
    assert_eq!(me["email"], "jane@example.com");
    assert_eq!(me["email_verified"], true);
    assert_eq!(me["full_name"], "Jane Doe");
    assert_eq!(me["username"], "jane");
    // Later, in another browser, after the provider's e-mail and name changed: the same account, by issuer and subject.
    issuer.inside().claims = json!({ "sub": "248289761001", "email": "new@example.com", "email_verified": true, "name": "J" });
    let mut later = Visitor::default();
    assert_eq!(leads(&later.around(app, issuer, "work", "").await), "/");
    let again = later.me(app).await.unwrap();
    assert_eq!((&again["id"], &again["email"]), (&me["id"], &me["email"]));
    // Another subject is somebody else, whatever it calls itself.
    issuer.inside().claims = json!({ "sub": "other", "email": "new@example.com", "email_verified": true });
    let mut other = Visitor::default();
    leads(&other.around(app, issuer, "work", "").await);
    assert_ne!(other.me(app).await.unwrap()["id"], me["id"]);
}
}

with_issuer! {
async fn account_made_by_an_identity_has_no_password(app, issuer) {
    let mut visitor = Visitor::default();
    leads(&visitor.around(app, issuer, "work", "").await);
    for password in ["", PASSWORD] {
        let body = json!({ "email": "jane@example.com", "password": password });
        app.post("/api/v1/auth/login").json(&body).send().await.problem(401, "wrong_password");
    }
}
}

with_issuer! {
async fn way_back_counts_once_in_its_browser_in_its_time(app, issuer) {
    let refused = async |visitor: &mut Visitor, query: &[(String, String)]| {
        let reply = visitor.back(app, "work", query).await;
        reply.problem(400, "invalid_link");
        assert_eq!(reply.header("refresh"), Some("0; url=/login?trouble=stale"));
        assert_eq!(visitor.me(app).await, None);
    };
    // None, made up, and one whose `+` a form would read as a space.
    let mut visitor = Visitor::default();
    let good = issuer.visit(&visitor.out(app, "work", "").await);
    let with = |state: &str| vec![good[0].clone(), ("state".to_owned(), state.to_owned())];
    refused(&mut visitor, &good[..1]).await;
    for state in ["", "x", &"A".repeat(43), &format!("+{}", "A".repeat(42)), &"A".repeat(10_000)] {
        refused(&mut visitor, &with(state)).await;
    }
    // Twice in one query: nobody knows which is meant.
    let twice = [good.clone(), good[1..].to_vec()].concat();
    refused(&mut visitor, &twice).await;
    // Another browser, with a value of its own and without one.
    let mut stranger = Visitor::default();
    stranger.out(app, "work", "").await;
    refused(&mut stranger, &good).await;
    // That used it up.
    refused(&mut visitor, &good).await;
    let good = issuer.visit(&visitor.out(app, "work", "").await);
    refused(&mut Visitor::default(), &good).await;
    // Replayed.
    let good = issuer.visit(&visitor.out(app, "work", "").await);
    assert_eq!(leads(&visitor.back(app, "work", &good).await), "/");
    let reply = visitor.back(app, "work", &good).await;
    reply.problem(400, "invalid_link");
    // Expired, to the second.
    let mut slow = Visitor::default();
    let good = issuer.visit(&slow.out(app, "work", "").await);
    app.advance_secs(600);
    refused(&mut slow, &good).await;
    let good = issuer.visit(&slow.out(app, "work", "").await);
    app.advance_secs(599);
    issuer.inside().now += 1199;
    assert_eq!(leads(&slow.back(app, "work", &good).await), "/");
}
}

with_issuer! {
async fn two_tabs_may_be_under_way_at_once(app, issuer) {
    let mut visitor = Visitor::default();
    let one = issuer.visit(&visitor.out(app, "work", "?next=/keys").await);
    let two = issuer.visit(&visitor.out(app, "work", "?next=/connect").await);
    assert_eq!(leads(&visitor.back(app, "work", &two).await), "/connect");
    assert_eq!(leads(&visitor.back(app, "work", &one).await), "/keys");
}
}

with_issuer! {
async fn code_of_another_way_proves_nothing(app, issuer) {
    // The verifier and the nonce are those of one way: another way's code does not fit.
    let mut mine = Visitor::default();
    let mut theirs = Visitor::default();
    let my_way = issuer.visit(&mine.out(app, "work", "").await);
    let their_way = issuer.visit(&theirs.out(app, "work", "").await);
    let mixed = [their_way[0].clone(), my_way[1].clone()];
    mine.back(app, "work", &mixed).await.problem(400, "bad_request");
    assert_eq!(mine.me(app).await, None);
    // No code, an empty one, one that the provider never gave.
    for code in [None, Some(""), Some("made-up")] {
        let state = issuer.visit(&mine.out(app, "work", "").await)[1].clone();
        let query: Vec<_> = code.map(|code| ("code".to_owned(), code.to_owned())).into_iter().chain([state]).collect();
        mine.back(app, "work", &query).await.problem(400, "bad_request");
    }
    // The nonce of another way.
    issuer.inside().forge = Some(Arc::new(|key, mut claims| {
        claims["nonce"] = json!("another");
        key.token(&key.header().to_string(), &claims.to_string())
    }));
    mine.around(app, issuer, "work", "").await.problem(400, "bad_request");
}
}

/// C036: one provider's answers are not another's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answer_of_one_provider_is_nothing_at_another_ones_door() {
    let (a, b) = (Issuer::start().await, Issuer::start().await);
    b.inside().names_itself = true;
    let text = format!("{}{}", a.provider("a", "oidc", ""), b.provider("b", "oidc", ""));
    let app = App::start_with(Database::sqlite(), |config| known(config, &text)).await;
    let mut visitor = Visitor::default();
    let way = a.visit(&visitor.out(&app, "a", "").await);
    visitor.back(&app, "b", &way).await.problem(400, "invalid_link");
    visitor.back(&app, "a", &way).await.problem(400, "invalid_link");
    // Each has its own address to come back to.
    let location = visitor.out(&app, "a", "").await;
    assert!(
        location.contains("%2Fapi%2Fv1%2Fauth%2Foauth%2Fa%2Fcallback"),
        "{location}"
    );
    // RFC 9207: an `iss` must be the provider's, and a provider that names itself must do so.
    let way = a.visit(&visitor.out(&app, "a", "").await);
    let named = [way, vec![("iss".to_owned(), b.url.clone())]].concat();
    visitor.back(&app, "a", &named).await.problem(400, "bad_request");
    let way = b.visit(&visitor.out(&app, "b", "").await);
    visitor.back(&app, "b", &way[..2]).await.problem(400, "bad_request");
    assert_eq!(leads(&visitor.around(&app, &b, "b", "").await), "/");
    app.stop().await;
}

with_issuer! {
async fn only_a_vouched_email_makes_an_account(app, issuer) {
    for (claims, trouble) in [
        (json!({ "sub": "1", "email": "x@example.com", "email_verified": false }), "no_email"),
        (json!({ "sub": "1", "email": "x@example.com" }), "no_email"),
        (json!({ "sub": "1" }), "no_email"),
        (json!({ "sub": "1", "email": "not an address", "email_verified": true }), "no_email"),
        // As Entra names people: text that looks like an e-mail.
        (json!({ "sub": "1", "upn": "x@example.com", "preferred_username": "x@example.com" }), "no_email"),
    ] {
        issuer.inside().claims = claims.clone();
        let mut visitor = Visitor::default();
        let reply = visitor.around(app, issuer, "work", "").await;
        assert_eq!(leads(&reply), format!("/login?trouble={trouble}"), "{claims}");
        assert_eq!(visitor.me(app).await, None);
    }
    // Text is no truth.
    issuer.inside().claims = json!({ "sub": "1", "email": "x@example.com", "email_verified": "true" });
    let mut visitor = Visitor::default();
    visitor.around(app, issuer, "work", "").await.problem(400, "bad_request");
    assert_eq!(visitor.me(app).await, None);
}
}

with_issuer! {
async fn userinfo_fills_in_what_the_token_leaves_out(app, issuer) {
    issuer.inside().claims = json!({ "sub": "1" });
    issuer.inside().userinfo = Some(json!({ "sub": "2", "email": "x@example.com", "email_verified": true }));
    let mut visitor = Visitor::default();
    visitor.around(app, issuer, "work", "").await.problem(400, "bad_request");
    issuer.inside().userinfo = Some(json!({ "sub": "1", "email": "x@example.com", "email_verified": true, "name": "X" }));
    assert_eq!(leads(&visitor.around(app, issuer, "work", "").await), "/");
    assert_eq!(visitor.me(app).await.unwrap()["email"], "x@example.com");
}
}

with_issuer! {
async fn existing_account_is_never_entered_or_linked_by_its_email(app, issuer) {
    // Somebody else may have registered the address first; or the provider may vouch for what it should not.
    let jane = app.register("jane").await;
    let mut visitor = Visitor::default();
    let reply = visitor.around(app, issuer, "work", "").await;
    assert_eq!(leads(&reply), "/login?trouble=account_exists");
    assert_eq!(visitor.me(app).await, None);
    let identities = app.get("/api/v1/auth/identities").bearer(&jane.access).send().await.expect(200);
    assert_eq!(identities, json!([]));
    // Case does not make another address.
    issuer.inside().claims["email"] = json!("JANE@Example.COM");
    assert_eq!(leads(&visitor.around(app, issuer, "work", "").await), "/login?trouble=account_exists");
}
}

/// C038: GitHub's login names are given to others; the number is who somebody is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_person_is_a_number_with_a_primary_verified_email() {
    let issuer = Issuer::start().await;
    let text = issuer.provider("github", "github", "");
    let app = App::start_with(Database::sqlite(), |config| known(config, &text)).await;
    let mut visitor = Visitor::default();
    let location = visitor.out(&app, "github", "").await;
    assert!(
        location.contains("/login/oauth/authorize?") && location.contains("scope=read%3Auser+user%3Aemail&")
            || location.contains("scope=read%3Auser+user%3Aemail"),
        "{location}"
    );
    assert_eq!(
        leads(&visitor.back(&app, "github", &issuer.visit(&location)).await),
        "/"
    );
    let jane = visitor.me(&app).await.unwrap();
    assert_eq!(jane["email"], "jane@example.com");
    // Renamed: the same person.
    issuer.inside().github = json!({ "id": 583_231, "login": "jane-renamed" });
    let mut later = Visitor::default();
    leads(&later.around(&app, &issuer, "github", "").await);
    assert_eq!(later.me(&app).await.unwrap()["id"], jane["id"]);
    // Somebody else takes the old name: another person, who has no claim to the e-mail.
    issuer.inside().github = json!({ "id": 999, "login": "jane" });
    let mut other = Visitor::default();
    assert_eq!(
        leads(&other.around(&app, &issuer, "github", "").await),
        "/login?trouble=account_exists"
    );
    for emails in [
        json!([{ "email": "x@example.com", "primary": false, "verified": true }]),
        json!([{ "email": "x@example.com", "primary": true, "verified": false }]),
        json!([{ "email": "x@example.com", "primary": true, "verified": "true" }]),
        json!([]),
    ] {
        issuer.inside().emails = emails.clone();
        assert_eq!(
            leads(&other.around(&app, &issuer, "github", "").await),
            "/login?trouble=no_email",
            "{emails}"
        );
    }
    app.stop().await;
}

with_issuer! {
async fn refusal_at_the_provider_leads_back_to_the_sign_in_page(app, issuer) {
    for error in ["access_denied", "server_error", "<script>alert(1)</script>"] {
        let mut visitor = Visitor::default();
        let state = issuer.visit(&visitor.out(app, "work", "").await)[1].clone();
        let query = [("error".to_owned(), error.to_owned()), ("error_description".to_owned(), "//evil".to_owned()), state];
        let reply = visitor.back(app, "work", &query).await;
        assert_eq!(leads(&reply), "/login?trouble=denied");
        visitor.back(app, "work", &query).await.problem(400, "invalid_link");
    }
}
}

with_issuer! {
async fn path_to_end_on_stays_here(app, issuer) {
    for next in ["//evil.example", "/\\evil.example", "https://evil.example", "/%0d%0aset-cookie:x=1", "javascript:alert(1)", "/a\u{0}b", ""] {
        let mut visitor = Visitor::default();
        let query: String = url::form_urlencoded::Serializer::new(String::from("?")).append_pair("next", next).finish();
        let reply = visitor.around(app, issuer, "work", &query).await;
        let expected = if next == "/%0d%0aset-cookie:x=1" { next } else { "/" };
        assert_eq!(leads(&reply), expected, "{next}");
    }
    let mut visitor = Visitor::default();
    let query = "?next=%2F%0D%0Aset-cookie%3A+x";
    assert_eq!(leads(&visitor.around(app, issuer, "work", query).await), "/");
}
}

// C044: everything that is wrong with an ID token, and one that is right.
with_issuer! {
async fn token_that_is_not_right_in_everything_is_refused(app, issuer) {
    fn claims(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Forge {
        Arc::new(move |key, mut claims| {
            change(&mut claims);
            key.token(&key.header().to_string(), &claims.to_string())
        })
    }
    fn header(header: Value) -> Forge {
        Arc::new(move |key, claims| {
            let mut all = key.header();
            for (name, value) in header.as_object().unwrap() {
                all[name] = value.clone();
            }
            key.token(&all.to_string(), &claims.to_string())
        })
    }
    fn mac(secret: fn(&Key) -> Vec<u8>) -> Forge {
        Arc::new(move |key, claims| {
            let header = json!({ "alg": "HS256", "kid": key.id, "typ": "JWT" });
            let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
            let signature = crypto::hmac_sha256(&secret(key), &[message.as_bytes()]);
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
        })
    }
    let now = issuer.inside().now;
    let table: Vec<(&str, Forge)> = vec![
        ("alg none", Arc::new(|_, claims| {
            let header = json!({ "alg": "none", "typ": "JWT" });
            format!("{}.{}.", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
        })),
        ("no signature", Arc::new(|key, claims| {
            let token = key.token(&key.header().to_string(), &claims.to_string());
            token[..=token.rfind('.').unwrap()].to_owned()
        })),
        ("HMAC with our own secret", mac(|_| SECRET.as_bytes().to_vec())),
        ("HMAC with the public key", mac(|key| key.parts().0)),
        ("HMAC with nothing", mac(|_| Vec::new())),
        ("another key under the same name", Arc::new(|key, claims| {
            Key::new(&key.id).token(&key.header().to_string(), &claims.to_string())
        })),
        ("changed claims", Arc::new(|key, claims| {
            let token = key.token(&key.header().to_string(), &claims.to_string());
            let mut parts: Vec<&str> = token.split('.').collect();
            let mut claims = claims.clone();
            claims["sub"] = json!("admin");
            let changed = URL_SAFE_NO_PAD.encode(claims.to_string());
            parts[1] = &changed;
            parts.join(".")
        })),
        ("its own key", header(json!({ "jwk": Key::new("x").jwk() }))),
        ("an address of keys", header(json!({ "jku": "http://127.0.0.1:1/keys" }))),
        ("an address of certificates", header(json!({ "x5u": "http://127.0.0.1:1/certificates" }))),
        ("critical extensions", header(json!({ "crit": ["b64"], "b64": false }))),
        ("an access token", header(json!({ "typ": "at+jwt" }))),
        ("an unknown key", header(json!({ "kid": "unknown" }))),
        ("another audience", claims(|claims| claims["aud"] = json!("another"))),
        ("no audience", claims(|claims| claims["aud"] = json!([]))),
        ("one audience too many", claims(|claims| claims["aud"] = json!([CLIENT, "another"]))),
        ("another authorized party", claims(|claims| claims["azp"] = json!("another"))),
        ("another issuer", claims(|claims| claims["iss"] = json!("http://127.0.0.1:1"))),
        ("no issuer", claims(|claims| { claims.as_object_mut().unwrap().remove("iss"); })),
        ("expired", claims(move |claims| claims["exp"] = json!(now - 31))),
        ("exp as text", claims(move |claims| claims["exp"] = json!((now + 300).to_string()))),
        ("no exp", claims(|claims| { claims.as_object_mut().unwrap().remove("exp"); })),
        ("no iat", claims(|claims| { claims.as_object_mut().unwrap().remove("iat"); })),
        ("from the future", claims(move |claims| claims["iat"] = json!(now + 31))),
        ("not valid yet", claims(move |claims| claims["nbf"] = json!(now + 31))),
        ("nbf as text", claims(|claims| claims["nbf"] = json!("0"))),
        ("no nonce", claims(|claims| { claims.as_object_mut().unwrap().remove("nonce"); })),
        ("no subject", claims(|claims| { claims.as_object_mut().unwrap().remove("sub"); })),
        ("an empty subject", claims(|claims| claims["sub"] = json!(""))),
        ("a subject that is a number", claims(|claims| claims["sub"] = json!(7))),
        ("a subject without an end", claims(|claims| claims["sub"] = json!("x".repeat(256)))),
        ("a claim twice", Arc::new(|key, claims| {
            let text = claims.to_string();
            key.token(&key.header().to_string(), &text.replacen('{', "{\"email\":\"victim@example.com\",", 1))
        })),
        ("no JWT", Arc::new(|_, _| "text".to_owned())),
        ("five parts", Arc::new(|key, claims| format!("{}.a.b", key.token(&key.header().to_string(), &claims.to_string())))),
        ("no JSON", Arc::new(|key, _| key.token("{}", "text"))),
    ];
    for (what, forge) in table {
        issuer.inside().forge = Some(forge);
        let mut visitor = Visitor::default();
        let reply = visitor.around(app, issuer, "work", "").await;
        assert_eq!(reply.status, 400, "{what}: {:?}", reply.header("location"));
        reply.problem(400, "bad_request");
        assert_eq!(visitor.me(app).await, None, "{what}");
    }
    // Clocks may differ by half a minute, several audiences are fine when all are ours, `azp` may say what is so.
    issuer.inside().forge = Some(claims(move |claims| {
        claims["exp"] = json!(now - 29);
        claims["iat"] = json!(now + 30);
        claims["nbf"] = json!(now + 30);
        claims["aud"] = json!([CLIENT]);
        claims["azp"] = json!(CLIENT);
    }));
    let mut visitor = Visitor::default();
    assert_eq!(leads(&visitor.around(app, issuer, "work", "").await), "/");
}
}

with_issuer! {
async fn unknown_keys_ask_for_new_ones_once_a_minute(app, issuer) {
    let mut visitor = Visitor::default();
    leads(&visitor.around(app, issuer, "work", "").await);
    assert_eq!(issuer.asked("keys"), 1);
    issuer.inside().forge = Some(Arc::new(|key, claims| {
        let header = json!({ "alg": "RS256", "kid": format!("made-up-{}", claims["nonce"]), "typ": "JWT" });
        key.token(&header.to_string(), &claims.to_string())
    }));
    app.advance_secs(60);
    issuer.inside().now += 60;
    for _ in 0..100 {
        visitor.around(app, issuer, "work", "").await.problem(400, "bad_request");
    }
    assert_eq!(issuer.asked("keys"), 2);
    // A key that is really new is found by the next one who is due.
    issuer.inside().forge = None;
    issuer.rotate("two");
    visitor.around(app, issuer, "work", "").await.problem(400, "bad_request");
    app.advance_secs(60);
    issuer.inside().now += 60;
    assert_eq!(leads(&visitor.around(app, issuer, "work", "").await), "/");
    assert_eq!(issuer.asked("keys"), 3);
}
}

with_issuer! {
async fn reply_without_an_end_is_not_read(app, issuer) {
    issuer.inside().fault = Fault::TokensAreHuge;
    let mut visitor = Visitor::default();
    let reply = visitor.around(app, issuer, "work", "").await;
    assert_eq!(leads(&reply), "/login?trouble=unreachable");
}
}

with_issuer! {
async fn tokens_of_the_provider_are_kept_nowhere(app, issuer) {
    let mut visitor = Visitor::default();
    let location = visitor.out(app, "work", "").await;
    let secret = location.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let nonce = location.split("nonce=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let before = app.database.dump();
    let contains = |dump: &[u8], text: &str| dump.windows(text.len()).any(|window| window == text.as_bytes());
    for text in [&secret, &nonce, &visitor.cookie("wg-oidc").unwrap().to_owned()] {
        assert!(!contains(&before, text), "a secret of the way stands in the database");
    }
    leads(&visitor.back(app, "work", &issuer.visit(&location)).await);
    let after = app.database.dump();
    let tokens = issuer.inside().tokens.clone();
    assert_eq!(tokens.len(), 3);
    for token in &tokens {
        assert!(!contains(&after, token), "a provider's token is kept");
    }
    // Only who somebody is and their address were asked for.
    assert!(location.contains("scope=openid+email+profile") , "{location}");
}
}

with_issuer! {
async fn account_that_is_disabled_or_sign_up_that_is_closed_says_so_to_who_proved_who_they_are(app, issuer) {
    let mut visitor = Visitor::default();
    leads(&visitor.around(app, issuer, "work", "").await);
    let id = visitor.me(app).await.unwrap()["id"].as_str().unwrap().parse().unwrap();
    server::for_tests::disable(&app.state, id).await.unwrap();
    assert_eq!(leads(&visitor.around(app, issuer, "work", "").await), "/login?trouble=disabled");
    assert_eq!(visitor.me(app).await, None);
    let closed = |config: &mut server::Config| config.auth.registration = server::config::Registration::Closed;
    let text = issuer.provider("work", "oidc", "");
    let app = App::start_with(Database::sqlite(), |config| {
        closed(config);
        known(config, &text);
    })
    .await;
    let mut visitor = Visitor::default();
    assert_eq!(leads(&visitor.around(&app, issuer, "work", "").await), "/login?trouble=closed");
    app.stop().await;
}
}

with_issuer! {
async fn old_session_of_the_browser_is_ended_by_the_new_one(app, issuer) {
    let mut visitor = Visitor::default();
    leads(&visitor.around(app, issuer, "work", "").await);
    let first = format!("wg={}", visitor.cookie("wg").unwrap());
    leads(&visitor.around(app, issuer, "work", "").await);
    assert_ne!(format!("wg={}", visitor.cookie("wg").unwrap()), first);
    app.get("/api/v1/auth/me").cookie(&first).send().await.problem(401, "invalid_credential");
    assert!(visitor.me(app).await.is_some());
}
}

with_issuer! {
async fn many_at_once_with_one_new_identity_make_one_account(app, issuer) {
    let ways = async |_| {
        let mut visitor = Visitor::default();
        let way = issuer.visit(&visitor.out(app, "work", "").await);
        (visitor, way)
    };
    let ready = futures_util::future::join_all((0..8).map(ways)).await;
    let back = ready.into_iter().map(|(mut visitor, way)| async move {
        let reply = visitor.back(app, "work", &way).await;
        assert_eq!(leads(&reply), "/");
        visitor.me(app).await.unwrap()["id"].clone()
    });
    let ids = futures_util::future::join_all(back).await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}
}

with_issuer! {
async fn groups_make_administrators_and_unmake_those_they_made(app, issuer, "groups_claim = \"groups\"\nadmin_groups = [\"ops\"]\n") {
    // An administrator that no provider made, so that others need not stay one.
    server::accounts::create_admin(&app.state, types::accounts::Register {
        email: "root@example.com".to_owned(),
        password: PASSWORD.to_owned(),
        username: None,
        full_name: None,
        locale: None,
        invitation: None,
    }).await.unwrap();
    let sign_in = async |groups: Value| {
        issuer.inside().claims["groups"] = groups;
        let mut visitor = Visitor::default();
        leads(&visitor.around(app, issuer, "work", "").await);
        visitor.me(app).await.unwrap()["role"].clone()
    };
    assert_eq!(sign_in(json!(["dev"])).await, "user");
    assert_eq!(sign_in(json!(["dev", "ops"])).await, "admin");
    assert_eq!(sign_in(json!("ops")).await, "admin");
    assert_eq!(sign_in(json!(["Ops"])).await, "user");
    assert_eq!(sign_in(json!(["ops"])).await, "admin");
    assert_eq!(sign_in(Value::Null).await, "user");
}
}

with_issuer! {
async fn last_administrator_stays_one(app, issuer, "role_claim = \"realm.role\"\n") {
    issuer.inside().claims["realm"] = json!({ "role": "admin" });
    let mut visitor = Visitor::default();
    leads(&visitor.around(app, issuer, "work", "").await);
    assert_eq!(visitor.me(app).await.unwrap()["role"], "admin");
    issuer.inside().claims["realm"] = json!({ "role": "user" });
    leads(&visitor.around(app, issuer, "work", "").await);
    assert_eq!(visitor.me(app).await.unwrap()["role"], "admin");
    // As soon as there is another one, it is taken away.
    issuer.inside().claims = json!({ "sub": "2", "email": "b@example.com", "email_verified": true, "realm": { "role": ["admin", "x"] } });
    leads(&Visitor::default().around(app, issuer, "work", "").await);
    issuer.inside().claims = json!({ "sub": "248289761001", "realm": { "role": "user" } });
    leads(&visitor.around(app, issuer, "work", "").await);
    assert_eq!(visitor.me(app).await.unwrap()["role"], "user");
}
}

/// `OAUTH_*`: the same on shorter addresses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provider_of_the_variables_has_its_own_addresses() {
    let issuer = Issuer::start().await;
    let variables = [
        ("OAUTH_CLIENT_ID", CLIENT),
        ("OAUTH_CLIENT_SECRET", SECRET),
        ("OAUTH_ISSUER", issuer.url.as_str()),
    ];
    let app = App::start_with_variables(Database::sqlite(), &variables).await;
    for prefix in ["/api/v1", "/api", "/v1"] {
        let mut visitor = Visitor::default();
        let reply = visitor.send(app.get(&format!("{prefix}/auth/login?next=/keys"))).await;
        let location = leads(&reply);
        assert!(location.contains("%2Fapi%2Fv1%2Fauth%2Fcallback"), "{location}");
        let way = issuer.visit(&location);
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(way)
            .finish();
        let reply = visitor.send(app.get(&format!("/api/v1/auth/callback?{query}"))).await;
        assert_eq!(leads(&reply), "/keys");
        assert_eq!(visitor.me(&app).await.unwrap()["email"], "jane@example.com");
    }
    app.stop().await;
}

with_issuer! {
async fn groups_make_members_and_unmake_those_they_made(app, issuer, "organizations = [{ group = \"dev\", organization = \"acme\" }, { group = \"lead\", organization = \"acme\", role = \"admin\" }, { group = \"dev\", organization = \"nowhere\" }]\n") {
    use types::OrganizationRole::{Admin, Member, Owner};
    let acme = server::for_tests::organization(&app.state, "acme").await.unwrap();
    assert_eq!(identity::missing_organizations(&app.state).await.unwrap(), ["nowhere"]);
    let sign_in = async |groups: Value| {
        issuer.inside().claims["groups"] = groups;
        let mut visitor = Visitor::default();
        leads(&visitor.around(app, issuer, "work", "").await);
        visitor.me(app).await.unwrap()["id"].as_str().unwrap().parse().unwrap()
    };
    let role = |user| app.state.directory().is_member(acme, user);
    let jane = sign_in(json!([])).await;
    assert_eq!(role(jane), None);
    sign_in(json!(["dev"])).await;
    assert_eq!(role(jane), Some(Member));
    sign_in(json!(["dev", "lead"])).await;
    assert_eq!(role(jane), Some(Admin));
    sign_in(json!(["dev"])).await;
    assert_eq!(role(jane), Some(Member));
    sign_in(json!(["others"])).await;
    assert_eq!(role(jane), None);
    // What people here gave stays: a membership by hand, and one that was changed by hand since.
    server::for_tests::join(&app.state, acme, jane, Member).await.unwrap();
    sign_in(json!(["lead"])).await;
    assert_eq!(role(jane), Some(Member));
    sign_in(json!([])).await;
    assert_eq!(role(jane), Some(Member));
    issuer.inside().claims["sub"] = json!("2");
    issuer.inside().claims["email"] = json!("joe@example.com");
    let joe = sign_in(json!(["dev"])).await;
    assert_eq!(role(joe), Some(Member));
    server::for_tests::join(&app.state, acme, joe, Owner).await.unwrap();
    sign_in(json!([])).await;
    assert_eq!(role(joe), Some(Owner));
    let told: Vec<_> = app.audit().await.into_iter().filter(|row| row["action"].as_str().unwrap().starts_with("member.")).collect();
    assert_eq!(told.len(), 5, "{told:?}");
}
}

with_issuer! {
async fn unlinking_takes_what_the_identity_gave(app, issuer, "admin_groups = [\"ops\"]\n") {
    server::accounts::create_admin(&app.state, types::accounts::Register {
        email: "root@example.com".to_owned(),
        password: PASSWORD.to_owned(),
        username: None,
        full_name: None,
        locale: None,
        invitation: None,
    }).await.unwrap();
    app.register("anna").await;
    let mut visitor = Visitor::with(&app.cookie("anna", false).await);
    let user = server::sessions::from_cookie(&app.state, visitor.cookie("wg").unwrap()).await.unwrap();
    let query = format!("?link={}", identity::ticket(&app.state, &user, "work").unwrap());
    issuer.inside().claims["groups"] = json!(["ops"]);
    leads(&visitor.around(app, issuer, "work", &query).await);
    assert_eq!(visitor.me(app).await.unwrap()["role"], "admin");
    let listed = identity::list(&app.state, &user).await.unwrap();
    identity::unlink(&app.state, &user, listed[0].id).await.unwrap();
    assert_eq!(visitor.me(app).await.unwrap()["role"], "user");
    let actions: Vec<String> = app.audit().await.iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect();
    assert!(actions.contains(&"identity.linked".to_owned()) && actions.contains(&"identity.unlinked".to_owned()), "{actions:?}");
}
}

with_issuer! {
async fn second_factor_is_asked_for_after_the_provider_too(app, issuer) {
    app.register("anna").await;
    let mut visitor = Visitor::with(&app.cookie("anna", false).await);
    let user = server::sessions::from_cookie(&app.state, visitor.cookie("wg").unwrap()).await.unwrap();
    let query = format!("?link={}", identity::ticket(&app.state, &user, "work").unwrap());
    leads(&visitor.around(app, issuer, "work", &query).await);
    let access = app.login("anna", false).await.access;
    let sent = json!({ "current_password": PASSWORD });
    let begun = app.post("/api/v1/auth/totp").bearer(&access).json(&sent).send().await.expect(200);
    let secret = begun["secret"].as_str().unwrap();
    let sent = json!({ "code": app.code(secret) });
    app.post("/api/v1/auth/totp/confirm").bearer(&access).json(&sent).send().await.expect(200);
    let mut later = Visitor::default();
    assert_eq!(leads(&later.around(app, issuer, "work", "?next=/keys").await), "/login/second");
    assert_eq!(later.me(app).await, None);
    assert!(later.cookie("wg-second").is_some() && later.cookie("wg").is_none());
}
}
