//! What an organization used this month: all of it for who manages it, one's own part for others.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    organizations::OrganizationView,
    overview::{Chart, Month},
};
#[cfg(feature = "ssr")]
use super::{organizations::Place, overview::DAYS};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{format::Format, request::Request};
#[cfg(feature = "ssr")]
use server::books::usage;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationUsage {
    pub place: OrganizationView,
    pub month: Month,
    /// By day.
    pub chart: Chart,
    pub time_zone: String,
    /// Empty for who does not manage the organization.
    pub by_member: Vec<SumsView>,
    pub by_key: Vec<SumsView>,
    pub by_model: Vec<SumsView>,
}

/// The sums of one member, key or model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SumsView {
    pub name: SumsOf,
    pub cost: String,
    pub tokens: String,
    pub requests: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SumsOf {
    Named(String),
    /// Calls that came with a token instead of a key.
    Tokens,
    /// What it was is not there any more.
    Gone,
    /// So many that have no line of their own.
    Others(String),
}

#[server(endpoint = "organization_usage")]
pub async fn read_organization_usage(organization: String) -> Result<OrganizationUsage, ApiError> {
    let request = Request::current()?;
    let place = Place::find(&request, &organization).await?;
    let state = &request.state;
    let format = Format::of(&request, &place.user);
    let failed = |error| request.error(&error);
    let from = format.month_start(state.clock().now());
    let (summary, days) = usage::summary_and_days_for(state, &place.member, from, DAYS as u32, &format.zone_name)
        .await
        .map_err(failed)?;
    Ok(OrganizationUsage {
        month: format.month(&summary.total, days.last()),
        chart: format.chart(&days),
        time_zone: format.zone_name.clone(),
        by_member: match place.view.is_managed() {
            true => format.sums(summary.by_member),
            false => Vec::new(),
        },
        by_key: format.sums(summary.by_key),
        by_model: format.sums(summary.by_model),
        place: place.view,
    })
}
