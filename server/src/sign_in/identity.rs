//! Signing in with an identity elsewhere: out to the provider and back, and what a proven identity means here.
//!
//! An identity is the pair of issuer and subject; an e-mail never is one. It signs in the account it is linked to; a new one makes a new
//! account, if the provider vouches for an e-mail that nobody here has; and it is linked to an account only by somebody signed in to it.
//! Tokens of the provider are used for one sign-in and forgotten. Knows no HTTP of ours: `http::api::identities` is the door.

mod claims;
mod fetch;
mod flow;
mod github;
mod grants;
mod linked;
mod provider;

use openidconnect::{
    AuthorizationCode, CsrfToken, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RequestTokenError,
    Scope, TokenResponse,
    core::{CoreAuthenticationFlow, CoreJsonWebKeySet},
};
use types::{
    error::Code,
    rules,
    sign_in::{IdentityProvider, ProviderKind, Trouble},
};

pub use flow::{Browser, LINK_MILLIS, ticket};
pub use linked::{list, may_link, unlink};
pub(crate) use provider::callback;
pub use provider::{PATIENCE, Providers, start_path};

use crate::{
    Error, State,
    accounts::{self, Vouched},
    audit::{self, Actor, Event, Target},
    config::Registration,
    db,
    error::Result,
    sessions::{Device, User},
    sign_in::{Method, Proven},
};
use claims::{Person, Wrong};
use fetch::Failed;
use flow::Begun;
use provider::{Endpoints, Provider};

/// The providers a sign-in page shows.
pub fn offered(state: &State) -> Vec<IdentityProvider> {
    let providers = state.identity_providers().all().iter();
    providers
        .map(|provider| IdentityProvider {
            id: provider.config.id.clone(),
            name: provider.config.name.clone(),
            kind: provider.config.kind,
            start: start_path(&provider.config),
        })
        .collect()
}

/// Whether each configured provider can be reached and is what it says, for `doctor`.
pub async fn probe(state: &State) -> Vec<(String, std::result::Result<(), String>)> {
    let mut found = Vec::new();
    for provider in state.identity_providers().all() {
        let outcome = provider.probe().await.map_err(|failed| failed.to_string());
        found.push((provider.config.id.clone(), outcome));
    }
    found
}

/// The slugs of organizations that the configuration gives memberships in and that do not exist.
pub async fn missing_organizations(state: &State) -> Result<Vec<String>> {
    grants::missing(state).await
}

/// Sends a browser to the provider: the address to go to. `link` is a [`ticket`] of the person whom the identity shall sign in.
///
/// Errors: 404 for a provider that is not configured.
pub async fn start(state: &State, id: &str, browser: &Browser, next: &str, link: Option<&str>) -> Result<Way> {
    let provider = find(state, id)?;
    let link = match link {
        Some(sealed) => match flow::open_ticket(state, sealed, id) {
            Some(link) => Some(link),
            None => return Ok(Way::trouble(Trouble::Reauth, true)),
        },
        None => None,
    };
    let linking = link.is_some();
    let endpoints = match provider.endpoints().await {
        Ok(endpoints) => endpoints,
        Err(failed) => return Ok(unreachable(&provider, &failed, linking)),
    };
    let verifier = PkceCodeVerifier::new(flow::random(state));
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
    let nonce = flow::random(state);
    let begun = Begun {
        provider: id.to_owned(),
        nonce: nonce.clone(),
        verifier: verifier.secret().clone(),
        next: rules::own_path(next).unwrap_or("/").to_owned(),
        browser: browser.hash(),
        link,
    };
    let secret = flow::keep(state, &begun).await?;
    let client = provider
        .client(&endpoints, &CoreJsonWebKeySet::default())
        .map_err(Error::internal)?;
    let request = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            || CsrfToken::new(secret),
            || Nonce::new(nonce),
        )
        .add_scopes(provider.config.scopes.iter().cloned().map(Scope::new))
        .set_pkce_challenge(challenge);
    let (url, _, _) = request.url();
    Ok(Way::Out(url.into()))
}

/// Where a step of the way leads.
pub enum Way {
    /// To the provider.
    Out(String),
    /// Back with a proof, and the path the person wanted to go to.
    In(Box<Proven>, String),
    /// The identity signs this person in from now on.
    Linked,
    /// Nowhere; while linking the person is still signed in.
    Trouble { trouble: Trouble, linking: bool },
}

impl Way {
    fn trouble(trouble: Trouble, linking: bool) -> Self {
        Way::Trouble { trouble, linking }
    }
}

/// What a provider sent back with the browser.
#[derive(Default)]
pub struct Answer {
    pub state: Option<String>,
    pub code: Option<String>,
    pub error: Option<String>,
    /// RFC 9207.
    pub issuer: Option<String>,
}

/// The way back. `user` is whoever is signed in in this browser; it counts only for linking.
///
/// Errors: 400 `invalid_link` for a way that was not begun here, in this browser, with this provider, or is over; 400 `bad_request` for an
/// answer that proves nothing.
pub async fn finish(
    state: &State,
    id: &str,
    answer: Answer,
    browser: &Browser,
    user: Option<User>,
    device: &Device,
) -> Result<Way> {
    let provider = find(state, id)?;
    let begun = flow::take(state, answer.state.as_deref(), id, browser).await?;
    let linking = begun.link.is_some();
    if let Some(error) = answer.error {
        // The provider's word for it is somebody else's text.
        let known = matches!(
            error.as_str(),
            "access_denied" | "consent_required" | "interaction_required"
        );
        tracing::info!(
            provider = id,
            denied = known,
            "a provider sent somebody back without a proof"
        );
        return Ok(Way::trouble(Trouble::Denied, linking));
    }
    let code = answer
        .code
        .filter(|code| !code.is_empty())
        .ok_or_else(|| unproven(&provider, "no code came back"))?;
    let endpoints = match provider.endpoints().await {
        Ok(endpoints) => endpoints,
        Err(failed) => return Ok(unreachable(&provider, &failed, linking)),
    };
    match &answer.issuer {
        Some(issuer) if *issuer != provider.config.issuer && *issuer != *endpoints.issuer => {
            return Err(unproven(&provider, "the answer names another issuer"));
        }
        None if endpoints.names_itself => return Err(unproven(&provider, "the answer names no issuer")),
        _ => {}
    }
    let asked = tokio::time::timeout(PATIENCE, ask(state, &provider, &endpoints, code, &begun));
    let person = match asked.await {
        Ok(Ok(person)) => person,
        Ok(Err(Stop::Failed(failed))) => return Ok(unreachable(&provider, &failed, linking)),
        Ok(Err(Stop::Unproven(why))) => return Err(unproven(&provider, &why)),
        Err(_late) => {
            let failed = Failed::Unreachable("it took too long".to_owned());
            return Ok(unreachable(&provider, &failed, linking));
        }
    };
    match &begun.link {
        Some(link) => linked::link(state, &provider, person, link, user).await,
        None => arrive(state, &provider, person, begun.next, device).await,
    }
}

/// Why asking came to nothing.
enum Stop {
    /// The provider's fault, or the network's.
    Failed(Failed),
    /// What came does not prove anything.
    Unproven(String),
}

impl From<Failed> for Stop {
    fn from(failed: Failed) -> Self {
        Stop::Failed(failed)
    }
}

/// Trades the code and reads who it stands for.
async fn ask(
    state: &State,
    provider: &Provider,
    endpoints: &Endpoints,
    code: String,
    begun: &Begun,
) -> std::result::Result<Person, Stop> {
    let keys = provider.keys(endpoints, false).await?;
    let client = provider.client(endpoints, &keys)?;
    let tokens = client
        .exchange_code(AuthorizationCode::new(code))
        .set_pkce_verifier(PkceCodeVerifier::new(begun.verifier.clone()))
        .request_async(&fetch::send)
        .await
        .map_err(|error| match error {
            RequestTokenError::Request(failed) => Stop::Failed(failed),
            RequestTokenError::ServerResponse(_) => Stop::Unproven("the provider refused the code".to_owned()),
            RequestTokenError::Parse(..) => Stop::Unproven("the token reply is not what was asked for".to_owned()),
            RequestTokenError::Other(_) => Stop::Unproven("the token reply is no JSON".to_owned()),
        })?;
    let config = &provider.config;
    let access = tokens.access_token().secret();
    if config.kind == ProviderKind::Github {
        let api = endpoints
            .person
            .as_ref()
            .ok_or_else(|| Stop::Unproven("no address to ask".to_owned()))?;
        return Ok(github::person(endpoints.issuer.as_str(), api, access, &config.mapping).await?);
    }
    let token = tokens
        .id_token()
        .ok_or_else(|| Stop::Unproven("no ID token came".to_owned()))?;
    let now = state.clock().now();
    let check =
        |keys: &CoreJsonWebKeySet| claims::verified(token, endpoints, &config.client_id, keys, &begun.nonce, now);
    let mut checked = check(&keys);
    if let Err(Wrong::UnknownKey) = checked {
        checked = check(&*provider.keys(endpoints, true).await?);
    }
    let mut claims = checked.map_err(|wrong| match wrong {
        Wrong::UnknownKey => Stop::Unproven("the ID token is signed with an unknown key".to_owned()),
        Wrong::Token(why) => Stop::Unproven(format!("the ID token: {why}")),
    })?;
    if let Some(url) = &endpoints.person
        && claims::lacks(&claims, &config.mapping)
    {
        let more = fetch::with_token(url, access, &[]).await?;
        if !claims::add(&mut claims, &more) {
            return Err(Stop::Unproven("userinfo speaks of somebody else".to_owned()));
        }
    }
    claims::person(&config.issuer, &claims, &config.mapping)
        .ok_or_else(|| Stop::Unproven("the ID token names no subject".to_owned()))
}

/// Signs in the account of a proven identity, or makes it.
async fn arrive(state: &State, provider: &Provider, person: Person, next: String, device: &Device) -> Result<Way> {
    // Somebody may come back twice at once: account and identity appear together, so whoever is second looks again and finds them.
    for round in 0..3 {
        match known(state, provider, &person).await? {
            Some(Known::Active(id)) => {
                let user = User::proven(state, id).await?;
                return Ok(Way::In(Box::new(Proven::new(user, Method::Identity)), next));
            }
            Some(Known::Disabled) => return Ok(Way::trouble(Trouble::Disabled, false)),
            None => {}
        }
        let Some(email) = person.email.clone() else {
            return Ok(Way::trouble(Trouble::NoEmail, false));
        };
        if db::users::by_email(state.db(), &email).await?.is_some() {
            if round == 0 {
                continue;
            }
            return Ok(Way::trouble(Trouble::AccountExists, false));
        }
        match state.config().auth.registration {
            // The provider vouches for the e-mail, which is all that `verify_first` asks.
            Registration::Open | Registration::VerifyFirst => {}
            Registration::Invite | Registration::Closed => return Ok(Way::trouble(Trouble::Closed, false)),
        }
        let vouched = Vouched {
            email,
            full_name: person.name.clone(),
            identity: Some(linked::new_row(state, provider, &person)),
        };
        match accounts::create_vouched(state, vouched, device).await {
            Ok(_) => {}
            Err(Error::Conflict { constraint }) if constraint.starts_with("identities") => {}
            Err(Error::Refused(refusal)) if refusal.code == Code::EmailTaken => {}
            Err(error) => return Err(error),
        }
        // Round again: signing in applies what the provider's groups give.
    }
    Ok(Way::trouble(Trouble::AccountExists, false))
}

/// Whom an identity signs in.
enum Known {
    Active(types::UserId),
    Disabled,
}

/// Finds the identity's account, notes the use, and applies what the provider's groups give and take.
async fn known(state: &State, provider: &Provider, person: &Person) -> Result<Option<Known>> {
    let clock = state.clock().clone();
    let (issuer, subject) = (person.issuer.clone(), person.subject.clone());
    let (email, id) = (person.email.clone(), provider.config.id.clone());
    let wanted = grants::Wanted::of(&provider.config.mapping, person);
    state
        .write(move |tx| {
            Box::pin(async move {
                let Some(mut row) = db::identities::find(tx, &issuer, &subject).await? else {
                    return Ok(None);
                };
                let user = row.user_id.into();
                let account = db::users::find_in(tx, user).await?;
                if account.is_none_or(|account| !account.is_active) {
                    return Ok(Some(Known::Disabled));
                }
                row.provider = id;
                row.email = email.or(row.email);
                grants::apply(tx, &clock, &mut row, &wanted).await?;
                let now = tx.now();
                db::identities::used(tx, &row, now).await?;
                Ok(Some(Known::Active(user)))
            })
        })
        .await
}

fn find(state: &State, id: &str) -> Result<std::sync::Arc<Provider>> {
    let missing = || Error::refused(Code::NotFound, "This server has no such provider.");
    state.identity_providers().find(id).cloned().ok_or_else(missing)
}

/// Closed, and the operator hears why; the person hears that it is not their doing.
fn unreachable(provider: &Provider, failed: &Failed, linking: bool) -> Way {
    tracing::warn!(provider = %provider.config.id, detail = %failed, "a sign-in failed because its provider did");
    Way::trouble(Trouble::Unreachable, linking)
}

fn unproven(provider: &Provider, why: &str) -> Error {
    tracing::warn!(provider = %provider.config.id, detail = why, "a provider's answer was refused");
    let message = "The provider's answer does not prove who you are. Start the sign-in again.";
    Error::refused(Code::BadRequest, message)
}

/// The audit row of an identity coming or going.
async fn record(
    tx: &mut db::Tx,
    clock: &crate::clock::Clock,
    actor: Actor,
    row: &db::identities::Row,
    action: &'static str,
) -> Result<()> {
    let event = Event {
        organization: None,
        actor,
        action,
        target: Target::User(row.user_id.into()),
        details: serde_json::json!({ "identity": row.id, "provider": row.provider }),
    };
    audit::record(tx, clock, event).await
}
