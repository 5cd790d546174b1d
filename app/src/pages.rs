//! The pages, one file each.

pub mod connect;
pub mod keys;
pub mod lost;
pub mod overview;
pub mod settings;
pub mod setup;
pub mod sign_in;
pub mod sign_up;
