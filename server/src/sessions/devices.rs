//! Where people sign in from: what a request tells of its device, and which devices an account has seen before.
//!
//! A browser is known by a random cookie of its own that outlives sign-ins; the database keeps its hash per account. Clients
//! without cookies are known by a keyed hash of what the privacy settings keep of them, good only for not telling their owner
//! about each of their sign-ins: it exempts from no limit.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use types::SessionId;

use super::User;
use crate::{
    State,
    audit::{self, Actor, Event, Target},
    clock::Clock,
    crypto,
    db::{self, Tx, devices::Seen},
    error::Result,
    mail::{self, Letter, Recipient},
};

/// Devices an account remembers; the one not seen longest makes room.
const MOST: u64 = 50;
/// A cookie of ours has 43 characters.
const LENGTH: usize = 43;
const PURPOSE: &[u8] = b"weirgate client without a device cookie v1";

/// Where a request comes from.
#[derive(Clone, Default)]
pub struct Device {
    /// The user agent, cut to what the privacy settings keep.
    pub info: Option<String>,
    /// The client's address, cut to what the privacy settings keep.
    pub address: Option<String>,
    /// The whole address: for limits in memory, never stored.
    pub(crate) from: Option<IpAddr>,
    /// What the browser is known by.
    pub(crate) token: Option<DeviceToken>,
}

/// The value of a device cookie: 256 bits, base64url.
#[derive(Clone)]
pub struct DeviceToken(String);

impl DeviceToken {
    pub(crate) fn make(clock: &Clock) -> Self {
        DeviceToken(URL_SAFE_NO_PAD.encode(clock.random::<32>()))
    }

    /// A value that has the shape of ours.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (text.len() == LENGTH && text.bytes().all(plain)).then(|| DeviceToken(text.to_owned()))
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        crypto::sha256(self.0.as_bytes())
    }

    /// For the cookie that carries it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// A device to be noted with the sign-in that begins on it.
pub(super) struct Noted {
    state: State,
    user: User,
    device: Device,
    hash: Vec<u8>,
}

impl Noted {
    pub(super) fn of(state: &State, user: &User, device: &Device) -> Self {
        let hash = match &device.token {
            Some(token) => token.hash(),
            None => fingerprint(state, user, device),
        };
        Noted {
            state: state.clone(),
            user: user.clone(),
            device: device.clone(),
            hash: hash.to_vec(),
        }
    }

    /// Notes it, and tells the owner when the account knows others but not this one.
    pub(super) async fn write(self, tx: &mut Tx, session: SessionId) -> Result<()> {
        let now = tx.now();
        if db::devices::note(tx, self.user.id(), self.hash, now, MOST).await? != Seen::New {
            return Ok(());
        }
        let event = Event {
            organization: Some(self.user.organization_id()),
            actor: Actor::user(self.user.id(), &self.device),
            action: "session.new_device",
            target: Target::Session(session),
            details: json!({}),
        };
        let letter = Letter::NewDevice {
            device: self.device.info,
            address: self.device.address,
            at: now,
        };
        mail::send(tx, &self.state, &Recipient::of(&self.user), letter)?;
        audit::record(tx, self.state.clock(), event).await
    }
}

fn fingerprint(state: &State, user: &User, device: &Device) -> [u8; 32] {
    let network = device.address.as_deref().map(network).unwrap_or_default();
    let user = user.id();
    let parts: [&[u8]; 6] = [
        PURPOSE,
        user.0.as_bytes(),
        b"\0",
        device.info.as_deref().unwrap_or_default().as_bytes(),
        b"\0",
        network.as_bytes(),
    ];
    crypto::hmac_sha256(state.secrets().refresh.expose().as_bytes(), &parts)
}

/// The network of an address as it is kept: a client's address changes within it.
fn network(kept: &str) -> String {
    match kept.parse() {
        Ok(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
        // A network already.
        Err(_) => kept.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_43_characters_of_base64url_are_a_device() {
        assert!(DeviceToken::read(DeviceToken::make(&Clock::system()).expose()).is_some());
        for wrong in ["", "x", &"+".repeat(43), &"a".repeat(44), "' OR '1'='1"] {
            assert!(DeviceToken::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn address_is_compared_by_its_network() {
        assert_eq!(network("10.1.2.3"), "10.1.2.0/24");
        assert_eq!(network("10.1.2.0/24"), "10.1.2.0/24");
        assert_eq!(network("2001:db8:1:2::3"), "2001:db8:1::/48");
    }
}
