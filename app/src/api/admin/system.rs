//! The server itself: what it is, its limits, and the ways in. To read.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::system::{LimitName, Setting, SignInProvider};

#[cfg(feature = "ssr")]
use super::auditor;
use crate::{api::Moment, error::ApiError};
#[cfg(feature = "ssr")]
use crate::{format::Format, request::Request};
#[cfg(feature = "ssr")]
use server::system;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeView {
    pub id: String,
    pub started: Moment,
    pub is_this: bool,
    pub is_alive: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemView {
    pub version: String,
    pub is_production: bool,
    pub public_url: String,
    pub started: Moment,
    pub database: String,
    /// Megabytes.
    pub size: String,
    pub applied: String,
    /// Names of migrations that are not applied.
    pub pending: Vec<String>,
    pub nodes: Vec<NodeView>,
    pub last_poll: Option<String>,
    pub settings: Vec<Setting>,
}

#[server(endpoint = "admin_system")]
pub async fn read_admin_system() -> Result<SystemView, ApiError> {
    let request = Request::current()?;
    let user = auditor(&request).await?;
    let read = async {
        let auditor = user.auditor()?;
        system::facts(&request.state, &auditor).await
    };
    let facts = read.await.map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &user);
    let kind = match facts.database.kind.as_str() {
        "sqlite" => "SQLite",
        _ => "PostgreSQL",
    };
    let applied = facts.migrations.iter().filter(|migration| migration.applied).count();
    let pending = facts.migrations.into_iter().filter(|migration| !migration.applied);
    Ok(SystemView {
        version: facts.version,
        is_production: facts.app_env == "production",
        public_url: facts.public_url,
        started: format.moment(facts.started_at),
        database: [kind, " ", &facts.database.version].concat(),
        size: format.numbers.count(facts.database.size_bytes.div_ceil(1 << 20)),
        applied: format.numbers.count(u64::try_from(applied).unwrap_or_default()),
        pending: pending.map(|migration| migration.name).collect(),
        nodes: facts
            .nodes
            .into_iter()
            .map(|node| NodeView {
                id: node.id.to_string(),
                started: format.moment(node.started_at),
                is_this: node.is_this,
                is_alive: node.is_alive,
            })
            .collect(),
        last_poll: facts.last_good_poll_ms.map(|age| format.numbers.millis(age)),
        settings: facts.configuration,
    })
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitView {
    pub name: LimitName,
    pub most: String,
    pub window_seconds: u64,
    pub setting: String,
}

#[server(endpoint = "admin_limits")]
pub async fn read_admin_limits() -> Result<Vec<LimitView>, ApiError> {
    let request = Request::current()?;
    let user = auditor(&request).await?;
    let format = Format::of(&request, &user);
    let auditor = user.auditor().map_err(|error| request.error(&error))?;
    let shown = |limit: types::system::Limit| LimitView {
        name: limit.name,
        most: format.numbers.count(limit.most),
        window_seconds: limit.window_seconds,
        setting: limit.setting,
    };
    let limits = system::limits(&request.state, &auditor);
    Ok(limits.data.into_iter().map(shown).collect())
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInView {
    pub link: bool,
    pub mail: bool,
    pub mock: bool,
    /// `open`, `verify_first`, `invite` or `closed`.
    pub registration: String,
    pub providers: Vec<SignInProvider>,
}

#[server(endpoint = "admin_sign_in")]
pub async fn read_admin_sign_in() -> Result<SignInView, ApiError> {
    let request = Request::current()?;
    let user = auditor(&request).await?;
    let auditor = user.auditor().map_err(|error| request.error(&error))?;
    let ways = system::sign_in_methods(&request.state, &auditor);
    Ok(SignInView {
        link: ways.methods.link,
        mail: ways.methods.mail,
        mock: ways.methods.mock,
        registration: ways.methods.registration,
        providers: ways.providers,
    })
}
