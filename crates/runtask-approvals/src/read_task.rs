//! Reads `[tasks.NAME.approval]`.

use crate::message::Channel;
use crate::person::Proof;
use crate::read_settings::{APPROVAL, read_settings};
use crate::rules::{BreakGlass, MAX_GROUPS, MAX_REQUIRED, Reject};
use crate::satisfiable::{TooFew, too_few};
use crate::settings::{ApprovalSettings, Asked, TaskApproval, When};
use crate::verdict::Verdict;
use runtask_tasks::{
    Around, CheckSettings, Form, Key, Kind, Notes, Section, Table, Text, shown, suggestion, table, words,
    wrong_type,
};
use std::collections::BTreeSet;
use std::time::Duration;
use toml::de::DeValue;

/// How long people can be given. HCP Terraform waits for sixty minutes, and the verdict has to get there.
const MOST_MINUTES: u64 = 55;

/// For how long a message can be tried again, in minutes.
const MOST_CHANNEL_MINUTES: u64 = 50;

/// The most channels of one task, and the longest name of one.
const MAX_CHANNELS: usize = 8;
const CHANNEL_BYTES: usize = 80;

/// The kinds of channels that there are.
const CHANNEL_KINDS: [&str; 2] = ["teams", "slack"];

const ON_EXPIRY: [(&str, Verdict); 2] = [("failed", Verdict::Failed), ("passed", Verdict::Passed)];
const ON_EXPIRY_WORDS: [&str; 2] = words(&ON_EXPIRY);

const REJECTS: [(&str, Reject); 2] =
    [("at-once", Reject::AtOnce), ("majority-of-required", Reject::MajorityOfRequired)];
const REJECT_WORDS: [&str; 2] = words(&REJECTS);

const WHEN_WORDS: [&str; 4] =
    [When::Always.as_str(), When::Changes.as_str(), When::Destroys.as_str(), When::PolicyFailed.as_str()];

static TASK: Kind = Kind::new(
    "`[tasks.NAME.approval]`",
    &[
        Key::new("when", Form::Words(&WHEN_WORDS), "When people are asked; always unless set"),
        Key::new("speculative", Form::Boolean, "true: also about speculative runs; false unless set"),
        Key::required("required", Form::Tables(&REQUIRED), "Who has to approve"),
        Key::new("distinct", Form::Boolean, "false: one person counts in several groups; true unless set"),
        Key::new(
            "self_approval",
            Form::Boolean,
            "true: whoever started the run may approve it; false unless set",
        ),
        Key::new("reject", Form::Word(&REJECT_WORDS), "What it takes to reject; at-once unless set"),
        Key::new("reject_reason", Form::Boolean, "false: who rejects need not say why; true unless set"),
        Key::new(
            "confirm_name",
            Form::Boolean,
            "false: nobody has to type the workspace's name; true unless set",
        ),
        Key::new("minutes", Form::Number(1, MOST_MINUTES), "How long people are given"),
        Key::new(
            "on_expiry",
            Form::Word(&ON_EXPIRY_WORDS),
            "The result when that is over; failed unless set",
        ),
        Key::new("overrides", Form::Texts, "Codes of findings that people may approve all the same"),
        Key::new("break_glass", Form::Table(&BREAK_GLASS), "Who may let a run pass in an emergency"),
        Key::new("channels", Form::Texts, "Where people are asked: teams:NAME, slack:CHANNEL"),
        Key::new("fallback", Form::Text, "Where they are asked when no message was taken there"),
        Key::new(
            "channel_minutes",
            Form::Number(1, MOST_CHANNEL_MINUTES),
            "How long a message is tried again",
        ),
    ],
);

static REQUIRED: Kind = Kind::new(
    "`[[tasks.NAME.approval.required]]`",
    &[
        Key::required("group", Form::Text, "One of [approval.groups]"),
        Key::new("count", Form::Number(1, MAX_REQUIRED as u64), "How many of them; 1 unless set"),
        Key::new("when", Form::Words(&WHEN_WORDS), "When they are asked; whenever people are unless set"),
    ],
);

static BREAK_GLASS: Kind = Kind::new(
    "`[tasks.NAME.approval.break_glass]`",
    &[
        Key::required("group", Form::Text, "One of [approval.groups]"),
        Key::new("count", Form::Number(1, MAX_REQUIRED as u64), "How many of them; 1 unless set"),
        Key::new("reason", Form::Boolean, "false: they need not say why; true unless set"),
    ],
);

/// `[approval]` and `[tasks.NAME.approval]`, for whoever reads a file of tasks. They become [`ApprovalSettings`] and
/// [`TaskApproval`].
pub const SECTION: Section = Section {
    name: "approval",
    needs_no_checks: true,
    about: "People who approve runs",
    kind: &APPROVAL,
    task_kind: &TASK,
    read: |table, notes| CheckSettings::new(read_settings(table, notes)),
    read_task: |table, around, notes| {
        let default = ApprovalSettings::default();
        let settings = around.all.and_then(CheckSettings::get).unwrap_or(&default);
        CheckSettings::new(read_task(table, around, settings, notes))
    },
};

fn read_task(
    task: &Table<'_>,
    around: &Around<'_>,
    settings: &ApprovalSettings,
    notes: &mut Notes<'_>,
) -> TaskApproval {
    let when = conditions(task, notes);
    let open = task.number("minutes", notes).map_or(TaskApproval::OPEN, Duration::from_mins);
    // Time is left for people to answer what comes late, or comes elsewhere.
    let channel_minutes = (open.as_secs() / 60 / 2).clamp(1, 5);
    let on_expiry = task.word("on_expiry", &ON_EXPIRY, notes);
    let approval = TaskApproval {
        required: required(task, settings, notes),
        speculative: task.boolean("speculative", notes).unwrap_or(false),
        distinct: task.boolean("distinct", notes).unwrap_or(true),
        self_approval: task.boolean("self_approval", notes).unwrap_or(false),
        reject: task.word("reject", &REJECTS, notes).unwrap_or_default(),
        reject_reason: task.boolean("reject_reason", notes).unwrap_or(true),
        confirm_name: task.boolean("confirm_name", notes).unwrap_or(true),
        open,
        on_expiry: on_expiry.unwrap_or(Verdict::Failed),
        overrides: texts(task, "overrides", notes),
        break_glass: break_glass(task, settings, notes),
        channels: channels(task, notes),
        fallback: task.text("fallback", notes).and_then(|it| channel(&it, notes)),
        channel_minutes: task.number("channel_minutes", notes).unwrap_or(channel_minutes),
        when: when.clone().unwrap_or_else(|| vec![When::Always]),
    };
    check_when(task, around, &approval, notes);
    check_people(task, settings, &approval, notes);
    check_link(task, settings, &approval, notes);
    check_rest(task, around, &approval, notes);
    approval
}

fn texts(table: &Table<'_>, key: &str, notes: &mut Notes<'_>) -> Vec<String> {
    table.texts(key, notes).unwrap_or_default().iter().map(|it| it.text.to_owned()).collect()
}

fn conditions(table: &Table<'_>, notes: &mut Notes<'_>) -> Option<Vec<When>> {
    let names = When::ALL.map(When::as_str);
    let mut conditions = Vec::new();
    for text in table.texts("when", notes)? {
        match When::ALL.into_iter().find(|it| it.as_str() == text.text) {
            Some(when) => conditions.push(when),
            None => {
                let advice = suggestion(text.text, &names);
                notes.error(text.place, format!("`{}` is no word for `when`{advice}", shown(text.text)));
            }
        }
    }
    Some(conditions)
}

fn required(task: &Table<'_>, settings: &ApprovalSettings, notes: &mut Notes<'_>) -> Vec<Asked> {
    let Some((_, value)) = task.entry("required") else {
        task.missing(
            "required",
            "say who has to approve: `required = [{ group = \"…\", count = 1 }]`",
            notes,
        );
        return Vec::new();
    };
    let DeValue::Array(items) = value.get_ref() else {
        wrong_type(value, "required", "a list: `[{ group = \"…\", count = 1 }]`", notes);
        return Vec::new();
    };
    if items.is_empty() || items.len() > MAX_GROUPS {
        notes.error(value.span(), format!("`required` names from 1 to {MAX_GROUPS} groups"));
        return Vec::new();
    }
    let mut required = Vec::new();
    let mut names = BTreeSet::new();
    for item in items.iter() {
        let Some(entries) = table(item, "each of `required`", notes) else { continue };
        let Some(below) = task.below("required", entries, item.span(), notes) else { continue };
        let count = below.number("count", notes).unwrap_or(1);
        let when = conditions(&below, notes);
        let Some(group) = group(&below, settings, notes) else { continue };
        if !names.insert(group.text.to_owned()) {
            notes.error(group.place, format!("`{}` is required twice: add the counts", shown(group.text)));
        }
        let count = u32::try_from(count).unwrap_or(MAX_REQUIRED);
        required.push(Asked { group: group.text.to_owned(), count, when });
    }
    let all: u32 = required.iter().map(|it: &Asked| it.count).sum();
    if all > MAX_REQUIRED {
        let message = format!("{all} approvals are required, and {MAX_REQUIRED} are allowed");
        notes.error(value.span(), message);
    }
    required
}

/// The group that a table names, if there is one that somebody can be in.
fn group<'a>(table: &Table<'a>, settings: &ApprovalSettings, notes: &mut Notes<'_>) -> Option<Text<'a>> {
    if table.entry("group").is_none() {
        table.missing("group", "name one of `[approval.groups]`", notes);
    }
    let text = table.text("group", notes)?;
    let groups = &settings.directory.groups;
    // Whoever has the link is in every group.
    if settings.identity == Proof::Link && groups.is_empty() {
        return Some(text);
    }
    let Some(group) = groups.get(text.text) else {
        let names: Vec<&str> = groups.keys().map(String::as_str).collect();
        let advice = if names.is_empty() {
            "; write `[approval.groups]`, and in it who is in which group".to_owned()
        } else {
            suggestion(text.text, &names)
        };
        notes.error(text.place, format!("there is no group `{}`{advice}", shown(text.text)));
        return None;
    };
    if settings.identity == Proof::Slack && group.people.is_empty() {
        let message = format!(
            "nobody can be in `{}`: Slack knows neither roles nor groups, so name `people`",
            shown(text.text)
        );
        notes.error(text.place.clone(), message);
    }
    Some(text)
}

fn break_glass(task: &Table<'_>, settings: &ApprovalSettings, notes: &mut Notes<'_>) -> Option<BreakGlass> {
    let table = task.table("break_glass", notes)?;
    let count = table.number("count", notes).unwrap_or(1);
    let reason = table.boolean("reason", notes).unwrap_or(true);
    let group = group(&table, settings, notes)?;
    let count = u32::try_from(count).unwrap_or(MAX_REQUIRED);
    if let Some(found) = too_few(&settings.directory, &[(group.text, count)], true, 0) {
        notes.error(table.place(), never(&found));
    }
    Some(BreakGlass { group: group.text.to_owned(), count, reason })
}

fn channels(task: &Table<'_>, notes: &mut Notes<'_>) -> Vec<Channel> {
    let Some((_, value)) = task.entry("channels") else {
        task.missing("channels", "say where people are asked: `channels = [\"teams:NAME\"]`", notes);
        return Vec::new();
    };
    let texts = task.texts("channels", notes).unwrap_or_default();
    if texts.len() > MAX_CHANNELS {
        let message = format!("{} channels are asked, and {MAX_CHANNELS} are allowed", texts.len());
        notes.error(value.span(), message);
    }
    texts.iter().filter_map(|it| channel(it, notes)).collect()
}

fn channel(text: &Text<'_>, notes: &mut Notes<'_>) -> Option<Channel> {
    let proper = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    let good = text.text.split_once(':').is_some_and(|(kind, name)| {
        CHANNEL_KINDS.contains(&kind) && !name.is_empty() && name.chars().all(proper)
    });
    if !good || text.text.len() > CHANNEL_BYTES {
        let message = format!(
            "`{}` is no channel: write `teams:NAME` or `slack:CHANNEL`, with letters, digits, `-`, `_` and `.`",
            shown(text.text)
        );
        notes.error(text.place.clone(), message);
        return None;
    }
    Some(Channel(text.text.to_owned()))
}

/// Whenever people are asked, somebody has to be asked.
fn check_when(task: &Table<'_>, around: &Around<'_>, approval: &TaskApproval, notes: &mut Notes<'_>) {
    let place = task.entry("when").map_or_else(|| task.place(), |(_, value)| value.span());
    let of_plan = |it: &&When| !matches!(it, When::Always);
    if around.stages == Some(&["pre_plan"])
        && let Some(when) = approval.when.iter().find(of_plan)
    {
        let message = format!(
            "at stage pre_plan there is no plan yet, so `{}` cannot be told: write `when = [\"always\"]`",
            when.as_str()
        );
        notes.error(place.clone(), message);
    }
    if around.checks == Some(&[]) && approval.when.contains(&When::PolicyFailed) {
        notes.error(place.clone(), "this task has no checks, so `policy-failed` never holds");
    }
    let covers = |when: When, asked: &Asked| {
        asked.when.as_ref().is_none_or(|it| it.iter().any(|wanted| when.implies(*wanted)))
    };
    let nobody = |when: &&When| !approval.required.iter().any(|it| covers(**when, it));
    if let (Some(when), false) = (approval.when.iter().find(nobody), approval.required.is_empty()) {
        let message = format!(
            "nobody would be asked when `{}` holds: `required` has no group without `when`, or with that one",
            when.as_str()
        );
        notes.error(place, message);
    }
}

/// Nobody could ever satisfy a rule that asks for more people than there are.
fn check_people(
    task: &Table<'_>,
    settings: &ApprovalSettings,
    approval: &TaskApproval,
    notes: &mut Notes<'_>,
) {
    let Some((_, value)) = task.entry("required") else { return };
    let required: Vec<(&str, u32)> =
        approval.required.iter().map(|it| (it.group.as_str(), it.count)).collect();
    let find = |absent| too_few(&settings.directory, &required, approval.distinct, absent);
    if let Some(found) = find(0) {
        notes.error(value.span(), never(&found));
    } else if let (Some(found), false) = (find(1), approval.self_approval) {
        let message = format!("{found}: a run that one of them started can never be approved");
        notes.warning(value.span(), message);
    }
}

fn never(found: &TooFew) -> String {
    format!("this can never be satisfied: {found}")
}

/// Whoever has the link may be anybody, and come twice.
fn check_link(task: &Table<'_>, settings: &ApprovalSettings, approval: &TaskApproval, notes: &mut Notes<'_>) {
    if settings.identity != Proof::Link {
        return;
    }
    let rules = [
        (approval.required.iter().map(|it| it.count).sum::<u32>() > 1, "required", "ask for one approval"),
        (!approval.self_approval, "self_approval", "write `self_approval = true`"),
        (approval.break_glass.is_some(), "break_glass", "remove it"),
    ];
    for (_, key, advice) in rules.iter().filter(|(broken, _, _)| *broken) {
        let place = task.entry(key).map_or_else(|| task.place(), |(_, value)| value.span());
        let message = format!(
            "`{key}` cannot be kept with `identity = \"link\"`, where nobody knows who answers: {advice}, or choose another identity"
        );
        notes.error(place, message);
    }
}

fn check_rest(task: &Table<'_>, around: &Around<'_>, approval: &TaskApproval, notes: &mut Notes<'_>) {
    let place = |key| task.entry(key).map_or_else(|| task.place(), |(_, value)| value.span());
    if approval.on_expiry == Verdict::Passed {
        let message = "a run that nobody looks at passes, and so does one of which nobody could be told";
        notes.warning(place("on_expiry"), message);
    }
    if approval.fallback.as_ref().is_some_and(|it| approval.channels.contains(it)) {
        notes.error(place("fallback"), "this is one of `channels`: name another one, or remove it");
    }
    if Duration::from_mins(approval.channel_minutes) > approval.open {
        let message =
            "a message would be tried for longer than people can answer: choose no more than `minutes`";
        notes.error(place("channel_minutes"), message);
    }
    if around.checks == Some(&[]) && !approval.overrides.is_empty() {
        notes.error(place("overrides"), "this task has no checks, so there is nothing to override");
    }
}
