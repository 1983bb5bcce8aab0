//! Says what a page knows of the run that was named with `--run`.

use runtask_report::Fact;
use runtask_tasks::RunFacts;

/// What was said of the run, in the order of the page.
pub(crate) fn page_facts<'a>(run: &'a RunFacts) -> Vec<Fact<'a>> {
    let all = [
        ("Workspace", &run.workspace),
        ("Organization", &run.organization),
        ("Project", &run.project),
        ("Run", &run.id),
        ("Stage", &run.stage),
        ("Branch", &run.branch),
        ("By", &run.created_by),
        ("Message", &run.message),
    ];
    let fact =
        |(name, value): (&'static str, &'a Option<String>)| value.as_deref().map(|value| (name, value));
    all.into_iter().filter_map(fact).map(|(name, value)| Fact { name, value, link: None }).collect()
}
