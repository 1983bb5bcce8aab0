//! Reads regular expressions as Go's `regexp` does, which is RE2's dialect, into what `regex-automata` compiles.
//!
//! What is written is read here and not translated into another dialect, so that nothing means something else in silence.

use crate::pattern_class::{Escape, PatternError, class, escape, folded, range, skip};
use regex_syntax::hir::{Capture, Class, ClassUnicode, Dot, Hir, Look, Repetition};

/// Longer ones are refused: what is read of one takes a hundred times its length.
const MAX_LENGTH: usize = 1 << 17;

/// Groups deeper in each other than this are refused: whoever compiles what is read goes down on the stack.
const MAX_NESTING: usize = 100;

/// Nothing is repeated more often than this, nor all repetitions in each other taken together.
const MAX_REPEAT: u32 = 1_000;

const REPEAT_SIZE: PatternError = PatternError("invalid repeat count");
const NAMED_CAPTURE: PatternError = PatternError("invalid named capture");
const MISSING_PAREN: PatternError = PatternError("missing closing )");

/// A regular expression that was read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) hir: Hir,
    /// The names of its groups; the first is the whole. As in Go, two may have the same name.
    pub(crate) names: Vec<Option<Box<str>>>,
}

/// Reads a regular expression.
pub(crate) fn read(pattern: &str) -> Result<Read, PatternError> {
    if pattern.len() > MAX_LENGTH {
        return Err(PatternError("expression too large"));
    }
    Parser {
        rest: pattern,
        flags: Flags::default(),
        groups: Vec::new(),
        group: Group::default(),
        names: vec![None],
    }
    .read()
}

#[derive(Clone, Copy, Default)]
struct Flags {
    /// `i`
    fold_case: bool,
    /// `m`
    multi_line: bool,
    /// `s`
    dot_newline: bool,
    /// `U`
    swap_greed: bool,
}

struct Parser<'p> {
    rest: &'p str,
    flags: Flags,
    /// Groups that are open around the one that is read, outermost first.
    groups: Vec<Group>,
    /// The group that is read, or the whole.
    group: Group,
    names: Vec<Option<Box<str>>>,
}

#[derive(Default)]
struct Group {
    /// Alternatives that are complete.
    alternatives: Vec<Item>,
    /// The one that is being read.
    items: Vec<Item>,
    /// What holds again after the group.
    flags: Flags,
    /// Its number, where it is a capture.
    capture: Option<u32>,
}

struct Item {
    hir: Hir,
    /// How often repetitions in it repeat each other, at most.
    repeats: u32,
}

impl Parser<'_> {
    fn read(mut self) -> Result<Read, PatternError> {
        let mut repeated = false;
        while let Some(it) = self.rest.chars().next() {
            self.rest = self.rest.get(it.len_utf8()..).unwrap_or_default();
            let again = std::mem::replace(&mut repeated, false);
            let counts = match it {
                '*' => Some((0, None)),
                '+' => Some((1, None)),
                '?' => Some((0, Some(1))),
                '{' => self.counts()?,
                _ => None,
            };
            if let Some((min, max)) = counts {
                self.repeat(min, max, it == '{', again)?;
                repeated = true;
                continue;
            }
            match it {
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => self.group.end_alternative(),
                '^' if self.flags.multi_line => self.push(Hir::look(Look::StartLF)),
                '^' => self.push(Hir::look(Look::Start)),
                '$' if self.flags.multi_line => self.push(Hir::look(Look::EndLF)),
                '$' => self.push(Hir::look(Look::End)),
                '.' if self.flags.dot_newline => self.push(Hir::dot(Dot::AnyChar)),
                '.' => self.push(Hir::dot(Dot::AnyCharExceptLF)),
                '[' => {
                    let class = class(&mut self.rest, self.flags.fold_case)?;
                    self.push_class(class);
                }
                '\\' => self.escape()?,
                other => self.literal(other.into()),
            }
        }
        if !self.groups.is_empty() {
            return Err(MISSING_PAREN);
        }
        Ok(Read { hir: self.group.item().hir, names: self.names })
    }

    fn push(&mut self, hir: Hir) {
        self.group.items.push(Item { hir, repeats: 1 });
    }

    fn push_class(&mut self, class: ClassUnicode) {
        self.push(Hir::class(Class::Unicode(class)));
    }

    fn literal(&mut self, code: u32) {
        self.push_class(folded(range(code, code), self.flags.fold_case));
    }

    fn escape(&mut self) -> Result<(), PatternError> {
        let look = match self.rest.bytes().next() {
            Some(b'A') => Look::Start,
            Some(b'z') => Look::End,
            Some(b'b') => Look::WordAscii,
            Some(b'B') => Look::WordAsciiNegate,
            Some(b'Q') => {
                let quoted = self.rest.get(1..).unwrap_or_default();
                let (text, rest) = quoted.split_once("\\E").unwrap_or((quoted, ""));
                text.chars().for_each(|it| self.literal(it.into()));
                self.rest = rest;
                return Ok(());
            }
            _ => {
                match escape(&mut self.rest, self.flags.fold_case)? {
                    Escape::Class(class) => self.push_class(class),
                    Escape::Character(it) => self.literal(it),
                }
                return Ok(());
            }
        };
        self.rest = self.rest.get(1..).unwrap_or_default();
        self.push(Hir::look(look));
        Ok(())
    }

    fn open(&mut self) -> Result<(), PatternError> {
        if self.groups.len() >= MAX_NESTING {
            return Err(PatternError("expression nests too deeply"));
        }
        let flags = self.flags;
        let mut capture = None;
        if !skip(&mut self.rest, '?') {
            capture = Some(self.capture(None));
        } else if let Some(named) = self.rest.strip_prefix("P<").or_else(|| self.rest.strip_prefix('<')) {
            let (name, rest) = named.split_once('>').ok_or(NAMED_CAPTURE)?;
            if name.is_empty() || !name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_') {
                return Err(NAMED_CAPTURE);
            }
            self.rest = rest;
            capture = Some(self.capture(Some(name.into())));
        } else if !self.set_flags()? {
            return Ok(());
        }
        self.groups.push(std::mem::replace(&mut self.group, Group { flags, capture, ..Group::default() }));
        Ok(())
    }

    fn capture(&mut self, name: Option<Box<str>>) -> u32 {
        let index = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name);
        index
    }

    /// Reads `i-s:` or `i-s)`: whether a group begins.
    fn set_flags(&mut self) -> Result<bool, PatternError> {
        let (mut on, mut complete) = (true, true);
        let mut flags = self.flags;
        loop {
            let it = self.rest.chars().next().ok_or(MISSING_PAREN)?;
            self.rest = self.rest.get(it.len_utf8()..).unwrap_or_default();
            match it {
                'i' => flags.fold_case = on,
                'm' => flags.multi_line = on,
                's' => flags.dot_newline = on,
                'U' => flags.swap_greed = on,
                '-' if on => on = false,
                ':' | ')' if complete => {
                    self.flags = flags;
                    return Ok(it == ':');
                }
                _ => return Err(PatternError("invalid or unsupported Perl syntax")),
            }
            // Something has to be taken away.
            complete = it != '-';
        }
    }

    fn close(&mut self) -> Result<(), PatternError> {
        let outer = self.groups.pop().ok_or(PatternError("unexpected )"))?;
        let mut group = std::mem::replace(&mut self.group, outer);
        self.flags = group.flags;
        let capture = group.capture.take();
        let Item { hir, repeats } = group.item();
        let hir = match capture {
            Some(index) => Hir::capture(Capture { index, name: None, sub: Box::new(hir) }),
            None => hir,
        };
        self.group.items.push(Item { hir, repeats });
        Ok(())
    }

    /// Repeats what was read last.
    fn repeat(&mut self, min: u32, max: Option<u32>, counted: bool, again: bool) -> Result<(), PatternError> {
        let lazy = skip(&mut self.rest, '?');
        if again {
            return Err(PatternError("invalid nested repetition operator"));
        }
        let item = self.group.items.pop();
        let Item { hir, mut repeats } =
            item.ok_or(PatternError("missing argument to repetition operator"))?;
        if counted {
            repeats = repeats.saturating_mul(max.unwrap_or(min));
            if repeats > MAX_REPEAT && max.unwrap_or(min) >= 2 {
                return Err(REPEAT_SIZE);
            }
            repeats = repeats.max(1);
        }
        if max == Some(0) {
            // Groups in it keep their numbers, so it stays as what never fits after what always does.
            let never = Hir::concat(vec![hir, Hir::fail()]);
            let hir = Hir::alternation(vec![Hir::empty(), never]);
            self.group.items.push(Item { hir, repeats });
            return Ok(());
        }
        let greedy = lazy == self.flags.swap_greed;
        let hir = Hir::repetition(Repetition { min, max, greedy, sub: Box::new(hir) });
        self.group.items.push(Item { hir, repeats });
        Ok(())
    }

    /// `2}`, `2,}` or `2,3}`; `None` where the brace stands for itself.
    fn counts(&mut self) -> Result<Option<(u32, Option<u32>)>, PatternError> {
        let Some((counts, rest)) = self.rest.split_once('}') else { return Ok(None) };
        let (min, max) = counts.split_once(',').unwrap_or((counts, counts));
        let well = |it: &str| {
            !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()) && (it == "0" || !it.starts_with('0'))
        };
        if !well(min) || !max.is_empty() && !well(max) {
            return Ok(None);
        }
        let count = |it: &str| it.parse().ok().filter(|it| *it <= MAX_REPEAT).ok_or(REPEAT_SIZE);
        let min = count(min)?;
        let max = if max.is_empty() { None } else { Some(count(max)?) };
        if max.is_some_and(|it| it < min) {
            return Err(REPEAT_SIZE);
        }
        self.rest = rest;
        Ok(Some((min, max)))
    }
}

impl Group {
    fn end_alternative(&mut self) {
        let items = std::mem::take(&mut self.items);
        let repeats = items.iter().map(|it| it.repeats).max().unwrap_or(1);
        let hir = Hir::concat(items.into_iter().map(|it| it.hir).collect());
        self.alternatives.push(Item { hir, repeats });
    }

    /// The whole group.
    fn item(mut self) -> Item {
        self.end_alternative();
        let repeats = self.alternatives.iter().map(|it| it.repeats).max().unwrap_or(1);
        Item { hir: Hir::alternation(self.alternatives.into_iter().map(|it| it.hir).collect()), repeats }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        for pattern in [
            "",
            "a|",
            "|",
            "()",
            "a*?",
            "a{2}",
            "a{2,}?",
            "a{,2}",
            "a{",
            "a{1",
            "a{01}",
            "{{.*}}",
            "^{.+}$",
            "}",
            "]",
            "[]a]",
            "[^]a]",
            "[^[]+",
            "[a-]",
            "[-a]",
            "[a&&b]",
            "[a~~b]",
            r"[\w--]",
            "[[]x[]]",
            "[[:alpha:][:^digit:]]",
            r"[\d\pL\-\]]",
            r"\Qa.b\E*",
            r"\Qa",
            r"\_\-\:\/\<\>",
            r"\141\0\x41\x{1F600}",
            r"\a\f\n\r\t\v",
            "(?i)a(?-i)b",
            "(?i-s:a)",
            "(?)",
            "(?:)",
            "(?ims-U)a",
            "(?P<n>a)(?<m>b)(?P<n>c)",
            "^*",
            "(a{100}){10}",
            r"\pN\p{Greek}\P{^Lu}",
            r"\p{greek}\p{Old_Italic}\p{Letter}\p{Any}\p{Cn}\pC\p{Yi}\p{Zl}",
            r"\x{d800}",
            r"[\x{d800}-\x{e000}]",
            "a{1000}",
            "a{0,1000}",
            "(a{1000}){1}",
            "(a{2,}){500}",
            r"\z\A\b\B",
        ] {
            assert!(read(pattern).is_ok(), "{pattern}: {:?}", read(pattern));
        }
    }

    #[test]
    fn refuses_what_go_refuses() {
        for pattern in [
            "[",
            "[a",
            "[a-",
            "(",
            ")",
            "a)",
            "(a",
            "*",
            "(*)",
            "|*",
            "a**",
            "a+*",
            "a{2}{3}",
            "a{2}*",
            "(?i)*",
            "x{2,1}",
            "x{1001}",
            "x{1,1001}",
            "x{1000000000}",
            "x{99999999999}",
            "(a{100}){11}",
            "(((a{2}){500}){2})",
            r"\C",
            r"\Z",
            r"\e",
            r"\8",
            r"\1",
            r"\",
            r"\x",
            r"\xg",
            r"\x{}",
            r"\x{110000}",
            r"\pX",
            r"\p{Foo}",
            r"\p{Grek}",
            r"\p{",
            r"\p",
            r"\p{Lowercase}",
            r"[a-\d]",
            "[[:foo:]]",
            "[[:word:]",
            "[b-a]",
            "(?!a)b",
            "(?=a)",
            "(?<=a)",
            "(?x) a",
            "(?i-)",
            "(?--i)",
            "(?",
            "(?P<>a)",
            "(?P<a b>c)",
            "(?P<a",
            "(?Pa)",
            r"\u0041",
            r"\k<n>",
            r"\G",
        ] {
            assert!(read(pattern).is_err(), "{pattern}");
        }
        assert!(read(&"(".repeat(100_000)).is_err());
        assert!(read(&"a".repeat(MAX_LENGTH + 1)).is_err());
    }
}
