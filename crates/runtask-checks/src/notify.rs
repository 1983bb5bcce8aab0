//! Says who is told of an apply, in a task that is there for nothing else.
//!
//! Nothing is told here: whoever has the result accepted tells the task's channels afterwards, as of any result.

use crate::check::{Check, Given, Loading, Needs};
use runtask_findings::{CheckReport, Code, Finding, Level};

/// The name of this check.
const CHECK: &str = Notify::NAME;
/// Where nothing is left to be checked.
const STAGE: &str = "post_apply";

/// The check `notify`: it passes, so that a task after an apply may have people told and look at nothing.
#[derive(Debug)]
pub struct Notify {
    headline: String,
}

impl Check for Notify {
    const NAME: &'static str = "notify";
    const NEEDS: Needs = Needs { configuration: None, plan: false };

    fn load(loading: &mut Loading<'_, '_>) -> Result<Self, String> {
        if loading.notify.is_empty() {
            return Err(format!(
                "task {}: the check {CHECK} tells nobody: add `notify = [\"NAME\"]`, and `[notify.NAME]` with who that is",
                loading.task
            ));
        }
        Ok(Self { headline: format!("Results are told to {}", loading.notify.join(", ")) })
    }

    async fn run(&self, given: Given<'_>) -> CheckReport {
        // Before an apply, a task of this check alone would be a gate that looks at nothing.
        if given.run.stage.as_deref() != Some(STAGE) {
            let why = format!(
                "it looks at nothing, so it is for the stage {STAGE}, and this is {}; a task of any stage may have `notify`",
                given.stage()
            );
            return CheckReport::unavailable(CHECK, &why);
        }
        let finding = Finding::new(Code::NOTIFY, Level::Info, self.headline.clone());
        CheckReport::new(CHECK, self.headline.clone(), vec![finding])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stop::Stopper;
    use runtask_findings::{OnError, Verdict, verdict};
    use runtask_tasks::{Date, RunFacts};
    use std::path::Path;
    use std::time::SystemTime;

    async fn at(stage: &str) -> CheckReport {
        let check = Notify { headline: "Results are told to ops".into() };
        let run = RunFacts { stage: Some(stage.into()), ..RunFacts::default() };
        let (_stopper, stop) = Stopper::new();
        let today = Date::of(SystemTime::UNIX_EPOCH);
        let (configuration, root) = (Path::new(""), Path::new(""));
        check.run(Given { configuration, root, plan: None, run: &run, today, stop: &stop }).await
    }

    #[tokio::test]
    async fn it_passes_after_an_apply_and_nowhere_else() {
        let report = at("post_apply").await;
        assert_eq!(report.headline, "Results are told to ops");
        assert_eq!(verdict(&[report], OnError::Failed), Verdict::Passed);
        for stage in ["pre_plan", "post_plan", "pre_apply", "something_new"] {
            assert_eq!(verdict(&[at(stage).await], OnError::Failed), Verdict::Failed, "{stage}");
        }
    }
}
