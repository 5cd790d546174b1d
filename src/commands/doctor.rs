//! `weirgate doctor`: looks at everything a server needs before anybody else does, and says what to do about it.
//!
//! It changes nothing: no folder is made, no database, no migration run.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use server::{
    Config, State,
    clock::Clock,
    sign_in::identity,
    state::{self, Role, Start},
};

use super::Settings;

/// One thing looked at.
enum Found {
    Good,
    /// Works, but somebody should know.
    Worth,
    /// Will not work.
    Bad,
}

#[derive(Default)]
struct Report {
    bad: usize,
}

impl Report {
    fn say(&mut self, found: Found, what: &str, message: &str) {
        let mark = match found {
            Found::Good => "✓",
            Found::Worth => "!",
            Found::Bad => {
                self.bad += 1;
                "✗"
            }
        };
        println!("{mark} {what}: {message}");
    }

    fn end(self) -> anyhow::Result<()> {
        match self.bad {
            0 => {
                println!("Nothing is in the way.");
                Ok(())
            }
            1 => anyhow::bail!("one thing is to be mended"),
            bad => anyhow::bail!("{bad} things are to be mended"),
        }
    }

    fn good(&mut self, what: &str, message: impl AsRef<str>) {
        self.say(Found::Good, what, message.as_ref());
    }

    fn worth(&mut self, what: &str, message: impl AsRef<str>) {
        self.say(Found::Worth, what, message.as_ref());
    }

    fn bad(&mut self, what: &str, message: impl AsRef<str>) {
        self.say(Found::Bad, what, message.as_ref());
    }
}

pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    let mut report = Report::default();
    let loaded = match server::Config::load(&settings.sources()) {
        Ok(loaded) => loaded,
        Err(error) => {
            report.bad("configuration", error.to_string());
            return report.end();
        }
    };
    let config = loaded.config;
    report.good(
        "configuration",
        format!(
            "good, for {}, served at {}",
            config.server.app_env.name(),
            config.public_url()
        ),
    );
    for warning in &loaded.warnings {
        report.worth("configuration", warning);
    }
    clock(&mut report);
    let folder = data_folder(&mut report, &config);
    let database = database(&mut report, &config, folder).await;
    if let (true, true) = (folder, database) {
        services(&mut report, config).await;
    } else {
        report.worth("sign-in", "not looked at: data folder and database come first");
    }
    report.end()
}

/// Tokens, links and TOTP live by the clock. Without a network there is only this: it is not before the program was made.
fn clock(report: &mut Report) {
    /// 2025-01-01T00:00:00Z.
    const MADE: i64 = 1_735_689_600_000;
    let now = Clock::system().now().0;
    if now < MADE {
        report.bad("clock", "stands before 2025: set the system's time, best by NTP");
    } else {
        report.good("clock", types::Timestamp(now).to_string());
    }
}

/// Whether there is a data folder that can be used.
fn data_folder(report: &mut Report, config: &Config) -> bool {
    let folder = &config.server.data_dir;
    let name = folder.display().to_string();
    let Ok(about) = std::fs::metadata(folder) else {
        report.worth(
            "data folder",
            format!("{name} does not exist yet; `weirgate serve` makes it"),
        );
        return false;
    };
    if !about.is_dir() {
        report.bad("data folder", format!("{name} is no folder; set server.data_dir"));
        return false;
    }
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        report.bad(
            "data folder",
            format!("{name} is open to others (mode {mode:o}): chmod 700 {name}"),
        );
    } else if tempfile_in(folder).is_err() {
        let owner = about.uid();
        report.bad(
            "data folder",
            format!("{name} cannot be written by this user (it belongs to uid {owner}): run as its owner, or chown it"),
        );
    } else {
        report.good("data folder", format!("{name}, for this user alone"));
    }
    true
}

/// Whether a file can be made there; it is gone again at once.
fn tempfile_in(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(".weirgate-doctor");
    std::fs::File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .open(&path)?;
    std::fs::remove_file(path)
}

/// Whether the database answers with a current schema.
async fn database(report: &mut Report, config: &Config, folder: bool) -> bool {
    if let Some(path) = config.database.sqlite_path()
        && !path.exists()
    {
        report.worth(
            "database",
            format!("{} does not exist yet; `weirgate serve` makes it", path.display()),
        );
        return false;
    }
    if !folder {
        report.worth("database", "not looked at: the data folder comes first");
        return false;
    }
    match state::migrations(config).await {
        Err(error) => {
            report.bad("database", format!("{error}. Is it up, and is database.url right?"));
            false
        }
        Ok(list) => {
            let pending = list.iter().filter(|(_, applied)| !applied).count();
            if pending > 0 {
                let message = format!(
                    "answers; {pending} migrations are pending: `weirgate migrate up`, or `serve`, applies them"
                );
                report.worth("database", message);
                return false;
            }
            report.good("database", format!("answers, {} migrations applied", list.len()));
            true
        }
    }
}

/// What needs the whole: mail and providers of identities.
async fn services(report: &mut Report, config: Config) {
    let production = config.is_production();
    let start = Start {
        clock: Clock::system(),
        role: Role::Command,
        migrate: false,
    };
    let state = match State::start_with(config, start).await {
        Ok(state) => state,
        Err(error) => return report.bad("start", error.to_string()),
    };
    mail(report, &state, production);
    let providers = identity::probe(&state).await;
    if providers.is_empty() {
        report.good("sign-in", "by password; no providers of identities are configured");
    }
    for (id, outcome) in providers {
        let what = format!("sign-in with {id}");
        match outcome {
            Ok(()) => report.good(&what, "the provider answers as it should"),
            Err(why) => {
                let message = format!("{why}. Is the issuer right, and can this machine reach it?");
                report.bad(&what, message);
            }
        }
    }
    match identity::missing_organizations(&state).await {
        Ok(missing) => {
            for slug in missing {
                let message =
                    format!("groups are mapped to the organization {slug}, which does not exist; nobody joins it");
                report.worth("sign-in", message);
            }
        }
        Err(error) => report.bad("database", error.to_string()),
    }
    state.shutdown().await;
}

fn mail(report: &mut Report, state: &State, production: bool) {
    if server::mail::is_captured(state) {
        report.worth(
            "mail",
            "letters are kept for the developer and reach nobody; see /dev/mail",
        );
    } else if server::mail::available(state) {
        report.good("mail", "a mail server is configured");
    } else {
        let message = "SMTP_URL is not set: no links, no e-mail verification, no password reset are offered";
        if production {
            report.worth("mail", message);
        } else {
            report.good("mail", message);
        }
    }
}
