//! Reads what stands for one character in a regular expression of Go: classes, escapes, and the names of Unicode.

use regex_syntax::hir::{self, ClassUnicode, ClassUnicodeRange, HirKind};

/// Why a regular expression is none, in Go's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {0}")]
pub(crate) struct PatternError(pub(crate) &'static str);

const INVALID_RANGE: PatternError = PatternError("invalid character class range");
const INVALID_ESCAPE: PatternError = PatternError("invalid escape sequence");
const MISSING_BRACKET: PatternError = PatternError("missing closing ]");

/// What an escape stands for.
pub(crate) enum Escape {
    Class(ClassUnicode),
    /// A code point, which may be half of a surrogate pair and then is in no text.
    Character(u32),
}

/// Reads a class whose `[` was read.
pub(crate) fn class(rest: &mut &str, fold: bool) -> Result<ClassUnicode, PatternError> {
    let negated = skip(rest, '^');
    let mut class = ClassUnicode::empty();
    let mut first = true;
    loop {
        if !first && skip(rest, ']') {
            break;
        }
        first = false;
        if let Some(named) = rest.strip_prefix("[:").and_then(|it| it.split_once(":]")) {
            let (name, after) = named;
            let (negated, name) = match name.strip_prefix('^') {
                Some(name) => (true, name),
                None => (false, name),
            };
            let ranges = posix(name).ok_or(INVALID_RANGE)?;
            class.union(&ascii(ranges, negated, fold));
            *rest = after;
            continue;
        }
        let low = match member(rest, fold)? {
            Escape::Class(it) => {
                class.union(&it);
                continue;
            }
            Escape::Character(it) => it,
        };
        let mut high = low;
        // A hyphen before the end stands for itself.
        if rest.starts_with('-') && rest.len() >= 2 && !rest.starts_with("-]") {
            skip(rest, '-');
            high = match member(rest, false)? {
                Escape::Character(it) => it,
                Escape::Class(_) => return Err(INVALID_ESCAPE),
            };
            if high < low {
                return Err(INVALID_RANGE);
            }
        }
        class.union(&folded(range(low, high), fold));
    }
    if negated {
        class.negate();
    }
    Ok(class)
}

/// One character of a class, or what an escape there stands for.
fn member(rest: &mut &str, fold: bool) -> Result<Escape, PatternError> {
    match take(rest) {
        None => Err(MISSING_BRACKET),
        Some('\\') => escape(rest, fold),
        Some(it) => Ok(Escape::Character(it.into())),
    }
}

/// Reads an escape whose backslash was read.
pub(crate) fn escape(rest: &mut &str, fold: bool) -> Result<Escape, PatternError> {
    let it = take(rest).ok_or(PatternError("trailing backslash at end of expression"))?;
    Ok(Escape::Character(match it {
        'd' | 'D' => return Ok(Escape::Class(ascii(&[('0', '9')], it == 'D', fold))),
        's' | 'S' => return Ok(Escape::Class(ascii(SPACE, it == 'S', fold))),
        'w' | 'W' => return Ok(Escape::Class(ascii(WORD, it == 'W', fold))),
        'p' | 'P' => return Ok(Escape::Class(unicode(rest, it == 'P', fold)?)),
        'a' => 0x07,
        'f' => 0x0c,
        'n' => 0x0a,
        'r' => 0x0d,
        't' => 0x09,
        'v' => 0x0b,
        '0'..='7' => octal(it, rest)?,
        'x' => hexadecimal(rest).ok_or(INVALID_ESCAPE)?,
        _ if it.is_ascii() && !it.is_ascii_alphanumeric() => it.into(),
        _ => return Err(INVALID_ESCAPE),
    }))
}

/// Up to three digits; one that is not zero stands alone for a group that was captured, which there is not.
fn octal(first: char, rest: &mut &str) -> Result<u32, PatternError> {
    let next = |rest: &str| rest.chars().next().and_then(|it| it.to_digit(8));
    let mut code = first.to_digit(8).unwrap_or_default();
    if code != 0 && next(rest).is_none() {
        return Err(INVALID_ESCAPE);
    }
    for _ in 0..2 {
        let Some(digit) = next(rest) else { break };
        code = code * 8 + digit;
        take(rest);
    }
    Ok(code)
}

/// Two digits, or any number of them in braces.
fn hexadecimal(rest: &mut &str) -> Option<u32> {
    if !skip(rest, '{') {
        let (high, low) = (take(rest)?.to_digit(16)?, take(rest)?.to_digit(16)?);
        return Some(high * 16 + low);
    }
    let (digits, after) = rest.split_once('}')?;
    *rest = after;
    if digits.is_empty() {
        return None;
    }
    digits.chars().try_fold(0_u32, |code, it| {
        Some(code * 16 + it.to_digit(16)?).filter(|it| *it <= u32::from(char::MAX))
    })
}

/// `L` or `{Greek}` or `{^Lu}`, whose `p` was read.
fn unicode(rest: &mut &str, negated: bool, fold: bool) -> Result<ClassUnicode, PatternError> {
    let name = if skip(rest, '{') {
        let (name, after) = rest.split_once('}').ok_or(INVALID_RANGE)?;
        *rest = after;
        name.to_owned()
    } else {
        take(rest).map(String::from).unwrap_or_default()
    };
    let (negated, name) = match name.strip_prefix('^') {
        Some(name) => (!negated, name),
        None => (negated, name.as_str()),
    };
    let mut class = folded(table(name).ok_or(INVALID_RANGE)?, fold);
    if negated {
        class.negate();
    }
    Ok(class)
}

/// A general category by any of its names, or a script by its long one.
fn table(name: &str) -> Option<ClassUnicode> {
    const SHORT_SCRIPTS: &[&str] =
        &["ahom", "cham", "kawi", "lisu", "modi", "mro", "newa", "nko", "thai", "toto", "vai", "yi"];
    let plain: String = name.chars().filter(|it| !matches!(it, ' ' | '_' | '-')).collect();
    if plain.is_empty() || !plain.bytes().all(|it| it.is_ascii_alphanumeric()) {
        return None;
    }
    let plain = plain.to_ascii_lowercase();
    // Halves of surrogate pairs are in no text.
    if matches!(plain.as_str(), "cs" | "surrogate") {
        return Some(ClassUnicode::empty());
    }
    let category = parsed(&format!(r"\p{{gc={plain}}}"));
    let is_script = plain.len() > 4 || SHORT_SCRIPTS.contains(&plain.as_str());
    category.or_else(|| if is_script { parsed(&format!(r"\p{{sc={plain}}}")) } else { None })
}

fn parsed(class: &str) -> Option<ClassUnicode> {
    match regex_syntax::parse(class).ok()?.into_kind() {
        HirKind::Class(hir::Class::Unicode(class)) => Some(class),
        // A class of one character.
        HirKind::Literal(it) => {
            let it = str::from_utf8(&it.0).ok()?.chars().next()?;
            Some(range(it.into(), it.into()))
        }
        _ => None,
    }
}

const SPACE: &[(char, char)] = &[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

fn posix(name: &str) -> Option<&'static [(char, char)]> {
    Some(match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\u{7f}')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => WORD,
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}

fn ascii(ranges: &[(char, char)], negated: bool, fold: bool) -> ClassUnicode {
    let ranges = ranges.iter().map(|(start, end)| ClassUnicodeRange::new(*start, *end));
    let mut class = folded(ClassUnicode::new(ranges), fold);
    if negated {
        class.negate();
    }
    class
}

/// The characters between two code points, which are both in it.
pub(crate) fn range(low: u32, high: u32) -> ClassUnicode {
    let below = (low, high.min(0xd7ff));
    let above = (low.max(0xe000), high);
    let ranges = [below, above].into_iter().filter(|(low, high)| low <= high);
    let characters = ranges.filter_map(|(low, high)| Some((char::from_u32(low)?, char::from_u32(high)?)));
    ClassUnicode::new(characters.map(|(low, high)| ClassUnicodeRange::new(low, high)))
}

/// With the other cases of letters, where they do not matter.
pub(crate) fn folded(mut class: ClassUnicode, fold: bool) -> ClassUnicode {
    // The tables for it are part of what is built.
    if fold && class.try_case_fold_simple().is_err() {
        return ClassUnicode::empty();
    }
    class
}

fn take(rest: &mut &str) -> Option<char> {
    let mut characters = rest.chars();
    let next = characters.next();
    *rest = characters.as_str();
    next
}

pub(crate) fn skip(rest: &mut &str, it: char) -> bool {
    match rest.strip_prefix(it) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}
