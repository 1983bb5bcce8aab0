//! Reads the settings of the check `cost`. The files that they name are not opened.

use super::money::{Currency, Money, amount};
use super::settings::{CostSettings, Limits, Source};
use runtask_settings::numbers::SCANNER_TIMEOUT;
use runtask_tasks::{
    CheckSettings, Form, Key, Kind, Notes, ReadSettings, SettingsEntry, Table, shown, words,
};
use std::path::PathBuf;
use std::time::Duration;

/// Percents that are a limit.
const HIGHEST_PERCENT: u64 = 1_000_000;

const SOURCE_WORDS: [&str; 2] = words(&Source::WORDS);

/// Limits of the difference, which somebody has to know.
const OF_DIFFERENCE: [&str; 3] = ["warn_above", "fail_above", "fail_above_percent"];
/// What only Infracost takes.
const OF_INFRACOST: [&str; 3] = ["currency", "endpoint", "usage_file"];

static COST: Kind = Kind::new(
    "`[tasks.NAME.cost]`",
    &[
        Key::required("source", Form::Word(&SOURCE_WORDS), "Who estimates"),
        Key::new("program", Form::Text, "The program; named as the source unless set"),
        Key::new("currency", Form::Text, "The currency of the estimate; USD unless set"),
        Key::new("endpoint", Form::Text, "The URL of your own pricing service"),
        Key::new("usage_file", Form::Text, "A file that says how much is used"),
        Key::new("warn_above", Form::Text, "Warns of more a month than this, as \"40.00 USD\""),
        Key::new(
            "fail_above",
            Form::Text,
            "Fails where a month costs more by more than this, as \"40.00 USD\"",
        ),
        Key::new(
            "fail_above_percent",
            Form::Number(0, HIGHEST_PERCENT),
            "The same, in percent of the cost before",
        ),
        Key::new(
            "fail_total_above",
            Form::Text,
            "Fails where a month costs more in all than this, as \"400.00 USD\"",
        ),
        Key::new(
            SCANNER_TIMEOUT.name,
            Form::Number(SCANNER_TIMEOUT.lowest, SCANNER_TIMEOUT.highest),
            "Milliseconds that it may take",
        ),
    ],
);

/// `[tasks.NAME.cost]`, for whoever reads a file of tasks.
pub(super) const SETTINGS: SettingsEntry = SettingsEntry {
    kind: &COST,
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
            fail_above_percent: table.number("fail_above_percent", notes),
            fail_total_above: money(table, "fail_total_above", notes),
        },
        time_limit: table
            .number(SCANNER_TIMEOUT.name, notes)
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
