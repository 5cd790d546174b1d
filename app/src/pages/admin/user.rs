//! `/admin/users/{id}`: one person, and what administrators change of their account.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_params_map;
use types::PlatformRole;

use super::{Fact, Page, load, trouble, users::state_of};
use crate::{
    api::{
        admin::users::{
            DeleteUser, MembershipView, ResetUserFactors, SetUserActive, SetUserRole, SignUserOut, UserView,
            read_admin_user,
        },
        keys::NewSecret,
    },
    locale::use_text,
    pages::organization::{Way, ask},
    text::Text,
    ui::{
        avatar::Avatar,
        code::Line,
        field::{Field, Look},
        notice::{Notice, Tone},
        table::Time,
    },
};

#[component]
pub fn User() -> impl IntoView {
    let id = || use_params_map().read_untracked().get("id").unwrap_or_default();
    let data = Resource::new(id, read_admin_user);
    load(data, page)
}

fn page(data: UserView) -> AnyView {
    let text = use_text();
    let words = &text.admin.users;
    let form = &data.form;
    let done = form.is_saved().then_some(match form.name.as_str() {
        "sign_out" => words.signed_out,
        "reset_factors" => words.factors_reset,
        "disable" => words.now_disabled,
        "enable" => words.now_enabled,
        "create_user" => words.created_mailed,
        _ => text.common.saved,
    });
    let error = form.error.clone().filter(|_| form.name != "delete_user");
    let changes = data.may_change.then(|| changes(text, &data));
    view! {
        <Page open="users" title=data.row.name.clone()>
            {done.map(|done| view! { <Notice tone=Tone::Good>{done}</Notice> })}
            {data.secret.clone().map(|secret| ready(text, secret))}
            {trouble(error, words.conflict)}
            {about(text, &data)}
            {belongs(text, data.organizations)}
            {changes}
        </Page>
    }
    .into_any()
}

/// The link in full, once.
fn ready(text: &'static Text, secret: NewSecret) -> AnyView {
    let words = &text.admin.users;
    view! {
        <div data-testid="user-link">
            <Notice tone=Tone::Good>
                <b>{words.created_link}</b>
                <p class="mb-3">{words.link_once}</p>
                <Line id="new-link" value=secret.key />
            </Notice>
        </div>
    }
    .into_any()
}

fn about(text: &'static Text, data: &UserView) -> AnyView {
    let words = &text.admin.users;
    let row = &data.row;
    let seen = match data.last_seen.clone() {
        Some(at) => view! { <Time at /> }.into_any(),
        None => text.common.never.into_any(),
    };
    let password = if data.has_password { words.yes } else { words.no };
    let factor = if row.has_second_factor { words.yes } else { words.no };
    view! {
        <section class="card" data-testid="person">
            <div class="card-head">
                <div class="flex items-center gap-3 min-w-0">
                    <Avatar initials=row.initials.clone() url=row.avatar.clone() />
                    <div class="min-w-0">
                        <h2 class="anywhere">{row.name.clone()}</h2>
                        <p class="muted small anywhere">{row.email.clone()}</p>
                    </div>
                </div>
                <div>{state_of(text, row)}</div>
            </div>
            <dl class="facts facts-many">
                <Fact name=words.username value=row.username.clone() />
                <Fact name=words.role value=(words.roles)(row.role).to_owned() />
                <div>
                    <dt>{words.created}</dt>
                    <dd>
                        <Time at=row.created.clone() />
                    </dd>
                </div>
                <Fact name=words.sign_ins value=data.sign_ins.clone() />
                <div>
                    <dt>{words.last_seen}</dt>
                    <dd>{seen}</dd>
                </div>
                <Fact name=words.password value=password.to_owned() />
                <Fact name=words.second_factor value=factor.to_owned() />
                <div>
                    <dt>{words.id}</dt>
                    <dd>
                        <code class="small anywhere">{row.id.clone()}</code>
                    </dd>
                </div>
            </dl>
            <p class="mt-4">
                <a class="btn btn-small" href=data.audit.clone()>
                    {words.what_they_did}
                </a>
            </p>
        </section>
    }
    .into_any()
}

fn belongs(text: &'static Text, organizations: Vec<MembershipView>) -> AnyView {
    let words = &text.admin.users;
    let none = organizations.is_empty();
    let rows = organizations
        .into_iter()
        .map(|membership| {
            view! {
                <tr role="row">
                    <td role="cell">
                        <a class="link" href=membership.href>
                            {membership.name}
                        </a>
                    </td>
                    <td role="cell" data-label=text.organizations.role>
                        {(text.organizations.roles)(membership.role)}
                    </td>
                </tr>
            }
        })
        .collect_view();
    let table = (!none).then(|| {
        view! {
            <div class="scroll" tabindex="0" role="region" aria-label=words.organizations>
                <table class="table stacks one-column" role="table">
                    <thead>
                        <tr role="row">
                            <th scope="col">{text.organizations.name}</th>
                            <th scope="col">{text.organizations.role}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
    });
    view! {
        <section class="card card-flush">
            <div class="card-head">
                <h2>{words.organizations}</h2>
            </div>
            {table}
            {none.then(|| view! { <p class="muted after-table">{words.no_organizations}</p> })}
        </section>
    }
    .into_any()
}

fn changes(text: &'static Text, data: &UserView) -> AnyView {
    let words = &text.admin.users;
    let row = &data.row;
    let hidden = || vec![("id", row.id.clone())];
    let role = |role: PlatformRole| {
        view! {
            <option value=role.name() selected=role == row.role>
                {(words.roles)(role)}
            </option>
        }
    };
    let roles = [PlatformRole::User, PlatformRole::ReadOnlyAdmin, PlatformRole::Admin];
    let activity = match row.is_active {
        true => ask(Way {
            id: "disable".to_owned(),
            action: SetUserActive::url(),
            hidden: vec![("id", row.id.clone()), ("active", "no".to_owned())],
            label: words.disable,
            title: (words.disable_ask)(&row.name),
            note: words.disable_note,
            part: "disable",
        }),
        false => view! {
            <form method="post" action=SetUserActive::url()>
                <input type="hidden" name="id" value=row.id.clone() />
                <input type="hidden" name="active" value="yes" />
                <button class="btn btn-small" type="submit" data-testid="enable">
                    {words.enable}
                </button>
            </form>
        }
        .into_any(),
    };
    let sign_out = ask(Way {
        id: "sign-out".to_owned(),
        action: SignUserOut::url(),
        hidden: hidden(),
        label: words.sign_out,
        title: (words.sign_out_ask)(&row.name),
        note: words.sign_out_note,
        part: "sign-out",
    });
    let reset = row.has_second_factor.then(|| {
        ask(Way {
            id: "reset-factors".to_owned(),
            action: ResetUserFactors::url(),
            hidden: hidden(),
            label: words.reset_factors,
            title: (words.reset_factors_ask)(&row.name),
            note: words.reset_factors_note,
            part: "reset-factors",
        })
    });
    view! {
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{words.change}</h2>
                    <p class="muted small">{words.change_note}</p>
                </div>
            </div>
            <form method="post" action=SetUserRole::url() data-testid="set-role">
                <input type="hidden" name="id" value=row.id.clone() />
                <div class="key-form">
                    <div class="field">
                        <label for="role">{words.role}</label>
                        <select class="input" id="role" name="role">
                            {roles.map(role).collect_view()}
                        </select>
                        <p class="hint">{words.role_hint}</p>
                    </div>
                    <div class="field field-go">
                        <span class="label only-wide" aria-hidden="true">
                            "\u{a0}"
                        </span>
                        <button class="btn btn-primary btn-field" type="submit">
                            {text.common.save}
                        </button>
                    </div>
                </div>
            </form>
            <div class="in-row mt-4">{sign_out} {reset} {activity}</div>
        </section>
        {delete(text, data)}
    }
    .into_any()
}

fn delete(text: &'static Text, data: &UserView) -> AnyView {
    let words = &text.admin.users;
    let error = data.form.error_of("delete_user");
    let look = Look {
        name: "confirm_name",
        label: words.username,
        kind: "slug",
        autocomplete: "off",
        ..Look::default()
    };
    let (label, open) = ((words.delete_confirm)(&data.row.username), error.is_some());
    let typed = match &error {
        Some(_) => data.form.value("confirm_name"),
        None => String::new(),
    };
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
                <form
                    class="fields mt-4"
                    method="post"
                    action=DeleteUser::url()
                    data-testid="delete-user"
                    novalidate
                >
                    <input type="hidden" name="id" value=data.row.id.clone() />
                    {trouble(error.clone(), words.conflict)}
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
