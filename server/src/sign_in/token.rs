//! Single-use tokens in links and redirects: 256 random bits in base64url; the database holds their SHA-256.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use types::{UserId, error::Code};

use crate::{
    Error, State, crypto,
    db::{self, Tx},
    error::Result,
};

pub(crate) use crate::db::sign_in_tokens::Row;

/// 256 bits in base64url.
const LENGTH: usize = 43;

/// What a token is good for. One kind is never taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Signs in.
    Link,
    /// Shows that an account's address is its owner's.
    Verify,
    /// Makes the account that was asked for.
    SignUp,
    ResetPassword,
    ChangeEmail,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Link => "link",
            Kind::Verify => "verify",
            Kind::SignUp => "sign_up",
            Kind::ResetPassword => "reset_password",
            Kind::ChangeEmail => "change_email",
        }
    }
}

/// What a new token stands for.
pub(crate) struct NewToken {
    pub kind: Kind,
    pub user: Option<UserId>,
    pub email: Option<String>,
    /// What it carries on to its use, encrypted.
    pub sealed: Option<Vec<u8>>,
    pub lives_millis: i64,
}

/// Stores the token's hash and returns the token, for the one letter or redirect it goes into. Sweeps expired ones.
pub(crate) async fn issue(tx: &mut Tx, state: &State, new: NewToken) -> Result<String> {
    let token = URL_SAFE_NO_PAD.encode(state.clock().random::<32>());
    let now = state.clock().now();
    db::sign_in_tokens::delete_expired(tx, now).await?;
    let row = Row {
        hash: crypto::sha256(token.as_bytes()).to_vec(),
        kind: new.kind.name().to_owned(),
        user_id: new.user.map(|id| id.0),
        email: new.email,
        sealed: new.sealed,
        expires_at: now.plus_millis(new.lives_millis).0,
        created_at: now.0,
    };
    db::sign_in_tokens::insert(tx, row).await?;
    Ok(token)
}

/// What the token stands for, without using it up. `None` when it is unknown, used or too old.
pub(crate) async fn peek(state: &State, kind: Kind, presented: &str) -> Result<Option<Row>> {
    let Some(hash) = hash(presented) else { return Ok(None) };
    let row = db::sign_in_tokens::find(state.db(), &hash).await?;
    Ok(row.filter(|row| is_good(state, kind, row)))
}

/// Uses the token up: of many who try at once exactly one gets the row.
///
/// Errors: 400 `invalid_link` when it is unknown, used or too old.
pub(crate) async fn take(tx: &mut Tx, state: &State, kind: Kind, presented: &str) -> Result<Row> {
    let hash = hash(presented).ok_or_else(invalid)?;
    let row = db::sign_in_tokens::take(tx, &hash).await?;
    row.filter(|row| is_good(state, kind, row)).ok_or_else(invalid)
}

/// Removes a person's tokens of these kinds.
pub(crate) async fn forget(tx: &mut Tx, user: UserId, kinds: &[Kind]) -> Result<()> {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    db::sign_in_tokens::delete_of_user(tx, user, &names).await
}

pub(crate) fn invalid() -> Error {
    let message = "This link was used already, is too old or not whole. Ask for a new one.";
    Error::refused(Code::InvalidLink, message)
}

fn is_good(state: &State, kind: Kind, row: &Row) -> bool {
    row.kind == kind.name() && state.clock().now().0 < row.expires_at
}

fn hash(presented: &str) -> Option<Vec<u8>> {
    (presented.len() == LENGTH).then(|| crypto::sha256(presented.as_bytes()).to_vec())
}
