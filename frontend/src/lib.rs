//! The browser's entry: makes the islands' code ready to take over their places in the page, and nothing else.

// The islands are functions that this crate exports without naming them.
use app as _;
use leptos::wasm_bindgen;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub fn hydrate() {
    #[cfg(debug_assertions)]
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
