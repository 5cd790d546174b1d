//! Language, theme, sidebar and time zone: kept in cookies, and with the account of whoever is signed in.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::Form;
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    locale::Locale,
    preferences::{Sidebar, Theme},
    request::{Request, cookie, flash, own_path},
};

/// `locale` is `en` or `ru`; `back` the page to return to.
#[server(endpoint = "set_language")]
pub async fn set_language(#[server(default)] locale: String, #[server(default)] back: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let locale = Locale::parse(&locale).ok_or_else(|| request.wrong_field("locale", "unknown_value"))?;
    request.keep(cookie::LOCALE, locale.name());
    remember(&request, Some(locale.name()), None, None).await?;
    request.go(own_path(&back).unwrap_or("/"));
    Ok(())
}

/// `theme` is `light`, `dark` or `system`. Scripts show it at once and stay on the page.
#[server(endpoint = "set_theme")]
pub async fn set_theme(#[server(default)] theme: String, #[server(default)] back: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let theme = Theme::parse(&theme).ok_or_else(|| request.wrong_field("theme", "unknown_value"))?;
    request.keep(cookie::THEME, theme.name());
    remember(&request, None, Some(theme.name()), None).await?;
    if request.is_plain_form() {
        request.go(own_path(&back).unwrap_or("/"));
    }
    Ok(())
}

/// `sidebar` is `open` or `collapsed`.
#[server(endpoint = "set_sidebar")]
pub async fn set_sidebar(#[server(default)] sidebar: String, #[server(default)] back: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let sidebar = Sidebar::parse(&sidebar).ok_or_else(|| request.wrong_field("sidebar", "unknown_value"))?;
    request.keep(cookie::SIDEBAR, sidebar.name());
    if request.is_plain_form() {
        request.go(own_path(&back).unwrap_or("/"));
    }
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsView {
    pub form: Form,
    pub time_zone: String,
    pub saved: bool,
}

#[server(endpoint = "settings")]
pub async fn read_settings() -> Result<SettingsView, ApiError> {
    let request = Request::current()?;
    let user = request.user().await?;
    let form = flash::take_form(&request, "settings").unwrap_or_default();
    Ok(SettingsView {
        saved: form.error.is_none() && form.value("saved") == "yes",
        time_zone: if form.error.is_some() {
            form.value("time_zone")
        } else {
            user.entry().time_zone.clone()
        },
        form,
    })
}

/// All display settings at once; the page is loaded afresh in the new language and theme.
#[server(endpoint = "save_settings")]
pub async fn save_settings(
    #[server(default)] locale: String,
    #[server(default)] theme: String,
    #[server(default)] time_zone: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("settings", &[("time_zone", &time_zone)]);
    let work = async {
        request.user().await?;
        let locale = Locale::parse(&locale).ok_or_else(|| request.wrong_field("locale", "unknown_value"))?;
        let theme = Theme::parse(&theme).ok_or_else(|| request.wrong_field("theme", "unknown_value"))?;
        let zone = Some(time_zone.trim()).filter(|zone| !zone.is_empty()).unwrap_or("UTC");
        if jiff::tz::TimeZone::get(zone).is_err() {
            return Err(request.wrong_field("time_zone", "unknown_value"));
        }
        remember(&request, Some(locale.name()), Some(theme.name()), Some(zone)).await?;
        request.keep(cookie::LOCALE, locale.name());
        request.keep(cookie::THEME, theme.name());
        Ok(())
    };
    request.saved("/settings", form, work).await
}

/// Stores with the account, if somebody is signed in.
#[cfg(feature = "ssr")]
async fn remember(
    request: &Request,
    locale: Option<&str>,
    theme: Option<&str>,
    time_zone: Option<&str>,
) -> Result<(), ApiError> {
    let Some(user) = request.signed_in().await? else {
        return Ok(());
    };
    server::accounts::update_preferences(&request.state, &user, locale, theme, time_zone)
        .await
        .map_err(|error| request.error(&error))
}
