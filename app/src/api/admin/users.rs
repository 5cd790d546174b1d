//! People: the list, one person, and what administrators change of them.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::{OrganizationRole, PlatformRole};

#[cfg(feature = "ssr")]
use super::{PAGE, address, auditor, change, given, id as id_of, mistake, path};
#[cfg(feature = "ssr")]
use crate::{
    api::session::{initials, shown_name},
    format::Format,
    request::{
        Request,
        flash::{self, Flash},
    },
};
use crate::{
    api::{Form, Moment, keys::NewSecret},
    error::ApiError,
};
#[cfg(feature = "ssr")]
use server::{
    people::{self, Wanted},
    sessions::User,
};
#[cfg(feature = "ssr")]
use types::{
    UserId,
    error::Code,
    page::Page,
    people::{NewPerson, Person, PersonChange},
};

/// What was typed into the filter, and where the page before ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersQuery {
    pub q: String,
    /// A role's name, or nothing.
    pub role: String,
    /// `yes`, `no` or nothing.
    pub active: String,
    pub after: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    pub id: String,
    pub name: String,
    pub username: String,
    pub email: String,
    pub initials: String,
    pub avatar: Option<String>,
    pub role: PlatformRole,
    pub is_active: bool,
    pub email_verified: bool,
    pub has_second_factor: bool,
    pub created: Moment,
    pub is_reader: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersView {
    pub query: UsersQuery,
    pub users: Vec<UserRow>,
    /// The address of the next page.
    pub next: Option<String>,
    pub error: Option<ApiError>,
    pub may_change: bool,
    /// Letters reach people; without them the reader hands the link on.
    pub mail: bool,
    pub form: Form,
}

#[server(endpoint = "admin_users")]
pub async fn read_admin_users(query: UsersQuery) -> Result<UsersView, ApiError> {
    let request = Request::current()?;
    let user = auditor(&request).await?;
    let format = Format::of(&request, &user);
    let (read, error) = mistake(page(&request, &user, &query))?;
    let page = read.unwrap_or(Page::empty());
    let next = page.next_cursor.map(|after| {
        let pairs = [
            ("q", query.q.as_str()),
            ("role", &query.role),
            ("active", &query.active),
            ("after", &after),
        ];
        address(&path("users"), &pairs)
    });
    Ok(UsersView {
        users: page
            .data
            .into_iter()
            .map(|person| row(&format, &user, person))
            .collect(),
        next,
        error,
        query,
        may_change: user.admin().is_ok(),
        mail: server::mail::available(&request.state),
        form: flash::take(&request).form,
    })
}

#[cfg(feature = "ssr")]
fn page(request: &Request, user: &User, query: &UsersQuery) -> Result<Option<Page<Person>>, ApiError> {
    let wanted = Wanted {
        search: given(&query.q).map(str::to_owned),
        role: PlatformRole::parse(&query.role),
        is_active: match query.active.as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
    };
    let read = || people::page(&request.state, &user.auditor()?, &wanted, PAGE, given(&query.after));
    read().map(Some).map_err(|error| request.error(&error))
}

#[cfg(feature = "ssr")]
fn row(format: &Format, reader: &User, person: Person) -> UserRow {
    let name = shown_name(person.full_name.as_deref(), &person.username);
    UserRow {
        id: person.id.to_string(),
        initials: initials(&name),
        name,
        username: person.username,
        email: person.email,
        avatar: person.avatar_url,
        role: person.role,
        is_active: person.is_active,
        email_verified: person.email_verified,
        has_second_factor: person.has_second_factor,
        created: format.date(person.created_at),
        is_reader: person.id == reader.id(),
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipView {
    /// To its page in the administration.
    pub href: String,
    pub name: String,
    pub role: OrganizationRole,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserView {
    pub row: UserRow,
    pub sign_ins: String,
    pub last_seen: Option<Moment>,
    pub has_password: bool,
    pub organizations: Vec<MembershipView>,
    /// To what this person did, in the audit log.
    pub audit: String,
    /// The reader may change this account: they administer the server, and it is not theirs.
    pub may_change: bool,
    pub form: Form,
    /// The link of an account that was made a moment ago, shown once.
    pub secret: Option<NewSecret>,
}

#[server(endpoint = "admin_user")]
pub async fn read_admin_user(id: String) -> Result<UserView, ApiError> {
    let request = Request::current()?;
    let user = auditor(&request).await?;
    let id: UserId = id_of(&request, &id)?;
    let read = async {
        let auditor = user.auditor()?;
        people::get(&request.state, &auditor, id).await
    };
    let details = read.await.map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &user);
    let (flash, here) = (flash::take(&request), page_of(&id.to_string()));
    let organizations = details.organizations.into_iter().map(|membership| MembershipView {
        href: path(&["organizations/", &membership.organization_id.to_string()].concat()),
        name: membership.name,
        role: membership.role,
    });
    Ok(UserView {
        organizations: organizations.collect(),
        sign_ins: format.numbers.count(details.sign_ins),
        last_seen: details.last_seen_at.map(|at| format.moment(at)),
        has_password: details.person.has_password,
        audit: address(&path("audit"), &[("actor", &id.to_string())]),
        may_change: user.admin().is_ok() && id != user.id(),
        row: row(&format, &user, details.person),
        form: flash.form,
        secret: flash.secret.filter(|secret| secret.page == here),
    })
}

#[cfg(feature = "ssr")]
fn page_of(id: &str) -> String {
    match id.parse::<UserId>() {
        Ok(id) => path(&["users/", &id.to_string()].concat()),
        Err(_) => path("users"),
    }
}

/// What making an account led to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The new person's page.
    pub page: String,
    /// Sets the password; absent when a letter takes it to them.
    pub link: Option<String>,
}

/// Makes an account whose person sets the password by a link. Leads to their page.
#[server(endpoint = "admin_create_user")]
pub async fn create_user(
    #[server(default)] email: String,
    #[server(default)] username: String,
    #[server(default)] full_name: String,
    #[server(default)] role: String,
    #[server(default)] locale: String,
) -> Result<Made, ApiError> {
    let request = Request::current()?;
    let values = [
        ("email", email.as_str()),
        ("username", &username),
        ("full_name", &full_name),
        ("role", &role),
        ("locale", &locale),
    ];
    let form = Form::sent("create_user", &values);
    let work = change(&request, async |admin| {
        let new = NewPerson {
            role: role_of(&request, &role)?,
            username: given(&username).map(str::to_owned),
            full_name: given(&full_name).map(str::to_owned),
            locale: given(&locale).map(str::to_owned),
            email,
        };
        match people::create(&request.state, &admin.operator(), new).await {
            Ok(made) => Ok(Made {
                page: page_of(&made.person.id.to_string()),
                link: made.link,
            }),
            Err(error) => Err(match error.refusal().code {
                Code::EmailTaken => request.wrong_field("email", "taken"),
                Code::UsernameTaken => request.wrong_field("username", "taken"),
                _ => request.error(&error),
            }),
        }
    });
    let done = request.form(&path("users"), form, work, |made| made.page.clone()).await;
    if let (Ok(made), true) = (&done, request.is_plain_form()) {
        let left = match &made.link {
            Some(link) => Flash::secret(NewSecret {
                name: String::new(),
                key: link.clone(),
                page: made.page.clone(),
            }),
            None => Flash::form(Form::sent("create_user", &[("saved", "yes")])),
        };
        flash::put(&request, &left);
    }
    done
}

#[cfg(feature = "ssr")]
fn role_of(request: &Request, text: &str) -> Result<PlatformRole, ApiError> {
    PlatformRole::parse(text).ok_or_else(|| request.refused(Code::BadRequest))
}

#[server(endpoint = "admin_set_role")]
pub async fn set_user_role(#[server(default)] id: String, #[server(default)] role: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = change(&request, async |admin| {
        let person = admin.id(&id)?;
        let change = PersonChange {
            role: Some(role_of(&request, &role)?),
            is_active: None,
        };
        let changed = people::change(&request.state, &admin.operator(), person, change).await;
        admin.said(changed).map(|_| ())
    });
    request.saved(&page_of(&id), Form::sent("set_role", &[]), work).await
}

/// `active` is `yes` or `no`.
#[server(endpoint = "admin_set_active")]
pub async fn set_user_active(#[server(default)] id: String, #[server(default)] active: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = change(&request, async |admin| {
        let person = admin.id(&id)?;
        let is_active = match active.as_str() {
            "yes" => true,
            "no" => false,
            _ => return Err(request.refused(Code::BadRequest)),
        };
        let change = PersonChange {
            role: None,
            is_active: Some(is_active),
        };
        let changed = people::change(&request.state, &admin.operator(), person, change).await;
        admin.said(changed).map(|_| ())
    });
    let name = if active == "yes" { "enable" } else { "disable" };
    request.saved(&page_of(&id), Form::sent(name, &[]), work).await
}

#[server(endpoint = "admin_sign_out")]
pub async fn sign_user_out(#[server(default)] id: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = change(&request, async |admin| {
        let person = admin.id(&id)?;
        admin.said(people::sign_out(&request.state, &admin.operator(), person).await)
    });
    request.saved(&page_of(&id), Form::sent("sign_out", &[]), work).await
}

#[server(endpoint = "admin_reset_factors")]
pub async fn reset_user_factors(#[server(default)] id: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = change(&request, async |admin| {
        let person = admin.id(&id)?;
        admin.said(people::reset_second_factor(&request.state, &admin.operator(), person).await)
    });
    request
        .saved(&page_of(&id), Form::sent("reset_factors", &[]), work)
        .await
}

/// Deletes the account whose user name was typed to confirm it.
#[server(endpoint = "admin_delete_user")]
pub async fn delete_user(
    #[server(default)] id: String,
    #[server(default)] confirm_name: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = change(&request, async |admin| {
        let known = admin.id(&id)?;
        let person = request.state.directory().user(known);
        let person = person.ok_or_else(|| request.refused(Code::NotFound))?;
        match confirm_name.trim() {
            "" => return Err(request.wrong_field("confirm_name", "required")),
            typed if typed != person.username => return Err(request.wrong_field("confirm_name", "not_matching")),
            _ => {}
        }
        admin.said(people::delete(&request.state, &admin.operator(), known).await)
    });
    let form = Form::sent("delete_user", &[("confirm_name", &confirm_name)]);
    request.saved_then(&page_of(&id), form, work, |()| path("users")).await
}
