//! `/admin/models`: the models that are offered, who serves them and what they cost.

use leptos::prelude::*;

use super::{Next, Page, asked, litellm, load, providers::states, trouble};
use crate::{
    api::admin::{
        models::{ModelView, ModelsView, Written, read_models},
        path,
    },
    locale::use_text,
    pages::models::tone,
    text::Text,
    ui::{
        card::Empty,
        notice::{Notice, Tone},
    },
};

#[component]
pub fn Models() -> impl IntoView {
    let data = Resource::new(|| asked("after"), read_models);
    load(data, page)
}

fn page(data: ModelsView) -> AnyView {
    let text = use_text();
    let words = &text.catalogue.models;
    let done = (data.form.name == "delete_model" && data.form.is_saved()).then_some(words.deleted);
    let add = data.may_change.then(|| {
        view! {
            <a class="btn btn-primary" href=path("models/new") data-testid="add-model">
                {words.add}
            </a>
        }
    });
    let trouble = trouble(data.form.error_of("sync_models"), text.catalogue.in_the_way);
    let proxy = data
        .litellm
        .map(|proxy| litellm::section(text, proxy, data.may_change, &data.form));
    let list = match data.models.is_empty() {
        true => view! { <Empty icon=icondata_lu::LuBoxes title=words.empty note=words.empty_note /> }.into_any(),
        false => table(text, data.models),
    };
    view! {
        <Page open="models">
            {done.map(|done| view! { <Notice tone=Tone::Good>{done}</Notice> })}
            {trouble}
            {proxy}
            <section class="card card-flush">
                <div class="card-head">
                    <div>
                        <h2>{words.list}</h2>
                        <p class="muted small">{words.note}</p>
                    </div>
                    <div>{add}</div>
                </div>
                {list}
                <Next href=data.next />
            </section>
        </Page>
    }
    .into_any()
}

fn table(text: &'static Text, models: Vec<ModelView>) -> AnyView {
    let words = &text.catalogue.models;
    let row = |model: ModelView| {
        let unserved = (model.is_enabled && !model.is_served)
            .then(|| view! { " " <span class="tag tag-bad">{words.unserved}</span> });
        let mut providers: Vec<&str> = model.routes.iter().map(|route| route.provider.as_str()).collect();
        providers.dedup();
        let providers = providers.join(", ");
        view! {
            <tr role="row" data-testid="model-row">
                <td role="cell">
                    <a class="link anywhere" href=path(&["models/", &model.id].concat())>
                        {model.name.clone()}
                    </a>
                    <p class="muted small anywhere">{model.display_name.clone()}</p>
                </td>
                <td role="cell" class="anywhere" data-label=words.provider>
                    {providers}
                </td>
                <td role="cell" data-label=words.price title=text.catalogue.per_million>
                    {in_short(text, model.price.as_ref())}
                </td>
                <td role="cell">{states(text, model.is_enabled, model.managed.then_some(model.origin))} {unserved}</td>
                <td role="cell" data-label=words.availability>
                    {available(text, &model)}
                </td>
            </tr>
        }
        .into_any()
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=words.list>
            <table class="table stacks one-column" role="table">
                <thead>
                    <tr role="row">
                        <th scope="col">{words.name}</th>
                        <th scope="col">{words.provider}</th>
                        <th scope="col">{words.price}</th>
                        <th scope="col">{words.state}</th>
                        <th scope="col">{words.availability}</th>
                    </tr>
                </thead>
                <tbody class="num">{models.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// How its routes fare, for one that somebody serves.
pub fn available(text: &'static Text, model: &ModelView) -> Option<AnyView> {
    let state = model.availability.filter(|_| model.is_served)?;
    let name = (text.catalogue.offered.availability)(state);
    Some(view! { <span class=tone(state)>{name}</span> }.into_any())
}

/// Input and output.
pub fn in_short(text: &'static Text, price: Option<&Written>) -> String {
    match price {
        None => text.catalogue.unpriced.to_owned(),
        Some([input, output, ..]) if input == "0.00" && output == "0.00" => text.catalogue.free.to_owned(),
        Some([input, output, ..]) => ["$", input, " / $", output].concat(),
    }
}
