//! The other end of an invitation: looked at by whoever holds the link, accepted by who has an account or signs up with it.

use serde_json::json;
use types::{
    OrganizationId, UserId,
    error::Code,
    organizations::{InvitationState, InvitationView, Organization, OrganizationKind},
};

use super::{Row, role_of, sender_now, state_of};
use crate::{
    Error, State,
    audit::Actor,
    clock::Clock,
    crypto,
    db::{self, Tx},
    error::Result,
    organizations::{self, members, role_in},
    sessions::User,
};

/// 256 bits in base64url.
const LENGTH: usize = 43;

/// What the link invites to. Changes nothing.
///
/// Errors: 404 for an unknown token; 410 for an invitation that is over.
pub async fn look(state: &State, token: &str) -> Result<InvitationView> {
    let row = open(state, token).await?;
    let directory = state.directory();
    let organization = directory.organization(OrganizationId(row.organization_id));
    let sender = directory.user(UserId(row.invited_by));
    let (Some(organization), Some(sender)) = (organization, sender) else {
        return Err(unknown());
    };
    Ok(InvitationView {
        organization: organization.name.clone(),
        role: role_of(&row)?,
        invited_by: sender.username.clone(),
        is_personal: row.email.is_some(),
        expires_at: types::Timestamp(row.expires_at),
    })
}

/// Where the invitation was mailed to, for the form that makes the account with that address; none for a link. [`look`] does not say it.
///
/// Errors: as for [`look`].
pub async fn address(state: &State, token: &str) -> Result<Option<String>> {
    Ok(open(state, token).await?.email)
}

/// Makes the signed-in person a member. Of many who try at once exactly one succeeds.
///
/// Errors: 404 for an unknown token; 410 for an invitation that is over; 403 for one that was mailed to another address than the person's own,
/// verified one; 409 for who belongs to the organization already.
pub async fn accept(state: &State, user: &User, token: &str) -> Result<Organization> {
    let hash = hash(token).ok_or_else(unknown)?;
    let (id, actor, clock) = (user.id(), Actor::signed_in(user), state.clock().clone());
    let write = state.write(move |tx| Box::pin(async move { use_up(tx, &clock, &hash, id, actor).await }));
    let organization = write.await?;
    organizations::get(state, &organizations::member(state, user, organization)?)
}

/// An invitation that somebody signs up with.
#[derive(Clone)]
pub(crate) struct Invited {
    pub hash: Vec<u8>,
    /// It was mailed to the address of the new account, which is thereby its owner's.
    pub is_mailed: bool,
}

/// What a token is worth for a new account with this address.
///
/// Errors: as for [`accept`].
pub(crate) async fn invited(state: &State, token: &str, email: &str) -> Result<Invited> {
    let row = open(state, token).await?;
    if row.email.as_deref().is_some_and(|address| address != email) {
        return Err(not_yours());
    }
    Ok(Invited {
        is_mailed: row.email.is_some(),
        hash: row.secret_hash,
    })
}

/// The invitation of a token, if it can be accepted as far as is known now.
async fn open(state: &State, token: &str) -> Result<Row> {
    let hash = hash(token).ok_or_else(unknown)?;
    let row = db::invitations::by_hash(state.db(), &hash).await?.ok_or_else(unknown)?;
    let standing = state_of(&row, sender_now(state, &row), state.clock().now())?;
    must_be_open(standing)?;
    Ok(row)
}

/// Uses the invitation up and makes the person a member; of which organization.
pub(crate) async fn use_up(
    tx: &mut Tx,
    clock: &Clock,
    hash: &[u8],
    user: UserId,
    actor: Actor,
) -> Result<OrganizationId> {
    let row = db::invitations::by_hash_in(tx, hash).await?.ok_or_else(unknown)?;
    let id = OrganizationId(row.organization_id);
    db::users::keep(tx, user).await?;
    let organization = db::organizations::lock(tx, id).await?.ok_or_else(unknown)?;
    // Looked at again: it may have been sent anew, revoked or accepted while this waited.
    let row = db::invitations::by_hash_in(tx, hash).await?.ok_or_else(unknown)?;
    let sender = role_in(tx, id, UserId(row.invited_by)).await?;
    let now = tx.now();
    must_be_open(state_of(&row, sender, now)?)?;
    if let Some(address) = &row.email {
        let person = db::users::find_in(tx, user).await?;
        let is_theirs = person.is_some_and(|person| person.email == *address && person.email_verified_at.is_some());
        if !is_theirs {
            return Err(not_yours());
        }
    }
    if organization.kind != OrganizationKind::Shared.name() {
        return Err(unknown());
    }
    let role = role_of(&row)?;
    let details = json!({ "after": { "role": role.name() }, "invitation": row.id });
    members::join(tx, clock, id, user, role, actor, details).await?;
    if !db::invitations::accept(tx, row.id.into(), user).await? {
        return Err(over("was used already"));
    }
    Ok(id)
}

fn hash(token: &str) -> Option<Vec<u8>> {
    (token.len() == LENGTH).then(|| crypto::sha256(token.as_bytes()).to_vec())
}

/// Errors: 410 with what became of it.
fn must_be_open(standing: InvitationState) -> Result<()> {
    Err(over(match standing {
        InvitationState::Open => return Ok(()),
        InvitationState::Accepted => "was used already",
        InvitationState::Revoked => "was revoked",
        InvitationState::Expired => "is too old",
        InvitationState::Void => "came from somebody who may not give it any more",
    }))
}

fn over(why: &str) -> Error {
    Error::refused(Code::Gone, format!("This invitation {why}. Ask for a new one."))
}

fn unknown() -> Error {
    Error::refused(
        Code::NotFound,
        "There is no such invitation. The link may not be whole.",
    )
}

fn not_yours() -> Error {
    let message = "This invitation was sent to another address. Sign in with the account that has it, and confirm the address there.";
    Error::refused(Code::Forbidden, message)
}
