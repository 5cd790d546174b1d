//! `weirgate seed`: the administrator of the configuration, once.

use super::Settings;

pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    let state = settings.state().await?;
    match &state.config().first_admin {
        None => println!("Nothing to do: FIRST_ADMIN_EMAIL and FIRST_ADMIN_PASSWORD are not set."),
        Some(_) => {
            server::accounts::seed_first_admin(&state).await?;
            println!("The first administrator is there.");
        }
    }
    state.shutdown().await;
    Ok(())
}
