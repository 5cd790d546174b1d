//! Models, changed while the server runs: made, listed, changed, deleted. What the configuration file wrote is its alone to change.

use std::collections::HashMap;

use types::{
    ModelId, Refusal, Timestamp,
    catalogue::{Availability, Model, ModelChange, ModelKind, ModelRoute, NewModel, Origin},
    error::{Code, FieldErrors},
    page::Page,
    rules::Wrong,
};

use super::{Editor, editor::Acting, must_not_be_managed, prices, routes, told};
use crate::{
    Error, State,
    db::{
        self, Tx,
        models::{self as rows, Row},
    },
    directory::Directory,
    error::Result,
    idempotency,
    paging::Asked,
    sessions::Auditor,
};

/// Models of one server.
const MOST: u64 = 5_000;

/// Models by age. `limit` is 1 to 100.
pub async fn page(state: &State, _: &Auditor<'_>, limit: u64, cursor: Option<&str>) -> Result<Page<Model>> {
    let asked = Asked::<ModelId>::of(limit, cursor)?;
    let listed = rows::page(state.db(), asked.after, asked.rows()).await?;
    let ids: Vec<ModelId> = listed.iter().map(|row| ModelId(row.id)).collect();
    let beside = Beside::of(state, &ids).await?;
    Ok(asked.page(listed, |row| ModelId(row.id), |row| Some(beside.shown(&row))))
}

/// All of them by name, for the command line.
pub async fn all(state: &State, _: &Editor) -> Result<Vec<Model>> {
    let listed = rows::all(state.db()).await?;
    let ids: Vec<ModelId> = listed.iter().map(|row| ModelId(row.id)).collect();
    let beside = Beside::of(state, &ids).await?;
    Ok(listed.iter().map(|row| beside.shown(row)).collect())
}

/// Errors: 404.
pub async fn get(state: &State, _: &Auditor<'_>, id: ModelId) -> Result<Model> {
    one(state, id).await
}

async fn one(state: &State, id: ModelId) -> Result<Model> {
    let row = rows::find(state.db(), id).await?.ok_or_else(unknown)?;
    Ok(Beside::of(state, &[id]).await?.shown(&row))
}

/// Makes a model; with a price, that is its first version.
///
/// Errors: 422 naming each field that breaks a rule, and a route to a provider that does not exist; 409 for a name that is taken.
pub async fn create(state: &State, editor: &Editor, new: NewModel) -> Result<Model> {
    new.check()?;
    let price = new.price.as_ref().map(types::catalogue::NewPrice::prices).transpose()?;
    let id = ModelId(state.clock().new_id());
    let now = state.clock().now();
    let routes = new.routes;
    let row = Row {
        id: id.0,
        name: new.name,
        display_name: trimmed(new.display_name),
        kind: new.kind.name().to_owned(),
        context_length: new.context_length.and_then(|length| i32::try_from(length).ok()),
        max_output_tokens: new.max_output_tokens.and_then(|tokens| i32::try_from(tokens).ok()),
        capabilities: listed(new.capabilities)?,
        routes: routes::written(routes.clone())?,
        managed: false,
        origin: Origin::Page.name().to_owned(),
        vendor: None,
        is_enabled: new.is_enabled,
        created_at: now.0,
        updated_at: now.0,
    };
    let (by, clock) = (editor.acting(), state.clock().clone());
    let written = state.write(move |tx| {
        Box::pin(async move {
            by.hold(tx).await?;
            let providers = db::providers::all_in(tx).await?;
            let replay = Beside::with(&providers, id, price).shown(&row);
            idempotency::record(tx, &replay).await?;
            if rows::count(tx).await? >= MOST {
                let message = format!("There are {MOST} models, which is the most. Delete one first.");
                return Err(Error::refused(Code::Conflict, message));
            }
            must_exist(&providers, &routes)?;
            told::model(tx, &clock, &by.actor, None, &row).await?;
            let name = row.name.clone();
            rows::insert(tx, row).await?;
            if let Some(price) = price {
                prices::begin(tx, &clock, &by, (id, &name), price).await?;
            }
            Ok(replay)
        })
    });
    written.await.map_err(name_conflict)
}

/// Changes what `change` names and leaves the rest; calls that begin after this returns go by it.
///
/// Errors: 404; 409 for one that the configuration file wrote or a proxy lists; 422 as for [`create`].
pub async fn update(state: &State, editor: &Editor, id: ModelId, change: ModelChange) -> Result<Model> {
    change.check()?;
    let (by, clock) = (editor.acting(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let before = own(tx, &by, id).await?;
                if let Some(routes) = &change.routes {
                    must_exist(&db::providers::all_in(tx).await?, routes)?;
                }
                let mut after = changed(&before, change)?;
                if after == before {
                    return Ok(());
                }
                after.updated_at = tx.now().0;
                // What the file does not name any more, or the proxy does not list, and is changed here belongs to pages from now on.
                after.managed = false;
                after.origin = Origin::Page.name().to_owned();
                after.vendor = None;
                told::model(tx, &clock, &by.actor, Some(&before), &after).await?;
                rows::replace(tx, after).await
            })
        })
        .await?;
    one(state, id).await
}

fn changed(before: &Row, change: ModelChange) -> Result<Row> {
    let count = |sent: Option<Option<u32>>, before: Option<i32>| match sent {
        Some(count) => count.and_then(|count| i32::try_from(count).ok()),
        None => before,
    };
    Ok(Row {
        display_name: match change.display_name {
            Some(name) => trimmed(name),
            None => before.display_name.clone(),
        },
        kind: change
            .kind
            .map_or_else(|| before.kind.clone(), |kind| kind.name().to_owned()),
        context_length: count(change.context_length, before.context_length),
        max_output_tokens: count(change.max_output_tokens, before.max_output_tokens),
        capabilities: match change.capabilities {
            Some(words) => listed(words)?,
            None => before.capabilities.clone(),
        },
        routes: match change.routes {
            Some(routes) => routes::written(routes)?,
            None => before.routes.clone(),
        },
        is_enabled: change.is_enabled.unwrap_or(before.is_enabled),
        ..before.clone()
    })
}

/// Deletes a model that was never called and that nobody is limited to; its prices go with it.
///
/// Errors: 404; 409 while something refers to it, and for one that the configuration file wrote.
pub async fn delete(state: &State, editor: &Editor, id: ModelId) -> Result<()> {
    let (by, clock) = (editor.acting(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let row = own(tx, &by, id).await?;
                let message = match rows::referring(tx, &row.name).await? {
                    None => {
                        told::model_deleted(tx, &clock, &by.actor, &row).await?;
                        db::prices::delete_of(tx, id).await?;
                        return rows::delete(tx, id).await;
                    }
                    Some(rows::Referring::Books) => {
                        "The books hold calls of this model. Disable it instead: nobody can call it then."
                    }
                    Some(rows::Referring::Keys) => {
                        "API keys are limited to this model. Revoke them first, or disable the model."
                    }
                    Some(rows::Referring::Teams) => {
                        "Teams are limited to this model. Take it from their lists first, or disable it."
                    }
                    Some(rows::Referring::Organizations) => {
                        "Organizations are limited to this model. Take it from their lists first, or disable it."
                    }
                };
                Err(Error::refused(Code::Conflict, message))
            })
        })
        .await
}

/// The id of the model with this name, for the command line.
///
/// Errors: 404.
pub async fn named(state: &State, _: &Editor, name: &str) -> Result<ModelId> {
    let found = rows::by_name(state.db(), name).await?;
    found.map(|row| ModelId(row.id)).ok_or_else(unknown)
}

/// The row for this transaction alone, if the editor may change it.
pub(super) async fn own(tx: &mut Tx, by: &Acting, id: ModelId) -> Result<Row> {
    by.hold(tx).await?;
    let row = rows::find_locked(tx, id).await?.ok_or_else(unknown)?;
    must_not_be_managed(row.managed && row.is_enabled, origin(&row), "model")?;
    Ok(row)
}

fn must_exist(providers: &[db::providers::Row], routes: &[ModelRoute]) -> Result<()> {
    let mut errors = FieldErrors::new();
    for (index, route) in routes.iter().enumerate() {
        if !providers.iter().any(|provider| provider.name == route.provider) {
            let field = format!("routes[{index}].provider");
            errors.insert(field, vec![Wrong::UnknownValue.code().to_owned()]);
        }
    }
    Refusal::fields(errors)?;
    Ok(())
}

fn trimmed(name: Option<String>) -> Option<String> {
    name.map(|name| name.trim().to_owned())
}

/// Each once, sorted.
fn listed(mut words: Vec<String>) -> Result<String> {
    words.sort_unstable();
    words.dedup();
    serde_json::to_string(&words).map_err(Error::internal)
}

/// What is shown of models beside their rows.
struct Beside {
    enabled: Vec<String>,
    prices: HashMap<uuid::Uuid, types::money::Prices>,
    /// Where it stands how they fare, and the moment that is asked about; none for one that nobody can have called yet.
    calls: Option<(Directory, Timestamp)>,
}

impl Beside {
    async fn of(state: &State, models: &[ModelId]) -> Result<Self> {
        let providers = db::providers::all(state.db()).await?;
        let current = db::prices::current_of(state.db(), models).await?;
        let prices = current
            .into_iter()
            .filter_map(|row| Some((row.model_id, row.prices()?)));
        Ok(Beside {
            prices: prices.collect(),
            enabled: enabled(&providers),
            calls: Some((state.directory().clone(), state.clock().now())),
        })
    }

    fn with(providers: &[db::providers::Row], model: ModelId, price: Option<types::money::Prices>) -> Self {
        Beside {
            enabled: enabled(providers),
            prices: price.map(|price| (model.0, price)).into_iter().collect(),
            calls: None,
        }
    }

    fn shown(&self, row: &Row) -> Model {
        let count = |stored: Option<i32>| stored.and_then(|count| u32::try_from(count).ok());
        let routes = routes::read(row);
        let is_served = row.is_enabled && routes.iter().any(|route| self.enabled.contains(&route.provider));
        let known = self
            .calls
            .as_ref()
            .and_then(|(directory, now)| Some(directory.model(&row.name)?.availability(*now)));
        Model {
            id: ModelId(row.id),
            name: row.name.clone(),
            display_name: row.display_name.clone(),
            kind: ModelKind::parse(&row.kind).unwrap_or_default(),
            context_length: count(row.context_length),
            max_output_tokens: count(row.max_output_tokens),
            capabilities: serde_json::from_str(&row.capabilities).unwrap_or_default(),
            price: self.prices.get(&row.id).map(|prices| (*prices).into()),
            managed: row.managed,
            origin: origin(row),
            vendor: row.vendor.clone(),
            is_enabled: row.is_enabled,
            is_served,
            availability: match is_served {
                true => known.unwrap_or(Availability::Available),
                false => Availability::Unavailable,
            },
            routes,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        }
    }
}

fn origin(row: &Row) -> Origin {
    Origin::parse(&row.origin).unwrap_or_default()
}

fn enabled(providers: &[db::providers::Row]) -> Vec<String> {
    let enabled = providers.iter().filter(|row| row.is_enabled);
    enabled.map(|row| row.name.clone()).collect()
}

pub(super) fn unknown() -> Error {
    Error::refused(Code::NotFound, "There is no such model.")
}

fn name_conflict(error: Error) -> Error {
    match error {
        Error::Conflict { constraint } if constraint == "models.name" => {
            let message = "Another model has this name. Choose another one.";
            Error::refused(Code::Conflict, message)
        }
        error => error,
    }
}
