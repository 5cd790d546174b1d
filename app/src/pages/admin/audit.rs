//! `/admin/audit`: who changed what on this server.

use leptos::prelude::*;

use super::{Filter, Next, Page, asked, load, name_of, nothing};
use crate::{
    api::admin::audit::{AuditQuery, AuditView, EntryView, read_admin_audit},
    locale::use_text,
    text::Text,
    ui::{
        field::{Field, Look},
        icon::Icon,
        table::Time,
    },
};

#[component]
pub fn AuditLog() -> impl IntoView {
    let query = || AuditQuery {
        actor: asked("actor"),
        action: asked("action"),
        target: asked("target"),
        from: asked("from"),
        to: asked("to"),
        after: asked("after"),
    };
    let data = Resource::new(query, read_admin_audit);
    load(data, page)
}

fn page(data: AuditView) -> AnyView {
    let text = use_text();
    let words = &text.admin.audit;
    let AuditView {
        query,
        entries,
        next,
        csv,
        json,
        error,
    } = data;
    let none = nothing(entries.is_empty());
    let rows = entries.into_iter().map(|entry| row(text, entry)).collect_view();
    let look = |name, label, kind, hint| Look {
        name,
        label,
        kind,
        hint,
        autocomplete: "off",
        optional: true,
        ..Look::default()
    };
    view! {
        <Page open="audit">
            <Filter page="audit">
                <Field look=look("actor", words.actor, "slug", words.actor_hint) error=error.clone() value=query.actor />
                <Field look=look("action", words.action, "slug", words.action_hint) error=error.clone() value=query.action />
                <Field look=look("target", words.target, "slug", words.target_hint) error=error.clone() value=query.target />
                <Field look=look("from", text.admin.from, "date", "") error=error.clone() value=query.from />
                <Field look=look("to", text.admin.to, "date", "") error value=query.to />
            </Filter>
            <section class="card card-flush">
                <div class="card-head">
                    <div>
                        <h2>{words.title}</h2>
                        <p class="muted small">{words.note}</p>
                    </div>
                    <div class="in-row">
                        <a class="btn btn-small" href=csv download="audit.csv" rel="external">
                            <Icon of=icondata_lu::LuDownload />
                            {words.export_csv}
                        </a>
                        <a class="btn btn-small" href=json download="audit.json" rel="external">
                            <Icon of=icondata_lu::LuDownload />
                            {words.export_json}
                        </a>
                    </div>
                </div>
                <div class="scroll" tabindex="0" role="region" aria-label=words.title>
                    <table class="table stacks one-column" role="table">
                        <thead>
                            <tr role="row">
                                <th scope="col">{words.at}</th>
                                <th scope="col">{words.actor}</th>
                                <th scope="col">{words.action}</th>
                                <th scope="col">{words.target}</th>
                                <th scope="col">{words.details}</th>
                            </tr>
                        </thead>
                        <tbody class="num">{rows}</tbody>
                    </table>
                </div>
                {none}
                <Next href=next />
            </section>
        </Page>
    }
    .into_any()
}

fn row(text: &'static Text, entry: EntryView) -> AnyView {
    let words = &text.admin.audit;
    let actor = name_of(entry.actor, (words.actors)(&entry.actor_kind));
    let target = name_of(entry.target, text.common.none);
    let address = entry
        .address
        .map(|address| view! { <p class="muted small">{address}</p> });
    view! {
        <tr role="row" data-testid="audit-row">
            <td role="cell" class="nowrap">
                <Time at=entry.at />
            </td>
            <td role="cell">{actor} {address}</td>
            <td role="cell">
                <code>{entry.action}</code>
            </td>
            <td role="cell">
                {target}
                <p class="muted small">{(words.targets)(&entry.target_kind)}</p>
            </td>
            <td role="cell">
                {(!entry.details.is_empty())
                    .then(|| view! { <code class="small anywhere">{entry.details}</code> })}
            </td>
        </tr>
    }
    .into_any()
}
