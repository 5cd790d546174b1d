//! YAML, edited by whole lines and read again: an edit that would not mean what it should is refused.

use std::ops::Range;

use serde_json::Value;
use types::clients::File;
use yaml_rust2::{Yaml, YamlLoader};

use super::{Result, expected, is_same};

pub fn join(there: &str, file: &File) -> Result<String> {
    let wanted = read(&file.text)?;
    let mut meant = read(there)?;
    if meant.is_null() {
        // Nothing but comments.
        return Ok(ended(there) + &file.text);
    }
    match (&meant, &wanted) {
        (Value::Object(_), Value::Object(_)) | (Value::Array(_), Value::Array(_)) => {}
        (_, Value::Array(_)) => return Err("it is no list".to_owned()),
        _ => return Err("it is no mapping".to_owned()),
    }
    let before = meant.clone();
    expected(&mut meant, &wanted, file, "")?;
    if meant == before {
        return Ok(there.to_owned());
    }
    let text = match &wanted {
        Value::Array(_) => list(there, &file.text, file),
        _ => mapping(there, &before, &wanted, file),
    };
    match read(&text) {
        Ok(value) if value == meant => Ok(text),
        _ => Err("it is written in a way that cannot be edited safely".to_owned()),
    }
}

fn read(text: &str) -> Result<Value> {
    let mut documents = YamlLoader::load_from_str(text).map_err(|error| format!("it is no YAML: {error}"))?;
    match (documents.pop(), documents.is_empty()) {
        (None, _) => Ok(Value::Null),
        (Some(only), true) => value(only).ok_or_else(|| "it holds something that has no place in settings".to_owned()),
        (Some(_), false) => Err("it holds several documents".to_owned()),
    }
}

/// `None` for what only YAML has: references, keys that are no text.
fn value(yaml: Yaml) -> Option<Value> {
    Some(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Boolean(value) => value.into(),
        Yaml::Integer(value) => value.into(),
        Yaml::Real(text) => Value::String(text),
        Yaml::String(text) => text.into(),
        Yaml::Array(items) => Value::Array(items.into_iter().map(value).collect::<Option<_>>()?),
        Yaml::Hash(fields) => {
            let field = |(name, inner): (Yaml, Yaml)| Some((name.into_string()?, value(inner)?));
            Value::Object(fields.into_iter().map(field).collect::<Option<_>>()?)
        }
        Yaml::Alias(_) | Yaml::BadValue => return None,
    })
}

fn mapping(there: &str, before: &Value, wanted: &Value, file: &File) -> String {
    let mut text = ended(there);
    for (name, wanted) in wanted.as_object().into_iter().flatten() {
        let own = lines_of(&file.text, name)
            .map(|lines| cut(&file.text, lines))
            .unwrap_or_default();
        let is_list = !file.same_by.is_empty() && wanted.is_array();
        match (before.get(name), lines_of(&text, name)) {
            (Some(_), _) if file.keep.contains(&name.as_str()) => {}
            (Some(there), _) if there == wanted => {}
            (Some(Value::Array(items)), Some(lines)) if is_list && !items.is_empty() => {
                let block = cut(&text, lines.clone());
                let (head, rest) = block.split_once('\n').unwrap_or((&block, ""));
                let joined = format!(
                    "{head}\n{}",
                    list(rest, own.split_once('\n').map_or("", |(_, items)| items), file)
                );
                text = put(&text, lines, &joined);
            }
            (Some(_), Some(lines)) => text = put(&text, lines, &own),
            (_, None) | (None, _) => text += &own,
        }
    }
    text
}

/// The lines of a key at the top, with what is indented below it but without comments and blank lines that follow.
fn lines_of(text: &str, name: &str) -> Option<Range<usize>> {
    let is_head = |line: &str| {
        let bare = line.strip_prefix(['"', '\'']).unwrap_or(line);
        let rest = bare
            .strip_prefix(name)
            .map(|rest| rest.strip_prefix(['"', '\'']).unwrap_or(rest));
        rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
    };
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|line| is_head(line))?;
    let is_inside =
        |line: &&str| line.starts_with([' ', '\t', '#']) || line.is_empty() || line.starts_with("- ") || *line == "-";
    let length = lines.iter().skip(start + 1).take_while(|line| is_inside(line)).count();
    Some(start..start + 1 + written(lines.get(start + 1..start + 1 + length)?))
}

/// How many of the lines there are up to the last one that says something.
fn written(lines: &[&str]) -> usize {
    let says = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    lines.iter().rposition(says).map_or(0, |last| last + 1)
}

/// Entries of a block list: those that are the same are replaced, others follow the last one, indented like it.
fn list(there: &str, wanted: &str, file: &File) -> String {
    let mut text = ended(there);
    for range in entries(wanted) {
        let own = cut(wanted, range);
        let same = |range: &Range<usize>| same_entry(&cut(&text, range.clone()), &own, file);
        let places = entries(&text);
        let (indent, last) = (
            places.first().map_or(0, |first| indent_of(&text, first.start)),
            places.last().cloned(),
        );
        text = match (places.into_iter().find(same), last) {
            (Some(place), _) => put(&text, place, &indented(&own, indent)),
            (None, Some(last)) => put(&text, last.end..last.end, &indented(&own, indent)),
            (None, None) => text + &own,
        };
    }
    text
}

/// The entries of the outermost block list, by their lines.
fn entries(text: &str) -> Vec<Range<usize>> {
    let lines: Vec<&str> = text.lines().collect();
    let is_start = |line: &str| line.trim_start().starts_with("- ") || line.trim() == "-";
    let Some(first) = lines.iter().position(|line| is_start(line)) else {
        return Vec::new();
    };
    let indent = indent_of(text, first);
    let starts: Vec<usize> = (first..lines.len())
        .filter(|at| lines.get(*at).is_some_and(|line| is_start(line)) && indent_of(text, *at) == indent)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    let whole = |(start, end): (&usize, usize)| *start..*start + written(lines.get(*start..end).unwrap_or_default());
    starts.iter().zip(ends).map(whole).collect()
}

fn same_entry(there: &str, wanted: &str, file: &File) -> bool {
    let only = |text: &str| match read(&indented(text, 0)) {
        Ok(Value::Array(items)) => items.into_iter().next(),
        _ => None,
    };
    matches!((only(there), only(wanted)), (Some(there), Some(wanted)) if is_same(&there, &wanted, file))
}

fn indent_of(text: &str, line: usize) -> usize {
    let line = text.lines().nth(line).unwrap_or_default();
    line.len() - line.trim_start_matches(' ').len()
}

/// The lines moved so that the first one is indented like this.
fn indented(text: &str, indent: usize) -> String {
    let now = indent_of(text, 0);
    let moved = |line: &str| {
        let own = line.len() - line.trim_start_matches(' ').len();
        let line = line.trim_start_matches(' ');
        match line {
            "" => "\n".to_owned(),
            line => format!("{}{line}\n", " ".repeat((own + indent).saturating_sub(now))),
        }
    };
    text.lines().map(moved).collect()
}

fn cut(text: &str, lines: Range<usize>) -> String {
    text.split_inclusive('\n').skip(lines.start).take(lines.len()).collect()
}

fn put(text: &str, lines: Range<usize>, instead: &str) -> String {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let before = all.get(..lines.start).unwrap_or_default();
    let after = all.get(lines.end..).unwrap_or_default();
    [&before.concat(), instead, &after.concat()].concat()
}

/// With a line's end at the end.
fn ended(text: &str) -> String {
    if text.ends_with('\n') {
        text.to_owned()
    } else {
        format!("{text}\n")
    }
}
