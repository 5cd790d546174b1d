//! Words of the audit log's pages.

pub struct Audit {
    pub title: &'static str,
    /// Of an organization's.
    pub note: &'static str,
    pub who: &'static str,
    pub who_hint: &'static str,
    pub what: &'static str,
    pub any: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    pub filter: &'static str,
    pub clear: &'static str,
    pub csv: &'static str,
    pub json: &'static str,
    pub list: &'static str,
    pub when: &'static str,
    pub on: &'static str,
    pub on_hint: &'static str,
    pub details: &'static str,
    pub gone: &'static str,
    pub older: &'static str,
    pub newest: &'static str,
    pub empty: &'static str,
    pub empty_note: &'static str,
    /// Of kinds of actors.
    pub actors: fn(&str) -> &'static str,
    /// Of kinds of targets; empty for one without a word.
    pub targets: fn(&str) -> &'static str,
    /// Of all actions that begin with this word and a dot.
    pub groups: fn(&str) -> Option<&'static str>,
    /// Of one action; none for one that is shown as it is.
    pub actions: fn(&str) -> Option<&'static str>,
}
