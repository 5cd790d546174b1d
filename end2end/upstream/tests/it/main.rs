//! The fake has to be right before anything can be measured against it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "tests")]

mod bare;
mod calls;
mod client;
mod faults;
mod formats;
