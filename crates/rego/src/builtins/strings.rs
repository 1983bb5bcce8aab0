//! Functions of texts. Positions and lengths are in characters.

use super::call::{Builtin, Context, Failure, error, take, wrong_type};
use crate::heap::{Value, View};
use crate::types::{ARRAY, STRINGS, Type};
use crate::writer::Writer;

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("concat", &[Type::String, SOME], Type::String, concat),
    Builtin::new("contains", TWO, Type::Boolean, |context, operands| {
        test(context, operands, |a, b| a.contains(b))
    }),
    Builtin::new("endswith", TWO, Type::Boolean, |context, operands| {
        test(context, operands, |a, b| a.ends_with(b))
    }),
    Builtin::new("indexof", TWO, Type::Number, index_of),
    Builtin::new("indexof_n", TWO, Type::Array(&Type::Number), index_of_n),
    Builtin::new("internal.template_string", &[ARRAY], Type::String, template_string),
    Builtin::new("lower", ONE, Type::String, |context, operands| map(context, operands, lower)),
    Builtin::new("replace", &[Type::String, Type::String, Type::String], Type::String, replace),
    Builtin::new("split", TWO, STRINGS, split),
    Builtin::new("startswith", TWO, Type::Boolean, |context, operands| {
        test(context, operands, |a, b| a.starts_with(b))
    }),
    Builtin::new("strings.any_prefix_match", &[ANY, ANY], Type::Boolean, any_prefix_match),
    Builtin::new("strings.any_suffix_match", &[ANY, ANY], Type::Boolean, any_suffix_match),
    Builtin::new("strings.count", TWO, Type::Number, count),
    Builtin::new("strings.replace_n", &[PAIRS, Type::String], Type::String, replace_n),
    Builtin::new("strings.reverse", ONE, Type::String, reverse),
    Builtin::new("substring", &[Type::String, Type::Number, Type::Number], Type::String, substring),
    Builtin::new("trim", TWO, Type::String, |context, operands| {
        trim(context, operands, |text, set| text.trim_matches(|it| set.contains(it)))
    }),
    Builtin::new("trim_left", TWO, Type::String, |context, operands| {
        trim(context, operands, |text, set| text.trim_start_matches(|it| set.contains(it)))
    }),
    Builtin::new("trim_prefix", TWO, Type::String, |context, operands| {
        trim(context, operands, |text, it| text.strip_prefix(it).unwrap_or(text))
    }),
    Builtin::new("trim_right", TWO, Type::String, |context, operands| {
        trim(context, operands, |text, set| text.trim_end_matches(|it| set.contains(it)))
    }),
    Builtin::new("trim_space", ONE, Type::String, trim_space),
    Builtin::new("trim_suffix", TWO, Type::String, |context, operands| {
        trim(context, operands, |text, it| text.strip_suffix(it).unwrap_or(text))
    }),
    Builtin::new("upper", ONE, Type::String, |context, operands| map(context, operands, upper)),
];

const ONE: &[Type] = &[Type::String];
const TWO: &[Type] = &[Type::String, Type::String];
const SOME: Type = Type::OneOf(&[Type::Set(&Type::String), STRINGS]);
const ANY: Type = Type::OneOf(&[Type::String, Type::Set(&Type::String), STRINGS]);
const PAIRS: Type = Type::Object(&Type::String, &Type::String);

fn test(
    context: &mut Context<'_>,
    operands: &[Value],
    holds: fn(&str, &str) -> bool,
) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    context.spend_for(operands)?;
    Ok(Value::bool(holds(context.text(a, 1)?, context.text(b, 2)?)))
}

fn map(context: &mut Context<'_>, operands: &[Value], mapped: fn(char) -> char) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(&[text, text, text, text])?;
    let before = context.text(text, 1)?;
    if before.chars().all(|it| mapped(it) == it) {
        return Ok(text);
    }
    let after: String = before.chars().map(mapped).collect();
    Ok(context.heap.string(&after)?)
}

/// The one letter that a letter is in lower case: what is a different number of letters stays as it is.
fn lower(it: char) -> char {
    let mut all = it.to_lowercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ if it == 'İ' => 'i',
        _ => it,
    }
}

/// The one letter that a letter is in upper case.
fn upper(it: char) -> char {
    let mut all = it.to_uppercase();
    let shifted = match (all.next(), all.next()) {
        (Some(one), None) => return one,
        _ => match it {
            // Greek letters with an iota below, which is a letter of its own only in the mapping of whole words.
            '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => u32::from(it) + 8,
            '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => u32::from(it) + 9,
            _ => return it,
        },
    };
    char::from_u32(shifted).unwrap_or(it)
}

fn trim(
    context: &mut Context<'_>,
    operands: &[Value],
    trimmed: for<'t> fn(&'t str, &str) -> &'t str,
) -> Result<Value, Failure> {
    let [text, what] = take(operands)?;
    context.spend_for(operands)?;
    let (before, what) = (context.text(text, 1)?, context.text(what, 2)?);
    let after = trimmed(before, what);
    // Each character at an end was looked up in the other text.
    let steps = (before.len() - after.len()) * what.len() / 64;
    if after.len() == before.len() {
        return Ok(text);
    }
    let after = after.to_owned();
    context.spend(steps as u64)?;
    Ok(context.heap.string(&after)?)
}

fn trim_space(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(operands)?;
    let before = context.text(text, 1)?;
    let after = before.trim();
    if after.len() == before.len() {
        return Ok(text);
    }
    let after = after.to_owned();
    Ok(context.heap.string(&after)?)
}

fn concat(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [separator, texts] = take(operands)?;
    context.spend_for(operands)?;
    let mut out = Writer::new(context.heap);
    let separator = context.text(separator, 1)?;
    for (index, text) in context.texts(texts, 2)?.into_iter().enumerate() {
        if index > 0 {
            out.push_str(separator)?;
        }
        out.push_str(text)?;
    }
    context.written(&out)
}

fn needle<'c>(context: &'c Context<'_>, value: Value) -> Result<&'c str, Failure> {
    let needle = context.text(value, 2)?;
    if needle.is_empty() { Err(error("empty search character")) } else { Ok(needle) }
}

fn index_of(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text, what] = take(operands)?;
    context.spend_for(operands)?;
    let (text, what) = (context.text(text, 1)?, needle(context, what)?);
    let before = text.split_once(what).map(|(before, _)| before.chars().count());
    match before {
        Some(it) => context.count(it),
        None => Ok(context.heap.integer(-1)?),
    }
}

/// All places, also those that overlap.
fn index_of_n(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text, what] = take(operands)?;
    context.spend_for(operands)?;
    let steps = *context.steps;
    let (text, what) = (context.text(text, 1)?, needle(context, what)?);
    let each = what.len() as u64 / 64 + 1;
    let mut places = Vec::new();
    let (mut rest, mut passed) = (text, 0);
    while let Some((before, _)) = rest.split_once(what) {
        passed += before.chars().count();
        places.push(passed);
        passed += 1;
        rest = rest.get(before.len()..).unwrap_or_default();
        rest = rest.get(rest.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default();
        if places.len() as u64 * each > steps {
            return Err(Failure::OutOfSteps);
        }
    }
    context.spend(places.len() as u64 * each)?;
    let places: Vec<Value> = places.into_iter().map(|it| context.count(it)).collect::<Result<_, _>>()?;
    Ok(context.heap.array(&places)?)
}

fn count(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text, what] = take(operands)?;
    context.spend_for(operands)?;
    let count = context.text(text, 1)?.matches(context.text(what, 2)?).count();
    context.count(count)
}

fn substring(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text, offset, length] = take(operands)?;
    context.spend_for(operands)?;
    let (offset, length) = (context.integer(offset, 2)?, context.integer(length, 3)?);
    let offset = usize::try_from(offset).ok().ok_or_else(|| error("negative offset"))?;
    // A negative length is all that is left.
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let rest = context.text(text, 1)?;
    let start = rest.char_indices().nth(offset).map_or(rest.len(), |(start, _)| start);
    let rest = rest.get(start..).unwrap_or_default();
    let end = rest.char_indices().nth(length).map_or(rest.len(), |(end, _)| end);
    let part = rest.get(..end).unwrap_or_default().to_owned();
    Ok(context.heap.string(&part)?)
}

fn reverse(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(operands)?;
    let reversed: String = context.text(text, 1)?.chars().rev().collect();
    Ok(context.heap.string(&reversed)?)
}

/// Without a separator into its characters.
fn split(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text, separator] = take(operands)?;
    context.spend_for(operands)?;
    let (text, separator) = (context.text(text, 1)?, context.text(separator, 2)?);
    let parts: Vec<String> = if separator.is_empty() {
        text.chars().map(String::from).collect()
    } else {
        text.split(separator).map(str::to_owned).collect()
    };
    context.spend(parts.len() as u64)?;
    strings(context, &parts)
}

/// An array of these texts.
pub(crate) fn strings(context: &mut Context<'_>, texts: &[impl AsRef<str>]) -> Result<Value, Failure> {
    let items = texts.iter().map(|it| context.heap.string(it.as_ref())).collect::<Result<Vec<Value>, _>>()?;
    Ok(context.heap.array(&items)?)
}

fn replace(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text, old, new] = take(operands)?;
    context.spend_for(operands)?;
    let mut out = Writer::new(context.heap);
    let (before, old, new) = (context.text(text, 1)?, context.text(old, 2)?, context.text(new, 3)?);
    let mut end = 0;
    for (start, found) in before.match_indices(old) {
        out.push_str(before.get(end..start).unwrap_or_default())?;
        out.push_str(new)?;
        end = start + found.len();
    }
    out.push_str(before.get(end..).unwrap_or_default())?;
    if out.as_str() == before { Ok(text) } else { context.written(&out) }
}

/// Replaces many texts in one pass. Of those that stand at one place the first one in order is taken.
fn replace_n(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [pairs, text] = take(operands)?;
    context.spend_for(operands)?;
    let mut out = Writer::new(context.heap);
    let mut steps = *context.steps;
    let mut replacements = Vec::new();
    for [old, new] in context.object(pairs, 1)? {
        let (View::String(old), View::String(new)) = (context.heap.view(*old), context.heap.view(*new))
        else {
            return Err(error("operand 1 must be an object of texts"));
        };
        replacements.push((old, new));
    }
    let mut rest = context.text(text, 2)?;
    let mut after_empty = false;
    loop {
        steps = steps.checked_sub(replacements.len() as u64 / 8 + 1).ok_or(Failure::OutOfSteps)?;
        let fits = |(old, _): &&(&str, &str)| rest.starts_with(old) && !(old.is_empty() && after_empty);
        if let Some((old, new)) = replacements.iter().find(fits) {
            out.push_str(new)?;
            rest = rest.get(old.len()..).unwrap_or_default();
            after_empty = old.is_empty();
            continue;
        }
        after_empty = false;
        let Some(it) = rest.chars().next() else { break };
        out.push(it)?;
        rest = rest.get(it.len_utf8()..).unwrap_or_default();
    }
    *context.steps = steps;
    context.written(&out)
}

/// The parts of a text with expressions in it, one after the other. An expression is a set of its one value, or of none.
fn template_string(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [parts] = take(operands)?;
    context.spend_for(operands)?;
    let mut out = Writer::new(context.heap);
    for part in context.array(parts, 1)? {
        match context.heap.view(*part) {
            View::Set([]) => out.push_str("<undefined>")?,
            View::Set([value]) => context.printed(*value, &mut out)?,
            View::Set(_) => return Err(error("template-strings must not produce multiple outputs")),
            _ => context.printed(*part, &mut out)?,
        }
    }
    context.written(&out)
}

fn any_prefix_match(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    any_match(context, operands, |it| it.as_bytes().to_vec())
}

fn any_suffix_match(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    any_match(context, operands, |it| it.bytes().rev().collect())
}

fn any_match(
    context: &mut Context<'_>,
    operands: &[Value],
    bytes: fn(&str) -> Vec<u8>,
) -> Result<Value, Failure> {
    let [searched, bases] = take(operands)?;
    context.spend_for(operands)?;
    let mut searched: Vec<Vec<u8>> = one_or_many(context, searched, 1)?.into_iter().map(bytes).collect();
    let bases: Vec<Vec<u8>> = one_or_many(context, bases, 2)?.into_iter().map(bytes).collect();
    context.spend((searched.len() + bases.len()) as u64)?;
    searched.sort_unstable();
    // What begins with a text comes right at its place in order.
    let found = bases.iter().any(|base| {
        let place = searched.partition_point(|it| it < base);
        searched.get(place).is_some_and(|it| it.starts_with(base))
    });
    Ok(Value::bool(found))
}

fn one_or_many<'c>(context: &'c Context<'_>, value: Value, position: u8) -> Result<Vec<&'c str>, Failure> {
    match context.heap.view(value) {
        View::String(it) => Ok(vec![it]),
        View::Array(_) | View::Set(_) => context.texts(value, position),
        other => Err(wrong_type(position, "one of {string, set, array}", other)),
    }
}
