//! The configuration as a whole: layers, misspellings, secrets, and that the file, the types and `.env.example` agree.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use std::path::PathBuf;

use figment::{Figment, error::Kind, providers::Serialized, value::Dict};

use super::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn load(file: &str, variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    load_with(file, variables, &[])
}

fn load_with(file: &str, variables: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Result<Loaded, ConfigError> {
    let folder = Folder::new();
    Config::load(&Sources {
        files: vec![folder.file("weirgate.toml", file)],
        flags: flags.iter().map(|(key, value)| (*key, (*value).to_owned())).collect(),
        env: variables.iter().copied().collect(),
        no_usual_file: true,
    })
}

fn good(file: &str, variables: &[(&str, &str)]) -> Config {
    load(file, variables).map_err(|error| error.to_string()).unwrap().config
}

fn bad(file: &str, variables: &[(&str, &str)]) -> ConfigError {
    match load(file, variables) {
        Ok(_) => panic!("accepted: {file} {variables:?}"),
        Err(error) => error,
    }
}

const GOOD: &str = "q7Zk2mXw9TtV4bRn8YcLs3HfJd6GpAeU1oQi5Wx0";

#[test]
fn command_line_is_over_environment_is_over_file_is_over_default() {
    assert_eq!(good("", &[]).server.port, 3741);
    let file = "[server]\nport = 1000";
    assert_eq!(good(file, &[]).server.port, 1000);
    assert_eq!(good(file, &[("PORT", "2000")]).server.port, 2000);
    let both = [("PORT", "2000"), ("WEIRGATE_SERVER__PORT", "2500")];
    assert_eq!(good(file, &both).server.port, 2500);
    let loaded = load_with(file, &both, &[("server.port", "3000")]).map_err(|error| error.to_string());
    let loaded = loaded.unwrap();
    assert_eq!(loaded.config.server.port, 3000);
    let line = loaded.shown.iter().find(|line| line.key == "server.port").unwrap();
    assert_eq!(line.source, "command line");
}

#[test]
fn later_file_is_over_earlier() {
    let folder = Folder::new();
    let files = vec![
        folder.file("a.toml", "[server]\nport = 1\nhost = \"0.0.0.0\""),
        folder.file("b.toml", "[server]\nport = 2"),
    ];
    let sources = Sources {
        files,
        ..Sources::default()
    };
    let config = Config::load(&sources)
        .map_err(|error| error.to_string())
        .unwrap()
        .config;
    assert_eq!(
        (config.server.port, config.server.host.to_string()),
        (2, "0.0.0.0".to_owned())
    );
}

#[test]
fn missing_file_that_was_named_is_an_error() {
    let sources = Sources {
        files: vec!["/nowhere/w.toml".into()],
        ..Sources::default()
    };
    assert!(
        Config::load(&sources)
            .err()
            .unwrap()
            .to_string()
            .contains("/nowhere/w.toml")
    );
}

#[test]
fn unknown_key_names_the_nearest() {
    for (file, nearest) in [
        ("[server]\nprot = 1", "server.port"),
        ("[sever]\nport = 1", "server.port"),
        ("port = 1", "server.port"),
        ("[auth]\njwt_secert = \"x\"", "auth.jwt_secret"),
        ("[[provider]]\nid = \"x\"", "providers"),
        ("[[models]]\nid = \"x\"\nrouts = []", "routes"),
        ("[[providers]]\nid = \"x\"\nbase_ulr = \"x\"", "base_url"),
    ] {
        let error = bad(file, &[]).to_string();
        assert!(error.contains(&format!("did you mean {nearest}?")), "{file}: {error}");
    }
    let error = bad("", &[("WEIRGATE_SERVER__PROT", "1")]).to_string();
    assert!(error.contains("WEIRGATE_SERVER__PORT"), "{error}");
    // Kubernetes sets such names for a service called weirgate.
    good(
        "",
        &[
            ("WEIRGATE_PORT", "tcp://10.0.0.1:80"),
            ("WEIRGATE_SERVICE_HOST", "10.0.0.1"),
        ],
    );
}

#[test]
fn wrong_value_names_setting_and_source() {
    let error = bad("[server]\nport = 70000", &[]).to_string();
    assert!(
        error.starts_with("server.port:") && error.contains("weirgate.toml"),
        "{error}"
    );
    for (name, value, key) in [
        ("PORT", "many", "server.port"),
        ("HOST", "nowhere", "server.host"),
        ("APP_ENV", "staging", "server.app_env"),
        ("JWT_EXPIRES_IN", "soon", "auth.access_ttl"),
        ("MOCK_AUTH", "perhaps", "auth.mock_auth"),
        ("DATABASE_URL", "mysql://x/y", "database.url"),
        ("DATABASE_URL", "sqlite::memory:", "database.url"),
        ("CORS_ORIGINS", "null", "cors.origins"),
        ("WEIRGATE_AUTH__REGISTRATION", "invite", "auth.registration"),
        (
            "WEIRGATE_SERVER__TRUSTED_PROXIES",
            "10.0.0.0/99",
            "server.trusted_proxies",
        ),
    ] {
        let error = bad("", &[(name, value)]).to_string();
        assert!(error.starts_with(key), "{name}={value}: {error}");
    }
}

#[test]
fn customary_names_and_aliases_are_understood() {
    let config = good(
        "",
        &[
            ("DB_PATH", "books/w.db"),
            ("DATABASE_POOL_SIZE", "3"),
            ("PUBLIC_URL", "https://w.example.com/"),
            ("SECRET_KEY", GOOD),
            ("ACCESS_TOKEN_EXPIRE_MINUTES", "30"),
            ("REFRESH_TOKEN_EXPIRE_DAYS", "14"),
            ("REFRESH_TOKEN_EXPIRE_HOURS", "6"),
            (
                "BACKEND_CORS_ORIGINS",
                "[\"https://a.example\", \"http://localhost:5173\"]",
            ),
            ("NODE_ENV", "development"),
            ("LOG_LEVEL", "debug"),
            ("FIRST_ADMIN_EMAIL", "root@example.com"),
            ("FIRST_ADMIN_PASSWORD", "a good long one"),
            ("FIRST_ADMIN_USERNAME", "root"),
        ],
    );
    assert_eq!(config.database.url, "sqlite://books/w.db");
    assert_eq!(config.database.pool_size, 3);
    assert_eq!(config.public_url(), "https://w.example.com");
    assert!(config.auth.jwt_secret.is_some_and(|secret| secret.expose() == GOOD));
    assert_eq!(config.auth.access_ttl.as_secs(), 1800);
    assert_eq!(config.auth.refresh_ttl.as_secs(), 14 * 86400);
    assert_eq!(config.auth.short_ttl.as_secs(), 6 * 3600);
    assert_eq!(
        config.auth.short_idle.as_secs(),
        6 * 3600,
        "an idle limit beyond the end is no limit"
    );
    assert!(config.cors.allows("https://a.example") && !config.cors.allows("http://localhost:1"));
    assert_eq!(config.server.app_env, AppEnv::Development);
    assert_eq!(config.log.filter, "debug");
    assert!(
        config
            .first_admin
            .is_some_and(|admin| admin.username.as_deref() == Some("root"))
    );
    assert_eq!(good("", &[("JWT_EXPIRES_IN", "900")]).auth.access_ttl.as_secs(), 900);
    assert_eq!(good("", &[("APP_ENV", ""), ("PORT", "")]).server.port, 3741);
}

#[test]
fn database_addresses_are_brought_into_one_form() {
    for (given, url) in [
        ("w.db", "sqlite://w.db"),
        ("/var/w.db", "sqlite:///var/w.db"),
        ("sqlite:w.db", "sqlite://w.db"),
        ("sqlite:///var/w.db?mode=rwc", "sqlite:///var/w.db"),
        ("sqlite+aiosqlite:///var/w.db", "sqlite:///var/w.db"),
        ("postgresql+asyncpg://u:p@h/d", "postgres://u:p@h/d"),
        (
            "postgres://u:p@h:5/d?sslmode=disable",
            "postgres://u:p@h:5/d?sslmode=disable",
        ),
    ] {
        assert_eq!(good("", &[("DATABASE_URL", given)]).database.url, url, "{given}");
    }
    let parts = [
        ("POSTGRES_HOST", "h"),
        ("POSTGRES_USER", "u"),
        ("POSTGRES_PASSWORD", "p@/:"),
        ("POSTGRES_DB", "d"),
    ];
    assert_eq!(good("", &parts).database.url, "postgres://u:p%40%2F%3A@h/d");
    assert_eq!(
        good("[server]\ndata_dir = \"/x\"", &[]).database.url,
        "sqlite:///x/weirgate.db"
    );
}

#[test]
fn weak_secret_is_refused_by_name_and_never_shown() {
    let weak = [
        "too-brief",
        "change-me",
        "change-me-change-me-change-me-change-me-1",
        "sk-1234567890abcdefghijklmnopqrstuvwxyz",
        "a_random_string_that_is_quite_long_really",
        "secret",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abcdabcdabcdabcdabcdabcdabcdabcdabcdabcd",
        "12345678901234567890123456789012",
    ];
    for value in weak {
        for (variable, key) in [
            ("JWT_SECRET", "auth.jwt_secret"),
            ("JWT_REFRESH_SECRET", "auth.refresh_secret"),
            ("WEIRGATE_AUTH__ENCRYPTION_SECRET", "auth.encryption_secret"),
        ] {
            let error = bad("", &[(variable, value)]).to_string();
            assert!(error.starts_with(key), "{error}");
            assert!(value == "secret" || !error.contains(value), "{error}");
        }
    }
    assert!(bad("", &[("JWT_SECRET", "")]).to_string().contains("JWT_SECRET"));
    assert_eq!(bad("[auth]\njwt_secret = \"\"", &[]).key, "auth.jwt_secret");
    let error = bad("[auth]\njwt_secret = 12345678", &[]).to_string();
    assert!(
        error.starts_with("auth.jwt_secret") && !error.contains("12345678"),
        "{error}"
    );
}

#[test]
fn reused_or_missing_secret_is_refused() {
    let error = bad("", &[("JWT_SECRET", GOOD), ("JWT_REFRESH_SECRET", GOOD)]).to_string();
    assert!(
        error.starts_with("auth.refresh_secret") && error.contains("auth.jwt_secret"),
        "{error}"
    );
    assert_eq!(bad("", &[("OAUTH_CLIENT_ID", "x")]).key, "oauth.client_secret");
    assert_eq!(
        bad("", &[("FIRST_ADMIN_EMAIL", "a@example.com")]).key,
        "first_admin.password"
    );
    let sample = [
        ("FIRST_ADMIN_EMAIL", "a@example.com"),
        ("FIRST_ADMIN_PASSWORD", "changethis"),
    ];
    assert_eq!(bad("", &sample).key, "first_admin.password");
}

#[test]
fn secret_is_read_from_a_file() {
    let folder = Folder::new();
    let path = folder.file("jwt", &format!("{GOOD}\n")).display().to_string();
    let config = good("", &[("JWT_SECRET_FILE", &path)]);
    assert!(config.auth.jwt_secret.is_some_and(|secret| secret.expose() == GOOD));
    let config = good(&format!("[auth]\njwt_secret_file = {path:?}"), &[]);
    assert!(config.auth.jwt_secret.is_some_and(|secret| secret.expose() == GOOD));
    assert!(
        bad("", &[("JWT_SECRET_FILE", &path), ("JWT_SECRET", GOOD)])
            .to_string()
            .contains("both")
    );
    let empty = folder.file("empty", "\n").display().to_string();
    assert!(bad("", &[("JWT_SECRET_FILE", &empty)]).to_string().contains("empty"));
    assert!(
        bad("", &[("JWT_SECRET_FILE", "/nowhere/x")])
            .to_string()
            .contains("/nowhere/x")
    );
    // Only secrets come from files.
    bad("[server]\nport_file = \"x\"", &[]);
}

#[test]
fn production_refuses_plain_http_elsewhere() {
    let refused = [("PUBLIC_URL", "http://w.example.com")];
    assert_eq!(bad("", &refused).key, "server.public_url");
    good(
        "",
        &[("PUBLIC_URL", "http://w.example.com"), ("APP_ENV", "development")],
    );
    for local in [
        "http://localhost:3741",
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "https://w.example.com",
    ] {
        good("", &[("PUBLIC_URL", local)]);
    }
    for wrong in [
        "w.example.com",
        "ftp://w.example.com",
        "https://w.example.com/path",
        "https://u:p@w.example.com",
    ] {
        assert_eq!(bad("", &[("PUBLIC_URL", wrong)]).key, "server.public_url", "{wrong}");
    }
    assert_eq!(bad("", &[("MOCK_AUTH", "true")]).key, "auth.mock_auth");
}

#[test]
fn mail_server_is_an_address_and_its_password_is_not_told() {
    for good in [
        "smtps://u:p%40ss@mail.example.com",
        "smtp://mail.example.com:587?tls=required",
        "smtp://127.0.0.1:2525",
    ] {
        assert!(load("", &[("SMTP_URL", good)]).is_ok(), "{good}");
    }
    for wrong in [
        "mail.example.com",
        "https://u:hidden@h",
        "smtp://u:hidden@h?tls=perhaps",
    ] {
        let error = bad("", &[("SMTP_URL", wrong)]);
        assert_eq!(error.key, "smtp.url", "{wrong}");
        assert!(!error.message.contains("hidden"));
    }
    assert_eq!(bad("", &[("WEIRGATE_SMTP__FROM", "nobody")]).key, "smtp.from");
    let warned = |url: &str| {
        let loaded = load("", &[("SMTP_URL", url)])
            .map_err(|error| error.to_string())
            .unwrap();
        loaded.warnings.iter().any(|warning| warning.contains("smtp.url"))
    };
    assert!(warned("smtp://u:p@mail.example.com"));
    for quiet in [
        "smtps://mail.example.com",
        "smtp://h?tls=required",
        "smtp://localhost",
        "smtp://127.0.0.1:25",
    ] {
        assert!(!warned(quiet), "{quiet}");
    }
}

#[test]
fn sign_up_that_needs_mail_needs_a_mail_server_in_production() {
    let verify_first = ("WEIRGATE_AUTH__REGISTRATION", "verify_first");
    assert_eq!(bad("", &[verify_first]).key, "auth.registration");
    assert!(load("", &[verify_first, ("SMTP_URL", "smtps://mail.example.com")]).is_ok());
    assert!(load("", &[verify_first, ("APP_ENV", "development")]).is_ok());
    assert_eq!(
        bad("", &[("WEIRGATE_AUTH__REGISTRATION", "invite")]).key,
        "auth.registration"
    );
}

#[test]
fn printing_masks_secrets_and_names_sources() {
    let file = format!("[auth]\nrefresh_secret = \"{GOOD}x\"\n[smtp]\nurl = \"smtps://u:hidden@h\"");
    let variables = [
        ("JWT_SECRET", GOOD),
        ("DATABASE_URL", "postgres://u:hidden@h/d"),
        ("ANTHROPIC_API_KEY", "sk-ant-hidden"),
    ];
    let loaded = load(&file, &variables).map_err(|error| error.to_string()).unwrap();
    let text = format!("{:?}", loaded.shown);
    assert!(!text.contains(GOOD) && !text.contains("hidden"), "{text}");
    let source = |key: &str| loaded.shown.iter().find(|line| line.key == key).unwrap().source.clone();
    assert_eq!(source("auth.jwt_secret"), "environment JWT_SECRET");
    assert!(source("auth.refresh_secret").ends_with("weirgate.toml"));
    assert_eq!(source("server.port"), "default");
    assert_eq!(source("auth.encryption_secret"), "not set");
    assert_eq!(source("providers.anthropic"), "environment");
}

#[test]
fn setting_without_effect_is_told() {
    let warnings = load("", &[("REDIS_URL", "redis://h")])
        .map_err(|error| error.to_string())
        .unwrap()
        .warnings;
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("redis.url") && warning.contains("REDIS_URL"))
    );
    assert!(
        load("", &[])
            .map_err(|error| error.to_string())
            .unwrap()
            .warnings
            .is_empty()
    );
    let several = load("", &[("DATABASE_URL", "postgres://u:p@h/d")])
        .map_err(|error| error.to_string())
        .unwrap();
    assert!(
        several
            .warnings
            .iter()
            .any(|warning| warning.contains("encryption_secret"))
    );
}

#[test]
fn vendors_key_alone_offers_its_usual_models() {
    let config = good(
        "",
        &[
            ("ANTHROPIC_API_KEY", "sk-ant-x"),
            ("ANTHROPIC_BASE_URL", "https://proxy.example.com/"),
        ],
    );
    assert_eq!(config.providers.len(), 1);
    assert_eq!(config.providers[0].base_url.as_str(), "https://proxy.example.com/");
    assert!(
        config
            .models
            .iter()
            .any(|model| model.id == "claude-sonnet-4-5" && model.price.is_some())
    );
    let listed = "[[providers]]\nid = \"mine\"\ndialect = \"openai\"\nbase_url = \"https://m.example.com/v1\"";
    let config = good(listed, &[("ANTHROPIC_API_KEY", "sk-ant-x")]);
    assert_eq!(
        config.providers.len(),
        1,
        "a file that lists providers lists all of them"
    );
    let private = [("OPENAI_API_KEY", "k"), ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")];
    assert_eq!(bad("", &private).key, "OPENAI_BASE_URL");
}

#[test]
fn catalogue_is_checked() {
    let provider = "[[providers]]\nid = \"p\"\ndialect = \"openai\"\nbase_url = \"https://p.example.com/v1\"\n";
    let model = "[[models]]\nid = \"m\"\nroutes = [{ provider = \"p\", model = \"x\" }]\n";
    let config = good(
        &format!("{provider}api_key_env = \"MY_KEY\"\n{model}"),
        &[("MY_KEY", "k")],
    );
    assert_eq!(config.models[0].routes[0].weight, 1);
    assert_eq!(config.models[0].routes[0].priority, 0);
    assert_eq!(config.models[0].price, None);
    let described = format!(
        "{}{}display_name = \"M\"\nkind = \"embedding\"\ncapabilities = [\"vision\", \"tools\"]\nmax_output_tokens = 9\n",
        provider.replace("\"openai\"", "\"litellm\""),
        model.replace("\"x\"", "\"x\", priority = 2")
    );
    let config = good(&described, &[]);
    assert_eq!(config.providers[0].dialect.name(), "litellm");
    let model_read = &config.models[0];
    assert_eq!(model_read.display_name.as_deref(), Some("M"));
    assert_eq!(model_read.kind, types::catalogue::ModelKind::Embedding);
    assert_eq!(model_read.capabilities, ["tools", "vision"]);
    assert_eq!(
        (model_read.max_output_tokens, model_read.routes[0].priority),
        (Some(9), 2)
    );
    for (text, says) in [
        (format!("{provider}api_key_env = \"MY_KEY\"\n{model}"), "MY_KEY"),
        (format!("{provider}api_key = \"a b\"\n{model}"), "header"),
        (
            format!("{provider}api_key = \"a\"\napi_key_env = \"B\"\n{model}"),
            "exclude",
        ),
        (format!("{provider}{provider}"), "twice"),
        (format!("{provider}{model}{model}"), "twice"),
        (
            format!("{provider}{}", model.replace("\"p\"", "\"pp\"")),
            "did you mean p?",
        ),
        (
            format!("{provider}{model}price = {{ input = \"3,00\", output = \"1\" }}"),
            "price.input",
        ),
        (
            format!("{provider}{model}price = {{ input = 3.0, output = \"1\" }}"),
            "string",
        ),
        (provider.replace("https://p.example.com", "http://10.0.0.1"), "base_url"),
        (
            provider.replace("https://p.example.com", "https://169.254.169.254"),
            "private",
        ),
        (
            format!("{}responses = true\n", provider.replace("openai", "anthropic")),
            "responses",
        ),
        (format!("{provider}{model}capabilities = [\"Vision\"]"), "capabilities"),
        (format!("{provider}{model}kind = \"image\""), "kind"),
        (format!("{provider}{model}display_name = \" \""), "display_name"),
        (format!("{provider}{model}max_output_tokens = 0"), "max_output_tokens"),
        (provider.replace("openai", "gemini"), "gemini"),
    ] {
        let error = bad(&text, &[]).to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn proxy_becomes_a_provider_beside_the_others() {
    let variables = [
        ("LITELLM_API_URL", "https://litellm.example.com/proxy/v1/"),
        ("LITELLM_API_KEY", "sk-proxy"),
        ("ANTHROPIC_API_KEY", "sk-ant-x"),
    ];
    let config = good("", &variables);
    let litellm = config.litellm.as_ref().unwrap();
    assert_eq!(litellm.api_url.as_str(), "https://litellm.example.com/proxy");
    assert_eq!(litellm.sync_every, std::time::Duration::from_secs(300));
    let [anthropic, proxy] = config.providers.as_slice() else {
        panic!("two providers")
    };
    assert_eq!((anthropic.id.as_str(), proxy.id.as_str()), ("anthropic", "litellm"));
    assert_eq!(proxy.base_url.as_str(), "https://litellm.example.com/proxy/v1");
    assert_eq!(proxy.credential.as_ref().unwrap().expose(), "sk-proxy");
    assert!(good("", &[("LITELLM_API_KEY", "sk-proxy")]).litellm.is_none());
    // A model of the file may go by way of it.
    let route = "[[models]]\nid = \"m\"\nroutes = [{ provider = \"litellm\", model = \"x\" }]";
    assert_eq!(good(route, &variables[..2]).models.len(), 1);

    let section = "[litellm]\napi_url = \"https://litellm.example.com\"\n";
    let own = "[[providers]]\nid = \"litellm\"\ndialect = \"openai\"\nbase_url = \"https://p.example.com/v1\"\n";
    for (text, says) in [
        (format!("{section}sync_every = \"5s\""), "litellm.sync_every"),
        (format!("{section}api_key = \"a b\""), "litellm.api_key"),
        (format!("{section}mirror_keys = true"), "litellm.api_key"),
        ("[litellm]\nmirror_keys = true".to_owned(), "litellm.api_url"),
        (format!("{section}{own}"), "twice"),
        (
            section.replace("https://litellm", "https://me:pw@litellm"),
            "litellm.api_url",
        ),
        (
            section.replace("https://litellm.example.com", "http://127.0.0.1:4000"),
            "allow_private_network",
        ),
        (section.replace("litellm.example.com", "169.254.169.254"), "private"),
    ] {
        let error = bad(&text, &[]).to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
    let near = section.replace("https://litellm.example.com", "http://litellm:4000");
    let near = good(&format!("{near}allow_private_network = true\nsync_every = 0"), &[]);
    assert!(near.providers[0].allow_private_network && near.litellm.unwrap().sync_every.is_zero());
}

#[test]
fn file_and_types_know_the_same_settings() {
    for setting in settings::all() {
        // With an unknown field beside, serde names the fields it knows.
        let mut nested: std::collections::BTreeMap<String, Dict> = std::collections::BTreeMap::new();
        for other in settings::all() {
            let section = nested.entry(other.section().to_owned()).or_default();
            section.insert(other.key.rsplit('.').next().unwrap().to_owned(), other.sample.clone());
        }
        nested
            .get_mut(setting.section())
            .unwrap()
            .insert("zzz".into(), "x".into());
        let error = Figment::from(Serialized::defaults(nested))
            .extract::<Written>()
            .err()
            .unwrap();
        let Kind::UnknownField(name, fields) = error.kind else {
            panic!("{}: {error}", setting.key)
        };
        assert_eq!(name, "zzz");
        let in_file: Vec<&str> = settings::all()
            .iter()
            .filter(|other| other.section() == setting.section())
            .map(|other| other.key.rsplit('.').next().unwrap())
            .collect();
        let mut in_types = fields.to_vec();
        in_types.sort_unstable();
        let mut sorted = in_file.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, in_types, "section {}", setting.section());
    }
}

#[test]
fn env_example_is_what_the_settings_say() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.env.example"));
    if std::env::var_os("WEIRGATE_TEST_WRITE").is_some() {
        std::fs::write(&path, env_example()).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == env_example(),
        "run it once with WEIRGATE_TEST_WRITE=1 to write .env.example anew"
    );
}
