//! `weirgate keys import`: reads a list of keys from elsewhere, as CSV or as JSON lines, and says what became of each line.
//!
//! A list holds secrets: no message repeats a value that could be one, whatever column it slipped into.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value};
use server::{
    crypto::Secret,
    keys::import::{self, How, Line, Refused, Report},
};

use crate::commands::Settings;

/// A list larger than this is not one of keys.
const LARGEST: u64 = 64 * 1024 * 1024;
const MOST_LINES: usize = 50_000;

#[derive(Args)]
pub struct Import {
    /// The list; standard input without it. CSV with a header, or one JSON object a line, with `key` (the key itself) or `hash` (its
    /// SHA-256 in hex, LiteLLM's `token`), `email` (of its owner), and optionally `name`, `organization` (slug), `models`, `expires_at`
    file: Option<PathBuf>,
    /// [default: by the file's name, else by how it begins]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Only say what would become of each line
    #[arg(long)]
    dry_run: bool,
    /// Take over the good lines although others are refused; without it one refused line means that nothing is taken over
    #[arg(long)]
    skip_refused: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Jsonl,
}

type ReadLine = Result<Line, (u64, Refused)>;

pub async fn run(settings: &Settings, command: Import) -> anyhow::Result<()> {
    let text = text(command.file.as_deref())?;
    let format = command
        .format
        .unwrap_or_else(|| format_of(command.file.as_deref(), &text));
    let lines = match format {
        Format::Csv => from_csv(&text)?,
        Format::Jsonl => from_json_lines(&text),
    };
    drop(text);
    match lines.len() {
        0 => bail!("the list names no keys"),
        1..=MOST_LINES => {}
        _ => bail!("the list has more than {MOST_LINES} lines; split it"),
    }
    let how = match (command.dry_run, command.skip_refused) {
        (true, _) => How::DryRun,
        (false, true) => How::WhatIsGood,
        (false, false) => How::Whole,
    };
    let state = settings.state().await?;
    let report = import::import(&state, lines, how).await;
    state.shutdown().await;
    tell(&report.context("the keys could not be written")?, how)
}

fn tell(report: &Report, how: How) -> anyhow::Result<()> {
    let refused = report.refused();
    let good = report.lines.len() - refused;
    for (number, outcome) in &report.lines {
        match outcome {
            Ok(taken) => {
                let verb = if report.written > 0 { "imported" } else { "good" };
                println!(
                    "line {number}: {verb}: {:?} of {} in {}",
                    taken.name, taken.email, taken.organization
                );
            }
            Err(reason) => println!("line {number}: refused: {reason}"),
        }
    }
    println!(
        "Lines: {}, good: {good}, refused: {refused}, imported: {}",
        report.lines.len(),
        report.written
    );
    match (how, refused) {
        (_, 0) if how == How::DryRun => println!("Nothing was written: this was a dry run."),
        (_, 0) => {}
        (How::WhatIsGood, _) => bail!("{refused} lines were refused"),
        (How::DryRun, _) => bail!("{refused} lines would be refused"),
        (How::Whole, _) => {
            bail!("nothing was imported, because {refused} lines are refused; mend them, or give --skip-refused")
        }
    }
    Ok(())
}

fn text(file: Option<&Path>) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let (read, named) = match file.filter(|file| *file != Path::new("-")) {
        Some(path) => {
            let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
            (
                file.take(LARGEST + 1).read_to_end(&mut bytes),
                path.display().to_string(),
            )
        }
        None => (
            std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes),
            "standard input".to_owned(),
        ),
    };
    read.with_context(|| format!("cannot read {named}"))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        bail!("the list is larger than {LARGEST} bytes");
    }
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("the list is not UTF-8"))?;
    // Spreadsheets begin their files with a byte order mark.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn format_of(file: Option<&Path>, text: &str) -> Format {
    let ending = file.and_then(Path::extension).and_then(|ending| ending.to_str());
    match ending.map(str::to_lowercase).as_deref() {
        Some("csv") => Format::Csv,
        Some("jsonl" | "ndjson" | "json") => Format::Jsonl,
        _ if text.trim_start().starts_with('{') => Format::Jsonl,
        _ => Format::Csv,
    }
}

/// What a column or a field is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Key,
    Hash,
    Email,
    Name,
    Organization,
    Models,
    ExpiresAt,
}

impl Field {
    /// Our names, and those of LiteLLM's tables.
    fn of(name: &str) -> Option<Self> {
        Some(match name.trim() {
            "key" => Field::Key,
            "hash" | "token" => Field::Hash,
            "email" | "user_email" => Field::Email,
            "name" | "key_alias" => Field::Name,
            "organization" => Field::Organization,
            "models" => Field::Models,
            "expires_at" | "expires" => Field::ExpiresAt,
            _ => return None,
        })
    }
}

/// A name of a column that may be repeated: a list without a header has a key where the name would stand.
fn repeatable(name: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    ((1..=30).contains(&name.len()) && name.bytes().all(plain)).then_some(name)
}

const KNOWN: &str = "key or hash, email, name, organization, models, expires_at";

fn from_csv(text: &str) -> anyhow::Result<Vec<ReadLine>> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let unreadable = || anyhow::anyhow!("the first line is not a header: {KNOWN}");
    let mut columns = Vec::new();
    for (at, name) in reader.headers().map_err(|_| unreadable())?.iter().enumerate() {
        let Some(field) = Field::of(name) else {
            match repeatable(name) {
                Some(name) => bail!("the column {name} is not one of {KNOWN}; leave it out of the list"),
                None => bail!(
                    "column {} has a name that is not one of {KNOWN}; does the list have a header?",
                    at + 1
                ),
            }
        };
        if columns.contains(&field) {
            bail!("column {} stands for the same as another one", at + 1);
        }
        columns.push(field);
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        let (number, line) = match record {
            Ok(record) => (
                record.position().map_or(0, csv::Position::line),
                csv_line(&columns, &record),
            ),
            Err(error) => (
                error.position().map_or(0, csv::Position::line),
                Err(Refused::Unreadable("this is no line of CSV")),
            ),
        };
        lines.push(
            line.map(|line| Line { number, ..line })
                .map_err(|refused| (number, refused)),
        );
        if lines.len() > MOST_LINES {
            break;
        }
    }
    Ok(lines)
}

fn csv_line(columns: &[Field], record: &csv::StringRecord) -> Result<Line, Refused> {
    if record.len() != columns.len() {
        return Err(Refused::Unreadable("it has more or fewer fields than the header"));
    }
    let mut line = empty();
    for (field, text) in columns.iter().zip(record) {
        // PostgreSQL's \copy writes nothing for NULL; some tools write the word.
        if text.is_empty() || text == "NULL" || text == "\\N" {
            continue;
        }
        set(&mut line, *field, text.to_owned())?;
    }
    Ok(line)
}

fn from_json_lines(text: &str) -> Vec<ReadLine> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines
        .take(MOST_LINES + 1)
        .map(|(number, text)| match json_line(text) {
            Ok(line) => Ok(Line { number, ..line }),
            Err(refused) => Err((number, refused)),
        })
        .collect()
}

/// The parser's own words may repeat what it read, so ours are used.
fn json_line(text: &str) -> Result<Line, Refused> {
    let object: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| Refused::Unreadable("this is no JSON object"))?;
    let mut line = empty();
    let mut seen = Vec::new();
    for (name, value) in object {
        let field = Field::of(&name).ok_or(Refused::Unreadable(
            "it has a field that is not one of key or hash, email, name, organization, models, expires_at",
        ))?;
        if seen.contains(&field) {
            return Err(Refused::Unreadable("two of its fields stand for the same"));
        }
        seen.push(field);
        match value {
            Value::Null => {}
            Value::String(text) => set(&mut line, field, text)?,
            Value::Array(items) if field == Field::Models => {
                let names = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
                line.models = Option::<Vec<String>>::ok_or(names, Refused::Unreadable("`models` is no list of names"))?;
            }
            _ => return Err(Refused::Unreadable("a field has another type than text")),
        }
    }
    Ok(line)
}

fn empty() -> Line {
    Line {
        number: 0,
        key: None,
        hash: None,
        email: String::new(),
        name: "imported".to_owned(),
        organization: None,
        models: Vec::new(),
        expires_at: None,
    }
}

fn set(line: &mut Line, field: Field, text: String) -> Result<(), Refused> {
    match field {
        Field::Key => line.key = Some(Secret::new(text)),
        Field::Hash => line.hash = Some(text),
        Field::Email => line.email = text,
        Field::Name => line.name = text,
        Field::Organization => line.organization = Some(text),
        Field::Models => line.models = models(&text)?,
        Field::ExpiresAt => line.expires_at = Some(text),
    }
    Ok(())
}

/// `a b`, `a;b`, `a|b`, a JSON list, or an array as PostgreSQL prints it.
fn models(text: &str) -> Result<Vec<String>, Refused> {
    let text = text.trim();
    if text.starts_with('[') {
        return serde_json::from_str(text).map_err(|_| Refused::Unreadable("`models` is no list of names"));
    }
    let array = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let names = match array {
        Some(inside) => inside.split([',']).collect::<Vec<_>>(),
        None => text.split([' ', ';', '|', '\t']).collect(),
    };
    let names = names.into_iter().map(|name| name.trim().trim_matches('"'));
    Ok(names.filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const KEY: &str = "sk-aBcDeFgHiJkLmNoPqRsTuV";

    #[test]
    fn both_formats_say_the_same() {
        let csv = format!(
            "key,email,name,organization,models,expires_at\n{KEY},anna@example.com,\"the, laptop\",acme,a b,2027-01-31\n"
        );
        let json = format!(
            r#"{{"key":"{KEY}","email":"anna@example.com","name":"the, laptop","organization":"acme","models":["a","b"],"expires_at":"2027-01-31"}}"#
        );
        let mut numbers = Vec::new();
        for read in [from_csv(&csv).unwrap(), from_json_lines(&json)] {
            let line = read.into_iter().next().unwrap().unwrap();
            numbers.push(line.number);
            assert_eq!(line.key.unwrap().expose(), KEY);
            assert_eq!(
                (line.email.as_str(), line.name.as_str(), line.organization.as_deref()),
                ("anna@example.com", "the, laptop", Some("acme"))
            );
            assert_eq!(line.models, ["a", "b"]);
            assert_eq!(line.expires_at.as_deref(), Some("2027-01-31"));
        }
        assert_eq!(numbers, [2, 1]);
    }

    #[test]
    fn table_of_litellm_is_read_as_psql_prints_it() {
        let sum = "ab".repeat(32);
        let csv = format!(
            "token,user_email,key_alias,models,expires\n{sum},anna@example.com,,{{}},\n{sum},b@example.com,x,\"{{gpt-4o,\"\"a b\"\"}}\",2027-01-31 12:00:00\n"
        );
        let lines: Vec<Line> = from_csv(&csv).unwrap().into_iter().map(|line| line.unwrap()).collect();
        assert_eq!(lines[0].hash.as_deref(), Some(sum.as_str()));
        assert_eq!(
            (lines[0].name.as_str(), lines[0].models.len(), &lines[0].expires_at),
            ("imported", 0, &None)
        );
        assert_eq!(lines[1].models, ["gpt-4o", "a b"]);
    }

    #[test]
    fn no_message_repeats_a_key() {
        // A list without a header, a key in a strange place, a broken line.
        let without_header = from_csv(&format!("{KEY},anna@example.com\n"))
            .err()
            .unwrap()
            .to_string();
        assert!(
            without_header.contains("header") && !without_header.contains("sk-"),
            "{without_header}"
        );
        let unknown = from_csv("key,spend\n").err().unwrap().to_string();
        assert!(unknown.contains("spend"), "{unknown}");
        for text in [
            format!(r#"{{"{KEY}":"anna@example.com"}}"#),
            format!(r#"{{"key":{KEY}}}"#),
            format!(r#"["{KEY}"]"#),
            format!(r#"{{"models":"[{KEY}"}}"#),
            format!(r#"{{"key":["{KEY}"]}}"#),
            format!(r#"{{"key":"{KEY}","key":"{KEY}","hash":"x","token":"y"}}"#),
        ] {
            let (number, refused) = from_json_lines(&text).into_iter().next().unwrap().err().unwrap();
            assert_eq!(number, 1);
            assert!(!refused.to_string().contains("sk-"), "{refused}");
        }
        let (number, refused) = from_csv(&format!("key,email\n{KEY}\n"))
            .unwrap()
            .remove(0)
            .err()
            .unwrap();
        assert_eq!(number, 2);
        assert!(!refused.to_string().contains("sk-"), "{refused}");
    }
}
