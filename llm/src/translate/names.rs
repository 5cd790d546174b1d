//! What a translation leaves out, by name: told to the caller in a header, or in a comment of a stream.

/// Most names told to a caller, and the longest of them. They travel in a header.
const NAMES_MOST: usize = 32;
const NAME_MOST: usize = 120;

/// Stands for all names after the last that is told.
const MORE: &str = "and-more";

/// Names in the order in which they came, each once. Letters, digits and `_-.[]?` only.
#[derive(Default)]
pub(crate) struct Names(Vec<String>);

impl Names {
    /// Notes a name, and returns it when it is to be told and has not been.
    pub fn add(&mut self, path: &str) -> Option<&str> {
        let name: String = path.chars().take(NAME_MOST).map(harmless).collect();
        if self.0.len() > NAMES_MOST || self.0.contains(&name) {
            return None;
        }
        self.0.push(match self.0.len() {
            NAMES_MOST => MORE.to_owned(),
            _ => name,
        });
        self.0.last().map(String::as_str)
    }

    pub fn into_vec(self) -> Vec<String> {
        self.0
    }
}

const fn harmless(letter: char) -> char {
    match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | '.' | '[' | ']' => letter,
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_once_and_of_too_many_that_there_are_more() {
        let mut names = Names::default();
        assert_eq!(names.add("a\r\nb: ü"), Some("a??b???"));
        assert_eq!(names.add("a\r\nb: ü"), None);
        for number in 1..NAMES_MOST {
            assert!(names.add(&number.to_string()).is_some());
        }
        assert_eq!(names.add("1"), None);
        assert_eq!(names.add("more"), Some(MORE));
        assert_eq!(names.add("still more"), None);
        assert_eq!(names.into_vec().len(), NAMES_MOST + 1);
    }
}
