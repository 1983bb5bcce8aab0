//! `sprintf`: Go's `fmt` over what OPA makes of its operands.

use super::call::{Builtin, Context, Failure, take};
use super::numbers::integer;
use super::verbs::{Argument, Flags};
use crate::heap::{HeapError, Value, View};
use crate::number::Number;
use crate::types::{ARRAY, Type};
use crate::writer::Writer;
use num_bigint::BigInt;

pub(crate) static ALL: &[Builtin] = &[Builtin::new("sprintf", &[Type::String, ARRAY], Type::String, sprintf)];

/// Larger widths, precisions and places of arguments are not read.
const MAX_COUNT: i64 = 1_000_000;

fn sprintf(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [format, values] = take(operands)?;
    context.spend_for(operands)?;
    let format = context.text(format, 1)?;
    let values = context.array(values, 2)?.iter();
    let arguments = values.map(|it| argument(context, *it)).collect::<Result<Vec<_>, _>>()?;
    let mut out = Writer::new(context.heap);
    let mut printer =
        Printer { rest: format, arguments: &arguments, next: 0, reordered: false, good: true, out: &mut out };
    printer.print()?;
    context.written(&out)
}

/// Numbers are integers where they are written so, else doubles; what is no number and no text is what OPA shows.
fn argument<'c>(context: &'c Context<'_>, value: Value) -> Result<Argument<'c>, Failure> {
    Ok(match context.heap.view(value) {
        View::String(it) => Argument::Text(it.into()),
        View::Number(number) => match (number.as_integer(), number) {
            (Some(it), _) => Argument::Integer(it),
            (None, Number::Text(it)) => match large(number) {
                Some(it) => Argument::Large(it),
                None if number.as_f64().is_finite() => Argument::Double(number.as_f64()),
                None => Argument::Text(it.into()),
            },
            (None, Number::Integer(it)) => Argument::Integer(it),
        },
        _ => {
            let mut shown = Writer::new(context.heap);
            context.printed(value, &mut shown)?;
            Argument::Text(shown.as_str().to_owned().into())
        }
    })
}

/// An integer of many digits.
fn large(number: Number<'_>) -> Option<BigInt> {
    if number.is_plain() { integer(number).ok() } else { None }
}

/// Goes through a format.
struct Printer<'f, 'a, 'o> {
    rest: &'f str,
    arguments: &'a [Argument<'a>],
    /// The argument that comes next.
    next: usize,
    /// Whether an argument was named by its place.
    reordered: bool,
    /// Whether the place that was named is one.
    good: bool,
    out: &'o mut Writer,
}

impl Printer<'_, '_, '_> {
    fn print(&mut self) -> Result<(), HeapError> {
        while let Some((before, after)) = self.rest.split_once('%') {
            self.out.push_str(before)?;
            self.rest = after;
            self.verb()?;
        }
        self.out.push_str(self.rest)?;
        let left = self.arguments.get(self.next..).unwrap_or_default();
        if !self.reordered && !left.is_empty() {
            self.out.push_str("%!(EXTRA ")?;
            for (index, argument) in left.iter().enumerate() {
                if index > 0 {
                    self.out.push_str(", ")?;
                }
                self.out.push_str(argument.type_name())?;
                self.out.push('=')?;
                argument.print('v', Flags::default(), self.out)?;
            }
            self.out.push(')')?;
        }
        Ok(())
    }

    fn verb(&mut self) -> Result<(), HeapError> {
        self.good = true;
        let mut flags = self.flags();
        let mut placed = self.place();
        if self.skip('*') {
            match self.count_of_argument() {
                Some(width) => {
                    flags.width = Some(usize::try_from(width.unsigned_abs()).unwrap_or_default());
                    if width < 0 {
                        flags.minus = true;
                        flags.zero = false;
                    }
                }
                None => self.out.push_str("%!(BADWIDTH)")?,
            }
            placed = false;
        } else {
            flags.width = self.count();
            if placed && flags.width.is_some() {
                self.good = false;
            }
        }
        if self.skip('.') {
            if placed {
                self.good = false;
            }
            placed = self.place();
            if self.skip('*') {
                let precision = self.count_of_argument();
                flags.precision = precision.and_then(|it| usize::try_from(it).ok());
                if flags.precision.is_none() {
                    self.out.push_str("%!(BADPREC)")?;
                }
                placed = false;
            } else {
                flags.precision = Some(self.count().unwrap_or_default());
            }
        }
        if !placed {
            self.place();
        }
        let mut characters = self.rest.chars();
        let Some(verb) = characters.next() else {
            return self.out.push_str("%!(NOVERB)");
        };
        self.rest = characters.as_str();
        if verb == '%' {
            return self.out.push('%');
        }
        let problem = match self.arguments.get(self.next) {
            _ if !self.good => "BADINDEX",
            None => "MISSING",
            Some(argument) => {
                self.next += 1;
                return argument.print(verb, flags.for_verb(verb), self.out);
            }
        };
        self.out.push_str(&format!("%!{verb}({problem})"))
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        loop {
            match self.rest.bytes().next() {
                Some(b'#') => flags.sharp = true,
                Some(b'0') => flags.zero = true,
                Some(b'+') => flags.plus = true,
                Some(b'-') => flags.minus = true,
                Some(b' ') => flags.space = true,
                _ => return flags,
            }
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
    }

    fn skip(&mut self, it: char) -> bool {
        match self.rest.strip_prefix(it) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A number that stands here. One that is too large takes what is left of the format, as in Go.
    fn count(&mut self) -> Option<usize> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(digits);
        let count = read_count(number);
        self.rest = if digits > 0 && count.is_none() { "" } else { rest };
        count
    }

    fn count_of_argument(&mut self) -> Option<i64> {
        let argument = self.arguments.get(self.next)?;
        self.next += 1;
        match argument {
            Argument::Integer(it) if (-MAX_COUNT..=MAX_COUNT).contains(it) => Some(*it),
            _ => None,
        }
    }

    /// The place of an argument, `[2]`: whether there is one.
    fn place(&mut self) -> bool {
        let Some(inner) = self.rest.strip_prefix('[') else { return false };
        self.reordered = true;
        let Some((number, rest)) = inner.split_once(']') else {
            self.good = false;
            self.rest = inner;
            return false;
        };
        self.rest = rest;
        let Some(place) = read_count(number) else {
            self.good = false;
            return false;
        };
        match place.checked_sub(1) {
            Some(place) if place < self.arguments.len() => self.next = place,
            _ => self.good = false,
        }
        true
    }
}

fn read_count(digits: &str) -> Option<usize> {
    if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    // A digit after a number that is too large is not read any more.
    let mut count = 0;
    for digit in digits.bytes() {
        if count > MAX_COUNT {
            return None;
        }
        count = count * 10 + i64::from(digit - b'0');
    }
    usize::try_from(count).ok()
}
