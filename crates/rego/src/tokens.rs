//! Cuts a text into tokens. Nothing is refused here: what is no token is one that says what is wrong with it.

use crate::syntax::{Comment, Span};
use memchr::{memchr, memchr2};

/// A piece of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
    /// Whether anything, a blank, a comment, the end of a line, stands between it and the token before.
    pub(crate) apart: bool,
    /// Whether the end of a line stands there.
    pub(crate) on_new_line: bool,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The end of the text.
    End,
    /// A name, or a keyword.
    Word(Word),
    /// Digits, with a fraction and an exponent; no sign.
    Number,
    /// `"…"`
    String,
    /// `` `…` ``
    RawString,
    /// `$"…"`, without a term in it.
    TemplateWhole,
    /// `$"…{`
    TemplateStart,
    /// `}…{`
    TemplateMiddle,
    /// `}…"`
    TemplateEnd,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    LeftParen,
    RightParen,
    Comma,
    Colon,
    Semicolon,
    Dot,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Ampersand,
    Bar,
    Unify,
    Assign,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// No token.
    Illegal(Illegal),
}

/// A word with a meaning, or another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Package,
    Import,
    As,
    Default,
    Else,
    Not,
    Some,
    With,
    Null,
    True,
    False,
    /// From here on names like others in files of version 0, unless they are imported.
    If,
    In,
    Every,
    Contains,
    /// Any other word.
    Name,
}

/// Why something is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Illegal {
    Character,
    Null,
    ByteOrderMark,
    SingleQuote,
    Exclamation,
    Dollar,
    Fraction,
    Exponent,
    NumberFormat,
    Escape,
    UnclosedString,
    UnclosedRawString,
    UnclosedTemplate,
}

impl Illegal {
    /// What is wrong, and what to do about it.
    pub(crate) const fn text(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Character => ("this character has no meaning here", None),
            Self::Null => ("a policy has no null characters in it", None),
            Self::ByteOrderMark => ("a byte-order mark stands in the middle of the text", None),
            Self::SingleQuote => ("`'` has no meaning", Some("texts stand in \"…\", or in `…`")),
            Self::Exclamation => ("`!` has no meaning", Some("write `not` before an expression, or `!=`")),
            Self::Dollar => {
                ("`$` has no meaning here", Some("a template begins with `$\"`, or with `$` and a backtick"))
            }
            Self::Fraction => ("expected digits after the point", None),
            Self::Exponent => ("expected digits in the exponent", None),
            Self::NumberFormat => ("a number has letters in it", None),
            Self::Escape => (
                "unknown escape in a text",
                Some(
                    "after `\\` stands one of \" \\ / b f n r t, or u and four digits; texts in `…` have no escapes",
                ),
            ),
            Self::UnclosedString => {
                ("the text is not closed on its line", Some("texts of several lines stand in `…`"))
            }
            Self::UnclosedRawString => ("the text is not closed before the end of the file", None),
            Self::UnclosedTemplate => ("the template is not closed", None),
        }
    }
}

/// The tokens of a text, the last one [`Kind::End`], and its comments.
pub(crate) fn tokens(text: &str) -> (Vec<Token>, Vec<Comment>) {
    let mut scanner = Scanner {
        text,
        at: if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 },
        tokens: Vec::with_capacity(text.len() / 4),
        comments: Vec::new(),
        templates: Vec::new(),
    };
    scanner.scan();
    (scanner.tokens, scanner.comments)
}

const BYTE_ORDER_MARK: char = '\u{feff}';
/// Its first byte.
const BYTE_ORDER_MARK_BEGINS: u8 = 0xef;

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token>,
    comments: Vec<Comment>,
    /// The templates that the place is in.
    templates: Vec<Template>,
}

struct Template {
    is_raw: bool,
    /// How many braces are open in the term.
    braces: usize,
}

impl<'t> Scanner<'t> {
    fn scan(&mut self) {
        loop {
            let (apart, on_new_line) = self.skip();
            let start = self.at;
            let kind = match self.peek() {
                None => Kind::End,
                Some(next) => self.token(next),
            };
            let span = span(start, self.at);
            self.tokens.push(Token { kind, span, apart, on_new_line });
            if kind == Kind::End {
                return;
            }
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self, next: char) {
        self.at += next.len_utf8();
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.bump(wanted);
        }
        found
    }

    /// Steps over bytes as long as they are such.
    fn eat_while(&mut self, is_such: impl Fn(u8) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.bytes().position(|it| !is_such(it)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Steps over blanks and comments.
    fn skip(&mut self) -> (bool, bool) {
        let start = self.at;
        let mut on_new_line = false;
        while let Some(next) = self.text.as_bytes().get(self.at) {
            match next {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' => {
                    on_new_line = true;
                    self.at += 1;
                }
                b'#' => self.comment(),
                _ => break,
            }
        }
        (self.at > start, on_new_line)
    }

    fn comment(&mut self) {
        let start = self.at;
        let rest = self.rest();
        let line = rest.get(..memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())).unwrap_or_default();
        self.at += line.len();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let text = line.strip_prefix('#').unwrap_or(line);
        self.comments.push(Comment { span: span(start, start + line.len()), text: text.to_owned() });
        // Few lines have either of these bytes.
        if memchr2(0, BYTE_ORDER_MARK_BEGINS, line.as_bytes()).is_some()
            && let Some(found) = line.find(['\0', BYTE_ORDER_MARK])
        {
            let why = if line.contains('\0') { Illegal::Null } else { Illegal::ByteOrderMark };
            let span = span(start + found, start + found + 1);
            self.tokens.push(Token { kind: Kind::Illegal(why), span, apart: true, on_new_line: true });
        }
    }

    fn token(&mut self, next: char) -> Kind {
        if next == '_' || next.is_ascii_alphabetic() {
            return Kind::Word(word(self.eat_while(is_word)));
        }
        if next.is_ascii_digit() {
            return self.number();
        }
        self.bump(next);
        match next {
            '"' => self.string(),
            '`' => self.raw_string(),
            '$' if self.eat('"') => self.template(false, [Kind::TemplateWhole, Kind::TemplateStart]),
            '$' if self.eat('`') => self.template(true, [Kind::TemplateWhole, Kind::TemplateStart]),
            '$' => Kind::Illegal(Illegal::Dollar),
            '{' => {
                if let Some(template) = self.templates.last_mut() {
                    template.braces += 1;
                }
                Kind::LeftBrace
            }
            '}' => self.right_brace(),
            '[' => Kind::LeftBracket,
            ']' => Kind::RightBracket,
            '(' => Kind::LeftParen,
            ')' => Kind::RightParen,
            ',' => Kind::Comma,
            ':' if self.eat('=') => Kind::Assign,
            ':' => Kind::Colon,
            ';' => Kind::Semicolon,
            '.' => Kind::Dot,
            '+' => Kind::Plus,
            '-' => Kind::Minus,
            '*' => Kind::Star,
            '/' => Kind::Slash,
            '%' => Kind::Percent,
            '&' => Kind::Ampersand,
            '|' => Kind::Bar,
            '=' if self.eat('=') => Kind::Equal,
            '=' => Kind::Unify,
            '<' if self.eat('=') => Kind::LessEqual,
            '<' => Kind::Less,
            '>' if self.eat('=') => Kind::GreaterEqual,
            '>' => Kind::Greater,
            '!' if self.eat('=') => Kind::NotEqual,
            '!' => Kind::Illegal(Illegal::Exclamation),
            '\'' => Kind::Illegal(Illegal::SingleQuote),
            '\0' => Kind::Illegal(Illegal::Null),
            BYTE_ORDER_MARK => Kind::Illegal(Illegal::ByteOrderMark),
            _ => Kind::Illegal(Illegal::Character),
        }
    }

    fn number(&mut self) -> Kind {
        self.eat_while(|it| it.is_ascii_digit());
        if self.eat('.') && self.eat_while(|it| it.is_ascii_digit()).is_empty() {
            return Kind::Illegal(Illegal::Fraction);
        }
        if self.eat('e') || self.eat('E') {
            let _ = self.eat('+') || self.eat('-');
            if self.eat_while(|it| it.is_ascii_digit()).is_empty() {
                return Kind::Illegal(Illegal::Exponent);
            }
        }
        if self.eat_while(is_word).is_empty() { Kind::Number } else { Kind::Illegal(Illegal::NumberFormat) }
    }

    fn string(&mut self) -> Kind {
        let mut wrong = None;
        loop {
            self.eat_while(|it| matches!(it, b' '..=b'~') && it != b'"' && it != b'\\');
            let Some(next) = self.peek().filter(|it| *it != '\n') else { break };
            self.bump(next);
            match next {
                '"' => return wrong.map_or(Kind::String, Kind::Illegal),
                '\\' => wrong = self.escape().or(wrong),
                _ => wrong = forbidden(next).or(wrong),
            }
        }
        Kind::Illegal(Illegal::UnclosedString)
    }

    /// Steps over what stands after a backslash.
    fn escape(&mut self) -> Option<Illegal> {
        match self.peek() {
            Some(next @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => self.bump(next),
            Some('u') => {
                self.bump('u');
                for _ in 0..4 {
                    match self.peek() {
                        Some(next) if next.is_ascii_hexdigit() => self.bump(next),
                        _ => return Some(Illegal::Escape),
                    }
                }
            }
            _ => return Some(Illegal::Escape),
        }
        None
    }

    fn raw_string(&mut self) -> Kind {
        let mut wrong = None;
        while let Some(next) = self.peek() {
            self.bump(next);
            if next == '`' {
                return wrong.map_or(Kind::RawString, Kind::Illegal);
            }
            wrong = forbidden(next).or(wrong);
        }
        Kind::Illegal(Illegal::UnclosedRawString)
    }

    /// Goes on behind `$"`, or behind the brace that closes a term: up to the end, or to the next term.
    fn template(&mut self, is_raw: bool, [end, part]: [Kind; 2]) -> Kind {
        let mut wrong = None;
        while let Some(next) = self.peek() {
            if next == '\n' && !is_raw {
                break;
            }
            self.bump(next);
            match next {
                '"' if !is_raw => return wrong.map_or(end, Kind::Illegal),
                '`' if is_raw => return wrong.map_or(end, Kind::Illegal),
                '{' => {
                    self.templates.push(Template { is_raw, braces: 0 });
                    return wrong.map_or(part, Kind::Illegal);
                }
                '\\' if self.eat('{') => {}
                '\\' if !is_raw => wrong = self.escape().or(wrong),
                _ => wrong = forbidden(next).or(wrong),
            }
        }
        Kind::Illegal(Illegal::UnclosedTemplate)
    }

    fn right_brace(&mut self) -> Kind {
        match self.templates.last_mut() {
            Some(template) if template.braces == 0 => {
                let is_raw = template.is_raw;
                self.templates.pop();
                self.template(is_raw, [Kind::TemplateEnd, Kind::TemplateMiddle])
            }
            Some(template) => {
                template.braces -= 1;
                Kind::RightBrace
            }
            None => Kind::RightBrace,
        }
    }
}

const fn forbidden(next: char) -> Option<Illegal> {
    match next {
        '\0' => Some(Illegal::Null),
        BYTE_ORDER_MARK => Some(Illegal::ByteOrderMark),
        _ => None,
    }
}

const fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// The word that a text is.
pub(crate) fn word(text: &str) -> Word {
    match text {
        "package" => Word::Package,
        "import" => Word::Import,
        "as" => Word::As,
        "default" => Word::Default,
        "else" => Word::Else,
        "not" => Word::Not,
        "some" => Word::Some,
        "with" => Word::With,
        "null" => Word::Null,
        "true" => Word::True,
        "false" => Word::False,
        "if" => Word::If,
        "in" => Word::In,
        "every" => Word::Every,
        "contains" => Word::Contains,
        _ => Word::Name,
    }
}

/// Texts are at most as long as a place can say: the parser has looked.
fn span(start: usize, end: usize) -> Span {
    let place = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    Span { start: place(start), end: place(end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        tokens(text).0.iter().map(|it| it.kind).collect()
    }

    #[test]
    fn templates_hold_templates() {
        assert_eq!(
            kinds(r#"$"a{ {"b": $`c{1}d{2}`} }e""#),
            [
                Kind::TemplateStart,
                Kind::LeftBrace,
                Kind::String,
                Kind::Colon,
                Kind::TemplateStart,
                Kind::Number,
                Kind::TemplateMiddle,
                Kind::Number,
                Kind::TemplateEnd,
                Kind::RightBrace,
                Kind::TemplateEnd,
                Kind::End,
            ]
        );
        assert_eq!(kinds(r#"$"\{a}" "#), [Kind::TemplateWhole, Kind::End]);
    }

    #[test]
    fn what_is_no_token_says_why() {
        for (text, wanted) in [
            ("1.", Illegal::Fraction),
            ("1e", Illegal::Exponent),
            ("0x10", Illegal::NumberFormat),
            ("\"a\\x41\"", Illegal::Escape),
            ("\"\\u12g4\"", Illegal::Escape),
            ("\"a\n", Illegal::UnclosedString),
            ("`a", Illegal::UnclosedRawString),
            ("$\"a", Illegal::UnclosedTemplate),
            ("'", Illegal::SingleQuote),
            ("ö", Illegal::Character),
            ("\"\0\"", Illegal::Null),
            ("#\0", Illegal::Null),
        ] {
            assert_eq!(kinds(text).first(), Some(&Kind::Illegal(wanted)), "{text}");
        }
    }

    #[test]
    fn comments_and_ends_of_lines_are_known() {
        let (tokens, comments) = tokens("\u{feff}a# b\r\n c.d");
        let facts: Vec<_> = tokens.iter().map(|it| (it.span.start, it.apart, it.on_new_line)).collect();
        assert_eq!(
            facts,
            [(3, false, false), (10, true, true), (11, false, false), (12, false, false), (13, false, false)]
        );
        assert_eq!(comments.first().map(|it| it.text.as_str()), Some(" b"));
    }
}
