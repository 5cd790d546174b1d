//! `weirgate openapi`: both APIs in one document.

use crate::support::{text, weirgate};

#[test]
fn document_lists_the_routes_of_both_apis() {
    let folder = tempfile::tempdir().unwrap();
    let output = weirgate(folder.path(), &["openapi"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let paths = document["paths"].as_object().unwrap();
    for path in [
        "/v1/messages",
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/embeddings",
        "/v1/messages/count_tokens",
        "/v1/key",
        "/v1/models",
        "/api/llm/messages/stream",
        "/api/v1/auth/login",
        "/api/v1/account/keys",
        "/api/v1/usage/summary",
    ] {
        assert!(paths.contains_key(path), "{path} is missing in {:?}", paths.keys());
    }
}
