//! Waiting for a server function while the server renders: then the page, or what went wrong.

use leptos::prelude::*;

use super::notice::Failure;
use crate::{error::ApiError, locale::use_text};

/// Shows `resource` by `view`. Pages are rendered to the end before they are sent, so there is nothing to show meanwhile.
pub fn load<T>(resource: Resource<Result<T, ApiError>>, view: fn(T) -> AnyView) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    find(resource, view, |_| None)
}

/// The same for what not everybody may see or what may not be there: `refused` has the page for a refusal that gets one of its own.
pub fn find<T>(
    resource: Resource<Result<T, ApiError>>,
    view: fn(T) -> AnyView,
    refused: fn(&ApiError) -> Option<AnyView>,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match resource.await {
                    Ok(value) => view(value),
                    Err(error) => refused(&error).unwrap_or_else(|| failed(error)),
                }
            })}
        </Suspense>
    }
    .into_any()
}

fn failed(error: ApiError) -> AnyView {
    let text = use_text();
    view! {
        <div class="grid gap-4 justify-items-start">
            <Failure error />
            // An empty address is this page again.
            <a class="btn" href="">
                {text.common.retry}
            </a>
        </div>
    }
    .into_any()
}
