//! Reads the exceptions of the check `policy`: `[[tasks.NAME.policy.exceptions]]`. Whether they match anything, only
//! a plan can say.

use crate::asked_builtins::AskedBuiltins;
use crate::settings::Exception;
use runtask_tasks::{AddressPattern, Date, Form, Key, Kind, Notes, Table, shown};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

/// The table of one exception.
pub(crate) static EXCEPTION: Kind = Kind::new(
    "`[[tasks.NAME.policy.exceptions]]`",
    &[
        Key::required("rule", Form::Text, "The rule that objects"),
        Key::required("address", Form::Text, "The resource that it may object to; `*` is any text"),
        Key::required("reason", Form::Text, "Why it is allowed, for whoever reads it next"),
        Key::new("owner", Form::Text, "Who answers for it"),
        Key::new("expires", Form::Date, "The last day of it, in UTC: 2027-03-31; for ever unless set"),
    ],
);

/// The exceptions in the order of the file, expired ones too.
pub(crate) fn exceptions(
    settings: &Table<'_>,
    asked: AskedBuiltins<'_>,
    today: Date,
    notes: &mut Notes<'_>,
) -> Vec<Exception> {
    let mut exceptions = Vec::new();
    let mut lines = BTreeMap::new();
    for table in settings.tables("exceptions", notes).unwrap_or_default() {
        let Some(exception) = exception(&table, asked, today, notes) else { continue };
        match lines.entry((exception.rule.clone(), exception.address.clone())) {
            Entry::Vacant(entry) => {
                entry.insert(exception.line);
            }
            Entry::Occupied(entry) => {
                let message =
                    format!("this rule and address are excepted in line {} already: remove one", entry.get());
                notes.error(table.place(), message);
            }
        }
        exceptions.push(exception);
    }
    exceptions
}

fn exception(
    table: &Table<'_>,
    asked: AskedBuiltins<'_>,
    today: Date,
    notes: &mut Notes<'_>,
) -> Option<Exception> {
    for (key, advice) in [
        ("rule", "name the rule that objects"),
        ("address", "name the resource, or resources with `*`"),
        ("reason", "say why it is allowed, for whoever reads it next"),
    ] {
        if table.entry(key).is_none() {
            table.missing(key, advice, notes);
        }
    }
    let rule = table.text("rule", notes);
    let address = table.text("address", notes);
    let reason = table.text("reason", notes);
    let owner = table.text("owner", notes);
    let expires = table.date("expires", notes);
    let (rule, address, reason) = (rule?, address?, reason?);
    if asked.are_all() && !asked.have(rule.text) {
        let advice = asked.advice(rule.text);
        notes.warning(rule.place.clone(), format!("no rule `{}` is asked{advice}", shown(rule.text)));
    }
    Some(Exception {
        rule: rule.text.to_owned(),
        address: AddressPattern::new(address.text),
        reason: reason.text.to_owned(),
        owner: owner.map(|it| it.text.to_owned()),
        expired: expired(expires.as_ref(), today, notes),
        expires: expires.map(|(date, _)| date),
        line: notes.line_number(table.place().start),
    })
}

/// Time must not turn settings that work into settings that do not, so this is never an error.
fn expired(expires: Option<&(Date, Range<usize>)>, today: Date, notes: &mut Notes<'_>) -> bool {
    let Some((date, place)) = expires.filter(|(date, _)| *date < today) else { return false };
    let message = format!("this exception ended on {date} and excuses nothing any more: renew or remove it");
    notes.warning(place.clone(), message);
    true
}
