//! Signing up, in and out, and who is signed in.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use super::invitations::{Standing, look, may_sign_up, page_of};
use super::{Form, invitations::Invited};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::request::{Request, cookie, flash, own_path};
#[cfg(feature = "ssr")]
use server::{
    accounts::Registered,
    organizations::{self, invitations},
    sessions::User,
};

/// The person, for the frame around every page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    pub name: String,
    pub email: String,
    pub initials: String,
    pub avatar: Option<String>,
    /// The built-in provider answers: every page says so.
    pub demo: bool,
    /// Shared organizations that they belong to; `/organizations` lists them all.
    pub organizations: Vec<OrganizationLink>,
    /// The one whose page this is.
    pub here: Option<OrganizationLink>,
    /// They see the pages of who runs the server.
    pub administers: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationLink {
    pub name: String,
    pub slug: String,
}

/// What a page for the signed-out needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entrance {
    pub form: Form,
    /// Accounts are made here, as far as the invitation reaches where one is needed.
    pub registration_open: bool,
    /// What the reader came with.
    pub invitation: Option<Invited>,
    /// The address it was mailed to, which is the new account's.
    pub invited_email: Option<String>,
    /// Letters reach people: links and forgotten passwords are offered.
    pub mail: bool,
    /// Only asked by `/setup`: no administrator exists yet.
    pub setup_needed: bool,
    /// Passkeys work at this server's address.
    pub passkeys: bool,
}

#[server(endpoint = "viewer")]
pub async fn read_viewer() -> Result<Viewer, ApiError> {
    let request = Request::current()?;
    let user = request.unsettled_user().await?;
    let person = user.entry();
    let avatar = person.avatar_url.clone();
    let name = shown_name(person.full_name.as_deref(), &person.username);
    let belongs = organizations::page(&request.state, &user, super::organizations::PAGE, None)
        .await
        .map_err(|error| request.error(&error))?;
    Ok(Viewer {
        organizations: belongs.data.into_iter().filter_map(link).collect(),
        here: here(&request, &user),
        administers: user.auditor().is_ok(),
        initials: initials(&name),
        avatar,
        name,
        email: person.email.clone(),
        demo: request.state.directory().is_demo(),
    })
}

#[cfg(feature = "ssr")]
fn link(organization: types::organizations::Organization) -> Option<OrganizationLink> {
    Some(OrganizationLink {
        slug: organization.slug?,
        name: organization.name,
    })
}

/// The organization that the page's address names, if the reader belongs to it.
#[cfg(feature = "ssr")]
fn here(request: &Request, user: &User) -> Option<OrganizationLink> {
    let (state, below) = (&request.state, request.page().strip_prefix("/organizations/")?);
    let id = organizations::named(state, below.split('/').next()?)?;
    let member = organizations::member(state, user, id).ok()?;
    link(organizations::get(state, &member).ok()?)
}

/// Who is signed in already is led to the overview, or to what they are invited to. `invitation` is the token of one, or empty.
#[server(endpoint = "entrance")]
pub async fn read_entrance(form: String, #[server(default)] invitation: String) -> Result<Entrance, ApiError> {
    let request = Request::current()?;
    if request.signed_in().await?.is_some() {
        request.go(&match invitation.as_str() {
            "" => "/".to_owned(),
            token => page_of(token),
        });
    }
    let invited = match invitation.as_str() {
        "" => None,
        token => match look(&request, token).await? {
            Standing::Open(invited) => Some(invited),
            Standing::Over | Standing::Unknown => None,
        },
    };
    let invited_email = match &invited {
        Some(invited) if invited.is_mailed => invitations::address(&request.state, &invited.token)
            .await
            .map_err(|error| request.error(&error))?,
        _ => None,
    };
    let setup_needed = server::setup::needed(&request.state)
        .await
        .map_err(|error| request.error(&error))?;
    Ok(Entrance {
        form: flash::take_form(&request, &form).unwrap_or_default(),
        registration_open: may_sign_up(&request, invited.as_ref()),
        invitation: invited,
        invited_email,
        mail: server::mail::available(&request.state),
        setup_needed,
        passkeys: server::factors::passkeys::are_offered(request.state.config()),
    })
}

/// Returns the path to go on with: the page is loaded afresh, since language and theme may be the account's from here on.
#[server(endpoint = "sign_in")]
pub async fn sign_in(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] remember_me: Option<String>,
    #[server(default)] next: String,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let form = Form::sent("sign_in", &[("email", &email), ("remember_me", on(&remember_me))]);
    let back = match own_path(&next) {
        Some("/") | None => "/login".to_owned(),
        Some(path) => ["/login?next=", path].concat(),
    };
    let work = async {
        let required = [("email", email.trim()), ("password", &password)];
        if let Some((field, _)) = required.into_iter().find(|(_, value)| value.is_empty()) {
            return Err(request.wrong_field(field, "required"));
        }
        let remember = remember_me.is_some();
        let login = types::accounts::Login {
            email,
            password,
            remember_me: remember,
            code: None,
        };
        let proven = server::accounts::verify_password(&request.state, &login, &request.device())
            .await
            .map_err(|error| request.error(&error))?;
        super::second::first_step(&request, proven, remember, &next).await
    };
    request.form(&back, form, work, String::clone).await
}

/// `invitation` is the token of the invitation that the person came with, or empty.
#[server(endpoint = "sign_up")]
pub async fn sign_up(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] confirm_password: String,
    #[server(default)] full_name: String,
    #[server(default)] username: String,
    #[server(default)] remember_me: Option<String>,
    #[server(default)] invitation: String,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let form = Form::sent(
        "sign_up",
        &[
            ("email", &email),
            ("full_name", &full_name),
            ("username", &username),
            ("remember_me", on(&remember_me)),
        ],
    );
    let work = async {
        let register = types::accounts::Register {
            invitation: Some(invitation.clone()).filter(|token| !token.is_empty()),
            ..register(&request, email, password, &confirm_password, &full_name, &username)?
        };
        let invited = register.invitation.is_some();
        let registered = server::accounts::register(&request.state, register, &request.device()).await;
        match registered {
            Ok(Registered::Entered(user)) => {
                start(&request, &user, remember_me.is_some()).await?;
                let next = if invited { super::organizations::LIST } else { "/" };
                Ok(next.to_owned())
            }
            Ok(Registered::LookIntoMail) => Ok("/verify".to_owned()),
            // The only thing about an invitation that is forbidden: it was mailed to another address.
            Err(error) if invited && error.refusal().code == types::error::Code::Forbidden => {
                Err(request.wrong_field("email", "not_invited"))
            }
            Err(error) => Err(request.error(&error)),
        }
    };
    request
        .form(&register_page(&invitation), form, work, String::clone)
        .await
}

/// The form again, with the invitation that the person came with.
#[cfg(feature = "ssr")]
fn register_page(invitation: &str) -> String {
    let page = ["/register?invitation=", invitation].concat();
    match own_path(&page) {
        Some(_) if !invitation.is_empty() => page,
        _ => "/register".to_owned(),
    }
}

/// The first administrator. `token` stands in the server's log and opens this once.
#[server(endpoint = "set_up")]
pub async fn set_up(
    #[server(default)] token: String,
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] confirm_password: String,
    #[server(default)] full_name: String,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let form = Form::sent("set_up", &[("email", &email), ("full_name", &full_name)]);
    let plain_token = token
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let back = if plain_token {
        ["/setup?token=", &token].concat()
    } else {
        "/setup".to_owned()
    };
    let work = async {
        let register = register(&request, email, password, &confirm_password, &full_name, "")?;
        let user = server::setup::complete(&request.state, &token, register, &request.device())
            .await
            .map_err(|error| request.error(&error))?;
        start(&request, &user, false).await?;
        Ok("/".to_owned())
    };
    request.form(&back, form, work, String::clone).await
}

#[server(endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), ApiError> {
    let request = Request::current()?;
    let config = request.state.config();
    if let Some(value) = server::http::cookie::read(&request.parts.headers, config) {
        server::sessions::end_cookie(&request.state, &value, &request.device())
            .await
            .map_err(|error| request.error(&error))?;
    }
    request.set_cookie(server::http::cookie::clear(config));
    request.add_header(server::http::cookie::CLEAR_SITE_DATA, server::http::cookie::SITE_DATA);
    request.go("/login");
    Ok(())
}

#[cfg(feature = "ssr")]
pub(super) fn on(checkbox: &Option<String>) -> &'static str {
    if checkbox.is_some() { "on" } else { "" }
}

/// The rules of `types`, and that both passwords are the same; all mistakes at once.
#[cfg(feature = "ssr")]
fn register(
    request: &Request,
    email: String,
    password: String,
    confirm: &str,
    full_name: &str,
    username: &str,
) -> Result<types::accounts::Register, ApiError> {
    let given = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    let register = types::accounts::Register {
        username: given(username),
        full_name: given(full_name),
        locale: Some(request.locale().name().to_owned()),
        email,
        password,
        invitation: None,
    };
    let mut errors = match register.check() {
        Ok(()) => Default::default(),
        Err(refusal) => refusal.errors,
    };
    if confirm != register.password && !errors.contains_key("password") {
        let wrong = if confirm.is_empty() {
            types::rules::Wrong::Required
        } else {
            types::rules::Wrong::NotMatching
        };
        types::accounts::wrong(&mut errors, "confirm_password", Err(wrong));
    }
    types::Refusal::fields(errors).map_err(|refusal| request.error(&refusal.into()))?;
    Ok(register)
}

/// Starts the browser's session in place of the one it had, and brings the account's language and theme to this browser.
#[cfg(feature = "ssr")]
pub(super) async fn start(request: &Request, user: &server::sign_in::Entered, remember: bool) -> Result<(), ApiError> {
    let (state, headers) = (&request.state, &request.parts.headers);
    let config = state.config();
    if let Some(old) = server::http::cookie::read(headers, config) {
        server::sessions::end_cookie(state, &old, &request.device())
            .await
            .map_err(|error| request.error(&error))?;
    }
    let cookie = server::sessions::start_cookie(state, user, remember, &request.device())
        .await
        .map_err(|error| request.error(&error))?;
    request.set_cookie(server::http::cookie::set(config, &cookie));
    if let Some(device) = server::http::cookie::set_device(config, &cookie) {
        request.set_cookie(device);
    }
    let person = user.entry();
    // `en` and `system` are also what an account has that never chose; then the browser decides.
    let stored = [
        (cookie::LOCALE, &person.locale, "en"),
        (cookie::THEME, &person.theme, "system"),
    ];
    for (name, value, unchosen) in stored {
        if cookie::read(headers, name).is_none() && value != unchosen {
            request.set_cookie(cookie::keep(config, name, value));
        }
    }
    Ok(())
}

/// The full name, or else the username.
#[cfg(feature = "ssr")]
pub(super) fn shown_name(full_name: Option<&str>, username: &str) -> String {
    let full = full_name.map(str::trim).filter(|name| !name.is_empty());
    full.unwrap_or(username).to_owned()
}

/// The first letters of the first two words.
#[cfg(feature = "ssr")]
pub(super) fn initials(name: &str) -> String {
    name.split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| word.chars().next())
        .take(2)
        .flat_map(char::to_uppercase)
        .collect()
}
