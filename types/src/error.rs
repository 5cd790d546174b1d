//! A refusal: why something was not done, as data. Pages and doors word it in their reader's language or dialect.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The closed list of reasons. The name in snake case is `code` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// 401: no credential came with the request.
    MissingCredential,
    /// 401: the credential is malformed, unknown, revoked or expired.
    InvalidCredential,
    /// 401: two different credentials came with one request.
    TwoCredentials,
    /// 401: e-mail and password do not belong together.
    WrongPassword,
    /// 401: a refresh token that is spent, revoked, expired or was never issued.
    InvalidGrant,
    /// 401: the first proof was right, the account asks for a second one; send it as `code`.
    SecondFactorRequired,
    /// 401: the second factor's code is wrong, too old or used.
    WrongCode,
    /// 401: a passkey that is unknown, removed or copied, or that answered too late or twice.
    InvalidPasskey,
    /// 400: a link or a token in it is unknown, used or too old.
    InvalidLink,
    /// 403: this needs the password again, or a sign-in that is not older than five minutes.
    ReauthRequired,
    /// 403: an organization of this person asks for a second factor, and they have none yet.
    SecondFactorMissing,
    /// 403: known, but not allowed to do this.
    Forbidden,
    /// 403: the key may not use this model.
    ModelNotAllowed,
    /// 403: a cookie came from another site.
    CrossSite,
    /// 403: sign-up is closed by configuration.
    RegistrationClosed,
    /// 404
    NotFound,
    /// 404: no such model for this caller.
    UnknownModel,
    /// 404: nobody who can be added has this e-mail or id.
    UserNotFound,
    /// 405
    MethodNotAllowed,
    /// 409
    EmailTaken,
    /// 409
    UsernameTaken,
    /// 409: another organization has this slug, or had it until lately.
    SlugTaken,
    /// 409
    Conflict,
    /// 409: without it nobody could sign in to this account any more.
    LastWayIn,
    /// 409: the organization would have no owner any more.
    LastOwner,
    /// 410: it was there and is over.
    Gone,
    /// 400: the body is not what the contract says.
    BadRequest,
    /// 413
    TooLarge,
    /// 415
    UnsupportedMediaType,
    /// 422: fields are wrong; `errors` says which.
    Invalid,
    /// 429
    RateLimited,
    /// 501: the route is known, the translation is not built.
    NotSupported,
    /// 502: the upstream could not be reached or broke its protocol.
    UpstreamFailed,
    /// 502: the upstream refused our credential.
    UpstreamAuth,
    /// 504: the upstream did not answer in time.
    UpstreamTimeout,
    /// 503: a check could not be made, so the answer is no.
    Unavailable,
    /// 500
    Internal,
}

impl Code {
    pub const fn status(self) -> u16 {
        use Code::*;
        match self {
            BadRequest | InvalidLink => 400,
            MissingCredential | InvalidCredential | TwoCredentials | WrongPassword | InvalidGrant
            | SecondFactorRequired | WrongCode | InvalidPasskey => 401,
            Forbidden | ReauthRequired | SecondFactorMissing | ModelNotAllowed | CrossSite | RegistrationClosed => 403,
            NotFound | UnknownModel | UserNotFound => 404,
            MethodNotAllowed => 405,
            EmailTaken | UsernameTaken | SlugTaken | Conflict | LastWayIn | LastOwner => 409,
            Gone => 410,
            TooLarge => 413,
            UnsupportedMediaType => 415,
            Invalid => 422,
            RateLimited => 429,
            Internal => 500,
            NotSupported => 501,
            UpstreamFailed | UpstreamAuth => 502,
            Unavailable => 503,
            UpstreamTimeout => 504,
        }
    }

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        use Code::*;
        match self {
            MissingCredential => "missing_credential",
            InvalidCredential => "invalid_credential",
            TwoCredentials => "two_credentials",
            WrongPassword => "wrong_password",
            InvalidGrant => "invalid_grant",
            SecondFactorRequired => "second_factor_required",
            WrongCode => "wrong_code",
            InvalidPasskey => "invalid_passkey",
            InvalidLink => "invalid_link",
            ReauthRequired => "reauth_required",
            SecondFactorMissing => "second_factor_missing",
            Forbidden => "forbidden",
            ModelNotAllowed => "model_not_allowed",
            CrossSite => "cross_site",
            RegistrationClosed => "registration_closed",
            NotFound => "not_found",
            UnknownModel => "unknown_model",
            UserNotFound => "user_not_found",
            MethodNotAllowed => "method_not_allowed",
            EmailTaken => "email_taken",
            UsernameTaken => "username_taken",
            SlugTaken => "slug_taken",
            Conflict => "conflict",
            LastWayIn => "last_way_in",
            LastOwner => "last_owner",
            Gone => "gone",
            BadRequest => "bad_request",
            TooLarge => "too_large",
            UnsupportedMediaType => "unsupported_media_type",
            Invalid => "invalid",
            RateLimited => "rate_limited",
            NotSupported => "not_supported",
            UpstreamFailed => "upstream_failed",
            UpstreamAuth => "upstream_auth",
            UpstreamTimeout => "upstream_timeout",
            Unavailable => "unavailable",
            Internal => "internal",
        }
    }
}

/// Field name → codes of what is wrong with it (see [`crate::rules`]).
pub type FieldErrors = BTreeMap<String, Vec<String>>;

/// A refusal with its data. `message` is English, says what happened and what to do, and never holds internal detail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub code: Code,
    pub message: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: FieldErrors,
    /// Seconds after which trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Refusal {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Refusal {
            code,
            message: message.into(),
            errors: FieldErrors::new(),
            retry_after: None,
        }
    }

    /// 422 for the fields named; nothing when there are none.
    pub fn fields(errors: FieldErrors) -> Result<(), Self> {
        if errors.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = errors.keys().map(String::as_str).collect();
        let message = format!("Some fields need another value: {}.", names.join(", "));
        Err(Refusal {
            code: Code::Invalid,
            message,
            errors,
            retry_after: None,
        })
    }

    pub fn status(&self) -> u16 {
        self.code.status()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn name_on_the_wire_is_the_serialised_name() {
        for code in [
            Code::MissingCredential,
            Code::UnknownModel,
            Code::UpstreamTimeout,
            Code::EmailTaken,
            Code::SecondFactorMissing,
            Code::InvalidPasskey,
            Code::LastWayIn,
            Code::LastOwner,
            Code::SlugTaken,
            Code::UserNotFound,
            Code::Gone,
        ] {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }
}
