//! Token counts as the vendors tell them, and what stands in for them when they do not.
//!
//! Owns the plausibility of counts and where a call's numbers come from. Which fields a vendor uses is its dialect's.

use std::marker::PhantomData;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use types::{Dialect, Tokens, usage::UsageSource};

use crate::{anthropic, embeddings, openai, responses};

/// Largest count believed: no call has more tokens, and no price makes a product of it overflow.
const COUNT_MOST: u64 = u32::MAX as u64;

/// Tokens in `bytes` of text when nobody counted them: a quarter, rounded up.
pub const fn estimate(bytes: u64) -> u64 {
    bytes.div_ceil(4)
}

/// What an upstream said so far, by class. `None`: not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub input: Option<u64>,
    pub cache_read: Option<u64>,
    /// All cache writes, when the upstream gives a total.
    pub cache_write: Option<u64>,
    pub cache_write_5m: Option<u64>,
    pub cache_write_1h: Option<u64>,
    pub output: Option<u64>,
}

impl Counts {
    /// Takes in a later statement. Counts are cumulative: the last one of a class stands, none is added.
    pub fn update(&mut self, later: &Counts) {
        self.input = later.input.or(self.input);
        self.cache_read = later.cache_read.or(self.cache_read);
        self.cache_write = later.cache_write.or(self.cache_write);
        self.cache_write_5m = later.cache_write_5m.or(self.cache_write_5m);
        self.cache_write_1h = later.cache_write_1h.or(self.cache_write_1h);
        self.output = later.output.or(self.output);
    }

    /// Of OpenAI's dialects, whose input includes what was read from the cache and written to it, and whose output the reasoning; our
    /// classes do not overlap.
    pub fn overlapping(input: Count, details: Nested<InputDetails>, output: Count) -> Result<Self, Implausible> {
        let (input, output, details) = (input.get()?, output.get()?, details.get()?);
        let (cached, written) = (details.cached_tokens.get()?, details.cache_write_tokens.get()?);
        let Some(input) = input else {
            return Ok(Counts {
                output,
                ..Counts::default()
            });
        };
        let fresh = input.checked_sub(cached.unwrap_or(0)).ok_or(Implausible)?;
        // The vendor calls this count unadjusted, so it may be larger than what is left.
        let written = written.map(|written| written.min(fresh));
        Ok(Counts {
            input: Some(fresh - written.unwrap_or(0)),
            cache_read: cached,
            cache_write: written,
            output,
            ..Counts::default()
        })
    }

    /// `None` when nothing was said. Writes that no tier accounts for are of the default tier, five minutes.
    pub fn tokens(&self) -> Option<Tokens> {
        if *self == Counts::default() {
            return None;
        }
        let hour = self.cache_write_1h.unwrap_or(0);
        let rest = self.cache_write.unwrap_or(0).saturating_sub(hour);
        Some(Tokens {
            input: self.input.unwrap_or(0),
            cache_read: self.cache_read.unwrap_or(0),
            cache_write_5m: self.cache_write_5m.unwrap_or(0).max(rest),
            cache_write_1h: hour,
            output: self.output.unwrap_or(0),
        })
    }
}

/// A call's final numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub tokens: Tokens,
    pub source: UsageSource,
    /// The upstream said something about usage that cannot be true, and it was left out.
    pub flagged: bool,
}

/// Usage of an answer that came as one JSON body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JsonUsage {
    pub tokens: Option<Tokens>,
    pub flagged: bool,
    /// Bytes of text in the answer, for an estimate.
    pub output_bytes: u64,
    /// The body is one JSON object.
    pub valid: bool,
}

impl JsonUsage {
    /// `input_estimate`: see [`crate::Head::input_estimate`].
    pub fn tally(&self, input_estimate: u64) -> Tally {
        let (tokens, source) = match self.tokens {
            Some(tokens) => (tokens, UsageSource::Provider),
            None => (
                Tokens {
                    input: input_estimate,
                    output: estimate(self.output_bytes),
                    ..Tokens::default()
                },
                UsageSource::Estimated,
            ),
        };
        Tally {
            tokens,
            source,
            flagged: self.flagged,
        }
    }
}

/// Reads the usage of a whole answer. Whatever cannot be read is left out, never an error.
pub fn json_usage(dialect: Dialect, body: &[u8]) -> JsonUsage {
    match dialect {
        Dialect::Anthropic => anthropic::response::usage(body),
        Dialect::Openai => openai::response::usage(body),
        Dialect::Responses => responses::response::usage(body),
        Dialect::Embeddings => embeddings::response::usage(body),
    }
}

/// What the value of a `usage` field says; nothing when it is `null`.
pub(crate) fn said<T: DeserializeOwned + Default>(raw: &[u8]) -> Result<T, Implausible> {
    let usage: Nested<T> = serde_json::from_slice(raw).map_err(|_| Implausible)?;
    usage.get()
}

/// What OpenAI's dialects say of the input beside its sum.
#[derive(Deserialize, Default)]
pub(crate) struct InputDetails {
    #[serde(default)]
    cached_tokens: Count,
    #[serde(default)]
    cache_write_tokens: Count,
}

/// A count in an upstream's usage object, however odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Count {
    /// Absent or null.
    #[default]
    Unsaid,
    Said(u64),
    /// Negative, a fraction, a string, too large.
    Wrong,
}

/// A usage object held a count that cannot be true: nothing of it is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Implausible;

impl Count {
    pub fn get(self) -> Result<Option<u64>, Implausible> {
        match self {
            Count::Unsaid => Ok(None),
            Count::Said(count) => Ok(Some(count)),
            Count::Wrong => Err(Implausible),
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient::<Count>(PhantomData))
    }
}

/// An object inside usage; `Wrong` when something else stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Nested<T> {
    #[default]
    Unsaid,
    Said(T),
    Wrong,
}

impl<T: Default> Nested<T> {
    pub fn get(self) -> Result<T, Implausible> {
        match self {
            Nested::Unsaid => Ok(T::default()),
            Nested::Said(inner) => Ok(inner),
            Nested::Wrong => Err(Implausible),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nested<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient::<Nested<T>>(PhantomData))
    }
}

/// Accepts any JSON value and sorts it, so that one odd field does not hide the others.
struct Lenient<T>(PhantomData<T>);

/// How a lenient target takes each type of value.
trait Sorted<'de>: Sized {
    const UNSAID: Self;
    const WRONG: Self;
    fn whole(_count: u64) -> Self {
        Self::WRONG
    }
    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        IgnoredAny.visit_map(map).map(|_| Self::WRONG)
    }
}

impl Sorted<'_> for Count {
    const UNSAID: Self = Count::Unsaid;
    const WRONG: Self = Count::Wrong;
    fn whole(count: u64) -> Self {
        if count <= COUNT_MOST {
            Count::Said(count)
        } else {
            Count::Wrong
        }
    }
}

impl<'de, T: Deserialize<'de>> Sorted<'de> for Nested<T> {
    const UNSAID: Self = Nested::Unsaid;
    const WRONG: Self = Nested::Wrong;
    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Nested::Said)
    }
}

impl<'de, T: Sorted<'de>> Visitor<'de> for Lenient<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("any value")
    }
    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::UNSAID)
    }
    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(T::whole(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(u64::try_from(value).map_or(T::WRONG, T::whole))
    }
    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::WRONG)
    }
    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::WRONG)
    }
    fn visit_str<E>(self, _: &str) -> Result<T, E> {
        Ok(T::WRONG)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
        IgnoredAny.visit_seq(seq).map(|_| T::WRONG)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::map(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_without_a_tier_are_five_minute_writes() {
        let counts = Counts {
            cache_write: Some(100),
            ..Counts::default()
        };
        assert_eq!(
            counts
                .tokens()
                .map(|tokens| (tokens.cache_write_5m, tokens.cache_write_1h)),
            Some((100, 0))
        );
        let split = Counts {
            cache_write_5m: Some(30),
            cache_write_1h: Some(70),
            ..counts
        };
        assert_eq!(
            split
                .tokens()
                .map(|tokens| (tokens.cache_write_5m, tokens.cache_write_1h)),
            Some((30, 70))
        );
        let stale = Counts {
            cache_write_5m: Some(0),
            cache_write_1h: Some(0),
            ..counts
        };
        assert_eq!(stale.tokens().map(|tokens| tokens.cache_write_5m), Some(100));
    }

    #[test]
    fn later_counts_replace_and_silence_keeps() {
        let mut counts = Counts {
            input: Some(10),
            output: Some(1),
            ..Counts::default()
        };
        counts.update(&Counts {
            output: Some(7),
            ..Counts::default()
        });
        counts.update(&Counts {
            output: Some(9),
            ..Counts::default()
        });
        assert_eq!(
            counts.tokens(),
            Some(Tokens {
                input: 10,
                output: 9,
                ..Tokens::default()
            })
        );
        assert_eq!(Counts::default().tokens(), None);
    }

    #[test]
    fn estimate_rounds_up() {
        assert_eq!([0, 1, 4, 5].map(estimate), [0, 1, 1, 2]);
        assert_eq!(estimate(u64::MAX), u64::MAX / 4 + 1);
    }
}
