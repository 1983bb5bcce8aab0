//! Reads the settings of the check `cost`. The files that they name are not opened.

use super::money::{Currency, Money, amount};
use super::settings::{CostSettings, Limits, Source};
use runtask_settings::numbers::SCANNER_TIMEOUT;
use runtask_tasks::{CheckSettings, Kind, Notes, ReadSettings, SettingsEntry, Table, shown};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// Percents that are a limit.
const PERCENT: RangeInclusive<u64> = 0..=1_000_000;
/// Limits of the difference, which somebody has to know.
const OF_DIFFERENCE: [&str; 3] = ["warn_above", "fail_above", "fail_above_percent"];
/// What only Infracost takes.
const OF_INFRACOST: [&str; 3] = ["currency", "endpoint", "usage_file"];

static COST: Kind = Kind::new(
    "`[tasks.NAME.cost]`",
    &[
        "source",
        "program",
        "currency",
        "endpoint",
        "usage_file",
        "warn_above",
        "fail_above",
        "fail_above_percent",
        "fail_total_above",
        "timeout_ms",
    ],
);

/// `[tasks.NAME.cost]`, for whoever reads a file of tasks.
pub(super) const SETTINGS: SettingsEntry = SettingsEntry {
    kinds: &[&COST],
    required: Some("source"),
    read: ReadSettings::Table(|table, _today, notes| CheckSettings::new(settings(table, notes))),
};

fn settings(table: &Table<'_>, notes: &mut Notes<'_>) -> CostSettings {
    if table.entry("source").is_none() {
        table.missing("source", "say who estimates: `infracost` or `c3x`", notes);
    }
    let source = table.word("source", &Source::WORDS, notes).unwrap_or(Source::Infracost);
    if source == Source::C3x {
        for key in OF_DIFFERENCE {
            if let Some((name, _)) = table.entry(key) {
                let message = format!(
                    "`{key}` is a limit of the difference, and c3x tells the total alone: use `fail_total_above`"
                );
                notes.error(name.span(), message);
            }
        }
        for key in OF_INFRACOST {
            if let Some((name, _)) = table.entry(key) {
                notes.error(name.span(), format!("`{key}` is for Infracost alone: remove it"));
            }
        }
    }
    let endpoint = table.text("endpoint", notes);
    if let Some(endpoint) =
        endpoint.as_ref().filter(|it| !it.text.starts_with("https://") && !it.text.starts_with("http://"))
    {
        notes.error(
            endpoint.place.clone(),
            format!("`{}` is no URL: write `https://…`", shown(endpoint.text)),
        );
    }
    let currency = table.text("currency", notes);
    let code = currency.as_ref().map_or(Ok(Currency::USD), |it| it.text.parse());
    if let (Err(error), Some(text)) = (code, &currency) {
        notes.error(text.place.clone(), error.to_string());
    }
    CostSettings {
        source,
        program: table.text("program", notes).map_or(source.as_str(), |it| it.text).to_owned(),
        currency: code.unwrap_or(Currency::USD),
        endpoint: endpoint.map(|it| it.text.to_owned()),
        usage_file: table.text("usage_file", notes).map(|it| PathBuf::from(it.text)),
        limits: Limits {
            warn_above: money(table, "warn_above", notes),
            fail_above: money(table, "fail_above", notes),
            fail_above_percent: table.number("fail_above_percent", PERCENT, notes),
            fail_total_above: money(table, "fail_total_above", notes),
        },
        time_limit: table
            .number(SCANNER_TIMEOUT.name, SCANNER_TIMEOUT.range(), notes)
            .map_or(SCANNER_TIMEOUT.default_time(), Duration::from_millis),
    }
}

/// An amount and its currency: `"40.00 USD"`.
fn money(table: &Table<'_>, key: &str, notes: &mut Notes<'_>) -> Option<Money> {
    let text = table.text(key, notes)?;
    let parts = text.text.split_once(' ');
    let money = parts.and_then(|(number, currency)| {
        let amount = amount(number).filter(|it| !it.is_sign_negative())?;
        Some(Money { amount, currency: currency.trim().parse().ok()? })
    });
    if money.is_none() {
        let message =
            format!("`{}` is no amount: write it with its currency, as `\"40.00 USD\"`", shown(text.text));
        notes.error(text.place, message);
    }
    money
}
