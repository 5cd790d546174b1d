//! LiteLLM's costs, dollars for one token, as prices, micro-dollars for a million. Read digit by digit from the JSON text: a float never
//! stands between.

use types::Price;

/// A price, and whether the cost was finer than it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    pub price: Price,
    /// Rounded half up to micro-dollars per million.
    pub rounded: bool,
}

/// From dollars a token to micro-dollars a million tokens: six places and six more.
const SCALE: i32 = 12;
/// No cost that means something needs more characters.
const LONGEST: usize = 80;

/// Reads a JSON number, or a string with one, of dollars per token. `None` for what is negative, no number, or more than a price can be.
pub(super) fn read(json: &str) -> Option<Cost> {
    let text = json.trim();
    let text = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text)
        .trim();
    if text.len() > LONGEST {
        return None;
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let places = i32::try_from(fraction.len()).ok()?;
    let shift = exponent.checked_sub(places)?.checked_add(SCALE)?;
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return cost(0, false);
    }
    let length = i32::try_from(significant.len()).ok()?;
    // Digits that stand before the point, after the move by `shift`.
    let kept = length.checked_add(shift)?;
    if kept > 18 {
        return None;
    }
    let Ok(kept) = usize::try_from(kept) else {
        // Not even the first place after the point: less than a twentieth.
        return cost(0, true);
    };
    if kept >= significant.len() {
        let whole: i64 = format!("{significant:0<kept$}").parse().ok()?;
        return cost(whole, false);
    }
    let (whole, rest) = significant.split_at(kept);
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let up = rest.as_bytes().first().is_some_and(|digit| *digit >= b'5');
    cost(whole + i64::from(up), rest.bytes().any(|digit| digit != b'0'))
}

/// With the bounds that prices have.
fn cost(micros: i64, rounded: bool) -> Option<Cost> {
    let price = Price::parse(&Price(micros).to_decimal()).ok()?;
    Some(Cost { price, rounded })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn exact(json: &str) -> i64 {
        let cost = read(json).unwrap();
        assert!(!cost.rounded, "{json}");
        cost.price.0
    }

    #[test]
    fn every_spelling_of_a_cost_is_one_price() {
        for json in [
            "1.5e-07",
            "1.5E-7",
            "15e-8",
            "0.00000015",
            "0.000000150000",
            "\"1.5e-07\"",
            "\"0.00000015\"",
            "\" .00000015 \"",
        ] {
            assert_eq!(exact(json), 150_000, "{json}");
        }
        assert_eq!(exact("3e-06"), 3_000_000);
        assert_eq!(exact("0.0"), 0);
        assert_eq!(exact("0"), 0);
        assert_eq!(exact("0e99"), 0);
        assert_eq!(exact("1e-12"), 1);
        // Ten million dollars a million tokens is the most a price can be.
        assert_eq!(exact("10"), 10_000_000_000_000);
    }

    #[test]
    fn finer_costs_are_rounded_half_up_and_say_so() {
        for (json, micros) in [
            ("1.23456789012345e-07", 123_457),
            ("1.5000000000000002e-07", 150_000),
            ("5e-13", 1),
            ("4.9e-13", 0),
            ("4e-14", 0),
            ("1e-300", 0),
            ("2.5e-12", 3),
        ] {
            let cost = read(json).unwrap();
            assert_eq!((cost.price.0, cost.rounded), (micros, true), "{json}");
        }
    }

    #[test]
    fn what_is_no_cost_is_none() {
        for json in [
            "null",
            "true",
            "\"\"",
            "\"free\"",
            "-1e-06",
            "-0.0",
            "\"1,5\"",
            "NaN",
            "Infinity",
            "[]",
            "{}",
            "1e",
            "e-7",
            "1e99",
            "10.000001",
            "1e-99999999999",
            "--1",
            "1.2.3",
            "0x10",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
        assert_eq!(read(&"1".repeat(100)), None);
    }

    proptest! {
        #[test]
        fn price_written_as_cost_per_token_reads_back(micros in 0i64..10_000_000_000_000) {
            // As a decimal, and with an exponent.
            prop_assert_eq!(exact(&format!("{micros}e-12")), micros);
            let decimal = format!("{micros:0>13}");
            let (whole, fraction) = decimal.split_at(decimal.len() - 12);
            prop_assert_eq!(exact(&format!("{whole}.{fraction}")), micros);
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,90}") {
            let _ = read(&text);
        }
    }
}
