//! Accounts made for somebody by who runs the server: without a password, and with a link by which their person sets one.

use types::people::{CreatedPerson, NewPerson};

use super::{Operator, person};
use crate::{
    State,
    accounts::{self, Handed},
    error::Result,
    mail,
};

/// Makes an account whatever the registration mode. A letter takes the link to its person; where there is no mail, the reply does, to be handed on.
///
/// Errors: 422 for fields that break a rule; 409 `email_taken` and `username_taken`; 403 for an operator who does not administer the server any
/// more.
pub async fn create(state: &State, operator: &Operator, new: NewPerson) -> Result<CreatedPerson> {
    new.check()?;
    let (id, link) = accounts::create_handed(state, Handed::by(state, operator), new).await?;
    let mailed = mail::available(state);
    Ok(CreatedPerson {
        person: person(state, id)?,
        link: link.filter(|_| !mailed),
        mailed,
    })
}
