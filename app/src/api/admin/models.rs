//! Models: the list, one of them with its price, and what administrators change of them.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::catalogue::{Availability, ModelKind, Origin};

use super::litellm::LiteLlmView;
#[cfg(feature = "ssr")]
use super::{PAGE, address, auditor, change, given, id as id_of, litellm, path};
use crate::{
    api::{Form, Moment},
    error::ApiError,
};
#[cfg(feature = "ssr")]
use crate::{
    format::Format,
    request::{Request, flash},
};
#[cfg(feature = "ssr")]
use server::{
    catalogue::{models, prices, providers},
    sessions::User,
};
#[cfg(feature = "ssr")]
use types::{
    ModelId,
    catalogue::{Model, ModelChange, ModelRoute, NewModel, NewPrice, PerMillion, PriceVersion},
    error::Code,
};

/// Prices as they are written: input, output, cache read, cache write for 5 minutes and for an hour. Empty where there is none of its own.
pub type Written = [String; 5];

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteView {
    pub provider: String,
    pub model: String,
    pub weight: String,
    pub priority: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelView {
    /// Empty for one that is being made.
    pub id: String,
    pub name: String,
    pub display_name: String,
    pub kind: ModelKind,
    pub context: String,
    pub output: String,
    /// With spaces between them.
    pub capabilities: String,
    pub routes: Vec<RouteView>,
    /// Absent = unpriced.
    pub price: Option<Written>,
    pub managed: bool,
    pub origin: Origin,
    /// Who serves it behind the proxy that listed it.
    pub vendor: String,
    pub is_enabled: bool,
    pub is_served: bool,
    /// Absent for one that is being made.
    pub availability: Option<Availability>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelsView {
    pub models: Vec<ModelView>,
    /// The address of the next page.
    pub next: Option<String>,
    /// None without a proxy.
    pub litellm: Option<LiteLlmView>,
    pub may_change: bool,
    pub form: Form,
}

#[server(endpoint = "admin_models")]
pub async fn read_models(#[server(default)] after: String) -> Result<ModelsView, ApiError> {
    let request = Request::current()?;
    let user = auditor(&request).await?;
    let read = async {
        let auditor = user.auditor()?;
        let page = models::page(&request.state, &auditor, PAGE, given(&after)).await?;
        Ok((page, server::litellm::status(&request.state, &auditor).await?))
    };
    let (page, status) = read.await.map_err(|error: server::Error| request.error(&error))?;
    Ok(ModelsView {
        litellm: litellm::shown(&Format::of(&request, &user), status),
        next: page
            .next_cursor
            .map(|after| address(&path("models"), &[("after", &after)])),
        models: page.data.into_iter().map(shown).collect(),
        may_change: user.admin().is_ok(),
        form: flash::take(&request).form,
    })
}

#[cfg(feature = "ssr")]
fn shown(model: Model) -> ModelView {
    let count = |count: Option<u32>| count.map(|count| count.to_string()).unwrap_or_default();
    let route = |route: ModelRoute| RouteView {
        provider: route.provider,
        model: route.model,
        weight: route.weight.to_string(),
        priority: route.priority.to_string(),
    };
    ModelView {
        id: model.id.to_string(),
        name: model.name,
        display_name: model.display_name.unwrap_or_default(),
        kind: model.kind,
        context: count(model.context_length),
        output: count(model.max_output_tokens),
        capabilities: model.capabilities.join(" "),
        routes: model.routes.into_iter().map(route).collect(),
        price: model.price.map(written),
        managed: model.managed,
        origin: model.origin,
        vendor: model.vendor.unwrap_or_default(),
        is_enabled: model.is_enabled,
        is_served: model.is_served,
        availability: Some(model.availability),
    }
}

#[cfg(feature = "ssr")]
fn written(price: PerMillion) -> Written {
    let own = Option::unwrap_or_default;
    [
        price.input,
        price.output,
        own(price.cache_read),
        own(price.cache_write_5m),
        own(price.cache_write_1h),
    ]
}

/// One version of a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionView {
    pub version: String,
    /// Absent where the price was withdrawn.
    pub price: Option<Written>,
    /// Absent for the configuration file, the command line and a proxy's list.
    pub author: Option<String>,
    pub since: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPage {
    pub model: ModelView,
    pub versions: Vec<VersionView>,
    /// Names of the providers a route can lead to.
    pub providers: Vec<String>,
    pub may_change: bool,
    pub form: Form,
}

/// `id` is `new` for the form of one that is being made.
#[server(endpoint = "admin_model")]
pub async fn read_model(id: String) -> Result<ModelPage, ApiError> {
    let request = Request::current()?;
    let user = auditor(&request).await?;
    let failed = |error: server::Error| request.error(&error);
    let providers = names(&request, &user).await?;
    let form = flash::take(&request).form;
    if id == "new" {
        user.admin().map_err(failed)?;
        let model = ModelView {
            is_enabled: true,
            ..ModelView::default()
        };
        return Ok(ModelPage {
            model,
            versions: Vec::new(),
            providers,
            may_change: true,
            form,
        });
    }
    let id: ModelId = id_of(&request, &id)?;
    let read = async {
        let auditor = user.auditor()?;
        let model = models::get(&request.state, &auditor, id).await?;
        let versions = prices::page(&request.state, &auditor, id, PAGE, None).await?;
        Ok((model, versions.data))
    };
    let (model, versions) = read.await.map_err(failed)?;
    let format = Format::of(&request, &user);
    let version = |version: PriceVersion| VersionView {
        version: version.version.to_string(),
        price: version.price.map(written),
        author: version
            .author
            .map(|author| author.name.unwrap_or_else(|| author.id.to_string())),
        since: format.moment(version.created_at),
    };
    Ok(ModelPage {
        model: shown(model),
        versions: versions.into_iter().map(version).collect(),
        providers,
        may_change: user.admin().is_ok(),
        form,
    })
}

/// Names of all providers, sorted.
#[cfg(feature = "ssr")]
async fn names(request: &Request, user: &User) -> Result<Vec<String>, ApiError> {
    let mut names = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = async { providers::page(&request.state, &user.auditor()?, 100, after.as_deref()).await };
        let page = page.await.map_err(|error| request.error(&error))?;
        names.extend(page.data.into_iter().map(|provider| provider.name));
        match page.next_cursor {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    names.sort_unstable();
    Ok(names)
}

#[cfg(feature = "ssr")]
fn page_of(id: &str) -> String {
    match id.parse::<ModelId>() {
        Ok(id) => path(&["models/", &id.to_string()].concat()),
        Err(_) => path("models/new"),
    }
}

/// The fields of a model's form as they were typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Typed {
    pub display_name: String,
    pub kind: String,
    pub context_length: String,
    pub max_output_tokens: String,
    pub capabilities: String,
    /// One entry a row of each of these; rows without a model are left out.
    pub provider: Vec<String>,
    pub upstream: Vec<String>,
    pub weight: Vec<String>,
    pub priority: Vec<String>,
}

#[cfg(feature = "ssr")]
impl Typed {
    fn form(&self, name: &str, more: &[(&str, &str)]) -> Form {
        let mut values = vec![
            ("display_name", self.display_name.as_str()),
            ("kind", &self.kind),
            ("context_length", &self.context_length),
            ("max_output_tokens", &self.max_output_tokens),
            ("capabilities", &self.capabilities),
        ];
        values.extend(more);
        let rows = self.rows();
        let column = |column: fn(&RouteView) -> &String| rows.iter().map(|row| column(row).clone()).collect::<Vec<_>>();
        Form::sent(name, &values)
            .with_all("provider", &column(|row| &row.provider))
            .with_all("upstream", &column(|row| &row.model))
            .with_all("weight", &column(|row| &row.weight))
            .with_all("priority", &column(|row| &row.priority))
    }

    /// Rows that somebody wrote into.
    fn rows(&self) -> Vec<RouteView> {
        let at = |list: &[String], index: usize| list.get(index).map(|text| text.trim().to_owned()).unwrap_or_default();
        let rows = (0..self.upstream.len()).map(|index| RouteView {
            provider: at(&self.provider, index),
            model: at(&self.upstream, index),
            weight: at(&self.weight, index),
            priority: at(&self.priority, index),
        });
        rows.filter(|row| !row.model.is_empty()).collect()
    }

    fn routes(&self, request: &Request) -> Result<Vec<ModelRoute>, ApiError> {
        let number = |field: &str, index: usize, text: &str, empty: u32| match text {
            "" => Ok(empty),
            text => text
                .parse()
                .map_err(|_| request.wrong_field(&format!("routes[{index}].{field}"), "wrong_type")),
        };
        let route = |(index, row): (usize, RouteView)| {
            Ok(ModelRoute {
                weight: number("weight", index, &row.weight, 1)?,
                priority: number("priority", index, &row.priority, 0)?,
                provider: row.provider,
                model: row.model,
            })
        };
        self.rows().into_iter().enumerate().map(route).collect()
    }

    fn change(&self, request: &Request) -> Result<ModelChange, ApiError> {
        let kind = ModelKind::parse(&self.kind).ok_or_else(|| request.wrong_field("kind", "unknown_value"))?;
        Ok(ModelChange {
            display_name: Some(given(&self.display_name).map(str::to_owned)),
            kind: Some(kind),
            context_length: Some(request.whole("context_length", &self.context_length)?),
            max_output_tokens: Some(request.whole("max_output_tokens", &self.max_output_tokens)?),
            capabilities: Some(
                self.capabilities
                    .split([' ', ','])
                    .filter(|word| !word.is_empty())
                    .map(str::to_owned)
                    .collect(),
            ),
            routes: Some(self.routes(request)?),
            is_enabled: None,
        })
    }
}

/// Leads to the new model.
#[server(endpoint = "create_model")]
pub async fn create_model(
    #[server(default)] name: String,
    #[server(default)] typed: Typed,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let form = typed.form("create_model", &[("name", &name)]);
    let work = change(&request, async |admin| {
        let change = typed.change(&request)?;
        let new = NewModel {
            name: name.trim().to_owned(),
            display_name: change.display_name.flatten(),
            kind: change.kind.unwrap_or_default(),
            context_length: change.context_length.flatten(),
            max_output_tokens: change.max_output_tokens.flatten(),
            capabilities: change.capabilities.unwrap_or_default(),
            routes: change.routes.unwrap_or_default(),
            price: None,
            is_enabled: true,
        };
        match models::create(&request.state, &admin.editor(), new).await {
            Ok(made) => Ok(page_of(&made.id.to_string())),
            Err(error) if error.refusal().code == Code::Conflict => Err(request.wrong_field("name", "taken")),
            Err(error) => Err(request.error(&error)),
        }
    });
    request.saved_then(&path("models/new"), form, work, String::clone).await
}

#[server(endpoint = "save_model")]
pub async fn save_model(#[server(default)] id: String, #[server(default)] typed: Typed) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = typed.form("save_model", &[]);
    let work = change(&request, async |admin| {
        let known = admin.id(&id)?;
        let change = typed.change(&request)?;
        let saved = models::update(&request.state, &admin.editor(), known, change).await;
        admin.said(saved).map(|_| ())
    });
    request.saved(&page_of(&id), form, work).await
}

/// `enabled` is `yes` or `no`.
#[server(endpoint = "switch_model")]
pub async fn switch_model(#[server(default)] id: String, #[server(default)] enabled: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("switch_model", &[]);
    let work = change(&request, async |admin| {
        let known = admin.id(&id)?;
        let change = ModelChange {
            is_enabled: Some(enabled == "yes"),
            ..ModelChange::default()
        };
        let saved = models::update(&request.state, &admin.editor(), known, change).await;
        admin.said(saved).map(|_| ())
    });
    request.saved(&page_of(&id), form, work).await
}

/// A new version. `free` is `yes` or nothing; cache prices may be empty.
#[server(endpoint = "set_price")]
pub async fn set_price(
    #[server(default)] id: String,
    #[server(default)] input: String,
    #[server(default)] output: String,
    #[server(default)] cache_read: String,
    #[server(default)] cache_write_5m: String,
    #[server(default)] cache_write_1h: String,
    #[server(default)] free: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let values = [
        ("input", input.as_str()),
        ("output", &output),
        ("cache_read", &cache_read),
        ("cache_write_5m", &cache_write_5m),
        ("cache_write_1h", &cache_write_1h),
        ("free", &free),
    ];
    let form = Form::sent("set_price", &values);
    let work = change(&request, async |admin| {
        let known = admin.id(&id)?;
        let own = |text: &str| given(text).map(str::to_owned);
        let new = NewPrice {
            cache_read: own(&cache_read),
            cache_write_5m: own(&cache_write_5m),
            cache_write_1h: own(&cache_write_1h),
            free: free == "yes",
            input,
            output,
        };
        let saved = prices::set(&request.state, &admin.editor(), known, new).await;
        admin.said(saved).map(|_| ())
    });
    request.saved(&page_of(&id), form, work).await
}

/// `version` is the one that the reader saw holding.
#[server(endpoint = "withdraw_price")]
pub async fn withdraw_price(#[server(default)] id: String, #[server(default)] version: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("withdraw_price", &[]);
    let work = change(&request, async |admin| {
        let (known, version) = (admin.id(&id)?, admin.id(&version)?);
        admin.said(prices::withdraw(&request.state, &admin.editor(), known, version).await)
    });
    request.saved(&page_of(&id), form, work).await
}

/// Leads to the other models.
#[server(endpoint = "delete_model")]
pub async fn delete_model(#[server(default)] id: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("delete_model", &[]);
    let work = change(&request, async |admin| {
        let known = admin.id(&id)?;
        admin.said(models::delete(&request.state, &admin.editor(), known).await)
    });
    request.saved_then(&page_of(&id), form, work, |()| path("models")).await
}
