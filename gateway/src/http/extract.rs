//! What a request proves and carries: its caller, its id, its body.

mod body;
mod credential;

use std::sync::Arc;

use ::http::{Extensions, HeaderMap, HeaderName, request::Parts};
use server::{
    directory::{KeyEntry, OrganizationEntry, TeamEntry, UserEntry},
    http::layers::RequestId,
    sessions::User,
    tokens::TokenUser,
};
use types::{ConversationId, KeyId, OrganizationId, Refusal, UserId, error::Code, key_format, personal_tokens::Scope};

pub use body::json_body;

use crate::{Error, Gateway};

const CONVERSATION: HeaderName = HeaderName::from_static("x-weirgate-conversation");

/// Whoever may call models: a key, or a person with an access token or a personal token. Made by [`Caller::prove`] and, from
/// the playground's page, [`Caller::prove_visitor`].
pub struct Caller {
    user: Arc<UserEntry>,
    /// Who pays, and whose rules hold beside those of key and team.
    organization: Arc<OrganizationEntry>,
    key: Option<Arc<KeyEntry>>,
    token: Option<TokenUser>,
    /// Whose rules hold: a call must suit one of them. Never empty.
    teams: Vec<Arc<TeamEntry>>,
}

impl Caller {
    /// The person whose browser calls from the playground's page, by the session's cookie alone. Reads the database, as every page does.
    ///
    /// Errors: 400 for a `Host` that can be read in two ways; 401 without a session that is good; 403 when another site's page sent it; 404 for
    /// an organization that is not theirs; 503 while the memory may be out of date.
    pub async fn prove_visitor(gateway: &Gateway, parts: &Parts) -> Result<Self, Error> {
        server::http::host::check(parts)?;
        let user = server::http::extract::visitor(gateway.state(), parts).await?;
        Self::from_person(gateway, &parts.headers, &user, None)
    }

    /// Proves the caller from its credential's header, from memory alone.
    ///
    /// Errors: 400 for a `Host` that can be read in two ways; 401 for no, two different, malformed, unknown, revoked or expired credentials; 404 for an organization that is not
    /// the caller's; 503 while the memory may be out of date.
    pub fn prove(gateway: &Gateway, parts: &Parts) -> Result<Self, Error> {
        let directory = gateway.state().directory();
        if !directory.fresh() {
            return Err(Error::refused(
                Code::Unavailable,
                "This server cannot see its database and refuses calls until it does. Try again in a few seconds.",
            ));
        }
        server::http::host::check(parts)?;
        let headers = &parts.headers;
        let presented = credential::of(gateway, parts)?;
        match directory.key(presented) {
            Some(key) => Self::from_key(gateway, key),
            None if key_format::claims(key_format::PERSONAL_TOKEN, presented) => {
                Self::from_personal_token(gateway, headers, presented)
            }
            // A key never holds a dot, a JWT always does.
            None if presented.contains('.') => Self::from_token(gateway, headers, presented),
            None => Err(invalid(gateway, "This API key is not known here.")),
        }
    }

    fn from_key(gateway: &Gateway, key: Arc<KeyEntry>) -> Result<Self, Error> {
        let directory = gateway.state().directory();
        if key.revoked {
            return Err(invalid(gateway, "This API key was revoked."));
        }
        if key
            .expires_at
            .is_some_and(|expiry| expiry <= gateway.state().clock().now())
        {
            return Err(invalid(gateway, "This API key has expired."));
        }
        let owner = directory.user(key.user_id).filter(|user| user.is_active);
        let Some(user) = owner.filter(|user| directory.is_member(key.organization_id, user.id).is_some()) else {
            return Err(invalid(gateway, "This API key's owner may no longer use it."));
        };
        // A key whose team is gone is revoked with it; one that is not must not do more than its team let it.
        let team = server::teams::of_key(gateway.state(), &key)?
            .ok_or_else(|| invalid(gateway, "The team this API key was made for is gone."))?;
        let organization = directory
            .organization(key.organization_id)
            .ok_or_else(|| invalid(gateway, "The organization of this API key is gone."))?;
        key.touch(gateway.state().clock().now());
        Ok(Caller {
            user,
            organization,
            key: Some(key),
            token: None,
            teams: vec![team],
        })
    }

    fn from_token(gateway: &Gateway, headers: &HeaderMap, token: &str) -> Result<Self, Error> {
        let state = gateway.state();
        let user = server::sessions::from_access_token(state, token).map_err(|error| match Error::from(error) {
            Error::Refused(refusal) if refusal.code == Code::InvalidCredential => {
                invalid(gateway, "This access token is not valid or has expired.")
            }
            other => other,
        })?;
        Self::from_person(gateway, headers, &user, None)
    }

    fn from_personal_token(gateway: &Gateway, headers: &HeaderMap, presented: &str) -> Result<Self, Error> {
        let token = server::tokens::prove(gateway.state(), presented)?;
        let user = token.user().clone();
        Self::from_person(gateway, headers, &user, Some(token))
    }

    /// Pays from the personal organization, or from the one that the request names.
    fn from_person(
        gateway: &Gateway,
        headers: &HeaderMap,
        user: &User,
        token: Option<TokenUser>,
    ) -> Result<Self, Error> {
        let state = gateway.state();
        server::factors::require_set_up(state, user)?;
        let missing = || Error::refused(Code::NotFound, "You belong to no organization of that id.");
        let organization_id = match headers.get("x-weirgate-organization") {
            None => user.organization_id(),
            Some(named) => {
                let named = named.to_str().ok();
                named
                    .and_then(|text| server::organizations::named(state, text))
                    .ok_or_else(missing)?
            }
        };
        let role = state
            .directory()
            .is_member(organization_id, user.id())
            .ok_or_else(missing)?;
        let teams = server::teams::of_caller(state, organization_id, user.id(), role)?;
        let user = state.directory().user(user.id()).ok_or_else(missing)?;
        let organization = state.directory().organization(organization_id).ok_or_else(missing)?;
        Ok(Caller {
            user,
            organization,
            key: None,
            token,
            teams,
        })
    }

    pub fn user_id(&self) -> UserId {
        self.user.id
    }

    /// Who pays.
    pub fn organization_id(&self) -> OrganizationId {
        self.organization.id
    }

    /// The key, when it is one that calls.
    pub fn key(&self) -> Option<&KeyEntry> {
        self.key.as_deref()
    }

    pub fn key_id(&self) -> Option<KeyId> {
        self.key.as_ref().map(|key| key.id)
    }

    /// Calls that cost.
    pub fn may_write(&self) -> bool {
        self.key.as_ref().is_none_or(|key| key.can_write)
            && self.token.as_ref().is_none_or(|token| token.may(Scope::Write))
    }

    /// Looking at models and at the key itself.
    ///
    /// Errors: 403 for a key or token without `read`.
    pub fn require_read(&self) -> Result<(), Error> {
        let may = self.key.as_ref().is_none_or(|key| key.can_read)
            && self.token.as_ref().is_none_or(|token| token.may(Scope::Read));
        may.then_some(()).ok_or_else(|| {
            Error::refused(
                Code::Forbidden,
                "This key may not read. Use one whose permissions include read.",
            )
        })
    }

    /// All must allow a model: the key, the team and the organization.
    pub fn may_use(&self, model: &str) -> bool {
        self.who_forbids(model).is_none()
    }

    /// Whose list leaves the model out, the nearest first.
    pub fn who_forbids(&self, model: &str) -> Option<Forbidding> {
        if !self.key_allows(model) {
            Some(Forbidding::Key)
        } else if !self.teams.iter().any(|team| team.allows(model)) {
            Some(Forbidding::Team)
        } else {
            (!self.organization.allows(model)).then_some(Forbidding::Organization)
        }
    }

    /// Those of the caller's teams that allow the model.
    pub fn teams_for(&self, model: &str) -> impl Iterator<Item = &TeamEntry> {
        self.teams
            .iter()
            .map(Arc::as_ref)
            .filter(move |team| team.allows(model))
    }

    fn key_allows(&self, model: &str) -> bool {
        self.key
            .as_ref()
            .is_none_or(|key| key.models.is_empty() || key.models.iter().any(|allowed| allowed == model))
    }
}

/// Who does not let a caller use a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidding {
    Key,
    Team,
    Organization,
}

fn invalid(gateway: &Gateway, what: &str) -> Error {
    let keys = gateway.state().config().public_url();
    Error::Refused(Refusal::new(
        Code::InvalidCredential,
        format!("{what} Make another at {keys}/keys."),
    ))
}

/// The conversation that the client says this call belongs to. Any id is booked; it counts only where it is one of the caller's own. A text
/// that is no id is nothing: it is no reason to refuse a call.
pub fn conversation(headers: &HeaderMap) -> Option<ConversationId> {
    headers.get(CONVERSATION)?.to_str().ok()?.trim().parse().ok()
}

/// Names what the client sent and nothing was made of.
pub fn ignored(headers: &HeaderMap) -> Option<HeaderName> {
    (headers.contains_key(CONVERSATION) && conversation(headers).is_none()).then_some(CONVERSATION)
}

/// The request's id: the client's when it is well-formed, else a new one; the same rule as on the account API.
pub fn request_id(gateway: &Gateway, headers: &HeaderMap) -> String {
    RequestId::of(gateway.state(), &Extensions::new(), headers).0
}
