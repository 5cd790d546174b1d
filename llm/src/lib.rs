//! The protocols: dialects, SSE framing, the head of a request, usage reading, errors. Bytes in, bytes out.
//!
//! Owns what the vendors' wire formats mean. Knows no socket, no async runtime, no database, no account and no price.
//! A dialect is one folder ([`anthropic`], [`openai`], [`responses`], [`embeddings`]); framing and everything the dialects share lies beside them.
//! Nothing here keeps or logs a prompt or an answer: readers look at bytes and count.

mod anthropic;
pub mod count;
pub mod demo;
mod embeddings;
pub mod error;
pub mod head;
mod json;
pub mod meter;
pub mod models;
mod openai;
mod responses;
pub mod splice;
mod sse;
pub mod translate;
mod usage;

pub use error::Error;
pub use head::Head;
pub use meter::{End, Finished, Forward, JsonUsage, StreamMeter, Tally, estimate, json_usage};
pub use splice::Edits;
pub use sse::EVENT_MOST;
pub use types::{Dialect, Tokens};
