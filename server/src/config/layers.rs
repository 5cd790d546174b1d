//! Laying the sources over each other: defaults, files, environment, command line. Each value keeps the name of its source.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Metadata, Profile, Provider,
    error::Kind,
    providers::{Format, Toml},
    value::{Dict, Map, Value},
};
use serde::de::DeserializeOwned;

use super::{ConfigError, env, settings};

/// One value and where it came from.
pub struct Given {
    pub key: String,
    pub value: Value,
    pub source: String,
}

/// What `serve` and its like take from the command line.
#[derive(Clone, Default)]
pub struct Sources {
    /// `--config`, in order; when empty `weirgate.toml` of the working directory is read if it is there.
    pub files: Vec<PathBuf>,
    /// Keys and values given as flags.
    pub flags: Vec<(&'static str, String)>,
    pub env: env::Env,
    /// Leaves `weirgate.toml` of the working directory alone.
    pub no_usual_file: bool,
}

/// Lists, which are not settings with one value.
const LISTS: [&str; 3] = ["providers", "models", "sign_in_providers"];

/// All layers laid over each other.
pub struct Merged(BTreeMap<String, Given>);

impl Merged {
    pub fn of(sources: &Sources) -> Result<Self, ConfigError> {
        let mut merged = Merged(BTreeMap::new());
        for setting in settings::all().iter().filter(|setting| setting.has_default) {
            merged.lay(Given {
                key: setting.key.clone(),
                value: setting.sample.clone(),
                source: "default".into(),
            });
        }
        for path in files(sources) {
            file(&path)?.into_iter().for_each(|given| merged.lay(given));
        }
        env::layer(&sources.env)?
            .into_iter()
            .for_each(|given| merged.lay(given));
        for (key, value) in &sources.flags {
            let number = value.parse::<u64>().map(Value::from);
            merged.lay(Given {
                key: (*key).to_owned(),
                value: match settings::find(key).map(|setting| &setting.sample) {
                    Some(Value::Num(..)) => number.unwrap_or_else(|_| Value::from(value.as_str())),
                    _ => Value::from(value.as_str()),
                },
                source: "command line".into(),
            });
        }
        Ok(merged)
    }

    fn lay(&mut self, given: Given) {
        self.0.insert(given.key.clone(), given);
    }

    pub fn get(&self, key: &str) -> Option<&Given> {
        self.0.get(key)
    }

    /// The typed form. An error names the key and the source, never a secret's value.
    pub fn extract<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        Figment::from(self).extract().map_err(|error| {
            let mut key = error.path.join(".");
            let message = match &error.kind {
                Kind::UnknownField(name, known) => {
                    key = if key.ends_with(name.as_str()) {
                        key
                    } else {
                        format!("{key}.{name}")
                    };
                    format!("no setting has this name{}", nearest(name, known.iter().copied()))
                }
                Kind::UnknownVariant(_, known) => format!("must be one of {}", known.join(", ")),
                Kind::MissingField(name) => format!("needs `{name}`"),
                _ if secret(&key) => "must be text".into(),
                Kind::Message(message) => message.clone(),
                Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
                    format!("must be {expected}, not {actual}")
                }
                other => other.to_string(),
            };
            let setting = key.split('.').take(2).collect::<Vec<_>>().join(".");
            let list = key.split('.').next().unwrap_or_default();
            let given = self.get(&setting).or_else(|| self.get(list));
            let source = given.map_or(String::new(), |given| format!(" (from {})", given.source));
            ConfigError::new(key, format!("{message}{source}"))
        })
    }
}

/// Keys whose value no message may hold.
fn secret(key: &str) -> bool {
    settings::find(key).is_some_and(|setting| setting.secret)
        || key.ends_with("api_key")
        || key.ends_with("client_secret")
}

impl Provider for &Merged {
    fn metadata(&self) -> Metadata {
        Metadata::named("configuration")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut nested = Dict::new();
        for setting in settings::all() {
            // Sections whose settings have no default must be there too.
            nested
                .entry(setting.section().to_owned())
                .or_insert_with(|| Value::from(Dict::new()));
        }
        for given in self.0.values() {
            match given.key.split_once('.') {
                Some((section, name)) => {
                    if let Some(Value::Dict(_, dict)) = nested.get_mut(section) {
                        dict.insert(name.to_owned(), given.value.clone());
                    }
                }
                None => {
                    nested.insert(given.key.clone(), given.value.clone());
                }
            }
        }
        Ok(Map::from([(Profile::Default, nested)]))
    }
}

fn files(sources: &Sources) -> Vec<PathBuf> {
    let usual = Path::new("weirgate.toml");
    if sources.files.is_empty() && !sources.no_usual_file && usual.is_file() {
        return vec![usual.to_owned()];
    }
    sources.files.clone()
}

/// Reads one file into flat keys and refuses what nobody knows.
fn file(path: &Path) -> Result<Vec<Given>, ConfigError> {
    let name = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|error| ConfigError::new(&name, format!("cannot be read: {error}")))?;
    let tables: Dict = Toml::from_str(&text).map_err(|error| ConfigError::new(&name, error.to_string()))?;
    let mut given = Vec::new();
    for (section, value) in tables {
        match value {
            value if LISTS.contains(&section.as_str()) => given.push(Given {
                key: section,
                value,
                source: name.clone(),
            }),
            Value::Dict(_, settings) => {
                for (key, value) in settings {
                    given.push(known(&name, format!("{section}.{key}"), value)?);
                }
            }
            _ => return Err(unknown(&name, &section)),
        }
    }
    Ok(given)
}

fn known(file: &str, key: String, value: Value) -> Result<Given, ConfigError> {
    if settings::find(&key).is_some() {
        return Ok(Given {
            key,
            value,
            source: file.to_owned(),
        });
    }
    let of_file = key
        .strip_suffix("_file")
        .and_then(settings::find)
        .filter(|setting| setting.secret);
    match (of_file, value.as_str()) {
        (Some(setting), Some(path)) => Ok(Given {
            key: setting.key.clone(),
            value: Value::from(secret_file(&key, path)?),
            source: format!("{file} {key}"),
        }),
        _ => Err(unknown(file, &key)),
    }
}

fn unknown(file: &str, key: &str) -> ConfigError {
    let keys = settings::all().iter().map(|setting| setting.key.as_str());
    let hint = nearest(key, keys.chain(LISTS));
    ConfigError::new(key, format!("no setting has this name{hint} (in {file})"))
}

/// `; did you mean X?` for the known name that is most like `name`, or nothing when none is.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    known
        .map(|key| {
            let whole = strsim::jaro_winkler(name, key);
            // A right name in the wrong section is nearer than a similar name elsewhere.
            let name_alone = strsim::jaro_winkler(&last(name), &last(key)) * 0.98;
            (whole.max(name_alone), key)
        })
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .filter(|(likeness, _)| *likeness > 0.7)
        .map_or(String::new(), |(_, key)| format!("; did you mean {key}?"))
}

/// The content of a secret's file without the line end that editors add.
pub fn secret_file(setting: &str, path: &str) -> Result<String, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::new(setting, format!("the file {path} cannot be read: {error}")))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(ConfigError::new(setting, format!("the file {path} is empty")));
    }
    Ok(text.to_owned())
}
