//! User names: how they are compared, and how one is made out of an e-mail when none was chosen.

use crate::clock::Clock;

const LONGEST: usize = 50;
const SHORTEST: usize = 3;

/// The form in which names are unique: case does not tell two people apart.
pub fn fold(username: &str) -> String {
    username.to_lowercase()
}

/// The part before the `@`, with what names may not hold taken out. Always fits the rule for user names.
pub fn derived(email: &str) -> String {
    let local = email.rsplit_once('@').map_or(email, |(local, _)| local);
    let kept: String = local
        .chars()
        .filter(|c| c.is_alphanumeric() || "._-".contains(*c))
        .take(LONGEST - 10)
        .collect();
    let name = kept.trim_matches(|c: char| !c.is_alphanumeric());
    match name.chars().count() {
        0 => "user".to_owned(),
        count if count < SHORTEST => format!("{name}-user"),
        _ => name.to_owned(),
    }
}

/// The name itself, then with small numbers, then with random ones.
pub fn candidates(base: &str, clock: &Clock) -> impl Iterator<Item = String> {
    let plain = std::iter::once(base.to_owned());
    let numbered = (2..10).map(move |number: u32| format!("{base}{number}"));
    let random = (0..8).map(move |_| format!("{base}-{}", u32::from_be_bytes(clock.random()) % 1_000_000_000));
    plain.chain(numbered).chain(random)
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::rules;

    #[test]
    fn derived_name_fits_the_rule_with_every_suffix() {
        let long = format!("{}@b.co", "x".repeat(64));
        for email in ["anna.b+news@b.co", "a@b.co", "_._@b.co", "+@b.co", "имя@b.co", &long] {
            let base = derived(email);
            for name in candidates(&base, &Clock::system()) {
                assert_eq!(rules::username(&name), Ok(()), "{email} → {name}");
            }
        }
        assert_eq!(derived("anna.b+news@b.co"), "anna.bnews");
        assert_eq!(derived("al@b.co"), "al-user");
    }

    #[test]
    fn names_differ_by_more_than_case() {
        assert_eq!(fold("Anna"), fold("aNNA"));
    }
}
