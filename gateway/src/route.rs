//! Model → provider, upstream name, credential. Today one route is chosen by weight among those that speak the caller's dialect.

use llm::Dialect;
use server::directory::{ModelEntry, Route};
use types::error::Code;

use crate::Error;

/// The route this call takes. `dice` is any evenly spread number; the same number takes the same route.
///
/// Errors: 400 when the model's providers all speak another dialect.
pub fn choose(model: &ModelEntry, dialect: Dialect, dice: u64) -> Result<&Route, Error> {
    let speaks = |route: &&Route| route.provider.speaks(dialect);
    let total: u64 = model
        .routes
        .iter()
        .filter(speaks)
        .map(|route| u64::from(route.weight))
        .sum();
    let mut point = if total == 0 { 0 } else { dice % total };
    for route in model.routes.iter().filter(speaks) {
        let weight = u64::from(route.weight);
        if point < weight || total == 0 {
            return Ok(route);
        }
        point -= weight;
    }
    let other = match dialect {
        Dialect::Anthropic => "the OpenAI dialect. Call POST /v1/chat/completions",
        Dialect::Openai => "the Anthropic dialect. Call POST /v1/messages",
        Dialect::Responses | Dialect::Embeddings => {
            "another dialect. Call POST /v1/messages or POST /v1/chat/completions"
        }
    };
    Err(Error::refused(
        Code::BadRequest,
        format!(
            "The model {:?} is served by an upstream that speaks {other} for it.",
            model.name
        ),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use server::directory::ProviderEntry;

    use super::*;

    fn model(weights: &[u32]) -> ModelEntry {
        let provider = Arc::new(ProviderEntry::demo());
        let routes = weights
            .iter()
            .map(|weight| Route {
                provider: provider.clone(),
                upstream_model: weight.to_string(),
                weight: *weight,
                priority: 0,
            })
            .collect();
        ModelEntry {
            routes,
            ..ModelEntry::demo()
        }
    }

    #[test]
    fn routes_are_taken_by_weight() {
        let model = model(&[1, 3]);
        let taken: Vec<u32> = (0..8)
            .map(|dice| choose(&model, Dialect::Openai, dice).unwrap().weight)
            .collect();
        assert_eq!(taken, [1, 3, 3, 3, 1, 3, 3, 3]);
    }

    #[test]
    fn route_of_weight_zero_is_taken_only_when_all_are_zero() {
        assert_eq!(choose(&model(&[0, 2]), Dialect::Openai, 0).unwrap().weight, 2);
        assert_eq!(choose(&model(&[0]), Dialect::Openai, 5).unwrap().weight, 0);
    }

    #[test]
    fn model_without_a_route_in_the_dialect_is_refused() {
        assert_eq!(choose(&model(&[]), Dialect::Openai, 0).err().unwrap().status(), 400);
    }
}
