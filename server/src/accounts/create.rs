//! One way to make an account, whoever asks for it.

use serde_json::json;
use types::{
    OrganizationId, OrganizationRole, PlatformRole, Refusal, UserId,
    accounts::Register,
    error::{Code, FieldErrors},
    organizations::OrganizationKind,
    people::NewPerson,
    rules::{self, Wrong},
};

use super::{By, Handed, sign_up, username};
use crate::{
    Error, State,
    audit::{self, Actor, Event, Target},
    clock::Clock,
    db::{self, Change, Tx},
    error::Result,
    mail::Recipient,
    organizations::invitations::{self, Invited},
    passwords,
    sessions::{Device, User},
    sign_in::token::{self, Kind},
};

/// How often a derived user name is tried again when somebody took it in the same moment.
const ATTEMPTS: u32 = 5;

pub(crate) struct Create {
    pub new: Register,
    pub role: PlatformRole,
    pub by: By,
    pub guard: Guard,
    /// What lets the person in, and into which organization.
    pub invitation: Option<Invited>,
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
        locale: request.new.locale.clone(),
        username: request.new.username.clone(),
        full_name: request.new.full_name.as_ref().map(|name| name.trim().to_owned()),
        hash: Some(hash),
        verified: request.invitation.as_ref().is_some_and(|invited| invited.is_mailed),
        invitation: request.invitation,
        role: request.role,
        guard: request.guard,
        ..Account::of(state, email, request.by)
    };
    account.make(state).await
}

/// An account without a password, for somebody whose e-mail somebody else vouches for.
pub(crate) struct Vouched {
    /// In its normal form.
    pub email: String,
    pub full_name: Option<String>,
    /// What signs the person in; it becomes theirs.
    pub identity: Option<db::identities::Row>,
}

/// Writes such an account. Whether sign-up is open is the caller's to ask.
///
/// Errors: 409 `email_taken`, and a conflict with `identities` when somebody has the identity already.
pub(crate) async fn create_vouched(state: &State, vouched: Vouched, device: &Device) -> Result<User> {
    let account = Account {
        full_name: vouched.full_name,
        verified: true,
        identity: vouched.identity,
        ..Account::of(state, vouched.email, By::Themselves(device.clone()))
    };
    account.make(state).await
}

/// An account without a password that `handed` makes for somebody; its id, and the link by which they set one.
///
/// Errors: 409 `email_taken` and `username_taken`; 403 when `handed` may not any more.
pub(crate) async fn create_handed(state: &State, handed: Handed, new: NewPerson) -> Result<(UserId, Option<String>)> {
    let by = By::Operator(handed.operator().actor().clone());
    let account = Account {
        username: new.username,
        full_name: new.full_name.map(|name| name.trim().to_owned()),
        locale: new.locale,
        role: new.role,
        handed: Some(handed),
        ..Account::of(state, rules::normal_email(&new.email), by)
    };
    let id = account.id;
    account.make_with_link(state).await.map(|link| (id, link))
}

/// A sign-up whose link was confirmed.
pub(super) struct Hashed {
    pub email: String,
    pub hash: String,
    pub username: Option<String>,
    pub full_name: Option<String>,
    pub locale: Option<String>,
    /// The link's token, used up by the transaction that makes the account.
    pub link: String,
}

/// The same for a person who waited for a link: the address is verified, and a user name that is in use by now gets a number.
pub(super) async fn from_link(state: &State, hashed: Hashed, by: By) -> Result<User> {
    let account = Account {
        username: hashed.username,
        full_name: hashed.full_name.map(|name| name.trim().to_owned()),
        locale: hashed.locale,
        hash: Some(hashed.hash),
        verified: true,
        link: Some((state.clone(), hashed.link)),
        ..Account::of(state, hashed.email, by)
    };
    account.make(state).await
}

impl Account {
    async fn make(self, state: &State) -> Result<User> {
        let id = self.id;
        self.make_with_link(state).await?;
        User::proven(state, id).await
    }

    /// The link is that of an account which is handed to its person.
    async fn make_with_link(self, state: &State) -> Result<Option<String>> {
        let account = std::sync::Arc::new(self);
        for _ in 0..ATTEMPTS {
            let this = std::sync::Arc::clone(&account);
            let outcome = state
                .write(move |tx| Box::pin(async move { this.write(tx).await }))
                .await;
            match outcome {
                Err(Error::Conflict { constraint }) if constraint == "users.email" => return Err(email_taken()),
                Err(Error::Conflict { constraint }) if constraint == "users.username_folded" => {
                    if account.username.is_some() && account.link.is_none() {
                        return Err(username_taken());
                    }
                }
                outcome => return outcome,
            }
        }
        Err(username_taken())
    }
}

pub(super) fn check(new: &Register) -> Result<()> {
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
    locale: Option<String>,
    /// None for who signs in another way.
    hash: Option<String>,
    /// Somebody vouches for the e-mail.
    verified: bool,
    identity: Option<db::identities::Row>,
    role: PlatformRole,
    by: By,
    guard: Guard,
    /// What the account is made by, where a letter asked to confirm.
    link: Option<(State, String)>,
    invitation: Option<Invited>,
    handed: Option<Handed>,
    clock: Clock,
}

impl Account {
    /// One of a person without rights, of whom nothing is known but the e-mail, in its normal form.
    fn of(state: &State, email: String, by: By) -> Self {
        Account {
            id: UserId(state.clock().new_id()),
            organization: OrganizationId(state.clock().new_id()),
            email,
            username: None,
            full_name: None,
            locale: None,
            hash: None,
            verified: false,
            identity: None,
            role: PlatformRole::User,
            by,
            guard: Guard::None,
            link: None,
            invitation: None,
            handed: None,
            clock: state.clock().clone(),
        }
    }

    async fn write(&self, tx: &mut Tx) -> Result<Option<String>> {
        if let Some(handed) = &self.handed {
            handed.may(tx).await?;
        }
        if self.guard == Guard::FirstAdmin && db::users::admin_exists_locked(tx).await? {
            let message = "This server has its administrator already. Sign in instead.";
            return Err(Error::refused(Code::Conflict, message));
        }
        if let Some((state, presented)) = &self.link {
            token::take(tx, state, Kind::SignUp, presented).await?;
            sign_up::forget(tx, &self.email).await?;
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
            hashed_password: self.hash.clone(),
            full_name: self.full_name.clone(),
            role: self.role.name().to_owned(),
            is_active: true,
            max_chats: 10,
            telegram_chat_id: None,
            avatar_url: None,
            locale: self.locale.clone().unwrap_or_else(|| "en".to_owned()),
            theme: "system".to_owned(),
            time_zone: "UTC".to_owned(),
            email_verified_at: self.verified.then_some(now),
            created_at: now,
            updated_at: now,
        };
        let to = Recipient {
            email: user.email.clone(),
            locale: user.locale.clone(),
        };
        if let Some(handed) = &self.handed {
            handed.record(tx, &user, self.role, self.organization).await?;
        }
        db::users::insert(tx, user).await?;
        let organization = db::organizations::Row {
            id: self.organization.0,
            slug: None,
            name: username,
            kind: OrganizationKind::Personal.name().to_owned(),
            personal_user_id: Some(self.id.0),
            plan: "free".to_owned(),
            created_at: now,
            updated_at: now,
            requires_second_factor: false,
            allowed_models: "[]".to_owned(),
        };
        db::organizations::insert(tx, organization).await?;
        let membership = db::organizations::MemberRow {
            organization_id: self.organization.0,
            user_id: self.id.0,
            role: OrganizationRole::Owner.name().to_owned(),
            created_at: now,
        };
        db::organizations::insert_member(tx, membership).await?;
        if let Some(identity) = &self.identity {
            let row = db::identities::Row {
                user_id: self.id.0,
                ..identity.clone()
            };
            db::identities::insert(tx, row).await?;
        }
        tx.changed(Change::Organization, self.organization);
        tx.changed(Change::User, self.id);
        audit::record(tx, &self.clock, self.event()).await?;
        if let Some(invited) = &self.invitation {
            invitations::use_up(tx, &self.clock, &invited.hash, self.id, self.actor()).await?;
        }
        match &self.handed {
            Some(handed) => handed.send(tx, self.id, to).await.map(Some),
            None => Ok(None),
        }
    }

    async fn free_username(&self, tx: &mut Tx) -> Result<String> {
        if let Some(asked) = &self.username {
            if !db::users::username_exists(tx, &username::fold(asked)).await? {
                return Ok(asked.clone());
            }
            if self.link.is_none() {
                return Err(username_taken());
            }
        }
        let base = match &self.username {
            // Room for the number within the rule's 50 characters.
            Some(asked) => asked.chars().take(30).collect(),
            None => username::derived(&self.email),
        };
        for candidate in username::candidates(&base, &self.clock) {
            if !db::users::username_exists(tx, &username::fold(&candidate)).await? {
                return Ok(candidate);
            }
        }
        Err(username_taken())
    }

    fn actor(&self) -> Actor {
        match &self.by {
            By::Themselves(device) => Actor::user(self.id, device),
            By::Operator(actor) => actor.clone(),
        }
    }

    fn event(&self) -> Event {
        Event {
            organization: Some(self.organization),
            actor: self.actor(),
            action: match self.guard {
                Guard::FirstAdmin => "setup.completed",
                Guard::None => "user.created",
            },
            target: Target::User(self.id),
            details: json!({ "role": self.role.name() }),
        }
    }
}
