//! Whose browser asks, for a door beside the account API that a page of ours calls: by the session's cookie, and by nothing else.

use axum::http::request::Parts;
use types::error::Code;

use crate::{
    Error, State,
    error::Result,
    factors,
    http::{cookie, layers::from_own_page},
    sessions::{self, User},
};

/// The person, whatever other credentials the request carries: none of them counts here, and none lets it past the cross-site check.
///
/// Errors: 401 without a session and for one that has ended; 403 when no page of ours sent it, and while the person must set up a second factor.
pub async fn visitor(state: &State, parts: &Parts) -> Result<User> {
    let (config, headers) = (state.config(), &parts.headers);
    let missing = || {
        Error::refused(
            Code::MissingCredential,
            "Sign in first. Only the playground's own page calls this.",
        )
    };
    let value = cookie::read(headers, config).ok_or_else(missing)?;
    from_own_page(config, headers)?;
    let user = sessions::from_cookie(state, &value).await?;
    factors::require_set_up(state, &user)?;
    Ok(user)
}
