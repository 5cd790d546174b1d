//! Who belongs to an organization: added, given another role, removed, gone by themselves.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::OrganizationRole;

use super::{Form, Moment, organizations::OrganizationView};
#[cfg(feature = "ssr")]
use super::{
    organizations::{LIST, PAGE, Place, cursor, path},
    session::{initials, shown_name},
};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    format::Format,
    request::{Request, flash},
};
#[cfg(feature = "ssr")]
use server::organizations::members;
#[cfg(feature = "ssr")]
use types::error::Code;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    pub id: String,
    pub name: String,
    pub email: String,
    pub initials: String,
    pub avatar: Option<String>,
    pub role: OrganizationRole,
    pub joined: Moment,
    pub is_reader: bool,
    /// The reader may give them another role and remove them.
    pub is_below: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersView {
    pub place: OrganizationView,
    pub members: Vec<MemberView>,
    pub next: Option<String>,
    pub form: Form,
    /// Invitations can be mailed.
    pub mail: bool,
}

/// `after` is where the page before ended.
#[server(endpoint = "members")]
pub async fn read_members(organization: String, #[server(default)] after: String) -> Result<MembersView, ApiError> {
    let request = Request::current()?;
    let place = Place::find(&request, &organization).await?;
    let page = members::page(&request.state, &place.member, PAGE, cursor(&after))
        .await
        .map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &place.user);
    let shown = |member: types::organizations::Member| {
        let name = shown_name(member.full_name.as_deref(), &member.username);
        MemberView {
            id: member.user_id.to_string(),
            initials: initials(&name),
            name,
            email: member.email,
            avatar: member.avatar_url,
            role: member.role,
            joined: format.date(member.joined_at),
            is_reader: member.user_id == place.user.id(),
            is_below: place.view.role.may_grant(member.role),
        }
    };
    Ok(MembersView {
        members: page.data.into_iter().map(shown).collect(),
        next: page.next_cursor,
        place: place.view,
        form: flash::take(&request).form,
        mail: server::mail::available(&request.state),
    })
}

/// Adds somebody who has an account with this address, verified.
#[server(endpoint = "add_member")]
pub async fn add_member(
    #[server(default)] organization: String,
    #[server(default)] email: String,
    #[server(default)] role: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("add_member", &[("email", &email), ("role", &role)]);
    let work = async {
        let place = Place::find(&request, &organization).await?;
        let role = role_of(&request, &role)?;
        let new = types::organizations::NewMember {
            email: Some(email),
            user_id: None,
            role,
        };
        let added = async {
            let admin = place.member.admin()?;
            members::add(&request.state, &admin, new).await
        };
        match added.await {
            Ok(_) => Ok(()),
            Err(error) if error.refusal().code == Code::Conflict => Err(request.wrong_field("email", "is_member")),
            Err(error) => Err(request.error(&error)),
        }
    };
    request.saved(&path(&organization, ""), form, work).await
}

#[cfg(feature = "ssr")]
pub(super) fn role_of(request: &Request, name: &str) -> Result<OrganizationRole, ApiError> {
    OrganizationRole::parse(name).ok_or_else(|| request.wrong_field("role", "unknown_value"))
}

/// `id` is the member's.
#[server(endpoint = "change_role")]
pub async fn change_role(
    #[server(default)] organization: String,
    #[server(default)] id: String,
    #[server(default)] role: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let place = Place::find(&request, &organization).await?;
        let id = id.parse().map_err(|_| request.refused(Code::NotFound))?;
        let role = role_of(&request, &role)?;
        let changed = async {
            let admin = place.member.admin()?;
            members::change_role(&request.state, &admin, id, role).await
        };
        changed.await.map(|_| ()).map_err(|error| request.error(&error))
    };
    request
        .saved(&path(&organization, ""), Form::sent("change_role", &[]), work)
        .await
}

/// Removes somebody, or the reader themselves, who may also lack the second factor that the organization asks for. Returns the page to
/// go on with.
#[server(endpoint = "remove_member")]
pub async fn remove_member(
    #[server(default)] organization: String,
    #[server(default)] id: String,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let work = async {
        let id = id.parse().map_err(|_| request.refused(Code::NotFound))?;
        let user = request.unsettled_user().await?;
        let leaves = user.id() == id;
        let failed = |error: server::Error| request.error(&error);
        if !leaves {
            server::factors::require_set_up(&request.state, &user).map_err(failed)?;
        }
        let place = Place::of(&request, user, &organization).await?;
        members::remove(&request.state, &place.member, id)
            .await
            .map_err(failed)?;
        Ok(if leaves { LIST.to_owned() } else { place.view.path("") })
    };
    let (page, form) = (path(&organization, ""), Form::sent("remove_member", &[]));
    request.saved_then(&page, form, work, String::clone).await
}
