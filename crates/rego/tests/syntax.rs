//! The parser, over policies as people write them.

use rego::syntax::{Module, Version};
use std::collections::BTreeMap;

/// What OPA refuses because of its syntax.
const REFUSED: [&str; 12] = [
    "bom@3",
    "chained-body@3",
    "err-default-nonconst@3",
    "err-package-missing@3",
    "err-v1-noif@3",
    "head-undefined-multi@9",
    "head-undefined-partial-obj-key@9",
    "head-undefined-partial-obj-value@9",
    "head-undefined-set-helper@9",
    "strings-hex-escape@5",
    "tabs-unicode-ident@3",
    "unary-minus@2",
];

/// The files of all policies, and the names of those.
fn vectors() -> serde_json::Result<Vec<(String, String)>> {
    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        files: BTreeMap<String, String>,
    }
    let lines = include_str!("vectors/vectors.jsonl").lines();
    let cases = lines.map(serde_json::from_str).collect::<serde_json::Result<Vec<Case>>>()?;
    let texts = |Case { name, files }: Case| files.into_values().map(move |it| (name.clone(), it));
    Ok(cases.into_iter().flat_map(texts).collect())
}

#[test]
fn what_opa_reads_is_read_and_nothing_else() {
    let mut refused: Vec<String> = Vec::new();
    for (name, text) in vectors().expect("cases") {
        if rego::parse_module(&text, None).is_err() {
            refused.push(name);
        }
    }
    refused.sort();
    assert_eq!(refused, REFUSED);
}

#[test]
fn what_is_printed_is_read_as_the_same() {
    for (name, text) in vectors().expect("cases") {
        if let Ok(module) = rego::parse_module(&text, None) {
            let printed = module.to_string();
            let again = rego::parse_module(&printed, Some(module.version))
                .unwrap_or_else(|errors| panic!("{name}: {}\n{printed}", errors[0]));
            assert_eq!(without_places(&again), without_places(&module), "{name}:\n{printed}");
        }
    }
}

/// The syntax as text, its places and comments left out.
fn without_places(module: &Module) -> String {
    let mut module = module.clone();
    module.comments.clear();
    let text = format!("{module:?}");
    let mut rest = text.as_str();
    let mut without = String::new();
    while let Some((before, after)) = rest.split_once("Span {") {
        without += before;
        rest = after.split_once('}').map_or("", |it| it.1);
    }
    without + rest
}

#[test]
fn no_text_breaks_the_parser() {
    let texts = vectors().expect("cases");
    for (at, (_, text)) in texts.iter().enumerate() {
        // Cut off, with something taken out, with something put in.
        let mut places: Vec<usize> = text.char_indices().map(|it| it.0).collect();
        places.retain(|it| (it + at) % 13 == 0);
        for place in places {
            let (before, after) = text.split_at(place);
            let shorter = after.get(7..).unwrap_or_default();
            for broken in [before.to_owned(), format!("{before}{shorter}"), format!("{before}{{[(\"{after}")]
            {
                for version in [Version::V0, Version::V1] {
                    if let Err(errors) = rego::parse_module(&broken, Some(version)) {
                        assert!((1..=20).contains(&errors.len()), "{broken}");
                        errors.iter().for_each(|it| assert!(!it.to_string().is_empty()));
                    }
                }
            }
        }
    }
}

#[test]
fn the_time_grows_with_the_text() {
    // Each of these is read twice, or in two ways, where it stands: what stands in it must not be read four times.
    for unit in [
        "{1 | some k, v in xs; ",
        "[1 | 2 in 3, ",
        "{x: y | z, w in ",
        "(k, ",
        "{a | b, c; {",
        "{ every x in y { ",
    ] {
        let text = format!("package p\n\np if {{ {}", unit.repeat(400));
        assert!(rego::parse_module(&text, None).is_err());
        let text = unit.repeat(60);
        assert!(rego::parse_query(&text).is_err());
    }
    let text = format!("package p\n\n{}", "p contains x if { some x in [1, 2]; x > 1 }\n".repeat(20_000));
    assert_eq!(rego::parse_module(&text, None).expect("a policy").rules.len(), 20_000);
    let text = format!("package p\n\np := [{}]", "{1: \"a\"} | b, ".repeat(100_000));
    assert_eq!(rego::parse_module(&text, None).expect("a policy").rules.len(), 1);
}
