//! What a request proves and carries: its caller, its id, its body.

mod body;

use std::sync::Arc;

use ::http::{Extensions, HeaderMap, HeaderName, header};
use server::{
    directory::{KeyEntry, TeamEntry, UserEntry},
    http::layers::RequestId,
    sessions::User,
    tokens::TokenUser,
};
use types::{
    ConversationId, KeyId, OrganizationId, OrganizationRole, Refusal, UserId, error::Code, key_format,
    personal_tokens::Scope,
};

pub use body::json_body;

use crate::{Error, Gateway};

const CONVERSATION: HeaderName = HeaderName::from_static("x-weirgate-conversation");

/// Whoever may call models: a key, or a person with an access token or a personal token. Made by [`Caller::prove`] alone.
pub struct Caller {
    user: Arc<UserEntry>,
    organization_id: OrganizationId,
    key: Option<Arc<KeyEntry>>,
    token: Option<TokenUser>,
    /// Whose rules hold: a call must suit one of them. Never empty.
    teams: Vec<Arc<TeamEntry>>,
}

impl Caller {
    /// Proves the caller from `x-api-key` or `Authorization: Bearer`, from memory alone.
    ///
    /// Errors: 401 for no, two different, malformed, unknown, revoked or expired credentials; 404 for an organization that is not
    /// the caller's; 503 while the memory may be out of date.
    pub fn prove(gateway: &Gateway, headers: &HeaderMap) -> Result<Self, Error> {
        let directory = gateway.state().directory();
        if !directory.fresh() {
            return Err(Error::refused(
                Code::Unavailable,
                "This server cannot see its database and refuses calls until it does. Try again in a few seconds.",
            ));
        }
        let presented = credential(gateway, headers)?;
        match directory.key(presented) {
            Some(key) => Self::from_key(gateway, key),
            None if is_personal(presented) => Self::from_personal_token(gateway, headers, presented),
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
        let team = match key.team_id {
            None => default_team(gateway)?,
            // A key whose team is gone is revoked with it; one that is not must not do more than its team let it.
            Some(id) => directory
                .team(id)
                .ok_or_else(|| invalid(gateway, "The team this API key was made for is gone."))?,
        };
        key.touch(gateway.state().clock().now());
        Ok(Caller {
            user,
            organization_id: key.organization_id,
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
        let teams = Self::teams_of_person(gateway, organization_id, user.id(), role)?;
        let user = state.directory().user(user.id()).ok_or_else(missing)?;
        Ok(Caller {
            user,
            organization_id,
            key: None,
            token,
            teams,
        })
    }

    /// A member may use what one of their teams allows, like a key made for it. Who manages the organization, and who is in none of its teams,
    /// is under the default team's rules.
    fn teams_of_person(
        gateway: &Gateway,
        organization: OrganizationId,
        user: UserId,
        role: OrganizationRole,
    ) -> Result<Vec<Arc<TeamEntry>>, Error> {
        let teams = match role.reaches(OrganizationRole::Admin) {
            true => Vec::new(),
            false => gateway.state().directory().teams_of_member(organization, user),
        };
        if teams.is_empty() {
            return Ok(vec![default_team(gateway)?]);
        }
        Ok(teams)
    }

    pub fn user_id(&self) -> UserId {
        self.user.id
    }

    /// Who pays.
    pub fn organization_id(&self) -> OrganizationId {
        self.organization_id
    }

    pub fn key_id(&self) -> Option<KeyId> {
        self.key.as_ref().map(|key| key.id)
    }

    /// Calls that cost.
    pub fn may_write(&self) -> bool {
        self.key.as_ref().is_none_or(|key| key.can_write)
            && self.token.as_ref().is_none_or(|token| token.may(Scope::Write))
    }

    /// Looking at models.
    pub fn may_read(&self) -> bool {
        self.key.as_ref().is_none_or(|key| key.can_read)
            && self.token.as_ref().is_none_or(|token| token.may(Scope::Read))
    }

    /// Both must allow a model: the key and the team.
    pub fn may_use(&self, model: &str) -> bool {
        self.key_allows(model) && self.teams.iter().any(|team| team.allows(model))
    }

    /// Whether the key's own list allows it.
    pub fn key_allows(&self, model: &str) -> bool {
        self.key
            .as_ref()
            .is_none_or(|key| key.models.is_empty() || key.models.iter().any(|allowed| allowed == model))
    }
}

/// Errors: 503 when it is not there: without its rules nobody can say what is allowed.
fn default_team(gateway: &Gateway) -> Result<Arc<TeamEntry>, Error> {
    let missing = || {
        Error::refused(
            Code::Unavailable,
            "This server's own team is missing. Its administrator must look.",
        )
    };
    gateway.state().directory().default_team().ok_or_else(missing)
}

fn is_personal(presented: &str) -> bool {
    presented
        .strip_prefix(key_format::PERSONAL_TOKEN)
        .is_some_and(|rest| rest.starts_with('-'))
}

/// The one credential of the request. The same text in both headers is one credential.
fn credential<'a>(gateway: &Gateway, headers: &'a HeaderMap) -> Result<&'a str, Error> {
    let malformed = || {
        invalid(
            gateway,
            "The credential is not readable. Send it as x-api-key or as Authorization: Bearer.",
        )
    };
    let mut found: Option<&str> = None;
    for value in headers
        .get_all("x-api-key")
        .iter()
        .chain(headers.get_all(header::AUTHORIZATION))
    {
        let text = value.to_str().map_err(|_| malformed())?;
        let text = match text.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim(),
            Some(_) => return Err(malformed()),
            None => text,
        };
        match found {
            Some(other) if other != text => {
                return Err(Error::refused(
                    Code::TwoCredentials,
                    "Two different credentials came with this request. Send one, as x-api-key or as Authorization: Bearer.",
                ));
            }
            _ => found = Some(text),
        }
    }
    found.filter(|text| !text.is_empty()).ok_or_else(|| {
        Error::refused(
            Code::MissingCredential,
            format!(
                "No API key came with this request. Send one as x-api-key or as Authorization: Bearer; make one at {}/keys.",
                gateway.state().config().public_url()
            ),
        )
    })
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
