//! Providers, models and prices: what the configuration says of them is written at start and managed from there, what a LiteLLM proxy lists is
//! taken over and managed from its list; the rest is edited while the server runs, by administrators and at the command line.
//!
//! Also the rule which addresses an upstream may have. Knows nothing of calls.

mod editor;
pub(crate) mod guard;
mod managed;
pub mod models;
pub mod offered;
pub mod prices;
mod probe;
pub mod providers;
mod routes;
mod synced;
mod told;

use types::{catalogue::Origin, error::Code};

pub use editor::Editor;
pub use probe::test;

pub(crate) use editor::Acting;
pub(crate) use guard::address_allowed;
pub(crate) use managed::write as write_managed;
pub(crate) use synced::write as write_synced;

use crate::error::{Error, Result};

/// Errors: 409 for what the configuration file wrote and still names, and for what a proxy lists.
fn must_not_be_managed(managed: bool, origin: Origin, what: &str) -> Result<()> {
    if !managed {
        return Ok(());
    }
    let message = match origin {
        Origin::Litellm => format!(
            "This {what} comes from the LiteLLM proxy, whose list alone changes it. Change it there and take its models over again."
        ),
        _ => format!(
            "This {what} comes from the server's configuration (weirgate.toml or the environment), which alone changes it. Change it there and start the server again."
        ),
    };
    Err(Error::refused(Code::Conflict, message))
}
