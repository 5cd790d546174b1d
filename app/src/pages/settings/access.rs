//! What one signs in with: the password and the e-mail address.

use leptos::{prelude::*, server_fn::ServerFn};

use crate::{
    api::mail::{Access, ChangeEmail, ChangePassword, ResendVerification, read_access},
    locale::use_text,
    ui::{
        field::{Field, Look},
        load::load,
        notice::{Failure, Notice, Tone},
    },
};

#[component]
pub fn SignInWith() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_access());
    load(data, |data| {
        view! {
            {password(&data)}
            {address(data)}
        }
        .into_any()
    })
}

fn password(data: &Access) -> AnyView {
    let text = use_text();
    let words = &text.mail;
    let error = data.password_form.error.clone();
    let summary = error.clone().filter(|error| !error.is_about_fields());
    let look = |name: &'static str, label: &'static str, autocomplete: &'static str| Look {
        name,
        form: "password",
        label,
        kind: "password",
        autocomplete,
        ..Look::default()
    };
    let current = look("current_password", words.current, "current-password");
    let new = Look {
        hint: text.auth.password_hint,
        ..look("new_password", words.new_password, "new-password")
    };
    let confirm = look("confirm_password", text.auth.confirm, "new-password");
    let saved = error.is_none() && data.password_form.value("saved") == "yes";
    let note = if data.has_password {
        words.password_note
    } else {
        words.first_password_note
    };
    let email = data.email.clone();
    view! {
        <section class="card" id="password">
            <div class="card-head">
                <h2>{words.password}</h2>
                <p class="muted small">{note}</p>
            </div>
            {saved.then(|| view! { <Notice tone=Tone::Good>{words.password_changed}</Notice> })}
            {summary.map(|error| view! { <Failure error /> })}
            <form class="fields" method="post" action=ChangePassword::url() novalidate>
                // Password managers learn from it whose password this is.
                <input type="text" name="username" value=email autocomplete="username" hidden readonly />
                {data.has_password.then(|| view! { <Field look=current error=error.clone() /> })}
                <Field look=new error=error.clone() />
                <Field look=confirm error />
                <div>
                    <button class="btn btn-primary" type="submit">
                        {words.change_password}
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn address(data: Access) -> AnyView {
    let words = &use_text().mail;
    let error = data.email_form.error.clone();
    let summary = error.clone().filter(|error| !error.is_about_fields());
    let told = match data.email_form.value("notice").as_str() {
        "verified" => Some(words.verified),
        "resent" => Some(words.resent),
        "change" => Some(words.change_sent),
        _ => None,
    };
    let email = Look {
        name: "email",
        form: "email",
        label: words.new_address,
        kind: "email",
        autocomplete: "email",
        hint: words.address_note,
        ..Look::default()
    };
    let password = Look {
        name: "password",
        form: "email",
        label: words.your_password,
        kind: "password",
        autocomplete: "current-password",
        ..Look::default()
    };
    let typed = data.email_form.value("email");
    let resend = (!data.verified && data.available).then(|| {
        view! {
            <form method="post" action=ResendVerification::url()>
                <button class="btn" type="submit">
                    {words.resend}
                </button>
            </form>
        }
    });
    let state = if data.verified {
        view! { <span class="tag tag-good">{words.is_verified}</span> }.into_any()
    } else {
        view! { <span class="tag tag-warn">{words.is_unverified}</span> }.into_any()
    };
    view! {
        <section class="card" id="email">
            <div class="card-head">
                <h2>{words.address}</h2>
                <p class="muted small">{data.email} " " {state}</p>
            </div>
            {told.map(|note| view! { <Notice tone=Tone::Good>{note}</Notice> })}
            {summary.map(|error| view! { <Failure error /> })}
            {resend}
            {data
                .available
                .then(|| {
                    view! {
                        <form class="fields" method="post" action=ChangeEmail::url() novalidate>
                            <Field look=email error=error.clone() value=typed />
                            {data.has_password.then(|| view! { <Field look=password error /> })}
                            <div>
                                <button class="btn btn-primary" type="submit">
                                    {words.change_address}
                                </button>
                            </div>
                        </form>
                    }
                })}
        </section>
    }
    .into_any()
}
