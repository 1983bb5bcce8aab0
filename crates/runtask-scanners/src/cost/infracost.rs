//! Reads the JSON of Infracost 0.10.
//!
//! Source: Infracost, `schema/infracost.schema.json`, version "0.2": amounts are texts, or null.

use super::estimate::{Change, Estimate, largest_first, other};
use super::money::{Currency, amount};
use crate::lenient::{Flag, List, Object, Text, Whole};
use crate::scan::ReadError;
use crate::words;
use runtask_findings::shortened;
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

const FORMAT: &str = "that of Infracost 0.10";
/// Its version of this format.
const VERSION: &str = "0.2";
/// Characters of an address, a type, and an error.
const MAX_NAME: usize = 300;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Output<'a> {
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    currency: Text<'a>,
    #[serde(borrow)]
    projects: List<Object<Project<'a>>>,
    #[serde(borrow)]
    total_monthly_cost: Text<'a>,
    #[serde(borrow)]
    past_total_monthly_cost: Text<'a>,
    #[serde(borrow)]
    diff_total_monthly_cost: Text<'a>,
    summary: Object<Summary>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Project<'a> {
    #[serde(borrow)]
    metadata: Object<Metadata<'a>>,
    #[serde(borrow)]
    past_breakdown: Object<Breakdown<'a>>,
    #[serde(borrow)]
    breakdown: Object<Breakdown<'a>>,
    #[serde(borrow)]
    diff: Object<Breakdown<'a>>,
    /// Only Infracost 2 has it.
    #[serde(borrow, rename = "project_name")]
    name_of_2: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata<'a> {
    #[serde(borrow)]
    errors: List<Object<Problem<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Problem<'a> {
    #[serde(borrow)]
    message: Text<'a>,
    is_error: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Breakdown<'a> {
    #[serde(borrow)]
    resources: List<Object<Resource<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Resource<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    monthly_cost: Text<'a>,
    cost_components: List<Object<Component>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Component {
    usage_based: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Summary {
    unsupported_resource_counts: Object<BTreeMap<String, Whole>>,
}

/// Reads an output.
///
/// # Errors
///
/// When it holds no estimate.
pub(crate) fn read(bytes: &[u8]) -> Result<Estimate, ReadError> {
    let text = words::json(bytes)?;
    let output = serde_json::from_str::<Object<Output<'_>>>(text).map_err(|error| words::not_json(&error))?;
    let output = output.0.ok_or(other(FORMAT, "it is no object"))?;
    let projects = || output.projects.0.iter().filter_map(Object::get);
    if output.version.get() != Some(VERSION) {
        let why = match projects().any(|it| it.name_of_2.get().is_some()) {
            true => "it is Infracost 2's, which reads no plans: install Infracost 0.10",
            false => "its version is not 0.2",
        };
        return Err(other(FORMAT, why));
    }
    let problems =
        projects().filter_map(|it| it.metadata.get()).flat_map(|it| &it.errors.0).filter_map(Object::get);
    // It ends well all the same, and there are no amounts.
    if let Some(problem) = problems.into_iter().find(|it| it.is_error.0 != Some(false)) {
        return Err(ReadError::ByItself(shortened(
            problem.message.get().unwrap_or("an error without a text"),
            MAX_NAME,
        )));
    }
    let total = known(&output.total_monthly_cost)?.ok_or(other(FORMAT, "it has no total"))?;
    let currency = output.currency.get().map_or(Ok(Currency::USD), str::parse);
    let mut estimate = Estimate {
        currency: currency.map_err(|_other| other(FORMAT, "its currency is none"))?,
        total,
        past: known(&output.past_total_monthly_cost)?,
        difference: known(&output.diff_total_monthly_cost)?,
        changes: Vec::new(),
        priced: 0,
        by_use: 0,
        unknown: Vec::new(),
    };
    for project in projects() {
        add(project, &mut estimate)?;
    }
    estimate.changes = largest_first(estimate.changes);
    let unknown = output.summary.0.and_then(|it| it.unsupported_resource_counts.0).unwrap_or_default();
    let unknown = unknown.into_iter().map(|(kind, count)| (shortened(&kind, MAX_NAME), count.0.unwrap_or(1)));
    estimate.unknown = unknown.filter(|(_, count)| *count > 0).collect();
    Ok(estimate)
}

fn add(project: &Project<'_>, estimate: &mut Estimate) -> Result<(), ReadError> {
    let costs = |it: &Object<Breakdown<'_>>| {
        let resources =
            it.get().map(|it| it.resources.0.iter()).into_iter().flatten().filter_map(Object::get);
        let costs =
            resources.map(|it| Ok((it.name.get().unwrap_or_default().to_owned(), known(&it.monthly_cost)?)));
        costs.collect::<Result<HashMap<String, Option<Decimal>>, ReadError>>()
    };
    let (before, after) = (costs(&project.past_breakdown)?, costs(&project.breakdown)?);
    for resource in
        project.breakdown.get().map(|it| it.resources.0.iter()).into_iter().flatten().filter_map(Object::get)
    {
        let is_by_use = resource
            .cost_components
            .0
            .iter()
            .filter_map(Object::get)
            .any(|it| it.usage_based.0 == Some(true));
        match resource.monthly_cost.get() {
            Some(_) => estimate.priced += 1,
            None if is_by_use => estimate.by_use += 1,
            None => {}
        }
    }
    for resource in
        project.diff.get().map(|it| it.resources.0.iter()).into_iter().flatten().filter_map(Object::get)
    {
        let name = resource.name.get().unwrap_or_default();
        let cost = |of: &HashMap<String, Option<Decimal>>| of.get(name).copied().flatten();
        let Some(difference) = known(&resource.monthly_cost)? else { continue };
        let address = shortened(name, MAX_NAME);
        estimate.changes.push(Change { address, before: cost(&before), after: cost(&after), difference });
    }
    Ok(())
}

/// An amount, where there is one.
fn known(text: &Text<'_>) -> Result<Option<Decimal>, ReadError> {
    match text.get() {
        Some(text) => amount(text).map(Some).ok_or(other(FORMAT, "an amount is no number")),
        None => Ok(None),
    }
}
