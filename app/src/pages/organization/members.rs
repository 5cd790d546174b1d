//! Who belongs to the organization: the list for all of them, and what who manages it may change.

use leptos::{prelude::*, server_fn::ServerFn};
use types::error::Code;

use super::{More, Page, RoleChoice, Way, after, ask, good, load, role_field, slug, trouble};
use crate::{
    api::{
        Form,
        invitations::Invite,
        members::{AddMember, ChangeRole, MemberView, MembersView, RemoveMember, read_members},
        organizations::OrganizationView,
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
pub fn Members() -> impl IntoView {
    let data = Resource::new(|| (slug(), after()), |(slug, after)| read_members(slug, after));
    load(data, page)
}

fn page(data: MembersView) -> AnyView {
    let text = use_text();
    let words = &text.members;
    let MembersView {
        place,
        members,
        next,
        form,
        mail,
    } = data;
    let done = form.is_saved().then_some(match form.name.as_str() {
        "add_member" => words.added,
        "remove_member" => words.removed,
        _ => text.common.saved,
    });
    let changed = form.error_of("change_role").or_else(|| form.error_of("remove_member"));
    let managed = place.is_managed();
    let top = managed.then(|| {
        view! {
            {unknown(text, &place, &form, mail)}
            {add(text, &place, &form)}
        }
    });
    let rows = members
        .into_iter()
        .map(|member| row(text, &place, member))
        .collect_view();
    let path = place.path("");
    view! {
        <Page place open="">
            {done.map(good)}
            {trouble(changed, text.errors.conflict)}
            {top}
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
                <More path next />
            </section>
        </Page>
    }
    .into_any()
}

fn add(text: &'static Text, place: &OrganizationView, form: &Form) -> AnyView {
    let words = &text.members;
    let error = form.error_of("add_member");
    // Nobody was found: what can be done is said above the form.
    let error = error.filter(|error| error.refusal.code != Code::UserNotFound);
    let typed = |field: &str| match form.error_of("add_member") {
        Some(_) => form.value(field),
        None => String::new(),
    };
    let email = Look {
        name: "email",
        form: "add",
        label: words.email,
        kind: "email",
        autocomplete: "off",
        ..Look::default()
    };
    view! {
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{words.add}</h2>
                    <p class="muted small">{words.add_note}</p>
                </div>
            </div>
            <form method="post" action=AddMember::url() data-testid="add-member" novalidate>
                <input type="hidden" name="organization" value=place.slug.clone() />
                {trouble(error.clone(), text.errors.conflict)}
                <div class="key-form">
                    <Field look=email error value=typed("email") />
                    {role_field(text, place, typed("role"))}
                    <div class="field field-go">
                        <span class="label only-wide" aria-hidden="true">
                            "\u{a0}"
                        </span>
                        <button class="btn btn-primary btn-field" type="submit">
                            {words.add_do}
                        </button>
                    </div>
                </div>
                <p class="hint mt-2">{text.organizations.roles_hint}</p>
            </form>
        </section>
    }
    .into_any()
}

/// The next step when nobody can be added by the address: inviting it.
fn unknown(text: &'static Text, place: &OrganizationView, form: &Form, mail: bool) -> Option<AnyView> {
    let words = &text.members;
    form.error_of("add_member")
        .filter(|error| error.refusal.code == Code::UserNotFound)?;
    let (email, role) = (form.value("email").trim().to_owned(), form.value("role"));
    let title = (words.unknown)(&email);
    let next = match mail {
        true => view! {
            <p>{words.unknown_note}</p>
            <form class="mt-3" method="post" action=Invite::url()>
                <input type="hidden" name="organization" value=place.slug.clone() />
                <input type="hidden" name="email" value=email />
                <input type="hidden" name="role" value=role />
                <button class="btn" type="submit" data-testid="invite-instead">
                    {words.invite}
                </button>
            </form>
        }
        .into_any(),
        false => view! {
            <p>{words.unknown_no_mail}</p>
            <p class="mt-3">
                <a class="btn" href=place.path("invitations")>
                    {words.to_invitations}
                </a>
            </p>
        }
        .into_any(),
    };
    let shown = view! {
        <Notice tone=Tone::Info>
            <b>{title}</b>
            {next}
        </Notice>
    };
    Some(shown.into_any())
}

fn row(text: &'static Text, place: &OrganizationView, member: MemberView) -> AnyView {
    let words = &text.members;
    let role = match member.is_below {
        true => change(text, place, &member),
        false => (text.organizations.roles)(member.role).into_any(),
    };
    let hidden = vec![("organization", place.slug.clone()), ("id", member.id.clone())];
    let id = ["remove-", &member.id].concat();
    let action = RemoveMember::url();
    let way = match (member.is_reader, member.is_below) {
        (true, _) => Some(Way {
            id,
            action,
            hidden,
            label: text.organizations.leave,
            title: (text.organizations.leave_ask)(&place.name),
            note: text.organizations.leave_note,
            part: "leave",
        }),
        (false, true) => Some(Way {
            id,
            action,
            hidden,
            label: words.remove,
            title: (words.remove_ask)(&member.name),
            note: words.remove_note,
            part: "remove",
        }),
        (false, false) => None,
    };
    let you = member
        .is_reader
        .then(|| view! { <span class="muted">" · "{words.you}</span> });
    let email = member.email.clone();
    view! {
        <tr role="row" data-testid="member-row" data-email=email>
            <td role="cell">
                <div class="flex items-center gap-3">
                    <Avatar initials=member.initials url=member.avatar />
                    <div class="min-w-0">
                        <p class="font-medium">{member.name} {you}</p>
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
                {way.map(ask)}
            </td>
        </tr>
    }
    .into_any()
}

/// Another role: one is chosen, then sent.
fn change(text: &'static Text, place: &OrganizationView, member: &MemberView) -> AnyView {
    let words = &text.members;
    let (id, label) = (["role-", &member.id].concat(), (words.role_of)(&member.name));
    view! {
        <form class="in-row" method="post" action=ChangeRole::url() data-testid="change-role">
            <input type="hidden" name="organization" value=place.slug.clone() />
            <input type="hidden" name="id" value=member.id.clone() />
            <RoleChoice id roles=place.grantable() chosen=member.role.name().to_owned() label />
            <button class="btn btn-small" type="submit">
                {words.change}
            </button>
        </form>
    }
    .into_any()
}
