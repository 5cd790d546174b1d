//! One team: its name, models and limits, who is in it, and its end.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_params_map;

use super::{More, Page, Way, after, ask, good, limit_fields, limits_of, load, slug, trouble, typed};
use crate::{
    api::{
        Form,
        organizations::OrganizationView,
        teams::{AddTeamMember, DeleteTeam, RemoveTeamMember, SaveTeam, TeamMemberView, TeamPage, TeamView, read_team},
    },
    locale::use_text,
    pages::keys::{model_choice, models_of},
    text::Text,
    ui::{
        field::{Field, Look},
        table::Time,
    },
};

#[component]
pub fn Team() -> impl IntoView {
    let id = || use_params_map().read_untracked().get("id").unwrap_or_default();
    let asked = move || (slug(), id(), after());
    let data = Resource::new(asked, |(slug, id, after)| read_team(slug, id, after));
    load(data, page)
}

fn page(data: TeamPage) -> AnyView {
    let text = use_text();
    let words = &text.teams;
    let TeamPage {
        place,
        team,
        models,
        members,
        next,
        others,
        form,
    } = data;
    let done = form.is_saved().then_some(match form.name.as_str() {
        "add_team_member" => words.added,
        "remove_team_member" => words.removed,
        _ => text.common.saved,
    });
    let not_done = form
        .error_of("remove_team_member")
        .or_else(|| form.error_of("delete_team"));
    let managed = place.is_managed();
    let note = models_of(text, &team.models);
    let limits = limits_of(text, &team.limits);
    let title = team.name.clone();
    let rules = managed.then(|| rules(text, &place, &team, models, &form));
    let add = managed.then(|| add(text, &place, &team, others, &form));
    let end = managed.then(|| end(text, &place, &team));
    let path = [&place.path("teams"), "/", &team.id].concat();
    let back = place.path("teams");
    let list = if members.is_empty() {
        view! { <p class="muted after-table">{words.nobody}</p> }.into_any()
    } else {
        table(text, &place, &team, members)
    };
    view! {
        <Page place open="teams">
            <div>
                <p>
                    <a class="link small" href=back>
                        {words.all}
                    </a>
                </p>
                <h2 class="text-lg">{title}</h2>
                <p class="muted small anywhere">{words.may_use} ": " {note}</p>
                <p class="muted small" data-testid="limits">
                    {words.limits}
                    ": "
                    {limits}
                </p>
            </div>
            {done.map(good)}
            {trouble(not_done, text.errors.conflict)}
            {rules}
            {add}
            <section class="card card-flush">
                <div class="card-head">
                    <h2>{words.members}</h2>
                </div>
                {list}
                <More path next />
            </section>
            {end}
        </Page>
    }
    .into_any()
}

/// What every form of this page carries.
fn which(place: &OrganizationView, team: &TeamView) -> AnyView {
    view! {
        <input type="hidden" name="organization" value=place.slug.clone() />
        <input type="hidden" name="id" value=team.id.clone() />
    }
    .into_any()
}

fn rules(text: &'static Text, place: &OrganizationView, team: &TeamView, models: Vec<String>, form: &Form) -> AnyView {
    let words = &text.teams;
    let error = form.error_of("save_team");
    let name = Look {
        name: "name",
        label: words.name,
        autocomplete: "off",
        ..Look::default()
    };
    // A form too large to come back whole leaves what is stored: an empty list would allow every model.
    let (called, chosen) = match &error {
        Some(_) if !form.values.is_empty() => (form.value("name"), form.values_of("models")),
        _ => (team.name.clone(), team.models.clone()),
    };
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{words.rules}</h2>
            </div>
            <form method="post" action=SaveTeam::url() data-testid="save-team" novalidate>
                {which(place, team)}
                {trouble(error.clone(), text.errors.conflict)}
                <div class="key-form">
                    <Field look=name error=error.clone() value=called />
                    <div class="field field-go">
                        <span class="label only-wide" aria-hidden="true">
                            "\u{a0}"
                        </span>
                        <button class="btn btn-primary btn-field" type="submit">
                            {text.common.save}
                        </button>
                    </div>
                </div>
                {limit_fields(text, words.limits_hint, typed(form, error.as_ref(), &team.limits.typed), error.as_ref())}
                {model_choice(words.models, words.models_hint, models, &chosen, error.as_ref(), "allowed_models")}
            </form>
        </section>
    }
    .into_any()
}

fn add(
    text: &'static Text,
    place: &OrganizationView,
    team: &TeamView,
    others: Vec<(String, String)>,
    form: &Form,
) -> AnyView {
    let words = &text.teams;
    let error = form.error_of("add_team_member");
    let typed = match &error {
        Some(_) => form.value("email"),
        None => String::new(),
    };
    let email = Look {
        name: "email",
        form: "add",
        label: words.email,
        kind: "email",
        autocomplete: "off",
        hint: words.add_note,
        list: "others",
        ..Look::default()
    };
    let suggestions = others
        .into_iter()
        .map(|(name, email)| view! { <option value=email>{name}</option> })
        .collect_view();
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{words.add}</h2>
            </div>
            <form method="post" action=AddTeamMember::url() data-testid="add-team-member" novalidate>
                {which(place, team)}
                {trouble(error.clone(), text.errors.conflict)}
                <div class="key-form">
                    <Field look=email error value=typed />
                    <datalist id="others">{suggestions}</datalist>
                    <div class="field field-go">
                        <span class="label only-wide" aria-hidden="true">
                            "\u{a0}"
                        </span>
                        <button class="btn btn-primary btn-field" type="submit">
                            {words.add_do}
                        </button>
                    </div>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn table(text: &'static Text, place: &OrganizationView, team: &TeamView, members: Vec<TeamMemberView>) -> AnyView {
    let words = &text.teams;
    let row = |member: TeamMemberView| {
        let way = place.is_managed().then(|| Way {
            id: ["remove-", &member.id].concat(),
            action: RemoveTeamMember::url(),
            hidden: vec![
                ("organization", place.slug.clone()),
                ("id", team.id.clone()),
                ("user", member.id.clone()),
            ],
            label: words.remove,
            title: (words.remove_ask)(&member.name),
            note: words.remove_note,
            part: "remove",
        });
        let email = member.email.clone();
        view! {
            <tr role="row" data-testid="team-member-row" data-email=email>
                <td role="cell">
                    <p class="font-medium">{member.name}</p>
                    <p class="muted small anywhere">{member.email}</p>
                </td>
                <td role="cell" class="nowrap" data-label=words.joined>
                    <Time at=member.joined />
                </td>
                <td role="cell" class="n">
                    {way.map(ask)}
                </td>
            </tr>
        }
        .into_any()
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=words.members>
            <table class="table stacks one-column" role="table">
                <thead>
                    <tr role="row">
                        <th scope="col">{text.members.person}</th>
                        <th scope="col">{words.joined}</th>
                        <th>
                            <span class="sr-only">{words.remove}</span>
                        </th>
                    </tr>
                </thead>
                <tbody class="num">{members.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn end(text: &'static Text, place: &OrganizationView, team: &TeamView) -> AnyView {
    let words = &text.teams;
    let way = Way {
        id: "delete-team".to_owned(),
        action: DeleteTeam::url(),
        hidden: vec![("organization", place.slug.clone()), ("id", team.id.clone())],
        label: words.delete,
        title: (words.delete_ask)(&team.name),
        note: words.delete_note,
        part: "delete-team",
    };
    view! {
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{words.delete}</h2>
                    <p class="muted small">{words.delete_note}</p>
                </div>
                <div>{ask(way)}</div>
            </div>
        </section>
    }
    .into_any()
}
