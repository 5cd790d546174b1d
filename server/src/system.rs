//! The server itself, for who runs it: what it is, where it stands, what it is told to do. Reads and changes nothing.

use types::{
    Timestamp,
    system::{
        DatabaseFacts, Limit, LimitName, Limits, MappedGroup, Migration, Node, Setting, SignInMethods, SignInProvider,
        System,
    },
};

use crate::{
    State, config, db,
    error::Result,
    sessions::Auditor,
    sign_in::{self, identity},
};

/// What this process is and where its database stands.
pub async fn facts(state: &State, _: &Auditor<'_>) -> Result<System> {
    let config = state.config();
    let now = state.clock().now();
    let database = db::facts::of(state.db()).await?;
    let migrations = state.migrations().await?;
    let own = state.ledger().node();
    let nodes = db::nodes::all(state.db(), own).await?;
    Ok(System {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        app_env: match config.is_production() {
            true => "production".to_owned(),
            false => "development".to_owned(),
        },
        public_url: config.public_url().to_owned(),
        started_at: state.started_at(),
        uptime_seconds: u64::try_from(now.millis_since(state.started_at()) / 1000).unwrap_or_default(),
        database: DatabaseFacts {
            kind: database.kind.to_owned(),
            version: database.version,
            size_bytes: database.bytes,
        },
        migrations: migrations
            .into_iter()
            .map(|(name, applied)| Migration { name, applied })
            .collect(),
        nodes: nodes
            .into_iter()
            .map(|node| Node {
                id: node.id,
                started_at: Timestamp(node.started_at),
                is_this: Some(node.id) == own,
                is_alive: node.is_alive,
            })
            .collect(),
        last_good_poll_ms: state
            .directory()
            .poll_age()
            .map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
        configuration: config.shown().iter().map(setting).collect(),
    })
}

fn setting(shown: &config::Shown) -> Setting {
    Setting {
        key: shown.key.clone(),
        value: shown.value.clone(),
        source: shown.source.clone(),
    }
}

/// Everything that is counted for everybody. What one key may do stands with the key.
pub fn limits(state: &State, _: &Auditor<'_>) -> Limits {
    let limits = &state.config().rate_limits;
    let (window, sign_in) = (limits.window.as_secs(), limits.sign_in_window.as_secs());
    let rows = [
        (LimitName::SignedIn, limits.max_requests, window, "max_requests"),
        (
            LimitName::Anonymous,
            limits.anonymous_requests,
            window,
            "anonymous_requests",
        ),
        (
            LimitName::SignInFailures,
            limits.sign_in_failures,
            sign_in,
            "sign_in_failures",
        ),
        (
            LimitName::SignInAccountFailures,
            limits.sign_in_account_failures,
            sign_in,
            "sign_in_account_failures",
        ),
        (
            LimitName::SignInRequests,
            limits.sign_in_requests,
            sign_in,
            "sign_in_requests",
        ),
        (
            LimitName::LinksPerMinute,
            limits.links_per_minute,
            60,
            "links_per_minute",
        ),
        (LimitName::LinksPerHour, limits.links_per_hour, 3600, "links_per_hour"),
        (
            LimitName::LinksPerEmail,
            limits.links_per_email,
            3600,
            "links_per_email",
        ),
    ];
    let limit = |(name, most, window_seconds, setting): (LimitName, u32, u64, &str)| Limit {
        name,
        most: u64::from(most),
        window_seconds,
        setting: format!("rate_limits.{setting}"),
    };
    Limits {
        data: rows.into_iter().map(limit).collect(),
    }
}

/// Every way into this server, and what its providers of identities decide.
pub fn sign_in_methods(state: &State, _: &Auditor<'_>) -> SignInMethods {
    let config = state.config();
    let provider = |provider: &config::SignInProvider| SignInProvider {
        id: provider.id.clone(),
        name: provider.name.clone(),
        issuer: provider.issuer.clone(),
        client_id: provider.client_id.clone(),
        scopes: provider.scopes.clone(),
        callback: identity::callback(config, provider),
        role_claim: provider.mapping.role_claim.clone(),
        groups_claim: provider.mapping.groups_claim.clone(),
        admin_groups: provider.mapping.admin_groups.clone(),
        organizations: provider
            .mapping
            .organizations
            .iter()
            .map(|mapped| MappedGroup {
                group: mapped.group.clone(),
                organization: mapped.organization.clone(),
                role: mapped.role,
            })
            .collect(),
    };
    SignInMethods {
        methods: sign_in::methods(state),
        providers: config.sign_in_providers.iter().map(provider).collect(),
    }
}
