//! Writes what came of faults, a line or more for each.

use super::style::{Paint, Style};
use super::text::{padded, visible, wrap};
use crate::fault::Fault;
use crate::record::{Conduct, Judgement, Record};
use std::fmt::Write;

/// Where the sentences begin, if the names leave room for them.
const ROOM: usize = 30;

/// What came of one fault: its name, whether what the run task did is right, and what happened.
#[must_use]
pub fn judgement(judgement: &Judgement, style: Style) -> String {
    let (mark, word, paint) = match judgement.conduct {
        Conduct::Right => ("✓", "right", Paint::Green),
        Conduct::Wrong => ("✗", "wrong", Paint::Red),
        Conduct::Unseen => ("·", "never came up", Paint::Dim),
    };
    let name = judgement.fault.as_str();
    let width = Fault::all().iter().map(|it| it.as_str().len()).max().unwrap_or_default();
    let text = visible(&format!("{word}: {}", judgement.happened)).replace('\n', " ");
    let beside = 2 + width + 2;
    let (indent, mut out) = if style.columns() >= beside + ROOM {
        (beside, format!("{} {}", style.paint(mark, paint), padded(name, width)))
    } else {
        (4, format!("{} {name}\n    ", style.paint(mark, paint)))
    };
    for (number, line) in wrap(&text, style.columns() - indent).iter().enumerate() {
        if number > 0 {
            let _infallible = write!(out, "\n{:indent$}", "");
        }
        let paint = if judgement.conduct == Conduct::Right { Paint::Plain } else { paint };
        out.push_str(&style.paint(line, paint));
    }
    out.push('\n');
    out
}

/// Who plays whom, and with which faults.
#[must_use]
pub fn title(configuration: &str, run_task: &str, with: &[&str], style: Style) -> String {
    let mut text = format!("HCP Terraform, simulated: {configuration} → {run_task}");
    if !with.is_empty() {
        let _infallible = write!(text, ", with {}", with.join(", "));
    }
    let lines = wrap(&visible(&text).replace('\n', " "), style.columns());
    let lines = lines.iter().map(|it| style.paint(it, Paint::Bold) + "\n");
    lines.collect()
}

/// How many faults came to what.
#[must_use]
pub fn summary(judgements: &[Judgement], style: Style) -> String {
    let count = |conduct| judgements.iter().filter(|it| it.conduct == conduct).count();
    let (right, wrong, unseen) = (count(Conduct::Right), count(Conduct::Wrong), count(Conduct::Unseen));
    let text = format!("{} faults: {right} right, {wrong} wrong, {unseen} never came up.", judgements.len());
    style.paint(&text, if wrong == 0 { Paint::Green } else { Paint::Red }) + "\n"
}

/// What came of the faults of one run; nothing where there are none.
pub(super) fn all(record: &Record, style: Style) -> String {
    record.faults.iter().map(|it| judgement(it, style)).collect()
}
