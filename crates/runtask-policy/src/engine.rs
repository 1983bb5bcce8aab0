//! Compiles Rego, and asks it rule by rule.
//!
//! The engine is regorus without anything that could reach out: no network, no files, no environment. It keeps time
//! limits itself; what it cannot stop (a builtin that never returns, or takes all memory) ends with the process: see
//! `session.rs`.

use crate::annotations::{Annotated, Annotation, annotations};
use crate::library_names::{self, LibraryNames};
use crate::message::{Purpose, RuleEntry, RuleKind, Trouble};
use crate::source_file::SourceFile;
use crate::{builtin, functions, imports, oddities, why_undefined};
use regorus::unstable::{Expr, Rule, RuleHead};
use regorus::utils::limits::{ExecutionTimerConfig, PolicyLengthConfig};
use regorus::{Engine, Value};
use runtask_findings::{Code, shortened};
use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// What a file of policies may be, besides what a bundle may be. Only the columns are more than the engine's own
/// limits: people have data in policies.
const LIMITS: PolicyLengthConfig = PolicyLengthConfig {
    max_col: match NonZeroU32::new(64 * 1024) {
        Some(it) => it,
        None => NonZeroU32::MIN,
    },
    max_file_bytes: match NonZeroUsize::new(8 * 1024 * 1024) {
        Some(it) => it,
        None => NonZeroUsize::MIN,
    },
    max_lines: match NonZeroUsize::new(100_000) {
        Some(it) => it,
        None => NonZeroUsize::MIN,
    },
};

/// Steps of evaluation between two looks at the clock.
const STEPS: NonZeroU32 = match NonZeroU32::new(256) {
    Some(it) => it,
    None => NonZeroU32::MIN,
};

/// How the engine says that time is up.
const TOO_LONG: &str = "execution exceeded time limit";
/// The engine's words for a rule that is not there.
const NO_RULE: &str = "not a valid rule path";

/// Characters of a rule's title.
const MAX_TITLE: usize = 200;
/// Characters of what a rule says of itself, which stands below each of its findings.
const MAX_ANNOTATION: usize = 4_000;

/// Characters of an expression of a test.
const MAX_EXPRESSION: usize = 120;

/// Policies, compiled.
#[derive(Debug)]
pub(crate) struct Policies {
    engine: Engine,
    limit: Duration,
    /// The rules that can be asked.
    pub(crate) rules: Vec<RuleEntry>,
    /// The packages with a rule `exception`.
    exceptions: Vec<String>,
}

impl Policies {
    /// Compiles files, and finds the rules in them. A file is of Rego v1, or of the older syntax that most policies for
    /// conftest are written in.
    ///
    /// `documents` are what `data` is besides.
    pub(crate) fn compile(
        files: &[SourceFile],
        documents: Vec<Value>,
        limit: Duration,
        purpose: Purpose,
    ) -> Result<Self, Vec<Trouble>> {
        let mut engine = Engine::new();
        engine.set_policy_length_config(LIMITS);
        // As OPA: a builtin that fails makes an expression undefined, and not an error.
        engine.set_strict_builtin_errors(false);
        // What a rule prints about a plan may be anything that the plan holds; tests have no plan but their own.
        engine.set_gather_prints(purpose == Purpose::Test);
        functions::add(&mut engine);
        let mut troubles: Vec<Trouble> =
            files.iter().filter_map(|file| add(&mut engine, file).err()).collect();
        let names = LibraryNames::of(files);
        let of_others = || files.iter().filter(|it| !builtin::is_shipped(it));
        troubles.extend(of_others().flat_map(|it| names.unknown(it)));
        troubles.extend(of_others().filter_map(another_library));
        if !troubles.is_empty() {
            return Err(troubles);
        }
        Self::of(engine, documents, limit, purpose).map_err(|trouble| vec![trouble])
    }

    fn of(
        mut engine: Engine,
        documents: Vec<Value>,
        limit: Duration,
        purpose: Purpose,
    ) -> Result<Self, Trouble> {
        let of_engine = |error: Box<dyn std::error::Error>| Trouble::of_engine(&format!("{error:#}"));
        no_rule_is_hidden(&mut engine, &documents)?;
        for document in documents {
            engine.add_data(document).map_err(|error| of_engine(error.into()))?;
        }
        // Asking anything makes the engine look at everything.
        engine.eval_query("true".to_owned(), false).map_err(|error| of_engine(error.into()))?;
        let rules = find(&mut engine, purpose).map_err(of_engine)?;
        let mut policies = Self { engine, limit, rules: Vec::new(), exceptions: Vec::new() };
        for (entry, is_exception) in rules {
            if is_exception {
                policies.exceptions.push(entry.package);
            } else {
                policies.rules.push(entry);
            }
        }
        policies.engine.set_execution_timer_config(ExecutionTimerConfig { limit, check_interval: STEPS });
        Ok(policies)
    }

    /// What is odd about these files, as they are compiled here.
    pub(crate) fn oddities(&mut self, files: &[SourceFile]) -> Vec<String> {
        let mut found = Vec::new();
        for module in self.engine.get_modules() {
            let name = module.package.span.source.file();
            let Some(file) = files.iter().find(|it| it.name == *name && !builtin::is_shipped(it)) else {
                continue;
            };
            let rules: Vec<u32> = module.policy.iter().map(|it| it.span().line).collect();
            found.extend(oddities::of_file(file, &rules));
            if let Some(package) = library_names::package(file).filter(|it| is_ours(it)) {
                let name = package.trim_start_matches("data.");
                found.push(format!(
                    "{}:{}: packages below `runtask` are the run task's own: call `{name}` something else",
                    file.name, module.package.span.line
                ));
            }
        }
        found.extend(oddities::of_rules(&self.rules));
        found
    }

    /// What a rule printed since the last time, where it is gathered.
    pub(crate) fn printed(&mut self) -> Vec<String> {
        self.engine.take_prints().unwrap_or_default()
    }

    /// The expression of a test that does not hold: its line, and the text there, which is in one of these files.
    pub(crate) fn why_undefined(&self, test: &RuleEntry, files: &[SourceFile]) -> Option<(u32, String)> {
        let line = why_undefined::line(&self.engine, test)?;
        let file = files.iter().find(|it| it.name == test.file)?;
        let text = file.text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?.trim();
        Some((line, shortened(text, MAX_EXPRESSION)))
    }

    /// Sets the plan.
    pub(crate) fn set_input(&mut self, input: Value) {
        self.engine.set_input(input);
    }

    /// Asks a rule; `Undefined` where it yields nothing.
    pub(crate) fn ask(&mut self, path: &str) -> Result<Value, Trouble> {
        self.engine.eval_rule(path.to_owned()).map_err(|error| match format!("{error:#}") {
            // Inside a function it is a text, and no error of a type of its own any more.
            text if text.contains(TOO_LONG) => Trouble::too_long(self.limit),
            // There is `deny.a`, and no `deny`.
            text if text.contains(NO_RULE) => Trouble::no_messages(),
            text => Trouble::of_evaluation(&text),
        })
    }

    /// Whether a rule `exception` of the rule's package excepts it, as conftest has it: it yields lists of names, of
    /// which one is the rule's without `deny_`, `violation_` or `warn_`.
    pub(crate) fn excepts(&mut self, rule: &RuleEntry) -> Result<bool, Trouble> {
        if !self.exceptions.contains(&rule.package) {
            return Ok(false);
        }
        let path = rule.path.strip_suffix(&rule.name).unwrap_or(&rule.path);
        let value = self.ask(&format!("{path}exception"))?;
        let value = serde_json::to_value(&value).unwrap_or_default();
        let lists = value.as_array().into_iter().flatten().filter_map(|it| it.as_array()).flatten();
        let name = rule.name.split_once('_').map_or("", |(_kind, name)| name);
        Ok(lists.filter_map(|it| it.as_str()).any(|it| it == name))
    }
}

/// Adds a file in the syntax that it is written in. Where it is in neither, the error is that of the syntax that could
/// read more of it.
fn add(engine: &mut Engine, file: &SourceFile) -> Result<(), Trouble> {
    let mut add = |is_v0: bool, text: &str| {
        engine.set_rego_v0(is_v0);
        let added = engine.add_policy(file.name.clone(), text.to_owned());
        added.map_err(|error| Trouble::of_engine(&format!("{error:#}")))
    };
    // Ours are written for this engine, and reading them once more takes a quarter of the time that an empty plan takes.
    let written_out = if builtin::is_shipped(file) { None } else { imports::written_out(file) };
    let is_added = |text: String| {
        add(false, &text).is_ok() || imports::mixed_syntax(file).is_none() && add(true, &text).is_ok()
    };
    if written_out.is_some_and(is_added) {
        return Ok(());
    }
    let Err(newer) = add(false, &file.text) else { return Ok(()) };
    let Err(older) = add(true, &file.text) else {
        return imports::mixed_syntax(file).map_or(Ok(()), Err);
    };
    let mut trouble = if older.position() > newer.position() { older } else { newer };
    if !trouble.summary.contains(&file.name) {
        trouble.summary = format!("{}: {}", file.name, trouble.summary);
    }
    Err(trouble)
}

/// An error where a file would add to a library, or change it.
fn another_library(file: &SourceFile) -> Option<Trouble> {
    let package = library_names::package(file)?;
    let library =
        package.strip_prefix("data.").filter(|it| ["runtask.plan", "runtask.testing"].contains(it))?;
    Some(Trouble::new(format!(
        "{}: the package `{library}` is the run task's own: call yours something else, or keep an older copy of the \
         library out of `paths`",
        file.name
    )))
}

fn is_ours(package: &str) -> bool {
    package == "data.runtask" || package.starts_with("data.runtask.")
}

/// What is wrong with files of tests, which nobody asks about a plan: a rule in one of them would be passed over. A file
/// that cannot be read is a warning.
pub(crate) fn look_at_tests(files: &[SourceFile]) -> (Vec<Trouble>, Vec<String>) {
    let (mut troubles, mut warnings) = (Vec::new(), Vec::new());
    for file in files {
        let mut engine = Engine::new();
        engine.set_policy_length_config(LIMITS);
        let rules = match add(&mut engine, file) {
            Ok(()) => find(&mut engine, Purpose::Judge).unwrap_or_default(),
            Err(trouble) => {
                warnings.push(format!("{} (its tests cannot run)", trouble.summary));
                continue;
            }
        };
        troubles.extend(rules.into_iter().map(|(rule, _)| {
            Trouble::new(format!(
                "{}:{}: `{}` is never asked, because files that end in _test.rego are tests: put it into another file",
                rule.file, rule.line, rule.name
            ))
        }));
    }
    (troubles, warnings)
}

/// An error where data stands in the place of a rule: the engine would take the data, and the rule would find nothing.
fn no_rule_is_hidden(engine: &mut Engine, documents: &[Value]) -> Result<(), Trouble> {
    let packages = engine.get_policy_package_components();
    let packages = packages.map_err(|error| Trouble::of_engine(&format!("{error:#}")))?;
    for (module, package) in engine.get_modules().iter().zip(packages) {
        let file = &package.source_file;
        for rule in module.policy.iter().filter_map(|it| first_name(reference_of(it)?)) {
            let path: Vec<&str> = package.components.iter().map(String::as_str).chain([rule]).collect();
            if let Some(hidden) = documents.iter().find_map(|it| hidden_by(it, &path)) {
                let hidden = hidden.join(".");
                let summary = format!("the data for policies has `{hidden}`, where {file} has a rule");
                return Err(Trouble::new(summary));
            }
        }
    }
    Ok(())
}

/// As much of a rule's path as data stands in the way of: all of it, or up to what cannot be in something that is no
/// object.
fn hidden_by<'a, 'b>(data: &Value, path: &'b [&'a str]) -> Option<&'b [&'a str]> {
    let mut value = data;
    for (depth, component) in path.iter().enumerate() {
        value = match value {
            Value::Object(_) => &value[*component],
            Value::Undefined => return None,
            _ => return path.get(..=depth),
        };
    }
    (*value != Value::Undefined).then_some(path)
}

/// Finds the rules to ask, in the order of files and lines, and the exceptions.
fn find(engine: &mut Engine, purpose: Purpose) -> Result<Vec<(RuleEntry, bool)>, Box<dyn std::error::Error>> {
    let packages = engine.get_policy_package_components()?;
    let mut entries: Vec<(RuleEntry, bool)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (module, package) in engine.get_modules().iter().zip(packages) {
        let annotated = annotations(module.package.span.source.get_contents());
        let nothing = Annotation::default();
        let of_package = annotated.iter().find(|it| it.is_package).map_or(&nothing, |it| &it.annotation);
        for rule in &module.policy {
            let Some((name, line)) = name_of(rule) else { continue };
            let is_exception = name == "exception";
            let Some(kind) = kind_of(&name, purpose).or(is_exception.then_some(RuleKind::Deny)) else {
                continue;
            };
            let path = format!("data{}.{name}", joined(&package.components));
            let own = annotated.iter().find(|it| is_about(it, line)).map(|it| it.annotation.clone());
            let annotation = own.clone().unwrap_or_default().or(of_package);
            let place = places.get(&path).copied();
            if let Some((entry, _)) = place.and_then(|it| entries.get_mut(it)) {
                // Of several definitions, the first that has something to say about itself speaks for all.
                if own.is_some() && entry.title == title_of(&name) {
                    *entry = self::entry(
                        path,
                        &package.components,
                        name,
                        kind,
                        annotation,
                        &package.source_file,
                        line,
                    );
                }
                continue;
            }
            places.insert(path.clone(), entries.len());
            let entry = entry(path, &package.components, name, kind, annotation, &package.source_file, line);
            entries.push((entry, is_exception));
        }
    }
    Ok(entries)
}

fn entry(
    path: String,
    package: &[String],
    name: String,
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
        title: shortened(&annotation.title.unwrap_or_else(|| title_of(&name)), MAX_TITLE),
        code: Code::of_rule(&code).as_str().to_owned(),
        path,
        package,
        name,
        kind,
        description: shortened(&annotation.description.unwrap_or_default(), MAX_ANNOTATION),
        fix: shortened(&annotation.fix.unwrap_or_default(), MAX_ANNOTATION),
        severity: annotation.severity,
        params: annotation.params,
        links: annotation.links,
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

/// The name and line of a rule that has no arguments. `deny[x] = y` is an object with keys, as `deny` is, and so is that
/// of `deny.x contains y`.
fn name_of(rule: &Rule) -> Option<(String, u32)> {
    match rule {
        Rule::Spec { span, head: head @ (RuleHead::Compr { .. } | RuleHead::Set { .. }), .. } => {
            Some((first_name(reference(head))?.to_owned(), span.line))
        }
        _ => None,
    }
}

fn reference_of(rule: &Rule) -> Option<&Expr> {
    match rule {
        Rule::Spec { head, .. } => Some(reference(head)),
        Rule::Default { refr, .. } => Some(refr),
    }
}

fn reference(head: &RuleHead) -> &Expr {
    match head {
        RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. } => refr,
    }
}

/// `deny` of `deny`, `deny[x]` and `deny.x`.
fn first_name(reference: &Expr) -> Option<&str> {
    match reference {
        Expr::Var { span, .. } => Some(span.text()),
        Expr::RefBrack { refr, .. } | Expr::RefDot { refr, .. } => first_name(refr),
        _ => None,
    }
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
