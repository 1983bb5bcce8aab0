//! `glob.match`, `glob.quote_meta`: patterns with `*`, `**`, `?`, `[…]` and `{…}`.
//!
//! A pattern becomes a list of instructions, and all that can be reached in it are followed at once, so that the time is
//! that of the text times the pattern, whatever they are.

use super::call::{Builtin, Context, Failure, error, take, wrong_item, wrong_type};
use crate::heap::{Value, View};
use crate::types::Type;

const DELIMITERS: Type = Type::OneOf(&[Type::Null, Type::Array(&Type::String)]);

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("glob.match", &[Type::String, DELIMITERS, Type::String], Type::Boolean, matches),
    Builtin::new("glob.quote_meta", &[Type::String], Type::String, quote_meta),
];

fn matches(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [pattern, delimiters, text] = take(operands)?;
    context.spend_for(operands)?;
    let glob = Glob::read(context.text(pattern, 1)?, delimiters_of(context, delimiters)?).map_err(error)?;
    let text = context.text(text, 3)?.to_owned();
    let mut threads = Threads::new(glob.instructions.len());
    threads.start(&glob.instructions, 0);
    for character in text.chars() {
        context.spend(1 + threads.current.len() as u64 / 4)?;
        for at in std::mem::take(&mut threads.current) {
            if glob.steps_over(at, character) {
                threads.start(&glob.instructions, at + 1);
            }
        }
        if !threads.advance() {
            return Ok(Value::FALSE);
        }
    }
    Ok(Value::bool(threads.current.iter().any(|at| glob.instructions.get(*at) == Some(&Instruction::End))))
}

/// What `*` and `?` do not match: nothing for null, a point for no delimiters, and those that are given.
fn delimiters_of(context: &Context<'_>, value: Value) -> Result<Vec<char>, Failure> {
    let items = match context.heap.view(value) {
        View::Null => return Ok(Vec::new()),
        View::Array([]) => return Ok(vec!['.']),
        View::Array(items) => items,
        other => return Err(wrong_type(2, "one of {array, null}", other)),
    };
    let collection = || context.heap.view(value);
    items
        .iter()
        .map(|it| match context.heap.view(*it) {
            View::String(text) => {
                let mut characters = text.chars();
                match (characters.next(), characters.next()) {
                    (Some(character), None) => Ok(character),
                    _ => Err(wrong_item(2, collection(), "rune", View::String(text))),
                }
            }
            other => Err(wrong_item(2, collection(), "string", other)),
        })
        .collect()
}

const fn is_special(character: char) -> bool {
    matches!(character, '*' | '?' | '\\' | '[' | ']' | '{' | '}')
}

fn quote_meta(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(operands)?;
    let mut quoted = String::new();
    for character in context.text(text, 1)?.chars() {
        if is_special(character) {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    Ok(context.heap.string(&quoted)?)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Instruction {
    /// This character.
    Character(char),
    /// Any character that is no delimiter.
    Single,
    /// One of these.
    List { characters: Vec<char>, is_not: bool },
    /// One between these.
    Range { low: char, high: char, is_not: bool },
    /// Any character.
    Any,
    /// On at either place.
    Split(usize, usize),
    /// On at that place.
    Jump(usize),
    /// The end of the pattern.
    End,
}

struct Glob {
    instructions: Vec<Instruction>,
    delimiters: Vec<char>,
}

impl Glob {
    fn read(pattern: &str, delimiters: Vec<char>) -> Result<Self, &'static str> {
        let mut reader = Reader { rest: pattern.chars(), instructions: Vec::new() };
        reader.pattern()?;
        Ok(Self { instructions: reader.instructions, delimiters })
    }

    fn steps_over(&self, at: usize, character: char) -> bool {
        match self.instructions.get(at) {
            Some(Instruction::Character(wanted)) => *wanted == character,
            Some(Instruction::Single) => !self.delimiters.contains(&character),
            Some(Instruction::List { characters, is_not }) => characters.contains(&character) != *is_not,
            Some(Instruction::Range { low, high, is_not }) => (*low..=*high).contains(&character) != *is_not,
            Some(Instruction::Any) => true,
            _ => false,
        }
    }
}

struct Reader<'t> {
    rest: std::str::Chars<'t>,
    instructions: Vec<Instruction>,
}

/// Alternatives that are not closed yet.
struct Open {
    /// Where the alternative that is read begins: a place is left there for the way to the next one.
    start: usize,
    /// What jumps to the end.
    jumps: Vec<usize>,
}

impl Reader<'_> {
    fn pattern(&mut self) -> Result<(), &'static str> {
        let mut open: Vec<Open> = Vec::new();
        while let Some(character) = self.rest.next() {
            match character {
                // As in Go's library, a null character ends the pattern.
                '\0' => break,
                '*' => {
                    let one = if self.eat('*') { Instruction::Any } else { Instruction::Single };
                    let at = self.instructions.len();
                    let again = [Instruction::Split(at + 1, at + 3), one, Instruction::Jump(at)];
                    self.instructions.extend(again);
                }
                '?' => self.instructions.push(Instruction::Single),
                '[' => self.list()?,
                '\\' => {
                    if let Some(escaped) = self.rest.next() {
                        self.instructions.push(Instruction::Character(escaped));
                    }
                }
                '{' => {
                    open.push(Open { start: self.instructions.len(), jumps: Vec::new() });
                    self.instructions.push(Instruction::End);
                }
                ',' if !open.is_empty() => {
                    if let Some(group) = open.last_mut() {
                        group.jumps.push(self.instructions.len());
                        self.instructions.push(Instruction::End);
                        self.split(group.start);
                        group.start = self.instructions.len();
                        self.instructions.push(Instruction::End);
                    }
                }
                '}' if !open.is_empty() => {
                    if let Some(group) = open.pop() {
                        self.close(group);
                    }
                }
                _ => self.instructions.push(Instruction::Character(character)),
            }
        }
        // What is not closed ends here.
        while let Some(group) = open.pop() {
            self.close(group);
        }
        self.instructions.push(Instruction::End);
        Ok(())
    }

    /// From the beginning of an alternative the way goes into it, or here.
    fn split(&mut self, start: usize) {
        let here = self.instructions.len();
        if let Some(place) = self.instructions.get_mut(start) {
            *place = Instruction::Split(start + 1, here);
        }
    }

    fn close(&mut self, group: Open) {
        let here = self.instructions.len();
        if let Some(place) = self.instructions.get_mut(group.start) {
            *place = Instruction::Jump(group.start + 1);
        }
        for jump in group.jumps {
            if let Some(place) = self.instructions.get_mut(jump) {
                *place = Instruction::Jump(here);
            }
        }
    }

    fn eat(&mut self, wanted: char) -> bool {
        let mut ahead = self.rest.clone();
        let found = ahead.next() == Some(wanted);
        if found {
            self.rest = ahead;
        }
        found
    }

    /// `[abc]`, `[!abc]`, `[a-c]`, `[!a-c]`
    fn list(&mut self) -> Result<(), &'static str> {
        const UNCLOSED: &str = "a list of characters is not closed";
        let is_not = self.eat('!');
        let mut ahead = self.rest.clone();
        if let (Some(low), Some('-')) = (ahead.next(), ahead.next()) {
            let (high, close) = (ahead.next().ok_or(UNCLOSED)?, ahead.next().ok_or(UNCLOSED)?);
            if close != ']' {
                return Err("expected `]` behind a range of characters");
            }
            if high < low {
                return Err("a range of characters ends before it begins");
            }
            self.rest = ahead;
            self.instructions.push(Instruction::Range { low, high, is_not });
            return Ok(());
        }
        let mut characters = Vec::new();
        loop {
            match self.rest.next().ok_or(UNCLOSED)? {
                ']' => break,
                '\\' => characters.extend(self.rest.next()),
                character => characters.push(character),
            }
        }
        if characters.is_empty() {
            return Err("a list of characters is empty");
        }
        self.instructions.push(Instruction::List { characters, is_not });
        Ok(())
    }
}

/// Where in the instructions the text can have come to.
struct Threads {
    current: Vec<usize>,
    next: Vec<usize>,
    /// When a place was come to last: not twice for one character.
    seen: Vec<usize>,
    round: usize,
    stack: Vec<usize>,
}

impl Threads {
    fn new(instructions: usize) -> Self {
        Self {
            current: Vec::new(),
            next: Vec::new(),
            seen: vec![0; instructions],
            round: 1,
            stack: Vec::new(),
        }
    }

    fn start(&mut self, instructions: &[Instruction], at: usize) {
        self.stack.push(at);
        while let Some(at) = self.stack.pop() {
            match self.seen.get_mut(at) {
                Some(seen) if *seen < self.round => *seen = self.round,
                _ => continue,
            }
            match instructions.get(at) {
                Some(Instruction::Split(one, other)) => self.stack.extend([*one, *other]),
                Some(Instruction::Jump(to)) => self.stack.push(*to),
                _ => self.next.push(at),
            }
        }
        if self.round == 1 {
            self.advance();
        }
    }

    /// On to the next character; whether any place is left.
    fn advance(&mut self) -> bool {
        self.current = std::mem::take(&mut self.next);
        self.round += 1;
        !self.current.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::calls::{calls, exhausts, fails};

    #[test]
    fn patterns_match_as_in_opa() {
        for (pattern, delimiters, text, wanted) in [
            ("*.github.com", "[\".\"]", "api.github.com", true),
            ("api.**.com", "[\".\"]", "api.github.com", true),
            ("api.**.com", "[\".\"]", "api.cdn.github.com", true),
            ("*:github:com", "[\":\"]", "api:github:com", true),
            ("*.github.com", "[\".\"]", "api.not-github.com", false),
            ("[abc]at", "[]", "cat", true),
            ("[abc]at", "[]", "fat", false),
            ("[!abc]at", "[]", "fat", true),
            ("[!abc]at", "[]", "cat", false),
            ("[a-c]at", "[]", "bat", true),
            ("[a-c]at", "[]", "fat", false),
            ("[!a-c]at", "[]", "bat", false),
            ("[!a-c]at", "[]", "fat", true),
            ("?at", "[]", "fat", true),
            ("?at", "[]", "at", false),
            ("?at", "[\"f\"]", "bat", true),
            ("?at", "[\"f\"]", "fat", false),
            ("{cat,bat,[fr]at}", "[]", "rat", true),
            ("{cat,bat,[fr]at}", "[]", "at", false),
            ("{cat,bat}s", "[]", "bats", true),
            ("{a,{b,c}x,}y", "[]", "cxy", true),
            ("{a,{b,c}x,}y", "[]", "y", true),
            ("{a,{b,c}x,}y", "[]", "cy", false),
            ("{a,b", "[]", "b", true),
            ("a,b}", "[]", "a,b}", true),
            ("*", "[\".\"]", "foo", true),
            ("*", "[]", "foo.bar", false),
            ("*", "null", "foo.bar", true),
            ("*", "[]", "", true),
            ("**", "[]", "a.b.c", true),
            ("***", "[]", "a.b.c", true),
            ("a/*", "[\"/\"]", "a/b/c", false),
            ("a/*", "[]", "a/b/c", true),
            ("*:x", "[\":\", \"/\"]", "a/b:x", false),
            ("arn:aws:iam::*:role/*", "[\":\"]", "arn:aws:iam::123:role/a/b", true),
            ("a[:x]b", "[\":\"]", "a:b", true),
            ("aws_x.b[*]", "[]", "aws_x.b[0]", false),
            ("aws_x.b[*]", "[]", "aws_x.b*", true),
            ("a\\\\*b", "[]", "a*b", true),
            ("a\\\\*b", "[]", "axb", false),
            ("[\\\\]]", "[]", "]", true),
            ("a*b", "[]", "a\\nb", true),
            ("ABC", "[]", "abc", false),
            ("ü?", "[]", "üß", true),
            ("", "[]", "", true),
            ("", "[]", "a", false),
        ] {
            calls(
                ALL,
                &[("glob.match", &format!("[\"{pattern}\", {delimiters}, \"{text}\"]"), &wanted.to_string())],
            );
        }
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        for (pattern, wanted) in [
            ("[", "a list of characters is not closed"),
            ("[a", "a list of characters is not closed"),
            ("[a-", "a list of characters is not closed"),
            ("[]", "a list of characters is empty"),
            ("[a-cx]", "expected `]` behind a range of characters"),
            ("[c-a]", "a range of characters ends before it begins"),
        ] {
            fails(ALL, "glob.match", &format!("[\"{pattern}\", [], \"a\"]"), wanted);
        }
        let wanted = "operand 2 must be array of runes but got array containing string";
        fails(ALL, "glob.match", r#"["*", ["::"], "a:b"]"#, wanted);
    }

    #[test]
    fn patterns_are_quoted() {
        calls(
            ALL,
            &[(
                "glob.quote_meta",
                r#"["*.github.com[x]{y}?\\"]"#,
                r#""\\*.github.com\\[x\\]\\{y\\}\\?\\\\""#,
            )],
        );
    }

    #[test]
    fn no_pattern_takes_long() {
        let pattern = "*a".repeat(2000);
        exhausts(ALL, "glob.match", &format!("[\"{pattern}\", [], \"{}\"]", "a".repeat(20_000)));
        let pattern = "{a,".repeat(2000);
        calls(ALL, &[("glob.match", &format!("[\"{pattern}\", [], \"b\"]"), "false")]);
    }
}
