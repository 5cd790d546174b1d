//! `weirgate admin …`: administrators and everybody's accounts, for a server without a browser at hand. A server that runs beside it notices
//! within seconds.

use std::{io::BufRead, path::PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use server::{
    State,
    people::{self, Operator, Wanted},
};
use types::{
    PlatformRole, UserId,
    accounts::Register,
    page::LARGEST_LIMIT,
    people::{NewPerson, Person, PersonChange},
};

use super::{Settings, every};

#[derive(Args)]
pub struct Admin {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Create an administrator; the password is read from a file or from standard input
    Create(Create),
    /// Create an account for somebody, who sets the password by a link: in a letter, or printed where there is no mail
    CreateUser(CreateUser),
    /// List accounts, the newest first
    List(List),
    /// Show one account
    Show(Who),
    /// Give somebody another role on this server
    SetRole {
        #[command(flatten)]
        who: Who,
        role: Role,
    },
    /// Refuse an account, its keys and tokens until it is enabled again, and end its sign-ins
    Disable(Who),
    /// Let a disabled account be used again
    Enable(Who),
    /// End every sign-in of an account; its keys go on working
    SignOut(Who),
    /// Set another password, read from a file or from standard input, and end every sign-in
    ResetPassword {
        #[command(flatten)]
        who: Who,
        /// Read the password from this file instead of standard input; its last line end is left off
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Take authenticator app, recovery codes and passkeys from somebody who lost them
    ResetSecondFactor(Who),
    /// Delete an account for good, with its sign-ins, tokens, keys and personal organization
    Delete {
        #[command(flatten)]
        who: Who,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
struct Create {
    #[arg(long)]
    email: String,
    #[arg(long)]
    username: Option<String>,
    #[arg(long)]
    full_name: Option<String>,
    /// Read the password from this file instead of standard input; its last line end is left off
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(Args)]
struct CreateUser {
    #[arg(long)]
    email: String,
    /// Made out of the e-mail when left out
    #[arg(long)]
    username: Option<String>,
    #[arg(long)]
    full_name: Option<String>,
    #[arg(long, default_value = "user")]
    role: Role,
    /// Language of letters and pages: en or ru
    #[arg(long)]
    locale: Option<String>,
}

#[derive(Args)]
struct List {
    /// How the e-mail or user name begins
    search: Option<String>,
    /// Only this role
    #[arg(long)]
    role: Option<Role>,
    /// Only accounts that are disabled
    #[arg(long)]
    disabled: bool,
}

#[derive(Args)]
struct Who {
    /// E-mail, user name or id
    person: String,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Role {
    User,
    ReadOnlyAdmin,
    Admin,
}

impl From<Role> for PlatformRole {
    fn from(role: Role) -> Self {
        match role {
            Role::User => PlatformRole::User,
            Role::ReadOnlyAdmin => PlatformRole::ReadOnlyAdmin,
            Role::Admin => PlatformRole::Admin,
        }
    }
}

pub async fn run(settings: &Settings, command: Admin) -> anyhow::Result<()> {
    // Asked for before the database is touched.
    let password = match &command.what {
        What::Create(Create { password_file, .. }) | What::ResetPassword { password_file, .. } => {
            password(password_file.as_deref())?
        }
        What::Delete { who, yes: false } => {
            confirm("the account", &who.person)?;
            String::new()
        }
        _ => String::new(),
    };
    let state = settings.state().await?;
    let done = carry_out(&state, command.what, password).await;
    state.shutdown().await;
    for line in done? {
        println!("{line}");
    }
    Ok(())
}

/// Does it and returns what to print.
async fn carry_out(state: &State, what: What, password: String) -> anyhow::Result<Vec<String>> {
    let operator = Operator::command_line(state).map_err(told)?;
    let change = async |who: &Who, role: Option<PlatformRole>, is_active: Option<bool>| {
        let id = find(state, &operator, &who.person).await?;
        let change = PersonChange { role, is_active };
        let person = people::change(state, &operator, id, change).await.map_err(told)?;
        anyhow::Ok(vec![line(&person)])
    };
    match what {
        What::Create(create) => {
            let register = Register {
                email: create.email,
                password,
                username: create.username,
                full_name: create.full_name,
                locale: None,
                invitation: None,
            };
            let user = server::accounts::create_admin(state, register).await.map_err(told)?;
            Ok(vec![format!("Created administrator {}.", user.id())])
        }
        What::CreateUser(create) => {
            let new = NewPerson {
                email: create.email,
                username: create.username,
                full_name: create.full_name,
                role: create.role.into(),
                locale: create.locale,
            };
            let made = people::create(state, &operator, new).await.map_err(told)?;
            let next = match made.link {
                Some(link) => format!("Hand this link on; it sets the password, once, within seven days: {link}"),
                None => "A letter with a link that sets the password is on its way.".to_owned(),
            };
            Ok(vec![line(&made.person), next])
        }
        What::List(list) => all(state, &operator, list).await,
        What::Show(who) => {
            let id = find(state, &operator, &who.person).await?;
            let seen = people::get(state, &operator, id).await.map_err(told)?;
            let mut lines = vec![line(&seen.person), format!("sign-ins: {}", seen.sign_ins)];
            lines.extend(seen.last_seen_at.map(|at| format!("last seen: {}", at.to_rfc3339())));
            for membership in seen.organizations {
                let slug = membership.slug.unwrap_or_default();
                lines.push(format!("organization: {slug} ({})", membership.role.name()));
            }
            Ok(lines)
        }
        What::SetRole { who, role } => change(&who, Some(role.into()), None).await,
        What::Disable(who) => change(&who, None, Some(false)).await,
        What::Enable(who) => change(&who, None, Some(true)).await,
        What::SignOut(who) => {
            let id = find(state, &operator, &who.person).await?;
            people::sign_out(state, &operator, id).await.map_err(told)?;
            Ok(vec![format!("Signed {id} out everywhere.")])
        }
        What::ResetPassword { who, .. } => {
            let id = find(state, &operator, &who.person).await?;
            let set = people::set_password(state, &operator, id, &password).await;
            set.map_err(told)?;
            Ok(vec![format!("{id} has another password and is signed out everywhere.")])
        }
        What::ResetSecondFactor(who) => {
            let id = find(state, &operator, &who.person).await?;
            let reset = people::reset_second_factor(state, &operator, id).await;
            reset.map_err(told)?;
            Ok(vec![format!("{id} has no second factor.")])
        }
        What::Delete { who, .. } => {
            let id = find(state, &operator, &who.person).await?;
            people::delete(state, &operator, id).await.map_err(told)?;
            Ok(vec![format!("Deleted {id}.")])
        }
    }
}

async fn all(state: &State, operator: &Operator, list: List) -> anyhow::Result<Vec<String>> {
    let wanted = Wanted {
        search: list.search,
        role: list.role.map(Into::into),
        is_active: list.disabled.then_some(false),
    };
    let read = async |after: Option<&str>| people::page(state, operator, &wanted, LARGEST_LIMIT, after);
    Ok(every(read).await?.iter().map(line).collect())
}

/// Tab-separated, so that a script can cut it.
fn line(person: &Person) -> String {
    let state = if person.is_active { "active" } else { "disabled" };
    [
        &person.id.to_string(),
        &person.email,
        &person.username,
        person.role.name(),
        state,
    ]
    .join("\t")
}

/// The account of this e-mail, user name or id.
pub(super) async fn find(state: &State, operator: &Operator, person: &str) -> anyhow::Result<UserId> {
    if let Ok(id) = person.parse() {
        return Ok(id);
    }
    let found = people::named(state, operator, person).await.map_err(told)?;
    found.context("nobody has this e-mail, user name or id")
}

/// A refusal in its own words, with the fields it is about.
pub(super) fn told(error: server::Error) -> anyhow::Error {
    let refusal = error.refusal();
    let fields: Vec<String> = refusal
        .errors
        .iter()
        .map(|(field, wrong)| format!("{field}: {}", wrong.join(", ")))
        .collect();
    if fields.is_empty() {
        anyhow::anyhow!("{}", refusal.message)
    } else {
        anyhow::anyhow!("{} ({})", refusal.message, fields.join("; "))
    }
}

/// Has its name typed before something is deleted.
pub(super) fn confirm(what: &str, name: &str) -> anyhow::Result<()> {
    eprintln!("This deletes {what} for good. Type {name} to go on:");
    if line_of_input()?.trim() == name {
        return Ok(());
    }
    bail!("nothing was deleted")
}

fn password(file: Option<&std::path::Path>) -> anyhow::Result<String> {
    let text = match file {
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?,
        None => {
            eprintln!("Password (ends with the line):");
            line_of_input()?
        }
    };
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn line_of_input() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("cannot read standard input")?;
    Ok(line)
}
