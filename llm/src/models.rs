//! The list of models in one body that Anthropic's and OpenAI's SDKs both parse.
//!
//! Owns the shape only; which models a caller sees is decided elsewhere.

use bytes::Bytes;
use serde_json::{Value, json};
use types::{Timestamp, catalogue::Availability};

/// A model as a caller sees it.
#[derive(Debug, Clone, Copy)]
pub struct Model<'a> {
    pub id: &'a str,
    pub created: Timestamp,
    pub display_name: &'a str,
    pub owned_by: &'a str,
    /// Neither vendor's; their SDKs pass it by.
    pub availability: Availability,
}

/// `GET /v1/models`: one page of the list. `has_more`: there are others in the direction in which the caller reads.
pub fn list(models: &[Model<'_>], has_more: bool) -> Bytes {
    let data: Vec<Value> = models.iter().map(object).collect();
    Bytes::from(
        json!({
            "object": "list",
            "data": data,
            "has_more": has_more,
            "first_id": models.first().map(|model| model.id),
            "last_id": models.last().map(|model| model.id),
        })
        .to_string(),
    )
}

/// `GET /v1/models/{id}`.
pub fn one(model: &Model<'_>) -> Bytes {
    Bytes::from(object(model).to_string())
}

fn object(model: &Model<'_>) -> Value {
    json!({
        "id": model.id,
        "type": "model",
        "object": "model",
        // OpenAI's is in seconds, Anthropic's RFC 3339.
        "created": model.created.0.div_euclid(1000),
        "created_at": model.created,
        "display_name": model.display_name,
        "owned_by": model.owned_by,
        "availability": model.availability,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn list_has_the_fields_of_both_vendors() {
        let model = |id| Model {
            id,
            created: Timestamp(1_795_000_000_123),
            display_name: "M",
            owned_by: "weirgate",
            availability: Availability::Degraded,
        };
        let body: Value = serde_json::from_slice(&list(&[model("a"), model("b")], true)).unwrap();
        assert_eq!(body["object"], "list");
        assert_eq!(body["has_more"], true);
        assert_eq!((&body["first_id"], &body["last_id"]), (&json!("a"), &json!("b")));
        assert_eq!(
            body["data"][0],
            json!({"id": "a", "type": "model", "object": "model", "created": 1_795_000_000,
                   "created_at": "2026-11-18T11:06:40.123Z", "display_name": "M", "owned_by": "weirgate",
                   "availability": "degraded"})
        );
        assert_eq!(
            serde_json::from_slice::<Value>(&one(&model("a"))).unwrap(),
            body["data"][0]
        );
    }

    #[test]
    fn empty_list_has_null_ends() {
        let body: Value = serde_json::from_slice(&list(&[], false)).unwrap();
        assert_eq!(body["data"], json!([]));
        assert!(body["first_id"].is_null() && body["last_id"].is_null());
    }
}
