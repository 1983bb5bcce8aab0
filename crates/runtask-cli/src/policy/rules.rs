//! Finds the policies of tasks, and their rules.

use crate::tasks_arguments::{TasksArguments, choose};
use anyhow::Context;
use runtask_policy::{Policy, RuleEntry};
use runtask_setup::LoadedTask;
use runtask_terminal::output::Output;

/// The tasks where there is no file: one with the shipped rules, the sample as well.
const SHIPPED: &str = "\
[tasks.default]
checks = [\"policy\"]
[tasks.default.policy]
paths = [\"builtin:all\", \"builtin:timestamp-parity\"]
";

/// The policies of the task that is asked for: of all that have any, where none is named.
pub(super) async fn policies(
    tasks: &TasksArguments,
    task: Option<&str>,
    output: &Output,
) -> anyhow::Result<Vec<(String, Policy)>> {
    let set = tasks.read(SHIPPED, output).await?;
    let policies: Vec<(String, Policy)> = match task {
        Some(name) => {
            let policy = policy_of(choose(&set, Some(name))?);
            vec![policy.with_context(|| format!("the task {name} has no check `policy`"))?]
        }
        None => set.iter().filter_map(policy_of).collect(),
    };
    if policies.is_empty() {
        anyhow::bail!("no task has the check `policy`");
    }
    Ok(policies)
}

/// The name of a task, and its policies.
fn policy_of(task: &LoadedTask) -> Option<(String, Policy)> {
    let policy = task.checks.iter().find_map(|it| it.get::<Policy>())?;
    Some((task.task.name.clone(), policy.clone()))
}

/// The rules of these policies, each once, and the tasks that ask it.
pub(super) async fn rules(policies: &[(String, Policy)]) -> anyhow::Result<Vec<(RuleEntry, Vec<String>)>> {
    let mut rules: Vec<(RuleEntry, Vec<String>)> = Vec::new();
    for (task, policy) in policies {
        for rule in policy.rules().await.with_context(|| format!("the policies of task {task}"))? {
            match rules.iter_mut().find(|(it, _)| *it == rule) {
                Some((_, tasks)) => tasks.push(task.clone()),
                None => rules.push((rule, vec![task.clone()])),
            }
        }
    }
    Ok(rules)
}
