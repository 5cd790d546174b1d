//! What comes with an account that somebody else makes: that they still may, the answer to a repeated request, and the link for its person.

use types::{
    OrganizationId, PlatformRole, Timestamp, UserId,
    people::{CreatedPerson, Person},
};

use super::password;
use crate::{
    State,
    db::{self, Tx},
    error::Result,
    idempotency,
    mail::{self, Letter, Recipient},
    people::{self, Operator},
};

/// Longer than the link of who asks for it in this moment: its person does not know of it yet.
const LINK_LIVES_MILLIS: i64 = 7 * 24 * 3_600_000;

/// An account's way from who makes it to its person.
pub(crate) struct Handed {
    state: State,
    operator: Operator,
}

impl Handed {
    pub fn by(state: &State, operator: &Operator) -> Self {
        Handed {
            state: state.clone(),
            operator: operator.clone(),
        }
    }

    pub(super) fn operator(&self) -> &Operator {
        &self.operator
    }

    /// Errors: 403 for who does not administer the server any more.
    pub(super) async fn may(&self, tx: &mut Tx) -> Result<()> {
        people::hold_operator(tx, &self.operator).await
    }

    /// Before anything is written.
    pub(super) async fn record(
        &self,
        tx: &mut Tx,
        row: &db::users::Row,
        role: PlatformRole,
        organization_id: OrganizationId,
    ) -> Result<()> {
        let person = Person {
            id: UserId(row.id),
            email: row.email.clone(),
            username: row.username.clone(),
            full_name: row.full_name.clone(),
            avatar_url: None,
            role,
            is_active: true,
            email_verified: false,
            has_second_factor: false,
            has_password: false,
            organization_id,
            created_at: Timestamp(row.created_at),
        };
        let replay = CreatedPerson {
            person,
            link: None,
            mailed: mail::available(&self.state),
        };
        idempotency::record(tx, &replay).await
    }

    /// The link, which is also in a letter on its way.
    pub(super) async fn send(&self, tx: &mut Tx, user: UserId, to: Recipient) -> Result<String> {
        let link = password::reset_link(tx, &self.state, user, &to, LINK_LIVES_MILLIS).await?;
        mail::send(tx, &self.state, &to, Letter::AccountMade { link: link.clone() })?;
        Ok(link)
    }
}
