//! The signed-in person's own profile.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::Form;
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    api::session::{initials, shown_name},
    request::{Request, flash},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileView {
    pub form: Form,
    pub saved: bool,
    pub email: String,
    pub initials: String,
    /// What is on record; the fields below hold what was typed last.
    pub saved_avatar: Option<String>,
    pub full_name: String,
    pub username: String,
    pub avatar_url: String,
}

#[server(endpoint = "profile")]
pub async fn read_profile() -> Result<ProfileView, ApiError> {
    let request = Request::current()?;
    let user = request.user().await?;
    let me = server::accounts::me(&request.state, &user)
        .await
        .map_err(|error| request.error(&error))?;
    let form = flash::take_form(&request, "profile").unwrap_or_default();
    let failed = form.error.is_some();
    let shown = |field: &str, stored: Option<String>| {
        if failed {
            form.value(field)
        } else {
            stored.unwrap_or_default()
        }
    };
    Ok(ProfileView {
        saved: !failed && form.value("saved") == "yes",
        email: me.email,
        initials: initials(&shown_name(me.full_name.as_deref(), &me.username)),
        saved_avatar: me.avatar_url.clone(),
        full_name: shown("full_name", me.full_name),
        username: shown("username", Some(me.username)),
        avatar_url: shown("avatar_url", me.avatar_url),
        form,
    })
}

/// An empty name or picture is none.
#[server(endpoint = "save_profile")]
pub async fn save_profile(
    #[server(default)] full_name: String,
    #[server(default)] username: String,
    #[server(default)] avatar_url: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent(
        "profile",
        &[
            ("full_name", &full_name),
            ("username", &username),
            ("avatar_url", &avatar_url),
        ],
    );
    let given = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    let work = async {
        let user = request.user().await?;
        let change = types::accounts::ProfileChange {
            full_name: Some(given(&full_name)),
            username: Some(username.trim().to_owned()),
            avatar_url: Some(given(&avatar_url)),
            ..Default::default()
        };
        server::accounts::update_profile(&request.state, &user, change)
            .await
            .map_err(|error| request.error(&error))?;
        Ok(())
    };
    request.saved("/settings", form, work).await
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveView {
    pub form: Form,
    pub has_password: bool,
}

#[server(endpoint = "leave_form")]
pub async fn read_leave() -> Result<LeaveView, ApiError> {
    let request = Request::current()?;
    let user = request.user().await?;
    Ok(LeaveView {
        form: flash::take_form(&request, "leave").unwrap_or_default(),
        has_password: user.entry().has_password,
    })
}

/// Deletes the account and leads to the sign-in page.
#[server(endpoint = "leave")]
pub async fn leave(#[server(default)] password: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let user = request.user().await?;
        let given = Some(password.as_str()).filter(|password| !password.is_empty());
        if given.is_none() && user.entry().has_password {
            return Err(request.wrong_field("password", "required"));
        }
        let (state, device) = (&request.state, request.device());
        let done = async {
            server::accounts::reauth(state, &user, given).await?;
            server::accounts::leave(state, &user, &device).await
        };
        done.await.map_err(|error| request.reauth_error("password", &error))?;
        request.set_cookie(server::http::cookie::clear(state.config()));
        Ok(())
    };
    let form = Form::sent("leave", &[]);
    request.form("/settings", form, work, |()| "/login".to_owned()).await
}
