//! Organizations: what owns keys, usage and money. Everyone has a personal one, whose only member and owner they are; shared ones have
//! at least one owner, always.
//!
//! [`Member`] is the proof that somebody belongs to an organization, [`OrganizationAdmin`] and [`OrganizationOwner`] are proofs of what
//! they may do in it; services ask for the one they need. Proofs come from memory, so whoever writes asks again inside the
//! transaction ([`hold`]).

pub mod invitations;
pub mod members;
pub mod overseen;
mod shared;

use std::ops::Deref;

use types::{
    OrganizationId, OrganizationRole, UserId,
    error::Code,
    organizations::{Organization, OrganizationKind},
    page::Page,
    rules,
};

pub(crate) use shared::dissolve;
pub use shared::{create, delete, update};

use crate::{
    Error, State,
    audit::Actor,
    db::{self, Tx},
    error::Result,
    paging::Asked,
    sessions::User,
};

/// Somebody's place in one organization, as the directory has it now.
#[derive(Debug, Clone)]
pub struct Member {
    organization_id: OrganizationId,
    user_id: UserId,
    role: OrganizationRole,
    /// Where their request came from, as far as the settings keep it.
    address: Option<String>,
}

impl Member {
    pub const fn organization_id(&self) -> OrganizationId {
        self.organization_id
    }

    pub const fn user_id(&self) -> UserId {
        self.user_id
    }

    pub const fn role(&self) -> OrganizationRole {
        self.role
    }

    /// The proof that they manage members, teams, invitations and keys. Owners do too.
    pub fn admin(&self) -> Result<OrganizationAdmin<'_>> {
        may(self.role, OrganizationRole::Admin)?;
        Ok(OrganizationAdmin(self))
    }

    /// The proof that it is theirs.
    pub fn owner(&self) -> Result<OrganizationOwner<'_>> {
        may(self.role, OrganizationRole::Owner)?;
        Ok(OrganizationOwner(self))
    }

    /// For the audit log.
    pub(crate) fn actor(&self) -> Actor {
        Actor::User {
            id: self.user_id,
            address: self.address.clone(),
        }
    }
}

/// A [`Member`] who manages the organization. Made by [`Member::admin`] alone.
#[derive(Debug, Clone, Copy)]
pub struct OrganizationAdmin<'a>(&'a Member);

/// A [`Member`] who owns the organization. Made by [`Member::owner`] alone.
#[derive(Debug, Clone, Copy)]
pub struct OrganizationOwner<'a>(&'a Member);

impl Deref for OrganizationAdmin<'_> {
    type Target = Member;

    fn deref(&self) -> &Member {
        self.0
    }
}

impl Deref for OrganizationOwner<'_> {
    type Target = Member;

    fn deref(&self) -> &Member {
        self.0
    }
}

/// Errors: 403 unless `role` may do what `needed` may.
fn may(role: OrganizationRole, needed: OrganizationRole) -> Result<()> {
    if role.reaches(needed) {
        return Ok(());
    }
    let message = match needed {
        OrganizationRole::Owner => "Only owners of this organization may do this.",
        OrganizationRole::Admin => "Only owners and admins of this organization may do this.",
        OrganizationRole::Member => "Only members of this organization may do this.",
    };
    Err(Error::refused(Code::Forbidden, message))
}

/// Errors: 403 for a role that is above one's own, given, taken or touched.
fn may_grant(by: OrganizationRole, role: OrganizationRole) -> Result<()> {
    if by.may_grant(role) {
        return Ok(());
    }
    let message = "Nobody gives or takes a role above their own. Ask an owner of this organization.";
    Err(Error::refused(Code::Forbidden, message))
}

/// The person's place in `organization`; one they do not belong to is as unknown to them as one that does not exist.
pub fn member(state: &State, user: &User, organization: OrganizationId) -> Result<Member> {
    match state.directory().is_member(organization, user.id()) {
        Some(role) => Ok(Member {
            organization_id: organization,
            user_id: user.id(),
            role,
            address: user.address().map(str::to_owned),
        }),
        None => Err(unknown()),
    }
}

/// The person's own organization.
pub fn personal(state: &State, user: &User) -> Result<Member> {
    member(state, user, user.organization_id())
}

/// The organization of this id or present slug, whoever belongs to it. From memory.
pub fn named(state: &State, text: &str) -> Option<OrganizationId> {
    match text.parse() {
        Ok(id) => Some(id),
        Err(_) => state.directory().organization_of_slug(text),
    }
}

/// What a name in an address leads to.
pub enum Found {
    Here(Member),
    /// It changed its slug to this one.
    Moved(Member, String),
}

/// The person's place in the organization of this id, slug, or slug until lately.
///
/// Errors: 404 for one that does not exist and for one they do not belong to.
pub async fn find(state: &State, user: &User, text: &str) -> Result<Found> {
    if let Some(id) = named(state, text) {
        return member(state, user, id).map(Found::Here);
    }
    rules::slug(text).map_err(|_| unknown())?;
    let now = state.clock().now();
    let id = db::slugs::led_to(state.db(), text, now).await?.ok_or_else(unknown)?;
    let member = member(state, user, id)?;
    let slug = state.directory().organization(id).and_then(|entry| entry.slug.clone());
    slug.map(|slug| Found::Moved(member, slug)).ok_or_else(unknown)
}

/// [`find`] for who need not be led to a new slug: in a query, or in a form that was open while it changed.
pub async fn of_name(state: &State, user: &User, text: &str) -> Result<Member> {
    match find(state, user, text).await? {
        Found::Here(member) | Found::Moved(member, _) => Ok(member),
    }
}

/// Organizations that the person belongs to. `limit` is 1 to 100.
pub async fn page(state: &State, user: &User, limit: u64, cursor: Option<&str>) -> Result<Page<Organization>> {
    let asked = Asked::of(limit, cursor)?;
    let rows = db::organizations::of_user(state.db(), user.id(), asked.after, asked.rows()).await?;
    Ok(asked.page(
        rows,
        |row| row.organization_id,
        // What was joined or left on another node in the last two seconds is not known in memory yet.
        |row| get(state, &member(state, user, OrganizationId(row.organization_id)).ok()?).ok(),
    ))
}

/// The organization as its member sees it. From memory.
pub fn get(state: &State, member: &Member) -> Result<Organization> {
    let directory = state.directory();
    let entry = directory.organization(member.organization_id).ok_or_else(unknown)?;
    Ok(Organization {
        id: entry.id,
        slug: entry.slug.clone(),
        name: entry.name.clone(),
        kind: entry.kind,
        role: member.role,
        plan: entry.plan.clone(),
        members: u64::try_from(directory.member_count(entry.id)).unwrap_or(u64::MAX),
        requires_second_factor: entry.requires_second_factor,
        allowed_models: entry.allowed_models.clone(),
        created_at: entry.created_at,
    })
}

fn unknown() -> Error {
    Error::refused(Code::NotFound, "There is no such organization.")
}

/// Errors: 409 for a personal organization, which has one member and no teams.
pub(crate) fn must_be_shared(state: &State, member: &Member) -> Result<()> {
    let entry = state.directory().organization(member.organization_id);
    if entry.ok_or_else(unknown)?.kind == OrganizationKind::Shared {
        return Ok(());
    }
    let message = "A personal organization is one person's alone. Make a shared one first.";
    Err(Error::refused(Code::Conflict, message))
}

/// An organization that a transaction has for itself, with what the person may do in it at this moment.
pub(crate) struct Held {
    pub row: db::organizations::Row,
    pub role: OrganizationRole,
}

/// Takes the organization for this transaction alone and asks again whether the person may do what `needed` may. The person comes first, as
/// [`db::users::lock`] says; so do others whom the transaction makes something theirs, which is the caller's to do.
///
/// Errors: 404 when they do not belong to it any more, 403 when their role is lower by now.
pub(crate) async fn hold(tx: &mut Tx, member: &Member, needed: OrganizationRole) -> Result<Held> {
    db::users::keep(tx, member.user_id).await?;
    let row = db::organizations::lock(tx, member.organization_id)
        .await?
        .ok_or_else(unknown)?;
    let role = role_in(tx, member.organization_id, member.user_id)
        .await?
        .ok_or_else(unknown)?;
    may(role, needed)?;
    Ok(Held { row, role })
}

/// What somebody is in an organization, as the transaction sees it.
async fn role_in(tx: &mut Tx, organization: OrganizationId, user: UserId) -> Result<Option<OrganizationRole>> {
    let row = db::organizations::member(tx, organization, user).await?;
    row.map(|row| {
        OrganizationRole::parse(&row.role).ok_or_else(|| {
            Error::internal(format_args!(
                "organization_members {}: its role is not known",
                row.user_id
            ))
        })
    })
    .transpose()
}
