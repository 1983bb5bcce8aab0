//! Reads the settings of the check `scanner`. The files that they name are not opened.

use crate::grade::{FailOn, Thresholds};
use crate::profile::{Config, Profile, Reader};
use crate::profiles::{PROFILES, profile};
use crate::settings::{Input, ScannerSettings};
use runtask_findings::Severity;
use runtask_settings::numbers::{SCANNER_MEMORY, SCANNER_TIMEOUT};
use runtask_tasks::{CheckSettings, Kind, Notes, ReadSettings, SettingsEntry, Table, shown, suggestion};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// The word for a scanner of one's own.
const OWN: &str = "sarif";

/// Exit codes that a program can have.
const EXIT_CODES: std::ops::RangeInclusive<u64> = 0..=255;

static SCANNER: Kind = Kind::new(
    "`[[tasks.NAME.scanner]]`",
    &[
        "name",
        "profile",
        "input",
        "program",
        "arguments",
        "output",
        "reader",
        "exit_codes",
        "config",
        "fail_on",
        "unknown",
        "timeout_ms",
        "memory_bytes",
        "skip",
        "honor_suppressions",
        "trust_tree_settings",
        "environment",
    ],
);

/// `[[tasks.NAME.scanner]]`, for whoever reads a file of tasks.
pub(crate) const SETTINGS: SettingsEntry = SettingsEntry {
    kinds: &[&SCANNER],
    required: Some("profile"),
    read: ReadSettings::Tables(|tables, _today, notes| CheckSettings::new(scanners(tables, notes))),
};

fn scanners(tables: &[Table<'_>], notes: &mut Notes<'_>) -> Vec<ScannerSettings> {
    let mut scanners: Vec<ScannerSettings> = Vec::new();
    let mut names = BTreeSet::new();
    for table in tables {
        let Some(scanner) = scanner(table, notes) else { continue };
        if !names.insert(scanner.name.clone()) {
            let name = shown(&scanner.name);
            notes.error(
                table.place(),
                format!("there is a scanner `{name}` already: give this one another `name`"),
            );
        }
        scanners.push(scanner);
    }
    scanners
}

fn scanner(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<ScannerSettings> {
    if table.entry("profile").is_none() {
        let names: Vec<&str> = PROFILES.iter().map(|it| it.name).collect();
        let advice =
            format!("name the scanner, one of `{}`, or `{OWN}` for one of your own", names.join("`, `"));
        table.missing("profile", &advice, notes);
    }
    let word = table.text("profile", notes)?;
    let known = profile(word.text);
    if known.is_none() && word.text != OWN {
        let names: Vec<&str> = PROFILES.iter().map(|it| it.name).chain([OWN]).collect();
        let advice = suggestion(word.text, &names);
        notes.error(word.place, format!("there is no profile `{}`{advice}", shown(word.text)));
        return None;
    }
    check_keys(table, known, notes);
    let name = table.text("name", notes).map_or(word.text, |it| it.text);
    let program = table.text("program", notes).map(|it| it.text);
    let texts = |key: &str, notes: &mut Notes<'_>| -> Vec<String> {
        table.texts(key, notes).unwrap_or_default().iter().map(|it| it.text.to_owned()).collect()
    };
    let exit_codes = table.numbers("exit_codes", EXIT_CODES, notes).unwrap_or_default();
    let exit_codes: Vec<i32> = exit_codes.into_iter().filter_map(|it| i32::try_from(it).ok()).collect();
    let usual = Thresholds::default();
    let severities = ["critical", "high", "medium", "low"];
    let severities: Vec<(&str, Severity)> =
        severities.iter().filter_map(|it| Some((*it, it.parse().ok()?))).collect();
    Some(ScannerSettings {
        name: name.to_owned(),
        profile: known,
        input: input(table, known, notes),
        program: program.or(known.map(|it| it.program)).unwrap_or_default().to_owned(),
        arguments: texts("arguments", notes),
        output: table.text("output", notes).map(|it| it.text.to_owned()),
        reader: table.word("reader", &Reader::WORDS, notes).unwrap_or(Reader::Sarif),
        exit_codes: if exit_codes.is_empty() { vec![0] } else { exit_codes },
        config: table.text("config", notes).map(|it| PathBuf::from(it.text)),
        thresholds: Thresholds {
            fail_on: table.word("fail_on", &FailOn::WORDS, notes).unwrap_or(usual.fail_on),
            unknown: table.word("unknown", &severities, notes).unwrap_or(usual.unknown),
        },
        time_limit: table
            .number(SCANNER_TIMEOUT.name, SCANNER_TIMEOUT.range(), notes)
            .map_or(SCANNER_TIMEOUT.default_time(), Duration::from_millis),
        memory_bytes: table
            .number(SCANNER_MEMORY.name, SCANNER_MEMORY.range(), notes)
            .unwrap_or(SCANNER_MEMORY.default),
        skip: texts("skip", notes),
        honor_suppressions: table.boolean("honor_suppressions", notes).unwrap_or(true),
        trust_tree_settings: table.boolean("trust_tree_settings", notes).unwrap_or_default(),
        environment: texts("environment", notes),
    })
}

/// Notes keys that a scanner of this kind has no use for, and those that it cannot do without.
fn check_keys(table: &Table<'_>, known: Option<&Profile>, notes: &mut Notes<'_>) {
    let Some(known) = known else {
        for (key, advice) in [
            ("program", "name the program to run"),
            ("arguments", "say how it is run: `{input}` is what it scans, `{output}` where it may write"),
        ] {
            if table.entry(key).is_none() {
                table.missing(key, advice, notes);
            }
        }
        return;
    };
    for key in ["output", "reader", "exit_codes"] {
        if let Some((name, _)) = table.entry(key) {
            let message = format!(
                "the profile `{}` says itself what `{key}` is: remove it, or use `profile = \"{OWN}\"`",
                known.name
            );
            notes.error(name.span(), message);
        }
    }
    match (known.config, table.entry("config")) {
        (Config::Required(_, what), None) => table.missing("config", &format!("name {what}"), notes),
        (Config::None, Some((name, _))) => {
            notes.error(name.span(), format!("the profile `{}` takes no `config`: remove it", known.name));
        }
        _ => {}
    }
    if known.tree_settings.is_empty()
        && let Some((name, _)) = table.entry("trust_tree_settings")
    {
        notes
            .error(name.span(), format!("the profile `{}` reads no settings of a configuration", known.name));
    }
}

fn input(table: &Table<'_>, known: Option<&Profile>, notes: &mut Notes<'_>) -> Input {
    let words = [("configuration", Input::Configuration), ("plan", Input::Plan)];
    let input = table.word("input", &words, notes).unwrap_or(Input::Configuration);
    if let (Some(known), Some((_, value))) = (known, table.entry("input"))
        && match input {
            Input::Configuration => known.configuration.is_none(),
            Input::Plan => known.plan.is_none(),
        }
    {
        let message = format!(
            "the profile `{}` does not scan this: use another profile, or leave `input` out",
            known.name
        );
        notes.error(value.span(), message);
    }
    input
}
