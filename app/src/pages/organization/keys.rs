//! Keys that the organization pays for: made, shown once, revoked.

use leptos::{prelude::*, server_fn::ServerFn};

use super::{More, Page, Way, after, ask, asked, good, load, slug, trouble};
use crate::{
    api::{
        Form,
        keys::{KeyState, NewSecret},
        organization_keys::{
            CreateOrganizationKey, OrganizationKeyRow, OrganizationKeysView, RevokeOrganizationKey,
            read_organization_keys,
        },
        organizations::OrganizationView,
    },
    error::ApiError,
    locale::use_text,
    pages::keys::{expiry_choice, key_state, model_choice, models_of, time_or_never},
    text::Text,
    ui::{
        card::Empty,
        code::Secret,
        field::{Field, Look},
        icon::Icon,
        notice::{Notice, Tone},
    },
};

#[component]
pub fn OrganizationKeys() -> impl IntoView {
    let question = || (slug(), after(), asked("team"), asked("member"));
    let data = Resource::new(question, |(slug, after, team, member)| {
        read_organization_keys(slug, after, team, member)
    });
    load(data, page)
}

fn page(data: OrganizationKeysView) -> AnyView {
    let text = use_text();
    let words = &text.organization_keys;
    let OrganizationKeysView {
        place,
        keys,
        narrowed,
        query,
        next,
        models,
        teams,
        form,
        secret,
    } = data;
    let revoked = (form.name == "revoke_organization_key" && form.is_saved()).then(|| good(text.common.saved));
    let not_revoked = form.error_of("revoke_organization_key");
    let may_make = place.is_managed() || !teams.is_empty();
    let top = match secret {
        Some(secret) => ready(text, &place, secret),
        None if may_make => new_key(text, &place, models, teams, &form),
        None => view! { <Notice tone=Tone::Info>{words.may_not}</Notice> }.into_any(),
    };
    let title = match place.is_managed() {
        true => words.list,
        false => words.own_list,
    };
    let path = place.path("keys");
    let all = narrowed.is_some().then(|| {
        view! {
            <a class="btn btn-small" href=path.clone()>
                {words.list}
            </a>
        }
    });
    let title = narrowed.map_or_else(|| title.to_owned(), |of| (words.list_of)(&of));
    let list = if keys.is_empty() {
        let note = if may_make { words.empty_note } else { words.note };
        view! { <Empty icon=icondata_lu::LuKeyRound title=words.empty note /> }.into_any()
    } else {
        table(text, &place, title.clone(), keys)
    };
    view! {
        <Page place open="keys">
            {revoked}
            {trouble(not_revoked, text.errors.conflict)}
            {top}
            <section class="card card-flush">
                <div class="card-head">
                    <h2>{title}</h2>
                    {all}
                </div>
                {list}
                <More path query next />
            </section>
        </Page>
    }
    .into_any()
}

/// The key in full, once.
fn ready(text: &'static Text, place: &OrganizationView, secret: NewSecret) -> AnyView {
    let (words, here) = (&text.keys, place.path("keys"));
    view! {
        <Notice tone=Tone::Good>
            <b>{(words.created)(&secret.name)}</b>
            <p class="mb-3">{words.once}</p>
            <Secret value=secret.key />
            <div class="flex flex-wrap gap-2 mt-3">
                <a class="btn btn-primary" href="/connect">
                    {words.use_it}
                    <Icon of=icondata_lu::LuArrowRight />
                </a>
                <a class="btn" href=here>
                    {words.another}
                </a>
            </div>
        </Notice>
    }
    .into_any()
}

fn new_key(
    text: &'static Text,
    place: &OrganizationView,
    models: Vec<String>,
    teams: Vec<(String, String)>,
    form: &Form,
) -> AnyView {
    let words = &text.keys;
    let error = form.error_of("create_organization_key");
    let name = Look {
        name: "name",
        label: words.name,
        autocomplete: "off",
        placeholder: words.name_example,
        ..Look::default()
    };
    let typed = |field: &str| match &error {
        Some(_) => form.value(field),
        None => String::new(),
    };
    let chosen = match &error {
        Some(_) => form.values_of("models"),
        None => Vec::new(),
    };
    let models = model_choice(
        words.models,
        words.models_hint,
        models,
        &chosen,
        error.as_ref(),
        "models",
    );
    view! {
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{words.new}</h2>
                    <p class="muted small">{text.organization_keys.note}</p>
                </div>
            </div>
            <form
                method="post"
                action=CreateOrganizationKey::url()
                data-testid="create-organization-key"
                novalidate
            >
                <input type="hidden" name="organization" value=place.slug.clone() />
                {trouble(error.clone(), text.errors.conflict)}
                <div class="key-form">
                    <Field look=name error=error.clone() value=typed("name") />
                    {team_choice(text, place, teams, &typed("team"), error.as_ref())}
                    {expiry_choice(text, &typed("expires_in_days"))}
                    <div class="field field-go">
                        <span class="label only-wide" aria-hidden="true">
                            "\u{a0}"
                        </span>
                        <button class="btn btn-primary btn-field" type="submit">
                            {words.create}
                        </button>
                    </div>
                </div>
                {models}
            </form>
        </section>
    }
    .into_any()
}

/// Whose rules hold for the key. Who does not manage the organization makes keys for their teams only.
fn team_choice(
    text: &'static Text,
    place: &OrganizationView,
    teams: Vec<(String, String)>,
    chosen: &str,
    error: Option<&ApiError>,
) -> AnyView {
    let words = &text.organization_keys;
    if teams.is_empty() {
        return ().into_any();
    }
    let none = place
        .is_managed()
        .then(|| view! { <option value="">{words.no_team}</option> });
    let options = teams
        .into_iter()
        .map(|(id, name)| {
            let selected = id == chosen;
            view! {
                <option value=id selected=selected>
                    {name}
                </option>
            }
        })
        .collect_view();
    let wrong = error.and_then(|error| error.field_message(text, "team"));
    view! {
        <div class="field">
            <label for="team">{words.team}</label>
            <select class="input" id="team" name="team">
                {none}
                {options}
            </select>
            {wrong.map(|wrong| view! { <p class="wrong" role="alert">{wrong}</p> })}
        </div>
    }
    .into_any()
}

fn table(text: &'static Text, place: &OrganizationView, title: String, keys: Vec<OrganizationKeyRow>) -> AnyView {
    let (words, key_words) = (&text.organization_keys, &text.keys);
    let rows = keys.into_iter().map(|key| row(text, place, key)).collect_view();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=title>
            <table class="table stacks key-table" role="table">
                <thead>
                    <tr role="row">
                        <th scope="col">{key_words.name}</th>
                        <th scope="col">{key_words.key}</th>
                        <th scope="col">{words.person}</th>
                        <th scope="col">{words.team}</th>
                        <th scope="col">{key_words.last_used}</th>
                        <th scope="col">{key_words.status}</th>
                        <th>
                            <span class="sr-only">{key_words.revoke}</span>
                        </th>
                    </tr>
                </thead>
                <tbody class="num">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(text: &'static Text, place: &OrganizationView, row: OrganizationKeyRow) -> AnyView {
    let (words, key_words) = (&text.organization_keys, &text.keys);
    let OrganizationKeyRow {
        key,
        person,
        person_id,
        team,
    } = row;
    // Who does not manage the organization sees their own alone.
    let narrow = |what: &str, id: &str, name: String| match place.is_managed() {
        true => {
            let href = [&place.path("keys"), "?", what, "=", id].concat();
            view! { <a class="link" href=href>{name}</a> }.into_any()
        }
        false => name.into_any(),
    };
    let person = narrow("member", &person_id, person.unwrap_or_else(|| words.gone.to_owned()));
    let team = match team {
        Some((id, name)) => narrow("team", &id, name),
        None => text.common.none.into_any(),
    };
    let way = (key.state != KeyState::Revoked).then(|| Way {
        id: ["revoke-", &key.id].concat(),
        action: RevokeOrganizationKey::url(),
        hidden: vec![("organization", place.slug.clone()), ("id", key.id.clone())],
        label: key_words.revoke,
        title: (key_words.revoke_ask)(&key.name),
        note: key_words.revoke_note,
        part: "revoke",
    });
    view! {
        <tr role="row" data-testid="key-row">
            <td role="cell">
                <p class="font-medium">{key.name}</p>
                <p class="muted small">{models_of(text, &key.models)}</p>
            </td>
            <td role="cell" class="nowrap">
                <code>{key.hint}</code>
            </td>
            <td role="cell" data-label=words.person>
                {person}
            </td>
            <td role="cell" data-label=words.team>
                {team}
            </td>
            <td role="cell" class="nowrap" data-label=key_words.last_used>
                {time_or_never(text, key.last_used)}
            </td>
            <td role="cell">
                {key_state(text, key.state)}
            </td>
            <td role="cell" class="n">
                {way.map(ask)}
            </td>
        </tr>
    }
    .into_any()
}
