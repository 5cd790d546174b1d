//! `/admin/organizations`: every organization on this server.

use leptos::prelude::*;
use types::organizations::OrganizationKind;

use super::{Filter, Next, Page, asked, load, nothing};
use crate::{
    api::admin::{
        organizations::{OrganizationsQuery, OverseenList, OverseenRow, read_admin_organizations},
        path,
    },
    locale::use_text,
    text::Text,
    ui::{
        field::{Field, Look},
        notice::{Notice, Tone},
        table::Time,
    },
};

#[component]
pub fn Organizations() -> impl IntoView {
    let query = || OrganizationsQuery {
        q: asked("q"),
        personal: asked("personal"),
        after: asked("after"),
    };
    let data = Resource::new(query, read_admin_organizations);
    load(data, page)
}

fn page(data: OverseenList) -> AnyView {
    let text = use_text();
    let words = &text.admin.organizations;
    let OverseenList {
        query,
        organizations,
        next,
        error,
        form,
    } = data;
    let done = (form.is_saved() && form.name == "delete_organization").then_some(words.deleted);
    let none = nothing(organizations.is_empty());
    let rows = organizations.into_iter().map(|entry| row(text, entry)).collect_view();
    let personal = query.personal == "yes";
    let search = Look {
        name: "q",
        label: words.search,
        hint: text.admin.users.search_hint,
        autocomplete: "off",
        optional: true,
        ..Look::default()
    };
    view! {
        <Page open="organizations">
            {done.map(|done| view! { <Notice tone=Tone::Good>{done}</Notice> })}
            <Filter page="organizations">
                <Field look=search error value=query.q />
                <div class="field">
                    <label for="personal">{words.kind}</label>
                    <select class="input" id="personal" name="personal">
                        <option value="">{words.shared_only}</option>
                        <option value="yes" selected=personal>
                            {words.with_personal}
                        </option>
                    </select>
                </div>
            </Filter>
            <section class="card card-flush">
                <div class="card-head">
                    <div>
                        <h2>{words.title}</h2>
                        <p class="muted small">{words.note}</p>
                    </div>
                </div>
                <div class="scroll" tabindex="0" role="region" aria-label=words.title>
                    <table class="table stacks one-column" role="table">
                        <thead>
                            <tr role="row">
                                <th scope="col">{text.organizations.name}</th>
                                <th scope="col">{words.kind}</th>
                                <th scope="col" class="n">
                                    {text.organizations.members}
                                </th>
                                <th scope="col">{text.admin.users.created}</th>
                            </tr>
                        </thead>
                        <tbody class="num">{rows}</tbody>
                    </table>
                </div>
                {none}
                <Next href=next />
            </section>
        </Page>
    }
    .into_any()
}

fn row(text: &'static Text, entry: OverseenRow) -> AnyView {
    let href = path(&["organizations/", &entry.id].concat());
    let kind = kind_of(text, &entry);
    let slug = entry
        .slug
        .map(|slug| view! { <p class="muted small anywhere">{slug}</p> });
    view! {
        <tr role="row" data-testid="organization-row">
            <td role="cell">
                <a class="link anywhere" href=href>
                    {entry.name}
                </a>
                {slug}
            </td>
            <td role="cell">{kind}</td>
            <td role="cell" class="n" data-label=text.organizations.members>
                {entry.members}
            </td>
            <td role="cell" data-label=text.admin.users.created>
                <Time at=entry.created />
            </td>
        </tr>
    }
    .into_any()
}

/// What it is, and whether it lacks an owner.
pub fn kind_of(text: &'static Text, entry: &OverseenRow) -> AnyView {
    let words = &text.admin.organizations;
    let name = match entry.kind {
        OrganizationKind::Shared => words.shared,
        OrganizationKind::Personal => words.personal,
        OrganizationKind::System => words.system,
    };
    let ownerless = entry
        .is_ownerless
        .then(|| view! { " " <span class="tag tag-bad">{words.ownerless}</span> });
    view! {
        <span class="tag tag-plain">{name}</span>
        {ownerless}
    }
    .into_any()
}
