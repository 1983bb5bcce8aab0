//! A line, and its three cells.

use crate::kind::Kind;
use crate::token::Token;
use crate::work;

/// A line of tokens: indexes of its first token, of its cells, and behind its last token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The `=` that may be aligned, and what follows it.
    pub(super) assign: Option<usize>,
    /// The comment that may be aligned.
    pub(super) comment: Option<usize>,
    /// How many more brackets it opens than it closes, as indentation counts them.
    pub(super) net: i32,
    /// Whether there is nothing but a newline.
    pub(super) is_empty: bool,
}

impl Line {
    /// The line that begins at `start`, where the file does not end.
    pub(super) fn read(tokens: &[Token], start: usize) -> Self {
        let mut end = start;
        let (mut brackets, mut heredoc, mut assign) = (0, None, None);
        for token in tokens.get(start..).unwrap_or_default() {
            work::step();
            match token.kind {
                Kind::End => break,
                // An `=` that begins the line is none; no other is looked at but the first.
                Kind::Assign if end > start && assign.is_none() => assign = Some((end, brackets, heredoc)),
                Kind::OpenHeredoc if heredoc.is_none() => heredoc = Some(brackets),
                kind => brackets += kind.bracket(),
            }
            end += 1;
            if token.kind.ends_line() {
                break;
            }
        }
        let kind = |index: usize| tokens.get(index).map_or(Kind::End, |it| it.kind);
        let comment = (end > start + 1 && kind(end - 1).is_comment()).then_some(end - 1);
        // In the cell of `=` brackets must match.
        let assign = assign.filter(|&(_, before, _)| before == brackets);
        let net = match assign {
            Some((_, before, heredoc)) => heredoc.unwrap_or(before),
            None => heredoc.unwrap_or(brackets),
        };
        let is_empty = kind(start) == Kind::Newline;
        Self { start, end, assign: assign.map(|it| it.0), comment, net, is_empty }
    }

    /// Where the cells behind the first begin, counted from the line's start.
    pub(super) fn cells(&self) -> [Option<usize>; 2] {
        [self.assign, self.comment].map(|it| it.map(|index| index - self.start))
    }
}
