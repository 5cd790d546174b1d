//! The configuration for human eyes: each value with its source and secrets masked, and `.env.example`.

use std::fmt::Write;

use types::provider::PRESETS;

use super::{
    Config,
    layers::Merged,
    settings::{self, Setting},
};

/// One line of `weirgate config print`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub key: String,
    /// Masked when it is a secret; `None` when nothing sets it.
    pub value: Option<String>,
    pub source: String,
}

const MASK: &str = "********";

pub(super) fn all(merged: &Merged, config: &Config) -> Vec<Shown> {
    let mut lines: Vec<Shown> = settings::all().iter().map(|setting| one(setting, merged)).collect();
    derived(&mut lines, "server.public_url", config.public_url());
    derived(&mut lines, "database.url", &config.database.url);
    let source = |list: &str| merged.get(list).map_or("environment", |given| &given.source).to_owned();
    for provider in &config.providers {
        lines.push(Shown {
            key: format!("providers.{}", provider.id),
            value: Some(format!(
                "{} {}{}",
                provider.dialect.name(),
                provider.base_url,
                if provider.credential.is_some() {
                    " ********"
                } else {
                    " (no key)"
                }
            )),
            source: source("providers"),
        });
    }
    for model in &config.models {
        let price = match &model.price {
            Some(price) => format!(
                "input {} output {}",
                price.input.to_decimal(),
                price.output.to_decimal()
            ),
            None => "unpriced".into(),
        };
        lines.push(Shown {
            key: format!("models.{}", model.id),
            value: Some(price),
            source: source("models"),
        });
    }
    for provider in &config.sign_in_providers {
        lines.push(Shown {
            key: format!("sign_in_providers.{}", provider.id),
            value: Some(format!("{} {} {MASK}", provider.issuer, provider.client_id)),
            source: source(if provider.is_single() {
                "oauth.client_id"
            } else {
                "sign_in_providers"
            }),
        });
    }
    lines
}

/// Fills in what follows from other settings.
fn derived(lines: &mut [Shown], key: &str, value: &str) {
    if let Some(line) = lines.iter_mut().find(|line| line.key == key && line.value.is_none()) {
        line.value = Some(value.to_owned());
        line.source = "derived".into();
    }
}

fn one(setting: &Setting, merged: &Merged) -> Shown {
    let given = merged.get(&setting.key);
    let value = given.map(|given| {
        let text = settings::shown(&given.value);
        if setting.secret { masked(&text) } else { text }
    });
    Shown {
        key: setting.key.clone(),
        value,
        source: given.map_or_else(|| "not set".into(), |given| given.source.clone()),
    }
}

/// An address keeps what is not secret about it; everything else is hidden whole, its length too.
fn masked(text: &str) -> String {
    match url::Url::parse(text) {
        Ok(mut url) if url.has_host() && url.password().is_some() => {
            let hidden = url.set_password(Some("MASK")).is_ok();
            url.set_query(None);
            if hidden {
                url.to_string().replace(":MASK@", &format!(":{MASK}@"))
            } else {
                MASK.into()
            }
        }
        Ok(url) if matches!(url.scheme(), "sqlite" | "postgres" | "postgresql") && url.query().is_none() => {
            text.to_owned()
        }
        _ => MASK.into(),
    }
}

/// `.env.example`: every setting under its customary name, commented out.
pub fn env_example() -> String {
    let mut text = String::from(
        "# Generated from the settings (cargo test writes it anew with WEIRGATE_TEST_WRITE=1). Copy to .env for a tool that reads such\n\
         # files (docker compose, systemd's EnvironmentFile); Weirgate itself reads only its environment.\n\
         # Every secret can be read from a file instead: the same name with _FILE.\n",
    );
    let mut section = "";
    for setting in settings::all() {
        if setting.section() != section {
            section = setting.section();
            let _ = write!(text, "\n# --- {section} ---\n");
        }
        for line in setting.documentation.lines() {
            let _ = writeln!(text, "# {line}");
        }
        if setting.unused {
            text.push_str("# (Not used by this version yet.)\n");
        }
        let own = setting.own_variable();
        let name = setting
            .variables
            .first()
            .map_or(own.as_str(), |variable| &variable.name);
        let mut others: Vec<&str> = setting
            .variables
            .iter()
            .skip(1)
            .map(|variable| variable.name.as_str())
            .collect();
        if !setting.variables.is_empty() {
            others.push(&own);
        }
        if !others.is_empty() {
            let _ = writeln!(text, "# Also: {}", others.join(", "));
        }
        let _ = writeln!(text, "#{name}={}", sample(setting));
    }
    text.push_str("\n# --- vendors, when weirgate.toml lists no providers ---\n");
    for preset in PRESETS {
        let _ = writeln!(
            text,
            "#{}=\n#{}={}",
            preset.key_variable, preset.url_variable, preset.base_url
        );
    }
    text.push_str(
        "\n# --- PostgreSQL by parts, when DATABASE_URL is not set ---\n\
         #POSTGRES_HOST=\n#POSTGRES_PORT=5432\n#POSTGRES_USER=\n#POSTGRES_PASSWORD=\n#POSTGRES_DB=\n",
    );
    text
}

/// The sample in the unit of the first name.
fn sample(setting: &Setting) -> String {
    let text = setting.shown_sample();
    match setting.variables.first().and_then(|variable| variable.unit) {
        Some("ms") => super::parse_duration(&text).map_or(text, |duration| duration.as_millis().to_string()),
        Some("h") => text.trim_end_matches('h').to_owned(),
        _ => text,
    }
}
