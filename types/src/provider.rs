//! Known vendors as data: a provider of one of these shapes is a row here, or only configuration.

use crate::{Dialect, Price, money::Prices};

/// A vendor that needs no `base_url` in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    pub id: &'static str,
    pub dialect: Dialect,
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

/// Source: the vendors' public price lists.
pub const PRESETS: &[Preset] = &[
    Preset {
        id: "anthropic",
        dialect: Dialect::Anthropic,
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
        dialect: Dialect::Openai,
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
