//! `/admin/users`: everybody with an account here.

use leptos::prelude::*;
use types::PlatformRole;

use super::{Filter, Next, Page, asked, load, nothing};
use crate::{
    api::admin::{
        path,
        users::{UserRow, UsersQuery, UsersView, read_admin_users},
    },
    locale::use_text,
    text::Text,
    ui::{
        avatar::Avatar,
        field::{Field, Look},
        notice::{Notice, Tone},
        table::Time,
    },
};

#[component]
pub fn Users() -> impl IntoView {
    let query = || UsersQuery {
        q: asked("q"),
        role: asked("role"),
        active: asked("active"),
        after: asked("after"),
    };
    let data = Resource::new(query, read_admin_users);
    load(data, page)
}

fn page(data: UsersView) -> AnyView {
    let text = use_text();
    let words = &text.admin.users;
    let UsersView {
        query,
        users,
        next,
        error,
        form,
    } = data;
    let done = (form.is_saved() && form.name == "delete_user").then_some(words.deleted);
    let none = nothing(users.is_empty());
    let rows = users.into_iter().map(|user| row(text, user)).collect_view();
    let search = Look {
        name: "q",
        label: words.search,
        hint: words.search_hint,
        kind: "slug",
        autocomplete: "off",
        optional: true,
        ..Look::default()
    };
    let roles = [PlatformRole::Admin, PlatformRole::ReadOnlyAdmin, PlatformRole::User]
        .into_iter()
        .map(|role| option(role.name(), (words.roles)(role), &query.role))
        .collect_view();
    let states = [("yes", words.active), ("no", words.disabled)]
        .into_iter()
        .map(|(value, name)| option(value, name, &query.active))
        .collect_view();
    view! {
        <Page open="users">
            {done.map(|done| view! { <Notice tone=Tone::Good>{done}</Notice> })}
            <Filter page="users">
                <Field look=search error value=query.q />
                <div class="field">
                    <label for="role">{words.role}</label>
                    <select class="input" id="role" name="role">
                        <option value="">{text.admin.any}</option>
                        {roles}
                    </select>
                </div>
                <div class="field">
                    <label for="active">{words.state}</label>
                    <select class="input" id="active" name="active">
                        <option value="">{text.admin.any}</option>
                        {states}
                    </select>
                </div>
            </Filter>
            <section class="card card-flush">
                <div class="card-head">
                    <div>
                        <h2>{words.list}</h2>
                        <p class="muted small">{words.note}</p>
                    </div>
                </div>
                <div class="scroll" tabindex="0" role="region" aria-label=words.list>
                    <table class="table stacks one-column" role="table">
                        <thead>
                            <tr role="row">
                                <th scope="col">{words.person}</th>
                                <th scope="col">{words.role}</th>
                                <th scope="col">{words.state}</th>
                                <th scope="col">{words.created}</th>
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

fn option(value: &'static str, name: &'static str, chosen: &str) -> AnyView {
    view! {
        <option value=value selected=value == chosen>
            {name}
        </option>
    }
    .into_any()
}

fn row(text: &'static Text, user: UserRow) -> AnyView {
    let words = &text.admin.users;
    let href = path(&["users/", &user.id].concat());
    let you = user
        .is_reader
        .then(|| view! { " " <span class="tag tag-plain">{text.members.you}</span> });
    let state = state_of(text, &user);
    view! {
        <tr role="row" data-testid="user-row">
            <td role="cell">
                <div class="flex items-center gap-3 min-w-0">
                    <Avatar initials=user.initials url=user.avatar />
                    <div class="min-w-0">
                        <a class="link anywhere" href=href>
                            {user.name}
                        </a>
                        {you}
                        <p class="muted small anywhere">{user.email}</p>
                    </div>
                </div>
            </td>
            <td role="cell" data-label=words.role>
                {(words.roles)(user.role)}
            </td>
            <td role="cell">{state}</td>
            <td role="cell" data-label=words.created>
                <Time at=user.created />
            </td>
        </tr>
    }
    .into_any()
}

/// Tags for what is not as usual, or one that says that all is well.
pub fn state_of(text: &'static Text, user: &UserRow) -> AnyView {
    let words = &text.admin.users;
    let first = match user.is_active {
        true => view! { <span class="tag tag-good">{words.active}</span> }.into_any(),
        false => view! { <span class="tag tag-bad">{words.disabled}</span> }.into_any(),
    };
    let unverified = (!user.email_verified).then(|| view! { " " <span class="tag tag-warn">{words.unverified}</span> });
    let factor = user
        .has_second_factor
        .then(|| view! { " " <span class="tag tag-plain">{words.second_factor}</span> });
    view! {
        {first}
        {unverified}
        {factor}
    }
    .into_any()
}
