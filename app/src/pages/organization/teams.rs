//! The organization's teams, as far as the reader may know of them, and making one.

use leptos::{prelude::*, server_fn::ServerFn};

use super::{More, Page, after, good, limit_fields, limits_of, load, slug, trouble, typed};
use crate::{
    api::{
        Form,
        organizations::OrganizationView,
        teams::{CreateTeam, TeamView, TeamsView, Typed, read_teams},
    },
    locale::use_text,
    pages::keys::{model_choice, models_of},
    text::Text,
    ui::{
        card::Empty,
        field::{Field, Look},
    },
};

#[component]
pub fn Teams() -> impl IntoView {
    let data = Resource::new(|| (slug(), after()), |(slug, after)| read_teams(slug, after));
    load(data, page)
}

fn page(data: TeamsView) -> AnyView {
    let text = use_text();
    let words = &text.teams;
    let TeamsView {
        place,
        teams,
        next,
        models,
        form,
    } = data;
    let deleted = (form.name == "delete_team" && form.is_saved()).then(|| good(words.deleted));
    let managed = place.is_managed();
    let new = managed.then(|| new(text, &place, models, &form));
    let path = place.path("teams");
    let note = match managed {
        true => words.empty_note,
        false => words.empty_member_note,
    };
    let list = if teams.is_empty() {
        view! { <Empty icon=icondata_lu::LuUsers title=words.empty note /> }.into_any()
    } else {
        table(text, &path, teams)
    };
    view! {
        <Page place open="teams">
            {deleted}
            {new}
            <section class="card card-flush">
                <div class="card-head">
                    <h2>{words.list}</h2>
                </div>
                {list}
                <More path next />
            </section>
        </Page>
    }
    .into_any()
}

fn new(text: &'static Text, place: &OrganizationView, models: Vec<String>, form: &Form) -> AnyView {
    let words = &text.teams;
    let error = form.error_of("create_team");
    let name = Look {
        name: "name",
        label: words.name,
        autocomplete: "off",
        placeholder: words.name_example,
        ..Look::default()
    };
    let (called, chosen) = match &error {
        Some(_) => (form.value("name"), form.values_of("models")),
        None => (String::new(), Vec::new()),
    };
    view! {
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{words.new}</h2>
                    <p class="muted small">{words.new_note}</p>
                </div>
            </div>
            <form method="post" action=CreateTeam::url() data-testid="create-team" novalidate>
                <input type="hidden" name="organization" value=place.slug.clone() />
                {trouble(error.clone(), words.too_many)}
                <div class="key-form">
                    <Field look=name error=error.clone() value=called />
                    <div class="field field-go">
                        <span class="label only-wide" aria-hidden="true">
                            "\u{a0}"
                        </span>
                        <button class="btn btn-primary btn-field" type="submit">
                            {words.create}
                        </button>
                    </div>
                </div>
                {limit_fields(text, words.limits_hint, typed(form, error.as_ref(), &Typed::default()), error.as_ref())}
                {model_choice(words.models, words.models_hint, models, &chosen, error.as_ref(), "allowed_models")}
            </form>
        </section>
    }
    .into_any()
}

fn table(text: &'static Text, path: &str, teams: Vec<TeamView>) -> AnyView {
    let words = &text.teams;
    let row = |team: TeamView| {
        let models = models_of(text, &team.models);
        let limits = limits_of(text, &team.limits);
        view! {
            <tr role="row" data-testid="team-row">
                <td role="cell">
                    <a class="link" href=[path, "/", &team.id].concat()>
                        {team.name}
                    </a>
                </td>
                <td role="cell" data-label=words.may_use>
                    {models}
                </td>
                <td role="cell" data-label=words.limits>
                    {limits}
                </td>
                <td role="cell" data-label=words.members>
                    {team.members}
                </td>
            </tr>
        }
        .into_any()
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=words.list>
            <table class="table stacks one-column" role="table">
                <thead>
                    <tr role="row">
                        <th scope="col">{words.name}</th>
                        <th scope="col">{words.may_use}</th>
                        <th scope="col">{words.limits}</th>
                        <th scope="col">{words.members}</th>
                    </tr>
                </thead>
                <tbody class="num">{teams.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}
