//! Accounts and books: who may do what, what they own, and what it cost.
//!
//! Doors (`http`) and the dashboard call the same services. Only `db` knows SQL; nothing here knows the model API's pipeline.

pub mod accounts;
pub mod audit;
pub mod books;
pub mod catalogue;
pub mod clock;
pub mod config;
pub mod conversations;
pub mod crypto;
mod db;
pub mod directory;
pub mod error;
pub mod factors;
// Rights without a proof: nobody outside can name them in what people run.
#[cfg(debug_assertions)]
#[doc(hidden)]
pub mod for_tests;
#[cfg(not(debug_assertions))]
#[allow(dead_code, reason = "what tests alone need stays compiled, so that it stays right")]
mod for_tests;
pub mod health;
pub mod http;
mod idempotency;
pub mod keys;
pub mod litellm;
pub mod mail;
pub mod organizations;
pub mod outbound;
mod paging;
pub mod passwords;
pub mod people;
pub mod request_log;
pub mod sessions;
pub mod setup;
pub mod sign_in;
pub mod state;
pub mod system;
pub mod teams;
pub mod tokens;

pub use config::Config;
pub use error::Error;
pub use state::State;
