//! Reads the settings of the check `policy`: `[tasks.NAME.policy]`. The files that it names are not opened.

use crate::notes::Notes;
use crate::policy::{PolicyPath, PolicySettings, Unknown};
use crate::read::Surroundings;
use crate::read_exceptions::exceptions;
use crate::table::{POLICY, Table, Text, shown, suggestion, table};
use serde_json::{Map, Number, Value as Json};
use std::path::PathBuf;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeString, DeValue};

/// What stands before the name of a rule that is shipped.
const BUILTIN: &str = "builtin:";

/// The name of all rules that are shipped.
const ALL_BUILTINS: &str = "all";

/// The settings, if the task has them.
pub(crate) fn policy(
    task: &Table<'_>,
    surroundings: &Surroundings<'_>,
    notes: &mut Notes<'_>,
) -> Option<PolicySettings> {
    let table = task.table("policy", &POLICY, notes)?;
    let paths = paths(&table, surroundings, notes);
    let data = table.texts("data", notes).unwrap_or_default();
    let data = data.iter().filter_map(|it| local_path(it, notes)).collect();
    let namespaces = table.texts("namespaces", notes);
    let unknown = table.word("unknown", &Unknown::ALL.map(|it| (it.as_str(), it)), notes);
    let longest = u64::try_from(PolicySettings::MAX_TIME_LIMIT.as_millis()).unwrap_or(u64::MAX);
    let time_limit = table.number("time_limit_ms", 1..longest.saturating_add(1), notes);
    let params = params(&table, &paths, &surroundings.names, notes);
    let exceptions = exceptions(&table, &paths, surroundings, notes);
    Some(PolicySettings {
        paths,
        data,
        namespaces: namespaces.map(|list| list.iter().map(|it| it.text.to_owned()).collect()),
        unknown: unknown.unwrap_or_default(),
        params,
        exceptions,
        time_limit: time_limit.map_or(PolicySettings::TIME_LIMIT, Duration::from_millis),
    })
}

fn paths(table: &Table<'_>, surroundings: &Surroundings<'_>, notes: &mut Notes<'_>) -> Vec<PolicyPath> {
    let names = &surroundings.names;
    if table.entry("paths").is_none() {
        let advice = "name where the rules are: files, directories, `builtin:NAME` or `builtin:all`";
        table.missing("paths", advice, notes);
    }
    let mut paths = Vec::new();
    for text in table.texts("paths", notes).unwrap_or_default() {
        let found = match text.text.strip_prefix(BUILTIN) {
            Some(ALL_BUILTINS) if !names.is_empty() => {
                surroundings.builtins.rules.iter().map(|it| PolicyPath::Builtin((*it).to_owned())).collect()
            }
            Some(name) if names.contains(&name) => vec![PolicyPath::Builtin(name.to_owned())],
            Some(name) => {
                let advice = suggestion(name, names);
                notes.error(text.place, format!("no rule `{}` is shipped{advice}", shown(name)));
                continue;
            }
            None => local_path(&text, notes).map(PolicyPath::Path).into_iter().collect(),
        };
        for path in found {
            // `builtin:all` and the name of one of them ask that one once.
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    paths
}

fn local_path(text: &Text<'_>, notes: &mut Notes<'_>) -> Option<PathBuf> {
    if text.text.contains("://") {
        notes.error(text.place.clone(), "nothing is fetched from a URL: name a file or a directory");
        return None;
    }
    if text.text.starts_with(BUILTIN) {
        notes.error(text.place.clone(), "the rules that are shipped stand in `paths`");
        return None;
    }
    Some(PathBuf::from(text.text))
}

/// Whether the shipped rules that are asked are all there is. What other rules exist, and what they read, only their
/// files say.
pub(crate) fn only_builtins(paths: &[PolicyPath]) -> bool {
    !paths.is_empty() && paths.iter().all(|it| matches!(it, PolicyPath::Builtin(_)))
}

/// Whether the shipped rule of that name is asked.
pub(crate) fn asks_builtin(paths: &[PolicyPath], name: &str) -> bool {
    paths.iter().any(|it| matches!(it, PolicyPath::Builtin(asked) if asked == name))
}

/// What to do about such a name.
pub(crate) fn unused_advice(name: &str, builtins: &[&str]) -> String {
    if builtins.contains(&name) {
        format!("; to ask it, add \"{BUILTIN}{name}\" to `paths`")
    } else {
        suggestion(name, builtins)
    }
}

fn params(settings: &Table<'_>, paths: &[PolicyPath], builtins: &[&str], notes: &mut Notes<'_>) -> Json {
    let Some((_, value)) = settings.entry("params") else { return Json::Object(Map::new()) };
    if let Some(entries) = table(value, "params", notes) {
        for name in entries.keys() {
            // Somebody's own rule may read anything else.
            let known = builtins.contains(&&*name.get_ref().replace('_', "-"));
            if (known || only_builtins(paths)) && !asks_builtin(paths, name.get_ref()) {
                let advice = unused_advice(name.get_ref(), builtins);
                let message = format!("no rule `{}` is asked that reads this{advice}", shown(name.get_ref()));
                notes.warning(name.span(), message);
            }
        }
    }
    json(value, notes)
}

/// The value as JSON, in which a time is a text.
fn json(value: &Spanned<DeValue<'_>>, notes: &mut Notes<'_>) -> Json {
    let number = match value.get_ref() {
        DeValue::String(text) => return Json::String(text.to_string()),
        DeValue::Boolean(boolean) => return Json::Bool(*boolean),
        DeValue::Datetime(time) => return Json::String(time.to_string()),
        DeValue::Array(items) => return items.iter().map(|it| json(it, notes)).collect(),
        DeValue::Table(entries) => {
            let entry =
                |(key, value): (&Spanned<DeString<'_>>, _)| (key.get_ref().to_string(), json(value, notes));
            return entries.iter().map(entry).collect::<Map<_, _>>().into();
        }
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map(Number::from)
            .or_else(|_negative| u64::from_str_radix(integer.as_str(), integer.radix()).map(Number::from))
            .ok(),
        DeValue::Float(float) => float.as_str().parse().ok().and_then(Number::from_f64),
    };
    if number.is_none() {
        notes
            .error(value.span(), "rules cannot read this number: it is none of JSON, or longer than 64 bits");
    }
    number.map_or(Json::Null, Json::Number)
}
