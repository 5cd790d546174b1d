//! `/models`: what the reader may call, and what it costs.

use leptos::prelude::*;
use types::catalogue::{Availability, ModelKind};

use super::organization::{More, after};
use crate::{
    api::models::{OfferedPage, OfferedView, read_offered},
    locale::use_text,
    text::Text,
    ui::{card::Empty, head::PageHead, load::load},
};

#[component]
pub fn Models() -> impl IntoView {
    let words = &use_text().catalogue.offered;
    let data = Resource::new(after, read_offered);
    view! {
        <PageHead title=words.title note=words.note />
        {load(data, page)}
    }
    .into_any()
}

fn page(data: OfferedPage) -> AnyView {
    let text = use_text();
    let words = &text.catalogue.offered;
    let list = match data.models.is_empty() {
        true => view! { <Empty icon=icondata_lu::LuBoxes title=words.empty note=words.empty_note /> }.into_any(),
        false => table(text, data.models),
    };
    view! {
        <section class="card card-flush">
            <div class="card-head">
                <div>
                    <h2>{words.list}</h2>
                    <p class="muted small">{text.catalogue.per_million}</p>
                </div>
            </div>
            {list}
            <More path="/models".to_owned() next=data.next />
        </section>
    }
    .into_any()
}

fn table(text: &'static Text, models: Vec<OfferedView>) -> AnyView {
    let words = &text.catalogue.offered;
    let rows = models.into_iter().map(|model| row(text, model)).collect_view();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=words.list>
            <table class="table stacks one-column" role="table">
                <thead>
                    <tr role="row">
                        <th scope="col">{words.model}</th>
                        <th scope="col">{words.served_by}</th>
                        <th scope="col" class="n">
                            {words.context}
                        </th>
                        <th scope="col" class="n">
                            {words.output}
                        </th>
                        <th scope="col">{words.can}</th>
                        <th scope="col" class="n">
                            {words.input_price}
                        </th>
                        <th scope="col" class="n">
                            {words.output_price}
                        </th>
                        <th scope="col" class="n">
                            {words.cache_price}
                        </th>
                        <th scope="col">{words.state}</th>
                    </tr>
                </thead>
                <tbody class="num">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// The tag of how a model fares.
pub const fn tone(availability: Availability) -> &'static str {
    match availability {
        Availability::Available => "tag tag-good",
        Availability::Degraded => "tag tag-warn",
        Availability::Unavailable => "tag tag-bad",
    }
}

fn row(text: &'static Text, model: OfferedView) -> AnyView {
    let words = &text.catalogue.offered;
    let none = || text.common.none.to_owned();
    let [input, output, cached] = match (model.price, model.is_free) {
        (_, true) => [text.catalogue.free.to_owned(), text.catalogue.free.to_owned(), none()],
        (Some(price), false) => price.map(|price| ["$", &price].concat()),
        (None, false) => [
            text.catalogue.unpriced.to_owned(),
            text.catalogue.unpriced.to_owned(),
            none(),
        ],
    };
    let class = tone(model.availability);
    let mut abilities = model.capabilities;
    if model.kind == ModelKind::Embedding {
        abilities.insert(0, (text.catalogue.models.kinds)(model.kind).to_owned());
    }
    let can = abilities.join(", ");
    let demo = model
        .is_demo
        .then(|| view! { " " <span class="tag tag-warn">{text.common.demo}</span> });
    view! {
        <tr role="row" data-testid="offered-row">
            <td role="cell">
                <code class="anywhere">{model.name}</code>
                {demo}
                <p class="muted small">{model.display_name}</p>
            </td>
            <td role="cell" class="anywhere" data-label=words.served_by>
                {model.providers}
            </td>
            <td role="cell" class="n" data-label=words.context>
                {model.context.unwrap_or_else(none)}
            </td>
            <td role="cell" class="n" data-label=words.output>
                {model.output.unwrap_or_else(none)}
            </td>
            <td role="cell" class="anywhere" data-label=words.can>
                {if can.is_empty() { none() } else { can }}
            </td>
            <td role="cell" class="n" data-label=words.input_price>
                {input}
            </td>
            <td role="cell" class="n" data-label=words.output_price>
                {output}
            </td>
            <td role="cell" class="n" data-label=words.cache_price>
                {cached}
            </td>
            <td role="cell">
                <span class=class>{(words.availability)(model.availability)}</span>
            </td>
        </tr>
    }
    .into_any()
}
