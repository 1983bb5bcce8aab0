//! Reads TOML into a table whose parts know where they stand. The meaning of the table is not looked at.

use crate::notes::Notes;
use std::ops::Range;
use toml::Spanned;
use toml::de::DeTable;

/// The largest file, in bytes, of which every mistake in its TOML is told; of a larger one it is the first. There can be
/// three in two bytes, and each takes a hundred.
const MAX_RECOVERED_BYTES: usize = 64 << 10;

/// Reads TOML. Of a file that is not quite TOML it is what can be read of it, and `notes` say what cannot.
pub(crate) fn parse<'a>(text: &'a str, notes: &mut Notes<'_>) -> Spanned<DeTable<'a>> {
    let (table, mut errors) = if text.len() <= MAX_RECOVERED_BYTES {
        DeTable::parse_recoverable(text)
    } else {
        match DeTable::parse(text) {
            Ok(table) => (table, Vec::new()),
            Err(error) => (Spanned::new(0..0, DeTable::new()), vec![error]),
        }
    };
    errors.sort_by_key(|it| it.span().map_or(text.len(), |it| it.start));
    // What follows a semicolon in its line is not worth a word of its own.
    let mut told_up_to = 0;
    for error in errors {
        let place = error.span().unwrap_or(text.len()..text.len());
        if place.start < told_up_to {
            continue;
        }
        if let Some(semicolon) = semicolon(text, &place) {
            let rest = text.get(semicolon..).unwrap_or_default();
            told_up_to = semicolon + rest.find('\n').unwrap_or(rest.len());
            let advice = "a semicolon ends no key: put what follows it into a line of its own";
            notes.broken(semicolon..semicolon + 1, format!("this is not TOML: {advice}"));
            continue;
        }
        let what = match error.message() {
            // So the parser takes each word that begins like `true` or `false`, `[fmt]` among them.
            message if message.starts_with("invalid boolean") => "a text needs quotes",
            message => message,
        };
        notes.broken(place, format!("this is not TOML: {what}"));
    }
    table
}

/// Where the semicolon is that somebody put between two keys, a habit from other languages, if that is what is wrong at
/// `place`.
fn semicolon(text: &str, place: &Range<usize>) -> Option<usize> {
    if text.get(place.start..)?.starts_with(';') {
        return Some(place.start);
    }
    let wrong = text.get(place.clone()).filter(|it| !it.contains(['"', '\'', '#']))?;
    wrong.find(';').map(|at| place.start + at)
}
