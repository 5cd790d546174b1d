//! What integration tests need and no door offers yet: reading the audit log, counting sign-ins, disabling somebody, an organization that asks for two factors.

use serde_json::{Value, json};
use types::{OrganizationId, OrganizationRole, PlatformRole, UserId};

use crate::{
    State,
    db::{self, Change, Tx},
    error::Result,
};

/// The whole audit log, oldest first.
pub async fn audit_log(state: &State) -> Result<Vec<Value>> {
    let rows = db::audit::all(state.db()).await?;
    let shown = |row: db::audit::Row| {
        json!({
            "actor_id": row.actor_id, "actor_kind": row.actor_kind, "action": row.action, "target_kind": row.target_kind,
            "target_id": row.target_id, "address": row.ip_address, "details": row.details,
        })
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// Puts what waits in the audit log under seals now.
pub async fn seal_audit(state: &State) -> Result<()> {
    crate::audit::chain::seal(state.db()).await
}

/// Removes what is older than `kept` from the request log. How much that was.
pub async fn sweep_request_log(state: &State, kept: std::time::Duration) -> Result<u64> {
    crate::request_log::sweep(state.db(), kept, &state.stopping()).await
}

/// Takes the models of the configured proxy over as the interval does.
pub async fn sync_models(state: &State) -> Result<types::litellm::SyncReport> {
    crate::litellm::sync_by_interval(state).await
}

/// How the catalogue stands to the configured proxy.
pub async fn models_sync(state: &State) -> Result<types::litellm::SyncStatus> {
    crate::litellm::current(state).await
}

/// Carries out what is due of the keys that a proxy knows too. How many were tried.
pub async fn mirror_keys(state: &State) -> Result<usize> {
    crate::litellm::mirror::carry_out(state).await
}

/// Refresh tokens, of everybody, that would be accepted as the current one of their sign-in.
pub async fn live_refresh_tokens(state: &State) -> Result<u64> {
    db::sessions::count_refresh_tokens(state.db()).await
}

/// What SQLite holds, as one value: equal when nothing was written in between. Nodes' signs of life are left out.
pub async fn digest(state: &State) -> Result<[u8; 32]> {
    db::digest::of(state.db()).await
}

pub async fn disable(state: &State, user: UserId) -> Result<()> {
    state
        .write(move |tx| {
            Box::pin(async move {
                tx.changed(Change::User, user);
                db::users::set_active(tx, user, false).await
            })
        })
        .await
}

/// As for somebody who signed up elsewhere.
pub async fn drop_password(state: &State, user: UserId) -> Result<()> {
    state
        .write(move |tx| Box::pin(async move { db::users::drop_hash(tx, user).await }))
        .await
}

/// An organization of several people that nobody belongs to.
pub async fn organization(state: &State, slug: &str) -> Result<OrganizationId> {
    let id = OrganizationId(state.clock().new_id());
    let now = state.clock().now().0;
    let row = db::organizations::Row {
        id: id.0,
        slug: Some(slug.to_owned()),
        name: slug.to_owned(),
        kind: "shared".to_owned(),
        personal_user_id: None,
        plan: "free".to_owned(),
        created_at: now,
        updated_at: now,
        requires_second_factor: false,
        allowed_models: "[]".to_owned(),
    };
    state
        .write(move |tx| {
            Box::pin(async move {
                tx.changed(Change::Organization, id);
                db::organizations::insert(tx, row).await
            })
        })
        .await?;
    Ok(id)
}

/// The only models an organization may use; none = all.
pub async fn allow_models(state: &State, organization: OrganizationId, models: &[&str]) -> Result<()> {
    let models = json!(models).to_string();
    state
        .write(move |tx| {
            Box::pin(async move {
                let now = tx.now();
                tx.changed(Change::Organization, organization);
                db::organizations::set_allowed_models(tx, organization, &models, now).await
            })
        })
        .await
}

/// Takes somebody in by hand, or changes what they are there.
pub async fn join(state: &State, organization: OrganizationId, user: UserId, role: OrganizationRole) -> Result<()> {
    let now = state.clock().now().0;
    let row = db::organizations::MemberRow {
        organization_id: organization.0,
        user_id: user.0,
        role: role.name().to_owned(),
        created_at: now,
    };
    state
        .write(move |tx| {
            Box::pin(async move {
                tx.changed(Change::Member, user);
                db::organizations::delete_member(tx, organization, user).await?;
                db::organizations::insert_member(tx, row).await
            })
        })
        .await
}

/// Notes that somebody's address is theirs, as a link in a letter does.
pub async fn verify(state: &State, user: UserId) -> Result<()> {
    state
        .write(move |tx| {
            Box::pin(async move {
                let now = tx.now();
                tx.changed(Change::User, user);
                db::users::verify_email(tx, user, now).await.map(|_| ())
            })
        })
        .await
}

/// People without passwords, with names that end in numbers.
pub async fn many_users(state: &State, count: u32) -> Result<()> {
    // Few enough that their changes are loaded with one statement.
    const GROUP: u32 = 500;
    for first in (0..count).step_by(GROUP as usize) {
        let clock = state.clock().clone();
        let work = state.write(move |tx| {
            Box::pin(async move {
                for number in first..count.min(first + GROUP) {
                    one_of_many(tx, clock.new_id(), clock.new_id(), format!("person-{number}")).await?;
                }
                Ok(())
            })
        });
        work.await?;
    }
    Ok(())
}

async fn one_of_many(tx: &mut Tx, id: uuid::Uuid, organization: uuid::Uuid, name: String) -> Result<()> {
    let now = tx.now().0;
    let user = db::users::Row {
        id,
        email: format!("{name}@example.com"),
        username: name.clone(),
        username_folded: name.clone(),
        hashed_password: None,
        full_name: None,
        role: PlatformRole::User.name().to_owned(),
        is_active: true,
        max_chats: 10,
        telegram_chat_id: None,
        avatar_url: None,
        locale: "en".to_owned(),
        theme: "system".to_owned(),
        time_zone: "UTC".to_owned(),
        email_verified_at: None,
        created_at: now,
        updated_at: now,
    };
    db::users::insert(tx, user).await?;
    let row = db::organizations::Row {
        id: organization,
        slug: None,
        name,
        kind: "personal".to_owned(),
        personal_user_id: Some(id),
        plan: "free".to_owned(),
        created_at: now,
        updated_at: now,
        requires_second_factor: false,
        allowed_models: "[]".to_owned(),
    };
    db::organizations::insert(tx, row).await?;
    tx.changed(Change::Organization, organization);
    tx.changed(Change::User, id);
    Ok(())
}

/// An identity elsewhere, as if its provider had been asked; its id.
pub async fn identity(state: &State, user: UserId) -> Result<uuid::Uuid> {
    let (id, now) = (state.clock().new_id(), state.clock().now().0);
    let row = db::identities::Row {
        id,
        user_id: user.0,
        provider: "work".to_owned(),
        issuer: "https://id.example.com".to_owned(),
        subject: id.to_string(),
        email: None,
        grants: None,
        created_at: now,
        last_used_at: now,
    };
    state
        .write(move |tx| Box::pin(async move { db::identities::insert(tx, row).await }))
        .await?;
    Ok(id)
}

/// A passkey that no authenticator has; its id.
pub async fn passkey(state: &State, user: UserId) -> Result<uuid::Uuid> {
    let (id, now) = (state.clock().new_id(), state.clock().now().0);
    let row = db::factors::PasskeyRow {
        id,
        user_id: user.0,
        credential_id: id.as_bytes().to_vec(),
        credential: "{}".to_owned(),
        name: "nowhere".to_owned(),
        second_factor: false,
        created_at: now,
        last_used_at: None,
    };
    state
        .write(move |tx| Box::pin(async move { db::factors::insert_passkey(tx, row).await }))
        .await?;
    Ok(id)
}

/// Gives somebody a role on the whole server.
pub async fn set_platform_role(state: &State, user: UserId, role: PlatformRole) -> Result<()> {
    state
        .write(move |tx| {
            Box::pin(async move {
                let now = tx.now();
                tx.changed(Change::User, user);
                db::users::set_role(tx, user, role, now).await
            })
        })
        .await
}

/// As `requires_second_factor` of an organization, without asking who wishes it.
pub async fn ask_for_second_factor(state: &State, organization: OrganizationId) -> Result<()> {
    state
        .write(move |tx| {
            Box::pin(async move {
                let now = tx.now();
                db::organizations::require_second_factor(tx, organization, true, now).await?;
                tx.changed(Change::Organization, organization);
                Ok(())
            })
        })
        .await
}

/// The memory is out of date for as long as what is returned lives, as while the database cannot be read. Nothing may be changed meanwhile.
pub async fn blind(state: &State) -> impl Sized + '_ {
    state.directory().blind().await
}

/// Reads the feed of changes now, as the process does every two seconds.
pub async fn poll(state: &State) -> Result<()> {
    state.directory().poll_once().await
}

/// As when the database goes away under a process that serves.
pub async fn close_database(state: &State) {
    state.db().cut_for_tests().await;
}
