//! Organizations: which ones the person belongs to, making one, and its settings. Finds the reader's place in the one an address names.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::OrganizationRole;

use super::{Form, models::Allowed};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    format::Format,
    request::{Request, flash},
};
#[cfg(feature = "ssr")]
use server::{
    organizations::{self, Member},
    sessions::User,
};
#[cfg(feature = "ssr")]
use types::error::Code;

/// The page that lists them.
pub const LIST: &str = "/organizations";

/// An organization, for the head of its pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationView {
    pub name: String,
    pub slug: String,
    /// The reader's.
    pub role: OrganizationRole,
}

impl OrganizationView {
    /// The address of one of its pages; empty is the first.
    pub fn path(&self, page: &str) -> String {
        path(&self.slug, page)
    }

    /// Whether the reader manages members, teams, invitations and keys.
    pub fn is_managed(&self) -> bool {
        self.role.reaches(OrganizationRole::Admin)
    }

    /// Roles that the reader may give, highest first.
    pub fn grantable(&self) -> Vec<OrganizationRole> {
        let mut roles = OrganizationRole::ALL.to_vec();
        roles.retain(|role| self.role.may_grant(*role));
        roles
    }
}

pub(super) fn path(slug: &str, page: &str) -> String {
    match page {
        "" => [LIST, "/", slug].concat(),
        page => [LIST, "/", slug, "/", page].concat(),
    }
}

/// Somebody's place in an organization whose pages they see.
#[cfg(feature = "ssr")]
pub(super) struct Place {
    pub user: User,
    pub member: Member,
    pub view: OrganizationView,
}

#[cfg(feature = "ssr")]
impl Place {
    /// The reader's place in the organization that `named` is the slug of. A page under an old slug or an id leads on to its own address.
    pub async fn find(request: &Request, named: &str) -> Result<Place, ApiError> {
        Place::of(request, request.user().await?, named).await
    }

    /// [`Place::find`] for a person who may still lack the second factor that it asks for.
    pub async fn of(request: &Request, user: User, named: &str) -> Result<Place, ApiError> {
        let failed = |error: server::Error| request.error(&error);
        // A form that was open while the slug changed is still meant for the same organization.
        let found = organizations::of_name(&request.state, &user, named).await;
        let member = found.map_err(failed)?;
        let organization = organizations::get(&request.state, &member).map_err(failed)?;
        let Some(slug) = organization.slug else {
            // The personal one has no pages of its own: the rest of the dashboard is its.
            request.go("/");
            return Err(request.refused(Code::Gone));
        };
        if slug != named && !request.is_function() {
            request.go(&with_slug(request.page(), &slug));
            return Err(request.refused(Code::Gone));
        }
        Ok(Place {
            user,
            member,
            view: OrganizationView {
                name: organization.name,
                slug,
                role: organization.role,
            },
        })
    }
}

/// The same page under the slug that the organization has now.
#[cfg(feature = "ssr")]
fn with_slug(page: &str, slug: &str) -> String {
    let below = page
        .strip_prefix("/organizations/")
        .and_then(|rest| rest.split_once('/'));
    path(slug, below.map_or("", |(_, rest)| rest))
}

/// One that the person belongs to, in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationRow {
    /// Absent for the personal one.
    pub slug: Option<String>,
    pub name: String,
    pub role: OrganizationRole,
    pub members: String,
    /// The reader's id, to leave by.
    pub reader: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationsView {
    pub organizations: Vec<OrganizationRow>,
    pub next: Option<String>,
    pub form: Form,
}

/// Open to who lacks a second factor, so that they can leave the organization that asks for one. `after` is where the page before ended.
#[server(endpoint = "organizations")]
pub async fn read_organizations(#[server(default)] after: String) -> Result<OrganizationsView, ApiError> {
    let request = Request::current()?;
    let user = request.unsettled_user().await?;
    let page = organizations::page(&request.state, &user, PAGE, cursor(&after))
        .await
        .map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &user);
    let row = |organization: types::organizations::Organization| OrganizationRow {
        slug: organization.slug,
        name: organization.name,
        role: organization.role,
        members: format.numbers.count(organization.members),
        reader: user.id().to_string(),
    };
    Ok(OrganizationsView {
        organizations: page.data.into_iter().map(row).collect(),
        next: page.next_cursor,
        form: flash::take(&request).form,
    })
}

/// Rows that one page of a list shows.
#[cfg(feature = "ssr")]
pub(super) const PAGE: u64 = types::page::LARGEST_LIMIT;

#[cfg(feature = "ssr")]
pub(super) fn cursor(after: &str) -> Option<&str> {
    Some(after).filter(|after| !after.is_empty())
}

/// Leads to the new organization.
#[server(endpoint = "create_organization")]
pub async fn create_organization(
    #[server(default)] name: String,
    #[server(default)] slug: String,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let form = Form::sent("create_organization", &[("name", &name), ("slug", &slug)]);
    let work = async {
        let user = request.user().await?;
        let slug = slug.trim().to_owned();
        let new = types::organizations::NewOrganization { name, slug };
        let made = organizations::create(&request.state, &user, new)
            .await
            .map_err(|error| request.error(&error))?;
        Ok(path(&made.slug.unwrap_or_default(), ""))
    };
    request.form(LIST, form, work, String::clone).await
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationSettings {
    pub place: OrganizationView,
    pub form: Form,
    /// What it pays for may use.
    pub models: Allowed,
    /// The rest, which is the owners'.
    pub owned: Option<OwnedSettings>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedSettings {
    /// Members without a second factor must set one up.
    pub second_factor: bool,
    /// The reader has one.
    pub may_ask: bool,
}

#[server(endpoint = "organization_settings")]
pub async fn read_organization_settings(organization: String) -> Result<OrganizationSettings, ApiError> {
    let request = Request::current()?;
    let place = Place::find(&request, &organization).await?;
    let failed = |error: server::Error| request.error(&error);
    place.member.admin().map_err(failed)?;
    let stored = organizations::get(&request.state, &place.member).map_err(failed)?;
    let owned = place.member.owner().is_ok().then(|| OwnedSettings {
        second_factor: stored.requires_second_factor,
        may_ask: place.user.entry().has_second_factor,
    });
    Ok(OrganizationSettings {
        models: Allowed::of(&request, stored.allowed_models),
        owned,
        place: place.view,
        form: flash::take(&request).form,
    })
}

/// Another name and slug. Returns the page under the slug it has now.
#[server(endpoint = "rename_organization")]
pub async fn rename_organization(
    #[server(default)] organization: String,
    #[server(default)] name: String,
    #[server(default)] slug: String,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let form = Form::sent("rename", &[("name", &name), ("slug", &slug)]);
    let work = async {
        let change = types::organizations::OrganizationChange {
            name: Some(name),
            slug: Some(slug.trim().to_owned()),
            ..Default::default()
        };
        change_settings(&request, &organization, change).await
    };
    let page = path(&organization, SETTINGS);
    request.saved_then(&page, form, work, String::clone).await
}

/// `required` is a checkbox: whether members must have a second factor.
#[server(endpoint = "require_second_factor")]
pub async fn require_second_factor(
    #[server(default)] organization: String,
    #[server(default)] required: Option<String>,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let work = async {
        let change = types::organizations::OrganizationChange {
            requires_second_factor: Some(required.is_some()),
            ..Default::default()
        };
        change_settings(&request, &organization, change).await
    };
    let (page, form) = (path(&organization, SETTINGS), Form::sent("second_factor", &[]));
    request.saved_then(&page, form, work, String::clone).await
}

/// Which models whatever the organization pays for may use; none = all.
#[server(endpoint = "allow_models")]
pub async fn allow_models(
    #[server(default)] organization: String,
    #[server(default)] models: Vec<String>,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let form = Form::sent("allow_models", &[]).with_all("models", &models);
    let work = async {
        let change = types::organizations::OrganizationChange {
            allowed_models: Some(models),
            ..Default::default()
        };
        change_settings(&request, &organization, change).await
    };
    let page = path(&organization, SETTINGS);
    request.saved_then(&page, form, work, String::clone).await
}

#[cfg(feature = "ssr")]
const SETTINGS: &str = "settings";

/// The settings' address after the change.
#[cfg(feature = "ssr")]
async fn change_settings(
    request: &Request,
    named: &str,
    change: types::organizations::OrganizationChange,
) -> Result<String, ApiError> {
    let place = Place::find(request, named).await?;
    let changed = async {
        let admin = place.member.admin()?;
        organizations::update(&request.state, &admin, change).await
    };
    let changed = changed.await.map_err(|error| request.error(&error))?;
    Ok(path(&changed.slug.unwrap_or_default(), SETTINGS))
}

/// Deletes the organization whose name was typed to confirm it.
#[server(endpoint = "delete_organization")]
pub async fn delete_organization(
    #[server(default)] organization: String,
    #[server(default)] confirm_name: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let place = Place::find(&request, &organization).await?;
        let failed = |error: server::Error| request.error(&error);
        let owner = place.member.owner().map_err(failed)?;
        match confirm_name.trim() {
            "" => return Err(request.wrong_field("confirm_name", "required")),
            typed if typed != place.view.name => return Err(request.wrong_field("confirm_name", "not_matching")),
            _ => {}
        }
        organizations::delete(&request.state, &owner).await.map_err(failed)
    };
    let page = path(&organization, SETTINGS);
    let form = Form::sent("delete_organization", &[("confirm_name", &confirm_name)]);
    request.saved_then(&page, form, work, |()| LIST.to_owned()).await
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn page_under_an_old_slug_leads_to_the_same_page_under_the_new_one() {
        for (page, expected) in [
            ("/organizations/old", "/organizations/new"),
            ("/organizations/old/keys", "/organizations/new/keys"),
            ("/organizations/old/teams/7", "/organizations/new/teams/7"),
            ("/organizations/old/teams/old", "/organizations/new/teams/old"),
            ("/elsewhere", "/organizations/new"),
        ] {
            assert_eq!(with_slug(page, "new"), expected);
        }
    }
}
