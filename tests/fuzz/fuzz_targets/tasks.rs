//! Reads arbitrary bytes as `runtask.toml`: they are tasks, or every problem is told at its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runtask_tasks::{Builtins, CheckName, Date, Facts, ProblemKind, Tasks};

const BUILTINS: Builtins<'static> = Builtins { rules: &["public-s3-bucket", "required-tags"], samples: &[] };

fuzz_target!(|bytes: &[u8]| {
    let on = |year| Tasks::parse("runtask.toml", bytes, Date::new(year, 1, 1).unwrap(), BUILTINS);
    let read = on(2000);
    assert_eq!(read.is_ok(), on(3000).is_ok(), "time decides nothing");
    let problems = match read {
        Ok((tasks, warnings)) => {
            assert!(tasks.names().next().is_some());
            for task in tasks.iter() {
                assert!(!task.checks.is_empty());
                assert_eq!(task.checks.contains(&CheckName::Policy), task.policy.is_some());
                let name = Some(task.name.as_str());
                let facts = Facts { workspace: name, organization: name, ..Facts::default() };
                let skipped = task.filter.admits(&facts).err().map(|it| it.to_string()).unwrap_or_default();
                assert!(!skipped.contains(char::is_control));
                for exception in task.policy.iter().flat_map(|it| &it.exceptions) {
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
