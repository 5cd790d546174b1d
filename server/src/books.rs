//! The books: every call from its first byte to its sum, and what may be read from them.
//!
//! `ledger` is the only writer. Nothing here knows how a call is made; it is told what was served.

pub mod ledger;
pub mod limits;
pub mod prices;
pub mod usage;
