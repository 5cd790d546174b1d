//! One page of a list: what was asked for, checked, and where the next one begins.

use std::{fmt::Display, str::FromStr};

use types::{
    Refusal,
    accounts::wrong,
    error::FieldErrors,
    page::{LARGEST_LIMIT, Page},
    rules::Wrong,
};

use crate::error::Result;

/// A page that somebody asks for: rows after one, by their id.
pub(crate) struct Asked<T> {
    limit: u64,
    pub after: Option<T>,
}

impl<T: FromStr> Asked<T> {
    /// Errors: 422 unless `limit` is 1 to 100 and `cursor` an id.
    pub fn of(limit: u64, cursor: Option<&str>) -> Result<Self> {
        let mut errors = FieldErrors::new();
        if !(1..=LARGEST_LIMIT).contains(&limit) {
            wrong(&mut errors, "limit", Err(Wrong::UnknownValue));
        }
        let after = cursor.map(T::from_str);
        if matches!(after, Some(Err(_))) {
            wrong(&mut errors, "cursor", Err(Wrong::UnknownValue));
        }
        Refusal::fields(errors)?;
        Ok(Asked {
            limit,
            after: after.and_then(std::result::Result::ok),
        })
    }
}

impl<T> Asked<T> {
    /// How many rows to look for: one more than is shown tells whether there is another page.
    pub fn rows(&self) -> u64 {
        self.limit + 1
    }

    /// [`Asked::rows`], to count with.
    pub fn most(&self) -> usize {
        usize::try_from(self.rows()).unwrap_or(usize::MAX)
    }

    /// The page out of so many rows. What cannot be shown is left out.
    pub fn page<R, V, I: Display>(
        &self,
        mut rows: Vec<R>,
        id: impl Fn(&R) -> I,
        show: impl FnMut(R) -> Option<V>,
    ) -> Page<V> {
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > most;
        rows.truncate(most);
        let next_cursor = rows.last().filter(|_| more).map(|row| id(row).to_string());
        Page {
            data: rows.into_iter().filter_map(show).collect(),
            next_cursor,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn page_ends_where_the_next_one_begins() {
        let asked = Asked::<u32>::of(2, Some("7")).unwrap();
        assert_eq!((asked.rows(), asked.after), (3, Some(7)));
        let page = asked.page(vec![8, 9, 10], |row| *row, |row| (row != 9).then_some(row));
        assert_eq!((page.data, page.next_cursor), (vec![8], Some("9".to_owned())));
        let last = asked.page(vec![8, 9], |row| *row, Some);
        assert_eq!((last.data, last.next_cursor), (vec![8, 9], None));
        for (limit, cursor) in [(0, None), (101, None), (1, Some("x"))] {
            assert!(Asked::<u32>::of(limit, cursor).is_err());
        }
    }
}
