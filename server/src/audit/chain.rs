//! The chain over the audit log: one task puts committed rows under seals, each with the hash of the seal before it.
//!
//! Sealing comes after the commit of the rows, so that those who write them do not queue behind each other. A row whose transaction took long joins a
//! later segment. The hash covers every column; a row that is changed, removed, added or moved afterwards shows (see `verify`).

use std::{fmt, str::FromStr, time::Duration};

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::{
    crypto,
    db::{
        self, Db, Tx,
        audit::chain::{Seal, Sealed},
    },
    error::Result,
};

/// A row is sealed within twice this time.
const EVERY: Duration = Duration::from_secs(2);
/// Rows under one seal.
const MOST_ROWS: u64 = 500;
/// Stands for the seal before the first one.
pub(super) const GENESIS: [u8; 32] = [0; 32];

/// A seal's number and hash: whoever notes it elsewhere can show later that nothing up to it was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub segment: i64,
    pub hash: Vec<u8>,
}

impl Head {
    pub(super) fn of(seal: &Seal) -> Self {
        Head {
            segment: seal.segment,
            hash: seal.hash.clone(),
        }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.segment, crypto::hex(&self.hash))
    }
}

impl FromStr for Head {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        const EXPECTED: &str =
            "must be a segment, a colon and 64 hexadecimal digits, as `weirgate audit verify` prints them";
        let (segment, hash) = text.split_once(':').ok_or(EXPECTED)?;
        let hash = crypto::from_hex(hash).filter(|hash| hash.len() == GENESIS.len());
        Ok(Head {
            segment: segment.parse().map_err(|_| EXPECTED)?,
            hash: hash.ok_or(EXPECTED)?,
        })
    }
}

/// Seals what was committed, until `stop`. A failure is told once; the rows wait.
pub(crate) async fn keep_sealing(db: Db, stop: CancellationToken) {
    let mut failing = false;
    while tokio::time::timeout(EVERY, stop.cancelled()).await.is_err() {
        match seal(&db).await {
            Ok(()) if failing => {
                failing = false;
                tracing::info!("the audit log is sealed again");
            }
            Ok(()) => {}
            Err(error) if !failing => {
                failing = true;
                tracing::error!(error_class = error.class(), detail = %error, "the audit log cannot be sealed; its rows wait until it can");
            }
            Err(_) => {}
        }
    }
}

/// Seals everything that waits now.
pub(crate) async fn seal(db: &Db) -> Result<()> {
    // Asked on a connection that only reads: most of the time there is nothing to do.
    while db::audit::chain::is_waiting(db).await? {
        if !db.write(|tx| Box::pin(seal_some(tx))).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// Makes one seal. Whether there was something to put under it.
async fn seal_some(tx: &mut Tx) -> Result<bool> {
    use db::audit::chain;
    chain::lock(tx).await?;
    // One more than fits tells whether this takes everything.
    let mut rows = chain::waiting(tx, MOST_ROWS + 1).await?;
    if rows.is_empty() {
        return Ok(false);
    }
    let most = usize::try_from(MOST_ROWS).unwrap_or(usize::MAX);
    let took_all = rows.len() <= most;
    rows.truncate(most);
    let before = chain::newest_in(tx).await?;
    let (segment, first_seq, previous_hash) = match before {
        Some(seal) => (seal.segment + 1, seal.last_seq + 1, seal.hash),
        None => (1, 1, GENESIS.to_vec()),
    };
    let sealed: Vec<Sealed> = (first_seq..)
        .zip(&rows)
        .map(|(seq, row)| Sealed {
            seq,
            segment,
            row_id: row.id,
            row_hash: row_hash(row).to_vec(),
        })
        .collect();
    let row_count = i64::try_from(sealed.len()).unwrap_or(i64::MAX);
    let mut seal = Seal {
        segment,
        first_seq,
        last_seq: first_seq + row_count - 1,
        row_count,
        took_all,
        previous_hash,
        hash: Vec::new(),
        sealed_at: tx.now().0,
        pruned_at: None,
    };
    seal.hash = seal_hash(&seal, &sealed).to_vec();
    chain::insert(tx, seal, sealed).await?;
    Ok(true)
}

/// Over every column of a row.
pub(super) fn row_hash(row: &db::audit::Row) -> [u8; 32] {
    let optional = |id: &Option<uuid::Uuid>| id.map(uuid::Uuid::into_bytes);
    Form::new("weirgate audit row v1")
        .field(row.id.as_bytes())
        .optional(optional(&row.organization_id))
        .optional(optional(&row.actor_id))
        .field(&row.actor_kind)
        .field(&row.action)
        .field(&row.target_kind)
        .optional(row.target_id.as_ref())
        .optional(row.ip_address.as_ref())
        .field(&row.details)
        .number(row.created_at)
        .hash()
}

/// Over everything a seal says, and what it covers in its order.
pub(super) fn seal_hash(seal: &Seal, rows: &[Sealed]) -> [u8; 32] {
    let head = Form::new("weirgate audit seal v1")
        .number(seal.segment)
        .number(seal.first_seq)
        .number(seal.last_seq)
        .number(seal.row_count)
        .number(i64::from(seal.took_all))
        .number(seal.sealed_at)
        .field(&seal.previous_hash);
    let add = |form: Form, row: &Sealed| form.number(row.seq).field(row.row_id.as_bytes()).field(&row.row_hash);
    rows.iter().fold(head, add).hash()
}

/// The canonical form: each field with its length, so that no two different rows look the same, absent ones apart from empty ones.
struct Form(Sha256);

impl Form {
    fn new(purpose: &str) -> Self {
        Form(Sha256::new()).field(purpose)
    }

    fn field(self, bytes: impl AsRef<[u8]>) -> Self {
        self.optional(Some(bytes))
    }

    fn optional(mut self, bytes: Option<impl AsRef<[u8]>>) -> Self {
        match bytes {
            None => self.0.update([0_u8]),
            Some(bytes) => {
                let bytes = bytes.as_ref();
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.0.update([1_u8]);
                self.0.update(length.to_be_bytes());
                self.0.update(bytes);
            }
        }
        self
    }

    fn number(self, number: i64) -> Self {
        self.field(number.to_be_bytes())
    }

    fn hash(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use uuid::Uuid;

    use super::*;

    fn row() -> db::audit::Row {
        db::audit::Row {
            id: Uuid::from_u128(1),
            organization_id: None,
            actor_id: Some(Uuid::from_u128(2)),
            actor_kind: "user".into(),
            action: "key.created".into(),
            target_kind: "api_key".into(),
            target_id: Some("3".into()),
            ip_address: None,
            details: "{}".into(),
            created_at: 4,
        }
    }

    #[test]
    fn every_column_counts() {
        let changes: [fn(&mut db::audit::Row); 11] = [
            |row| row.id = Uuid::from_u128(9),
            |row| row.organization_id = Some(Uuid::nil()),
            |row| row.actor_id = None,
            |row| row.actor_kind = "system".into(),
            |row| row.action = "key.createe".into(),
            |row| row.target_kind = "user".into(),
            |row| row.target_id = None,
            |row| row.ip_address = Some(String::new()),
            |row| row.details = "{ }".into(),
            |row| row.created_at = 5,
            // The same bytes in all, cut elsewhere.
            |row| (row.action, row.target_kind) = ("key.createda".into(), "pi_key".into()),
        ];
        let mut hashes = vec![row_hash(&row())];
        for change in changes {
            let mut changed = row();
            change(&mut changed);
            hashes.push(row_hash(&changed));
        }
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
    }

    /// Chains that are sealed already must verify with every later version.
    #[test]
    fn form_of_a_row_never_changes() {
        let hash = crypto::hex(&row_hash(&row()));
        assert_eq!(hash, "d0347c8f6399f0061ce9a3e2521930147b67445446d6fedab4847936e8588359");
    }

    #[test]
    fn head_is_written_and_read_back() {
        let head = Head {
            segment: 12,
            hash: vec![0xab; 32],
        };
        let text = head.to_string();
        assert_eq!(text, format!("12:{}", "ab".repeat(32)));
        assert_eq!(text.parse(), Ok(head));
        for wrong in ["", "12", "12:ab", "x:abab", &format!("12:{}", "zz".repeat(32))] {
            assert!(wrong.parse::<Head>().is_err(), "{wrong}");
        }
    }
}
