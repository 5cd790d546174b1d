//! An account whose address was never proven may have been made by somebody else. Whoever proves the address by setting a new password
//! gets it clean (CASES C038).

use serde_json::json;
use types::{ApiTokenId, UserId};

use crate::{
    audit::{self, Actor, Event, Target},
    clock::Clock,
    db::{self, Change, Tx},
    error::Result,
    keys,
};

/// Takes every other credential from the account: identities, second factors, passkeys, personal tokens and API keys. Sign-ins are the
/// caller's to end.
pub(super) async fn reclaim(tx: &mut Tx, clock: &Clock, user: UserId, actor: Actor) -> Result<()> {
    let now = tx.now();
    for identity in db::identities::of_user_in(tx, user).await? {
        db::identities::delete(tx, identity.id).await?;
    }
    db::factors::delete_all(tx, user).await?;
    for token in db::api_tokens::revoke_all(tx, user, now).await? {
        tx.changed(Change::ApiToken, ApiTokenId(token));
    }
    let keys = keys::end_all(tx, db::keys::Owner::Person(user)).await?;
    tx.changed(Change::User, user);
    let event = Event {
        organization: None,
        actor,
        action: "user.reclaimed",
        target: Target::User(user),
        details: json!({ "why": "the address was never proven before", "keys_revoked": keys.told() }),
    };
    audit::record(tx, clock, event).await
}
