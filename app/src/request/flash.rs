//! What a form leaves for the next page when no script reads its reply: mistakes, the values typed, a new key.
//!
//! It is one cookie, encrypted and unreadable for scripts, good for one minute and one reading; nothing of it ever stands in a URL.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{Request, cookie};
use crate::{
    api::{Form, keys::NewSecret},
    error::ApiError,
};

const SECONDS: u32 = 60;
const CONTEXT: &[u8] = b"weirgate dashboard flash v1";
/// Browsers drop cookies above 4 KiB; sealed and encoded this stays below.
const LONGEST: usize = 2600;
const LONGEST_VALUE: usize = 300;

impl Form {
    /// The form as it was sent. Give it no password.
    pub fn sent(name: &str, values: &[(&str, &str)]) -> Self {
        let kept = |(field, value): &(&str, &str)| {
            let value = value.chars().take(LONGEST_VALUE).collect();
            ((*field).to_owned(), value)
        };
        Form {
            name: name.to_owned(),
            values: values.iter().map(kept).collect(),
            error: None,
        }
    }

    /// With a field that holds several values.
    pub fn with_all(mut self, field: &str, values: &[String]) -> Self {
        let kept = |value: &String| (field.to_owned(), value.chars().take(LONGEST_VALUE).collect());
        self.values.extend(values.iter().map(kept));
        self
    }

    pub(super) fn failed(self, error: &ApiError) -> Flash {
        Flash {
            form: Form {
                error: Some(error.clone()),
                ..self
            },
            ..Flash::default()
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
pub struct Flash {
    pub form: Form,
    pub secret: Option<NewSecret>,
    /// Unix milliseconds.
    until: i64,
}

impl Flash {
    pub fn form(form: Form) -> Self {
        Flash {
            form,
            ..Flash::default()
        }
    }

    pub fn secret(secret: NewSecret) -> Self {
        Flash {
            secret: Some(secret),
            ..Flash::default()
        }
    }
}

/// Leaves it for the next page. Too large a flash loses its values, never its error.
pub fn put(request: &Request, flash: &Flash) {
    let state = &request.state;
    let until = state.clock().now().plus_secs(i64::from(SECONDS)).0;
    let encode = |values: &[(String, String)]| {
        serde_json::to_vec(&Flash {
            form: Form {
                values: values.to_vec(),
                ..flash.form.clone()
            },
            secret: flash.secret.clone(),
            until,
        })
        .unwrap_or_default()
    };
    let mut plain = encode(&flash.form.values);
    if plain.len() > LONGEST {
        plain = encode(&[]);
    }
    match state.seal(&plain, CONTEXT) {
        Ok(sealed) => {
            let value = URL_SAFE_NO_PAD.encode(sealed);
            request.set_cookie(cookie::write(state.config(), cookie::FLASH, &value, SECONDS));
        }
        Err(error) => error.log(&request.id()),
    }
}

/// Takes what was left, once: the reply removes the cookie. A cookie that is old or not ours is nothing.
pub fn take(request: &Request) -> Flash {
    let state = &request.state;
    let Some(value) = cookie::read(&request.parts.headers, cookie::FLASH) else {
        return Flash::default();
    };
    request.set_cookie(cookie::write(state.config(), cookie::FLASH, "", 0));
    let opened = URL_SAFE_NO_PAD
        .decode(value)
        .ok()
        .and_then(|sealed| state.open(&sealed, CONTEXT).ok());
    opened
        .and_then(|plain| serde_json::from_slice::<Flash>(&plain).ok())
        .filter(|flash| flash.until >= state.clock().now().0)
        .unwrap_or_default()
}

/// The form called `name`, if it is the one that left something.
pub fn take_form(request: &Request, name: &str) -> Option<Form> {
    let form = take(request).form;
    (form.name == name).then_some(form)
}
