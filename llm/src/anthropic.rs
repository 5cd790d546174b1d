//! Anthropic Messages. Source: <https://docs.anthropic.com/en/api/messages> and <…/messages-streaming>.

pub(crate) mod demo;
pub(crate) mod error;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod stream;
pub(crate) mod usage;
