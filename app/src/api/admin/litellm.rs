//! Models of a LiteLLM proxy: how the catalogue stands to it, and the wish to take them over now.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::litellm::{SkipReason, SyncFailure};

#[cfg(feature = "ssr")]
use super::{change, path};
#[cfg(feature = "ssr")]
use crate::{api::Form, format::Format, request::Request};
use crate::{api::Moment, error::ApiError};
#[cfg(feature = "ssr")]
use types::{
    error::Code,
    litellm::{Skipped, SyncReport, SyncStatus},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiteLlmView {
    pub is_stale: bool,
    pub failure: Option<SyncFailure>,
    pub tried: Option<Moment>,
    pub succeeded: Option<Moment>,
    /// Of the last success.
    pub report: Option<ReportView>,
}

/// What a take-over did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportView {
    pub models: String,
    /// In the order of their words; empty ones included.
    pub lists: Vec<ListView>,
}

/// Some names of a list, and how many there are beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListView {
    pub items: Vec<ItemView>,
    pub more: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemView {
    /// Empty when it has none that could be read.
    pub name: String,
    /// Which fields changed.
    pub fields: String,
    /// Why it is left out.
    pub reason: Option<SkipReason>,
}

/// Names of a list that a page shows.
#[cfg(feature = "ssr")]
const SHOWN: usize = 30;

/// None without a proxy.
#[cfg(feature = "ssr")]
pub(super) fn shown(format: &Format, status: SyncStatus) -> Option<LiteLlmView> {
    status.is_configured.then(|| LiteLlmView {
        is_stale: status.is_stale,
        failure: status.failure,
        tried: status.last_attempt_at.map(|at| format.moment(at)),
        succeeded: status.last_success_at.map(|at| format.moment(at)),
        report: status.report.map(|report| reported(format, report)),
    })
}

#[cfg(feature = "ssr")]
fn reported(format: &Format, report: SyncReport) -> ReportView {
    let named = |name: String| ItemView {
        name,
        fields: String::new(),
        reason: None,
    };
    let names = |list: Vec<String>| list.into_iter().map(named).collect::<Vec<_>>();
    let changed = report.changed.into_iter().map(|model| ItemView {
        fields: model.fields.join(", "),
        ..named(model.name)
    });
    let skipped = report.skipped.into_iter().map(|Skipped { name, reason }| ItemView {
        reason: Some(reason),
        ..named(name)
    });
    let lists = [
        names(report.new),
        changed.collect(),
        names(report.gone),
        names(report.restored),
        skipped.collect(),
        names(report.unpriced),
        names(report.rounded),
        names(report.tiered),
        names(report.differing),
    ];
    let list = |mut items: Vec<ItemView>| {
        let more = items.len().saturating_sub(SHOWN);
        items.truncate(SHOWN);
        ListView {
            items,
            more: u64::try_from(more)
                .ok()
                .filter(|more| *more > 0)
                .map(|more| format.numbers.count(more)),
        }
    };
    ReportView {
        models: format.numbers.count(report.models.into()),
        lists: lists.into_iter().map(list).collect(),
    }
}

/// Takes the proxy's models over. That it did not answer as it should is no mistake of the form: the page it leads back to says so.
#[server(endpoint = "sync_models")]
pub async fn sync_models() -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("sync_models", &[]);
    let work = change(&request, async |admin| {
        match server::litellm::sync(&request.state, &admin.editor()).await {
            Ok(_) => Ok(()),
            Err(error) if is_the_proxys(error.refusal().code) => Ok(()),
            Err(error) => Err(request.error(&error)),
        }
    });
    request.saved(&path("models"), form, work).await
}

#[cfg(feature = "ssr")]
const fn is_the_proxys(code: Code) -> bool {
    matches!(
        code,
        Code::UpstreamFailed | Code::UpstreamTimeout | Code::UpstreamAuth | Code::Unavailable
    )
}
