//! `weirgate models sync`: what an operator is told of a proxy's models, and how it ends.

use std::{
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use crate::support::{text, weirgate};

pub const KEY: &str = "sk-master-of-the-proxy-0001";

pub struct Proxy {
    pub url: String,
    /// It answers 500 from now on.
    pub fails: Arc<AtomicBool>,
    /// Requests so far.
    pub asked: Arc<AtomicUsize>,
}

impl Proxy {
    /// What makes a server take its models over.
    pub fn variables(&self) -> [(&str, &str); 3] {
        [
            ("LITELLM_API_URL", &self.url),
            ("LITELLM_API_KEY", KEY),
            ("WEIRGATE_LITELLM__ALLOW_PRIVATE_NETWORK", "true"),
        ]
    }
}

/// Answers one request after the other with these models, until the test ends.
pub fn proxy(models: &str) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = format!("{{\"data\":[{models}]}}");
    let (fails, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let proxy = Proxy {
        url,
        fails: Arc::clone(&fails),
        asked: Arc::clone(&asked),
    };
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut head = [0; 4096];
            let length = socket.read(&mut head).unwrap();
            let head = String::from_utf8_lossy(&head[..length]);
            let knows = head.starts_with("GET /model/info ") && head.contains(&format!("Bearer {KEY}"));
            asked.fetch_add(1, Relaxed);
            let status = match (fails.load(Relaxed), knows) {
                (true, _) => "500 Internal Server Error",
                (false, true) => "200 OK",
                (false, false) => "401 Unauthorized",
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            socket.write_all(answer.as_bytes()).unwrap();
        }
    });
    proxy
}

fn sync(folder: &Path, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = weirgate(folder, &["models", "sync"])
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = text(&output);
    assert!(!said.contains(KEY), "{said}");
    (output.status.code(), said)
}

#[test]
fn models_are_taken_over_and_told_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = proxy(
        r#"{"model_name":"sonnet","model_info":{"mode":"chat","input_cost_per_token":3e-06,"output_cost_per_token":1.5e-05}},
           {"model_name":"mystery","model_info":{}},
           {"model_name":"groq/*","model_info":{}}"#,
    );
    let variables = proxy.variables();
    let (code, said) = sync(folder.path(), &variables);
    assert_eq!(code, Some(0), "{said}");
    for line in [
        "new: sonnet",
        "new: mystery",
        "without a price: mystery",
        "skipped: groq/*: its name stands for many",
        "Models: 2, new: 2, changed: 0, gone: 0, restored: 0, skipped: 1",
    ] {
        assert!(said.lines().any(|told| told == line), "{line}: {said}");
    }
    let (code, said) = sync(folder.path(), &variables);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Models: 2, new: 0, changed: 0"), "{said}");
}

#[test]
fn what_went_wrong_is_told_and_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = sync(folder.path(), &[]);
    assert!(
        code == Some(1) && said.contains("No LiteLLM proxy is configured"),
        "{said}"
    );
    let proxy = proxy("");
    let url = &proxy.url;
    let private = [("LITELLM_API_URL", url.as_str()), ("LITELLM_API_KEY", KEY)];
    let (code, said) = sync(folder.path(), &private);
    assert!(code == Some(1) && said.contains("litellm.api_url"), "{said}");
    let wrong = [
        ("LITELLM_API_URL", url.as_str()),
        ("LITELLM_API_KEY", "sk-another-key"),
        ("WEIRGATE_LITELLM__ALLOW_PRIVATE_NETWORK", "true"),
    ];
    let (code, said) = sync(folder.path(), &wrong);
    assert!(
        code == Some(1) && said.contains("LiteLLM refused the key of litellm.api_key"),
        "{said}"
    );
}
