//! One way to make an account, whoever asks for it.

use serde_json::json;
use types::{
    OrganizationId, OrganizationRole, PlatformRole, Refusal, UserId,
    accounts::Register,
    error::{Code, FieldErrors},
    rules::{self, Wrong},
};

use super::{By, username};
use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    clock::Clock,
    db::{self, Change, Tx},
    error::Result,
    passwords,
    sessions::User,
};

/// How often a derived user name is tried again when somebody took it in the same moment.
const ATTEMPTS: u32 = 5;

pub(crate) struct Create {
    pub new: Register,
    pub role: PlatformRole,
    pub by: By,
    pub guard: Guard,
}

/// A condition that is checked in the transaction that makes the account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    None,
    /// There is no administrator yet; at most one such account is ever made.
    FirstAdmin,
}

/// Checks the rules, hashes the password and writes user, personal organization, membership and audit row together.
pub(crate) async fn create(state: &State, request: Create) -> Result<User> {
    check(&request.new)?;
    let email = rules::normal_email(&request.new.email);
    // Looked at again in the transaction; here it saves hashing for nothing.
    if request.guard == Guard::None && db::users::by_email(state.db(), &email).await?.is_some() {
        return Err(email_taken());
    }
    let hash = passwords::hash(state.clock(), &request.new.password).await?;
    let account = Account {
        id: UserId(state.clock().new_id()),
        organization: OrganizationId(state.clock().new_id()),
        email,
        username: request.new.username.clone(),
        full_name: request.new.full_name.as_ref().map(|name| name.trim().to_owned()),
        hash,
        role: request.role,
        by: request.by,
        guard: request.guard,
        clock: state.clock().clone(),
    };
    let id = account.id;
    let account = std::sync::Arc::new(account);
    for attempt in 1.. {
        let this = std::sync::Arc::clone(&account);
        let outcome = state
            .write(move |tx| Box::pin(async move { this.write(tx).await }))
            .await;
        match outcome {
            Err(Error::Conflict { constraint }) if constraint == "users.email" => return Err(email_taken()),
            Err(Error::Conflict { constraint }) if constraint == "users.username_folded" => {
                if account.username.is_some() || attempt == ATTEMPTS {
                    return Err(username_taken());
                }
            }
            Err(error) => return Err(error),
            Ok(()) => break,
        }
    }
    User::proven(state, id).await
}

fn check(new: &Register) -> Result<()> {
    new.check()?;
    if passwords::is_common(&new.password) {
        let mut errors = FieldErrors::new();
        types::accounts::wrong(&mut errors, "password", Err(Wrong::TooCommon));
        Refusal::fields(errors)?;
    }
    Ok(())
}

fn email_taken() -> Error {
    Error::refused(
        Code::EmailTaken,
        "There is an account with this e-mail already. Sign in instead.",
    )
}

pub(super) fn username_taken() -> Error {
    Error::refused(
        Code::UsernameTaken,
        "Somebody has this user name already. Choose another one.",
    )
}

/// Everything that is written.
struct Account {
    id: UserId,
    organization: OrganizationId,
    email: String,
    /// As asked for; otherwise one is derived from the e-mail.
    username: Option<String>,
    full_name: Option<String>,
    hash: String,
    role: PlatformRole,
    by: By,
    guard: Guard,
    clock: Clock,
}

impl Account {
    async fn write(&self, tx: &mut Tx) -> Result<()> {
        if self.guard == Guard::FirstAdmin && db::users::admin_exists_locked(tx).await? {
            let message = "This server has its administrator already. Sign in instead.";
            return Err(Error::refused(Code::Conflict, message));
        }
        if db::users::email_exists(tx, &self.email).await? {
            return Err(email_taken());
        }
        let username = self.free_username(tx).await?;
        let now = tx.now().0;
        let user = db::users::Row {
            id: self.id.0,
            email: self.email.clone(),
            username_folded: username::fold(&username),
            username: username.clone(),
            hashed_password: Some(self.hash.clone()),
            full_name: self.full_name.clone(),
            role: self.role.name().to_owned(),
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
        let organization = db::organizations::Row {
            id: self.organization.0,
            slug: None,
            name: username,
            kind: "personal".to_owned(),
            personal_user_id: Some(self.id.0),
            plan: "free".to_owned(),
            created_at: now,
            updated_at: now,
        };
        db::organizations::insert(tx, organization).await?;
        let membership = db::organizations::MemberRow {
            organization_id: self.organization.0,
            user_id: self.id.0,
            role: OrganizationRole::Owner.name().to_owned(),
            created_at: now,
        };
        db::organizations::insert_member(tx, membership).await?;
        tx.changed(Change::Organization, self.organization);
        tx.changed(Change::User, self.id);
        audit::record(tx, &self.clock, self.event()).await
    }

    async fn free_username(&self, tx: &mut Tx) -> Result<String> {
        if let Some(asked) = &self.username {
            if db::users::username_exists(tx, &username::fold(asked)).await? {
                return Err(username_taken());
            }
            return Ok(asked.clone());
        }
        let base = username::derived(&self.email);
        for candidate in username::candidates(&base, &self.clock) {
            if !db::users::username_exists(tx, &username::fold(&candidate)).await? {
                return Ok(candidate);
            }
        }
        Err(username_taken())
    }

    fn event(&self) -> Event {
        let actor = match &self.by {
            By::Themselves(device) => Actor::user(self.id, device),
            By::Operator(actor) => actor.clone(),
        };
        Event {
            organization: Some(self.organization),
            actor,
            action: match self.guard {
                Guard::FirstAdmin => "setup.completed",
                Guard::None => "user.created",
            },
            target: Target::User(self.id),
            details: json!({ "role": self.role.name() }),
        }
    }
}
