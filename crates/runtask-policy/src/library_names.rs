//! Knows every name below `data.runtask` and `data.run`, and finds those in a file that are none of them.
//!
//! In Rego a name that is not there is undefined, so that a rule with a typing error in one finds nothing. What we bring
//! ourselves is closed: there, a name that is not there is a mistake.

use crate::builtin;
use crate::message::Trouble;
use crate::parsed::Parsed;
use crate::place::Place;
use crate::references::{DataReference, data_references};
use crate::source_file::SourceFile;
use runtask_tasks::{RunFacts, suggestion};
use std::collections::BTreeSet;

/// Documents whose names are all known: each with its path below `data`.
pub(crate) struct LibraryNames(Vec<(&'static [&'static str], BTreeSet<String>)>);

impl LibraryNames {
    /// Those of the libraries, of the facts of a run, and of packages of these files that lie beside the libraries.
    pub(crate) fn of(files: &[Parsed<'_>]) -> Self {
        let beside = |it: &Parsed<'_>| match it.module.package.as_slice() {
            [runtask, name, ..] if runtask == "runtask" => Some(name.clone()),
            _ => None,
        };
        let ours = ["plan", "testing", "rules"].map(str::to_owned);
        Self(vec![
            (&["runtask", "plan"], rules(&builtin::library())),
            (&["runtask", "testing"], rules(&builtin::testing())),
            (&["runtask"], files.iter().filter_map(beside).chain(ours).collect()),
            (&["run"], RunFacts::NAMES.map(str::to_owned).into()),
        ])
    }

    /// Every name in a file that is below one of the documents and not there.
    pub(crate) fn unknown(&self, file: &Parsed<'_>) -> Vec<Trouble> {
        let mut found: Vec<(Place, String)> = Vec::new();
        // All of them are below `data.run` and `data.runtask`.
        if !file.file.text.contains("run") {
            return Vec::new();
        }
        let mistakes =
            data_references(file.module).into_iter().filter_map(|it| self.mistake(&it, &file.file.text));
        for mistake in mistakes {
            // An import is said once, and not where it is used.
            if !found.iter().any(|it| it.1 == mistake.1) {
                found.push(mistake);
            }
        }
        found.sort_by_key(|(place, _)| (place.line, place.column));
        found.into_iter().map(|(place, message)| Trouble::at(file.file, place, &message)).collect()
    }

    /// What is wrong with a reference, and where.
    fn mistake(&self, reference: &DataReference, text: &str) -> Option<(Place, String)> {
        let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
        let found = self.0.iter().find_map(|(document, names)| {
            let name = path.strip_prefix(*document)?.first().filter(|it| !names.contains(**it))?;
            Some((document, names, *name))
        });
        let (document, names, name) = found?;
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let advice =
            Some(suggestion(name, &all)).filter(|it| it.starts_with("; did you mean")).unwrap_or_default();
        let span = reference.spans.get(document.len()).copied().unwrap_or_default();
        Some((Place::of(text, span), format!("`data.{}` has no `{name}`{advice}", document.join("."))))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let file = SourceFile { name: "a.rego".into(), text: text.into() };
        let module = rego::parse_module(text, None).unwrap();
        let file = Parsed { file: &file, module: &module };
        LibraryNames::of(&[file]).unknown(&file).into_iter().map(|it| it.summary).collect()
    }

    /// V-14: whoever writes `plan.touchd` has a rule that finds nothing.
    #[test]
    fn a_name_that_the_library_does_not_have_is_a_mistake() {
        let text = "package a\n\nimport data.runtask.plan\nimport data.runtask.plan.resorces\nimport data.runtask.plam\n\n\
                    deny contains r if {\n\tsome r in plan.touchd\n\tdata.runtask.plan.is_creat(r)\n\t\
                    plan[\"createt\"]\n\tdata.run.workspce == \"x\"\n}\n";
        insta::assert_snapshot!(said(text).join("\n"), @"
        a.rego:4:1: `data.runtask.plan` has no `resorces`; did you mean `resources`?
        a.rego:5:1: `data.runtask` has no `plam`; did you mean `plan`?
        a.rego:8:17: `data.runtask.plan` has no `touchd`; did you mean `touched`?
        a.rego:9:20: `data.runtask.plan` has no `is_creat`; did you mean `is_create`?
        a.rego:10:7: `data.runtask.plan` has no `createt`; did you mean `created`?
        a.rego:11:11: `data.run` has no `workspce`; did you mean `workspace`?
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
            "package a\nr if { data.runner.x; data.runtask_x.y }\n",
            "package runtask.rules.mine\nr if data.runtask.rules.mine.x\n",
            "package runtask.mine\nr if data.runtask.mine.x\n",
            "package a\nr if data.run[name] == data.run\n",
        ] {
            assert_eq!(said(text), [""; 0], "{text}");
        }
    }
}
