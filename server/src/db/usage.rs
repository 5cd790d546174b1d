//! Reading the books: sums from the rollups, single calls from the usage rows. Every function begins with whose books they are.

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, Statement, Value,
};
use types::{
    CallId, KeyId, Nanos, OrganizationId, Timestamp, Tokens,
    usage::{Call, CallKey, CallStatus, Sums, UsageSource},
};
use uuid::Uuid;

use super::{
    Db,
    calls::{DAY, QUARTER, bucket},
    entity::{calls_open, usage_logs},
};
use crate::error::Result;

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
pub(crate) async fn parts(db: &Db, organization: OrganizationId, from: Timestamp, to: Timestamp) -> Result<Vec<Part>> {
    let first = bucket(from, QUARTER);
    let last = bucket(to.plus_millis(QUARTER - 1), QUARTER);
    let (mut days_first, mut days_last) = (
        bucket(Timestamp(first).plus_millis(DAY - 1), DAY),
        bucket(Timestamp(last), DAY),
    );
    if days_first >= days_last {
        // No whole day: quarters alone.
        (days_first, days_last) = (last, last);
    }
    let columns = SUMS.join(", ");
    let part = |table: &str, bound: u8| {
        format!(
            "SELECT user_id, api_key_id, model, {columns} FROM {table} WHERE organization_id = $1 AND bucket >= ${bound} AND bucket < ${}",
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
    let values: [Value; 5] = [
        organization.0.into(),
        first.into(),
        days_first.into(),
        days_last.into(),
        last.into(),
    ];
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

/// Sums between neighbouring bounds, which are whole quarter-hours in ascending order. Intervals in which nothing happened are absent; the number
/// is the interval's place.
pub(crate) async fn between(db: &Db, organization: OrganizationId, bounds: &[i64]) -> Result<Vec<(usize, Sums)>> {
    let whole_days = bounds.iter().all(|bound| bound % DAY == 0);
    let table = if whole_days { "usage_days" } else { "usage_quarters" };
    let rows: Vec<String> = (1..bounds.len())
        .map(|n| format!("({n}, CAST(${} AS BIGINT), CAST(${} AS BIGINT))", n + 1, n + 2))
        .collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    // CROSS JOIN keeps SQLite's planner from turning the loop inside out: each interval is one range of the primary key.
    let text = format!(
        "WITH intervals(n, since, until) AS (VALUES {}) SELECT intervals.n, {} FROM intervals CROSS JOIN {table} AS u \
         WHERE u.organization_id = $1 AND u.bucket >= intervals.since AND u.bucket < intervals.until GROUP BY intervals.n",
        rows.join(", "),
        totals("u."),
    );
    let values = std::iter::once(Value::from(organization.0)).chain(bounds.iter().map(|bound| Value::from(*bound)));
    let statement = Statement::from_sql_and_values(db.read().get_database_backend(), text, values);
    let rows = db.read().query_all_raw(statement).await?;
    let read = |row: &QueryResult| {
        let n = row.try_get_by_index::<i32>(0)?;
        Ok((usize::try_from(n).unwrap_or(1).saturating_sub(1), sums(row, 1)?))
    };
    rows.iter().map(read).collect()
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

/// The newest calls, those under way included. Read in this order, a call that ends meanwhile is seen twice rather than never.
pub(crate) async fn recent(db: &Db, organization: OrganizationId, limit: u64) -> Result<Vec<Call>> {
    let open = calls_open::Entity::find()
        .filter(calls_open::Column::OrganizationId.eq(organization.0))
        .order_by_desc(calls_open::Column::Key)
        .limit(limit)
        .all(db.read())
        .await?;
    let finished = usage_logs::Entity::find()
        .filter(usage_logs::Column::OrganizationId.eq(organization.0))
        .order_by_desc(usage_logs::Column::CreatedAt)
        .order_by_desc(usage_logs::Column::Id)
        .limit(limit)
        .all(db.read())
        .await?;
    let mut calls: Vec<Call> = finished.into_iter().map(finished_call).collect();
    for row in open {
        if calls.iter().all(|call| call.id.0 != row.call_id) {
            calls.push(open_call(row));
        }
    }
    calls.sort_by_key(|call| std::cmp::Reverse((call.created_at, call.id)));
    calls.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(calls)
}

/// The key's name is filled in later.
fn key(id: Option<Uuid>) -> Option<CallKey> {
    id.map(|id| CallKey {
        id: KeyId(id),
        name: String::new(),
    })
}

fn finished_call(row: usage_logs::Model) -> Call {
    Call {
        id: CallId(row.id),
        request_id: row.request_id,
        created_at: Timestamp(row.created_at),
        settled_at: Some(Timestamp(row.settled_at)),
        model: row.model,
        provider: row.provider,
        endpoint: row.endpoint,
        key: key(row.api_key_id),
        tokens: Tokens {
            input: unsigned(row.input_tokens),
            cache_read: unsigned(row.cache_read_tokens),
            cache_write_5m: unsigned(row.cache_write_5m_tokens),
            cache_write_1h: unsigned(row.cache_write_1h_tokens),
            output: unsigned(row.output_tokens),
        },
        cost_nanos: Nanos(row.cost_nanos),
        cost: Nanos(row.cost_nanos).to_decimal(),
        unpriced: row.unpriced,
        latency_ms: row.latency_ms.map(unsigned),
        ttft_ms: row.ttft_ms.map(unsigned),
        // A name from a newer version of Weirgate: something went wrong, but not here.
        status: CallStatus::parse(&row.status).unwrap_or(CallStatus::UpstreamError),
        http_status: u16::try_from(row.http_status).unwrap_or(0),
        source: UsageSource::parse(&row.source).unwrap_or(UsageSource::Estimated),
        error_class: row.error_class,
    }
}

fn open_call(row: calls_open::Model) -> Call {
    let count = |value: Option<i64>| unsigned(value.unwrap_or(0));
    Call {
        id: CallId(row.call_id),
        request_id: row.request_id,
        created_at: Timestamp(row.opened_at),
        settled_at: None,
        model: row.model,
        provider: row.provider,
        endpoint: row.endpoint,
        key: key(row.api_key_id),
        tokens: Tokens {
            input: count(row.tok_input),
            cache_read: count(row.tok_cache_read),
            cache_write_5m: count(row.tok_cache_write_5m),
            cache_write_1h: count(row.tok_cache_write_1h),
            output: count(row.tok_output),
        },
        cost_nanos: Nanos(0),
        cost: Nanos(0).to_decimal(),
        unpriced: row.price_id.is_none(),
        latency_ms: None,
        ttft_ms: None,
        status: CallStatus::Open,
        http_status: 0,
        source: UsageSource::None,
        error_class: None,
    }
}
