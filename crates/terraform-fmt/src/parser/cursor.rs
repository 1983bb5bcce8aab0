//! Where the parser is, what it found, and how it reports errors.

use crate::doubt::DoubtReason;
use crate::edits::Edits;
use crate::formatted::LossKind;
use crate::kind::Kind;
use crate::limits::MAX_DEPTH;
use crate::summary::Summary;
use crate::token::Token;
use crate::work;
use std::ops::Range;

/// An error, before anyone looks for its line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) summary: Summary,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Which of the errors of one place comes first: half of them are left free.
    pub(crate) order: usize,
}

/// What was found in a file; it keeps its memory from one file to the next.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) faults: Vec<Fault>,
    pub(crate) edits: Edits,
    /// What rewrites lose, and where.
    pub(crate) losses: Vec<(LossKind, u32)>,
    pub(crate) doubt: Option<(DoubtReason, u32)>,
    /// Names of the arguments of the bodies that are open.
    pub(super) arguments: Vec<u32>,
    pub(super) labels: Vec<Label>,
    /// Names that `for` binds, where they are known.
    pub(super) scopes: Vec<u32>,
    /// What is deleted from the value that is read: tokens between brackets.
    pub(super) deletions: Vec<Range<usize>>,
    /// Tokens of a value that are left.
    pub(super) left: Vec<usize>,
}

/// A label of a block: its tokens, from the first to behind the last.
#[derive(Debug, Clone)]
pub(super) struct Label {
    pub(super) range: Range<usize>,
}

impl Findings {
    pub(crate) fn clear(&mut self) {
        self.faults.clear();
        self.edits.clear();
        self.losses.clear();
        self.doubt = None;
        self.arguments.clear();
        self.labels.clear();
        self.scopes.clear();
        self.deletions.clear();
    }
}

/// Reads tokens one after the other.
#[derive(Debug)]
pub(crate) struct Parser<'f> {
    pub(super) input: &'f [u8],
    pub(super) tokens: &'f [Token],
    pub(super) found: &'f mut Findings,
    /// The token that is looked at next.
    at: usize,
    /// The token that was read last.
    pub(super) last: usize,
    /// Whether newlines count here, or are skipped.
    pub(super) counts_newlines: bool,
    /// Whether errors that may come of an earlier one are dropped, from now on.
    pub(super) is_quiet: bool,
    pub(super) depth: usize,
}

impl<'f> Parser<'f> {
    pub(super) fn new(input: &'f [u8], tokens: &'f [Token], found: &'f mut Findings) -> Self {
        Self { input, tokens, found, at: 0, last: 0, counts_newlines: true, is_quiet: false, depth: 0 }
    }

    /// The kind of a token; behind the last one there are only ends.
    pub(super) fn kind(&self, index: usize) -> Kind {
        self.tokens.get(index).map_or(Kind::End, |it| it.kind)
    }

    pub(super) fn token(&self, index: usize) -> Token {
        let end = self.input.len();
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        self.tokens.get(index).copied().unwrap_or(Token { start: end, end, kind: Kind::End })
    }

    pub(super) fn bytes(&self, index: usize) -> &'f [u8] {
        let token = self.token(index);
        self.input.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    /// Skips what does not count here; the kind of the token that does.
    ///
    /// What was skipped stays skipped: newlines begin to count again only behind a token that was read.
    pub(super) fn peek(&mut self) -> Kind {
        loop {
            work::step();
            let kind = self.kind(self.at);
            match kind {
                Kind::BlockComment => self.at += 1,
                Kind::Newline | Kind::LineComment if !self.counts_newlines => self.at += 1,
                Kind::LineComment => return Kind::Newline,
                _ => return kind,
            }
        }
    }

    /// The index of the token that [`Parser::peek`] tells of.
    pub(super) fn next(&mut self) -> usize {
        self.peek();
        self.at
    }

    /// Reads a token. The end can be read any number of times.
    pub(super) fn read(&mut self) -> Kind {
        let kind = self.peek();
        self.last = self.at;
        if kind != Kind::End {
            self.at += 1;
        }
        kind
    }

    /// Reads a token if it is of this kind.
    pub(super) fn accept(&mut self, kind: Kind) -> bool {
        let is_next = self.peek() == kind;
        if is_next {
            self.read();
        }
        is_next
    }

    /// Reads a name if it is this word.
    pub(super) fn accept_word(&mut self, word: &[u8]) -> bool {
        let is_next = self.peek() == Kind::Name && self.bytes(self.at) == word;
        if is_next {
            self.read();
        }
        is_next
    }

    /// An error at a token, which is always reported.
    pub(super) fn report(&mut self, summary: Summary, index: usize) -> bool {
        let token = self.token(index);
        self.report_range(summary, token.start, token.end)
    }

    pub(super) fn report_range(&mut self, summary: Summary, start: u32, end: u32) -> bool {
        let order = 2 * self.found.faults.len() + 1;
        self.found.faults.push(Fault { summary, start, end, order });
        true
    }

    /// An error at a token, unless it may come of an earlier one; and whether it is reported.
    pub(super) fn report_first(&mut self, summary: Summary, index: usize) -> bool {
        !self.is_quiet && self.report(summary, index)
    }

    /// An error at a token that comes before those of the same place that were reported as the `order`th and later.
    pub(super) fn report_before(&mut self, summary: Summary, index: usize, order: usize) {
        let Token { start, end, .. } = self.token(index);
        self.found.faults.push(Fault { summary, start, end, order: 2 * order });
    }

    /// Goes a level deeper, and whether that is not too deep. If it is, reading ends.
    pub(super) fn descend(&mut self) -> bool {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            return true;
        }
        self.give_up(DoubtReason::TooDeep, self.at);
        false
    }

    /// Ends reading, as it is not known what terraform does with the token.
    pub(super) fn give_up(&mut self, reason: DoubtReason, index: usize) {
        let place = self.token(index).start;
        self.found.doubt.get_or_insert((reason, place));
        self.at = self.tokens.len();
    }
}
