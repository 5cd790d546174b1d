//! `weirgate organizations …`: who belongs to whose organization, for a server without a browser at hand. A server that runs beside it
//! notices within seconds.

use clap::{Args, Subcommand, ValueEnum};
use server::{
    State,
    organizations::overseen::{self, Wanted},
    people::Operator,
};
use types::{
    OrganizationRole,
    organizations::{Member, NewMember, OverseenOrganization},
    page::LARGEST_LIMIT,
};

use super::{
    Settings,
    admin::{confirm, find, told},
    every,
};

#[derive(Args)]
pub struct Organizations {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List organizations of several people, the newest first
    List {
        /// How the name or the slug begins
        search: Option<String>,
        /// Also those that came with accounts
        #[arg(long)]
        personal: bool,
    },
    /// Show one organization and who belongs to it
    Show { organization: Name },
    /// Give somebody a role; who does not belong to the organization is added
    SetRole {
        organization: Name,
        /// E-mail, user name or id
        person: String,
        role: Role,
    },
    /// Take somebody out, and revoke the keys that they made in it
    Remove {
        organization: Name,
        /// E-mail, user name or id
        person: String,
    },
    /// Delete an organization for good, with its teams, invitations and keys; its calls stay on the books
    Delete {
        organization: Name,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Slug or id.
type Name = String;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    Member,
    Admin,
    Owner,
}

impl From<Role> for OrganizationRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => OrganizationRole::Member,
            Role::Admin => OrganizationRole::Admin,
            Role::Owner => OrganizationRole::Owner,
        }
    }
}

pub async fn run(settings: &Settings, command: Organizations) -> anyhow::Result<()> {
    // Asked before the database is touched.
    if let What::Delete {
        organization,
        yes: false,
    } = &command.what
    {
        confirm("the organization", organization)?;
    }
    let state = settings.state().await?;
    let done = carry_out(&state, command.what).await;
    state.shutdown().await;
    for line in done? {
        println!("{line}");
    }
    Ok(())
}

/// Does it and returns what to print.
async fn carry_out(state: &State, what: What) -> anyhow::Result<Vec<String>> {
    let operator = Operator::command_line(state).map_err(told)?;
    match what {
        What::List { search, personal } => {
            let wanted = Wanted { search, personal };
            let read = async |after: Option<&str>| overseen::page(state, &operator, &wanted, LARGEST_LIMIT, after);
            Ok(every(read).await?.iter().map(line).collect())
        }
        What::Show { organization } => {
            let seen = overseen::get(state, &operator, &organization).map_err(told)?;
            let mut lines = vec![line(&seen)];
            lines.extend(members(state, &operator, &organization).await?.iter().map(line_of));
            Ok(lines)
        }
        What::SetRole {
            organization,
            person,
            role,
        } => {
            let user = find(state, &operator, &person).await?;
            let member = if overseen::has_member(state, &operator, &organization, user).map_err(told)? {
                overseen::change_role(state, &operator, &organization, user, role.into()).await
            } else {
                let new = NewMember {
                    email: None,
                    user_id: Some(user),
                    role: role.into(),
                };
                overseen::add(state, &operator, &organization, new).await
            };
            Ok(vec![line_of(&member.map_err(told)?)])
        }
        What::Remove { organization, person } => {
            let user = find(state, &operator, &person).await?;
            overseen::remove(state, &operator, &organization, user)
                .await
                .map_err(told)?;
            Ok(vec![format!("{user} does not belong to {organization} any more.")])
        }
        What::Delete { organization, .. } => {
            overseen::delete(state, &operator, &organization).await.map_err(told)?;
            Ok(vec![format!("Deleted {organization}.")])
        }
    }
}

async fn members(state: &State, operator: &Operator, organization: &str) -> anyhow::Result<Vec<Member>> {
    every(async |after| overseen::page_of_members(state, operator, organization, LARGEST_LIMIT, after).await).await
}

/// Tab-separated, so that a script can cut it.
fn line(organization: &OverseenOrganization) -> String {
    [
        &organization.id.to_string(),
        organization.slug.as_deref().unwrap_or("-"),
        &organization.name,
        &format!("{} members", organization.members),
        &format!("{} owners", organization.owners),
    ]
    .join("\t")
}

fn line_of(member: &Member) -> String {
    [
        &member.user_id.to_string(),
        &member.email,
        &member.username,
        member.role.name(),
    ]
    .join("\t")
}
