//! Upstreams as administrators see and change them. Credentials go in and never come out.

use serde::{Deserialize, Serialize};

use super::catalogue_name;
use crate::{
    ProviderId, Timestamp,
    accounts::wrong,
    error::{FieldErrors, Refusal},
    provider::Shape,
    rules::Wrong,
};

/// Bytes of a credential.
pub const CREDENTIAL_MOST: usize = 4096;

/// An upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provider {
    pub id: ProviderId,
    /// What routes of models and the books call it; it never changes.
    pub name: String,
    /// `anthropic`, `openai` or `litellm`.
    pub dialect: String,
    /// As the vendor's own SDK takes it: OpenAI-shaped with `/v1`, Anthropic-shaped without.
    pub base_url: String,
    /// Whether it answers OpenAI's Responses itself.
    pub responses: bool,
    /// Whether it may be on a private or loopback address.
    pub allow_private_network: bool,
    pub credential: Credential,
    /// It comes from the configuration file, which alone changes it.
    pub managed: bool,
    pub is_enabled: bool,
    /// How many models have a route to it.
    pub models: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What can be said of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Credential {
    pub is_set: bool,
    /// When it was last set or removed.
    pub changed_at: Option<Timestamp>,
}

/// `POST admin/providers`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewProvider {
    pub name: String,
    /// `anthropic`, `openai` or `litellm`.
    pub dialect: String,
    pub base_url: String,
    /// Absent where the upstream needs none. It is encrypted and never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    #[serde(default)]
    pub responses: bool,
    #[serde(default)]
    pub allow_private_network: bool,
    #[serde(default = "yes")]
    pub is_enabled: bool,
}

const fn yes() -> bool {
    true
}

/// `PATCH admin/providers/{id}`. A field that is absent stays as it is.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProviderChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Needed when `base_url` leads to another host while a credential is stored: that one is never sent to an address it was not given for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responses: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_private_network: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_enabled: Option<bool>,
}

/// `PUT admin/providers/{id}/credential`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewCredential {
    /// `null` removes the stored one.
    #[serde(deserialize_with = "Option::deserialize")]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub credential: Option<String>,
}

impl NewProvider {
    /// Everything the rules can say without the server's settings; the address is the server's to judge.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut errors = FieldErrors::new();
        wrong(&mut errors, "name", catalogue_name(&self.name));
        wrong(&mut errors, "dialect", dialect(&self.dialect));
        wrong(
            &mut errors,
            "credential",
            self.credential.as_deref().map_or(Ok(()), credential),
        );
        Refusal::fields(errors)
    }
}

impl ProviderChange {
    /// As [`NewProvider::check`].
    pub fn check(&self) -> Result<(), Refusal> {
        let mut errors = FieldErrors::new();
        wrong(&mut errors, "dialect", self.dialect.as_deref().map_or(Ok(()), dialect));
        wrong(
            &mut errors,
            "credential",
            self.credential.as_deref().map_or(Ok(()), credential),
        );
        Refusal::fields(errors)
    }
}

impl NewCredential {
    pub fn check(&self) -> Result<(), Refusal> {
        let mut errors = FieldErrors::new();
        wrong(
            &mut errors,
            "credential",
            self.credential.as_deref().map_or(Ok(()), credential),
        );
        Refusal::fields(errors)
    }
}

fn dialect(text: &str) -> Result<(), Wrong> {
    Shape::parse(text).map(|_| ()).ok_or(Wrong::UnknownValue)
}

/// A credential goes out in a header: printable ASCII without spaces.
pub fn credential(text: &str) -> Result<(), Wrong> {
    match text.len() {
        0 => Err(Wrong::Required),
        length if length > CREDENTIAL_MOST => Err(Wrong::TooLong),
        _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(Wrong::NotACredential),
        _ => Ok(()),
    }
}

/// `POST admin/providers/{id}/test`: what the upstream made of being asked for its models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderTest {
    pub ok: bool,
    pub outcome: TestOutcome,
    /// Of its answer; null when there was none.
    pub status: Option<u16>,
    pub latency_ms: u64,
    /// Names of the models it lists, at most 1,000; null when it listed none.
    pub models: Option<Vec<String>>,
    /// What the outcome means, and what to do.
    pub message: String,
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// It listed its models.
    Works,
    /// It answered 200, but not with a list of models.
    NoList,
    /// 401 or 403: it does not take the credential.
    CredentialRefused,
    /// 404 or 405: there is no list of models at this address.
    WrongAddress,
    /// It points elsewhere, which is not followed.
    Redirects,
    /// 429
    RateLimited,
    /// 5xx
    Fails,
    /// Another status.
    Unexpected,
    /// The name leads to a private address, or the address is one.
    PrivateAddress,
    /// No connection.
    Unreachable,
    /// No whole answer within ten seconds.
    TooSlow,
}

impl TestOutcome {
    pub const fn is_ok(self) -> bool {
        matches!(self, TestOutcome::Works)
    }

    /// What it means and what to do, in English; pages word it themselves.
    pub const fn message(self) -> &'static str {
        match self {
            TestOutcome::Works => "The provider answered and took the credential.",
            TestOutcome::NoList => {
                "The provider answered, but not with a list of models. Calls may work all the same; check the base URL if they do not."
            }
            TestOutcome::CredentialRefused => "The provider does not take the credential. Store the right one.",
            TestOutcome::WrongAddress => {
                "There is no list of models at this address. Check the base URL: OpenAI-shaped ones end in /v1, Anthropic-shaped ones do not."
            }
            TestOutcome::Redirects => {
                "The provider points to another address, which is not followed. Set the base URL to where it leads."
            }
            TestOutcome::RateLimited => {
                "The provider answered that there are too many requests. Its address and way are right."
            }
            TestOutcome::Fails => "The provider answered with an error of its own. Try again later.",
            TestOutcome::Unexpected => {
                "The provider gave an answer that was not expected. Check the base URL and the dialect."
            }
            TestOutcome::PrivateAddress => {
                "The address is private or leads to a private one. Allow private networks for this provider if that is meant."
            }
            TestOutcome::Unreachable => "The provider could not be reached. Check the base URL and the network.",
            TestOutcome::TooSlow => "The provider did not answer whole within ten seconds.",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn credential_is_what_a_header_can_carry() {
        assert_eq!(credential("sk-live_1.2/3+4="), Ok(()));
        assert_eq!(credential(""), Err(Wrong::Required));
        for bad in ["two words", "line\r\nX-Evil: 1", "ключ", "\u{7f}"] {
            assert_eq!(credential(bad), Err(Wrong::NotACredential), "{bad:?}");
        }
        assert_eq!(credential(&"x".repeat(CREDENTIAL_MOST + 1)), Err(Wrong::TooLong));
    }

    #[test]
    fn removing_a_credential_is_said_and_not_forgotten() {
        assert!(serde_json::from_str::<NewCredential>("{}").is_err());
        let removed: NewCredential = serde_json::from_str(r#"{"credential":null}"#).unwrap();
        assert!(removed.credential.is_none() && removed.check().is_ok());
    }

    #[test]
    fn every_wrong_field_is_named() {
        let refusal = NewProvider::default().check().unwrap_err();
        let named: Vec<&str> = refusal.errors.keys().map(String::as_str).collect();
        assert_eq!(named, ["dialect", "name"]);
    }
}
