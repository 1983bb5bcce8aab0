//! Cuts a file into tokens.
//!
//! Three modes on a stack: code, quoted text, heredoc text. Every byte of the file is part of a token, or a gap between two
//! tokens: spaces, tabs, and a byte order mark at the start.
//!
//! Source: part 2 of `SPECIFICATION.md`, tried on terraform 1.11.4.

mod classes;
mod code;
mod heredoc;
mod quoted;

use crate::doubt::DoubtReason;
use crate::kind::Kind;
use crate::token::Token;
use crate::work;

/// What is between quotes, or in a heredoc, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Code,
    Quoted,
    Heredoc,
}

/// A heredoc that is open.
#[derive(Debug, Clone, Copy)]
struct Heredoc {
    /// The place of its name.
    start: u32,
    end: u32,
    /// Whether everything of its text so far was whole lines.
    is_at_line_start: bool,
}

/// What a scan leaves behind, beside the tokens; it keeps its memory from one file to the next.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) tokens: Vec<Token>,
    /// Indexes of the tokens that are errors in themselves.
    pub(crate) errors: Vec<u32>,
    /// Whether a gap holds anything but spaces.
    pub(crate) has_odd_gap: bool,
    /// What is in doubt, and where.
    pub(crate) doubt: Option<(DoubtReason, u32)>,
    modes: Vec<Mode>,
    templates: Vec<i64>,
    heredocs: Vec<Heredoc>,
}

impl Scan {
    /// Reads a file of less than 2^31 bytes.
    pub(crate) fn read(&mut self, input: &[u8]) {
        self.tokens.clear();
        self.errors.clear();
        self.has_odd_gap = false;
        self.doubt = None;
        self.modes.clear();
        self.templates.clear();
        self.heredocs.clear();
        let mut scanner =
            Scanner { input, at: 0, depth: 0, mode: Mode::Code, lacks_comment_end: false, scan: self };
        if input.starts_with(b"\xEF\xBB\xBF") {
            scanner.at = 3;
            scanner.scan.has_odd_gap = true;
        }
        while scanner.at < input.len() && scanner.scan.doubt.is_none() {
            match scanner.mode {
                Mode::Code => scanner.code(),
                Mode::Quoted => scanner.quoted(),
                Mode::Heredoc => scanner.heredoc(),
            }
        }
        scanner.push(Kind::End, 0);
    }
}

struct Scanner<'s> {
    input: &'s [u8],
    at: usize,
    /// How many braces are open; more may be closed than opened.
    depth: i64,
    mode: Mode,
    /// Whether there is no `*/` in what follows.
    lacks_comment_end: bool,
    scan: &'s mut Scan,
}

impl Scanner<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        work::step();
        self.input.get(at).copied()
    }

    /// Where the bytes end that belong, from `start` on.
    fn run_end(&self, start: usize, belongs: impl Fn(u8) -> bool) -> usize {
        let rest = self.input.get(start..).unwrap_or_default();
        let length = rest.iter().position(|it| !belongs(*it)).unwrap_or(rest.len());
        work::steps(length);
        start + length
    }

    /// A token of the next bytes.
    fn push(&mut self, kind: Kind, length: usize) {
        let end = self.at + length;
        if kind.is_error() {
            self.scan.errors.push(offset(self.scan.tokens.len()));
        }
        self.scan.tokens.push(Token { start: offset(self.at), end: offset(end), kind });
        self.at = end;
    }

    fn enter(&mut self, mode: Mode) {
        self.scan.modes.push(self.mode);
        self.mode = mode;
    }

    fn leave(&mut self) {
        self.mode = self.scan.modes.pop().unwrap_or(Mode::Code);
    }

    /// A token that opens a template's sequence, if `${` or `%{` comes next.
    fn opens_sequence(&mut self, byte: u8) -> bool {
        if self.byte(self.at + 1) != Some(b'{') {
            return false;
        }
        let length = if self.byte(self.at + 2) == Some(b'~') { 3 } else { 2 };
        self.push(if byte == b'$' { Kind::Interpolation } else { Kind::Control }, length);
        self.depth += 1;
        self.scan.templates.push(self.depth);
        self.enter(Mode::Code);
        true
    }

    /// The length of `$${` or `%%{`, which is text, if it comes next.
    fn escaped_sequence(&self, byte: u8) -> Option<usize> {
        if self.byte(self.at + 1) != Some(byte) || self.byte(self.at + 2) != Some(b'{') {
            return None;
        }
        Some(if self.byte(self.at + 3) == Some(b'~') { 4 } else { 3 })
    }
}

/// A length that is known to be less than 2^31.
fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
