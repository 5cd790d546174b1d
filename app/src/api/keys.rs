//! The person's API keys.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Form, Moment};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    format::Format,
    request::{Request, flash},
};

/// A key in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    pub id: String,
    pub name: String,
    pub hint: String,
    /// Names of the models it may use; empty = all.
    pub models: Vec<String>,
    pub created: Moment,
    pub last_used: Option<Moment>,
    pub expires: Option<Moment>,
    pub state: KeyState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyState {
    Active,
    Expired,
    Revoked,
}

/// A key that was just made, in full. It exists in this reply and nowhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSecret {
    pub name: String,
    pub key: String,
    /// The page whose form made it, and which may show it.
    pub page: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysView {
    pub keys: Vec<KeyView>,
    /// Every model that a key can be limited to.
    pub models: Vec<String>,
    /// Without a script: what the form left.
    pub form: Form,
    pub secret: Option<NewSecret>,
}

#[server(endpoint = "keys")]
pub async fn read_keys() -> Result<KeysView, ApiError> {
    let request = Request::current()?;
    let user = request.user().await?;
    let listed = server::keys::list(&request.state, &user)
        .await
        .map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &user);
    let flash = flash::take(&request);
    Ok(KeysView {
        keys: listed.iter().map(|key| format.key(key)).collect(),
        models: models(&request),
        form: flash.form,
        secret: flash.secret.filter(|secret| secret.page == "/keys"),
    })
}

/// `expires_in_days` is one of the choices of the form, or empty. `page` is the path of the page the form is on; `client` and `model` are
/// what is chosen there.
#[server(endpoint = "create_key")]
pub async fn create_key(
    #[server(default)] name: String,
    #[server(default)] expires_in_days: String,
    #[server(default)] models: Vec<String>,
    #[server(default)] page: String,
    #[server(default)] client: String,
    #[server(default)] model: String,
) -> Result<NewSecret, ApiError> {
    let request = Request::current()?;
    let page = if page == "/connect" { "/connect" } else { "/keys" };
    let chosen = [("client", client.as_str()), ("model", model.as_str())];
    let values = [
        ("name", name.as_str()),
        ("expires_in_days", &expires_in_days),
        chosen[0],
        chosen[1],
    ];
    let form = Form::sent("create_key", &values).with_all("models", &models);
    let work = async {
        let user = request.user().await?;
        let new = types::keys::NewKey {
            name,
            models,
            expires_at: expiry(&request, &expires_in_days)?,
            ..Default::default()
        };
        let created = server::keys::create(&request.state, &user, new)
            .await
            .map_err(|error| request.error(&error))?;
        Ok(NewSecret {
            name: created.details.name,
            key: created.key.unwrap_or_default(),
            page: page.to_owned(),
        })
    };
    let done = request.form(page, form, work, |_| page.to_owned()).await;
    if let (Ok(secret), true) = (&done, request.is_plain_form()) {
        let mut flash = flash::Flash::secret(secret.clone());
        if page == "/connect" {
            flash.form = Form::sent("create_key", &chosen);
        }
        flash::put(&request, &flash);
    }
    done
}

/// Names of the models that can be called here.
#[cfg(feature = "ssr")]
pub(super) fn models(request: &Request) -> Vec<String> {
    let models = request.state.directory().models();
    models.iter().map(|model| model.name.clone()).collect()
}

/// When a key ends whose form has this choice.
#[cfg(feature = "ssr")]
pub(super) fn expiry(request: &Request, in_days: &str) -> Result<Option<types::Timestamp>, ApiError> {
    let days = match in_days {
        "" => return Ok(None),
        "7" => 7,
        "30" => 30,
        "90" => 90,
        _ => return Err(request.wrong_field("expires_in_days", "unknown_value")),
    };
    Ok(Some(request.state.clock().now().plus_secs(days * 24 * 3600)))
}

#[server(endpoint = "revoke_key")]
pub async fn revoke_key(#[server(default)] id: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("revoke_key", &[]);
    let work = async {
        let user = request.user().await?;
        let id = id.parse().map_err(|_| request.refused(types::error::Code::NotFound))?;
        server::keys::revoke(&request.state, &user, id)
            .await
            .map_err(|error| request.error(&error))
    };
    request.form("/keys", form, work, |()| "/keys".to_owned()).await
}
