//! The answer of LiteLLM's `/model/info`, read into what the catalogue can offer.
//!
//! Source: `model_info_v1` in litellm/proxy/proxy_server.py and `ModelInfoBase` in litellm/types/utils.py (1.106). LiteLLM lists deployments;
//! several of one name are one model here, described so that it holds for each of them.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::value::RawValue;
use types::{
    Price,
    litellm::{SkipReason, Skipped},
    money::Prices,
};

use super::cost::{self, Cost};

/// What LiteLLM offers, sorted by name, each name once.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub offers: Vec<Offer>,
    pub skipped: Vec<Skipped>,
}

/// A model as LiteLLM describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub name: String,
    /// Who serves it behind LiteLLM; a label.
    pub vendor: Option<String>,
    pub is_embedding: bool,
    pub context_length: Option<u32>,
    pub max_output_tokens: Option<u32>,
    /// Sorted.
    pub capabilities: Vec<&'static str>,
    pub prices: Option<Prices>,
    /// A cost was finer than a price can be.
    pub is_rounded: bool,
    /// It has costs that depend on the size of a call, which a price here does not.
    pub is_tiered: bool,
    /// Its deployments are described differently; the dearest and least of each holds.
    pub differs: bool,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    model_name: String,
    #[serde(borrow, default)]
    litellm_params: Fields<'a>,
    #[serde(borrow, default)]
    model_info: Fields<'a>,
}

/// Fields as raw JSON, so that numbers keep their digits.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Fields<'a>(#[serde(borrow)] HashMap<std::borrow::Cow<'a, str>, &'a RawValue>);

/// LiteLLM's name of a capability, and ours, by which they are sorted.
const CAPABILITIES: [(&str, &str); 9] = [
    ("supports_audio_input", "audio"),
    ("supports_audio_output", "audio_output"),
    ("supports_pdf_input", "documents"),
    ("supports_response_schema", "json_schema"),
    ("supports_prompt_caching", "prompt_caching"),
    ("supports_reasoning", "reasoning"),
    ("supports_function_calling", "tools"),
    ("supports_vision", "vision"),
    ("supports_web_search", "web_search"),
];

/// `None` when the answer is not one of `/model/info`.
pub(super) fn read(text: &str) -> Option<Listed> {
    let answer: Answer<'_> = serde_json::from_str(text).ok()?;
    let mut listed = Listed::default();
    let mut offers: BTreeMap<String, Offer> = BTreeMap::new();
    for entry in answer.data {
        let skip = |name: &str, reason| Skipped {
            name: name.to_owned(),
            reason,
        };
        let Ok(entry) = serde_json::from_str::<Entry<'_>>(entry.get()) else {
            listed.skipped.push(skip("", SkipReason::Unreadable));
            continue;
        };
        match offer(&entry) {
            Ok(offer) => match offers.entry(offer.name.clone()) {
                std::collections::btree_map::Entry::Vacant(place) => {
                    place.insert(offer);
                }
                std::collections::btree_map::Entry::Occupied(mut place) => place.get_mut().join(offer),
            },
            // What is too long to be a name is too long for a report.
            Err(SkipReason::Name) => {
                let shown: String = entry.model_name.chars().filter(|c| !c.is_control()).take(60).collect();
                listed.skipped.push(skip(&shown, SkipReason::Name));
            }
            Err(reason) => listed.skipped.push(skip(&entry.model_name, reason)),
        }
    }
    listed.offers = offers.into_values().collect();
    listed.skipped.sort_by(|left, right| left.name.cmp(&right.name));
    listed.skipped.dedup();
    Some(listed)
}

fn offer(entry: &Entry<'_>) -> Result<Offer, SkipReason> {
    let name = entry.model_name.as_str();
    if !(1..=200).contains(&name.len()) || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SkipReason::Name);
    }
    if name.contains('*') {
        return Err(SkipReason::Wildcard);
    }
    let (info, params) = (&entry.model_info, &entry.litellm_params);
    let is_embedding = match info.text("mode").as_deref() {
        // Those of older kinds answer chats too, by LiteLLM's translation.
        None | Some("chat" | "completion" | "responses") => false,
        Some("embedding") => true,
        Some(_) => return Err(SkipReason::Mode),
    };
    let priced = Priced::of(info, is_embedding);
    Ok(Offer {
        name: name.to_owned(),
        vendor: vendor(info, params),
        is_embedding,
        context_length: info.count("max_input_tokens").or_else(|| info.count("max_tokens")),
        max_output_tokens: info.count("max_output_tokens"),
        capabilities: CAPABILITIES
            .iter()
            .filter(|(theirs, _)| info.is_true(theirs))
            .map(|(_, ours)| *ours)
            .collect(),
        prices: priced.prices,
        is_rounded: priced.is_rounded,
        is_tiered: priced.is_tiered,
        differs: false,
    })
}

/// The label of who serves it.
fn vendor(info: &Fields<'_>, params: &Fields<'_>) -> Option<String> {
    let of_model = || {
        let model = params.text("model")?;
        model.split_once('/').map(|(prefix, _)| prefix.to_owned())
    };
    let fits = |label: &String| (1..=60).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_graphic());
    params
        .text("custom_llm_provider")
        .or_else(|| info.text("litellm_provider"))
        .or_else(of_model)
        .filter(fits)
}

/// What a deployment costs.
struct Priced {
    prices: Option<Prices>,
    is_rounded: bool,
    is_tiered: bool,
}

impl Priced {
    /// Without a cost of input and output there is no price: an unknown one is never 0.
    fn of(info: &Fields<'_>, is_embedding: bool) -> Self {
        let cost = |name: &str| info.0.get(name).and_then(|raw| cost::read(raw.get()));
        let input = cost("input_cost_per_token");
        let nothing = Cost {
            price: Price(0),
            rounded: false,
        };
        // Embeddings have no output that could cost.
        let output = cost("output_cost_per_token").or(is_embedding.then_some(nothing));
        let more = [
            cost("cache_read_input_token_cost"),
            cost("cache_creation_input_token_cost"),
            cost("cache_creation_input_token_cost_above_1hr"),
        ];
        let (Some(input), Some(output)) = (input, output) else {
            return Priced {
                prices: None,
                is_rounded: false,
                is_tiered: false,
            };
        };
        let [cache_read, cache_write_5m, cache_write_1h] = more.map(|cost| cost.map(|cost| cost.price));
        let tier = |name: &str| name.contains("_above_") && name.contains("cost") && name.ends_with("_tokens");
        Priced {
            prices: Some(Prices {
                input: input.price,
                output: output.price,
                cache_read,
                cache_write_5m,
                cache_write_1h,
            }),
            is_rounded: [Some(input), Some(output)]
                .iter()
                .chain(&more)
                .flatten()
                .any(|cost| cost.rounded),
            is_tiered: info
                .0
                .iter()
                .any(|(name, raw)| tier(name) && cost::read(raw.get()).is_some()),
        }
    }
}

impl Offer {
    /// Takes another deployment of the name in. What is said afterwards holds for both: the least of what they can do, the most of what they cost.
    fn join(&mut self, other: Offer) {
        let differs = self.is_embedding != other.is_embedding
            || self.context_length != other.context_length
            || self.max_output_tokens != other.max_output_tokens
            || self.capabilities != other.capabilities
            || self.prices != other.prices;
        self.differs |= differs || other.differs;
        self.is_rounded |= other.is_rounded;
        self.is_tiered |= other.is_tiered;
        if self.vendor != other.vendor {
            // Two labels are none.
            self.vendor = None;
        }
        self.context_length = least(self.context_length, other.context_length);
        self.max_output_tokens = least(self.max_output_tokens, other.max_output_tokens);
        self.capabilities
            .retain(|capability| other.capabilities.contains(capability));
        self.prices = match (self.prices, other.prices) {
            (Some(left), Some(right)) => Some(dearest(&left, &right)),
            (left, right) => left.or(right),
        };
    }
}

fn least(left: Option<u32>, right: Option<u32>) -> Option<u32> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}

/// An absent class costs as much as plain input.
fn dearest(left: &Prices, right: &Prices) -> Prices {
    let class = |of: fn(&Prices) -> Option<Price>| match (of(left), of(right)) {
        (None, None) => None,
        (one, other) => Some(one.unwrap_or(left.input).max(other.unwrap_or(right.input))),
    };
    Prices {
        input: left.input.max(right.input),
        output: left.output.max(right.output),
        cache_read: class(|prices| prices.cache_read),
        cache_write_5m: class(|prices| prices.cache_write_5m),
        cache_write_1h: class(|prices| prices.cache_write_1h),
    }
}

impl Fields<'_> {
    fn text(&self, name: &str) -> Option<String> {
        let text: String = serde_json::from_str(self.0.get(name)?.get()).ok()?;
        (!text.is_empty()).then_some(text)
    }

    fn is_true(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|raw| raw.get() == "true")
    }

    /// A positive whole number, as a number or as text: operators write both.
    fn count(&self, name: &str) -> Option<u32> {
        let raw = self.0.get(name)?.get();
        let text = raw.trim_matches('"').trim();
        let whole = text.strip_suffix(".0").unwrap_or(text);
        // `models.context_length` is a signed column.
        whole.parse().ok().filter(|count| (1..=2_147_483_647).contains(count))
    }
}

#[cfg(test)]
mod tests;
