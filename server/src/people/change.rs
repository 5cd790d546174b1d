//! What an operator changes of somebody's account: role, whether it is used at all, its sign-ins and second factors.

use serde_json::{Value, json};
use types::{
    PlatformRole, UserId,
    people::{Person, PersonChange},
};

use super::{Operator, hold, keep_an_admin, must_be_another, person};
use crate::{
    Error, State, accounts,
    audit::{self, Event, Target},
    clock::Clock,
    db::{self, Change, Tx},
    error::Result,
    mail::{self, Letter, Recipient},
    passwords, sessions,
    sign_in::token::{self, Kind},
    tokens,
};

/// Changes what `change` names and leaves the rest. Rights count anew from the moment this returns, on other nodes within seconds. Whoever gets
/// more of them signs in again, so that no cookie from before carries them; whoever is disabled is signed out everywhere.
///
/// Errors: 404; 409 for one's own account and for the only administrator.
pub async fn change(state: &State, operator: &Operator, id: UserId, change: PersonChange) -> Result<Person> {
    if change.role.is_some() || change.is_active.is_some() {
        must_be_another(operator, id)?;
    }
    let (operator, clock) = (operator.clone(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let row = hold(tx, &operator, id).await?;
                let before = role_of(&row)?;
                let role = change.role.unwrap_or(before);
                let active = change.is_active.unwrap_or(row.is_active);
                if role != PlatformRole::Admin || !active {
                    keep_an_admin(tx, &row).await?;
                }
                if role != before {
                    set_role(tx, &clock, &operator, id, before, role).await?;
                }
                if active != row.is_active {
                    set_active(tx, &clock, &operator, id, active).await?;
                }
                Ok(())
            })
        })
        .await?;
    person(state, id)
}

fn role_of(row: &db::users::Row) -> Result<PlatformRole> {
    PlatformRole::parse(&row.role)
        .ok_or_else(|| Error::internal(format_args!("users {}: the role is not known", row.id)))
}

async fn set_role(
    tx: &mut Tx,
    clock: &Clock,
    operator: &Operator,
    id: UserId,
    before: PlatformRole,
    role: PlatformRole,
) -> Result<()> {
    let now = tx.now();
    db::users::set_role(tx, id, role, now).await?;
    tx.changed(Change::User, id);
    let details = json!({ "before": { "role": before.name() }, "after": { "role": role.name() } });
    tell(tx, clock, operator, id, "user.role_changed", details).await?;
    if role > before {
        sessions::end_all(tx, clock, id, None, &operator.0, "rights_changed").await?;
    }
    Ok(())
}

async fn set_active(tx: &mut Tx, clock: &Clock, operator: &Operator, id: UserId, active: bool) -> Result<()> {
    db::users::set_active(tx, id, active).await?;
    tx.changed(Change::User, id);
    let details = json!({ "before": { "is_active": !active }, "after": { "is_active": active } });
    let action = if active { "user.enabled" } else { "user.disabled" };
    tell(tx, clock, operator, id, action, details).await?;
    if !active {
        // So that enabling the account again revives nothing.
        end_everything(tx, clock, operator, id, "disabled").await?;
    }
    Ok(())
}

/// Ends every sign-in, browsers and programs, with what `cli-login` gave out, and forgets the links on their way. How many sign-ins ended.
async fn end_everything(tx: &mut Tx, clock: &Clock, operator: &Operator, id: UserId, why: &'static str) -> Result<u64> {
    let ended = sessions::end_all(tx, clock, id, None, &operator.0, why).await?;
    tokens::revoke_cli(tx, clock, id, &operator.0, why).await?;
    token::forget(tx, id, &[Kind::Link, Kind::ResetPassword]).await?;
    Ok(ended)
}

/// Signs somebody out everywhere. Their keys and the tokens they made in the settings go on working.
///
/// Errors: 404.
pub async fn sign_out(state: &State, operator: &Operator, id: UserId) -> Result<()> {
    let (operator, clock) = (operator.clone(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                hold(tx, &operator, id).await?;
                let ended = end_everything(tx, &clock, &operator, id, "ended_by_administrator").await?;
                let details = json!({ "sign_ins": ended });
                tell(tx, &clock, &operator, id, "user.signed_out", details).await
            })
        })
        .await
}

/// Takes authenticator app, recovery codes and passkeys from somebody who lost them, and tells them by letter. Where an organization asks for a
/// second factor, they set up another one at their next sign-in. Without any there is nothing to do.
///
/// Errors: 404; 409 for one's own account.
pub async fn reset_second_factor(state: &State, operator: &Operator, id: UserId) -> Result<()> {
    must_be_another(operator, id)?;
    let (operator, this) = (operator.clone(), state.clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let row = hold(tx, &operator, id).await?;
                let ways = db::factors::ways_locked(tx, id).await?;
                db::factors::delete_all(tx, id).await?;
                tx.changed(Change::User, id);
                if !ways.totp && ways.passkeys == 0 {
                    return Ok(());
                }
                let details = json!({ "totp": ways.totp, "passkeys": ways.passkeys });
                tell(tx, this.clock(), &operator, id, "user.second_factor_reset", details).await?;
                let to = Recipient {
                    email: row.email,
                    locale: row.locale,
                };
                mail::send(tx, &this, &to, Letter::FactorsReset)
            })
        })
        .await
}

/// Sets a password for somebody who has no other way in, and signs them out everywhere. For the command line: an administrator who sits at a
/// browser never learns another's password.
///
/// Errors: 404; 422 for a password that breaks a rule.
pub async fn set_password(state: &State, operator: &Operator, id: UserId, password: &str) -> Result<()> {
    accounts::password::check_password_rules("password", password)?;
    let hash = passwords::hash(state.clock(), password).await?;
    let (operator, this) = (operator.clone(), state.clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                let row = hold(tx, &operator, id).await?;
                end_everything(tx, this.clock(), &operator, id, "password_reset").await?;
                let now = tx.now();
                db::users::set_hash(tx, id, &hash, now).await?;
                tx.changed(Change::User, id);
                tell(tx, this.clock(), &operator, id, "user.password_reset", json!({})).await?;
                let to = Recipient {
                    email: row.email,
                    locale: row.locale,
                };
                mail::send(tx, &this, &to, Letter::PasswordChanged { at: now })
            })
        })
        .await
}

pub(super) async fn tell(
    tx: &mut Tx,
    clock: &Clock,
    operator: &Operator,
    id: UserId,
    action: &'static str,
    details: Value,
) -> Result<()> {
    let event = Event {
        organization: None,
        actor: operator.0.clone(),
        action,
        target: Target::User(id),
        details,
    };
    audit::record(tx, clock, event).await
}
