//! What a call costs: the price version pinned when it was admitted, applied once.

use types::{Nanos, Tokens, money::Prices};

/// The cost of `tokens`, and whether it is unknown because the model had no price. An unknown cost is counted as 0 and flagged, never hidden.
pub(crate) fn charge(prices: Option<&Prices>, tokens: &Tokens) -> (Nanos, bool) {
    match prices {
        Some(prices) => (prices.cost(tokens), false),
        None => (Nanos(0), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Price;

    #[test]
    fn model_without_a_price_is_flagged() {
        let tokens = Tokens {
            input: 1_000,
            ..Tokens::default()
        };
        assert_eq!(charge(None, &tokens), (Nanos(0), true));
        let prices = Prices {
            input: Price(3_000_000),
            ..Prices::default()
        };
        assert_eq!(charge(Some(&prices), &tokens), (Nanos(3_000_000), false));
    }
}
