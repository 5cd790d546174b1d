//! `/organizations/{slug}` and below: the frame around an organization's pages, and the parts they share. One file a page.

mod audit;
mod invitations;
mod keys;
mod limits;
mod members;
mod settings;
mod team;
mod teams;
mod usage;

use http::StatusCode;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use types::{OrganizationRole, error::Code};

pub use audit::Audit;
pub use invitations::Invitations;
pub use keys::OrganizationKeys;
pub use limits::{limit_fields, limits_of, typed};
pub use members::Members;
pub use settings::OrganizationSettings;
pub use team::Team;
pub use teams::Teams;
pub use usage::Usage;

pub use crate::ui::{
    ask::{Way, ask},
    query::asked,
};

use super::lost::{answer, nothing_here};
use crate::{
    api::organizations::OrganizationView,
    error::ApiError,
    locale::use_text,
    text::Text,
    ui::{
        icon::Icon,
        load::find,
        notice::{Failure, Notice, Tone},
        tabs::{Tabs, of_organization},
    },
};

/// Out of the address.
fn slug() -> String {
    use_params_map().read_untracked().get("slug").unwrap_or_default()
}

/// Where the page of a list before this one ended, out of the address.
pub fn after() -> String {
    asked("after")
}

/// A page of an organization; a stranger gets the page of addresses that lead nowhere.
fn load<T>(resource: Resource<Result<T, ApiError>>, view: fn(T) -> AnyView) -> AnyView
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
            let words = &use_text().organizations;
            Some(view! { <Notice tone=Tone::Bad>{words.forbidden}</Notice> }.into_any())
        }
        _ => None,
    }
}

/// Heading and tabs above the sections of the page that `open` names.
#[component]
fn Page(place: OrganizationView, open: &'static str, children: Children) -> impl IntoView {
    let text = use_text();
    let tabs = of_organization(text)
        .into_iter()
        .filter(|tab| place.role.reaches(tab.role));
    let name = of_organization(text).into_iter().find(|tab| tab.page == open);
    let title = [
        name.map_or(text.organizations.title, |tab| tab.name),
        " · ",
        &place.name,
    ]
    .concat();
    let links = tabs
        .map(|tab| (place.path(tab.page), tab.name, tab.page == open))
        .collect::<Vec<_>>();
    view! {
        <Title text=title />
        <div class="page-head">
            <div class="min-w-0">
                <h1>{place.name.clone()}</h1>
                <p>{text.organizations.your_role} ": " {(text.organizations.roles)(place.role)}</p>
            </div>
        </div>
        <Tabs label=place.name links />
        <div class="sections sections-wide">{children()}</div>
    }
    .into_any()
}

/// A mistake that belongs to no field, worded for organizations. `conflict` is what was in the way.
pub fn trouble(error: Option<ApiError>, conflict: &'static str) -> Option<AnyView> {
    let text = use_text();
    let error = error.filter(|error| !error.is_about_fields())?;
    let message = match error.refusal.code {
        Code::Forbidden => text.organizations.forbidden,
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

fn good(message: &'static str) -> AnyView {
    view! { <Notice tone=Tone::Good>{message}</Notice> }.into_any()
}

/// A choice among roles; `chosen` is the name of one.
#[component]
pub fn RoleChoice(
    id: String,
    roles: Vec<OrganizationRole>,
    chosen: String,
    #[prop(optional, into)] label: Option<String>,
) -> impl IntoView {
    let words = &use_text().organizations;
    let options = roles
        .into_iter()
        .map(|role| {
            view! {
                <option value=role.name() selected=role.name() == chosen>
                    {(words.roles)(role)}
                </option>
            }
        })
        .collect_view();
    view! {
        <select class="input" id=id name="role" aria-label=label>
            {options}
        </select>
    }
    .into_any()
}

/// The same as a field of a form with its label, a member unless something was chosen before.
fn role_field(text: &'static Text, place: &OrganizationView, chosen: String) -> AnyView {
    let chosen = match chosen.as_str() {
        "" => OrganizationRole::Member.name().to_owned(),
        _ => chosen,
    };
    view! {
        <div class="field">
            <label for="role">{text.organizations.role}</label>
            <RoleChoice id="role".to_owned() roles=place.grantable() chosen />
        </div>
    }
    .into_any()
}

/// The way to the next page of a list, if there is one.
#[component]
pub fn More(
    path: String,
    /// What else the address says, without a `?`.
    #[prop(optional)]
    query: String,
    next: Option<String>,
) -> impl IntoView {
    let words = &use_text().organizations;
    let query = match query.is_empty() {
        true => query,
        false => query + "&",
    };
    next.map(|next| {
        view! {
            <p class="after-table">
                <a class="btn btn-small" href=[&path, "?", &query, "after=", &next].concat()>
                    {words.next}
                    <Icon of=icondata_lu::LuArrowRight />
                </a>
            </p>
        }
    })
}
