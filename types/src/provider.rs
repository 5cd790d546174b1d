//! Known vendors as data: a provider of one of these shapes is a row here, or only configuration.

use serde::{Deserialize, Serialize};

use crate::{Price, money::Prices};

/// What kind of upstream a provider is: which formats it speaks, and where under its base URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Messages; the base URL without `/v1`.
    Anthropic,
    /// Chat Completions and Embeddings, Responses where the provider says so; the base URL with `/v1`.
    Openai,
    /// A LiteLLM proxy: all of these; the base URL with `/v1`.
    Litellm,
}

impl Shape {
    pub const ALL: [Shape; 3] = [Shape::Anthropic, Shape::Openai, Shape::Litellm];

    pub const fn name(self) -> &'static str {
        match self {
            Shape::Anthropic => "anthropic",
            Shape::Openai => "openai",
            Shape::Litellm => "litellm",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| shape.name() == text)
    }
}

/// A vendor that needs no `base_url` in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    pub id: &'static str,
    pub dialect: Shape,
    /// Serves Responses itself.
    pub responses: bool,
    /// As the vendor's own SDK takes it: OpenAI-shaped with `/v1`, Anthropic-shaped without.
    pub base_url: &'static str,
    /// The customary environment variable of its credential.
    pub key_variable: &'static str,
    /// The customary environment variable that replaces `base_url`.
    pub url_variable: &'static str,
    /// Models offered when only the credential is configured.
    pub models: &'static [PresetModel],
}

/// A model with the vendor's list price at the time of release; `weirgate.toml` overrides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresetModel {
    pub id: &'static str,
    pub context_length: u32,
    pub prices: Prices,
}

const fn prices(input: i64, output: i64, read: i64, write_5m: Option<i64>, write_1h: Option<i64>) -> Prices {
    const fn some(price: Option<i64>) -> Option<Price> {
        match price {
            Some(price) => Some(Price(price)),
            None => None,
        }
    }
    Prices {
        input: Price(input),
        output: Price(output),
        cache_read: Some(Price(read)),
        cache_write_5m: some(write_5m),
        cache_write_1h: some(write_1h),
    }
}

/// A vendor or a local server whose address the form for a new provider fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vendor {
    pub id: &'static str,
    /// Its own spelling.
    pub name: &'static str,
    pub dialect: Shape,
    /// Serves Responses itself.
    pub responses: bool,
    /// As [`Preset::base_url`]; words in capitals are the reader's to replace.
    pub base_url: &'static str,
    /// Runs on one's own machines, where addresses are private.
    pub is_local: bool,
}

const fn vendor(id: &'static str, name: &'static str, base_url: &'static str) -> Vendor {
    Vendor {
        id,
        name,
        dialect: Shape::Openai,
        responses: false,
        base_url,
        is_local: false,
    }
}

const fn local(id: &'static str, name: &'static str, base_url: &'static str) -> Vendor {
    Vendor {
        is_local: true,
        ..vendor(id, name, base_url)
    }
}

/// Source: the vendors' own documentation of their OpenAI-compatible addresses.
pub const VENDORS: &[Vendor] = &[
    Vendor {
        dialect: Shape::Anthropic,
        ..vendor("anthropic", "Anthropic", "https://api.anthropic.com")
    },
    Vendor {
        responses: true,
        ..vendor("openai", "OpenAI", "https://api.openai.com/v1")
    },
    vendor("openrouter", "OpenRouter", "https://openrouter.ai/api/v1"),
    vendor("groq", "Groq", "https://api.groq.com/openai/v1"),
    vendor("mistral", "Mistral", "https://api.mistral.ai/v1"),
    vendor("deepseek", "DeepSeek", "https://api.deepseek.com/v1"),
    vendor("together", "Together AI", "https://api.together.xyz/v1"),
    vendor("fireworks", "Fireworks AI", "https://api.fireworks.ai/inference/v1"),
    vendor("xai", "xAI", "https://api.x.ai/v1"),
    vendor(
        "gemini",
        "Google Gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
    ),
    Vendor {
        responses: true,
        ..vendor(
            "azure",
            "Azure OpenAI",
            "https://YOUR-RESOURCE.openai.azure.com/openai/v1",
        )
    },
    local("ollama", "Ollama", "http://127.0.0.1:11434/v1"),
    local("vllm", "vLLM", "http://127.0.0.1:8000/v1"),
    local("llama-cpp", "llama.cpp", "http://127.0.0.1:8080/v1"),
    local("lm-studio", "LM Studio", "http://127.0.0.1:1234/v1"),
    Vendor {
        dialect: Shape::Litellm,
        ..local("litellm", "LiteLLM", "http://127.0.0.1:4000/v1")
    },
];

/// The vendor of this id.
pub fn vendor_of(id: &str) -> Option<&'static Vendor> {
    VENDORS.iter().find(|vendor| vendor.id == id)
}

/// Source: the vendors' public price lists.
pub const PRESETS: &[Preset] = &[
    Preset {
        id: "anthropic",
        dialect: Shape::Anthropic,
        responses: false,
        base_url: "https://api.anthropic.com",
        key_variable: "ANTHROPIC_API_KEY",
        url_variable: "ANTHROPIC_BASE_URL",
        models: &[
            PresetModel {
                id: "claude-sonnet-4-5",
                context_length: 200_000,
                prices: prices(3_000_000, 15_000_000, 300_000, Some(3_750_000), Some(6_000_000)),
            },
            PresetModel {
                id: "claude-haiku-4-5",
                context_length: 200_000,
                prices: prices(1_000_000, 5_000_000, 100_000, Some(1_250_000), Some(2_000_000)),
            },
            PresetModel {
                id: "claude-opus-4-5",
                context_length: 200_000,
                prices: prices(5_000_000, 25_000_000, 500_000, Some(6_250_000), Some(10_000_000)),
            },
        ],
    },
    Preset {
        id: "openai",
        dialect: Shape::Openai,
        responses: true,
        base_url: "https://api.openai.com/v1",
        key_variable: "OPENAI_API_KEY",
        url_variable: "OPENAI_BASE_URL",
        models: &[
            PresetModel {
                id: "gpt-5",
                context_length: 400_000,
                prices: prices(1_250_000, 10_000_000, 125_000, None, None),
            },
            PresetModel {
                id: "gpt-5-mini",
                context_length: 400_000,
                prices: prices(250_000, 2_000_000, 25_000, None, None),
            },
            PresetModel {
                id: "gpt-4.1",
                context_length: 1_047_576,
                prices: prices(2_000_000, 8_000_000, 500_000, None, None),
            },
            PresetModel {
                id: "gpt-4o-mini",
                context_length: 128_000,
                prices: prices(150_000, 600_000, 75_000, None, None),
            },
        ],
    },
];
