//! What a model costs: set, withdrawn, and every version of it.

use leptos::{prelude::*, server_fn::ServerFn};

use crate::{
    api::{
        Form,
        admin::models::{ModelView, SetPrice, VersionView, WithdrawPrice},
    },
    pages::{
        admin::{providers::tick, trouble},
        organization::{Way, ask},
    },
    text::Text,
    ui::{
        field::{Field, Look},
        table::Time,
    },
};

/// The form that sets it, and its versions. `is_mine`: the reader may change them.
pub fn section(
    text: &'static Text,
    model: &ModelView,
    versions: Vec<VersionView>,
    form: &Form,
    is_mine: bool,
) -> AnyView {
    let words = &text.catalogue.models;
    let holds = versions.first().filter(|version| is_mine && version.price.is_some());
    let withdraw = holds.map(|version| {
        ask(Way {
            id: "withdraw-price".to_owned(),
            action: WithdrawPrice::url(),
            hidden: vec![("id", model.id.clone()), ("version", version.version.clone())],
            label: words.withdraw,
            title: (words.withdraw_ask)(&model.name),
            note: words.withdraw_note,
            part: "withdraw-price",
        })
    });
    let history = (!versions.is_empty()).then(|| history(text, versions));
    let setting = is_mine.then(|| {
        let error = form.error_of("set_price");
        let stored = model.price.clone().unwrap_or_default();
        let names = ["input", "output", "cache_read", "cache_write_5m", "cache_write_1h"];
        let fields = names.into_iter().zip(words.prices).zip(stored).enumerate();
        let fields = fields
            .map(|(index, ((name, label), stored))| {
                let look = Look {
                    name,
                    label,
                    autocomplete: "off",
                    hint: if index < 2 { "" } else { words.price_optional },
                    optional: index >= 2,
                    placeholder: "0.00",
                    ..Look::default()
                };
                let value = if error.is_some() { form.value(name) } else { stored };
                view! { <Field look error=error.clone() value /> }
            })
            .collect_view();
        let is_free = error.is_some() && form.value("free") == "yes";
        view! {
            <form method="post" action=SetPrice::url() data-testid="set-price" novalidate>
                <input type="hidden" name="id" value=model.id.clone() />
                {trouble(error.clone(), text.catalogue.in_the_way)}
                <div class="price-form">{fields}</div>
                <div class="mt-3">{tick("free", words.is_free, "", is_free)}</div>
                <p class="mt-3">
                    <button class="btn btn-primary" type="submit">
                        {words.set_price}
                    </button>
                </p>
            </form>
        }
    });
    view! {
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{words.price}</h2>
                    <p class="muted small">{text.catalogue.per_million} ". " {words.price_note}</p>
                </div>
                <div>{withdraw}</div>
            </div>
            {setting}
            {history}
        </section>
    }
    .into_any()
}

fn history(text: &'static Text, versions: Vec<VersionView>) -> AnyView {
    let words = &text.catalogue.models;
    let row = |version: VersionView| {
        let withdrawn = version
            .price
            .is_none()
            .then(|| view! { " " <span class="tag tag-warn">{words.no_price}</span> });
        let prices = version.price.unwrap_or_default();
        let cells = words.prices.into_iter().zip(prices);
        let cells = cells
            .map(|(name, price)| {
                let price = if price.is_empty() {
                    text.common.none.to_owned()
                } else {
                    price
                };
                view! {
                    <td role="cell" class="n" data-label=name>
                        {price}
                    </td>
                }
            })
            .collect_view();
        view! {
            <tr role="row" data-testid="price-row">
                <td role="cell" data-label=words.version>
                    {version.version} {withdrawn}
                </td>
                {cells}
                <td role="cell" class="nowrap" data-label=words.since>
                    <Time at=version.since />
                </td>
                <td role="cell" class="anywhere" data-label=words.author>
                    {version.author.unwrap_or_else(|| words.configuration.to_owned())}
                </td>
            </tr>
        }
        .into_any()
    };
    let heads = words
        .prices
        .into_iter()
        .map(|name| view! { <th scope="col" class="n">{name}</th> })
        .collect_view();
    view! {
        <h3 class="label mt-4">{words.history}</h3>
        <div class="scroll" tabindex="0" role="region" aria-label=words.history>
            <table class="table stacks one-column" role="table">
                <thead>
                    <tr role="row">
                        <th scope="col">{words.version}</th>
                        {heads}
                        <th scope="col">{words.since}</th>
                        <th scope="col">{words.author}</th>
                    </tr>
                </thead>
                <tbody class="num">{versions.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}
