//! The environment as one layer of the configuration: the only place that reads the process's variables.

use std::collections::BTreeMap;

use figment::value::Value;

use super::{
    ConfigError,
    layers::{Given, nearest, secret_file},
    settings::{self, Setting, Variable},
};

/// A copy of the variables, so that tests need not change the process's own.
#[derive(Clone, Default)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment; everything else asks the configuration"
    )]
    pub fn process() -> Self {
        let text = |value: std::ffi::OsString| value.into_string().ok();
        Env(std::env::vars_os()
            .filter_map(|(name, value)| Some((text(name)?, text(value)?)))
            .collect())
    }

    /// The variable's value; an empty one counts as absent, as compose files pass on variables that are not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn is_empty_but_set(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(String::is_empty)
    }

    /// The value of `NAME`, or the content of the file that `NAME_FILE` names; with the name it was found under.
    pub fn secret(&self, name: &str) -> Result<Option<(String, String)>, ConfigError> {
        let file_name = format!("{name}_FILE");
        match (self.get(name), self.get(&file_name)) {
            (Some(_), Some(_)) => Err(ConfigError::new(
                name,
                format!("{name} and {file_name} are both set; keep one"),
            )),
            (Some(value), None) => Ok(Some((value.to_owned(), name.to_owned()))),
            (None, Some(path)) => Ok(Some((secret_file(&file_name, path)?, file_name))),
            (None, None) => Ok(None),
        }
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Env(pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect())
    }
}

/// What the environment sets.
pub fn layer(env: &Env) -> Result<Vec<Given>, ConfigError> {
    refuse_unknown(env)?;
    let mut given = Vec::new();
    for setting in settings::all() {
        given.extend(of_setting(env, setting)?);
    }
    if !given.iter().any(|given| given.key == "database.url") {
        given.extend(postgres(env)?);
    }
    Ok(given)
}

fn of_setting(env: &Env, setting: &Setting) -> Result<Option<Given>, ConfigError> {
    let own = Variable {
        name: setting.own_variable(),
        unit: None,
    };
    for variable in std::iter::once(&own).chain(&setting.variables) {
        let found = if setting.secret {
            env.secret(&variable.name)?
        } else {
            env.get(&variable.name)
                .map(|value| (value.to_owned(), variable.name.clone()))
        };
        if let Some((value, name)) = found {
            return Ok(Some(Given {
                key: setting.key.clone(),
                value: typed(setting, variable, value)?,
                source: format!("environment {name}"),
            }));
        }
        // An empty signing secret is a mistake worth stopping for; the generated one would hide it.
        if setting.section() == "auth" && setting.secret && env.is_empty_but_set(&variable.name) {
            return Err(ConfigError::new(
                &setting.key,
                format!("{} is empty: remove it, or set at least 32 random bytes", variable.name),
            ));
        }
    }
    Ok(None)
}

/// Reads a variable's text as the type the setting has in the file.
fn typed(setting: &Setting, variable: &Variable, text: String) -> Result<Value, ConfigError> {
    let wrong = |expected: &str| ConfigError::new(&setting.key, format!("{} must be {expected}", variable.name));
    let plain_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match (&setting.sample, variable.unit) {
        (_, Some(unit)) if plain_number => Ok(Value::from(format!("{text}{unit}"))),
        (Value::Num(..), _) => text
            .trim()
            .parse::<u64>()
            .map(Value::from)
            .map_err(|_| wrong("a whole number")),
        (Value::Bool(..), _) => match text.trim().to_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Value::from(true)),
            "false" | "0" | "no" | "off" => Ok(Value::from(false)),
            _ => Err(wrong("true or false")),
        },
        (Value::Array(..), _) => list(&text)
            .map(Value::from)
            .ok_or_else(|| wrong("a comma-separated list")),
        _ => Ok(Value::from(text)),
    }
}

/// `a, b` or, as some frameworks write it, `["a", "b"]`.
fn list(text: &str) -> Option<Vec<String>> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).ok();
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Some(items.map(str::to_owned).collect())
}

/// The variables of PostgreSQL's container image, once a host says that they are meant for us.
fn postgres(env: &Env) -> Result<Option<Given>, ConfigError> {
    let Some(host) = env.get("POSTGRES_HOST") else {
        return Ok(None);
    };
    let user = env.get("POSTGRES_USER").unwrap_or("postgres");
    let name = env.get("POSTGRES_DB").unwrap_or(user);
    let wrong = |_| {
        ConfigError::new(
            "database.url",
            "POSTGRES_HOST, POSTGRES_USER and POSTGRES_DB do not make an address",
        )
    };
    let mut url = url::Url::parse(&format!("postgres://{host}/{name}")).map_err(|error| wrong(error.to_string()))?;
    url.set_username(user).map_err(|()| wrong(String::new()))?;
    if let Some((password, _)) = env.secret("POSTGRES_PASSWORD")? {
        url.set_password(Some(&password)).map_err(|()| wrong(String::new()))?;
    }
    if let Some(port) = env.get("POSTGRES_PORT") {
        let port = port
            .parse()
            .map_err(|_| ConfigError::new("database.url", "POSTGRES_PORT must be a port"))?;
        url.set_port(Some(port)).map_err(|()| wrong(String::new()))?;
    }
    Ok(Some(Given {
        key: "database.url".into(),
        value: Value::from(url.to_string()),
        source: "environment POSTGRES_HOST, POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB".into(),
    }))
}

/// A misspelt `WEIRGATE_SECTION__KEY` is an error. Names without the double underscore are not ours to judge: Kubernetes
/// sets WEIRGATE_PORT and its like for a service of that name.
fn refuse_unknown(env: &Env) -> Result<(), ConfigError> {
    let mut known: Vec<String> = settings::all().iter().map(Setting::own_variable).collect();
    let secrets = settings::all().iter().filter(|setting| setting.secret);
    known.extend(secrets.map(|setting| format!("{}_FILE", setting.own_variable())));
    for name in env.0.keys() {
        if name.starts_with("WEIRGATE_") && name.contains("__") && !known.contains(name) {
            let hint = nearest(name, known.iter().map(String::as_str));
            return Err(ConfigError::new(name, format!("no setting has this variable{hint}")));
        }
    }
    Ok(())
}
