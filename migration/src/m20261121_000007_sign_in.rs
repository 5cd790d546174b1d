//! More ways to prove who one is: identities elsewhere, links by mail, second factors, passkeys, personal tokens, known devices.

use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLES: &[&str] = &[
    "identities",
    "sign_in_tokens",
    "api_tokens",
    "totp_secrets",
    "recovery_codes",
    "passkeys",
    "known_devices",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add(manager, "sessions", text("methods").default("password").take()).await?;
        add(manager, "sessions", count("authenticated_at")).await?;
        add(
            manager,
            "organizations",
            flag("requires_second_factor").default(false).take(),
        )
        .await?;

        create(
            manager,
            table("identities")
                .col(uuid("id").primary_key())
                .col(uuid("user_id"))
                .col(text("provider"))
                .col(text("issuer"))
                .col(text("subject"))
                .col(text_null("email"))
                .col(text_null("grants"))
                .col(big("created_at"))
                .col(big("last_used_at"))
                .foreign_key(&mut owned_by("identities", "user_id", "users"))
                .to_owned(),
            [
                unique("identities", &["issuer", "subject"]),
                index("identities", &["user_id"]),
            ],
        )
        .await?;

        create(
            manager,
            table("sign_in_tokens")
                .col(bytes("hash").primary_key())
                .col(text("kind"))
                .col(uuid_null("user_id"))
                .col(text_null("email"))
                .col(bytes_null("sealed"))
                .col(big("expires_at"))
                .col(big("created_at"))
                .foreign_key(&mut owned_by("sign_in_tokens", "user_id", "users"))
                .to_owned(),
            [
                index("sign_in_tokens", &["user_id", "kind"]),
                index("sign_in_tokens", &["email", "kind"]),
                index("sign_in_tokens", &["expires_at"]),
            ],
        )
        .await?;

        create(
            manager,
            table("api_tokens")
                .col(uuid("id").primary_key())
                .col(uuid("user_id"))
                .col(text("name"))
                .col(text("public_id"))
                .col(bytes("hash"))
                .col(text("scopes"))
                .col(text("origin"))
                .col(text_null("device_info"))
                .col(big_null("expires_at"))
                .col(big_null("last_used_at"))
                .col(big_null("revoked_at"))
                .col(big("created_at"))
                .foreign_key(&mut owned_by("api_tokens", "user_id", "users"))
                .to_owned(),
            [unique("api_tokens", &["hash"]), index("api_tokens", &["user_id"])],
        )
        .await?;

        create(
            manager,
            table("totp_secrets")
                .col(uuid("user_id").primary_key())
                .col(bytes("sealed"))
                .col(big_null("confirmed_at"))
                .col(count("last_step"))
                .col(big("created_at"))
                .foreign_key(&mut owned_by("totp_secrets", "user_id", "users"))
                .to_owned(),
            [],
        )
        .await?;

        create(
            manager,
            table("recovery_codes")
                .col(uuid("user_id"))
                .col(bytes("hash"))
                .col(big("created_at"))
                .primary_key(&mut primary_key(&["user_id", "hash"]))
                .foreign_key(&mut owned_by("recovery_codes", "user_id", "users"))
                .to_owned(),
            [],
        )
        .await?;

        create(
            manager,
            table("passkeys")
                .col(uuid("id").primary_key())
                .col(uuid("user_id"))
                .col(bytes("credential_id"))
                .col(text("credential"))
                .col(text("name"))
                .col(flag("second_factor"))
                .col(big("created_at"))
                .col(big_null("last_used_at"))
                .foreign_key(&mut owned_by("passkeys", "user_id", "users"))
                .to_owned(),
            [unique("passkeys", &["credential_id"]), index("passkeys", &["user_id"])],
        )
        .await?;

        create(
            manager,
            table("known_devices")
                .col(uuid("user_id"))
                .col(bytes("hash"))
                .col(big("created_at"))
                .col(big("last_seen_at"))
                .primary_key(&mut primary_key(&["user_id", "hash"]))
                .foreign_key(&mut owned_by("known_devices", "user_id", "users"))
                .to_owned(),
            [],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_all(manager, TABLES).await?;
        for (name, column) in [
            ("organizations", "requires_second_factor"),
            ("sessions", "authenticated_at"),
            ("sessions", "methods"),
        ] {
            remove(manager, name, column).await?;
        }
        Ok(())
    }
}
