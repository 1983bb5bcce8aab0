//! The time line and the result as text, for a terminal or a pipe.
//!
//! Texts come from the other side: nothing of them reaches the terminal that it would obey.

use crate::record::{Delivery, Event, Label, Outcome, Record, Status, What};
use std::fmt::Write;

/// How to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to use ANSI colours.
    pub color: bool,
    /// Columns to keep within; at least 40 are used.
    pub width: usize,
}

impl Default for Style {
    /// Without colours, 100 columns.
    fn default() -> Self {
        Self { color: false, width: 100 }
    }
}

/// Columns of the times at the head of a time line.
const TIME: usize = 10;
/// Columns of a message on the time line.
const EXCERPT: usize = 60;
/// The widest an id's column gets.
const ID: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paint {
    Plain,
    Bold,
    Dim,
    Red,
    Yellow,
    Green,
    Blue,
}

impl Style {
    fn paint(self, text: &str, paint: Paint) -> String {
        let code = match paint {
            _ if !self.color || text.is_empty() => return text.to_owned(),
            Paint::Plain => return text.to_owned(),
            Paint::Bold => "1",
            Paint::Dim => "2",
            Paint::Red => "31",
            Paint::Yellow => "33",
            Paint::Green => "32",
            Paint::Blue => "34",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    fn columns(self) -> usize {
        self.width.max(40)
    }
}

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
    let good = |status: u16| if status < 400 { Paint::Blue } else { Paint::Yellow };
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
            ("←", format!("configuration requested, answered {answered}"), good(*answered))
        }
        What::PlanRequested { answered } => {
            ("←", format!("plan requested, answered {answered}"), good(*answered))
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
            match answered {
                Some(answered) => {
                    let _infallible = write!(text, ", answered {answered}");
                }
                None => text.push_str(", connection closed without an answer"),
            }
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

/// The result as HCP Terraform's page shows it, and behind it where the protocol was broken.
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
    violations(&mut out, &record.violations, style);
    out
}

fn violations(out: &mut String, violations: &[String], style: Style) {
    if violations.is_empty() {
        let _infallible = writeln!(out, "{}", style.paint("Protocol: kept.", Paint::Green));
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

fn one_line(text: &str) -> String {
    visible(text).replace('\n', " ")
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{:gap$}", "", gap = width.saturating_sub(columns(text)) + 2)
}

fn shortened(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars() {
        if columns(&short) + column(character) + 1 > width {
            break;
        }
        short.push(character);
    }
    short + "…"
}

/// Breaks a line at its spaces, or where it must, into lines of at most `width` columns; never into none.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let (mut current, mut used) = (String::new(), 0);
    for word in line.split(' ') {
        let mut word = word;
        let mut wide = columns(word);
        if used > 0 && used + 1 + wide > width {
            lines.push(std::mem::take(&mut current));
            used = 0;
        } else if !current.is_empty() || used > 0 {
            current.push(' ');
            used += 1;
        }
        while used + wide > width {
            let mut taken = 0;
            let end = word.char_indices().find(|(_, it)| {
                taken += column(*it);
                used + taken > width
            });
            let at = end.map_or(word.len(), |(at, _)| at);
            // A character wider than the line stands alone on it.
            let at = if at == 0 { word.chars().next().map_or(0, char::len_utf8) } else { at };
            let (head, tail) = word.split_at(at);
            current.push_str(head);
            lines.push(std::mem::take(&mut current));
            (used, word) = (0, tail);
            wide = columns(word);
        }
        current.push_str(word);
        used += wide;
    }
    if !current.is_empty() || lines.is_empty() {
        lines.push(current);
    }
    lines
}

fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

/// How many columns a character takes: near enough for aligning a table.
fn column(character: char) -> usize {
    match u32::from(character) {
        0x0300..=0x036f | 0x1ab0..=0x1aff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// `text` with everything that a terminal would obey, or that would turn its order round, made visible.
///
/// Line breaks stay; a tab becomes spaces.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.replace("\r\n", "\n").chars() {
        match character {
            '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            // Unicode has a picture of each of the first 32, and of DEL.
            '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(character))),
            '\u{7f}' => out.push('\u{2421}'),
            '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' => {
                let _infallible = write!(out, "{}", character.escape_unicode());
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::TaskResult;

    fn label(label: &str, level: &str) -> Vec<Label> {
        vec![Label { label: label.into(), level: level.into() }]
    }

    fn record() -> Record {
        let formatted = Outcome {
            id: "main.tf".into(),
            description: "main.tf is not formatted".into(),
            tags: [
                ("Status".to_owned(), label("Failed", "error")),
                ("severity".to_owned(), label("Low", "warning")),
                ("Rule".to_owned(), label("fmt", "none")),
            ]
            .into(),
            body: Some("# Diff\n\n```diff\n-a   = 1\n+a = 1\n```\n".into()),
            url: Some("https://example.com/report".into()),
        };
        let second = Outcome {
            id: "modules/network/subnets/outputs.tf".into(),
            description:
                "One line that says at some length what is the matter with this file, and then goes on to \
                          say it again in other words"
                    .into(),
            tags: [("Status".to_owned(), label("Passed", "info"))].into(),
            ..Outcome::default()
        };
        let callback = |status: &str, answered| What::CallbackReceived {
            status: Some(status.to_owned()),
            message: Some("Checking the configuration".to_owned()),
            outcomes: 2,
            answered,
        };
        let events = [
            (0, What::Sent { delivery: Delivery::Probe, note: None }),
            (3, What::Answered { delivery: Delivery::Probe, status: 200, body: String::new() }),
            (4, What::Sent { delivery: Delivery::Request, note: Some("try 2".into()) }),
            (
                11,
                What::Answered {
                    delivery: Delivery::Request,
                    status: 500,
                    body: "{\"status\":\"oh\"}\nmore".into(),
                },
            ),
            (20, What::ConfigurationRequested { answered: 302 }),
            (22, What::ArchiveServed { bytes: 2345, cut: false }),
            (30, callback("running", Some(200))),
            (31, callback("failed", None)),
            (40, What::Violation { sentence: "the final result was sent twice".into() }),
        ];
        Record {
            run_id: "run-1".into(),
            task_result_id: "taskrs-1".into(),
            stage: "post_plan".into(),
            enforcement: "mandatory".into(),
            organization: "acme".into(),
            workspace: "shop".into(),
            result: TaskResult {
                status: Status::Failed,
                message: Some("1 of 2 files is not formatted.\nRun `terraform fmt`.".into()),
                url: Some("https://example.com".into()),
                outcomes: vec![formatted, second],
            },
            violations: vec!["the final result was sent twice".into()],
            callbacks: Vec::new(),
            finals_accepted: 1,
            finals_refused: 1,
            events: events.into_iter().map(|(at_ms, what)| Event { at_ms, what }).collect(),
        }
    }

    #[test]
    fn a_time_line_reads_from_top_to_bottom() {
        insta::assert_snapshot!(time_line(&record(), Style::default()), @r#"
         0 ms  → probe sent
         3 ms  ← probe answered 200
         4 ms  → request sent (try 2)
        11 ms  ← request answered 500: {"status":"oh"}…
        20 ms  ← configuration requested, answered 302
        22 ms  → archive served, 2.3 KiB
        30 ms  ← callback running “Checking the configuration”, 2 outcomes, answered 200
        31 ms  ← callback failed “Checking the configuration”, 2 outcomes, connection closed without an
                 answer
        40 ms  ! protocol: the final result was sent twice
        "#);
    }

    #[test]
    fn a_result_looks_like_a_page() {
        insta::assert_snapshot!(result(&record(), Style { color: false, width: 96 }), @"
        ✗ Failed  (post_plan · mandatory · acme/shop)
          1 of 2 files is not formatted.
          Run `terraform fmt`.
          Details: https://example.com

          Status  Severity  Id                                  Description
          Failed  Low       main.tf                             main.tf is not formatted
            Rule: fmt
            Details: https://example.com/report

            # Diff

            ```diff
            -a   = 1
            +a = 1
            ```

          Passed            modules/network/subnets/outputs.tf  One line that says at some length what
                                                                is the matter with this file, and then
                                                                goes on to say it again in other words

        Protocol: broken once.
          ! the final result was sent twice
        ");
    }

    #[test]
    fn colours_are_only_there_when_asked_for() {
        let painted = result(&record(), Style { color: true, width: 96 });
        assert!(painted.contains("\u{1b}[31m✗ Failed\u{1b}[0m"), "{painted}");
        let plain = result(&record(), Style { color: false, width: 96 });
        assert!(!plain.contains('\u{1b}'));
    }

    /// What a stranger wrote cannot move the cursor, set the title or turn the text round.
    #[test]
    fn hostile_text_is_shown_not_obeyed() {
        assert_eq!(visible("a\u{1b}[2Jb\u{7}\u{9b}\u{202e}c\td\r\ne\r"), "a␛[2Jb␇\\u{9b}\\u{202e}c    d\ne␍");
        let mut record = record();
        let hostile = "x\u{1b}]0;pwned\u{7}\u{202e}\r";
        record.result.message = Some(hostile.into());
        record.result.url = Some(hostile.into());
        record.workspace = hostile.into();
        record.violations = vec![hostile.into()];
        record.events = vec![
            Event {
                at_ms: 0,
                what: What::Answered { delivery: Delivery::Probe, status: 200, body: hostile.into() },
            },
            Event { at_ms: 0, what: What::Violation { sentence: hostile.into() } },
        ];
        record.result.outcomes = vec![Outcome {
            id: hostile.into(),
            description: hostile.into(),
            tags: [
                (hostile.to_owned(), label(hostile, hostile)),
                ("Status".to_owned(), label(hostile, "none")),
            ]
            .into(),
            body: Some(hostile.into()),
            url: Some(hostile.into()),
        }];
        let text = result(&record, Style::default()) + &time_line(&record, Style::default());
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r']), "{text}");
        assert!(text.contains('␛'));
    }

    #[test]
    fn lines_are_wrapped_at_spaces_or_where_they_must() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert_eq!(wrap("日本", 1), ["日", "本"]);
    }

    #[test]
    fn a_narrow_terminal_gets_no_wider_table_than_it_must() {
        let text = result(&record(), Style { color: false, width: 10 });
        assert!(text.contains("Description"));
    }
}
