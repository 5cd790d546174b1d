//! Organizations of several people: invitations, teams, slugs that changed, and the server's own organization with the default team.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLES: &[&str] = &["organization_slugs", "invitations", "teams", "team_members"];

/// `types::teams::SYSTEM_ORGANIZATION` and `DEFAULT_TEAM`.
const SYSTEM: u128 = 0xa000_0000_0000_4000_8000_0000_0000_0000;
const DEFAULT_TEAM: u128 = 0xa000_0000_0000_4000_8000_0000_0000_0001;
/// 2026-11-21: rows that no person made have the day of this file.
const SINCE: i64 = 1_795_219_200_000;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign key: the slug of a deleted organization stays taken for a while too.
        create(
            manager,
            table("organization_slugs")
                .col(text("slug").primary_key())
                .col(uuid("organization_id"))
                .col(big("until"))
                .to_owned(),
            [index("organization_slugs", &["until"])],
        )
        .await?;

        create(
            manager,
            table("invitations")
                .col(uuid("id").primary_key())
                .col(uuid("organization_id"))
                .col(text_null("email"))
                .col(text("role"))
                .col(bytes("secret_hash"))
                .col(uuid("invited_by"))
                .col(big("expires_at"))
                .col(big_null("accepted_at"))
                .col(uuid_null("accepted_by"))
                .col(big_null("revoked_at"))
                .col(big("created_at"))
                .col(big("updated_at"))
                .foreign_key(&mut owned_by("invitations", "organization_id", "organizations"))
                .to_owned(),
            [
                index("invitations", &["organization_id"]),
                unique("invitations", &["secret_hash"]),
            ],
        )
        .await?;

        create(
            manager,
            table("teams")
                .col(uuid("id").primary_key())
                .col(uuid("organization_id"))
                .col(text("name"))
                .col(text("allowed_models").default("[]"))
                .col(big_null("rpm_limit"))
                .col(big_null("tpm_limit"))
                .col(big_null("max_parallel"))
                .col(big("created_at"))
                .col(big("updated_at"))
                .foreign_key(&mut owned_by("teams", "organization_id", "organizations"))
                .to_owned(),
            [unique("teams", &["organization_id", "name"])],
        )
        .await?;

        create(
            manager,
            table("team_members")
                .col(uuid("team_id"))
                .col(uuid("user_id"))
                .col(big("created_at"))
                .primary_key(&mut primary_key(&["team_id", "user_id"]))
                .foreign_key(&mut owned_by("team_members", "team_id", "teams"))
                .foreign_key(&mut owned_by("team_members", "user_id", "users"))
                .to_owned(),
            [index("team_members", &["user_id"])],
        )
        .await?;

        add(manager, "api_keys", uuid_null("team_id")).await?;
        built_in(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        remove(manager, "api_keys", "team_id").await?;
        drop_all(manager, TABLES).await?;
        let system = id(manager, SYSTEM);
        let delete = format!("DELETE FROM organizations WHERE id = {system}");
        manager.get_connection().execute_unprepared(&delete).await.map(|_| ())
    }
}

async fn built_in(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (system, team) = (id(manager, SYSTEM), id(manager, DEFAULT_TEAM));
    for statement in [
        format!(
            "INSERT INTO organizations (id, name, kind, plan, requires_second_factor, created_at, updated_at) \
             VALUES ({system}, 'System', 'system', 'free', FALSE, {SINCE}, {SINCE})"
        ),
        format!(
            "INSERT INTO teams (id, organization_id, name, allowed_models, created_at, updated_at) \
             VALUES ({team}, {system}, 'Everybody', '[]', {SINCE}, {SINCE})"
        ),
    ] {
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// An id as it is written in SQL: a blob on SQLite.
fn id(manager: &SchemaManager<'_>, id: u128) -> String {
    let digits = format!("{id:032x}");
    match manager.get_database_backend() {
        DbBackend::Sqlite => format!("X'{digits}'"),
        _ => format!("'{digits}'::uuid"),
    }
}
