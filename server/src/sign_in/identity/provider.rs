//! What is known of each configured provider: its endpoints and signing keys, discovered when first needed and kept for a while.
//!
//! A provider that is down is asked by nobody but its own sign-ins, and they are told after [`PATIENCE`] at the latest.

use std::sync::Arc;

use openidconnect::{
    AdditionalProviderMetadata, AuthType, AuthUrl, ClientId, ClientSecret, EndpointNotSet, EndpointSet, IssuerUrl,
    JsonWebKeySetUrl, ProviderMetadata, RedirectUrl, TokenUrl,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
        CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
        CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use types::{Timestamp, sign_in::ProviderKind};
use url::Url;

use super::fetch::{self, Failed};
use crate::{
    Config,
    clock::Clock,
    config::{SignInProvider, is_loopback},
};

/// How long a discovery document is believed.
const FRESH_MILLIS: i64 = 3_600_000;
/// Keys are fetched anew for a token with an unknown one, but not for everybody who makes one up.
const KEYS_AGAIN_MILLIS: i64 = 60_000;
/// A provider that did not answer is not asked again at once: the next person need not wait as long.
const FAILED_MILLIS: i64 = 5_000;

pub use fetch::PATIENCE;

/// What the metadata says beside OpenID Connect Discovery.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct More {
    /// RFC 9207.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for More {}

type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// The client of one provider, ready to send people there and to trade a code.
pub type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointNotSet>;

/// Where a provider's doors are and what it signs with.
#[derive(Clone)]
pub struct Endpoints {
    pub issuer: IssuerUrl,
    authorize: AuthUrl,
    token: TokenUrl,
    /// Who the access token is for: `/userinfo`, or GitHub's API.
    pub person: Option<Url>,
    auth_type: AuthType,
    pub algorithms: Vec<CoreJwsSigningAlgorithm>,
    /// Answers without `iss` are not this provider's.
    pub names_itself: bool,
    jwks: Option<JsonWebKeySetUrl>,
}

/// One configured provider with what was learned of it.
pub struct Provider {
    pub config: SignInProvider,
    redirect: String,
    clock: Clock,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    endpoints: Option<(Timestamp, Endpoints)>,
    keys: Option<(Timestamp, Arc<CoreJsonWebKeySet>)>,
    failed: Option<Timestamp>,
}

/// All configured providers.
#[derive(Clone, Default)]
pub struct Providers(Arc<Vec<Arc<Provider>>>);

impl Providers {
    /// Asks nobody anything.
    pub fn of(config: &Config, clock: &Clock) -> Self {
        let made = config.sign_in_providers.iter().map(|provider| {
            Arc::new(Provider {
                redirect: callback(config, provider),
                config: provider.clone(),
                clock: clock.clone(),
                known: Mutex::default(),
            })
        });
        Providers(Arc::new(made.collect()))
    }

    pub fn find(&self, id: &str) -> Option<&Arc<Provider>> {
        self.0.iter().find(|provider| provider.config.id == id)
    }

    pub fn all(&self) -> &[Arc<Provider>] {
        &self.0
    }
}

/// The whole address of [`callback_path`].
pub fn callback(config: &Config, provider: &SignInProvider) -> String {
    format!("{}{}", config.public_url(), callback_path(provider))
}

/// Each provider has a way back of its own, so that one's answers cannot be taken for another's (RFC 9700 §4.4).
fn callback_path(provider: &SignInProvider) -> String {
    if provider.is_single() {
        "/api/v1/auth/callback".to_owned()
    } else {
        format!("/api/v1/auth/oauth/{}/callback", provider.id)
    }
}

/// The path that sends a browser to the provider.
pub fn start_path(provider: &SignInProvider) -> String {
    if provider.is_single() {
        "/api/v1/auth/login".to_owned()
    } else {
        format!("/api/v1/auth/oauth/{}/start", provider.id)
    }
}

impl Provider {
    pub fn client(&self, endpoints: &Endpoints, keys: &CoreJsonWebKeySet) -> Result<Client, Failed> {
        let redirect = RedirectUrl::new(self.redirect.clone()).map_err(|error| Failed::Refused(error.to_string()))?;
        let id = ClientId::new(self.config.client_id.clone());
        let client = CoreClient::new(id, endpoints.issuer.clone(), keys.clone())
            .set_client_secret(ClientSecret::new(self.config.client_secret.expose().to_owned()))
            .set_auth_uri(endpoints.authorize.clone())
            .set_token_uri(endpoints.token.clone())
            .set_auth_type(endpoints.auth_type.clone())
            .set_redirect_uri(redirect);
        Ok(match self.config.kind {
            ProviderKind::Github => client.disable_openid_scope(),
            _ => client,
        })
    }

    /// From memory, or discovered now. Others who want the same wait for the one who asks.
    pub async fn endpoints(&self) -> Result<Endpoints, Failed> {
        if self.config.kind == ProviderKind::Github {
            return github(&self.config.issuer);
        }
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        if let Some((at, endpoints)) = &known.endpoints
            && now.0.saturating_sub(at.0) < FRESH_MILLIS
        {
            return Ok(endpoints.clone());
        }
        if known
            .failed
            .is_some_and(|at| now.0.saturating_sub(at.0) < FAILED_MILLIS)
        {
            return Err(Failed::Unreachable("it did not answer a moment ago".to_owned()));
        }
        match tokio::time::timeout(PATIENCE, self.discover()).await {
            Ok(Ok((endpoints, keys))) => {
                known.endpoints = Some((now, endpoints.clone()));
                known.keys = Some((now, Arc::new(keys)));
                known.failed = None;
                Ok(endpoints)
            }
            Ok(Err(failed)) => {
                known.failed = Some(now);
                Err(failed)
            }
            Err(_late) => {
                known.failed = Some(now);
                Err(Failed::Unreachable("it took too long".to_owned()))
            }
        }
    }

    /// The keys the provider signs with. `again` asks for newer ones than those that did not fit, at most once a minute.
    pub async fn keys(&self, endpoints: &Endpoints, again: bool) -> Result<Arc<CoreJsonWebKeySet>, Failed> {
        let Some(url) = &endpoints.jwks else {
            return Ok(Arc::default());
        };
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        let old = known.keys.clone();
        if let Some((at, keys)) = &old
            && (!again || now.0.saturating_sub(at.0) < KEYS_AGAIN_MILLIS)
        {
            return Ok(Arc::clone(keys));
        }
        // Asked for whether or not it works out: a broken address is not for hammering either.
        if let Some((at, _)) = &mut known.keys {
            *at = now;
        }
        let fetched = CoreJsonWebKeySet::fetch_async(url, &fetch::send)
            .await
            .map_err(discovery)?;
        let keys = Arc::new(fetched);
        known.keys = Some((now, Arc::clone(&keys)));
        Ok(keys)
    }

    async fn discover(&self) -> Result<(Endpoints, CoreJsonWebKeySet), Failed> {
        let refused = |what: &str| Failed::Refused(what.to_owned());
        let issuer = IssuerUrl::new(self.config.issuer.clone()).map_err(|error| Failed::Refused(error.to_string()))?;
        let metadata = Metadata::discover_async(issuer.clone(), &fetch::send)
            .await
            .map_err(discovery)?;
        let token = metadata
            .token_endpoint()
            .ok_or_else(|| refused("its discovery document names no token endpoint"))?;
        let addresses = [
            metadata.authorization_endpoint().url(),
            token.url(),
            metadata.jwks_uri().url(),
        ];
        let person = metadata.userinfo_endpoint().map(|url| url.url().clone());
        // What the document points at must be as safe to talk to as where it came from.
        let plain_is_fine = issuer.url().scheme() == "http" && is_loopback(issuer.url());
        if addresses
            .into_iter()
            .chain(&person)
            .any(|url| url.scheme() != "https" && !(plain_is_fine && is_loopback(url)))
        {
            return Err(refused("its discovery document names an endpoint without https"));
        }
        let methods = metadata.token_endpoint_auth_methods_supported();
        let has = |method| methods.is_none_or(|methods| methods.contains(&method));
        let basic = has(CoreClientAuthMethod::ClientSecretBasic) || !has(CoreClientAuthMethod::ClientSecretPost);
        let endpoints = Endpoints {
            issuer,
            authorize: metadata.authorization_endpoint().clone(),
            token: token.clone(),
            person,
            auth_type: if basic {
                AuthType::BasicAuth
            } else {
                AuthType::RequestBody
            },
            algorithms: asymmetric(metadata.id_token_signing_alg_values_supported()),
            names_itself: metadata
                .additional_metadata()
                .authorization_response_iss_parameter_supported,
            jwks: Some(metadata.jwks_uri().clone()),
        };
        Ok((endpoints, metadata.jwks().clone()))
    }

    /// Whether the provider can be discovered now, for `doctor`; and the time it says it is.
    pub async fn probe(&self) -> Result<(), Failed> {
        let endpoints = self.endpoints().await?;
        if self.config.kind == ProviderKind::Github {
            let request = http::Request::get(endpoints.authorize.url().as_str())
                .body(Vec::new())
                .map_err(|error| Failed::Refused(error.to_string()))?;
            let answer = tokio::time::timeout(PATIENCE, fetch::send(request))
                .await
                .map_err(|_| Failed::Unreachable("it took too long".to_owned()))??;
            if answer.status().is_server_error() {
                return Err(Failed::Refused(format!("it answered {}", answer.status())));
            }
        }
        Ok(())
    }
}

/// Signatures that only the provider can make. HMAC with the client's secret is one that we could make ourselves, `none` one that anybody can.
fn asymmetric(supported: &[CoreJwsSigningAlgorithm]) -> Vec<CoreJwsSigningAlgorithm> {
    use CoreJwsSigningAlgorithm as A;
    let good = [
        A::RsaSsaPkcs1V15Sha256,
        A::RsaSsaPkcs1V15Sha384,
        A::RsaSsaPkcs1V15Sha512,
        A::RsaSsaPssSha256,
        A::RsaSsaPssSha384,
        A::RsaSsaPssSha512,
        A::EcdsaP256Sha256,
        A::EcdsaP384Sha384,
        A::EdDsa,
    ];
    good.into_iter().filter(|alg| supported.contains(alg)).collect()
}

/// GitHub has no discovery. Its enterprise server has the API below the same address.
fn github(issuer: &str) -> Result<Endpoints, Failed> {
    let wrong = |error: url::ParseError| Failed::Refused(error.to_string());
    let base = issuer.trim_end_matches('/');
    let api = if base == "https://github.com" {
        "https://api.github.com".to_owned()
    } else {
        format!("{base}/api/v3")
    };
    Ok(Endpoints {
        issuer: IssuerUrl::new(base.to_owned()).map_err(wrong)?,
        authorize: AuthUrl::new(format!("{base}/login/oauth/authorize")).map_err(wrong)?,
        token: TokenUrl::new(format!("{base}/login/oauth/access_token")).map_err(wrong)?,
        person: Some(Url::parse(&api).map_err(wrong)?),
        auth_type: AuthType::RequestBody,
        algorithms: Vec::new(),
        names_itself: false,
        jwks: None,
    })
}

fn discovery(error: openidconnect::DiscoveryError<Failed>) -> Failed {
    use openidconnect::DiscoveryError as D;
    match error {
        D::Request(failed) => failed,
        // Bodies are the provider's text and stay out of the log.
        D::Response(status, _, what) => Failed::Refused(format!("{status}: {what}")),
        other => Failed::Refused(other.to_string()),
    }
}
