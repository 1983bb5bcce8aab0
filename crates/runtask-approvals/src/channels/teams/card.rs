//! Lays out cards (Adaptive Cards, version 1.4 at most).
//!
//! What others wrote stands in text runs, which know no Markdown: nothing in it acts. Newer versions are not shown by
//! Workflows, or not at all.

use super::super::links::Links;
use super::super::words;
use super::form::Mention;
use crate::approval::Approval;
use serde_json::{Value, json};

/// The newest version that Workflows shows.
const VERSION: &str = "1.4";

/// Bytes of a message. Teams takes 28 KB, counted after a conversion that makes it a fifth longer, and more.
pub(super) const CARD_BYTES: usize = 18 * 1024;

/// Mentions in one message; Teams takes 20.
const MENTIONS: usize = 5;

/// The question.
pub(super) fn question(approval: &Approval, links: &Links, mentions: &[Mention]) -> Value {
    let run = &approval.run;
    let workspace = words::quoted(&run.workspace);
    let mut body = vec![line(vec![json!({
        "type": "TextRun", "text": format!("Approval needed: {workspace}"), "size": "Large", "weight": "Bolder",
    })])];
    let mentions = mentions.get(..MENTIONS).unwrap_or(mentions);
    if !mentions.is_empty() {
        let names = mentions.iter().map(|it| at(&it.name)).collect::<Vec<_>>().join(", ");
        body.push(
            json!({ "type": "TextBlock", "wrap": true, "text": format!("{names} please look at this.") }),
        );
    }
    let changes = line(vec![bold(&words::changes(approval.plan.as_ref()))]);
    match words::destroys(approval.plan.as_ref()) {
        Some(destroys) => body.push(json!({
            "type": "Container", "style": "attention", "items": [changes, line(vec![plain(&destroys)])],
        })),
        None => body.push(changes),
    }
    if let Some(policies) = words::policies(&approval.policies) {
        let mut runs = vec![bold("Policies: "), plain(&policies)];
        if words::overrides(&approval.policies) {
            runs.push(plain(". Approving overrides what failed."));
        }
        body.push(line(runs));
    }
    body.push(line(vec![bold("Run: "), plain(&what_runs(approval))]));
    if let Some(message) = &run.message {
        body.push(line(vec![bold("Message: "), plain(&words::quoted(message))]));
    }
    let advisory =
        if run.advisory { " This run task is advisory: the run goes on whatever is decided." } else { "" };
    let terms = format!("{} {}{advisory}", words::needs(approval), words::closes(approval));
    body.push(line(vec![json!({ "type": "TextRun", "text": terms.trim_start(), "isSubtle": true })]));

    let mut actions = vec![
        json!({ "type": "Action.OpenUrl", "title": "Approve…", "style": "positive", "url": links.approve }),
        json!({ "type": "Action.OpenUrl", "title": "Reject…", "style": "destructive", "url": links.reject }),
    ];
    actions.extend(run.run_url.as_deref().map(|it| open("Open run", it)));
    let pull_request = run.pull_request_url.as_deref().map(|it| open("Pull request", it));
    actions.extend(pull_request.or_else(|| run.commit_url.as_deref().map(|it| open("Commit", it))));

    let entities: Vec<Value> = mentions
        .iter()
        .map(|it| {
            json!({
                "type": "mention", "text": at(&it.name),
                "mentioned": { "id": words::quoted(&it.id), "name": words::quoted(&it.name) },
            })
        })
        .collect();
    let fallback = format!("A Terraform run in {workspace} waits for approval.");
    let mut card = card(&fallback, body, actions);
    if let (false, Some(teams)) =
        (entities.is_empty(), card.get_mut("msteams").and_then(Value::as_object_mut))
    {
        teams.insert("entities".to_owned(), entities.into());
    }
    card
}

/// How it ended.
pub(super) fn follow_up(approval: &Approval) -> Value {
    let (workspace, end) = (words::quoted(&approval.run.workspace), words::end(approval));
    let color = if words::ended_well(approval) { "Good" } else { "Attention" };
    let head = json!({ "type": "TextRun", "text": format!("{end}: "), "weight": "Bolder", "color": color });
    let run = words::quoted(&approval.run.run_id);
    let ending = format!("{} The earlier card is closed.", words::ending(approval));
    let body =
        vec![line(vec![head, plain(&format!("{workspace}, {run}"))]), line(vec![plain(ending.trim_start())])];
    let actions = approval.run.run_url.as_deref().map(|it| open("Open run", it)).into_iter().collect();
    card(&format!("{workspace}: {end}."), body, actions)
}

/// A card that says hello, for somebody who looks whether it arrives.
pub(super) fn hello(channel: &str) -> Value {
    let text = format!(
        "This is a test of the channel {}. If you can read this, cards arrive.",
        words::quoted(channel)
    );
    card("A test of approvals of Terraform runs.", vec![line(vec![plain(&text)])], Vec::new())
}

fn card(fallback: &str, body: Vec<Value>, actions: Vec<Value>) -> Value {
    json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": VERSION,
        "fallbackText": fallback,
        "body": body,
        "actions": actions,
        "msteams": { "width": "Full" },
    })
}

fn what_runs(approval: &Approval) -> String {
    let run = &approval.run;
    let mut parts = vec![words::quoted(&run.run_id), format!("stage {}", words::quoted(&run.stage))];
    if !approval.task.is_empty() {
        parts.push(format!("task {}", words::quoted(&approval.task)));
    }
    if run.speculative {
        parts.push("speculative".to_owned());
    }
    parts.extend(run.created_by.as_deref().map(|it| format!("started by {}", words::quoted(it))));
    parts.join(", ")
}

fn line(runs: Vec<Value>) -> Value {
    json!({ "type": "RichTextBlock", "inlines": runs })
}

fn plain(text: &str) -> Value {
    json!({ "type": "TextRun", "text": text })
}

fn bold(text: &str) -> Value {
    json!({ "type": "TextRun", "text": text, "weight": "Bolder" })
}

fn open(title: &str, url: &str) -> Value {
    json!({ "type": "Action.OpenUrl", "title": title, "url": url })
}

/// A mention, as text and entity must both write it. Settings name people, so `<` in a name is a mistake, no attack.
fn at(name: &str) -> String {
    format!("<at>{}</at>", words::quoted(name).replace(['<', '>'], ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{PlanFacts, Policy};
    use crate::test_util::{approval, question as asked};

    fn links() -> Links {
        let link = |it: &str| format!("https://approve.example.com/-/a/{it}");
        Links { approve: link("TOKEN-APPROVE"), reject: link("TOKEN-REJECT") }
    }

    fn ada() -> Mention {
        Mention { name: "Ada Lovelace".to_owned(), id: "ada@example.com".to_owned() }
    }

    #[test]
    fn a_question_says_what_is_at_stake() {
        insta::assert_json_snapshot!(question(&approval(), &links(), &[ada()]));
    }

    /// What stands around a card, and something to spare.
    const ENVELOPE_BYTES: usize = 512;

    /// The largest that an approval can hold.
    #[test]
    fn no_question_is_larger_than_teams_takes() {
        let mut asked = asked();
        let wide = |times| "ä\"\\\u{1f600}".repeat(times);
        asked.run.workspace = wide(500);
        asked.run.run_id = wide(500);
        asked.run.stage = wide(500);
        asked.run.created_by = Some(wide(500));
        asked.run.message = Some(wide(5000));
        asked.run.advisory = true;
        asked.task = wide(500);
        let url = |it: &str| Some(format!("https://example.com/{it}{}", "x".repeat(980)));
        asked.run.run_url = url("run");
        asked.run.pull_request_url = url("pull");
        asked.plan =
            Some(PlanFacts { destroy: u64::MAX, destroys: vec![wide(100); 500], ..PlanFacts::default() });
        let policy = Policy { id: wide(500), passed: false, overridable: true, text: wide(500) };
        asked.policies = vec![policy; 500];
        asked.rules = crate::test_util::rules(&[(wide(50).as_str(), 2); 8]);
        let approval = Approval::ask(asked, crate::test_util::at(0));
        let link = format!("https://approve.example.com/-/a/{}", "x".repeat(400));
        let links = Links { approve: link.clone(), reject: link };
        let mentions = vec![Mention { name: wide(500), id: wide(500) }; 30];
        let card = question(&approval, &links, &mentions).to_string();
        assert!(card.len() < CARD_BYTES - ENVELOPE_BYTES, "{}", card.len());
    }

    #[test]
    fn what_others_wrote_stands_in_text_runs_alone() {
        let mut approval = approval();
        let hostile = "*b* <at>all</at> [click](https://evil.example)";
        approval.run.message = Some(hostile.to_owned());
        approval.run.workspace = hostile.to_owned();
        approval.run.created_by = Some(hostile.to_owned());
        let card = question(&approval, &links(), &[ada()]);
        let mut blocks = Vec::new();
        collect(&card, &mut blocks);
        assert!(blocks.iter().any(|(kind, text)| kind == "TextRun" && text.contains(hostile)));
        let acting: Vec<_> = blocks.iter().filter(|(kind, _)| kind != "TextRun").collect();
        assert_eq!(
            acting,
            [&("TextBlock".to_owned(), "<at>Ada Lovelace</at> please look at this.".to_owned())]
        );
    }

    /// The type and text of everything that has both.
    fn collect(value: &Value, found: &mut Vec<(String, String)>) {
        match value {
            Value::Object(fields) => {
                if let (Some(kind), Some(text)) = (fields.get("type"), fields.get("text"))
                    && kind != "mention"
                {
                    found.push((kind.as_str().unwrap().to_owned(), text.as_str().unwrap().to_owned()));
                }
                fields.values().for_each(|it| collect(it, found));
            }
            Value::Array(items) => items.iter().for_each(|it| collect(it, found)),
            _ => {}
        }
    }
}
