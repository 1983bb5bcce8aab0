//! Finds the expression of a test that does not hold: the first up to which the body of the rule has no answer.

use crate::message::RuleEntry;
use regorus::unstable::{Module, Query, Rule, RuleBody};
use regorus::{Engine, Value};

/// The name of a rule that is asked for it.
const PROBE: &str = "runtask_probe";

/// The line of the expression, where the test has one body.
pub(crate) fn line(engine: &Engine, test: &RuleEntry) -> Option<u32> {
    let mut engine = engine.clone();
    let modules = engine.get_modules().clone();
    let module = modules.iter().find(|it| *it.package.span.source.file() == *test.file)?;
    let rule = module.policy.iter().find(|it| it.span().line == test.line)?;
    let Rule::Spec { bodies, .. } = &**rule else { return None };
    let [RuleBody { query, .. }] = bodies.as_slice() else { return None };
    let package = test.path.rsplit_once('.')?.0;
    let at = (0..query.stmts.len().checked_sub(1)?)
        .find(|last| !holds(&engine, module, query, *last, package).unwrap_or(true))
        .unwrap_or(query.stmts.len() - 1);
    Some(query.stmts.get(at)?.span.line)
}

/// Whether the body holds up to the statement with this index: what stands before the next one, in a rule of its own.
fn holds(engine: &Engine, module: &Module, query: &Query, last: usize, package: &str) -> Option<bool> {
    let text = module.package.span.source.contents();
    let offset = |it: u32| usize::try_from(it).ok();
    let start = offset(query.stmts.first()?.span.start)?;
    let end = offset(query.stmts.get(last + 1)?.span.start)?;
    let body = text.get(start..end)?.trim_end_matches(|it: char| it.is_whitespace() || it == ';');
    let first_rule = offset(module.policy.first()?.span().start)?;
    let head = text.get(..first_rule)?;
    [format!("{PROBE} if {{\n{body}\n}}"), format!("{PROBE} {{\n{body}\n}}")].iter().find_map(|rule| {
        let mut engine = engine.clone();
        engine.set_rego_v0(!rule.contains(" if {\n"));
        engine.add_policy(PROBE.to_owned(), format!("{head}\n{rule}\n")).ok()?;
        Some(engine.eval_rule(format!("{package}.{PROBE}")).ok()? == Value::Bool(true))
    })
}
