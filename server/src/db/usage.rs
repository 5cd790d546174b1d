//! Reading the books: sums from the rollups, single calls from the usage rows. Every function begins with whose books they are.

use std::sync::{Arc, LazyLock};

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

/// What pages ask of the books, and who waits for which answer.
#[derive(Default)]
pub(super) struct Questions {
    parts: Together<(OrganizationId, Option<UserId>, Span), Vec<Part>>,
    days: Together<(OrganizationId, Option<UserId>, Span, Vec<Span>), DaysAndSpans>,
    recent: Together<(OrganizationId, u64), Vec<Call>>,
}

/// The sums of one member's calls with one key to one model.
#[derive(Debug)]
pub(crate) struct Part {
    pub user_id: Uuid,
    /// Nil for access tokens.
    pub api_key_id: Uuid,
    pub model: String,
    pub sums: Sums,
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

/// Sums from `from` to before `to`, both taken outwards to the quarter of an hour. Whole UTC days come from the day sums.
/// Of everybody, or of one person alone.
pub(crate) async fn parts(
    db: &Db,
    organization: OrganizationId,
    user: Option<UserId>,
    from: Timestamp,
    to: Timestamp,
) -> Result<Arc<Vec<Part>>> {
    let quarters = (bucket(from, QUARTER), bucket(to.plus_millis(QUARTER - 1), QUARTER));
    let look =
        |db, (organization, user, quarters)| async move { look_for_parts(&db, organization, user, quarters).await };
    let question = (organization, user, quarters);
    Together::ask(db, |db| &db.0.questions.usage.parts, question, look).await
}

async fn look_for_parts(
    db: &Db,
    organization: OrganizationId,
    user: Option<UserId>,
    (first, last): Span,
) -> Result<Vec<Part>> {
    let (mut days_first, mut days_last) = (
        bucket(Timestamp(first).plus_millis(DAY - 1), DAY),
        bucket(Timestamp(last), DAY),
    );
    if days_first >= days_last {
        // No whole day: quarters alone.
        (days_first, days_last) = (last, last);
    }
    let columns = SUMS.join(", ");
    let own = user.map_or("", |_| " AND user_id = $6");
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
        part("usage_days", 3),
        part("usage_quarters", 4),
    );
    let bounds = [first, days_first, days_last, last].map(Value::from);
    let values = std::iter::once(organization.0.into()).chain(bounds);
    let values = values.chain(user.map(|user| user.0.into()));
    let statement = Statement::from_sql_and_values(db.read().get_database_backend(), text, values);
    let rows = db.read().query_all_raw(statement).await?;
    let read = |row: &QueryResult| {
        Ok(Part {
            user_id: row.try_get_by_index(0)?,
            api_key_id: row.try_get_by_index(1)?,
            model: row.try_get_by_index(2)?,
            sums: sums(row, 3)?,
        })
    };
    rows.iter().map(read).collect()
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

/// Some quarter-hours, from the first bound to before the second.
pub(crate) type Span = (i64, i64);

/// By the day's start, and by the span's place.
pub(crate) type DaysAndSpans = (Vec<(i64, Sums)>, Vec<(usize, Sums)>);

/// Sums of the UTC days from `first` to before `last`, by the day's start, and of `spans`, by their place. One statement, so that both
/// are of one moment. Where nothing happened there is none. Of everybody, or of one person alone.
pub(crate) async fn days_and_spans(
    db: &Db,
    organization: OrganizationId,
    user: Option<UserId>,
    days: Span,
    spans: Vec<Span>,
) -> Result<Arc<DaysAndSpans>> {
    let look = |db, (organization, user, days, spans): (_, _, _, Vec<Span>)| async move {
        look_for_days(&db, organization, user, days, &spans).await
    };
    let question = (organization, user, days, spans);
    Together::ask(db, |db| &db.0.questions.usage.days, question, look).await
}

async fn look_for_days(
    db: &Db,
    organization: OrganizationId,
    user: Option<UserId>,
    (first, last): Span,
    spans: &[Span],
) -> Result<DaysAndSpans> {
    let own = user.map_or_else(String::new, |_| format!(" AND u.user_id = ${}", 2 * spans.len() + 4));
    let mut text = format!(
        "SELECT 0, u.bucket, {} FROM usage_days AS u WHERE u.organization_id = $1 AND u.bucket >= $2 AND u.bucket < $3{own} GROUP BY u.bucket",
        totals("u."),
    );
    if !spans.is_empty() {
        let rows: Vec<String> = (0..spans.len())
            .map(|n| {
                let bound = |place: usize| format!("CAST(${} AS BIGINT)", 2 * n + place);
                format!("(CAST({n} AS BIGINT), {}, {})", bound(4), bound(5))
            })
            .collect();
        // CROSS JOIN keeps SQLite's planner from turning the loop inside out: each span is one range of the primary key.
        text = format!(
            "WITH spans(n, since, until) AS (VALUES {}) {text} UNION ALL SELECT 1, spans.n, {} FROM spans CROSS JOIN usage_quarters AS u \
             WHERE u.organization_id = $1 AND u.bucket >= spans.since AND u.bucket < spans.until{own} GROUP BY spans.n",
            rows.join(", "),
            totals("u."),
        );
    }
    let bounds = [first, last]
        .into_iter()
        .chain(spans.iter().flat_map(|(since, until)| [*since, *until]));
    let values = std::iter::once(Value::from(organization.0)).chain(bounds.map(Value::from));
    let values = values.chain(user.map(|user| Value::from(user.0)));
    let statement = Statement::from_sql_and_values(db.read().get_database_backend(), text, values);
    let (mut days, mut found) = (Vec::new(), Vec::new());
    for row in db.read().query_all_raw(statement).await? {
        let (kind, n): (i32, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        match (kind, usize::try_from(n)) {
            (1, Ok(place)) => found.push((place, sums(&row, 2)?)),
            _ => days.push((n, sums(&row, 2)?)),
        }
    }
    Ok((days, found))
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
    // CROSS JOIN as in `between`: each conversation is one look into its index.
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
        cost: Nanos(cost).to_decimal(),
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
