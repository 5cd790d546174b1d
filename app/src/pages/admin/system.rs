//! `/admin/system`: what this server is, where its database stands, and every setting with its source.

use leptos::prelude::*;
use types::system::Setting;

use super::{Fact, Page, load};
use crate::{
    api::admin::system::{NodeView, SystemView, read_admin_system},
    locale::use_text,
    text::Text,
    ui::{
        notice::{Notice, Tone},
        table::Time,
    },
};

#[component]
pub fn System() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_admin_system());
    load(data, page)
}

fn page(data: SystemView) -> AnyView {
    let text = use_text();
    let words = &text.admin.system;
    let pending = (!data.pending.is_empty()).then(|| {
        view! {
            <Notice tone=Tone::Warn>
                <b>{words.pending}</b>
                <p>{data.pending.join(", ")}</p>
            </Notice>
        }
    });
    let environment = if data.is_production {
        words.production
    } else {
        words.development
    };
    let settings = data.settings.into_iter().map(|line| setting(text, line)).collect_view();
    view! {
        <Page open="system">
            {pending}
            <section class="card" data-testid="system">
                <div class="card-head">
                    <h2>{words.title}</h2>
                </div>
                <dl class="facts facts-many">
                    <Fact name=words.version value=data.version />
                    <Fact name=words.environment value=environment.to_owned() />
                    <Fact name=words.address value=data.public_url />
                    <div>
                        <dt>{words.started}</dt>
                        <dd>
                            <Time at=data.started />
                        </dd>
                    </div>
                    <Fact name=words.database value=data.database />
                    <Fact name=words.size value=(words.megabytes)(&data.size) />
                    <Fact name=words.migrations value=data.applied />
                    <Fact name=words.last_poll value=data.last_poll.unwrap_or_else(|| text.common.never.to_owned()) />
                </dl>
            </section>
            {nodes(text, data.nodes)}
            <section class="card card-flush">
                <div class="card-head">
                    <div>
                        <h2>{words.settings}</h2>
                        <p class="muted small">{words.settings_note}</p>
                    </div>
                </div>
                <div class="scroll" tabindex="0" role="region" aria-label=words.settings>
                    <table class="table stacks one-column" role="table">
                        <thead>
                            <tr role="row">
                                <th scope="col">{words.setting}</th>
                                <th scope="col">{words.value}</th>
                                <th scope="col">{words.source}</th>
                            </tr>
                        </thead>
                        <tbody>{settings}</tbody>
                    </table>
                </div>
            </section>
        </Page>
    }
    .into_any()
}

fn nodes(text: &'static Text, nodes: Vec<NodeView>) -> AnyView {
    let words = &text.admin.system;
    let row = |node: NodeView| {
        let state = match node.is_alive {
            true => view! { <span class="tag tag-good">{words.alive}</span> }.into_any(),
            false => view! { <span class="tag tag-warn">{words.gone}</span> }.into_any(),
        };
        let this = node
            .is_this
            .then(|| view! { " " <span class="tag tag-plain">{words.this}</span> });
        view! {
            <tr role="row" data-testid="node-row">
                <td role="cell">{node.id} {this}</td>
                <td role="cell" data-label=words.started>
                    <Time at=node.started />
                </td>
                <td role="cell">{state}</td>
            </tr>
        }
    };
    view! {
        <section class="card card-flush">
            <div class="card-head">
                <div>
                    <h2>{words.nodes}</h2>
                    <p class="muted small">{words.nodes_note}</p>
                </div>
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label=words.nodes>
                <table class="table stacks one-column" role="table">
                    <thead>
                        <tr role="row">
                            <th scope="col">{words.node}</th>
                            <th scope="col">{words.started}</th>
                            <th scope="col">{words.state}</th>
                        </tr>
                    </thead>
                    <tbody class="num">{nodes.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn setting(text: &'static Text, line: Setting) -> AnyView {
    let value = match line.value {
        Some(value) => view! { <code class="anywhere">{value}</code> }.into_any(),
        None => view! { <span class="muted">{text.common.none}</span> }.into_any(),
    };
    view! {
        <tr role="row">
            <td role="cell">
                <code class="anywhere">{line.key}</code>
            </td>
            <td role="cell">{value}</td>
            <td role="cell" class="muted small anywhere">
                {source(text, line.source)}
            </td>
        </tr>
    }
    .into_any()
}

/// Where a setting comes from, in the reader's language; names of files and variables are the same in all of them.
fn source(text: &Text, source: String) -> String {
    let words = &text.admin.system;
    let known = match source.as_str() {
        "default" => words.source_default,
        "command line" => words.source_command_line,
        "derived" => words.source_derived,
        "not set" => words.source_none,
        other => {
            return match other.strip_prefix("environment ") {
                Some(names) => format!("{} {names}", words.source_environment),
                None => source,
            };
        }
    };
    known.to_owned()
}
