//! `/login/second`: the second step of signing in. One field for a code of either kind, or a passkey.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::sign_in::Summary;
use crate::{
    api::second::{EnterSecond, SecondView, read_second},
    locale::use_text,
    ui::{
        field::{Field, Look},
        gate::Gate,
        load::load,
        passkey::Door,
    },
};

#[component]
pub fn SecondStep() -> impl IntoView {
    let words = &use_text().factors;
    let data = Resource::new(|| (), |()| read_second());
    view! {
        <Title text=words.second />
        <Gate>
            <h1>{words.second}</h1>
            {load(data, form)}
            <p class="gate-other">
                <a class="link" href="/login">
                    {words.start_over}
                </a>
            </p>
        </Gate>
    }
    .into_any()
}

fn form(data: SecondView) -> AnyView {
    let words = &use_text().factors;
    let error = data.form.error;
    let recovery = !data.app || use_query_map().read_untracked().get("recovery").is_some();
    let (other, other_name) = if recovery {
        ("/login/second", words.use_app)
    } else {
        ("/login/second?recovery=1", words.use_recovery)
    };
    let code = Look {
        name: "code",
        label: if recovery { words.recovery_code } else { words.code },
        // A phone's keyboard of digits has no letters, and recovery codes do.
        kind: if recovery { "" } else { "code" },
        autocomplete: "one-time-code",
        hint: if recovery { words.recovery_hint } else { words.code_hint },
        autofocus: true,
        ..Look::default()
    };
    view! {
        <p>{(words.second_note)(&data.email)}</p>
        <form class="fields" method="post" action=EnterSecond::url() novalidate>
            <Summary error=error.clone() />
            <Field look=code error />
            <button class="btn btn-primary btn-wide" type="submit">
                {words.go_on}
            </button>
        </form>
        {data
            .app
            .then(|| {
                view! {
                    <p class="gate-other">
                        <a class="link" href=other>
                            {other_name}
                        </a>
                    </p>
                }
            })}
        {data.passkey.then(|| view! { <Door next=String::new() conditional=false /> })}
    }
    .into_any()
}
