//! Holds single values against what a schema says of numbers, of texts, and of all values.

use super::canonical;
use super::fault::Kind;
use super::formats;
use super::node::{NodeId, Rules};
use crate::builtins::call::{Context, Failure};
use crate::builtins::regex;
use crate::heap::{Value, View};
use crate::number::Number;
use crate::writer::Writer;
use num_bigint::BigUint;
use std::collections::HashMap;

/// What a value does not keep.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) kinds: Vec<Kind>,
    pub(super) score: i64,
    /// Whether more depends on what is unknown in it.
    pub(super) is_open: bool,
}

/// What a value, which is no unknown, does not keep of what is said of it alone.
pub(super) fn faults(
    context: &mut Context<'_>,
    node: NodeId,
    rules: &Rules,
    value: Value,
) -> Result<Found, Failure> {
    // OPA counts one for the keywords that combine schemas, and one for those of all values.
    let mut found = Found { score: 2, ..Found::default() };
    if let View::Number(number) = context.heap.view(value) {
        found.score += 1;
        let bounds = [
            rules.multiple_of,
            rules.maximum,
            rules.exclusive_maximum,
            rules.minimum,
            rules.exclusive_minimum,
        ];
        let digits = bounds.into_iter().flatten().map(|it| as_number(context, it).digits());
        let digits = number.digits() + digits.sum::<u64>();
        let multiple = rules.multiple_of.filter(|it| !is_multiple(number, as_number(context, *it)));
        found.kinds.extend(multiple.map(Kind::MultipleOf));
        let compared = |bound: &Value| number.compare(as_number(context, *bound));
        found.kinds.extend(rules.maximum.filter(|it| compared(it).is_gt()).map(Kind::AtMost));
        found.kinds.extend(rules.exclusive_maximum.filter(|it| compared(it).is_ge()).map(Kind::LessThan));
        found.kinds.extend(rules.minimum.filter(|it| compared(it).is_lt()).map(Kind::AtLeast));
        found.kinds.extend(rules.exclusive_minimum.filter(|it| compared(it).is_le()).map(Kind::MoreThan));
        context.spend(digits + digits * digits / 4096)?;
    }
    of_any(context, node, rules, value, &mut found)?;
    if matches!(context.heap.view(value), View::String(_)) {
        found.score += 1;
        of_text(context, rules, value, &mut found)?;
    }
    Ok(found)
}

fn of_any(
    context: &mut Context<'_>,
    node: NodeId,
    rules: &Rules,
    value: Value,
    found: &mut Found,
) -> Result<(), Failure> {
    if rules.constant.is_some() || rules.values.is_some() {
        if value.has_unknown() {
            found.is_open = true;
        } else {
            let written = written(context, value)?;
            if rules.constant.as_ref().is_some_and(|it| *it != written) {
                found.kinds.push(Kind::Const(node));
            }
            if let Some(values) = &rules.values {
                let alike = values.iter().filter(|it| it.len() == written.len()).count();
                context.spend((values.len() / 16 + alike * (written.len() / 128)) as u64)?;
                if !values.contains(&written) {
                    found.kinds.push(Kind::Enum(node));
                }
            }
        }
    }
    if let Some(format) = rules.format
        && let View::String(text) = context.heap.view(value)
    {
        let steps = 1 + text.len() as u64 / 4;
        if !formats::is(context.text(format, 2)?, text) {
            found.kinds.push(Kind::Format(format));
        }
        context.spend(steps)?;
    }
    Ok(())
}

fn of_text(context: &mut Context<'_>, rules: &Rules, value: Value, found: &mut Found) -> Result<(), Failure> {
    if rules.min_length.is_some() || rules.max_length.is_some() {
        let text = context.text(value, 1)?;
        let steps = text.len() as u64 / 128;
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        found.kinds.extend(rules.min_length.filter(|it| length < *it).map(Kind::MinLength));
        found.kinds.extend(rules.max_length.filter(|it| length > *it).map(Kind::MaxLength));
        context.spend(steps)?;
    }
    if let Some((text, pattern)) = &rules.pattern {
        regex::spend_for(context, &pattern.regex, value)?;
        if !pattern.regex.is_match(context.text(value, 1)?) {
            found.kinds.push(Kind::Pattern(*text));
        }
    }
    Ok(())
}

/// The items of an array that are there twice. Of each the last one before it is told, as OPA tells it.
pub(super) fn twice(context: &mut Context<'_>, array: Value) -> Result<Found, Failure> {
    let mut found = Found::default();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let items = context.items(array, 1)?.to_vec();
    let is_single = items.len() < 2;
    for (index, item) in items.into_iter().enumerate() {
        if item.has_unknown() {
            found.is_open |= !is_single;
            continue;
        }
        if let Some(before) = seen.insert(written(context, item)?, index) {
            found.kinds.push(Kind::Unique(before, index));
        }
    }
    Ok(found)
}

/// A value as it is compared.
fn written(context: &mut Context<'_>, value: Value) -> Result<String, Failure> {
    let mut out = Writer::new(context.heap);
    canonical::write(context.heap, value, &mut out)?;
    context.spend(1 + out.as_str().len() as u64 / 16)?;
    Ok(out.as_str().to_owned())
}

fn as_number<'h>(context: &'h Context<'_>, value: Value) -> Number<'h> {
    match context.heap.view(value) {
        View::Number(it) => it,
        _ => Number::Integer(0),
    }
}

/// Whether a number has nothing behind the point: `2.0` has not.
pub(super) fn is_whole(number: Number<'_>) -> bool {
    number.is_plain() || number.parts().is_ok_and(|(_, _, exponent)| exponent >= 0)
}

/// Whether one number is a whole multiple of another one, exactly; also where there are too many digits to say.
fn is_multiple(number: Number<'_>, of: Number<'_>) -> bool {
    let (Ok((_, digits, exponent)), Ok((_, divisor, divisor_exponent))) = (number.parts(), of.parts()) else {
        return true;
    };
    let least = exponent.min(divisor_exponent);
    let whole = |digits: BigUint, exponent: i64| {
        digits * BigUint::from(10_u8).pow(u32::try_from(exponent - least).unwrap_or_default())
    };
    let divisor = whole(divisor, divisor_exponent);
    divisor != BigUint::ZERO && whole(digits, exponent) % divisor == BigUint::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiples_are_exact() {
        let number = Number::Text;
        for (a, b, wanted) in [
            ("0.3", "0.1", true),
            ("0.35", "0.1", false),
            ("7.5", "2.5", true),
            ("1e20", "0.01", true),
            ("-6", "4", false),
            ("-6", "3", true),
            ("0", "7", true),
            ("12345678901234567890123", "1e3", false),
        ] {
            assert_eq!(is_multiple(number(a), number(b)), wanted, "{a} {b}");
        }
        for (text, wanted) in [("1", true), ("1.0", true), ("1e30", true), ("1.5", false), ("1e-1", false)] {
            assert_eq!(is_whole(number(text)), wanted, "{text}");
        }
    }
}
