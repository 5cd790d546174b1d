//! Organizations of others: the list, one of them, and what administrators of the server change.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::{OrganizationRole, organizations::OrganizationKind};

#[cfg(feature = "ssr")]
use super::{PAGE, address, auditor, change, given, mistake, path};
use crate::{
    api::{
        Form, Moment,
        models::Allowed,
        teams::{LimitsView, Typed},
    },
    error::ApiError,
};
#[cfg(feature = "ssr")]
use crate::{
    api::{
        members::role_of,
        session::{initials, shown_name},
    },
    format::Format,
    request::{Request, flash},
};
#[cfg(feature = "ssr")]
use server::{
    organizations::overseen::{self, Wanted},
    sessions::User,
    teams,
};
#[cfg(feature = "ssr")]
use types::{
    error::Code,
    organizations::{Member, NewMember, OverseenChange, OverseenOrganization},
    page::Page,
    teams::{DEFAULT_TEAM, TeamChange},
};

/// What was typed into the filter, and where the page before ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationsQuery {
    pub q: String,
    /// `yes` for those that came with accounts too.
    pub personal: String,
    pub after: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverseenRow {
    pub id: String,
    pub name: String,
    pub slug: Option<String>,
    pub kind: OrganizationKind,
    pub members: String,
    /// Nobody owns it though somebody should.
    pub is_ownerless: bool,
    pub created: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverseenList {
    pub query: OrganizationsQuery,
    pub organizations: Vec<OverseenRow>,
    /// The address of the next page.
    pub next: Option<String>,
    pub error: Option<ApiError>,
    pub form: Form,
}

#[server(endpoint = "admin_organizations")]
pub async fn read_admin_organizations(query: OrganizationsQuery) -> Result<OverseenList, ApiError> {
    let request = Request::current()?;
    let user = auditor(&request).await?;
    let format = Format::of(&request, &user);
    let (read, error) = mistake(page(&request, &user, &query))?;
    let page = read.unwrap_or(Page::empty());
    let next = page.next_cursor.map(|after| {
        let pairs = [
            ("q", query.q.as_str()),
            ("personal", &query.personal),
            ("after", &after),
        ];
        address(&path("organizations"), &pairs)
    });
    Ok(OverseenList {
        organizations: page.data.into_iter().map(|entry| row(&format, entry)).collect(),
        next,
        error,
        query,
        form: flash::take(&request).form,
    })
}

#[cfg(feature = "ssr")]
fn page(
    request: &Request,
    user: &User,
    query: &OrganizationsQuery,
) -> Result<Option<Page<OverseenOrganization>>, ApiError> {
    let wanted = Wanted {
        search: given(&query.q).map(str::to_owned),
        personal: query.personal == "yes",
    };
    let read = || overseen::page(&request.state, &user.auditor()?, &wanted, PAGE, given(&query.after));
    read().map(Some).map_err(|error| request.error(&error))
}

#[cfg(feature = "ssr")]
fn row(format: &Format, entry: OverseenOrganization) -> OverseenRow {
    OverseenRow {
        id: entry.id.to_string(),
        name: entry.name,
        slug: entry.slug,
        kind: entry.kind,
        members: format.numbers.count(entry.members),
        is_ownerless: entry.kind == OrganizationKind::Shared && entry.owners == 0,
        created: format.date(entry.created_at),
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverseenMember {
    pub id: String,
    /// To their page.
    pub href: String,
    pub name: String,
    pub email: String,
    pub initials: String,
    pub avatar: Option<String>,
    pub role: OrganizationRole,
    pub joined: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverseenView {
    pub row: OverseenRow,
    pub members: Vec<OverseenMember>,
    /// The address of the next page of members.
    pub next: Option<String>,
    /// What it pays for may use; of the server's own organization, what everybody's keys may.
    pub models: Allowed,
    /// Of the server's own organization: how much everybody may call.
    pub limits: Option<LimitsView>,
    pub may_change: bool,
    pub form: Form,
}

#[server(endpoint = "admin_organization")]
pub async fn read_admin_organization(id: String, #[server(default)] after: String) -> Result<OverseenView, ApiError> {
    let request = Request::current()?;
    let user = auditor(&request).await?;
    let read = async {
        let auditor = user.auditor()?;
        let organization = overseen::get(&request.state, &auditor, &id)?;
        let members = overseen::page_of_members(&request.state, &auditor, &id, PAGE, given(&after)).await?;
        Ok::<_, server::Error>((organization, members))
    };
    let (organization, members) = read.await.map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &user);
    let team = request.state.directory().default_team();
    let team = team.filter(|_| organization.kind == OrganizationKind::System);
    let allowed = match &team {
        Some(team) => team.allowed_models.clone(),
        None => organization.allowed_models.clone(),
    };
    let own = path(&["organizations/", &organization.id.to_string()].concat());
    Ok(OverseenView {
        next: members.next_cursor.map(|after| address(&own, &[("after", &after)])),
        members: members.data.into_iter().map(|one| member(&format, one)).collect(),
        row: row(&format, organization),
        models: Allowed::of(&request, allowed),
        limits: team.map(|team| LimitsView::of(&format, team.limits)),
        may_change: user.admin().is_ok(),
        form: flash::take(&request).form,
    })
}

#[cfg(feature = "ssr")]
fn member(format: &Format, member: Member) -> OverseenMember {
    let name = shown_name(member.full_name.as_deref(), &member.username);
    OverseenMember {
        id: member.user_id.to_string(),
        href: path(&["users/", &member.user_id.to_string()].concat()),
        initials: initials(&name),
        name,
        email: member.email,
        avatar: member.avatar_url,
        role: member.role,
        joined: format.date(member.joined_at),
    }
}

/// The page of the organization of this id; ids that are none lead to the list.
#[cfg(feature = "ssr")]
fn page_of(id: &str) -> String {
    match id.parse::<types::OrganizationId>() {
        Ok(id) => path(&["organizations/", &id.to_string()].concat()),
        Err(_) => path("organizations"),
    }
}

/// Another name and, where it has one, another slug.
#[server(endpoint = "admin_rename_organization")]
pub async fn rename_overseen(
    #[server(default)] id: String,
    #[server(default)] name: String,
    #[server(default)] slug: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("rename", &[("name", &name), ("slug", &slug)]);
    let work = change(&request, async |admin| {
        let change = OverseenChange {
            name: Some(name),
            slug: Some(slug.trim().to_owned()),
            allowed_models: None,
        };
        let renamed = overseen::update(&request.state, &admin.operator(), &id, change).await;
        admin.said(renamed).map(|_| ())
    });
    request.saved(&page_of(&id), form, work).await
}

/// Which models whatever it pays for may use; none = all.
#[server(endpoint = "admin_organization_models")]
pub async fn allow_overseen_models(
    #[server(default)] id: String,
    #[server(default)] models: Vec<String>,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("allow_models", &[]).with_all("models", &models);
    let work = change(&request, async |admin| {
        let change = OverseenChange {
            allowed_models: Some(models),
            ..OverseenChange::default()
        };
        let allowed = overseen::update(&request.state, &admin.operator(), &id, change).await;
        admin.said(allowed).map(|_| ())
    });
    request.saved(&page_of(&id), form, work).await
}

/// Adds somebody by e-mail.
#[server(endpoint = "admin_add_member")]
pub async fn add_overseen_member(
    #[server(default)] id: String,
    #[server(default)] email: String,
    #[server(default)] role: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("add_member", &[("email", &email), ("role", &role)]);
    let work = change(&request, async |admin| {
        let new = NewMember {
            email: Some(email),
            user_id: None,
            role: role_of(&request, &role)?,
        };
        match overseen::add(&request.state, &admin.operator(), &id, new).await {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.refusal().code {
                Code::UserNotFound => request.wrong_field("email", "nobody"),
                Code::Conflict => request.wrong_field("email", "is_member"),
                _ => request.error(&error),
            }),
        }
    });
    request.saved(&page_of(&id), form, work).await
}

/// `member` is the person's id.
#[server(endpoint = "admin_change_member")]
pub async fn change_overseen_member(
    #[server(default)] id: String,
    #[server(default)] member: String,
    #[server(default)] role: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = change(&request, async |admin| {
        let (member, role) = (admin.id(&member)?, role_of(&request, &role)?);
        let changed = overseen::change_role(&request.state, &admin.operator(), &id, member, role).await;
        admin.said(changed).map(|_| ())
    });
    request
        .saved(&page_of(&id), Form::sent("change_member", &[]), work)
        .await
}

/// `member` is the person's id.
#[server(endpoint = "admin_remove_member")]
pub async fn remove_overseen_member(
    #[server(default)] id: String,
    #[server(default)] member: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = change(&request, async |admin| {
        let member = admin.id(&member)?;
        admin.said(overseen::remove(&request.state, &admin.operator(), &id, member).await)
    });
    request
        .saved(&page_of(&id), Form::sent("remove_member", &[]), work)
        .await
}

/// Which models everybody's keys may use, none = all, and how much each person may call.
#[server(endpoint = "admin_default_team")]
pub async fn save_default_team(
    #[server(default)] id: String,
    #[server(default)] models: Vec<String>,
    #[server(default)] limits: Option<Typed>,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let typed = limits.clone().unwrap_or_default();
    let form = Form::sent("default_team", &typed.fields()).with_all("models", &models);
    let work = change(&request, async |admin| {
        let change = TeamChange {
            allowed_models: Some(models),
            ..Typed::change_of(limits.as_ref(), &request)?
        };
        let saved = async {
            let known = teams::find(&request.state, admin.user(), DEFAULT_TEAM)?;
            teams::update(&request.state, &known.admin()?, change).await
        };
        admin.said(saved.await).map(|_| ())
    });
    request.saved(&page_of(&id), form, work).await
}

/// Deletes the organization whose name was typed to confirm it.
#[server(endpoint = "admin_delete_organization")]
pub async fn delete_overseen(
    #[server(default)] id: String,
    #[server(default)] confirm_name: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("delete_organization", &[("confirm_name", &confirm_name)]);
    let work = change(&request, async |admin| {
        let found = admin.said(overseen::get(&request.state, &admin.operator(), &id))?;
        match confirm_name.trim() {
            "" => return Err(request.wrong_field("confirm_name", "required")),
            typed if typed != found.name => return Err(request.wrong_field("confirm_name", "not_matching")),
            _ => {}
        }
        admin.said(overseen::delete(&request.state, &admin.operator(), &id).await)
    });
    request
        .saved_then(&page_of(&id), form, work, |()| path("organizations"))
        .await
}
