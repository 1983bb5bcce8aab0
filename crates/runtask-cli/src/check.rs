//! `runtask check`: the checks without a run.

use crate::Exit;
use crate::arguments::Check;
use crate::environment::lookup;
use crate::output::Output;
use crate::sign::read;
use anyhow::{Context, bail};
use runtask_callback_handler::terraform_from;
use runtask_checks::{CheckReport, Code, Level, OnError, Verdict, fmt, plan_summary, verdict};
use runtask_report::{json, terminal};
use runtask_settings::Settings;

pub(crate) async fn check(arguments: &Check, output: &Output) -> anyhow::Result<Exit> {
    let mut settings = Settings::new(&lookup);
    let terraform = terraform_from(&mut settings, &lookup);
    let on_error = settings.parsed("RUNTASK_ON_ERROR", OnError::Failed);
    settings.finish().context("settings are wrong")?;

    let directory = arguments.dir.canonicalize();
    let directory = directory.with_context(|| format!("{} cannot be checked", arguments.dir.display()))?;
    if !directory.is_dir() {
        bail!("{} is not a directory", arguments.dir.display());
    }
    // Before anything that takes time.
    let plan = arguments.plan.as_deref().map(read).transpose()?;
    let mut reports = vec![match terraform {
        Ok(terraform) => fmt::check(&terraform, &directory).await,
        Err(reason) => CheckReport::unavailable("fmt", &reason),
    }];
    if let Some(plan) = plan {
        reports.push(plan_summary::check(&plan[..]));
    }
    let verdict = verdict(&reports, on_error);
    if output.json {
        output.json(&json(&reports, verdict))?;
    } else {
        output.result(&terminal(&reports, verdict, output.color))?;
    }
    Ok(exit(&reports, verdict))
}

/// A check that could not run is not a check that failed; other errors count for more.
fn exit(reports: &[CheckReport], verdict: Verdict) -> Exit {
    let mut errors = reports.iter().flat_map(|it| &it.findings).filter(|it| it.level == Level::Error);
    match verdict {
        Verdict::Passed => Exit::Passed,
        Verdict::Failed if errors.all(|it| it.code == Code::CHECK_UNAVAILABLE) => Exit::Unable,
        Verdict::Failed => Exit::Failed,
    }
}
