//! Personal tokens: what a person's own programs show instead of signing in. Made, listed, revoked, proven.
//!
//! Like keys they exist in full only in the reply that made them, and are proven from the directory's memory. Unlike keys they
//! stand for the person: they die with the account, pay from any organization the person may use, and read the account's pages.
//! They never change the account; the doors that do take a `User`, which no token becomes.

use std::{str::FromStr, sync::Arc};

use serde_json::json;
use types::{
    ApiTokenId, Refusal, Timestamp,
    accounts::wrong,
    error::{Code, FieldErrors},
    key_format,
    page::{LARGEST_LIMIT, Page},
    personal_tokens::{CliLogin, CliSignedIn, CreatedToken, NewToken, PersonalToken, Scope},
    rules::{self, Wrong},
};

use crate::{
    Error, State, accounts,
    audit::{self, Actor, Event, Target},
    crypto,
    db::{self, Change, keys::Revoked},
    directory::TokenEntry,
    error::Result,
    idempotency, keys,
    mail::{self, Letter, Recipient},
    sessions::{Device, User},
    sign_in,
};

/// Tokens a person may have that still work.
const MOST: u64 = 100;
/// How long a token lives that was not told otherwise.
const LIFETIME_SECS: i64 = 365 * 24 * 3600;
const CLI_NAME: &str = "command line";

/// A person, by one of their tokens. Made by [`prove`] alone.
#[derive(Clone)]
pub struct TokenUser {
    user: User,
    entry: Arc<TokenEntry>,
}

impl TokenUser {
    pub fn user(&self) -> &User {
        &self.user
    }

    pub fn id(&self) -> ApiTokenId {
        self.entry.id
    }

    /// As [`User::seen_from`].
    pub fn seen_from(self, address: Option<String>) -> Self {
        TokenUser {
            user: self.user.seen_from(address),
            ..self
        }
    }

    pub fn may(&self, scope: Scope) -> bool {
        self.entry.scopes.contains(&scope)
    }
}

/// The person whose token this is, from memory alone.
///
/// Errors: 401 for an unknown, revoked or expired one and for one whose person may not sign in any more; 503 while the memory may
/// be out of date.
pub fn prove(state: &State, presented: &str) -> Result<TokenUser> {
    let directory = state.directory();
    if !directory.fresh() {
        return Err(Error::unavailable("the directory is out of date"));
    }
    let refused = |message: &str| Error::refused(Code::InvalidCredential, message);
    let entry = directory
        .token(presented)
        .ok_or_else(|| refused("This personal token is not known here."))?;
    let now = state.clock().now();
    if entry.revoked {
        return Err(refused("This personal token was revoked."));
    }
    if entry.expires_at.is_some_and(|expiry| expiry <= now) {
        return Err(refused("This personal token has expired."));
    }
    let user = User::by_token(state, entry.user_id)
        .map_err(|_| refused("The person whose token this is may no longer use this server."))?;
    entry.touch(now);
    Ok(TokenUser { user, entry })
}

/// Makes a token for somebody who is signed in and proves it once more. The reply is the only place where its text ever stands.
///
/// Errors: 422 for fields that break a rule, 401 for a wrong password, 403 `reauth_required` without a fresh proof, 409 when
/// there are too many.
pub async fn create(state: &State, user: &User, new: NewToken, device: &Device) -> Result<CreatedToken> {
    new.check(state.clock().now())?;
    accounts::reauth(state, user, new.password.as_deref()).await?;
    let made = Made {
        name: new.name.trim().to_owned(),
        scopes: new.scopes,
        expires_at: new.expires_at,
        origin: "settings",
    };
    make(state, user, made, device).await
}

/// Signs a command line in: a token with every scope for e-mail, password and, where the account has one, the second factor.
///
/// Errors: as for signing in.
pub async fn cli_login(state: &State, login: CliLogin, device: &Device) -> Result<CliSignedIn> {
    let name = login.name.as_deref().map_or(CLI_NAME, str::trim);
    let mut errors = FieldErrors::new();
    wrong(&mut errors, "name", rules::name(name, rules::KEY_NAME_MOST));
    Refusal::fields(errors)?;
    let made = Made {
        name: name.to_owned(),
        scopes: Scope::ALL.to_vec(),
        expires_at: None,
        origin: "cli",
    };
    let proof = types::accounts::Login {
        email: login.email,
        password: login.password,
        remember_me: false,
        code: None,
    };
    let proven = accounts::verify_password(state, &proof, device).await?;
    let user = sign_in::enter(state, proven, login.code.as_deref(), device).await?;
    let created = make(state, &user, made, device).await?;
    let user = accounts::me(state, &user).await?;
    Ok(CliSignedIn { user, created })
}

struct Made {
    name: String,
    scopes: Vec<Scope>,
    expires_at: Option<Timestamp>,
    /// Which door made it.
    origin: &'static str,
}

async fn make(state: &State, user: &User, made: Made, device: &Device) -> Result<CreatedToken> {
    let now = state.clock().now();
    let (public_id, text) = keys::make(state, key_format::PERSONAL_TOKEN)?;
    let mut scopes = made.scopes;
    scopes.sort_unstable();
    scopes.dedup();
    let row = db::api_tokens::Row {
        id: state.clock().new_id(),
        user_id: user.id().0,
        name: made.name,
        public_id: public_id.clone(),
        hash: crypto::sha256(text.as_bytes()).to_vec(),
        scopes: scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" "),
        origin: made.origin.to_owned(),
        device_info: device.info.clone(),
        expires_at: Some(made.expires_at.unwrap_or(now.plus_secs(LIFETIME_SECS)).0),
        last_used_at: None,
        revoked_at: None,
        created_at: now.0,
    };
    let details = shown(state, row.clone());
    let replay = CreatedToken {
        token: None,
        details: details.clone(),
    };
    let (clock, sender, to) = (state.clock().clone(), state.clone(), Recipient::of(user));
    let id = user.id();
    let event = Event {
        organization: Some(user.organization_id()),
        actor: Actor::user(id, device),
        action: "token.created",
        target: Target::Token(details.id),
        details: json!({
            "public_id": public_id, "origin": made.origin, "scopes": scopes, "expires_at": row.expires_at.map(Timestamp),
        }),
    };
    state
        .write(move |tx| {
            Box::pin(async move {
                idempotency::record(tx, &replay).await?;
                if db::api_tokens::count_live(tx, id, now).await? >= MOST {
                    let message = "You have 100 personal tokens. Revoke some that you do not use.";
                    return Err(Error::refused(Code::Conflict, message));
                }
                tx.changed(Change::ApiToken, row.id);
                mail::send(tx, &sender, &to, Letter::TokenCreated { name: row.name.clone() })?;
                db::api_tokens::insert(tx, row).await?;
                audit::record(tx, &clock, event).await
            })
        })
        .await?;
    Ok(CreatedToken {
        token: Some(text),
        details,
    })
}

/// The person's tokens, newest first, revoked ones included; at most 1,000.
pub async fn list(state: &State, user: &User) -> Result<Vec<PersonalToken>> {
    let rows = db::api_tokens::page(state.db(), user.id(), None, 1_000).await?;
    Ok(rows.into_iter().map(|row| shown(state, row)).collect())
}

/// One page of [`list`]. `limit` is 1 to 100.
pub async fn page(state: &State, user: &User, limit: u64, cursor: Option<&str>) -> Result<Page<PersonalToken>> {
    let mut errors = FieldErrors::new();
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        wrong(&mut errors, "limit", Err(Wrong::UnknownValue));
    }
    let after = cursor.map(ApiTokenId::from_str);
    if matches!(after, Some(Err(_))) {
        wrong(&mut errors, "cursor", Err(Wrong::UnknownValue));
    }
    Refusal::fields(errors)?;
    // One more than asked for tells whether there is another page.
    let mut rows = db::api_tokens::page(state.db(), user.id(), after.and_then(Result::ok), limit + 1).await?;
    let shown_rows = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > shown_rows;
    rows.truncate(shown_rows);
    let data: Vec<PersonalToken> = rows.into_iter().map(|row| shown(state, row)).collect();
    let next_cursor = data.last().filter(|_| more).map(|token| token.id.to_string());
    Ok(Page { data, next_cursor })
}

/// Revokes a token for good: refused on this node before this returns, on others within seconds. Repeating it changes nothing.
///
/// Errors: 404 for another person's and for one that does not exist.
pub async fn revoke(state: &State, user: &User, id: ApiTokenId) -> Result<()> {
    revoke_by(state, user, id, Actor::signed_in(user)).await
}

/// A program gives its own token up.
pub async fn cli_logout(state: &State, token: &TokenUser) -> Result<()> {
    revoke_by(state, &token.user, token.id(), Actor::signed_in(&token.user)).await
}

/// Revokes what `cli-login` gave out for the person's password, inside the transaction that sets another one or ends their sign-ins.
pub(crate) async fn revoke_cli(
    tx: &mut db::Tx,
    clock: &crate::clock::Clock,
    owner: types::UserId,
    actor: &Actor,
    why: &'static str,
) -> Result<()> {
    for row in db::api_tokens::of_origin(tx, owner, "cli").await? {
        let id = ApiTokenId(row.id);
        let now = tx.now();
        db::api_tokens::revoke(tx, owner, id, now).await?;
        tx.changed(Change::ApiToken, id);
        let event = Event {
            organization: None,
            actor: actor.clone(),
            action: "token.revoked",
            target: Target::Token(id),
            details: json!({ "why": why }),
        };
        audit::record(tx, clock, event).await?;
    }
    Ok(())
}

async fn revoke_by(state: &State, user: &User, id: ApiTokenId, actor: Actor) -> Result<()> {
    let clock = state.clock().clone();
    let owner = user.id();
    let event = Event {
        organization: Some(user.organization_id()),
        actor,
        action: "token.revoked",
        target: Target::Token(id),
        details: json!({}),
    };
    state
        .write(move |tx| {
            Box::pin(async move {
                let now = tx.now();
                match db::api_tokens::revoke(tx, owner, id, now).await? {
                    Revoked::Now => {
                        tx.changed(Change::ApiToken, id);
                        audit::record(tx, &clock, event).await
                    }
                    Revoked::Before => Ok(()),
                    Revoked::Unknown => Err(Error::refused(Code::NotFound, "There is no such personal token.")),
                }
            })
        })
        .await
}

/// What stands in the column `scopes`. Unknown words of a newer version grant nothing here.
pub(crate) fn scopes(stored: &str) -> Vec<Scope> {
    stored.split(' ').filter_map(Scope::parse).collect()
}

/// A token as lists show it. The directory knows uses that are not written yet.
fn shown(state: &State, row: db::api_tokens::Row) -> PersonalToken {
    let id = ApiTokenId(row.id);
    let seen = state.directory().token_last_used(id).map(|at| at.0);
    PersonalToken {
        id,
        name: row.name,
        hint: format!("{}-{}…", key_format::PERSONAL_TOKEN, row.public_id),
        scopes: scopes(&row.scopes),
        device: row.device_info,
        created_at: Timestamp(row.created_at),
        expires_at: row.expires_at.map(Timestamp),
        last_used_at: row.last_used_at.max(seen).map(Timestamp),
        revoked_at: row.revoked_at.map(Timestamp),
    }
}
