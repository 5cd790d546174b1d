//! `/admin/organizations/{id}`: one organization, who belongs to it, and what administrators of the server change.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_params_map;
use types::{OrganizationRole, organizations::OrganizationKind};

use super::{Fact, Next, Page, asked, load, nothing, organizations::kind_of, trouble};
use crate::{
    api::admin::organizations::{
        AddOverseenMember, AllowOverseenModels, ChangeOverseenMember, DeleteOverseen, OverseenMember, OverseenView,
        RemoveOverseenMember, RenameOverseen, SaveDefaultTeam, read_admin_organization,
    },
    locale::use_text,
    pages::{
        keys::model_choice,
        organization::{RoleChoice, Way, ask, limit_fields, limits_of, typed},
    },
    text::Text,
    ui::{
        avatar::Avatar,
        field::{Field, Look},
        notice::{Notice, Tone},
        table::Time,
    },
};

#[component]
pub fn Organization() -> impl IntoView {
    let which = || {
        let id = use_params_map().read_untracked().get("id").unwrap_or_default();
        (id, asked("after"))
    };
    let data = Resource::new(which, |(id, after)| read_admin_organization(id, after));
    load(data, page)
}

fn page(data: OverseenView) -> AnyView {
    let text = use_text();
    let words = &text.admin.organizations;
    let done = data.form.is_saved().then_some(text.common.saved);
    let error = data.form.error_of("change_member");
    let error = error.or_else(|| data.form.error_of("remove_member"));
    let may_change = data.may_change && data.row.kind == OrganizationKind::Shared;
    let rules = models(text, &data);
    view! {
        <Page open="organizations" title=data.row.name.clone()>
            {done.map(|done| view! { <Notice tone=Tone::Good>{done}</Notice> })}
            {trouble(error, words.conflict)}
            {about(text, &data)}
            {rules}
            {may_change.then(|| rename(text, &data))}
            {may_change.then(|| add(text, &data))}
            {(data.row.kind != OrganizationKind::System).then(|| members(text, &data, may_change))}
            {may_change.then(|| delete(text, &data))}
        </Page>
    }
    .into_any()
}

fn about(text: &'static Text, data: &OverseenView) -> AnyView {
    let row = &data.row;
    let slug = row.slug.clone().unwrap_or_else(|| text.common.none.to_owned());
    view! {
        <section class="card" data-testid="organization">
            <div class="card-head">
                <h2 class="anywhere">{row.name.clone()}</h2>
                <div>{kind_of(text, row)}</div>
            </div>
            <dl class="facts facts-many">
                <Fact name=text.organizations.slug value=slug />
                <Fact name=text.organizations.members value=row.members.clone() />
                <div>
                    <dt>{text.admin.users.created}</dt>
                    <dd>
                        <Time at=row.created.clone() />
                    </dd>
                </div>
                <div>
                    <dt>{text.admin.users.id}</dt>
                    <dd>
                        <code class="small anywhere">{row.id.clone()}</code>
                    </dd>
                </div>
            </dl>
        </section>
    }
    .into_any()
}

/// Which models whatever it pays for may use; of the server's own, which ones everybody's keys may.
fn models(text: &'static Text, data: &OverseenView) -> AnyView {
    let words = &text.admin.organizations;
    let (title, note, action, name) = match data.row.kind {
        OrganizationKind::System => (
            words.everybody,
            words.everybody_note,
            SaveDefaultTeam::url(),
            "default_team",
        ),
        _ => (
            words.models,
            words.models_note,
            AllowOverseenModels::url(),
            "allow_models",
        ),
    };
    let error = data.form.error_of(name);
    let chosen = match &error {
        Some(_) if !data.form.values.is_empty() => data.form.values_of("models"),
        _ => data.models.models.clone(),
    };
    let allowed = match data.models.models.is_empty() {
        true => words.all_models.to_owned(),
        false => data.models.models.join(", "),
    };
    let limits = data.limits.as_ref();
    let told = limits.map(|limits| limits_of(text, limits));
    let choice = data.may_change.then(|| {
        let fields = limits.map(|limits| {
            limit_fields(
                text,
                text.teams.limits_hint_each,
                typed(&data.form, error.as_ref(), &limits.typed),
                error.as_ref(),
            )
        });
        view! {
            <form method="post" action=action data-testid="models">
                <input type="hidden" name="id" value=data.row.id.clone() />
                {trouble(error.clone(), words.conflict)}
                {fields}
                {model_choice(
                    text.teams.models,
                    text.teams.models_hint,
                    data.models.choice.clone(),
                    &chosen,
                    error.as_ref(),
                    "allowed_models",
                )}
                <p class="mt-4">
                    <button class="btn btn-primary" type="submit">
                        {text.common.save}
                    </button>
                </p>
            </form>
        }
    });
    view! {
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{title}</h2>
                    <p class="muted small">{note}</p>
                </div>
            </div>
            <p class="anywhere">{text.teams.may_use} ": " {allowed}</p>
            {told.map(|told| view! { <p data-testid="limits">{text.teams.limits} ": " {told}</p> })}
            {choice}
        </section>
    }
    .into_any()
}

fn rename(text: &'static Text, data: &OverseenView) -> AnyView {
    let words = &text.admin.organizations;
    let error = data.form.error_of("rename");
    let (name, slug) = match &error {
        Some(_) => (data.form.value("name"), data.form.value("slug")),
        None => (data.row.name.clone(), data.row.slug.clone().unwrap_or_default()),
    };
    let name_look = Look {
        name: "name",
        label: text.organizations.name,
        autocomplete: "off",
        ..Look::default()
    };
    let slug_look = Look {
        name: "slug",
        label: text.organizations.slug,
        kind: "slug",
        hint: words.slug_hint,
        autocomplete: "off",
        ..Look::default()
    };
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{words.rename}</h2>
            </div>
            <form method="post" action=RenameOverseen::url() data-testid="rename" novalidate>
                <input type="hidden" name="id" value=data.row.id.clone() />
                {trouble(error.clone(), words.conflict)}
                <div class="key-form">
                    <Field look=name_look error=error.clone() value=name />
                    <Field look=slug_look error value=slug />
                    {go(text.common.save)}
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn go(label: &'static str) -> AnyView {
    view! {
        <div class="field field-go">
            <span class="label only-wide" aria-hidden="true">
                "\u{a0}"
            </span>
            <button class="btn btn-primary btn-field" type="submit">
                {label}
            </button>
        </div>
    }
    .into_any()
}

fn add(text: &'static Text, data: &OverseenView) -> AnyView {
    let words = &text.admin.organizations;
    let error = data.form.error_of("add_member");
    let (typed, chosen) = match &error {
        Some(_) => (data.form.value("email"), data.form.value("role")),
        None => (String::new(), OrganizationRole::Member.name().to_owned()),
    };
    let email = Look {
        name: "email",
        form: "add",
        label: text.members.email,
        kind: "email",
        autocomplete: "off",
        ..Look::default()
    };
    view! {
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{text.members.add}</h2>
                    <p class="muted small">{words.add_note}</p>
                </div>
            </div>
            <form method="post" action=AddOverseenMember::url() data-testid="add-member" novalidate>
                <input type="hidden" name="id" value=data.row.id.clone() />
                {trouble(error.clone(), words.conflict)}
                <div class="key-form">
                    <Field look=email error value=typed />
                    <div class="field">
                        <label for="role">{text.organizations.role}</label>
                        <RoleChoice id="role".to_owned() roles=OrganizationRole::ALL.to_vec() chosen />
                    </div>
                    {go(text.members.add_do)}
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn members(text: &'static Text, data: &OverseenView, may_change: bool) -> AnyView {
    let words = &text.members;
    let none = nothing(data.members.is_empty());
    let rows = data
        .members
        .iter()
        .cloned()
        .map(|one| member(text, &data.row.id, one, may_change))
        .collect_view();
    view! {
        <section class="card card-flush">
            <div class="card-head">
                <h2>{words.list}</h2>
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label=words.list>
                <table class="table stacks one-column" role="table">
                    <thead>
                        <tr role="row">
                            <th scope="col">{words.person}</th>
                            <th scope="col">{text.organizations.role}</th>
                            <th scope="col">{words.joined}</th>
                            <th>
                                <span class="sr-only">{words.remove}</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody class="num">{rows}</tbody>
                </table>
            </div>
            {none}
            <Next href=data.next.clone() />
        </section>
    }
    .into_any()
}

fn member(text: &'static Text, organization: &str, member: OverseenMember, may_change: bool) -> AnyView {
    let words = &text.members;
    let hidden = || vec![("id", organization.to_owned()), ("member", member.id.clone())];
    let role = match may_change {
        true => change(text, organization, &member),
        false => (text.organizations.roles)(member.role).into_any(),
    };
    let way = may_change.then(|| {
        ask(Way {
            id: ["remove-", &member.id].concat(),
            action: RemoveOverseenMember::url(),
            hidden: hidden(),
            label: words.remove,
            title: (words.remove_ask)(&member.name),
            note: words.remove_note,
            part: "remove",
        })
    });
    view! {
        <tr role="row" data-testid="member-row">
            <td role="cell">
                <div class="flex items-center gap-3">
                    <Avatar initials=member.initials url=member.avatar />
                    <div class="min-w-0">
                        <a class="link anywhere" href=member.href>
                            {member.name}
                        </a>
                        <p class="muted small anywhere">{member.email}</p>
                    </div>
                </div>
            </td>
            <td role="cell" data-label=text.organizations.role>
                {role}
            </td>
            <td role="cell" class="nowrap" data-label=words.joined>
                <Time at=member.joined />
            </td>
            <td role="cell" class="n">
                {way}
            </td>
        </tr>
    }
    .into_any()
}

fn change(text: &'static Text, organization: &str, member: &OverseenMember) -> AnyView {
    let (id, label) = (["role-", &member.id].concat(), (text.members.role_of)(&member.name));
    let (organization, person) = (organization.to_owned(), member.id.clone());
    view! {
        <form class="in-row" method="post" action=ChangeOverseenMember::url() data-testid="change-role">
            <input type="hidden" name="id" value=organization />
            <input type="hidden" name="member" value=person />
            <RoleChoice id roles=OrganizationRole::ALL.to_vec() chosen=member.role.name().to_owned() label />
            <button class="btn btn-small" type="submit">
                {text.members.change}
            </button>
        </form>
    }
    .into_any()
}

fn delete(text: &'static Text, data: &OverseenView) -> AnyView {
    let words = &text.organization_settings;
    let error = data.form.error_of("delete_organization");
    let look = Look {
        name: "confirm_name",
        label: text.organizations.name,
        autocomplete: "off",
        ..Look::default()
    };
    let typed = match &error {
        Some(_) => data.form.value("confirm_name"),
        None => String::new(),
    };
    let (label, open) = ((words.delete_confirm)(&data.row.name), error.is_some());
    view! {
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{words.delete}</h2>
                    <p class="muted small">{words.delete_note}</p>
                </div>
            </div>
            <details open=open>
                <summary class="btn btn-danger">{words.delete}</summary>
                <form class="fields mt-4" method="post" action=DeleteOverseen::url() novalidate>
                    <input type="hidden" name="id" value=data.row.id.clone() />
                    {trouble(error.clone(), text.admin.organizations.conflict)}
                    <p class="anywhere">{label}</p>
                    <Field look error value=typed />
                    <div>
                        <button class="btn btn-danger" type="submit">
                            {words.delete_do}
                        </button>
                    </div>
                </form>
            </details>
        </section>
    }
    .into_any()
}
