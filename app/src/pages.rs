//! The pages, one file each.

pub mod by_link;
pub mod connect;
pub mod dev_mail;
pub mod keys;
pub mod lost;
pub mod overview;
pub mod reset;
pub mod second;
pub mod settings;
pub mod setup;
pub mod sign_in;
pub mod sign_up;
pub mod verify;
