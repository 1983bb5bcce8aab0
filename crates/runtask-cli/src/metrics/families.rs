//! Lists what is counted: the name in the code, what it is counted by, and what it means.
//!
//! A name that is counted somewhere and is not here is counted for nobody; a test finds it.

/// What kind of number a family holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only ever goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How long something took.
    Duration,
    /// How long ago something was, in seconds.
    Age,
}

/// Numbers of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Family {
    /// As `runtask_log::metric` is told of it.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What it is counted by, if by anything.
    pub(crate) dimension: Option<&'static str>,
    pub(crate) help: &'static str,
}

/// All of them, in the order in which they are told.
pub(crate) const FAMILIES: &[Family] = &[
    by("Requests", "Code", "Requests that were answered, by status code."),
    took("RequestDuration", "Time from the head of a request to its answer."),
    by("RequestsVerified", "Key", "Requests whose signature matches, by key: current or previous."),
    counter("SignaturesRefused", "Requests that were refused for their signature."),
    gauge("JobsOpen", "Jobs that were accepted and have not ended."),
    by(
        "Results",
        "Status",
        "Jobs that ended, by how: passed, failed, and what else docs/operations.md lists.",
    ),
    counter("ResultsMissing", "Jobs of which HCP Terraform has no final result."),
    by(
        "Reports",
        "Status",
        "Results and signs of life (running) that HCP Terraform took, and signs of life not_taken.",
    ),
    took("JobDuration", "Time from taking a job to its end."),
    counter("Duplicates", "Jobs that came again while or after they were worked on."),
    counter("FormatDifferences", "Files about which terraform and the native formatter differ."),
    counter("NotificationsFailed", "Channels that could not be told of a result."),
    counter("PagesFailed", "Results whose page could not be made or kept, and that link to none."),
    by(
        "Approvals",
        "Status",
        "Approvals by what became of them: asked, approved, rejected, expired, lost, …",
    ),
    by("ApprovalRefusals", "Reason", "Answers of people that do not count, by reason."),
    by(
        "ApprovalMessagesNotTaken",
        "Kind",
        "Messages about approvals that were not taken, and are sent again.",
    ),
    counter("ApprovalsFailed", "Times an approval could not be read or written."),
    took("TimeToDecision", "Time from asking people to a verdict."),
    counter("SpansDropped", "Spans of traces that the collector does not have."),
];

/// What is asked of the store of approvals when it is to be told, where a task asks people. The sweep of the functions counts
/// the same by the same names.
pub(crate) const ASKED: [Family; 4] = [
    gauge("ApprovalsOpen", "Approvals that are open, of all replicas."),
    gauge(
        "ApprovalsUndelivered",
        "Approvals whose verdict HCP Terraform does not have yet, of all replicas.",
    ),
    gauge("ApprovalsUnsent", "Messages about approvals that are due, or were tried in vain."),
    Family {
        name: "ApprovalsOldestWord",
        kind: Kind::Age,
        dimension: None,
        help: "How long ago HCP Terraform last heard of the open approval of which it heard least.",
    },
];

const fn by(name: &'static str, dimension: &'static str, help: &'static str) -> Family {
    Family { name, kind: Kind::Counter, dimension: Some(dimension), help }
}

const fn counter(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: Kind::Counter, dimension: None, help }
}

const fn gauge(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: Kind::Gauge, dimension: None, help }
}

const fn took(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: Kind::Duration, dimension: None, help }
}

impl Family {
    /// As Prometheus names it: `JobDuration` is `runtask_job_duration_seconds`, `Results` is `runtask_results_total`.
    pub(crate) fn told_as(&self) -> String {
        let mut name = "runtask".to_owned();
        for it in self.name.chars() {
            if it.is_ascii_uppercase() {
                name.push('_');
            }
            name.push(it.to_ascii_lowercase());
        }
        name.push_str(match self.kind {
            Kind::Counter => "_total",
            Kind::Gauge => "",
            Kind::Duration | Kind::Age => "_seconds",
        });
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    const CALLS: [&str; 6] = ["count", "count_by", "detail", "change", "level", "duration"];

    /// The names that are counted in the files below a directory.
    fn counted(directory: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                counted(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                for call in CALLS.map(|it| format!("metric::{it}(")) {
                    let names = text.split(&call).skip(1).filter_map(|it| it.trim_start().strip_prefix('"'));
                    found.extend(names.filter_map(|it| it.split('"').next()).map(str::to_owned));
                }
            }
        }
    }

    #[test]
    fn what_is_counted_anywhere_is_in_the_list_and_nothing_else_is() {
        let mut found = BTreeSet::new();
        for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name().to_string_lossy().starts_with("runtask-") {
                counted(&entry.path().join("src"), &mut found);
            }
        }
        let all = || FAMILIES.iter().chain(&ASKED);
        let listed: BTreeSet<String> = all().map(|it| it.name.to_owned()).collect();
        assert_eq!(listed, found);
        assert_eq!(listed.len(), all().count());
    }

    /// Who changes the list changes the table, line by line as it is printed here.
    #[test]
    fn the_table_in_docs_serve_md_is_this_list() {
        let docs = include_str!("../../../../docs/serve.md");
        let rows: Vec<_> = docs.lines().filter(|it| it.starts_with("| `runtask_")).collect();
        let row = |it: &Family| {
            let by = it.dimension.map_or(String::new(), |it| format!("`{}`", it.to_lowercase()));
            format!("| `{}` | {by} | {} |", it.told_as(), it.help)
        };
        let expected: Vec<_> = FAMILIES.iter().chain(&ASKED).map(row).collect();
        assert_eq!(rows, expected, "the table should be:\n{}", expected.join("\n"));
    }
}
