//! Tabs above the sections of a page, and which ones an organization has.

use leptos::prelude::*;
use types::OrganizationRole;

use crate::text::Text;

/// A page of an organization.
#[derive(Clone, Copy)]
pub struct Tab {
    /// What follows the organization's address; empty for the first.
    pub page: &'static str,
    pub name: &'static str,
    /// The least role it is for.
    pub role: OrganizationRole,
}

/// The pages of an organization, in the order of their tabs.
pub fn of_organization(text: &'static Text) -> [Tab; 7] {
    use OrganizationRole::{Admin, Member};

    let tab = |page, name, role| Tab { page, name, role };
    [
        tab("", text.members.title, Member),
        tab("invitations", text.invitations.title, Admin),
        tab("teams", text.teams.title, Member),
        tab("keys", text.organization_keys.title, Member),
        tab("usage", text.organization_usage.title, Member),
        tab("audit", text.audit.title, Admin),
        tab("settings", text.organization_settings.title, Admin),
    ]
}

/// Pages of who runs the server, in the order of their tabs: what follows `/admin/`, and the name.
pub fn of_administration(text: &'static Text) -> Vec<(&'static str, &'static str)> {
    let words = &text.admin;
    vec![
        ("users", words.users.title),
        ("organizations", words.organizations.title),
        ("providers", text.catalogue.providers.title),
        ("models", text.catalogue.models.title),
        ("audit", text.audit.title),
        ("requests", words.requests.title),
        ("limits", words.limits.title),
        ("sign-in", words.sign_in.title),
        ("system", words.system.title),
    ]
}

/// Links, of which one is the page that is open: address, name, whether it is the one.
#[component]
pub fn Tabs(label: String, links: Vec<(String, &'static str, bool)>) -> impl IntoView {
    let link = |(href, name, is_open): (String, &'static str, bool)| {
        view! {
            <a href=href aria-current=is_open.then_some("page")>
                {name}
            </a>
        }
    };
    view! {
        <nav class="tabs" aria-label=label>
            {links.into_iter().map(link).collect_view()}
        </nav>
    }
    .into_any()
}
