//! The server functions: what pages ask of the server, by area. Each proves the person on its first line and calls a service on its second.
//!
//! All are POST under `/_fn` with stable names, so that every form works without a script. What they return is ready to be
//! shown: numbers, money and times are worded on the server, so the browser carries no time zones and no number formats.

pub mod admin;
pub mod audit;
pub mod connect;
pub mod conversations;
pub mod factors;
pub mod identities;
pub mod invitations;
pub mod keys;
pub mod mail;
pub mod members;
pub mod models;
pub mod organization_keys;
pub mod organization_usage;
pub mod organizations;
pub mod overview;
pub mod playground;
pub mod preferences;
pub mod profile;
pub mod second;
pub mod session;
pub mod sessions;
pub mod teams;
pub mod tokens;

use serde::{Deserialize, Serialize};

use crate::error::ApiError;

/// A form that came back with a mistake without a script: what was typed into it (never a password) and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    pub name: String,
    pub values: Vec<(String, String)>,
    pub error: Option<ApiError>,
}

impl Form {
    pub fn value(&self, field: &str) -> String {
        let found = self.values.iter().find(|(name, _)| name == field);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// Every value of a field that holds several.
    pub fn values_of(&self, field: &str) -> Vec<String> {
        let found = self.values.iter().filter(|(name, _)| name == field);
        found.map(|(_, value)| value.clone()).collect()
    }

    /// It was done, and the page says so.
    pub fn is_saved(&self) -> bool {
        self.error.is_none() && self.value("saved") == "yes"
    }

    /// Its mistakes, if it is the form of that name.
    pub fn error_of(&self, name: &str) -> Option<ApiError> {
        self.error.clone().filter(|_| self.name == name)
    }
}

/// A point in time: `iso` for `<time datetime>`, `text` in the reader's language and time zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    pub iso: String,
    pub text: String,
}
