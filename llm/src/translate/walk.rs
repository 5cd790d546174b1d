//! Walks a client's request along its tables: hands out what is carried over, notes what is left out, refuses the rest.

use std::borrow::Cow;

use super::{
    names::Names,
    table::{Kind as TableKind, Rule, Shape, Union},
    value::Val,
};
use crate::{
    Error,
    json::{Fault, Kind},
};

/// The way through one request.
pub(crate) struct Walk {
    /// Which of the two rules of a row counts.
    pub column: usize,
    ignored: Names,
}

/// The fields of an object that are carried over.
pub(crate) struct Got<'a> {
    path: &'static str,
    fields: Vec<(&'static str, Val<'a>)>,
}

impl<'a> Got<'a> {
    pub fn get(&self, key: &str) -> Option<Val<'a>> {
        self.fields
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| *value)
    }

    pub fn keep(&self, key: &str) -> Option<Cow<'a, str>> {
        self.get(key).map(Val::keep)
    }

    /// A string that must be there.
    pub fn text(&self, key: &'static str) -> Result<Val<'a>, Error> {
        match self.get(key) {
            Some(value) if value.kind == Kind::Text => Ok(value),
            Some(_) => Err(refuse(join(self.path, key), "must be a string")),
            None => Err(refuse(join(self.path, key), "is missing")),
        }
    }

    /// A string, where there is one.
    pub fn string(&self, key: &'static str) -> Result<Option<Val<'a>>, Error> {
        self.get(key).map(|_| self.text(key)).transpose()
    }

    /// The elements of an array; none where there is none.
    pub fn list(&self, key: &'static str) -> Result<Vec<Val<'a>>, Error> {
        self.get(key)
            .map_or(Ok(Vec::new()), |value| list(value, || join(self.path, key)))
    }

    pub fn need(&self, key: &'static str) -> Result<Val<'a>, Error> {
        self.get(key).ok_or_else(|| refuse(join(self.path, key), "is missing"))
    }
}

impl Walk {
    pub fn new(column: usize) -> Self {
        Walk {
            column,
            ignored: Names::default(),
        }
    }

    pub fn into_ignored(self) -> Vec<String> {
        self.ignored.into_vec()
    }

    /// Notes a field that is left out.
    pub fn ignore(&mut self, path: impl AsRef<str>) {
        self.ignored.add(path.as_ref());
    }

    pub fn object<'a>(&mut self, value: Val<'a>, shape: &'static Shape) -> Result<Got<'a>, Error> {
        self.fields(value, shape, "")
    }

    /// `by`: a field that told the object's kind and is done with.
    fn fields<'a>(&mut self, value: Val<'a>, shape: &'static Shape, by: &str) -> Result<Got<'a>, Error> {
        if value.kind != Kind::Object {
            return Err(refuse(shape.path.to_owned(), "must be an object"));
        }
        let mut fields: Vec<(&'static str, Val<'a>)> = Vec::with_capacity(8);
        for (key, value) in value.members().map_err(broken)? {
            if value.kind == Kind::Null || (key == by && !by.is_empty()) {
                continue;
            }
            let Some(row) = shape.rows.iter().find(|row| row.key == key) else {
                self.ignore(join(shape.path, &key));
                continue;
            };
            if row.says_nothing(value.raw) {
                continue;
            }
            match row.to[self.column] {
                Rule::Map => {
                    fields.retain(|(known, _)| *known != row.key);
                    fields.push((row.key, value));
                }
                Rule::Ignore => self.ignore(join(shape.path, row.key)),
                Rule::Refuse => return Err(refuse(join(shape.path, row.key), not_carried(row.note))),
            }
        }
        Ok(Got {
            path: shape.path,
            fields,
        })
    }

    /// The object's kind and fields; `None` when it is left out.
    pub fn union<'a>(
        &mut self,
        value: Val<'a>,
        union: &'static Union,
    ) -> Result<Option<(&'static str, Got<'a>)>, Error> {
        let [by] = value.pick([union.by]).map_err(broken)?;
        let named = by.and_then(Val::text);
        let name = named.as_deref().unwrap_or(union.default);
        if value.kind != Kind::Object || name.is_empty() {
            return Err(refuse(join(union.path, union.by), "is missing"));
        }
        let known: Option<&'static TableKind> = union.kinds.iter().find(|kind| kind.name == name);
        let rule = known.map_or(union.unknown, |kind| kind.to[self.column]);
        let path = format!("{}[{name}]", union.path);
        match (rule, known.and_then(|kind| kind.shape)) {
            (Rule::Map, Some(shape)) => {
                let name = known.map_or("", |kind| kind.name);
                Ok(Some((name, self.fields(value, shape, union.by)?)))
            }
            (Rule::Ignore, _) => {
                self.ignore(path);
                Ok(None)
            }
            _ => Err(refuse(path, not_carried(known.map_or("", |kind| kind.note)))),
        }
    }
}

/// The elements of what must be an array.
pub(crate) fn list<'a>(value: Val<'a>, path: impl FnOnce() -> String) -> Result<Vec<Val<'a>>, Error> {
    if value.kind == Kind::Array {
        value.elements().map_err(broken)
    } else {
        Err(refuse(path(), "must be an array"))
    }
}

fn not_carried(note: &str) -> String {
    let tail = if note.is_empty() {
        "Leave it out, or use a model whose provider speaks this API."
    } else {
        note
    };
    format!("cannot be carried over to this model's provider. {tail}")
}

/// 400 for one field. `why` follows its name.
pub(crate) fn refuse(field: String, why: impl AsRef<str>) -> Error {
    let message = format!("`{field}` {}", why.as_ref());
    Error::Field { field, message }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// JSON that is no JSON. The head has been scanned, so of a request this is said of pieces inside strings at most.
pub(crate) fn broken(fault: Fault) -> Error {
    Error::body_wrong(format!("The body is not valid JSON: {}.", fault.what))
}
