//! The overview: what this month cost, day by day, and the last calls.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::usage::CallStatus;

use super::{Moment, keys::KeyView};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{format::Format, request::Request};

pub const DAYS: usize = 30;
pub const CALLS: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverviewView {
    pub profile: Profile,
    pub demo: bool,
    /// Something has been called at least once: numbers instead of first steps.
    pub started: bool,
    pub month: Month,
    pub first_token: Option<FirstToken>,
    pub chart: Chart,
    pub calls: Vec<CallView>,
    pub keys: Vec<KeyView>,
    pub time_zone: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub name: String,
    pub email: String,
    pub initials: String,
    pub is_admin: bool,
    pub since: Moment,
    pub plan: String,
}

/// Sums since the month began in the reader's time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Month {
    pub cost: String,
    pub cost_today: String,
    pub tokens: String,
    /// Share of the input that came from a cache.
    pub cached: Option<String>,
    pub requests: String,
    pub any_requests: bool,
    pub failed: Option<String>,
    pub unpriced: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstToken {
    pub median: String,
    pub mean: String,
    pub calls: String,
}

/// Cost, tokens and requests of the last days; index 0, 1, 2 throughout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chart {
    pub days: Vec<DayView>,
    /// Labels of the value axis, top to bottom.
    pub ticks: [Vec<String>; 3],
    pub totals: [String; 3],
    /// Index of the highest day.
    pub peaks: [usize; 3],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayView {
    pub date: String,
    pub label: String,
    pub values: [String; 3],
    /// Thousandths of the axis.
    pub heights: [u16; 3],
}

/// A call as a table row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    pub request_id: String,
    pub at: Moment,
    pub model: String,
    pub key: Option<String>,
    pub input: String,
    pub cached: String,
    pub output: String,
    /// Absent when the model had no price.
    pub cost: Option<String>,
    pub first_token: Option<String>,
    pub status: CallStatus,
    pub reason: Option<String>,
    pub estimated: bool,
}

#[server(endpoint = "overview")]
pub async fn read_overview() -> Result<OverviewView, ApiError> {
    use server::books::usage;

    let request = Request::current()?;
    let user = request.user().await?;
    let state = &request.state;
    let format = Format::of(&request, &user);
    let failed = |error| request.error(&error);
    let now = state.clock().now();
    let month = usage::summary(state, &user, format.month_start(now), now)
        .await
        .map_err(failed)?;
    let days = usage::daily(state, &user, DAYS as u32, &format.zone_name)
        .await
        .map_err(failed)?;
    let calls = usage::recent(state, &user, CALLS as u64).await.map_err(failed)?;
    let keys = server::keys::list(state, &user).await.map_err(failed)?;
    let me = server::accounts::me(state, &user).await.map_err(failed)?;
    let name = super::session::shown_name(me.full_name.as_deref(), &me.username);
    Ok(OverviewView {
        profile: Profile {
            initials: super::session::initials(&name),
            name,
            is_admin: me.role == types::PlatformRole::Admin,
            since: format.date(me.created_at),
            email: me.email,
            plan: me.plan,
        },
        demo: state.directory().is_demo(),
        started: !calls.is_empty(),
        month: format.month(&month.total, days.last()),
        first_token: format.first_token(&calls),
        chart: format.chart(&days),
        calls: calls.iter().map(|call| format.call(call)).collect(),
        keys: keys.iter().map(|key| format.key(key)).collect(),
        time_zone: format.zone_name.clone(),
    })
}
