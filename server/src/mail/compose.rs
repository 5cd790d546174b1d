//! From a letter to its subject, plain text and HTML. The same words in both; no remote images, no scripts, inline styles only.

use std::fmt::Write;

use super::{
    Letter,
    words::{Draft, Foot, Words},
};

const LONGEST: usize = 120;

/// A letter's three texts.
#[derive(Clone)]
pub(super) struct Composed {
    pub subject: String,
    pub text: String,
    pub html: String,
    pub link: Option<String>,
}

pub(super) fn compose(letter: &Letter, locale: &str, public_url: &str) -> Composed {
    let words = Words::of(locale);
    let (draft, link) = draft(letter, words, public_url);
    let foot = match draft.foot {
        Foot::Ignore => words.ignore.to_owned(),
        Foot::NotYou => format!("{} {public_url}/settings", words.not_you),
        Foot::None => String::new(),
    };
    Composed {
        text: text(&draft, link.as_deref(), &foot, words, public_url),
        html: html(&draft, link.as_deref(), &foot, words, public_url),
        subject: draft.subject,
        link,
    }
}

/// What to say, and where the button leads.
fn draft(letter: &Letter, words: &Words, public_url: &str) -> (Draft, Option<String>) {
    let at = |at: &types::Timestamp| (words.date)(*at);
    let known = |text: &Option<String>| text.as_deref().map_or_else(|| words.unknown.to_owned(), plain);
    match letter {
        Letter::SignIn { link } => ((words.sign_in)(), Some(link.clone())),
        Letter::VerifyEmail { link } => ((words.verify_email)(), Some(link.clone())),
        Letter::FinishSignUp { link } => ((words.finish_sign_up)(), Some(link.clone())),
        Letter::AlreadySignedUp => ((words.already_signed_up)(), Some(format!("{public_url}/login"))),
        Letter::ResetPassword { link } => ((words.reset_password)(), Some(link.clone())),
        Letter::ConfirmNewEmail { link } => ((words.confirm_new_email)(), Some(link.clone())),
        Letter::AccountMade { link } => ((words.account_made)(), Some(link.clone())),
        Letter::Invitation { organization, by, link } => {
            ((words.invitation)(&plain(organization), &plain(by)), Some(link.clone()))
        }
        Letter::NewDevice {
            device,
            address,
            at: when,
        } => ((words.new_device)(&known(device), &known(address), &at(when)), None),
        Letter::PasswordChanged { at: when } => ((words.password_changed)(&at(when)), None),
        Letter::EmailChanged { at: when } => ((words.email_changed)(&at(when)), None),
        Letter::TokenReused { at: when } => ((words.token_reused)(&at(when)), None),
        Letter::FactorAdded { name } => ((words.factor_added)(&plain(name)), None),
        Letter::FactorRemoved { name } => ((words.factor_removed)(&plain(name)), None),
        Letter::FactorsReset => ((words.factors_reset)(), None),
        Letter::IdentityLinked { provider } => ((words.identity_linked)(&plain(provider)), None),
        Letter::TokenCreated { name } => ((words.token_created)(&plain(name)), None),
    }
}

/// What somebody else chose, on one line and short.
fn plain(text: &str) -> String {
    let line = text.chars().filter(|c| !c.is_control() && !is_invisible(*c));
    let mut line: String = line.take(LONGEST + 1).collect();
    if line.chars().count() > LONGEST {
        line.pop();
        line.push('…');
    }
    line
}

/// Line separators and what turns the direction of text.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn text(draft: &Draft, link: Option<&str>, foot: &str, words: &Words, public_url: &str) -> String {
    let mut text = format!("{}\n", draft.lead);
    if let Some(link) = link {
        let _ = write!(text, "\n{link}\n");
    }
    for part in [draft.note.as_str(), foot] {
        if !part.is_empty() {
            let _ = write!(text, "\n{part}\n");
        }
    }
    let _ = write!(text, "\n-- \nWeirgate, {} {public_url}\n", words.at);
    text
}

fn html(draft: &Draft, link: Option<&str>, foot: &str, words: &Words, public_url: &str) -> String {
    const PARAGRAPH: &str = "margin:0 0 16px";
    const SMALL: &str = "margin:0 0 12px;font-size:13px;color:#5b6770";
    let mut body = format!(
        "<h1 style=\"margin:0 0 16px;font-size:20px\">{}</h1><p style=\"{PARAGRAPH}\">{}</p>",
        escaped(&draft.subject),
        escaped(&draft.lead)
    );
    if let Some(link) = link {
        let href = escaped(link);
        let _ = write!(
            body,
            "<p style=\"margin:0 0 20px\"><a href=\"{href}\" style=\"display:inline-block;padding:10px 18px;border-radius:8px;\
             background:#0b6e78;color:#ffffff;text-decoration:none;font-weight:600\">{}</a></p>\
             <p style=\"{SMALL}\">{}<br><a href=\"{href}\" style=\"color:#0b6e78;word-break:break-all\">{href}</a></p>",
            escaped(draft.button),
            escaped(words.copy_link),
        );
    }
    for part in [draft.note.as_str(), foot] {
        if !part.is_empty() {
            let _ = write!(body, "<p style=\"{SMALL}\">{}</p>", escaped(part));
        }
    }
    format!(
        "<!DOCTYPE html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{subject}</title></head><body style=\"margin:0;padding:24px;background:#f6f7f7;color:#1d2529;\
         font:15px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif\"><div style=\"max-width:520px;margin:0 auto;padding:28px;\
         background:#ffffff;border:1px solid #dde3e5;border-radius:12px\">{body}<p style=\"margin:20px 0 0;padding-top:12px;\
         border-top:1px solid #dde3e5;font-size:13px;color:#5b6770\">Weirgate, {at} <a href=\"{url}\" style=\"color:#5b6770\">{url}</a></p>\
         </div></body></html>",
        lang = words.lang,
        subject = escaped(&draft.subject),
        at = escaped(words.at),
        url = escaped(public_url),
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use types::Timestamp;

    use super::*;

    const URL: &str = "https://wg.example";

    fn every() -> Vec<Letter> {
        let at = Timestamp(1_795_000_000_000);
        let link = || format!("{URL}/x?token=abc");
        let name = || "a name".to_owned();
        vec![
            Letter::SignIn { link: link() },
            Letter::VerifyEmail { link: link() },
            Letter::FinishSignUp { link: link() },
            Letter::AlreadySignedUp,
            Letter::ResetPassword { link: link() },
            Letter::ConfirmNewEmail { link: link() },
            Letter::AccountMade { link: link() },
            Letter::Invitation {
                organization: name(),
                by: name(),
                link: link(),
            },
            Letter::NewDevice {
                device: Some(name()),
                address: None,
                at,
            },
            Letter::PasswordChanged { at },
            Letter::EmailChanged { at },
            Letter::TokenReused { at },
            Letter::FactorAdded { name: name() },
            Letter::FactorRemoved { name: name() },
            Letter::FactorsReset,
            Letter::IdentityLinked { provider: name() },
            Letter::TokenCreated { name: name() },
        ]
    }

    #[test]
    fn every_letter_has_both_parts_in_both_languages() {
        for letter in every() {
            let english = compose(&letter, "en", URL);
            let russian = compose(&letter, "ru", URL);
            assert_ne!(english.subject, russian.subject, "{}", letter.name());
            for composed in [&english, &russian] {
                assert!(!composed.subject.is_empty() && !composed.subject.contains('\n'));
                assert!(composed.html.contains(&escaped(&composed.subject)));
                for remote in ["<img", "<script", "<link", "url("] {
                    assert!(!composed.html.contains(remote), "{remote}");
                }
                if let Some(link) = &composed.link {
                    assert!(composed.text.contains(link.as_str()) && composed.html.contains(&escaped(link)));
                }
            }
        }
        let cyrillic = |text: &str| text.chars().any(|c| ('а'..='я').contains(&c));
        assert!(cyrillic(&compose(&Letter::AlreadySignedUp, "ru", URL).text));
        assert!(
            !cyrillic(&compose(&Letter::AlreadySignedUp, "de", URL).text),
            "English for the rest"
        );
    }

    #[test]
    fn what_others_chose_is_inert_and_on_one_line() {
        let letter = Letter::Invitation {
            organization: "<script>alert(1)</script>\r\nBcc: x@y.z".to_owned(),
            by: "\u{202e}\"><img src=x>".to_owned(),
            link: format!("{URL}/invitations/abc"),
        };
        let composed = compose(&letter, "en", URL);
        assert!(!composed.subject.contains(['\r', '\n']), "{}", composed.subject);
        assert!(!composed.html.contains("<script") && !composed.html.contains("<img"));
        assert!(!composed.text.contains("\nBcc:") && !composed.text.contains('\u{202e}'));
        let long = Letter::TokenCreated { name: "x".repeat(5000) };
        assert!(compose(&long, "en", URL).text.len() < 1000);
    }

    #[test]
    fn time_is_worded() {
        let letter = Letter::PasswordChanged {
            at: Timestamp(1_795_000_000_000),
        };
        assert!(compose(&letter, "en", URL).text.contains("18 November 2026, 11:06 UTC"));
        assert!(
            compose(&letter, "ru", URL)
                .text
                .contains("18 ноября 2026 г., 11:06 UTC")
        );
    }
}
