//! `auth.mock_auth`: a test user without a password, in development only. The configuration refuses it in production, and so does this.

use types::error::Code;

use super::{Method, Proven};
use crate::{
    Error, State,
    accounts::{self, Vouched},
    db,
    error::Result,
    sessions::{Device, User},
};

pub const EMAIL: &str = "mock@localhost";

/// Whether anybody may come in without a proof.
pub fn is_on(state: &State) -> bool {
    state.config().auth.mock_auth && !state.config().is_production()
}

/// The test user, made when first asked for.
///
/// Errors: 404 while it is not offered.
pub async fn enter(state: &State, device: &Device) -> Result<Proven> {
    if !is_on(state) {
        return Err(Error::refused(Code::NotFound, "There is nothing at this address."));
    }
    let user = match db::users::by_email(state.db(), EMAIL).await? {
        Some(row) => User::proven(state, row.id.into()).await?,
        None => {
            let vouched = Vouched {
                email: EMAIL.to_owned(),
                full_name: Some("Test user".to_owned()),
                identity: None,
            };
            match accounts::create_vouched(state, vouched, device).await {
                // Somebody else asked at the same moment.
                Err(Error::Refused(refusal)) if refusal.code == Code::EmailTaken => {
                    let row = db::users::by_email(state.db(), EMAIL).await?;
                    let row = row.ok_or_else(|| Error::unavailable("the test user is gone"))?;
                    User::proven(state, row.id.into()).await?
                }
                outcome => outcome?,
            }
        }
    };
    Ok(Proven::new(user, Method::Mock))
}
