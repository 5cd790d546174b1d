//! Every row of the field tables does what it says, shown by a request made from it, and the reference is what they say.

use llm::{
    Dialect, Error,
    translate::{
        self, Options, TABLES, Translated,
        table::{Client, Row, Rule, Shape, Union},
    },
};
use types::Timestamp;

fn options() -> Options<'static> {
    Options {
        upstream_model: "upstream-model",
        max_output_tokens: None,
        reasoning: None,
        stream: None,
        call_id: "0",
        now: Timestamp(1_795_000_000_000),
    }
}

/// One cell of a table: a row, or a kind, for one upstream.
struct Cell<'a> {
    client: &'a Client,
    column: usize,
    shape: &'a Shape,
    frame: &'a str,
    /// The field that tells the object's kind, with its comma.
    by: String,
}

impl Cell<'_> {
    fn translate(&self, fields: &[(&str, &str)]) -> Result<Translated, Error> {
        let fields: Vec<String> = fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        let seal = match self.client.upstreams[self.column] {
            Dialect::Anthropic => "wg1.a.c2ln",
            Dialect::Responses => "wg1.r.rs_1.ZW5j",
            _ => "wg1.c.",
        };
        let object = format!("{{{}{}}}", self.by, fields.join(","))
            .replace(",}", "}")
            .replace("$seal", seal);
        let body = self.frame.replacen('$', &object, 1);
        serde_json::from_str::<serde_json::Value>(&body).expect(&body);
        let upstream = self.client.upstreams[self.column];
        translate::request(self.client.dialect, upstream, body.as_bytes(), &options())
    }

    /// The object with and without the row's field.
    fn fields(&self, row: &Row, with: Option<&'static str>) -> Vec<(&'static str, &'static str)> {
        let needed = self
            .shape
            .needs
            .iter()
            .filter(|need| **need != row.key && **need != row.instead);
        let example = |key: &str| self.shape.rows.iter().find(|row| row.key == key).expect(key).example;
        let needed = needed.map(|need| (*need, example(need)));
        needed.chain(with.map(|value| (row.key, value))).collect()
    }

    fn ignores_needed(&self, path: &str) -> bool {
        self.shape.rows.iter().any(|row| {
            let named = path
                .strip_prefix(self.shape.path)
                .is_some_and(|rest| rest.trim_start_matches('.') == row.key);
            named && self.shape.needs.contains(&row.key) && row.to[self.column] == Rule::Ignore
        })
    }

    fn check(&self, row: &Row) {
        let path = match self.shape.path {
            "" => row.key.to_owned(),
            path => format!("{path}.{}", row.key),
        };
        let upstream = self.client.upstreams[self.column];
        let name = format!("{} → {}: {path}", self.client.dialect.name(), upstream.name());
        let with = self.translate(&self.fields(row, Some(row.example)));
        let without = self.translate(&self.fields(row, None)).ok();
        let body = |translated: &Translated| String::from_utf8(translated.body.to_vec()).unwrap();
        match row.to[self.column] {
            Rule::Refuse => {
                let error = with.err().expect(&name);
                assert_eq!((error.status(), error.field()), (400, Some(path.as_str())), "{name}");
            }
            Rule::Ignore => {
                let with = with.map_err(|error| format!("{name}: {error}")).unwrap();
                assert!(with.ignored.contains(&path), "{name}: {:?}", with.ignored);
                if let Some(without) = &without {
                    assert_eq!(body(&with), body(without), "{name}");
                    assert!(!without.ignored.contains(&path), "{name}");
                }
            }
            Rule::Map => {
                let with = with.map_err(|error| format!("{name}: {error}")).unwrap();
                let known = without
                    .as_ref()
                    .map(|without| without.ignored.clone())
                    .unwrap_or_default();
                // What stands inside of it has rows of its own.
                let inside = |ignored: &String| ignored.len() > path.len() && ignored.starts_with(&path);
                // Without this field the request may not stand, and then its needed neighbours are known from the table alone.
                let beside = |ignored: &String| without.is_none() && self.ignores_needed(ignored);
                let fine = |ignored: &String| known.contains(ignored) || inside(ignored) || beside(ignored);
                assert!(with.ignored.iter().all(fine), "{name}: {:?}", with.ignored);
                if let Some(without) = &without {
                    assert_eq!(body(&with) == body(without), row.quiet, "{name}: {}", body(&with));
                }
            }
        }
        let Some(without) = without else { return };
        for unset in row.unset.split('|').filter(|unset| !unset.is_empty()).chain(["null"]) {
            let same = self
                .translate(&self.fields(row, Some(unset)))
                .map_err(|error| format!("{name}: {error}"))
                .unwrap();
            assert_eq!(body(&same), body(&without), "{name} as {unset}");
            assert_eq!(same.ignored, without.ignored, "{name} as {unset}");
        }
    }
}

#[test]
fn every_row_does_what_it_says() {
    let mut checked = 0;
    for (client, column) in pairs() {
        for shape in client.shapes {
            let cell = Cell {
                client,
                column,
                shape,
                frame: shape.frame,
                by: String::new(),
            };
            shape.rows.iter().for_each(|row| cell.check(row));
            checked += shape.rows.len();
        }
        for union in client.unions {
            for kind in union.kinds.iter().filter(|kind| kind.to[column] == Rule::Map) {
                let shape = kind.shape.expect(kind.name);
                let by = format!("\"{}\":\"{}\",", union.by, kind.name);
                let cell = Cell {
                    client,
                    column,
                    shape,
                    frame: union.frame,
                    by,
                };
                shape.rows.iter().for_each(|row| cell.check(row));
                checked += shape.rows.len();
            }
        }
    }
    assert!(checked > 500, "{checked}");
}

fn pairs() -> impl Iterator<Item = (&'static Client, usize)> {
    TABLES
        .into_iter()
        .flat_map(|client| [0, 1].map(|column| (client, column)))
}

#[test]
fn every_kind_does_what_it_says() {
    for (client, column) in pairs() {
        for union in client.unions {
            let unknown = ("somebody_elses", union.unknown);
            let listed = union.kinds.iter().map(|kind| (kind.name, kind.to[column]));
            for (name, rule) in listed.chain([unknown]) {
                check_kind(client, column, union, name, rule);
            }
        }
    }
}

fn check_kind(client: &Client, column: usize, union: &Union, name: &str, rule: Rule) {
    let body = union
        .frame
        .replacen('$', &format!("{{\"{}\":\"{name}\"}}", union.by), 1);
    let upstream = client.upstreams[column];
    let translated = translate::request(client.dialect, upstream, body.as_bytes(), &options());
    let path = format!("{}[{name}]", union.path);
    match rule {
        Rule::Refuse => {
            let error = translated.err().expect(&path);
            assert_eq!((error.status(), error.field()), (400, Some(path.as_str())));
        }
        Rule::Ignore => assert!(translated.unwrap().ignored.contains(&path), "{path}"),
        // Without its fields it may be wrong, but not for being of this kind.
        Rule::Map => assert_ne!(translated.err().as_ref().and_then(Error::field), Some(path.as_str())),
    }
}

#[test]
fn field_that_no_table_knows_is_left_out_by_name() {
    for (client, column) in pairs() {
        let upstream = client.upstreams[column];
        for union in client.unions {
            for kind in union.kinds.iter().filter(|kind| kind.to[column] == Rule::Map) {
                let shape = kind.shape.expect(kind.name);
                let by = format!("\"{}\":\"{}\",", union.by, kind.name);
                let cell = Cell {
                    client,
                    column,
                    shape,
                    frame: union.frame,
                    by,
                };
                let needs: Vec<_> = shape
                    .needs
                    .iter()
                    .map(|need| {
                        (
                            *need,
                            shape.rows.iter().find(|row| row.key == *need).expect(need).example,
                        )
                    })
                    .collect();
                let with = [needs, vec![("new_field", "[1]")]].concat();
                let translated = cell
                    .translate(&with)
                    .map_err(|error| format!("{}: {error}", shape.path))
                    .unwrap();
                let path = format!("{}.new_field", shape.path);
                assert!(translated.ignored.contains(&path), "{path} to {}", upstream.name());
                assert!(
                    !String::from_utf8(translated.body.to_vec())
                        .unwrap()
                        .contains("new_field")
                );
            }
        }
    }
}

#[test]
fn names_of_ignored_fields_are_few_short_and_fit_for_a_header() {
    let odd: Vec<String> = (0..100)
        .map(|index| format!("\"é\\r\\n, {index} {}\":1", "x".repeat(300)))
        .collect();
    let body = format!(
        "{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}],{}}}",
        odd.join(",")
    );
    let translated = translate::request(Dialect::Openai, Dialect::Anthropic, body.as_bytes(), &options()).unwrap();
    assert_eq!(translated.ignored.len(), 33);
    assert_eq!(translated.ignored[32], "and-more");
    for name in &translated.ignored {
        assert!(
            name.len() <= 120 && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b','),
            "{name}"
        );
    }
}

#[test]
fn reference_is_what_the_tables_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/dialects.md");
    let page = translate::reference::page();
    #[allow(clippy::disallowed_methods)]
    if std::env::var_os("WEIRGATE_TEST_WRITE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        there == page,
        "run it once with WEIRGATE_TEST_WRITE=1 to write docs/reference/dialects.md anew"
    );
}

/// Every word that the table of answers promises is one that translation writes somewhere: the golden answers and streams hold it.
#[test]
fn answers_are_told_in_the_words_of_the_reference() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/translate");
    let mut written: [String; 3] = Default::default();
    for kind in ["answers", "streams"] {
        for from in ["anthropic", "openai", "responses"] {
            for entry in std::fs::read_dir(format!("{golden}/{kind}/{from}")).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap();
                let to = ["anthropic", "openai", "responses"]
                    .iter()
                    .position(|to| name.ends_with(&format!(".{to}.out")));
                if let Some(to) = to {
                    written[to] += &std::fs::read_to_string(&path).unwrap();
                }
            }
        }
    }
    let page = translate::reference::page();
    let (_, after) = page.split_once("## Answers\n\n").unwrap();
    let (table, _) = after.split_once("\n\n").unwrap();
    let mut rows = 0;
    for row in table.lines().skip(2) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 4, "{row}");
        for (cell, written) in cells[1..].iter().zip(&written) {
            for words in cell.split('`').skip(1).step_by(2) {
                for word in words
                    .split(['.', ' ', ':', '[', ']', '{', '}', '"', '…'])
                    .filter(|word| !word.is_empty())
                {
                    assert!(written.contains(word), "{row}: nobody writes {word}");
                }
            }
        }
        rows += 1;
    }
    assert_eq!(rows, 15);
}

/// Whatever stands where a field is, the caller gets a translation or a 400, and what is written is JSON.
#[test]
fn values_of_the_wrong_type_are_refused_or_passed_on_and_break_nothing() {
    for (client, column) in pairs() {
        let shapes = client.shapes.iter().map(|shape| (*shape, shape.frame, String::new()));
        let kinds = client.unions.iter().flat_map(|union| {
            union.kinds.iter().filter_map(move |kind| {
                let by = format!("\"{}\":\"{}\",", union.by, kind.name);
                kind.shape.map(|shape| (shape, union.frame, by))
            })
        });
        for (shape, frame, by) in shapes.chain(kinds) {
            let cell = Cell {
                client,
                column,
                shape,
                frame,
                by,
            };
            for row in shape.rows {
                for odd in [
                    "5",
                    "\"\"",
                    "\"x\"",
                    "[]",
                    "[5]",
                    "[[]]",
                    "[{}]",
                    "{}",
                    "{\"type\":5}",
                    "true",
                    "-1e9",
                ] {
                    match cell.translate(&cell.fields(row, Some(odd))) {
                        Ok(translated) => {
                            serde_json::from_slice::<serde_json::Value>(&translated.body).expect(row.key);
                        }
                        Err(error) => assert_eq!(error.status(), 400),
                    }
                }
            }
        }
    }
}
