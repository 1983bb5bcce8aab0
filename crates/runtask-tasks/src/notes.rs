//! Collects notes on mistakes while a file is read, and makes problems with line and column of them at the end.

use crate::problem::{Place, Problem, ProblemKind, Problems};
use runtask_findings::printable;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

/// How many problems of one file are kept: nobody reads more, and a file can hold a million.
const MAX_PROBLEMS: usize = 100;

/// The same of a file that is no TOML: after the first few, each is a guess.
const MAX_OF_BROKEN: usize = 10;

/// How many characters of a line are shown; of a longer one, how many before what is meant, and from there on.
const SHOWN: usize = 100;
const SHOWN_BEFORE: usize = 40;
const SHOWN_FROM: usize = SHOWN - SHOWN_BEFORE;

/// Collects problems of one file.
#[derive(Debug)]
pub struct Notes<'a> {
    file: &'a str,
    text: &'a str,
    /// Where each line starts.
    lines: Vec<usize>,
    /// Lines, counted from 0, that are not TOML; empty in a file that is.
    broken: BTreeSet<usize>,
    /// What no problem shows.
    hidden: Vec<Range<usize>>,
    list: Vec<Note>,
}

#[derive(Debug)]
struct Note {
    kind: ProblemKind,
    place: Range<usize>,
    message: String,
}

impl<'a> Notes<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        Self { file, text, lines, broken: BTreeSet::new(), hidden: Vec::new(), list: Vec::new() }
    }

    /// Something is not TOML.
    pub(crate) fn broken(&mut self, place: Range<usize>, message: String) {
        self.broken.insert(self.line(place.start));
        self.push(ProblemKind::Error, place, message);
    }

    /// Something that is there is wrong.
    pub fn error(&mut self, place: Range<usize>, message: impl Into<String>) {
        // What is read of a line that is not TOML is a guess.
        if !self.broken.contains(&self.line(place.start)) {
            self.push(ProblemKind::Error, place, message.into());
        }
    }

    /// Something is missing below what stands at `place`.
    pub fn missing(&mut self, place: Range<usize>, message: impl Into<String>) {
        // It may be there, in a line that is not TOML.
        if self.broken.is_empty() {
            self.push(ProblemKind::Error, place, message.into());
        }
    }

    /// Something does no harm and no good.
    pub fn warning(&mut self, place: Range<usize>, message: impl Into<String>) {
        if self.broken.is_empty() {
            self.push(ProblemKind::Warning, place, message.into());
        }
    }

    /// What stands at `place` may be a secret: stars are shown in its place, whatever problem the line has.
    pub fn hide(&mut self, place: Range<usize>) {
        self.hidden.push(place);
    }

    /// The line at `offset`, counted from 1.
    pub fn line_number(&self, offset: usize) -> u32 {
        number(self.line(offset))
    }

    /// The problems in order, and whether there is an error among them.
    pub(crate) fn finish(mut self) -> (Problems, bool) {
        self.list.sort_by_key(|it| (it.place.start, it.place.end));
        let all = self.list.len();
        let failed = self.list.iter().any(|it| it.kind == ProblemKind::Error);
        let most = if self.broken.is_empty() { MAX_PROBLEMS } else { MAX_OF_BROKEN };
        if failed && all > most {
            self.list.retain(|it| it.kind == ProblemKind::Error);
        }
        let list: Vec<_> = self.list.iter().take(most).map(|it| self.problem(it)).collect();
        let left_out = all - list.len();
        (Problems { list, left_out }, failed)
    }

    fn push(&mut self, kind: ProblemKind, place: Range<usize>, message: String) {
        self.list.push(Note { kind, place, message });
    }

    /// A part of the file that begins at `start`, of the same length, with stars in the place of what is hidden.
    fn without_hidden<'b>(&self, part: &'b str, start: usize) -> Cow<'b, str> {
        if self.hidden.is_empty() {
            return Cow::Borrowed(part);
        }
        let is_hidden = |at: usize| self.hidden.iter().any(|it| it.contains(&(start + at)));
        let shown = |(at, it): (usize, char)| match is_hidden(at) {
            true => "*".repeat(it.len_utf8()),
            false => it.to_string(),
        };
        Cow::Owned(part.char_indices().map(shown).collect())
    }

    /// The line at `offset`, counted from 0.
    fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    fn problem(&self, note: &Note) -> Problem {
        let place = self.place(&note.place);
        Problem { kind: note.kind, file: self.file.to_owned(), place, message: note.message.clone() }
    }

    fn place(&self, place: &Range<usize>) -> Option<Place> {
        let line = self.line(place.start);
        let text = self.text.get(*self.lines.get(line)?..)?.split('\n').next()?;
        let text = text.strip_suffix('\r').unwrap_or(text);
        let offset = place.start.checked_sub(*self.lines.get(line)?)?.min(text.len());
        let text = &*self.without_hidden(text, *self.lines.get(line)?);
        // A place of several lines is shown as far as its first one goes.
        let (before, rest) = text.split_at_checked(offset)?;
        let (meant, after) = rest.split_at_checked(place.len().min(rest.len()))?;
        let short = text.chars().count() <= SHOWN;
        let (most_before, most_from) = if short { (SHOWN, SHOWN) } else { (SHOWN_BEFORE, SHOWN_FROM) };
        let left = most_from.checked_sub(meant.chars().count());
        Some(Place {
            line: number(line),
            column: number(before.chars().count()),
            before: end_of(before, most_before),
            meant: start_of(meant, most_from),
            // Where what is meant is cut already, nothing follows.
            after: left.map(|characters| start_of(after, characters)).unwrap_or_default(),
        })
    }
}

fn number(from_zero: usize) -> u32 {
    u32::try_from(from_zero).map_or(u32::MAX, |it| it.saturating_add(1))
}

fn start_of(text: &str, characters: usize) -> String {
    let start: String = text.chars().take(characters).collect();
    let cut = if start.len() < text.len() { "…" } else { "" };
    format!("{}{cut}", line_of(&start))
}

fn end_of(text: &str, characters: usize) -> String {
    let skipped = text.chars().count().saturating_sub(characters);
    let end: String = text.chars().skip(skipped).collect();
    let cut = if skipped > 0 { "…" } else { "" };
    format!("{cut}{}", line_of(&end))
}

/// A tab is as wide as a space here, so that the marker stands where it should.
fn line_of(text: &str) -> String {
    printable(&text.replace('\t', " "))
}
