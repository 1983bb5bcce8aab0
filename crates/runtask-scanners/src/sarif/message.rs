//! Makes the text of a message.

use super::document::{Message, Strings};
use super::rules::Named;
use crate::lenient::{Object, Text};
use crate::scan::MAX_TEXT;
use runtask_findings::shortened;

/// The text of a message; empty where it has none.
///
/// Placeholders are filled in where there is something to fill in, or where the text was looked up (3.11.5). Some tools
/// write braces and mean them.
pub(super) fn text(message: &Message<'_>, rule: Option<&Named<'_, '_>>) -> String {
    let arguments = message.arguments.0.as_slice();
    let text = match (message.text.get(), message.id.get()) {
        (Some(text), _) if arguments.is_empty() => shortened(text, MAX_TEXT),
        (Some(text), _) => filled_in(text, arguments),
        (None, Some(id)) => filled_in(looked_up(id, rule).unwrap_or_default(), arguments),
        (None, None) => String::new(),
    };
    without_links(&text)
}

/// The text of this name: the rule's, or else of the part of the tool that has the rule.
fn looked_up<'r>(id: &str, rule: Option<&'r Named<'_, '_>>) -> Option<&'r str> {
    let named = rule?;
    let of_rule = named.rule.and_then(|it| text_called(&it.message_strings, id));
    of_rule.or_else(|| text_called(&named.component?.global_message_strings, id))
}

fn text_called<'r>(strings: &'r Object<Strings<'_>>, id: &str) -> Option<&'r str> {
    strings.get()?.get(id)?.get()?.text.get()
}

/// `{0}` is the first argument, `{{` a brace.
fn filled_in(text: &str, arguments: &[Text<'_>]) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']).filter(|_| filled.len() <= 4 * MAX_TEXT) {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        let number = from.strip_prefix('{').and_then(|it| it.split_once('}'));
        let argument =
            number.and_then(|(number, rest)| Some((arguments.get(number.parse::<usize>().ok()?)?, rest)));
        rest = if let Some((argument, rest)) = argument {
            filled.push_str(&shortened(argument.get().unwrap_or_default(), MAX_TEXT));
            rest
        } else {
            filled.push_str(from.get(..1).unwrap_or_default());
            let doubled = from.starts_with("{{") || from.starts_with("}}");
            from.get(if doubled { 2 } else { 1 }..).unwrap_or_default()
        };
    }
    filled.push_str(rest);
    shortened(&filled, MAX_TEXT)
}

/// `[text](target)` is its text, where the target is one that SARIF knows: a place of the result, or an address (3.11.6).
fn without_links(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        match link(from) {
            Some((label, after)) => {
                plain.push_str(label);
                rest = after;
            }
            None => {
                plain.push('[');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// Characters of a link.
const MAX_LINK: usize = 2_000;

/// The text of the link that begins here, and what follows it.
fn link(from: &str) -> Option<(&str, &str)> {
    // Bounded, or a text of brackets alone would be searched to its end for each.
    let near = from.get(..from.floor_char_boundary(MAX_LINK))?;
    let end = near.find(']')?;
    let label = from.get(1..end)?;
    let target = near.get(end + 1..)?.strip_prefix('(')?;
    let length = target.find(')')?;
    let target = target.get(..length)?;
    let is_number = !target.is_empty() && target.bytes().all(|it| it.is_ascii_digit());
    (is_number || target.contains("://")).then_some((label, from.get(end + 1 + 1 + length + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &str) {
        let message: Message<'_> = serde_json::from_str(json).unwrap();
        assert_eq!(text(&message, None), expected);
    }

    #[test]
    fn placeholders_are_filled_in_where_something_is_there_to_fill_in() {
        check(r#"{"text": "a[{{ssh}}].{0}"}"#, "a[{{ssh}}].{0}");
        check(
            r#"{"text": "{0} and {1}, {{literal}} } {2} {x}", "arguments": ["a", "{1}"]}"#,
            "a and {1}, {literal} } {2} {x}",
        );
        check(r#"{"text": "é{0}é{", "arguments": ["x"]}"#, "éxé{");
        check(r#"{"id": "nowhere"}"#, "");
        check("{}", "");
        let long =
            format!(r#"{{"text": "{}", "arguments": ["{}"]}}"#, "{0}".repeat(100_000), "x".repeat(100_000));
        let message: Message<'_> = serde_json::from_str(&long).unwrap();
        assert_eq!(text(&message, None).chars().count(), MAX_TEXT + 1);
    }

    #[test]
    fn a_link_is_its_text() {
        check(
            r#"{"text": "[here](0), [there](https://example.com/a) and a[0], [x](y), [z], ["}"#,
            "here, there and a[0], [x](y), [z], [",
        );
    }
}
