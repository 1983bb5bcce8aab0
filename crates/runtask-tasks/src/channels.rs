//! Reads the channels of a file, and which of them each task tells. The settings of a channel are read by whoever tells
//! people through it.

use crate::check_entry::{ChannelEntry, CheckSettings};
use crate::kind::Kind;
use crate::notes::Notes;
use crate::table::{Table, shown, suggestion, table};
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;
use toml::de::DeTable;

/// The longest name of a channel.
const MAX_NAME_CHARACTERS: usize = 64;

/// All channels of the file whose top is `file`.
pub(crate) fn channels<'a>(
    file: &Table<'a>,
    entry: &'static ChannelEntry,
    kinds: &'a [&'a Kind],
    notes: &mut Notes<'_>,
) -> BTreeMap<String, CheckSettings> {
    let mut channels = BTreeMap::new();
    let Some((_, value)) = file.entry("notify") else { return channels };
    let Some(entries) = table(value, "notify", notes) else { return channels };
    for (name, value) in entries {
        let text = name.get_ref().as_ref();
        let proper = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
        if text.is_empty() || text.len() > MAX_NAME_CHARACTERS || !text.chars().all(proper) {
            let message = format!(
                "`{}` cannot be the name of a channel: a name has up to {MAX_NAME_CHARACTERS} of a-z, 0-9 and -",
                shown(text)
            );
            notes.error(name.span(), message);
        }
        // Whoever writes `[notify]` and the keys below it has left the name out.
        if entry.kind.has(text) && !value.get_ref().is_table() {
            notes.error(
                name.span(),
                format!("a channel has a name: write `[notify.ops]`, and there `{text}`"),
            );
            continue;
        }
        let Some(entries) = table(value, &format!("channel `{}`", shown(text)), notes) else { continue };
        let table = Table::new(entries, name.span(), entry.kind, kinds, notes);
        channels.insert(text.to_owned(), (entry.read)(&table, notes));
    }
    channels
}

/// The channels that a task tells.
pub(crate) fn told(
    task: &Table<'_>,
    channels: &BTreeMap<String, CheckSettings>,
    notes: &mut Notes<'_>,
) -> Vec<String> {
    let names: Vec<&str> = channels.keys().map(String::as_str).collect();
    let mut told = Vec::new();
    for text in task.texts("notify", notes).unwrap_or_default() {
        if !channels.contains_key(text.text) {
            let advice = match names.as_slice() {
                [] => format!("; a channel is `[notify.{}]`", shown(text.text)),
                _ => suggestion(text.text, &names),
            };
            notes.error(text.place, format!("there is no channel `{}`{advice}", shown(text.text)));
            continue;
        }
        told.push(text.text.to_owned());
    }
    told
}

/// Warns of channels that no task tells.
pub(crate) fn unused(file: &Spanned<DeTable<'_>>, told: &BTreeSet<&str>, notes: &mut Notes<'_>) {
    let Some(entries) = file.get_ref().get("notify").and_then(|it| it.get_ref().as_table()) else { return };
    let channels = entries.iter().filter(|(_, value)| value.get_ref().is_table()).map(|(name, _)| name);
    for name in channels.filter(|it| !told.contains(it.get_ref().as_ref())) {
        let text = shown(name.get_ref());
        notes.warning(
            name.span(),
            format!("no task tells the channel `{text}`: add `notify = [\"{text}\"]` to those that should"),
        );
    }
}
