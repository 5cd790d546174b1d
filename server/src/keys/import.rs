//! Keys from elsewhere, taken over as hashes: whose they are, what they are called, what they may do. They work on the model API like ours.
//!
//! The text of a key is read, hashed and forgotten: it stands in no row, no error and no audit detail, and neither does a part of it.
//! Refusals name the number of the line and what else stands there.

use std::collections::HashMap;

use serde_json::json;
use types::{
    KeyId, OrganizationId, Timestamp, UserId, key_format,
    rules::{self, Wrong},
    teams::MOST_MODELS,
};

use crate::{
    State,
    audit::{self, Actor, Event, Target},
    crypto::{self, Secret},
    db::{self, Change},
    error::Result,
    litellm::mirror,
    organizations,
};

/// What is written in one transaction. More would hold other writers up.
const AT_ONCE: usize = 500;
/// Keys that somebody thought of instead of generating are shorter, and their hash gives them away.
const SHORTEST: usize = 20;
const LONGEST: usize = 512;

/// One key of a list, as text.
pub struct Line {
    pub number: u64,
    /// The key itself. Exactly one of this and `hash` is there.
    pub key: Option<Secret>,
    /// The hexadecimal SHA-256 of the key.
    pub hash: Option<String>,
    /// Of the person whose key it is.
    pub email: String,
    pub name: String,
    /// Id or slug of who pays; none = the person's own.
    pub organization: Option<String>,
    /// None = all.
    pub models: Vec<String>,
    /// RFC 3339, a day, or a time as PostgreSQL prints it, in UTC.
    pub expires_at: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Only says what would be.
    DryRun,
    /// Takes nothing over when a line is refused.
    Whole,
    /// Takes over what is good.
    WhatIsGood,
}

/// What became of each line, in their order.
pub struct Report {
    pub lines: Vec<(u64, std::result::Result<Taken, Refused>)>,
    /// How many keys are here now that were not before.
    pub written: usize,
}

impl Report {
    pub fn refused(&self) -> usize {
        self.lines.iter().filter(|(_, outcome)| outcome.is_err()).count()
    }
}

/// A key that is taken over, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub id: KeyId,
    pub name: String,
    pub email: String,
    /// Slug, or id of one that has none.
    pub organization: String,
}

/// Why a line cannot be taken over. Reads on after its number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{0}")]
    Unreadable(&'static str),
    #[error("names no key: give `key`, or `hash`")]
    NoKey,
    #[error("gives both `key` and `hash`; keep one")]
    KeyAndHash,
    #[error("`hash` is not a SHA-256: 64 hexadecimal digits")]
    NotAHash,
    #[error("`key` is a SHA-256; write it as `hash`")]
    HashAsKey,
    #[error("`key` is shorter than {SHORTEST} characters, which anybody can guess from its hash")]
    TooShort,
    #[error("`key` is not {SHORTEST} to {LONGEST} printable characters without spaces")]
    NotAKey,
    #[error("`key` begins as this server's own keys and tokens do")]
    OwnShape,
    #[error("the same key stands in line {0}")]
    Twice(u64),
    #[error("this key is here already, as {0}")]
    Known(KeyId),
    #[error("names no owner: give `email`")]
    NoOwner,
    #[error("there is no account with the e-mail {0}")]
    UnknownOwner(String),
    #[error("the account of {0} is disabled")]
    DisabledOwner(String),
    #[error("there is no organization {0}")]
    UnknownOrganization(String),
    #[error("{email} does not belong to the organization {organization}")]
    NotAMember { email: String, organization: String },
    #[error("no model is called {0}")]
    UnknownModel(String),
    #[error("names more than {MOST_MODELS} models")]
    TooManyModels,
    #[error("`name` is {}", .0.code().replace('_', " "))]
    Name(Wrong),
    #[error("`expires_at` is not a time such as 2027-01-31T12:00:00Z")]
    NotATime,
    #[error("it expired at {0}")]
    Expired(Timestamp),
}

/// A line that is good.
struct Planned {
    taken: Taken,
    hash: [u8; 32],
    user_id: UserId,
    organization_id: OrganizationId,
    models: Vec<String>,
    expires_at: Option<Timestamp>,
}

/// Takes keys over, for the operator's command line. Lines are judged all before anything is written.
pub async fn import(state: &State, lines: Vec<std::result::Result<Line, (u64, Refused)>>, how: How) -> Result<Report> {
    let mut judge = Judge::default();
    let mut planned = Vec::new();
    let mut report = Vec::with_capacity(lines.len());
    for line in lines {
        let (number, judged) = match line {
            Ok(line) => (line.number, judge.plan(state, line).await?),
            Err((number, refused)) => (number, Err(refused)),
        };
        report.push((
            number,
            judged.map(|plan| {
                let taken = plan.taken.clone();
                planned.push(plan);
                taken
            }),
        ));
    }
    let mut report = Report {
        lines: report,
        written: 0,
    };
    let writes = match how {
        How::DryRun => false,
        How::Whole => report.refused() == 0,
        How::WhatIsGood => true,
    };
    if writes {
        report.written = planned.len();
        while !planned.is_empty() {
            let rest = planned.split_off(planned.len().min(AT_ONCE));
            write(state, std::mem::replace(&mut planned, rest)).await?;
        }
    }
    Ok(report)
}

/// What is known of earlier lines.
#[derive(Default)]
struct Judge {
    seen: HashMap<[u8; 32], u64>,
    owners: HashMap<String, Option<UserId>>,
}

type Judged<T> = std::result::Result<T, Refused>;

impl Judge {
    /// Errors: the database is away. What is wrong with the line is inside.
    async fn plan(&mut self, state: &State, line: Line) -> Result<Judged<Planned>> {
        let email = rules::normal_email(&line.email);
        if !self.owners.contains_key(&email) {
            let row = db::users::by_email(state.db(), &email).await?;
            self.owners.insert(email.clone(), row.map(|row| UserId(row.id)));
        }
        let owner = self.owners.get(&email).copied().flatten();
        Ok(self.judge(state, line, email, owner))
    }

    fn judge(&mut self, state: &State, line: Line, email: String, owner: Option<UserId>) -> Judged<Planned> {
        let hash = hash(line.key.as_ref(), line.hash.as_deref())?;
        if let Some(earlier) = self.seen.insert(hash, line.number) {
            self.seen.insert(hash, earlier);
            return Err(Refused::Twice(earlier));
        }
        if let Some(known) = state.directory().key_of_hash(&hash) {
            return Err(Refused::Known(known.id));
        }
        let (user_id, organization_id) = place(state, &email, owner, line.organization.as_deref())?;
        let models = models(state, line.models)?;
        let name = line.name.trim().to_owned();
        rules::name(&name, rules::KEY_NAME_MOST).map_err(Refused::Name)?;
        let expires_at = line.expires_at.as_deref().map(time).transpose()?;
        if let Some(expiry) = expires_at.filter(|expiry| *expiry <= state.clock().now()) {
            return Err(Refused::Expired(expiry));
        }
        let slug = state.directory().organization(organization_id);
        let slug = slug.and_then(|entry| entry.slug.clone());
        Ok(Planned {
            taken: Taken {
                id: KeyId(state.clock().new_id()),
                name,
                email,
                organization: slug.unwrap_or_else(|| organization_id.to_string()),
            },
            hash,
            user_id,
            organization_id,
            models,
            expires_at,
        })
    }
}

/// The SHA-256 of a key that may be taken over.
fn hash(key: Option<&Secret>, hash: Option<&str>) -> Judged<[u8; 32]> {
    match (key.map(|key| key.expose().trim()), hash.map(str::trim)) {
        (None, None) => Err(Refused::NoKey),
        (Some(_), Some(_)) => Err(Refused::KeyAndHash),
        (None, Some(digits)) => digest(digits).ok_or(Refused::NotAHash),
        (Some(text), None) => {
            let own = |prefix| text.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'));
            if digest(text).is_some() {
                Err(Refused::HashAsKey)
            } else if own(key_format::KEY) || own(key_format::PERSONAL_TOKEN) {
                Err(Refused::OwnShape)
            } else if text.len() < SHORTEST {
                Err(Refused::TooShort)
            } else if text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
                Err(Refused::NotAKey)
            } else {
                Ok(crypto::sha256(text.as_bytes()))
            }
        }
    }
}

fn digest(digits: &str) -> Option<[u8; 32]> {
    crypto::from_hex(digits)?.try_into().ok()
}

/// Whose key it is and who pays.
fn place(
    state: &State,
    email: &str,
    owner: Option<UserId>,
    organization: Option<&str>,
) -> Judged<(UserId, OrganizationId)> {
    if email.is_empty() {
        return Err(Refused::NoOwner);
    }
    let directory = state.directory();
    let user = owner.and_then(|id| directory.user(id));
    let user = user.ok_or_else(|| Refused::UnknownOwner(email.to_owned()))?;
    if !user.is_active {
        return Err(Refused::DisabledOwner(email.to_owned()));
    }
    let Some(named) = organization.map(str::trim).filter(|named| !named.is_empty()) else {
        return Ok((user.id, user.organization_id));
    };
    let unknown = || Refused::UnknownOrganization(named.to_owned());
    let id = organizations::named(state, named).ok_or_else(unknown)?;
    directory.organization(id).ok_or_else(unknown)?;
    directory.is_member(id, user.id).ok_or_else(|| Refused::NotAMember {
        email: email.to_owned(),
        organization: named.to_owned(),
    })?;
    Ok((user.id, id))
}

/// Sorted, each once, all of them offered here.
fn models(state: &State, mut models: Vec<String>) -> Judged<Vec<String>> {
    models.sort_unstable();
    models.dedup();
    if models.len() > MOST_MODELS {
        return Err(Refused::TooManyModels);
    }
    match models.iter().find(|name| state.directory().model(name).is_none()) {
        Some(unknown) => Err(Refused::UnknownModel(unknown.clone())),
        None => Ok(models),
    }
}

fn time(text: &str) -> Judged<Timestamp> {
    let text = text.trim();
    let as_printed = text.replacen(' ', "T", 1);
    Timestamp::parse(text)
        .or_else(|| Timestamp::parse(&as_printed))
        .or_else(|| Timestamp::parse(&format!("{as_printed}Z")))
        // PostgreSQL shortens an offset to its hours.
        .or_else(|| Timestamp::parse(&format!("{as_printed}:00")))
        .or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z")))
        .ok_or(Refused::NotATime)
}

async fn write(state: &State, planned: Vec<Planned>) -> Result<()> {
    let mut rows = Vec::with_capacity(planned.len());
    for plan in planned {
        let public_id = super::public_id(state)?;
        let mirrored = mirror::wish(state, plan.taken.id)?;
        rows.push((plan, public_id, mirrored));
    }
    let clock = state.clock().clone();
    state
        .write(move |tx| {
            Box::pin(async move {
                for (plan, public_id, mirrored) in rows {
                    let now = tx.now().0;
                    let id = plan.taken.id;
                    let event = Event {
                        organization: Some(plan.organization_id),
                        actor: Actor::CommandLine,
                        action: "key.imported",
                        target: Target::Key(id),
                        details: json!({
                            "public_id": public_id, "models": plan.models, "expires_at": plan.expires_at,
                            "user_id": plan.user_id,
                        }),
                    };
                    let row = db::keys::Row {
                        id: id.0,
                        organization_id: plan.organization_id.0,
                        user_id: plan.user_id.0,
                        name: plan.taken.name,
                        public_id,
                        last_four: super::IMPORTED.to_owned(),
                        secret_hash: plan.hash.to_vec(),
                        can_read: true,
                        can_write: true,
                        expires_at: plan.expires_at.map(|at| at.0),
                        last_used_at: None,
                        revoked_at: None,
                        created_at: now,
                        updated_at: now,
                        team_id: None,
                    };
                    db::keys::insert(tx, row, plan.models).await?;
                    db::mirrored_keys::insert(tx, mirrored.into_iter().collect()).await?;
                    tx.changed(Change::Key, id);
                    audit::record(tx, &clock, event).await?;
                }
                Ok(())
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const KEY: &str = "sk-aBcDeFgHiJkLmNoPqRsTuV";

    fn read(key: Option<&str>, digits: Option<&str>) -> Judged<[u8; 32]> {
        let key = key.map(Secret::new);
        hash(key.as_ref(), digits)
    }

    #[test]
    fn key_and_its_hash_are_the_same() {
        let sum = crypto::sha256(KEY.as_bytes());
        assert_eq!(read(Some(KEY), None), Ok(sum));
        assert_eq!(read(Some(&format!(" {KEY}\t")), None), Ok(sum));
        assert_eq!(read(None, Some(&crypto::hex(&sum))), Ok(sum));
        assert_eq!(read(None, Some(&crypto::hex(&sum).to_uppercase())), Ok(sum));
    }

    #[test]
    fn what_is_no_key_is_refused_by_name() {
        let sum = crypto::hex(&crypto::sha256(KEY.as_bytes()));
        let long = "x".repeat(513);
        for (key, digits, refused) in [
            (None, None, Refused::NoKey),
            (Some(KEY), Some(sum.as_str()), Refused::KeyAndHash),
            (Some(sum.as_str()), None, Refused::HashAsKey),
            (None, Some(KEY), Refused::NotAHash),
            (None, Some(&sum[1..]), Refused::NotAHash),
            (Some("sk-1234"), None, Refused::TooShort),
            (Some(""), None, Refused::TooShort),
            (Some(&long), None, Refused::NotAKey),
            (Some("sk-with a space in its text"), None, Refused::NotAKey),
            (Some("sk-кириллица-в-ключе"), None, Refused::NotAKey),
            (Some("wg-abcdefABCDEF-0123456789"), None, Refused::OwnShape),
            (Some("wgp-abcdefABCDEF-0123456789"), None, Refused::OwnShape),
        ] {
            assert_eq!(read(key, digits), Err(refused.clone()), "{refused}");
        }
    }

    #[test]
    fn refusal_never_repeats_a_key() {
        for refused in [
            Refused::NotAHash,
            Refused::HashAsKey,
            Refused::TooShort,
            Refused::NotAKey,
        ] {
            assert!(!refused.to_string().contains("sk-"), "{refused}");
        }
    }

    #[test]
    fn times_are_read_as_databases_print_them() {
        let noon = Timestamp::parse("2027-01-31T12:00:00Z").unwrap();
        for text in [
            "2027-01-31T12:00:00Z",
            "2027-01-31T13:00:00+01:00",
            "2027-01-31 12:00:00",
            "2027-01-31 12:00:00.000",
            "2027-01-31 12:00:00+00",
            "2027-01-31T12:00:00",
        ] {
            assert_eq!(time(text), Ok(noon), "{text}");
        }
        assert_eq!(time("2027-01-31"), Ok(noon.plus_secs(-12 * 3600)));
        for wrong in ["", "soon", "31.01.2027", "2027-13-01"] {
            assert_eq!(time(wrong), Err(Refused::NotATime), "{wrong}");
        }
    }
}
