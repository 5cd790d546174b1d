//! The catalogue as everybody sees it: the models they may call, with what those cost and who serves them. From memory alone.

use std::sync::Arc;

use types::{Timestamp, catalogue::OfferedModel, error::Code, page::Page};

use crate::{
    Error, State,
    directory::{ModelEntry, OrganizationEntry, TeamEntry},
    error::Result,
    organizations::Member,
    paging::Asked,
    sessions::User,
    teams,
};

/// The models that the person may call, by name. `limit` is 1 to 100.
pub fn page(state: &State, user: &User, limit: u64, cursor: Option<&str>) -> Result<Page<OfferedModel>> {
    let asked = Asked::<String>::of(limit, cursor)?;
    let mut models = all(state, user)?;
    if let Some(after) = &asked.after {
        models.retain(|model| model.name.as_str() > after.as_str());
    }
    Ok(asked.page(
        models,
        |model| model.name.clone(),
        |model| Some(shown(&model, state.clock().now())),
    ))
}

/// One of them, by its id or its name.
///
/// Errors: 404, also for one that the person may not call.
pub fn get(state: &State, user: &User, named: &str) -> Result<OfferedModel> {
    let models = all(state, user)?;
    let found = models
        .iter()
        .find(|model| model.name == named || model.id.to_string() == named);
    let unknown = || Error::refused(Code::NotFound, "There is no such model, as far as you may know.");
    found.map(|model| shown(model, state.clock().now())).ok_or_else(unknown)
}

/// What the member may call without a key when their organization pays: what [`crate::teams::of_caller`] and the organization allow.
pub fn callable(state: &State, member: &Member) -> Result<Vec<Arc<ModelEntry>>> {
    let (organization, user) = (member.organization_id(), member.user_id());
    let teams = teams::of_caller(state, organization, user, member.role())?;
    let entry = state.directory().organization(organization);
    let mut models = state.directory().models();
    models.retain(|model| {
        teams.iter().any(|team| team.allows(&model.name))
            && entry.as_ref().is_some_and(|entry| entry.allows(&model.name))
    });
    Ok(models)
}

/// Whatever a key of theirs could call: what the default team allows in their own organization, and what a team of theirs does in its.
fn all(state: &State, user: &User) -> Result<Vec<Arc<ModelEntry>>> {
    let directory = state.directory();
    let default = teams::default_entry(state)?;
    let mut rules: Vec<(Arc<TeamEntry>, Option<Arc<OrganizationEntry>>)> =
        vec![(default, directory.organization(user.organization_id()))];
    for team in directory.teams_of_person(user.id()) {
        let organization = directory.organization(team.organization_id);
        rules.push((team, organization));
    }
    let mut models = directory.models();
    models.retain(|model| {
        let allows = |(team, organization): &(Arc<TeamEntry>, Option<Arc<OrganizationEntry>>)| {
            team.allows(&model.name) && organization.as_ref().is_some_and(|entry| entry.allows(&model.name))
        };
        rules.iter().any(allows)
    });
    Ok(models)
}

fn shown(model: &ModelEntry, now: Timestamp) -> OfferedModel {
    let mut providers: Vec<String> = Vec::new();
    for route in &model.routes {
        if !providers.contains(&route.provider.name) {
            providers.push(route.provider.name.clone());
        }
    }
    OfferedModel {
        id: model.id,
        name: model.name.clone(),
        display_name: model.display_name.clone().unwrap_or_else(|| model.name.clone()),
        kind: model.kind,
        providers,
        context_length: model.context_length,
        max_output_tokens: model.max_output_tokens,
        capabilities: model.capabilities.clone(),
        price: model.price.map(|(_, prices)| prices.into()),
        // What no enabled provider serves is not in the directory at all.
        availability: model.availability(now),
        is_demo: model.is_demo,
    }
}
