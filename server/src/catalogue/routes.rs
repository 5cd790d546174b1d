//! Routes as they are stored with a model, and which providers they lead to.

use std::collections::HashMap;

use types::catalogue::ModelRoute;

use crate::{
    config,
    db::models,
    error::{Error, Result},
};

/// How many models have a route to each provider, by its name.
#[derive(Default)]
pub(super) struct Uses(HashMap<String, u64>);

impl Uses {
    pub fn of(models: &[models::Row]) -> Self {
        let mut uses = HashMap::new();
        for model in models {
            let mut named: Vec<String> = read(model).into_iter().map(|route| route.provider).collect();
            named.sort_unstable();
            named.dedup();
            for name in named {
                *uses.entry(name).or_default() += 1;
            }
        }
        Uses(uses)
    }

    pub fn count(&self, provider: &str) -> u64 {
        self.0.get(provider).copied().unwrap_or(0)
    }
}

/// A model's routes; none when they cannot be read.
pub(super) fn read(model: &models::Row) -> Vec<ModelRoute> {
    let stored: Vec<config::Route> = serde_json::from_str(&model.routes).unwrap_or_default();
    let route = |route: config::Route| ModelRoute {
        provider: route.provider,
        model: route.model,
        weight: route.weight,
        priority: route.priority,
    };
    stored.into_iter().map(route).collect()
}

pub(super) fn written(routes: Vec<ModelRoute>) -> Result<String> {
    let route = |route: ModelRoute| config::Route {
        provider: route.provider,
        model: route.model,
        weight: route.weight,
        priority: route.priority,
    };
    let routes: Vec<config::Route> = routes.into_iter().map(route).collect();
    serde_json::to_string(&routes).map_err(Error::internal)
}
