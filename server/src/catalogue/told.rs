//! What the audit log tells of the catalogue: which fields changed, and their values where they cannot hold a secret. Addresses and
//! credentials of providers are named only.

use serde_json::{Map, Value, json};
use types::{ModelId, ProviderId};

use crate::{
    audit::{self, Actor, Event, Target},
    clock::Clock,
    db::{Tx, models, prices, providers},
    error::Result,
};

/// Fields of two states of one thing.
#[derive(Default)]
struct Changes {
    fields: Vec<&'static str>,
    before: Map<String, Value>,
    after: Map<String, Value>,
}

impl Changes {
    fn shown(&mut self, name: &'static str, before: Option<Value>, after: Value) {
        if before.as_ref() != Some(&after) {
            self.fields.push(name);
            self.before.extend(before.map(|before| (name.to_owned(), before)));
            self.after.insert(name.to_owned(), after);
        }
    }

    fn named(&mut self, name: &'static str, is_changed: bool) {
        if is_changed {
            self.fields.push(name);
        }
    }

    fn details(self, name: &str) -> Value {
        json!({ "name": name, "fields": self.fields, "before": self.before, "after": self.after })
    }
}

pub(super) async fn provider(
    tx: &mut Tx,
    clock: &Clock,
    by: &Actor,
    before: Option<&providers::Row>,
    after: &providers::Row,
) -> Result<()> {
    let mut changes = Changes::default();
    changes.shown("dialect", before.map(|row| json!(row.dialect)), json!(after.dialect));
    if before.is_some_and(|row| row.responses) || after.responses {
        changes.shown(
            "responses",
            before.map(|row| json!(row.responses)),
            json!(after.responses),
        );
    }
    changes.named("base_url", before.is_none_or(|row| row.base_url != after.base_url));
    changes.named(
        "credential",
        before.and_then(|row| row.credential.as_ref()) != after.credential.as_ref(),
    );
    changes.shown(
        "allow_private_network",
        before.map(|row| json!(row.allow_private_network)),
        json!(after.allow_private_network),
    );
    changes.shown(
        "is_enabled",
        before.map(|row| json!(row.is_enabled)),
        json!(after.is_enabled),
    );
    let action = match before {
        None => "provider.created",
        Some(_) => "provider.updated",
    };
    let target = Target::Provider(ProviderId(after.id));
    tell(tx, clock, by, action, target, changes.details(&after.name)).await
}

/// The configuration does not name it any more.
pub(super) async fn provider_disabled(tx: &mut Tx, clock: &Clock, row: &providers::Row) -> Result<()> {
    let target = Target::Provider(ProviderId(row.id));
    tell(
        tx,
        clock,
        &Actor::System,
        "provider.disabled",
        target,
        disabled(&row.name),
    )
    .await
}

pub(super) async fn provider_deleted(tx: &mut Tx, clock: &Clock, by: &Actor, row: &providers::Row) -> Result<()> {
    let target = Target::Provider(ProviderId(row.id));
    tell(tx, clock, by, "provider.deleted", target, json!({ "name": row.name })).await
}

pub(super) async fn model(
    tx: &mut Tx,
    clock: &Clock,
    by: &Actor,
    before: Option<&models::Row>,
    after: &models::Row,
) -> Result<()> {
    let list = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let mut changes = Changes::default();
    changes.shown(
        "context_length",
        before.map(|row| json!(row.context_length)),
        json!(after.context_length),
    );
    changes.shown("routes", before.map(|row| list(&row.routes)), list(&after.routes));
    // What a new row leaves at its default is no news.
    let plain = |value: &Value| matches!(value, Value::Null) || *value == json!([]) || *value == json!("chat");
    for (name, old, new) in [
        (
            "display_name",
            before.map(|row| json!(row.display_name)),
            json!(after.display_name),
        ),
        ("kind", before.map(|row| json!(row.kind)), json!(after.kind)),
        (
            "capabilities",
            before.map(|row| list(&row.capabilities)),
            list(&after.capabilities),
        ),
        (
            "max_output_tokens",
            before.map(|row| json!(row.max_output_tokens)),
            json!(after.max_output_tokens),
        ),
        ("vendor", before.map(|row| json!(row.vendor)), json!(after.vendor)),
    ] {
        if old.is_some() || !plain(&new) {
            changes.shown(name, old, new);
        }
    }
    changes.shown(
        "is_enabled",
        before.map(|row| json!(row.is_enabled)),
        json!(after.is_enabled),
    );
    let action = match before {
        None => "model.created",
        Some(_) => "model.updated",
    };
    let target = Target::Model(ModelId(after.id));
    tell(tx, clock, by, action, target, changes.details(&after.name)).await
}

/// The configuration does not name it any more, or the proxy does not list it.
pub(super) async fn model_disabled(tx: &mut Tx, clock: &Clock, by: &Actor, row: &models::Row) -> Result<()> {
    let target = Target::Model(ModelId(row.id));
    tell(tx, clock, by, "model.disabled", target, disabled(&row.name)).await
}

pub(super) async fn model_deleted(tx: &mut Tx, clock: &Clock, by: &Actor, row: &models::Row) -> Result<()> {
    let target = Target::Model(ModelId(row.id));
    tell(tx, clock, by, "model.deleted", target, json!({ "name": row.name })).await
}

/// In micro-dollars per million tokens, as the versions hold them; null where there was no price, or is none any more.
pub(super) async fn price(
    tx: &mut Tx,
    clock: &Clock,
    by: &Actor,
    model: &str,
    before: Option<&prices::Row>,
    after: &prices::Row,
) -> Result<()> {
    let shown = |row: &prices::Row| {
        row.prices().map(|_| {
            json!({
                "input": row.input, "output": row.output, "cache_read": row.cache_read,
                "cache_write_5m": row.cache_write_5m, "cache_write_1h": row.cache_write_1h,
            })
        })
    };
    let details = json!({
        "name": model, "version": after.version, "before": before.and_then(shown), "after": shown(after),
    });
    tell(
        tx,
        clock,
        by,
        "price.changed",
        Target::Model(ModelId(after.model_id)),
        details,
    )
    .await
}

fn disabled(name: &str) -> Value {
    json!({ "name": name, "before": { "is_enabled": true }, "after": { "is_enabled": false } })
}

async fn tell(
    tx: &mut Tx,
    clock: &Clock,
    by: &Actor,
    action: &'static str,
    target: Target,
    details: Value,
) -> Result<()> {
    let event = Event {
        organization: None,
        actor: by.clone(),
        action,
        target,
        details,
    };
    audit::record(tx, clock, event).await
}
