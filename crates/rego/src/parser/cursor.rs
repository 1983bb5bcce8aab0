//! Where the parser is in the tokens, what it may read there, and what it found wrong.

use crate::error::ParseError;
use crate::syntax::{Comment, Span, Version};
use crate::tokens::{Kind, Token, Word, tokens};
use std::borrow::Cow;

/// How deep terms, bodies and operators may stand in each other.
const MAX_NESTING: usize = 250;

/// How deep the functions that read them may call each other: twice for what has terms in it, once for parentheses.
/// What is printed has some of its own, and can be read again.
const MAX_DEPTH: usize = 2 * MAX_NESTING + 10;

/// How many errors are told.
const MAX_ERRORS: usize = 20;

/// What is wrong, before anyone looks for its line: often it is forgotten, because something else could be read.
#[derive(Debug)]
pub(super) struct Fault {
    /// The token.
    pub(super) at: usize,
    span: Span,
    message: Cow<'static, str>,
    hint: Option<&'static str>,
}

pub(super) type Parsed<T> = Result<T, Box<Fault>>;

/// Reads tokens one after the other. What it calls a keyword depends on the version, and on what was imported.
#[derive(Debug)]
pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    pub(super) comments: Vec<Comment>,
    /// The token that is read next.
    at: usize,
    pub(super) version: Version,
    /// Whether rules need `if` and `contains`.
    pub(super) is_strict: bool,
    /// Which words that were once names are keywords.
    keywords: Vec<Word>,
    depth: usize,
    /// How deep terms stand in the term or body that was read last.
    height: usize,
    /// Of a token that opens something: whether what it encloses can be nothing but a list.
    lists: Vec<bool>,
    faults: Vec<Fault>,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, version: Version) -> Result<Self, Vec<ParseError>> {
        if u32::try_from(text.len()).is_err() {
            let message = "a policy has at most 4 GiB".to_owned();
            return Err(vec![ParseError::new("", Span::default(), message, None)]);
        }
        let (tokens, comments) = tokens(text);
        let lists = lists(&tokens);
        let mut parser = Self {
            text,
            tokens,
            comments,
            at: 0,
            version,
            is_strict: version == Version::V1,
            keywords: Vec::new(),
            depth: 0,
            height: 0,
            lists,
            faults: Vec::new(),
        };
        if version == Version::V1 {
            parser.make_keywords(&[Word::If, Word::In, Word::Every, Word::Contains]);
        }
        Ok(parser)
    }

    /// The result, or all that is wrong.
    pub(super) fn finish<T>(self, result: T) -> Result<T, Vec<ParseError>> {
        if self.faults.is_empty() {
            return Ok(result);
        }
        let text = self.text;
        let error = |it: Fault| ParseError::new(text, it.span, it.message.into_owned(), it.hint);
        Err(self.faults.into_iter().map(error).collect())
    }

    pub(super) fn finish_with<T>(mut self, result: Parsed<T>) -> Result<T, Vec<ParseError>> {
        let result = result.map_err(|fault| self.report(fault)).ok();
        let result = self.finish(result)?;
        result.ok_or_else(Vec::new)
    }

    pub(super) fn make_keywords(&mut self, words: &[Word]) {
        for word in words {
            if !self.keywords.contains(word) {
                self.keywords.push(*word);
            }
        }
    }

    // Faults.

    /// Tells a fault, and goes on.
    #[expect(clippy::boxed_local, reason = "faults travel in boxes, because most results are none")]
    pub(super) fn report(&mut self, fault: Box<Fault>) {
        self.faults.push(*fault);
    }

    pub(super) fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.faults.len() >= MAX_ERRORS
    }

    /// Something wrong at a place.
    pub(super) fn fault_at(
        &self,
        span: Span,
        message: impl Into<Cow<'static, str>>,
        hint: Option<&'static str>,
    ) -> Box<Fault> {
        Box::new(Fault { at: self.at, span, message: message.into(), hint })
    }

    /// Something else stands here than what was expected.
    pub(super) fn expected(&self, what: &str, hint: Option<&'static str>) -> Box<Fault> {
        let token = self.token();
        let (message, hint) = match token.kind {
            Kind::Illegal(why) => {
                let (message, own) = why.text();
                (Cow::Borrowed(message), own)
            }
            Kind::End => (format!("expected {what}, found the end of the text").into(), hint),
            Kind::Bar | Kind::Ampersand if self.is_doubled() => (
                format!("expected {what}, found `{0}{0}`", self.text_of(token.span)).into(),
                Some("expressions on lines of their own must all hold; for “or”, write several rules"),
            ),
            _ => {
                let found = self.text_of(token.span).chars().take_while(|it| !it.is_control());
                let found: String = found.take(40).collect();
                let keyword = if self.keyword().is_some() { "the keyword " } else { "" };
                (format!("expected {what}, found {keyword}`{found}`").into(), hint)
            }
        };
        self.fault_at(token.span, message, hint)
    }

    fn is_doubled(&self) -> bool {
        let (this, next) = (self.token(), self.token_after());
        this.kind == next.kind && !next.apart
    }

    // Places.

    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// Goes back to where it was, or on to another token.
    pub(super) fn go_to(&mut self, place: usize) {
        self.at = place.min(self.tokens.len().saturating_sub(1));
    }

    pub(super) fn token(&self) -> Token {
        self.token_at(self.at)
    }

    pub(super) fn token_after(&self) -> Token {
        self.token_at(self.at + 1)
    }

    fn token_at(&self, at: usize) -> Token {
        let end = Token { kind: Kind::End, span: Span::default(), apart: true, on_new_line: true };
        self.tokens.get(at).or(self.tokens.last()).copied().unwrap_or(end)
    }

    pub(super) fn span(&self) -> Span {
        self.token().span
    }

    pub(super) fn span_at(&self, place: usize) -> Span {
        self.token_at(place).span
    }

    /// From the beginning of a place to the end of the token that was read last.
    pub(super) fn span_from(&self, start: Span) -> Span {
        let last = self.tokens.get(self.at.wrapping_sub(1)).map_or(start.end, |it| it.span.end);
        Span { start: start.start, end: last.max(start.start) }
    }

    pub(super) fn text_of(&self, span: Span) -> &'t str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    pub(super) fn is_at_start_of_line(&self) -> bool {
        let before = (self.span().start as usize).checked_sub(1);
        before.is_none_or(|it| self.text.as_bytes().get(it) == Some(&b'\n'))
    }

    /// The line of a place.
    pub(super) fn line_of(&self, span: Span) -> usize {
        let before = self.text.as_bytes().get(..span.start as usize).unwrap_or_default();
        before.iter().filter(|it| **it == b'\n').count() + 1
    }

    // Reading.

    pub(super) fn advance(&mut self) {
        self.go_to(self.at + 1);
    }

    pub(super) fn is(&self, kind: Kind) -> bool {
        self.token().kind == kind
    }

    pub(super) fn eat(&mut self, kind: Kind) -> bool {
        let found = self.is(kind);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn expect(&mut self, kind: Kind) -> Parsed<()> {
        if self.eat(kind) { Ok(()) } else { Err(self.expected(name_of(kind), None)) }
    }

    /// Expects what closes something.
    pub(super) fn expect_close(&mut self, kind: Kind, opened: Span, or: &str) -> Parsed<()> {
        if self.eat(kind) { Ok(()) } else { Err(self.unclosed(kind, opened, or)) }
    }

    pub(super) fn unclosed(&self, kind: Kind, opened: Span, or: &str) -> Box<Fault> {
        let name = name_of(kind);
        if self.is(Kind::End) {
            let line = self.line_of(opened);
            let what = self.text_of(opened).chars().last().unwrap_or('{');
            return self.expected(&format!("{or}{name} for the `{what}` of line {line}"), None);
        }
        self.expected(&format!("{or}{name}"), None)
    }

    /// The keyword that stands here.
    pub(super) fn keyword(&self) -> Option<Word> {
        match self.token().kind {
            Kind::Word(Word::Name) => None,
            Kind::Word(word @ (Word::If | Word::In | Word::Every | Word::Contains)) => {
                self.keywords.contains(&word).then_some(word)
            }
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(super) fn is_keyword(&self, word: Word) -> bool {
        self.keyword() == Some(word)
    }

    pub(super) fn eat_keyword(&mut self, word: Word) -> bool {
        let found = self.is_keyword(word);
        if found {
            self.advance();
        }
        found
    }

    /// Whether a name stands here: a word that is no keyword.
    pub(super) fn is_name(&self) -> bool {
        matches!(self.token().kind, Kind::Word(_)) && self.keyword().is_none()
    }

    /// Whether what stands here is a keyword elsewhere, and the name that a reference begins with here: `if.x`, `not[0]`.
    pub(super) fn is_keyword_of_reference(&self) -> bool {
        let next = self.token_after();
        self.keyword().is_some() && !next.apart && matches!(next.kind, Kind::Dot | Kind::LeftBracket)
    }

    /// Whether what is opened by the token at this place is a list, and no comprehension.
    pub(super) fn is_list(&self, place: usize) -> bool {
        self.lists.get(place).copied().unwrap_or(false)
    }

    pub(super) fn remember_list(&mut self, place: usize) {
        if let Some(is_list) = self.lists.get_mut(place) {
            *is_list = true;
        }
    }

    // Nesting.

    /// Reads what stands in something else, unless it stands too deep.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// How deep other terms stand in what was read last.
    pub(super) fn height(&self) -> usize {
        self.height
    }

    pub(super) fn set_height(&mut self, height: usize) {
        self.height = height;
    }

    /// Says that a term was read that has no other in it.
    pub(super) fn flat(&mut self) {
        self.height = 0;
    }

    /// Says that a term or body was read which stands around something of this height.
    pub(super) fn grown(&mut self, height: usize) -> Parsed<()> {
        self.height = height + 1;
        if self.height > MAX_NESTING { Err(self.too_deep()) } else { Ok(()) }
    }

    fn too_deep(&self) -> Box<Fault> {
        let message = format!("terms, bodies and operators stand in each other more than {MAX_NESTING} deep");
        self.fault_at(self.span(), message, None)
    }
}

/// Which tokens open what has a comma at its own level, and no word that would make the comma one of a body.
fn lists(tokens: &[Token]) -> Vec<bool> {
    let mut lists = vec![false; tokens.len()];
    let mut open: Vec<(usize, bool, bool)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::LeftBrace | Kind::LeftBracket | Kind::LeftParen | Kind::TemplateStart => {
                open.push((at, false, false))
            }
            Kind::RightBrace | Kind::RightBracket | Kind::RightParen | Kind::TemplateEnd => {
                if let Some((opened, true, false)) = open.pop()
                    && let Some(is_list) = lists.get_mut(opened)
                {
                    *is_list = true;
                }
            }
            Kind::Comma => open.iter_mut().last().into_iter().for_each(|it| it.1 = true),
            Kind::Word(Word::In | Word::Some | Word::Every) => {
                open.iter_mut().last().into_iter().for_each(|it| it.2 = true);
            }
            _ => {}
        }
    }
    lists
}

pub(super) const fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::End => "the end of the text",
        Kind::RightBrace => "`}`",
        Kind::RightBracket => "`]`",
        Kind::RightParen => "`)`",
        Kind::LeftBrace => "`{`",
        Kind::Colon => "`:`",
        Kind::Comma => "`,`",
        _ => "something else",
    }
}
