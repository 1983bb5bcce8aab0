//! The first lines of a log, and refusals.

use crate::budget::{JobTime, LimitSource};
use crate::host::Host;
use crate::log::Log;
use gitlab_runner_protocol::job::Job;
use std::time::Duration;

/// Says who runs the job, how long it may take and who says so, and what of it is ignored.
pub(crate) fn say_head(log: &Log, job: &Job, host: &Host, time: &JobTime) {
    for line in &host.identity {
        log.line(line);
    }
    let limit = readable(time.limit);
    match time.source {
        LimitSource::Job => log.line(&format!("This job may take {limit}: GitLab's timeout")),
        LimitSource::Left { wanted } => log.warning(&format!(
            "this job may take {limit}, which is what this runner has left; GitLab allows {}. Set the runner's maximum \
             job timeout in GitLab to what it promises",
            readable(wanted),
        )),
    }
    if let Some(image) = &job.image {
        log.warning(&format!("image {image} is ignored: this runner runs jobs without containers"));
    }
    if !job.services.is_empty() {
        log.warning("services are ignored: this runner runs jobs without containers");
    }
    if !job.unread.is_empty() {
        log.warning(&format!(
            "what GitLab sent could not all be read, and is left out: {}",
            job.unread.join(", ")
        ));
    }
    let terraform_log = job.variables.iter().rev().find(|it| it.key == "TF_LOG");
    if terraform_log.is_some_and(|it| matches!(&*it.value.expose().to_ascii_lowercase(), "debug" | "trace")) {
        log.warning("TF_LOG prints requests with everything in them, and so secrets that no mask catches");
    }
}

/// Why a job cannot be run here, if it cannot.
pub(crate) fn refusal(job: &Job, host: &Host) -> Option<&'static str> {
    if !host.access.allows(job) {
        Some("this runner runs no jobs of this project")
    } else if job.run.is_some() {
        Some("the job is made of `run:` steps, which this runner does not know; use `script:`")
    } else if job.has_secrets {
        Some("the job wants `secrets:` of a vault, which this runner does not know; use `id_tokens:`")
    } else if job.steps.iter().all(|it| it.script.is_empty()) {
        Some("the job has no script that this runner could read")
    } else {
        None
    }
}

/// A duration as people say it: `12 min 5 s`.
pub(crate) fn readable(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let parts = [(hours, "h"), (minutes, "min"), (seconds, "s")];
    let text: Vec<String> =
        parts.iter().filter(|it| it.0 > 0).map(|(number, unit)| format!("{number} {unit}")).collect();
    if text.is_empty() { "0 s".to_owned() } else { text.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_people_do() {
        let check = |seconds, text| assert_eq!(readable(Duration::from_secs(seconds)), text);
        check(0, "0 s");
        check(725, "12 min 5 s");
        check(3600, "1 h");
        check(5405, "1 h 30 min 5 s");
    }
}
