//! Name, user name and picture.

use leptos::{prelude::*, server_fn::ServerFn};

use crate::{
    api::profile::{ProfileView, SaveProfile, read_profile},
    locale::use_text,
    ui::{
        avatar::Avatar,
        field::{Field, Look},
        load::load,
        notice::{Failure, Notice, Tone},
    },
};

#[component]
pub fn Profile() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_profile());
    load(data, section)
}

fn section(data: ProfileView) -> AnyView {
    let text = use_text();
    let words = &text.settings;
    let error = data.form.error.clone();
    let summary = error.clone().filter(|error| !error.is_about_fields());
    let name = Look {
        name: "full_name",
        form: "profile",
        label: text.auth.full_name,
        autocomplete: "name",
        optional: true,
        ..Look::default()
    };
    let username = Look {
        name: "username",
        form: "profile",
        label: text.auth.username,
        autocomplete: "nickname",
        ..Look::default()
    };
    let avatar = Look {
        name: "avatar_url",
        form: "profile",
        label: words.avatar,
        kind: "url",
        autocomplete: "photo",
        hint: words.avatar_hint,
        placeholder: "https://",
        optional: true,
        ..Look::default()
    };
    view! {
        <section class="card" id="profile">
            <div class="card-head">
                <h2>{words.profile}</h2>
                <p class="muted small">{data.email.clone()}</p>
            </div>
            {data.saved.then(|| view! { <Notice tone=Tone::Good>{text.common.saved}</Notice> })}
            {summary.map(|error| view! { <Failure error /> })}
            <form class="fields" method="post" action=SaveProfile::url() novalidate>
                <Avatar initials=data.initials url=data.saved_avatar large=true />
                <Field look=name error=error.clone() value=data.full_name />
                <Field look=username error=error.clone() value=data.username />
                <Field look=avatar error value=data.avatar_url />
                <div>
                    <button class="btn btn-primary" type="submit">
                        {text.common.save}
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}
