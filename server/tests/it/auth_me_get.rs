//! `GET auth/me`: which credentials prove a person.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::{Database, Person, START};

on_both! {
async fn no_malformed_or_foreign_credential_is_401(app: App) {
    app.register("anna").await;
    app.get("/api/v1/auth/me").send().await.problem(401, "missing_credential");
    for wrong in ["Basic YTpi", "Bearer", "Bearer x", "Bearer a.b.c", "bearer ' OR '1'='1", "Token x"] {
        let reply = app.get("/api/v1/auth/me").header("authorization", wrong).send().await;
        reply.problem(401, "invalid_credential");
        assert!(reply.header("www-authenticate").unwrap().contains("invalid_token"));
    }
    let long = "x".repeat(60_000);
    app.get("/api/v1/auth/me").bearer(&long).send().await.problem(401, "invalid_credential");
}
}

on_both! {
async fn api_key_does_not_open_accounts(app: App) {
    let person = app.register("anna").await;
    let made = app
        .post("/api/v1/account/keys")
        .bearer(&person.access)
        .json(&json!({ "name": "k" }))
        .send()
        .await
        .expect(201);
    let key = made["key"].as_str().unwrap();
    app.get("/api/v1/auth/me").bearer(key).send().await.problem(401, "invalid_credential");
    app.get("/api/v1/auth/me").header("x-api-key", key).send().await.problem(401, "invalid_credential");
}
}

on_both! {
async fn two_authorization_headers_are_refused(app: App) {
    let person = app.register("anna").await;
    let reply = app.get("/api/v1/auth/me").bearer(&person.access).bearer("x").send().await;
    reply.problem(401, "two_credentials");
}
}

on_both! {
async fn access_token_lasts_15_minutes_and_30_seconds_of_leeway(app: App) {
    let person = app.register("anna").await;
    app.advance_secs(15 * 60 + 29);
    app.get("/api/v1/auth/me").bearer(&person.access).send().await.expect(200);
    app.advance_secs(1);
    app.get("/api/v1/auth/me").bearer(&person.access).send().await.problem(401, "invalid_credential");
}
}

on_both! {
async fn token_beside_a_cookie_is_what_counts(app: App) {
    let anna = app.register("anna").await;
    app.register("berta").await;
    let cookie = app.cookie("berta", false).await;
    let me = app.get("/api/v1/auth/me").bearer(&anna.access).cookie(&cookie).send().await.expect(200);
    assert_eq!(me["username"], "anna");
    app.get("/api/v1/auth/me").bearer("x").cookie(&cookie).send().await.problem(401, "invalid_credential");
}
}

on_both! {
async fn headers_that_name_a_person_are_ignored(app: App) {
    let person = app.register("anna").await;
    let names = ["x-request-from", "x-user-id", "x-org-id", "x-forwarded-user", "remote-user"];
    let call = names.iter().fold(app.get("/api/v1/auth/me"), |call, name| call.header(name, &person.id));
    call.send().await.problem(401, "missing_credential");
}
}

const SECRET: &str = "Zk3vQ8pT1nXw7LrB5mHy2cJd9sFgA4uEoKi6RtVb0xNqWzPl";
const OLD_SECRET: &str = "hY7tBn2KsWq9XzLc4VfRj6DpMg1EaUoT8iQx5ZvNw3CkJrLu";

/// What an attacker can change about a token of ours, with the right secret where it helps them.
struct Forge {
    header: Header,
    claims: Value,
    secret: &'static str,
}

impl Forge {
    fn of(person: &Person, public_url: &str) -> Self {
        let now = START.0 / 1000;
        let header = jsonwebtoken::decode_header(&person.access).unwrap();
        let id = "0199f7c2-7a3e-7000-8000-000000000000";
        let claims = json!({ "iss": public_url, "aud": "weirgate", "sub": person.id, "role": "user", "sid": id, "jti": id, "iat": now, "exp": now + 900 });
        Forge {
            header,
            claims,
            secret: SECRET,
        }
    }

    fn with(mut self, claim: &str, value: Value) -> Self {
        self.claims[claim] = value;
        self
    }

    fn without(mut self, claim: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(claim);
        self
    }

    fn head(mut self, change: impl FnOnce(&mut Header)) -> Self {
        change(&mut self.header);
        self
    }

    fn token(&self) -> String {
        let key = EncodingKey::from_secret(self.secret.as_bytes());
        jsonwebtoken::encode(&self.header, &self.claims, &key).unwrap()
    }
}

#[tokio::test]
async fn forged_access_tokens_are_401() {
    use crate::support::App;
    let app = App::start_with_variables(Database::sqlite(), &[("JWT_SECRET", SECRET)]).await;
    let person = app.register("anna").await;
    let url = app.state.config().public_url().to_owned();
    let forge = || Forge::of(&person, &url);
    app.get("/api/v1/auth/me")
        .bearer(&forge().token())
        .send()
        .await
        .expect(200);

    let now = START.0 / 1000;
    let forged = [
        forge().head(|header| header.typ = Some("JWT".into())),
        forge().head(|header| header.typ = None),
        forge().head(|header| header.kid = None),
        forge().head(|header| header.kid = Some("other".into())),
        forge().head(|header| header.alg = Algorithm::HS384),
        forge().head(|header| header.crit = Some(vec!["exp".into()])),
        forge().with("iss", json!("https://evil.example")),
        forge().with("aud", json!("other")),
        forge().with("aud", json!(["weirgate", "other"])),
        forge().with("exp", json!(now - 31)),
        forge().with("exp", json!((now + 900).to_string())),
        forge().with("iat", json!(now + 31)),
        forge().with("sub", json!("0199f7c2-7a3e-7000-8000-00000000000f")),
        forge().with("sub", json!("anna")),
        forge().with("role", json!("owner")),
        forge().without("sid"),
        forge().without("jti"),
        forge().without("exp"),
        forge().without("iat"),
        forge().without("aud"),
        forge().without("iss"),
        Forge {
            secret: OLD_SECRET,
            ..forge()
        },
        Forge { secret: "", ..forge() },
    ];
    for (number, forged) in forged.iter().enumerate() {
        let reply = app.get("/api/v1/auth/me").bearer(&forged.token()).send().await;
        assert_eq!(reply.status, 401, "number {number}: {}", forged.claims);
        reply.problem(401, "invalid_credential");
    }
    // The signature must belong to these very claims.
    let own = forge().token();
    let unsigned = &own[..=own.rfind('.').unwrap()];
    app.get("/api/v1/auth/me")
        .bearer(unsigned)
        .send()
        .await
        .problem(401, "invalid_credential");
    app.stop().await;
}

#[tokio::test]
async fn previous_secret_is_accepted_while_secrets_rotate() {
    use crate::support::App;
    let app = App::start_with_variables(Database::sqlite(), &[("JWT_SECRET", OLD_SECRET)]).await;
    let person = app.register("anna").await;
    let both = [
        ("JWT_SECRET", SECRET),
        ("WEIRGATE_AUTH__JWT_PREVIOUS_SECRET", OLD_SECRET),
    ];
    let app = app.restart_with_variables(&both).await;
    app.get("/api/v1/auth/me")
        .bearer(&person.access)
        .send()
        .await
        .expect(200);
    let newer = app.login("anna", false).await;
    let app = app.restart_with_variables(&[("JWT_SECRET", SECRET)]).await;
    app.get("/api/v1/auth/me")
        .bearer(&newer.access)
        .send()
        .await
        .expect(200);
    app.get("/api/v1/auth/me")
        .bearer(&person.access)
        .send()
        .await
        .problem(401, "invalid_credential");
    app.stop().await;
}
