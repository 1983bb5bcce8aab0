//! Writes a result as HCP Terraform's page shows it.

use super::faults;
use super::style::{Paint, Style};
use super::text::{one_line, padded, shortened, visible, wrap};
use crate::record::{Conduct, Label, Outcome, Protocol, Record, Status};
use runtask_findings::columns;
use std::fmt::Write;

/// The widest an id's column gets.
const ID: usize = 40;

/// The result as HCP Terraform's page shows it, and behind it what came of the faults and where the protocol was
/// broken.
#[must_use]
pub fn result(record: &Record, style: Style) -> String {
    let mut out = String::new();
    let result = &record.result;
    let (mark, paint) = match result.status {
        Status::Passed => ("✓", Paint::Green),
        Status::Failed | Status::Errored | Status::Unreachable => ("✗", Paint::Red),
        Status::Canceled => ("×", Paint::Yellow),
        Status::Pending | Status::Running => ("…", Paint::Blue),
    };
    let status = capitalized(result.status.as_str());
    let place = visible(&format!(
        "{} · {} · {}/{}",
        record.stage, record.enforcement, record.organization, record.workspace
    ))
    .replace('\n', " ");
    let _infallible = writeln!(
        out,
        "{}  {}",
        style.paint(&format!("{mark} {status}"), paint),
        style.paint(&format!("({place})"), Paint::Dim)
    );
    if let Some(message) = &result.message {
        block(&mut out, message, 2, style);
    }
    if let Some(url) = &result.url {
        let _infallible =
            writeln!(out, "  {} {}", style.paint("Details:", Paint::Dim), visible(url).replace('\n', " "));
    }
    if !result.outcomes.is_empty() {
        out.push('\n');
        outcomes(&mut out, &result.outcomes, style);
    }
    out.push('\n');
    if !record.faults.is_empty() {
        out.push_str(&faults::all(record, style));
        out.push('\n');
    }
    protocol(&mut out, record, style);
    out
}

fn protocol(out: &mut String, record: &Record, style: Style) {
    let violations = &record.violations;
    if violations.is_empty() {
        let (text, paint) = match record.protocol() {
            Protocol::Kept => ("kept.", Paint::Green),
            Protocol::KeptAsFarAsTried => ("kept, as far as it was tried.", Paint::Green),
            Protocol::Broken if record.faults.iter().any(|it| it.conduct == Conduct::Wrong) => {
                ("broken: see above.", Paint::Red)
            }
            Protocol::Broken => ("broken: no final result came.", Paint::Red),
            Protocol::NotTried => ("not tried.", Paint::Yellow),
        };
        let _infallible = writeln!(out, "{}", style.paint(&format!("Protocol: {text}"), paint));
        return;
    }
    let times = match violations.len() {
        1 => "once".to_owned(),
        more => format!("{more} times"),
    };
    let _infallible = writeln!(out, "{}", style.paint(&format!("Protocol: broken {times}."), Paint::Red));
    for sentence in violations {
        for (number, line) in
            wrap(&visible(sentence).replace('\n', " "), style.columns() - 4).iter().enumerate()
        {
            let _infallible = writeln!(out, "  {} {line}", if number == 0 { "!" } else { " " });
        }
    }
}

/// The rows in columns, and each body below its row.
fn outcomes(out: &mut String, outcomes: &[Outcome], style: Style) {
    let cells: Vec<[(String, Paint); 3]> = outcomes
        .iter()
        .map(|it| [chips(it.labels("Status")), chips(it.labels("Severity")), (one_line(&it.id), Paint::Bold)])
        .collect();
    let heads = ["Status", "Severity", "Id"];
    let limits = [20, 20, ID];
    let mut widths = heads.map(str::len);
    for row in &cells {
        for ((width, (text, _)), limit) in widths.iter_mut().zip(row).zip(limits) {
            *width = columns(text).min(limit).max(*width);
        }
    }
    let indent = 2 + widths.iter().map(|it| it + 2).sum::<usize>();
    let left = style.columns().saturating_sub(indent).max(24);

    let head: String = heads.iter().zip(widths).map(|(head, width)| padded(head, width)).collect();
    let _infallible = writeln!(out, "  {}", style.paint(&format!("{head}Description"), Paint::Dim));
    for (outcome, row) in outcomes.iter().zip(&cells) {
        out.push_str("  ");
        for ((text, paint), width) in row.iter().zip(widths) {
            let text = shortened(text, width);
            let gap = width.saturating_sub(columns(&text)) + 2;
            let _infallible = write!(out, "{}{:gap$}", style.paint(&text, *paint), "");
        }
        for (number, line) in wrap(&one_line(&outcome.description), left).iter().enumerate() {
            if number > 0 {
                let _infallible = write!(out, "\n{:indent$}", "");
            }
            out.push_str(line);
        }
        out.push('\n');
        below(out, outcome, style);
    }
}

/// What HCP Terraform's panel shows of a row: the other tags, the link, the body.
fn below(out: &mut String, outcome: &Outcome, style: Style) {
    for (name, labels) in &outcome.tags {
        if !["Status", "Severity"].iter().any(|it| it.eq_ignore_ascii_case(name)) {
            let (text, paint) = chips(labels);
            let name = style.paint(&format!("{}:", one_line(name)), Paint::Dim);
            let _infallible = writeln!(out, "    {name} {}", style.paint(&text, paint));
        }
    }
    if let Some(url) = &outcome.url {
        let _infallible = writeln!(out, "    {} {}", style.paint("Details:", Paint::Dim), one_line(url));
    }
    if let Some(body) = &outcome.body {
        out.push('\n');
        block(out, body.trim_end(), 4, style);
        out.push('\n');
    }
}

/// Labels side by side, painted after the gravest.
fn chips(labels: &[Label]) -> (String, Paint) {
    let text = labels.iter().map(|it| one_line(&it.label)).collect::<Vec<_>>().join(", ");
    let has = |level: &str| labels.iter().any(|it| it.level == level);
    let paint = match () {
        () if has("error") => Paint::Red,
        () if has("warning") => Paint::Yellow,
        () if has("info") => Paint::Blue,
        () => Paint::Plain,
    };
    (text, paint)
}

/// A text of several lines, indented. What stands in a code fence, a table or an indented line is not wrapped.
fn block(out: &mut String, text: &str, indent: usize, style: Style) {
    let width = style.columns().saturating_sub(indent);
    let mut fence: Option<String> = None;
    for line in visible(text).lines() {
        let mark: String = line.trim_start().chars().take_while(|it| matches!(it, '`' | '~')).collect();
        let (is_code, paint) = match &fence {
            Some(open) if mark.starts_with(open.as_str()) && line.trim() == mark => {
                fence = None;
                (true, Paint::Dim)
            }
            Some(_) => (true, diff_paint(line)),
            None if mark.len() >= 3 => {
                fence = Some(mark);
                (true, Paint::Dim)
            }
            None => {
                let bold = line.starts_with('#');
                let fixed = line.starts_with(['|', ' ']);
                (fixed, if bold { Paint::Bold } else { Paint::Plain })
            }
        };
        let lines = if is_code { vec![line.to_owned()] } else { wrap(line, width) };
        for line in lines {
            let indent = if line.is_empty() { 0 } else { indent };
            let _infallible = writeln!(out, "{:indent$}{}", "", style.paint(&line, paint));
        }
    }
}

fn diff_paint(line: &str) -> Paint {
    match line.chars().next() {
        Some('+') => Paint::Green,
        Some('-') => Paint::Red,
        Some('@') => Paint::Blue,
        _ => Paint::Plain,
    }
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map(|it| it.to_ascii_uppercase()).into_iter().chain(characters).collect()
}
