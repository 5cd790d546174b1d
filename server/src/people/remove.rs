//! Deleting somebody's account.

use types::UserId;

use super::{Operator, hold, must_be_another, person};
use crate::{
    State,
    accounts::{self, Leaving},
    error::Result,
};

/// Removes the account as if its person had left: sign-ins, tokens, keys, the personal organization, and the shared ones that nobody else belongs
/// to. Calls stay on the books under ids that lead to nobody.
///
/// Errors: 404; 409 for one's own account and the only administrator; 409 `last_owner` for the only owner of an organization that others belong
/// to.
pub async fn delete(state: &State, operator: &Operator, id: UserId) -> Result<()> {
    must_be_another(operator, id)?;
    let organization = person(state, id)?.organization_id;
    let (operator, clock) = (operator.clone(), state.clock().clone());
    state
        .write(move |tx| {
            Box::pin(async move {
                hold(tx, &operator, id).await?;
                let leaving = Leaving {
                    id,
                    organization,
                    actor: operator.0.clone(),
                    by: "administrator",
                };
                accounts::remove(tx, &clock, leaving).await
            })
        })
        .await
}
