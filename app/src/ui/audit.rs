//! A part of the audit log: its filter, its rows, the way to older ones and to a file of all of them.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{
    card::Empty,
    field::{Field, Look},
    icon::Icon,
    notice::Failure,
    table::Time,
};
use crate::{
    api::audit::{Asked, AuditList, AuditRow, Detail},
    error::ApiError,
    locale::use_text,
    text::Text,
};

/// Beginnings and whole names of actions that the filter offers, as far as `groups` and `actions` word them.
pub const OF_ORGANIZATIONS: [&str; 20] = [
    "organization.",
    "organization.created",
    "organization.updated",
    "organization.second_factor",
    "member.",
    "member.added",
    "member.role_changed",
    "member.removed",
    "invitation.",
    "invitation.created",
    "invitation.resent",
    "invitation.revoked",
    "team.",
    "team.created",
    "team.updated",
    "team.member_added",
    "team.member_removed",
    "team.deleted",
    "key.",
    "key.created",
];

/// What only the whole server's log has beside those.
pub const OF_SERVER: [&str; 33] = [
    "key.revoked",
    "user.",
    "user.created",
    "user.role_changed",
    "user.disabled",
    "user.enabled",
    "user.signed_out",
    "user.second_factor_reset",
    "user.password_reset",
    "user.deleted",
    "session.",
    "session.started",
    "session.ended",
    "session.new_device",
    "sign_in.",
    "factor.",
    "identity.",
    "token.",
    "token.created",
    "token.revoked",
    "provider.",
    "provider.created",
    "provider.updated",
    "provider.disabled",
    "provider.deleted",
    "model.",
    "model.created",
    "model.updated",
    "model.disabled",
    "model.deleted",
    "price.",
    "organization.deleted",
    "audit.",
];

/// Which part of the log, out of the address.
pub fn asked() -> Asked {
    let query = use_query_map();
    let part = |name: &str| query.read_untracked().get(name).unwrap_or_default();
    Asked {
        actor: part("actor"),
        action: part("action"),
        target: part("target"),
        from: part("from"),
        to: part("to"),
        after: part("after"),
    }
}

/// `page` is the address of the page it stands on, `export` where the account API gives it as a file.
#[component]
pub fn AuditLog(
    list: AuditList,
    page: String,
    export: String,
    offered: Vec<&'static str>,
    /// Whether the filter takes the id of what something was done to.
    #[prop(optional)]
    by_target: bool,
) -> impl IntoView {
    let text = use_text();
    let words = &text.audit;
    let AuditList {
        asked,
        rows,
        next,
        export: query,
        error,
    } = list;
    let is_narrowed = Asked {
        after: String::new(),
        ..asked.clone()
    } != Asked::default();
    let later = !asked.after.is_empty();
    let body = if rows.is_empty() {
        view! { <Empty icon=icondata_lu::LuScrollText title=words.empty note=words.empty_note /> }.into_any()
    } else {
        table(text, &page, rows)
    };
    let file = |format: &str, name: &'static str| {
        let joint = if query.is_empty() { "" } else { "&" };
        let href = [&export, "?format=", format, joint, &query].concat();
        view! {
            <a class="btn btn-small" href=href download data-testid=["export-", format].concat()>
                {name}
            </a>
        }
    };
    let files = view! { {file("csv", words.csv)} {file("json", words.json)} }.into_any();
    let older = next.map(|next| {
        view! {
            <a class="btn btn-small" href=[&page, "?", &next].concat() data-testid="older">
                {words.older}
                <Icon of=icondata_lu::LuArrowRight />
            </a>
        }
    });
    let newest = later.then(|| {
        view! {
            <a class="btn btn-small" href=page.clone()>
                {words.newest}
            </a>
        }
    });
    view! {
        {filter(text, &page, asked, is_narrowed, Offered { actions: offered, by_target }, error)}
        <section class="card card-flush">
            <div class="card-head">
                <h2>{words.list}</h2>
                <div class="in-row">{files}</div>
            </div>
            {body}
            <div class="after-table in-row">{newest} {older}</div>
        </section>
    }
    .into_any()
}

/// What a filter can narrow by.
struct Offered {
    actions: Vec<&'static str>,
    by_target: bool,
}

fn filter(
    text: &'static Text,
    page: &str,
    asked: Asked,
    is_narrowed: bool,
    offered: Offered,
    error: Option<ApiError>,
) -> AnyView {
    let words = &text.audit;
    let Offered {
        actions: mut offered,
        by_target,
    } = offered;
    // Each group with what is in it.
    let group = |action: &str| action.split('.').next().unwrap_or_default().to_owned();
    let mut order: Vec<String> = offered.iter().map(|action| group(action)).collect();
    order.dedup();
    offered.sort_by_key(|action| order.iter().position(|known| *known == group(action)));
    let on = Look {
        name: "target",
        label: words.on,
        kind: "slug",
        autocomplete: "off",
        hint: words.on_hint,
        optional: true,
        ..Look::default()
    };
    let on = by_target.then(|| view! { <Field look=on error=error.clone() value=asked.target.clone() /> });
    let who = Look {
        name: "actor",
        label: words.who,
        kind: "slug",
        autocomplete: "off",
        hint: words.who_hint,
        optional: true,
        ..Look::default()
    };
    let day = |name: &'static str, label: &'static str| Look {
        name,
        label,
        kind: "date",
        autocomplete: "off",
        optional: true,
        ..Look::default()
    };
    // What is in the address and not in the list stays chosen.
    let other = Some(asked.action.clone()).filter(|action| !action.is_empty() && !offered.contains(&action.as_str()));
    let option = |action: String| {
        let chosen = action == asked.action;
        let name = match action.strip_suffix('.') {
            Some(group) => (words.groups)(group).map(str::to_owned),
            None => (words.actions)(&action).map(|name| ["\u{a0}\u{a0}", name].concat()),
        };
        let name = name.unwrap_or_else(|| action.clone());
        view! {
            <option value=action selected=chosen>
                {name}
            </option>
        }
    };
    let options = offered
        .into_iter()
        .map(str::to_owned)
        .chain(other)
        .map(option)
        .collect_view();
    let clear = is_narrowed.then(|| {
        view! {
            <a class="btn btn-field" href=page.to_owned()>
                {words.clear}
            </a>
        }
    });
    // Of these the mistake stands beside them.
    let beside = |error: &ApiError| {
        ["actor", "target", "from", "to"]
            .iter()
            .any(|field| error.refusal.errors.contains_key(*field))
    };
    let failure = error.clone().filter(|error| !beside(error));
    view! {
        <section class="card">
            {failure.map(|error| view! { <Failure error /> })}
            <form method="get" action=page.to_owned() data-testid="audit-filter">
                <div class="key-form">
                    <Field look=who error=error.clone() value=asked.actor.clone() />
                    <div class="field">
                        <label for="action">{words.what}</label>
                        <select class="input" id="action" name="action">
                            <option value="">{words.any}</option>
                            {options}
                        </select>
                    </div>
                    {on}
                    <Field look=day("from", words.from) error=error.clone() value=asked.from.clone() />
                    <Field look=day("to", words.to) error value=asked.to.clone() />
                    <div class="field field-go">
                        <span class="label only-wide" aria-hidden="true">
                            "\u{a0}"
                        </span>
                        <div class="in-row">
                            <button class="btn btn-primary btn-field" type="submit">
                                {words.filter}
                            </button>
                            {clear}
                        </div>
                    </div>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn table(text: &'static Text, page: &str, rows: Vec<AuditRow>) -> AnyView {
    let words = &text.audit;
    let rows = rows.into_iter().map(|entry| row(text, page, entry)).collect_view();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=words.list>
            <table class="table stacks one-column" role="table">
                <thead>
                    <tr role="row">
                        <th scope="col">{words.when}</th>
                        <th scope="col">{words.who}</th>
                        <th scope="col">{words.what}</th>
                        <th scope="col">{words.on}</th>
                        <th scope="col">{words.details}</th>
                    </tr>
                </thead>
                <tbody class="num">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(text: &'static Text, page: &str, entry: AuditRow) -> AnyView {
    let words = &text.audit;
    let code = entry.action.clone();
    let action = (words.actions)(&code).map_or_else(|| code.clone(), str::to_owned);
    let target = match entry.target {
        Some(target) => view! { <span class="anywhere">{target}</span> }.into_any(),
        None => ().into_any(),
    };
    let address = entry
        .address
        .map(|address| view! { <p class="muted small anywhere">{address}</p> });
    let kind = (words.actors)(&entry.actor_kind);
    let actor = match (entry.actor, entry.actor_id) {
        (Some(name), Some(id)) => view! {
            <a class="link anywhere" href=[page, "?actor=", &id].concat()>
                {name}
            </a>
        }
        .into_any(),
        (None, Some(id)) => view! {
            <a class="muted" href=[page, "?actor=", &id].concat()>
                {words.gone}
            </a>
        }
        .into_any(),
        (_, None) => view! { <span class="soft">{kind}</span> }.into_any(),
    };
    view! {
        <tr role="row" data-testid="audit-row" data-action=code>
            <td role="cell" class="nowrap">
                <Time at=entry.at />
            </td>
            <td role="cell" class="min-w-32">
                {actor} {address}
            </td>
            <td role="cell">
                <span class="font-medium" title=entry.action>
                    {action}
                </span>
            </td>
            <td role="cell">
                <span class="muted" title=entry.target_id>
                    {(words.targets)(&entry.target_kind)}
                    " "
                </span>
                {target}
            </td>
            <td role="cell">{entry.details.into_iter().map(detail).collect_view()}</td>
        </tr>
    }
    .into_any()
}

fn detail(told: Detail) -> AnyView {
    let values = match (told.before, told.after) {
        (Some(before), Some(after)) => [&before, " → ", &after].concat(),
        (Some(before), None) => [&before, " → –"].concat(),
        (None, Some(after)) => after,
        (None, None) => "–".to_owned(),
    };
    view! {
        <p class="small anywhere">
            <code>{told.field}</code>
            " "
            {values}
        </p>
    }
    .into_any()
}
