//! Texts of strangers made fit to show: on one line, in a code block, in the middle of Markdown.
//!
//! Nothing here parses Markdown; each function makes a text that every parser reads alike.

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
#[must_use]
pub fn printable_lines(text: &str) -> String {
    let line = |it: &str| it.split('\t').map(printable).collect::<Vec<_>>().join("\t");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Whether a character prints. The standard library knows it, and shows it only through `escape_debug`.
#[must_use]
pub fn prints(character: char) -> bool {
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

/// `text`, printable, as Markdown that shows it and does nothing else: no emphasis, link, image, HTML, list, heading or
/// table cell begins or ends in it, wherever on a line it stands.
///
/// GitHub and GitLab look for mentions, references and bare addresses of the Web in what Markdown has become, where no
/// escape is left; only code is exempt. So a word that could notify somebody or lead somewhere (`@team`, `#12`,
/// `https://…`, `www.…`) becomes inline code, and the rest stays plain.
#[must_use]
pub fn markdown_escaped(text: &str) -> String {
    let text = printable(text);
    let mut escaped = String::with_capacity(text.len());
    // Spaces at either end would be dropped, and four at the start would be a code block.
    let inner = text.trim_matches(' ');
    let (before, after) = if inner.is_empty() {
        (text.len(), 0)
    } else {
        (text.len() - text.trim_start_matches(' ').len(), text.len() - text.trim_end_matches(' ').len())
    };
    escaped.push_str(&SPACE.repeat(before));
    for (number, word) in inner.split(' ').enumerate() {
        if number > 0 {
            escaped.push(' ');
        }
        if leads_somewhere(word) {
            escaped.push_str(&code_span(word));
        } else {
            escape_word(word, number == 0, &mut escaped);
        }
    }
    escaped.push_str(&SPACE.repeat(after));
    escaped
}

/// `text`, printable, as inline code in Markdown; nothing for an empty text.
///
/// Inline code knows no escape for `|`, and where a table cell ends it must not stand: it is put between two pieces of
/// code.
#[must_use]
pub fn code_span(text: &str) -> String {
    let text = printable(text);
    text.split('|').map(code_without_pipes).collect::<Vec<_>>().join(PIPE)
}

const SPACE: &str = "&#32;";
const PIPE: &str = "&#124;";

fn code_without_pipes(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest + 1);
    // One space on each side is taken off again, unless there is nothing but spaces.
    let ends = |it| text.starts_with(it) && text.ends_with(it);
    let stripped = ends(' ') && !text.trim_matches(' ').is_empty();
    let pad = if text.starts_with('`') || text.ends_with('`') || stripped { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// Whether GitHub or GitLab would make a mention, a reference or a link of `word`.
fn leads_somewhere(word: &str) -> bool {
    let reference = word.split('#').skip(1).any(|it| it.starts_with(|c: char| c.is_ascii_digit()));
    let address = || {
        let word = word.to_ascii_lowercase();
        word.contains("://") || word.contains("www.")
    };
    reference || word.contains('@') || address()
}

/// Escapes one word; at the start of a line some characters mean more than elsewhere.
fn escape_word(word: &str, first: bool, escaped: &mut String) {
    let digits = word.find(|it: char| !it.is_ascii_digit());
    let mut before = ' ';
    let mut characters = word.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let after = characters.peek().map_or(' ', |it| it.1);
        let starts = first && at == 0;
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '|' => escaped.push_str(PIPE),
            '\\' | '`' | '*' | '[' | ']' | '~' | '$' | '^' => escaped.extend(['\\', character]),
            // Inside a name it is plain, and names of resources are full of it.
            '_' if before.is_ascii_alphanumeric() && after.is_ascii_alphanumeric() => escaped.push('_'),
            '_' => escaped.push_str("\\_"),
            '#' | '>' | '+' | '-' | '=' | ':' if starts => escaped.extend(['\\', character]),
            // `1.` and `1)` begin a list.
            '.' | ')' if first && digits == Some(at) => escaped.extend(['\\', character]),
            _ => escaped.push(character),
        }
        before = character;
    }
}

/// `text`, or so many characters of it and an ellipsis.
#[must_use]
pub fn shortened(text: &str, characters: usize) -> String {
    // No character has less than a byte.
    if text.len() <= characters {
        return text.to_owned();
    }
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Such as `1 error` or `2 errors`.
#[must_use]
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    /// The text that Markdown shows, and which of it is code; fails where Markdown does anything but show text.
    fn shown_by(markdown: &str, options: Options) -> String {
        let mut text = String::new();
        for event in Parser::new_ext(markdown, options) {
            match event {
                Event::Text(it) | Event::Code(it) => text.push_str(&it),
                Event::SoftBreak => text.push('\n'),
                Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
                other => panic!("{other:?} in {markdown:?}"),
            }
        }
        text
    }

    /// Everything that the parser knows and that does not change plain text by intent, as curly quotes do.
    fn every_extension() -> Options {
        Options::all() - Options::ENABLE_SMART_PUNCTUATION
    }

    /// The texts of the cells of a table with one row of `cells`.
    fn cells_of(cells: &[&str]) -> Vec<String> {
        let row = |it: &[&str]| format!("| {} |\n", it.join(" | "));
        let table = format!("{}{}{}", row(cells), row(&vec!["---"; cells.len()]), row(cells));
        let mut texts = Vec::new();
        for event in Parser::new_ext(&table, every_extension()) {
            match event {
                Event::Start(Tag::TableCell) => texts.push(String::new()),
                Event::Text(it) | Event::Code(it) => texts.last_mut().unwrap().push_str(&it),
                Event::Start(Tag::Table(_) | Tag::TableHead | Tag::TableRow) | Event::End(_) => {}
                other => panic!("{other:?} in {table:?}"),
            }
        }
        texts
    }

    /// Alone, in the middle of a line, on a line between others, and in a table, `text` is what it shows.
    fn check(text: &str) {
        let expected = printable(text);
        for shown in [markdown_escaped(text), code_span(text)] {
            assert_eq!(shown.is_empty(), expected.is_empty());
            let places = [("", ""), ("before ", " after"), ("before\n", "\nafter")];
            for (before, after) in places.into_iter().filter(|_| !expected.is_empty()) {
                for options in [Options::empty(), every_extension()] {
                    let text = shown_by(&format!("{before}{shown}{after}"), options);
                    assert_eq!(text, format!("{before}{expected}{after}"), "{shown}");
                }
            }
            assert_eq!(cells_of(&["a", &shown, "b"]), ["a", &expected, "b"].repeat(2), "{shown}");
        }
    }

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

    #[test]
    fn a_strangers_text_is_only_text() {
        let texts = [
            "",
            "plain words, with 50% & more.",
            "module.a.aws_s3_bucket.site[\"x\"]",
            "*a* _b_ __c__ ~~d~~ `e` ![f](g) [h]: i",
            "# a",
            "1. a",
            "1) a",
            "- a",
            "--- | ---",
            ":---",
            "===",
            "> a",
            "    code",
            "</details><!-- <script>alert(1)</script> &lt; &copy;",
            "a | b \\| c \\",
            "` `` ``` |`|",
            " a ",
            "   ",
            "$x$ ^y^ {z} ||w|| =v=",
            "[^1] [x] [ ] <https://a> <a@b.c>",
            "\u{1b}[31m\u{202e}\r\n::error::x",
        ];
        for text in texts {
            check(text);
        }
    }

    #[test]
    fn only_what_would_act_is_escaped() {
        let text = "Public S3 bucket: module.a.aws_s3_bucket.site[\"x\"] (acl = public-read), 1 < 2 - 3";
        insta::assert_snapshot!(markdown_escaped(text), @r#"Public S3 bucket: module.a.aws_s3_bucket.site\["x"\] (acl = public-read), 1 &lt; 2 - 3"#);
        insta::assert_snapshot!(markdown_escaped("- ask @acme/platform or see https://example.com/#1, A&B | C"), @r"\- ask `@acme/platform` or see `https://example.com/#1,` A&amp;B &#124; C");
        insta::assert_snapshot!(code_span("a|b`c"), @"`a`&#124;``b`c``");
    }

    /// What GitHub and GitLab look for after Markdown was parsed is in code, where they do not.
    #[test]
    fn a_word_that_leads_somewhere_is_code() {
        for word in
            ["@team", "a@example.com", "acme/net#12", "#1", "https://a.b", "HTTP://a", "www.a.b", "WWW.a.b"]
        {
            let markdown = markdown_escaped(&format!("see {word} now"));
            let code: Vec<_> = Parser::new(&markdown).filter(|it| matches!(it, Event::Code(_))).collect();
            assert_eq!(code, [Event::Code(word.into())]);
        }
        assert_eq!(markdown_escaped("C# and a # b"), "C# and a # b");
    }

    proptest! {
        #[test]
        fn any_text_is_shown_as_it_is(text in any::<String>()) {
            check(&text);
        }

        #[test]
        fn any_marks_are_shown_as_they_are(text in r#"([-\\`*_{}\[\]()#+.!|<>&~=:$^@"'/ 1a;]|&amp;|www\.|</?b>|    |--|é|\n){0,24}"#) {
            check(&text);
        }

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
