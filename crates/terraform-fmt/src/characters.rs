//! Characters and names, as terraform's scanner sees them.

use crate::tables::{holds, names};

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Character {
    /// A character, and how many bytes it has.
    Valid(char, usize),
    /// A sequence that has the form of UTF-8 and is none, such as a surrogate.
    Formal(usize),
    /// A byte that is no part of any character.
    Stray,
}

impl Character {
    /// The character at the start of `bytes`; of none there is nothing but a stray byte.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let length = formal_length(bytes);
        let text = bytes.get(..length).and_then(|it| std::str::from_utf8(it).ok());
        match text.and_then(|it| it.chars().next()) {
            Some(character) => Self::Valid(character, length),
            None if length == 0 => Self::Stray,
            None => Self::Formal(length),
        }
    }
}

/// How many bytes the sequence at the start has by its form, without a look at what it encodes; 0 if it has not the form.
pub(crate) fn formal_length(bytes: &[u8]) -> usize {
    let length = match bytes.first() {
        Some(0x00..=0x7F) => 1,
        Some(0xC0..=0xDF) => 2,
        Some(0xE0..=0xEF) => 3,
        Some(0xF0..=0xF7) => 4,
        _ => return 0,
    };
    let is_whole = bytes.get(1..length).is_some_and(|rest| rest.iter().all(|it| (0x80..=0xBF).contains(it)));
    if is_whole { length } else { 0 }
}

/// Whether terraform may take the bytes behind this one for parts of a name, whatever they are.
pub(crate) fn may_begin_odd_name(byte: u8) -> bool {
    (0xC2..=0xF4).contains(&byte)
}

pub(crate) fn begins_name(character: char) -> bool {
    character.is_ascii_alphabetic()
        || character == '_'
        || (!character.is_ascii() && holds(&names::START, u32::from(character)))
}

pub(crate) fn continues_name(character: char) -> bool {
    continues_ascii_name(character)
        || (!character.is_ascii() && holds(&names::CONTINUE, u32::from(character)))
}

fn continues_ascii_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '-'
}
