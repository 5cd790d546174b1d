//! What whole groups of doors answer alike, for the document: each says once what refuses its callers.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

/// Refusals of doors for who sees what administrators of the server see.
pub enum OfOverseers {}

/// Refusals of doors for who administers the server.
pub enum OfAdministrators {}

/// Refusals of what is no JSON body.
pub enum OfBodies {}

type Answers = BTreeMap<String, RefOr<Response>>;

fn problems<const N: usize>(answers: [(u16, &str); N]) -> Answers {
    let problem = |(status, description): (u16, &str)| {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        let answer = ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", content)
            .build();
        (status.to_string(), RefOr::T(answer))
    };
    answers.into_iter().map(problem).collect()
}

impl IntoResponses for OfOverseers {
    fn responses() -> Answers {
        problems([
            (401, "Not signed in"),
            (
                403,
                "Not an administrator of this server, or asked with a personal token",
            ),
            (429, "Too many requests"),
        ])
    }
}

impl IntoResponses for OfAdministrators {
    fn responses() -> Answers {
        problems([
            (401, "Not signed in"),
            (
                403,
                "Not an administrator of this server, or a read-only one, asked with a personal token, or the cookie came from another site",
            ),
            (429, "Too many requests"),
        ])
    }
}

impl IntoResponses for OfBodies {
    fn responses() -> Answers {
        problems([
            (400, "Not JSON"),
            (413, "Body over 64 KiB"),
            (415, "Not `application/json`"),
        ])
    }
}
