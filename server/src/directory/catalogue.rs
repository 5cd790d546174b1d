//! The callable catalogue: models with their routes, opened credentials and current prices. Small, so it is always built whole.

use std::{collections::HashMap, sync::Arc};

use types::{ModelId, PriceId, ProviderId, Timestamp, catalogue::ModelKind, provider::Shape};

use super::{Directory, Maps, ModelEntry, ProviderEntry, ProviderKind, Route, entries::Endpoints};
use crate::{
    catalogue::guard,
    config,
    crypto::{MasterKey, Secret},
    db::{models, prices, providers},
    error::{Error, Result},
};

/// Models that can be called, sorted by name.
pub(super) struct Catalogue {
    models: Vec<Arc<ModelEntry>>,
    is_demo: bool,
}

impl Directory {
    pub(super) async fn load_catalogue(&self) -> Result<Catalogue> {
        let db = &self.0.db;
        let mut ways: HashMap<String, Arc<ProviderEntry>> = HashMap::new();
        for row in providers::all(db).await?.into_iter().filter(|row| row.is_enabled) {
            match provider(&row, &self.0.master) {
                Ok(entry) => {
                    ways.insert(row.name, Arc::new(entry));
                }
                // One damaged row takes its own routes away and nothing else.
                Err(error) => tracing::error!(provider = row.name, detail = %error, "a provider cannot be used"),
            }
        }
        self.0.deployments.forget_gone();
        let versions = prices::all(db).await?;
        let current: HashMap<_, _> = versions.into_iter().map(|row| (row.model_id, row)).collect();
        let mut found = Vec::new();
        for row in models::all(db).await?.into_iter().filter(|row| row.is_enabled) {
            let price = current
                .get(&row.id)
                .and_then(|version| Some((PriceId(version.id), version.prices()?)));
            let entry = ModelEntry {
                id: ModelId(row.id),
                created_at: Timestamp(row.created_at),
                display_name: row.display_name,
                // A kind from a newer version of Weirgate: answered where it can be.
                kind: ModelKind::parse(&row.kind).unwrap_or_default(),
                capabilities: serde_json::from_str(&row.capabilities)
                    .map_err(|error| Error::internal(format_args!("models.capabilities cannot be read: {error}")))?,
                context_length: row.context_length.and_then(|length| u32::try_from(length).ok()),
                max_output_tokens: row.max_output_tokens.and_then(|most| u32::try_from(most).ok()),
                price,
                routes: self.routes(&row.routes, &ways)?,
                name: row.name,
                is_demo: false,
            };
            if entry.routes.is_empty() {
                tracing::warn!(
                    model = entry.name,
                    "a model has no provider that can serve it and is not offered"
                );
            } else {
                found.push(Arc::new(entry));
            }
        }
        let is_demo = found.is_empty() && self.0.demo_allowed;
        if is_demo {
            found.push(Arc::new(ModelEntry::demo()));
        }
        found.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(Catalogue { models: found, is_demo })
    }

    fn routes(&self, text: &str, ways: &HashMap<String, Arc<ProviderEntry>>) -> Result<Vec<Route>> {
        let written: Vec<config::Route> = serde_json::from_str(text)
            .map_err(|error| Error::internal(format_args!("models.routes cannot be read: {error}")))?;
        let route = |written: config::Route| {
            let provider = Arc::clone(ways.get(&written.provider)?);
            Some(Route {
                deployment: self.0.deployments.of(provider.id, &provider.name, &written.model),
                provider,
                upstream_model: written.model,
                weight: written.weight,
                priority: written.priority,
                of_key: None,
            })
        };
        Ok(written.into_iter().filter_map(route).collect())
    }
}

impl Catalogue {
    pub(super) fn into_maps(self, maps: &mut Maps) {
        maps.models = self
            .models
            .iter()
            .map(|model| (model.name.clone(), Arc::clone(model)))
            .collect();
        maps.sorted = self.models;
        maps.is_demo = self.is_demo;
    }
}

fn provider(row: &providers::Row, master: &MasterKey) -> Result<ProviderEntry> {
    let shape = Shape::parse(&row.dialect)
        .ok_or_else(|| Error::internal(format_args!("the dialect {:?} is not known", row.dialect)))?;
    // A literal address meets no resolver when it is dialled, so it is judged here once more.
    let base_url = guard::base_url(&row.base_url, row.allow_private_network)
        .map_err(|refused| Error::internal(format_args!("its base_url {refused}")))?;
    let credential = match &row.credential {
        None => Secret::new(""),
        Some(sealed) => {
            let plain = master.open(sealed, row.id.as_bytes())?;
            Secret::new(String::from_utf8(plain).map_err(|_| Error::internal("a credential is not text"))?)
        }
    };
    Ok(ProviderEntry {
        id: ProviderId(row.id),
        name: row.name.clone(),
        kind: ProviderKind::Http {
            shape,
            credential,
            allow_private_network: row.allow_private_network,
            endpoints: Endpoints::of(&base_url, shape, row.responses),
            base_url,
        },
    })
}
