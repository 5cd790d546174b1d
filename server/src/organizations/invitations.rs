//! Invitations into an organization: by letter, for the one account with that address, or by a link that works for one person.
//!
//! The token in a link is 256 random bits, stored as SHA-256. An invitation is worth what its sender may give at the moment it is
//! accepted: who was removed or demoted leaves no way in behind.

mod accept;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use types::{
    InvitationId, OrganizationId, OrganizationRole, Refusal, Timestamp, UserId,
    accounts::wrong,
    error::{Code, FieldErrors},
    organizations::{Invitation, InvitationState, NewInvitation, SentInvitation},
    page::Page,
    rules::{self, Wrong},
};

pub(crate) use accept::{Invited, invited, use_up};
pub use accept::{accept, address, look};

use super::{Member, OrganizationAdmin, hold, may_grant, must_be_shared};
use crate::{
    Error, State,
    audit::{self, Event, Target},
    clock::Clock,
    crypto,
    db::{self, Tx, invitations::Row},
    error::Result,
    idempotency,
    mail::{self, Letter, Recipient},
    paging::Asked,
    sessions::Device,
    sign_in::limits,
};

/// Seven days.
const LIVES_MILLIS: i64 = 7 * 24 * 3_600_000;
/// Invitations of one organization that may still be accepted.
const MOST_OPEN: u64 = 500;

/// Makes an invitation and, where it is for an address, sends the letter. The link of one without an address stands in this reply only.
///
/// Errors: 422 for fields that break a rule, and for an address where this server sends no mail; 403 for a role above one's own; 409 for
/// an address whose person belongs to the organization, for too many open ones, and in a personal organization; 429 after too many letters.
pub async fn create(
    state: &State,
    admin: &OrganizationAdmin<'_>,
    new: NewInvitation,
    device: &Device,
) -> Result<SentInvitation> {
    let email = new.email.as_deref().map(|email| mailable(state, email)).transpose()?;
    may_grant(admin.role, new.role)?;
    must_be_shared(state, admin)?;
    if let Some(email) = &email {
        must_be_new(state, admin, email).await?;
        limits::letters::asked(state, device)?;
    }
    let (token, hash) = secret(state);
    let now = state.clock().now();
    let row = Row {
        id: state.clock().new_id(),
        organization_id: admin.organization_id.0,
        email,
        role: new.role.name().to_owned(),
        secret_hash: hash,
        invited_by: admin.user_id.0,
        expires_at: now.plus_millis(LIVES_MILLIS).0,
        accepted_at: None,
        accepted_by: None,
        revoked_at: None,
        created_at: now.0,
        updated_at: now.0,
    };
    let letter = Sending::of(state, &row, token).await?;
    let sent = letter.reply(state, &row)?;
    let replay = SentInvitation {
        link: None,
        dev_link: None,
        details: sent.details.clone(),
    };
    let (then, member) = (state.clone(), (**admin).clone());
    let write = state.write(move |tx| {
        Box::pin(async move {
            let held = hold(tx, &member, OrganizationRole::Admin).await?;
            may_grant(held.role, new.role)?;
            idempotency::record(tx, &replay).await?;
            if db::invitations::count_open(tx, member.organization_id).await? >= MOST_OPEN {
                let message = format!("{MOST_OPEN} invitations are open, which is the most. Revoke some first.");
                return Err(Error::refused(Code::Conflict, message));
            }
            let (id, details) = (row.id.into(), json!({ "after": given(&row) }));
            db::invitations::insert(tx, row).await?;
            tell(tx, then.clock(), &member, "invitation.created", id, details).await?;
            letter.send(tx, &then, &held.row.name)
        })
    });
    write.await?;
    Ok(sent)
}

/// The organization's invitations, newest first, with what became of each. `limit` is 1 to 100.
pub async fn page(
    state: &State,
    admin: &OrganizationAdmin<'_>,
    limit: u64,
    cursor: Option<&str>,
) -> Result<Page<Invitation>> {
    let asked = Asked::of(limit, cursor)?;
    let rows = db::invitations::page(state.db(), admin.organization_id, asked.after, asked.rows()).await?;
    Ok(asked.page(rows, |row| InvitationId(row.id), |row| shown(state, &row).ok()))
}

/// Makes an invitation worthless. Repeating it changes nothing.
///
/// Errors: 404 for an unknown one; 403 for one to a role above one's own; 409 for one that was accepted.
pub async fn revoke(state: &State, admin: &OrganizationAdmin<'_>, id: InvitationId) -> Result<()> {
    let (member, clock) = ((**admin).clone(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let held = hold(tx, &member, OrganizationRole::Admin).await?;
                let row = find(tx, member.organization_id, id).await?;
                may_grant(held.role, role_of(&row)?)?;
                if db::invitations::revoke(tx, member.organization_id, id).await? {
                    let details = json!({ "before": given(&row) });
                    return tell(tx, &clock, &member, "invitation.revoked", id, details).await;
                }
                match row.accepted_at {
                    Some(_) => Err(accepted()),
                    None => Ok(()),
                }
            })
        })
        .await
}

/// Sends an invitation again, with a new link and its whole time; the old link is worth nothing any more. Whoever does this is its
/// sender from now on.
///
/// Errors: 404 for an unknown one; 403 for one to a role above one's own; 409 for one that was accepted or revoked; 429 after too many letters.
pub async fn resend(
    state: &State,
    admin: &OrganizationAdmin<'_>,
    id: InvitationId,
    device: &Device,
) -> Result<SentInvitation> {
    let (token, hash) = secret(state);
    let expires_at = state.clock().now().plus_millis(LIVES_MILLIS);
    let member = (**admin).clone();
    let found = db::invitations::look(state.db(), member.organization_id, id).await?;
    let found = found.ok_or_else(unknown)?;
    may_grant(admin.role, role_of(&found)?)?;
    if found.email.is_some() {
        limits::letters::asked(state, device)?;
    }
    let row = Row {
        invited_by: admin.user_id.0,
        expires_at: expires_at.0,
        ..found
    };
    let letter = Sending::of(state, &row, token).await?;
    let sent = letter.reply(state, &row)?;
    let then = state.clone();
    let write = state.write(move |tx| {
        Box::pin(async move {
            let held = hold(tx, &member, OrganizationRole::Admin).await?;
            let before = find(tx, member.organization_id, id).await?;
            may_grant(held.role, role_of(&before)?)?;
            let renewed =
                db::invitations::renew(tx, member.organization_id, id, hash, member.user_id, expires_at).await?;
            if !renewed {
                return Err(if before.accepted_at.is_some() {
                    accepted()
                } else {
                    revoked()
                });
            }
            let details = json!({ "before": given(&before), "after": given(&row) });
            tell(tx, then.clock(), &member, "invitation.resent", id, details).await?;
            letter.send(tx, &then, &held.row.name)
        })
    });
    write.await?;
    Ok(sent)
}

/// Errors: 422 for what is no address, and where nobody would get the letter: the link must reach the mailbox and nobody else.
fn mailable(state: &State, email: &str) -> Result<String> {
    let mut errors = FieldErrors::new();
    let outcome = match rules::email(email) {
        Ok(()) if !mail::available(state) => Err(Wrong::NotBuilt),
        outcome => outcome,
    };
    wrong(&mut errors, "email", outcome);
    Refusal::fields(errors)?;
    Ok(rules::normal_email(email))
}

async fn must_be_new(state: &State, member: &Member, email: &str) -> Result<()> {
    let row = db::users::by_email(state.db(), email).await?;
    let belongs = row.is_some_and(|row| {
        state
            .directory()
            .is_member(member.organization_id, row.id.into())
            .is_some()
    });
    if belongs {
        let message = "The person with this address belongs to the organization already.";
        return Err(Error::refused(Code::Conflict, message));
    }
    Ok(())
}

/// A new token and what is stored of it.
fn secret(state: &State) -> (String, Vec<u8>) {
    let token = URL_SAFE_NO_PAD.encode(state.clock().random::<32>());
    let hash = crypto::sha256(token.as_bytes()).to_vec();
    (token, hash)
}

/// A link on its way to whoever is invited.
struct Sending {
    link: String,
    by: String,
    /// None for a link without an address.
    to: Option<Recipient>,
}

impl Sending {
    async fn of(state: &State, row: &Row, token: String) -> Result<Self> {
        let sender = state.directory().user(UserId(row.invited_by));
        let sender = sender.ok_or_else(|| Error::internal("a signed-in person is not in the directory"))?;
        let to = match &row.email {
            None => None,
            Some(email) => {
                // Whoever has an account reads its language; for others the sender's is the best guess.
                let account = db::users::by_email(state.db(), email).await?;
                Some(Recipient {
                    email: email.clone(),
                    locale: account.map_or_else(|| sender.locale.clone(), |row| row.locale),
                })
            }
        };
        Ok(Sending {
            link: format!("{}/invitations/{token}", state.config().public_url()),
            by: sender.username.clone(),
            to,
        })
    }

    fn reply(&self, state: &State, row: &Row) -> Result<SentInvitation> {
        let is_mailed = self.to.is_some();
        Ok(SentInvitation {
            link: (!is_mailed).then(|| self.link.clone()),
            dev_link: (is_mailed && !state.config().is_production()).then(|| self.link.clone()),
            details: shown(state, row)?,
        })
    }

    /// The letter leaves once `tx` has committed, unless its address got too many lately.
    fn send(self, tx: &mut Tx, state: &State, organization: &str) -> Result<()> {
        let Some(to) = self.to else { return Ok(()) };
        if !limits::letters::may_go_to(state, &to.email) {
            return Ok(());
        }
        let letter = Letter::Invitation {
            organization: organization.to_owned(),
            by: self.by,
            link: self.link,
        };
        mail::send(tx, state, &to, letter)
    }
}

/// What became of it. `sender` is what who sent it is in the organization now.
fn state_of(row: &Row, sender: Option<OrganizationRole>, now: Timestamp) -> Result<InvitationState> {
    let role = role_of(row)?;
    Ok(if row.accepted_at.is_some() {
        InvitationState::Accepted
    } else if row.revoked_at.is_some() {
        InvitationState::Revoked
    } else if row.expires_at <= now.0 {
        InvitationState::Expired
    } else if sender.is_none_or(|sender| !sender.may_grant(role)) {
        InvitationState::Void
    } else {
        InvitationState::Open
    })
}

fn role_of(row: &Row) -> Result<OrganizationRole> {
    let unknown = || Error::internal(format_args!("invitations {}: its role is not known", row.id));
    OrganizationRole::parse(&row.role).ok_or_else(unknown)
}

/// What the sender is in the organization, from memory.
fn sender_now(state: &State, row: &Row) -> Option<OrganizationRole> {
    let organization = OrganizationId(row.organization_id);
    state.directory().is_member(organization, UserId(row.invited_by))
}

fn shown(state: &State, row: &Row) -> Result<Invitation> {
    let sender = state.directory().user(UserId(row.invited_by));
    Ok(Invitation {
        id: InvitationId(row.id),
        email: row.email.clone(),
        role: role_of(row)?,
        state: state_of(row, sender_now(state, row), state.clock().now())?,
        invited_by: UserId(row.invited_by),
        invited_by_name: sender.map(|person| person.username.clone()),
        accepted_by: row.accepted_by.map(UserId),
        created_at: Timestamp(row.created_at),
        expires_at: Timestamp(row.expires_at),
        accepted_at: row.accepted_at.map(Timestamp),
        revoked_at: row.revoked_at.map(Timestamp),
    })
}

async fn find(tx: &mut Tx, organization: OrganizationId, id: InvitationId) -> Result<Row> {
    let row = db::invitations::find(tx, organization, id).await?;
    row.ok_or_else(unknown)
}

fn unknown() -> Error {
    Error::refused(Code::NotFound, "There is no such invitation.")
}

fn accepted() -> Error {
    Error::refused(
        Code::Conflict,
        "This invitation was accepted. Remove the member instead.",
    )
}

fn revoked() -> Error {
    Error::refused(Code::Conflict, "This invitation was revoked. Make a new one.")
}

/// What the audit log tells of one: what it gives, in whose name, how long. Not to which address.
fn given(row: &Row) -> Value {
    json!({
        "role": row.role, "mailed": row.email.is_some(), "invited_by": row.invited_by, "expires_at": Timestamp(row.expires_at),
    })
}

async fn tell(
    tx: &mut Tx,
    clock: &Clock,
    member: &Member,
    action: &'static str,
    id: InvitationId,
    details: Value,
) -> Result<()> {
    let event = Event {
        organization: Some(member.organization_id),
        actor: member.actor(),
        action,
        target: Target::Invitation(id),
        details,
    };
    audit::record(tx, clock, event).await
}
