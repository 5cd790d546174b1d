//! TOML.

use toml_edit::{DocumentMut, Item, Table, TableLike};
use types::clients::File;

use super::{Result, below};

pub fn join(there: &str, file: &File) -> Result<String> {
    let mut document = read(there)?;
    let wanted = read(&file.text)?;
    join_table(document.as_table_mut(), wanted.as_table(), file, "")?;
    Ok(document.to_string())
}

fn read(text: &str) -> Result<DocumentMut> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let line = error.span().map_or(0, |span| {
            text.get(..span.start).unwrap_or(text).matches('\n').count() + 1
        });
        format!("it is no TOML: line {line}: {}", error.message())
    })
}

fn join_table(there: &mut dyn TableLike, wanted: &dyn TableLike, file: &File, path: &str) -> Result<()> {
    for (name, wanted) in wanted.iter() {
        let path = below(path, name);
        let is_kept = file.keep.contains(&path.as_str());
        match (there.get_mut(name), wanted.as_table_like()) {
            (Some(_), _) if is_kept => {}
            (Some(there), Some(wanted)) => {
                let inner = there
                    .as_table_like_mut()
                    .ok_or_else(|| format!("`{path}` in it is no table"))?;
                join_table(inner, wanted, file, &path)?;
            }
            (None, Some(wanted)) => {
                let mut inner = Table::new();
                // A header of its own only for tables that hold values.
                inner.set_implicit(wanted.iter().all(|(_, item)| item.is_table_like()));
                join_table(&mut inner, wanted, file, &path)?;
                there.insert(name, Item::Table(inner));
            }
            (Some(there), None) => replace(there, wanted, &path)?,
            (None, None) => drop(there.insert(name, wanted.clone())),
        }
    }
    Ok(())
}

/// Keeps what is written around the value, such as a comment behind it.
fn replace(there: &mut Item, wanted: &Item, path: &str) -> Result<()> {
    let (Some(there), Some(wanted)) = (there.as_value_mut(), wanted.as_value()) else {
        return Err(format!("`{path}` in it is a table"));
    };
    let around = there.decor().clone();
    *there = wanted.clone();
    *there.decor_mut() = around;
    Ok(())
}
