//! Bringing rows into the directory: everything at once, or what a batch of changes names.

use std::{collections::HashMap, sync::Arc};

use types::{ApiTokenId, KeyId, OrganizationId, SessionId, TeamId, Timestamp, UserId};
use uuid::Uuid;

use super::{
    Directory, KeyEntry, Maps, OrganizationEntry, TokenEntry, UserEntry, entries::LastUse, poll::millis, teams,
};
use crate::{
    crypto::Secret,
    db::{
        self, Change, Changed,
        directory::{self as rows, By, KeyRow, MemberRow, OrganizationRow, UserRow, Which},
    },
    error::Result,
    litellm::mirror,
};

impl Directory {
    /// Replaces everything by what the database holds now.
    pub(super) async fn load_all(&self) -> Result<()> {
        let db = &self.0.db;
        let now = db.clock().now();
        let keys = self.load_keys(Which::All).await?;
        let tokens = tokens(db, Which::All).await?;
        let users = rows::users(db, Which::All).await?;
        let organizations = rows::organizations(db, Which::All).await?;
        let members = rows::members(db, By::Organization, Which::All).await?;
        let teams = teams::load(db, Which::All).await?;
        let ended = rows::ended_sessions(db, now.plus_millis(-millis(self.0.ended_kept))).await?;
        let catalogue = self.load_catalogue().await?;

        let personal: HashMap<Uuid, Uuid> = personal(&organizations);
        let mut maps = Maps::default();
        users.into_iter().for_each(|row| maps.put_user(row, &personal));
        organizations.into_iter().for_each(|row| maps.put_organization(row));
        members.into_iter().for_each(|row| maps.put_member(&row));
        teams.into_iter().for_each(|entry| maps.put_team(entry));
        maps.ended = ended.into_iter().map(|(id, at)| (SessionId(id), at)).collect();
        catalogue.into_maps(&mut maps);
        let mut current = self.write();
        // Uses that are not written yet live only in the old entries.
        let old = std::mem::replace(&mut *current, maps);
        keys.into_iter().for_each(|row| current.put_key(row, &old.keys));
        tokens.into_iter().for_each(|row| current.put_token(row, &old.tokens));
        Ok(())
    }

    /// Loads anew what these changes name.
    pub(super) async fn reload(&self, changes: &[Changed]) -> Result<()> {
        let db = &self.0.db;
        let ids = |kinds: &[Change]| -> Vec<Uuid> {
            let mut ids: Vec<Uuid> = changes
                .iter()
                .filter(|change| kinds.contains(&change.kind))
                .map(|change| change.id)
                .collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let sessions = ids(&[Change::Session]);
        if !sessions.is_empty() {
            let now = db.clock().now();
            let mut maps = self.write();
            sessions.into_iter().for_each(|id| {
                maps.ended.insert(SessionId(id), now);
            });
        }
        // A person's row, personal organization and memberships are looked at together, from whichever end the change came.
        let (people, groups) = (
            ids(&[Change::User, Change::Member]),
            ids(&[Change::Organization, Change::Member]),
        );
        if !people.is_empty() || !groups.is_empty() {
            self.reload_people(&people, &groups).await?;
        }
        let changed_teams = ids(&[Change::Team]);
        if !changed_teams.is_empty() {
            self.reload_teams(&changed_teams).await?;
        }
        if !ids(&[Change::Provider, Change::Model, Change::Price]).is_empty() {
            let catalogue = self.load_catalogue().await?;
            catalogue.into_maps(&mut self.write());
        }
        // Last: a key that is seen finds its owner.
        let keys = ids(&[Change::Key]);
        if !keys.is_empty() {
            self.reload_keys(&keys).await?;
        }
        let tokens = ids(&[Change::ApiToken]);
        if !tokens.is_empty() {
            self.reload_tokens(&tokens).await?;
        }
        Ok(())
    }

    async fn reload_tokens(&self, ids: &[Uuid]) -> Result<()> {
        let loaded = tokens(&self.0.db, Which::Ids(ids)).await?;
        let mut maps = self.write();
        let mut before = HashMap::new();
        for id in ids {
            if let Some(hash) = maps.token_hashes.remove(&ApiTokenId(*id))
                && let Some(entry) = maps.tokens.remove(&hash)
            {
                before.insert(hash, entry);
            }
        }
        loaded.into_iter().for_each(|row| maps.put_token(row, &before));
        Ok(())
    }

    /// Keys with what the proxy knows them by.
    async fn load_keys(&self, which: Which<'_>) -> Result<Vec<KeyRow>> {
        let mut keys = rows::keys(&self.0.db, which).await?;
        let Some(proxy) = &self.0.mirrors_to else {
            return Ok(keys);
        };
        let there = db::mirrored_keys::there(&self.0.db, which, proxy).await?;
        let mut credentials: HashMap<Uuid, Secret> = HashMap::with_capacity(there.len());
        for row in there {
            match mirror::open(&row, &self.0.master) {
                Ok(credential) => {
                    credentials.insert(row.key_id, credential);
                }
                // One damaged row costs its key the calls that go there, and nothing else.
                Err(error) => {
                    tracing::error!(key_id = %row.key_id, detail = %error, "a mirrored key cannot be used");
                    credentials.insert(row.key_id, mirror::unreadable());
                }
            }
        }
        keys.iter_mut()
            .for_each(|key| key.proxy_credential = credentials.remove(&key.id));
        Ok(keys)
    }

    async fn reload_keys(&self, ids: &[Uuid]) -> Result<()> {
        let loaded = self.load_keys(Which::Ids(ids)).await?;
        let mut maps = self.write();
        let mut before = HashMap::new();
        for id in ids {
            if let Some(hash) = maps.hashes.remove(&KeyId(*id))
                && let Some(entry) = maps.keys.remove(&hash)
            {
                before.insert(hash, entry);
            }
        }
        loaded.into_iter().for_each(|row| maps.put_key(row, &before));
        Ok(())
    }

    async fn reload_people(&self, people: &[Uuid], groups: &[Uuid]) -> Result<()> {
        let db = &self.0.db;
        let mut organizations = rows::organizations(db, Which::Ids(groups)).await?;
        organizations.extend(rows::organizations_of(db, Which::Ids(people)).await?);
        let users = rows::users(db, Which::Ids(people)).await?;
        let of_groups = rows::members(db, By::Organization, Which::Ids(groups)).await?;
        let of_people = rows::members(db, By::User, Which::Ids(people)).await?;

        let mut maps = self.write();
        for id in groups {
            maps.take_organization(OrganizationId(*id));
            maps.requiring.remove(&OrganizationId(*id));
            maps.members.remove(&OrganizationId(*id));
        }
        for id in people {
            maps.users.remove(&UserId(*id));
            for members in maps.members.values_mut() {
                members.remove(&UserId(*id));
            }
        }
        let personal = personal(&organizations);
        users.into_iter().for_each(|row| maps.put_user(row, &personal));
        organizations.into_iter().for_each(|row| maps.put_organization(row));
        of_groups.iter().chain(&of_people).for_each(|row| maps.put_member(row));
        Ok(())
    }
}

/// Person → personal organization.
fn personal(organizations: &[OrganizationRow]) -> HashMap<Uuid, Uuid> {
    organizations
        .iter()
        .filter_map(|row| Some((row.personal_user_id?, row.id)))
        .collect()
}

impl Maps {
    fn put_key(&mut self, row: KeyRow, before: &HashMap<[u8; 32], Arc<KeyEntry>>) {
        let known = before.get(&row.secret_hash).and_then(|entry| entry.last_used());
        let entry = KeyEntry {
            id: KeyId(row.id),
            organization_id: OrganizationId(row.organization_id),
            user_id: UserId(row.user_id),
            team_id: row.team_id.map(TeamId),
            name: row.name,
            models: row.models,
            can_read: row.can_read,
            can_write: row.can_write,
            expires_at: row.expires_at,
            revoked: row.revoked,
            proxy_credential: row.proxy_credential,
            used: LastUse::new(row.last_used_at, known),
        };
        self.hashes.insert(entry.id, row.secret_hash);
        self.keys.insert(row.secret_hash, Arc::new(entry));
    }

    fn put_token(&mut self, (hash, mut entry): ([u8; 32], TokenEntry), before: &HashMap<[u8; 32], Arc<TokenEntry>>) {
        let known = before.get(&hash).and_then(|entry| entry.last_used());
        entry.used = LastUse::new(entry.last_used(), known);
        self.token_hashes.insert(entry.id, hash);
        self.tokens.insert(hash, Arc::new(entry));
    }

    fn put_user(&mut self, row: UserRow, personal: &HashMap<Uuid, Uuid>) {
        let Some(organization) = personal.get(&row.id) else {
            // Both are made in one transaction; a person without one could own nothing and is nobody here.
            tracing::error!(user_id = %row.id, "a user has no personal organization and is left out");
            return;
        };
        let entry = UserEntry {
            id: UserId(row.id),
            email: row.email,
            username: row.username,
            full_name: row.full_name,
            role: row.role,
            is_active: row.is_active,
            organization_id: OrganizationId(*organization),
            locale: row.locale,
            theme: row.theme,
            time_zone: row.time_zone,
            avatar_url: row.avatar_url,
            has_second_factor: row.has_second_factor,
            email_verified: row.email_verified,
            has_password: row.has_password,
            created_at: row.created_at,
        };
        self.users.insert(entry.id, Arc::new(entry));
    }

    fn put_organization(&mut self, row: OrganizationRow) {
        let entry = OrganizationEntry {
            id: OrganizationId(row.id),
            name: row.name,
            slug: row.slug,
            kind: row.kind,
            plan: row.plan,
            personal_user_id: row.personal_user_id.map(UserId),
            requires_second_factor: row.requires_second_factor,
            allowed_models: row.allowed_models,
            created_at: row.created_at,
        };
        self.take_organization(entry.id);
        if let Some(slug) = &entry.slug {
            self.slugs.insert(slug.clone(), entry.id);
        }
        if entry.requires_second_factor {
            self.requiring.insert(entry.id);
        } else {
            self.requiring.remove(&entry.id);
        }
        self.organizations.insert(entry.id, Arc::new(entry));
    }

    /// Removes an entry with the slug that leads to it.
    fn take_organization(&mut self, id: OrganizationId) {
        let slug = self.organizations.remove(&id).and_then(|entry| entry.slug.clone());
        if let Some(slug) = slug
            && self.slugs.get(&slug) == Some(&id)
        {
            self.slugs.remove(&slug);
        }
    }

    fn put_member(&mut self, row: &MemberRow) {
        let members = self.members.entry(OrganizationId(row.organization_id)).or_default();
        members.insert(UserId(row.user_id), row.role);
    }

    /// Forgets ended sign-ins whose access tokens are all expired.
    pub(super) fn forget_ended(&mut self, before: Timestamp) {
        self.ended.retain(|_, at| *at >= before);
    }

    /// Keys with uses that the database does not know.
    pub(super) fn touched(&self) -> Vec<(Arc<KeyEntry>, Timestamp)> {
        let used = |entry: &Arc<KeyEntry>| entry.used.unwritten().map(|at| (Arc::clone(entry), at));
        self.keys.values().filter_map(used).collect()
    }

    /// Personal tokens with uses that the database does not know.
    pub(super) fn touched_tokens(&self) -> Vec<(Arc<TokenEntry>, Timestamp)> {
        let used = |entry: &Arc<TokenEntry>| entry.used.unwritten().map(|at| (Arc::clone(entry), at));
        self.tokens.values().filter_map(used).collect()
    }
}

/// Hashes and entries of personal tokens.
async fn tokens(db: &db::Db, which: Which<'_>) -> Result<Vec<([u8; 32], TokenEntry)>> {
    let rows = db::api_tokens::all(db, which).await?;
    rows.into_iter()
        .map(|row| {
            let entry = TokenEntry {
                id: ApiTokenId(row.id),
                user_id: UserId(row.user_id),
                scopes: crate::tokens::scopes(&row.scopes),
                expires_at: row.expires_at.map(Timestamp),
                revoked: row.revoked_at.is_some(),
                used: LastUse::new(row.last_used_at.map(Timestamp), None),
            };
            let hash = <[u8; 32]>::try_from(row.hash).map_err(|_| {
                crate::Error::internal(format_args!("api_tokens {}: its hash has another length", row.id))
            })?;
            Ok((hash, entry))
        })
        .collect()
}
