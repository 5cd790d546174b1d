//! Requests to the account API.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::Named;
#[cfg(feature = "ssr")]
use super::{PAGE, address, auditor, given, mistake, path, person};
use crate::{api::Moment, error::ApiError};
#[cfg(feature = "ssr")]
use crate::{format::Format, request::Request};
#[cfg(feature = "ssr")]
use server::{
    request_log::{self, Filter},
    sessions::User,
};
#[cfg(feature = "ssr")]
use types::{page::Page, request_log::LoggedRequest};

/// What was typed into the filter, and where the page before ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestsQuery {
    pub actor: String,
    pub route: String,
    pub status: String,
    pub after: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestView {
    pub at: Moment,
    pub method: String,
    pub route: String,
    pub status: u16,
    pub duration: String,
    /// None for who was not signed in.
    pub who: Option<Named>,
    pub address: Option<String>,
    pub agent: Option<String>,
    pub id: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestsView {
    pub query: RequestsQuery,
    pub requests: Vec<RequestView>,
    /// The address of the next page.
    pub next: Option<String>,
    pub enabled: bool,
    pub error: Option<ApiError>,
}

#[server(endpoint = "admin_requests")]
pub async fn read_admin_requests(query: RequestsQuery) -> Result<RequestsView, ApiError> {
    let request = Request::current()?;
    let user = auditor(&request).await?;
    let format = Format::of(&request, &user);
    let (read, error) = mistake(page(&request, &user, &query).await)?;
    let page = read.unwrap_or(Page::empty());
    let next = page.next_cursor.map(|after| {
        let pairs = [
            ("actor", query.actor.as_str()),
            ("route", &query.route),
            ("status", &query.status),
            ("after", &after),
        ];
        address(&path("requests"), &pairs)
    });
    Ok(RequestsView {
        requests: page.data.into_iter().map(|logged| shown(&format, logged)).collect(),
        next,
        enabled: request.state.config().request_log.enabled,
        error,
        query,
    })
}

#[cfg(feature = "ssr")]
async fn page(request: &Request, user: &User, query: &RequestsQuery) -> Result<Option<Page<LoggedRequest>>, ApiError> {
    let actor = match given(&query.actor) {
        Some(typed) => Some(person(request, user, "actor", typed).await?),
        None => None,
    };
    let filter = Filter {
        actor,
        route: given(&query.route).map(str::to_owned),
        status: given(&query.status).map(str::to_owned),
        ..Filter::default()
    };
    let read = async {
        let auditor = user.auditor()?;
        request_log::page(&request.state, &auditor, filter, PAGE, given(&query.after)).await
    };
    read.await.map(Some).map_err(|error| request.error(&error))
}

#[cfg(feature = "ssr")]
fn shown(format: &Format, logged: LoggedRequest) -> RequestView {
    let who = logged.user_id.map(|id| Named {
        name: logged.user_name,
        id: Some(id.to_string()),
    });
    RequestView {
        at: format.moment(logged.at),
        method: logged.method,
        route: logged.route,
        status: logged.status,
        duration: format
            .numbers
            .millis(u64::try_from(logged.duration_ms).unwrap_or_default()),
        who,
        address: logged.address,
        agent: logged.user_agent,
        id: logged.request_id,
    }
}
