//! The connect page: a client's recipe for this server, and whether a call has arrived.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Form, Moment, keys::NewSecret};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    format::{Format, recipe},
    request::{Request, flash},
};
#[cfg(feature = "ssr")]
use types::catalogue::ModelKind;

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectView {
    /// This server's public address, without a slash at the end.
    pub address: String,
    pub models: Vec<String>,
    pub model: String,
    pub groups: Vec<ClientGroup>,
    pub recipe: RecipeView,
    pub arrived: Arrival,
    pub demo: bool,
    pub form: Form,
    pub secret: Option<NewSecret>,
}

/// Clients of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientGroup {
    pub name: String,
    /// Id and name.
    pub clients: Vec<(String, String)>,
}

/// How the chosen client is set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipeView {
    pub client: String,
    pub name: String,
    /// What it calls.
    pub path: String,
    pub steps: Vec<StepView>,
    pub notes: Vec<String>,
    /// What writes its files, if it has any.
    pub command: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    pub title: String,
    pub text: StepText,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepText {
    /// Escaped, with `<i>` around strings.
    Html(String),
    /// Fields and what goes into them.
    Fields(Vec<(String, String)>),
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

/// `model` and `client` are the reader's choice; unknown or empty means the first.
#[server(endpoint = "connect")]
pub async fn read_connect(
    #[server(default)] model: String,
    #[server(default)] client: String,
) -> Result<ConnectView, ApiError> {
    let request = Request::current()?;
    let user = request.user().await?;
    let flash = flash::take(&request);
    // A form that came back remembers what was chosen around it.
    let chosen = |sent: String, field: &str| {
        if sent.is_empty() { flash.form.value(field) } else { sent }
    };
    // A model that only makes vectors has no use in any of these clients.
    let state = &request.state;
    let member = server::organizations::member(state, &user, user.organization_id());
    let callable = member.and_then(|member| server::catalogue::offered::callable(state, &member));
    let mut entries = callable.map_err(|error| request.error(&error))?;
    entries.retain(|entry| entry.kind == ModelKind::Chat);
    let model = chosen(model, "model");
    let entry = entries.iter().find(|entry| entry.name == model).or(entries.first());
    let address = request.state.config().public_url().trim_end_matches('/').to_owned();
    let secret = flash.secret.clone().filter(|secret| secret.page == "/connect");
    let filling = recipe::Filling {
        address: &address,
        key: secret.as_ref().map(|secret| secret.key.as_str()),
        model: entry.map(|entry| (entry.name.as_str(), entry.context_length)),
    };
    Ok(ConnectView {
        recipe: recipe::of(&chosen(client, "client"), &filling, request.locale()),
        groups: recipe::groups(request.locale()),
        arrived: last_arrival(&request, &user).await?,
        demo: request.state.directory().is_demo(),
        model: entry.map(|entry| entry.name.clone()).unwrap_or_default(),
        models: entries.iter().map(|entry| entry.name.clone()).collect(),
        form: if flash.form.name == "create_key" && secret.is_none() {
            flash.form
        } else {
            Form::default()
        },
        secret,
        address,
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
