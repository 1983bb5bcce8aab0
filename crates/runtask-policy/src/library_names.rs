//! Knows every name below `data.runtask` and `data.run`, and finds those in a file that are none of them.
//!
//! In Rego a name that is not there is undefined, so that a rule with a typing error in one finds nothing. What we bring
//! ourselves is closed: there, a name that is not there is a mistake.

use crate::builtin;
use crate::imports::{self, Word, words};
use crate::message::Trouble;
use crate::source_file::SourceFile;
use regorus::unstable::Source;
use runtask_tasks::{RunFacts, suggestion};
use std::collections::BTreeSet;

/// Documents whose names are all known: each with its path.
pub(crate) struct LibraryNames(Vec<(&'static str, BTreeSet<String>)>);

impl LibraryNames {
    /// Those of the libraries, of the facts of a run, and of packages of these files that lie beside the libraries.
    pub(crate) fn of(files: &[SourceFile]) -> Self {
        let packages =
            files.iter().filter_map(|file| package(file)?.strip_prefix("data.runtask.").map(first));
        let ours = ["plan", "testing", "rules"].map(str::to_owned);
        Self(vec![
            ("data.runtask.plan", rules(&builtin::library())),
            ("data.runtask.testing", rules(&builtin::testing())),
            ("data.runtask", packages.chain(ours).collect()),
            ("data.run", RunFacts::NAMES.map(str::to_owned).into()),
        ])
    }

    /// Every name in a file that is below one of the documents and not there.
    pub(crate) fn unknown(&self, file: &SourceFile) -> Vec<Trouble> {
        // What is no Rego, the parser has said.
        let Ok(source) = Source::from_contents(file.name.clone(), file.text.clone()) else {
            return Vec::new();
        };
        let Some(words) = words(&source) else { return Vec::new() };
        let imports = imports::imports(&words);
        let mut found = Vec::new();
        let mut start = 0;
        while start < words.len() {
            // A word at the beginning of a line begins a rule: names of variables hold in one.
            let is_first = |it: &Word| {
                let before = file.text.get(..it.range.start).unwrap_or_default();
                it.depth == 0 && it.text != "else" && (before.is_empty() || before.ends_with('\n'))
            };
            let more = words.iter().skip(start + 1).take_while(|it| !is_first(it)).count();
            let Some(rule) = words.get(start..=start + more) else { break };
            start += more + 1;
            let is_variable = |name: &str| {
                rule.iter().any(|it| it.text == name && !it.is_part && !it.is_import && !it.is_followed)
            };
            let path = |name: &str| match imports.get(name) {
                _ if name == "data" => Some("data".to_owned()),
                Some(path) if !is_variable(name) => path.clone(),
                _ => None,
            };
            for reference in references(rule, &file.text) {
                let Some(root) = reference.first().filter(|(_, it, _)| *it).and_then(|(name, ..)| path(name))
                else {
                    continue;
                };
                let rest = reference.get(1..).unwrap_or_default();
                if let Some((message, at)) = self.mistake(&root, rest) {
                    found.push(trouble(&source, &file.text, at, &message));
                }
            }
        }
        found
    }

    /// What is wrong with a reference below `root`, and where.
    fn mistake(&self, root: &str, rest: &[(String, bool, usize)]) -> Option<(String, usize)> {
        for (document, names) in &self.0 {
            let mut path = root.to_owned();
            for (name, _, at) in rest {
                if path == *document && !names.contains(name) {
                    let all: Vec<&str> = names.iter().map(String::as_str).collect();
                    let advice = Some(suggestion(name, &all)).filter(|it| it.starts_with("; did you mean"));
                    let advice = advice.unwrap_or_default();
                    return Some((format!("`{document}` has no `{name}`{advice}"), *at));
                }
                path = format!("{path}.{name}");
            }
        }
        None
    }
}

/// References of a rule: each a list of names, whether it is the first of a reference and not a field of something, and
/// where it stands. `x["name"]` is as `x.name`.
fn references(words: &[Word], text: &str) -> Vec<Vec<(String, bool, usize)>> {
    let mut references: Vec<Vec<(String, bool, usize)>> = Vec::new();
    let mut end = 0;
    for word in words {
        let follows = word.is_part && text.get(end..word.range.start) == Some(".");
        let name = (word.text.clone(), !word.is_part, word.range.start);
        match references.last_mut() {
            Some(reference) if follows => reference.push(name),
            _ => references.push(vec![name]),
        }
        end = word.range.end;
        while let Some((name, length)) = text.get(end..).and_then(quoted) {
            if let Some(reference) = references.last_mut() {
                reference.push((name.to_owned(), false, end + 2));
            }
            end += length;
        }
    }
    references
}

/// The name in `["name"]`, and the length of all of it.
fn quoted(text: &str) -> Option<(&str, usize)> {
    let (name, _rest) = text.strip_prefix("[\"")?.split_once("\"]")?;
    let is_name = name.chars().all(|it| it.is_alphanumeric() || it == '_');
    is_name.then_some((name, name.len() + 4))
}

/// The names of the rules of a library: what stands at the beginning of a line.
fn rules(library: &SourceFile) -> BTreeSet<String> {
    let is_name = |it: &str| it.starts_with(|it: char| it.is_ascii_lowercase());
    let first = |line: &str| {
        let line = line.strip_prefix("default ").unwrap_or(line);
        let name: String = line.chars().take_while(|it| it.is_ascii_alphanumeric() || *it == '_').collect();
        Some(name).filter(|it| is_name(it) && !["package", "import", "else"].contains(&&**it))
    };
    library.text.lines().filter_map(first).collect()
}

/// The file's package, with `data`.
pub(crate) fn package(file: &SourceFile) -> Option<String> {
    let source = Source::from_contents(file.name.clone(), file.text.clone()).ok()?;
    imports::package(&words(&source)?)
}

fn first(path: &str) -> String {
    path.split('.').next().unwrap_or_default().to_owned()
}

fn trouble(source: &Source, text: &str, at: usize, message: &str) -> Trouble {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let number = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    Trouble::of_engine(&format!("{:#}", source.error(number(line), number(column), message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let file = SourceFile { name: "a.rego".into(), text: text.into() };
        let names = LibraryNames::of(std::slice::from_ref(&file));
        names.unknown(&file).into_iter().map(|it| it.summary).collect()
    }

    /// V-14: whoever writes `plan.touchd` has a rule that finds nothing.
    #[test]
    fn a_name_that_the_library_does_not_have_is_a_mistake() {
        let text = "package a\n\nimport data.runtask.plan\nimport data.runtask.plan.resorces\nimport data.runtask.plam\n\n\
                    deny contains r if {\n\tsome r in plan.touchd\n\tdata.runtask.plan.is_creat(r)\n\t\
                    plan[\"createt\"]\n\tdata.run.workspce == \"x\"\n}\n";
        insta::assert_snapshot!(said(text).join("\n"), @"
        a.rego:4:26: `data.runtask.plan` has no `resorces`; did you mean `resources`?
        a.rego:5:21: `data.runtask` has no `plam`; did you mean `plan`?
        a.rego:8:14: `data.runtask.plan` has no `touchd`; did you mean `touched`?
        a.rego:9:17: `data.runtask.plan` has no `is_creat`; did you mean `is_create`?
        a.rego:10:5: `data.runtask.plan` has no `createt`; did you mean `created`?
        a.rego:11:8: `data.run` has no `workspce`; did you mean `workspace`?
        ");
    }

    #[test]
    fn other_names_are_left_alone() {
        for text in [
            "package a\nimport data.runtask.plan\nr if plan.touched[_].x.y\n",
            "package a\nimport data.runtask.plan as p\nr if p.touched\nq if plan.touchd\n",
            "package a\nimport data.runtask.plan\ntest_x if { plan := {\"x\": 1}; plan.x == 1 }\n",
            "package a\nimport data.runtask.plan\nf(plan) := plan.x\n",
            "package a\nimport data.runtask.plan\nf(plan) := 1 if {\nplan.x\n}\nelse := plan.y\n",
            "package a\n# plan.touchd, data.runtask.plan.x\nr := \"data.runtask.plan.x\"\n",
            "package a\nr if input.data.run.x\n",
            "package a\nr if data.runner.x; data.runtask_x.y\n",
            "package runtask.rules.mine\nr if data.runtask.rules.mine.x\n",
            "package runtask.mine\nr if data.runtask.mine.x\n",
            "package a\nr if data.run[name] == data.run\n",
        ] {
            assert_eq!(said(text), [""; 0], "{text}");
        }
    }
}
