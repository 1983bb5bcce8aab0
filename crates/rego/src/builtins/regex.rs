//! Regular expressions.

use super::call::{Builtin, Cache, Context, Failure, Pattern, error, take};
use super::strings::strings;
use crate::heap::Value;
use crate::pattern;
use crate::types::{STRINGS, Type};
use crate::writer::Writer;
use regex_automata::meta::{Config, Regex};
use regex_automata::util::captures::Captures;
use std::sync::Arc;

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("re_match", TWO, Type::Boolean, matches),
    Builtin::new(
        "regex.find_all_string_submatch_n",
        THREE,
        Type::Array(&STRINGS),
        find_all_string_submatch_n,
    ),
    Builtin::new("regex.find_n", THREE, STRINGS, find_n),
    Builtin::new("regex.is_valid", &[Type::String], Type::Boolean, is_valid),
    Builtin::new("regex.match", TWO, Type::Boolean, matches),
    Builtin::new("regex.replace", &[Type::String, Type::String, Type::String], Type::String, replace),
    Builtin::new("regex.split", TWO, STRINGS, split),
    Builtin::new(
        "regex.template_match",
        &[Type::String, Type::String, Type::String, Type::String],
        Type::Boolean,
        template_match,
    ),
];

const TWO: &[Type] = &[Type::String, Type::String];
const THREE: &[Type] = &[Type::String, Type::String, Type::Number];

/// What one expression may take when it is compiled.
const MAX_BYTES: usize = 32 << 20;

/// What all that are kept may take.
const MAX_KEPT_BYTES: usize = 64 << 20;

/// Compiles an expression, or takes it from those that were compiled before.
pub(super) fn compiled(
    context: &mut Context<'_>,
    pattern: Value,
    position: u8,
) -> Result<Arc<Pattern>, Failure> {
    let text = context.text(pattern, position)?;
    if let Some(it) = context.cache.patterns.get(text) {
        return it.clone().ok_or_else(too_large);
    }
    let text = text.to_owned();
    compile(context, &text)
}

fn compile(context: &mut Context<'_>, pattern: &str) -> Result<Arc<Pattern>, Failure> {
    if let Some(it) = context.cache.patterns.get(pattern) {
        return it.clone().ok_or_else(too_large);
    }
    let read = pattern::read(pattern).map_err(|it| error(it.to_string()))?;
    let config = Config::new().nfa_size_limit(Some(MAX_BYTES)).utf8_empty(true);
    // It is well written, so nothing but its size can be wrong.
    let regex = Regex::builder().configure(config).build_from_hir(&read.hir).ok();
    let bytes = regex.as_ref().map_or(0, Regex::memory_usage) + pattern.len() + size_of::<Pattern>();
    let compiled = regex.map(|regex| Arc::new(Pattern { regex, names: read.names }));
    let Cache { patterns, pattern_bytes } = &mut context.cache;
    if *pattern_bytes + bytes > MAX_KEPT_BYTES {
        patterns.clear();
        *pattern_bytes = 0;
    }
    *pattern_bytes += bytes;
    patterns.insert(pattern.to_owned(), compiled.clone());
    let built = if compiled.is_some() { bytes } else { MAX_BYTES };
    context.spend(100 + built as u64 / 16)?;
    compiled.ok_or_else(too_large)
}

fn too_large() -> Failure {
    error("error parsing regexp: expression too large")
}

/// Takes steps for going through a text with an expression.
pub(super) fn spend_for(context: &mut Context<'_>, regex: &Regex, text: Value) -> Result<(), Failure> {
    let length = context.text(text, 2).map_or(0, str::len) as u64;
    context.spend((length / 16 + 1) * (1 + regex.memory_usage() as u64 / (256 << 10)))
}

fn is_valid(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [pattern] = take(operands)?;
    context.spend_for(&[pattern; 8])?;
    Ok(Value::bool(context.text(pattern, 1).is_ok_and(|it| pattern::read(it).is_ok())))
}

fn matches(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [pattern, text] = take(operands)?;
    context.text(text, 2)?;
    let pattern = compiled(context, pattern, 1)?;
    let regex = &pattern.regex;
    spend_for(context, regex, text)?;
    Ok(Value::bool(regex.is_match(context.text(text, 2)?)))
}

/// As many as are asked for; all, when that is less than none.
fn limit(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn find_n(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [pattern, text, number] = take(operands)?;
    let number = limit(context.integer(number, 3)?);
    context.text(text, 2)?;
    let pattern = compiled(context, pattern, 1)?;
    let regex = &pattern.regex;
    spend_for(context, regex, text)?;
    let text = context.text(text, 2)?.to_owned();
    let mut found = Vec::new();
    for part in regex.find_iter(&text).take(number) {
        context.spend(1)?;
        found.push(text.get(part.range()).unwrap_or_default());
    }
    strings(context, &found)
}

fn find_all_string_submatch_n(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [pattern, text, number] = take(operands)?;
    let number = limit(context.integer(number, 3)?);
    context.text(text, 2)?;
    let pattern = compiled(context, pattern, 1)?;
    let regex = &pattern.regex;
    spend_for(context, regex, text)?;
    let text = context.text(text, 2)?.to_owned();
    let mut found = Vec::new();
    for captures in regex.captures_iter(&text).take(number) {
        context.spend(4 + captures.group_len() as u64)?;
        let groups = (0..captures.group_len()).map(|it| group(&captures, it, &text).to_owned());
        found.push(strings(context, &groups.collect::<Vec<_>>())?);
    }
    Ok(context.heap.array(&found)?)
}

/// What a group holds: nothing, where it took no part.
fn group<'t>(captures: &Captures, index: usize, text: &'t str) -> &'t str {
    captures.get_group(index).and_then(|it| text.get(it.range())).unwrap_or_default()
}

fn split(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [pattern, text] = take(operands)?;
    context.text(text, 2)?;
    let has_pattern = !context.text(pattern, 1)?.is_empty();
    let pattern = compiled(context, pattern, 1)?;
    let regex = &pattern.regex;
    spend_for(context, regex, text)?;
    let text = context.text(text, 2)?.to_owned();
    let mut parts = Vec::new();
    if has_pattern && text.is_empty() {
        parts.push("");
    } else {
        let (mut begin, mut end) = (0, 0);
        for found in regex.find_iter(&text) {
            context.spend(1)?;
            end = found.start();
            // Nothing is split off before an empty match at the beginning.
            if found.end() != 0 {
                parts.push(text.get(begin..end).unwrap_or_default());
            }
            begin = found.end();
        }
        if end != text.len() {
            parts.push(text.get(begin..).unwrap_or_default());
        }
    }
    strings(context, &parts)
}

fn replace(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text, pattern, replacement] = take(operands)?;
    context.text(text, 1)?;
    context.text(replacement, 3)?;
    let pattern = compiled(context, pattern, 2)?;
    let regex = &pattern.regex;
    spend_for(context, regex, text)?;
    let mut out = Writer::new(context.heap);
    let mut steps = *context.steps;
    let (before, replacement) = (context.text(text, 1)?, context.text(replacement, 3)?);
    let mut end = 0;
    for captures in regex.captures_iter(before) {
        let Some(found) = captures.get_match() else { continue };
        steps = steps.checked_sub(4 + replacement.len() as u64 / 16).ok_or(Failure::OutOfSteps)?;
        if context.is_stopped() {
            return Err(Failure::OutOfSteps);
        }
        out.push_str(before.get(end..found.start()).unwrap_or_default())?;
        expand(replacement, &pattern, &captures, before, &mut out)?;
        end = found.end();
    }
    out.push_str(before.get(end..).unwrap_or_default())?;
    let unchanged = out.as_str() == before;
    *context.steps = steps;
    if unchanged { Ok(text) } else { context.written(&out) }
}

/// Writes a replacement, with groups for `$1`, `$name` and `${name}`, and a dollar for `$$`.
fn expand(
    replacement: &str,
    pattern: &Pattern,
    captures: &Captures,
    text: &str,
    out: &mut Writer,
) -> Result<(), Failure> {
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before)?;
        if let Some(after) = after.strip_prefix('$') {
            out.push('$')?;
            rest = after;
            continue;
        }
        let (braced, inner) = match after.strip_prefix('{') {
            Some(inner) => (true, inner),
            None => (false, after),
        };
        let length = inner.find(|it: char| !(it.is_alphanumeric() || it == '_')).unwrap_or(inner.len());
        let (name, behind) = inner.split_at(length);
        let behind = if braced { behind.strip_prefix('}') } else { Some(behind) };
        let (false, Some(behind)) = (name.is_empty(), behind) else {
            out.push('$')?;
            rest = after;
            continue;
        };
        rest = behind;
        if name.bytes().all(|it| it.is_ascii_digit()) && (name == "0" || !name.starts_with('0')) {
            if let Ok(index) = name.parse() {
                out.push_str(group(captures, index, text))?;
            }
            continue;
        }
        // Of groups with the same name the first that took part.
        let named = pattern.names.iter().enumerate().filter(|(_, it)| it.as_deref() == Some(name));
        if let Some(found) = named.filter_map(|(index, _)| captures.get_group(index)).next() {
            out.push_str(text.get(found.range()).unwrap_or_default())?;
        }
    }
    Ok(out.push_str(rest)?)
}

/// A text with expressions between two marks.
fn template_match(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [template, text, start, end] = take(operands)?;
    context.spend_for(operands)?;
    context.text(text, 2)?;
    let mark = |value, position| match context.text(value, position)?.as_bytes() {
        [one] => Ok(*one),
        _ => Err(error(format!("operand {position} has to be exactly one character"))),
    };
    let (start, end) = (mark(start, 3)?, mark(end, 4)?);
    let mut pattern = "^".to_owned();
    let mut rest = context.text(template, 1)?;
    let (mut level, mut from) = (0_usize, 0);
    let mut position = 0;
    while let Some(byte) = rest.as_bytes().get(position).copied() {
        position += 1;
        // One mark for both opens first.
        if byte == start {
            level += 1;
            if level == 1 {
                from = position;
            }
        } else if byte == end {
            level = level.checked_sub(1).ok_or_else(|| error("unbalanced delimiters"))?;
            if level == 0 {
                let inner = rest.get(from..position - 1).unwrap_or_default();
                pattern::read(inner).map_err(|it| error(it.to_string()))?;
                quote_meta(rest.get(..from - 1).unwrap_or_default(), &mut pattern);
                pattern.push_str(&format!("({inner})"));
                rest = rest.get(position..).unwrap_or_default();
                position = 0;
            }
        }
    }
    if level != 0 {
        return Err(error("unbalanced delimiters"));
    }
    quote_meta(rest, &mut pattern);
    pattern.push('$');
    let compiled = compile(context, &pattern)?;
    spend_for(context, &compiled.regex, text)?;
    Ok(Value::bool(compiled.regex.is_match(context.text(text, 2)?)))
}

fn quote_meta(text: &str, pattern: &mut String) {
    for it in text.chars() {
        if r"\.+*?()|[]{}^$".contains(it) {
            pattern.push('\\');
        }
        pattern.push(it);
    }
}
