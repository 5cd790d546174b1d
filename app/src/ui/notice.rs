//! Messages on the page: what happened, why, and what to do.

use leptos::prelude::*;

use super::icon::Icon;
use crate::{error::ApiError, locale::use_text};

#[derive(Clone, Copy)]
pub enum Tone {
    Info,
    Good,
    Warn,
    Bad,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Tone::Info => "notice",
            Tone::Good => "notice notice-good",
            Tone::Warn => "notice notice-warn",
            Tone::Bad => "notice notice-bad",
        }
    }

    fn icon(self) -> icondata_core::Icon {
        match self {
            Tone::Info => icondata_lu::LuInfo,
            Tone::Good => icondata_lu::LuCircleCheck,
            Tone::Warn => icondata_lu::LuTriangleAlert,
            Tone::Bad => icondata_lu::LuCircleAlert,
        }
    }

    /// Bad news interrupts a screen reader, other news waits.
    fn role(self) -> &'static str {
        match self {
            Tone::Bad => "alert",
            _ => "status",
        }
    }
}

#[component]
pub fn Notice(tone: Tone, children: Children) -> impl IntoView {
    view! {
        <div class=tone.class() role=tone.role()>
            <Icon of=tone.icon() />
            <div>{children()}</div>
        </div>
    }
    .into_any()
}

/// A refusal or a failure in the reader's language, with the request's id when there is one.
#[component]
pub fn Failure(error: ApiError) -> impl IntoView {
    let text = use_text();
    let message = error.message(text);
    let id = (!error.request_id.is_empty() && error.refusal.status() >= 500).then_some(error.request_id);
    view! {
        <Notice tone=Tone::Bad>
            <b>{text.errors.title}</b>
            <p>{message}</p>
            {id
                .map(|id| {
                    view! {
                        <p class="small">
                            {text.common.request_id} " " <code>{id}</code>
                        </p>
                    }
                })}
        </Notice>
    }
    .into_any()
}
