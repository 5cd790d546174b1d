//! Keys that end together: with a team, a place in it, an organization, an account.

use serde_json::{Value, json};
use types::KeyId;

use crate::{
    db::{self, Change, Tx, keys::Owner},
    error::Result,
};

/// Most that a row of the audit log names; how many there were it says in any case.
const NAMED_MOST: usize = 100;

/// The keys that ended.
pub(crate) struct Ended(Vec<KeyId>);

impl Ended {
    /// For the audit log.
    pub fn told(&self) -> Value {
        let named: Vec<&KeyId> = self.0.iter().take(NAMED_MOST).collect();
        json!({ "count": self.0.len(), "ids": named })
    }
}

/// Revokes every key of these, here and on every other node. The caller writes the audit row.
pub(crate) async fn end_all(tx: &mut Tx, owner: Owner) -> Result<Ended> {
    let now = tx.now();
    let keys = db::keys::revoke_all(tx, owner, now).await?;
    for key in &keys {
        tx.changed(Change::Key, *key);
    }
    Ok(Ended(keys))
}
