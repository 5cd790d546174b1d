//! What a team allows, and who may still call: rules of a key's team, of the default one, and the end of a membership.

use serde_json::Value;
use server::{
    organizations::{self, Member, members},
    sessions::{Device, User},
    sign_in::Entered,
    teams,
};
use types::{
    OrganizationId, OrganizationRole, PlatformRole, TeamId,
    accounts::Register,
    keys::NewKey,
    organizations::{NewMember, NewOrganization},
    teams::{DEFAULT_TEAM, NewTeam, TeamChange},
};

use super::support::{House, chat, client, messages};

/// An organization of the house's person, with a second person in it.
pub struct Acme {
    pub id: OrganizationId,
    pub boris: Entered,
}

fn place(house: &House, user: &User, id: OrganizationId) -> Member {
    organizations::member(&house.state, user, id).unwrap()
}

pub async fn acme(house: &House) -> Acme {
    let register = Register {
        email: "boris@example.com".to_owned(),
        password: "correct horse battery".to_owned(),
        ..Register::default()
    };
    let registered = server::accounts::register(&house.state, register, &Device::default()).await;
    let boris = registered.unwrap().entered().unwrap();
    server::for_tests::verify(&house.state, boris.id()).await.unwrap();
    let new = NewOrganization {
        name: "Acme".to_owned(),
        slug: "acme".to_owned(),
    };
    let id = organizations::create(&house.state, &house.user, new).await.unwrap().id;
    let new = NewMember {
        email: None,
        user_id: Some(boris.id()),
        role: OrganizationRole::Member,
    };
    let owner = place(house, &house.user, id);
    members::add(&house.state, &owner.admin().unwrap(), new).await.unwrap();
    Acme { id, boris }
}

pub async fn team(house: &House, acme: &Acme, name: &str, models: &[&str], joins: bool) -> TeamId {
    let owner = place(house, &house.user, acme.id);
    let new = NewTeam {
        name: name.to_owned(),
        allowed_models: models.iter().map(|model| (*model).to_owned()).collect(),
        ..NewTeam::default()
    };
    let made = teams::create(&house.state, &owner.admin().unwrap(), new).await.unwrap();
    if joins {
        let known = teams::find(&house.state, &house.user, made.id).unwrap();
        teams::add(&house.state, &known.admin().unwrap(), acme.boris.id())
            .await
            .unwrap();
    }
    made.id
}

pub async fn key(house: &House, user: &User, team: Option<TeamId>, models: &[&str]) -> String {
    let new = NewKey {
        name: "k".to_owned(),
        team: team.map(|id| id.to_string()),
        models: models.iter().map(|model| (*model).to_owned()).collect(),
        ..NewKey::default()
    };
    server::keys::create(&house.state, user, new)
        .await
        .unwrap()
        .key
        .unwrap()
}

async fn call(house: &House, credential: &str, model: &str, organization: Option<&str>) -> (u16, String) {
    let call = client().post(house.url("/v1/messages")).bearer_auth(credential);
    let call = match organization {
        Some(organization) => call.header("x-weirgate-organization", organization),
        None => call,
    };
    let reply = call.json(&messages(model, false)).send().await.unwrap();
    (reply.status().as_u16(), reply.text().await.unwrap())
}

/// Waits until nothing is open: the calls are other people's than the house's.
pub async fn settled(house: &House) {
    let waiting = async {
        while house.state.ledger().open_records().await.unwrap() > 0 {
            house.state.ledger().flush().await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, waiting)
        .await
        .expect("the calls are settled within 20 s");
}

async fn change(house: &House, user: &User, team: TeamId, models: &[&str]) {
    let known = teams::find(&house.state, user, team).unwrap();
    let change = TeamChange {
        allowed_models: Some(models.iter().map(|model| (*model).to_owned()).collect()),
        ..TeamChange::default()
    };
    teams::update(&house.state, &known.admin().unwrap(), change)
        .await
        .unwrap();
}

#[tokio::test]
async fn key_and_team_must_both_allow_a_model() {
    let house = House::open().await;
    let acme = acme(&house).await;
    let narrow = team(&house, &acme, "narrow", &["plain", "cached"], true).await;
    let of_team = key(&house, &acme.boris, Some(narrow), &[]).await;
    let of_both = key(&house, &acme.boris, Some(narrow), &["plain", "slow"]).await;
    assert_eq!(call(&house, &of_team, "plain", None).await.0, 200);
    let (status, text) = call(&house, &of_team, "slow", None).await;
    assert_eq!(status, 403);
    assert!(text.contains("team"), "{text}");
    assert_eq!(call(&house, &of_both, "plain", None).await.0, 200);
    assert_eq!(call(&house, &of_both, "cached", None).await.0, 403);
    assert_eq!(call(&house, &of_both, "slow", None).await.0, 403);
    let openai = client()
        .post(house.url("/v1/chat/completions"))
        .bearer_auth(&of_both)
        .json(&chat("slow", false));
    assert_eq!(openai.send().await.unwrap().status(), 403);
    let listed = client().get(house.url("/v1/models")).bearer_auth(&of_both);
    let listed: Value = listed.send().await.unwrap().json().await.unwrap();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    // The rule holds for keys that are there already.
    change(&house, &house.user, narrow, &["cached"]).await;
    assert_eq!(call(&house, &of_team, "plain", None).await.0, 403);
    assert_eq!(call(&house, &of_team, "cached", None).await.0, 200);
    change(&house, &house.user, narrow, &[]).await;
    assert_eq!(call(&house, &of_team, "slow", None).await.0, 200);
    settled(&house).await;
    assert_eq!(house.upstream.calls().len(), 4);
    house.close().await;
}

#[tokio::test]
async fn default_team_limits_keys_without_a_team_of_their_own() {
    let house = House::open().await;
    let acme = acme(&house).await;
    let wide = team(&house, &acme, "wide", &[], true).await;
    let of_team = key(&house, &acme.boris, Some(wide), &[]).await;
    server::for_tests::set_platform_role(&house.state, house.user.id(), PlatformRole::Admin)
        .await
        .unwrap();
    let pair = server::sessions::start_tokens(&house.state, &house.user, false, &Device::default())
        .await
        .unwrap();
    let admin = server::sessions::from_access_token(&house.state, &pair.access_token).unwrap();
    assert_eq!(call(&house, &house.key, "slow", None).await.0, 200);
    change(&house, &admin, DEFAULT_TEAM, &["plain"]).await;
    assert_eq!(call(&house, &house.key, "slow", None).await.0, 403);
    assert_eq!(call(&house, &house.key, "plain", None).await.0, 200);
    assert_eq!(call(&house, &pair.access_token, "slow", None).await.0, 403);
    assert_eq!(call(&house, &of_team, "slow", None).await.0, 200);
    settled(&house).await;
    house.close().await;
}

#[tokio::test]
async fn persons_token_is_held_to_the_teams_of_the_organization_it_names() {
    let house = House::open().await;
    let acme = acme(&house).await;
    let pair = server::sessions::start_tokens(&house.state, &acme.boris, false, &Device::default())
        .await
        .unwrap();
    let named = acme.id.to_string();
    for organization in ["acme", &named] {
        assert_eq!(
            call(&house, &pair.access_token, "slow", Some(organization)).await.0,
            200
        );
    }
    team(&house, &acme, "narrow", &["plain"], true).await;
    assert_eq!(call(&house, &pair.access_token, "slow", Some("acme")).await.0, 403);
    assert_eq!(call(&house, &pair.access_token, "plain", Some("acme")).await.0, 200);
    team(&house, &acme, "other", &["slow"], true).await;
    assert_eq!(call(&house, &pair.access_token, "slow", Some("acme")).await.0, 200);
    assert_eq!(call(&house, &pair.access_token, "cached", Some("acme")).await.0, 403);
    assert_eq!(
        call(&house, &pair.access_token, "cached", None).await.0,
        200,
        "the personal organization has no teams"
    );
    for organization in ["nothing", "a0000000-0000-4000-8000-000000000000"] {
        assert_eq!(
            call(&house, &pair.access_token, "plain", Some(organization)).await.0,
            404
        );
    }
    settled(&house).await;
    house.close().await;
}

#[tokio::test]
async fn removed_member_calls_nothing_on_the_organizations_account() {
    let house = House::open().await;
    let acme = acme(&house).await;
    let wide = team(&house, &acme, "wide", &[], true).await;
    let of_team = key(&house, &acme.boris, Some(wide), &[]).await;
    let own = key(&house, &acme.boris, None, &[]).await;
    let pair = server::sessions::start_tokens(&house.state, &acme.boris, false, &Device::default())
        .await
        .unwrap();
    assert_eq!(call(&house, &of_team, "plain", None).await.0, 200);
    let owner = place(&house, &house.user, acme.id);
    members::remove(&house.state, &owner, acme.boris.id()).await.unwrap();
    let (status, text) = call(&house, &of_team, "plain", None).await;
    assert_eq!(status, 401, "{text}");
    assert_eq!(call(&house, &pair.access_token, "plain", Some("acme")).await.0, 404);
    assert_eq!(call(&house, &own, "plain", None).await.0, 200);
    settled(&house).await;
    house.close().await;
}
