//! Reads the tasks of a file. The settings of a check are read by the check.

use crate::channels::{channels, told, unused};
use crate::check_entry::{ChannelEntry, CheckEntry, CheckSettings, ReadSettings};
use crate::date::Date;
use crate::filter::{Filter, STAGES};
use crate::kind::{Form, Key, Kind, words};
use crate::names::NamePattern;
use crate::notes::Notes;
use crate::section::{Around, Section};
use crate::table::{Table, Text, one_of, shown, suggestion, table};
use crate::task::{OnSkip, Task, TaskCheck, Tasks};
use runtask_findings::OnError;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;
use toml::de::DeTable;

/// The longest name of a task.
const MAX_NAME_CHARACTERS: usize = 64;

/// Paths of the run task that name no task. Nor does any below `/-/`, which no name can be: names begin with a letter or
/// digit.
const RESERVED_NAMES: [&str; 1] = ["healthz"];

const ON_SKIP: [(&str, OnSkip); 2] = [("passed", OnSkip::Passed), ("failed", OnSkip::Failed)];
const ON_SKIP_WORDS: [&str; 2] = words(&ON_SKIP);

const ON_ERROR: [(&str, OnError); 2] = [("passed", OnError::Passed), ("failed", OnError::Failed)];
const ON_ERROR_WORDS: [&str; 2] = words(&ON_ERROR);

/// The top of a file.
static FILE: Kind = Kind::new(
    "the top of the file",
    &[
        Key::required(
            "tasks",
            Form::Tasks,
            "The tasks, each of which is a path of the run task: [tasks.NAME] is /NAME",
        ),
        Key::new("notify", Form::Channels, "Channels that are told of results: [notify.NAME]"),
    ],
);

/// The keys of a task, besides the names of checks that have settings.
static TASK: Kind = Kind::new(
    "`[tasks.NAME]`",
    &[
        Key::new("checks", Form::Checks, "What is checked: names of checks"),
        Key::new(
            "stages",
            Form::Words(&STAGES),
            "The stages of a run that the task is for; every stage unless set",
        ),
        Key::new(
            "organizations",
            Form::Texts,
            "Organizations that the task is for, as globs; all unless set",
        ),
        Key::new("workspaces", Form::Texts, "Workspaces that the task is for, as globs; all unless set"),
        Key::new("projects", Form::Texts, "Projects that the task is for, as globs; all unless set"),
        Key::new(
            "speculative",
            Form::Boolean,
            "true: only speculative runs; false: only the others; both unless set",
        ),
        Key::new(
            "on_skip",
            Form::Word(&ON_SKIP_WORDS),
            "The result of a run that the task is not for; passed unless set",
        ),
        Key::new(
            "on_error",
            Form::Word(&ON_ERROR_WORDS),
            "The result when a check could not run; as RUNTASK_ON_ERROR says unless set",
        ),
        Key::new("notify", Form::Texts, "The channels that are told of results; nobody unless set"),
    ],
);

/// The kind of the top of a file, with what `sections` say for all tasks.
#[must_use]
pub fn file_kind(sections: &[Section]) -> Kind {
    FILE.and(sections.iter().map(|it| Key::new(it.name, Form::Table(it.kind), it.about)))
}

/// The kind of a task, with the settings of `checks` and what `sections` say for one task.
#[must_use]
pub fn task_kind(checks: &[CheckEntry], sections: &[Section]) -> Kind {
    let settings = checks.iter().filter_map(|check| {
        let settings = check.settings.as_ref()?;
        let form = match settings.read {
            ReadSettings::Table(_) => Form::Table(settings.kind),
            ReadSettings::Tables(_) => Form::Tables(settings.kind),
        };
        Some(Key::new(check.name, form, "Settings of the check of this name"))
    });
    TASK.and(settings.chain(sections.iter().map(|it| Key::new(it.name, Form::Table(it.task_kind), it.about))))
}

/// All tasks. What is wrong with them is in `notes`, and then they are only good for being thrown away.
pub(crate) fn tasks<'a>(
    file: &'a Spanned<DeTable<'a>>,
    checks: &[CheckEntry],
    sections: &[Section],
    channel: &'static ChannelEntry,
    today: Date,
    notes: &mut Notes<'_>,
) -> Tasks {
    let (file_kind, task_kind) = (file_kind(sections), task_kind(checks, sections));
    let kinds = [task_kind.below(), vec![channel.kind], channel.kind.below(), file_kind.below()].concat();
    let kinds: Vec<&Kind> = [&file_kind, &task_kind].into_iter().chain(kinds).collect();
    let top = Table::new(file.get_ref(), 0..0, &file_kind, &kinds, notes);
    let mut for_all = BTreeMap::new();
    for section in sections {
        let table = top.table(section.name, notes);
        for_all.extend(table.map(|it| (section.name, (section.read)(&it, notes))));
    }
    let channels = channels(&top, channel, &kinds, notes);
    let known = Known { checks, sections, for_all: &for_all, channels: &channels, today };
    let tasks = each_task(&top, &task_kind, &kinds, &known, notes);
    let told: BTreeSet<&str> = tasks.values().flat_map(|it| &it.notify).map(String::as_str).collect();
    unused(file, &told, notes);
    Tasks { tasks, sections: for_all, channels }
}

/// What a task can have.
struct Known<'a> {
    checks: &'a [CheckEntry],
    sections: &'a [Section],
    /// What sections say for all tasks.
    for_all: &'a BTreeMap<&'static str, CheckSettings>,
    channels: &'a BTreeMap<String, CheckSettings>,
    today: Date,
}

fn each_task<'a>(
    top: &Table<'a>,
    task_kind: &'a Kind,
    kinds: &'a [&'a Kind],
    known: &Known<'_>,
    notes: &mut Notes<'_>,
) -> BTreeMap<String, Task> {
    let mut tasks = BTreeMap::new();
    let advice = "write `[tasks.default]`, and below it `checks = [\"fmt\"]`";
    let Some((key, value)) = top.entry("tasks") else {
        top.missing("tasks", advice, notes);
        return tasks;
    };
    let Some(entries) = table(value, "tasks", notes) else { return tasks };
    if entries.is_empty() {
        notes.missing(key.span(), format!("there is no task: {advice}"));
    }
    for (name, value) in entries {
        check_name(name.get_ref(), name.span(), notes);
        let Some(entries) = table(value, &format!("task `{}`", shown(name.get_ref())), notes) else {
            continue;
        };
        let table = Table::new(entries, name.span(), task_kind, kinds, notes);
        let told = told(&table, known.channels, notes);
        let task = task(name.get_ref(), &table, known, notes);
        tasks.insert(name.get_ref().to_string(), Task { notify: told, ..task });
    }
    tasks
}

fn check_name(name: &str, place: Range<usize>, notes: &mut Notes<'_>) {
    let proper = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    if name.is_empty() || !name.chars().all(proper) || name.starts_with('-') || name.ends_with('-') {
        let message = format!(
            "`{}` cannot be the name of a task: a name has a-z, 0-9 and - between them, as `net-policy` does",
            shown(name)
        );
        notes.error(place, message);
    } else if name.len() > MAX_NAME_CHARACTERS {
        let message = format!(
            "the name of this task has {} characters, and {MAX_NAME_CHARACTERS} are allowed",
            name.len()
        );
        notes.error(place, message);
    } else if RESERVED_NAMES.contains(&name) {
        notes.error(
            place,
            format!("`{name}` cannot be the name of a task: the run task itself answers there"),
        );
    }
}

fn task(name: &str, table: &Table<'_>, known: &Known<'_>, notes: &mut Notes<'_>) -> Task {
    let &Known { checks, today, .. } = known;
    let stands_in = known.sections.iter().any(|it| it.needs_no_checks && table.entry(it.name).is_some());
    let named = if stands_in && table.entry("checks").is_none() {
        Some(Vec::new())
    } else {
        named_checks(table, checks, notes)
    };
    let filter = Filter {
        stages: stages(table, notes),
        organizations: patterns(table, "organizations", notes),
        workspaces: patterns(table, "workspaces", notes),
        projects: patterns(table, "projects", notes),
        speculative: table.boolean("speculative", notes),
    };
    let on_skip = table.word("on_skip", &ON_SKIP, notes);
    let on_error = table.word("on_error", &ON_ERROR, notes);
    let settings: BTreeMap<&str, CheckSettings> =
        checks.iter().filter_map(|it| Some((it.name, settings(it, table, today, notes)?))).collect();
    if let Some(named) = &named {
        for check in checks {
            check_settings(check, table, named, notes);
        }
        check_stages(table, named, filter.stages.as_deref(), notes);
    }
    let names: Option<Vec<_>> = named.as_ref().map(|it| it.iter().map(|it| it.name).collect());
    let sections = sections(table, known, filter.stages.as_deref(), names.as_deref(), notes);
    let with_settings =
        |it: &CheckEntry| TaskCheck { name: it.name, settings: settings.get(it.name).cloned() };
    Task {
        name: name.to_owned(),
        checks: named.iter().flatten().map(with_settings).collect(),
        filter,
        on_skip: on_skip.unwrap_or_default(),
        on_error,
        sections,
        notify: Vec::new(),
    }
}

/// The sections that the task has.
fn sections(
    task: &Table<'_>,
    known: &Known<'_>,
    stages: Option<&[&'static str]>,
    checks: Option<&[&'static str]>,
    notes: &mut Notes<'_>,
) -> BTreeMap<&'static str, CheckSettings> {
    let mut read = BTreeMap::new();
    for section in known.sections {
        let Some(table) = task.table(section.name, notes) else { continue };
        let around = Around { all: known.for_all.get(section.name), stages, checks };
        read.insert(section.name, (section.read_task)(&table, &around, notes));
    }
    read
}

/// The checks that `checks` names; none when one cannot be read, so that nothing is concluded from what is left.
fn named_checks(table: &Table<'_>, all: &[CheckEntry], notes: &mut Notes<'_>) -> Option<Vec<CheckEntry>> {
    let names: Vec<_> = all.iter().map(|it| it.name).collect();
    if table.entry("checks").is_none() {
        let advice = format!("name what this task checks, of `{}`", names.join("`, `"));
        table.missing("checks", &advice, notes);
    }
    let texts = table.texts("checks", notes)?;
    let mut checks = Vec::new();
    for text in &texts {
        let check = all.iter().find(|it| it.name == text.text);
        if check.is_none() {
            let advice = suggestion(text.text, &names);
            notes.error(text.place.clone(), format!("there is no check `{}`{advice}", shown(text.text)));
        }
        checks.push(check.copied());
    }
    checks.into_iter().collect()
}

/// The settings of a check, if the task has them.
fn settings(
    check: &CheckEntry,
    task: &Table<'_>,
    today: Date,
    notes: &mut Notes<'_>,
) -> Option<CheckSettings> {
    let entry = check.settings.as_ref()?;
    match entry.read {
        ReadSettings::Table(read) => {
            let table = task.table(check.name, notes)?;
            Some(read(&table, today, notes))
        }
        ReadSettings::Tables(read) => {
            let tables = task.tables(check.name, notes)?;
            if let (true, Some((_, value))) = (tables.is_empty(), task.entry(check.name)) {
                let message = format!("`{}` is an empty list: write {}", check.name, entry.kind.name());
                notes.error(value.span(), message);
            }
            Some(read(&tables, today, notes))
        }
    }
}

fn stages(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<Vec<&'static str>> {
    let words = STAGES.map(|it| (it, it));
    let texts = table.texts("stages", notes)?;
    Some(texts.iter().filter_map(|it| one_of(it, "stages", &words, notes)).collect())
}

fn patterns(table: &Table<'_>, key: &str, notes: &mut Notes<'_>) -> Option<Vec<NamePattern>> {
    let texts = table.texts(key, notes)?;
    let pattern = |it: Text<'_>| match NamePattern::new(it.text) {
        Ok(pattern) => Some(pattern),
        Err(why) => {
            notes.error(it.place, format!("`{}` is no pattern for names: {why}", shown(it.text)));
            None
        }
    };
    Some(texts.into_iter().filter_map(pattern).collect())
}

/// A check and its settings come together.
fn check_settings(check: &CheckEntry, table: &Table<'_>, named: &[CheckEntry], notes: &mut Notes<'_>) {
    let Some(settings) = &check.settings else { return };
    let name = check.name;
    let is_asked = named.iter().any(|it| it.name == name);
    match (table.entry(name), settings.required) {
        (None, Some(key)) if is_asked => {
            let header = match settings.read {
                ReadSettings::Table(_) => format!("[tasks.NAME.{name}]"),
                ReadSettings::Tables(_) => format!("[[tasks.NAME.{name}]]"),
            };
            let advice = format!("the check `{name}` needs `{header}`, and there `{key}`");
            table.missing(name, &advice, notes);
        }
        (Some((key, _)), _) if !is_asked => {
            let message = format!(
                "these settings are for the check `{name}`: add \"{name}\" to `checks`, or remove them"
            );
            notes.error(key.span(), message);
        }
        _ => {}
    }
}

/// Before there is a plan, nothing can read it.
fn check_stages(
    table: &Table<'_>,
    checks: &[CheckEntry],
    stages: Option<&[&'static str]>,
    notes: &mut Notes<'_>,
) {
    let (Some(check), Some(["pre_plan"])) = (checks.iter().find(|it| it.reads_plan), stages) else {
        return;
    };
    if let Some((_, value)) = table.entry("stages") {
        let message =
            format!("check `{}` reads the plan, and at stage pre_plan there is none yet", check.name);
        notes.warning(value.span(), message);
    }
}
