//! Reads arbitrary bytes as `runtask.toml`: they are tasks, or every problem is told at its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runtask_checks::{CheckKind, Fmt, PlanSummary};
use runtask_policy::{Policy, PolicySettings};
use runtask_scanners::{Cost, Scanner};
use runtask_tasks::{Date, ProblemKind, RunFacts, Task, Tasks};

const CHECKS: [CheckKind; 5] = [
    CheckKind::of::<Fmt>(),
    CheckKind::of::<PlanSummary>(),
    CheckKind::of::<Policy>(),
    CheckKind::of::<Scanner>(),
    CheckKind::of::<Cost>(),
];

fuzz_target!(|bytes: &[u8]| {
    let on = |year| Tasks::parse("runtask.toml", bytes, Date::new(year, 1, 1).unwrap(), &CHECKS.map(|it| it.entry()), &runtask_notify::SETTINGS, &[]);
    let read = on(2000);
    assert_eq!(read.is_ok(), on(3000).is_ok(), "time decides nothing");
    let problems = match read {
        Ok((tasks, warnings)) => {
            assert!(tasks.names().next().is_some());
            for task in tasks.iter() {
                assert!(!task.checks.is_empty());
                assert_eq!(task.checks.iter().any(|it| it.name == "policy"), policy(task).is_some());
                let name = Some(task.name.clone());
                let facts = RunFacts { workspace: name.clone(), organization: name, ..RunFacts::default() };
                let skipped = task.filter.admits(&facts).err().map(|it| it.to_string()).unwrap_or_default();
                assert!(!skipped.contains(char::is_control));
                for exception in policy(task).into_iter().flat_map(|it| &it.exceptions) {
                    assert!(exception.address.matches(exception.address.as_str()));
                }
            }
            assert!(warnings.iter().all(|it| it.kind() == ProblemKind::Warning));
            warnings
        }
        Err(problems) => {
            assert!(problems.iter().any(|it| it.kind() == ProblemKind::Error));
            problems
        }
    };
    let lines = bytes.split(|it| *it == b'\n').count();
    for problem in problems.iter() {
        assert!(!format!("{problem:#}").contains(char::is_control));
        let line = problem.place().map_or(1, |it| it.line as usize);
        assert!((1..=lines).contains(&line));
    }
    assert!(!problems.to_string().contains(|it: char| it.is_control() && it != '\n'));
});

fn policy(task: &Task) -> Option<&PolicySettings> {
    task.checks.iter().find_map(|it| it.settings.as_ref()?.get())
}
