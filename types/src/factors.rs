//! Requests and replies about second factors: authenticator apps, recovery codes, passkeys.

use serde::{Deserialize, Serialize};

use crate::{PasskeyId, Timestamp};

pub const PASSKEY_NAME_MOST: usize = 60;

/// The password again, for what a stolen session must not do. Accounts without one need a sign-in that is not older than five minutes.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Reauth {
    #[serde(default)]
    pub current_password: Option<String>,
}

/// `GET auth/totp`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TotpStatus {
    /// Whether sign-in asks for a code.
    pub enabled: bool,
    pub confirmed_at: Option<Timestamp>,
    pub recovery_codes_left: u64,
}

/// `POST auth/totp`: what an authenticator app needs. Shown once; nothing is asked for before a code confirmed it.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TotpSetup {
    /// 160 bits in base32, for typing.
    pub secret: String,
    /// For a QR code.
    pub otpauth_url: String,
    /// Until when it can be confirmed.
    pub expires_at: Timestamp,
}

/// `POST auth/totp/confirm`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TotpCode {
    pub code: String,
}

/// A new set; each code signs in once in place of the second factor. They stand in this reply only.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    pub recovery_codes: Vec<String>,
}

/// A passkey in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Passkey {
    pub id: PasskeyId,
    pub name: String,
    /// Whether signing in by password asks for it too.
    pub second_factor: bool,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// The reply to `POST auth/passkeys/register/finish`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyAdded {
    pub passkey: Passkey,
    /// Only where the account got its first second factor by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_codes: Option<Vec<String>>,
}
