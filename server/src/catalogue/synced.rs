//! Models of a LiteLLM proxy, written to the catalogue: new ones added, changed ones updated, gone ones disabled with their history kept, a changed
//! price as a new version. Rows that the configuration or somebody here made are left alone. Each model is looked at again inside the transaction that writes it, so that what a page or
//! another node made meanwhile is not overwritten.

use std::collections::{HashMap, HashSet};

use types::{
    ModelId,
    catalogue::{ModelKind, Origin},
    litellm::{ChangedModel, SkipReason, Skipped, SyncReport},
};
use uuid::Uuid;

use super::{Acting, managed::write_price, told};
use crate::{
    Error, State,
    clock::Clock,
    config,
    db::{Tx, models, prices},
    error::Result,
    litellm::{Listed, Offer, PROVIDER},
};

/// Models in one transaction. More would hold other writers up.
const AT_ONCE: usize = 50;

/// What is to be done about one name.
#[derive(Clone)]
enum Step {
    Offer(Offer),
    /// It is not listed any more.
    Withdraw(String),
}

/// What became of it.
enum Became {
    New,
    Changed(Vec<&'static str>),
    Restored,
    Gone,
    Same,
    Skipped(SkipReason),
}

/// Writes what is different. `None` when the list is empty and was not before: then nothing is touched.
pub(crate) async fn write(state: &State, by: &Acting, listed: Listed) -> Result<Option<SyncReport>> {
    let rows = models::all(state.db()).await?;
    let live = |row: &&models::Row| is_ours(row) && row.is_enabled;
    if listed.offers.is_empty() && rows.iter().any(|row| live(&row)) {
        return Ok(None);
    }
    let mut report = told_of(&listed.offers);
    report.skipped = listed.skipped;
    let (steps, same) = steps(&rows, state, listed.offers).await?;
    report.models = same;
    for outcome in carry_out(state, by, steps).await? {
        count(&mut report, outcome);
    }
    report.sort();
    Ok(Some(report))
}

/// What the report says of offers, whatever becomes of them.
fn told_of(offers: &[Offer]) -> SyncReport {
    let names = |which: fn(&Offer) -> bool| {
        let chosen = offers.iter().filter(|offer| which(offer));
        chosen.map(|offer| offer.name.clone()).collect::<Vec<_>>()
    };
    SyncReport {
        unpriced: names(|offer| offer.prices.is_none()),
        rounded: names(|offer| offer.is_rounded),
        tiered: names(|offer| offer.is_tiered),
        differing: names(|offer| offer.differs),
        ..SyncReport::default()
    }
}

/// Everything that may have to be written, and how many models are the same by now.
async fn steps(rows: &[models::Row], state: &State, offers: Vec<Offer>) -> Result<(Vec<Step>, u32)> {
    let versions = prices::all(state.db()).await?;
    let current: HashMap<Uuid, &prices::Row> = versions.iter().map(|row| (row.model_id, row)).collect();
    let there: HashMap<&str, &models::Row> = rows.iter().map(|row| (row.name.as_str(), row)).collect();
    let offered: HashSet<String> = offers.iter().map(|offer| offer.name.clone()).collect();
    let gone = rows
        .iter()
        .filter(|row| is_ours(row) && row.is_enabled && !offered.contains(&row.name));
    let mut steps: Vec<Step> = gone.map(|row| Step::Withdraw(row.name.clone())).collect();
    let mut same = 0;
    for offer in offers {
        let old = there.get(offer.name.as_str());
        let price = old.and_then(|row| current.get(&row.id)).and_then(|row| row.prices());
        match old {
            Some(row)
                if is_ours(row)
                    && row.is_enabled
                    && price == offer.prices
                    && fields(row, &row_of(&offer, Some(row), row.id, 0)?).is_empty() =>
            {
                same += 1
            }
            _ => steps.push(Step::Offer(offer)),
        }
    }
    Ok((steps, same))
}

async fn carry_out(state: &State, by: &Acting, mut steps: Vec<Step>) -> Result<Vec<(String, Became)>> {
    let mut outcomes = Vec::with_capacity(steps.len());
    while !steps.is_empty() {
        let rest = steps.split_off(steps.len().min(AT_ONCE));
        let batch = std::mem::replace(&mut steps, rest);
        let attempt = || {
            let (by, batch, clock) = (by.clone(), batch.clone(), state.clock().clone());
            state.write(move |tx| Box::pin(async move { one_batch(tx, &clock, &by, batch).await }))
        };
        outcomes.extend(match attempt().await {
            // Another node that takes over from the same proxy was faster.
            Err(Error::Conflict { .. }) => attempt().await?,
            outcome => outcome?,
        });
    }
    Ok(outcomes)
}

async fn one_batch(tx: &mut Tx, clock: &Clock, by: &Acting, steps: Vec<Step>) -> Result<Vec<(String, Became)>> {
    by.hold(tx).await?;
    let mut outcomes = Vec::with_capacity(steps.len());
    for step in steps {
        outcomes.push(match step {
            Step::Withdraw(name) => (name.clone(), withdraw(tx, clock, by, &name).await?),
            Step::Offer(offer) => (offer.name.clone(), take(tx, clock, by, &offer).await?),
        });
    }
    Ok(outcomes)
}

async fn withdraw(tx: &mut Tx, clock: &Clock, by: &Acting, name: &str) -> Result<Became> {
    match models::named_locked(tx, name).await? {
        Some(row) if is_ours(&row) && row.is_enabled => {
            models::disable(tx, row.id).await?;
            told::model_disabled(tx, clock, &by.actor, &row).await?;
            Ok(Became::Gone)
        }
        _ => Ok(Became::Same),
    }
}

async fn take(tx: &mut Tx, clock: &Clock, by: &Acting, offer: &Offer) -> Result<Became> {
    let now = tx.now().0;
    let Some(old) = models::named_locked(tx, &offer.name).await? else {
        let row = row_of(offer, None, clock.new_id(), now)?;
        let id = row.id;
        told::model(tx, clock, &by.actor, None, &row).await?;
        models::insert(tx, row).await?;
        write_price(tx, clock, &by.actor, (id, &offer.name), offer.prices, None).await?;
        return Ok(Became::New);
    };
    if !is_ours(&old) {
        return Ok(Became::Skipped(not_ours(&old)));
    }
    let mut row = row_of(offer, Some(&old), old.id, now)?;
    let mut changed = fields(&old, &row);
    if !changed.is_empty() || !old.is_enabled {
        row.updated_at = now;
        told::model(tx, clock, &by.actor, Some(&old), &row).await?;
        models::replace(tx, row).await?;
    }
    let current = prices::current(tx, ModelId(old.id)).await?;
    if current.as_ref().and_then(prices::Row::prices) != offer.prices {
        changed.push("price");
        write_price(
            tx,
            clock,
            &by.actor,
            (old.id, &offer.name),
            offer.prices,
            current.as_ref(),
        )
        .await?;
    }
    Ok(match (old.is_enabled, changed.is_empty()) {
        (false, _) => Became::Restored,
        (true, false) => Became::Changed(changed),
        (true, true) => Became::Same,
    })
}

fn is_ours(row: &models::Row) -> bool {
    row.origin == Origin::Litellm.name()
}

fn not_ours(row: &models::Row) -> SkipReason {
    match row.origin == Origin::Config.name() {
        true => SkipReason::InConfiguration,
        false => SkipReason::MadeHere,
    }
}

/// The row that an offer stands for. What is no part of the offer stays as it was.
fn row_of(offer: &Offer, old: Option<&models::Row>, id: Uuid, now: i64) -> Result<models::Row> {
    let routes = [config::Route {
        provider: PROVIDER.to_owned(),
        model: offer.name.clone(),
        weight: 1,
        priority: 0,
    }];
    let kind = if offer.is_embedding {
        ModelKind::Embedding
    } else {
        ModelKind::Chat
    };
    let column = |count: Option<u32>| count.and_then(|count| i32::try_from(count).ok());
    Ok(models::Row {
        id,
        name: offer.name.clone(),
        context_length: column(offer.context_length),
        routes: serde_json::to_string(&routes).map_err(Error::internal)?,
        managed: true,
        is_enabled: true,
        created_at: old.map_or(now, |row| row.created_at),
        updated_at: old.map_or(now, |row| row.updated_at),
        display_name: old.and_then(|row| row.display_name.clone()),
        kind: kind.name().to_owned(),
        capabilities: serde_json::to_string(&offer.capabilities).map_err(Error::internal)?,
        max_output_tokens: column(offer.max_output_tokens),
        origin: Origin::Litellm.name().to_owned(),
        vendor: offer.vendor.clone(),
    })
}

/// Which fields differ, by the names that reports use.
fn fields(old: &models::Row, new: &models::Row) -> Vec<&'static str> {
    let differ = [
        ("context_length", old.context_length != new.context_length),
        ("max_output_tokens", old.max_output_tokens != new.max_output_tokens),
        ("capabilities", old.capabilities != new.capabilities),
        ("kind", old.kind != new.kind),
        ("vendor", old.vendor != new.vendor),
        ("routes", old.routes != new.routes),
    ];
    let differ = differ.into_iter().filter(|(_, differs)| *differs);
    differ.map(|(name, _)| name).collect()
}

fn count(report: &mut SyncReport, (name, became): (String, Became)) {
    match became {
        Became::Same => {}
        Became::New => report.new.push(name),
        Became::Restored => report.restored.push(name),
        Became::Changed(fields) => report.changed.push(ChangedModel {
            name,
            fields: fields.into_iter().map(str::to_owned).collect(),
        }),
        Became::Gone => {
            report.gone.push(name);
            return;
        }
        Became::Skipped(reason) => {
            for list in [
                &mut report.unpriced,
                &mut report.rounded,
                &mut report.tiered,
                &mut report.differing,
            ] {
                list.retain(|other| *other != name);
            }
            report.skipped.push(Skipped { name, reason });
            return;
        }
    }
    report.models += 1;
}
