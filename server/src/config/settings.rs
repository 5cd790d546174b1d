//! The list of settings, read from `weirgate.default.toml`: that file is the defaults, the documentation and this table at once.
//!
//! Line shapes: `[section]`, `# documentation`, `#: secret · env NAME, OTHER (minutes) · not used yet`, `key = default`, and
//! `#key = example` for a setting without a default.

use std::sync::LazyLock;

use figment::{
    providers::{Format, Toml},
    value::{Dict, Value},
};

/// The text that is compiled in.
pub const DEFAULT_TOML: &str = include_str!("../../../weirgate.default.toml");

/// One setting.
pub struct Setting {
    /// `section.name`.
    pub key: String,
    pub documentation: String,
    /// The default, or the example of a setting without one. Its type is the setting's.
    pub sample: Value,
    pub has_default: bool,
    /// Masked when shown; also read from a file.
    pub secret: bool,
    /// Understood and checked, but nothing acts on it in this version.
    pub unused: bool,
    /// Customary variables, most specific first.
    pub variables: Vec<Variable>,
}

/// A customary environment variable and the unit its plain number stands for.
pub struct Variable {
    pub name: String,
    /// A suffix of a duration: `m` turns `15` into `15m`.
    pub unit: Option<&'static str>,
}

impl Setting {
    pub fn section(&self) -> &str {
        self.key.split_once('.').map_or("", |(section, _)| section)
    }

    /// `WEIRGATE_SECTION__NAME`.
    pub fn own_variable(&self) -> String {
        format!("WEIRGATE_{}", self.key.replace('.', "__").to_uppercase())
    }

    /// The default as it would stand in a file.
    pub fn shown_sample(&self) -> String {
        shown(&self.sample)
    }
}

/// Every setting, in the order of the file.
pub fn all() -> &'static [Setting] {
    static ALL: LazyLock<Vec<Setting>> = LazyLock::new(|| read(DEFAULT_TOML));
    &ALL
}

pub fn find(key: &str) -> Option<&'static Setting> {
    all().iter().find(|setting| setting.key == key)
}

/// A value as one line of text.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Bool(_, yes) => yes.to_string(),
        Value::Num(_, number) => number
            .to_i128()
            .map(|number| number.to_string())
            .or_else(|| number.to_u128().map(|number| number.to_string()))
            .unwrap_or_default(),
        Value::Array(_, items) => items.iter().map(shown).collect::<Vec<_>>().join(","),
        Value::Char(..) | Value::Empty(..) | Value::Dict(..) => String::new(),
    }
}

fn read(text: &str) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut section = String::new();
    let mut documentation: Vec<&str> = Vec::new();
    let mut marks = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
            documentation.clear();
        } else if let Some(rest) = line.strip_prefix("#: ") {
            marks = rest;
        } else if let Some(rest) = line.strip_prefix("# ") {
            documentation.push(rest);
        } else if let Some((name, sample)) = assignment(line) {
            let mut setting = Setting {
                key: format!("{section}.{name}"),
                documentation: documentation.join("\n"),
                sample,
                has_default: !line.starts_with('#'),
                secret: false,
                unused: false,
                variables: Vec::new(),
            };
            mark(&mut setting, marks);
            settings.push(setting);
            documentation.clear();
            marks = "";
        } else {
            documentation.clear();
        }
    }
    settings
}

/// `name = value` or `#name = value`.
fn assignment(line: &str) -> Option<(String, Value)> {
    let line = line.strip_prefix('#').unwrap_or(line);
    if !line.starts_with(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    let mut parsed: Dict = Toml::from_str(line).ok()?;
    parsed.pop_first()
}

fn mark(setting: &mut Setting, marks: &str) {
    for mark in marks.split(" · ") {
        match mark.trim() {
            "secret" => setting.secret = true,
            "not used yet" => setting.unused = true,
            other => {
                let names = other.strip_prefix("env ").unwrap_or_default();
                setting.variables = names
                    .split(", ")
                    .filter(|name| !name.is_empty())
                    .map(variable)
                    .collect();
            }
        }
    }
}

fn variable(text: &str) -> Variable {
    let (name, unit) = text.split_once(' ').unwrap_or((text, ""));
    let unit = match unit {
        "(milliseconds)" => Some("ms"),
        "(minutes)" => Some("m"),
        "(hours)" => Some("h"),
        "(days)" => Some("d"),
        _ => None,
    };
    Variable {
        name: name.to_owned(),
        unit,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn table_is_read_from_the_file() {
        let port = find("server.port").unwrap();
        assert_eq!(port.shown_sample(), "3741");
        assert_eq!(port.variables[0].name, "PORT");
        assert_eq!(port.own_variable(), "WEIRGATE_SERVER__PORT");
        let secret = find("auth.jwt_secret").unwrap();
        assert!(secret.secret && !secret.has_default);
        assert_eq!(secret.variables.len(), 2);
        let ttl = find("auth.access_ttl").unwrap();
        assert_eq!(ttl.variables[1].name, "ACCESS_TOKEN_EXPIRE_MINUTES");
        assert_eq!(ttl.variables[1].unit, Some("m"));
        assert!(find("redis.url").unwrap().unused);
    }

    #[test]
    fn every_setting_is_documented_and_listed_once() {
        let mut keys: Vec<&str> = all().iter().map(|setting| setting.key.as_str()).collect();
        for setting in all() {
            assert!(
                !setting.documentation.is_empty(),
                "{} has no documentation",
                setting.key
            );
        }
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all().len());
    }
}
