//! The pages, one file each.

pub mod admin;
pub mod by_link;
pub mod connect;
pub mod conversations;
pub mod dev_mail;
pub mod invitation;
pub mod keys;
pub mod lost;
pub mod models;
pub mod organization;
pub mod organizations;
pub mod overview;
pub mod playground;
pub mod reset;
pub mod second;
pub mod settings;
pub mod setup;
pub mod sign_in;
pub mod sign_up;
pub mod verify;
