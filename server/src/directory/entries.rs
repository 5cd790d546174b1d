//! What one thing in the directory looks like. Entries are never changed in place, but for when a key or token was last used.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use http::Uri;
use types::{
    ApiTokenId, Dialect, KeyId, ModelId, OrganizationId, PlatformRole, Price, PriceId, ProviderId, TeamId, Timestamp,
    UserId,
    catalogue::{Availability, ModelKind},
    money::Prices,
    organizations::OrganizationKind,
    personal_tokens::Scope,
    provider::Shape,
    teams::CallLimits,
};
use url::Url;
use uuid::Uuid;

use crate::{
    crypto::Secret,
    health::{self, Deployment, Rules},
    litellm::PROVIDER,
};

/// An API key. The reasons to refuse it are data here; the caller gives them to whoever presented the secret.
pub struct KeyEntry {
    pub id: KeyId,
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    /// Whose rules hold beside the key's own; none = the default team's.
    pub team_id: Option<TeamId>,
    pub name: String,
    /// Sorted names; empty = all.
    pub models: Vec<String>,
    pub can_read: bool,
    pub can_write: bool,
    pub expires_at: Option<Timestamp>,
    pub revoked: bool,
    /// What the proxy of `litellm` knows this key by; none while it does not.
    pub proxy_credential: Option<Secret>,
    pub(super) used: LastUse,
}

impl KeyEntry {
    /// Notes a use; a task writes it to the database within seconds.
    pub fn touch(&self, now: Timestamp) {
        self.used.touch(now);
    }

    pub(super) fn last_used(&self) -> Option<Timestamp> {
        self.used.last()
    }
}

/// A personal token. As with keys, the reasons to refuse it are data here.
pub struct TokenEntry {
    pub id: ApiTokenId,
    pub user_id: UserId,
    pub scopes: Vec<Scope>,
    pub expires_at: Option<Timestamp>,
    pub revoked: bool,
    pub(super) used: LastUse,
}

impl TokenEntry {
    /// Notes a use; a task writes it to the database within seconds.
    pub fn touch(&self, now: Timestamp) {
        self.used.touch(now);
    }

    pub(super) fn last_used(&self) -> Option<Timestamp> {
        self.used.last()
    }
}

/// When something was last used, here and as the database knows it. Unix milliseconds; 0 = never.
pub(super) struct LastUse {
    here: AtomicI64,
    written: AtomicI64,
}

impl LastUse {
    /// As stored; `known` is what an older entry knew and had not written yet.
    pub(super) fn new(stored: Option<Timestamp>, known: Option<Timestamp>) -> Self {
        let stored = stored.map_or(0, |at| at.0);
        LastUse {
            here: AtomicI64::new(stored.max(known.map_or(0, |at| at.0))),
            written: AtomicI64::new(stored),
        }
    }

    fn touch(&self, now: Timestamp) {
        self.here.fetch_max(now.0, Ordering::Relaxed);
    }

    fn last(&self) -> Option<Timestamp> {
        let at = self.here.load(Ordering::Relaxed);
        (at > 0).then_some(Timestamp(at))
    }

    /// A use that is not in the database yet.
    pub(super) fn unwritten(&self) -> Option<Timestamp> {
        let at = self.here.load(Ordering::Relaxed);
        (at > self.written.load(Ordering::Relaxed)).then_some(Timestamp(at))
    }

    pub(super) fn mark_written(&self, at: Timestamp) {
        self.written.fetch_max(at.0, Ordering::Relaxed);
    }
}

/// A person. What doors show and services check without asking the database.
#[derive(Debug, Clone)]
pub struct UserEntry {
    pub id: UserId,
    pub email: String,
    pub username: String,
    pub full_name: Option<String>,
    pub role: PlatformRole,
    pub is_active: bool,
    /// The personal organization.
    pub organization_id: OrganizationId,
    pub locale: String,
    pub theme: String,
    pub time_zone: String,
    pub avatar_url: Option<String>,
    /// An authenticator app or a passkey.
    pub has_second_factor: bool,
    pub email_verified: bool,
    pub has_password: bool,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone)]
pub struct OrganizationEntry {
    pub id: OrganizationId,
    pub name: String,
    pub slug: Option<String>,
    pub kind: OrganizationKind,
    pub plan: String,
    /// Whose personal organization it is.
    pub personal_user_id: Option<UserId>,
    /// Members without a second factor must set one up before anything else.
    pub requires_second_factor: bool,
    /// Sorted names; empty = all.
    pub allowed_models: Vec<String>,
    pub created_at: Timestamp,
}

impl OrganizationEntry {
    pub fn allows(&self, model: &str) -> bool {
        self.allowed_models.is_empty() || self.allowed_models.iter().any(|allowed| allowed == model)
    }
}

/// A team. The default one has no members here: everybody is in it.
#[derive(Debug, Clone)]
pub struct TeamEntry {
    pub id: TeamId,
    pub organization_id: OrganizationId,
    pub name: String,
    /// Sorted names; empty = all.
    pub allowed_models: Vec<String>,
    pub limits: CallLimits,
    pub members: HashSet<UserId>,
    pub created_at: Timestamp,
}

impl TeamEntry {
    pub fn allows(&self, model: &str) -> bool {
        self.allowed_models.is_empty() || self.allowed_models.iter().any(|allowed| allowed == model)
    }
}

/// A model that can be called.
#[derive(Clone)]
pub struct ModelEntry {
    pub id: ModelId,
    pub name: String,
    /// For people; the name when there is none.
    pub display_name: Option<String>,
    pub kind: ModelKind,
    /// Sorted names.
    pub capabilities: Vec<String>,
    pub created_at: Timestamp,
    pub context_length: Option<u32>,
    pub max_output_tokens: Option<u32>,
    /// The current version; none = unpriced.
    pub price: Option<(PriceId, Prices)>,
    pub routes: Vec<Route>,
    /// The stand-in for an empty catalogue.
    pub is_demo: bool,
}

impl ModelEntry {
    /// Whether it has a capability; `None` while nothing is said of any.
    pub fn can(&self, capability: &str) -> Option<bool> {
        let known = !self.capabilities.is_empty();
        known.then(|| self.capabilities.iter().any(|name| name == capability))
    }
}

/// One way to serve a model.
#[derive(Clone)]
pub struct Route {
    pub provider: Arc<ProviderEntry>,
    /// The model's name at the provider.
    pub upstream_model: String,
    pub weight: u32,
    /// Lower is tried first; among equals the weight decides.
    pub priority: u32,
    /// How it fares; the same for every route to this provider's model.
    pub deployment: Arc<Deployment>,
    /// The key whose own credential goes there instead of the provider's.
    pub of_key: Option<KeyId>,
}

#[derive(Clone)]
pub struct ProviderEntry {
    pub id: ProviderId,
    pub name: String,
    pub kind: ProviderKind,
}

#[expect(
    clippy::large_enum_variant,
    reason = "all but the demo are of the large one, and each stands behind an Arc"
)]
#[derive(Clone)]
pub enum ProviderKind {
    Http {
        shape: Shape,
        /// Empty when the upstream needs none.
        credential: Secret,
        /// Without it, an address that is not public is refused when it is dialled too.
        allow_private_network: bool,
        endpoints: Endpoints,
        base_url: Url,
    },
    /// Answers every dialect from memory.
    Demo,
}

impl ProviderKind {
    /// What calls are made with; empty when there is none.
    pub fn credential(&self) -> &str {
        match self {
            ProviderKind::Http { credential, .. } => credential.expose(),
            ProviderKind::Demo => "",
        }
    }
}

/// Which formats a provider speaks itself, and where it takes them: addresses as they are sent, so that a call copies one and parses nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    pub messages: Option<Uri>,
    pub chat: Option<Uri>,
    pub responses: Option<Uri>,
    pub embeddings: Option<Uri>,
}

impl Endpoints {
    /// From the base as the vendors' SDKs take it. `responses` matters to OpenAI-shaped ones alone.
    ///
    /// An address that cannot be sent is one that the provider does not speak at; `guard::base_url` lets none of those in.
    pub fn of(base: &Url, shape: Shape, responses: bool) -> Self {
        let base = base.as_str().trim_end_matches('/');
        let at = |tail: &str| format!("{base}{tail}").parse().ok();
        let openai = shape != Shape::Anthropic;
        Endpoints {
            messages: match shape {
                Shape::Anthropic => at("/v1/messages"),
                Shape::Openai => None,
                Shape::Litellm => at("/messages"),
            },
            chat: openai.then(|| at("/chat/completions")).flatten(),
            responses: (shape == Shape::Litellm || openai && responses)
                .then(|| at("/responses"))
                .flatten(),
            embeddings: openai.then(|| at("/embeddings")).flatten(),
        }
    }

    /// Where calls in this format go as they are; none where the provider does not speak it.
    pub fn endpoint(&self, dialect: Dialect) -> Option<&Uri> {
        match dialect {
            Dialect::Anthropic => self.messages.as_ref(),
            Dialect::Openai => self.chat.as_ref(),
            Dialect::Responses => self.responses.as_ref(),
            Dialect::Embeddings => self.embeddings.as_ref(),
        }
    }
}

impl ProviderEntry {
    /// Whether it takes calls in this format as they are.
    pub fn speaks(&self, dialect: Dialect) -> bool {
        match &self.kind {
            ProviderKind::Http { endpoints, .. } => endpoints.endpoint(dialect).is_some(),
            ProviderKind::Demo => true,
        }
    }

    pub fn demo() -> Self {
        ProviderEntry {
            id: ProviderId(Uuid::nil()),
            name: "demo".into(),
            kind: ProviderKind::Demo,
        }
    }
}

impl ModelEntry {
    /// Whether its routes fare well, as far as the last calls tell.
    pub fn availability(&self, now: Timestamp) -> Availability {
        health::availability(self.routes.iter().map(|route| &*route.deployment), now)
    }

    /// The model as this key calls it: a proxy that knows the key is asked with the credential it knows it by, so that its own books tell whose
    /// call it was.
    pub fn for_key(self: Arc<Self>, key: &KeyEntry) -> Arc<Self> {
        let Some(own) = &key.proxy_credential else { return self };
        if !self.routes.iter().any(|route| route.provider.name == PROVIDER) {
            return self;
        }
        let mut model = Arc::unwrap_or_clone(self);
        for route in model.routes.iter_mut().filter(|route| route.provider.name == PROVIDER) {
            if let ProviderKind::Http { credential, .. } = &mut Arc::make_mut(&mut route.provider).kind {
                *credential = own.clone();
                route.of_key = Some(key.id);
            }
        }
        Arc::new(model)
    }

    /// 1.00 and 2.00 dollars per million tokens, so that the books have something to show.
    pub fn demo() -> Self {
        let prices = Prices {
            input: Price(1_000_000),
            output: Price(2_000_000),
            ..Prices::default()
        };
        ModelEntry {
            id: ModelId(Uuid::nil()),
            name: "demo".into(),
            display_name: None,
            kind: ModelKind::Chat,
            capabilities: Vec::new(),
            created_at: Timestamp(1_795_000_000_000),
            context_length: Some(32_768),
            max_output_tokens: None,
            price: Some((PriceId(Uuid::nil()), prices)),
            routes: vec![Route {
                provider: Arc::new(ProviderEntry::demo()),
                upstream_model: "demo".into(),
                weight: 1,
                priority: 0,
                deployment: Arc::new(Deployment::new("demo/demo".to_owned(), Rules::default())),
                of_key: None,
            }],
            is_demo: true,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn endpoints_follow_the_base_as_sdks_take_it() {
        let of = |base: &str, shape, responses| Endpoints::of(&base.parse().unwrap(), shape, responses);
        let text = |uri: &Option<Uri>| uri.as_ref().map(ToString::to_string).unwrap_or_default();
        let anthropic = of("https://api.anthropic.com", Shape::Anthropic, false);
        assert_eq!(text(&anthropic.messages), "https://api.anthropic.com/v1/messages");
        assert_eq!(
            (&anthropic.chat, &anthropic.responses, &anthropic.embeddings),
            (&None, &None, &None)
        );
        let openai = of("https://api.openai.com/v1", Shape::Openai, true);
        assert_eq!(text(&openai.chat), "https://api.openai.com/v1/chat/completions");
        assert_eq!(text(&openai.responses), "https://api.openai.com/v1/responses");
        assert_eq!(text(&openai.embeddings), "https://api.openai.com/v1/embeddings");
        assert_eq!(openai.messages, None);
        let plain = of("http://h:1/a/b/", Shape::Openai, false);
        assert_eq!(text(&plain.chat), "http://h:1/a/b/chat/completions");
        assert_eq!(plain.responses, None);
        let proxy = of("http://h:4000/v1", Shape::Litellm, false);
        assert_eq!(text(&proxy.messages), "http://h:4000/v1/messages");
        assert_eq!(text(&proxy.responses), "http://h:4000/v1/responses");
    }
}
