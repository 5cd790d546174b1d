//! `/admin` and below: the frame around the pages of who runs the server, and the parts they share. One file a page.

mod audit;
mod limits;
mod litellm;
mod model;
mod models;
mod organization;
mod organizations;
mod provider;
mod providers;
mod requests;
mod sign_in;
mod system;
mod user;
mod users;

use http::StatusCode;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Redirect;
use types::error::Code;

pub use audit::AuditLog;
pub use limits::Limits;
pub use model::Model;
pub use models::Models;
pub use organization::Organization;
pub use organizations::Organizations;
pub use provider::Provider;
pub use providers::Providers;
pub use requests::Requests;
pub use sign_in::SignInMethods;
pub use system::System;
pub use user::User;
pub use users::Users;

use super::lost::{answer, nothing_here};
pub use crate::ui::query::asked;
use crate::{
    api::admin::{self, Named},
    error::ApiError,
    locale::use_text,
    ui::{
        icon::Icon,
        load::find,
        notice::{Failure, Notice, Tone},
        tabs::{Tabs, of_administration},
    },
};

/// `/admin` leads to the first of its pages.
#[component]
pub fn First() -> impl IntoView {
    let first = of_administration(use_text()).into_iter().next();
    first.map(|(page, _)| view! { <Redirect path=admin::path(page) /> })
}

/// A page of the administration; whoever does not run the server gets a refusal in its place.
pub fn load<T>(resource: Resource<Result<T, ApiError>>, view: fn(T) -> AnyView) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    find(resource, view, refused)
}

fn refused(error: &ApiError) -> Option<AnyView> {
    match error.refusal.code {
        Code::NotFound => Some(nothing_here()),
        Code::Forbidden => {
            answer(StatusCode::FORBIDDEN);
            let words = &use_text().admin;
            Some(
                view! {
                    <Title text=words.title />
                    <Notice tone=Tone::Bad>{words.forbidden}</Notice>
                }
                .into_any(),
            )
        }
        _ => None,
    }
}

/// Heading and tabs above the sections of the page that `open` names.
#[component]
pub fn Page(open: &'static str, #[prop(optional, into)] title: Option<String>, children: Children) -> impl IntoView {
    let text = use_text();
    let words = &text.admin;
    let tabs = of_administration(text);
    let name = tabs.iter().find(|(page, _)| *page == open).map(|(_, name)| *name);
    let title = [title.as_deref().or(name).unwrap_or(words.title), " · ", words.title].concat();
    let links = tabs
        .into_iter()
        .map(|(page, name)| (admin::path(page), name, page == open))
        .collect::<Vec<_>>();
    view! {
        <Title text=title />
        <div class="page-head">
            <div class="min-w-0">
                <h1>{words.title}</h1>
                <p>{words.note}</p>
            </div>
        </div>
        <Tabs label=words.title.to_owned() links />
        <div class="sections sections-wide">{children()}</div>
    }
    .into_any()
}

/// A mistake that belongs to no field, worded for administrators. `conflict` is what was in the way.
fn trouble(error: Option<ApiError>, conflict: &'static str) -> Option<AnyView> {
    let text = use_text();
    let error = error.filter(|error| !error.is_about_fields())?;
    let message = match error.refusal.code {
        Code::Forbidden => text.admin.forbidden,
        Code::Conflict => conflict,
        _ => return Some(view! { <Failure error /> }.into_any()),
    };
    Some(
        view! {
            <Notice tone=Tone::Bad>
                <b>{text.errors.title}</b>
                <p>{message}</p>
            </Notice>
        }
        .into_any(),
    )
}

/// A line of a list of facts.
#[component]
fn Fact(name: &'static str, value: String) -> impl IntoView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd class="anywhere">{value}</dd>
        </div>
    }
    .into_any()
}

/// A form that narrows a list: it stands in the address, so that a page of it can be kept and sent on.
#[component]
pub fn Filter(page: &'static str, children: Children) -> impl IntoView {
    let words = &use_text().admin;
    let (action, all) = (admin::path(page), admin::path(page));
    view! {
        <section class="card">
            <form method="get" action=action data-testid="filter" role="search" novalidate>
                <div class="key-form">
                    {children()}
                    <div class="field field-go">
                        <span class="label only-wide" aria-hidden="true">
                            "\u{a0}"
                        </span>
                        <div class="in-row">
                            <button class="btn btn-primary btn-field" type="submit">
                                {words.filter}
                            </button>
                            <a class="btn btn-field" href=all>
                                {words.clear}
                            </a>
                        </div>
                    </div>
                </div>
            </form>
        </section>
    }
    .into_any()
}

/// The way to the next page of a list, if there is one.
#[component]
pub fn Next(href: Option<String>) -> impl IntoView {
    let words = &use_text().organizations;
    href.map(|href| {
        view! {
            <p class="after-table">
                <a class="btn btn-small" href=href data-testid="next-page">
                    {words.next}
                    <Icon of=icondata_lu::LuArrowRight />
                </a>
            </p>
        }
    })
}

/// Below a list without rows.
fn nothing(is_empty: bool) -> Option<AnyView> {
    let words = &use_text().admin;
    is_empty.then(|| view! { <p class="muted after-table">{words.nothing}</p> }.into_any())
}

/// What somebody or something is called, or its id where the name is not known any more.
fn name_of(named: Named, otherwise: &'static str) -> AnyView {
    match named {
        Named { name: Some(name), id } => view! { <span title=id>{name}</span> }.into_any(),
        Named {
            name: None,
            id: Some(id),
        } => view! { <code class="small anywhere">{id}</code> }.into_any(),
        Named { name: None, id: None } => otherwise.into_any(),
    }
}
