//! The field tables as data: which field of a client's request is carried over, left out by name, or refused.
//!
//! Readers walk a request along these tables ([`super::walk`]), so a field that stands in none is never dropped in
//! silence, and the reference (`docs/reference/dialects.md`) is printed from them. Knows no vendor.

/// What becomes of a field that is there and says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Carried over, under whatever name and form the upstream has for it.
    Map,
    /// Left out and named to the caller.
    Ignore,
    /// 400 that names it: without it the call would mean something else.
    Refuse,
}

/// One field of an object. `to` holds a rule for each upstream of its client, in the order of [`Client::upstreams`].
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub key: &'static str,
    pub to: [Rule; 2],
    /// Values (JSON, by `|`) that mean the same as the field's absence. `null` always does.
    pub unset: &'static str,
    /// A value that says something.
    pub example: &'static str,
    /// Changes nothing in the upstream's request: it is for the gateway or for book-keeping between client and vendor.
    pub quiet: bool,
    /// A needed field that it takes the place of.
    pub instead: &'static str,
    pub note: &'static str,
}

impl Row {
    pub const fn unset(mut self, unset: &'static str) -> Self {
        self.unset = unset;
        self
    }
    pub const fn instead(mut self, of: &'static str) -> Self {
        self.instead = of;
        self
    }
    pub const fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }
    pub const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }
    pub(super) fn says_nothing(&self, raw: &str) -> bool {
        !self.unset.is_empty() && self.unset.split('|').any(|unset| unset == raw)
    }
}

pub const fn row(key: &'static str, first: Rule, second: Rule, example: &'static str) -> Row {
    Row {
        key,
        to: [first, second],
        unset: "",
        example,
        quiet: false,
        instead: "",
        note: "",
    }
}

/// An object.
#[derive(Debug)]
pub struct Shape {
    /// As it is named to callers; empty for the body itself.
    pub path: &'static str,
    pub rows: &'static [Row],
    /// A body around it, `$` standing for the object.
    pub frame: &'static str,
    /// Fields that an object of this kind always has.
    pub needs: &'static [&'static str],
}

/// An object that is a kind of a [`Union`], whose frame stands around it.
pub const fn shape(path: &'static str, needs: &'static [&'static str], rows: &'static [Row]) -> Shape {
    Shape {
        path,
        rows,
        frame: "",
        needs,
    }
}

/// An object or value of several kinds, told apart by one field.
#[derive(Debug)]
pub struct Union {
    pub path: &'static str,
    /// The field that tells, and the kind where it is missing (empty: it must be there).
    pub by: &'static str,
    pub default: &'static str,
    pub kinds: &'static [Kind],
    /// What becomes of kinds that stand in no table.
    pub unknown: Rule,
    /// A body around it, `$` standing for the object.
    pub frame: &'static str,
}

#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    pub to: [Rule; 2],
    /// Its fields, unless it is not carried over at all.
    pub shape: Option<&'static Shape>,
    pub note: &'static str,
}

pub const fn kind(name: &'static str, shape: &'static Shape) -> Kind {
    Kind {
        name,
        to: [Rule::Map; 2],
        shape: Some(shape),
        note: "",
    }
}

impl Kind {
    pub const fn to(mut self, first: Rule, second: Rule) -> Self {
        self.to = [first, second];
        self
    }
    pub const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }
}

pub const fn no_kind(name: &'static str, first: Rule, second: Rule) -> Kind {
    Kind {
        name,
        to: [first, second],
        shape: None,
        note: "",
    }
}

/// All tables of one client dialect.
#[derive(Debug)]
pub struct Client {
    pub dialect: types::Dialect,
    pub upstreams: [types::Dialect; 2],
    pub shapes: &'static [&'static Shape],
    pub unions: &'static [&'static Union],
}
