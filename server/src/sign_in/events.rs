//! What the audit log tells of sign-ins that did not happen.

use serde_json::json;
use types::UserId;

use crate::{
    State,
    audit::{self, Actor, Event, Target},
    sessions::Device,
};

/// Notes a failed attempt on an account that exists, at most once a minute and never in the way of the answer: whether there
/// was something to write must not be told by how long the answer takes. Attempts on unknown accounts leave no row.
pub(crate) fn failed(state: &State, user: UserId, device: &Device) {
    if !state.sign_in_limits().note_failure(user) {
        return;
    }
    let event = Event {
        organization: None,
        // Who tried is not known; only where from.
        actor: Actor::Unknown {
            address: device.address.clone(),
        },
        action: "sign_in.failed",
        target: Target::User(user),
        details: json!({}),
    };
    let (state_then, clock) = (state.clone(), state.clock().clone());
    state.spawn(async move {
        let write = state_then.write(move |tx| Box::pin(async move { audit::record(tx, &clock, event).await }));
        if let Err(error) = write.await {
            tracing::warn!(
                error_class = error.class(),
                "a failed sign-in could not be written to the audit log"
            );
        }
    });
}
