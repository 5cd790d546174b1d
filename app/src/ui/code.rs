//! Code to take away: a block with a copy button, and a secret in full.

use leptos::{prelude::*, wasm_bindgen::JsCast};

use super::icon::Icon;
use crate::locale::use_text;

/// Copies the text of the element with this id. Where the clipboard is closed to pages (plain http), it is selected instead.
#[island]
pub fn Copy(of: String, large: bool) -> impl IntoView {
    copy_button(of, large)
}

/// The same inside an island.
pub fn copy_button(of: String, large: bool) -> impl IntoView {
    let text = use_text();
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let Some(element) = document().get_element_by_id(&of) else {
            return;
        };
        let navigator = window().navigator();
        // `undefined` outside secure contexts, whatever the binding's type says.
        if navigator
            .clipboard()
            .unchecked_ref::<leptos::wasm_bindgen::JsValue>()
            .is_undefined()
        {
            if let Ok(Some(selection)) = window().get_selection() {
                let _ = selection.select_all_children(&element);
            }
            return;
        }
        let _ = navigator
            .clipboard()
            .write_text(&element.text_content().unwrap_or_default());
        copied.set(true);
        set_timeout(move || copied.set(false), std::time::Duration::from_secs(2));
    };
    let icon = move || {
        let icon = if copied.get() {
            icondata_lu::LuCheck
        } else {
            icondata_lu::LuCopy
        };
        view! { <Icon of=icon /> }
    };
    view! {
        <button class="btn needs-script" class:btn-small=!large type="button" on:click=copy>
            {icon}
            <span aria-live="polite">
                {move || if copied.get() { text.common.copied } else { text.common.copy }}
            </span>
        </button>
    }
}

/// A key in full, the only time it is shown.
#[component]
pub fn Secret(value: String) -> impl IntoView {
    view! {
        <div class="secret">
            <code id="new-key" data-testid="new-key">
                {value}
            </code>
            <Copy of="new-key".to_owned() large=true />
        </div>
    }
    .into_any()
}

/// A line to copy, such as an address.
#[component]
pub fn Line(id: &'static str, value: String) -> impl IntoView {
    view! {
        <div class="secret secret-line">
            <code id=id tabindex="0">
                {value}
            </code>
            <Copy of=id.to_owned() large=false />
        </div>
    }
    .into_any()
}
