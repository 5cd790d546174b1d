//! Calls that name their conversation: whose they are decides where they count, and the name stays in the house.

use serde_json::Value;
use server::{
    conversations::{self, Started},
    sign_in::Entered,
};
use types::{
    ConversationId, Tokens,
    accounts::Register,
    conversations::{Conversation, EndConversation, StartConversation},
    keys::NewKey,
    usage::CallStatus,
};

use super::support::{House, chat, client, messages};

const HEADER: &str = "x-weirgate-conversation";
/// The request that names none.
const LOOSE: &str = "loose-call-0001";
const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

async fn start(house: &House, user: &Entered) -> ConversationId {
    match conversations::start(&house.state, user, StartConversation::default())
        .await
        .unwrap()
    {
        Started::Now(started) => started.session_id,
        Started::Before(_) => panic!("nothing was begun before"),
    }
}

async fn look(house: &House, user: &Entered, id: ConversationId) -> Conversation {
    house.state.ledger().flush().await.unwrap();
    conversations::get(&house.state, user, id).await.unwrap()
}

#[tokio::test]
async fn conversation_sums_its_calls_of_both_dialects() {
    let house = House::open().await;
    let id = start(&house, &house.user).await;
    let other = start(&house, &house.user).await;
    for (path, body) in [
        ("/v1/messages", messages("plain", false)),
        ("/v1/messages", messages("plain", true)),
        ("/v1/chat/completions", chat("plain", false)),
    ] {
        let reply = house
            .post(path, &body)
            .header(HEADER, id.to_string())
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 200);
        assert!(!reply.headers().contains_key("x-weirgate-ignored"));
        reply.bytes().await.unwrap();
    }
    // One that belongs to no conversation, and one that is refused.
    let loose = house
        .post("/v1/messages", &messages("plain", false))
        .header("x-request-id", LOOSE);
    loose.send().await.unwrap().bytes().await.unwrap();
    let refused = house
        .post("/v1/messages", &messages("nobody-knows", false))
        .header(HEADER, id.to_string());
    assert_eq!(refused.send().await.unwrap().status(), 404);

    let calls = house.calls(5).await;
    for call in &calls {
        // A refusal says nothing of it.
        let is_named = call.request_id != LOOSE && call.status != CallStatus::Refused;
        let named = is_named.then_some(id);
        assert_eq!(call.conversation_id, named, "{}", call.request_id);
    }
    let shown = look(&house, &house.user, id).await;
    assert_eq!(
        (
            shown.sums.requests,
            shown.sums.refused,
            shown.sums.failed,
            shown.sums.unpriced
        ),
        (3, 0, 0, 0)
    );
    let (mut cost, mut tokens) = (0, Tokens::default());
    for call in calls
        .iter()
        .filter(|call| call.http_status == 200 && call.request_id != LOOSE)
    {
        cost += call.cost_nanos.0;
        tokens.add(&call.tokens);
    }
    assert!(cost > 0);
    assert_eq!((shown.sums.cost_nanos.0, shown.sums.tokens), (cost, tokens));
    assert_eq!(shown.sums.cost, shown.sums.cost_nanos.to_decimal());
    assert_eq!(look(&house, &house.user, other).await.sums.requests, 0);
    house.close().await;
}

#[tokio::test]
async fn calls_of_others_do_not_count_in_a_conversation() {
    let house = House::open().await;
    let id = start(&house, &house.user).await;
    let register = Register {
        email: "berta@example.com".to_owned(),
        password: "correct horse battery".to_owned(),
        ..Register::default()
    };
    let device = server::sessions::Device::default();
    let berta = server::accounts::register(&house.state, register, &device)
        .await
        .unwrap()
        .entered()
        .unwrap();
    let new = NewKey {
        name: "hers".to_owned(),
        ..NewKey::default()
    };
    let key = server::keys::create(&house.state, &berta, new)
        .await
        .unwrap()
        .key
        .unwrap();
    let call = client().post(house.url("/v1/messages")).header("x-api-key", &key);
    let call = call.header(HEADER, id.to_string()).json(&messages("plain", false));
    let reply = call.send().await.unwrap();
    assert_eq!(reply.status(), 200);
    reply.bytes().await.unwrap();
    let own = house
        .post("/v1/messages", &messages("plain", false))
        .header(HEADER, id.to_string());
    own.send().await.unwrap().bytes().await.unwrap();

    house.calls(1).await;
    assert_eq!(look(&house, &house.user, id).await.sums.requests, 1);
    let foreign = conversations::get(&house.state, &berta, id).await;
    assert_eq!(foreign.unwrap_err().refusal().status(), 404);
    house.close().await;
}

#[tokio::test]
async fn ended_conversation_still_counts_what_names_it_and_unknown_names_refuse_nothing() {
    let house = House::open().await;
    let id = start(&house, &house.user).await;
    let end = EndConversation {
        session_id: id,
        transcript_hash: HASH.to_owned(),
    };
    conversations::end(&house.state, &house.user, end).await.unwrap();
    // A client settles its last call after it has said goodbye.
    let late = house
        .post("/v1/messages", &messages("plain", false))
        .header(HEADER, id.to_string());
    late.send().await.unwrap().bytes().await.unwrap();
    for (name, ignored) in [
        ("0199f7c2-7a3e-7000-8000-000000000000", None),
        ("my conversation", Some(HEADER)),
        ("", Some(HEADER)),
    ] {
        let call = house
            .post("/v1/messages", &messages("plain", false))
            .header(HEADER, name);
        let reply = call.send().await.unwrap();
        assert_eq!(reply.status(), 200, "{name}");
        let said = reply
            .headers()
            .get("x-weirgate-ignored")
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(said.as_deref(), ignored, "{name}");
        reply.bytes().await.unwrap();
    }
    house.calls(4).await;
    assert_eq!(look(&house, &house.user, id).await.sums.requests, 1);
    house.close().await;
}

#[tokio::test]
async fn name_of_the_conversation_does_not_leave_the_house() {
    let house = House::open().await;
    let id = start(&house, &house.user).await;
    let call = house
        .post("/v1/messages", &messages("plain", false))
        .header(HEADER, id.to_string());
    let reply = call.send().await.unwrap();
    let body: Value = reply.json().await.unwrap();
    assert!(!body.to_string().contains(&id.to_string()));
    let sent = house.upstream.calls().remove(0);
    assert!(
        sent.headers
            .iter()
            .all(|(name, value)| !name.starts_with("x-weirgate") && !value.contains(&id.to_string()))
    );
    house.calls(1).await;
    house.close().await;
}
