//! Extended grapheme clusters by the tables of Unicode 15.0, which terraform has compiled in.
//!
//! Source: Unicode Standard Annex 29, revision 41, rules GB3 to GB999. Later revisions join Indic conjuncts (GB9c). Where
//! terraform 1.11.4 deviates from it, a comment says so; all sequences of up to four characters of different classes were
//! tried, and every code point.

use crate::tables::graphemes::{CLUSTERS, Cluster};

/// How many clusters a text has.
pub(super) fn count(text: &str) -> u32 {
    let mut count = 0;
    let mut state = State::default();
    for character in text.chars() {
        count += u32::from(state.breaks_before(character));
    }
    count
}

/// What was read of a text, as far as it decides about the next boundary.
#[derive(Debug, Default)]
struct State {
    last: Option<Class>,
    /// Whether what was read ends with an odd number of regional indicators.
    is_half_flag: bool,
    /// Whether a pictograph behind a joiner would belong to the last cluster: terraform joins it to flags and syllables of
    /// Hangul too, and over marks of any kind, where the standard joins it to pictographs only.
    is_joinable: bool,
    /// Whether it ends with a consonant and a syllable that could take another one, were the first not there: terraform
    /// joins that to `LV` and to `L V`, and not to `L LV`.
    is_full: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Return,
    Feed,
    Other(Cluster),
}

impl State {
    /// Reads a character, and says whether a cluster begins with it.
    fn breaks_before(&mut self, character: char) -> bool {
        let next = class(character);
        let breaks = match self.last {
            None => true,
            Some(last) => self.breaks_between(last, next),
        };
        self.is_half_flag = next == Class::Other(Cluster::Regional) && !self.is_half_flag;
        match next {
            Class::Other(Cluster::Extend | Cluster::Joiner | Cluster::SpacingMark) => {
                self.is_joinable &= !breaks
            }
            Class::Other(Cluster::Any | Cluster::Control | Cluster::Prepend)
            | Class::Return
            | Class::Feed => {
                self.is_joinable = false;
            }
            Class::Other(_) => self.is_joinable = true,
        }
        self.is_full =
            next == Class::Other(Cluster::HangulLV) && self.last == Some(Class::Other(Cluster::HangulL));
        self.last = Some(next);
        breaks
    }

    fn breaks_between(&self, last: Class, next: Class) -> bool {
        use Cluster::{
            Control, Extend, HangulL, HangulLV, HangulLVT, HangulT, HangulV, Joiner, Pictographic, Prepend,
            Regional, SpacingMark,
        };
        let (last, next) = match (last, next) {
            (Class::Return, Class::Feed) => return false, // GB3
            (Class::Other(last), Class::Other(next)) => (last, next),
            _ => return true, // GB4, GB5
        };
        match (last, next) {
            (Control, _) | (_, Control) => true,                          // GB4, GB5
            (HangulL, HangulL | HangulV | HangulLV | HangulLVT) => false, // GB6
            (HangulLV, HangulT) => self.is_full,
            (HangulLV | HangulV, HangulV | HangulT) => false, // GB7
            (HangulLVT | HangulT, HangulT) => false,          // GB8
            (_, Extend | Joiner | SpacingMark) | (Prepend, _) => false, // GB9, GB9a, GB9b
            (Joiner, Pictographic) => !self.is_joinable,      // GB11
            (Regional, Regional) => !self.is_half_flag,       // GB12, GB13
            _ => true,                                        // GB999
        }
    }
}

fn class(character: char) -> Class {
    let code = u32::from(character);
    Class::Other(match code {
        0x0D => return Class::Return,
        0x0A => return Class::Feed,
        ..0x20 | 0x7F => Cluster::Control,
        ..0x7F => Cluster::Any,
        0xAC00..=0xD7A3 if (code - 0xAC00) % 28 == 0 => Cluster::HangulLV,
        0xAC00..=0xD7A3 => Cluster::HangulLVT,
        _ => {
            let found = CLUSTERS.partition_point(|&(_, end, _)| end < code);
            CLUSTERS.get(found).filter(|it| it.0 <= code).map_or(Cluster::Any, |it| it.2)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn clusters_are_counted() {
        let cases = [
            ("", 0),
            ("abc", 3),
            ("日本", 2),
            ("e\u{301}\u{302}", 1),
            ("\u{301}", 1),
            ("👨\u{200D}👩\u{200D}👧", 1),
            ("a\u{200D}👧", 2),
            ("🇩🇪🇫🇷🇮", 3),
            ("क्ष", 2),
            ("한국", 2),
            ("\u{1112}\u{1161}\u{11AB}", 1),
            ("\r\n\t\r", 3),
            ("\u{200B}", 1),
            ("\u{600}1", 1),
            ("👍🏽", 1),
            // By the standard these are 2, 2, 2, and 1.
            ("\u{1100}\u{200D}👧", 1),
            ("🇩🇪\u{200D}👧", 1),
            ("👧\u{903}\u{200D}👧", 1),
            ("\u{1100}\u{AC00}\u{11A8}", 2),
            ("\u{AC00}\u{11A8}", 1),
            ("\u{1100}\u{AC00}\u{1161}\u{11A8}", 1),
        ];
        for (text, expected) in cases {
            assert_eq!(count(text), expected, "{text:?}");
        }
    }
}
