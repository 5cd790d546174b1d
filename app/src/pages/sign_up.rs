//! `/register`

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::sign_in::{Remember, Summary};
use crate::{
    api::session::{Entrance, SignUp as Do, read_entrance},
    locale::use_text,
    text::Auth,
    ui::{
        field::{Field, Look},
        gate::Gate,
        load::load,
        notice::{Notice, Tone},
        ways::OtherWays,
    },
};

#[component]
pub fn SignUp() -> impl IntoView {
    let words = &use_text().auth;
    let entrance = Resource::new(invitation, |token| read_entrance("sign_up".to_owned(), token));
    view! {
        <Title text=words.sign_up />
        <Gate>
            <h1>{words.sign_up}</h1>
            <p>{words.sign_up_note}</p>
            {load(entrance, form)}
            <p class="gate-other">
                {words.have_account} " "
                <a class="link" href="/login">
                    {words.sign_in}
                </a>
            </p>
        </Gate>
    }
    .into_any()
}

/// The token of the invitation that somebody came with, out of the address.
fn invitation() -> String {
    use_query_map().read_untracked().get("invitation").unwrap_or_default()
}

/// The fields of a new account, shared with the first run: name, e-mail, password, password again.
pub fn account_fields(words: &'static Auth) -> [Look; 4] {
    [
        Look {
            name: "full_name",
            label: words.full_name,
            autocomplete: "name",
            optional: true,
            autofocus: true,
            ..Look::default()
        },
        Look {
            name: "email",
            label: words.email,
            kind: "email",
            autocomplete: "username",
            ..Look::default()
        },
        Look {
            name: "password",
            label: words.password,
            kind: "password",
            autocomplete: "new-password",
            hint: words.password_hint,
            ..Look::default()
        },
        Look {
            name: "confirm_password",
            label: words.confirm,
            kind: "password",
            autocomplete: "new-password",
            ..Look::default()
        },
    ]
}

fn form(entrance: Entrance) -> AnyView {
    let text = use_text();
    let (words, invited_words) = (&text.auth, &text.invited);
    let invited = entrance.invitation;
    let over = (invited.is_none() && !invitation().is_empty()).then(|| {
        view! { <div class="mt-6"><Notice tone=Tone::Warn>{invited_words.register_over}</Notice></div> }
    });
    if !entrance.registration_open {
        return view! {
            {over}
            <div class="mt-6"><Notice tone=Tone::Info>{words.closed}</Notice></div>
        }
        .into_any();
    }
    let form = entrance.form;
    let error = form.error.clone();
    let [full_name, mut email, password, confirm] = account_fields(words);
    let mut address = form.value("email");
    if let Some(invited) = entrance.invited_email {
        email.hint = invited_words.register_email;
        email.fixed = true;
        address = invited;
    }
    let told = invited.as_ref().map(|invited| {
        let lead = (invited_words.register)(&invited.by, &invited.organization);
        view! { <div class="mt-6" data-testid="invited"><Notice tone=Tone::Info>{lead}</Notice></div> }
    });
    let token = invited.map(|invited| invited.token);
    // Whoever comes in another way accepts it on its own page.
    let next = token.as_ref().map(|token| ["/invitations/", token].concat());
    let token = token.map(|token| view! { <input type="hidden" name="invitation" value=token /> });
    let username = Look {
        name: "username",
        label: words.username,
        autocomplete: "nickname",
        hint: words.username_hint,
        optional: true,
        ..Look::default()
    };
    view! {
        {over}
        {told}
        <form class="fields" method="post" action=Do::url() novalidate>
            {token}
            <Summary error=error.clone() />
            <Field look=full_name error=error.clone() value=form.value("full_name") />
            <Field look=email error=error.clone() value=address />
            <Field look=username error=error.clone() value=form.value("username") />
            <Field look=password error=error.clone() />
            <Field look=confirm error />
            <Remember on=form.value("remember_me") == "on" />
            <button class="btn btn-primary btn-wide" type="submit">
                {words.create}
            </button>
        </form>
        <OtherWays next />
    }
    .into_any()
}
