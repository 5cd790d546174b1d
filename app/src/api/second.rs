//! The second step of signing in, and signing in with a passkey.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::Form;
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    api::session::start,
    request::{Request, flash, own_path},
};
#[cfg(feature = "ssr")]
use server::{
    factors,
    http::cookie,
    sign_in::{self, Proven, Step},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondView {
    pub form: Form,
    pub email: String,
    /// The account has a passkey that can be used here.
    pub passkey: bool,
    /// The account has an authenticator app; otherwise only recovery codes can be typed.
    pub app: bool,
}

/// After the first proof: the session, or the page that asks for more. Returns the path to go on with; `next` may be anything.
#[cfg(feature = "ssr")]
pub(super) async fn first_step(
    request: &Request,
    proven: Proven,
    remember: bool,
    next: &str,
) -> Result<String, ApiError> {
    let next = own_path(next).unwrap_or("/");
    let step = sign_in::first_step(&request.state, proven, remember, next, &request.device()).await;
    match step.map_err(|error| request.error(&error))? {
        Step::In(entered) => {
            start(request, &entered, remember).await?;
            Ok(next.to_owned())
        }
        Step::Second(sealed) => Ok(pause(request, &sealed)),
    }
}

/// Leaves what the first step proved with the browser. Returns the page that asks for more.
#[cfg(feature = "ssr")]
pub(super) fn pause(request: &Request, sealed: &[u8]) -> String {
    request.set_cookie(cookie::set_paused(request.state.config(), sealed));
    cookie::SECOND_STEP.to_owned()
}

/// What the first step proved. When there is nothing, or it is too old, sign-in begins again.
#[cfg(feature = "ssr")]
async fn first_proof(request: &Request) -> Result<(Proven, bool, String), ApiError> {
    let sealed = cookie::paused(&request.parts.headers, request.state.config()).unwrap_or_default();
    sign_in::resume(&request.state, &sealed)
        .await
        .map_err(|error| request.error(&error))
}

#[server(endpoint = "second_step")]
pub async fn read_second() -> Result<SecondView, ApiError> {
    let request = Request::current()?;
    if request.signed_in().await?.is_some() {
        request.go("/");
    }
    let (proven, ..) = match first_proof(&request).await {
        Ok(proof) => proof,
        Err(error) => {
            request.go("/login");
            return Err(error);
        }
    };
    let config = request.state.config();
    let status = factors::totp::status(&request.state, proven.user()).await;
    let has_passkey = proven.user().entry().has_second_factor
        && !factors::passkeys::list(&request.state, proven.user())
            .await
            .map_err(|error| request.error(&error))?
            .is_empty();
    Ok(SecondView {
        form: flash::take_form(&request, "second").unwrap_or_default(),
        email: proven.user().entry().email.clone(),
        app: status.map_err(|error| request.error(&error))?.enabled,
        passkey: has_passkey && factors::passkeys::are_offered(config),
    })
}

/// Returns the path to go on with.
#[server(endpoint = "enter_second")]
pub async fn enter_second(#[server(default)] code: String) -> Result<String, ApiError> {
    let request = Request::current()?;
    let first = first_proof(&request).await;
    let (back, form) = match &first {
        Ok(_) => (cookie::SECOND_STEP, "second"),
        Err(_) => ("/login", "sign_in"),
    };
    let work = async {
        let (proven, remember, next) = first?;
        if code.trim().is_empty() {
            return Err(request.wrong_field("code", "required"));
        }
        let entered = sign_in::enter(&request.state, proven, Some(&code), &request.device())
            .await
            .map_err(|error| request.error(&error))?;
        start(&request, &entered, remember).await?;
        request.set_cookie(cookie::clear_paused(request.state.config()));
        Ok(own_path(&next).unwrap_or("/").to_owned())
    };
    request.form(back, Form::sent(form, &[]), work, String::clone).await
}

/// `ceremony` and `credential` are what the page's script got from the browser; `failed` says why it got nothing.
#[server(endpoint = "enter_passkey")]
pub async fn enter_passkey(
    #[server(default)] ceremony: String,
    #[server(default)] credential: String,
    #[server(default)] failed: String,
    #[server(default)] remember_me: Option<String>,
    #[server(default)] next: String,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let work = async {
        refuse_failed(&request, &failed)?;
        server::sign_in::limits::request(&request.state, &request.device()).map_err(|error| request.error(&error))?;
        let credential = serde_json::from_str(&credential).unwrap_or_default();
        let proven = factors::passkeys::finish_sign_in(&request.state, &ceremony, credential, &request.device())
            .await
            .map_err(|error| request.error(&error))?;
        // Beside a first step, its wishes count.
        let (remember, next) = match first_proof(&request).await {
            Ok((first, remember, next)) if first.user().id() == proven.user().id() => (remember, next),
            _ => (remember_me.is_some(), next),
        };
        request.set_cookie(cookie::clear_paused(request.state.config()));
        first_step(&request, proven, remember, &next).await
    };
    let paused = cookie::paused(&request.parts.headers, request.state.config()).is_some();
    let (back, form) = if paused {
        (cookie::SECOND_STEP, "second")
    } else {
        ("/login", "sign_in")
    };
    request.form(back, Form::sent(form, &[]), work, String::clone).await
}

/// The refusal that the page's script met before there was anything to send.
#[cfg(feature = "ssr")]
pub(super) fn refuse_failed(request: &Request, failed: &str) -> Result<(), ApiError> {
    if failed.is_empty() {
        return Ok(());
    }
    let code = serde_json::from_value(failed.into()).unwrap_or(types::error::Code::InvalidPasskey);
    Err(request.refused(code))
}
