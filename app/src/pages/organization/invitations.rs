//! Who was invited and what became of it; inviting by letter or by a link that is shown once.

use leptos::{prelude::*, server_fn::ServerFn};
use types::organizations::InvitationState;

use super::{More, Page, Way, after, ask, good, load, role_field, slug, trouble};
use crate::{
    api::{
        Form,
        invitations::{InvitationRow, InvitationsView, Invite, ResendInvitation, RevokeInvitation, read_invitations},
        keys::NewSecret,
        organizations::OrganizationView,
    },
    locale::use_text,
    text::Text,
    ui::{
        card::Empty,
        code::Line,
        field::{Field, Look},
        notice::{Notice, Tone},
        table::Time,
    },
};

#[component]
pub fn Invitations() -> impl IntoView {
    let data = Resource::new(|| (slug(), after()), |(slug, after)| read_invitations(slug, after));
    load(data, page)
}

fn page(data: InvitationsView) -> AnyView {
    let text = use_text();
    let words = &text.invitations;
    let InvitationsView {
        place,
        invitations,
        next,
        form,
        secret,
        mail,
    } = data;
    let saved = form.is_saved().then(|| good(text.common.saved));
    let not_changed = form.error_of("change_invitation");
    let top = match secret {
        Some(secret) => ready(text, &place, secret),
        None => view! {
            {sent(text, &form)}
            {new(text, &place, &form, mail)}
        }
        .into_any(),
    };
    let path = place.path("invitations");
    let list = if invitations.is_empty() {
        view! { <Empty icon=icondata_lu::LuMailPlus title=words.empty note=words.empty_note /> }.into_any()
    } else {
        table(text, &place, invitations)
    };
    view! {
        <Page place open="invitations">
            {saved}
            {trouble(not_changed, words.changed)}
            {top}
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

/// The link in full, once.
fn ready(text: &'static Text, place: &OrganizationView, secret: NewSecret) -> AnyView {
    let words = &text.invitations;
    let here = place.path("invitations");
    view! {
        <div data-testid="invitation-link">
            <Notice tone=Tone::Good>
                <b>{words.link_ready}</b>
                <p class="mb-3">{words.link_once}</p>
                <Line id="new-link" value=secret.key />
                <div class="mt-3">
                    <a class="btn" href=here>
                        {words.another}
                    </a>
                </div>
            </Notice>
        </div>
    }
    .into_any()
}

/// A letter is on its way.
fn sent(text: &'static Text, form: &Form) -> Option<AnyView> {
    if form.name != "invited" || form.error.is_some() {
        return None;
    }
    let dev_link = Some(form.value("dev_link")).filter(|link| !link.is_empty());
    let dev_link = dev_link.map(|link| {
        view! {
            <p>
                <a class="link" href=link data-testid="dev-link">
                    {text.mail.dev_link}
                </a>
            </p>
        }
    });
    let told = (text.invitations.sent)(&form.value("email"));
    let shown = view! {
        <div data-testid="invitation-sent">
            <Notice tone=Tone::Good>
                <b>{told}</b>
                {dev_link}
            </Notice>
        </div>
    };
    Some(shown.into_any())
}

fn new(text: &'static Text, place: &OrganizationView, form: &Form, mail: bool) -> AnyView {
    let words = &text.invitations;
    let error = form.error_of("invite");
    let typed = |field: &str| match &error {
        Some(_) => form.value(field),
        None => String::new(),
    };
    let email = Look {
        name: "email",
        form: "invite",
        label: words.email,
        kind: "email",
        autocomplete: "off",
        hint: words.email_hint,
        optional: true,
        ..Look::default()
    };
    let (note, label) = match mail {
        true => (words.new_note, words.send),
        false => (words.new_note_no_mail, words.make_link),
    };
    let field = mail.then(|| view! { <Field look=email error=error.clone() value=typed("email") /> });
    view! {
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{words.new}</h2>
                    <p class="muted small">{note}</p>
                </div>
            </div>
            <form method="post" action=Invite::url() data-testid="invite" novalidate>
                <input type="hidden" name="organization" value=place.slug.clone() />
                {trouble(error.clone(), words.conflict)}
                <div class="key-form">
                    {field}
                    {role_field(text, place, typed("role"))}
                    <div class="field field-go">
                        <span class="label only-wide" aria-hidden="true">
                            "\u{a0}"
                        </span>
                        <button class="btn btn-primary btn-field" type="submit">
                            {label}
                        </button>
                    </div>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn table(text: &'static Text, place: &OrganizationView, invitations: Vec<InvitationRow>) -> AnyView {
    let words = &text.invitations;
    let rows = invitations
        .into_iter()
        .map(|invitation| row(text, place, invitation))
        .collect_view();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=words.list>
            <table class="table stacks one-column" role="table">
                <thead>
                    <tr role="row">
                        <th scope="col">{words.to}</th>
                        <th scope="col">{text.organizations.role}</th>
                        <th scope="col">{words.by}</th>
                        <th scope="col">{words.expires}</th>
                        <th scope="col">{words.status}</th>
                        <th>
                            <span class="sr-only">{words.revoke}</span>
                        </th>
                    </tr>
                </thead>
                <tbody class="num">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(text: &'static Text, place: &OrganizationView, invitation: InvitationRow) -> AnyView {
    let words = &text.invitations;
    let class = match invitation.state {
        InvitationState::Open => "tag tag-warn",
        InvitationState::Accepted => "tag tag-good",
        InvitationState::Revoked | InvitationState::Expired => "tag",
        InvitationState::Void => "tag tag-bad",
    };
    let state = (words.states)(invitation.state);
    let by = invitation.by.clone().unwrap_or_else(|| text.common.none.to_owned());
    let actions = invitation.is_below.then(|| actions(text, place, &invitation));
    let to = invitation.email.clone();
    view! {
        <tr role="row" data-testid="invitation-row" data-email=to>
            <td role="cell">
                <p class="font-medium anywhere">
                    {invitation.email.unwrap_or_else(|| words.by_link.to_owned())}
                </p>
            </td>
            <td role="cell" data-label=text.organizations.role>
                {(text.organizations.roles)(invitation.role)}
            </td>
            <td role="cell" data-label=words.by>
                {by} <span class="muted">" · "<Time at=invitation.sent /></span>
            </td>
            <td role="cell" class="nowrap" data-label=words.expires>
                <Time at=invitation.expires />
            </td>
            <td role="cell">
                <span class=class>{state}</span>
            </td>
            <td role="cell" class="n">
                {actions}
            </td>
        </tr>
    }
    .into_any()
}

/// Sending it again also revives one that is too old; taking back is for what could still be accepted.
fn actions(text: &'static Text, place: &OrganizationView, invitation: &InvitationRow) -> AnyView {
    let words = &text.invitations;
    let (may_resend, may_revoke) = match invitation.state {
        InvitationState::Open | InvitationState::Void => (true, true),
        InvitationState::Expired => (true, false),
        InvitationState::Accepted | InvitationState::Revoked => (false, false),
    };
    let label = match invitation.email {
        Some(_) => words.resend,
        None => words.new_link,
    };
    let resend = may_resend.then(|| {
        view! {
            <form method="post" action=ResendInvitation::url()>
                <input type="hidden" name="organization" value=place.slug.clone() />
                <input type="hidden" name="id" value=invitation.id.clone() />
                <button class="btn btn-small" type="submit" data-testid="resend">
                    {label}
                </button>
            </form>
        }
    });
    let revoke = may_revoke.then(|| {
        ask(Way {
            id: ["revoke-", &invitation.id].concat(),
            action: RevokeInvitation::url(),
            hidden: vec![("organization", place.slug.clone()), ("id", invitation.id.clone())],
            label: words.revoke,
            title: words.revoke_ask.to_owned(),
            note: words.revoke_note,
            part: "revoke",
        })
    });
    view! {
        <div class="in-row">
            {resend}
            {revoke}
        </div>
    }
    .into_any()
}
