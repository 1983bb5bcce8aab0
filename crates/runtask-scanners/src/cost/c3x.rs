//! Reads the JSON of c3x.
//!
//! Source: c3x, `internal/render/json.go`: amounts are texts.

use super::estimate::{Change, Estimate, largest_first, other};
use super::money::{Currency, amount};
use crate::lenient::{List, Object, Text};
use crate::scan::ReadError;
use crate::words;
use runtask_findings::shortened;
use rust_decimal::Decimal;
use serde::Deserialize;

const FORMAT: &str = "that of c3x";
/// Characters of an address.
const MAX_NAME: usize = 300;

/// An estimate, or a difference.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Output<'a> {
    #[serde(borrow)]
    currency: Text<'a>,
    #[serde(borrow)]
    project_total: Text<'a>,
    #[serde(borrow)]
    costs: List<Object<Cost<'a>>>,
    #[serde(borrow)]
    baseline_total: Text<'a>,
    #[serde(borrow)]
    current_total: Text<'a>,
    #[serde(borrow)]
    total_delta: Text<'a>,
    #[serde(borrow)]
    resources: List<Object<Resource<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cost<'a> {
    #[serde(borrow)]
    monthly_subtotal: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Resource<'a> {
    #[serde(borrow)]
    resource: Text<'a>,
    #[serde(borrow)]
    baseline: Text<'a>,
    #[serde(borrow)]
    current: Text<'a>,
    #[serde(borrow)]
    delta: Text<'a>,
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
    let total = known(&output.current_total)?.or(known(&output.project_total)?);
    let currency = output.currency.get().map_or(Ok(Currency::USD), str::parse);
    let mut changes = Vec::new();
    for resource in output.resources.0.iter().filter_map(Object::get) {
        let Some(difference) = known(&resource.delta)? else { continue };
        changes.push(Change {
            address: shortened(resource.resource.get().unwrap_or_default(), MAX_NAME),
            before: known(&resource.baseline)?,
            after: known(&resource.current)?,
            difference,
        });
    }
    let priced =
        output.costs.0.iter().filter_map(Object::get).filter(|it| it.monthly_subtotal.get().is_some());
    Ok(Estimate {
        currency: currency.map_err(|_other| other(FORMAT, "its currency is none"))?,
        total: total.ok_or(other(FORMAT, "it has no total"))?,
        past: known(&output.baseline_total)?,
        difference: known(&output.total_delta)?,
        priced: priced.count() + changes.len(),
        changes: largest_first(changes),
        by_use: 0,
        unknown: Vec::new(),
    })
}

/// An amount, where there is one.
fn known(text: &Text<'_>) -> Result<Option<Decimal>, ReadError> {
    match text.get() {
        Some(text) => amount(text).map(Some).ok_or(other(FORMAT, "an amount is no number")),
        None => Ok(None),
    }
}
