//! Setting second factors up and removing them.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Form, Moment};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    api::second::refuse_failed,
    format::Format,
    request::{FACTORS, Request, flash},
};
#[cfg(feature = "ssr")]
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
#[cfg(feature = "ssr")]
use server::{
    factors::{self, totp},
    sessions::User,
};

/// An authenticator app that waits for its first code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupView {
    pub secret: String,
    /// SVG path data of the QR code, and its size in modules.
    pub qr: String,
    pub size: i32,
    /// The secret, sealed: who sends it back may see it again.
    pub shown: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyView {
    pub id: String,
    pub name: String,
    pub second_factor: bool,
    pub created: Moment,
    pub last_used: Option<Moment>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorsView {
    pub form: Form,
    /// An organization asks for one and there is none.
    pub missing: bool,
    pub has_password: bool,
    pub app_since: Option<Moment>,
    pub setup: Option<SetupView>,
    /// A new set, the only time it is shown.
    pub codes: Vec<String>,
    pub codes_left: String,
    /// Something is there that recovery codes stand in for.
    pub has_codes: bool,
    pub passkeys: Vec<PasskeyView>,
    pub passkeys_offered: bool,
}

#[server(endpoint = "factors")]
pub async fn read_factors() -> Result<FactorsView, ApiError> {
    let request = Request::current()?;
    let user = request.unsettled_user().await?;
    let (state, format) = (&request.state, Format::of(&request, &user));
    let failed = |error| request.error(&error);
    let status = totp::status(state, &user).await.map_err(failed)?;
    let passkeys = factors::passkeys::list(state, &user).await.map_err(failed)?;
    let form = flash::take(&request).form;
    let passkeys = passkeys.into_iter().map(|passkey| PasskeyView {
        id: passkey.id.to_string(),
        name: passkey.name,
        second_factor: passkey.second_factor,
        created: format.date(passkey.created_at),
        last_used: passkey.last_used_at.map(|at| format.moment(at)),
    });
    Ok(FactorsView {
        missing: factors::is_missing(state, &user),
        has_password: user.entry().has_password,
        app_since: status.confirmed_at.map(|at| format.date(at)),
        setup: setup(&request, &user, &form.value("shown")).await?,
        codes: form.value("codes").split_whitespace().map(str::to_owned).collect(),
        codes_left: format.numbers.count(status.recovery_codes_left),
        has_codes: factors::is_asked_for(state, &user).await.map_err(failed)?,
        passkeys: passkeys.collect(),
        passkeys_offered: factors::passkeys::are_offered(state.config()),
        form,
    })
}

#[server(endpoint = "begin_totp")]
pub async fn begin_totp(#[server(default)] current_password: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let user = request.unsettled_user().await?;
        let begun = totp::begin(&request.state, &user, Some(&current_password))
            .await
            .map_err(|error| request.reauth_error("current_password", &error))?;
        seal(&request, &user, &begun.secret)
    };
    let done = request.form(FACTORS, Form::sent("begin_totp", &[]), work, |_| FACTORS.to_owned());
    let shown = done.await?;
    leave(&request, "confirm_totp", &[("shown", &shown)]);
    Ok(())
}

/// `shown` comes from the page that showed the secret.
#[server(endpoint = "confirm_totp")]
pub async fn confirm_totp(#[server(default)] shown: String, #[server(default)] code: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let user = request.unsettled_user().await?;
        if code.trim().is_empty() {
            return Err(request.wrong_field("code", "required"));
        }
        let codes = totp::confirm(&request.state, &user, &code)
            .await
            .map_err(|error| request.error(&error))?;
        request.rotate_cookie(&user).await?;
        Ok(codes)
    };
    let form = Form::sent("confirm_totp", &[("shown", &shown)]);
    let codes = request.form(FACTORS, form, work, |_| FACTORS.to_owned()).await?;
    leave(&request, "codes", &[("codes", &codes.recovery_codes.join(" "))]);
    Ok(())
}

#[server(endpoint = "remove_totp")]
pub async fn remove_totp(#[server(default)] current_password: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let user = request.unsettled_user().await?;
        totp::remove(&request.state, &user, Some(&current_password))
            .await
            .map_err(|error| request.reauth_error("current_password", &error))?;
        request.rotate_cookie(&user).await
    };
    request
        .form(FACTORS, Form::sent("remove_totp", &[]), work, |()| FACTORS.to_owned())
        .await
}

#[server(endpoint = "new_recovery_codes")]
pub async fn new_recovery_codes(#[server(default)] current_password: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let user = request.unsettled_user().await?;
        factors::new_recovery_codes(&request.state, &user, Some(&current_password))
            .await
            .map_err(|error| request.reauth_error("current_password", &error))
    };
    let form = Form::sent("new_codes", &[]);
    let codes = request.form(FACTORS, form, work, |_| FACTORS.to_owned()).await?;
    leave(&request, "codes", &[("codes", &codes.recovery_codes.join(" "))]);
    Ok(())
}

/// `ceremony` and `credential` are what the page's script got from the browser; `failed` says why it got nothing.
#[server(endpoint = "add_passkey")]
pub async fn add_passkey(
    #[server(default)] name: String,
    #[server(default)] second_factor: Option<String>,
    #[server(default)] ceremony: String,
    #[server(default)] credential: String,
    #[server(default)] failed: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let user = request.unsettled_user().await?;
        if failed == "wrong_password" {
            return Err(request.wrong_field("current_password", "wrong_password"));
        }
        refuse_failed(&request, &failed)?;
        let new = factors::passkeys::NewPasskey {
            ceremony,
            credential: serde_json::from_str(&credential).unwrap_or_default(),
            name: name.clone(),
            second_factor: second_factor.is_some(),
        };
        let added = factors::passkeys::finish_registration(&request.state, &user, new)
            .await
            .map_err(|error| request.error(&error))?;
        request.rotate_cookie(&user).await?;
        Ok(added)
    };
    let form = Form::sent("add_passkey", &[("name", &name)]);
    let added = request.form(FACTORS, form, work, |_| FACTORS.to_owned()).await?;
    if let Some(codes) = added.recovery_codes {
        leave(&request, "codes", &[("codes", &codes.join(" "))]);
    }
    Ok(())
}

#[server(endpoint = "remove_passkey")]
pub async fn remove_passkey(
    #[server(default)] id: String,
    #[server(default)] current_password: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let user = request.unsettled_user().await?;
        let id = id.parse().map_err(|_| request.refused(types::error::Code::NotFound))?;
        factors::passkeys::remove(&request.state, &user, id, Some(&current_password))
            .await
            .map_err(|error| request.reauth_error("current_password", &error))?;
        request.rotate_cookie(&user).await
    };
    let form = Form::sent("remove_passkey", &[("id", &id)]);
    request.form(FACTORS, form, work, |()| FACTORS.to_owned()).await
}

/// Leaves something for the page that a plain form leads to.
#[cfg(feature = "ssr")]
fn leave(request: &Request, name: &str, values: &[(&str, &str)]) {
    if request.is_plain_form() {
        flash::put(request, &flash::Flash::form(Form::sent(name, values)));
    }
}

#[cfg(feature = "ssr")]
fn context(user: &User) -> Vec<u8> {
    [
        b"weirgate shown authenticator secret v1".as_slice(),
        user.id().0.as_bytes(),
    ]
    .concat()
}

#[cfg(feature = "ssr")]
fn seal(request: &Request, user: &User, secret: &str) -> Result<String, ApiError> {
    let sealed = request.state.seal(secret.as_bytes(), &context(user));
    sealed
        .map(|sealed| URL_SAFE_NO_PAD.encode(sealed))
        .map_err(|error| request.error(&error))
}

/// What the page showed before, as long as it can be confirmed.
#[cfg(feature = "ssr")]
async fn setup(request: &Request, user: &User, shown: &str) -> Result<Option<SetupView>, ApiError> {
    let opened = URL_SAFE_NO_PAD
        .decode(shown)
        .ok()
        .and_then(|sealed| request.state.open(&sealed, &context(user)).ok())
        .and_then(|secret| String::from_utf8(secret).ok());
    let Some(secret) = opened else { return Ok(None) };
    let pending = totp::pending(&request.state, user, &secret)
        .await
        .map_err(|error| request.error(&error))?;
    Ok(pending.and_then(|setup| {
        let (qr, size) = qr(&setup.otpauth_url)?;
        Some(SetupView {
            secret: setup.secret,
            qr,
            size,
            shown: shown.to_owned(),
        })
    }))
}

/// One square a dark module, with a quiet zone of four around (ISO/IEC 18004).
#[cfg(feature = "ssr")]
fn qr(text: &str) -> Option<(String, i32)> {
    use qrcodegen::{QrCode, QrCodeEcc};
    use std::fmt::Write;
    const QUIET: i32 = 4;

    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            // Writing to a string cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    Some((path, code.size() + 2 * QUIET))
}
