//! The playground's door: a session of the dashboard calls like a key, from our own page alone, and its row names person and organization.

use futures_util::StreamExt;
use serde_json::{Value, json};
use server::{
    organizations::{self, members},
    sessions::Device,
    sign_in::Entered,
    teams,
};
use types::{
    OrganizationRole,
    accounts::Register,
    error::Code,
    organizations::{NewMember, NewOrganization},
    personal_tokens::{NewToken, Scope},
    teams::NewTeam,
    usage::{CallStatus, UsageSource},
};

use super::support::{House, client, messages};

const DOOR: &str = "/playground/messages";

async fn cookie(house: &House, user: &Entered) -> String {
    let device = Device::default();
    let new = server::sessions::start_cookie(&house.state, user, false, &device).await;
    format!("wg={}", new.unwrap().value)
}

async fn boris(house: &House) -> Entered {
    let register = Register {
        email: "boris@example.com".to_owned(),
        password: "correct horse battery".to_owned(),
        ..Register::default()
    };
    let registered = server::accounts::register(&house.state, register, &Device::default()).await;
    registered.unwrap().entered().unwrap()
}

/// As the page sends it.
fn from_page(house: &House, cookie: &str, body: &Value) -> reqwest::RequestBuilder {
    client()
        .post(house.url(DOOR))
        .header("cookie", cookie)
        .header("sec-fetch-site", "same-origin")
        .json(body)
}

fn request_id(reply: &reqwest::Response) -> String {
    reply.headers()["x-request-id"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn answer_streams_and_its_row_names_person_and_organization() {
    let house = House::open().await;
    let own = cookie(&house, &house.user).await;
    let sent = from_page(&house, &own, &messages("cached", true)).header("x-request-id", "chosen-by-the-page");
    let reply = sent.send().await.unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.headers()["content-type"], "text/event-stream; charset=utf-8");
    let id = request_id(&reply);
    assert_ne!(
        id, "chosen-by-the-page",
        "a page finds its call by an id that nobody chose"
    );
    assert!(reply.text().await.unwrap().contains("message_stop"));
    let json = from_page(&house, &own, &messages("plain", false)).send().await.unwrap();
    assert_eq!(json.headers()["content-type"], "application/json");
    json.bytes().await.unwrap();
    let calls = house.calls(2).await;
    let found = server::books::usage::of_request(&house.state, &house.user, &id)
        .await
        .unwrap();
    assert!(calls.contains(&found), "{found:?}");
    let fake = house.upstream.calls();
    let served = fake
        .iter()
        .find_map(|call| call.usage.filter(|usage| usage.cache_read > 0))
        .unwrap();
    assert_eq!(
        (found.status, found.source),
        (CallStatus::Settled, UsageSource::Provider)
    );
    assert_eq!(
        (found.tokens.output, found.tokens.cache_read),
        (served.output, served.cache_read)
    );
    assert_eq!((found.endpoint.as_str(), found.key), (DOOR, None));
    assert!(found.cost_nanos.0 > 0 && found.ttft_ms.is_some());
    house.close().await;
}

#[tokio::test]
async fn call_is_told_to_its_own_person_alone() {
    let house = House::open().await;
    let own = cookie(&house, &house.user).await;
    let reply = from_page(&house, &own, &messages("plain", true)).send().await.unwrap();
    let id = request_id(&reply);
    reply.bytes().await.unwrap();
    house.calls(1).await;
    let boris = boris(&house).await;
    let other = house.state.clock().new_id().to_string();
    for (user, id) in [(&boris, id.as_str()), (&house.user, &other), (&house.user, "no-id")] {
        let told = server::books::usage::of_request(&house.state, user, id).await;
        assert_eq!(told.unwrap_err().refusal().code, Code::NotFound, "{id}");
    }
    house.close().await;
}

#[tokio::test]
async fn call_under_way_is_told_as_open() {
    let house = House::open().await;
    let own = cookie(&house, &house.user).await;
    let reply = from_page(&house, &own, &messages("slow", true)).send().await.unwrap();
    let id = request_id(&reply);
    let mut stream = reply.bytes_stream();
    stream.next().await.unwrap().unwrap();
    let found = server::books::usage::of_request(&house.state, &house.user, &id)
        .await
        .unwrap();
    assert_eq!(found.status, CallStatus::Open);
    // The reader presses Stop.
    drop(stream);
    house.calls(1).await;
    let found = server::books::usage::of_request(&house.state, &house.user, &id)
        .await
        .unwrap();
    assert_eq!(
        (found.status, found.source),
        (CallStatus::ClientGone, UsageSource::Provider)
    );
    assert!(found.tokens.output > 0);
    house.close().await;
}

/// Everything that does not get in, each with its one status and kind, and nothing of it reaches the upstream.
/// Who asks, with which headers, and the status and type of error they get.
type Cell<'a> = (&'static str, Vec<(&'static str, &'a str)>, (u16, &'static str));

#[tokio::test]
async fn figure_door_is_shut_to_everybody_but_a_session_on_our_own_page() {
    let house = House::open().await;
    let own = cookie(&house, &house.user).await;
    let access = server::sessions::start_tokens(&house.state, &house.user, false, &Device::default()).await;
    let access = format!("Bearer {}", access.unwrap().access_token);
    let new = NewToken {
        name: "laptop".to_owned(),
        scopes: Scope::ALL.to_vec(),
        password: Some("correct horse battery".to_owned()),
        ..NewToken::default()
    };
    let personal = server::tokens::create(&house.state, &house.user, new, &Device::default()).await;
    let personal = format!("Bearer {}", personal.unwrap().token.unwrap());
    let (key, bearer_key) = (house.key.clone(), format!("Bearer {}", house.key));
    let ended = cookie(&house, &house.user).await;
    server::sessions::end_cookie(&house.state, ended.trim_start_matches("wg="), &Device::default())
        .await
        .unwrap();
    let boris = boris(&house).await;
    let disabled = cookie(&house, &boris).await;
    server::for_tests::disable(&house.state, boris.id()).await.unwrap();
    let url = house.state.config().public_url().to_owned();
    let as_cookie = format!("wg={key}");
    let strange = "wg=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    let page = ("sec-fetch-site", "same-origin");
    let (missing, forbidden) = ((401, "authentication_error"), (403, "permission_error"));
    let cells: Vec<Cell<'_>> = vec![
        ("nobody", vec![page], missing),
        ("a key", vec![page, ("x-api-key", &key)], missing),
        ("a key as bearer", vec![page, ("authorization", &bearer_key)], missing),
        ("a key as cookie", vec![page, ("cookie", &as_cookie)], missing),
        ("an access token", vec![page, ("authorization", &access)], missing),
        ("a personal token", vec![page, ("authorization", &personal)], missing),
        ("a session that never was", vec![page, ("cookie", strange)], missing),
        ("a session that ended", vec![page, ("cookie", &ended)], missing),
        ("somebody disabled", vec![page, ("cookie", &disabled)], missing),
        ("no page", vec![("cookie", &own)], forbidden),
        (
            "no page, with a token",
            vec![("cookie", &own), ("authorization", &access)],
            forbidden,
        ),
        (
            "no page, with a key",
            vec![("cookie", &own), ("x-api-key", &key)],
            forbidden,
        ),
        (
            "another site",
            vec![("cookie", &own), ("sec-fetch-site", "cross-site")],
            forbidden,
        ),
        (
            "a sister site",
            vec![("cookie", &own), ("sec-fetch-site", "same-site")],
            forbidden,
        ),
        (
            "an address typed in",
            vec![("cookie", &own), ("sec-fetch-site", "none")],
            forbidden,
        ),
        (
            "another origin",
            vec![("cookie", &own), ("origin", "https://evil.example")],
            forbidden,
        ),
        ("no origin", vec![("cookie", &own), ("origin", "null")], forbidden),
        (
            "another site in our name",
            vec![("cookie", &own), ("sec-fetch-site", "cross-site"), ("origin", &url)],
            forbidden,
        ),
    ];
    for stream in [true, false] {
        for (who, headers, (status, kind)) in &cells {
            let mut sent = client().post(house.url(DOOR)).json(&messages("plain", stream));
            for (name, value) in headers {
                sent = sent.header(*name, *value);
            }
            let reply = sent.send().await.unwrap();
            assert_eq!(reply.status().as_u16(), *status, "{who}");
            assert_eq!(reply.headers()["x-should-retry"], "false", "{who}");
            let body: Value = reply.json().await.unwrap();
            assert_eq!(body["error"]["type"], *kind, "{who}");
        }
    }
    assert!(house.upstream.calls().is_empty());
    // From an older browser, which tells where it is and not from what kind of site.
    let old = client()
        .post(house.url(DOOR))
        .header("cookie", &own)
        .header("origin", &url);
    let reply = old.json(&messages("plain", false)).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    reply.bytes().await.unwrap();
    house.call().await;
    house.close().await;
}

#[tokio::test]
async fn models_and_bodies_are_refused_as_for_a_key() {
    let house = House::open().await;
    let own = cookie(&house, &house.user).await;
    server::for_tests::allow_models(&house.state, house.user.organization_id(), &["plain"])
        .await
        .unwrap();
    for (model, status, kind) in [
        ("cached", 403, "permission_error"),
        ("nothing-like-it", 404, "not_found_error"),
    ] {
        let reply = from_page(&house, &own, &messages(model, true)).send().await.unwrap();
        assert_eq!(reply.status().as_u16(), status, "{model}");
        let body: Value = reply.json().await.unwrap();
        assert_eq!(body["error"]["type"], kind, "{model}");
    }
    let broken = from_page(&house, &own, &json!({ "model": "plain" }))
        .body("{")
        .send()
        .await
        .unwrap();
    assert_eq!(broken.status(), 400);
    let text = client()
        .post(house.url(DOOR))
        .header("cookie", &own)
        .header("sec-fetch-site", "same-origin");
    let text = text
        .header("content-type", "text/plain")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(text.status(), 415);
    let got = client()
        .get(house.url(DOOR))
        .header("cookie", &own)
        .send()
        .await
        .unwrap();
    assert_eq!(got.status(), 405);
    let calls = house.calls(4).await;
    assert!(
        calls
            .iter()
            .all(|call| call.status == CallStatus::Refused && call.endpoint == DOOR),
        "{calls:?}"
    );
    assert!(house.upstream.calls().is_empty());
    house.close().await;
}

#[tokio::test]
async fn person_who_lacks_a_second_factor_is_refused() {
    let house = House::open().await;
    let own = cookie(&house, &house.user).await;
    server::for_tests::ask_for_second_factor(&house.state, house.user.organization_id())
        .await
        .unwrap();
    let reply = from_page(&house, &own, &messages("plain", true)).send().await.unwrap();
    assert_eq!(reply.status(), 403);
    assert!(house.upstream.calls().is_empty());
    house.close().await;
}

#[tokio::test]
async fn organization_that_is_named_pays_under_its_own_rules() {
    let house = House::open().await;
    server::for_tests::verify(&house.state, house.user.id()).await.unwrap();
    let new = NewOrganization {
        name: "Acme".to_owned(),
        slug: "acme".to_owned(),
    };
    let acme = organizations::create(&house.state, &house.user, new).await.unwrap().id;
    let owner = organizations::member(&house.state, &house.user, acme).unwrap();
    let boris = boris(&house).await;
    let theirs = cookie(&house, &boris).await;
    let call = async |model: &str| {
        let sent = from_page(&house, &theirs, &messages(model, true)).header("x-weirgate-organization", "acme");
        let reply = sent.send().await.unwrap();
        let status = reply.status().as_u16();
        reply.bytes().await.unwrap();
        status
    };
    assert_eq!(call("plain").await, 404, "boris belongs to nothing of it");
    server::for_tests::verify(&house.state, boris.id()).await.unwrap();
    let new = NewMember {
        email: None,
        user_id: Some(boris.id()),
        role: OrganizationRole::Member,
    };
    members::add(&house.state, &owner.admin().unwrap(), new).await.unwrap();
    let new = NewTeam {
        name: "research".to_owned(),
        allowed_models: vec!["cached".to_owned()],
        ..NewTeam::default()
    };
    let team = teams::create(&house.state, &owner.admin().unwrap(), new).await.unwrap();
    let known = teams::find(&house.state, &house.user, team.id).unwrap();
    teams::add(&house.state, &known.admin().unwrap(), boris.id())
        .await
        .unwrap();
    assert_eq!((call("plain").await, call("cached").await), (403, 200));
    // What the page offers is what the door lets in.
    let member = organizations::member(&house.state, &boris, acme).unwrap();
    let offered = server::catalogue::offered::callable(&house.state, &member).unwrap();
    let offered: Vec<&str> = offered.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(offered, ["cached"]);
    house.state.ledger().flush().await.unwrap();
    let summary = server::books::usage::summary_for(
        &house.state,
        &member,
        house.state.clock().now().plus_secs(-3600),
        house.state.clock().now().plus_secs(3600),
    );
    assert_eq!(summary.await.unwrap().total.requests, 1);
    house.close().await;
}

#[tokio::test]
async fn nothing_that_was_said_is_in_the_database() {
    let house = House::open().await;
    let own = cookie(&house, &house.user).await;
    let said = "the heron waits at the seventh sluice";
    let mut heard = String::new();
    for stream in [true, false] {
        let mut body = messages("plain", stream);
        body["system"] = said.into();
        body["messages"][0]["content"] = said.into();
        heard = from_page(&house, &own, &body)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
    }
    house.calls(2).await;
    let answer: Value = serde_json::from_str(&heard).unwrap();
    let answer = answer["content"][0]["text"].as_str().unwrap().to_owned();
    assert!(answer.len() > 10, "{answer}");
    for text in [said, &answer] {
        assert!(!house.holds(text), "{text}");
    }
    assert!(house.holds(DOOR), "the look into the database sees its rows");
    house.close().await;
}
