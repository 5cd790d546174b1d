//! The tables as SeaORM sees them, one module each; the migrations say what the database holds. The sums are read and written below SeaORM (`calls`, `usage`).

pub mod api_key_models;
pub mod api_keys;
pub mod api_tokens;
pub mod audit_logs;
pub mod calls_open;
pub mod changes;
pub mod identities;
pub mod known_devices;
pub mod models;
pub mod nodes;
pub mod organization_members;
pub mod organizations;
pub mod passkeys;
pub mod prices;
pub mod providers;
pub mod recovery_codes;
pub mod sessions;
pub mod sign_in_tokens;
pub mod spent_refresh_tokens;
pub mod totp_secrets;
pub mod users;
