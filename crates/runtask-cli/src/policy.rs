//! `runtask policy`: rules listed, explained, tested, and begun.

mod explain;
mod list;
mod new;
mod test;

use crate::arguments::{PolicySubcommand, TasksFile};
use crate::exit::Exit;
use crate::output::Output;
use crate::tasks::choose;
use anyhow::Context;
use runtask_policy::{Policy, RuleEntry};

/// What there is without a file: the rules that are shipped, the sample as well.
const SHIPPED: &str = "\
[tasks.default]
checks = [\"policy\"]
[tasks.default.policy]
paths = [\"builtin:all\", \"builtin:timestamp-parity\"]
";

pub(crate) async fn policy(command: &PolicySubcommand, output: &Output) -> anyhow::Result<Exit> {
    match command {
        PolicySubcommand::List(arguments) => list::list(arguments, output).await,
        PolicySubcommand::Explain(arguments) => explain::explain(arguments, output).await,
        PolicySubcommand::Test(arguments) => test::test(arguments, output).await,
        PolicySubcommand::New(arguments) => new::new(arguments, output),
    }
}

/// The policies of the task that is asked for: of all that have any, where none is named.
fn policies(tasks: &TasksFile, task: Option<&str>, output: &Output) -> anyhow::Result<Vec<(String, Policy)>> {
    let set = tasks.read(SHIPPED, output)?;
    let mut policies: Vec<(String, Policy)> = match task {
        Some(name) => {
            let task = choose(&set.tasks, Some(name))?;
            let policy = set.policies.get(&task.name);
            let policy = policy.with_context(|| format!("the task {name} has no check `policy`"))?;
            vec![(task.name.clone(), policy.clone())]
        }
        None => set.policies.into_iter().collect(),
    };
    policies.sort_by(|(a, _), (b, _)| a.cmp(b));
    if policies.is_empty() {
        anyhow::bail!("no task has the check `policy`");
    }
    Ok(policies)
}

/// The rules of these policies, each once, and the tasks that ask it.
async fn rules(policies: &[(String, Policy)]) -> anyhow::Result<Vec<(RuleEntry, Vec<String>)>> {
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
