//! Tests a provider: asks the saved one for its models, through the same guarded client as calls go.
//!
//! What is dialled is the row's alone: nothing of a request names an address, a header or a command. What comes back is told in our words; of
//! the vendor's answer only names of models are taken.

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use tokio::time::Instant;
use types::{
    ProviderId,
    catalogue::{ProviderTest, TestOutcome, catalogue_name},
};
use url::Url;

use super::{Editor, guard, providers::unknown};
use crate::{Error, State, db, db::providers::Row, error::Result, outbound};

/// The whole of a test.
const PATIENCE: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(5);
/// Lists of models are large at some vendors: OpenRouter's is about a megabyte.
const LARGEST: usize = 8 * 1024 * 1024;
const MOST_MODELS: usize = 1000;
const ANTHROPIC_VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// What a provider makes of being asked for its models. Nothing is stored.
///
/// Errors: 404. Whatever the provider does is no error but the result.
pub async fn test(state: &State, _: &Editor, id: ProviderId) -> Result<ProviderTest> {
    let row = db::providers::find(state.db(), id).await?.ok_or_else(unknown)?;
    let credential = match &row.credential {
        None => String::new(),
        Some(sealed) => {
            let plain = state.open(sealed, row.id.as_bytes())?;
            String::from_utf8(plain).map_err(|_| Error::internal("a credential is not text"))?
        }
    };
    let began = Instant::now();
    let (outcome, status, models) = match tokio::time::timeout(PATIENCE, ask(&row, &credential)).await {
        Ok(found) => found,
        Err(_elapsed) => (TestOutcome::TooSlow, None, None),
    };
    Ok(ProviderTest {
        ok: outcome.is_ok(),
        outcome,
        status,
        latency_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        models,
        message: outcome.message().to_owned(),
    })
}

type Found = (TestOutcome, Option<u16>, Option<Vec<String>>);

async fn ask(row: &Row, credential: &str) -> Found {
    // The row passed this when it was saved; a literal address would meet no resolver.
    let base = match guard::base_url(&row.base_url, row.allow_private_network) {
        Ok(base) => base,
        Err(guard::Refused::Private) => return (TestOutcome::PrivateAddress, None, None),
        Err(_) => return (TestOutcome::WrongAddress, None, None),
    };
    let Ok(client) = outbound::builder(row.allow_private_network, CONNECT).build() else {
        return (TestOutcome::Unreachable, None, None);
    };
    let is_anthropic = row.dialect == "anthropic";
    let request = client
        .get(list_of_models(&base, is_anthropic))
        .header(header::ACCEPT, "application/json");
    let request = match (is_anthropic, credential) {
        (true, "") => request.header("anthropic-version", ANTHROPIC_VERSION),
        (true, key) => request
            .header("anthropic-version", ANTHROPIC_VERSION)
            .header("x-api-key", secret(key)),
        (false, "") => request,
        (false, key) => request.header(header::AUTHORIZATION, secret(&format!("Bearer {key}"))),
    };
    let mut answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) if outbound::is_because_of::<outbound::NotPublic>(&error) => {
            return (TestOutcome::PrivateAddress, None, None);
        }
        Err(error) if error.is_timeout() => return (TestOutcome::TooSlow, None, None),
        Err(_) => return (TestOutcome::Unreachable, None, None),
    };
    let status = answer.status();
    if status != StatusCode::OK {
        return (outcome_of(status), Some(status.as_u16()), None);
    }
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= LARGEST => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return (TestOutcome::NoList, Some(200), None),
            Ok(None) => break,
            Err(_) => return (TestOutcome::Unreachable, Some(200), None),
        }
    }
    match names(&body) {
        Some(names) => (TestOutcome::Works, Some(200), Some(names)),
        None => (TestOutcome::NoList, Some(200), None),
    }
}

fn secret(text: &str) -> HeaderValue {
    // Checked when it was stored; what cannot be sent is sent as nothing and refused by the vendor.
    let mut value = HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

fn list_of_models(base: &Url, is_anthropic: bool) -> Url {
    let (tail, query) = match is_anthropic {
        true => ("/v1/models", Some("limit=1000")),
        false => ("/models", None),
    };
    let mut url = base.clone();
    url.set_path(&[base.path().trim_end_matches('/'), tail].concat());
    url.set_query(query);
    url
}

fn outcome_of(status: StatusCode) -> TestOutcome {
    match status.as_u16() {
        300..=399 => TestOutcome::Redirects,
        401 | 403 => TestOutcome::CredentialRefused,
        404 | 405 => TestOutcome::WrongAddress,
        429 => TestOutcome::RateLimited,
        500.. => TestOutcome::Fails,
        _ => TestOutcome::Unexpected,
    }
}

/// Names of the models that it lists: `{"data": [{"id"}]}` as OpenAI and Anthropic write it, or a bare list as Together does.
fn names(body: &[u8]) -> Option<Vec<String>> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let listed = value.get("data").unwrap_or(&value).as_array()?;
    let mut names: Vec<String> = listed
        .iter()
        .filter_map(|model| model.get("id")?.as_str())
        .filter(|name| catalogue_name(name).is_ok())
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(MOST_MODELS);
    Some(names)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn list_is_asked_for_where_the_vendors_keep_it() {
        let url = |base: &str, is_anthropic| list_of_models(&base.parse().unwrap(), is_anthropic).to_string();
        assert_eq!(
            url("https://api.anthropic.com", true),
            "https://api.anthropic.com/v1/models?limit=1000"
        );
        assert_eq!(
            url("https://api.openai.com/v1", false),
            "https://api.openai.com/v1/models"
        );
        assert_eq!(url("http://h:1/a/b/", false), "http://h:1/a/b/models");
    }

    #[test]
    fn names_are_taken_from_every_vendors_list_and_nothing_else_is() {
        let read = |text: &str| names(text.as_bytes());
        assert_eq!(
            read(r#"{"data":[{"id":"b"},{"id":"a"},{"id":"a"}]}"#),
            Some(vec!["a".into(), "b".into()])
        );
        assert_eq!(read(r#"[{"id":"a","pricing":{}}]"#), Some(vec!["a".into()]));
        assert_eq!(
            read(r#"{"data":[{"id":"<b>hi there</b>"},{"id":7},"x"]}"#),
            Some(Vec::new())
        );
        for bad in ["", "<html>", "{}", r#"{"data":{}}"#, "7"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
