//! `regex.globs_match`: whether two patterns have a text in common.

use super::call::{Builtin, Context, Failure, error, take};
use crate::heap::Value;
use crate::types::Type;

pub(crate) static ALL: &[Builtin] =
    &[Builtin::new("regex.globs_match", &[Type::String, Type::String], Type::Boolean, globs_match)];

/// What stands for one character.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    Any,
    /// The first and the last character of each range.
    Set(Vec<(char, char)>),
}

/// A token, and whether it may come as often as it likes and not at all.
type Part = (Token, bool);

/// Whether a text that is not empty matches both; two empty patterns have the empty text in common.
fn globs_match(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    context.spend_for(&[a, a, a, a, b, b, b, b])?;
    let (a, b) = (read(context.text(a, 1)?)?, read(context.text(b, 2)?)?);
    let places = (a.len() as u64 + 1) * (b.len() as u64 + 1);
    context.spend(places / 2)?;
    if places > context.heap.left() as u64 {
        return Err(crate::heap::HeapError::Exhausted.into());
    }
    if a.is_empty() && b.is_empty() {
        return Ok(Value::TRUE);
    }
    // From each pair of places in the patterns that a text leads to, to those that one more character leads to. Reached
    // without any character (1), and with one (2).
    let width = b.len() + 1;
    let mut reached = vec![0_u8; (a.len() + 1) * width];
    let mut next = vec![(0, 0, 1_u8)];
    while let Some((i, j, how)) = next.pop() {
        let Some(seen) = reached.get_mut(i * width + j) else { continue };
        if *seen & how != 0 {
            continue;
        }
        *seen |= how;
        let (left, right) = (a.get(i), b.get(j));
        if let Some((_, true)) = left {
            next.push((i + 1, j, how));
        }
        if let Some((_, true)) = right {
            next.push((i, j + 1, how));
        }
        if let (Some((x, many)), Some((y, others))) = (left, right)
            && overlap(x, y)
        {
            next.push((i + usize::from(!many), j + usize::from(!others), 2));
        }
    }
    Ok(Value::bool(reached.last().is_some_and(|it| it & 2 != 0)))
}

fn overlap(a: &Token, b: &Token) -> bool {
    match (a, b) {
        (Token::Set(a), Token::Set(b)) => {
            a.iter().any(|(low, high)| b.iter().any(|(from, to)| low <= to && from <= high))
        }
        _ => true,
    }
}

/// Reads a pattern. `a+` is an `a` and then as many as there are.
fn read(pattern: &str) -> Result<Vec<Part>, Failure> {
    let mut parts = Vec::new();
    let mut rest = pattern.chars();
    while let Some(it) = rest.next() {
        let token = match it {
            '.' => Token::Any,
            '[' => set(&mut rest)?,
            ']' => return Err(error("set-close ']' with no preceding '['")),
            '*' | '+' => return Err(error("a flag must be preceded by a non-flag")),
            '\\' => {
                let it = rest.next().ok_or_else(|| error("input ends with a \\ (escape) character"))?;
                Token::Set(vec![(it, it)])
            }
            it => Token::Set(vec![(it, it)]),
        };
        match rest.as_str().chars().next() {
            Some('*') => parts.push((token, true)),
            Some('+') => parts.extend([(token.clone(), false), (token, true)]),
            _ => {
                parts.push((token, false));
                continue;
            }
        }
        rest.next();
    }
    Ok(parts)
}

/// Reads a set whose `[` was read.
fn set(rest: &mut std::str::Chars<'_>) -> Result<Token, Failure> {
    let missing = || error("found [ without matching ]");
    let mut ranges: Vec<(char, char)> = Vec::new();
    // The character that a hyphen would take as the first of a range.
    let mut before = None;
    loop {
        match rest.next().ok_or_else(missing)? {
            ']' => return Ok(Token::Set(ranges)),
            '-' => {
                let low = before
                    .take()
                    .ok_or_else(|| error("range character '-' must be preceded by a Unicode character"))?;
                let high = match rest.next() {
                    Some('\\') => rest.next().ok_or_else(missing)?,
                    Some(it) if it != ']' && it != '-' => it,
                    _ => return Err(error("range character '-' must be followed by a Unicode character")),
                };
                if high < low {
                    return Err(error("range is out of order"));
                }
                ranges.push((low, high));
            }
            it => {
                let it = if it == '\\' { rest.next().ok_or_else(missing)? } else { it };
                ranges.push((it, it));
                before = Some(it);
            }
        }
    }
}
