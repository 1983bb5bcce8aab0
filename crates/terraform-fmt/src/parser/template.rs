//! Templates: texts with interpolations and directives, in quotes and heredocs.

use super::cursor::Parser;
use crate::doubt::DoubtReason;
use crate::kind::Kind;
use crate::limits::MAX_DEPTH;
use crate::summary::Summary;

/// The word of a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    If,
    Else,
    Endif,
    For,
    Endfor,
}

/// A directive: its word, and the index of its `%{`.
#[derive(Debug, Clone, Copy)]
struct Directive {
    word: Word,
    opener: usize,
}

/// A directive that is open.
#[derive(Debug, Clone, Copy)]
struct Open {
    word: Word,
    has_else: bool,
}

impl Parser<'_> {
    /// A template, from behind what opens it, to what closes it.
    pub(super) fn template(&mut self, close: Kind) -> bool {
        let first = self.last + 1;
        let bound = self.found.scopes.len();
        let mut directives = Vec::new();
        let mut scopes = Vec::new();
        let mut failed = false;
        loop {
            match self.read() {
                Kind::QuotedLiteral => failed |= self.judge_escapes(self.last),
                Kind::HeredocLiteral => {}
                Kind::Interpolation => failed |= self.interpolation(close, first),
                Kind::Control => {
                    let counted = std::mem::replace(&mut self.counts_newlines, false);
                    failed |= self.directive(&mut directives, &mut scopes);
                    self.counts_newlines = counted;
                }
                kind if kind == close => break,
                _ => {
                    failed |= self.report_first(Summary::UnterminatedTemplateString, self.last);
                    self.skip_past(close);
                    break;
                }
            }
        }
        self.found.scopes.truncate(bound);
        if !directives.is_empty() {
            failed |= self.judge_directives(&directives);
        }
        failed
    }

    /// `first` is the token behind the template's opener.
    fn interpolation(&mut self, close: Kind, first: usize) -> bool {
        let counted = std::mem::replace(&mut self.counts_newlines, false);
        let mut failed = self.expression();
        if failed && self.is_quiet {
            self.skip_past(Kind::SequenceEnd);
        } else if !self.accept(Kind::SequenceEnd) {
            let next = self.next();
            let is_unclosed = match self.peek() {
                Kind::End => true,
                Kind::OpenQuote | Kind::CloseQuote => close == Kind::CloseQuote,
                _ => false,
            };
            failed |= if is_unclosed {
                self.report_first(Summary::UnclosedTemplateInterpolationSequence, first)
            } else {
                self.report_first(Summary::ExtraCharactersAfterInterpolation, next)
            };
            self.skip_past(Kind::SequenceEnd);
        }
        self.counts_newlines = counted;
        failed
    }

    fn directive(&mut self, directives: &mut Vec<Directive>, scopes: &mut Vec<usize>) -> bool {
        let opener = self.last;
        if self.peek() != Kind::Name {
            let next = self.next();
            let failed = self.report_first(Summary::InvalidTemplateDirective, next);
            self.skip_past(Kind::SequenceEnd);
            return failed;
        }
        self.read();
        let mut names = None;
        let mut failed = false;
        let word = match self.bytes(self.last) {
            b"if" => Word::If,
            b"else" => Word::Else,
            b"endif" => Word::Endif,
            b"for" => Word::For,
            b"endfor" => Word::Endfor,
            _ => {
                let failed = self.report_first(Summary::InvalidTemplateControlKeyword, self.last);
                self.skip_past(Kind::SequenceEnd);
                return failed;
            }
        };
        if word == Word::For {
            names = self.for_names();
            if names.is_none() {
                let next = self.next();
                let failed = self.report_first(Summary::InvalidForDirective, next);
                self.skip_past(Kind::SequenceEnd);
                return failed;
            }
        }
        // From here on it counts, although something may be wrong with it.
        directives.push(Directive { word, opener });
        if matches!(word, Word::If | Word::For) {
            failed = self.expression();
            if failed && self.is_quiet {
                self.skip_past(Kind::SequenceEnd);
                return failed;
            }
        }
        if !self.accept(Kind::SequenceEnd) {
            let next = self.next();
            failed |= self.report_first(word.marker(), next);
            self.skip_past(Kind::SequenceEnd);
            return failed;
        }
        self.follow_scope(word, names, scopes);
        failed
    }

    /// Names that a `for` binds are known up to its `endfor`.
    fn follow_scope(&mut self, word: Word, names: Option<(usize, Option<usize>)>, scopes: &mut Vec<usize>) {
        if let Some(names) = names {
            scopes.push(self.found.scopes.len());
            if scopes.len() > MAX_DEPTH {
                self.give_up(DoubtReason::TooDeep, self.last);
            }
            self.bind(names);
        } else if word == Word::Endfor
            && let Some(bound) = scopes.pop()
        {
            self.found.scopes.truncate(bound);
        }
    }

    /// Holds directives against each other, once the whole template has been read.
    fn judge_directives(&mut self, directives: &[Directive]) -> bool {
        let close = self.last;
        let mut open: Vec<Open> = Vec::new();
        let mut failed = false;
        for &Directive { word, opener } in directives {
            let fits = match (word, open.last_mut()) {
                (Word::If | Word::For, _) => {
                    open.push(Open { word, has_else: false });
                    continue;
                }
                (Word::Else, Some(it)) if it.word == Word::If && !it.has_else => {
                    it.has_else = true;
                    continue;
                }
                (Word::Endif, Some(it)) => it.word == Word::If,
                (Word::Endfor, Some(it)) => it.word == Word::For,
                (Word::Else | Word::Endif | Word::Endfor, _) => false,
            };
            if !fits {
                failed = self.report(word.unexpected(), opener);
            }
            open.pop();
        }
        for _ in open {
            failed = self.report(Summary::UnexpectedEndOfTemplate, close);
        }
        failed
    }
}

impl Word {
    fn marker(self) -> Summary {
        match self {
            Self::If => Summary::ExtraCharactersInIfMarker,
            Self::Else => Summary::ExtraCharactersInElseMarker,
            Self::Endif => Summary::ExtraCharactersInEndifMarker,
            Self::For => Summary::ExtraCharactersInForMarker,
            Self::Endfor => Summary::ExtraCharactersInEndforMarker,
        }
    }

    fn unexpected(self) -> Summary {
        match self {
            Self::Endfor => Summary::UnexpectedEndforDirective,
            Self::Endif => Summary::UnexpectedEndifDirective,
            // Nothing else is unexpected: `if` and `for` open something wherever they stand.
            Self::Else | Self::If | Self::For => Summary::UnexpectedElseDirective,
        }
    }
}
