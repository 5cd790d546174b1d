//! What passkeys need of the browser: one small script beside the forms that use it.
//!
//! The forms are plain: the script asks the browser for the credential, puts it into the form's hidden fields and sends it.

use leptos::{nonce::use_nonce, prelude::*, server_fn::ServerFn};

use super::icon::Icon;
use crate::{api::second::EnterPasskey, locale::use_text};

/// The script. Once a page.
#[component]
pub fn Script() -> impl IntoView {
    view! {
        <script type="module" nonce=use_nonce()>
            {include_str!("passkey.js")}
        </script>
    }
    .into_any()
}

/// The fields that the script fills in.
#[component]
pub fn Answer() -> impl IntoView {
    view! {
        <input type="hidden" name="ceremony" />
        <input type="hidden" name="credential" />
        <input type="hidden" name="failed" />
    }
    .into_any()
}

/// A button that signs in with a passkey. `conditional`: passkeys also stand among the suggestions of the page's first field.
#[component]
pub fn Door(next: String, conditional: bool) -> impl IntoView {
    let words = &use_text().factors;
    view! {
        <form
            class="ways needs-passkeys"
            method="post"
            action=EnterPasskey::url()
            data-passkey="get"
            data-conditional=conditional.then_some("")
        >
            <p class="or">{words.or}</p>
            <input type="hidden" name="next" value=next />
            <Answer />
            <button class="btn btn-wide" type="submit" data-testid="passkey">
                <Icon of=icondata_lu::LuFingerprint />
                {words.with_passkey}
            </button>
        </form>
        <Script />
    }
    .into_any()
}
