//! People as who runs the server sees and changes them: found, given another role, disabled, signed out, deleted.
//!
//! [`Operator`] is the proof that somebody may change others; like all proofs it comes from memory, so each change asks again inside its
//! transaction. What people do with their own accounts is `accounts`', and nobody uses this on themselves.

mod change;
mod create;
mod remove;

use types::{
    OrganizationId, OrganizationRole, PlatformRole, Refusal, Timestamp, UserId,
    accounts::wrong,
    error::{Code, FieldErrors},
    page::Page,
    people::{Membership, Person, PersonDetails},
    rules::{self, Wrong},
};

pub use change::{change, reset_second_factor, set_password, sign_out};
pub use create::create;
pub use remove::delete;

use crate::{
    Error, State,
    accounts::username,
    audit::Actor,
    db::{self, Tx},
    directory::UserEntry,
    error::Result,
    paging::Asked,
    sessions::{self, Admin, Auditor},
    state::Role,
};

/// Longer texts name nobody: an e-mail's longest form.
const LONGEST: usize = 320;
const MOST_ORGANIZATIONS: u64 = 100;

/// Who changes accounts of others: an administrator, or who sits at the server's own command line.
#[derive(Clone)]
pub struct Operator(Actor);

impl Operator {
    pub fn admin(admin: &Admin<'_>) -> Self {
        Operator(Actor::signed_in(admin.user()))
    }

    /// For commands that run beside the server, on its own files.
    ///
    /// Errors: 500 in a process that serves.
    pub fn command_line(state: &State) -> Result<Self> {
        match state.role() {
            Role::Command => Ok(Operator(Actor::CommandLine)),
            Role::Serve => Err(Error::internal("an operator's right was asked for while serving")),
        }
    }

    pub(crate) const fn actor(&self) -> &Actor {
        &self.0
    }

    const fn person(&self) -> Option<UserId> {
        match &self.0 {
            Actor::User { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// The right to see people that one has nothing to do with.
pub trait MaySee: sealed::Sealed {}

mod sealed {
    /// Nobody outside gives a type this right.
    pub trait Sealed {}
    impl Sealed for super::Auditor<'_> {}
    impl Sealed for super::Operator {}
}

impl MaySee for Auditor<'_> {}
impl MaySee for Operator {}

/// Which people; absent parts narrow nothing.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The beginning of an e-mail or a user name, whatever the case. Every character stands for itself.
    pub search: Option<String>,
    pub role: Option<PlatformRole>,
    pub is_active: Option<bool>,
}

/// Newest accounts first, from memory. `limit` is 1 to 100.
///
/// Errors: 422 for a search, a limit or a cursor that means nothing.
pub fn page(state: &State, _: &impl MaySee, wanted: &Wanted, limit: u64, cursor: Option<&str>) -> Result<Page<Person>> {
    let begins = beginning("q", wanted.search.as_deref())?;
    let asked = Asked::<UserId>::of(limit, cursor)?;
    let keep = |person: &UserEntry| {
        asked.after.is_none_or(|after| person.id < after)
            && wanted.role.is_none_or(|role| person.role == role)
            && wanted.is_active.is_none_or(|active| person.is_active == active)
            && (begins_with(&person.email, &begins) || begins_with(&person.username, &begins))
    };
    let people = state.directory().newest_users(asked.most(), keep);
    Ok(asked.page(people, |person| person.id, |person| Some(shown(&person))))
}

/// What a search looks for, in the form that [`begins_with`] compares.
///
/// Errors: 422 for `field` when it is longer than anything there is.
pub(crate) fn beginning(field: &str, text: Option<&str>) -> Result<String> {
    let text = text.unwrap_or_default().trim();
    let mut errors = FieldErrors::new();
    if text.len() > LONGEST {
        wrong(&mut errors, field, Err(Wrong::TooLong));
    }
    Refusal::fields(errors)?;
    Ok(text.to_lowercase())
}

/// Whether `text` begins with what is lower case already, whatever its own case.
pub(crate) fn begins_with(text: &str, lower: &str) -> bool {
    if lower.is_ascii() {
        // Nearly always, and many times faster.
        let head = text.as_bytes().get(..lower.len());
        return head.is_some_and(|head| head.eq_ignore_ascii_case(lower.as_bytes()));
    }
    let mut chars = text.chars().flat_map(char::to_lowercase);
    lower.chars().all(|wanted| chars.next() == Some(wanted))
}

/// One person, with what is counted for them.
///
/// Errors: 404.
pub async fn get(state: &State, _: &impl MaySee, id: UserId) -> Result<PersonDetails> {
    let person = state.directory().user(id).ok_or_else(unknown)?;
    let seen = sessions::alive(state, id).await?;
    let rows = db::organizations::of_user(state.db(), id, None, MOST_ORGANIZATIONS).await?;
    let membership = |row: db::organizations::MemberRow| {
        let entry = state.directory().organization(OrganizationId(row.organization_id))?;
        (entry.id != person.organization_id).then_some(())?;
        Some(Membership {
            organization_id: entry.id,
            slug: entry.slug.clone(),
            name: entry.name.clone(),
            role: OrganizationRole::parse(&row.role)?,
        })
    };
    Ok(PersonDetails {
        person: shown(&person),
        sign_ins: u64::try_from(seen.len()).unwrap_or(u64::MAX),
        last_seen_at: seen.into_iter().max().map(Timestamp),
        organizations: rows.into_iter().filter_map(membership).collect(),
    })
}

/// The person of this e-mail or user name.
pub async fn named(state: &State, _: &impl MaySee, text: &str) -> Result<Option<UserId>> {
    // A NUL is no text to PostgreSQL.
    if text.len() > LONGEST || text.contains('\0') {
        return Ok(None);
    }
    let row = match text.contains('@') {
        true => db::users::by_email(state.db(), &rules::normal_email(text)).await?,
        false => db::users::by_username(state.db(), &username::fold(text)).await?,
    };
    Ok(row.map(|row| UserId(row.id)))
}

/// Takes the person and the list of administrators for this transaction alone, and asks again whether the operator may change others.
///
/// Errors: 404 for nobody, 403 for an operator who does not administer the server any more.
async fn hold(tx: &mut Tx, operator: &Operator, id: UserId) -> Result<db::users::Row> {
    // In the order in which an account that leaves takes them.
    db::users::lock(tx, id).await?;
    still_operates(tx, operator).await?;
    db::users::find_in(tx, id).await?.ok_or_else(unknown)
}

/// [`still_operates`] for what is written in the operator's name: nobody deletes them meanwhile. Not for changes of people, of whom a transaction
/// holds only the one: two administrators who delete each other would wait for each other.
pub(crate) async fn hold_operator(tx: &mut Tx, operator: &Operator) -> Result<()> {
    if let Some(person) = operator.person() {
        db::users::keep(tx, person).await?;
    }
    still_operates(tx, operator).await
}

/// Asks again, inside a transaction, whether the operator may change others. Two administrators who demote each other come here one after the other.
async fn still_operates(tx: &mut Tx, operator: &Operator) -> Result<()> {
    db::users::lock_admins(tx).await?;
    let Some(person) = operator.person() else { return Ok(()) };
    let row = db::users::find_in(tx, person).await?;
    if row.is_some_and(|row| row.is_active && row.role == PlatformRole::Admin.name()) {
        return Ok(());
    }
    let message = "Only administrators of this server can do this.";
    Err(Error::refused(Code::Forbidden, message))
}

/// Errors: 409 for one's own account, where the settings ask for the password first and nobody locks themselves out by a slip.
fn must_be_another(operator: &Operator, id: UserId) -> Result<()> {
    if operator.person() != Some(id) {
        return Ok(());
    }
    let message = "This is your own account. Use the settings for it, or ask another administrator.";
    Err(Error::refused(Code::Conflict, message))
}

/// Errors: 409 when nobody else administers the server.
async fn keep_an_admin(tx: &mut Tx, row: &db::users::Row) -> Result<()> {
    let is_one = row.is_active && row.role == PlatformRole::Admin.name();
    if !is_one || db::users::other_admin_exists_locked(tx, row.id.into()).await? {
        return Ok(());
    }
    let message = "This is the only administrator of this server. Make somebody else one first.";
    Err(Error::refused(Code::Conflict, message))
}

/// As doors and pages show them.
fn shown(entry: &UserEntry) -> Person {
    Person {
        id: entry.id,
        email: entry.email.clone(),
        username: entry.username.clone(),
        full_name: entry.full_name.clone(),
        avatar_url: entry.avatar_url.clone(),
        role: entry.role,
        is_active: entry.is_active,
        email_verified: entry.email_verified,
        has_second_factor: entry.has_second_factor,
        has_password: entry.has_password,
        organization_id: entry.organization_id,
        created_at: entry.created_at,
    }
}

fn person(state: &State, id: UserId) -> Result<Person> {
    state
        .directory()
        .user(id)
        .map(|entry| shown(&entry))
        .ok_or_else(unknown)
}

fn unknown() -> Error {
    Error::refused(Code::NotFound, "There is nobody with this id.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginning_is_compared_whatever_the_case_and_literally() {
        for (text, prefix, expected) in [
            ("Anna@Example.com", "anna@", true),
            ("anna", "annab", false),
            ("ЁЖ", "ё", true),
            ("anna", "%", false),
            ("anna", "a_n", false),
            ("a_n", "a_n", true),
            ("anna", "", true),
        ] {
            let lower = beginning("q", Some(prefix)).unwrap_or_default();
            assert_eq!(begins_with(text, &lower), expected, "{text} {prefix}");
        }
        assert!(beginning("q", Some(&"%".repeat(10_000))).is_err());
    }
}
