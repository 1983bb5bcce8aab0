//! Reads the keys of one table, and notes mistakes. The caller knows what a key means.

use crate::date::Date;
use crate::kind::{Form, Kind};
use crate::notes::Notes;
use runtask_findings::printable;
use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// The longest text that any key may have, in bytes.
const MAX_TEXT_BYTES: usize = 1024;

/// The most texts that one list may hold.
const MAX_TEXTS: usize = 1000;

/// A value and where it stands.
type Value<'a> = Spanned<DeValue<'a>>;

/// One table of the file.
#[derive(Debug)]
pub struct Table<'a> {
    entries: &'a DeTable<'a>,
    place: Range<usize>,
    kind: &'a Kind,
    /// Every kind that there is, for a key that stands in the wrong one.
    kinds: &'a [&'a Kind],
}

/// One text of the file.
#[derive(Debug, Clone)]
pub struct Text<'a> {
    /// The text.
    pub text: &'a str,
    /// Its bytes in the file.
    pub place: Range<usize>,
}

impl<'a> Table<'a> {
    /// Takes `entries`, and notes the keys that this kind of table does not have. What is missing is noted at `place`.
    pub(crate) fn new(
        entries: &'a DeTable<'a>,
        place: Range<usize>,
        kind: &'a Kind,
        kinds: &'a [&'a Kind],
        notes: &mut Notes<'_>,
    ) -> Self {
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            if kind.has(name) {
                continue;
            }
            let elsewhere = kinds.iter().find(|it| it.has(name));
            let advice = match elsewhere {
                Some(other) => format!("; it belongs in {}", other.name()),
                // People forget the word before the dot.
                None if kind.has("tasks") && value.get_ref().is_table() && !similar(name, "tasks") => {
                    format!("; a task is `[tasks.{}]`", shown(name))
                }
                None => suggestion(name, &kind.names().collect::<Vec<_>>()),
            };
            notes.error(key.span(), format!("unknown key `{}`{advice}", shown(name)));
        }
        Self { entries, place, kind, kinds }
    }

    /// Where the table is said to be.
    pub fn place(&self) -> Range<usize> {
        self.place.clone()
    }

    /// A key and its value.
    pub fn entry(&self, key: &str) -> Option<(&'a Spanned<DeString<'a>>, &'a Value<'a>)> {
        self.entries.get_key_value(key)
    }

    /// Notes that a key is missing, unless there is one that was meant to be it: that one is noted already.
    pub fn missing(&self, key: &str, advice: &str, notes: &mut Notes<'_>) {
        let unknown = self.entries.keys().map(|it| it.get_ref().as_ref()).filter(|it| !self.kind.has(it));
        if unknown.into_iter().any(|it| similar(it, key)) {
            return;
        }
        notes.missing(self.place(), format!("`{key}` is missing: {advice}"));
    }

    /// A table below this one.
    pub fn table(&self, key: &str, notes: &mut Notes<'_>) -> Option<Table<'a>> {
        let (name, value) = self.entry(key)?;
        let entries = table(value, key, notes)?;
        self.below(key, entries, name.span(), notes)
    }

    /// A list of tables below this one.
    pub fn tables(&self, key: &str, notes: &mut Notes<'_>) -> Option<Vec<Table<'a>>> {
        let (_, value) = self.entry(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            let name =
                self.kind_below(key).map_or_else(|| "tables".to_owned(), |it| format!("write {}", it.name()));
            wrong_type(value, key, &format!("a list: {name}"), notes);
            return None;
        };
        let entries = |it| table(it, &format!("each of `{key}`"), notes);
        let entries: Vec<_> = items.iter().filter_map(entries).collect();
        let places = items.iter().filter(|it| it.get_ref().is_table()).map(Spanned::span);
        entries.into_iter().zip(places).map(|(it, place)| self.below(key, it, place, notes)).collect()
    }

    /// One of the tables that stand at `key`, which the caller has found there.
    pub fn below(
        &self,
        key: &str,
        entries: &'a DeTable<'a>,
        place: Range<usize>,
        notes: &mut Notes<'_>,
    ) -> Option<Table<'a>> {
        Some(Table::new(entries, place, self.kind_below(key)?, self.kinds, notes))
    }

    /// The kind of the tables at a key.
    fn kind_below(&self, key: &str) -> Option<&'static Kind> {
        match self.form(key) {
            Some(Form::Table(kind) | Form::Tables(kind) | Form::NamedTables(kind)) => Some(kind),
            _ => self.misread(key),
        }
    }

    /// What may stand at a key.
    fn form(&self, key: &str) -> Option<Form> {
        self.kind.key(key).map(|it| it.form)
    }

    /// A key is read as something else than its kind says: a mistake of the reader, which any test that reads it finds.
    fn misread<T>(&self, key: &str) -> Option<T> {
        debug_assert!(false, "`{key}` of {} is read in another form than it has", self.kind.name());
        None
    }

    /// Holds the reader to the form of a key.
    fn is_read_as(&self, key: &str, form: fn(&Form) -> bool) {
        if !self.form(key).as_ref().is_some_and(form) {
            let _nothing: Option<()> = self.misread(key);
        }
    }

    /// A text that is neither empty nor strange.
    pub fn text(&self, key: &str, notes: &mut Notes<'_>) -> Option<Text<'a>> {
        self.is_read_as(key, |it| matches!(it, Form::Text | Form::Word(_)));
        let (_, value) = self.entry(key)?;
        let DeValue::String(text) = value.get_ref() else {
            wrong_type(value, key, "a text in quotes", notes);
            return None;
        };
        proper(key, Text { text, place: value.span() }, notes)
    }

    /// A list of different texts, at least one.
    pub fn texts(&self, key: &str, notes: &mut Notes<'_>) -> Option<Vec<Text<'a>>> {
        self.is_read_as(key, |it| matches!(it, Form::Texts | Form::Words(_) | Form::Checks));
        let (_, value) = self.entry(key)?;
        if value.get_ref().as_array().is_some_and(|it| it.is_empty()) {
            notes.error(
                value.span(),
                format!("`{key}` is an empty list: write at least one, or leave the key out"),
            );
            return None;
        }
        texts(value, key, notes)
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &str, notes: &mut Notes<'_>) -> Option<bool> {
        self.is_read_as(key, |it| matches!(it, Form::Boolean));
        let (_, value) = self.entry(key)?;
        let boolean = value.get_ref().as_bool();
        if boolean.is_none() {
            wrong_type(value, key, "`true` or `false`, without quotes", notes);
        }
        boolean
    }

    /// A whole number in the key's range.
    pub fn number(&self, key: &str, notes: &mut Notes<'_>) -> Option<u64> {
        let range = self.range(key)?;
        let (_, value) = self.entry(key)?;
        number(value, key, &range, notes)
    }

    /// A list of whole numbers in the key's range.
    pub fn numbers(&self, key: &str, notes: &mut Notes<'_>) -> Option<Vec<u64>> {
        let range = self.range(key)?;
        let (_, value) = self.entry(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            wrong_type(value, key, "a list of whole numbers", notes);
            return None;
        };
        Some(items.iter().filter_map(|it| number(it, key, &range, notes)).collect())
    }

    fn range(&self, key: &str) -> Option<RangeInclusive<u64>> {
        match self.form(key) {
            Some(Form::Number(lowest, highest) | Form::Numbers(lowest, highest)) => Some(lowest..=highest),
            _ => self.misread(key),
        }
    }

    /// A day, and where it stands.
    pub fn date(&self, key: &str, notes: &mut Notes<'_>) -> Option<(Date, Range<usize>)> {
        self.is_read_as(key, |it| matches!(it, Form::Date));
        let (_, value) = self.entry(key)?;
        let date = value.get_ref().as_datetime().filter(|it| it.time.is_none()).and_then(|it| it.date);
        let date = date.and_then(|it| Date::new(it.year, it.month, it.day));
        if date.is_none() {
            wrong_type(value, key, "a day, without quotes and time: `2027-03-31`", notes);
        }
        date.map(|it| (it, value.span()))
    }

    /// What the word at a key stands for. `words` are those that its kind names.
    pub fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], notes: &mut Notes<'_>) -> Option<T> {
        match self.form(key) {
            Some(Form::Word(known)) if known.iter().eq(words.iter().map(|(word, _)| word)) => {}
            _ => return self.misread(key),
        }
        let text = self.text(key, notes)?;
        one_of(&text, key, words, notes)
    }
}

fn number(value: &Value<'_>, key: &str, range: &RangeInclusive<u64>, notes: &mut Notes<'_>) -> Option<u64> {
    let Some(integer) = value.get_ref().as_integer() else {
        wrong_type(value, key, "a whole number, without quotes", notes);
        return None;
    };
    let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
    let number = number.filter(|it| range.contains(it));
    if number.is_none() {
        let message = format!("`{key}` must be from {} to {}", range.start(), range.end());
        notes.error(value.span(), message);
    }
    number
}

/// A list of different texts; it may be empty.
pub fn texts<'a>(value: &'a Value<'a>, key: &str, notes: &mut Notes<'_>) -> Option<Vec<Text<'a>>> {
    let DeValue::Array(items) = value.get_ref() else {
        let advice = match value.get_ref().as_str() {
            Some(text) => format!("a list: `[\"{}\"]`", shown(text)),
            None => "a list of texts".to_owned(),
        };
        wrong_type(value, key, &advice, notes);
        return None;
    };
    if items.len() > MAX_TEXTS {
        let message = format!("`{key}` is a list of {}, and {MAX_TEXTS} are allowed", items.len());
        notes.error(value.span(), message);
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut texts = Vec::new();
    for item in items.iter() {
        let DeValue::String(text) = item.get_ref() else {
            wrong_type(item, &format!("each of `{key}`"), "a text in quotes", notes);
            continue;
        };
        let Some(text) = proper(key, Text { text, place: item.span() }, notes) else { continue };
        if seen.insert(text.text) {
            texts.push(text);
        } else {
            notes.error(text.place, format!("`{}` is there twice: remove one", shown(text.text)));
        }
    }
    Some(texts)
}

/// The one of `words` that `text` is; `noun` is what it is for.
pub fn one_of<T: Copy>(text: &Text<'_>, noun: &str, words: &[(&str, T)], notes: &mut Notes<'_>) -> Option<T> {
    let found = words.iter().find(|(word, _)| *word == text.text).map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let advice = suggestion(text.text, &names);
        notes.error(text.place.clone(), format!("`{}` is no word for `{noun}`{advice}", shown(text.text)));
    }
    found
}

/// The entries of a value that must be a table.
pub fn table<'a>(value: &'a Value<'a>, key: &str, notes: &mut Notes<'_>) -> Option<&'a DeTable<'a>> {
    let table = value.get_ref().as_table();
    if table.is_none() {
        wrong_type(value, key, "a table", notes);
    }
    table
}

/// Notes that a value is of another type than `wanted`.
pub fn wrong_type(value: &Value<'_>, key: &str, wanted: &str, notes: &mut Notes<'_>) {
    let is = match value.get_ref() {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let key = if key.contains(' ') { key.to_owned() } else { format!("`{key}`") };
    notes.error(value.span(), format!("{key} is {is} and must be {wanted}"));
}

/// `; did you mean …?` where one of `words` is close, else `; there are …`.
pub fn suggestion(text: &str, words: &[&str]) -> String {
    if let Some(word) = words.iter().filter(|it| similar(text, it)).min_by_key(|it| distance(text, it)) {
        return format!("; did you mean `{word}`?");
    }
    match words {
        [] => String::new(),
        [only] => format!("; there is only `{only}`"),
        [first @ .., last] => format!("; there are `{}` and `{last}`", first.join("`, `")),
    }
}

/// A stranger's word in a message.
pub fn shown(text: &str) -> String {
    const CHARACTERS: usize = 60;
    let start: String = text.chars().take(CHARACTERS).collect();
    let end = if start.len() < text.len() { "…" } else { "" };
    format!("{}{end}", printable(&start))
}

/// Whether one is what somebody meant who wrote the other.
fn similar(text: &str, word: &str) -> bool {
    // A third of the letters wrong: `check` for `checks`, `fnt` for `fmt`, `polices` for `policy`.
    text.len() <= 2 * word.len() && distance(text, word) <= (word.len() / 3).max(1)
}

fn distance(text: &str, word: &str) -> usize {
    let plain = text.to_ascii_lowercase().replace('-', "_");
    strsim::osa_distance(&plain, &word.replace('-', "_"))
}

fn proper<'a>(key: &str, text: Text<'a>, notes: &mut Notes<'_>) -> Option<Text<'a>> {
    let Some(problem) = improper(key, text.text) else { return Some(text) };
    notes.error(text.place, problem);
    None
}

/// The reason why a file may not hold this text, if there is one.
pub(crate) fn improper(key: &str, text: &str) -> Option<String> {
    if text.trim().is_empty() {
        Some("an empty text says nothing: fill it in or remove it".to_owned())
    } else if text.len() > MAX_TEXT_BYTES {
        Some(format!("this text has {} bytes, and {MAX_TEXT_BYTES} are allowed", text.len()))
    } else if text.contains(char::is_control) {
        Some(format!("control characters and line breaks are not allowed in `{key}`"))
    } else {
        None
    }
}
