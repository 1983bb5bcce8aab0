//! Writes values as YAML, as Go's library does: blocks, keys in their natural order, lines folded after 80 columns.

use super::scalars::{Rules, Scalar, general, is_allowed, is_base_60, is_timestamp, scalar};
use crate::heap::{Heap, Value, View};
use crate::number::Number;
use std::borrow::Cow;
use std::cmp::Ordering;

/// Where lines are folded.
const WIDTH: usize = 80;

/// The longest key that stands on a line with its value, in bytes.
const LONGEST_KEY: usize = 128;

/// A value as YAML; nothing where a key is an array, an object or a set, or a text has control characters. Sets are written as arrays.
pub(crate) fn write(heap: &Heap, value: Value) -> Option<String> {
    let mut writer = Writer { heap, out: String::new(), column: 0 };
    writer.node(value, None, Place::Root)?;
    if !writer.out.ends_with('\n') {
        writer.out.push('\n');
    }
    Some(writer.out)
}

struct Writer<'h> {
    heap: &'h Heap,
    out: String,
    column: usize,
}

/// What a value is written behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    /// `key:`
    Key,
    /// `-`, `?` or the `:` of a long key.
    Item,
}

impl Writer<'_> {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        match text.rsplit_once('\n') {
            Some((_, last)) => self.column = last.chars().count(),
            None => self.column += text.chars().count(),
        }
    }

    /// Begins a line, unless one has just begun.
    fn line(&mut self, indent: usize) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.push("\n");
        }
        self.push(&" ".repeat(indent));
    }

    /// `indent` is that of what it stands in.
    fn node(&mut self, value: Value, indent: Option<usize>, place: Place) -> Option<()> {
        let inner = indent.map_or(0, |it| it + 2);
        match self.heap.view(value) {
            View::Object([]) => self.scalar_text("{}", place),
            View::Array([]) | View::Set([]) => self.scalar_text("[]", place),
            View::Object(pairs) => return self.mapping(pairs, inner, place),
            View::Array(items) | View::Set(items) => {
                // Below a key a list is not indented.
                let indent = if place == Place::Key { indent.unwrap_or(0) } else { inner };
                for (at, item) in items.iter().enumerate() {
                    self.begin(at, indent, place);
                    self.push("-");
                    self.node(*item, Some(indent), Place::Item)?;
                }
            }
            // As Go's library, which reads the value from JSON: there these are no escapes.
            View::String(text) if text.chars().any(|it| it >= ' ' && !is_allowed(it)) => return None,
            View::String(text) => {
                self.space(place);
                self.string(text, indent.map_or(2, |it| it + 2), false);
            }
            View::Null | View::Unknown(_) => self.scalar_text("null", place),
            View::Bool(it) => self.scalar_text(if it { "true" } else { "false" }, place),
            View::Number(number) => self.scalar_text(&written(number), place),
        }
        Some(())
    }

    fn mapping(&mut self, pairs: &[[Value; 2]], indent: usize, place: Place) -> Option<()> {
        let heap = self.heap;
        let key = |it: &[Value; 2]| Some((key_text(heap.view(it[0]))?, it[1]));
        let mut pairs = pairs.iter().map(key).collect::<Option<Vec<_>>>()?;
        pairs.sort_by(|a, b| natural(&a.0, &b.0));
        for (at, (key, value)) in pairs.into_iter().enumerate() {
            self.begin(at, indent, place);
            if key.contains(is_break) || key.len() > LONGEST_KEY {
                self.push("? ");
                self.string(&key, indent + 2, false);
                self.line(indent);
                self.push(":");
                self.node(value, Some(indent), Place::Item)?;
            } else {
                self.string(&key, indent + 2, true);
                self.push(":");
                self.node(value, Some(indent), Place::Key)?;
            }
        }
        Some(())
    }

    /// The first of several stands behind a dash, others on lines of their own.
    fn begin(&mut self, at: usize, indent: usize, place: Place) {
        if at == 0 && place == Place::Item {
            self.push(" ");
        } else {
            self.line(indent);
        }
    }

    fn space(&mut self, place: Place) {
        if place != Place::Root {
            self.push(" ");
        }
    }

    fn scalar_text(&mut self, text: &str, place: Place) {
        self.space(place);
        self.push(text);
    }

    fn string(&mut self, text: &str, indent: usize, is_key: bool) {
        let form = Form::of(text);
        if text.contains('\n') && form.can_be_block && !is_key {
            self.literal(text, indent);
        } else if text.contains('\n') || is_something_else(text) {
            self.double_quoted(text, indent, is_key);
        } else if form.can_be_plain && !(text.is_empty() && is_key) {
            self.folded(text, indent, is_key);
        } else if form.can_be_single_quoted {
            self.push("'");
            self.folded(&text.replace('\'', "''"), indent, is_key);
            self.push("'");
        } else {
            self.double_quoted(text, indent, is_key);
        }
    }

    /// A text without line ends, folded where a line is full and a single blank stands.
    fn folded(&mut self, text: &str, indent: usize, is_key: bool) {
        let mut after_blank = false;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let is_blank = character == ' ';
            let next = characters.peek();
            if is_blank && !is_key && !after_blank && self.column > WIDTH && next.is_some_and(|it| *it != ' ')
            {
                self.line(indent);
            } else {
                self.push(character.encode_utf8(&mut [0; 4]));
            }
            after_blank = is_blank;
        }
    }

    fn double_quoted(&mut self, text: &str, indent: usize, is_key: bool) {
        self.push("\"");
        let mut after_blank = false;
        let mut characters = text.chars().enumerate().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|it| it.1);
            if !is_printable(character) || is_break(character) || matches!(character, '"' | '\\' | '\u{feff}')
            {
                let escape = escape(character);
                self.push(&escape);
                after_blank = false;
            } else if character == ' '
                && !is_key
                && !after_blank
                && self.column > WIDTH
                && at > 0
                && next.is_some()
            {
                self.line(indent);
                if next == Some(' ') {
                    self.push("\\");
                }
                after_blank = true;
            } else {
                self.push(character.encode_utf8(&mut [0; 4]));
                after_blank = character == ' ';
            }
        }
        self.push("\"");
    }

    /// Lines as they are, below a bar.
    fn literal(&mut self, text: &str, indent: usize) {
        self.push("|");
        if text.starts_with([' ', '\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
            self.push("2");
        }
        let without = text.strip_suffix(is_break);
        self.push(match without {
            None => "-",
            Some("") => "+",
            Some(without) if without.ends_with(is_break) => "+",
            Some(_) => "",
        });
        self.push("\n");
        let mut at_start = true;
        for character in text.chars() {
            let is_break = is_break(character);
            if at_start && !is_break {
                self.push(&" ".repeat(indent));
            }
            self.push(character.encode_utf8(&mut [0; 4]));
            at_start = is_break;
        }
    }
}

/// Whether a text would not be one if it stood without quotes.
fn is_something_else(text: &str) -> bool {
    scalar(text, Rules::Data) != Scalar::Text || is_base_60(text) || is_timestamp(text)
}

/// Keys of JSON are texts.
fn key_text(key: View<'_>) -> Option<Cow<'_, str>> {
    Some(match key {
        View::String(text) if text.chars().any(|it| it >= ' ' && !is_allowed(it)) => return None,
        View::String(text) | View::Number(Number::Text(text)) => text.into(),
        View::Number(Number::Integer(it)) => it.to_string().into(),
        View::Bool(it) => it.to_string().into(),
        View::Null => "null".into(),
        _ => return None,
    })
}

/// A number as Go prints it that read it from JSON.
fn written(number: Number<'_>) -> String {
    match number {
        Number::Integer(it) => it.to_string(),
        Number::Text(text) => match scalar(text, Rules::Data) {
            Scalar::Integer(digits) => digits,
            Scalar::Float(number) => general(number),
            _ => text.to_owned(),
        },
    }
}

/// How a text may be written.
struct Form {
    can_be_plain: bool,
    can_be_single_quoted: bool,
    can_be_block: bool,
}

impl Form {
    fn of(text: &str) -> Self {
        let mut has_indicator = text.starts_with("---") || text.starts_with("...");
        let (mut has_special, mut has_tab, mut space_before_break, mut space_after_break) =
            (false, false, false, false);
        let mut before = None;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let is_before_blank = characters.peek().is_none_or(|it| matches!(it, ' ' | '\t'));
            let is_after_blank = before.is_none_or(|it| matches!(it, ' ' | '\t') || is_break(it));
            has_indicator |= match character {
                '#' => is_after_blank,
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                    before.is_none()
                }
                '?' | '-' => before.is_none() && is_before_blank,
                ':' => is_before_blank,
                _ => false,
            };
            has_tab |= character == '\t';
            has_special |= character != '\t' && !is_printable(character);
            space_after_break |= character == ' ' && before.is_some_and(is_break);
            space_before_break |= is_break(character) && before == Some(' ');
            before = Some(character);
        }
        let is_at_edge = |it: char| it == ' ' || is_break(it);
        let has_edge = text.starts_with(is_at_edge) || text.ends_with(is_at_edge);
        let is_awkward = space_before_break || has_special || has_tab;
        Self {
            can_be_plain: !has_indicator
                && !has_edge
                && !space_after_break
                && !is_awkward
                && !text.contains(is_break),
            can_be_single_quoted: !space_after_break && !is_awkward,
            can_be_block: !text.ends_with(' ') && !space_before_break && !has_special,
        }
    }
}

const fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

const fn is_printable(character: char) -> bool {
    matches!(
        character,
        '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}'
    ) && character != '\u{feff}'
}

fn escape(character: char) -> String {
    let letter = match character {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => character,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        '\0'..='\u{ff}' => return format!("\\x{:02X}", u32::from(character)),
        '\0'..='\u{ffff}' => return format!("\\u{:04X}", u32::from(character)),
        _ => return format!("\\U{:08X}", u32::from(character)),
    };
    format!("\\{letter}")
}

/// Numbers in keys by their size, letters behind everything else.
fn natural(a: &str, b: &str) -> Ordering {
    let (ours, theirs): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = ours.iter().zip(&theirs).position(|(a, b)| a != b) else {
        return ours.len().cmp(&theirs.len());
    };
    let (Some(one), Some(other)) = (ours.get(at), theirs.get(at)) else { return Ordering::Equal };
    match (one.is_alphabetic(), other.is_alphabetic()) {
        (true, true) => return one.cmp(other),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // Zeros count where other digits stand before them.
    let before = ours.get(..at).unwrap_or_default().iter().rev().take_while(|it| it.is_ascii_digit());
    let starts = (*one == '0' || *other == '0') && before.into_iter().any(|it| *it != '0');
    let number = |text: &[char]| {
        let digits = text.get(at..).unwrap_or_default().iter().map_while(|it| it.to_digit(10));
        digits.fold((i64::from(starts), at), |(number, end), digit| {
            (number.wrapping_mul(10).wrapping_add(i64::from(digit)), end + 1)
        })
    };
    number(&ours).cmp(&number(&theirs)).then_with(|| one.cmp(other))
}
