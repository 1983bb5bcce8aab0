//! Reads the tasks of a file. The settings of the check `policy` are read next door.

use crate::check::CheckName;
use crate::date::Date;
use crate::filter::{Filter, STAGES};
use crate::names::NamePattern;
use crate::notes::Notes;
use crate::policy::Builtins;
use crate::read_policy::policy;
use crate::table::{FILE, TASK, Table, Text, one_of, shown, suggestion, table};
use crate::task::{OnSkip, Task};
use runtask_findings::OnError;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::DeTable;

/// The longest name of a task.
const MAX_NAME_CHARACTERS: usize = 64;

/// Paths of the run task that name no task.
const RESERVED_NAMES: [&str; 1] = ["healthz"];

/// What a file is judged by, besides itself.
#[derive(Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) today: Date,
    pub(crate) builtins: Builtins<'a>,
    /// The names of all of them.
    pub(crate) names: Vec<&'a str>,
}

/// All tasks. What is wrong with them is in `notes`, and then they are only good for being thrown away.
pub(crate) fn tasks<'a>(
    file: &'a Spanned<DeTable<'a>>,
    surroundings: &Surroundings<'_>,
    notes: &mut Notes<'_>,
) -> BTreeMap<String, Task> {
    let top = Table::new(file.get_ref(), 0..0, &FILE, notes);
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
        let table = Table::new(entries, name.span(), &TASK, notes);
        tasks.insert(name.get_ref().to_string(), task(name.get_ref(), &table, surroundings, notes));
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

fn task(name: &str, table: &Table<'_>, surroundings: &Surroundings<'_>, notes: &mut Notes<'_>) -> Task {
    let checks = checks(table, notes);
    let filter = Filter {
        stages: stages(table, notes),
        organizations: patterns(table, "organizations", notes),
        workspaces: patterns(table, "workspaces", notes),
        projects: patterns(table, "projects", notes),
        speculative: table.boolean("speculative", notes),
    };
    let on_skip = table.word("on_skip", &OnSkip::ALL.map(|it| (it.as_str(), it)), notes);
    let on_error = table.word("on_error", &[("passed", OnError::Passed), ("failed", OnError::Failed)], notes);
    let settings = policy(table, surroundings, notes);
    if let Some(checks) = &checks {
        check_policy(table, checks, notes);
        check_stages(table, checks, filter.stages.as_deref(), notes);
    }
    Task {
        name: name.to_owned(),
        checks: checks.unwrap_or_default(),
        filter,
        on_skip: on_skip.unwrap_or_default(),
        on_error,
        policy: settings,
    }
}

/// The checks; none when one cannot be read, so that nothing is concluded from what is left.
fn checks(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<Vec<CheckName>> {
    if table.entry("checks").is_none() {
        let names = CheckName::ALL.map(CheckName::as_str).join("`, `");
        table.missing("checks", &format!("name what this task checks, of `{names}`"), notes);
    }
    let texts = table.texts("checks", notes)?;
    let mut checks = Vec::new();
    for text in &texts {
        checks.push(check(text, notes));
    }
    checks.into_iter().collect()
}

fn check(text: &Text<'_>, notes: &mut Notes<'_>) -> Option<CheckName> {
    let check = text.text.parse().ok();
    if check.is_none() {
        let advice = suggestion(text.text, &CheckName::ALL.map(CheckName::as_str));
        notes.error(text.place.clone(), format!("there is no check `{}`{advice}", shown(text.text)));
    }
    check
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

/// The check and its settings come together.
fn check_policy(table: &Table<'_>, checks: &[CheckName], notes: &mut Notes<'_>) {
    let asked = checks.contains(&CheckName::Policy);
    match table.entry("policy") {
        None if asked => {
            let advice = "the check `policy` needs `[tasks.NAME.policy]`, and there `paths`";
            table.missing("policy", advice, notes);
        }
        Some((key, _)) if !asked => {
            let message =
                "these settings are for the check `policy`: add \"policy\" to `checks`, or remove them";
            notes.error(key.span(), message);
        }
        _ => {}
    }
}

/// Before there is a plan, nothing can read it.
fn check_stages(
    table: &Table<'_>,
    checks: &[CheckName],
    stages: Option<&[&'static str]>,
    notes: &mut Notes<'_>,
) {
    let (Some(check), Some(["pre_plan"])) = (checks.iter().find(|it| it.needs_plan()), stages) else {
        return;
    };
    if let Some((_, value)) = table.entry("stages") {
        let message = format!("check `{check}` reads the plan, and at stage pre_plan there is none yet");
        notes.warning(value.span(), message);
    }
}
