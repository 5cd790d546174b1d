//! The model API through its real router, on real databases, against an upstream that misbehaves on demand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod support;

mod allow_lists;
mod bad_input;
mod catalogue;
mod conversations;
mod cors;
mod count_tokens_post;
mod credentials;
mod disconnect;
mod doors;
mod embeddings_post;
mod headers;
mod hold_back;
mod imported_keys;
mod key_get;
mod limits;
mod messages_post;
mod mirrored_keys;
mod models_get;
mod pace;
mod passthrough;
mod personal_tokens;
mod playground_post;
mod responses_post;
mod retries;
mod routing;
mod settlement;
mod teams;
mod timeouts;
mod translation;
mod upstream_faults;
