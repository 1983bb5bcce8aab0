//! What OPA 1.20 answers, and what hostile schemas come to.

use super::*;
use crate::builtins::call::Cache;
use crate::builtins::calls::{calls, exhausts, fails};
use crate::heap::{Heap, HeapError};

#[test]
fn schemas_are_verified_as_in_opa() {
    for (schema, wanted) in [
        (r#""true""#, None),
        (r#""5""#, Some("schema is invalid")),
        (r#""{""#, Some("invalid JSON string")),
        ("5", Some("wrong type, expected string or object")),
        ("[]", Some("schema is invalid")),
        (
            r#"{"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"a": true}}"#,
            Some("Expected: Valid Schema, given: Invalid JSON"),
        ),
        (r#"{"$schema": 5}"#, Some("$schema must be of type string")),
        (
            r#"{"type": "unknown"}"#,
            Some(
                "has a primitive type that is NOT VALID -- given: /unknown/ Expected valid values are:[array boolean integer number null object string]",
            ),
        ),
        (r#"{"type": ["null", "null"]}"#, Some("null type is duplicated")),
        (r#"{"type": {"array", "null"}}"#, None),
        (r#"{"type": 5}"#, Some("Invalid type. Expected: type, given: string/Array Of Strings")),
        (r#"{"pattern": "(?=a)"}"#, Some("pattern must be a valid regex")),
        (r#"{"patternProperties": {"(?=a)": {}}}"#, Some("Invalid regex pattern '(?=a)'")),
        (r#"{"properties": 5}"#, Some("Properties must be of type object")),
        (r#"{"required": ["a", "a"]}"#, Some("required items must be unique")),
        (r#"{"required": {"a", "b"}}"#, None),
        (r#"{"minLength": -1}"#, Some("minLength must be greater than or equal to 0")),
        (r#"{"minLength": 1.0}"#, Some("minLength must be of an integer")),
        (r#"{"minLength": 2, "maxLength": 1}"#, Some("minLength cannot be greater than maxLength")),
        (r#"{"multipleOf": 0}"#, Some("multipleOf must be strictly greater than 0")),
        (r#"{"minimum": "a"}"#, Some("minimum must be of a Number")),
        (r#"{"exclusiveMinimum": true}"#, Some("exclusiveMinimum cannot be used without minimum")),
        (
            r#"{"exclusiveMinimum": "x"}"#,
            Some("Invalid type. Expected: boolean/number, given: exclusiveMinimum"),
        ),
        (r#"{"dependencies": {"a": 5}}"#, Some("Dependency must be of type Schema Or Array Of Strings")),
        (r#"{"items": [5]}"#, Some("Invalid type. Expected: Valid Schema/Array Of Schemas, given: items")),
        (r#"{"enum": [1, 1.0]}"#, Some("enum items must be unique")),
        (r#"{"not": 5}"#, Some("not must be of an object")),
        (r#"{"definitions": []}"#, Some("Invalid type. Expected: Array Of Schemas, given: definitions")),
    ] {
        let wanted = match wanted {
            Some(why) => format!("[false, \"jsonschema: {why}\"]"),
            None => "[true, null]".to_owned(),
        };
        calls(ALL, &[("json.verify_schema", &format!("[{schema}]"), &wanted)]);
    }
}

#[test]
fn references_lead_to_parts_of_the_schema_alone() {
    for (schema, wanted) in [
        (r##"{"$ref": "#"}"##, None),
        (r##"{"definitions": {"a": {"$ref": "#/definitions/a"}}}"##, None),
        (r#"{"$id": "http://x/y", "definitions": {"a": {"$id": "a", "type": "string"}}, "$ref": "a"}"#, None),
        (r##"{"definitions": {"a": {"id": "#b"}}, "items": {"$ref": "#b"}}"##, None),
        (r##"{"$ref": "#/definitions/a"}"##, Some("Object has no key 'definitions'")),
        (r##"{"items": [{}], "not": {"$ref": "#/items/1"}}"##, Some("Out of bound array[0,1] index '1'")),
        (r##"{"title": "x", "not": {"$ref": "#/title/1"}}"##, Some("Invalid token reference '1'")),
        (r#"{"$ref": "%%"}"#, Some(r#"parse \"%%\": invalid URL escape \"%%\""#)),
        (r#"{"$ref": "foo.json"}"#, Some("Reference /foo.json must be canonical")),
        (
            r#"{"$ref": "http://example.com/a"}"#,
            Some("remote reference loading disabled: http://example.com/a"),
        ),
        (r#"{"$ref": "file:///etc/passwd"}"#, Some("remote reference loading disabled: file:///etc/passwd")),
    ] {
        let wanted = match wanted {
            Some(why) => format!("[false, \"jsonschema: {why}\"]"),
            None => "[true, null]".to_owned(),
        };
        calls(ALL, &[("json.verify_schema", &format!("[{schema}]"), &wanted)]);
    }
}

/// Holds documents against schemas: the field, the type and the description of each fault, in order.
fn faults(cases: &[(&str, &str, &[[&str; 3]])]) {
    for (document, schema, wanted) in cases {
        let told = wanted.iter().map(|[field, kind, description]| {
            let description = description.replace('"', "\\\"");
            format!(
                r#"{{"field": "{field}", "type": "{kind}", "desc": "{description}", "error": "{field}: {description}"}}"#
            )
        });
        let told = told.collect::<Vec<_>>().join(", ");
        let wanted = format!("[{}, [{told}]]", wanted.is_empty());
        calls(ALL, &[("json.match_schema", &format!("[{document}, {schema}]"), &wanted)]);
    }
}

#[test]
fn what_a_document_does_not_keep_is_told_as_in_opa() {
    faults(&[
        (r#"{"id": 5}"#, r#"{"properties": {"id": {"type": "integer"}}, "required": ["id"]}"#, &[]),
        (r#""{\"id\": 5}""#, r#""{\"required\": [\"id\"]}""#, &[]),
        (
            r#""5""#,
            r#"{"type": "string"}"#,
            &[["(Root)", "invalid_type", "Invalid type. Expected: string, given: integer"]],
        ),
        (
            r#"{"a": {"b": [null]}}"#,
            r#"{"properties": {"a": {"properties": {"b": {"items": {"type": ["string", "number"]}}}}}}"#,
            &[["a.b.0", "invalid_type", "Invalid type. Expected: [string,number], given: null"]],
        ),
        (
            r#"{"id": 1}"#,
            r#"{"properties": {"id": false}}"#,
            &[["id", "false", "False always fails validation"]],
        ),
        (
            r#"{"id": 1}"#,
            r#"{"properties": {"id": {"const": {"b": 1.0, "a": 2}}}}"#,
            &[["id", "const", r#"id does not match: {"a":2,"b":1}"#]],
        ),
        (
            "[1, 2]",
            r#"{"contains": {"type": "string"}}"#,
            &[
                ["(Root)", "contains", "At least one of the items must match"],
                ["0", "invalid_type", "Invalid type. Expected: string, given: integer"],
            ],
        ),
        (
            r#"{"a": 1}"#,
            r#"{"propertyNames": {"pattern": "^b"}}"#,
            &[
                ["(Root)", "invalid_property_name", "Property name of \"a\" does not match"],
                ["(Root)", "pattern", "Does not match pattern '^b'"],
            ],
        ),
        (
            r#"{"a": 1}"#,
            r#"{"if": {"required": ["a"]}, "then": {"required": ["b"]}}"#,
            &[
                ["(Root)", "condition_then", "Must validate \"then\" as \"if\" was valid"],
                ["(Root)", "required", "b is required"],
            ],
        ),
        (
            "[1, 1.0]",
            r#"{"uniqueItems": true, "enum": ["x", [1]]}"#,
            &[
                ["(Root)", "unique", "array items[0,1] must be unique"],
                ["(Root)", "enum", "(Root) must be one of the following: \"x\", [1]"],
            ],
        ),
        (
            "[1.5]",
            r#"{"items": {"maximum": 1e-7, "minimum": 1e30, "multipleOf": 0.4}}"#,
            &[
                ["0", "multiple_of", "Must be a multiple of 0.4"],
                ["0", "number_lte", "Must be less than or equal to 1e-07"],
                ["0", "number_gte", "Must be greater than or equal to 1e+30"],
            ],
        ),
        (
            r#"{"a": 1, "b": 2}"#,
            r#"{"patternProperties": {"^a": {}}, "additionalProperties": false}"#,
            &[["(Root)", "additional_property_not_allowed", "Additional property b is not allowed"]],
        ),
        (
            r#"{"a": "x"}"#,
            r#"{"anyOf": [{"required": ["b"]}, {"properties": {"a": {"minLength": 2}}}]}"#,
            &[
                ["(Root)", "number_any_of", "Must validate at least one schema (anyOf)"],
                ["a", "string_gte", "String length must be greater than or equal to 2"],
            ],
        ),
        (
            r#"{"a": "x"}"#,
            r#"{"oneOf": [{}, true], "allOf": [false, {}], "not": {}}"#,
            &[
                ["(Root)", "number_one_of", "Must validate one and only one schema (oneOf)"],
                ["(Root)", "false", "False always fails validation"],
                ["(Root)", "number_all_of", "Must validate all the schemas (allOf)"],
                ["(Root)", "number_not", "Must not validate the schema (not)"],
            ],
        ),
        (
            r#"{"a": "x"}"#,
            r#"{"dependencies": {"a": ["b"], "c": ["d"]}, "minProperties": 2}"#,
            &[
                ["(Root)", "missing_dependency", "Has a dependency on b"],
                ["(Root)", "array_min_properties", "Must have at least 2 properties"],
            ],
        ),
        (
            "[1, 2, 3]",
            r#"{"items": [{}, {"type": "null"}], "additionalItems": false, "maxItems": 2}"#,
            &[
                ["1", "invalid_type", "Invalid type. Expected: null, given: integer"],
                ["(Root)", "array_no_additional_items", "No additional items allowed on array"],
                ["(Root)", "array_max_items", "Array must have at most 2 items"],
            ],
        ),
        (r#"{1: {"x"}}"#, r#"{"properties": {"1": {"type": "array"}}, "required": ["1"]}"#, &[]),
        (
            r#"{"at": "noon"}"#,
            r#"{"properties": {"at": {"format": "date-time", "maxLength": 3}}}"#,
            &[
                ["at", "format", "Does not match format 'date-time'"],
                ["at", "string_lte", "String length must be less than or equal to 3"],
            ],
        ),
        (
            r##"{"c": {"c": {"c": 1}}}"##,
            r##"{"properties": {"c": {"$ref": "#", "type": "null"}}, "type": "object"}"##,
            &[["c.c.c", "invalid_type", "Invalid type. Expected: object, given: integer"]],
        ),
    ]);
}

#[test]
fn what_is_no_document_or_no_schema_is_an_error() {
    for (operands, wanted) in [
        (r#"["nope", {}]"#, "invalid JSON string"),
        ("[5, {}]", "wrong type, expected string or object"),
        ("[{}, 5]", "operand 2: wrong type, expected string or object"),
        ("[{}, {\"type\": \"secret\"}]", "operand 2 is no valid schema: json.verify_schema says why"),
        (r##"[{}, {"$ref": "#"}]"##, check::WITHOUT_END),
        (r##"[{}, {"allOf": [{"anyOf": [{"$ref": "#"}]}]}]"##, check::WITHOUT_END),
        (r##"[{"a": 1}, {"dependencies": {"a": {"not": {"$ref": "#"}}}}]"##, check::WITHOUT_END),
    ] {
        fails(ALL, "json.match_schema", operands, wanted);
    }
}

/// Calls a function with texts that are read as JSON.
fn call(name: &str, texts: &[&str], steps: &mut u64, bytes: usize) -> Result<String, Failure> {
    let mut heap = Heap::new(bytes);
    let operands = texts.iter().map(|it| heap.string(it)).collect::<Result<Vec<_>, _>>()?;
    let mut cache = Cache::default();
    let mut context = Context::in_test(&mut heap, steps, &mut cache);
    let function = ALL.iter().find(|it| it.name == name).expect(name);
    let result = (function.call)(&mut context, &operands)?;
    Ok(heap.shown(result))
}

#[test]
fn hostile_schemas_come_to_an_end() {
    // References after each other, as deep as there are: no stack is taken.
    let count = 20_000;
    let chain: Vec<String> = (0..count)
        .map(|it| format!(r##""d{it}": {{"allOf": [{{"$ref": "#/definitions/d{}"}}]}}"##, it + 1))
        .collect();
    let chain = format!(
        r##"{{"$ref": "#/definitions/d0", "definitions": {{{}, "d{count}": {{"type": "null"}}}}}}"##,
        chain.join(",")
    );
    let mut steps = 10_000_000;
    let told = call("json.match_schema", &["{}", &chain], &mut steps, 1 << 28).expect("room");
    assert!(told.starts_with("[false, "), "{told:.200}");
    // Alternatives in each other, of which each is tried twice.
    let doubled: Vec<String> = (0..40)
        .map(|it| {
            let next = format!(r##"{{"$ref": "#/definitions/d{}"}}"##, it + 1);
            format!(r##""d{it}": {{"oneOf": [{next}, {next}]}}"##)
        })
        .collect();
    let doubled =
        format!(r##"{{"$ref": "#/definitions/d0", "definitions": {{{}, "d40": true}}}}"##, doubled.join(","));
    let mut steps = 5_000_000;
    assert!(matches!(
        call("json.match_schema", &["{}", &doubled], &mut steps, 1 << 28),
        Err(Failure::OutOfSteps)
    ));
    // A schema whose parts take more than there is.
    let wide = format!("{{\"anyOf\": [{}]}}", vec!["{}"; 50_000].join(","));
    let mut steps = 50_000_000;
    let outcome = call("json.verify_schema", &[&wide], &mut steps, 1 << 23);
    assert!(matches!(outcome, Err(Failure::Heap(HeapError::Exhausted))), "{outcome:?}");
    // Faults that are longer than there is room for.
    let (key, items) = ("k".repeat(1 << 16), vec!["{}"; 1 << 12].join(","));
    let required = format!(r#"{{"items": {{"required": ["{key}"]}}}}"#);
    let mut steps = 100_000_000;
    let outcome = call("json.match_schema", &[&format!("[{items}]"), &required], &mut steps, 1 << 24);
    assert!(matches!(outcome, Err(Failure::Heap(_) | Failure::OutOfSteps)), "{outcome:?}");
    // An address that grows from part to part.
    let nested = (0..100).fold("{}".to_owned(), |inner, _| {
        format!(r#"{{"$id": "{}/", "not": {inner}}}"#, "a".repeat(1 << 12))
    });
    let mut steps = 50_000_000;
    let outcome = call("json.verify_schema", &[&nested], &mut steps, 1 << 22);
    assert!(matches!(outcome, Err(Failure::Heap(_))), "{outcome:?}");
    let deep = format!("{}{}{}", r#"{"not": "#.repeat(127), "true", "}".repeat(127));
    assert!(call("json.verify_schema", &[&deep], &mut 1_000_000, 1 << 24).is_ok());
    let deeper = format!("{}{}{}", r#"{"not": "#.repeat(128), "true", "}".repeat(128));
    assert!(call("json.verify_schema", &[&deeper], &mut 1_000_000, 1 << 24).is_err());
}

#[test]
fn large_numbers_and_patterns_take_their_steps() {
    let digits = "9".repeat(16_000);
    let operands = format!("[[{}], {{\"items\": {{\"multipleOf\": 7}}}}]", vec![digits; 1_000].join(","));
    exhausts(ALL, "json.match_schema", &operands);
    exhausts(ALL, "json.match_schema", r#"[{}, {"pattern": "((a{100}){5}b){2}\\pL{900}"}]"#);
}
