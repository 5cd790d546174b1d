//! A call as it was asked for, and the request that goes to one route: the same bytes with a few splices, or a translation.

use ::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use llm::{Dialect, head::Head, splice::Edits, translate};
use server::directory::Route;
use tokio::time::Instant;
use types::Timestamp;

use super::Endpoint;
use crate::{
    Error, Gateway,
    meter::Reading,
    route,
    upstream::{Dial, Outgoing},
};

/// A call as it was asked for: what every try is made from.
pub struct Asked<'a> {
    pub gateway: &'a Gateway,
    pub endpoint: &'static Endpoint,
    pub head: Head,
    pub body: Bytes,
    pub stream: bool,
    pub headers: &'a HeaderMap,
    pub max_output_tokens: Option<u32>,
    /// Whether the model reasons, where the catalogue says so.
    pub reasoning: Option<bool>,
    /// The last moment of the call.
    pub ends_at: Instant,
    pub call_id: String,
    pub request_id: &'a str,
    pub now: Timestamp,
}

/// A try that is ready to go.
pub struct Ready {
    pub dial: Dial,
    pub reading: Reading,
    /// What the upstream speaks.
    pub dialect: Dialect,
    /// Fields of the request that it does not get.
    pub ignored: Vec<String>,
}

impl Asked<'_> {
    /// The request as it goes to this route, and what will read its answer.
    ///
    /// Errors: 400 for a request that cannot be translated for it.
    pub fn to(&self, route: &Route) -> Result<Ready, Error> {
        let client = self.endpoint.dialect;
        let dialect = route::way(route, client).unwrap_or(client);
        let (body, strips_usage, translated) = if dialect == client {
            let edits = Edits {
                model: (route.upstream_model != self.head.model).then_some(route.upstream_model.as_str()),
                most_output: self.max_output_tokens.map(u64::from),
                stream: self.endpoint.stream.filter(|wanted| *wanted != self.head.stream),
                include_usage: dialect == Dialect::Openai,
            };
            let body = llm::splice::upstream_body(&self.head, &self.body, &edits);
            (body, edits.injects_usage(&self.head), None)
        } else {
            let options = translate::Options {
                upstream_model: &route.upstream_model,
                max_output_tokens: self.max_output_tokens.map(u64::from),
                reasoning: self.reasoning,
                stream: Some(self.stream),
                call_id: &self.call_id,
                now: self.now,
            };
            let translated = translate::request(client, dialect, &self.body, &options)?;
            (
                vec![translated.body],
                false,
                Some((translated.context, translated.ignored)),
            )
        };
        let estimate = self.head.input_estimate();
        let reading = match self.stream {
            true => Reading::stream(dialect, strips_usage, estimate),
            false => Reading::json(dialect, estimate),
        };
        let (reading, ignored) = match translated {
            Some((context, ignored)) => (reading.translated(context, self.request_id), ignored),
            None => (reading, Vec::new()),
        };
        let outgoing = Outgoing {
            dialect,
            tail: "",
            stream: self.stream,
            body,
            headers: outgoing_headers(client, dialect, self.headers),
            ends_at: self.ends_at,
            call_id: self.call_id.clone(),
            now: self.now,
        };
        Ok(Ready {
            dial: self.gateway.upstream().dial(route, outgoing),
            reading,
            dialect,
            ignored,
        })
    }
}

/// The client's headers that upstreams understand; nothing else leaves the house. A translated call is ours, and so are its headers.
pub fn outgoing_headers(client: Dialect, upstream: Dialect, sent: &HeaderMap) -> HeaderMap {
    const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
    let mut headers = HeaderMap::with_capacity(8);
    let names: &[HeaderName] = match client {
        _ if client != upstream => &[],
        Dialect::Anthropic => &[VERSION, HeaderName::from_static("anthropic-beta")],
        Dialect::Openai | Dialect::Responses | Dialect::Embeddings => &[HeaderName::from_static("openai-beta")],
    };
    for name in names {
        for value in sent.get_all(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    if upstream == Dialect::Anthropic && !headers.contains_key(VERSION) {
        headers.insert(VERSION, HeaderValue::from_static(translate::ANTHROPIC_VERSION));
    }
    headers
}
