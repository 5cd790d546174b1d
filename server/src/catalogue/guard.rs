//! Which addresses an upstream may have: an administrator's `base_url` must not turn the server against its own network.
//!
//! Checked when a provider is saved, and again for every address a name resolves to when it is dialled (`address_allowed`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Longer ones are mistakes; with a path behind them they still are addresses that can be sent.
const LONGEST: usize = 8192;

/// Why an address is refused; reads on after the setting's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("is not an address such as https://api.example.com")]
    NotAUrl,
    #[error("must begin with https:// (http only with allow_private_network = true)")]
    Scheme,
    #[error("must not hold a user name or password; use api_key")]
    Credentials,
    #[error("must not hold a query or fragment")]
    Query,
    #[error(
        "is on a private, loopback or otherwise reserved network; set allow_private_network = true if that is meant"
    )]
    Private,
}

impl Refused {
    /// What the API says is wrong with the field.
    pub const fn code(self) -> &'static str {
        match self {
            Refused::NotAUrl => "not_a_url",
            Refused::Scheme => "https_only",
            Refused::Credentials => "url_credentials",
            Refused::Query => "url_query",
            Refused::Private => "private_address",
        }
    }
}

/// Reads a provider's base URL. Without `allow_private` only https to public addresses is accepted.
///
/// Names are judged when they are resolved; only those that can never be public are refused here.
pub fn base_url(text: &str, allow_private: bool) -> Result<Url, Refused> {
    // The parser turns 127.1, 0x7f.1, 2130706433 and full-width dots into the address they mean.
    let mut url = Url::parse(text.trim()).map_err(|_| Refused::NotAUrl)?;
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        _ => return Err(Refused::Scheme),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Credentials);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Refused::Query);
    }
    let allowed = match url.host() {
        Some(Host::Ipv4(address)) => address_allowed(address.into()),
        Some(Host::Ipv6(address)) => address_allowed(address.into()),
        Some(Host::Domain(name)) => name_allowed(name),
        None => return Err(Refused::NotAUrl),
    };
    if !allowed && !allow_private {
        return Err(Refused::Private);
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    // What is sent is stricter about names and length than what is parsed.
    if url.as_str().len() > LONGEST || url.as_str().parse::<http::Uri>().is_err() {
        return Err(Refused::NotAUrl);
    }
    Ok(url)
}

/// Names that stand for this machine, its network or a cloud's metadata service.
fn name_allowed(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_lowercase();
    let inside = [
        "localhost",
        "local",
        "internal",
        "localdomain",
        "lan",
        "intranet",
        "corp",
        "home.arpa",
    ];
    let reserved = inside
        .iter()
        .any(|suffix| name == *suffix || name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.')));
    // A single label resolves through the search list of the machine's own network.
    !reserved && name.contains('.') && name != "instance-data.ec2.internal"
}

/// Whether a public upstream may have this address. Everything that is not globally reachable is refused (IANA special-purpose registries).
pub fn address_allowed(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => v4_allowed(address),
        IpAddr::V6(address) => v6_allowed(address),
    }
}

fn v4_allowed(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let reserved = a == 0
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        // Azure's platform address, reachable only from inside.
        || address == Ipv4Addr::new(168, 63, 129, 16);
    !reserved
}

fn v6_allowed(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    if let Some(inner) = inner_v4(segments) {
        return v4_allowed(inner);
    }
    // Global unicast is 2000::/3; of it, these are not for servers on the internet.
    let global = segments[0] & 0xe000 == 0x2000;
    let special = (segments[0] == 0x2001 && (segments[1] < 0x0200 || segments[1] == 0x0db8))
        || (segments[0] == 0x3fff && segments[1] < 0x1000);
    global && !special
}

/// The IPv4 address inside mapped, compatible, NAT64 and 6to4 forms.
fn inner_v4(segments: [u16; 8]) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => Some(v4(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_spelling_of_a_private_address_is_refused() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "0.0.0.0",
            "0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "198.18.0.1",
            "192.0.0.8",
            "224.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "127。0。0。1",
            "[::1]",
            "[::]",
            "[::ffff:169.254.169.254]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[64:ff9b::127.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2001::1]",
            "[2001:db8::1]",
            "[ff02::1]",
            "localhost",
            "localhost.",
            "LOCALHOST",
            "api.localhost",
            "metadata.google.internal",
            "metadata",
            "printer.local",
        ] {
            let url = format!("https://{host}/v1");
            assert_eq!(base_url(&url, false).err(), Some(Refused::Private), "{host}");
            assert!(base_url(&url, true).is_ok(), "{host} with allow_private_network");
        }
    }

    #[test]
    fn public_addresses_are_accepted() {
        for host in [
            "api.anthropic.com",
            "1.1.1.1",
            "[2606:4700::1111]",
            "[64:ff9b::808:808]",
            "100.128.0.1",
        ] {
            assert!(base_url(&format!("https://{host}/v1/"), false).is_ok(), "{host}");
        }
        assert_eq!(
            base_url("https://api.openai.com/v1/", false).unwrap().as_str(),
            "https://api.openai.com/v1"
        );
    }

    #[test]
    fn other_shapes_are_refused_by_name() {
        assert_eq!(base_url("http://api.openai.com", false).err(), Some(Refused::Scheme));
        assert_eq!(base_url("file:///etc/passwd", true).err(), Some(Refused::Scheme));
        assert_eq!(
            base_url("https://user:pw@api.openai.com", true).err(),
            Some(Refused::Credentials)
        );
        assert_eq!(
            base_url("https://api.openai.com@127.0.0.1", true).err(),
            Some(Refused::Credentials)
        );
        assert_eq!(base_url("https://api.openai.com?x=1", true).err(), Some(Refused::Query));
        assert_eq!(base_url("api.openai.com", true).err(), Some(Refused::NotAUrl));
        assert_eq!(base_url("https://a\"b.example.com", true).err(), Some(Refused::NotAUrl));
        let endless = format!("https://api.openai.com/{}", "x".repeat(LONGEST));
        assert_eq!(base_url(&endless, true).err(), Some(Refused::NotAUrl));
    }
}
