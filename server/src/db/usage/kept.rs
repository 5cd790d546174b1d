//! Days that are over, kept in memory: a month of a large organization is tens of thousands of rows, and a page must not sum them each time.
//!
//! No kept day is believed unasked. Rows are never deleted, their counters only grow, and whatever is booked raises `requests` or `refused`:
//! so the number of rows and the sum of these two tell whether the days of a span are still what was read, whichever node booked into them.
//! That costs one statement, which is cheap beside all the sums. When it says no, the same by day tells which to read again.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use types::{OrganizationId, usage::Sums};

use super::{
    super::{
        Db,
        calls::{DAY, bucket},
    },
    Answer, Folded, Part, Question, Span, add, look_for_days, look_for_parts, parts, unsigned, whole_days,
};
use crate::error::Result;

#[cfg(test)]
mod tests;

/// Days are kept of organizations whose sums once had more parts than this. Those of others are read quickly.
const LARGE: usize = 250;
/// Most parts that are kept, of some 150 bytes each; what an organization's come to is kept beside them, and is less.
const MOST: usize = 200_000;
/// Looks until the kept days are given up for one answer: somebody books into days that are over all the time.
const LOOKS: usize = 3;

/// How many rows a day or a span of days has, and what their `requests` and `refused` come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Witness {
    rows: usize,
    counted: u64,
}

/// The columns of a [`Witness`], of `usage_days AS u`.
pub(super) const WITNESS: &str = "COUNT(*), CAST(COALESCE(SUM(u.requests + u.refused), 0) AS BIGINT)";

impl Witness {
    /// Of all these days together.
    fn of(days: &Seen) -> Self {
        Witness {
            rows: days.iter().map(|(_, day)| day.rows).sum(),
            counted: days.iter().map(|(_, day)| day.counted).sum(),
        }
    }

    /// Out of the columns from `first` on.
    pub fn read(row: &QueryResult, first: usize) -> Result<Self> {
        let rows: i64 = row.try_get_by_index(first)?;
        Ok(Witness {
            rows: usize::try_from(rows).unwrap_or(usize::MAX),
            counted: unsigned(row.try_get_by_index(first + 1)?),
        })
    }
}

struct Day {
    /// Of the rows that were read, so that it is never newer than the parts.
    witness: Witness,
    total: Sums,
    parts: Vec<Part>,
}

impl Day {
    fn new(parts: Vec<Part>) -> Self {
        let mut total = Sums::default();
        parts.iter().for_each(|part| add(&mut total, &part.sums));
        let witness = Witness {
            rows: parts.len(),
            counted: total.requests + total.refused,
        };
        Day { witness, total, parts }
    }

    async fn read(db: &Db, organization: OrganizationId, day: i64) -> Result<Self> {
        let columns = super::SUMS.join(", ");
        let text = format!(
            "SELECT user_id, api_key_id, model, {columns} FROM usage_days WHERE organization_id = $1 AND bucket = $2"
        );
        let values: [Value; 2] = [organization.0.into(), day.into()];
        let statement = Statement::from_sql_and_values(db.read().get_database_backend(), text, values);
        Ok(Day::new(parts(&db.read().query_all_raw(statement).await?)?))
    }
}

/// By the day's start.
type Days = BTreeMap<i64, Arc<Day>>;
/// What days were, by their start.
type Seen = Vec<(i64, Witness)>;

fn seen_of(days: &Days, span: Span) -> Seen {
    let within = within(days, span);
    within.map(|(start, day)| (*start, day.witness)).collect()
}

/// Empty where the span is.
fn within(days: &Days, (first, last): Span) -> impl Iterator<Item = (&i64, &Arc<Day>)> {
    days.range(first..last.max(first))
}

/// Those that have rows in the database.
async fn look_for_witnesses(db: &Db, organization: OrganizationId, (first, last): Span) -> Result<Seen> {
    let text = format!(
        "SELECT u.bucket, {WITNESS} FROM usage_days AS u WHERE u.organization_id = $1 AND u.bucket >= $2 AND u.bucket < $3 GROUP BY u.bucket"
    );
    let values: [Value; 3] = [organization.0.into(), first.into(), last.into()];
    let statement = Statement::from_sql_and_values(db.read().get_database_backend(), text, values);
    let rows = db.read().query_all_raw(statement).await?;
    let read = |row: &QueryResult| Ok((row.try_get_by_index(0)?, Witness::read(row, 1)?));
    rows.iter().map(read).collect()
}

/// What is kept, by organization. Only those that are large have a place here.
pub(super) struct Kept {
    large: usize,
    most: usize,
    organizations: Mutex<HashMap<OrganizationId, Organization>>,
}

#[derive(Default)]
struct Organization {
    /// The higher, the later it was asked for.
    asked: u64,
    days: Days,
    /// The days that were folded last, as they were then: going through all their parts takes longer than all else that an answer takes.
    folded: Option<(Seen, Arc<Folded>)>,
}

impl Organization {
    fn parts(&self) -> usize {
        self.days.values().map(|day| day.parts.len()).sum()
    }
}

impl Default for Kept {
    fn default() -> Self {
        Kept::new(LARGE, MOST)
    }
}

impl Kept {
    fn new(large: usize, most: usize) -> Self {
        Kept {
            large,
            most,
            organizations: Mutex::default(),
        }
    }

    fn organizations(&self) -> MutexGuard<'_, HashMap<OrganizationId, Organization>> {
        self.organizations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an organization a place whose sums turned out to have so many parts, if those are many.
    pub fn notice(&self, organization: OrganizationId, parts: usize) {
        if parts > self.large {
            let mut organizations = self.organizations();
            let asked = next_turn(&organizations);
            organizations.entry(organization).or_default().asked = asked;
        }
    }

    /// `None` for an organization that has no place here.
    fn days(&self, organization: OrganizationId) -> Option<Days> {
        let mut organizations = self.organizations();
        let asked = next_turn(&organizations);
        let found = organizations.get_mut(&organization)?;
        found.asked = asked;
        Some(found.days.clone())
    }

    /// Takes in what was read for somebody who asked for the days of `span`. Where that becomes too much, organizations that were not asked
    /// for lately lose their place, and at last this one its other days.
    fn put(&self, organization: OrganizationId, read: Days, span: Span) {
        let mut organizations = self.organizations();
        let Some(found) = organizations.get_mut(&organization) else {
            return;
        };
        found.days.extend(read);
        if found.parts() > self.most {
            found.days.retain(|day, _| (span.0..span.1).contains(day));
        }
        while organizations.values().map(Organization::parts).sum::<usize>() > self.most {
            let others = organizations.iter().filter(|(id, _)| **id != organization);
            let Some(least) = others.min_by_key(|(_, one)| one.asked).map(|(id, _)| *id) else {
                return;
            };
            organizations.remove(&least);
        }
    }

    /// The sums of these days by member, key and model.
    fn folded(&self, organization: OrganizationId, days: &Days, seen: Seen) -> Arc<Folded> {
        let known = self
            .organizations()
            .get(&organization)
            .and_then(|found| found.folded.clone());
        if let Some((_, folded)) = known.filter(|(before, _)| *before == seen) {
            return folded;
        }
        let mut folded = Folded::default();
        for day in seen.iter().filter_map(|(day, _)| days.get(day)) {
            folded.add(&day.parts);
        }
        let folded = Arc::new(folded);
        if let Some(found) = self.organizations().get_mut(&organization) {
            found.folded = Some((seen, folded.clone()));
        }
        folded
    }
}

/// A number for who is asked for now.
fn next_turn(organizations: &HashMap<OrganizationId, Organization>) -> u64 {
    organizations
        .values()
        .map(|one| one.asked)
        .max()
        .map_or(0, |last| last + 1)
}

/// The days that are kept of an organization; `None` when it has no place.
#[cfg(test)]
pub(crate) fn kept_days(db: &Db, organization: OrganizationId) -> Option<Vec<i64>> {
    let organizations = db.0.questions.usage.kept.organizations();
    Some(organizations.get(&organization)?.days.keys().copied().collect())
}

/// The answer out of kept days and, for all else, the database. `None` where kept days do not help.
pub(super) async fn look(db: &Db, kept: &Kept, question: &Question) -> Result<Option<Answer>> {
    let organization = question.organization;
    if question.user.is_some() {
        return Ok(None);
    }
    let today = bucket(db.0.clock.now(), DAY);
    let over = |(first, last): Span| (first, last.min(today));
    let summed = question.quarters.map(|quarters| over(whole_days(quarters)));
    let (charted, spans) = question.days.clone().unwrap_or_default();
    let (live, charted) = ((charted.0.max(today), charted.1), over(charted));
    let spans_of_days = [summed, Some(charted)]
        .into_iter()
        .flatten()
        .filter(|span| span.0 < span.1);
    let Some(wanted) = spans_of_days.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))) else {
        return Ok(None);
    };
    let Some(mut days) = kept.days(organization) else {
        return Ok(None);
    };
    for _ in 0..LOOKS {
        // Today's parts and the quarter-hours at the edges. A call is in these or in days that are over, never in both.
        let parts = async {
            match question.quarters {
                Some(quarters) => look_for_parts(db, organization, None, quarters, today).await,
                None => Ok(Vec::new()),
            }
        };
        let days_and_spans = look_for_days(db, organization, None, live, &spans, Some(wanted));
        let (((mut found, spans), witness), parts) = tokio::try_join!(days_and_spans, parts)?;
        if witness.rows > kept.most {
            return Ok(None);
        }
        // None of them is newer than its rows are, so what is missing of one cannot be made up for by another.
        if witness == Witness::of(&seen_of(&days, wanted)) {
            found.extend(within(&days, charted).map(|(start, day)| (*start, day.total.clone())));
            let mut folded = Folded::default();
            if let Some(summed) = summed {
                folded = Folded::clone(&kept.folded(organization, &days, seen_of(&days, summed)));
                folded.add(&parts);
            }
            let days = (found, spans);
            return Ok(Some(Answer { folded, days }));
        }
        // What is read now is of a later moment than what was seen: only another look tells that all of it is of one.
        let mut read = Days::new();
        for (day, witness) in look_for_witnesses(db, organization, wanted).await? {
            if days.get(&day).is_none_or(|kept| kept.witness != witness) {
                read.insert(day, Arc::new(Day::read(db, organization, day).await?));
            }
        }
        days.extend(read.clone());
        kept.put(organization, read, wanted);
    }
    Ok(None)
}
