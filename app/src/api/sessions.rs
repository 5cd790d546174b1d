//! The devices a person is signed in on.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Form, Moment};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    format::{Format, device},
    request::{Request, flash},
};

/// A sign-in in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    pub id: String,
    pub current: bool,
    /// A program with tokens, not a browser.
    pub program: bool,
    /// `Firefox · Linux`, or what the program calls itself; empty when it is not kept.
    pub device: String,
    pub address: String,
    /// `password`, `totp` and so on.
    pub methods: Vec<String>,
    pub created: Moment,
    pub last_seen: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionsView {
    pub sessions: Vec<SessionView>,
    pub form: Form,
    /// Something was ended a moment ago.
    pub ended: bool,
}

#[server(endpoint = "sessions")]
pub async fn read_sessions() -> Result<SessionsView, ApiError> {
    let request = Request::current()?;
    let user = request.user().await?;
    let listed = server::sessions::list(&request.state, &user)
        .await
        .map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &user);
    let form = flash::take_form(&request, "sessions").unwrap_or_default();
    let shown = |session: types::sessions::Session| SessionView {
        id: session.id.to_string(),
        current: session.current,
        program: session.kind == types::sessions::SessionKind::Program,
        device: device(session.device.as_deref().unwrap_or_default()),
        address: session.address.unwrap_or_default(),
        methods: session.methods,
        created: format.moment(session.created_at),
        last_seen: format.moment(session.last_seen_at),
    };
    Ok(SessionsView {
        sessions: listed.into_iter().map(shown).collect(),
        ended: form.error.is_none() && form.value("saved") == "yes",
        form,
    })
}

#[server(endpoint = "end_session")]
pub async fn end_session(#[server(default)] id: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let user = request.user().await?;
        let id = id.parse().map_err(|_| request.refused(types::error::Code::NotFound))?;
        server::sessions::end_one(&request.state, &user, id)
            .await
            .map_err(|error| request.error(&error))
    };
    request
        .saved("/settings/sessions", Form::sent("sessions", &[]), work)
        .await
}

#[server(endpoint = "end_other_sessions")]
pub async fn end_other_sessions() -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let user = request.user().await?;
        server::sessions::end_others(&request.state, &user)
            .await
            .map(|_| ())
            .map_err(|error| request.error(&error))
    };
    request
        .saved("/settings/sessions", Form::sent("sessions", &[]), work)
        .await
}
