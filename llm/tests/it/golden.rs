//! The golden streams and what must be read from each.

use llm::{Dialect, End, Tokens};
use types::usage::UsageSource;

/// A recorded stream with what it says.
pub struct Golden {
    pub name: &'static str,
    pub dialect: Dialect,
    pub bytes: &'static [u8],
    pub end: End,
    /// What the upstream said.
    pub usage: Option<Tokens>,
    /// With an input estimate of [`INPUT_ESTIMATE`].
    pub source: UsageSource,
    pub flagged: bool,
    pub output_bytes: u64,
    /// Events with data.
    pub events: u64,
    /// The chunk that is taken out when we asked for usage.
    pub strips: bool,
}

pub const INPUT_ESTIMATE: u64 = 1000;

const fn tokens(input: u64, cache_read: u64, cache_write_5m: u64, cache_write_1h: u64, output: u64) -> Option<Tokens> {
    Some(Tokens {
        input,
        cache_read,
        cache_write_5m,
        cache_write_1h,
        output,
    })
}

macro_rules! golden {
    ($dialect:ident $folder:literal / $name:literal, $end:ident, $usage:expr, $source:ident, flagged $flagged:literal,
     $bytes:literal bytes in $events:literal events, strips $strips:literal) => {
        Golden {
            name: concat!($folder, "/", $name),
            dialect: Dialect::$dialect,
            bytes: include_bytes!(concat!("../golden/", $folder, "/", $name, ".sse")),
            end: End::$end,
            usage: $usage,
            source: UsageSource::$source,
            flagged: $flagged,
            output_bytes: $bytes,
            events: $events,
            strips: $strips,
        }
    };
}

#[rustfmt::skip]
pub const ALL: &[Golden] = &[
    golden!(Anthropic "anthropic"/"text", Complete, tokens(25, 0, 0, 0, 15), Provider, flagged false, 32 bytes in 9 events, strips false),
    golden!(Anthropic "anthropic"/"cache_tiers", Complete, tokens(12, 18_000, 1000, 2000, 11), Provider, flagged false, 28 bytes in 7 events, strips false),
    golden!(Anthropic "anthropic"/"thinking_tools", Complete, tokens(472, 0, 0, 0, 89), Provider, flagged false, 277 bytes in 17 events, strips false),
    golden!(Anthropic "anthropic"/"cumulative", Complete, tokens(10_682, 0, 500, 0, 510), Provider, flagged false, 62 bytes in 10 events, strips false),
    golden!(Anthropic "anthropic"/"overloaded", UpstreamError, tokens(25, 0, 0, 0, 1), Partial, flagged false, 15 bytes in 4 events, strips false),
    golden!(Anthropic "anthropic"/"unknown_crlf", Complete, tokens(5, 0, 0, 0, 4), Provider, flagged true, 7 bytes in 9 events, strips false),
    golden!(Anthropic "anthropic"/"cr_bom", Complete, tokens(31, 0, 0, 0, 42), Provider, flagged false, 63 bytes in 8 events, strips false),
    golden!(Anthropic "anthropic"/"mixed_ends", Complete, tokens(31, 0, 0, 0, 42), Provider, flagged false, 63 bytes in 8 events, strips false),
    golden!(Anthropic "anthropic"/"odd_usage", Complete, None, Estimated, flagged true, 25 bytes in 6 events, strips false),
    golden!(Openai "openai"/"usage_chunk", Complete, tokens(86, 1920, 0, 0, 9), Provider, flagged false, 44 bytes in 6 events, strips true),
    golden!(Openai "openai"/"no_usage", Complete, None, Estimated, flagged false, 12 bytes in 4 events, strips false),
    golden!(Openai "openai"/"tools_reasoning", Complete, tokens(82, 0, 0, 0, 17), Provider, flagged false, 36 bytes in 5 events, strips false),
    golden!(Openai "openai"/"error", UpstreamError, None, Estimated, flagged false, 5 bytes in 2 events, strips false),
    golden!(Openai "openai"/"azure_crlf", Complete, tokens(19, 0, 0, 0, 6), Provider, flagged false, 23 bytes in 5 events, strips true),
    golden!(Openai "openai"/"cut", Truncated, None, Estimated, flagged false, 13 bytes in 2 events, strips false),
    golden!(Openai "openai"/"odd_usage", Complete, None, Estimated, flagged true, 2 bytes in 4 events, strips true),
    golden!(Responses "responses"/"text", Complete, tokens(86, 1920, 0, 0, 9), Provider, flagged false, 26 bytes in 11 events, strips false),
    golden!(Responses "responses"/"tools_reasoning", Complete, tokens(412, 0, 0, 0, 311), Provider, flagged false, 94 bytes in 21 events, strips false),
    golden!(Responses "responses"/"incomplete_crlf", Complete, tokens(31, 0, 0, 0, 4), Provider, flagged false, 14 bytes in 11 events, strips false),
    golden!(Responses "responses"/"failed", UpstreamError, tokens(31, 0, 0, 0, 2), Partial, flagged false, 9 bytes in 5 events, strips false),
    golden!(Responses "responses"/"error", UpstreamError, None, Estimated, flagged false, 5 bytes in 4 events, strips false),
    golden!(Responses "responses"/"cut", Truncated, None, Estimated, flagged false, 8 bytes in 6 events, strips false),
    golden!(Responses "responses"/"cr_bom", Complete, tokens(8, 4, 0, 0, 3), Provider, flagged false, 12 bytes in 3 events, strips false),
    golden!(Responses "responses"/"mixed_ends", Complete, tokens(8, 4, 0, 0, 3), Provider, flagged false, 12 bytes in 3 events, strips false),
    golden!(Responses "responses"/"odd_usage", Complete, None, Estimated, flagged true, 9 bytes in 10 events, strips false),
    golden!(Responses "responses"/"no_deltas", Complete, None, Estimated, flagged false, 17 bytes in 5 events, strips false),
    golden!(Responses "responses"/"custom_tool", Complete, None, Estimated, flagged false, 39 bytes in 11 events, strips false),
];
