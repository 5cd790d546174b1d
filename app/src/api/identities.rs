//! Identities elsewhere: which providers there are, and which identities sign the person in.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::sign_in::ProviderKind;

use super::{Form, Moment};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    format::Format,
    request::{Request, flash, own_path},
};

/// A button that leads to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderLink {
    pub id: String,
    pub name: String,
    pub kind: ProviderKind,
    /// Empty where the person has to say again who they are first.
    pub href: String,
}

/// The ways in beside a password, for the pages of the signed-out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherWays {
    pub providers: Vec<ProviderLink>,
    /// A test user, in development.
    pub mock: bool,
    /// The path to end on.
    pub next: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityView {
    pub id: String,
    pub name: String,
    /// The e-mail there, or else the issuer.
    pub note: String,
    pub linked: Moment,
    pub last_used: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentitiesView {
    pub form: Form,
    pub saved: bool,
    pub linked: Vec<IdentityView>,
    pub providers: Vec<ProviderLink>,
    /// Linking takes a sign-in that is minutes old, or the password again.
    pub confirm: Confirm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirm {
    Not,
    Password,
    SignInAgain,
}

#[cfg(feature = "ssr")]
const PAGE: &str = "/settings/identities";

#[server(endpoint = "other_ways")]
pub async fn read_other_ways(next: String) -> Result<OtherWays, ApiError> {
    let request = Request::current()?;
    let query = match own_path(&next) {
        Some("/") | None => String::new(),
        // The only characters of such a path that mean something else in a query.
        Some(path) => format!("?next={}", path.replace('%', "%25").replace('+', "%2B")),
    };
    let providers = server::sign_in::identity::offered(&request.state);
    Ok(OtherWays {
        providers: providers
            .into_iter()
            .map(|provider| ProviderLink {
                href: [&provider.start, query.as_str()].concat(),
                id: provider.id,
                name: provider.name,
                kind: provider.kind,
            })
            .collect(),
        mock: server::sign_in::mock::is_on(&request.state),
        next,
    })
}

/// Signs the test user in; development only.
#[server(endpoint = "sign_in_mock")]
pub async fn sign_in_mock(#[server(default)] next: String) -> Result<String, ApiError> {
    let request = Request::current()?;
    let work = async {
        let failed = |error: server::Error| request.error(&error);
        let proven = server::sign_in::mock::enter(&request.state, &request.device())
            .await
            .map_err(failed)?;
        super::second::first_step(&request, proven, false, &next).await
    };
    request
        .form("/login", Form::sent("sign_in", &[]), work, String::clone)
        .await
}

#[server(endpoint = "identities")]
pub async fn read_identities() -> Result<IdentitiesView, ApiError> {
    use server::sign_in::identity;

    let request = Request::current()?;
    let user = request.user().await?;
    let failed = |error: server::Error| request.error(&error);
    let linked = identity::list(&request.state, &user).await.map_err(failed)?;
    let form = flash::take_form(&request, "identities").unwrap_or_default();
    // The flash is ours and encrypted; that it is this sign-in's is asked all the same.
    let confirmed = form.error.is_none() && form.value("confirmed") == session(&user);
    let confirm = if confirmed || identity::may_link(&request.state, &user).await.map_err(failed)? {
        Confirm::Not
    } else if user.entry().has_password {
        Confirm::Password
    } else {
        Confirm::SignInAgain
    };
    let mut providers = Vec::new();
    for provider in identity::offered(&request.state) {
        let href = match confirm {
            Confirm::Not => {
                let ticket = identity::ticket(&request.state, &user, &provider.id).map_err(failed)?;
                [&provider.start, "?link=", &ticket].concat()
            }
            Confirm::Password | Confirm::SignInAgain => String::new(),
        };
        providers.push(ProviderLink {
            id: provider.id,
            name: provider.name,
            kind: provider.kind,
            href,
        });
    }
    let format = Format::of(&request, &user);
    Ok(IdentitiesView {
        saved: form.error.is_none() && form.value("saved") == "yes",
        linked: linked
            .into_iter()
            .map(|identity| IdentityView {
                id: identity.id.to_string(),
                name: identity.name,
                note: identity.email.unwrap_or(identity.issuer),
                linked: format.moment(identity.created_at),
                last_used: format.moment(identity.last_used_at),
            })
            .collect(),
        providers,
        confirm,
        form,
    })
}

/// The password again, so that an identity can be linked.
#[server(endpoint = "confirm_identity")]
pub async fn confirm_identity(#[server(default)] password: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("identities", &[]);
    let work = async {
        let user = request.user().await?;
        if password.is_empty() {
            return Err(request.wrong_field("password", "required"));
        }
        server::accounts::reauth(&request.state, &user, Some(&password))
            .await
            .map_err(|error| request.error(&error))?;
        Ok(session(&user))
    };
    let done = request.form(PAGE, form, work, |_| PAGE.to_owned()).await?;
    flash::put(
        &request,
        &flash::Flash::form(Form::sent("identities", &[("confirmed", &done)])),
    );
    Ok(())
}

#[server(endpoint = "unlink_identity")]
pub async fn unlink_identity(#[server(default)] id: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let user = request.user().await?;
        let id = id.parse().map_err(|_| request.refused(types::error::Code::NotFound))?;
        server::sign_in::identity::unlink(&request.state, &user, id)
            .await
            .map_err(|error| request.error(&error))
    };
    request.saved(PAGE, Form::sent("identities", &[]), work).await
}

#[cfg(feature = "ssr")]
fn session(user: &server::sessions::User) -> String {
    user.session_id().map(|id| id.to_string()).unwrap_or_default()
}
