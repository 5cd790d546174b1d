//! The page of the signed-out: what Weirgate is on the left, the form on the right.

use leptos::prelude::*;

use super::{
    icon::{Brand, Icon},
    switches::{LanguageSwitch, ThemeSwitch, here},
};
use crate::locale::use_text;

#[component]
pub fn Gate(children: Children) -> impl IntoView {
    let words = &use_text().auth;
    let here = here();
    let icons = [
        icondata_lu::LuPlug,
        icondata_lu::LuReceiptText,
        icondata_lu::LuShieldCheck,
    ];
    let points = words
        .points
        .into_iter()
        .zip(icons)
        .map(|(point, icon)| {
            view! {
                <li>
                    <Icon of=icon />
                    <span>{point}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="gate">
            <aside class="gate-art">
                <Weir />
                <Brand />
                <div>
                    <p class="gate-pitch">{words.pitch}</p>
                    <ul>{points}</ul>
                </div>
            </aside>
            <div class="gate-main">
                <header class="gate-tools">
                    <Brand />
                    <LanguageSwitch back=here.clone() />
                    <ThemeSwitch back=here />
                </header>
                <main class="gate-form" id="content">
                    {children()}
                </main>
            </div>
        </div>
    }
    .into_any()
}

/// Water over a sill.
#[component]
fn Weir() -> impl IntoView {
    let streams = (0..9)
        .map(|line| {
            let y = (20 + line * 26).to_string();
            let x = (392 - line * 36).to_string();
            let d = ["M-20 ", &y, "H", &x, "c70 0 46 150 116 150H900"].concat();
            view! { <path d=d opacity=["0.", &(9 - line).to_string()].concat()></path> }
        })
        .collect_view();
    view! {
        <svg
            class="weir"
            viewBox="0 0 640 400"
            preserveAspectRatio="xMidYMax slice"
            fill="none"
            stroke="currentColor"
            stroke-width="5"
            stroke-linecap="round"
            aria-hidden="true"
        >
            {streams}
        </svg>
    }
    .into_any()
}
