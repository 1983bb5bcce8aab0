//! Numbers, texts and templates.

use super::cursor::{Parsed, Parser};
use crate::syntax::{ExpressionKind, TemplatePart, Term, TermKind};
use crate::tokens::Kind;

/// Numbers beyond two to the power of this, or below one through it, are refused: they only cost time.
const MAX_EXPONENT: f64 = 1e5;

impl Parser<'_> {
    /// A number, as it is written; blanks may stand behind its sign.
    pub(super) fn number(&mut self) -> Parsed<Term> {
        let start = self.span();
        let mut text = String::new();
        if self.eat(Kind::Minus) {
            text.push('-');
            if !matches!(self.token().kind, Kind::Number | Kind::Dot) {
                return Err(self.expected("a number after `-`", Some("to negate a value, write `0 - x`")));
            }
        }
        let has_point = self.eat(Kind::Dot);
        if has_point {
            text.push('.');
        }
        if !self.is(Kind::Number) {
            return Err(self.expected("a number", None));
        }
        let digits = self.text_of(self.span());
        let mut bytes = digits.bytes();
        if !has_point && bytes.next() == Some(b'0') && bytes.next().is_some_and(|it| it.is_ascii_digit()) {
            return Err(self.fault_at(
                self.span(),
                "a number begins with a zero that it does not need",
                None,
            ));
        }
        text.push_str(digits);
        if binary_exponent(&text).abs() > MAX_EXPONENT {
            return Err(self.fault_at(self.span(), "a number is too large, or too small", None));
        }
        self.advance();
        self.flat();
        Ok(Term { span: self.span_from(start), kind: TermKind::Number(text) })
    }

    pub(super) fn string(&mut self) -> Parsed<Term> {
        let span = self.span();
        let text = self.text_of(span);
        let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
        let text = if self.is(Kind::RawString) { inner.to_owned() } else { self.unescaped(inner)? };
        self.advance();
        self.flat();
        Ok(Term { span, kind: TermKind::String(text) })
    }

    /// `$"…{term}…"`
    pub(super) fn template(&mut self) -> Parsed<Term> {
        let start = self.span();
        let is_raw = self.text_of(start).starts_with("$`");
        let mut parts = Vec::new();
        let mut height = 0;
        loop {
            let kind = self.token().kind;
            let text = self.text_of(self.span());
            // `$"` or `}` before it, `"` or `{` behind it.
            let before = if text.starts_with('$') { 2 } else { 1 };
            let inner = text.get(before..text.len().saturating_sub(1)).unwrap_or_default();
            let inner = inner.replace("\\{", "{");
            let text = if is_raw { inner } else { self.unescaped(&inner)? };
            if !text.is_empty() {
                parts.push(TemplatePart::Text(text));
            }
            self.advance();
            if matches!(kind, Kind::TemplateWhole | Kind::TemplateEnd) {
                self.grown(height)?;
                return Ok(Term { span: self.span_from(start), kind: TermKind::Template(parts) });
            }
            let expression = self.nested(Self::expression)?;
            height = height.max(self.height());
            let ExpressionKind::Term(term) = expression.kind else {
                return Err(self.fault_at(expression.span, "only a term stands in a template", None));
            };
            if expression.negated {
                return Err(self.fault_at(expression.span, "`not` does not stand in a template", None));
            }
            parts.push(TemplatePart::Term(term, expression.with));
            if !matches!(self.token().kind, Kind::TemplateMiddle | Kind::TemplateEnd) {
                return Err(self.expected("an operator, or `}` for the term of a template", None));
            }
        }
    }

    /// The text that JSON means with these characters. Halves of a pair that stand alone are no characters.
    fn unescaped(&self, text: &str) -> Parsed<String> {
        if !text.contains('\\') {
            return Ok(text.to_owned());
        }
        let fault = |message| self.fault_at(self.span(), message, None);
        let mut unescaped = String::with_capacity(text.len());
        let mut rest = text.chars();
        while let Some(next) = rest.next() {
            if next.is_ascii_control() && next != '\u{7f}' {
                return Err(fault(
                    "in a text with escapes, blanks other than spaces are written as escapes too",
                ));
            }
            if next != '\\' {
                unescaped.push(next);
                continue;
            }
            match rest.next() {
                Some('b') => unescaped.push('\u{8}'),
                Some('f') => unescaped.push('\u{c}'),
                Some('n') => unescaped.push('\n'),
                Some('r') => unescaped.push('\r'),
                Some('t') => unescaped.push('\t'),
                Some('u') => {
                    let first = unit(rest.as_str());
                    rest = skipped(rest.as_str(), 4).chars();
                    let low = rest.as_str().strip_prefix("\\u").map(unit);
                    match (first, low) {
                        (high @ 0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => {
                            rest = skipped(rest.as_str(), 6).chars();
                            let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                            unescaped.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                        }
                        (first, _) => {
                            unescaped.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
                        }
                    }
                }
                Some(same) => unescaped.push(same),
                None => return Err(fault("a text ends within an escape")),
            }
        }
        Ok(unescaped)
    }
}

fn unit(text: &str) -> u32 {
    text.get(..4).and_then(|it| u32::from_str_radix(it, 16).ok()).unwrap_or(0xfffd)
}

fn skipped(text: &str, bytes: usize) -> &str {
    text.get(bytes..).unwrap_or_default()
}

/// About the power of two that a number is.
fn binary_exponent(number: &str) -> f64 {
    let number = number.trim_start_matches('-');
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.parse::<f64>().unwrap_or(f64::INFINITY);
    let whole = whole.trim_start_matches('0');
    let digits = match (whole.len(), fraction.bytes().position(|it| it != b'0')) {
        (0, None) => return 0.0,
        (0, Some(zeros)) => -(zeros as f64),
        (length, _) => length as f64,
    };
    (digits + exponent) * std::f64::consts::LOG2_10
}
