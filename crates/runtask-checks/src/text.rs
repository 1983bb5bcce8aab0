//! Texts of strangers made fit to show.

/// `text` with every character escaped that does not print: control characters, line breaks, and those that are
/// invisible or change the direction of what follows. Tabs are escaped too.
///
/// It is for reading, not for parsing back: a backslash stays as it is.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if prints(character) {
            shown.push(character);
        } else {
            shown.extend(character.escape_debug());
        }
    }
    shown
}

/// The lines of `text`, each printable; tabs stay, as code is indented with them.
pub(crate) fn printable_lines(text: &str) -> String {
    let line = |it: &str| it.split('\t').map(printable).collect::<Vec<_>>().join("\t");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// The standard library knows what prints, and shows it only through `escape_debug`.
fn prints(character: char) -> bool {
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    // A combining mark prints when something stands before it.
    ['x', character].iter().collect::<String>().escape_debug().eq(['x', character])
}

/// `text` as a Markdown code block whose fence no line of `text` can close.
#[must_use]
pub fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let text = text.strip_suffix('\n').unwrap_or(text);
    format!("{fence}{language}\n{text}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_does_not_print_is_escaped() {
        let shown = |it| printable(it);
        assert_eq!(shown("main.tf"), "main.tf");
        assert_eq!(shown("größe \"x\" '\\' u\u{308} 日本 🦀"), "größe \"x\" '\\' u\u{308} 日本 🦀");
        assert_eq!(shown("a\nb\r\t\0"), r"a\nb\r\t\0");
        assert_eq!(shown("\u{1b}[31m\u{9b}\u{7f}"), r"\u{1b}[31m\u{9b}\u{7f}");
        assert_eq!(
            shown("\u{202e}\u{200b}\u{feff}\u{2028}\u{2066}"),
            r"\u{202e}\u{200b}\u{feff}\u{2028}\u{2066}"
        );
        assert_eq!(printable_lines("a\t= 1\r\n\u{1b}b\n"), "a\t= 1\\r\n\\u{1b}b\n");
    }

    #[test]
    fn a_fence_outlasts_the_backticks_inside() {
        assert_eq!(fenced("diff", "+ ```\n"), "````diff\n+ ```\n````\n");
        assert_eq!(fenced("", "x"), "```\nx\n```\n");
    }

    proptest! {
        #[test]
        fn a_printable_text_has_no_control_character(text in any::<String>()) {
            let shown = printable(&text);
            prop_assert!(!shown.chars().any(char::is_control));
            prop_assert_eq!(printable(&shown), shown);
        }

        #[test]
        fn no_line_of_a_fenced_text_closes_the_fence(text in "(```|`````|\n|x| ){0,60}") {
            let block = fenced("diff", &text);
            let (first, rest) = block.split_once('\n').unwrap();
            let fence = first.strip_suffix("diff").unwrap();
            let inside = rest.strip_suffix(&format!("\n{fence}\n")).unwrap();
            prop_assert!(!inside.contains(fence));
        }
    }
}
