//! People, their sign-ins and their organizations.

use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLES: &[&str] = &[
    "users",
    "sessions",
    "spent_refresh_tokens",
    "organizations",
    "organization_members",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            table("users")
                .col(uuid("id").primary_key())
                .col(text("email"))
                .col(text("username"))
                .col(text("username_folded"))
                .col(text_null("hashed_password"))
                .col(text_null("full_name"))
                .col(text("role"))
                .col(flag("is_active"))
                .col(int("max_chats").default(10))
                .col(text_null("telegram_chat_id"))
                .col(text_null("avatar_url"))
                .col(text("locale").default("en"))
                .col(text("theme").default("system"))
                .col(text("time_zone").default("UTC"))
                .col(big_null("email_verified_at"))
                .col(big("created_at"))
                .col(big("updated_at"))
                .to_owned(),
            [unique("users", &["email"]), unique("users", &["username_folded"])],
        )
        .await?;

        create(
            manager,
            table("sessions")
                .col(uuid("id").primary_key())
                .col(uuid("user_id"))
                .col(uuid("family_id"))
                .col(bytes_null("cookie_hash"))
                .col(bytes_null("refresh_token_hash"))
                .col(bytes_null("previous_token_hash"))
                .col(bytes("refresh_salt"))
                .col(big_null("rotated_at"))
                .col(text_null("device_info"))
                .col(text_null("ip_address"))
                .col(flag("remember"))
                .col(big("last_seen_at"))
                .col(big("expires_at"))
                .col(big("created_at"))
                .foreign_key(&mut owned_by("sessions", "user_id", "users"))
                .to_owned(),
            [
                index("sessions", &["user_id"]),
                index("sessions", &["expires_at"]),
                unique("sessions", &["cookie_hash"]),
                unique("sessions", &["refresh_token_hash"]),
                index("sessions", &["previous_token_hash"]),
            ],
        )
        .await?;

        create(
            manager,
            table("spent_refresh_tokens")
                .col(bytes("hash").primary_key())
                .col(uuid("session_id"))
                .col(big("spent_at"))
                .foreign_key(&mut owned_by("spent_refresh_tokens", "session_id", "sessions"))
                .to_owned(),
            [index("spent_refresh_tokens", &["session_id"])],
        )
        .await?;

        create(
            manager,
            table("organizations")
                .col(uuid("id").primary_key())
                .col(text_null("slug"))
                .col(text("name"))
                .col(text("kind"))
                .col(uuid_null("personal_user_id"))
                .col(text("plan").default("free"))
                .col(big("created_at"))
                .col(big("updated_at"))
                .foreign_key(&mut owned_by("organizations", "personal_user_id", "users"))
                .to_owned(),
            [
                unique("organizations", &["slug"]),
                unique("organizations", &["personal_user_id"]),
            ],
        )
        .await?;

        create(
            manager,
            table("organization_members")
                .col(uuid("organization_id"))
                .col(uuid("user_id"))
                .col(text("role"))
                .col(big("created_at"))
                .primary_key(&mut primary_key(&["organization_id", "user_id"]))
                .foreign_key(&mut owned_by(
                    "organization_members",
                    "organization_id",
                    "organizations",
                ))
                .foreign_key(&mut owned_by("organization_members", "user_id", "users"))
                .to_owned(),
            [index("organization_members", &["user_id"])],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, TABLES).await
    }
}
