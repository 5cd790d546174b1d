//! Which language the reader gets, and the words for it.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    preferences::Preferences,
    text::{EN, RU, Text},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Locale {
    #[default]
    En,
    Ru,
}

impl Locale {
    pub const fn name(self) -> &'static str {
        match self {
            Locale::En => "en",
            Locale::Ru => "ru",
        }
    }

    /// Reads a language tag by its primary part: `ru-RU` is Russian.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        if primary.eq_ignore_ascii_case("en") {
            Some(Locale::En)
        } else if primary.eq_ignore_ascii_case("ru") {
            Some(Locale::Ru)
        } else {
            None
        }
    }

    /// The best known language of an `Accept-Language` header (RFC 9110 §12.5.4); a weight of 0 excludes.
    #[cfg(feature = "ssr")]
    pub fn accepted(header: &str) -> Option<Self> {
        let weighed = |range: &str| {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = match parameters.trim().strip_prefix("q=") {
                Some(weight) => weight.trim().parse::<f32>().unwrap_or(0.0),
                None => 1.0,
            };
            Locale::parse(tag).map(|locale| (weight, locale))
        };
        let mut best: Option<(f32, Locale)> = None;
        for (weight, locale) in header.split(',').filter_map(weighed) {
            if weight > best.map_or(0.0, |(most, _)| most) {
                best = Some((weight, locale));
            }
        }
        best.map(|(_, locale)| locale)
    }

    pub fn text(self) -> &'static Text {
        match self {
            Locale::En => &EN,
            Locale::Ru => &RU,
        }
    }
}

/// The words of this page's language. Islands have no context of the page around them and read it from the document.
pub fn use_text() -> &'static Text {
    use_context::<Preferences>()
        .unwrap_or_else(Preferences::current)
        .locale
        .text()
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn accept_language_goes_by_weight() {
        assert_eq!(Locale::accepted("ru-RU,ru;q=0.9,en;q=0.8"), Some(Locale::Ru));
        assert_eq!(Locale::accepted("de, en;q=0.5, ru;q=0.7"), Some(Locale::Ru));
        assert_eq!(Locale::accepted("ru;q=0, en;q=0.1"), Some(Locale::En));
        assert_eq!(Locale::accepted("de, fr"), None);
    }
}
