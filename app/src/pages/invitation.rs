//! `/invitations/{token}`: what one is invited to and by whom, signed in or not. Opening the page uses nothing up.

use http::StatusCode;
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use types::error::Code;

use super::{lost::answer, organization::trouble};
use crate::{
    api::{
        invitations::{AcceptInvitation, InvitationPage, Invited, Standing, read_invitation},
        session::SignOut,
    },
    error::ApiError,
    locale::use_text,
    text::Text,
    ui::{
        gate::Gate,
        load::load,
        notice::{Notice, Tone},
        table::Time,
    },
};

#[component]
pub fn Invitation() -> impl IntoView {
    let token = || use_params_map().read_untracked().get("token").unwrap_or_default();
    let data = Resource::new(token, read_invitation);
    view! {
        <Title text=use_text().invited.title />
        <Gate>{load(data, page)}</Gate>
    }
    .into_any()
}

fn page(data: InvitationPage) -> AnyView {
    let words = &use_text().invited;
    let InvitationPage {
        form,
        invited,
        reader,
        may_sign_up,
    } = data;
    let signed_in = reader.is_some();
    match invited {
        Standing::Over => {
            answer(StatusCode::GONE);
            dead(words.over, words.over_note, signed_in)
        }
        Standing::Unknown => {
            answer(StatusCode::NOT_FOUND);
            dead(words.unknown, words.unknown_note, signed_in)
        }
        Standing::Open(invited) => open(invited, form.error, reader, may_sign_up),
    }
}

fn open(invited: Invited, error: Option<ApiError>, reader: Option<String>, may_sign_up: bool) -> AnyView {
    let text = use_text();
    let words = &text.invited;
    let Invited {
        token,
        organization,
        role,
        by,
        is_mailed,
        expires,
    } = invited;
    let way = match reader {
        Some(reader) => accept(text, token, reader, error),
        None => enter(text, &token, may_sign_up),
    };
    view! {
        <h1>{(words.lead)(&by, &organization)}</h1>
        <p data-testid="invitation">{(words.as_role)((text.organizations.roles)(role))}</p>
        {is_mailed.then(|| view! { <p>{words.mailed}</p> })}
        <p class="small">{words.until} " " <Time at=expires /></p>
        {way}
    }
    .into_any()
}

/// For who is signed in: one button, and the way to another account.
fn accept(text: &'static Text, token: String, reader: String, error: Option<ApiError>) -> AnyView {
    let words = &text.invited;
    let wrong_account = error.clone().filter(|error| error.refusal.code == Code::Forbidden);
    let wrong_account = wrong_account.map(|_| view! { <Notice tone=Tone::Warn>{words.not_yours}</Notice> });
    let other = error.filter(|error| error.refusal.code != Code::Forbidden);
    view! {
        <form class="fields" method="post" action=AcceptInvitation::url() data-testid="accept">
            <input type="hidden" name="token" value=token />
            {wrong_account}
            {trouble(other, words.belongs)}
            <p class="soft anywhere">{(words.signed_in_as)(&reader)}</p>
            <button class="btn btn-primary btn-wide" type="submit">
                {words.accept}
            </button>
        </form>
        <form method="post" action=SignOut::url()>
            <button class="btn btn-wide" type="submit">
                {words.as_other}
            </button>
        </form>
    }
    .into_any()
}

/// For who is not: both ways come back here or bring the invitation along.
fn enter(text: &'static Text, token: &str, may_sign_up: bool) -> AnyView {
    let words = &text.invited;
    let sign_up = match may_sign_up {
        true => view! {
            <a class="btn btn-wide" href=["/register?invitation=", token].concat() data-testid="sign-up">
                {words.sign_up}
            </a>
        }
        .into_any(),
        false => view! { <p class="soft">{words.no_sign_up}</p> }.into_any(),
    };
    view! {
        <div class="ways">
            <a
                class="btn btn-primary btn-wide"
                href=["/login?next=/invitations/", token].concat()
                data-testid="sign-in"
            >
                {words.sign_in}
            </a>
            {sign_up}
        </div>
    }
    .into_any()
}

/// An invitation that is no good any more, and what to do now.
fn dead(title: &'static str, note: &'static str, signed_in: bool) -> AnyView {
    let text = use_text();
    let (href, label) = match signed_in {
        true => ("/organizations", text.invited.to_organizations),
        false => ("/login", text.mail.to_sign_in),
    };
    view! {
        <h1>{title}</h1>
        <p>{note}</p>
        <p class="mt-6" data-testid="dead-invitation">
            <a class="btn btn-primary btn-wide" href=href>
                {label}
            </a>
        </p>
    }
    .into_any()
}
