//! Conversations: sessions with models as clients report them. When they began and ended, and the hash of what was said; never a word of it.
//!
//! Calls name theirs in a header, and the ledger books the name unlooked-at. It counts only where a person's own calls and own
//! conversations meet: here. Beginning and ending leave no rows in the audit log; like calls, they are reports, and their rows never change
//! again.

use std::{collections::HashMap, str::FromStr};

use types::{
    ConversationId, Nanos, Refusal, Timestamp,
    accounts::wrong,
    conversations::{Conversation, EndConversation, EndedConversation, StartConversation, StartedConversation},
    error::{Code, FieldErrors},
    page::{LARGEST_LIMIT, Page},
    rules::Wrong,
    usage::Sums,
};

use crate::{
    Error, State,
    db::{self, conversations::Row},
    error::Result,
    idempotency,
    sessions::User,
};

/// A conversation to go on with.
pub enum Started {
    Now(StartedConversation),
    /// The client began it before and has not ended it.
    Before(StartedConversation),
}

/// Begins one, or finds the open one that the client calls so.
///
/// Errors: 422 for a name that breaks a rule, 409 when as many are open as the person may have.
pub async fn start(state: &State, user: &User, new: StartConversation) -> Result<Started> {
    new.check()?;
    let (id, organization) = (user.id(), user.organization_id());
    let row = Row {
        id: state.clock().new_id(),
        organization_id: organization.0,
        user_id: id.0,
        client_session_id: new.client_session_id.map(|name| name.trim().to_owned()),
        started_at: state.clock().now().0,
        ended_at: None,
        transcript_hash: None,
    };
    state
        .write(move |tx| {
            Box::pin(async move {
                let most = db::conversations::most_locked(tx, id).await?.unwrap_or(0);
                if let Some(name) = &row.client_session_id
                    && let Some(open) = db::conversations::open_of_client(tx, id, name).await?
                {
                    return Ok(Started::Before(started(&open)));
                }
                let reply = started(&row);
                idempotency::record(tx, &reply).await?;
                if db::conversations::count_open(tx, id).await? >= most {
                    return Err(too_many(most));
                }
                db::conversations::insert(tx, row).await?;
                Ok(Started::Now(reply))
            })
        })
        .await
}

/// Ends one with the hash of its transcript. Again with the same hash changes nothing and says the same.
///
/// Errors: 422 for what is no such hash, 404 for another person's, 409 when it has ended otherwise.
pub async fn end(state: &State, user: &User, end: EndConversation) -> Result<EndedConversation> {
    end.check()?;
    let (user, id) = (user.id(), end.session_id);
    state
        .write(move |tx| {
            Box::pin(async move {
                let (now, hash) = (tx.now(), end.transcript_hash);
                let row = db::conversations::end(tx, user, id, Some(&hash), now).await?;
                let row = row.ok_or_else(unknown)?;
                match (row.ended_at, row.transcript_hash) {
                    (Some(at), Some(kept)) if kept == hash => Ok(EndedConversation {
                        session_id: id,
                        started_at: Timestamp(row.started_at),
                        ended_at: Timestamp(at),
                        transcript_hash: kept,
                    }),
                    (_, Some(_)) => Err(ended("This conversation has ended with another transcript hash.")),
                    (_, None) => Err(ended(
                        "This conversation was ended without a transcript. Start another one.",
                    )),
                }
            })
        })
        .await
}

/// Ends one whose client will not come back. Repeating it changes nothing, and a hash that was given stays.
pub async fn abandon(state: &State, user: &User, id: ConversationId) -> Result<()> {
    let user = user.id();
    state
        .write(move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let row = db::conversations::end(tx, user, id, None, now).await?;
                row.map(|_| ()).ok_or_else(unknown)
            })
        })
        .await
}

/// One page, newest first. `limit` is 1 to 100.
pub async fn page(state: &State, user: &User, limit: u64, cursor: Option<&str>) -> Result<Page<Conversation>> {
    let mut errors = FieldErrors::new();
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        wrong(&mut errors, "limit", Err(Wrong::UnknownValue));
    }
    let after = cursor.map(ConversationId::from_str);
    if matches!(after, Some(Err(_))) {
        wrong(&mut errors, "cursor", Err(Wrong::UnknownValue));
    }
    Refusal::fields(errors)?;
    // One more than asked for tells whether there is another page.
    let mut rows = db::conversations::page(state.db(), user.id(), after.and_then(Result::ok), limit + 1).await?;
    let shown_rows = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > shown_rows;
    rows.truncate(shown_rows);
    let data = with_sums(state, user, rows).await?;
    let next_cursor = data.last().filter(|_| more).map(|shown| shown.id.to_string());
    Ok(Page { data, next_cursor })
}

/// One conversation; another person's is as unknown as one that does not exist.
pub async fn get(state: &State, user: &User, id: ConversationId) -> Result<Conversation> {
    let row = db::conversations::find(state.db(), user.id(), id).await?;
    let shown = with_sums(state, user, row.into_iter().collect()).await?;
    shown.into_iter().next().ok_or_else(unknown)
}

async fn with_sums(state: &State, user: &User, rows: Vec<Row>) -> Result<Vec<Conversation>> {
    let ids: Vec<ConversationId> = rows.iter().map(|row| ConversationId(row.id)).collect();
    let sums = db::usage::by_conversation(state.db(), user.id(), &ids).await?;
    let mut sums: HashMap<ConversationId, Sums> = sums.into_iter().collect();
    let shown = |row: Row| {
        let id = ConversationId(row.id);
        let nothing = || Sums {
            cost: Nanos(0).to_decimal(),
            ..Sums::default()
        };
        Conversation {
            id,
            client_session_id: row.client_session_id,
            started_at: Timestamp(row.started_at),
            ended_at: row.ended_at.map(Timestamp),
            transcript_hash: row.transcript_hash,
            sums: sums.remove(&id).unwrap_or_else(nothing),
        }
    };
    Ok(rows.into_iter().map(shown).collect())
}

fn started(row: &Row) -> StartedConversation {
    StartedConversation {
        session_id: ConversationId(row.id),
        started_at: Timestamp(row.started_at),
    }
}

fn unknown() -> Error {
    Error::refused(Code::NotFound, "There is no such conversation.")
}

fn ended(message: &str) -> Error {
    Error::refused(Code::Conflict, message)
}

fn too_many(most: u64) -> Error {
    let message =
        format!("You have {most} open conversations. End one with `sessions/end` or on the page /conversations first.");
    Error::refused(Code::Conflict, message)
}
