//! Requests and replies of what goes by mail: links that sign in, confirmed addresses, new passwords.

use serde::{Deserialize, Deserializer, Serialize};

use crate::accounts::SignedIn;

/// `POST auth/request-link`, `POST auth/password/forgot`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    pub email: String,
}

/// The reply to whatever makes a letter: the same whether one was sent or not.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkSent {
    pub message: String,
    /// The link itself. In development only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dev_link: Option<String>,
}

/// The token out of a link. Whatever else stands in its place (`null`, a list, nothing) reads as a token that is no good.
#[derive(Clone, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct LinkToken(pub String);

impl<'de> Deserialize<'de> for LinkToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Sent {
            Text(String),
            Other(serde::de::IgnoredAny),
        }
        Ok(match Sent::deserialize(deserializer)? {
            Sent::Text(text) => LinkToken(text),
            Sent::Other(_) => LinkToken::default(),
        })
    }
}

/// `POST auth/verify`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkSignIn {
    #[serde(default)]
    pub token: LinkToken,
    /// Keeps the sign-in for 30 days instead of one.
    #[serde(default)]
    pub remember_me: bool,
    /// The second factor, where the account has one: a code of an authenticator app or a recovery code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// `POST auth/password/reset`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    #[serde(default)]
    pub token: LinkToken,
    /// 8 to 1,024 characters.
    #[serde(default)]
    pub password: String,
}

/// `POST auth/password/change`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// Not needed on an account without one, if the sign-in is not older than five minutes.
    #[serde(default)]
    pub current_password: Option<String>,
    /// 8 to 1,024 characters.
    pub new_password: String,
}

/// `POST auth/email/verify`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EmailVerification {
    #[serde(default)]
    pub token: LinkToken,
}

/// `POST auth/email/change`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EmailChange {
    pub email: String,
    /// Not needed on an account without one, if the sign-in is not older than five minutes.
    #[serde(default)]
    pub password: Option<String>,
}

/// The reply to `email/verify` and `password/reset`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkUsed {
    pub message: String,
    /// The address that is verified now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Only when the link finished a sign-up.
    #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
    pub signed_in: Option<SignedIn>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_no_text_is_a_token_that_is_no_good() {
        for body in [
            "{}",
            r#"{"token":null}"#,
            r#"{"token":""}"#,
            r#"{"token":["a"]}"#,
            r#"{"token":{"a":1}}"#,
            r#"{"token":7}"#,
        ] {
            let read: PasswordReset = serde_json::from_str(body).unwrap();
            assert_eq!(read.token.0, "", "{body}");
        }
        let read: EmailVerification = serde_json::from_str(r#"{"token":"abc"}"#).unwrap();
        assert_eq!(read.token.0, "abc");
        assert!(serde_json::from_str::<EmailVerification>(r#"{"token":"abc","x":1}"#).is_err());
    }
}
