//! `/admin/users`: everybody with an account here.

use leptos::{prelude::*, server_fn::ServerFn};
use types::PlatformRole;

use super::{Filter, Next, Page, asked, load, nothing, trouble};
use crate::{
    api::{
        Form,
        admin::{
            path,
            users::{CreateUser, UserRow, UsersQuery, UsersView, read_admin_users},
        },
    },
    locale::{Locale, use_text},
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
        may_change,
        mail,
        form,
    } = data;
    let new = may_change.then(|| new(text, &form, mail));
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
            {new}
        </Page>
    }
    .into_any()
}

/// Folded away until it is asked for.
fn new(text: &'static Text, form: &Form, mail: bool) -> AnyView {
    let words = &text.admin.users;
    let error = form.error_of("create_user");
    let typed = |field: &str| match &error {
        Some(_) => form.value(field),
        None => String::new(),
    };
    let look = |name, label, kind, hint| Look {
        name,
        form: "new",
        label,
        kind,
        hint,
        autocomplete: "off",
        optional: name != "email",
        ..Look::default()
    };
    let field = |look: Look| {
        let value = typed(look.name);
        view! { <Field look error=error.clone() value /> }
    };
    let (role, locale) = (typed("role"), typed("locale"));
    let roles = [PlatformRole::User, PlatformRole::ReadOnlyAdmin, PlatformRole::Admin]
        .into_iter()
        .map(|one| option(one.name(), (words.roles)(one), &role))
        .collect_view();
    let languages = [(Locale::En, "English"), (Locale::Ru, "Русский")]
        .into_iter()
        .map(|(one, own_name)| option(one.name(), own_name, &locale))
        .collect_view();
    let note = if mail { words.new_note } else { words.new_note_no_mail };
    let open = error.is_some();
    view! {
        <section class="card" id="new">
            <div class="card-head">
                <div>
                    <h2>{words.new}</h2>
                    <p class="muted small">{note}</p>
                </div>
            </div>
            <details open=open>
                <summary class="btn" data-testid="add-user">
                    {words.new}
                </summary>
                <form class="fields mt-4" method="post" action=CreateUser::url() data-testid="create-user" novalidate>
                    {trouble(error.clone(), words.conflict)}
                    {field(look("email", words.email, "email", ""))}
                    {field(look("username", words.username, "slug", words.username_hint))}
                    {field(look("full_name", words.full_name, "", ""))}
                    <div class="field">
                        <label for="new-role">{words.role}</label>
                        <select class="input" id="new-role" name="role">
                            {roles}
                        </select>
                        <p class="hint">{words.role_hint}</p>
                    </div>
                    <div class="field">
                        <label for="new-locale">{words.language}</label>
                        <select class="input" id="new-locale" name="locale">
                            {languages}
                        </select>
                    </div>
                    <div>
                        <button class="btn btn-primary" type="submit">
                            {words.create}
                        </button>
                    </div>
                </form>
            </details>
        </section>
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
