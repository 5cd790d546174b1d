//! The catalogue: what it says of models, and requests and replies about who serves them, which ones are offered and what they cost.

mod models;
mod prices;
mod providers;

use serde::{Deserialize, Serialize};

pub use models::*;
pub use prices::*;
pub use providers::*;

use crate::rules::Wrong;

/// Which calls a model answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    #[default]
    Chat,
    Embedding,
}

impl ModelKind {
    pub const ALL: [ModelKind; 2] = [ModelKind::Chat, ModelKind::Embedding];

    pub const fn name(self) -> &'static str {
        match self {
            ModelKind::Chat => "chat",
            ModelKind::Embedding => "embedding",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

/// Who wrote a model's row, and so who may change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// An administrator, in pages, through the API or on the command line.
    #[default]
    Page,
    /// The configuration file.
    Config,
    /// A LiteLLM proxy it was taken over from.
    Litellm,
}

impl Origin {
    pub const ALL: [Origin; 3] = [Origin::Page, Origin::Config, Origin::Litellm];

    pub const fn name(self) -> &'static str {
        match self {
            Origin::Page => "page",
            Origin::Config => "config",
            Origin::Litellm => "litellm",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.name() == text)
    }
}

/// Whether a model can be served now, as far as its routes' last calls tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    Available,
    /// Some of its routes fail and are left alone for a while.
    Degraded,
    /// All of them do, or there is none.
    Unavailable,
}

impl Availability {
    pub const fn name(self) -> &'static str {
        match self {
            Availability::Available => "available",
            Availability::Degraded => "degraded",
            Availability::Unavailable => "unavailable",
        }
    }
}

/// Longest name of a capability.
const CAPABILITY_MOST: usize = 40;

/// A capability's name: lower-case letters, digits and underscores, such as `vision` or `json_schema`.
pub fn is_capability(text: &str) -> bool {
    (1..=CAPABILITY_MOST).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Characters of a provider's or model's name.
pub const CATALOGUE_NAME_MOST: usize = 200;

/// What calls, addresses and logs name a provider or a model by: printable ASCII without spaces, at most 200 characters, and nothing that
/// an address would cut off.
pub fn catalogue_name(text: &str) -> Result<(), Wrong> {
    match text.len() {
        0 => Err(Wrong::Required),
        length if length > CATALOGUE_NAME_MOST => Err(Wrong::TooLong),
        _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(Wrong::NotAName),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for kind in ModelKind::ALL {
            assert_eq!(ModelKind::parse(kind.name()), Some(kind));
        }
        for origin in Origin::ALL {
            assert_eq!(Origin::parse(origin.name()), Some(origin));
        }
        assert!(is_capability("json_schema") && !is_capability("JSON") && !is_capability(""));
    }

    #[test]
    fn name_is_one_printable_word() {
        for good in [
            "claude-sonnet-4-5",
            "meta-llama/Llama-3.3-70B:free",
            "a",
            &"x".repeat(200),
        ] {
            assert_eq!(catalogue_name(good), Ok(()), "{good}");
        }
        for bad in ["two words", "модель", "tab\there", "line\n"] {
            assert_eq!(catalogue_name(bad), Err(Wrong::NotAName), "{bad}");
        }
        assert_eq!(catalogue_name(""), Err(Wrong::Required));
        assert_eq!(catalogue_name(&"x".repeat(201)), Err(Wrong::TooLong));
    }
}
