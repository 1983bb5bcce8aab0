//! Says what an estimate comes to, and whether it is over a limit.

use super::estimate::{Change, Estimate};
use super::money::{Currency, Money};
use super::settings::Limits;
use runtask_findings::{Code, Finding, Level, code_span, counted, markdown_escaped};
use rust_decimal::Decimal;

/// Changes that are shown.
const MAX_CHANGES: usize = 10;
/// Types of resources without a price that are shown.
const MAX_UNKNOWN: usize = 10;

/// Why a limit cannot be compared with. The texts are sentences for people.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitError {
    #[error("a limit is in {limit}, and the estimate in {estimate}: nothing is converted")]
    Currency { limit: Currency, estimate: Currency },
    #[error("there are limits of the difference, and the estimate has none")]
    NoDifference,
    #[error("there is a limit, and the cost is not known: {0}")]
    NotKnown(String),
}

/// The finding about an estimate. `redact` keeps values that nobody may read out of a text.
pub(crate) fn finding(
    estimate: &Estimate,
    limits: &Limits,
    source: &str,
    redact: &dyn Fn(&str) -> String,
) -> Result<Finding, LimitError> {
    let known = known(estimate);
    let over = over(estimate, limits)?;
    let has_limits = *limits != Limits::default();
    if let (None, true) = (&known, has_limits) {
        return Err(LimitError::NotKnown(by_use(estimate.by_use)));
    }
    let known = known.unwrap_or_else(|| format!("not known, {}", by_use(estimate.by_use)));
    let (code, level) = match over.first() {
        None => (Code::COST, Level::Info),
        Some((level, _)) => (Code::COST_LIMIT, *level),
    };
    let over: Vec<&str> = over.iter().map(|(_, text)| text.as_str()).collect();
    let over = if over.is_empty() { String::new() } else { format!(", {}", over.join(", ")) };
    Ok(Finding::new(code, level, format!("Monthly cost: {known}{over}")).body(body(estimate, source, redact)))
}

/// The number; nothing where no resource has a price that is known.
fn known(estimate: &Estimate) -> Option<String> {
    let money = |amount| Money { amount, currency: estimate.currency };
    if estimate.priced == 0 && estimate.by_use > 0 && estimate.total.is_zero() && estimate.changes.is_empty()
    {
        return None;
    }
    Some(match estimate.difference {
        Some(difference) if money(difference).is_nothing() => "no change".to_owned(),
        Some(difference) => money(difference).signed(),
        None => money(estimate.total).to_string(),
    })
}

/// The limits that it is over, the worst first.
fn over(estimate: &Estimate, limits: &Limits) -> Result<Vec<(Level, String)>, LimitError> {
    let amounts = [limits.fail_above, limits.warn_above, limits.fail_total_above];
    if let Some(limit) = amounts.into_iter().flatten().find(|it| it.currency != estimate.currency) {
        return Err(LimitError::Currency { limit: limit.currency, estimate: estimate.currency });
    }
    let of_difference =
        limits.fail_above.is_some() || limits.warn_above.is_some() || limits.fail_above_percent.is_some();
    if of_difference && estimate.difference.is_none() {
        return Err(LimitError::NoDifference);
    }
    // What makes nothing more expensive must not be stopped for what was there before.
    if estimate.difference.is_some_and(|it| it <= Decimal::ZERO) {
        return Ok(Vec::new());
    }
    let difference = estimate.difference.unwrap_or_default();
    let mut over = Vec::new();
    if let Some(limit) = limits.fail_above.filter(|it| difference > it.amount) {
        over.push((Level::Error, format!("more than the {limit} allowed")));
    }
    if let (Some(percent), Some(past)) =
        (limits.fail_above_percent, estimate.past.filter(|it| *it > Decimal::ZERO))
    {
        let hundred = Decimal::ONE_HUNDRED;
        // What is too large to be multiplied is no share of anything.
        let share =
            difference.checked_mul(hundred).and_then(|it| it.checked_div(past)).unwrap_or(Decimal::MAX);
        if share > Decimal::from(percent) {
            over.push((
                Level::Error,
                format!("{} % more, and {percent} % are allowed", share.round_dp(1).normalize()),
            ));
        }
    }
    if let Some(limit) = limits.fail_total_above.filter(|it| estimate.total > it.amount) {
        let total = Money { amount: estimate.total, ..limit };
        over.push((Level::Error, format!("{total} in all, more than the {limit} allowed")));
    }
    if let Some(limit) = limits.warn_above.filter(|it| over.is_empty() && difference > it.amount) {
        over.push((Level::Warning, format!("more than the {limit} that call for a look")));
    }
    Ok(over)
}

/// A table of the largest changes, and what is in none of the numbers.
fn body(estimate: &Estimate, source: &str, redact: &dyn Fn(&str) -> String) -> String {
    let money = |amount| Money { amount, currency: estimate.currency };
    let mut body = String::new();
    if !estimate.changes.is_empty() {
        body.push_str("| Resource | Before | After | Difference |\n| --- | ---: | ---: | ---: |\n");
        let shown = |amount: Option<Decimal>| amount.map_or("–".to_owned(), |it| money(it).to_string());
        let row = |it: &Change| {
            let address = code_span(&redact(&it.address));
            let difference = money(it.difference).signed();
            format!("| {address} | {} | {} | {difference} |\n", shown(it.before), shown(it.after))
        };
        body.extend(estimate.changes.iter().take(MAX_CHANGES).map(row));
        let more = estimate.changes.len().saturating_sub(MAX_CHANGES);
        if more > 0 {
            body.push_str(&format!("\n… and {more} more.\n"));
        }
        body.push('\n');
    }
    if let (Some(past), true) = (estimate.past, estimate.difference.is_some()) {
        body.push_str(&format!("{} a month before, {} after.\n", money(past), money(estimate.total)));
    }
    if estimate.by_use > 0 {
        body.push_str(&format!(
            "{}: not included without a usage file.\n",
            capitalized(&by_use(estimate.by_use))
        ));
    }
    if !estimate.unknown.is_empty() {
        let number: u64 = estimate.unknown.iter().map(|(_, count)| u64::from(*count)).sum();
        let name = |(kind, count): &(String, u32)| match count {
            1 => code_span(kind),
            count => format!("{} ×{count}", code_span(kind)),
        };
        let names: Vec<String> = estimate.unknown.iter().take(MAX_UNKNOWN).map(name).collect();
        let more = if estimate.unknown.len() > MAX_UNKNOWN { ", …" } else { "" };
        let verb = if number == 1 { "is" } else { "are" };
        let number = counted(usize::try_from(number).unwrap_or(usize::MAX), "resource");
        body.push_str(&format!(
            "{number} {verb} not known to {}: {}{more}.\n",
            markdown_escaped(source),
            names.join(", ")
        ));
    }
    body
}

fn by_use(number: usize) -> String {
    let verb = if number == 1 { "is" } else { "are" };
    format!("{} {verb} billed by use", counted(number, "resource"))
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|it| it.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::money::amount;
    use crate::cost::{c3x, infracost};
    use crate::scan::ReadError;

    fn fixture(name: &str) -> Vec<u8> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/by-hand").join(name);
        std::fs::read(path).unwrap()
    }

    fn estimate(name: &str) -> Estimate {
        let read = if name.starts_with("c3x") { c3x::read } else { infracost::read };
        read(&fixture(name)).unwrap()
    }

    fn judged(name: &str, limits: Limits) -> Result<Finding, LimitError> {
        finding(&estimate(name), &limits, "infracost", &|it| it.to_owned())
    }

    fn summary(name: &str, limits: Limits) -> String {
        judged(name, limits).unwrap().summary
    }

    fn money(text: &str) -> Option<Money> {
        let (number, currency) = text.split_once(' ').unwrap();
        Some(Money { amount: amount(number).unwrap(), currency: currency.parse().unwrap() })
    }

    /// F-09.
    #[test]
    fn the_difference_is_told_as_people_say_it() {
        let none = Limits::default();
        assert_eq!(summary("infracost-diff.json", none), "Monthly cost: +$45.81");
        assert_eq!(summary("infracost-diff-decrease-eur.json", none), "Monthly cost: -22.91 EUR");
        assert_eq!(summary("infracost-breakdown-no-past.json", none), "Monthly cost: $157.14");
        assert_eq!(
            summary("infracost-nothing-priced.json", none),
            "Monthly cost: not known, 1 resource is billed by use"
        );
        assert_eq!(summary("c3x-estimate.json", none), "Monthly cost: $20.15");
        assert_eq!(summary("c3x-diff.json", none), "Monthly cost: +$45.81");
        let same = Estimate {
            difference: Some(Decimal::ZERO),
            changes: Vec::new(),
            ..estimate("infracost-diff.json")
        };
        let same = finding(&same, &none, "infracost", &|it| it.to_owned()).unwrap();
        assert_eq!(same.summary, "Monthly cost: no change");
        insta::assert_snapshot!(judged("infracost-diff.json", none).unwrap().body, @r#"
        | Resource | Before | After | Difference |
        | --- | ---: | ---: | ---: |
        | `aws_db_instance.main["a\"b"]` | – | $22.91 | +$22.91 |
        | `aws_db_instance.main["c/d"]` | – | $22.91 | +$22.91 |

        $111.33 a month before, $157.14 after.
        1 resource is billed by use: not included without a usage file.
        "#);
    }

    #[test]
    fn a_limit_is_passed_above_it_and_not_at_it() {
        let level = |limits| judged("infracost-diff.json", limits).unwrap().level;
        let fail = |text| Limits { fail_above: money(text), ..Limits::default() };
        assert_eq!(
            [level(fail("45.80 USD")), level(fail("45.81 USD")), level(fail("45.82 USD"))],
            [Level::Error, Level::Info, Level::Info]
        );
        assert_eq!(
            summary("infracost-diff.json", fail("40 USD")),
            "Monthly cost: +$45.81, more than the $40.00 allowed"
        );
        let warn = Limits { warn_above: money("40 USD"), ..fail("50 USD") };
        assert_eq!(level(warn), Level::Warning);
        // 45.81 of 111.328 is 41.1486… %.
        let percent = |it| Limits { fail_above_percent: Some(it), ..Limits::default() };
        assert_eq!([level(percent(41)), level(percent(42))], [Level::Error, Level::Info]);
        assert_eq!(
            summary("infracost-diff.json", percent(20)),
            "Monthly cost: +$45.81, 41.1 % more, and 20 % are allowed"
        );
        let total = |text| Limits { fail_total_above: money(text), ..Limits::default() };
        assert_eq!([level(total("157.13 USD")), level(total("157.138 USD"))], [Level::Error, Level::Info]);
        assert_eq!(
            summary("c3x-estimate.json", total("20 USD")),
            "Monthly cost: $20.15, $20.15 in all, more than the $20.00 allowed"
        );
        let decrease = Limits { fail_total_above: money("1 EUR"), ..Limits::default() };
        assert_eq!(judged("infracost-diff-decrease-eur.json", decrease).unwrap().level, Level::Info);
    }

    #[test]
    fn a_limit_that_cannot_be_compared_with_is_no_pass() {
        let limits = Limits { fail_above: money("40 EUR"), ..Limits::default() };
        let error = judged("infracost-diff.json", limits).unwrap_err();
        assert_eq!(error.to_string(), "a limit is in EUR, and the estimate in USD: nothing is converted");
        let limits = Limits { fail_above: money("40 USD"), ..Limits::default() };
        assert_eq!(judged("infracost-breakdown-no-past.json", limits).unwrap_err(), LimitError::NoDifference);
        let error = judged("infracost-nothing-priced.json", limits).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is a limit, and the cost is not known: 1 resource is billed by use"
        );
    }

    #[test]
    fn what_holds_no_estimate_is_an_error() {
        let error = |it: Result<Estimate, ReadError>| it.unwrap_err().to_string();
        assert_eq!(
            error(infracost::read(&fixture("infracost-project-error.json"))),
            "could not check: Error loading Terraform plan JSON"
        );
        assert_eq!(
            error(infracost::read(&fixture("infracost-2-scan.json"))),
            "wrote JSON that is not that of Infracost 0.10: it is Infracost 2's, which reads no plans: install Infracost 0.10"
        );
        assert_eq!(
            error(infracost::read(&fixture("c3x-diff.json"))),
            "wrote JSON that is not that of Infracost 0.10: its version is not 0.2"
        );
        assert_eq!(
            error(c3x::read(&fixture("infracost-2-scan.json"))),
            "wrote JSON that is not that of c3x: it has no total"
        );
        let amounts = format!(r#"{{"version": "0.2", "totalMonthlyCost": "{}"}}"#, "9".repeat(1_000_000));
        assert_eq!(
            error(infracost::read(amounts.as_bytes())),
            "wrote JSON that is not that of Infracost 0.10: an amount is no number"
        );
        assert_eq!(
            error(infracost::read(br#"{"version": "0.2", "totalMonthlyCost": null}"#)),
            "wrote JSON that is not that of Infracost 0.10: it has no total"
        );
        assert_eq!(error(infracost::read(b"")), "wrote no output");
    }
}
