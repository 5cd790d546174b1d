//! Providers, models and prices: what the configuration says of them is written at start and managed from there.
//!
//! Also the rule which addresses an upstream may have. Knows nothing of calls.

pub(crate) mod guard;
mod managed;
mod told;

pub use guard::address_allowed;
pub(crate) use managed::write as write_managed;
