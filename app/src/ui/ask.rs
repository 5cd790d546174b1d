//! Asking before something is done that cannot be undone.

use leptos::prelude::*;

use crate::locale::use_text;

/// Something that is asked about before it is done.
pub struct Way {
    /// Of the question, once a page.
    pub id: String,
    pub action: &'static str,
    pub hidden: Vec<(&'static str, String)>,
    /// On both buttons.
    pub label: &'static str,
    pub title: String,
    pub note: &'static str,
    /// Its name in the page; the second button's ends in `-confirm`.
    pub part: &'static str,
}

/// A button that asks; the question opens without a script.
pub fn ask(way: Way) -> AnyView {
    let text = use_text();
    let Way {
        id,
        action,
        hidden,
        label,
        title,
        note,
        part,
    } = way;
    let (opens, closes) = (id.clone(), id.clone());
    let hidden = hidden
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect_view();
    view! {
        <button class="btn btn-small" type="button" popovertarget=opens data-testid=part>
            {label}
        </button>
        <div class="ask" id=id popover="auto" role="dialog" aria-label=label>
            <b>{title}</b>
            <p>{note}</p>
            <form method="post" action=action>
                {hidden}
                <div class="flex gap-2 justify-end">
                    <button class="btn" type="button" popovertarget=closes popovertargetaction="hide">
                        {text.common.cancel}
                    </button>
                    <button class="btn btn-danger" type="submit" data-testid=[part, "-confirm"].concat()>
                        {label}
                    </button>
                </div>
            </form>
        </div>
    }
    .into_any()
}
