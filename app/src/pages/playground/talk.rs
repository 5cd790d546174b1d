//! What changes on the page: the conversation, the question that is under way, what became of it. Nothing of it runs on the server but the
//! first look.

use leptos::{html, prelude::*, task::spawn_local};
use types::{
    playground::{Ask, Role, Turn},
    usage::CallStatus,
};

use super::line::{self, End};
use crate::{
    api::playground::{Figures, Outcome, read_playground_call},
    text::Playground as Words,
};

/// How often the books are asked for a call that is not settled yet, and how many times: a call that was stopped is, once the upstream was
/// read on for a while.
const ASK_EVERY: i32 = 300;
const MOST_ASKS: u32 = 100;

/// Something said, on the page.
#[derive(Clone, Copy)]
pub struct Entry {
    pub id: usize,
    pub role: Role,
    pub text: RwSignal<String>,
    pub standing: RwSignal<Standing>,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Standing {
    Said,
    Coming,
    /// It has ended, and the books are asked.
    Counting,
    Counted(Figures),
    /// The books do not say, or not in time.
    Uncounted,
}

impl Entry {
    fn new(id: usize, role: Role, text: String, standing: Standing) -> Self {
        Entry {
            id,
            role,
            text: RwSignal::new(text),
            standing: RwSignal::new(standing),
        }
    }
}

/// What changes on the page.
#[derive(Clone, Copy)]
pub struct Talk {
    pub entries: RwSignal<Vec<Entry>>,
    next: RwSignal<usize>,
    pub running: RwSignal<bool>,
    /// Why the last question was not answered.
    pub trouble: RwSignal<Option<String>>,
    /// What a screen reader is told.
    pub news: RwSignal<&'static str>,
    pub form: NodeRef<html::Form>,
    pub prompt: NodeRef<html::Textarea>,
    pub log: NodeRef<html::Div>,
}

impl Talk {
    pub fn of(turns: &[Turn], outcome: Option<Outcome>) -> Self {
        let entry = |(id, turn): (usize, &Turn)| Entry::new(id, turn.role, turn.content.clone(), Standing::Said);
        let entries: Vec<Entry> = turns.iter().enumerate().map(entry).collect();
        let mut trouble = None;
        match (outcome, entries.last()) {
            (Some(Outcome::Refused(message)), _) => trouble = Some(message),
            (Some(Outcome::Answered(figures)), Some(last)) => {
                last.standing
                    .set(figures.map_or(Standing::Uncounted, Standing::Counted));
            }
            _ => {}
        }
        Talk {
            next: RwSignal::new(entries.len()),
            entries: RwSignal::new(entries),
            running: RwSignal::new(false),
            trouble: RwSignal::new(trouble),
            news: RwSignal::new(""),
            form: NodeRef::new(),
            prompt: NodeRef::new(),
            log: NodeRef::new(),
        }
    }

    fn add(self, role: Role, text: String, standing: Standing) -> Entry {
        let id = self.next.get_untracked();
        self.next.set(id + 1);
        let entry = Entry::new(id, role, text, standing);
        self.entries.update(|entries| entries.push(entry));
        entry
    }

    /// What was said so far. An answer that never began is none.
    fn turns(self) -> Vec<Turn> {
        let said = |entry: &Entry| Turn {
            role: entry.role,
            content: entry.text.get_untracked(),
        };
        let turns = self
            .entries
            .with_untracked(|entries| entries.iter().map(said).collect::<Vec<_>>());
        turns.into_iter().filter(|turn| !turn.content.is_empty()).collect()
    }

    /// The form as it is now.
    pub fn asked(self) -> Ask {
        let form = self.form.get_untracked();
        let data = form.and_then(|form| web_sys::FormData::new_with_form(&form).ok());
        let field = |name: &str| {
            data.as_ref()
                .and_then(|data| data.get(name).as_string())
                .unwrap_or_default()
        };
        Ask {
            turns: self.turns(),
            ..Ask::of(field)
        }
    }

    pub fn send(self, words: &'static Words) {
        let ask = self.asked();
        if self.running.get_untracked() || ask.prompt.trim().is_empty() {
            return;
        }
        if let Some(prompt) = self.prompt.get_untracked() {
            prompt.set_value("");
        }
        self.trouble.set(None);
        self.running.set(true);
        self.news.set(words.answering);
        self.add(Role::User, ask.prompt.clone(), Standing::Said);
        let answer = self.add(Role::Assistant, String::new(), Standing::Coming);
        spawn_local(async move { self.hear(words, ask, answer).await });
    }

    async fn hear(self, words: &'static Words, ask: Ask, answer: Entry) {
        self.follow(true);
        let (id, end) = line::ask(&ask, |piece| {
            let follows = self.is_at_end();
            answer.text.update(|text| text.push_str(piece));
            self.follow(follows);
        })
        .await;
        self.running.set(false);
        let (news, trouble) = match end {
            End::Whole => (words.done, None),
            End::Stopped => (words.stopped, None),
            End::Failed(message) => ("", Some(message)),
            End::Offline => ("", Some(words.offline.to_owned())),
        };
        self.news.set(news);
        self.trouble.set(trouble);
        if answer.text.with_untracked(String::is_empty) && self.trouble.with_untracked(Option::is_some) {
            // Nothing was served: the question goes back to where it can be asked again.
            self.entries
                .update(|entries| entries.retain(|entry| entry.id + 1 < answer.id || entry.id > answer.id));
            if let Some(prompt) = self.prompt.get_untracked().filter(|prompt| prompt.value().is_empty()) {
                prompt.set_value(&ask.prompt);
            }
            return;
        }
        answer.standing.set(Standing::Counting);
        answer.standing.set(count(id).await);
        self.follow(self.is_at_end());
    }

    /// Whether the reader sees the end of the conversation, give or take a line.
    fn is_at_end(self) -> bool {
        let log = self.log.get_untracked();
        log.is_some_and(|log| log.scroll_top() + log.client_height() + 40 >= log.scroll_height())
    }

    fn follow(self, follows: bool) {
        if let Some(log) = self.log.get_untracked().filter(|_| follows) {
            log.set_scroll_top(log.scroll_height());
        }
    }

    pub fn clear(self) {
        line::stop();
        self.entries.set(Vec::new());
        self.trouble.set(None);
        self.news.set("");
        if let Some(prompt) = self.prompt.get_untracked() {
            let _ = prompt.focus();
        }
    }
}

/// What the books say of the call, as soon as it is settled.
async fn count(id: String) -> Standing {
    if id.is_empty() {
        // Stopped before the server said anything.
        return Standing::Uncounted;
    }
    for _ in 0..MOST_ASKS {
        match read_playground_call(id.clone()).await {
            Ok(figures) if figures.status != CallStatus::Open => return Standing::Counted(figures),
            Ok(_) => line::pause(ASK_EVERY).await,
            Err(_) => break,
        }
    }
    Standing::Uncounted
}
