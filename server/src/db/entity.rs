//! The tables as SeaORM sees them, one module each; the migrations say what the database holds. The sums are read and written below SeaORM (`calls`, `usage`).

pub mod api_key_models;
pub mod api_keys;
pub mod audit_logs;
pub mod calls_open;
pub mod changes;
pub mod models;
pub mod nodes;
pub mod organization_members;
pub mod organizations;
pub mod prices;
pub mod providers;
pub mod sessions;
pub mod spent_refresh_tokens;
pub mod usage_logs;
pub mod users;
