//! Shows a job on a terminal as its page in GitLab does: the log with its colours and its sections' durations, what the merge
//! request says of its plan, and how it ended.

use crate::simulator::JobReport;
use std::collections::HashMap;

/// Bytes before each line of a log with time stamps: `2026-08-20T09:15:02.123456Z 01O `.
const STAMP: usize = 32;
/// What is dim, good, bad, and what ends it.
const DIM: &str = "\x1b[2m";
const GREEN: &str = "\x1b[32;1m";
const RED: &str = "\x1b[31;1m";
const BOLD: &str = "\x1b[1m";
const END: &str = "\x1b[0m";

/// A line that holds marks of sections alone, and is not to be mistaken for an empty one.
const ONLY_MARKS: &str = "\x1b";

/// How jobs are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// With colours.
    pub color: bool,
    /// Columns.
    pub width: usize,
}

/// A line of a log, and the section whose title it is.
struct Line {
    text: String,
    section: Option<String>,
}

impl View {
    /// A job: its log, its plan, its end.
    #[must_use]
    pub fn job(&self, name: &str, report: &JobReport) -> String {
        let mut text = self.in_color(BOLD, &format!("job {}", printable(name))) + "\n";
        for line in self.log(&report.log).lines() {
            text.push_str(format!("  {line}").trim_end());
            text.push('\n');
        }
        if let Some(plan) = report.plan() {
            let words = match plan {
                Ok(it) => format!(
                    "The job {} generated a report. Reported Resource Changes: {} to add, {} to change, {} to delete",
                    printable(name),
                    it.create,
                    it.update,
                    it.delete
                ),
                Err(error) => format!("The report of the job {} cannot be shown: {error}", printable(name)),
            };
            text.push_str(&format!("merge request: {words}\n"));
        }
        for it in &report.artifacts {
            let (kind, bytes) = (&it.artifact_type, it.content.len());
            text.push_str(&format!(
                "artifact: {} ({}, {bytes} bytes)\n",
                printable(&it.filename),
                printable(kind)
            ));
        }
        let status = report.status.as_str();
        let color = if status == "success" { GREEN } else { RED };
        text.push_str(&format!("{}\n", self.in_color(color, status)));
        text
    }

    /// A log without what is there for GitLab alone. Of control sequences only colours are left, where there are to be any.
    #[must_use]
    pub fn log(&self, log: &[u8]) -> String {
        let log = String::from_utf8_lossy(log);
        let mut sections: HashMap<String, (u64, u64)> = HashMap::new();
        let lines: Vec<Line> = unstamped(&log).iter().map(|it| cut(it, &mut sections)).collect();
        let mut text = String::new();
        for Line { text: line, section } in lines {
            let shown = self.shown(&line);
            let duration =
                section.and_then(|it| sections.get(&it)).and_then(|(start, end)| end.checked_sub(*start));
            match duration {
                Some(seconds) if !shown.is_empty() => {
                    let badge = format!("{:02}:{:02}", seconds / 60, seconds % 60);
                    let room = self.width.saturating_sub(columns(&shown) + badge.len() + 2).max(1);
                    text.push_str(&format!("{shown}{}{}\n", " ".repeat(room), self.in_color(DIM, &badge)));
                }
                _ if line == ONLY_MARKS => {}
                _ => text.push_str(&format!("{shown}\n")),
            }
        }
        text
    }

    fn in_color(&self, code: &str, text: &str) -> String {
        if self.color { format!("{code}{text}{END}") } else { text.to_owned() }
    }

    /// A line with its colours, if there are to be any, and no other control characters.
    fn shown(&self, line: &str) -> String {
        let mut shown = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('\x1b') {
            shown.push_str(&printable(before));
            let end = after.find(|it: char| it.is_ascii_alphabetic());
            let sequence = end.and_then(|it| after.get(..=it)).unwrap_or(after);
            rest = after.get(sequence.len()..).unwrap_or_default();
            let is_color = sequence.starts_with('[')
                && sequence.ends_with('m')
                && sequence.bytes().all(|it| it.is_ascii_digit() || b"[;m".contains(&it));
            if self.color && is_color {
                shown.push_str(&format!("\x1b{sequence}"));
            }
        }
        shown.push_str(&printable(rest));
        shown
    }
}

/// The lines of a log, without time stamps; what continues a line is part of it.
fn unstamped(log: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in log.strip_suffix('\n').unwrap_or(log).split('\n') {
        let stamp = line.get(..STAMP).filter(|it| is_stamp(it));
        let text = stamp.and_then(|_| line.get(STAMP..)).unwrap_or(line);
        match lines.last_mut() {
            Some(last) if stamp.is_some_and(|it| it.ends_with('+')) => last.push_str(text),
            _ => lines.push(text.to_owned()),
        }
    }
    lines
}

fn is_stamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or_default();
    (at(4), at(10), at(26), at(27)) == (b'-', b'T', b'Z', b' ')
        && at(28).is_ascii_hexdigit()
        && at(29).is_ascii_hexdigit()
        && matches!(at(30), b'O' | b'E')
        && matches!(at(31), b' ' | b'+')
}

/// A line without the marks of sections, of which it is noted when they begin and end; and the section that begins in it.
fn cut(line: &str, sections: &mut HashMap<String, (u64, u64)>) -> Line {
    let mut section = None;
    let mut text = String::new();
    let mut is_mark = false;
    for part in line.split('\r') {
        let part = part.strip_prefix("\x1b[0K").unwrap_or(part);
        match mark(part) {
            Some((before, is_start, time, name)) => {
                text.push_str(before);
                is_mark = true;
                let times = sections.entry(name.clone()).or_default();
                if is_start {
                    times.0 = time;
                    section = Some(name);
                } else {
                    times.1 = time;
                }
            }
            // What a progress bar writes last is what is seen.
            None if part.is_empty() || is_mark => {
                text.push_str(part);
                is_mark = false;
            }
            None => part.clone_into(&mut text),
        }
    }
    if text.is_empty() && line.contains("section_end:") {
        text.push_str(ONLY_MARKS);
    }
    Line { text, section }
}

/// What stands before a mark, whether a section begins, when, and which.
fn mark(part: &str) -> Option<(&str, bool, u64, String)> {
    let (before, is_start, rest) = match part.split_once("section_start:") {
        Some((before, rest)) => (before, true, rest),
        None => part.split_once("section_end:").map(|(before, rest)| (before, false, rest))?,
    };
    let (time, name) = rest.split_once(':')?;
    let name = name.split('[').next().unwrap_or_default();
    Some((before, is_start, time.parse().ok()?, name.to_owned()))
}

/// Columns of a text with colours.
fn columns(text: &str) -> usize {
    let mut columns = 0;
    let mut is_sequence = false;
    for it in text.chars() {
        match it {
            '\x1b' => is_sequence = true,
            'm' if is_sequence => is_sequence = false,
            _ if !is_sequence => columns += 1,
            _ => {}
        }
    }
    columns
}

/// A text without control characters but tabs.
fn printable(text: &str) -> String {
    text.chars().filter(|it| *it == '\t' || !it.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\x1b[0KRunning with runner\x1b[0;m\nsection_start:100:step_script\r\x1b[0K\x1b[0K\x1b[36;1mExecuting\x1b[0;m\n\
        \x1b[32;1m$ terraform plan\x1b[0;m\n10%\r50%\r100%\n\n\x1b[0m\nnasty \x1b]0;title\x07\x1b[2J end\nsection_end:165:step_script\r\x1b[0K\
        section_start:165:cleanup\r\x1b[0K\x1b[36;1mCleaning up\x1b[0;m\nsection_end:165:cleanup\r\x1b[0K\x1b[32;1mJob succeeded\x1b[0;m\n";

    const SHOWN: &str = "Running with runner\nExecuting                          01:05\n$ terraform plan\n100%\n\n\n\
        nasty itle end\nCleaning up                        00:00\nJob succeeded\n";

    #[test]
    fn a_log_is_shown_with_its_sections_and_nothing_that_moves_a_terminal() {
        let view = View { color: false, width: 42 };
        assert_eq!(view.log(LOG.as_bytes()), SHOWN);
        let colored = View { color: true, width: 42 }.log(LOG.as_bytes());
        assert!(colored.contains("\x1b[32;1m$ terraform plan\x1b[0;m\n"), "{colored:?}");
        assert!(
            !colored.contains("\x1b[2J") && !colored.contains('\r') && !colored.contains('\x07'),
            "{colored:?}"
        );
    }

    #[test]
    fn a_log_with_time_stamps_is_shown_as_one_without() {
        let stamp = |it: &str| format!("2026-08-20T09:15:02.123456Z 01O {it}");
        let log = format!(
            "{}\n{}\n{}\n",
            stamp("one"),
            stamp("section_start:7:a\r\x1b[0K"),
            "2026-08-20T09:15:02.123456Z 01O+Title"
        );
        let log =
            format!("{log}{}\n2026-08-20T09:15:02.123456Z 01O+two\n", stamp("section_end:9:a\r\x1b[0K"));
        assert_eq!(View { color: false, width: 20 }.log(log.as_bytes()), "one\nTitle        00:02\ntwo\n");
    }
}
