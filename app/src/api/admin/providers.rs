//! Providers: the list, one of them, and what administrators change of them. Credentials come in and are never part of a reply.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::{catalogue::TestOutcome, provider::Shape};

#[cfg(feature = "ssr")]
use super::{PAGE, address, auditor, change, given, id as id_of, path};
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
use server::catalogue::{self, providers};
#[cfg(feature = "ssr")]
use types::{
    ProviderId,
    catalogue::{NewCredential, NewProvider, Provider, ProviderChange},
    error::Code,
};

/// Names of a test's models that a page shows.
#[cfg(feature = "ssr")]
const SHOWN_MODELS: usize = 40;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderView {
    pub id: String,
    pub name: String,
    pub shape: Option<Shape>,
    pub base_url: String,
    pub responses: bool,
    pub private: bool,
    pub has_credential: bool,
    pub credential_changed: Option<Moment>,
    pub managed: bool,
    pub is_enabled: bool,
    pub models: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvidersView {
    pub providers: Vec<ProviderView>,
    /// The address of the next page.
    pub next: Option<String>,
    /// The reader changes what they see.
    pub may_change: bool,
    pub form: Form,
}

#[server(endpoint = "admin_providers")]
pub async fn read_providers(#[server(default)] after: String) -> Result<ProvidersView, ApiError> {
    let request = Request::current()?;
    let user = auditor(&request).await?;
    let page = async { providers::page(&request.state, &user.auditor()?, PAGE, given(&after)).await };
    let page = page.await.map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &user);
    Ok(ProvidersView {
        next: page
            .next_cursor
            .map(|after| address(&path("providers"), &[("after", &after)])),
        providers: page.data.into_iter().map(|provider| shown(&format, provider)).collect(),
        may_change: user.admin().is_ok(),
        form: flash::take(&request).form,
    })
}

#[cfg(feature = "ssr")]
fn shown(format: &Format, provider: Provider) -> ProviderView {
    ProviderView {
        id: provider.id.to_string(),
        shape: Shape::parse(&provider.dialect),
        name: provider.name,
        base_url: provider.base_url,
        responses: provider.responses,
        private: provider.allow_private_network,
        has_credential: provider.credential.is_set,
        credential_changed: provider.credential.changed_at.map(|at| format.moment(at)),
        managed: provider.managed,
        is_enabled: provider.is_enabled,
        models: format.numbers.count(provider.models),
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderPage {
    pub provider: ProviderView,
    pub may_change: bool,
    pub form: Form,
    /// What came of a test that was asked for a moment ago.
    pub test: Option<TestView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestView {
    pub outcome: TestOutcome,
    /// Absent when there was no answer.
    pub status: Option<String>,
    pub time: String,
    /// How many models it lists.
    pub count: Option<String>,
    /// The first of them.
    pub models: Vec<String>,
}

#[server(endpoint = "admin_provider")]
pub async fn read_provider(id: String) -> Result<ProviderPage, ApiError> {
    let request = Request::current()?;
    let user = auditor(&request).await?;
    let id: ProviderId = id_of(&request, &id)?;
    let provider = async { providers::get(&request.state, &user.auditor()?, id).await };
    let provider = provider.await.map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &user);
    let form = flash::take(&request).form;
    Ok(ProviderPage {
        provider: shown(&format, provider),
        may_change: user.admin().is_ok(),
        test: tested(&format, &form),
        form,
    })
}

#[cfg(feature = "ssr")]
fn tested(format: &Format, form: &Form) -> Option<TestView> {
    if form.name != "test_provider" || form.error.is_some() {
        return None;
    }
    let outcome = serde_json::from_value(form.value("outcome").into()).ok()?;
    let number = |field: &str| form.value(field).parse::<u64>().ok();
    Some(TestView {
        outcome,
        status: Some(form.value("status")).filter(|status| !status.is_empty()),
        time: format.numbers.millis(number("latency").unwrap_or_default()),
        count: number("count").map(|count| format.numbers.count(count)),
        models: form.values_of("models"),
    })
}

#[cfg(feature = "ssr")]
fn page_of(id: &str) -> String {
    match id.parse::<ProviderId>() {
        Ok(id) => path(&["providers/", &id.to_string()].concat()),
        Err(_) => path("providers"),
    }
}

/// `credential` may be empty; `responses` and `private` are `yes` or nothing. Leads to the new provider.
#[server(endpoint = "create_provider")]
pub async fn create_provider(
    #[server(default)] name: String,
    #[server(default)] dialect: String,
    #[server(default)] base_url: String,
    #[server(default)] credential: String,
    #[server(default)] responses: String,
    #[server(default)] private: String,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let values = [
        ("name", name.as_str()),
        ("dialect", &dialect),
        ("base_url", &base_url),
        ("responses", &responses),
        ("private", &private),
    ];
    let form = Form::sent("create_provider", &values);
    let taken = name.clone();
    let work = change(&request, async |admin| {
        let new = NewProvider {
            name: name.trim().to_owned(),
            dialect,
            base_url,
            credential: given(&credential).map(str::to_owned),
            responses: responses == "yes",
            allow_private_network: private == "yes",
            is_enabled: true,
        };
        match providers::create(&request.state, &admin.editor(), new).await {
            Ok(made) => Ok(page_of(&made.id.to_string())),
            Err(error) if error.refusal().code == Code::Conflict && !taken.is_empty() => {
                Err(request.wrong_field("name", "taken"))
            }
            Err(error) => Err(request.error(&error)),
        }
    });
    request.saved_then(&path("providers"), form, work, String::clone).await
}

/// `credential` is needed only when `base_url` moves to another host.
#[server(endpoint = "save_provider")]
pub async fn save_provider(
    #[server(default)] id: String,
    #[server(default)] dialect: String,
    #[server(default)] base_url: String,
    #[server(default)] credential: String,
    #[server(default)] responses: String,
    #[server(default)] private: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let values = [
        ("dialect", dialect.as_str()),
        ("base_url", &base_url),
        ("responses", &responses),
        ("private", &private),
    ];
    let form = Form::sent("save_provider", &values);
    let work = change(&request, async |admin| {
        let known = admin.id(&id)?;
        let change = ProviderChange {
            dialect: Some(dialect),
            base_url: Some(base_url),
            credential: given(&credential).map(str::to_owned),
            responses: Some(responses == "yes"),
            allow_private_network: Some(private == "yes"),
            is_enabled: None,
        };
        let saved = providers::update(&request.state, &admin.editor(), known, change).await;
        admin.said(saved).map(|_| ())
    });
    request.saved(&page_of(&id), form, work).await
}

/// An empty `credential` with `remove` removes the stored one.
#[server(endpoint = "rotate_provider")]
pub async fn rotate_provider(
    #[server(default)] id: String,
    #[server(default)] credential: String,
    #[server(default)] remove: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("rotate_provider", &[]);
    let work = change(&request, async |admin| {
        let known = admin.id(&id)?;
        let credential = match remove.as_str() {
            "yes" => None,
            _ => Some(credential.trim().to_owned()),
        };
        let saved = providers::rotate(&request.state, &admin.editor(), known, NewCredential { credential }).await;
        admin.said(saved).map(|_| ())
    });
    request.saved(&page_of(&id), form, work).await
}

/// `enabled` is `yes` or `no`.
#[server(endpoint = "switch_provider")]
pub async fn switch_provider(
    #[server(default)] id: String,
    #[server(default)] enabled: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("switch_provider", &[]);
    let work = change(&request, async |admin| {
        let known = admin.id(&id)?;
        let change = ProviderChange {
            is_enabled: Some(enabled == "yes"),
            ..ProviderChange::default()
        };
        let saved = providers::update(&request.state, &admin.editor(), known, change).await;
        admin.said(saved).map(|_| ())
    });
    request.saved(&page_of(&id), form, work).await
}

/// Asks the saved provider for its models; the page it leads back to shows what came of it.
#[server(endpoint = "test_provider")]
pub async fn test_provider(#[server(default)] id: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("test_provider", &[]);
    let page = page_of(&id);
    let work = change(&request, async |admin| {
        let known = admin.id(&id)?;
        admin.said(catalogue::test(&request.state, &admin.editor(), known).await)
    });
    let done = request.form(&page, form, work, |_| page.clone()).await;
    if let (Ok(test), true) = (&done, request.is_plain_form()) {
        let outcome = serde_json::to_value(test.outcome).unwrap_or_default();
        let number = |number: Option<String>| number.unwrap_or_default();
        let models = test.models.as_deref().unwrap_or_default();
        let left = Form::sent(
            "test_provider",
            &[
                ("outcome", outcome.as_str().unwrap_or_default()),
                ("status", &number(test.status.map(|status| status.to_string()))),
                ("latency", &test.latency_ms.to_string()),
                (
                    "count",
                    &number(test.models.as_ref().map(|models| models.len().to_string())),
                ),
            ],
        );
        let first = &models[..models.len().min(SHOWN_MODELS)];
        flash::put(&request, &flash::Flash::form(left.with_all("models", first)));
    }
    done.map(|_| ())
}

/// Leads to the other providers.
#[server(endpoint = "delete_provider")]
pub async fn delete_provider(#[server(default)] id: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("delete_provider", &[]);
    let work = change(&request, async |admin| {
        let known = admin.id(&id)?;
        admin.said(providers::delete(&request.state, &admin.editor(), known).await)
    });
    request
        .saved_then(&page_of(&id), form, work, |()| path("providers"))
        .await
}
