//! `runtask runner plan-report`: counts a plan's changes for a merge request.

use anyhow::{Context, ensure};
use clap::Args;
use gitlab_runner::PlanReport;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use std::fs::File;
use std::io::{Read, stdin};
use std::path::PathBuf;

/// The largest plan that is read, in bytes.
const LARGEST: u64 = 512 * 1024 * 1024;

/// Count a plan's changes, for GitLab to show them on the merge request
///
/// Prints the JSON that GitLab takes as a report of the type `terraform`: how many resources are created, updated and
/// deleted, and nothing else of the plan. A replacement counts as one created and one deleted.
#[derive(Debug, Args)]
#[command(after_long_help = PLAN_REPORT_HELP)]
pub(crate) struct PlanReportArguments {
    /// What `terraform show -json` prints for a plan; `-` is stdin
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
}

const PLAN_REPORT_HELP: &str = "\
In .gitlab-ci.yml:
  plan:
    script:
      - terraform plan -out=plan.cache
      - terraform show -json plan.cache | runtask-runner plan-report > tfplan.json
    artifacts:
      reports:
        terraform: tfplan.json

Exit codes: 0 counted, 2 it is no plan.
";

pub(crate) fn plan_report(arguments: &PlanReportArguments, output: &Output) -> anyhow::Result<Exit> {
    let name = arguments.file.display();
    let mut plan = Vec::new();
    let read = if arguments.file.as_os_str() == "-" {
        stdin().lock().take(LARGEST + 1).read_to_end(&mut plan)
    } else {
        File::open(&arguments.file).and_then(|it| it.take(LARGEST + 1).read_to_end(&mut plan))
    };
    let bytes = read.with_context(|| format!("{name} cannot be read"))?;
    ensure!(bytes as u64 <= LARGEST, "{name} is larger than {LARGEST} bytes");
    let report = PlanReport::of_plan(&plan).with_context(|| format!("{name} cannot be counted"))?;
    output.result(&report.to_json())?;
    Ok(Exit::Passed)
}
