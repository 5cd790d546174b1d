//! What the hot path knows, complete and in memory: keys, personal tokens, people, organizations, members, teams, models, providers, prices, ended sign-ins.
//!
//! Reads never wait and never ask the database, so absence is an answer. A change of this process is applied after its commit and before
//! its caller goes on; changes of others are polled from the `changes` table. A poll that is too old makes [`Directory::fresh`] say so.

mod catalogue;
mod entries;
mod load;
mod poll;
mod teams;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic::AtomicU64},
    time::{Duration, Instant},
};

use types::{ApiTokenId, KeyId, OrganizationId, OrganizationRole, SessionId, TeamId, Timestamp, UserId, key_format};

pub use entries::{
    Endpoints, KeyEntry, ModelEntry, OrganizationEntry, ProviderEntry, ProviderKind, Route, TeamEntry, TokenEntry,
    UserEntry,
};

use crate::{
    Config,
    crypto::{self, MasterKey},
    db::{AfterCommit, Changed, Db},
    error::Result,
    health::Deployments,
};

/// More than the clock skew that access tokens are granted.
const LEEWAY: Duration = Duration::from_secs(60);
/// A poll older than this makes the directory stale.
const STALE: Duration = Duration::from_secs(5);

/// Cheap to clone; all clones are one directory.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    db: Db,
    master: MasterKey,
    /// The proxy that keys are mirrored to.
    mirrors_to: Option<String>,
    /// Whether the demo model may stand in for an empty catalogue.
    demo_allowed: bool,
    deployments: Deployments,
    /// How long an ended sign-in is remembered: as long as an access token it gave out may live.
    ended_kept: Duration,
    maps: RwLock<Maps>,
    /// Changes are applied one batch after the other.
    applying: tokio::sync::Mutex<Position>,
    started: Instant,
    /// Milliseconds after `started`, plus one; 0 = never or no longer good.
    last_good_poll: AtomicU64,
}

/// How far the feed of changes was read.
struct Position {
    seq: i64,
    /// A change could not be loaded: everything is loaded anew before the next poll counts.
    damaged: bool,
}

#[derive(Default)]
struct Maps {
    keys: HashMap<[u8; 32], Arc<KeyEntry>>,
    hashes: HashMap<KeyId, [u8; 32]>,
    tokens: HashMap<[u8; 32], Arc<TokenEntry>>,
    token_hashes: HashMap<ApiTokenId, [u8; 32]>,
    users: HashMap<UserId, Arc<UserEntry>>,
    organizations: HashMap<OrganizationId, Arc<OrganizationEntry>>,
    members: HashMap<OrganizationId, HashMap<UserId, OrganizationRole>>,
    slugs: HashMap<String, OrganizationId>,
    teams: HashMap<TeamId, Arc<TeamEntry>>,
    teams_of: HashMap<OrganizationId, HashSet<TeamId>>,
    /// Organizations that ask their members for a second factor; few, so that looking through them costs nothing.
    requiring: HashSet<OrganizationId>,
    /// Enabled models that have a route, by name.
    models: HashMap<String, Arc<ModelEntry>>,
    /// The same, sorted by name.
    sorted: Vec<Arc<ModelEntry>>,
    is_demo: bool,
    ended: HashMap<SessionId, Timestamp>,
}

impl Directory {
    /// Loads everything.
    pub(crate) async fn load(db: &Db, config: &Config, master: MasterKey) -> Result<Self> {
        let directory = Directory(Arc::new(Inner {
            db: db.clone(),
            master,
            mirrors_to: config.litellm.as_ref().and_then(|litellm| litellm.mirrors_to()),
            demo_allowed: !config.is_production(),
            deployments: Deployments::new(config.gateway.breaker()),
            ended_kept: config.auth.access_ttl + LEEWAY,
            maps: RwLock::default(),
            applying: tokio::sync::Mutex::new(Position { seq: 0, damaged: true }),
            started: Instant::now(),
            last_good_poll: AtomicU64::new(0),
        }));
        directory.poll_once().await?;
        Ok(directory)
    }

    /// The key this text is, revoked and expired ones included: only who knows the secret learns why it is refused.
    pub fn key(&self, presented: &str) -> Option<Arc<KeyEntry>> {
        // A mistyped key of ours is told by its checksum. Keys from elsewhere have shapes of their own.
        let ours = key_format::claims(key_format::KEY, presented);
        if ours && !key_format::well_formed(key_format::KEY, presented) {
            return None;
        }
        self.read().keys.get(&crypto::sha256(presented.as_bytes())).cloned()
    }

    /// The key of this SHA-256, revoked and expired ones included.
    pub fn key_of_hash(&self, hash: &[u8; 32]) -> Option<Arc<KeyEntry>> {
        self.read().keys.get(hash).cloned()
    }

    /// The personal token this text is, revoked and expired ones included.
    pub fn token(&self, presented: &str) -> Option<Arc<TokenEntry>> {
        if !key_format::well_formed(key_format::PERSONAL_TOKEN, presented) {
            return None;
        }
        self.read().tokens.get(&crypto::sha256(presented.as_bytes())).cloned()
    }

    pub fn user(&self, id: UserId) -> Option<Arc<UserEntry>> {
        self.read().users.get(&id).cloned()
    }

    /// The newest people whom `keep` wants, at most `most`, the newest first. It runs while nothing can be changed here, so it must be quick.
    pub fn newest_users(&self, most: usize, keep: impl Fn(&UserEntry) -> bool) -> Vec<Arc<UserEntry>> {
        newest(&self.read().users, most, keep)
    }

    /// The same of organizations.
    pub fn newest_organizations(
        &self,
        most: usize,
        keep: impl Fn(&OrganizationEntry) -> bool,
    ) -> Vec<Arc<OrganizationEntry>> {
        newest(&self.read().organizations, most, keep)
    }

    pub fn organization(&self, id: OrganizationId) -> Option<Arc<OrganizationEntry>> {
        self.read().organizations.get(&id).cloned()
    }

    /// The organization that has this slug now.
    pub fn organization_of_slug(&self, slug: &str) -> Option<OrganizationId> {
        self.read().slugs.get(slug).copied()
    }

    /// How many people belong to it.
    pub fn member_count(&self, organization: OrganizationId) -> usize {
        self.read().members.get(&organization).map_or(0, HashMap::len)
    }

    /// How many people belong to it, and how many of them own it.
    pub fn member_counts(&self, organization: OrganizationId) -> (usize, usize) {
        let maps = self.read();
        let Some(members) = maps.members.get(&organization) else {
            return (0, 0);
        };
        let owners = members.values().filter(|role| **role == OrganizationRole::Owner);
        (members.len(), owners.count())
    }

    pub fn is_member(&self, organization: OrganizationId, user: UserId) -> Option<OrganizationRole> {
        self.read().members.get(&organization)?.get(&user).copied()
    }

    /// Whether one of the person's organizations asks its members for a second factor.
    pub fn second_factor_required(&self, user: UserId) -> bool {
        let maps = self.read();
        let belongs = |id: &OrganizationId| maps.members.get(id).is_some_and(|members| members.contains_key(&user));
        maps.requiring.iter().any(belongs)
    }

    /// An enabled model by the name clients use.
    pub fn model(&self, name: &str) -> Option<Arc<ModelEntry>> {
        self.read().models.get(name).cloned()
    }

    /// Enabled models, sorted by name.
    pub fn models(&self) -> Vec<Arc<ModelEntry>> {
        self.read().sorted.clone()
    }

    /// Whether the demo model stands in for an empty catalogue.
    pub fn is_demo(&self) -> bool {
        self.read().is_demo
    }

    /// Whether the sign-in ended within the life of the access tokens it may have given out.
    pub fn session_ended(&self, id: SessionId) -> bool {
        self.read().ended.contains_key(&id)
    }

    pub fn key_of_id(&self, id: KeyId) -> Option<Arc<KeyEntry>> {
        let maps = self.read();
        maps.keys.get(maps.hashes.get(&id)?).cloned()
    }

    /// When the key was last used, as far as this process knows; other nodes' uses come with the key's next change.
    pub fn last_used(&self, id: KeyId) -> Option<Timestamp> {
        self.key_of_id(id)?.last_used()
    }

    /// When the personal token was last used, as far as this process knows.
    pub fn token_last_used(&self, id: ApiTokenId) -> Option<Timestamp> {
        let maps = self.read();
        maps.tokens.get(maps.token_hashes.get(&id)?)?.last_used()
    }

    /// Whether the last good look at the feed of changes is young enough to rely on. If not, calls are refused.
    pub fn fresh(&self) -> bool {
        self.poll_age().is_some_and(|age| age <= STALE)
    }

    /// What the database calls with a transaction's changes. It does not keep the directory alive: the directory keeps the database.
    pub(crate) fn follow(&self) -> AfterCommit {
        let directory = Arc::downgrade(&self.0);
        Box::new(move |changed| {
            let directory = directory.upgrade().map(Directory);
            Box::pin(async move {
                if let Some(directory) = directory {
                    directory.apply(changed).await;
                }
            })
        })
    }

    /// Applies what a transaction of this process changed.
    async fn apply(&self, changed: Vec<Changed>) {
        let mut position = self.0.applying.lock().await;
        if let Err(error) = self.reload(&changed).await {
            // The change is committed and not in memory: until a poll succeeds nothing may be served on what is known here.
            position.damaged = true;
            self.forget_poll();
            tracing::error!(error_class = error.class(), detail = %error, "a committed change could not be loaded");
        }
    }

    /// As after a change that could not be loaded.
    #[cfg(test)]
    pub(crate) async fn distrust(&self) {
        self.0.applying.lock().await.damaged = true;
        self.forget_poll();
    }

    /// As while the database cannot be read, for as long as what is returned lives.
    pub(crate) async fn blind(&self) -> impl Sized + '_ {
        let held = self.0.applying.lock().await;
        self.forget_poll();
        held
    }

    fn read(&self) -> RwLockReadGuard<'_, Maps> {
        self.0.maps.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Maps> {
        self.0.maps.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of entries by their ids, whose order is that of their making. Most are older than what was found and cost one comparison.
fn newest<K: Ord + Copy, T>(entries: &HashMap<K, Arc<T>>, most: usize, keep: impl Fn(&T) -> bool) -> Vec<Arc<T>> {
    let mut found: BTreeMap<K, &Arc<T>> = BTreeMap::new();
    for (id, entry) in entries {
        let is_full = found.len() >= most;
        if is_full && found.first_key_value().is_none_or(|(oldest, _)| id < oldest) {
            continue;
        }
        if keep(entry) {
            found.insert(*id, entry);
            if is_full {
                found.pop_first();
            }
        }
    }
    found.into_values().rev().cloned().collect()
}
