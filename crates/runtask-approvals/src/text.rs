//! Makes texts of others fit for a record: one line of characters that print, within a number of bytes.

use runtask_findings::prints;

/// `text` on one line, without characters that do not print, cut where it would take more than `max` bytes in JSON.
#[must_use]
pub(crate) fn fitted(text: &str, max: usize) -> String {
    let words = text.split(|it: char| it.is_whitespace() || !prints(it)).filter(|it| !it.is_empty());
    let mut fitted = String::new();
    let mut bytes = 0;
    for (number, word) in words.enumerate() {
        let space = (number > 0).then_some(' ');
        for character in space.into_iter().chain(word.chars()) {
            bytes += in_json(character);
            if bytes > max.saturating_sub(ELLIPSIS.len_utf8()) {
                fitted.push(ELLIPSIS);
                return fitted;
            }
            fitted.push(character);
        }
    }
    fitted
}

const ELLIPSIS: char = '…';

/// How many bytes JSON takes for a character that prints.
fn in_json(character: char) -> usize {
    if matches!(character, '"' | '\\') { 2 } else { character.len_utf8() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_becomes_one_line_that_prints() {
        assert_eq!(fitted(" resize\n\tthe \u{202e}ledger\u{7} ", 100), "resize the ledger");
        assert_eq!(fitted("\u{7}", 100), "");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(fitted("resize the ledger", 13), "resize the…");
    }

    proptest! {
        #[test]
        fn no_text_takes_more_bytes_than_it_may(text in any::<String>(), max in 3usize..60) {
            let fitted = fitted(&text, max);
            // Two of them are quotes.
            prop_assert!(serde_json::to_string(&fitted).unwrap().len() <= max + 2);
            prop_assert!(!fitted.contains(char::is_control));
        }
    }
}
