//! Providers, changed while the server runs: made, listed, changed, given another credential, deleted. What the configuration file wrote is
//! its alone to change.
//!
//! Credentials come in, are sealed under the master key, and never go out again but to the provider itself.

use types::{
    ProviderId, Refusal, Timestamp,
    catalogue::{Credential, NewCredential, NewProvider, Origin, Provider, ProviderChange},
    error::{Code, FieldErrors},
    page::Page,
};
use url::Url;

use super::{Editor, editor::Acting, guard, must_not_be_managed, routes::Uses, told};
use crate::{
    Error, State,
    clock::Clock,
    db::{
        self, Tx,
        providers::{self as rows, Row},
    },
    error::Result,
    idempotency,
    paging::Asked,
    sessions::Auditor,
};

/// Providers of one server.
const MOST: u64 = 500;

/// Providers by age. `limit` is 1 to 100.
pub async fn page(state: &State, _: &Auditor<'_>, limit: u64, cursor: Option<&str>) -> Result<Page<Provider>> {
    let asked = Asked::<ProviderId>::of(limit, cursor)?;
    let uses = Uses::of(&db::models::all(state.db()).await?);
    let listed = rows::page(state.db(), asked.after, asked.rows()).await?;
    Ok(asked.page(listed, |row| ProviderId(row.id), |row| Some(shown(&row, &uses))))
}

/// All of them by name, for the command line.
pub async fn all(state: &State, _: &Editor) -> Result<Vec<Provider>> {
    let uses = Uses::of(&db::models::all(state.db()).await?);
    let listed = rows::all(state.db()).await?;
    Ok(listed.iter().map(|row| shown(row, &uses)).collect())
}

/// Errors: 404.
pub async fn get(state: &State, _: &Auditor<'_>, id: ProviderId) -> Result<Provider> {
    one(state, id).await
}

async fn one(state: &State, id: ProviderId) -> Result<Provider> {
    let row = rows::find(state.db(), id).await?.ok_or_else(unknown)?;
    let uses = Uses::of(&db::models::all(state.db()).await?);
    Ok(shown(&row, &uses))
}

/// Makes a provider.
///
/// Errors: 422 naming each field that breaks a rule, `base_url` among them; 409 for a name that is taken.
pub async fn create(state: &State, editor: &Editor, new: NewProvider) -> Result<Provider> {
    let mut errors = wrong_fields(new.check());
    let base_url = address(&mut errors, &new.base_url, new.allow_private_network);
    Refusal::fields(errors)?;
    let id = ProviderId(state.clock().new_id());
    let now = state.clock().now().0;
    let credential = new.credential.as_deref();
    let row = Row {
        id: id.0,
        name: new.name,
        dialect: new.dialect,
        base_url,
        credential: credential.map(|plain| sealed(state, id, plain)).transpose()?,
        credential_changed_at: credential.map(|_| now),
        responses: new.responses,
        allow_private_network: new.allow_private_network,
        managed: false,
        is_enabled: new.is_enabled,
        created_at: now,
        updated_at: now,
    };
    let made = shown(&row, &Uses::default());
    let replay = made.clone();
    let (by, clock) = (editor.acting(), state.clock().clone());
    let written = state.write(move |tx| {
        Box::pin(async move {
            by.hold(tx).await?;
            idempotency::record(tx, &replay).await?;
            if rows::count(tx).await? >= MOST {
                let message = format!("There are {MOST} providers, which is the most. Delete one first.");
                return Err(Error::refused(Code::Conflict, message));
            }
            told::provider(tx, &clock, &by.actor, None, &row).await?;
            rows::insert(tx, row).await
        })
    });
    written.await.map_err(name_conflict)?;
    Ok(made)
}

/// Changes what `change` names and leaves the rest; calls that begin after this returns go by it.
///
/// Errors: 404; 409 for one that the configuration file wrote; 422 naming each field that breaks a rule. A `base_url` on another host needs the
/// credential again: a stored one is never sent to an address it was not given for.
pub async fn update(state: &State, editor: &Editor, id: ProviderId, change: ProviderChange) -> Result<Provider> {
    change.check()?;
    let credential = change.credential.as_deref();
    let credential = credential.map(|plain| sealed(state, id, plain)).transpose()?;
    let (by, clock) = (editor.acting(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let before = own(tx, &by, id).await?;
                let after = changed(&before, change, credential)?;
                write(tx, &clock, &by, &before, after).await
            })
        })
        .await?;
    one(state, id).await
}

fn changed(before: &Row, change: ProviderChange, credential: Option<Vec<u8>>) -> Result<Row> {
    let allow_private_network = change.allow_private_network.unwrap_or(before.allow_private_network);
    let written = change.base_url.as_deref().unwrap_or(&before.base_url);
    let mut errors = FieldErrors::new();
    let base_url = address(&mut errors, written, allow_private_network);
    if errors.is_empty() && before.credential.is_some() && credential.is_none() && moved(&before.base_url, &base_url) {
        let needed = types::rules::Wrong::Required.code().to_owned();
        errors.insert("credential".to_owned(), vec![needed]);
    }
    Refusal::fields(errors)?;
    Ok(Row {
        dialect: change.dialect.unwrap_or_else(|| before.dialect.clone()),
        base_url,
        credential: credential.or_else(|| before.credential.clone()),
        responses: change.responses.unwrap_or(before.responses),
        allow_private_network,
        is_enabled: change.is_enabled.unwrap_or(before.is_enabled),
        ..before.clone()
    })
}

/// Whether what is sent there would reach another server.
fn moved(before: &str, after: &str) -> bool {
    let origin = |text: &str| Url::parse(text).map(|url| url.origin());
    match (origin(before), origin(after)) {
        (Ok(before), Ok(after)) => before != after,
        _ => true,
    }
}

/// Stores another credential, or none.
///
/// Errors: 404; 409 for one that the configuration file wrote; 422 for text that no header can carry.
pub async fn rotate(state: &State, editor: &Editor, id: ProviderId, new: NewCredential) -> Result<Provider> {
    new.check()?;
    let credential = new.credential.as_deref();
    let credential = credential.map(|plain| sealed(state, id, plain)).transpose()?;
    let (by, clock) = (editor.acting(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let before = own(tx, &by, id).await?;
                let after = Row {
                    credential,
                    ..before.clone()
                };
                write(tx, &clock, &by, &before, after).await
            })
        })
        .await?;
    one(state, id).await
}

/// Deletes a provider that no model has a route to. What it served stays on the books under its name.
///
/// Errors: 404; 409 while a model has a route to it, and for one that the configuration file wrote.
pub async fn delete(state: &State, editor: &Editor, id: ProviderId) -> Result<()> {
    let (by, clock) = (editor.acting(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let row = own(tx, &by, id).await?;
                let models = db::models::all_in(tx).await?;
                if Uses::of(&models).count(&row.name) > 0 {
                    let message =
                        "Models have routes to this provider. Take those away first, or disable the provider.";
                    return Err(Error::refused(Code::Conflict, message));
                }
                told::provider_deleted(tx, &clock, &by.actor, &row).await?;
                rows::delete(tx, id).await
            })
        })
        .await
}

/// The id of the provider with this name, for the command line.
///
/// Errors: 404.
pub async fn named(state: &State, _: &Editor, name: &str) -> Result<ProviderId> {
    let found = rows::by_name(state.db(), name).await?;
    found.map(|row| ProviderId(row.id)).ok_or_else(unknown)
}

/// The row for this transaction alone, if the editor may change it.
async fn own(tx: &mut Tx, by: &Acting, id: ProviderId) -> Result<Row> {
    by.hold(tx).await?;
    let row = rows::find_locked(tx, id).await?.ok_or_else(unknown)?;
    must_not_be_managed(row.managed && row.is_enabled, Origin::Config, "provider")?;
    Ok(row)
}

async fn write(tx: &mut Tx, clock: &Clock, by: &Acting, before: &Row, mut after: Row) -> Result<()> {
    if after == *before {
        return Ok(());
    }
    after.updated_at = tx.now().0;
    // What the file does not name any more and is changed here belongs to pages from now on.
    after.managed = false;
    if after.credential != before.credential {
        after.credential_changed_at = Some(after.updated_at);
    }
    told::provider(tx, clock, &by.actor, Some(before), &after).await?;
    rows::replace(tx, after).await
}

fn sealed(state: &State, id: ProviderId, plain: &str) -> Result<Vec<u8>> {
    state.seal(plain.as_bytes(), id.0.as_bytes())
}

fn wrong_fields(checked: std::result::Result<(), Refusal>) -> FieldErrors {
    checked.err().map(|refusal| refusal.errors).unwrap_or_default()
}

/// The address as it is stored: without a slash at its end. What is wrong with it goes to `errors`.
fn address(errors: &mut FieldErrors, text: &str, allow_private: bool) -> String {
    match guard::base_url(text, allow_private) {
        Ok(url) => url.to_string(),
        Err(refused) => {
            errors.insert("base_url".to_owned(), vec![refused.code().to_owned()]);
            String::new()
        }
    }
}

fn shown(row: &Row, uses: &Uses) -> Provider {
    Provider {
        id: ProviderId(row.id),
        name: row.name.clone(),
        dialect: row.dialect.clone(),
        base_url: row.base_url.clone(),
        responses: row.responses,
        allow_private_network: row.allow_private_network,
        credential: Credential {
            is_set: row.credential.is_some(),
            changed_at: row.credential_changed_at.map(Timestamp),
        },
        managed: row.managed,
        is_enabled: row.is_enabled,
        models: uses.count(&row.name),
        created_at: Timestamp(row.created_at),
        updated_at: Timestamp(row.updated_at),
    }
}

pub(super) fn unknown() -> Error {
    Error::refused(Code::NotFound, "There is no such provider.")
}

fn name_conflict(error: Error) -> Error {
    match error {
        Error::Conflict { constraint } if constraint == "providers.name" => {
            let message = "Another provider has this name. Choose another one.";
            Error::refused(Code::Conflict, message)
        }
        error => error,
    }
}
