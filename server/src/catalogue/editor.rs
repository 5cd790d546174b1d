//! Who may change the catalogue.

use types::{PlatformRole, UserId, error::Code};

use crate::{
    Error, State,
    audit::Actor,
    db::{self, Tx},
    error::Result,
    sessions::Admin,
    state::Role,
};

/// An administrator of this server, or an operator at its own command line. Private fields: it cannot be made up.
pub struct Editor {
    actor: Actor,
    user: Option<UserId>,
}

impl From<&Admin<'_>> for Editor {
    fn from(admin: &Admin<'_>) -> Self {
        Editor {
            actor: Actor::signed_in(admin.user()),
            user: Some(admin.user().id()),
        }
    }
}

impl Editor {
    /// Whoever can run a command beside the database is its operator.
    ///
    /// Errors: a process that serves has none.
    pub fn operator(state: &State) -> Result<Self> {
        match state.role() {
            Role::Command => Ok(Editor {
                actor: Actor::CommandLine,
                user: None,
            }),
            Role::Serve => Err(Error::internal("an operator's right was asked for while serving")),
        }
    }

    pub(crate) fn acting(&self) -> Acting {
        Acting {
            actor: self.actor.clone(),
            user: self.user,
        }
    }
}

/// What a change takes into its transaction.
#[derive(Clone)]
pub(crate) struct Acting {
    pub actor: Actor,
    /// None at the command line, and for the server itself.
    pub user: Option<UserId>,
}

impl Acting {
    /// The server, by itself.
    pub fn system() -> Self {
        Acting {
            actor: Actor::System,
            user: None,
        }
    }

    /// Asks for the right again, as the transaction sees it: an administrator may have been one until a moment ago.
    pub async fn hold(&self, tx: &mut Tx) -> Result<()> {
        let Some(user) = self.user else { return Ok(()) };
        let person = db::users::find_in(tx, user).await?;
        let holds = person.is_some_and(|row| row.is_active && row.role == PlatformRole::Admin.name());
        let message = "Only administrators of this server can do this.";
        holds
            .then_some(())
            .ok_or_else(|| Error::refused(Code::Forbidden, message))
    }
}
