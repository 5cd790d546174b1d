//! Writes the configuration's providers and models to the database at start: new ones added, changed ones updated, missing ones disabled,
//! a changed price as a new version. What pages made is left alone. Writing the same configuration again changes nothing. `told` says what goes
//! to the audit log: the configuration is the system's, since who wrote the file is not known here.

use std::collections::HashMap;

use types::{ModelId, PriceId, catalogue::Origin, money::Prices};
use uuid::Uuid;

use super::{prices as versions, told};
use crate::{
    Error,
    audit::Actor,
    clock::Clock,
    config::{self, Config},
    crypto::MasterKey,
    db::{Db, Tx, models, prices, providers},
    error::Result,
};

/// Brings the managed part of the catalogue in line with `config`, in one transaction.
pub(crate) async fn write(db: &Db, config: &Config, master: &MasterKey) -> Result<()> {
    let attempt = || {
        let (config, master, clock) = (config.clone(), master.clone(), db.clock().clone());
        db.write(move |tx| {
            Box::pin(async move {
                write_providers(tx, &config.providers, &master, &clock).await?;
                write_models(tx, &config, &clock).await
            })
        })
    };
    match attempt().await {
        // Another node with the same configuration was faster.
        Err(Error::Conflict { .. }) => attempt().await,
        outcome => outcome,
    }
}

async fn write_providers(tx: &mut Tx, wanted: &[config::Provider], master: &MasterKey, clock: &Clock) -> Result<()> {
    let rows = providers::all_in(tx).await?;
    let mut there: HashMap<String, providers::Row> = rows.into_iter().map(|row| (row.name.clone(), row)).collect();
    for provider in wanted {
        let old = there.remove(&provider.id);
        let now = tx.now().0;
        let id = old.as_ref().map_or_else(|| clock.new_id(), |row| row.id);
        let mut row = providers::Row {
            id,
            name: provider.id.clone(),
            dialect: provider.dialect.name().to_owned(),
            base_url: provider.base_url.to_string(),
            credential: None,
            credential_changed_at: old.as_ref().and_then(|row| row.credential_changed_at),
            allow_private_network: provider.allow_private_network,
            managed: true,
            is_enabled: true,
            created_at: old.as_ref().map_or(now, |row| row.created_at),
            updated_at: now,
            responses: provider.responses,
        };
        row.credential = sealed(clock, provider, id, old.as_ref(), master)?;
        if row.credential.as_ref() != old.as_ref().and_then(|row| row.credential.as_ref()) {
            row.credential_changed_at = Some(now);
        }
        match old {
            None => {
                told::provider(tx, clock, &Actor::System, None, &row).await?;
                providers::insert(tx, row).await?;
            }
            Some(old) => {
                row.updated_at = old.updated_at;
                if row != old {
                    row.updated_at = now;
                    told::provider(tx, clock, &Actor::System, Some(&old), &row).await?;
                    providers::replace(tx, row).await?;
                }
            }
        }
    }
    for row in there.into_values().filter(|row| row.managed && row.is_enabled) {
        providers::disable(tx, row.id).await?;
        told::provider_disabled(tx, clock, &row).await?;
    }
    Ok(())
}

/// The credential as it is to be stored: the old ciphertext while it opens to the same text, so that nothing changes without need.
fn sealed(
    clock: &Clock,
    provider: &config::Provider,
    id: Uuid,
    old: Option<&providers::Row>,
    master: &MasterKey,
) -> Result<Option<Vec<u8>>> {
    let Some(credential) = &provider.credential else {
        return Ok(None);
    };
    let plain = credential.expose().as_bytes();
    let stored = old.and_then(|row| row.credential.as_ref());
    match stored.filter(|stored| master.open(stored, id.as_bytes()).is_ok_and(|old| old == plain)) {
        Some(stored) => Ok(Some(stored.clone())),
        None => master.seal(plain, id.as_bytes(), clock.random()).map(Some),
    }
}

async fn write_models(tx: &mut Tx, config: &Config, clock: &Clock) -> Result<()> {
    let rows = models::all_in(tx).await?;
    let mut there: HashMap<String, models::Row> = rows.into_iter().map(|row| (row.name.clone(), row)).collect();
    let versions = prices::all_in(tx).await?;
    let current: HashMap<Uuid, prices::Row> = versions.into_iter().map(|row| (row.model_id, row)).collect();
    for model in &config.models {
        let old = there.remove(&model.id);
        let now = tx.now().0;
        let id = old.as_ref().map_or_else(|| clock.new_id(), |row| row.id);
        let mut row = models::Row {
            id,
            name: model.id.clone(),
            context_length: model.context_length.and_then(|length| i32::try_from(length).ok()),
            routes: serde_json::to_string(&model.routes).map_err(Error::internal)?,
            managed: true,
            is_enabled: true,
            created_at: old.as_ref().map_or(now, |row| row.created_at),
            updated_at: now,
            display_name: model.display_name.clone(),
            kind: model.kind.name().to_owned(),
            capabilities: serde_json::to_string(&model.capabilities).map_err(Error::internal)?,
            max_output_tokens: model.max_output_tokens.and_then(|most| i32::try_from(most).ok()),
            origin: Origin::Config.name().to_owned(),
            vendor: None,
        };
        match old {
            None => {
                told::model(tx, clock, &Actor::System, None, &row).await?;
                models::insert(tx, row).await?;
            }
            Some(old) => {
                row.updated_at = old.updated_at;
                if row != old {
                    row.updated_at = now;
                    told::model(tx, clock, &Actor::System, Some(&old), &row).await?;
                    models::replace(tx, row).await?;
                }
            }
        }
        write_price(
            tx,
            clock,
            &Actor::System,
            (id, &model.id),
            model.price,
            current.get(&id),
        )
        .await?;
    }
    // Those of a proxy are its list's to add and to take away, as long as there is one.
    let is_gone = |row: &models::Row| match Origin::parse(&row.origin) {
        Some(Origin::Litellm) => config.litellm.is_none(),
        _ => row.managed,
    };
    for row in there.into_values().filter(|row| is_gone(row) && row.is_enabled) {
        models::disable(tx, row.id).await?;
        told::model_disabled(tx, clock, &Actor::System, &row).await?;
    }
    Ok(())
}

/// Adds a version when the price is not the current one. It has no author: a file or a list says it, whoever had that read.
pub(super) async fn write_price(
    tx: &mut Tx,
    clock: &Clock,
    by: &Actor,
    (model, name): (Uuid, &str),
    wanted: Option<Prices>,
    current: Option<&prices::Row>,
) -> Result<()> {
    if current.and_then(prices::Row::prices) == wanted {
        return Ok(());
    }
    let version = current.map_or(1, |row| row.version + 1);
    let (id, now) = (PriceId(clock.new_id()), tx.now());
    let row = versions::row(id, ModelId(model), version, wanted, None, now);
    told::price(tx, clock, by, name, current, &row).await?;
    prices::insert(tx, row).await
}
