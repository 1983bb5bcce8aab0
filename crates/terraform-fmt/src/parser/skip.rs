//! How the parser goes on behind an error. Whatever is skipped, from then on it is quiet.

use super::cursor::Parser;
use crate::kind::Kind;

impl Parser<'_> {
    /// Reads past the next token of this kind that closes nothing which was opened on the way.
    pub(super) fn skip_past(&mut self, close: Kind) {
        self.is_quiet = true;
        let mut open = 0_usize;
        loop {
            match self.read() {
                Kind::End => return,
                kind if kind == close => {
                    if open == 0 {
                        return;
                    }
                    open -= 1;
                }
                kind if counterpart(kind) == Some(close) => open += 1,
                _ => {}
            }
        }
    }

    /// Reads past the arguments of a call.
    pub(super) fn skip_call(&mut self) {
        self.is_quiet = true;
        loop {
            match self.read() {
                Kind::End => return,
                Kind::OpenParenthesis => return self.skip_past(Kind::CloseParenthesis),
                _ => {}
            }
        }
    }

    /// Reads past the next line break that is outside of everything which was opened on the way.
    pub(super) fn skip_item(&mut self) {
        self.is_quiet = true;
        let mut open: Vec<Kind> = Vec::new();
        loop {
            match self.read() {
                Kind::End => return,
                Kind::Newline if open.is_empty() => return,
                kind => match counterpart(kind) {
                    Some(close) => open.push(close),
                    None if closes(kind) => {
                        // A closer closes all that was opened behind its own opener.
                        while open.pop().is_some_and(|it| it != kind) {}
                    }
                    None => {}
                },
            }
        }
    }
}

/// What closes what this opens.
fn counterpart(kind: Kind) -> Option<Kind> {
    match kind {
        Kind::OpenBrace => Some(Kind::CloseBrace),
        Kind::OpenBracket => Some(Kind::CloseBracket),
        Kind::OpenParenthesis => Some(Kind::CloseParenthesis),
        Kind::OpenQuote => Some(Kind::CloseQuote),
        Kind::OpenHeredoc => Some(Kind::CloseHeredoc),
        Kind::Interpolation | Kind::Control => Some(Kind::SequenceEnd),
        _ => None,
    }
}

fn closes(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::CloseBrace
            | Kind::CloseBracket
            | Kind::CloseParenthesis
            | Kind::CloseQuote
            | Kind::CloseHeredoc
            | Kind::SequenceEnd
    )
}
