//! Prices of models: versions that never change, each with who set it and when. Calls are charged by the version that held when they were
//! admitted.

use types::{
    ModelId, PriceId, Timestamp, UserId,
    catalogue::{NewPrice, PriceAuthor, PriceVersion},
    error::Code,
    money::Prices,
    page::Page,
};

use super::{
    Editor,
    models::{own, unknown},
    told,
};
use crate::{
    Error, State,
    clock::Clock,
    db::{
        self, Tx,
        prices::{self as rows, Row},
    },
    error::Result,
    idempotency,
    paging::Asked,
    sessions::Auditor,
};

/// Versions of one model's price.
const MOST: i32 = 10_000;

/// A model's versions, the one that holds first. `limit` is 1 to 100.
///
/// Errors: 404.
pub async fn page(
    state: &State,
    _: &Auditor<'_>,
    model: ModelId,
    limit: u64,
    cursor: Option<&str>,
) -> Result<Page<PriceVersion>> {
    let asked = Asked::<i32>::of(limit, cursor)?;
    db::models::find(state.db(), model).await?.ok_or_else(unknown)?;
    let listed = rows::page(state.db(), model, asked.after, asked.rows()).await?;
    Ok(asked.page(listed, |row| row.version, |row| Some(shown(state, &row))))
}

/// Adds a version: it holds for every call that is admitted after this returns.
///
/// Errors: 404; 409 for a model that the configuration file wrote; 422 for a field that is no price.
pub async fn set(state: &State, editor: &Editor, model: ModelId, new: NewPrice) -> Result<PriceVersion> {
    let prices = new.prices()?;
    let (by, clock) = (editor.acting(), state.clock().clone());
    let (id, own_state) = (PriceId(clock.new_id()), state.clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let name = own(tx, &by, model).await?.name;
                let before = rows::current(tx, model).await?;
                let version = next_version(before.as_ref())?;
                let row = row(id, model, version, Some(prices), by.user, tx.now());
                let made = shown(&own_state, &row);
                idempotency::record(tx, &made).await?;
                told::price(tx, &clock, &by.actor, &name, before.as_ref(), &row).await?;
                rows::insert(tx, row).await?;
                Ok(made)
            })
        })
        .await
}

/// Says that from here on the price is not known: a version without prices follows the one that holds. No version is ever removed, since a call
/// that begins in this moment may be charged by it. `version` is the one that is meant, so that nobody takes back a price they have not seen.
///
/// Errors: 404; 409 where another version holds by now, where there is no price, and for a model that the configuration file wrote.
pub async fn withdraw(state: &State, editor: &Editor, model: ModelId, version: u32) -> Result<()> {
    let (by, clock) = (editor.acting(), state.clock().clone());
    let id = PriceId(clock.new_id());
    state
        .write(move |tx| {
            Box::pin(async move {
                let name = own(tx, &by, model).await?.name;
                let before = rows::current(tx, model).await?;
                let holds = before.as_ref().filter(|row| u32::try_from(row.version) == Ok(version));
                if holds.and_then(Row::prices).is_none() {
                    let message = "This version of the price does not hold. Only the one that does can be withdrawn; those before it stay as they are.";
                    return Err(Error::refused(Code::Conflict, message));
                }
                let row = row(id, model, next_version(before.as_ref())?, None, by.user, tx.now());
                told::price(tx, &clock, &by.actor, &name, before.as_ref(), &row).await?;
                rows::insert(tx, row).await
            })
        })
        .await
}

/// The version that holds, for the command line.
///
/// Errors: 404 for a model without a price.
pub async fn holding(state: &State, _: &Editor, model: ModelId) -> Result<u32> {
    let rows = rows::current_of(state.db(), &[model]).await?;
    let holds = rows.into_iter().find(|row| row.prices().is_some());
    let version = holds.and_then(|row| u32::try_from(row.version).ok());
    version.ok_or_else(|| Error::refused(Code::NotFound, "The model has no price."))
}

/// The first version of a model that is being made.
pub(super) async fn begin(
    tx: &mut Tx,
    clock: &Clock,
    by: &super::editor::Acting,
    model: (ModelId, &str),
    prices: Prices,
) -> Result<()> {
    let (id, name) = model;
    let row = row(PriceId(clock.new_id()), id, 1, Some(prices), by.user, tx.now());
    told::price(tx, clock, &by.actor, name, None, &row).await?;
    rows::insert(tx, row).await
}

fn next_version(before: Option<&Row>) -> Result<i32> {
    match before.map_or(0, |row| row.version) {
        version if version >= MOST => {
            let message = format!("The model has {MOST} versions of its price, which is the most.");
            Err(Error::refused(Code::Conflict, message))
        }
        version => Ok(version + 1),
    }
}

/// A version; without prices it says that from here on the price is not known.
pub(super) fn row(
    id: PriceId,
    model: ModelId,
    version: i32,
    prices: Option<Prices>,
    author: Option<UserId>,
    now: Timestamp,
) -> Row {
    let price = prices.unwrap_or_default();
    Row {
        id: id.0,
        model_id: model.0,
        version,
        input: prices.map_or(rows::WITHDRAWN, |price| price.input.0),
        output: price.output.0,
        cache_read: price.cache_read.map(|price| price.0),
        cache_write_5m: price.cache_write_5m.map(|price| price.0),
        cache_write_1h: price.cache_write_1h.map(|price| price.0),
        author_id: author.map(|author| author.0),
        created_at: now.0,
    }
}

fn shown(state: &State, row: &Row) -> PriceVersion {
    let author = row.author_id.map(|id| PriceAuthor {
        id: UserId(id),
        name: state.directory().user(UserId(id)).map(|user| user.username.clone()),
    });
    PriceVersion {
        id: PriceId(row.id),
        version: u32::try_from(row.version).unwrap_or_default(),
        price: row.prices().map(Into::into),
        author,
        created_at: Timestamp(row.created_at),
    }
}
