//! Prices as people write and read them: dollars per million tokens, as decimals in strings.

use serde::{Deserialize, Serialize};

use crate::{
    Price, PriceId, Timestamp, UserId,
    error::{FieldErrors, Refusal},
    money::Prices,
    rules::Wrong,
};

/// `POST admin/models/{id}/prices`: US dollars per million tokens, such as `"3.00"`, with at most six decimals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewPrice {
    pub input: String,
    pub output: String,
    /// Absent = charged as plain input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<String>,
    /// Absent = charged as plain input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_5m: Option<String>,
    /// Absent = charged as plain input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<String>,
    /// Says that a price of zero for input and output is meant.
    #[serde(default)]
    pub free: bool,
}

impl NewPrice {
    /// The prices, read without a float.
    ///
    /// Errors: 422 naming each field that is no price; `input` when everything is zero and `free` does not say that it is meant.
    pub fn prices(&self) -> Result<Prices, Refusal> {
        let mut errors = FieldErrors::new();
        let prices = self.read("", &mut errors);
        Refusal::fields(errors)?;
        Ok(prices)
    }

    /// The same as part of a larger body, whose name for it stands before each field's.
    pub fn read(&self, prefix: &str, errors: &mut FieldErrors) -> Prices {
        let mut wrong = |field: &str, wrong: Wrong| {
            let codes = errors.entry([prefix, field].concat()).or_default();
            codes.push(wrong.code().to_owned());
        };
        let mut price = |field: &str, text: &str| match Price::parse(text.trim()) {
            Ok(price) => price,
            Err(_) if text.trim().is_empty() => {
                wrong(field, Wrong::Required);
                Price(0)
            }
            Err(_) => {
                wrong(field, Wrong::NotAPrice);
                Price(0)
            }
        };
        let prices = Prices {
            input: price("input", &self.input),
            output: price("output", &self.output),
            cache_read: self.cache_read.as_deref().map(|text| price("cache_read", text)),
            cache_write_5m: self.cache_write_5m.as_deref().map(|text| price("cache_write_5m", text)),
            cache_write_1h: self.cache_write_1h.as_deref().map(|text| price("cache_write_1h", text)),
        };
        let is_zero = prices.input.0 == 0 && prices.output.0 == 0;
        if errors.is_empty() && is_zero && !self.free {
            errors.insert([prefix, "input"].concat(), vec![Wrong::ZeroPrice.code().to_owned()]);
        }
        prices
    }
}

/// What a model costs: US dollars per million tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PerMillion {
    pub input: String,
    pub output: String,
    /// Null = charged as plain input.
    pub cache_read: Option<String>,
    /// Null = charged as plain input.
    pub cache_write_5m: Option<String>,
    /// Null = charged as plain input.
    pub cache_write_1h: Option<String>,
}

impl From<Prices> for PerMillion {
    fn from(prices: Prices) -> Self {
        let decimal = |price: Option<Price>| price.map(Price::to_decimal);
        PerMillion {
            input: prices.input.to_decimal(),
            output: prices.output.to_decimal(),
            cache_read: decimal(prices.cache_read),
            cache_write_5m: decimal(prices.cache_write_5m),
            cache_write_1h: decimal(prices.cache_write_1h),
        }
    }
}

/// One version of a model's price. Versions never change: calls are charged by the one that held when they were admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceVersion {
    pub id: PriceId,
    /// From 1; the highest holds.
    pub version: u32,
    /// Null where the price was withdrawn: calls are unpriced from there on.
    pub price: Option<PerMillion>,
    /// Who set it; null for the configuration file and the command line.
    pub author: Option<PriceAuthor>,
    pub created_at: Timestamp,
}

/// An administrator who set a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceAuthor {
    pub id: UserId,
    /// Their user name; null when they are gone.
    pub name: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn new(input: &str, output: &str) -> NewPrice {
        NewPrice {
            input: input.to_owned(),
            output: output.to_owned(),
            ..NewPrice::default()
        }
    }

    #[test]
    fn price_is_read_from_decimals_alone() {
        let prices = new("3.00", "15").prices().unwrap();
        assert_eq!((prices.input, prices.output), (Price(3_000_000), Price(15_000_000)));
        for bad in ["-1", "1e3", "1,5", "NaN", "0.0000001", "99999999999", "0x10"] {
            assert_eq!(
                new(bad, "1").prices().unwrap_err().errors["input"],
                ["not_a_price"],
                "{bad}"
            );
        }
        assert_eq!(new("1", " ").prices().unwrap_err().errors["output"], ["required"]);
        let cache = NewPrice {
            cache_read: Some("x".to_owned()),
            ..new("1", "1")
        };
        assert_eq!(cache.prices().unwrap_err().errors["cache_read"], ["not_a_price"]);
    }

    #[test]
    fn zero_is_a_price_only_when_it_is_meant() {
        assert_eq!(new("0", "0.00").prices().unwrap_err().errors["input"], ["zero_price"]);
        let free = NewPrice {
            free: true,
            ..new("0", "0")
        };
        assert_eq!(free.prices(), Ok(Prices::default()));
        assert!(new("0", "1").prices().is_ok());
    }

    #[test]
    fn price_is_not_a_number_in_json() {
        assert!(serde_json::from_str::<NewPrice>(r#"{"input":3.0,"output":"15"}"#).is_err());
    }
}
