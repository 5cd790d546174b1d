//! The caller's place in what the path names: an organization by id or slug, a team by id.
//!
//! What a door needs is part of its extractor, so that somebody who may not do a thing hears so before their body is looked at.

use std::{borrow::Borrow, marker::PhantomData};

use axum::{
    extract::{FromRequestParts, OriginalUri, RawPathParams},
    http::{StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use types::{OrganizationRole, TeamId, error::Code};

use crate::{
    Error, State,
    organizations::{self, Found, Member},
    sessions::User,
    teams,
};

/// The least role a door is for.
pub trait Needs {
    const ROLE: OrganizationRole;
}

pub enum AsMember {}
pub enum AsAdmin {}
pub enum AsOwner {}

impl Needs for AsMember {
    const ROLE: OrganizationRole = OrganizationRole::Member;
}

impl Needs for AsAdmin {
    const ROLE: OrganizationRole = OrganizationRole::Admin;
}

impl Needs for AsOwner {
    const ROLE: OrganizationRole = OrganizationRole::Owner;
}

/// Somebody and their place in the organization that `{organization}` names. One they do not belong to is 404, one where their role does not
/// suffice 403, and the slug it had until lately leads on to the new one.
pub struct Place<N, U = User> {
    pub user: U,
    pub member: Member,
    needs: PhantomData<fn() -> N>,
}

impl<N, U> FromRequestParts<State> for Place<N, U>
where
    N: Needs,
    U: FromRequestParts<State, Rejection = Error> + Borrow<User> + Send,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Response> {
        let user = U::from_request_parts(parts, state)
            .await
            .map_err(IntoResponse::into_response)?;
        let named = parameter(parts, state, "organization")
            .await
            .map_err(IntoResponse::into_response)?;
        match organizations::find(state, user.borrow(), &named).await {
            Err(error) => Err(error.into_response()),
            Ok(Found::Moved(_, slug)) => Err(moved(parts, &slug)),
            Ok(Found::Here(member)) => {
                let suffices = match N::ROLE {
                    OrganizationRole::Owner => member.owner().map(|_| ()),
                    OrganizationRole::Admin => member.admin().map(|_| ()),
                    OrganizationRole::Member => Ok(()),
                };
                suffices.map_err(IntoResponse::into_response)?;
                Ok(Place {
                    user,
                    member,
                    needs: PhantomData,
                })
            }
        }
    }
}

/// A team that `{id}` names and the caller may know of; 403 where they may not change it and the door is for that.
pub struct AtTeam<N, U = User> {
    pub team: teams::Known,
    needs: PhantomData<fn() -> (N, U)>,
}

impl<N, U> FromRequestParts<State> for AtTeam<N, U>
where
    N: Needs,
    U: FromRequestParts<State, Rejection = Error> + Borrow<User> + Send,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        let user = U::from_request_parts(parts, state).await?;
        let nothing = || Error::refused(Code::NotFound, "There is no such team.");
        let id: TeamId = parameter(parts, state, "id").await?.parse().map_err(|_| nothing())?;
        let team = teams::find(state, user.borrow(), id)?;
        if N::ROLE.reaches(OrganizationRole::Admin) {
            team.admin()?;
        }
        Ok(AtTeam {
            team,
            needs: PhantomData,
        })
    }
}

/// What stands in the path for `{organization}`: an id or a slug, looked at by nobody yet.
pub struct Named(pub String);

impl FromRequestParts<State> for Named {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        parameter(parts, state, "organization").await.map(Named)
    }
}

/// What stands in the path for `name`.
async fn parameter(parts: &mut Parts, state: &State, name: &str) -> Result<String, Error> {
    let nothing = || Error::refused(Code::NotFound, "There is nothing at this address.");
    let params = RawPathParams::from_request_parts(parts, state).await;
    let params = params.map_err(|_| nothing())?;
    let found = params.iter().find(|(key, _)| *key == name);
    found.map(|(_, text)| text.to_owned()).ok_or_else(nothing)
}

/// The same address with the slug that holds now. Temporary: in a while the old one may be somebody else's.
fn moved(parts: &Parts, slug: &str) -> Response {
    let uri = parts
        .extensions
        .get::<OriginalUri>()
        .map_or(&parts.uri, |original| &original.0);
    let location = with_slug(uri, slug);
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response()
}

fn with_slug(uri: &Uri, slug: &str) -> String {
    let mut before = "";
    let segments = uri.path().split('/').map(|segment| {
        let named = before == "organizations";
        before = if named { "" } else { segment };
        if named { slug } else { segment }
    });
    let path = segments.collect::<Vec<_>>().join("/");
    match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn old_slug_is_replaced_where_it_stands_and_nowhere_else() {
        let cases = [
            ("/api/v1/organizations/old", "/api/v1/organizations/new"),
            (
                "/api/organizations/old/members/old?limit=1",
                "/api/organizations/new/members/old?limit=1",
            ),
            ("/api/v1/organizations/%6Fld/keys", "/api/v1/organizations/new/keys"),
            (
                "/api/v1/organizations/organizations/keys",
                "/api/v1/organizations/new/keys",
            ),
        ];
        for (old, new) in cases {
            assert_eq!(with_slug(&old.parse().unwrap(), "new"), new);
        }
    }
}
