//! Administration of the whole server: what its administrators see, and what they change. Each function asks for the right on its first lines;
//! that services ask for the proof again is what makes it certain.

pub mod audit;
pub mod litellm;
pub mod models;
pub mod organizations;
pub mod providers;
pub mod requests;
pub mod system;
pub mod users;

#[cfg(feature = "ssr")]
use std::fmt::Write;

use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use crate::{error::ApiError, request::Request};
#[cfg(feature = "ssr")]
use server::{
    catalogue::Editor,
    people::Operator,
    sessions::{Admin, User},
};
#[cfg(feature = "ssr")]
use types::{UserId, error::Code};

pub const ROOT: &str = "/admin";

/// The address of a page of the administration.
pub fn path(page: &str) -> String {
    [ROOT, "/", page].concat()
}

/// A name that may lead somewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// None when nothing is known under the id any more.
    pub name: Option<String>,
    pub id: Option<String>,
}

/// Rows that one page of a list shows.
#[cfg(feature = "ssr")]
const PAGE: u64 = 50;

/// Somebody who sees what administrators see, or the refusal that the page answers with.
#[cfg(feature = "ssr")]
pub(super) async fn auditor(request: &Request) -> Result<User, ApiError> {
    let user = request.user().await?;
    user.auditor().map_err(|error| request.error(&error))?;
    Ok(user)
}

/// Runs what only administrators may do. Who sent it is asked before anything of it is read, which is for `work` to do.
#[cfg(feature = "ssr")]
pub(super) async fn change<T>(
    request: &Request,
    work: impl AsyncFnOnce(Administrator<'_>) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let user = request.user().await?;
    let admin = user.admin().map_err(|error| request.error(&error))?;
    work(Administrator { request, admin }).await
}

/// An administrator at work, with what their services ask for.
#[cfg(feature = "ssr")]
pub(super) struct Administrator<'a> {
    request: &'a Request,
    admin: Admin<'a>,
}

#[cfg(feature = "ssr")]
impl Administrator<'_> {
    pub fn user(&self) -> &User {
        self.admin.user()
    }

    pub fn operator(&self) -> Operator {
        Operator::admin(&self.admin)
    }

    pub fn editor(&self) -> Editor {
        Editor::from(&self.admin)
    }

    /// The id that a form named.
    pub fn id<T: std::str::FromStr>(&self, text: &str) -> Result<T, ApiError> {
        id(self.request, text)
    }

    /// What a service said.
    pub fn said<T>(&self, outcome: server::error::Result<T>) -> Result<T, ApiError> {
        outcome.map_err(|error| self.request.error(&error))
    }
}

/// An id out of an address or a form; text that is none leads to nothing.
#[cfg(feature = "ssr")]
pub(super) fn id<T: std::str::FromStr>(request: &Request, text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|_| request.refused(Code::NotFound))
}

/// What was typed to name a person: an id, an e-mail or a user name. Nobody is a mistake of its field.
#[cfg(feature = "ssr")]
async fn person(request: &Request, user: &User, field: &str, typed: &str) -> Result<UserId, ApiError> {
    if let Ok(id) = typed.parse() {
        return Ok(id);
    }
    let found = async {
        let auditor = user.auditor()?;
        server::people::named(&request.state, &auditor, typed).await
    };
    let found = found.await.map_err(|error| request.error(&error))?;
    found.ok_or_else(|| request.wrong_field(field, "nobody"))
}

/// A mistake in a filter belongs beside it and not in the place of the page.
#[cfg(feature = "ssr")]
fn mistake<T: Default>(read: Result<T, ApiError>) -> Result<(T, Option<ApiError>), ApiError> {
    match read {
        Ok(value) => Ok((value, None)),
        Err(error) if !error.refusal.errors.is_empty() => Ok((T::default(), Some(error))),
        Err(error) => Err(error),
    }
}

/// What was typed, unless it is nothing.
#[cfg(feature = "ssr")]
fn given(typed: &str) -> Option<&str> {
    Some(typed.trim()).filter(|typed| !typed.is_empty())
}

/// `path` with a query of the pairs that have a value.
#[cfg(feature = "ssr")]
fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    let mut before = '?';
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        address.push(before);
        address.push_str(name);
        address.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => address.push(char::from(byte)),
                _ => {
                    let _ = write!(address, "%{byte:02X}");
                }
            }
        }
        before = '&';
    }
    address
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn address_carries_what_was_typed_and_nothing_else() {
        let pairs = [("q", "a&b=ц"), ("role", ""), ("after", "1")];
        assert_eq!(address("/admin/users", &pairs), "/admin/users?q=a%26b%3D%D1%86&after=1");
        assert_eq!(address("/admin/users", &[]), "/admin/users");
    }
}
