//! Passkeys (WebAuthn): adding, removing, and signing in with one. Its holder is always verified (PIN, finger, face), so it needs
//! no second factor beside it; it is discoverable, so it needs no name before it.
//!
//! What the server must remember between the two halves of a ceremony travels sealed with the client, five minutes and once.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use types::{
    PasskeyId, Refusal, Timestamp, UserId,
    accounts::wrong,
    error::{Code, FieldErrors},
    factors::{PASSKEY_NAME_MOST, Passkey, PasskeyAdded},
    rules,
};
use url::Url;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, DiscoverableKey, Passkey as Credential, PasskeyRegistration, Webauthn, WebauthnBuilder,
    WebauthnError,
};

use super::{asks, event, in_letters, keep_required, recovery};
use crate::{
    Error, State, accounts,
    audit::{self, Actor, Event, Target},
    config::Config,
    crypto,
    db::{self, Change, Tx, factors::PasskeyRow},
    error::Result,
    idempotency,
    mail::{self, Letter, Recipient},
    sessions::{Device, User},
    sign_in::{Method, Proven},
};

const CEREMONY_MILLIS: i64 = 300_000;
/// As it stands in `sign_in_tokens`.
const KIND: &str = "passkey_ceremony";
const REGISTER: &[u8] = b"weirgate passkey registration v1";
const SIGN_IN: &[u8] = b"weirgate passkey sign-in v1";
/// More than any person needs; the list of what an authenticator must not repeat travels with each ceremony.
const MOST: usize = 20;

/// The first half of a ceremony.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct Ceremony {
    /// Send it back with the credential, within five minutes and once.
    pub ceremony: String,
    /// For `navigator.credentials`, binary values in base64url (WebAuthn's JSON form): `{publicKey: {…}}`.
    #[schema(value_type = Object)]
    pub options: Value,
}

/// The other half, when a passkey is added.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasskey {
    pub ceremony: String,
    /// What `navigator.credentials.create` gave, in WebAuthn's JSON form.
    #[schema(value_type = Object)]
    pub credential: Value,
    pub name: String,
    /// Ask for it (or a recovery code) after the password too.
    #[serde(default)]
    pub second_factor: bool,
}

/// Whether browsers take passkeys for this server's address: they want a host's name, not a number.
pub fn are_offered(config: &Config) -> bool {
    relying_party(config).is_ok()
}

/// Oldest first.
pub async fn list(state: &State, user: &User) -> Result<Vec<Passkey>> {
    let rows = db::factors::passkeys(state.db(), user.id()).await?;
    Ok(rows.iter().map(shown).collect())
}

/// Errors: 409 with 20 passkeys, 501 where browsers take none; as `accounts::reauth`.
pub async fn start_registration(state: &State, user: &User, password: Option<&str>) -> Result<Ceremony> {
    let webauthn = relying_party(state.config())?;
    accounts::reauth(state, user, password).await?;
    let known = db::factors::passkeys(state.db(), user.id()).await?;
    if known.len() >= MOST {
        let message = format!("This account has {MOST} passkeys. Remove one you do not use.");
        return Err(Error::refused(Code::Conflict, message));
    }
    let known = known.into_iter().map(|row| row.credential_id).collect();
    let person = user.entry();
    let name = person.full_name.as_deref().unwrap_or(&person.username);
    let (options, begun) = webauthn
        .start_passkey_registration(user.id().0, &person.email, name, Some(known))
        .map_err(Error::internal)?;
    let mut options = serde_json::to_value(options).map_err(Error::internal)?;
    // Without a key on the authenticator itself there would be no signing in without a name.
    if let Some(selection) = options.pointer_mut("/publicKey/authenticatorSelection") {
        selection["residentKey"] = json!("required");
        selection["requireResidentKey"] = json!(true);
    }
    seal(state, REGISTER, Some(user.id()), &begun, options)
}

/// Keeps what the authenticator made. Where the account gets its first second factor by it, recovery codes come along.
///
/// Errors: 400 for a credential that does not fit the ceremony, 401 for a ceremony that is over, 409 for a credential that is known,
/// 422 for the name.
pub async fn finish_registration(state: &State, user: &User, new: NewPasskey) -> Result<PasskeyAdded> {
    let mut errors = FieldErrors::new();
    wrong(&mut errors, "name", rules::name(&new.name, PASSKEY_NAME_MOST));
    Refusal::fields(errors)?;
    let webauthn = relying_party(state.config())?;
    let (begun, spent) = open::<PasskeyRegistration>(state, REGISTER, Some(user.id()), &new.ceremony)?;
    let made = serde_json::from_value(new.credential).map_err(|_| malformed())?;
    let credential = webauthn
        .finish_passkey_registration(&made, &begun)
        .map_err(|_| malformed())?;
    let row = PasskeyRow {
        id: state.clock().new_id(),
        user_id: user.id().0,
        credential_id: credential.cred_id().to_vec(),
        credential: serde_json::to_string(&credential).map_err(Error::internal)?,
        name: new.name.trim().to_owned(),
        second_factor: new.second_factor,
        created_at: state.clock().now().0,
        last_used_at: None,
    };
    let passkey = shown(&row);
    let replay = PasskeyAdded {
        passkey: passkey.clone(),
        recovery_codes: None,
    };
    let set = recovery::Set::new(state.clock());
    let hashes = set.hashes();
    let (id, this) = (user.id(), state.clone());
    let (to, name) = (Recipient::of(user), in_letters(user, Some(&row.name)));
    let event = event(
        user,
        "factor.added",
        json!({ "factor": "passkey", "passkey_id": row.id }),
    );
    let write = state.write(move |tx| {
        Box::pin(async move {
            idempotency::record(tx, &replay).await?;
            spend(tx, spent).await?;
            let mut ways = db::factors::ways_locked(tx, id).await?;
            let asked_before = asks(&this, id, &ways);
            ways.passkeys += 1;
            ways.marked_passkeys += u64::from(row.second_factor);
            db::factors::insert_passkey(tx, row).await?;
            let is_first = !asked_before && asks(&this, id, &ways);
            if is_first {
                let now = tx.now();
                db::factors::replace_recovery_codes(tx, id, hashes, now).await?;
            }
            tx.changed(Change::User, id);
            mail::send(tx, &this, &to, Letter::FactorAdded { name })?;
            audit::record(tx, this.clock(), event).await?;
            Ok(is_first)
        })
    });
    let is_first = match write.await {
        Err(Error::Conflict { constraint }) if constraint == "passkeys.credential_id" => {
            let message = "This passkey belongs to an account already.";
            return Err(Error::refused(Code::Conflict, message));
        }
        outcome => outcome?,
    };
    Ok(PasskeyAdded {
        passkey,
        recovery_codes: is_first.then(|| set.show().recovery_codes),
    })
}

/// Errors: 404 for a passkey that is not the person's, 409 when it is the last way in or the last factor that an organization
/// asks for; as `accounts::reauth`.
pub async fn remove(state: &State, user: &User, passkey: PasskeyId, password: Option<&str>) -> Result<()> {
    accounts::reauth(state, user, password).await?;
    let (id, this, person) = (user.id(), state.clone(), user.clone());
    let event = event(
        user,
        "factor.removed",
        json!({ "factor": "passkey", "passkey_id": passkey }),
    );
    let write = state.write(move |tx| {
        Box::pin(async move {
            let mut ways = db::factors::ways_locked(tx, id).await?;
            let Some(removed) = db::factors::delete_passkey(tx, id, passkey).await? else {
                return Err(Error::refused(Code::NotFound, "There is no such passkey."));
            };
            ways.passkeys = ways.passkeys.saturating_sub(1);
            ways.marked_passkeys = ways.marked_passkeys.saturating_sub(u64::from(removed.second_factor));
            if !ways.password && ways.identities == 0 && ways.passkeys == 0 {
                let message = "Without this passkey nobody could sign in to this account. Set a password or add another passkey first.";
                return Err(Error::refused(Code::LastWayIn, message));
            }
            keep_required(&this, id, &ways)?;
            if !asks(&this, id, &ways) {
                let now = tx.now();
                db::factors::replace_recovery_codes(tx, id, Vec::new(), now).await?;
            }
            tx.changed(Change::User, id);
            let name = in_letters(&person, Some(&removed.name));
            mail::send(tx, &this, &Recipient::of(&person), Letter::FactorRemoved { name })?;
            audit::record(tx, this.clock(), event).await
        })
    });
    write.await
}

/// Asks for any passkey of any account; the authenticator says whose it is.
pub fn start_sign_in(state: &State) -> Result<Ceremony> {
    let (options, begun) = relying_party(state.config())?
        .start_discoverable_authentication()
        .map_err(Error::internal)?;
    let mut options = serde_json::to_value(options).map_err(Error::internal)?;
    // Whether the browser asks at once or waits in the form's suggestions is for the page to say.
    if let Some(options) = options.as_object_mut() {
        options.remove("mediation");
    }
    seal(state, SIGN_IN, None, &begun, options)
}

/// The person whose passkey answered.
///
/// Errors: 400 for what is no credential, 401 for one that is unknown, does not fit, or whose counter went back: there is a copy of it.
pub async fn finish_sign_in(state: &State, ceremony: &str, credential: Value, device: &Device) -> Result<Proven> {
    let webauthn = relying_party(state.config())?;
    let (begun, spent) = open::<DiscoverableAuthentication>(state, SIGN_IN, None, ceremony)?;
    let answer = serde_json::from_value(credential).map_err(|_| malformed())?;
    let (owner, credential_id) = webauthn
        .identify_discoverable_authentication(&answer)
        .map_err(|_| refused())?;
    let row = db::factors::passkey_by_credential(state.db(), owner, credential_id)
        .await?
        .ok_or_else(refused)?;
    let mut known: Credential = serde_json::from_str(&row.credential).map_err(Error::internal)?;
    let verdict = webauthn.finish_discoverable_authentication_v2(&answer, begun, DiscoverableKey::from(&known));
    let verdict = match verdict {
        Ok(verdict) if verdict.user_verified() => verdict,
        Err(WebauthnError::CredentialPossibleCompromise) => {
            note_copy(state, &row, device).await?;
            return Err(refused());
        }
        Ok(_) | Err(_) => return Err(refused()),
    };
    known.update_credential(&verdict);
    let updated = serde_json::to_string(&known).map_err(Error::internal)?;
    let write = state.write(move |tx| {
        Box::pin(async move {
            spend(tx, spent).await?;
            let now = tx.now();
            // Another answer of the same authenticator came in between: its counter must be compared again.
            if !db::factors::use_passkey(tx, &row, updated, now).await? {
                return Err(refused());
            }
            Ok(())
        })
    });
    write.await?;
    let user = User::proven(state, UserId(owner)).await?;
    Ok(Proven::new(user, Method::Passkey))
}

/// A counter that does not go up is the sign of a copied authenticator; the owner's log says so.
async fn note_copy(state: &State, row: &PasskeyRow, device: &Device) -> Result<()> {
    let (clock, user) = (state.clock().clone(), UserId(row.user_id));
    let event = Event {
        organization: None,
        actor: Actor::user(user, device),
        action: "passkey.counter_went_back",
        target: Target::User(user),
        details: json!({ "passkey_id": row.id }),
    };
    state
        .write(move |tx| Box::pin(async move { audit::record(tx, &clock, event).await }))
        .await
}

fn shown(row: &PasskeyRow) -> Passkey {
    Passkey {
        id: PasskeyId(row.id),
        name: row.name.clone(),
        second_factor: row.second_factor,
        created_at: Timestamp(row.created_at),
        last_used_at: row.last_used_at.map(Timestamp),
    }
}

/// Who we are to authenticators: the host of the public address, and pages of that origin alone.
fn relying_party(config: &Config) -> Result<Webauthn> {
    let unsuitable = || {
        let message = "Passkeys need a public address with a host's name and https (or localhost). This server's address is not one.";
        Error::refused(Code::NotSupported, message)
    };
    let origin = Url::parse(config.public_url()).map_err(|_| unsuitable())?;
    let host = origin.domain().ok_or_else(unsuitable)?.to_owned();
    if origin.scheme() != "https" && host != "localhost" {
        return Err(unsuitable());
    }
    WebauthnBuilder::new(&host, &origin)
        .map(|builder| builder.rp_name("Weirgate"))
        .and_then(WebauthnBuilder::build)
        .map_err(|_| unsuitable())
}

/// What travels with the client.
#[derive(Serialize, Deserialize)]
struct Begun<S> {
    user: Option<UserId>,
    until: i64,
    state: S,
}

/// A ceremony that must count only once.
struct Spent(db::sign_in_tokens::Row);

fn seal<S: Serialize>(
    state: &State,
    context: &[u8],
    user: Option<UserId>,
    begun: &S,
    options: Value,
) -> Result<Ceremony> {
    let begun = Begun {
        user,
        until: state.clock().now().plus_millis(CEREMONY_MILLIS).0,
        state: begun,
    };
    let plain = serde_json::to_vec(&begun).map_err(Error::internal)?;
    Ok(Ceremony {
        ceremony: URL_SAFE_NO_PAD.encode(state.seal(&plain, context)?),
        options,
    })
}

fn open<S: DeserializeOwned>(
    state: &State,
    context: &[u8],
    user: Option<UserId>,
    ceremony: &str,
) -> Result<(S, Spent)> {
    let over = || {
        let message = "This took too long, or was done already. Begin again.";
        Error::refused(Code::InvalidPasskey, message)
    };
    let sealed = URL_SAFE_NO_PAD.decode(ceremony).map_err(|_| over())?;
    let plain = state.open(&sealed, context).map_err(|_| over())?;
    let begun: Begun<S> = serde_json::from_slice(&plain).map_err(|_| over())?;
    let now = state.clock().now();
    if begun.until <= now.0 || begun.user != user {
        return Err(over());
    }
    let row = db::sign_in_tokens::Row {
        hash: crypto::sha256(&sealed).to_vec(),
        kind: KIND.to_owned(),
        user_id: user.map(|user| user.0),
        email: None,
        sealed: None,
        expires_at: begun.until,
        created_at: now.0,
    };
    Ok((begun.state, Spent(row)))
}

/// Refuses a ceremony that was finished before: its hash is there already.
async fn spend(tx: &mut Tx, Spent(row): Spent) -> Result<()> {
    let now = tx.now();
    db::sign_in_tokens::delete_expired(tx, now).await?;
    match db::sign_in_tokens::insert(tx, row).await {
        Err(Error::Conflict { .. }) => {
            let message = "This was done already. Begin again.";
            Err(Error::refused(Code::InvalidPasskey, message))
        }
        outcome => outcome,
    }
}

fn malformed() -> Error {
    let message = "This is not what the passkey was asked for. Begin again.";
    Error::refused(Code::BadRequest, message)
}

fn refused() -> Error {
    let message = "This passkey is not known here, or it was removed. Sign in another way.";
    Error::refused(Code::InvalidPasskey, message)
}
