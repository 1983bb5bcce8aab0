//! Writes results to stdout and everything else to stderr. Nothing else writes.

use crate::environment::lookup;
use anyhow::Context;
use clap::ValueEnum;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use terminal_size::{Width, terminal_size};

/// Columns where nobody says how many there are.
const WIDTH: usize = 100;

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

/// How to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
    /// Whether stdout gets colours.
    pub(crate) color: bool,
    /// Columns of the terminal.
    pub(crate) width: usize,
}

/// Whether `stream` gets colours.
pub(crate) fn colored(color: Color, stream: &impl IsTerminal) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => stream.is_terminal() && lookup("NO_COLOR").is_none_or(|it| it.is_empty()),
    }
}

impl Output {
    pub(crate) fn new(json: bool, color: Color) -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let width =
            terminal_size().filter(|_| terminal).map_or(WIDTH, |(Width(width), _)| usize::from(width));
        Self { json, color: colored(color, &stdout), width }
    }

    /// Writes a part of a result. A reader that went away is no error of ours.
    ///
    /// # Errors
    ///
    /// When stdout does not take it: a full disk, say.
    pub(crate) fn result(&self, text: &str) -> anyhow::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
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
    pub(crate) fn json(&self, value: &Value) -> anyhow::Result<()> {
        self.result(&format!("{value:#}\n"))
    }

    /// Writes what is not the result.
    pub(crate) fn note(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        let _reader_went_away = stderr.write_all(text.as_bytes());
    }

    /// Says why it could not be done: each cause on a line of its own.
    pub(crate) fn error(&self, error: &anyhow::Error) {
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
