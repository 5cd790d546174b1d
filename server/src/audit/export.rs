//! The audit log as one file: read from the database by the page and sent on, so that its size does not matter.

use bytes::Bytes;
use futures_util::{Stream, stream};
use types::{AuditId, Refusal, audit::AuditEntry, error::FieldErrors};

use super::read::{Filter, Scope, shown, wanted};
use crate::{
    Error, State,
    db::{self, audit::Wanted},
    error::Result,
};

/// Rows read together.
const ROWS: u64 = 500;
const COLUMNS: &str =
    "id,at,organization_id,actor_kind,actor_id,actor_name,action,target_kind,target_id,target_name,address,details\r\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180 with a head line.
    Csv,
    /// One array.
    Json,
}

/// What [`super::page`] gives, all of it, newest first.
///
/// Errors: 422 for a filter that means nothing, before anything is sent. A failure later on breaks the stream off, so that half a file does not
/// look whole.
pub fn export(
    state: &State,
    scope: Scope,
    filter: Filter,
    format: Format,
) -> Result<impl Stream<Item = Result<Bytes>> + Send + use<>> {
    let mut errors = FieldErrors::new();
    let wanted = wanted(scope, filter, &mut errors);
    Refusal::fields(errors)?;
    let file = File {
        state: state.clone(),
        wanted,
        format,
        next: Some(Next::Head),
    };
    Ok(stream::try_unfold(file, |mut file| async move {
        match file.piece().await {
            Ok(Some(piece)) => Ok(Some((piece, file))),
            Ok(None) => Ok(None),
            Err(error) => {
                tracing::warn!(error_class = error.class(), detail = %error, "an export of the audit log broke off");
                Err(error)
            }
        }
    }))
}

struct File {
    state: State,
    wanted: Wanted,
    format: Format,
    /// None when everything was sent.
    next: Option<Next>,
}

enum Next {
    Head,
    /// After this row; none before the first.
    Rows(Option<AuditId>),
}

impl File {
    async fn piece(&mut self) -> Result<Option<Bytes>> {
        let Some(next) = self.next.take() else {
            return Ok(None);
        };
        let after = match next {
            Next::Head => {
                self.next = Some(Next::Rows(None));
                return Ok(Some(Bytes::from_static(match self.format {
                    Format::Csv => COLUMNS.as_bytes(),
                    Format::Json => b"[",
                })));
            }
            Next::Rows(after) => after,
        };
        let rows = db::audit::page(self.state.db(), &self.wanted, after, ROWS).await?;
        let is_last = u64::try_from(rows.len()).unwrap_or(u64::MAX) < ROWS;
        if !is_last {
            self.next = rows.last().map(|row| Next::Rows(Some(AuditId(row.id))));
        }
        let mut text = Vec::new();
        for (index, row) in rows.into_iter().enumerate() {
            let entry = shown(&self.state, row);
            match self.format {
                Format::Csv => text.extend_from_slice(line(&entry).as_bytes()),
                Format::Json => {
                    let is_first = after.is_none() && index == 0;
                    text.extend_from_slice(if is_first { b"\n" } else { b",\n" });
                    serde_json::to_writer(&mut text, &entry).map_err(Error::internal)?;
                }
            }
        }
        if is_last && self.format == Format::Json {
            text.extend_from_slice(b"\n]\n");
        }
        Ok(Some(Bytes::from(text)))
    }
}

fn line(entry: &AuditEntry) -> String {
    let cells = [
        entry.id.to_string(),
        entry.at.to_rfc3339(),
        entry.organization_id.map(|id| id.to_string()).unwrap_or_default(),
        entry.actor.kind.clone(),
        entry.actor.id.map(|id| id.to_string()).unwrap_or_default(),
        entry.actor.name.clone().unwrap_or_default(),
        entry.action.clone(),
        entry.target.kind.clone(),
        entry.target.id.clone().unwrap_or_default(),
        entry.target.name.clone().unwrap_or_default(),
        entry.address.clone().unwrap_or_default(),
        entry.details.to_string(),
    ];
    let mut line = cells.iter().map(|text| cell(text)).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection"), also in the wide forms of East Asian keyboards.
const FORMULA: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'];

/// One cell: a formula is made text by an apostrophe, control characters are written out, and quotes stand where RFC 4180 wants them.
fn cell(text: &str) -> String {
    let mut plain = String::with_capacity(text.len() + 2);
    if text.starts_with(FORMULA) {
        plain.push('\'');
    }
    for character in text.chars() {
        if character.is_control() {
            plain.extend(character.escape_default());
        } else {
            plain.push(character);
        }
    }
    if plain.contains(['"', ',']) {
        format!("\"{}\"", plain.replace('"', "\"\""))
    } else {
        plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cell_is_text_to_every_spreadsheet() {
        for (text, expected) in [
            ("", ""),
            ("the laptop", "the laptop"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\\t=1"),
            ("\r\n=1", "'\\r\\n=1"),
            ("\0=1", "'\\u{0}=1"),
            ("＝1", "'＝1"),
            ("a\r\nb", "a\\r\\nb"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }
}
