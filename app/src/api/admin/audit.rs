//! The audit log of the whole server.

use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::auditor;
use crate::{api::audit::AuditList, error::ApiError};
#[cfg(feature = "ssr")]
use crate::{
    api::audit::{Asked, list},
    request::Request,
};
#[cfg(feature = "ssr")]
use server::audit::Scope;

/// The arguments are those of [`crate::api::audit::Asked`].
#[server(endpoint = "admin_audit")]
pub async fn read_admin_audit(
    #[server(default)] actor: String,
    #[server(default)] action: String,
    #[server(default)] target: String,
    #[server(default)] from: String,
    #[server(default)] to: String,
    #[server(default)] after: String,
) -> Result<AuditList, ApiError> {
    let request = Request::current()?;
    let user = auditor(&request).await?;
    let auditor = user.auditor().map_err(|error| request.error(&error))?;
    let asked = Asked {
        actor,
        action,
        target,
        from,
        to,
        after,
    };
    list(&request, &user, Scope::server(&auditor), asked).await
}
