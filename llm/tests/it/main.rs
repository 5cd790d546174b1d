//! What the crate promises its callers, on streams as the vendors send them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod golden;
mod meter_cut;
mod meter_reads;
mod translate;
mod translate_claude;
mod translate_rules;
mod translate_streams;
mod translate_tables;
