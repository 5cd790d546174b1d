//! The connect page: snippets for this server, and whether a call has arrived.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Form, Moment, keys::NewSecret};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    format::{Format, snippets},
    request::{Request, flash},
};

/// Stands in the snippets where the key belongs.
pub const KEY_PLACEHOLDER: &str = "YOUR_WEIRGATE_KEY";

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectView {
    /// This server's public address, without a slash at the end.
    pub address: String,
    pub models: Vec<String>,
    pub model: String,
    pub snippets: Vec<Snippet>,
    pub arrived: Arrival,
    pub demo: bool,
    pub form: Form,
    pub secret: Option<NewSecret>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snippet {
    /// `<client>-<language>`, such as `anthropic-python`.
    pub id: String,
    pub title: String,
    /// Escaped, with `<i>` around strings.
    pub html: String,
}

/// Whether the books know a call of this person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Arrival {
    Waiting,
    /// Something came and was refused, with the reason.
    Refused(String),
    Received {
        model: String,
        at: Moment,
    },
}

/// `model` is the reader's choice; unknown or empty means the first.
#[server(endpoint = "connect")]
pub async fn read_connect(#[server(default)] model: String) -> Result<ConnectView, ApiError> {
    let request = Request::current()?;
    let user = request.user().await?;
    let models: Vec<String> = request
        .state
        .directory()
        .models()
        .iter()
        .map(|model| model.name.clone())
        .collect();
    let chosen = models.iter().find(|name| **name == model).or(models.first());
    let model = chosen.cloned().unwrap_or_else(|| "MODEL".to_owned());
    let address = request.state.config().public_url().trim_end_matches('/').to_owned();
    let flash = flash::take(&request);
    Ok(ConnectView {
        snippets: snippets::all(&address, &model),
        arrived: last_arrival(&request, &user).await?,
        demo: request.state.directory().is_demo(),
        form: if flash.form.name == "create_key" {
            flash.form
        } else {
            Form::default()
        },
        secret: flash.secret.filter(|secret| secret.page == "/connect"),
        address,
        models,
        model,
    })
}

/// Asked every two seconds by the waiting line.
#[server(endpoint = "arrival")]
pub async fn read_arrival() -> Result<Arrival, ApiError> {
    let request = Request::current()?;
    let user = request.user().await?;
    last_arrival(&request, &user).await
}

#[cfg(feature = "ssr")]
async fn last_arrival(request: &Request, user: &server::sessions::User) -> Result<Arrival, ApiError> {
    let calls = server::books::usage::recent(&request.state, user, 5)
        .await
        .map_err(|error| request.error(&error))?;
    let served = calls
        .iter()
        .find(|call| call.status != types::usage::CallStatus::Refused);
    Ok(match (served, calls.first()) {
        (Some(call), _) => Arrival::Received {
            model: call.model.clone(),
            at: Format::of(request, user).moment(call.created_at),
        },
        (None, Some(refused)) => Arrival::Refused(
            refused
                .error_class
                .clone()
                .unwrap_or_else(|| refused.http_status.to_string()),
        ),
        (None, None) => Arrival::Waiting,
    })
}
