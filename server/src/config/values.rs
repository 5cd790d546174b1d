//! The kinds of value a setting can hold, and how each is read from text.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error as _};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppEnv {
    Production,
    Development,
}

impl<'de> Deserialize<'de> for AppEnv {
    /// Takes the words other frameworks use, so that `NODE_ENV` and `ENVIRONMENT` mean what they say.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.to_lowercase().as_str() {
            "production" | "prod" => Ok(AppEnv::Production),
            "development" | "dev" | "test" | "local" => Ok(AppEnv::Development),
            _ => Err(D::Error::custom("must be production or development")),
        }
    }
}

impl AppEnv {
    pub const fn name(self) -> &'static str {
        match self {
            AppEnv::Production => "production",
            AppEnv::Development => "development",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    Open,
    VerifyFirst,
    Invite,
    Closed,
}

impl Registration {
    pub const fn name(self) -> &'static str {
        match self {
            Registration::Open => "open",
            Registration::VerifyFirst => "verify_first",
            Registration::Invite => "invite",
            Registration::Closed => "closed",
        }
    }

    /// Whether anybody may sign up, at once or after their address was verified.
    pub const fn is_open(self) -> bool {
        matches!(self, Registration::Open | Registration::VerifyFirst)
    }
}

/// What the ledger's promise survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// A power loss.
    Power,
    /// A killed process.
    Process,
}

/// When the upstream is dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenMode {
    /// While the open record commits.
    Overlap,
    /// After the open record is durable.
    BeforeDial,
}

/// How much of a personal datum is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    Full,
    Prefix,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Auto,
    Json,
    Text,
}

/// `15m`, `500ms`, `1h 30m` is not needed: one number and one unit; a bare number is seconds.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let count: u64 = text[..digits].parse().ok()?;
    let millis = match text[digits..].trim() {
        "ms" => 1,
        "" | "s" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    };
    // A century is longer than anything here may last, and keeps sums of times far from overflow.
    count
        .checked_mul(millis)
        .filter(|millis| *millis <= 3_155_760_000_000)
        .map(Duration::from_millis)
}

pub fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Seconds(u64),
        Text(String),
    }
    let text = match Written::deserialize(deserializer) {
        Ok(Written::Seconds(seconds)) => seconds.to_string(),
        Ok(Written::Text(text)) => text,
        Err(_) => String::new(),
    };
    parse_duration(&text).ok_or_else(|| {
        D::Error::custom("must be a duration such as 500ms, 5s, 15m, 12h or 30d, or a number of seconds")
    })
}

/// How long something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    Forever,
    For(Duration),
}

impl<'de> Deserialize<'de> for Retention {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || D::Error::custom("must be forever or a duration such as 30d or 52w");
        match String::deserialize(deserializer)?.trim() {
            "forever" => Ok(Retention::Forever),
            text => match parse_duration(text) {
                Some(kept) if !kept.is_zero() => Ok(Retention::For(kept)),
                _ => Err(wrong()),
            },
        }
    }
}

/// Addresses and networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl<'de> Deserialize<'de> for Networks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = Vec::<String>::deserialize(deserializer)?;
        items
            .iter()
            .map(|item| {
                item.parse::<IpNet>()
                    .or_else(|_| item.parse::<IpAddr>().map(IpNet::from))
                    .map_err(|_| D::Error::custom(format!("{item} is not an address or a network such as 10.0.0.0/8")))
            })
            .collect::<Result<_, _>>()
            .map(Networks)
    }
}

/// Keeps what the setting allows of a client's address: whole, its network (/24, /48), or nothing.
pub fn kept_address(keep: Keep, address: IpAddr) -> Option<String> {
    let address = address.to_canonical();
    match keep {
        Keep::Full => Some(address.to_string()),
        Keep::Prefix => {
            let length = if address.is_ipv4() { 24 } else { 48 };
            IpNet::new(address, length)
                .ok()
                .map(|network| network.trunc().to_string())
        }
        Keep::None => None,
    }
}

/// Keeps what the setting allows of a user agent: at most 256 characters, its first product, or nothing.
pub fn kept_agent(keep: Keep, agent: &str) -> Option<String> {
    let agent = agent.trim();
    let kept: String = match keep {
        Keep::Full => agent.chars().take(256).collect(),
        Keep::Prefix => agent
            .split(['/', ' '])
            .next()
            .unwrap_or_default()
            .chars()
            .take(64)
            .collect(),
        Keep::None => String::new(),
    };
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn durations_are_one_number_and_one_unit() {
        for (text, millis) in [
            ("500ms", 500),
            ("5s", 5_000),
            ("15m", 900_000),
            ("12h", 43_200_000),
            ("30d", 2_592_000_000),
            ("900", 900_000),
            ("0", 0),
        ] {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "m", "-5s", "1.5h", "5 parsecs", "99999999999999999999s", "40000d"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn retention_is_forever_or_longer_than_nothing() {
        use serde::de::{IntoDeserializer, value};
        let read = |text: &str| {
            let reader: value::StrDeserializer<'_, value::Error> = text.into_deserializer();
            Retention::deserialize(reader).ok()
        };
        assert_eq!(read("forever"), Some(Retention::Forever));
        assert_eq!(read("30d"), Some(Retention::For(Duration::from_secs(30 * 86_400))));
        for bad in ["", "never", "0", "0d", "-1d"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn address_is_kept_as_the_setting_says() {
        let mapped: IpAddr = "::ffff:192.0.2.77".parse().unwrap();
        assert_eq!(kept_address(Keep::Full, mapped).as_deref(), Some("192.0.2.77"));
        assert_eq!(kept_address(Keep::Prefix, mapped).as_deref(), Some("192.0.2.0/24"));
        let six: IpAddr = "2001:db8:1:2::3".parse().unwrap();
        assert_eq!(kept_address(Keep::Prefix, six).as_deref(), Some("2001:db8:1::/48"));
        assert_eq!(kept_address(Keep::None, six), None);
        assert_eq!(
            kept_agent(Keep::Prefix, "Mozilla/5.0 (X11)").as_deref(),
            Some("Mozilla")
        );
        assert_eq!(kept_agent(Keep::Full, " "), None);
    }
}
