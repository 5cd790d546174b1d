//! The error of every server function: a refusal as data, and the id of the request that met it.

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};
use types::{Refusal, error::Code};

use crate::text::Text;

/// What a page shows when something was not done. `request_id` is empty when the request never reached the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError {
    pub refusal: Refusal,
    pub request_id: String,
}

impl ApiError {
    pub fn new(code: Code) -> Self {
        ApiError {
            refusal: Refusal::new(code, ""),
            request_id: String::new(),
        }
    }

    /// One field is wrong, by a code of `types::rules`.
    pub fn field(field: &str, wrong: &str) -> Self {
        let mut error = ApiError::new(Code::Invalid);
        error.refusal.errors.insert(field.to_owned(), vec![wrong.to_owned()]);
        error
    }

    /// Cause and next step in the reader's language.
    pub fn message(&self, text: &Text) -> &'static str {
        let words = &text.errors;
        match self.refusal.code {
            Code::WrongPassword => words.wrong_password,
            Code::EmailTaken => words.email_taken,
            Code::UsernameTaken => words.username_taken,
            Code::RegistrationClosed => words.registration_closed,
            Code::SecondFactorRequired | Code::WrongCode => words.wrong_code,
            Code::InvalidLink | Code::Gone => words.invalid_link,
            Code::SlugTaken => words.slug_taken,
            Code::LastOwner => words.last_owner,
            Code::UserNotFound => words.user_not_found,
            Code::InvalidPasskey => words.invalid_passkey,
            Code::SecondFactorMissing => words.second_factor_missing,
            Code::LastWayIn => words.last_way_in,
            Code::ReauthRequired => words.reauth_required,
            Code::Forbidden | Code::CrossSite | Code::ModelNotAllowed => words.forbidden,
            Code::NotFound | Code::UnknownModel => words.not_found,
            Code::Conflict => words.conflict,
            Code::Invalid => words.invalid,
            Code::BadRequest | Code::TooLarge | Code::UnsupportedMediaType => words.bad_request,
            Code::RateLimited => words.rate_limited,
            Code::Unavailable => words.unavailable,
            Code::MissingCredential | Code::InvalidCredential | Code::InvalidGrant | Code::TwoCredentials => {
                words.signed_out
            }
            // The browser's own: see `from_server_fn_error`.
            Code::UpstreamFailed => words.offline,
            _ => words.internal,
        }
    }

    /// The same mistake under the name that the field has in the form.
    pub fn renamed(&self, from: &str, to: &str) -> ApiError {
        let mut error = self.clone();
        if let Some(codes) = error.refusal.errors.remove(from) {
            error.refusal.errors.insert(to.to_owned(), codes);
        }
        error
    }

    /// The wording for `field`, if it is among the wrong ones. Conflicts name their field by their code.
    pub fn field_message(&self, text: &Text, field: &str) -> Option<&'static str> {
        match (self.refusal.code, field) {
            (Code::EmailTaken, "email") => return Some(text.errors.email_taken),
            (Code::WrongCode, "code") => return Some(text.errors.wrong_code),
            (Code::UsernameTaken, "username") => return Some(text.errors.username_taken),
            (Code::SlugTaken, "slug") => return Some(text.errors.slug_taken),
            _ => {}
        }
        let wrong = self.refusal.errors.get(field)?.first()?;
        let words = &text.fields;
        Some(match (wrong.as_str(), field) {
            ("required", _) => words.required,
            ("wrong_password", _) => words.wrong_password,
            ("too_short", "password") => words.password_short,
            ("too_short" | "too_long", "username") => words.username_length,
            ("too_short" | "too_long", "slug") => words.slug_length,
            ("too_short", _) => words.too_short,
            ("too_long", _) => words.too_long,
            ("not_an_email", _) => words.not_an_email,
            ("not_a_username", _) => words.not_a_username,
            ("not_a_slug", _) => words.not_a_slug,
            ("reserved", _) => words.reserved,
            ("taken", _) => words.taken,
            ("is_member", _) => words.is_member,
            ("not_a_member", _) => words.not_a_member,
            ("not_invited", _) => words.not_invited,
            ("nobody", _) => words.nobody,
            ("control_characters", _) => words.control_characters,
            ("password_breached", _) => words.too_common,
            ("not_supported", _) => words.not_supported,
            ("in_the_past", _) => words.in_the_past,
            ("not_matching", "confirm_name") => words.not_the_name,
            ("not_matching", _) => words.not_matching,
            ("unknown_value", _) => words.unknown_value,
            (code, _) => (text.catalogue.wrong)(code).unwrap_or(words.wrong),
        })
    }

    /// True when every word about it stands beside a field, so that a summary would only repeat it.
    pub fn is_about_fields(&self) -> bool {
        !self.refusal.errors.is_empty()
            || matches!(
                self.refusal.code,
                Code::EmailTaken | Code::UsernameTaken | Code::SlugTaken | Code::WrongCode
            )
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        ApiError::new(match error {
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Serialization(_)
            | ServerFnErrorErr::Deserialization(_) => {
                // Leptos would answer 500, as if the mistake were the server's.
                #[cfg(feature = "ssr")]
                if let Some(response) = leptos::prelude::use_context::<leptos_axum::ResponseOptions>() {
                    response.set_status(http::StatusCode::BAD_REQUEST);
                }
                Code::BadRequest
            }
            // No service of ours answers a page with this code, so it can mean: the request did not arrive.
            ServerFnErrorErr::Request(_) => Code::UpstreamFailed,
            _ => Code::Internal,
        })
    }
}
