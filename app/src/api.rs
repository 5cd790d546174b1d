//! The server functions: what pages ask of the server, by area. Each proves the person on its first line and calls a service on its second.
//!
//! All are POST under `/_fn` with stable names, so that every form works without a script. What they return is ready to be
//! shown: numbers, money and times are worded on the server, so the browser carries no time zones and no number formats.

pub mod connect;
pub mod factors;
pub mod identities;
pub mod keys;
pub mod mail;
pub mod overview;
pub mod preferences;
pub mod profile;
pub mod second;
pub mod session;
pub mod sessions;
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
}

/// A point in time: `iso` for `<time datetime>`, `text` in the reader's language and time zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    pub iso: String,
    pub text: String,
}
