//! Access tokens: JWT (RFC 9068 `at+jwt`), HS256, 15 minutes. Checked without the database.

use std::collections::HashSet;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use types::{PlatformRole, SessionId, UserId, error::Code};
use uuid::Uuid;

use super::User;
use crate::{
    Error, State,
    crypto::{self, Secret},
    error::Result,
};

const TYPE: &str = "at+jwt";
const AUDIENCE: &str = "weirgate";
/// How far the clocks of two machines may differ, in seconds.
const LEEWAY: i64 = 30;
/// Longer text is no token of ours.
const LONGEST: usize = 4096;

/// All are required, none may be repeated, and each must have its JSON type.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    /// For the client's display; rights come from the directory.
    role: PlatformRole,
    sid: Uuid,
    jti: Uuid,
    iat: i64,
    exp: i64,
}

/// A new token for a sign-in, and the seconds it lasts.
pub(super) fn issue(state: &State, user: UserId, role: PlatformRole, session: SessionId) -> Result<(String, u64)> {
    let lifetime = state.config().auth.access_ttl.as_secs();
    let now = state.clock().now().0.div_euclid(1000);
    let claims = Claims {
        iss: state.config().public_url().to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: user.0,
        role,
        sid: session.0,
        jti: state.clock().new_id(),
        iat: now,
        exp: now.saturating_add(i64::try_from(lifetime).unwrap_or(i64::MAX)),
    };
    let secret = &state.secrets().jwt;
    let header = Header {
        typ: Some(TYPE.to_owned()),
        kid: Some(key_id(secret)),
        ..Header::new(Algorithm::HS256)
    };
    let key = EncodingKey::from_secret(secret.expose().as_bytes());
    let token = jsonwebtoken::encode(&header, &claims, &key).map_err(Error::internal)?;
    Ok((token, lifetime))
}

/// The person a token names, if it is one of ours, in its time, its sign-in not ended and the person active.
///
/// Errors: 401, and 503 while this process cannot tell which sign-ins were ended elsewhere.
pub fn from_access_token(state: &State, presented: &str) -> Result<User> {
    let claims = read(state, presented).ok_or_else(invalid)?;
    let now = state.clock().now().0.div_euclid(1000);
    if claims.iss != state.config().public_url() || claims.aud != AUDIENCE || claims.iat > now + LEEWAY {
        return Err(invalid());
    }
    if claims.exp.saturating_add(LEEWAY) <= now {
        let message = "The access token has expired. Get a new one with the refresh token.";
        return Err(Error::refused(Code::InvalidCredential, message));
    }
    super::require_fresh(state)?;
    let session = SessionId(claims.sid);
    if state.directory().session_ended(session) {
        return Err(super::ended());
    }
    User::of(state, UserId(claims.sub), Some(session))
}

/// The claims, when header and signature are right. Which secret signed is said by `kid`: the current or the previous one.
fn read(state: &State, presented: &str) -> Option<Claims> {
    if presented.len() > LONGEST {
        return None;
    }
    let header = jsonwebtoken::decode_header(presented).ok()?;
    if header.alg != Algorithm::HS256 || header.typ.as_deref() != Some(TYPE) || header.crit.is_some() {
        return None;
    }
    let secrets = state.secrets();
    let kid = header.kid?;
    let secret = [Some(&secrets.jwt), secrets.jwt_previous.as_ref()]
        .into_iter()
        .flatten()
        .find(|secret| key_id(secret) == kid)?;
    // Times, issuer and audience are checked above, against our own clock; here only the signature.
    let mut signature_only = Validation::new(Algorithm::HS256);
    signature_only.required_spec_claims = HashSet::new();
    signature_only.validate_exp = false;
    signature_only.validate_aud = false;
    let key = DecodingKey::from_secret(secret.expose().as_bytes());
    jsonwebtoken::decode::<Claims>(presented, &key, &signature_only)
        .ok()
        .map(|data| data.claims)
}

fn invalid() -> Error {
    let message = "The access token is not valid. Sign in again, or get a new one with the refresh token.";
    Error::refused(Code::InvalidCredential, message)
}

/// Names a secret without telling anything about it.
fn key_id(secret: &Secret) -> String {
    let digest = crypto::hmac_sha256(secret.expose().as_bytes(), &[b"weirgate access token key id"]);
    crypto::hex(&digest[..8])
}
