//! `[oauth]` and `[[sign_in_providers]]`: where people may sign in with an identity they have elsewhere, checked and resolved.

use serde::Deserialize;
use types::{OrganizationRole, sign_in::ProviderKind};
use url::{Host, Url};

use super::{ConfigError, env::Env, layers::secret_file, sections::OAuth};
use crate::crypto::Secret;

/// The id of the one provider of `[oauth]`.
pub const SINGLE: &str = "oauth";

/// A provider of identities as configured.
#[derive(Clone)]
pub struct SignInProvider {
    /// In addresses: `[a-z0-9-]`.
    pub id: String,
    pub kind: ProviderKind,
    /// On buttons.
    pub name: String,
    /// An OpenID issuer as it calls itself, or the address of a GitHub. Together with a subject it is an identity.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Secret,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    pub mapping: Mapping,
}

impl SignInProvider {
    /// Whether this is the provider of `[oauth]`, whose addresses are shorter.
    pub fn is_single(&self) -> bool {
        self.id == SINGLE
    }
}

/// What a provider's claims mean here.
#[derive(Clone, Default)]
pub struct Mapping {
    /// A claim that names the platform role itself: `admin` or `user`.
    pub role_claim: Option<String>,
    /// A claim with the names of groups.
    pub groups_claim: Option<String>,
    pub admin_groups: Vec<String>,
    pub organizations: Vec<GroupMembership>,
}

impl Mapping {
    /// Whether the provider decides who is an administrator.
    pub fn decides_role(&self) -> bool {
        self.role_claim.is_some() || !self.admin_groups.is_empty()
    }

    pub fn is_empty(&self) -> bool {
        !self.decides_role() && self.organizations.is_empty()
    }
}

/// Who is in the group is in the organization.
#[derive(Clone)]
pub struct GroupMembership {
    pub group: String,
    /// A slug.
    pub organization: String,
    pub role: OrganizationRole,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSignInProvider {
    id: String,
    kind: ProviderKind,
    name: Option<String>,
    issuer: Option<String>,
    client_id: String,
    client_secret: Option<Secret>,
    client_secret_env: Option<String>,
    client_secret_file: Option<String>,
    scopes: Option<Vec<String>>,
    role_claim: Option<String>,
    groups_claim: Option<String>,
    #[serde(default)]
    admin_groups: Vec<String>,
    #[serde(default)]
    organizations: Vec<WrittenMembership>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMembership {
    group: String,
    organization: String,
    role: Option<String>,
}

/// The provider of `[oauth]`, if it is set, and the list. `production` forbids plain http even on loopback.
pub(super) fn resolve(
    single: &OAuth,
    written: Vec<WrittenSignInProvider>,
    env: &Env,
    production: bool,
) -> Result<Vec<SignInProvider>, ConfigError> {
    let mut found: Vec<SignInProvider> = of_oauth(single, production)?.into_iter().collect();
    for provider in written {
        let provider = one(provider, env, production)?;
        if found.iter().any(|other| other.id == provider.id) {
            let key = format!("sign_in_providers.{}", provider.id);
            return Err(ConfigError::new(key, "stands in the configuration twice"));
        }
        found.push(provider);
    }
    Ok(found)
}

fn of_oauth(single: &OAuth, production: bool) -> Result<Option<SignInProvider>, ConfigError> {
    let Some(client_id) = single.client_id.clone() else {
        return Ok(None);
    };
    let needs = |key: &str| ConfigError::new(key, "is needed with oauth.client_id");
    let client_secret = single
        .client_secret
        .clone()
        .ok_or_else(|| needs("oauth.client_secret"))?;
    let text = single.issuer.as_deref().ok_or_else(|| needs("oauth.issuer"))?;
    let issuer = issuer("oauth.issuer", text, production)?;
    let kind = match issuer.trim_end_matches('/') {
        "https://github.com" => ProviderKind::Github,
        "https://gitlab.com" => ProviderKind::Gitlab,
        "https://accounts.google.com" => ProviderKind::Google,
        _ => ProviderKind::Oidc,
    };
    Ok(Some(SignInProvider {
        id: SINGLE.to_owned(),
        kind,
        name: usual_name(kind).map_or_else(|| host(&issuer), str::to_owned),
        issuer,
        client_id,
        client_secret,
        scopes: usual_scopes(kind, &Mapping::default()),
        mapping: Mapping::default(),
    }))
}

fn one(written: WrittenSignInProvider, env: &Env, production: bool) -> Result<SignInProvider, ConfigError> {
    let key = format!("sign_in_providers.{}", written.id);
    let error = |message: String| ConfigError::new(&key, message);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=40).contains(&written.id.len()) || !written.id.bytes().all(plain) || written.id == SINGLE {
        return Err(error(
            "id must be 1 to 40 of a-z, 0-9 and -, and not `oauth`: it stands in the address the provider sends people back to".into(),
        ));
    }
    let text = match (written.issuer.as_deref(), usual_issuer(written.kind)) {
        (Some(text), _) | (None, Some(text)) => text,
        (None, None) => return Err(error("needs issuer".into())),
    };
    let issuer = issuer(&key, text, production)?;
    if written.kind == ProviderKind::Google && Some(issuer.as_str()) != usual_issuer(ProviderKind::Google) {
        return Err(error(
            "Google has one issuer; leave it out, or use kind = \"oidc\"".into(),
        ));
    }
    let secret = match (
        written.client_secret,
        written.client_secret_env,
        written.client_secret_file,
    ) {
        (Some(secret), None, None) => secret,
        (None, Some(variable), None) => {
            let found = env.secret(&variable)?;
            let (value, _) =
                found.ok_or_else(|| error(format!("client_secret_env names {variable}, which is not set")))?;
            Secret::new(value)
        }
        (None, None, Some(path)) => Secret::new(secret_file(&key, &path)?),
        (None, None, None) => {
            return Err(error(
                "needs client_secret, client_secret_env or client_secret_file".into(),
            ));
        }
        _ => {
            return Err(error(
                "client_secret, client_secret_env and client_secret_file exclude each other".into(),
            ));
        }
    };
    if written.client_id.trim().is_empty() {
        return Err(error("client_id is empty".into()));
    }
    if let Some(reason) = super::check::sample(secret.expose()) {
        return Err(error(format!("client_secret {reason}")));
    }
    let organizations = written.organizations.into_iter();
    let organizations = organizations
        .map(|entry| membership(&key, entry))
        .collect::<Result<Vec<_>, _>>()?;
    let uses_groups = !written.admin_groups.is_empty() || !organizations.is_empty();
    let mapping = Mapping {
        role_claim: written.role_claim.filter(|claim| !claim.is_empty()),
        groups_claim: written
            .groups_claim
            .filter(|claim| !claim.is_empty())
            .or_else(|| uses_groups.then(|| "groups".to_owned())),
        admin_groups: written.admin_groups,
        organizations,
    };
    if written.kind == ProviderKind::Github && mapping.role_claim.is_some() {
        return Err(error(
            "GitHub has no claims: use admin_groups with names of its organizations or teams".into(),
        ));
    }
    let scopes = written
        .scopes
        .unwrap_or_else(|| usual_scopes(written.kind, &mapping))
        .into_iter()
        .filter(|scope| scope != "openid")
        .collect();
    Ok(SignInProvider {
        name: written
            .name
            .filter(|name| !name.trim().is_empty())
            .or_else(|| usual_name(written.kind).map(str::to_owned))
            .unwrap_or_else(|| host(&issuer)),
        id: written.id,
        kind: written.kind,
        issuer,
        client_id: written.client_id,
        client_secret: secret,
        scopes,
        mapping,
    })
}

fn membership(key: &str, written: WrittenMembership) -> Result<GroupMembership, ConfigError> {
    let role = match written.role.as_deref() {
        None | Some("member") => OrganizationRole::Member,
        Some("admin") => OrganizationRole::Admin,
        // An owner can close the organization and must not come and go with a claim.
        Some(_) => {
            let message = "organizations: role must be member or admin; owners are made by owners";
            return Err(ConfigError::new(key, message));
        }
    };
    if written.group.is_empty() || written.organization.is_empty() {
        let message = "organizations: each entry needs a group and the slug of an organization";
        return Err(ConfigError::new(key, message));
    }
    Ok(GroupMembership {
        group: written.group,
        organization: written.organization,
        role,
    })
}

/// An issuer's address as written: it is compared to the letter, so nothing is made prettier here.
fn issuer(key: &str, text: &str, production: bool) -> Result<String, ConfigError> {
    let error = |message: &str| ConfigError::new(key, format!("the issuer {message}"));
    let url = Url::parse(text).map_err(|_| error("must be an address such as https://id.example.com"))?;
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(error("must have no query, no fragment and no user"));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) && !production => {}
        _ => {
            return Err(error(
                "must begin with https:// (http:// is for this machine, in development)",
            ));
        }
    }
    Ok(text.to_owned())
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn host(issuer: &str) -> String {
    let url = Url::parse(issuer).ok();
    url.and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| issuer.to_owned())
}

const fn usual_issuer(kind: ProviderKind) -> Option<&'static str> {
    match kind {
        ProviderKind::Github => Some("https://github.com"),
        ProviderKind::Gitlab => Some("https://gitlab.com"),
        ProviderKind::Google => Some("https://accounts.google.com"),
        ProviderKind::Oidc => None,
    }
}

const fn usual_name(kind: ProviderKind) -> Option<&'static str> {
    match kind {
        ProviderKind::Github => Some("GitHub"),
        ProviderKind::Gitlab => Some("GitLab"),
        ProviderKind::Google => Some("Google"),
        ProviderKind::Oidc => None,
    }
}

/// The least that says who somebody is; membership only where something is made of it.
fn usual_scopes(kind: ProviderKind, mapping: &Mapping) -> Vec<String> {
    let scopes: &[&str] = match (kind, mapping.is_empty()) {
        (ProviderKind::Github, true) => &["read:user", "user:email"],
        (ProviderKind::Github, false) => &["read:user", "user:email", "read:org"],
        (ProviderKind::Google | ProviderKind::Gitlab | ProviderKind::Oidc, _) => &["email", "profile"],
    };
    scopes.iter().map(|scope| (*scope).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn read(text: &str, production: bool) -> Result<Vec<SignInProvider>, ConfigError> {
        #[derive(Deserialize)]
        struct List {
            sign_in_providers: Vec<WrittenSignInProvider>,
        }
        let list: List = toml::from_str(text).map_err(|error| ConfigError::new("toml", error.message()))?;
        let env: Env = [("ID_SECRET", "s3cr3t-from-the-environment")].into_iter().collect();
        resolve(&OAuth::default(), list.sign_in_providers, &env, production)
    }

    fn with(lines: &str) -> String {
        format!(
            "[[sign_in_providers]]\nid = \"work\"\nkind = \"oidc\"\nissuer = \"https://id.example.com\"\nclient_id = \"wg\"\nclient_secret = \"k2j4h5g6\"\n{lines}"
        )
    }

    #[test]
    fn presets_know_their_issuer_name_and_scopes() {
        for (kind, issuer, name) in [
            ("github", "https://github.com", "GitHub"),
            ("gitlab", "https://gitlab.com", "GitLab"),
            ("google", "https://accounts.google.com", "Google"),
        ] {
            let text = format!(
                "[[sign_in_providers]]\nid = \"x\"\nkind = \"{kind}\"\nclient_id = \"a\"\nclient_secret_env = \"ID_SECRET\""
            );
            let providers = read(&text, true).map_err(|error| error.to_string()).unwrap();
            assert_eq!(
                (providers[0].issuer.as_str(), providers[0].name.as_str()),
                (issuer, name)
            );
            assert!(!providers[0].scopes.contains(&"read:org".to_owned()));
        }
    }

    #[test]
    fn plain_http_is_for_loopback_in_development() {
        let at = |issuer: &str| {
            format!(
                "[[sign_in_providers]]\nid = \"x\"\nkind = \"oidc\"\nissuer = \"{issuer}\"\nclient_id = \"a\"\nclient_secret = \"k2j4h5g6\""
            )
        };
        assert!(read(&at("http://127.0.0.1:9000"), false).is_ok());
        assert!(read(&at("http://localhost:9000/x"), false).is_ok());
        for (issuer, production) in [
            ("http://127.0.0.1:9000", true),
            ("http://id.example.com", false),
            ("http://localhost.example.com", false),
            ("ftp://127.0.0.1", false),
            ("https://id.example.com?x=1", false),
            ("https://user@id.example.com", false),
            ("id.example.com", false),
        ] {
            assert!(read(&at(issuer), production).is_err(), "{issuer}");
        }
    }

    #[test]
    fn what_cannot_work_is_refused_at_start() {
        for lines in [
            "role = \"x\"",
            "client_secret_env = \"ID_SECRET\"",
            "organizations = [{ group = \"a\", organization = \"acme\", role = \"owner\" }]",
            "organizations = [{ group = \"\", organization = \"acme\" }]",
        ] {
            assert!(read(&with(lines), false).is_err(), "{lines}");
        }
        let twice = format!("{}\n{}", with(""), with(""));
        assert!(read(&twice, false).is_err());
        for id in ["oauth", "Work", "a/b", ""] {
            assert!(
                read(&with("").replace("\"work\"", &format!("\"{id}\"")), false).is_err(),
                "{id}"
            );
        }
        for secret in ["", "change-me", "secret"] {
            assert!(read(&with("").replace("k2j4h5g6", secret), false).is_err(), "{secret}");
        }
    }

    #[test]
    fn groups_are_read_from_the_usual_claim_when_something_is_made_of_them() {
        let plain = read(&with(""), false).map_err(|error| error.to_string()).unwrap();
        assert!(plain[0].mapping.is_empty() && plain[0].mapping.groups_claim.is_none());
        let mapped = read(&with("admin_groups = [\"ops\"]"), false)
            .map_err(|error| error.to_string())
            .unwrap();
        assert_eq!(mapped[0].mapping.groups_claim.as_deref(), Some("groups"));
        assert!(mapped[0].mapping.decides_role());
    }
}
