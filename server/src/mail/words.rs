//! The words of letters, one struct per language: a text that is missing in one does not compile.

mod en;
mod ru;

use types::Timestamp;

/// One letter, worded but for its link.
pub(super) struct Draft {
    pub subject: String,
    pub lead: String,
    /// What the button says, where there is a link.
    pub button: &'static str,
    pub note: String,
    pub foot: Foot,
}

/// How a letter ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Foot {
    None,
    /// Nothing happens without the link.
    Ignore,
    /// What to do when it was somebody else.
    NotYou,
}

pub(super) struct Words {
    pub lang: &'static str,
    /// Between the product and its address.
    pub at: &'static str,
    pub copy_link: &'static str,
    pub ignore: &'static str,
    /// Before the address of the settings.
    pub not_you: &'static str,
    pub unknown: &'static str,
    pub date: fn(Timestamp) -> String,
    pub sign_in: fn() -> Draft,
    pub verify_email: fn() -> Draft,
    pub finish_sign_up: fn() -> Draft,
    pub already_signed_up: fn() -> Draft,
    pub reset_password: fn() -> Draft,
    pub confirm_new_email: fn() -> Draft,
    pub account_made: fn() -> Draft,
    pub invitation: fn(organization: &str, by: &str) -> Draft,
    pub new_device: fn(device: &str, address: &str, at: &str) -> Draft,
    pub password_changed: fn(at: &str) -> Draft,
    pub email_changed: fn(at: &str) -> Draft,
    pub token_reused: fn(at: &str) -> Draft,
    pub factor_added: fn(name: &str) -> Draft,
    pub factor_removed: fn(name: &str) -> Draft,
    pub factors_reset: fn() -> Draft,
    pub identity_linked: fn(provider: &str) -> Draft,
    pub token_created: fn(name: &str) -> Draft,
}

impl Words {
    /// English for languages without words of their own.
    pub fn of(locale: &str) -> &'static Words {
        match locale {
            "ru" => &ru::RU,
            _ => &en::EN,
        }
    }
}

/// A letter with a button that somebody asked for.
fn asked(subject: &str, lead: &str, button: &'static str, note: &str) -> Draft {
    Draft {
        subject: subject.to_owned(),
        lead: lead.to_owned(),
        button,
        note: note.to_owned(),
        foot: Foot::Ignore,
    }
}

/// A letter about something that happened.
fn told(subject: String, lead: String, note: &str) -> Draft {
    Draft {
        subject,
        lead,
        button: "",
        note: note.to_owned(),
        foot: Foot::NotYou,
    }
}

/// `18 <month> 2026` and `11:06`, in UTC.
fn date(at: Timestamp, months: &[&str; 12]) -> (String, String) {
    let at = jiff::Timestamp::from_millisecond(at.0)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_zoned(jiff::tz::TimeZone::UTC);
    let month = usize::try_from(at.month() - 1).ok().and_then(|month| months.get(month));
    (
        format!("{} {} {}", at.day(), month.copied().unwrap_or_default(), at.year()),
        format!("{:02}:{:02}", at.hour(), at.minute()),
    )
}
