//! Identities of an account: linked only by somebody signed in to it, unlinked unless that locks its person out.

use types::{
    Timestamp, UserId,
    error::Code,
    sign_in::{LinkedIdentity, Trouble},
};
use uuid::Uuid;

use super::{
    Way,
    claims::Person,
    flow::{self, Link},
    grants,
    provider::Provider,
    record,
};
use crate::{
    Error, State,
    audit::Actor,
    db,
    error::Result,
    mail::{self, Letter, Recipient},
    sessions::User,
};

/// The person's identities, oldest first.
pub async fn list(state: &State, user: &User) -> Result<Vec<LinkedIdentity>> {
    let rows = db::identities::of_user(state.db(), user.id()).await?;
    let shown = rows.into_iter().map(|row| {
        let provider = state.identity_providers().find(&row.provider);
        LinkedIdentity {
            id: row.id,
            name: provider.map_or_else(|| row.provider.clone(), |provider| provider.config.name.clone()),
            provider: row.provider,
            issuer: row.issuer,
            email: row.email,
            created_at: Timestamp(row.created_at),
            last_used_at: Timestamp(row.last_used_at),
        }
    });
    Ok(shown.collect())
}

/// Whether the person signed in so lately that their sign-in is proof enough to link.
pub async fn may_link(state: &State, user: &User) -> Result<bool> {
    let Some(session) = user.session_id() else {
        return Ok(false);
    };
    let row = db::sessions::find(state.db(), session).await?;
    Ok(row.is_some_and(|row| flow::is_recent(row.authenticated_at, state.clock().now())))
}

/// Takes an identity off the account, with what its groups gave.
///
/// Errors: 404 for one that is not the person's, 409 for their last way in.
pub async fn unlink(state: &State, user: &User, id: Uuid) -> Result<()> {
    let (clock, actor, user) = (state.clock().clone(), Actor::signed_in(user), user.id());
    state
        .write(move |tx| {
            Box::pin(async move {
                let rows = db::identities::of_user_in(tx, user).await?;
                let row = rows.into_iter().find(|row| row.id == id);
                let mut row = row.ok_or_else(|| {
                    Error::refused(Code::NotFound, "No identity with this id is linked to your account.")
                })?;
                if !db::identities::another_way_in(tx, user, id).await? {
                    let message =
                        "This is the only way into your account. Set a password or link another identity first.";
                    return Err(Error::refused(Code::Conflict, message));
                }
                grants::apply(tx, &clock, &mut row, &grants::Wanted::default()).await?;
                db::identities::delete(tx, id).await?;
                record(tx, &clock, actor, &row, "identity.unlinked").await
            })
        })
        .await
}

/// Links a proven identity to the person who began it, who must still be signed in, in the same sign-in.
pub(super) async fn link(
    state: &State,
    provider: &Provider,
    person: Person,
    link: &Link,
    user: Option<User>,
) -> Result<Way> {
    let Some(user) = user.filter(|user| link.is(user)) else {
        return Ok(Way::trouble(Trouble::Stale, false));
    };
    let mut row = new_row(state, provider, &person);
    row.user_id = user.id().0;
    let wanted = grants::Wanted::of(&provider.config.mapping, &person);
    let (clock, mailer, to) = (state.clock().clone(), state.clone(), Recipient::of(&user));
    let actor = Actor::signed_in(&user);
    let letter = Letter::IdentityLinked {
        provider: provider.config.name.clone(),
    };
    let outcome = state
        .write(move |tx| {
            Box::pin(async move {
                if let Some(found) = db::identities::find(tx, &row.issuer, &row.subject).await? {
                    return Ok(found.user_id == row.user_id);
                }
                db::identities::insert(tx, row.clone()).await?;
                grants::apply(tx, &clock, &mut row, &wanted).await?;
                let now = tx.now();
                db::identities::used(tx, &row, now).await?;
                record(tx, &clock, actor, &row, "identity.linked").await?;
                mail::send(tx, &mailer, &to, letter)?;
                Ok(true)
            })
        })
        .await;
    match outcome {
        Ok(true) => Ok(Way::Linked),
        Ok(false) => Ok(Way::trouble(Trouble::LinkedElsewhere, true)),
        Err(Error::Conflict { constraint }) if constraint.starts_with("identities") => {
            Ok(Way::trouble(Trouble::LinkedElsewhere, true))
        }
        Err(error) => Err(error),
    }
}

/// The row of an identity that nobody has yet; whose it is, is for the caller to say.
pub(super) fn new_row(state: &State, provider: &Provider, person: &Person) -> db::identities::Row {
    let now = state.clock().now();
    db::identities::Row {
        id: state.clock().new_id(),
        user_id: UserId(Uuid::nil()).0,
        provider: provider.config.id.clone(),
        issuer: person.issuer.clone(),
        subject: person.subject.clone(),
        email: person.email.clone(),
        grants: None,
        created_at: now.0,
        last_used_at: now.0,
    }
}
