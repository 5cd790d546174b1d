//! `[[providers]]` and `[[models]]`: what the file and the vendors' customary variables say about the catalogue, checked and resolved.

use serde::Deserialize;
use types::{
    Price,
    catalogue::{ModelKind, is_capability},
    money::Prices,
    provider::{PRESETS, Preset, Shape},
};
use url::Url;

use super::{
    ConfigError,
    env::Env,
    layers::{nearest, secret_file},
};
use crate::{catalogue::guard, crypto::Secret};

/// A provider as configured.
#[derive(Clone)]
pub struct Provider {
    pub id: String,
    pub dialect: Shape,
    /// An OpenAI-shaped one that serves Responses itself.
    pub responses: bool,
    /// Without a slash at its end.
    pub base_url: Url,
    /// Upstreams on the own machine often need none.
    pub credential: Option<Secret>,
    pub allow_private_network: bool,
}

/// A model as configured. Without a price its calls are unpriced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub id: String,
    pub display_name: Option<String>,
    pub kind: ModelKind,
    /// Sorted names.
    pub capabilities: Vec<String>,
    pub routes: Vec<Route>,
    pub context_length: Option<u32>,
    pub max_output_tokens: Option<u32>,
    pub price: Option<Prices>,
}

/// One way to serve a model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub provider: String,
    /// The model's name at the provider.
    pub model: String,
    #[serde(default = "one")]
    pub weight: u32,
    /// Lower is tried first; among equals the weight decides.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub priority: u32,
}

const fn one() -> u32 {
    1
}

/// Left out when written, so that routes from before there were priorities stay as they are.
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenProvider {
    id: String,
    dialect: Option<String>,
    base_url: Option<String>,
    api_key: Option<Secret>,
    api_key_env: Option<String>,
    api_key_file: Option<String>,
    #[serde(default)]
    allow_private_network: bool,
    responses: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenModel {
    id: String,
    display_name: Option<String>,
    #[serde(default)]
    kind: ModelKind,
    #[serde(default)]
    capabilities: Vec<String>,
    routes: Vec<Route>,
    context_length: Option<u32>,
    max_output_tokens: Option<u32>,
    price: Option<WrittenPrice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPrice {
    input: String,
    output: String,
    cache_read: Option<String>,
    cache_write_5m: Option<String>,
    cache_write_1h: Option<String>,
}

type Resolved<T> = Result<T, ConfigError>;

/// Providers and models in the order of the file; without any provider there, those whose key stands in the environment. `beside` comes from a
/// section of its own.
pub(super) fn resolve(
    providers: Vec<WrittenProvider>,
    models: Vec<WrittenModel>,
    beside: Option<Provider>,
    env: &Env,
) -> Resolved<(Vec<Provider>, Vec<Model>)> {
    let from_file = !providers.is_empty();
    let mut providers = if from_file {
        providers
            .into_iter()
            .map(|written| provider(written, env))
            .collect::<Resolved<_>>()?
    } else {
        presets(env)?
    };
    let mut models = models.into_iter().map(model).collect::<Resolved<Vec<_>>>()?;
    if !from_file && models.is_empty() {
        models = providers.iter().flat_map(usual_models).collect();
    }
    providers.extend(beside);
    unique("providers", providers.iter().map(|provider| provider.id.as_str()))?;
    unique("models", models.iter().map(|model| model.id.as_str()))?;
    for model in &models {
        for route in &model.routes {
            if !providers.iter().any(|provider| provider.id == route.provider) {
                let hint = nearest(&route.provider, providers.iter().map(|provider| provider.id.as_str()));
                return Err(ConfigError::new(
                    format!("models.{}", model.id),
                    format!(
                        "a route names the provider {}, which is not configured{hint}",
                        route.provider
                    ),
                ));
            }
        }
    }
    Ok((providers, models))
}

fn provider(written: WrittenProvider, env: &Env) -> Resolved<Provider> {
    let key = format!("providers.{}", written.id);
    let error = |message: String| ConfigError::new(&key, message);
    name(&key, &written.id)?;
    let preset = PRESETS.iter().find(|preset| preset.id == written.id);
    let dialect = match (written.dialect.as_deref(), preset) {
        (Some(text), _) => {
            Shape::parse(text).ok_or_else(|| error(format!("dialect {text} is not anthropic, openai or litellm")))?
        }
        (None, Some(preset)) => preset.dialect,
        (None, None) => return Err(error("needs dialect: anthropic, openai or litellm".into())),
    };
    let credential = match (written.api_key, written.api_key_env, written.api_key_file) {
        (Some(key), None, None) => Some(key),
        (None, Some(variable), None) => {
            let found = env.secret(&variable)?;
            let (value, _) = found.ok_or_else(|| error(format!("api_key_env names {variable}, which is not set")))?;
            Some(Secret::new(value))
        }
        (None, None, Some(path)) => Some(Secret::new(secret_file(&key, &path)?)),
        (None, None, None) => preset
            .map(|preset| env.secret(preset.key_variable))
            .transpose()?
            .flatten()
            .map(|(value, _)| Secret::new(value)),
        _ => return Err(error("api_key, api_key_env and api_key_file exclude each other".into())),
    };
    credential_text(&key, credential.as_ref())?;
    if written.responses == Some(true) && dialect == Shape::Anthropic {
        return Err(error("responses is for dialect openai".into()));
    }
    let is_vendors_own = written.base_url.is_none();
    let base_url = written
        .base_url
        .or_else(|| preset.map(|preset| base_url_of(preset, env)))
        .ok_or_else(|| error("needs base_url".into()))?;
    let base_url = guard::base_url(&base_url, written.allow_private_network)
        .map_err(|refused| error(format!("base_url {refused}")))?;
    Ok(Provider {
        id: written.id,
        dialect,
        responses: written
            .responses
            .unwrap_or_else(|| is_vendors_own && preset.is_some_and(|preset| serves_responses(preset, &base_url))),
        base_url,
        credential,
        allow_private_network: written.allow_private_network,
    })
}

fn base_url_of(preset: &Preset, env: &Env) -> String {
    env.get(preset.url_variable).unwrap_or(preset.base_url).to_owned()
}

/// What stands behind another address than the vendor's own is not known.
fn serves_responses(preset: &Preset, base_url: &Url) -> bool {
    preset.responses && base_url.as_str().trim_end_matches('/') == preset.base_url
}

/// The vendors whose key the environment holds.
fn presets(env: &Env) -> Resolved<Vec<Provider>> {
    let mut found = Vec::new();
    for preset in PRESETS {
        let Some((value, variable)) = env.secret(preset.key_variable)? else {
            continue;
        };
        let credential = Secret::new(value);
        credential_text(&variable, Some(&credential))?;
        let base_url = guard::base_url(&base_url_of(preset, env), false).map_err(|refused| {
            ConfigError::new(
                preset.url_variable,
                format!("{refused} (write a [[providers]] entry to set allow_private_network)"),
            )
        })?;
        found.push(Provider {
            id: preset.id.into(),
            dialect: preset.dialect,
            responses: serves_responses(preset, &base_url),
            base_url,
            credential: Some(credential),
            allow_private_network: false,
        });
    }
    Ok(found)
}

fn usual_models(provider: &Provider) -> Vec<Model> {
    let preset = PRESETS.iter().find(|preset| preset.id == provider.id);
    preset
        .map_or(&[][..], |preset| preset.models)
        .iter()
        .map(|model| Model {
            id: model.id.into(),
            display_name: None,
            kind: ModelKind::Chat,
            capabilities: Vec::new(),
            routes: vec![Route {
                provider: provider.id.clone(),
                model: model.id.into(),
                weight: 1,
                priority: 0,
            }],
            context_length: Some(model.context_length),
            max_output_tokens: None,
            price: Some(model.prices),
        })
        .collect()
}

fn model(written: WrittenModel) -> Resolved<Model> {
    let key = format!("models.{}", written.id);
    name(&key, &written.id)?;
    if written.routes.is_empty() {
        return Err(ConfigError::new(key, "needs at least one route"));
    }
    if written
        .routes
        .iter()
        .any(|route| route.weight == 0 || route.model.is_empty())
    {
        return Err(ConfigError::new(
            key,
            "a route needs a model and a weight of at least 1",
        ));
    }
    if let Some(wrong) = written.capabilities.iter().find(|name| !is_capability(name)) {
        let message = format!("capabilities: {wrong:?} is not a name in lower case such as vision or json_schema");
        return Err(ConfigError::new(key, message));
    }
    let shown = written.display_name.as_deref().map_or("-", str::trim);
    if shown.is_empty() || shown.chars().count() > 200 || shown.chars().any(char::is_control) {
        return Err(ConfigError::new(key, "display_name must be 1 to 200 characters"));
    }
    if written.max_output_tokens == Some(0) || written.context_length == Some(0) {
        return Err(ConfigError::new(
            key,
            "context_length and max_output_tokens must be at least 1",
        ));
    }
    let price = written.price.map(|price| prices(&key, &price)).transpose()?;
    let mut capabilities = written.capabilities;
    capabilities.sort_unstable();
    capabilities.dedup();
    Ok(Model {
        id: written.id,
        display_name: written.display_name.map(|name| name.trim().to_owned()),
        kind: written.kind,
        capabilities,
        routes: written.routes,
        context_length: written.context_length,
        max_output_tokens: written.max_output_tokens,
        price,
    })
}

fn prices(key: &str, written: &WrittenPrice) -> Resolved<Prices> {
    let price = |class: &str, text: &str| {
        Price::parse(text).map_err(|wrong| ConfigError::new(key, format!("price.{class}: {wrong}")))
    };
    let optional = |class: &str, text: &Option<String>| text.as_deref().map(|text| price(class, text)).transpose();
    Ok(Prices {
        input: price("input", &written.input)?,
        output: price("output", &written.output)?,
        cache_read: optional("cache_read", &written.cache_read)?,
        cache_write_5m: optional("cache_write_5m", &written.cache_write_5m)?,
        cache_write_1h: optional("cache_write_1h", &written.cache_write_1h)?,
    })
}

/// Names travel in URLs, logs and headers: printable ASCII without spaces, at most 200 characters.
fn name(key: &str, id: &str) -> Resolved<()> {
    let fits = (1..=200).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    let wrong = || ConfigError::new(key, "id must be 1 to 200 printable characters without spaces");
    fits.then_some(()).ok_or_else(wrong)
}

/// A credential goes out in a header; one that cannot must be found at start, not at the first call.
pub(super) fn credential_text(key: &str, credential: Option<&Secret>) -> Resolved<()> {
    let fits = credential.is_none_or(|secret| {
        !secret.expose().is_empty() && secret.expose().bytes().all(|byte| byte.is_ascii_graphic())
    });
    let wrong = || ConfigError::new(key, "the API key is empty or holds characters that no header can carry");
    fits.then_some(()).ok_or_else(wrong)
}

fn unique<'a>(list: &str, ids: impl Iterator<Item = &'a str>) -> Resolved<()> {
    let mut seen = std::collections::HashSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(ConfigError::new(
                format!("{list}.{id}"),
                "stands in the configuration twice",
            ));
        }
    }
    Ok(())
}
