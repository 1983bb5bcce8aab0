//! Finds the rules that are asked, and what they say of themselves.

use crate::annotations::{Annotated, Annotation, annotations};
use crate::builtin;
use crate::message::{Purpose, RuleEntry, RuleKind};
use crate::parsed::Parsed;
use crate::place::Place;
use rego::syntax::Rule;
use runtask_findings::{Code, shortened};
use std::collections::BTreeMap;

/// Characters of a rule's title.
const MAX_TITLE: usize = 200;
/// Characters of what a rule says of itself, which stands below each of its findings.
const MAX_ANNOTATION: usize = 4_000;

/// Finds the rules to ask, in the order of files and lines, each with whether it is an `exception`.
pub(crate) fn find(files: &[Parsed<'_>], purpose: Purpose) -> Vec<(RuleEntry, bool)> {
    // Most policies come with the library, which has no rules.
    let has_rules = |it: &Parsed<'_>| builtin::is_shipped(it.file) && !builtin::is_library(it.file);
    let are_known = purpose != Purpose::Test && files.iter().any(has_rules);
    let mut known = if are_known { builtin::entries() } else { BTreeMap::new() };
    let mut found = Found::default();
    for parsed in files {
        match known.remove(&parsed.file.name) {
            // What they have to say, their packages say.
            Some(rules) => rules.into_iter().for_each(|it| found.add(&it.path.clone(), false, false, || it)),
            None => found.read(parsed, purpose),
        }
    }
    found.entries
}

/// The rules in one file, in the order of lines.
pub(crate) fn read(file: Parsed<'_>, purpose: Purpose) -> Vec<RuleEntry> {
    let mut found = Found::default();
    found.read(&file, purpose);
    found.entries.into_iter().map(|(rule, _)| rule).collect()
}

/// The rules that were found so far.
#[derive(Default)]
struct Found {
    entries: Vec<(RuleEntry, bool)>,
    /// Where they are among the entries, by their paths.
    places: BTreeMap<String, usize>,
}

impl Found {
    /// Adds a definition of a rule, which says something about itself or does not.
    fn add(&mut self, path: &str, says: bool, is_exception: bool, rule: impl FnOnce() -> RuleEntry) {
        match self.places.get(path).and_then(|it| self.entries.get_mut(*it)) {
            // Of several definitions, the first that has something to say about itself speaks for all.
            Some((there, _)) if says && there.title == title_of(&there.name) => *there = rule(),
            Some(_) => {}
            None => {
                self.places.insert(path.to_owned(), self.entries.len());
                self.entries.push((rule(), is_exception));
            }
        }
    }

    fn read(&mut self, Parsed { file, module }: &Parsed<'_>, purpose: Purpose) {
        let asked = module.rules.iter().filter_map(|rule| {
            let name = name_of(rule)?;
            let is_exception = name == "exception";
            let kind = kind_of(name, purpose).or(is_exception.then_some(RuleKind::Deny))?;
            Some((rule, name, kind, is_exception))
        });
        let asked: Vec<_> = asked.collect();
        if asked.is_empty() {
            return;
        }
        let annotated = annotations(&file.text);
        let nothing = Annotation::default();
        let of_package = annotated.iter().find(|it| it.is_package).map_or(&nothing, |it| &it.annotation);
        for (rule, name, kind, is_exception) in asked {
            let line = Place::of(&file.text, rule.span).line;
            let path = format!("data{}.{name}", joined(&module.package));
            let own = annotated.iter().find(|it| is_about(it, line)).map(|it| &it.annotation);
            self.add(&path, own.is_some(), is_exception, || {
                let annotation = own.cloned().unwrap_or_default().or(of_package);
                entry(&path, &module.package, name, kind, annotation, &file.name, line)
            });
        }
    }
}

fn entry(
    path: &str,
    package: &[String],
    name: &str,
    kind: RuleKind,
    annotation: Annotation,
    file: &str,
    line: u32,
) -> RuleEntry {
    let package = package.join(".");
    let code = annotation.code.unwrap_or_else(|| match name.split_once('_') {
        Some((_kind, more)) => format!("{package} {more}"),
        None => package.clone(),
    });
    RuleEntry {
        title: shortened(&annotation.title.unwrap_or_else(|| title_of(name)), MAX_TITLE),
        code: Code::of_rule(&code).as_str().to_owned(),
        path: path.to_owned(),
        package,
        name: name.to_owned(),
        kind,
        description: shortened(&annotation.description.unwrap_or_default(), MAX_ANNOTATION),
        fix: shortened(&annotation.fix.unwrap_or_default(), MAX_ANNOTATION),
        severity: annotation.severity,
        params: annotation.params,
        links: annotation.links,
        unknown: annotation.unknown,
        file: file.to_owned(),
        line,
    }
}

/// The title of a rule whose author gave it none.
pub(crate) fn title_of(name: &str) -> String {
    name.replace('_', " ")
}

fn is_about(annotated: &Annotated, line: u32) -> bool {
    !annotated.is_package && annotated.line == line
}

/// The name of a rule that has no arguments. `deny[x] = y` is an object with keys, as `deny` is, and so is that of
/// `deny.x contains y`.
fn name_of(rule: &Rule) -> Option<&str> {
    first_name(rule).filter(|_| rule.head.parameters.is_none() && !rule.is_default)
}

/// `deny` of `deny`, `deny[x]`, `deny.x` and `deny(x)`.
pub(crate) fn first_name(rule: &Rule) -> Option<&str> {
    rule.head.name.first()?.name()
}

/// The kind of a rule, by its name.
///
/// Source: conftest, `policy/engine.go`: `^(deny|violation)(_[a-zA-Z0-9]+)*$`, and likewise `warn`.
fn kind_of(name: &str, purpose: Purpose) -> Option<RuleKind> {
    let (first, rest) = name.split_once('_').map_or((name, None), |(first, rest)| (first, Some(rest)));
    if purpose == Purpose::Test {
        return (first == "test" && rest.is_some()).then_some(RuleKind::Test);
    }
    let is_word = |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric());
    if !rest.is_none_or(|it| it.split('_').all(is_word)) {
        return None;
    }
    match first {
        "deny" | "violation" => Some(RuleKind::Deny),
        "warn" => Some(RuleKind::Warn),
        _ => None,
    }
}

/// `.main`, `.terraform.s3`, or `.graph["1.0.0"]`.
fn joined(components: &[String]) -> String {
    let is_name = |it: &str| {
        it.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
            && it.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
    };
    let component = |it: &String| if is_name(it) { format!(".{it}") } else { format!("[{it:?}]") };
    components.iter().map(component).collect()
}
