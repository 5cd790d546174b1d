//! Lucide icons and the mark of Weirgate. Icons are ornament: the words beside them carry the meaning.

use leptos::{prelude::*, svg::InertElement};

/// Icons are sized by the style sheet of where they stand.
#[component]
pub fn Icon(of: icondata_core::Icon) -> impl IntoView {
    // One element around the paths, so that there is one node to hydrate.
    let paths = ["<g>", of.data, "</g>"].concat();
    view! {
        <svg
            width="18"
            height="18"
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            stroke-width="1.9"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            {InertElement::new(paths)}
        </svg>
    }
    .into_any()
}

/// Three streams over the weir.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg
            width="26"
            height="26"
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            stroke-width="2.1"
            stroke-linecap="round"
            aria-hidden="true"
        >
            <path d="M2 6h9c3 0 2 6 5 6h6" />
            <path d="M2 11h6c3 0 2 6 5 6h9" opacity=".65" />
            <path d="M2 16h3c3 0 2 5 5 5h12" opacity=".35" />
        </svg>
    }
    .into_any()
}

/// The mark and the name.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <span class="brand">
            <Mark />
            <span class="word">"Weirgate"</span>
        </span>
    }
    .into_any()
}
