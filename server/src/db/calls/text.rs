//! The text of the ledger's statements. It never varies beyond a handful of row counts, so every one of them stays prepared.

use std::sync::{LazyLock, OnceLock};

/// Columns of `calls_open` that opening writes.
const OPEN: [(&str, &str); 15] = [
    ("key", "bigint"),
    ("call_id", "uuid"),
    ("request_id", "text"),
    ("organization_id", "uuid"),
    ("user_id", "uuid"),
    ("api_key_id", "uuid"),
    ("model", "text"),
    ("provider", "text"),
    ("upstream_model", "text"),
    ("price_id", "uuid"),
    ("endpoint", "text"),
    ("stream", "boolean"),
    ("opened_at", "bigint"),
    ("node", "integer"),
    ("conversation_id", "uuid"),
];

const USAGE: [(&str, &str); 29] = [
    ("id", "uuid"),
    ("request_id", "text"),
    ("created_at", "bigint"),
    ("settled_at", "bigint"),
    ("organization_id", "uuid"),
    ("user_id", "uuid"),
    ("api_key_id", "uuid"),
    ("model", "text"),
    ("provider", "text"),
    ("upstream_model", "text"),
    ("endpoint", "text"),
    ("stream", "boolean"),
    ("status", "text"),
    ("http_status", "integer"),
    ("source", "text"),
    ("input_tokens", "bigint"),
    ("cache_read_tokens", "bigint"),
    ("cache_write_5m_tokens", "bigint"),
    ("cache_write_1h_tokens", "bigint"),
    ("output_tokens", "bigint"),
    ("cost_nanos", "bigint"),
    ("unpriced", "boolean"),
    ("price_id", "uuid"),
    ("latency_ms", "bigint"),
    ("ttft_ms", "bigint"),
    ("error_class", "text"),
    ("node", "integer"),
    ("conversation_id", "uuid"),
    ("attempts", "text"),
];

/// The first six are the primary key.
const ROLLUP: [(&str, &str); 17] = [
    ("organization_id", "uuid"),
    ("bucket", "bigint"),
    ("user_id", "uuid"),
    ("api_key_id", "uuid"),
    ("model", "text"),
    ("node", "integer"),
    ("requests", "bigint"),
    ("refused", "bigint"),
    ("failed", "bigint"),
    ("unpriced", "bigint"),
    ("input_tokens", "bigint"),
    ("cache_read_tokens", "bigint"),
    ("cache_write_5m_tokens", "bigint"),
    ("cache_write_1h_tokens", "bigint"),
    ("output_tokens", "bigint"),
    ("cost_nanos", "bigint"),
    ("latency_ms_sum", "bigint"),
];
const ROLLUP_KEY: usize = 6;

/// Most rows of one statement on SQLite. Any number of rows is made of powers of two, at most seven statements of seven texts.
pub(super) const MOST_ROWS: usize = 64;

/// One statement for each power of two up to [`MOST_ROWS`].
pub(super) struct BySize([String; 7]);

impl BySize {
    fn new(text: impl Fn(usize) -> String) -> Self {
        BySize(std::array::from_fn(|power| text(1 << power)))
    }

    /// The text for `rows`, which must be one of the sizes.
    pub fn get(&self, rows: usize) -> &str {
        let power = (rows.trailing_zeros() as usize).min(self.0.len() - 1);
        &self.0[power]
    }
}

/// Cuts `rows` into slices of the sizes there are texts for, largest first.
pub(super) fn in_sizes<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = match rows.len() {
            0 => return None,
            len if len >= MOST_ROWS => MOST_ROWS,
            len => 1 << len.ilog2(),
        };
        let (head, rest) = rows.split_at(size);
        rows = rest;
        Some(head)
    })
}

/// Row counts that statements sent together have: fewer rows are filled up with the last one, which changes nothing.
const FILLED: [usize; 9] = [0, 1, 2, 4, 8, 12, 16, 24, 32];

/// Two or three statements of SQLite as one text, for each pair of row counts; made when it is first needed.
pub(super) struct Together {
    texts: [[OnceLock<String>; FILLED.len()]; FILLED.len()],
    text: fn(usize, usize) -> String,
}

impl Together {
    const fn new(text: fn(usize, usize) -> String) -> Self {
        Together {
            texts: [const { [const { OnceLock::new() }; FILLED.len()] }; FILLED.len()],
            text,
        }
    }

    /// The text for so many rows of the one and of the other, and how many of each it takes; none when they are too many.
    pub fn get(&self, one: usize, other: usize) -> Option<(&str, usize, usize)> {
        let place = |rows: usize| FILLED.iter().position(|size| *size >= rows);
        let (row, column) = (place(one)?, place(other)?);
        let (one, other) = (FILLED[row], FILLED[column]);
        let text = self
            .texts
            .get(row)?
            .get(column)?
            .get_or_init(|| (self.text)(one, other));
        Some((text, one, other))
    }
}

/// Open records and usage rows.
pub(super) static CALLS: Together = Together::new(|opens, settled| {
    let open = (opens > 0).then(|| open(opens));
    let usage = (settled > 0).then(|| usage(settled));
    [open, usage].into_iter().flatten().collect::<Vec<_>>().join("; ")
});

/// The sums by day, by quarter-hour, and the open records that go.
pub(super) static SUMS: Together = Together::new(|sums, closed| {
    let rollups = (sums > 0).then(|| [days(sums), quarters(sums)]);
    let close = (closed > 0).then(|| close(closed));
    let texts: Vec<String> = rollups.into_iter().flatten().chain(close).collect();
    texts.join("; ")
});

fn open(rows: usize) -> String {
    let (names, values) = (names(&OPEN), marks(OPEN.len(), rows));
    format!("INSERT INTO calls_open ({names}) VALUES {values} ON CONFLICT (key) DO NOTHING")
}

fn usage(rows: usize) -> String {
    let (names, values) = (names(&USAGE), marks(USAGE.len(), rows));
    format!("INSERT INTO usage_logs ({names}) VALUES {values} ON CONFLICT (id) DO NOTHING RETURNING id")
}

fn quarters(rows: usize) -> String {
    rollup("usage_quarters", &format!("VALUES {}", marks(ROLLUP.len(), rows)))
}

fn days(rows: usize) -> String {
    rollup("usage_days", &format!("VALUES {}", marks(ROLLUP.len(), rows)))
}

fn close(rows: usize) -> String {
    format!("DELETE FROM calls_open WHERE key IN {}", marks(rows, 1))
}

pub(super) struct Sqlite {
    pub open: BySize,
    pub usage: BySize,
    pub quarters: BySize,
    pub days: BySize,
    pub close: BySize,
    pub checkpoint: BySize,
}

pub(super) static SQLITE: LazyLock<Sqlite> = LazyLock::new(|| Sqlite {
    open: BySize::new(open),
    usage: BySize::new(usage),
    quarters: BySize::new(quarters),
    days: BySize::new(days),
    close: BySize::new(close),
    checkpoint: BySize::new(|rows| {
        format!(
            "UPDATE calls_open SET tok_input = v.column2, tok_cache_read = v.column3, tok_cache_write_5m = v.column4, \
             tok_cache_write_1h = v.column5, tok_output = v.column6 FROM (VALUES {}) AS v WHERE calls_open.key = v.column1",
            marks(6, rows)
        )
    }),
});

pub(super) struct Postgres {
    pub open: String,
    pub usage: String,
    pub quarters: String,
    pub days: String,
}

pub(super) static POSTGRES: LazyLock<Postgres> = LazyLock::new(|| Postgres {
    open: format!(
        "INSERT INTO calls_open ({}) SELECT * FROM {} ON CONFLICT (key) DO NOTHING",
        names(&OPEN),
        unnest(&OPEN)
    ),
    usage: format!(
        "INSERT INTO usage_logs ({}) SELECT * FROM {} ON CONFLICT (id) DO NOTHING RETURNING id",
        names(&USAGE),
        unnest(&USAGE)
    ),
    quarters: rollup("usage_quarters", &format!("SELECT * FROM {}", unnest(&ROLLUP))),
    days: rollup("usage_days", &format!("SELECT * FROM {}", unnest(&ROLLUP))),
});

pub(super) const POSTGRES_CLOSE: &str = "DELETE FROM calls_open WHERE key = ANY($1::bigint[])";
pub(super) const POSTGRES_CHECKPOINT: &str = "UPDATE calls_open SET tok_input = v.i, tok_cache_read = v.r, \
     tok_cache_write_5m = v.w5, tok_cache_write_1h = v.w1, tok_output = v.o \
     FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) \
     AS v(k, i, r, w5, w1, o) WHERE calls_open.key = v.k";
/// Changes a row only when the batch has not been counted yet.
pub(super) const COUNT_REFUSALS: &str = "UPDATE nodes SET refusals = $1 WHERE id = $2 AND refusals < $1";

fn names(columns: &[(&str, &str)]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// `(?, ?), (?, ?)`
fn marks(columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    vec![row; rows].join(", ")
}

/// `UNNEST($1::bigint[], $2::uuid[])`
fn unnest(columns: &[(&str, &str)]) -> String {
    let arrays = columns
        .iter()
        .enumerate()
        .map(|(index, (_, kind))| format!("${}::{kind}[]", index + 1));
    format!("UNNEST({})", arrays.collect::<Vec<_>>().join(", "))
}

fn rollup(table: &str, rows: &str) -> String {
    let (key, sums) = ROLLUP.split_at(ROLLUP_KEY);
    let add = sums
        .iter()
        .map(|(name, _)| format!("{name} = {table}.{name} + excluded.{name}"));
    format!(
        "INSERT INTO {table} ({}) {rows} ON CONFLICT ({}) DO UPDATE SET {}",
        names(&ROLLUP),
        names(key),
        add.collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_into_sizes_that_have_a_text() {
        let rows: Vec<u8> = (0..203).collect();
        let sizes: Vec<usize> = in_sizes(&rows).map(<[u8]>::len).collect();
        assert_eq!(sizes, [64, 64, 64, 8, 2, 1]);
        assert_eq!(in_sizes(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        for size in sizes {
            assert_eq!(SQLITE.close.get(size).matches('?').count(), size);
        }
    }

    #[test]
    fn texts_sent_together_take_as_many_values_as_they_say() {
        for (one, other) in [(0, 1), (1, 0), (3, 5), (32, 32), (9, 17)] {
            let (text, opens, settled) = CALLS.get(one, other).unwrap();
            assert!(opens >= one && settled >= other);
            assert_eq!(text.matches('?').count(), opens * OPEN.len() + settled * USAGE.len());
            let (text, sums, closed) = SUMS.get(one, other).unwrap();
            assert_eq!(text.matches('?').count(), 2 * sums * ROLLUP.len() + closed);
        }
        assert!(CALLS.get(33, 0).is_none() && CALLS.get(0, 33).is_none());
    }
}
