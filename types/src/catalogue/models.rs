//! Models: the names that clients use, as administrators change them and as everybody sees them.

use serde::{Deserialize, Serialize};

use super::{Availability, ModelKind, NewPrice, Origin, PerMillion, catalogue_name, is_capability};
use crate::{
    ModelId, Timestamp,
    accounts::wrong,
    error::{FieldErrors, Refusal},
    rules::{self, Wrong},
    sent,
};

/// Routes of one model.
pub const MOST_ROUTES: usize = 32;
/// Capabilities of one model.
pub const MOST_CAPABILITIES: usize = 32;
/// Weights and priorities go up to here.
pub const WEIGHT_MOST: u32 = 10_000;
/// The largest window of tokens that is believed.
pub const TOKENS_MOST: u32 = 1_000_000_000;

/// Capabilities that pages offer; others can be written too.
pub const CAPABILITIES: [&str; 7] = [
    "tools",
    "vision",
    "audio",
    "documents",
    "reasoning",
    "json_schema",
    "prompt_caching",
];

/// One way to serve a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ModelRoute {
    /// A provider's name.
    pub provider: String,
    /// The model's name there.
    pub model: String,
    /// Its share among routes of the same priority, 1 to 10,000.
    #[serde(default = "one")]
    pub weight: u32,
    /// Lower ones are tried first, 0 to 10,000.
    #[serde(default)]
    pub priority: u32,
}

const fn one() -> u32 {
    1
}

/// A model as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Model {
    pub id: ModelId,
    /// What clients call it; it never changes.
    pub name: String,
    pub display_name: Option<String>,
    pub kind: ModelKind,
    pub context_length: Option<u32>,
    pub max_output_tokens: Option<u32>,
    pub capabilities: Vec<String>,
    pub routes: Vec<ModelRoute>,
    /// The version that holds; null = unpriced, which every call with it says.
    pub price: Option<PerMillion>,
    /// The configuration file wrote it or the LiteLLM proxy listed it (`origin` says which), and that alone changes it.
    pub managed: bool,
    pub origin: Origin,
    /// Who serves it behind the proxy that listed it; a label.
    pub vendor: Option<String>,
    pub is_enabled: bool,
    /// Whether a call would find a provider that is enabled.
    pub is_served: bool,
    /// Whether it can be served now, as far as its routes' last calls to this node tell.
    pub availability: Availability,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// `POST admin/models`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewModel {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(default)]
    pub kind: ModelKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_length: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u32>,
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// At least one.
    pub routes: Vec<ModelRoute>,
    /// Absent = unpriced until one is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<NewPrice>,
    #[serde(default = "yes")]
    pub is_enabled: bool,
}

const fn yes() -> bool {
    true
}

/// `PATCH admin/models/{id}`. A field that is absent stays as it is; lists are replaced whole.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ModelChange {
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub display_name: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ModelKind>,
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub context_length: Option<Option<u32>>,
    #[serde(default, deserialize_with = "sent", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub max_output_tokens: Option<Option<u32>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes: Option<Vec<ModelRoute>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_enabled: Option<bool>,
}

impl NewModel {
    /// Everything the rules can say without the database; whether the providers exist is the server's to say.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut errors = FieldErrors::new();
        wrong(&mut errors, "name", catalogue_name(&self.name));
        wrong(&mut errors, "display_name", display_name(self.display_name.as_deref()));
        wrong(&mut errors, "context_length", tokens(self.context_length));
        wrong(&mut errors, "max_output_tokens", tokens(self.max_output_tokens));
        wrong(&mut errors, "capabilities", capabilities(&self.capabilities));
        routes(&mut errors, &self.routes);
        if let Some(price) = &self.price {
            let mut wrong_prices = FieldErrors::new();
            price.read("price.", &mut wrong_prices);
            errors.extend(wrong_prices);
        }
        Refusal::fields(errors)
    }
}

impl ModelChange {
    /// As [`NewModel::check`].
    pub fn check(&self) -> Result<(), Refusal> {
        let mut errors = FieldErrors::new();
        let name = self.display_name.as_ref().and_then(Option::as_deref);
        wrong(&mut errors, "display_name", display_name(name));
        wrong(&mut errors, "context_length", tokens(self.context_length.flatten()));
        wrong(
            &mut errors,
            "max_output_tokens",
            tokens(self.max_output_tokens.flatten()),
        );
        let listed = self.capabilities.as_deref().unwrap_or_default();
        wrong(&mut errors, "capabilities", capabilities(listed));
        if let Some(listed) = &self.routes {
            routes(&mut errors, listed);
        }
        Refusal::fields(errors)
    }
}

fn display_name(text: Option<&str>) -> Result<(), Wrong> {
    text.map_or(Ok(()), |text| rules::name(text, rules::NAME_MOST))
}

fn tokens(count: Option<u32>) -> Result<(), Wrong> {
    let fits = count.is_none_or(|count| (1..=TOKENS_MOST).contains(&count));
    fits.then_some(()).ok_or(Wrong::OutOfRange)
}

fn capabilities(listed: &[String]) -> Result<(), Wrong> {
    if listed.len() > MOST_CAPABILITIES {
        return Err(Wrong::TooLong);
    }
    let known = listed.iter().all(|word| is_capability(word));
    known.then_some(()).ok_or(Wrong::UnknownValue)
}

/// Mistakes are named by the route's place: `routes[0].model`.
fn routes(errors: &mut FieldErrors, listed: &[ModelRoute]) {
    if listed.is_empty() {
        return wrong(errors, "routes", Err(Wrong::Required));
    }
    if listed.len() > MOST_ROUTES {
        return wrong(errors, "routes", Err(Wrong::TooLong));
    }
    for (index, route) in listed.iter().enumerate() {
        let field = |name: &str| format!("routes[{index}].{name}");
        wrong(errors, &field("provider"), catalogue_name(&route.provider));
        wrong(errors, &field("model"), catalogue_name(&route.model));
        let within = |fits: bool| fits.then_some(()).ok_or(Wrong::OutOfRange);
        wrong(
            errors,
            &field("weight"),
            within((1..=WEIGHT_MOST).contains(&route.weight)),
        );
        wrong(errors, &field("priority"), within(route.priority <= WEIGHT_MOST));
        let is_same = |other: &ModelRoute| other.provider == route.provider && other.model == route.model;
        if listed[..index].iter().any(is_same) {
            wrong(errors, &field("model"), Err(Wrong::Repeated));
        }
    }
}

/// A model as whoever may use it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OfferedModel {
    pub id: ModelId,
    /// What `model` says in a call.
    pub name: String,
    pub display_name: String,
    pub kind: ModelKind,
    /// Names of who serves it, the first choice first.
    pub providers: Vec<String>,
    pub context_length: Option<u32>,
    pub max_output_tokens: Option<u32>,
    pub capabilities: Vec<String>,
    /// US dollars per million tokens; null = unpriced.
    pub price: Option<PerMillion>,
    pub availability: Availability,
    /// The stand-in for an empty catalogue: it answers from memory.
    pub is_demo: bool,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn route(provider: &str, model: &str) -> ModelRoute {
        ModelRoute {
            provider: provider.to_owned(),
            model: model.to_owned(),
            weight: 1,
            priority: 0,
        }
    }

    fn wrong_fields(routes: Vec<ModelRoute>) -> Vec<(String, Vec<String>)> {
        let new = NewModel {
            name: "m".to_owned(),
            routes,
            ..NewModel::default()
        };
        match new.check() {
            Ok(()) => Vec::new(),
            Err(refusal) => refusal.errors.into_iter().collect(),
        }
    }

    #[test]
    fn mistakes_in_routes_are_named_by_their_place() {
        let said = |field: &str, code: &str| vec![(field.to_owned(), vec![code.to_owned()])];
        assert_eq!(wrong_fields(vec![route("p", "m")]), []);
        assert_eq!(wrong_fields(Vec::new()), said("routes", "required"));
        let zero = ModelRoute {
            weight: 0,
            ..route("p", "m")
        };
        assert_eq!(
            wrong_fields(vec![route("p", "a"), zero]),
            said("routes[1].weight", "out_of_range")
        );
        assert_eq!(
            wrong_fields(vec![route("p", "m"), route("p", "m")]),
            said("routes[1].model", "repeated")
        );
        assert_eq!(wrong_fields(vec![route("p", "")]), said("routes[0].model", "required"));
        assert_eq!(wrong_fields(vec![route("p", "m"); 33]), said("routes", "too_long"));
    }

    #[test]
    fn capabilities_are_plain_words() {
        assert_eq!(capabilities(&CAPABILITIES.map(str::to_owned)), Ok(()));
        for bad in ["", "Vision", "to ols", "<b>"] {
            assert_eq!(capabilities(&[bad.to_owned()]), Err(Wrong::UnknownValue), "{bad}");
        }
        assert_eq!(capabilities(&vec!["x".to_owned(); 33]), Err(Wrong::TooLong));
    }

    #[test]
    fn null_is_told_from_nothing() {
        let change: ModelChange = serde_json::from_str(r#"{"context_length":null}"#).unwrap();
        assert_eq!((change.context_length, change.max_output_tokens), (Some(None), None));
    }
}
