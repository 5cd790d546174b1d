//! JSON, with or without comments.

use jsonc_parser::{
    ParseOptions,
    cst::{CstArray, CstInputValue, CstObject, CstRootNode},
};
use serde_json::Value;
use types::clients::File;

use super::{Result, below, expected, is_same};

/// Comments and commas at the end, as editors write them; nothing else that JSON does not know.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub fn join(there: &str, file: &File) -> Result<String> {
    let wanted: Value = serde_json::from_str(&file.text).map_err(|error| error.to_string())?;
    let root = read(there)?;
    let mut meant = value(&root)?;
    let object = root.object_value().ok_or("it is no JSON object")?;
    expected(&mut meant, &wanted, file, "")?;
    join_object(&object, &wanted, file, "")?;
    let text = root.to_string();
    if value(&read(&text)?)? == meant {
        Ok(text)
    } else {
        Err("it is written in a way that cannot be edited safely".to_owned())
    }
}

fn read(text: &str) -> Result<CstRootNode> {
    CstRootNode::parse(text, &OPTIONS).map_err(|error| format!("it is no JSON: {error}"))
}

fn value(root: &CstRootNode) -> Result<Value> {
    root.to_serde_value().ok_or_else(|| "it is no JSON".to_owned())
}

fn join_object(object: &CstObject, wanted: &Value, file: &File, path: &str) -> Result<()> {
    for (name, wanted) in wanted.as_object().into_iter().flatten() {
        let names: Vec<_> = object
            .properties()
            .into_iter()
            .filter(|there| there.decoded_name().as_ref() == Some(name))
            .collect();
        if names.len() > 1 {
            return Err(format!("it has `{}` twice", below(path, name)));
        }
        let Some(there) = names.into_iter().next() else {
            object.append(name, input(wanted));
            continue;
        };
        if path.is_empty() && file.keep.contains(&name.as_str()) {
            continue;
        }
        match (wanted, there.object_value(), there.array_value()) {
            (Value::Object(_), Some(inner), _) => join_object(&inner, wanted, file, &below(path, name))?,
            (Value::Array(items), _, Some(list)) if !file.same_by.is_empty() => join_list(&list, items, file),
            _ if there.to_serde_value().as_ref() == Some(wanted) => {}
            _ => there.set_value(input(wanted)),
        }
    }
    Ok(())
}

fn join_list(list: &CstArray, wanted: &[Value], file: &File) {
    for wanted in wanted {
        let same = |there: &Value| is_same(there, wanted, file);
        let there = list
            .elements()
            .into_iter()
            .find(|there| there.to_serde_value().as_ref().is_some_and(same));
        match there.as_ref().and_then(|there| there.as_object()) {
            Some(there) if there.to_serde_value().as_ref() == Some(wanted) => {}
            Some(there) => drop(there.replace_with(input(wanted))),
            None => drop(list.append(input(wanted))),
        }
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(value) => CstInputValue::Number(value.to_string()),
        Value::String(value) => CstInputValue::String(value.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(fields) => CstInputValue::Object(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), input(value)))
                .collect(),
        ),
    }
}
