//! No such page: 404, signed in or not.

use http::StatusCode;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{locale::use_text, ui::icon::Mark};

#[component]
pub fn Lost() -> impl IntoView {
    answer(StatusCode::NOT_FOUND);
    view! { <main class="lost">{words()}</main> }.into_any()
}

/// The same inside the frame, for what does not exist as far as the reader may know.
pub fn nothing_here() -> AnyView {
    answer(StatusCode::NOT_FOUND);
    view! { <div class="lost">{words()}</div> }.into_any()
}

fn words() -> AnyView {
    let words = &use_text().errors;
    view! {
        <Title text=words.lost />
        <div>
            <Mark />
            <span class="num">"404"</span>
            <h1>{words.lost}</h1>
            <p>{words.lost_note}</p>
            <a class="btn btn-primary" href="/">
                {words.home}
            </a>
        </div>
    }
    .into_any()
}

/// The status of the page. Only the server has one to give.
pub fn answer(status: StatusCode) {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(status);
    }
    #[cfg(not(feature = "ssr"))]
    let _ = status;
}
