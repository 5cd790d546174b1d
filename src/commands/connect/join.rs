//! A recipe's settings joined into a file that is there: what else stands in it stays as it was written, comments and all.
//!
//! Text in, text out. A file that cannot be read as what it should be is refused, and so is one that an edit would not leave exactly as
//! meant; the caller says which file it was.

mod json;
mod toml;
mod yaml;

use serde_json::Value;
use types::clients::{File, Syntax};

/// Why a file was left alone, to be read after its name.
pub type Result<T> = std::result::Result<T, String>;

/// The file's text with the recipe's settings in it. An empty file becomes the recipe's.
pub fn join(there: &str, file: &File) -> Result<String> {
    if there.trim().is_empty() {
        return Ok(file.text.clone());
    }
    match file.syntax {
        Syntax::Json => json::join(there, file),
        Syntax::Toml => toml::join(there, file),
        Syntax::Yaml => yaml::join(there, file),
    }
}

/// What the file has to mean afterwards. `path` says where in it we are.
fn expected(there: &mut Value, wanted: &Value, file: &File, path: &str) -> Result<()> {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => {
            for (name, wanted) in wanted {
                let is_kept = path.is_empty() && file.keep.contains(&name.as_str());
                match there.get_mut(name) {
                    Some(_) if is_kept => {}
                    Some(there) => expected(there, wanted, file, &below(path, name))?,
                    None => drop(there.insert(name.clone(), wanted.clone())),
                }
            }
            Ok(())
        }
        (Value::Array(there), Value::Array(wanted)) if !file.same_by.is_empty() => {
            for wanted in wanted {
                match there.iter_mut().find(|there| is_same(there, wanted, file)) {
                    Some(there) => *there = wanted.clone(),
                    None => there.push(wanted.clone()),
                }
            }
            Ok(())
        }
        (there, Value::Object(_)) if !there.is_null() => Err(format!("`{path}` in it is no table of settings")),
        (there, Value::Array(_)) if !there.is_null() => Err(format!("`{path}` in it is no list")),
        (there, wanted) => {
            *there = wanted.clone();
            Ok(())
        }
    }
}

/// Whether two entries of a list are the same thing with other settings.
fn is_same(there: &Value, wanted: &Value, file: &File) -> bool {
    wanted.get(file.same_by).is_some() && there.get(file.same_by) == wanted.get(file.same_by)
}

fn below(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

#[cfg(test)]
mod tests;
