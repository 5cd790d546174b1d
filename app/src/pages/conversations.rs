//! `/conversations`: sessions with models as clients reported them, what they cost, and the hash to compare.

use leptos::{prelude::*, server_fn::ServerFn};

use crate::{
    api::conversations::{AbandonConversation, ConversationView, ConversationsView, PAGE, read_conversations},
    locale::use_text,
    text::Text,
    ui::{
        ask::{Way, ask},
        card::Empty,
        code::Copy,
        head::PageHead,
        icon::Icon,
        load::load,
        notice::Failure,
        query::asked,
        table::Time,
    },
};

#[component]
pub fn Conversations() -> impl IntoView {
    let text = use_text();
    let after = || asked("after");
    let data = Resource::new(after, read_conversations);
    view! {
        <PageHead title=text.conversations.title note=text.conversations.note />
        {load(data, page)}
    }
    .into_any()
}

fn page(data: ConversationsView) -> AnyView {
    let text = use_text();
    let words = &text.conversations;
    let ConversationsView {
        conversations,
        next,
        later,
        form,
    } = data;
    let list = if conversations.is_empty() && !later {
        empty(text)
    } else {
        table(text, conversations)
    };
    let newest = later.then(|| {
        view! {
            <a class="btn" href=PAGE>
                {words.newest}
            </a>
        }
    });
    let older = next.map(|next| {
        view! {
            <a class="btn" href=[PAGE, "?after=", &next].concat() data-testid="older">
                {words.older}
            </a>
        }
    });
    view! {
        {form.error.map(|error| view! { <Failure error /> })}
        <section class="card card-flush">
            <div class="card-head">
                <h2>{words.list}</h2>
            </div>
            {list}
        </section>
        <div class="flex flex-wrap gap-2 mt-3">{newest} {older}</div>
    }
    .into_any()
}

fn empty(text: &'static Text) -> AnyView {
    let words = &text.conversations;
    view! {
        <Empty icon=icondata_lu::LuMessagesSquare title=words.empty note=words.empty_note />
        <p class="empty-go">
            <a class="btn btn-primary" href="/connect">
                {words.connect}
                <Icon of=icondata_lu::LuArrowRight />
            </a>
        </p>
    }
    .into_any()
}

fn table(text: &'static Text, conversations: Vec<ConversationView>) -> AnyView {
    let words = &text.conversations;
    let rows = conversations
        .into_iter()
        .map(|conversation| row(text, conversation))
        .collect_view();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=words.list>
            <table class="table stacks conversation-table" role="table">
                <thead>
                    <tr role="row">
                        <th scope="col">{words.started}</th>
                        <th scope="col">{words.ended}</th>
                        <th scope="col" class="n">
                            {words.calls}
                        </th>
                        <th scope="col" class="n">
                            {words.tokens}
                        </th>
                        <th scope="col" class="n">
                            {words.cost}
                        </th>
                        <th scope="col">{words.hash}</th>
                    </tr>
                </thead>
                <tbody class="num">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(text: &'static Text, conversation: ConversationView) -> AnyView {
    let words = &text.conversations;
    let open = conversation.ended.is_none();
    let ended = match conversation.ended {
        Some(at) => view! { <Time at /> }.into_any(),
        None => view! { <span class="tag">{words.open}</span> }.into_any(),
    };
    let name = conversation
        .name
        .map(|name| view! { <p class="muted small cut">{name}</p> });
    let unpriced = conversation
        .unpriced
        .then(|| view! { <p class="muted small">{text.calls.unpriced}</p> });
    let last = match conversation.hash {
        Some(hash) => transcript(&conversation.id, hash),
        None if open => confirm(text, &conversation.id),
        None => view! { <span class="muted">{words.without}</span> }.into_any(),
    };
    view! {
        <tr role="row" data-testid="conversation-row">
            <td role="cell" class="conversation-start">
                <Time at=conversation.started />
                {name}
            </td>
            <td role="cell" class="nowrap">
                {ended}
            </td>
            <td role="cell" class="n" data-label=words.calls>
                {conversation.calls}
            </td>
            <td role="cell" class="n" data-label=words.tokens>
                {conversation.tokens}
            </td>
            <td role="cell" class="n" data-label=words.cost>
                {conversation.cost}
                {unpriced}
            </td>
            <td role="cell" class="conversation-hash">
                {last}
            </td>
        </tr>
    }
    .into_any()
}

/// In full, so that it can be compared by eye and taken along without a script.
fn transcript(id: &str, hash: String) -> AnyView {
    let id = ["hash-", id].concat();
    view! {
        <div class="hash">
            <code id=id.clone() data-testid="transcript-hash">
                {hash}
            </code>
            <Copy of=id large=false />
        </div>
    }
    .into_any()
}

/// For clients that never said goodbye: as long as it is open it takes a place.
fn confirm(text: &'static Text, id: &str) -> AnyView {
    let words = &text.conversations;
    ask(Way {
        id: ["abandon-", id].concat(),
        action: AbandonConversation::url(),
        hidden: vec![("id", id.to_owned())],
        label: words.abandon,
        title: words.abandon_ask.to_owned(),
        note: words.abandon_note,
        part: "abandon",
    })
}
