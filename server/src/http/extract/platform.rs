//! Who administers the server, or sees what its administrators see. Part of a door's extractors, so that others hear of it before their body is
//! looked at; in the document the scopes `platform_admin` and `platform_auditor` say so.

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{
    Error, State,
    error::Result,
    sessions::{Admin, Auditor, User},
};

/// Somebody who administers this server.
pub struct Administrator(User);

impl Administrator {
    pub fn user(&self) -> &User {
        &self.0
    }

    pub fn admin(&self) -> Result<Admin<'_>> {
        self.0.admin()
    }
}

impl FromRequestParts<State> for Administrator {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self> {
        let user = User::from_request_parts(parts, state).await?;
        user.admin()?;
        Ok(Administrator(user))
    }
}

/// Somebody who sees what administrators of this server see.
pub struct Overseer(User);

impl Overseer {
    pub fn user(&self) -> &User {
        &self.0
    }

    pub fn auditor(&self) -> Result<Auditor<'_>> {
        self.0.auditor()
    }
}

impl FromRequestParts<State> for Overseer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self> {
        let user = User::from_request_parts(parts, state).await?;
        user.auditor()?;
        Ok(Overseer(user))
    }
}
