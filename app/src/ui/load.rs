//! Waiting for a server function: a skeleton of the page's size, then the page or the failure.

use leptos::prelude::*;

use super::notice::Failure;
use crate::{error::ApiError, locale::use_text};

/// Shows `resource` by `view`. While it loads again, what was there stays.
pub fn load<T>(
    resource: Resource<Result<T, ApiError>>,
    skeleton: fn() -> AnyView,
    view: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    view! {
        <Transition fallback=skeleton>
            {move || Suspend::new(async move {
                match resource.await {
                    Ok(value) => view(value),
                    Err(error) => failed(error),
                }
            })}
        </Transition>
    }
    .into_any()
}

fn failed(error: ApiError) -> AnyView {
    let text = use_text();
    view! {
        <div class="grid gap-4 justify-items-start">
            <Failure error />
            // An empty address is this page again.
            <a class="btn" href="" rel="external">
                {text.common.retry}
            </a>
        </div>
    }
    .into_any()
}

/// Grey shapes where cards will be.
pub fn bones() -> AnyView {
    let text = use_text();
    view! {
        <div class="grid gap-4" role="status" aria-label=text.common.loading>
            <div class="tiles">
                <div class="card h-28 bone"></div>
                <div class="card h-28 bone"></div>
                <div class="card h-28 bone"></div>
                <div class="card h-28 bone"></div>
            </div>
            <div class="card h-80 bone"></div>
        </div>
    }
    .into_any()
}

/// A grey line or two.
pub fn bone() -> AnyView {
    let text = use_text();
    view! { <div class="card h-28 bone" role="status" aria-label=text.common.loading></div> }.into_any()
}
