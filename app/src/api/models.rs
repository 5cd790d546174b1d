//! The models the reader may call.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::catalogue::{Availability, ModelKind};

use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{format::Format, request::Request};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedView {
    pub name: String,
    /// Absent when it is called by its name.
    pub display_name: Option<String>,
    pub kind: ModelKind,
    pub providers: String,
    pub context: Option<String>,
    pub output: Option<String>,
    pub capabilities: Vec<String>,
    /// Input, output and cached input in dollars per million tokens; absent = unpriced.
    pub price: Option<[String; 3]>,
    pub is_free: bool,
    pub availability: Availability,
    pub is_demo: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedPage {
    pub models: Vec<OfferedView>,
    pub next: Option<String>,
}

/// A list of models that something may use, to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// Empty = all.
    pub models: Vec<String>,
    /// What can be chosen: models that are offered, and those on the list that are not any more.
    pub choice: Vec<String>,
}

#[cfg(feature = "ssr")]
impl Allowed {
    pub fn of(request: &Request, models: Vec<String>) -> Self {
        let mut choice = super::keys::models(request);
        let gone = models.iter().filter(|model| !choice.contains(model));
        let gone: Vec<String> = gone.cloned().collect();
        choice.extend(gone);
        Allowed { models, choice }
    }
}

#[server(endpoint = "models")]
pub async fn read_offered(#[server(default)] after: String) -> Result<OfferedPage, ApiError> {
    let request = Request::current()?;
    let user = request.user().await?;
    let after = Some(after.as_str()).filter(|after| !after.is_empty());
    let page = server::catalogue::offered::page(&request.state, &user, 100, after);
    let page = page.map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &user);
    let shown = |model: types::catalogue::OfferedModel| OfferedView {
        display_name: (model.display_name != model.name).then_some(model.display_name),
        name: model.name,
        kind: model.kind,
        providers: model.providers.join(", "),
        context: model.context_length.map(|length| format.numbers.count(length.into())),
        output: model
            .max_output_tokens
            .map(|tokens| format.numbers.count(tokens.into())),
        capabilities: model.capabilities,
        is_free: model
            .price
            .as_ref()
            .is_some_and(|price| price.input == "0.00" && price.output == "0.00"),
        price: model.price.map(|price| {
            let cached = price.cache_read.unwrap_or_else(|| price.input.clone());
            [price.input, price.output, cached]
        }),
        availability: model.availability,
        is_demo: model.is_demo,
    };
    Ok(OfferedPage {
        models: page.data.into_iter().map(shown).collect(),
        next: page.next_cursor,
    })
}
