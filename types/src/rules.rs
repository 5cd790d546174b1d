//! Rules for what people type, the same in forms and in the API. Each returns the codes of what is wrong.

/// One thing wrong with a field. `text` is the English wording for the API; pages word the code themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    Required,
    TooShort,
    TooLong,
    NotAnEmail,
    NotAUsername,
    NotASlug,
    Reserved,
    ControlCharacters,
    TooCommon,
    NotBuilt,
    InThePast,
    NotMatching,
    NotAHash,
    NotAName,
    NotACredential,
    NotAPrice,
    ZeroPrice,
    OutOfRange,
    Repeated,
    UnknownValue,
}

impl Wrong {
    pub const fn code(self) -> &'static str {
        match self {
            Wrong::Required => "required",
            Wrong::TooShort => "too_short",
            Wrong::TooLong => "too_long",
            Wrong::NotAnEmail => "not_an_email",
            Wrong::NotAUsername => "not_a_username",
            Wrong::NotASlug => "not_a_slug",
            Wrong::Reserved => "reserved",
            Wrong::ControlCharacters => "control_characters",
            Wrong::TooCommon => "password_breached",
            Wrong::NotBuilt => "not_supported",
            Wrong::InThePast => "in_the_past",
            Wrong::NotMatching => "not_matching",
            Wrong::NotAHash => "not_a_hash",
            Wrong::NotAName => "not_a_name",
            Wrong::NotACredential => "not_a_credential",
            Wrong::NotAPrice => "not_a_price",
            Wrong::ZeroPrice => "zero_price",
            Wrong::OutOfRange => "out_of_range",
            Wrong::Repeated => "repeated",
            Wrong::UnknownValue => "unknown_value",
        }
    }
}

pub const PASSWORD_LEAST: usize = 8;
/// Characters; a longer one is refused before it is hashed.
pub const PASSWORD_MOST: usize = 1024;
pub const NAME_MOST: usize = 100;
pub const KEY_NAME_MOST: usize = 100;
pub const SLUG_LEAST: usize = 2;
pub const SLUG_MOST: usize = 39;
const EMAIL_MOST: usize = 254;

/// The form in which an e-mail is stored and compared: trimmed, lower case.
pub fn normal_email(text: &str) -> String {
    text.trim().to_lowercase()
}

/// One `@`, something before it, a domain with a dot or `localhost`, no spaces or control characters (RFC 5321 lengths).
pub fn email(text: &str) -> Result<(), Wrong> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Wrong::Required);
    }
    if text.len() > EMAIL_MOST {
        return Err(Wrong::TooLong);
    }
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Err(Wrong::NotAnEmail);
    };
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-') && !label.starts_with('-')
    };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"@<>()[],;:\\\"".contains(c);
    let fits = !local.is_empty()
        && local.len() <= 64
        && local.chars().all(plain)
        && domain.split('.').all(label)
        && (domain.contains('.') || domain == "localhost");
    if fits { Ok(()) } else { Err(Wrong::NotAnEmail) }
}

/// 8 to 1,024 characters, no composition rules. Whether it is a common one is the server's to say.
pub fn password(text: &str) -> Result<(), Wrong> {
    match text.chars().count() {
        0 => Err(Wrong::Required),
        count if count < PASSWORD_LEAST => Err(Wrong::TooShort),
        count if count > PASSWORD_MOST => Err(Wrong::TooLong),
        _ => Ok(()),
    }
}

/// 3 to 50 of letters, digits, `.`, `_` and `-`, beginning and ending with a letter or digit.
pub fn username(text: &str) -> Result<(), Wrong> {
    let count = text.chars().count();
    if count < 3 {
        return Err(Wrong::TooShort);
    }
    if count > 50 {
        return Err(Wrong::TooLong);
    }
    let edge = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let inside = text.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
    if inside && edge(text.chars().next()) && edge(text.chars().last()) {
        Ok(())
    } else {
        Err(Wrong::NotAUsername)
    }
}

/// Slugs that addresses of pages and routes use, or that would pass for the server's own.
const RESERVED_SLUGS: [&str; 34] = [
    "admin",
    "administrator",
    "api",
    "audit",
    "auth",
    "budgets",
    "create",
    "default",
    "delete",
    "docs",
    "edit",
    "health",
    "help",
    "invitations",
    "invite",
    "join",
    "keys",
    "me",
    "members",
    "new",
    "none",
    "null",
    "organization",
    "organizations",
    "owner",
    "personal",
    "root",
    "settings",
    "support",
    "system",
    "team",
    "teams",
    "undefined",
    "weirgate",
];

/// An organization's name in addresses: 2 to 39 of `a-z` and `0-9` with single hyphens between them. Never shaped like an id, since
/// both stand in the same place, and none of the reserved words.
pub fn slug(text: &str) -> Result<(), Wrong> {
    match text.len() {
        0 => return Err(Wrong::Required),
        length if length < SLUG_LEAST => return Err(Wrong::TooShort),
        length if length > SLUG_MOST => return Err(Wrong::TooLong),
        _ => {}
    }
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if !text.split('-').all(plain) || uuid::Uuid::try_parse(text).is_ok() {
        return Err(Wrong::NotASlug);
    }
    if RESERVED_SLUGS.contains(&text) {
        return Err(Wrong::Reserved);
    }
    Ok(())
}

/// A free name (a person's, a key's): not blank, no control characters, at most `most` characters.
pub fn name(text: &str, most: usize) -> Result<(), Wrong> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Wrong::Required);
    }
    if text.chars().count() > most {
        return Err(Wrong::TooLong);
    }
    if text.chars().any(char::is_control) {
        Err(Wrong::ControlCharacters)
    } else {
        Ok(())
    }
}

/// `path` if it is one of this site: no other host in any disguise that browsers accept, nothing to escape.
pub fn own_path(path: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~?=:%+,".contains(&byte);
    (path.starts_with('/') && !path.starts_with("//") && path.bytes().all(plain)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_rule_accepts_addresses_and_refuses_the_rest() {
        for good in [
            "a@b.co",
            " Anna.B+x@sub.example.org ",
            "root@localhost",
            "имя@пример.рф",
        ] {
            assert_eq!(email(good), Ok(()), "{good}");
        }
        for bad in [
            "a@b",
            "@b.co",
            "a@",
            "a b@c.de",
            "a@b..c",
            "a\r\nBcc: x@c.de",
            "a@@b.co",
            "<a@b.co>",
            "a@-b.co",
        ] {
            assert_eq!(email(bad), Err(Wrong::NotAnEmail), "{bad}");
        }
        assert_eq!(email("  "), Err(Wrong::Required));
    }

    #[test]
    fn password_is_counted_in_characters() {
        assert_eq!(password("пароль12"), Ok(()));
        assert_eq!(password("1234567"), Err(Wrong::TooShort));
        assert_eq!(password(&"x".repeat(1025)), Err(Wrong::TooLong));
    }

    #[test]
    fn slug_rule() {
        for good in ["ab", "acme", "acme-2", "a-b-c", "42", &"a".repeat(39), "deadbeef-cafe"] {
            assert_eq!(slug(good), Ok(()), "{good}");
        }
        for bad in [
            "Acme",
            "acme-",
            "-acme",
            "a--b",
            "a_b",
            "a b",
            "акме",
            "a.b",
            "a/b",
            "0199f7c2-7a3e-7000-8000-000000000000",
            "0199f7c27a3e70008000000000000000",
        ] {
            assert_eq!(slug(bad), Err(Wrong::NotASlug), "{bad}");
        }
        for reserved in RESERVED_SLUGS {
            assert_eq!(slug(reserved), Err(Wrong::Reserved), "{reserved}");
        }
        assert_eq!(slug(""), Err(Wrong::Required));
        assert_eq!(slug("a"), Err(Wrong::TooShort));
        assert_eq!(slug(&"a".repeat(40)), Err(Wrong::TooLong));
    }

    #[test]
    fn username_rule() {
        for good in ["abc", "anna.b", "a_1", "иван"] {
            assert_eq!(username(good), Ok(()), "{good}");
        }
        assert_eq!(username("ab"), Err(Wrong::TooShort));
        for bad in [".abc", "abc-", "a b c", "a@b"] {
            assert_eq!(username(bad), Err(Wrong::NotAUsername), "{bad}");
        }
    }
}
