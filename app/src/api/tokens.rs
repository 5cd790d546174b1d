//! The person's personal tokens.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Form, Moment,
    keys::{KeyState, NewSecret},
};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    format::{Format, device},
    request::{Request, flash},
};

#[cfg(feature = "ssr")]
const PAGE: &str = "/settings/tokens";

/// A token in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    pub id: String,
    pub name: String,
    pub hint: String,
    /// `read`, `write`, `account`.
    pub scopes: Vec<String>,
    pub device: String,
    pub created: Moment,
    pub last_used: Option<Moment>,
    pub expires: Option<Moment>,
    pub state: KeyState,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokensView {
    pub tokens: Vec<TokenView>,
    /// Without a script: what the form left.
    pub form: Form,
    pub secret: Option<NewSecret>,
    /// Whether the account has a password to ask for.
    pub password: bool,
}

#[server(endpoint = "tokens")]
pub async fn read_tokens() -> Result<TokensView, ApiError> {
    let request = Request::current()?;
    let user = request.user().await?;
    let listed = server::tokens::list(&request.state, &user)
        .await
        .map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &user);
    let now = request.state.clock().now();
    let flash = flash::take(&request);
    let shown = |token: types::personal_tokens::PersonalToken| TokenView {
        id: token.id.to_string(),
        name: token.name,
        hint: token.hint,
        scopes: token.scopes.iter().map(|scope| scope.name().to_owned()).collect(),
        device: device(token.device.as_deref().unwrap_or_default()),
        created: format.date(token.created_at),
        last_used: token.last_used_at.map(|at| format.moment(at)),
        expires: token.expires_at.map(|at| format.date(at)),
        state: match (token.revoked_at, token.expires_at.is_some_and(|at| at <= now)) {
            (Some(_), _) => KeyState::Revoked,
            (None, true) => KeyState::Expired,
            (None, false) => KeyState::Active,
        },
    };
    Ok(TokensView {
        tokens: listed.into_iter().map(shown).collect(),
        password: user.entry().has_password,
        form: flash.form,
        secret: flash.secret.filter(|secret| secret.page == PAGE),
    })
}

/// `expires_in_days` is one of the choices of the form.
#[server(endpoint = "create_token")]
pub async fn create_token(
    #[server(default)] name: String,
    #[server(default)] scopes: Vec<String>,
    #[server(default)] expires_in_days: String,
    #[server(default)] password: String,
) -> Result<NewSecret, ApiError> {
    let request = Request::current()?;
    let form = Form::sent(
        "create_token",
        &[
            ("name", &name),
            ("expires_in_days", &expires_in_days),
            ("scopes", &scopes.join(" ")),
        ],
    );
    let work = async {
        let user = request.user().await?;
        let days = match expires_in_days.as_str() {
            "30" | "90" | "365" => expires_in_days.parse::<i64>().ok(),
            "" => None,
            _ => return Err(request.wrong_field("expires_in_days", "unknown_value")),
        };
        let parsed: Option<Vec<_>> = scopes
            .iter()
            .map(|scope| types::personal_tokens::Scope::parse(scope))
            .collect();
        let now = request.state.clock().now();
        let new = types::personal_tokens::NewToken {
            name,
            scopes: parsed.ok_or_else(|| request.wrong_field("scopes", "unknown_value"))?,
            expires_at: days.map(|days| now.plus_secs(days * 24 * 3600)),
            password: Some(password).filter(|password| !password.is_empty()),
        };
        let created = server::tokens::create(&request.state, &user, new, &request.device())
            .await
            .map_err(|error| request.error(&error))?;
        Ok(NewSecret {
            name: created.details.name,
            key: created.token.unwrap_or_default(),
            page: PAGE.to_owned(),
        })
    };
    let done = request.form(PAGE, form, work, |_| PAGE.to_owned()).await;
    if let (Ok(secret), true) = (&done, request.is_plain_form()) {
        flash::put(&request, &flash::Flash::secret(secret.clone()));
    }
    done
}

#[server(endpoint = "revoke_token")]
pub async fn revoke_token(#[server(default)] id: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("revoke_token", &[]);
    let work = async {
        let user = request.user().await?;
        let id = id.parse().map_err(|_| request.refused(types::error::Code::NotFound))?;
        server::tokens::revoke(&request.state, &user, id)
            .await
            .map_err(|error| request.error(&error))
    };
    request.form(PAGE, form, work, |()| PAGE.to_owned()).await
}
