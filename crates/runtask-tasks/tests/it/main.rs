//! Tests whole files, with the settings of the check that has most of them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod file;
mod policy_problems;
mod problems;

use runtask_checks::{CheckKind, Fmt};
use runtask_policy::{Builtins, PolicySettings, SETTINGS, read_settings};
use runtask_tasks::{CheckEntry, CheckSettings, Date, Problems, ReadSettings, SettingsEntry, Task, Tasks};

/// Fewer rules than are shipped: what is said of them stays short, and as it is.
const BUILTINS: Builtins<'static> =
    Builtins { rules: &["open-ingress", "public-s3-bucket", "required-tags"], samples: &[] };

/// The checks, of which one is told of fewer rules.
const CHECKS: [CheckEntry; 3] =
    checks(|table, today, notes| CheckSettings::new(read_settings(table, BUILTINS, today, notes)));

const fn checks(
    read: fn(&runtask_tasks::Table<'_>, Date, &mut runtask_tasks::Notes<'_>) -> CheckSettings,
) -> [CheckEntry; 3] {
    [
        CheckKind::of::<Fmt>().entry(),
        CheckEntry { name: "plan-summary", reads_plan: true, settings: None },
        CheckEntry {
            name: "policy",
            reads_plan: true,
            settings: Some(SettingsEntry { read: ReadSettings::Table(read), ..SETTINGS }),
        },
    ]
}

fn parse(text: impl AsRef<[u8]>) -> Result<(Tasks, Problems), Problems> {
    parse_on(Date::new(2027, 3, 31).unwrap(), text)
}

fn parse_on(today: Date, text: impl AsRef<[u8]>) -> Result<(Tasks, Problems), Problems> {
    Tasks::parse("runtask.toml", text, today, &CHECKS, &runtask_notify::SETTINGS, &[])
}

/// The names of a task's checks.
fn names(task: &Task) -> Vec<&str> {
    task.checks.iter().map(|it| it.name).collect()
}

/// The settings of a task's check `policy`.
fn policy(task: &Task) -> Option<&PolicySettings> {
    task.checks.iter().find_map(|it| it.settings.as_ref()?.get())
}
