//! Fits text into the columns of a terminal.

/// How many columns a text takes on a terminal: near enough for aligning a table.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

/// The same of one character.
#[must_use]
pub const fn column(character: char) -> usize {
    match character as u32 {
        0x0300..=0x036f | 0x1ab0..=0x1aff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The lines that a line of prose becomes where there are `width` columns: broken at its spaces. Its own indent stays, and
/// what follows is indented by `hang` columns. A word that is wider stays whole: somebody may want to copy it.
#[must_use]
pub fn wrapped(line: &str, width: usize, hang: usize) -> Vec<String> {
    let text = line.trim_start_matches(' ');
    let mut lines = Vec::new();
    let mut current = " ".repeat(line.len() - text.len());
    let mut used = current.len();
    for (number, word) in text.split(' ').enumerate() {
        let wide = columns(word);
        if number == 0 {
            used += wide;
        } else if used + 1 + wide <= width {
            current.push(' ');
            used += 1 + wide;
        } else {
            lines.push(std::mem::replace(&mut current, " ".repeat(hang)));
            used = hang + wide;
        }
        current.push_str(word);
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_broken_at_its_spaces() {
        assert_eq!(wrapped("one two three", 7, 0), ["one two", "three"]);
        assert_eq!(wrapped("  one two three", 7, 4), ["  one", "    two", "    three"]);
        assert_eq!(wrapped("a abcdefghij kl", 4, 1), ["a", " abcdefghij", " kl"]);
        assert_eq!(wrapped("short", 80, 2), ["short"]);
        assert_eq!(wrapped("", 4, 2), [""]);
        assert_eq!(wrapped("日本 語", 4, 0), ["日本", "語"]);
    }
}
