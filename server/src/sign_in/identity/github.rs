//! GitHub is OAuth 2 without OpenID: who somebody is is asked of its API. A login name can change hands, the number cannot.

use http::HeaderName;
use serde_json::Value;
use url::Url;

use super::{
    claims::{self, Person},
    fetch::{self, Failed},
};
use crate::config::Mapping;

const VERSION: (HeaderName, &str) = (HeaderName::from_static("x-github-api-version"), "2022-11-28");

/// The person an access token stands for. Groups are `organization` and `organization/team`, read only where something is made of them.
pub async fn person(issuer: &str, api: &Url, token: &str, mapping: &Mapping) -> Result<Person, Failed> {
    let get = async |path: &str| {
        let url = Url::parse(&format!("{}{path}", api.as_str().trim_end_matches('/')));
        let url = url.map_err(|error| Failed::Refused(error.to_string()))?;
        fetch::with_token(&url, token, &[VERSION]).await
    };
    let user = get("/user").await?;
    let number = user["id"]
        .as_u64()
        .filter(|id| *id > 0)
        .ok_or_else(|| Failed::Refused("/user has no id".to_owned()))?;
    let emails = get("/user/emails").await?;
    let primary = emails
        .as_array()
        .into_iter()
        .flatten()
        .find(|entry| entry["primary"] == Value::Bool(true) && entry["verified"] == Value::Bool(true));
    let mut groups = Vec::new();
    if !mapping.is_empty() {
        let organizations = get("/user/orgs?per_page=100").await?;
        let teams = get("/user/teams?per_page=100").await?;
        let entries = |list: &Value| list.as_array().cloned().unwrap_or_default();
        groups.extend(
            entries(&organizations)
                .iter()
                .filter_map(|entry| Some(entry["login"].as_str()?.to_owned())),
        );
        groups.extend(entries(&teams).iter().filter_map(|entry| {
            let (owner, team) = (entry["organization"]["login"].as_str()?, entry["slug"].as_str()?);
            Some(format!("{owner}/{team}"))
        }));
    }
    Ok(Person {
        issuer: issuer.to_owned(),
        subject: number.to_string(),
        email: primary.and_then(|entry| claims::normal_email(entry["email"].as_str()?)),
        name: user["name"]
            .as_str()
            .or(user["login"].as_str())
            .and_then(claims::plain_name),
        groups,
        roles: Vec::new(),
    })
}
