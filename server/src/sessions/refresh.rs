//! Refresh tokens: opaque, spent by use, each buying its successor. A stolen one is noticed when both sides use it.
//!
//! The successor is derived from the presented token, not drawn, so that it can be given again without being stored: tabs
//! that race for ten seconds all get the same one. That holds as long as nobody used the successor; any other second use
//! ends the whole family (RFC 9700 §4.14.2). One conditional update decides the race on both databases.

use serde_json::json;
use types::{SessionId, UserId, accounts::TokenPair, error::Code};

use super::{Device, NewCookie, User, access, browser, end, is_alive, new_row, store};
use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    crypto::{self, Secret, hex},
    db::{self, Tx},
    error::Result,
    mail::{self, Letter, Recipient},
    sign_in::Entered,
};

const GRACE_MILLIS: i64 = 10_000;
/// 64 bytes as hexadecimal digits.
const LENGTH: usize = 128;
const PURPOSE: &[u8] = b"weirgate refresh token successor v1";

/// A new family for a person who just proved who they are.
pub async fn start_tokens(state: &State, user: &Entered, remember: bool, device: &Device) -> Result<TokenPair> {
    let token = hex(&state.clock().random::<64>());
    let mut row = new_row(state, user, remember, device);
    row.refresh_token_hash = Some(hash(&token));
    let session = SessionId(row.id);
    store(state, user, row, device).await?;
    pair(state, user, session, token)
}

/// One sign-in with both: a cookie for the browser that asks, and tokens for its script. Ending either ends both.
pub async fn start_both(
    state: &State,
    user: &Entered,
    remember: bool,
    device: &Device,
) -> Result<(NewCookie, TokenPair)> {
    let token = hex(&state.clock().random::<64>());
    let mut row = new_row(state, user, remember, device);
    row.refresh_token_hash = Some(hash(&token));
    let session = SessionId(row.id);
    let cookie = browser::store_cookie(state, user, row, device).await?;
    Ok((cookie, pair(state, user, session, token)?))
}

/// Trades a refresh token for the next pair. From which device it came is told when it ends the family.
pub async fn refresh(state: &State, presented: &str, device: &Device) -> Result<TokenPair> {
    if !well_formed(presented) {
        return Err(invalid_grant());
    }
    let turn = Turn {
        state: state.clone(),
        presented: presented.to_owned(),
        hash: hash(presented),
        address: device.address.clone(),
    };
    // Refusals come back as values: ending a family must commit although the caller is refused.
    let turned = state
        .write(move |tx| Box::pin(async move { turn.run(tx).await }))
        .await?;
    let Turned::Next { session, user, token } = turned else {
        return Err(invalid_grant());
    };
    let user = User::known(state, user, Some(session))
        .await
        .map_err(|error| match error {
            Error::Refused(_) => invalid_grant(),
            error => error,
        })?;
    pair(state, &user, session, token)
}

/// Ends the family of a refresh token, current or spent. An unknown one is fine: it is gone either way.
pub async fn end_family(state: &State, presented: &str, device: &Device) -> Result<()> {
    if !well_formed(presented) {
        return Ok(());
    }
    let hash = hash(presented);
    let (clock, device) = (state.clock().clone(), device.clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let row = match db::sessions::by_refresh_token(tx, &hash).await? {
                    Some(row) => Some(row),
                    None => db::sessions::by_spent_token(tx, &hash).await?,
                };
                match row {
                    Some(row) => {
                        let actor = Actor::user(UserId(row.user_id), &device);
                        end(tx, &clock, &row, actor, "signed_out").await
                    }
                    None => Ok(()),
                }
            })
        })
        .await
}

/// One presented token.
struct Turn {
    state: State,
    presented: String,
    hash: Vec<u8>,
    /// Of who presents it.
    address: Option<String>,
}

enum Turned {
    Next {
        session: SessionId,
        user: UserId,
        token: String,
    },
    Refused,
}

impl Turn {
    async fn run(&self, tx: &mut Tx) -> Result<Turned> {
        if let Some(row) = db::sessions::by_refresh_token(tx, &self.hash).await?
            && let Some(turned) = self.rotate(tx, &row).await?
        {
            return Ok(turned);
        }
        match db::sessions::by_spent_token(tx, &self.hash).await? {
            Some(row) => self.reuse(tx, &row).await,
            None => Ok(Turned::Refused),
        }
    }

    /// The token is the family's current one. `None` when another request spent it between the look and the update.
    async fn rotate(&self, tx: &mut Tx, row: &db::sessions::Row) -> Result<Option<Turned>> {
        let now = self.state.clock().now();
        if !is_alive(self.state.config(), row, now) {
            return Ok(Some(Turned::Refused));
        }
        let token = self.successor(row);
        let rotation = db::sessions::Rotation {
            session: SessionId(row.id),
            spent: self.hash.clone(),
            next: hash(&token),
            at: now,
        };
        let won = db::sessions::rotate(tx, rotation).await?;
        Ok(won.then(|| next(row, token)))
    }

    /// The token was spent before: a racing tab within the grace, or a copy in the wrong hands.
    async fn reuse(&self, tx: &mut Tx, row: &db::sessions::Row) -> Result<Turned> {
        let now = self.state.clock().now();
        if !is_alive(self.state.config(), row, now) {
            return Ok(Turned::Refused);
        }
        let successor_is_unused = row.previous_token_hash.as_deref() == Some(self.hash.as_slice());
        let in_grace = row
            .rotated_at
            .is_some_and(|at| now.0.saturating_sub(at) <= GRACE_MILLIS);
        if successor_is_unused && in_grace {
            return Ok(next(row, self.successor(row)));
        }
        tracing::warn!(session_id = %row.id, error_class = "refresh_token_reused", "a refresh family was ended");
        // Somebody else may have noticed and ended it in the meantime; it is told once.
        // Owner or thief: who holds the token proves no more.
        let actor = Actor::Unknown {
            address: self.address.clone(),
        };
        let event = Event {
            organization: None,
            actor: actor.clone(),
            action: "session.token_reused",
            target: Target::Session(SessionId(row.id)),
            details: json!({}),
        };
        audit::record(tx, self.state.clock(), event).await?;
        if let Some(person) = self.state.directory().user(UserId(row.user_id)) {
            let to = Recipient {
                email: person.email.clone(),
                locale: person.locale.clone(),
            };
            mail::send(tx, &self.state, &to, Letter::TokenReused { at: now })?;
        }
        end(tx, self.state.clock(), row, actor, "refresh_token_reused").await?;
        Ok(Turned::Refused)
    }

    fn successor(&self, row: &db::sessions::Row) -> String {
        derive(
            &self.state.secrets().refresh,
            row.family_id.as_bytes(),
            &row.refresh_salt,
            &self.presented,
        )
    }
}

fn next(row: &db::sessions::Row, token: String) -> Turned {
    Turned::Next {
        session: SessionId(row.id),
        user: UserId(row.user_id),
        token,
    }
}

/// HMAC-SHA-512 over purpose ‖ family ‖ salt ‖ presented token. All but the purpose have one length, so nothing can be shifted.
fn derive(key: &Secret, family: &[u8], salt: &[u8], presented: &str) -> String {
    let parts: [&[u8]; 4] = [PURPOSE, family, salt, presented.as_bytes()];
    hex(&crypto::hmac_sha512(key.expose().as_bytes(), &parts))
}

fn pair(state: &State, user: &User, session: SessionId, refresh_token: String) -> Result<TokenPair> {
    let (access_token, expires_in) = access::issue(state, user.id(), user.role(), session)?;
    Ok(TokenPair {
        access_token,
        refresh_token,
        token_type: "Bearer".to_owned(),
        expires_in,
    })
}

fn hash(token: &str) -> Vec<u8> {
    crypto::sha256(token.as_bytes()).to_vec()
}

fn well_formed(token: &str) -> bool {
    token.len() == LENGTH && token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn invalid_grant() -> Error {
    let message = "This refresh token is spent, revoked, expired or unknown. Sign in again.";
    Error::refused(Code::InvalidGrant, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successor_is_the_same_for_the_same_token_and_differs_in_every_part() {
        let key = Secret::new("k".repeat(64));
        let token = "a".repeat(LENGTH);
        let base = derive(&key, b"family", b"salt", &token);
        assert!(well_formed(&base));
        assert_eq!(base, derive(&key, b"family", b"salt", &token));
        for other in [
            derive(&Secret::new("j".repeat(64)), b"family", b"salt", &token),
            derive(&key, b"famili", b"salt", &token),
            derive(&key, b"family", b"SALT", &token),
            derive(&key, b"family", b"salt", &base),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn only_128_lower_case_hexadecimal_digits_are_looked_up() {
        assert!(well_formed(&"0f".repeat(64)));
        for wrong in ["", &"0f".repeat(63), &"0F".repeat(64), &"0g".repeat(64), "' OR '1'='1"] {
            assert!(!well_formed(wrong), "{wrong}");
        }
    }
}
