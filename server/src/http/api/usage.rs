//! `usage/…`: what an organization used and what it cost, the caller's personal one unless another is named.

use axum::{Json, extract::State};
use jiff::tz::TimeZone;
use serde::Deserialize;
use types::{
    Timestamp,
    page::Page,
    problem::Problem,
    usage::{Call, Day, Summary},
};
use utoipa::IntoParams;

use crate::{
    Error, accounts,
    books::usage,
    error::Result,
    http::extract::{self, Query, Reader},
    organizations,
    sessions::User,
};

type App = State<crate::State>;

const MOST_DAYS: u32 = 366;
const MOST_CALLS: u64 = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Period {
    /// Id or slug; absent = the personal one. Who does not manage it sees what they used themselves.
    organization: Option<String>,
    /// RFC 3339; absent = the start of this month in the caller's time zone.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// RFC 3339, not included; absent = now.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

/// Sums over a period, by default this month so far.
#[utoipa::path(
    get, path = "/usage/summary", operation_id = "usage_summary", tag = "usage", security(("access_token" = []), ("session" = []), ("personal_token" = [])),
    params(Period),
    responses(
        (status = 200, description = "The sums", body = Summary),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn summary(State(state): App, user: Reader, Query(period): Query<Period>) -> Result<Json<Summary>> {
    let now = state.clock().now();
    let from = match period.from {
        Some(from) => from,
        None => month_start(now, &own_zone(&state, &user).await?)?,
    };
    let to = period.to.unwrap_or(now);
    if to < from {
        return Err(extract::invalid("to", "unknown_value"));
    }
    let summary = match period.organization {
        Some(named) => {
            usage::summary_for(&state, &organizations::of_name(&state, &user, &named).await?, from, to).await
        }
        None => usage::summary(&state, &user, from, to).await,
    };
    summary.map(Json)
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Days {
    /// Id or slug; absent = the personal one. Who does not manage it sees what they used themselves.
    organization: Option<String>,
    /// 1 to 366.
    #[serde(default = "default_days")]
    #[param(required = false, minimum = 1, maximum = 366)]
    days: u32,
    /// An IANA name; absent = the caller's time zone.
    tz: Option<String>,
}

const fn default_days() -> u32 {
    30
}

/// One row a day up to today, oldest first, days without calls included.
#[utoipa::path(
    get, path = "/usage/daily", operation_id = "usage_daily", tag = "usage", security(("access_token" = []), ("session" = []), ("personal_token" = [])),
    params(Days),
    responses(
        (status = 200, description = "The days", body = Page<Day>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such organization, as far as you may know", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn daily(State(state): App, user: Reader, Query(asked): Query<Days>) -> Result<Json<Page<Day>>> {
    if !(1..=MOST_DAYS).contains(&asked.days) {
        return Err(extract::invalid("days", "unknown_value"));
    }
    let zone = match asked.tz {
        Some(zone) if TimeZone::get(&zone).is_ok() => zone,
        Some(_) => return Err(extract::invalid("tz", "unknown_value")),
        None => own_zone(&state, &user).await?,
    };
    let data = match asked.organization {
        Some(named) => {
            let member = organizations::of_name(&state, &user, &named).await?;
            usage::daily_for(&state, &member, asked.days, &zone).await?
        }
        None => usage::daily(&state, &user, asked.days, &zone).await?,
    };
    Ok(Json(Page {
        data,
        next_cursor: None,
    }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Last {
    /// 1 to 100.
    #[serde(default = "default_calls")]
    #[param(required = false, minimum = 1, maximum = 100)]
    limit: u64,
}

const fn default_calls() -> u64 {
    20
}

/// The last calls, newest first, those under way included.
#[utoipa::path(
    get, path = "/usage/recent", operation_id = "usage_recent", tag = "usage", security(("access_token" = []), ("session" = []), ("personal_token" = [])),
    params(Last),
    responses(
        (status = 200, description = "The calls", body = Page<Call>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn recent(State(state): App, user: Reader, Query(asked): Query<Last>) -> Result<Json<Page<Call>>> {
    if !(1..=MOST_CALLS).contains(&asked.limit) {
        return Err(extract::invalid("limit", "unknown_value"));
    }
    let data = usage::recent(&state, &user, asked.limit).await?;
    Ok(Json(Page {
        data,
        next_cursor: None,
    }))
}

async fn own_zone(state: &crate::State, user: &User) -> Result<String> {
    accounts::me(state, user).await.map(|me| me.time_zone)
}

/// Midnight on the first of `now`'s month in `zone`.
fn month_start(now: Timestamp, zone: &str) -> Result<Timestamp> {
    let wrong = |error: jiff::Error| Error::internal(error);
    let now = jiff::Timestamp::from_millisecond(now.0).map_err(wrong)?;
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let first = now.to_zoned(zone).first_of_month().map_err(wrong)?;
    let start = first.start_of_day().map_err(wrong)?;
    Ok(Timestamp(start.timestamp().as_millisecond()))
}
