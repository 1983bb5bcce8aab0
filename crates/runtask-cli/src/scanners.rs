//! `runtask scanners`: lists the scanners that are known.

use clap::Args;
use runtask_findings::shown_path;
use runtask_process::find_program;
use runtask_scanners::{Config, PROFILES, Profile};
use runtask_terminal::environment::lookup;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;

/// List the scanners that a task can name, which are installed here, and what each needs on Lambda
///
/// A task runs them as `[[tasks.NAME.scanner]]` of runtask.toml; docs/scanners.md shows how. Any other that writes SARIF
/// can be described there, and `runtask check --sarif FILE` judges a file that it has written.
#[derive(Debug, Args)]
pub(crate) struct ScannersArguments {}

pub(crate) fn scanners(_arguments: &ScannersArguments, output: &Output) -> anyhow::Result<Exit> {
    let path = lookup("PATH").unwrap_or_default();
    let found: Vec<(&Profile, Option<PathBuf>)> =
        PROFILES.iter().map(|it| (it, find_program(it.program, &path))).collect();
    if output.json {
        let all: Vec<Value> =
            found.iter().map(|(profile, program)| described(profile, program.as_ref())).collect();
        output.json(&json!(all))?;
        return Ok(Exit::Passed);
    }
    let mut text = String::new();
    for (profile, program) in &found {
        let program = match program {
            Some(path) => shown_path(path),
            None => format!("not installed: there is no `{}` on PATH or in /opt/bin", profile.program),
        };
        let rows = [
            ("scans", scans(profile)),
            ("program", program),
            ("needs", needs(profile).unwrap_or_default()),
            ("on Lambda", profile.on_lambda.to_owned()),
        ];
        let _infallible = writeln!(text, "{}: {}", profile.name, profile.about);
        for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
            let _infallible = writeln!(text, "  {name:<10} {value}");
        }
        text.push('\n');
    }
    text.push_str("A task runs one as `[[tasks.NAME.scanner]]` with `profile = \"NAME\"` in runtask.toml.\n");
    output.prose(&text)?;
    Ok(Exit::Passed)
}

fn scans(profile: &Profile) -> String {
    let inputs = [(profile.configuration.is_some(), "configurations"), (profile.plan.is_some(), "plans")];
    let inputs: Vec<&str> = inputs.into_iter().filter(|(is_one, _)| *is_one).map(|(_, name)| name).collect();
    inputs.join(", ")
}

/// What it cannot do without, besides its program.
fn needs(profile: &Profile) -> Option<String> {
    match profile.config {
        Config::Required(_, what) => Some(format!("`config`: {what}")),
        Config::Optional(_) | Config::None => {
            profile.passed_on.first().map(|it| format!("{it} in the environment"))
        }
    }
}

fn described(profile: &Profile, program: Option<&PathBuf>) -> Value {
    json!({
        "name": profile.name,
        "about": profile.about,
        "program": profile.program,
        "path": program.map(|it| shown_path(it)),
        "configuration": profile.configuration.is_some(),
        "plan": profile.plan.is_some(),
        "needs": needs(profile),
        "environment": profile.passed_on,
        "own_settings": profile.tree_settings,
        "check_only": profile.in_place,
        "on_lambda": profile.on_lambda,
    })
}
