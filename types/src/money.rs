//! Money as integers: nano-dollars for cost, micro-dollars per million tokens for prices. No float ever touches it.

use serde::{Deserialize, Serialize};

use crate::Tokens;

/// Nano-dollars (10⁻⁹ USD). `i64` holds ±9.2 billion dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Nanos(pub i64);

/// Micro-dollars (10⁻⁶ USD) per million tokens: `3.00` USD per million is `Price(3_000_000)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Price(pub i64);

/// What a model costs, by class of token. An absent class is charged as plain input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Prices {
    pub input: Price,
    pub output: Price,
    pub cache_read: Option<Price>,
    pub cache_write_5m: Option<Price>,
    pub cache_write_1h: Option<Price>,
}

/// A decimal that is not a price: not digits with at most six decimals, or larger than ten million dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a price: write US dollars per million tokens as digits with at most six decimals, such as 3.00")]
pub struct NotAPrice;

const LARGEST_PRICE: i64 = 10_000_000 * 1_000_000;

impl Price {
    /// Reads dollars per million tokens written as a plain decimal (`"3"`, `"0.30"`); never through a float.
    pub fn parse(text: &str) -> Result<Self, NotAPrice> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 8 || fraction.len() > 6 || !digits(whole) || !digits(fraction) {
            return Err(NotAPrice);
        }
        if text.ends_with('.') {
            return Err(NotAPrice);
        }
        let whole: i64 = whole.parse().map_err(|_| NotAPrice)?;
        let fraction: i64 = format!("{fraction:0<6}").parse().map_err(|_| NotAPrice)?;
        let micros = whole * 1_000_000 + fraction;
        if micros > LARGEST_PRICE {
            Err(NotAPrice)
        } else {
            Ok(Price(micros))
        }
    }

    /// Dollars per million tokens, at least two decimals: `3.00`, `0.075`.
    pub fn to_decimal(self) -> String {
        decimal(i128::from(self.0), 6, 2)
    }
}

impl Prices {
    /// The cost of `tokens`, rounded half up once. Saturates instead of wrapping.
    pub fn cost(&self, tokens: &Tokens) -> Nanos {
        let class = |count: u64, price: Option<Price>| {
            i128::from(count).saturating_mul(i128::from(price.unwrap_or(self.input).0))
        };
        // tokens × µ$ per 10⁶ tokens = 10⁻¹² $, and 1,000 of those are a nano-dollar.
        let pico = class(tokens.input, Some(self.input))
            .saturating_add(class(tokens.cache_read, self.cache_read))
            .saturating_add(class(tokens.cache_write_5m, self.cache_write_5m))
            .saturating_add(class(tokens.cache_write_1h, self.cache_write_1h))
            .saturating_add(class(tokens.output, Some(self.output)));
        let nanos = pico.saturating_add(500).div_euclid(1000);
        Nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
    }
}

impl Nanos {
    /// Dollars as a decimal string with at least two decimals and no trailing zeros beyond: `0.000612`, `12.50`.
    pub fn to_decimal(self) -> String {
        decimal(i128::from(self.0), 9, 2)
    }

    pub fn saturating_add(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_add(other.0))
    }

    pub fn saturating_sub(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_sub(other.0))
    }
}

fn decimal(value: i128, scale: usize, least: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let kept = fraction.trim_end_matches('0').len().max(least);
    format!("{sign}{whole}.{}", &fraction[..kept])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn prices(input: i64, output: i64) -> Prices {
        Prices {
            input: Price(input),
            output: Price(output),
            ..Prices::default()
        }
    }

    #[test]
    fn price_is_read_without_a_float() {
        assert_eq!(Price::parse("3.00"), Ok(Price(3_000_000)));
        assert_eq!(Price::parse("0.075"), Ok(Price(75_000)));
        for bad in [
            "",
            "-1",
            "1e3",
            ".5",
            "5.",
            "1.0000001",
            "NaN",
            "99999999999",
            " 1",
            "1,5",
        ] {
            assert_eq!(Price::parse(bad), Err(NotAPrice), "{bad}");
        }
    }

    #[test]
    fn cost_is_rounded_once_half_up() {
        // 1 token at 0.0005 $ per million = 0.5 nano-dollars.
        assert_eq!(
            prices(500, 0).cost(&Tokens {
                input: 1,
                ..Tokens::default()
            }),
            Nanos(1)
        );
        // Two halves in different classes make one, not two.
        assert_eq!(
            prices(500, 500).cost(&Tokens {
                input: 1,
                output: 1,
                ..Tokens::default()
            }),
            Nanos(1)
        );
        let sonnet = prices(3_000_000, 15_000_000);
        assert_eq!(
            sonnet.cost(&Tokens {
                input: 1000,
                output: 10,
                ..Tokens::default()
            }),
            Nanos(3_150_000)
        );
    }

    #[test]
    fn money_is_shown_without_losing_a_digit() {
        assert_eq!(Nanos(3_150_000).to_decimal(), "0.00315");
        assert_eq!(Nanos(12_500_000_000).to_decimal(), "12.50");
        assert_eq!(Nanos(0).to_decimal(), "0.00");
        assert_eq!(Nanos(-1).to_decimal(), "-0.000000001");
    }

    proptest! {
        #[test]
        fn price_reads_back_what_it_shows(micros in 0..LARGEST_PRICE) {
            prop_assert_eq!(Price::parse(&Price(micros).to_decimal()).unwrap(), Price(micros));
        }

        #[test]
        fn cost_never_wraps(input in any::<u64>(), output in any::<u64>(), price in 0..LARGEST_PRICE) {
            let cost = prices(price, price).cost(&Tokens { input, output, ..Tokens::default() });
            prop_assert!(cost.0 >= 0);
        }
    }
}
