//! `/organizations`: which ones the reader belongs to, and making one.

use leptos::{prelude::*, server_fn::ServerFn};

use super::organization::{More, Way, after, ask, trouble};
use crate::{
    api::{
        Form,
        members::RemoveMember,
        organizations::{CreateOrganization, LIST, OrganizationRow, OrganizationsView, read_organizations},
    },
    locale::use_text,
    text::Text,
    ui::{
        field::{Field, Look},
        head::PageHead,
        load::load,
        notice::{Notice, Tone},
    },
};

#[component]
pub fn Organizations() -> impl IntoView {
    let words = &use_text().organizations;
    let data = Resource::new(after, read_organizations);
    view! {
        <PageHead title=words.title note=words.note />
        {load(data, page)}
    }
    .into_any()
}

fn page(data: OrganizationsView) -> AnyView {
    let text = use_text();
    let words = &text.organizations;
    let form = data.form;
    let done = match form.name.as_str() {
        _ if !form.is_saved() => None,
        "remove_member" => Some(words.left),
        "delete_organization" => Some(words.deleted),
        _ => None,
    };
    let alone = data.organizations.iter().all(|row| row.slug.is_none()) && data.next.is_none();
    let rows = data
        .organizations
        .into_iter()
        .map(|row| self::row(text, row))
        .collect_view();
    view! {
        {done.map(|done| view! { <Notice tone=Tone::Good>{done}</Notice> })}
        {new(text, form)}
        <section class="card card-flush">
            <div class="card-head">
                <h2>{words.list}</h2>
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label=words.list>
                <table class="table stacks one-column" role="table">
                    <thead>
                        <tr role="row">
                            <th scope="col">{words.name}</th>
                            <th scope="col">{words.your_role}</th>
                            <th scope="col">{words.members}</th>
                            <th>
                                <span class="sr-only">{words.leave}</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody class="num">{rows}</tbody>
                </table>
            </div>
            {alone.then(|| view! { <p class="muted after-table">{words.only_personal}</p> })}
            <More path=LIST.to_owned() next=data.next />
        </section>
    }
    .into_any()
}

fn new(text: &'static Text, form: Form) -> AnyView {
    let words = &text.organizations;
    let error = form.error_of("create_organization");
    let typed = |field: &str| match form.name.as_str() {
        "create_organization" => form.value(field),
        _ => String::new(),
    };
    let name = Look {
        name: "name",
        label: words.name,
        autocomplete: "off",
        placeholder: words.name_example,
        ..Look::default()
    };
    let slug = Look {
        name: "slug",
        label: words.slug,
        kind: "slug",
        autocomplete: "off",
        hint: words.slug_hint,
        placeholder: words.slug_example,
        ..Look::default()
    };
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{words.new}</h2>
            </div>
            <form method="post" action=CreateOrganization::url() data-testid="create-organization" novalidate>
                {trouble(error.clone(), text.errors.conflict)}
                <div class="key-form">
                    <Field look=name error=error.clone() value=typed("name") />
                    <Field look=slug error value=typed("slug") />
                    <div class="field field-go">
                        <span class="label only-wide" aria-hidden="true">
                            "\u{a0}"
                        </span>
                        <button class="btn btn-primary btn-field" type="submit">
                            {words.create}
                        </button>
                    </div>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn row(text: &'static Text, row: OrganizationRow) -> AnyView {
    let words = &text.organizations;
    let OrganizationRow {
        slug,
        name,
        role,
        members,
        reader,
    } = row;
    let (href, shown, note) = match &slug {
        Some(slug) => ([LIST, "/", slug].concat(), name.clone(), slug.clone()),
        None => (
            "/".to_owned(),
            text.nav.personal.to_owned(),
            words.personal_note.to_owned(),
        ),
    };
    let leave = slug.map(|slug| {
        ask(Way {
            id: ["leave-", &slug].concat(),
            action: RemoveMember::url(),
            hidden: vec![("organization", slug), ("id", reader)],
            label: words.leave,
            title: (words.leave_ask)(&name),
            note: words.leave_note,
            part: "leave",
        })
    });
    view! {
        <tr role="row" data-testid="organization-row">
            <td role="cell">
                <a class="link" href=href>
                    {shown}
                </a>
                <p class="muted small">{note}</p>
            </td>
            <td role="cell" data-label=words.your_role>
                {(words.roles)(role)}
            </td>
            <td role="cell" data-label=words.members>
                {members}
            </td>
            <td role="cell" class="n">
                {leave}
            </td>
        </tr>
    }
    .into_any()
}
