//! Writes results to stdout and everything else to stderr. Nothing else writes.

use crate::environment::lookup;
use anyhow::Context;
use clap::ValueEnum;
use runtask_findings::wrapped;
use serde_json::Value;
use std::fmt::Write as _;
use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::pin::pin;
use std::time::Duration;
use terminal_size::{Width, terminal_size_of};
use tokio::time::timeout;

/// Columns where nobody says how many there are.
const WIDTH: usize = 100;

/// How long nothing may be said on a terminal while there is work.
const SILENCE: Duration = Duration::from_secs(1);

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "help would show it")]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

/// How to write.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Whether results are JSON.
    pub json: bool,
    /// Whether stdout gets colours.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Columns at which prose on stdout is wrapped; nothing where it is no terminal.
    pub wrap: Option<usize>,
    /// The same of stderr.
    note_wrap: Option<usize>,
}

/// Whether `stream` gets colours.
pub fn colored(color: Color, stream: &impl IsTerminal) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => stream.is_terminal() && lookup("NO_COLOR").is_none_or(|it| it.is_empty()),
    }
}

impl Output {
    /// As the command line says, and the streams are.
    #[must_use]
    pub fn new(json: bool, color: Color) -> Self {
        let stdout = io::stdout();
        let (wrap, note_wrap) = (columns_of(&stdout), columns_of(&io::stderr()));
        Self { json, color: colored(color, &stdout), width: wrap.unwrap_or(WIDTH), wrap, note_wrap }
    }

    /// Writes a result for people, whose lines are prose.
    ///
    /// # Errors
    ///
    /// As [`Output::result`].
    pub fn prose(&self, text: &str) -> anyhow::Result<()> {
        self.result(&fitted(text, self.wrap))
    }

    /// Does what may take long, and says on a terminal that it goes on, if nothing else can be seen of it.
    pub async fn patiently<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if self.note_wrap.is_some() {
            if let Ok(done) = timeout(SILENCE, &mut work).await {
                return done;
            }
            self.note(&format!("{what}…\n"));
        }
        work.await
    }

    /// Writes a part of a result. A reader that went away is no error of ours.
    ///
    /// # Errors
    ///
    /// When stdout does not take it: a full disk, say.
    pub fn result(&self, text: &str) -> anyhow::Result<()> {
        self.bytes(text.as_bytes())
    }

    /// Writes a part of a result that is no text of ours, as it is.
    ///
    /// # Errors
    ///
    /// As [`Output::result`].
    pub fn bytes(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(error).context("the result cannot be written")
            }
            _ => Ok(()),
        }
    }

    /// Writes a result as JSON.
    ///
    /// # Errors
    ///
    /// As [`Output::result`].
    pub fn json(&self, value: &Value) -> anyhow::Result<()> {
        self.result(&format!("{value:#}\n"))
    }

    /// Writes what is not the result.
    pub fn note(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        let _reader_went_away = stderr.write_all(fitted(text, self.note_wrap).as_bytes());
    }

    /// Writes what is not the result and quotes lines of files, which are not wrapped.
    pub fn quotation(&self, text: &str) {
        let _reader_went_away = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Says why it could not be done: each cause on a line of its own.
    pub fn error(&self, error: &anyhow::Error) {
        let mut text = format!("error: {error}\n");
        for cause in error.chain().skip(1) {
            for (number, line) in cause.to_string().lines().enumerate() {
                let before = if number == 0 { "  because: " } else { "           " };
                let _infallible = writeln!(text, "{}", format!("{before}{line}").trim_end());
            }
        }
        self.note(&text);
    }
}

/// The columns of a terminal; nothing where `stream` is none, or where nobody knows.
fn columns_of(stream: &(impl IsTerminal + AsFd)) -> Option<usize> {
    let size = terminal_size_of(stream).filter(|_| stream.is_terminal());
    size.map(|(Width(width), _)| usize::from(width)).filter(|it| *it > 0)
}

/// Prose, wrapped at so many columns. Lines of files, which stand behind a margin, stay as they are.
fn fitted(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else { return text.to_owned() };
    let mut fitted = String::new();
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |it| (it, "\n"));
        let margin = line.trim_start_matches(|it: char| it == ' ' || it.is_ascii_digit());
        if margin.starts_with('|') || margin.starts_with("--> ") {
            fitted.push_str(line);
        } else {
            let indent = line.len() - line.trim_start_matches(' ').len();
            fitted.push_str(&wrapped(line, width, indent + 2).join("\n"));
        }
        fitted.push_str(end);
    }
    fitted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// U-07: prose is wrapped, lines of files are not.
    #[test]
    fn what_is_written_fits_a_terminal() {
        let text = "error: one two three four\n  because: five six seven eight nine\n --> runtask.toml:10:1\n10 | a long line of a file\n";
        assert_eq!(fitted(text, None), text);
        assert_eq!(
            fitted(text, Some(20)),
            "error: one two three\n  four\n  because: five six\n    seven eight nine\n --> runtask.toml:10:1\n\
             10 | a long line of a file\n"
        );
    }
}
