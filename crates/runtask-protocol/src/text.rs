//! Cuts texts to a number of characters, so that the rest still reads.

/// Ends every text that was cut.
const MARK: &str = "… (truncated)";

/// The byte offset of the character after the first `characters`, or `None` when `text` is not longer.
fn offset(text: &str, characters: usize) -> Option<usize> {
    text.char_indices().nth(characters).map(|(at, _)| at)
}

/// Cuts `text` to at most `limit` characters, on a character boundary, and marks it as cut.
#[must_use]
pub fn cut(text: &str, limit: usize) -> String {
    if offset(text, limit).is_none() {
        return text.to_owned();
    }
    let mark: String = MARK.chars().take(limit).collect();
    let kept = limit - mark.chars().count();
    let end = offset(text, kept).unwrap_or(text.len());
    format!("{}{mark}", text.get(..end).unwrap_or_default())
}

/// Cuts Markdown to at most `limit` characters, closes a code fence that the cut left open, and marks it as cut.
#[must_use]
pub fn cut_markdown(text: &str, limit: usize) -> String {
    if offset(text, limit).is_none() {
        return text.to_owned();
    }
    // Where a fence is open depends on where the cut is, and its length on the fence: cut shorter until it fits.
    let mut kept = limit;
    while kept > 0 {
        let end = offset(text, kept).unwrap_or(text.len());
        let head = text.get(..end).unwrap_or_default();
        let tail = match open_fence(head) {
            Some(fence) => format!("\n{fence}\n\n{MARK}"),
            None => format!("\n\n{MARK}"),
        };
        let (head_length, tail_length) = (head.chars().count(), tail.chars().count());
        if head_length + tail_length <= limit {
            return format!("{head}{tail}");
        }
        kept = kept.saturating_sub((head_length + tail_length - limit).max(1));
    }
    cut(text, limit)
}

/// The fence that is open at the end of `text`, in the manner of CommonMark.
fn open_fence(text: &str) -> Option<&str> {
    let mut open: Option<&str> = None;
    for line in text.lines() {
        let line = line.trim_start();
        let Some(mark) = line.chars().next().filter(|it| matches!(it, '`' | '~')) else { continue };
        let length = line.chars().take_while(|it| *it == mark).count();
        let (fence, rest) = line.split_at(length);
        match open {
            None if length >= 3 && !(mark == '`' && rest.contains('`')) => open = Some(fence),
            Some(opened) if opened.starts_with(mark) && length >= opened.len() && rest.trim().is_empty() => {
                open = None
            }
            _ => {}
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_text_stays() {
        assert_eq!(cut("größe", 5), "größe");
        assert_eq!(cut_markdown("größe", 5), "größe");
    }

    #[test]
    fn a_long_text_is_cut_and_marked() {
        assert_eq!(cut(&"ö".repeat(30), 20), format!("{}… (truncated)", "ö".repeat(7)));
    }

    #[test]
    fn an_open_fence_is_closed() {
        let text = format!("Diff:\n\n````diff\n{}", "+ line\n".repeat(100));
        let short = cut_markdown(&text, 120);
        assert!(short.ends_with("\n````\n\n… (truncated)"), "{short}");
        assert!(short.chars().count() <= 120);
    }

    proptest! {
        #[test]
        fn a_cut_text_is_within_its_limit(text in "(```|~~~~|`|\n|ä|x| ){0,200}", limit in 0usize..150) {
            prop_assert!(cut(&text, limit).chars().count() <= limit);
            let short = cut_markdown(&text, limit);
            prop_assert!(short.chars().count() <= limit);
            if limit > 60 && short != text {
                prop_assert_eq!(open_fence(&short), None);
            }
        }
    }
}
