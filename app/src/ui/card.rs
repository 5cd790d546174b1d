//! Cards, tiles and empty states.

use leptos::prelude::*;

use super::icon::Icon;

/// A number with its name above and what puts it into proportion below.
#[component]
pub fn Tile(name: &'static str, value: String, note: String) -> impl IntoView {
    view! {
        <div class="card tile">
            <h2>{name}</h2>
            <b>{value}</b>
            <small>{note}</small>
        </div>
    }
    .into_any()
}

/// Nothing is here yet: what it will be, and the next step.
#[component]
pub fn Empty(icon: icondata_core::Icon, title: &'static str, note: &'static str) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-icon">
                <Icon of=icon />
            </span>
            <b>{title}</b>
            <p>{note}</p>
        </div>
    }
    .into_any()
}
