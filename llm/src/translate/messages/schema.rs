//! JSON schemas between OpenAI's rules and Anthropic's.

use crate::{
    Error,
    json::Kind,
    translate::{
        out::Out,
        value::Val,
        walk::{Walk, broken},
    },
};

/// What the vendor refuses in the schema of an answer, since its grammar cannot hold a model to it. Source:
/// <https://platform.claude.com/docs/en/build-with-claude/structured-outputs>.
const BOUNDS: [&str; 25] = [
    "minItems",
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "prefixItems",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "if",
    "then",
    "else",
    "not",
];

/// Writes the schema of an answer as the vendor takes it: objects closed, without bounds. `path`: the schema's name in the
/// client's dialect; what is lost is named below it.
pub(super) fn closed(out: &mut Out, schema: Val<'_>, path: &str, walk: &mut Walk) -> Result<(), Error> {
    if schema.kind != Kind::Object {
        out.raw(schema.raw);
        return Ok(());
    }
    let [kind, properties, any, open] = schema
        .pick(["type", "properties", "anyOf", "additionalProperties"])
        .map_err(broken)?;
    let object = properties.is_some() || kind.is_some_and(|kind| kind.raw.contains("\"object\""));
    let mut lose = |key: &str| walk.ignore(format!("{path}.{key}"));
    if object && open.is_some_and(|open| open.kind != Kind::False) {
        lose("additionalProperties");
    }
    out.open();
    let mut below = Vec::new();
    for (key, value) in schema.members().map_err(broken)? {
        match &*key {
            "additionalProperties" if object => {}
            // It asks for nothing.
            bound if BOUNDS.contains(&bound) && value.kind == Kind::False => {}
            bound if BOUNDS.contains(&bound) => lose(bound),
            "oneOf" if any.is_some() => lose("oneOf"),
            "oneOf" => below.push(("anyOf".into(), value)),
            _ => below.push((key, value)),
        }
    }
    for (key, value) in below {
        out.named(&key);
        match (&*key, value.kind) {
            ("properties" | "$defs" | "definitions", Kind::Object) => {
                out.open();
                for (name, value) in value.members().map_err(broken)? {
                    closed(out.named(&name), value, path, walk)?;
                }
                out.close();
            }
            ("anyOf" | "allOf", Kind::Array) => {
                out.list();
                for value in value.elements().map_err(broken)? {
                    closed(out, value, path, walk)?;
                }
                out.unlist();
            }
            ("items", _) => closed(out, value, path, walk)?,
            _ => {
                out.raw(value.raw);
            }
        }
    }
    if object {
        out.field("additionalProperties", "false");
    }
    out.close();
    Ok(())
}

/// Writes the schema of a tool's input, which here has to say that it is an object.
pub(super) fn input(out: &mut Out, schema: &str) -> Result<(), Error> {
    let value = Val::document(schema).map_err(broken)?;
    let [kind] = value.pick(["type"]).map_err(broken)?;
    if kind.is_some() || value.kind != Kind::Object {
        out.raw(schema);
        return Ok(());
    }
    out.open().field_text("type", "object");
    for (key, value) in value.members().map_err(broken)? {
        if key != "type" {
            out.named(&key).raw(value.raw);
        }
    }
    out.close();
    Ok(())
}

/// Whether OpenAI takes the schema as a strict one: every object is closed, and demands all of its properties.
pub(super) fn is_strict(schema: Val<'_>) -> bool {
    match schema.kind {
        Kind::Object => {
            let Ok([kind, properties, required, open]) =
                schema.pick(["type", "properties", "required", "additionalProperties"])
            else {
                return false;
            };
            let object = properties.is_some() || kind.is_some_and(|kind| kind.raw.contains("\"object\""));
            let required = required
                .and_then(|required| required.elements().ok())
                .unwrap_or_default();
            let properties = properties
                .and_then(|properties| properties.members().ok())
                .unwrap_or_default();
            let demanded = |name: &str| {
                required
                    .iter()
                    .any(|known| known.text().is_some_and(|known| known == name))
            };
            let closed = !object || open.is_some_and(|open| open.kind == Kind::False);
            closed
                && properties
                    .iter()
                    .all(|(name, value)| demanded(name) && is_strict(*value))
                && schema.members().is_ok_and(|members| {
                    let below = members
                        .iter()
                        .filter(|(key, _)| !matches!(&**key, "properties" | "enum" | "const" | "default" | "examples"));
                    below.into_iter().all(|(_, value)| is_strict(*value))
                })
        }
        Kind::Array => schema
            .elements()
            .is_ok_and(|elements| elements.into_iter().all(is_strict)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn close(schema: &str) -> (String, Vec<String>) {
        let (mut out, mut walk) = (Out::default(), Walk::new(0));
        closed(&mut out, Val::document(schema).unwrap(), "s", &mut walk).unwrap();
        (
            String::from_utf8(out.into_bytes().to_vec()).unwrap(),
            walk.into_ignored(),
        )
    }

    #[test]
    fn schemas_of_answers_are_closed_and_lose_their_bounds_by_name() {
        let (schema, lost) = close(
            r##"{"type":"object","properties":{"minimum":{"type":"number","minimum":0.10,"description":"\u0041"},
                "kind":{"oneOf":[{"type":"string","enum":["not"],"maxLength":3},{"$ref":"#/$defs/a\"b"}]},
                "list":{"type":"array","uniqueItems":false,"minItems":1,"items":{"type":["object","null"],"additionalProperties":{"type":"string"}}}},
                "required":["kind"],"$defs":{"a\"b":{"type":"object","properties":{}}}}"##,
        );
        assert_eq!(
            schema,
            r##"{"type":"object","properties":{"minimum":{"type":"number","description":"\u0041"},"kind":{"anyOf":[{"type":"string","enum":["not"]},{"$ref":"#/$defs/a\"b"}]},"list":{"type":"array","items":{"type":["object","null"],"additionalProperties":false}}},"required":["kind"],"$defs":{"a\"b":{"type":"object","properties":{},"additionalProperties":false}},"additionalProperties":false}"##
        );
        assert_eq!(
            lost,
            ["s.minimum", "s.maxLength", "s.minItems", "s.additionalProperties"]
        );
        assert_eq!(close("true").0, "true");
    }

    #[test]
    fn inputs_say_that_they_are_objects() {
        for (schema, expected) in [
            ("{}", r#"{"type":"object"}"#),
            (
                r#"{"type":null,"properties":{"a\"b":{}}}"#,
                r#"{"type":"object","properties":{"a\"b":{}}}"#,
            ),
            (r#"{ "type":"object" }"#, r#"{ "type":"object" }"#),
            ("true", "true"),
        ] {
            let mut out = Out::default();
            input(&mut out, schema).unwrap();
            assert_eq!(out.into_bytes(), expected);
        }
    }

    #[test]
    fn strict_schemas_are_closed_and_demand_everything() {
        for (schema, expected) in [
            (
                r#"{"type":"object","properties":{"a":{"type":"number"}},"required":["a"],"additionalProperties":false}"#,
                true,
            ),
            (
                r#"{"type":"object","properties":{"a":{"type":"number"}},"additionalProperties":false}"#,
                false,
            ),
            (
                r#"{"type":"object","properties":{},"additionalProperties":false}"#,
                true,
            ),
            (r#"{"type":"object"}"#, false),
            (
                r#"{"type":"object","properties":{"a":{"type":"array","items":{"type":"object"}}},"required":["a"],"additionalProperties":false}"#,
                false,
            ),
            (r#"{"anyOf":[{"type":"string"},{"type":"object"}]}"#, false),
            (r#"{"type":"string","enum":["a"]}"#, true),
        ] {
            assert_eq!(is_strict(Val::document(schema).unwrap()), expected, "{schema}");
        }
    }
}
