//! One request to the dashboard as server functions see it: the server's state, who asks, and what goes back beside the value.
//!
//! Only for server functions. Components have none of this: routes are listed at start by rendering them without a request.

use std::{future::Future, sync::Arc};

use http::{HeaderName, HeaderValue, StatusCode, header, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use server::{
    Error, State,
    http::{cookie as session_cookie, layers::RequestId},
    sessions::{self, Device, User},
};
use tokio::sync::OnceCell;
use types::error::Code;

use crate::{api::Form, error::ApiError, locale::Locale, preferences::Preferences};

pub mod cookie;
pub mod flash;

/// Where second factors are set up.
pub const FACTORS: &str = "/settings/factors";

/// Who asks, looked up at most once while a page is rendered: its parts call several server functions.
#[derive(Clone, Default)]
pub struct SignedIn(Arc<OnceCell<Option<User>>>);

pub struct Request {
    pub state: State,
    pub parts: Parts,
    response: ResponseOptions,
}

impl Request {
    pub fn current() -> Result<Self, ApiError> {
        match (use_context(), use_context(), use_context()) {
            (Some(state), Some(parts), Some(response)) => Ok(Request { state, parts, response }),
            // The site forgot to provide them: a bug, not the reader's doing.
            _ => Err(ApiError::new(Code::Internal)),
        }
    }

    /// The person, or a refusal that also leads to the sign-in page and back again. Who must set up a second factor first is led there.
    pub async fn user(&self) -> Result<User, ApiError> {
        let user = self.unsettled_user().await?;
        if let Err(error) = server::factors::require_set_up(&self.state, &user) {
            self.go(FACTORS);
            return Err(self.error(&error));
        }
        Ok(user)
    }

    /// [`Request::user`] who may still lack the second factor that an organization asks for.
    pub async fn unsettled_user(&self) -> Result<User, ApiError> {
        match self.signed_in().await? {
            Some(user) => Ok(user),
            None => {
                self.go(&sign_in(self.page()));
                Err(self.error(&Error::refused(Code::MissingCredential, "Sign in first.")))
            }
        }
    }

    /// The person, if the cookie is good. A session that has ended is nobody; a check that could not be made is an error.
    pub async fn signed_in(&self) -> Result<Option<User>, ApiError> {
        let look_up = || async {
            let Some(value) = session_cookie::read(&self.parts.headers, self.state.config()) else {
                return Ok(None);
            };
            match sessions::from_cookie(&self.state, &value).await {
                Ok(user) => Ok(Some(user.seen_from(self.device().address))),
                Err(Error::Refused(_)) => Ok(None),
                Err(error) => Err(self.error(&error)),
            }
        };
        match use_context::<SignedIn>() {
            Some(known) => known.0.get_or_try_init(look_up).await.cloned(),
            None => look_up().await,
        }
    }

    pub fn device(&self) -> Device {
        server::http::extract::device(&self.state, &self.parts)
    }

    pub fn preferences(&self) -> Preferences {
        Preferences::of(&self.parts.headers)
    }

    pub fn locale(&self) -> Locale {
        self.preferences().locale
    }

    pub fn id(&self) -> String {
        self.parts
            .extensions
            .get::<RequestId>()
            .map(|id| id.0.clone())
            .unwrap_or_default()
    }

    /// What the reader may know of `error`; the rest goes to the log, here and once. Scripts get its status.
    pub fn error(&self, error: &Error) -> ApiError {
        let id = self.id();
        error.log(&id);
        let refusal = error.refusal();
        if let (true, Ok(status)) = (self.is_function(), StatusCode::from_u16(refusal.status())) {
            self.response.set_status(status);
        }
        ApiError {
            refusal,
            request_id: id,
        }
    }

    /// A refusal of the dashboard's own.
    pub fn refused(&self, code: Code) -> ApiError {
        self.error(&Error::refused(code, ""))
    }

    /// One field is wrong.
    pub fn wrong_field(&self, field: &str, wrong: &str) -> ApiError {
        let refusal = ApiError::field(field, wrong).refusal;
        self.error(&refusal.into())
    }

    /// A whole number as it was typed; nothing typed is none.
    pub fn whole(&self, field: &str, text: &str) -> Result<Option<u32>, ApiError> {
        match text.trim() {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| self.wrong_field(field, "wrong_type")),
        }
    }

    /// [`Request::error`] for a form that asks for the password again: a wrong one is the mistake of its field.
    pub fn reauth_error(&self, field: &str, error: &Error) -> ApiError {
        match error {
            Error::Refused(refusal) if refusal.code == Code::WrongPassword => self.wrong_field(field, "wrong_password"),
            error => self.error(error),
        }
    }

    /// Keeps a preference in this browser.
    pub fn keep(&self, name: &str, value: &str) {
        self.set_cookie(cookie::keep(self.state.config(), name, value));
    }

    /// A form posted by the browser itself, without a script: it is answered with a redirect.
    pub fn is_plain_form(&self) -> bool {
        let accepted = self.parts.headers.get(header::ACCEPT);
        let html = accepted
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.contains("text/html"));
        html && self.is_function()
    }

    /// Called by a form or a script, and not by a page that is rendered.
    pub fn is_function(&self) -> bool {
        self.parts.uri.path().starts_with("/_fn/")
    }

    /// The page that is rendered; `/` for calls by script.
    pub fn page(&self) -> &str {
        if self.is_function() { "/" } else { self.parts.uri.path() }
    }

    /// Sends the reader to a path of this site.
    pub fn go(&self, path: &str) {
        if own_path(path).is_some() {
            leptos_axum::redirect(path);
            if !self.is_function() {
                // Leptos does so only for clients that ask for HTML by name.
                self.response.set_status(StatusCode::FOUND);
            }
        }
    }

    pub fn add_header(&self, name: HeaderName, value: HeaderValue) {
        self.response.append_header(name, value);
    }

    /// Gives this browser's session a new cookie: what protects the account has changed, and a value seen before must be worth nothing.
    pub async fn rotate_cookie(&self, user: &User) -> Result<(), ApiError> {
        let rotated = sessions::rotate_cookie(&self.state, user)
            .await
            .map_err(|error| self.error(&error))?;
        if let Some(cookie) = rotated {
            self.set_cookie(session_cookie::set(self.state.config(), &cookie));
        }
        Ok(())
    }

    pub fn set_cookie(&self, cookie: HeaderValue) {
        self.add_header(header::SET_COOKIE, cookie);
    }

    /// Runs a form's work. A plain form goes on to what `then` returns, or back to `page` with its mistakes and values
    /// in the flash; a script gets the result.
    pub async fn form<T>(
        &self,
        page: &str,
        form: Form,
        work: impl Future<Output = Result<T, ApiError>>,
        then: impl FnOnce(&T) -> String,
    ) -> Result<T, ApiError> {
        let result = work.await;
        if self.is_plain_form() {
            match &result {
                Ok(done) => self.go(&then(done)),
                Err(error) => {
                    flash::put(self, &form.failed(error));
                    self.go(page);
                }
            }
        }
        result
    }
}

impl Request {
    /// [`Request::form`] for a form that stays on its page and says there that it was saved.
    pub async fn saved<T>(
        &self,
        page: &str,
        form: Form,
        work: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        self.saved_then(page, form, work, |_| page.to_owned()).await
    }

    /// The same for a form whose work may lead to another page.
    pub async fn saved_then<T>(
        &self,
        page: &str,
        form: Form,
        work: impl Future<Output = Result<T, ApiError>>,
        then: impl FnOnce(&T) -> String,
    ) -> Result<T, ApiError> {
        let name = form.name.clone();
        let done = self.form(page, form, work, then).await;
        if done.is_ok() && self.is_plain_form() {
            flash::put(self, &flash::Flash::form(Form::sent(&name, &[("saved", "yes")])));
        }
        done
    }
}

/// The sign-in page that leads back to `page`.
fn sign_in(page: &str) -> String {
    match own_path(page) {
        Some("/") | None => "/login".to_owned(),
        Some(path) => format!("/login?next={path}"),
    }
}

pub use types::rules::own_path;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_to_return_to_stays_on_this_site() {
        for good in ["/", "/keys", "/connect?model=demo"] {
            assert_eq!(own_path(good), Some(good));
        }
        for bad in [
            "",
            "keys",
            "//evil",
            "/\\evil",
            "https://evil",
            "/a b",
            "/a&next=//evil",
            "/a\r\nset-cookie: x",
        ] {
            assert_eq!(own_path(bad), None, "{bad}");
        }
        assert_eq!(sign_in("/keys"), "/login?next=/keys");
        assert_eq!(sign_in("/"), "/login");
    }
}
