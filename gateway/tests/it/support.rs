//! A whole Weirgate on a free port, with a fake upstream behind it: `House::open().await`, then `house.post(...)`.

use std::{net::SocketAddr, path::Path, sync::LazyLock, time::Duration};

use serde_json::{Value, json};
use server::{Config, State, clock::Clock, config::Route, state::Start};
use tokio::net::TcpSocket;
use types::{
    accounts::Register,
    keys::NewKey,
    usage::{Call, CallStatus},
};

/// Everything is dropped with it: port, upstream, database, folder.
pub struct House {
    pub state: State,
    pub upstream: fake_upstream::Running,
    pub address: SocketAddr,
    pub user: server::sign_in::Entered,
    pub key: String,
    pub key_id: types::KeyId,
    server: tokio::task::JoinHandle<()>,
    database: Database,
}

#[path = "../../../server/tests/it/support/database.rs"]
#[allow(dead_code, reason = "the server's tests need more of it")]
mod database;

use database::Database;

/// A model name of the house → what the fake does.
const MODELS: &[(&str, &str)] = &[
    ("plain", "fake"),
    ("endless", "fake:events=20000"),
    ("cached", "fake:cache=400,100,50"),
    ("slow", "fake:slow=40&events=50"),
    ("cut", "fake:events=8&cut=5"),
    ("fin", "fake:events=8&fin=5"),
    ("badchunk", "fake:events=8&badchunk=5"),
    ("noblank", "fake:noblank"),
    ("ended", "fake:events=8&end=5"),
    ("nodone", "fake:nodone"),
    ("nousage", "fake:nousage"),
    ("error_mid", "fake:events=8&error_mid=4"),
    ("stall", "fake:events=8&stall=4"),
    ("hang", "fake:hang"),
    ("html", "fake:html"),
    ("page", "fake:html&status=200&mislabelled"),
    ("redirect", "fake:redirect"),
    ("s400", "fake:status=400"),
    ("s401", "fake:status=401"),
    ("s403", "fake:status=403"),
    ("s429", "fake:status=429&retry_after=7"),
    ("s500", "fake:status=500"),
    ("s529", "fake:status=529&retry_after=3"),
    ("odd", "fake:events=20&split=7&crlf&comments"),
    ("bom", "fake:bom&split=1"),
    ("s404", "fake:status=404"),
    ("packed", "fake:packed&bigjson=100000"),
    ("rude", "fake:rude"),
    ("longpage", "fake:html&bigjson=5242880"),
    ("big", "fake:bigjson=2000000"),
];

impl House {
    pub async fn open() -> House {
        Self::open_with(|_| {}).await
    }

    /// `change` edits the configuration before the start.
    pub async fn open_with(change: impl FnOnce(&mut Config)) -> House {
        Self::open_at(Clock::system(), change).await
    }

    /// The same by a clock of one's own.
    pub async fn open_at(clock: Clock, change: impl FnOnce(&mut Config)) -> House {
        let database = if module_path!().starts_with("postgres") {
            Database::postgres().expect("WEIRGATE_TEST_POSTGRES_URL names a server; `cargo xtask test it` starts one")
        } else {
            Database::sqlite()
        };
        let upstream = fake_upstream::start(fake_upstream::Options::default()).await.unwrap();
        let mut config = config(database.dir(), &database.url, &upstream);
        config.gateway.retry_pause = Duration::from_millis(10);
        change(&mut config);
        let start = Start {
            clock,
            ..Start::serving()
        };
        let state = State::start_with(config, start).await.unwrap();
        let register = Register {
            email: "anna@example.com".to_owned(),
            password: "correct horse battery".to_owned(),
            ..Register::default()
        };
        let user = server::accounts::register(&state, register, &server::sessions::Device::default())
            .await
            .unwrap()
            .entered()
            .unwrap();
        let new = NewKey {
            name: "test".to_owned(),
            ..NewKey::default()
        };
        let created = server::keys::create(&state, &user, new).await.unwrap();
        // Small buffers, so that a reader who stalls is noticed after kilobytes.
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(16 * 1024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1024).unwrap();
        let address = listener.local_addr().unwrap();
        let router = gateway::http::router(state.clone()).unwrap();
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        House {
            state,
            upstream,
            address,
            user,
            key: created.key.unwrap(),
            key_id: created.details.id,
            server,
            database,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request with the house's key.
    pub fn post(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        client().post(self.url(path)).header("x-api-key", &self.key).json(body)
    }

    /// The newest finished calls; waits until there are `count` and nothing is open.
    pub async fn calls(&self, count: usize) -> Vec<Call> {
        let waiting = async {
            loop {
                let calls = server::books::usage::recent(&self.state, &self.user, 100)
                    .await
                    .unwrap();
                if calls.len() >= count && calls.iter().all(|call| call.status != CallStatus::Open) {
                    return calls;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .expect("the calls are settled within 20 s")
    }

    /// The one call of a test.
    pub async fn call(&self) -> Call {
        let mut calls = self.calls(1).await;
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }

    /// Whether this text stands anywhere in the database.
    pub fn holds(&self, text: &str) -> bool {
        let dump = self.database.dump();
        dump.windows(text.len()).any(|window| window == text.as_bytes())
    }

    /// Shuts down and asserts that no record stayed open.
    pub async fn close(self) {
        self.server.abort();
        self.state.ledger().flush().await.unwrap();
        let left = self.state.ledger().open_records().await.unwrap();
        self.state.shutdown().await;
        self.database.remove();
        assert_eq!(left, 0, "an open record was left behind");
    }
}

fn config(folder: &Path, url: &str, upstream: &fake_upstream::Running) -> Config {
    let mut config = Config::for_tests(folder, url);
    let mut text = String::new();
    for (id, dialect, base_url) in [
        ("anthropic-fake", "anthropic", upstream.url()),
        ("openai-fake", "openai", upstream.openai_url()),
    ] {
        text += &format!(
            "[[providers]]\nid = {id:?}\ndialect = {dialect:?}\nbase_url = {base_url:?}\napi_key = {:?}\nallow_private_network = true\nresponses = {}\n",
            fake_upstream::CREDENTIAL,
            dialect == "openai",
        );
    }
    for (name, upstream_model) in MODELS {
        text += &format!(
            "[[models]]\nid = {name:?}\nroutes = [{{ provider = \"anthropic-fake\", model = {upstream_model:?} }}, {{ provider = \"openai-fake\", model = {upstream_model:?} }}]\n\
             price = {{ input = \"3.00\", output = \"15.00\", cache_read = \"0.30\", cache_write_5m = \"3.75\", cache_write_1h = \"6.00\" }}\n"
        );
    }
    for name in ["org/nested", "zeta"] {
        text += &format!("[[models]]\nid = {name:?}\nroutes = [{{ provider = \"openai-fake\", model = \"fake\" }}]\n");
    }
    text += "[[models]]\nid = \"unpriced\"\nroutes = [{ provider = \"openai-fake\", model = \"fake\" }]\n";
    config.add_catalogue(&text).unwrap();
    config
}

/// Adds a model with a route for each provider, model there, weight and priority.
pub fn routed(config: &mut Config, name: &str, routes: &[(&str, &str, u32, u32)]) {
    let routes = routes.iter().map(|(provider, model, weight, priority)| Route {
        provider: (*provider).to_owned(),
        model: (*model).to_owned(),
        weight: *weight,
        priority: *priority,
    });
    let mut model = config.models[0].clone();
    model.id = name.to_owned();
    model.routes = routes.collect();
    config.models.push(model);
}

/// The same with routes of the Messages fake, one after the other.
pub fn in_turn(config: &mut Config, name: &str, models: &[&str]) {
    let routes: Vec<_> = (0..)
        .zip(models)
        .map(|(priority, model)| ("anthropic-fake", *model, 1, priority))
        .collect();
    routed(config, name, &routes);
}

/// One for the whole process: making one reads every root certificate. It keeps no connections, since each test has a runtime of its own.
pub fn client() -> reqwest::Client {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        reqwest::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap()
    });
    CLIENT.clone()
}

/// Whether tests run at their full size.
pub fn is_long() -> bool {
    std::env::var_os("WEIRGATE_LONG").is_some()
}

/// The smallest body of an Anthropic call.
pub fn messages(model: &str, stream: bool) -> Value {
    json!({"model": model, "max_tokens": 100, "stream": stream, "messages": [{"role": "user", "content": "What does a weir do?"}]})
}

/// The smallest body of an OpenAI call.
pub fn chat(model: &str, stream: bool) -> Value {
    json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "What does a weir do?"}]})
}

/// The smallest body of a Responses call.
pub fn responses(model: &str, stream: bool) -> Value {
    json!({"model": model, "stream": stream, "input": [{"role": "user", "content": "What does a weir do?"}]})
}

/// The smallest body of an Embeddings call.
pub fn embeddings(model: &str) -> Value {
    json!({"model": model, "input": "What does a weir do?"})
}
