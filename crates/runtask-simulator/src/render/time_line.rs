//! Writes what happened, event by event.

use super::style::{Paint, Style};
use super::text::{visible, wrap};
use crate::record::{Delivery, Event, Record, What};
use std::fmt::Write;

/// Columns of the times at the head of a time line.
const TIME: usize = 10;
/// Columns of a message on the time line.
const EXCERPT: usize = 60;

/// One event of the time line, without a line end; long ones go over several lines.
#[must_use]
pub fn event(event: &Event, style: Style) -> String {
    let time = format!("{:>TIME$}", format!("{} ms", event.at_ms));
    let (arrow, text, paint) = describe(&event.what);
    let indent = TIME + 2 + 2;
    let lines = wrap(&visible(&text).replace('\n', " "), style.columns().saturating_sub(indent));
    let mut out = format!("{}  {}", style.paint(&time, Paint::Dim), style.paint(arrow, paint));
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            let _infallible = write!(out, "\n{:indent$}", "");
        } else {
            out.push(' ');
        }
        // Progress reads in the terminal's own colour; only what is out of the ordinary stands out.
        let paint = if matches!(paint, Paint::Green | Paint::Blue) { Paint::Plain } else { paint };
        out.push_str(&style.paint(line, paint));
    }
    out
}

/// The whole time line, each event on a line (or more) of its own.
#[must_use]
pub fn time_line(record: &Record, style: Style) -> String {
    record.events.iter().map(|it| event(it, style) + "\n").collect()
}

/// An arrow (to the run task, from it, or a mark), what happened, and how it looks.
fn describe(what: &What) -> (&'static str, String, Paint) {
    let good =
        |status: Option<u16>| if status.is_some_and(|it| it < 400) { Paint::Blue } else { Paint::Yellow };
    match what {
        What::Sent { delivery, note } => {
            let note = note.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
            ("→", format!("{} sent{note}", named(*delivery)), Paint::Blue)
        }
        What::Answered { delivery, status, body } => {
            let forged = matches!(delivery, Delivery::ForgedProbe | Delivery::ForgedRequest);
            let expected = if forged { *status == 401 } else { *status == 200 };
            let body = if body.trim().is_empty() { String::new() } else { format!(": {}", excerpt(body)) };
            let paint = if expected { Paint::Blue } else { Paint::Red };
            ("←", format!("{} answered {status}{body}", named(*delivery)), paint)
        }
        What::Unanswered { delivery, reason } => {
            ("×", format!("{} not answered: {reason}", named(*delivery)), Paint::Red)
        }
        What::ConfigurationRequested { answered } => {
            ("←", format!("configuration requested, {}", answered_with(*answered)), good(*answered))
        }
        What::PlanRequested { answered } => {
            ("←", format!("plan requested, {}", answered_with(*answered)), good(*answered))
        }
        What::ArchiveServed { bytes, cut: false } => {
            ("→", format!("archive served, {}", size(*bytes)), Paint::Blue)
        }
        What::ArchiveServed { bytes, cut: true } => {
            ("→", format!("archive cut off after {}", size(*bytes)), Paint::Yellow)
        }
        What::PlanServed { bytes } => ("→", format!("plan served, {}", size(*bytes)), Paint::Blue),
        What::LinkFollowed { answered, note } => {
            ("←", format!("link followed, answered {answered}: {note}"), Paint::Yellow)
        }
        What::CallbackReceived { status, message, outcomes, answered } => {
            let status = status.as_deref().unwrap_or("without a status");
            let mut text = format!("callback {status}");
            if let Some(message) = message {
                let _infallible = write!(text, " “{}”", excerpt(message));
            }
            match outcomes {
                0 => {}
                1 => text.push_str(", 1 outcome"),
                more => {
                    let _infallible = write!(text, ", {more} outcomes");
                }
            }
            let _infallible = write!(text, ", {}", answered_with(*answered));
            let paint = match (answered, status) {
                (Some(200), "passed") => Paint::Green,
                (Some(200), _) => Paint::Blue,
                _ => Paint::Yellow,
            };
            ("←", text, paint)
        }
        What::Canceled => ("×", "run canceled".to_owned(), Paint::Yellow),
        What::TimedOut { reason } => ("×", format!("HCP Terraform gave up: {reason}"), Paint::Red),
        What::Skipped { note } => ("·", format!("left out: {note}"), Paint::Dim),
        What::Violation { sentence } => ("!", format!("protocol: {sentence}"), Paint::Red),
    }
}

const fn named(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Probe => "probe",
        Delivery::ForgedProbe => "forged probe",
        Delivery::ForgedRequest => "forged request",
        Delivery::Request => "request",
        Delivery::Duplicate => "same request again",
    }
}

fn answered_with(status: Option<u16>) -> String {
    match status {
        Some(status) => format!("answered {status}"),
        None => "connection closed without an answer".to_owned(),
    }
}

/// The first line of a text, cut.
fn excerpt(text: &str) -> String {
    let text = text.trim();
    let mut lines = text.lines();
    let line = lines.next().unwrap_or_default();
    let cut: String = line.chars().take(EXCERPT).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

#[expect(clippy::cast_precision_loss, reason = "one digit behind the point is shown")]
fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
