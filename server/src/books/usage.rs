//! What the books say: sums over a time, a row a day in any time zone, the latest calls. Reads rollups; never scans usage rows.

mod days;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, hash::Hash};

use types::{
    KeyId, OrganizationId, Timestamp, UserId,
    error::Code,
    usage::{Call, Day, Slice, Summary, Sums},
};
use uuid::Uuid;

use crate::{
    Error, State,
    db::{
        self, Db,
        calls::DAY,
        usage::{Folded, Question, add},
    },
    error::Result,
    organizations::Member,
    sessions::User,
};

pub use days::MOST_DAYS;

/// Most calls that [`recent`] returns.
pub const MOST_RECENT: u64 = 100;
/// Stands for calls that came with an access token where a key's id would stand.
pub const ACCESS_TOKEN: &str = "access_token";

/// Sums of the person's organization from `from` to before `to`, both taken outwards to the quarter of an hour.
pub async fn summary(state: &State, user: &User, from: Timestamp, to: Timestamp) -> Result<Summary> {
    let organization = user.organization_id();
    let now = state.clock().now();
    summary_of(
        state.db(),
        organization,
        None,
        (from, to),
        now,
        &names(state, organization),
    )
    .await
}

/// Sums of an organization as far as a member may see them: all of it for who manages it, else what they used themselves.
pub async fn summary_for(state: &State, member: &Member, from: Timestamp, to: Timestamp) -> Result<Summary> {
    let (organization, now) = (member.organization_id(), state.clock().now());
    let names = names(state, organization);
    summary_of(state.db(), organization, seen_by(member), (from, to), now, &names).await
}

/// Whose calls alone a member may see of an organization; `None`: everybody's.
fn seen_by(member: &Member) -> Option<UserId> {
    member.admin().is_err().then(|| member.user_id())
}

/// The last `days` days in an IANA time zone, today included, oldest first; days without calls too.
///
/// 422 when there is no such zone, or when `days` is not in 1..=366.
pub async fn daily(state: &State, user: &User, days: u32, time_zone: &str) -> Result<Vec<Day>> {
    let now = state.clock().now();
    days::daily_of(state.db(), user.organization_id(), None, days, time_zone, now).await
}

/// [`daily`] of an organization as far as a member may see it, as [`summary_for`].
pub async fn daily_for(state: &State, member: &Member, days: u32, time_zone: &str) -> Result<Vec<Day>> {
    let (organization, now) = (member.organization_id(), state.clock().now());
    days::daily_of(state.db(), organization, seen_by(member), days, time_zone, now).await
}

/// [`summary_for`] from `from` to now and [`daily_for`], of one look into the books.
pub async fn summary_and_days_for(
    state: &State,
    member: &Member,
    from: Timestamp,
    days: u32,
    time_zone: &str,
) -> Result<(Summary, Vec<Day>)> {
    let (organization, now) = (member.organization_id(), state.clock().now());
    let (names, user) = (names(state, organization), seen_by(member));
    summary_and_days_of(state.db(), organization, user, from, (days, time_zone), now, &names).await
}

/// The newest calls first, at most `limit` (and [`MOST_RECENT`]). Calls under way come with status `open`.
pub async fn recent(state: &State, user: &User, limit: u64) -> Result<Vec<Call>> {
    let organization = user.organization_id();
    recent_of(state.db(), organization, limit, &names(state, organization)).await
}

/// A call of the person's own, whoever paid, by the id that this server gave its request. One under way comes with status `open`.
///
/// Errors: 404 for one that is not theirs, or whose id is not one of ours.
pub async fn of_request(state: &State, user: &User, request_id: &str) -> Result<Call> {
    let unknown = || Error::refused(Code::NotFound, "You made no call with this request id.");
    let id: Uuid = request_id.parse().map_err(|_| unknown())?;
    let found = db::usage::of_request(state.db(), user.id(), id).await?;
    found.ok_or_else(unknown)
}

/// What ids are called; `None` when what they stood for is gone.
pub(crate) struct Names<'a> {
    pub key: Box<dyn Fn(Uuid) -> Option<String> + Send + Sync + 'a>,
    pub user: Box<dyn Fn(Uuid) -> Option<String> + Send + Sync + 'a>,
}

/// Out of the directory, so that no query is spent on names. A key of another organization has none here.
fn names(state: &State, organization: OrganizationId) -> Names<'_> {
    let directory = state.directory();
    Names {
        key: Box::new(move |id| {
            let key = directory.key_of_id(KeyId(id))?;
            (key.organization_id == organization).then(|| key.name.clone())
        }),
        user: Box::new(|id| Some(directory.user(UserId(id))?.username.clone())),
    }
}

pub(crate) async fn summary_of(
    db: &Db,
    organization: OrganizationId,
    user: Option<UserId>,
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
    names: &Names<'_>,
) -> Result<Summary> {
    let question = Question {
        organization,
        user,
        quarters: Some(db::usage::quarters(from, until(to, now))),
        days: None,
    };
    let answer = db::usage::ask(db, question).await?;
    Ok(summary_from(&answer.folded, from, to, names))
}

async fn summary_and_days_of(
    db: &Db,
    organization: OrganizationId,
    user: Option<UserId>,
    from: Timestamp,
    (days, time_zone): (u32, &str),
    now: Timestamp,
    names: &Names<'_>,
) -> Result<(Summary, Vec<Day>)> {
    let calendar = days::Calendar::of(days, time_zone, now)?;
    let question = Question {
        organization,
        user,
        quarters: Some(db::usage::quarters(from, until(now, now))),
        days: Some(calendar.spans()),
    };
    let answer = db::usage::ask(db, question).await?;
    let summary = summary_from(&answer.folded, from, now, names);
    Ok((summary, calendar.fill(&answer.days)))
}

/// Nothing is booked later than now, so the day's own sum will do for what there is of today.
fn until(to: Timestamp, now: Timestamp) -> Timestamp {
    match to >= now {
        true => Timestamp(db::calls::bucket(to.plus_millis(DAY - 1), DAY)),
        false => to,
    }
}

fn summary_from(folded: &Folded, from: Timestamp, to: Timestamp, names: &Names<'_>) -> Summary {
    Summary {
        from,
        to,
        total: priced(&folded.total),
        by_model: slices(&folded.by_model, |model| (model.to_string(), model.to_string())),
        by_key: slices(&folded.by_key, |id| match id.is_nil() {
            true => (ACCESS_TOKEN.to_owned(), String::new()),
            false => (id.to_string(), (names.key)(*id).unwrap_or_default()),
        }),
        by_member: slices(&folded.by_member, |id| {
            (id.to_string(), (names.user)(*id).unwrap_or_default())
        }),
    }
}

/// The same with its `cost` written out.
fn priced(sums: &Sums) -> Sums {
    Sums {
        cost: sums.cost_nanos.to_decimal(),
        ..sums.clone()
    }
}

pub(crate) async fn recent_of(
    db: &Db,
    organization: OrganizationId,
    limit: u64,
    names: &Names<'_>,
) -> Result<Vec<Call>> {
    let mut calls = db::usage::recent(db, organization, limit.min(MOST_RECENT)).await?;
    for key in calls.iter_mut().filter_map(|call| call.key.as_mut()) {
        key.name = (names.key)(key.id.0).unwrap_or_default();
    }
    Ok(calls)
}

/// The first `most`, and how many others there are with the sums of those: a page is not as long as the organization is large.
pub fn leading(mut slices: Vec<Slice>, most: usize) -> (Vec<Slice>, Option<(usize, Sums)>) {
    let others = slices.split_off(slices.len().min(most));
    let mut sums = Sums::default();
    others.iter().for_each(|other| add(&mut sums, &other.sums));
    (slices, (!others.is_empty()).then_some((others.len(), sums)))
}

/// `less` is a part of `sums`.
fn take_away(sums: &mut Sums, less: &Sums) {
    sums.requests = sums.requests.saturating_sub(less.requests);
    sums.refused = sums.refused.saturating_sub(less.refused);
    sums.failed = sums.failed.saturating_sub(less.failed);
    sums.unpriced = sums.unpriced.saturating_sub(less.unpriced);
    sums.tokens.take_away(&less.tokens);
    sums.cost_nanos = sums.cost_nanos.saturating_sub(less.cost_nanos);
}

/// Dearest first, then busiest, then by id.
fn slices<K: Eq + Hash>(sums: &HashMap<K, Sums>, label: impl Fn(&K) -> (String, String)) -> Vec<Slice> {
    let mut slices: Vec<Slice> = sums
        .iter()
        .map(|(key, sums)| {
            let (id, name) = label(key);
            let sums = priced(sums);
            Slice { id, name, sums }
        })
        .collect();
    slices.sort_unstable_by(|one, other| {
        let rank = |slice: &Slice| (slice.sums.cost_nanos, slice.sums.requests);
        rank(other).cmp(&rank(one)).then_with(|| one.id.cmp(&other.id))
    });
    slices
}
