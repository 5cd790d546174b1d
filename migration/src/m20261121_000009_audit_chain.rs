//! What proves the audit log: a chain of seals over its rows, and triggers that keep the rows as they are. And the log of requests.
//!
//! A new row queues itself in `audit_unsealed`. A seal moves rows from there into `audit_sealed`, in the order of their numbers. What is sealed
//! leaves only with a whole segment whose seal is marked as pruned.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLES: &[&str] = &["audit_seals", "audit_sealed", "audit_unsealed", "request_logs"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            table("audit_seals")
                .col(big("segment").primary_key())
                .col(big("first_seq"))
                .col(big("last_seq"))
                .col(big("row_count"))
                .col(flag("took_all"))
                .col(bytes("previous_hash"))
                .col(bytes("hash"))
                .col(big("sealed_at"))
                .col(big_null("pruned_at"))
                .to_owned(),
            [],
        )
        .await?;
        create(
            manager,
            table("audit_sealed")
                .col(big("seq").primary_key())
                .col(big("segment"))
                .col(uuid("row_id"))
                .col(bytes("row_hash"))
                .to_owned(),
            [unique("audit_sealed", &["row_id"]), index("audit_sealed", &["segment"])],
        )
        .await?;
        let queue = table("audit_unsealed").col(uuid("row_id").primary_key()).to_owned();
        create(manager, clustered(manager, queue), []).await?;

        // Pages of one organization are read by id.
        drop_index(manager, "ix__audit_logs__organization_id").await?;
        for columns in [["organization_id", "id"], ["actor_id", "id"], ["target_id", "id"]] {
            manager.create_index(index("audit_logs", &columns)).await?;
        }

        create(
            manager,
            table("request_logs")
                .col(uuid("id").primary_key())
                .col(big("at"))
                .col(text("method"))
                .col(text("route"))
                .col(int("status"))
                .col(big("duration_ms"))
                .col(uuid_null("user_id"))
                .col(text_null("ip_address"))
                .col(text_null("user_agent"))
                .col(text("request_id"))
                .to_owned(),
            [
                index("request_logs", &["user_id", "id"]),
                index("request_logs", &["status", "id"]),
            ],
        )
        .await?;

        let connection = manager.get_connection();
        // What was written before there were seals waits for its seal like everything else.
        connection
            .execute_unprepared("INSERT INTO audit_unsealed (row_id) SELECT id FROM audit_logs")
            .await?;
        for statement in triggers(manager) {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in no_triggers(manager) {
            connection.execute_unprepared(statement).await?;
        }
        drop_all(manager, TABLES).await?;
        for name in [
            "ix__audit_logs__organization_id",
            "ix__audit_logs__actor_id",
            "ix__audit_logs__target_id",
        ] {
            drop_index(manager, name).await?;
        }
        manager
            .create_index(index("audit_logs", &["organization_id", "created_at"]))
            .await
    }
}

async fn drop_index(manager: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    let mut index = Index::drop();
    manager
        .drop_index(index.name(name).table("audit_logs").to_owned())
        .await
}

fn triggers(manager: &SchemaManager<'_>) -> &'static [&'static str] {
    match manager.get_database_backend() {
        DbBackend::Postgres => POSTGRES,
        _ => SQLITE,
    }
}

fn no_triggers(manager: &SchemaManager<'_>) -> &'static [&'static str] {
    match manager.get_database_backend() {
        DbBackend::Postgres => POSTGRES_DOWN,
        _ => SQLITE_DOWN,
    }
}

/// `INSERT OR REPLACE` deletes without asking a trigger for deletions, hence those for insertions.
const SQLITE: &[&str] = &[
    "CREATE TRIGGER audit_logs_queue AFTER INSERT ON audit_logs BEGIN
        INSERT INTO audit_unsealed (row_id) VALUES (NEW.id);
    END",
    "CREATE TRIGGER audit_logs_no_replace BEFORE INSERT ON audit_logs
    WHEN EXISTS (SELECT 1 FROM audit_logs WHERE id = NEW.id) BEGIN
        SELECT RAISE(ABORT, 'the audit log is append-only');
    END",
    "CREATE TRIGGER audit_logs_no_update BEFORE UPDATE ON audit_logs BEGIN
        SELECT RAISE(ABORT, 'the audit log is append-only');
    END",
    "CREATE TRIGGER audit_logs_no_delete BEFORE DELETE ON audit_logs
    WHEN NOT EXISTS (
        SELECT 1 FROM audit_sealed JOIN audit_seals ON audit_seals.segment = audit_sealed.segment
        WHERE audit_sealed.row_id = OLD.id AND audit_seals.pruned_at IS NOT NULL
    ) BEGIN
        SELECT RAISE(ABORT, 'the audit log is append-only');
    END",
    "CREATE TRIGGER audit_sealed_no_replace BEFORE INSERT ON audit_sealed
    WHEN EXISTS (SELECT 1 FROM audit_sealed WHERE seq = NEW.seq OR row_id = NEW.row_id) BEGIN
        SELECT RAISE(ABORT, 'a seal stays as it was made');
    END",
    "CREATE TRIGGER audit_sealed_no_update BEFORE UPDATE ON audit_sealed BEGIN
        SELECT RAISE(ABORT, 'a seal stays as it was made');
    END",
    "CREATE TRIGGER audit_sealed_no_delete BEFORE DELETE ON audit_sealed
    WHEN NOT EXISTS (SELECT 1 FROM audit_seals WHERE segment = OLD.segment AND pruned_at IS NOT NULL) BEGIN
        SELECT RAISE(ABORT, 'a seal stays as it was made');
    END",
    "CREATE TRIGGER audit_seals_no_replace BEFORE INSERT ON audit_seals
    WHEN EXISTS (SELECT 1 FROM audit_seals WHERE segment = NEW.segment) BEGIN
        SELECT RAISE(ABORT, 'a seal stays as it was made');
    END",
    "CREATE TRIGGER audit_seals_only_pruned BEFORE UPDATE ON audit_seals
    WHEN OLD.pruned_at IS NOT NULL OR NEW.pruned_at IS NULL
        OR NEW.segment <> OLD.segment OR NEW.first_seq <> OLD.first_seq OR NEW.last_seq <> OLD.last_seq
        OR NEW.row_count <> OLD.row_count OR NEW.took_all <> OLD.took_all OR NEW.previous_hash <> OLD.previous_hash
        OR NEW.hash <> OLD.hash OR NEW.sealed_at <> OLD.sealed_at BEGIN
        SELECT RAISE(ABORT, 'a seal stays as it was made');
    END",
    "CREATE TRIGGER audit_seals_no_delete BEFORE DELETE ON audit_seals WHEN OLD.pruned_at IS NULL BEGIN
        SELECT RAISE(ABORT, 'a seal stays as it was made');
    END",
];

/// Those of dropped tables go with them.
const SQLITE_DOWN: &[&str] = &[
    "DROP TRIGGER audit_logs_queue",
    "DROP TRIGGER audit_logs_no_replace",
    "DROP TRIGGER audit_logs_no_update",
    "DROP TRIGGER audit_logs_no_delete",
];

const POSTGRES: &[&str] = &[
    "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
    END $$",
    "CREATE FUNCTION audit_logs_queue() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO audit_unsealed (row_id) VALUES (NEW.id);
        RETURN NULL;
    END $$",
    "CREATE FUNCTION audit_logs_delete() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT 1 FROM audit_sealed JOIN audit_seals ON audit_seals.segment = audit_sealed.segment
            WHERE audit_sealed.row_id = OLD.id AND audit_seals.pruned_at IS NOT NULL
        ) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'the audit log is append-only';
    END $$",
    "CREATE FUNCTION audit_sealed_delete() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM audit_seals WHERE segment = OLD.segment AND pruned_at IS NOT NULL) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'a seal stays as it was made';
    END $$",
    "CREATE FUNCTION audit_seals_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF OLD.pruned_at IS NOT NULL THEN
                RETURN OLD;
            END IF;
        ELSIF OLD.pruned_at IS NULL AND NEW.pruned_at IS NOT NULL
            AND (NEW.segment, NEW.first_seq, NEW.last_seq, NEW.row_count, NEW.took_all, NEW.previous_hash, NEW.hash, NEW.sealed_at)
              = (OLD.segment, OLD.first_seq, OLD.last_seq, OLD.row_count, OLD.took_all, OLD.previous_hash, OLD.hash, OLD.sealed_at) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a seal stays as it was made';
    END $$",
    "CREATE TRIGGER audit_logs_queue AFTER INSERT ON audit_logs FOR EACH ROW EXECUTE FUNCTION audit_logs_queue()",
    "CREATE TRIGGER audit_logs_no_update BEFORE UPDATE ON audit_logs FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_logs_no_delete BEFORE DELETE ON audit_logs FOR EACH ROW EXECUTE FUNCTION audit_logs_delete()",
    "CREATE TRIGGER audit_logs_no_truncate BEFORE TRUNCATE ON audit_logs EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_sealed_no_update BEFORE UPDATE ON audit_sealed FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_sealed_no_delete BEFORE DELETE ON audit_sealed FOR EACH ROW EXECUTE FUNCTION audit_sealed_delete()",
    "CREATE TRIGGER audit_sealed_no_truncate BEFORE TRUNCATE ON audit_sealed EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_seals_only_pruned BEFORE UPDATE OR DELETE ON audit_seals FOR EACH ROW EXECUTE FUNCTION audit_seals_change()",
    "CREATE TRIGGER audit_seals_no_truncate BEFORE TRUNCATE ON audit_seals EXECUTE FUNCTION audit_refuse()",
];

/// Tables are dropped afterwards, and with them their own triggers; functions are nobody's.
const POSTGRES_DOWN: &[&str] = &[
    "DROP FUNCTION audit_refuse() CASCADE",
    "DROP FUNCTION audit_logs_queue() CASCADE",
    "DROP FUNCTION audit_logs_delete() CASCADE",
    "DROP FUNCTION audit_sealed_delete() CASCADE",
    "DROP FUNCTION audit_seals_change() CASCADE",
];
