//! Reading the books: sums from the rollups, single calls from the usage rows. Every function begins with whose books they are.

mod kept;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock},
};

use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use types::{
    CallId, ConversationId, KeyId, Nanos, OrganizationId, Timestamp, Tokens, UserId,
    usage::{Call, CallKey, CallStatus, Sums, UsageSource},
};
use uuid::Uuid;

use super::{
    Db,
    calls::{DAY, QUARTER, bucket},
    id_range,
    together::Together,
};
use crate::error::Result;

#[cfg(test)]
pub(crate) use kept::kept_days;

/// What pages ask of the books, and who waits for which answer.
#[derive(Default)]
pub(super) struct Questions {
    sums: Together<Question, Answer>,
    recent: Together<(OrganizationId, u64), Vec<Call>>,
    kept: kept::Kept,
}

/// What somebody wants to know of an organization's sums: one thing or both.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub organization: OrganizationId,
    /// Of one person alone; `None`: of everybody.
    pub user: Option<UserId>,
    /// The time to sum by member, key and model; see [`quarters`].
    pub quarters: Option<Span>,
    /// UTC days to sum one by one, and spans of quarter-hours.
    pub days: Option<(Span, Vec<Span>)>,
}

/// What was not asked for is empty.
#[derive(Default)]
pub(crate) struct Answer {
    pub folded: Folded,
    pub days: DaysAndSpans,
}

/// From the first bound to before the second.
pub(crate) type Span = (i64, i64);

/// Sums by the day's start, and by the span's place. Both are of one moment. Where nothing happened there is none.
pub(crate) type DaysAndSpans = (Vec<(i64, Sums)>, Vec<(usize, Sums)>);

/// The sums of one member's calls with one key to one model.
pub(crate) struct Part {
    user_id: Uuid,
    /// Nil for access tokens.
    api_key_id: Uuid,
    model: Arc<str>,
    /// Its `cost` is not written out.
    sums: Sums,
}

/// Sums of all calls, and by what they are shown by. No `cost` is written out.
#[derive(Default, Clone)]
pub(crate) struct Folded {
    pub total: Sums,
    pub by_member: HashMap<Uuid, Sums>,
    /// Nil stands for access tokens.
    pub by_key: HashMap<Uuid, Sums>,
    pub by_model: HashMap<Arc<str>, Sums>,
}

impl Folded {
    fn add<'a>(&mut self, parts: impl IntoIterator<Item = &'a Part>) {
        for part in parts {
            add(&mut self.total, &part.sums);
            add(self.by_key.entry(part.api_key_id).or_default(), &part.sums);
            add(self.by_member.entry(part.user_id).or_default(), &part.sums);
            // A refused call may have named no model that is known.
            if !part.model.is_empty() {
                add(self.by_model.entry(part.model.clone()).or_default(), &part.sums);
            }
        }
    }
}

/// `cost` is left as it is.
pub(crate) fn add(sums: &mut Sums, more: &Sums) {
    sums.requests += more.requests;
    sums.refused += more.refused;
    sums.failed += more.failed;
    sums.unpriced += more.unpriced;
    sums.tokens.add(&more.tokens);
    sums.cost_nanos = sums.cost_nanos.saturating_add(more.cost_nanos);
}

/// In the order in which [`sums`] reads them.
const SUMS: [&str; 10] = [
    "requests",
    "refused",
    "failed",
    "unpriced",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "cost_nanos",
];

/// From `from` to before `to`, both taken outwards to the quarter of an hour.
pub(crate) fn quarters(from: Timestamp, to: Timestamp) -> Span {
    (bucket(from, QUARTER), bucket(to.plus_millis(QUARTER - 1), QUARTER))
}

/// What the books say at a moment after this call.
pub(crate) async fn ask(db: &Db, question: Question) -> Result<Arc<Answer>> {
    let look = |db: Db, question| async move { look(&db, &db.0.questions.usage.kept, &question).await };
    Together::ask(db, |db| &db.0.questions.usage.sums, question, look).await
}

async fn look(db: &Db, kept: &kept::Kept, question: &Question) -> Result<Answer> {
    if let Some(answer) = kept::look(db, kept, question).await? {
        return Ok(answer);
    }
    let (organization, user) = (question.organization, question.user);
    let mut answer = Answer::default();
    if let Some(quarters) = question.quarters {
        let parts = look_for_parts(db, organization, user, quarters, i64::MIN).await?;
        if user.is_none() {
            kept.notice(organization, parts.len());
        }
        answer.folded.add(&parts);
    }
    if let Some((days, spans)) = &question.days {
        (answer.days, _) = look_for_days(db, organization, user, *days, spans, None).await?;
    }
    Ok(answer)
}

/// The UTC days that lie in some quarter-hours as a whole. None: an empty span at their end.
fn whole_days((first, last): Span) -> Span {
    let days = (
        bucket(Timestamp(first).plus_millis(DAY - 1), DAY),
        bucket(Timestamp(last), DAY),
    );
    match days.0 < days.1 {
        true => days,
        false => (last, last),
    }
}

/// Whole UTC days come from the day sums; those before `since` are left out.
async fn look_for_parts(
    db: &Db,
    organization: OrganizationId,
    user: Option<UserId>,
    (first, last): Span,
    since: i64,
) -> Result<Vec<Part>> {
    let (days_first, days_last) = whole_days((first, last));
    let columns = SUMS.join(", ");
    let own = user.map_or("", |_| " AND user_id = $8");
    let part = |table: &str, bound: u8| {
        format!(
            "SELECT user_id, api_key_id, model, {columns} FROM {table} WHERE organization_id = $1 AND bucket >= ${bound} AND bucket < ${}{own}",
            bound + 1
        )
    };
    let text = format!(
        "SELECT user_id, api_key_id, model, {} FROM ({} UNION ALL {} UNION ALL {}) AS parts GROUP BY user_id, api_key_id, model",
        totals(""),
        part("usage_quarters", 2),
        part("usage_days", 4),
        part("usage_quarters", 6),
    );
    let bounds = [first, days_first, days_first.max(since), days_last, days_last, last].map(Value::from);
    let values = std::iter::once(organization.0.into()).chain(bounds);
    let values = values.chain(user.map(|user| user.0.into()));
    let statement = Statement::from_sql_and_values(db.read().get_database_backend(), text, values);
    parts(&db.read().query_all_raw(statement).await?)
}

/// Reads rows of member, key, model and sums. Parts of one model share its name.
fn parts(rows: &[QueryResult]) -> Result<Vec<Part>> {
    let mut models: HashSet<Arc<str>> = HashSet::new();
    let mut parts = Vec::with_capacity(rows.len());
    for row in rows {
        let name: String = row.try_get_by_index(2)?;
        let known = models.get(name.as_str()).cloned();
        let model = known.unwrap_or_else(|| Arc::from(name));
        models.insert(model.clone());
        parts.push(Part {
            user_id: row.try_get_by_index(0)?,
            api_key_id: row.try_get_by_index(1)?,
            model,
            sums: counts(row, 3)?,
        });
    }
    Ok(parts)
}

/// Sums of a key's calls by UTC day, from the day that begins at `first`. Where nothing happened there is none.
pub(crate) async fn days_of_key(
    db: &Db,
    organization: OrganizationId,
    key: KeyId,
    first: Timestamp,
) -> Result<Vec<(Timestamp, Sums)>> {
    let text = format!(
        "SELECT bucket, {} FROM usage_days WHERE organization_id = $1 AND bucket >= $2 AND api_key_id = $3 GROUP BY bucket",
        totals(""),
    );
    let values: [Value; 3] = [organization.0.into(), first.0.into(), key.0.into()];
    let statement = Statement::from_sql_and_values(db.read().get_database_backend(), text, values);
    let rows = db.read().query_all_raw(statement).await?;
    let read = |row: &QueryResult| Ok((Timestamp(row.try_get_by_index(0)?), sums(row, 1)?));
    rows.iter().map(read).collect()
}

/// Sums of the UTC days from `first` to before `last` and of `spans`, and what the days of `witnessed` have in rows together: one statement, so
/// that all of it is of one moment.
async fn look_for_days(
    db: &Db,
    organization: OrganizationId,
    user: Option<UserId>,
    (first, last): Span,
    spans: &[Span],
    witnessed: Option<Span>,
) -> Result<(DaysAndSpans, kept::Witness)> {
    let mut values: Vec<Value> = vec![organization.0.into()];
    let mut bind = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    let own = user.map_or_else(String::new, |user| format!(" AND u.user_id = {}", bind(user.0.into())));
    let mut of_days = |columns: &str, (first, last): Span| {
        format!(
            "SELECT {columns} FROM usage_days AS u WHERE u.organization_id = $1 AND u.bucket >= {} AND u.bucket < {}{own}",
            bind(first.into()),
            bind(last.into()),
        )
    };
    let totals = totals("u.");
    let mut text = format!(
        "{} GROUP BY u.bucket",
        of_days(&format!("0, u.bucket, {totals}"), (first, last))
    );
    if let Some(witnessed) = witnessed {
        let nothing = ", CAST(0 AS BIGINT)".repeat(SUMS.len() - 2);
        let columns = format!("2, CAST(0 AS BIGINT), {}{nothing}", kept::WITNESS);
        text = format!("{text} UNION ALL {}", of_days(&columns, witnessed));
    }
    if !spans.is_empty() {
        let mut bound = |value: i64| format!("CAST({} AS BIGINT)", bind(value.into()));
        let rows: Vec<String> = (0..)
            .zip(spans)
            .map(|(n, (since, until))| format!("(CAST({n} AS BIGINT), {}, {})", bound(*since), bound(*until)))
            .collect();
        // CROSS JOIN keeps SQLite's planner from turning the loop inside out: each span is one range of the primary key.
        text = format!(
            "WITH spans(n, since, until) AS (VALUES {}) {text} UNION ALL SELECT 1, spans.n, {totals} FROM spans CROSS JOIN usage_quarters AS u \
             WHERE u.organization_id = $1 AND u.bucket >= spans.since AND u.bucket < spans.until{own} GROUP BY spans.n",
            rows.join(", "),
        );
    }
    let statement = Statement::from_sql_and_values(db.read().get_database_backend(), text, values);
    let (mut days, mut found, mut witness) = (Vec::new(), Vec::new(), kept::Witness::default());
    for row in db.read().query_all_raw(statement).await? {
        let (kind, n): (i32, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        match (kind, usize::try_from(n)) {
            (2, _) => witness = kept::Witness::read(&row, 2)?,
            (1, Ok(place)) => found.push((place, counts(&row, 2)?)),
            _ => days.push((n, counts(&row, 2)?)),
        }
    }
    Ok(((days, found), witness))
}

/// Sums of the finished calls that one person made in these conversations; those without calls are absent. Calls of others that name one of
/// them count nowhere.
pub(crate) async fn by_conversation(
    db: &Db,
    user: UserId,
    conversations: &[ConversationId],
) -> Result<Vec<(ConversationId, Sums)>> {
    if conversations.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<String> = (0..conversations.len()).map(|n| format!("(${})", n + 2)).collect();
    // CROSS JOIN as in `look_for_days`: each conversation is one look into its index.
    let text = format!(
        "WITH wanted(id) AS (VALUES {}) SELECT wanted.id, {} FROM wanted CROSS JOIN usage_logs AS u \
         WHERE u.conversation_id = wanted.id AND u.user_id = $1 GROUP BY wanted.id",
        wanted.join(", "),
        totals_of_rows(),
    );
    let values = std::iter::once(Value::from(user.0)).chain(conversations.iter().map(|id| Value::from(id.0)));
    let statement = Statement::from_sql_and_values(db.read().get_database_backend(), text, values);
    let rows = db.read().query_all_raw(statement).await?;
    let read = |row: &QueryResult| Ok((ConversationId(row.try_get_by_index(0)?), sums(row, 1)?));
    rows.iter().map(read).collect()
}

/// What [`totals`] is for rows of single calls, in the same order.
fn totals_of_rows() -> String {
    let (refused, settled, left) = (CallStatus::Refused, CallStatus::Settled, CallStatus::ClientGone);
    let counted = [
        format!("u.status <> '{}'", refused.name()),
        format!("u.status = '{}'", refused.name()),
        format!(
            "u.status NOT IN ('{}', '{}', '{}')",
            refused.name(),
            settled.name(),
            left.name()
        ),
        "u.unpriced".to_owned(),
    ];
    let counts = counted.map(|condition| format!("CAST(SUM(CASE WHEN {condition} THEN 1 ELSE 0 END) AS BIGINT)"));
    let summed = SUMS[counts.len()..]
        .iter()
        .map(|name| format!("CAST(SUM(u.{name}) AS BIGINT)"));
    counts.iter().cloned().chain(summed).collect::<Vec<_>>().join(", ")
}

/// PostgreSQL adds bigints up to a numeric, hence the cast.
fn totals(prefix: &str) -> String {
    let total = |name: &&str| format!("CAST(SUM({prefix}{name}) AS BIGINT)");
    SUMS.iter().map(total).collect::<Vec<_>>().join(", ")
}

fn sums(row: &QueryResult, first: usize) -> Result<Sums> {
    let sums = counts(row, first)?;
    Ok(Sums {
        cost: sums.cost_nanos.to_decimal(),
        ..sums
    })
}

/// [`sums`] whose `cost` is not written out, for those that are added up.
fn counts(row: &QueryResult, first: usize) -> Result<Sums> {
    let mut values = [0_i64; SUMS.len()];
    for (index, value) in values.iter_mut().enumerate() {
        *value = row.try_get_by_index(first + index)?;
    }
    let [
        requests,
        refused,
        failed,
        unpriced,
        input,
        cache_read,
        cache_write_5m,
        cache_write_1h,
        output,
        cost,
    ] = values;
    Ok(Sums {
        requests: unsigned(requests),
        refused: unsigned(refused),
        failed: unsigned(failed),
        unpriced: unsigned(unpriced),
        tokens: Tokens {
            input: unsigned(input),
            cache_read: unsigned(cache_read),
            cache_write_5m: unsigned(cache_write_5m),
            cache_write_1h: unsigned(cache_write_1h),
            output: unsigned(output),
        },
        cost_nanos: Nanos(cost),
        cost: String::new(),
    })
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

/// What [`call`] reads, in its order: of a finished call, and of one under way.
const CALL: [(&str, &str); 23] = [
    ("id", "call_id"),
    ("request_id", "request_id"),
    ("created_at", "opened_at"),
    ("settled_at", "CAST(NULL AS BIGINT)"),
    ("model", "model"),
    ("provider", "provider"),
    ("endpoint", "endpoint"),
    ("api_key_id", "api_key_id"),
    ("input_tokens", "COALESCE(tok_input, 0)"),
    ("cache_read_tokens", "COALESCE(tok_cache_read, 0)"),
    ("cache_write_5m_tokens", "COALESCE(tok_cache_write_5m, 0)"),
    ("cache_write_1h_tokens", "COALESCE(tok_cache_write_1h, 0)"),
    ("output_tokens", "COALESCE(tok_output, 0)"),
    ("cost_nanos", "CAST(0 AS BIGINT)"),
    ("unpriced", "price_id IS NULL"),
    ("latency_ms", "CAST(NULL AS BIGINT)"),
    ("ttft_ms", "CAST(NULL AS BIGINT)"),
    ("status", "'open'"),
    ("http_status", "0"),
    ("source", "'none'"),
    ("error_class", "CAST(NULL AS TEXT)"),
    ("conversation_id", "conversation_id"),
    ("attempts", "CAST(NULL AS TEXT)"),
];

static RECENT: LazyLock<String> = LazyLock::new(|| {
    let finished = CALL.map(|(finished, _)| finished).join(", ");
    let open = CALL.map(|(_, open)| open).join(", ");
    format!(
        "SELECT * FROM (SELECT {open} FROM calls_open WHERE organization_id = $1 ORDER BY key DESC LIMIT $2) AS open UNION ALL \
         SELECT * FROM (SELECT {finished} FROM usage_logs WHERE organization_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2) AS finished"
    )
});

/// The newest calls, those under way included. One statement sees one moment, so a call that ends meanwhile is there once.
pub(crate) async fn recent(db: &Db, organization: OrganizationId, limit: u64) -> Result<Vec<Call>> {
    let look = |db, (organization, limit)| async move { look_for_recent(&db, organization, limit).await };
    let calls = Together::ask(db, |db| &db.0.questions.usage.recent, (organization, limit), look).await?;
    Ok(Arc::unwrap_or_clone(calls))
}

async fn look_for_recent(db: &Db, organization: OrganizationId, limit: u64) -> Result<Vec<Call>> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let values: [Value; 2] = [organization.0.into(), most.into()];
    let statement = Statement::from_sql_and_values(db.read().get_database_backend(), RECENT.as_str(), values);
    let rows = db.read().query_all_raw(statement).await?;
    let mut calls = rows.iter().map(call).collect::<Result<Vec<Call>>>()?;
    calls.sort_by_key(|call| std::cmp::Reverse((call.created_at, call.id)));
    calls.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(calls)
}

static OF_REQUEST: LazyLock<String> = LazyLock::new(|| {
    let finished = CALL.map(|(finished, _)| finished).join(", ");
    let open = CALL.map(|(_, open)| open).join(", ");
    format!(
        "SELECT {open} FROM calls_open WHERE user_id = $1 AND request_id = $4 UNION ALL \
         SELECT {finished} FROM usage_logs WHERE user_id = $1 AND created_at >= $2 AND created_at < $3 AND request_id = $4"
    )
});

/// The person's call whose request has this id, which is a UUID v7 of this server's: the call began soon after it, so few rows are looked at.
pub(crate) async fn of_request(db: &Db, user: UserId, request: Uuid) -> Result<Option<Call>> {
    let Some((since, until)) = id_range::begun(request) else {
        return Ok(None);
    };
    let values: [Value; 4] = [
        user.0.into(),
        since.0.into(),
        until.0.into(),
        request.to_string().into(),
    ];
    let statement = Statement::from_sql_and_values(db.read().get_database_backend(), OF_REQUEST.as_str(), values);
    let row = db.read().query_one_raw(statement).await?;
    row.as_ref().map(call).transpose()
}

/// By place, not by name: looking names up would cost more than all the rest of a row.
fn call(row: &QueryResult) -> Result<Call> {
    let count = |place: usize| row.try_get_by_index::<i64>(place).map(unsigned);
    let optional = |place: usize| row.try_get_by_index::<Option<i64>>(place);
    let word = |place: usize| row.try_get_by_index::<String>(place);
    let cost = Nanos(row.try_get_by_index(13)?);
    Ok(Call {
        id: CallId(row.try_get_by_index(0)?),
        request_id: word(1)?,
        created_at: Timestamp(row.try_get_by_index(2)?),
        settled_at: optional(3)?.map(Timestamp),
        model: word(4)?,
        provider: word(5)?,
        endpoint: word(6)?,
        // The key's name is filled in later.
        key: row.try_get_by_index::<Option<Uuid>>(7)?.map(|id| CallKey {
            id: KeyId(id),
            name: String::new(),
        }),
        tokens: Tokens {
            input: count(8)?,
            cache_read: count(9)?,
            cache_write_5m: count(10)?,
            cache_write_1h: count(11)?,
            output: count(12)?,
        },
        cost_nanos: cost,
        cost: cost.to_decimal(),
        unpriced: row.try_get_by_index(14)?,
        latency_ms: optional(15)?.map(unsigned),
        ttft_ms: optional(16)?.map(unsigned),
        // A name from a newer version of Weirgate: something went wrong, but not here.
        status: CallStatus::parse(&word(17)?).unwrap_or(CallStatus::UpstreamError),
        http_status: u16::try_from(row.try_get_by_index::<i32>(18)?).unwrap_or(0),
        source: UsageSource::parse(&word(19)?).unwrap_or(UsageSource::Estimated),
        error_class: row.try_get_by_index(20)?,
        conversation_id: row.try_get_by_index::<Option<Uuid>>(21)?.map(ConversationId),
        // What this version cannot read must not hide the call.
        attempts: row
            .try_get_by_index::<Option<String>>(22)?
            .and_then(|list| serde_json::from_str(&list).ok())
            .unwrap_or_default(),
    })
}
