//! Reads the settings of the check `policy`: `[tasks.NAME.policy]`. The files that it names are not opened.

use crate::asked_builtins::AskedBuiltins;
use crate::builtin::{BUILTINS, Builtins, PREFIX};
use crate::read_exceptions::{EXCEPTION, exceptions};
use crate::settings::{DataPath, PolicyPath, PolicySettings, Unknown};
use runtask_settings::numbers::RULE_TIME_LIMIT;
use runtask_sources::{Source, SourceError};
use runtask_tasks::{
    CheckSettings, Date, Form, Key, Kind, Notes, ReadSettings, SettingsEntry, Table, Text, shown, suggestion,
    table,
};
use serde_json::{Map, Number, Value as Json};
use std::path::PathBuf;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeString, DeValue};

/// The name of all rules that are shipped.
const ALL_BUILTINS: &str = "all";

/// The table of this check.
static POLICY: Kind = Kind::new(
    "`[tasks.NAME.policy]`",
    &[
        Key::required(
            "paths",
            Form::Texts,
            "Rego files and directories, rules that are shipped: builtin:NAME, builtin:all, and sources that are fetched: git::https://…//DIRECTORY?ref=REF, oci://…, s3://…",
        ),
        Key::new("data", Form::Texts, "Files, directories and sources that rules read as `data`"),
        Key::new("namespaces", Form::Texts, "The packages whose rules are asked; every package unless set"),
        Key::new(
            "unknown",
            Form::Word(&["pass", "warn", "fail", "absent"]),
            "The result where a value is known only after apply; warn unless set. absent reads plans as conftest does",
        ),
        Key::new(
            RULE_TIME_LIMIT.name,
            Form::Number(RULE_TIME_LIMIT.lowest, RULE_TIME_LIMIT.highest),
            "Milliseconds that one rule may take; 10000 unless set",
        ),
        Key::new("params", Form::Anything, "Parameters that rules read as `data.params`"),
        Key::new("exceptions", Form::Tables(&EXCEPTION), "What rules may object to and is allowed"),
    ],
);

/// `[tasks.NAME.policy]`, for whoever reads a file of tasks.
pub const SETTINGS: SettingsEntry = SettingsEntry {
    kind: &POLICY,
    required: Some("paths"),
    read: ReadSettings::Table(|table, today, notes| {
        CheckSettings::new(read_settings(table, BUILTINS, today, notes))
    }),
};

/// Reads `[tasks.NAME.policy]`. `builtins` are the rules that are shipped.
pub fn read_settings(
    table: &Table<'_>,
    builtins: Builtins<'_>,
    today: Date,
    notes: &mut Notes<'_>,
) -> PolicySettings {
    let paths = paths(table, builtins, notes);
    let asked = AskedBuiltins { paths: &paths, builtins };
    let data = table.texts("data", notes).unwrap_or_default();
    let data = data.iter().filter_map(|it| data_path(it, notes)).collect();
    let namespaces = table.texts("namespaces", notes);
    let unknown = table.word("unknown", &Unknown::ALL.map(|it| (it.as_str(), it)), notes);
    let time_limit = table.number(RULE_TIME_LIMIT.name, notes);
    let params = params(table, asked, notes);
    let exceptions = exceptions(table, asked, today, notes);
    PolicySettings {
        paths,
        data,
        namespaces: namespaces.map(|list| list.iter().map(|it| it.text.to_owned()).collect()),
        unknown: unknown.unwrap_or_default(),
        params,
        exceptions,
        time_limit: time_limit.map_or(PolicySettings::TIME_LIMIT, Duration::from_millis),
    }
}

fn paths(table: &Table<'_>, builtins: Builtins<'_>, notes: &mut Notes<'_>) -> Vec<PolicyPath> {
    let names = builtins.names();
    if table.entry("paths").is_none() {
        let advice = "name where the rules are: files, directories, `builtin:NAME` or `builtin:all`";
        table.missing("paths", advice, notes);
    }
    let mut paths = Vec::new();
    for text in table.texts("paths", notes).unwrap_or_default() {
        let found = match text.text.strip_prefix(PREFIX) {
            Some(ALL_BUILTINS) if !names.is_empty() => {
                builtins.rules.iter().map(|it| PolicyPath::Builtin((*it).to_owned())).collect()
            }
            Some(name) if names.contains(&name) => vec![PolicyPath::Builtin(name.to_owned())],
            Some(name) => {
                let advice = suggestion(name, &names);
                notes.error(text.place, format!("no rule `{}` is shipped{advice}", shown(name)));
                continue;
            }
            None if Source::is_meant(text.text) => {
                source(&text, notes).map(PolicyPath::Shared).into_iter().collect()
            }
            None => vec![PolicyPath::Path(PathBuf::from(text.text))],
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

fn data_path(text: &Text<'_>, notes: &mut Notes<'_>) -> Option<DataPath> {
    if text.text.starts_with(PREFIX) {
        notes.error(text.place.clone(), "shipped rules belong in `paths`");
        return None;
    }
    if Source::is_meant(text.text) {
        return source(text, notes).map(DataPath::Shared);
    }
    Some(DataPath::Path(PathBuf::from(text.text)))
}

fn source(text: &Text<'_>, notes: &mut Notes<'_>) -> Option<Source> {
    match text.text.parse() {
        Ok(source) => Some(source),
        Err(error) => {
            if Source::may_hold_secret(text.text) {
                notes.hide(text.place.clone());
            }
            notes.error(text.place.clone(), SourceError::to_string(&error));
            None
        }
    }
}

fn params(settings: &Table<'_>, asked: AskedBuiltins<'_>, notes: &mut Notes<'_>) -> Json {
    let Some((_, value)) = settings.entry("params") else { return Json::Object(Map::new()) };
    if let Some(entries) = table(value, "params", notes) {
        for name in entries.keys() {
            // Somebody's own rule may read anything else.
            let known = asked.builtins.names().contains(&&*name.get_ref().replace('_', "-"));
            if (known || asked.are_all()) && !asked.have(name.get_ref()) {
                let advice = asked.advice(name.get_ref());
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
