//! Deleting the account: folded away until it is asked for.

use leptos::{prelude::*, server_fn::ServerFn};

use crate::{
    api::profile::{Leave as Do, LeaveView, read_leave},
    locale::use_text,
    ui::{
        field::{Field, Look},
        load::load,
        notice::Failure,
    },
};

#[component]
pub fn Leave() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_leave());
    load(data, section)
}

fn section(data: LeaveView) -> AnyView {
    let text = use_text();
    let words = &text.settings;
    let error = data.form.error.clone();
    let open = error.is_some();
    let summary = error.clone().filter(|error| !error.is_about_fields());
    let password = Look {
        name: "password",
        form: "leave",
        label: words.delete_confirm,
        kind: "password",
        autocomplete: "current-password",
        ..Look::default()
    };
    view! {
        <section class="card" id="delete">
            <div class="card-head">
                <h2>{words.delete}</h2>
                <p class="muted small">{words.delete_note}</p>
            </div>
            <details open=open>
                <summary class="btn btn-danger">{words.delete}</summary>
                <form class="fields mt-4" method="post" action=Do::url() novalidate>
                    {summary.map(|error| view! { <Failure error /> })}
                    {data.has_password.then(|| view! { <Field look=password error /> })}
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
