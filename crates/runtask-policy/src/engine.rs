//! Compiles policies, and finds the rules that they are asked for.

use crate::builtin;
use crate::facts_read::{FactRead, facts_read};
use crate::find_rules::{find, first_name};
use crate::library_names::LibraryNames;
use crate::message::{Purpose, RuleEntry, Trouble};
use crate::oddities;
use crate::parsed::Parsed;
use crate::place::Place;
use crate::source_file::SourceFile;
use rego::{Compiled, Query, QueryError};
use serde_json::Value as Json;
use std::cell::LazyCell;
use std::panic::resume_unwind;
use std::thread;

/// Policies, compiled.
#[derive(Debug)]
pub(crate) struct Policies {
    /// What they were compiled from, in the order of the engine's numbers.
    pub(crate) files: Vec<SourceFile>,
    pub(crate) compiled: Compiled,
    /// The rules that can be asked.
    pub(crate) rules: Vec<RuleEntry>,
    /// The question of each rule.
    queries: Vec<Query>,
    /// The packages with a rule `exception`, and its question.
    exceptions: Vec<(String, Query)>,
    /// What is odd about them.
    pub(crate) oddities: Vec<String>,
    /// The facts of the run that they read.
    pub(crate) facts: Vec<FactRead>,
}

impl Policies {
    /// Compiles files, and finds the rules in them. A file is of Rego v1, or of the older syntax that most policies for
    /// conftest are written in.
    ///
    /// `documents` are what `data` is besides. With several `threads`, files are read and compiled on so many, and what need not be
    /// compiled is looked at meanwhile. Their syntax is left in `syntax`, where it can be taken apart when nobody waits.
    pub(crate) fn compile(
        files: Vec<SourceFile>,
        documents: &[&Json],
        purpose: Purpose,
        threads: usize,
        syntax: &mut Option<rego::Policies>,
    ) -> Result<Self, Vec<Trouble>> {
        let policies = syntax.insert(rego::Policies::new().on_threads(threads));
        let texts: Vec<_> = files.iter().map(|it| (&*it.name, &*it.text)).collect();
        let mut troubles = Vec::new();
        for (file, read) in files.iter().zip(policies.add_all(&texts)) {
            troubles.extend(read.err().unwrap_or_default().iter().map(|it| Trouble::of_text(file, it)));
        }
        let is_read = troubles.is_empty();
        // Modules stand in the order of their files, some of which may be missing.
        let mut rest = files.iter();
        let parsed = policies
            .modules()
            .filter_map(|(name, module)| Some(Parsed { file: rest.find(|it| it.name == name)?, module }));
        let parsed: Vec<Parsed<'_>> = parsed.collect();
        let compile = || {
            // What is shipped has been compiled by our own tests.
            let is_shipped = files.iter().all(builtin::is_shipped);
            // What is missing in files that could not be read would be missing in the others.
            is_read.then(|| if is_shipped { policies.compile_again() } else { policies.compile() })
        };
        let see = || Seen::of(&parsed, documents, purpose);
        let (seen, compiled) = thread::scope(|scope| {
            let seeing = (threads > 1).then(|| thread::Builder::new().spawn_scoped(scope, see));
            let compiled = compile();
            let seen = match seeing {
                Some(Ok(seeing)) => seeing.join().unwrap_or_else(|panic| resume_unwind(panic)),
                // There is no second thread.
                None | Some(Err(_)) => see(),
            };
            (seen, compiled)
        });
        let Seen { troubles: others, rules, exceptions, oddities, facts } = seen;
        troubles.extend(others);
        let Some(compiled) = compiled else { return Err(troubles) };
        match compiled {
            Err(errors) => troubles.extend(errors.iter().map(|it| Trouble::of_policies(&files, it))),
            Ok(mut compiled) if troubles.is_empty() => {
                // Paths of rules that are there are questions that the engine takes.
                let mut question = |path: &str| {
                    compiled.prepare(path).map_err(|error| vec![Trouble::new(format!("{path}: {error}"))])
                };
                let queries = rules.iter().map(|it| question(&it.path)).collect::<Result<_, _>>()?;
                let exceptions = exceptions.into_iter().map(|it| Ok((it.package, question(&it.path)?)));
                let exceptions = exceptions.collect::<Result<_, Vec<Trouble>>>()?;
                return Ok(Self { files, compiled, rules, queries, exceptions, oddities, facts });
            }
            Ok(_) => {}
        }
        Err(troubles)
    }

    /// Makes a query ready, and says what is wrong with it.
    pub(crate) fn prepare(&mut self, query: &str) -> Result<Query, Vec<Trouble>> {
        let file = SourceFile { name: "query".to_owned(), text: query.into() };
        self.compiled.prepare(query).map_err(|error| match error {
            QueryError::Parse(errors) => errors.iter().map(|it| Trouble::of_text(&file, it)).collect(),
            QueryError::Compile(errors) => errors
                .iter()
                .map(|it| Trouble::at(&file, Place::of(query, it.span), &it.to_string()))
                .collect(),
            other => vec![Trouble::new(other.to_string())],
        })
    }

    /// The question of the rule with this index.
    pub(crate) fn query(&self, index: usize) -> Option<&Query> {
        self.queries.get(index)
    }

    /// The question of the rule `exception` of a package, where it has one.
    pub(crate) fn exception(&self, package: &str) -> Option<&Query> {
        self.exceptions.iter().find(|(name, _)| name == package).map(|(_, query)| query)
    }
}

/// What is seen in policies without compiling them.
struct Seen {
    troubles: Vec<Trouble>,
    rules: Vec<RuleEntry>,
    exceptions: Vec<RuleEntry>,
    oddities: Vec<String>,
    facts: Vec<FactRead>,
}

impl Seen {
    fn of(parsed: &[Parsed<'_>], documents: &[&Json], purpose: Purpose) -> Self {
        let names = LazyCell::new(|| LibraryNames::of(parsed));
        let of_others = || parsed.iter().filter(|it| !builtin::is_shipped(it.file));
        let mut troubles: Vec<Trouble> = of_others().flat_map(|it| names.unknown(it)).collect();
        troubles.extend(of_others().filter_map(another_library));
        troubles.extend(rule_in_the_place_of_data(parsed, documents));
        let (exceptions, rules): (Vec<_>, Vec<_>) =
            find(parsed, purpose).into_iter().partition(|(_, is_exception)| *is_exception);
        let entries = |found: Vec<(RuleEntry, bool)>| found.into_iter().map(|(rule, _)| rule).collect();
        let (rules, exceptions): (Vec<RuleEntry>, _) = (entries(rules), entries(exceptions));
        Self { troubles, oddities: oddities(parsed, &rules), facts: facts_read(parsed), rules, exceptions }
    }
}

/// What is odd about these files.
fn oddities(parsed: &[Parsed<'_>], rules: &[RuleEntry]) -> Vec<String> {
    let mut found = Vec::new();
    for Parsed { file, module } in parsed.iter().filter(|it| !builtin::is_shipped(it.file)) {
        let lines: Vec<u32> = module.rules.iter().map(|it| Place::of(&file.text, it.span).line).collect();
        found.extend(oddities::of_file(file, &lines));
        if module.package.first().is_some_and(|it| it == "runtask") {
            found.push(format!(
                "{}:{}: packages below `runtask` are the run task's own: call `{}` something else",
                file.name,
                Place::of(&file.text, module.package_span).line,
                module.package.join(".")
            ));
        }
    }
    found.extend(oddities::of_rules(rules));
    found
}

/// An error where a file would add to a library, or change it.
fn another_library(parsed: &Parsed<'_>) -> Option<Trouble> {
    let library = parsed.module.package.join(".");
    ["runtask.plan", "runtask.testing"].contains(&&*library).then(|| {
        Trouble::new(format!(
            "{}: the package `{library}` is the run task's own: call yours something else, or keep an older copy of the \
             library out of `paths`",
            parsed.file.name
        ))
    })
}

/// What is wrong with files of tests, which nobody asks about a plan: a rule in one of them would be passed over. A file
/// that cannot be read is a warning.
pub(crate) fn look_at_tests(files: &[SourceFile]) -> (Vec<Trouble>, Vec<String>) {
    let (mut troubles, mut warnings) = (Vec::new(), Vec::new());
    for file in files {
        match rego::parse_module(&file.text, None) {
            Ok(module) => {
                let rules = find(&[Parsed { file, module: &module }], Purpose::Judge);
                troubles.extend(rules.into_iter().map(|(rule, _)| {
                    Trouble::new(format!(
                        "{}:{}: `{}` is never asked, because files that end in _test.rego are tests: put it into another \
                         file",
                        rule.file, rule.line, rule.name
                    ))
                }));
            }
            Err(errors) => {
                let first = errors.first().map(|it| Trouble::of_text(file, it).summary).unwrap_or_default();
                warnings.push(format!("{first} (its tests cannot run)"));
            }
        }
    }
    (troubles, warnings)
}

/// An error where data stands in the place of a rule: one of the two would be hidden by the other.
fn rule_in_the_place_of_data(parsed: &[Parsed<'_>], documents: &[&Json]) -> Option<Trouble> {
    for Parsed { file, module } in parsed {
        for rule in module.rules.iter().filter_map(first_name) {
            let path: Vec<&str> = module.package.iter().map(String::as_str).chain([rule]).collect();
            if let Some(hidden) = documents.iter().find_map(|it| hidden_by(it, &path)) {
                let hidden = hidden.join(".");
                let summary = format!("the data for policies has `{hidden}`, where {} has a rule", file.name);
                return Some(Trouble::new(summary));
            }
        }
    }
    None
}

/// As much of a rule's path as data stands in the way of: all of it, or up to what cannot be in something that is no
/// object.
fn hidden_by<'a, 'b>(data: &Json, path: &'b [&'a str]) -> Option<&'b [&'a str]> {
    let mut value = data;
    for (depth, component) in path.iter().enumerate() {
        let Json::Object(object) = value else { return path.get(..=depth) };
        value = object.get(*component)?;
    }
    Some(path)
}
