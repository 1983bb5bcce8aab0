//! `runtask fmt --compare`: what terraform itself says of the files.

use super::targets::Chosen;
use anyhow::{Context, anyhow};
use runtask_checks::{Compared, Terraform};
use runtask_findings::{counted, shown_path};
use runtask_settings::SettingsReader;
use runtask_terminal::environment::lookup;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::{Value, json};

/// Files that terraform is asked about at a time: their copies take room, and its time has a limit.
const TOGETHER: usize = 1000;

/// Asks terraform about the files, and says where it differs.
pub(super) async fn compare(chosen: Chosen, output: &Output) -> anyhow::Result<Exit> {
    let mut settings = SettingsReader::new(&lookup);
    let terraform = Terraform::from_settings(&mut settings);
    settings.finish().context("settings are wrong")?;
    let terraform = terraform.context("there is no terraform to compare with")?;
    let mut all = Compared::default();
    for files in chosen.files.chunks(TOGETHER) {
        let compared = runtask_checks::compare(&terraform, files.to_vec()).await;
        let compared = compared.map_err(|reason| anyhow!("terraform cannot be compared with: {reason}"))?;
        all.agreed += compared.agreed;
        all.not_sure.extend(compared.not_sure);
        all.different.extend(compared.different);
        all.unreadable.extend(compared.unreadable);
    }
    let is_clean = chosen.problems.is_empty() && all.unreadable.is_empty();
    if output.json {
        output.json(&as_json(&all))?;
    } else {
        output.result(&as_text(&all))?;
    }
    for problem in &chosen.problems {
        output.note(&problem.line());
    }
    Ok(match (is_clean, all.different.is_empty()) {
        (false, _) => Exit::Unable,
        (true, false) => Exit::Different,
        (true, true) => Exit::Passed,
    })
}

fn as_text(all: &Compared) -> String {
    let mut text = String::new();
    for it in &all.different {
        text.push_str(&format!("{}:{}: {}, {}\n", shown_path(&it.path), it.line, it.terraform, it.native));
    }
    for (path, doubt) in &all.not_sure {
        text.push_str(&format!("{}:{}: not sure: {}\n", shown_path(path), doubt.line, doubt.reason));
    }
    for (path, reason) in &all.unreadable {
        text.push_str(&format!("{}: not compared: {reason}\n", shown_path(path)));
    }
    let total = all.agreed + all.not_sure.len() + all.different.len();
    text.push_str(&format!(
        "{}: {} the same as by terraform, {} different, {} not sure\n",
        counted(total, "file"),
        all.agreed,
        all.different.len(),
        all.not_sure.len()
    ));
    text
}

fn as_json(all: &Compared) -> Value {
    let different = all.different.iter().map(|it| {
        json!({ "path": it.path.to_string_lossy(), "line": it.line, "terraform": it.terraform, "native": it.native })
    });
    let not_sure = all.not_sure.iter().map(|(path, doubt)| {
        json!({ "path": path.to_string_lossy(), "line": doubt.line, "reason": doubt.reason.to_string() })
    });
    let unreadable = all
        .unreadable
        .iter()
        .map(|(path, reason)| json!({ "path": path.to_string_lossy(), "reason": reason }));
    json!({
        "version": 1,
        "same": all.agreed,
        "different": different.collect::<Vec<_>>(),
        "not_sure": not_sure.collect::<Vec<_>>(),
        "unreadable": unreadable.collect::<Vec<_>>(),
    })
}
