//! Reads the settings of the check `scanner`. The files that they name are not opened.

use crate::grade::{FailOn, Thresholds};
use crate::profile::{Config, Profile, Reader};
use crate::profiles::{PROFILES, profile};
use crate::settings::{Input, ScannerSettings};
use runtask_findings::Severity;
use runtask_settings::numbers::{SCANNER_MEMORY, SCANNER_TIMEOUT};
use runtask_tasks::{
    CheckSettings, Form, Key, Kind, Notes, ReadSettings, SettingsEntry, Table, shown, suggestion, words,
};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// The word for a scanner of one's own.
const OWN: &str = "sarif";

/// Exit codes that a program can have.
const HIGHEST_EXIT_CODE: u64 = 255;

const INPUTS: [(&str, Input); 2] = [("configuration", Input::Configuration), ("plan", Input::Plan)];
const INPUT_WORDS: [&str; 2] = words(&INPUTS);

const READER_WORDS: [&str; 4] = words(&Reader::WORDS);

const FAIL_ON_WORDS: [&str; 6] = words(&FailOn::WORDS);

const SEVERITIES: [(&str, Severity); 4] = [
    ("critical", Severity::Critical),
    ("high", Severity::High),
    ("medium", Severity::Medium),
    ("low", Severity::Low),
];
const SEVERITY_WORDS: [&str; 4] = words(&SEVERITIES);

static SCANNER: Kind = Kind::new(
    "`[[tasks.NAME.scanner]]`",
    &[
        Key::new("name", Form::Text, "What it is called in findings; the profile unless set"),
        Key::required(
            "profile",
            Form::Text,
            "The scanner: checkov, trivy, tflint, …, or sarif for one of your own",
        ),
        Key::new("input", Form::Word(&INPUT_WORDS), "What it scans; configuration unless set"),
        Key::new("program", Form::Text, "The program; that of the profile unless set"),
        Key::new(
            "arguments",
            Form::Texts,
            "How it is run: {input} is what it scans, {output} where it may write",
        ),
        Key::new(
            "output",
            Form::Text,
            "The file with what it found, of a scanner of your own; stdout unless set",
        ),
        Key::new("reader", Form::Word(&READER_WORDS), "How that is read; sarif unless set"),
        Key::new(
            "exit_codes",
            Form::Numbers(0, HIGHEST_EXIT_CODE),
            "Exit codes that mean that it ran; 0 unless set",
        ),
        Key::new("config", Form::Text, "A file of settings for it"),
        Key::new(
            "fail_on",
            Form::Word(&FAIL_ON_WORDS),
            "From which severity on a finding fails; high unless set",
        ),
        Key::new("unknown", Form::Word(&SEVERITY_WORDS), "The severity of what has none; high unless set"),
        Key::new(
            SCANNER_TIMEOUT.name,
            Form::Number(SCANNER_TIMEOUT.lowest, SCANNER_TIMEOUT.highest),
            "Milliseconds that it may take",
        ),
        Key::new(
            SCANNER_MEMORY.name,
            Form::Number(SCANNER_MEMORY.lowest, SCANNER_MEMORY.highest),
            "Bytes of memory that it may take",
        ),
        Key::new("skip", Form::Texts, "Rules whose findings do not count"),
        Key::new(
            "honor_suppressions",
            Form::Boolean,
            "false: comments in the code suppress nothing; true unless set",
        ),
        Key::new(
            "trust_tree_settings",
            Form::Boolean,
            "true: it reads settings that lie in the configuration; false unless set",
        ),
        Key::new("environment", Form::Texts, "Variables of the environment that it gets"),
    ],
);

/// `[[tasks.NAME.scanner]]`, for whoever reads a file of tasks.
pub(crate) const SETTINGS: SettingsEntry = SettingsEntry {
    kind: &SCANNER,
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
    let exit_codes = table.numbers("exit_codes", notes).unwrap_or_default();
    let exit_codes: Vec<i32> = exit_codes.into_iter().filter_map(|it| i32::try_from(it).ok()).collect();
    let usual = Thresholds::default();
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
            unknown: table.word("unknown", &SEVERITIES, notes).unwrap_or(usual.unknown),
        },
        time_limit: table
            .number(SCANNER_TIMEOUT.name, notes)
            .map_or(SCANNER_TIMEOUT.default_time(), Duration::from_millis),
        memory_bytes: table.number(SCANNER_MEMORY.name, notes).unwrap_or(SCANNER_MEMORY.default),
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
    let input = table.word("input", &INPUTS, notes).unwrap_or(Input::Configuration);
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
