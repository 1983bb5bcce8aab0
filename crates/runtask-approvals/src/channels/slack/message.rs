//! Lays out messages and the dialog (Block Kit).
//!
//! What others wrote is `plain_text`, which knows no mentions and no links.
//!
//! Source: Slack, "Reference: Layout blocks", for the limits.

use super::super::links::Links;
use super::super::words;
use super::interaction::{REASON_BLOCK, REASON_FIELD, REJECT_DIALOG};
use crate::approval::Approval;
use crate::person::Proof;
use crate::text::fitted;
use crate::vote::Choice;
use serde_json::{Value, json};

/// Characters of a header, and of a field. Bytes are counted, which are more.
const HEADER_BYTES: usize = 150;
const FIELD_BYTES: usize = 2000;

/// Which kind of buttons a question has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Buttons<'a> {
    /// They lead to the page.
    Links(&'a Links),
    /// A click is a vote.
    Votes,
}

/// The question.
pub(super) fn question(approval: &Approval, buttons: Buttons<'_>) -> (String, Value) {
    let run = &approval.run;
    let workspace = words::quoted(&run.workspace);
    let changes = words::changes(approval.plan.as_ref());
    let mut fields = vec![field("Plan", &changes)];
    if let Some(policies) = words::policies(&approval.policies) {
        let overrides =
            if words::overrides(&approval.policies) { ". Approving overrides what failed." } else { "" };
        fields.push(field("Policies", &format!("{policies}{overrides}")));
    }
    fields.extend(run.created_by.as_deref().map(|it| field("Started by", &words::quoted(it))));
    let speculative = if run.speculative { ", speculative" } else { "" };
    let stage = format!("{}, stage {}{speculative}", words::quoted(&run.run_id), words::quoted(&run.stage));
    fields.push(field("Run", &stage));
    if !approval.task.is_empty() {
        fields.push(field("Task", &words::quoted(&approval.task)));
    }
    fields.push(field("Approvals", &words::needs(approval)));
    let advisory =
        if run.advisory { " The run task is advisory: the run goes on whatever is decided." } else { "" };
    fields.push(field("Time", &format!("{}{advisory}", words::closes(approval))));

    let mut blocks = vec![
        json!({ "type": "header", "text": plain(&fitted(&format!("Approval needed: {workspace}"), HEADER_BYTES)) }),
        json!({ "type": "section", "fields": fields }),
    ];
    blocks.extend(words::destroys(approval.plan.as_ref()).map(|it| section(&it)));
    blocks.extend(run.message.as_deref().map(|it| section(&words::quoted(it))));
    let mut elements = match buttons {
        Buttons::Links(links) => vec![
            link_button("approve", Some("primary"), "Approve…", &links.approve),
            link_button("reject", Some("danger"), "Reject…", &links.reject),
        ],
        Buttons::Votes => vec![
            approve_button(approval, &workspace),
            json!({
                "type": "button", "action_id": "reject", "style": "danger", "value": approval.id,
                "text": plain("Reject…"),
            }),
        ],
    };
    elements.extend(run.run_url.as_deref().map(|it| link_button("open", None, "Open run", it)));
    let pull_request =
        run.pull_request_url.as_deref().map(|it| link_button("change", None, "Pull request", it));
    let commit = run.commit_url.as_deref().map(|it| link_button("change", None, "Commit", it));
    elements.extend(pull_request.or(commit));
    blocks.push(json!({ "type": "actions", "block_id": "decide", "elements": elements }));
    (format!("Approval needed: {workspace} ({changes})"), blocks.into())
}

/// What takes the question's place once it has ended.
pub(super) fn follow_up(approval: &Approval) -> (String, Value) {
    let workspace = words::quoted(&approval.run.workspace);
    let head = format!("{}: {workspace}", words::end(approval));
    let text = format!("{head}, {}", words::quoted(&approval.run.run_id));
    let mut blocks = vec![section(&text), section(&words::ending(approval))];
    let votes: Vec<String> = approval
        .counted()
        .take(12)
        .map(|vote| {
            let word = match vote.decision {
                Choice::Approve => "approved",
                Choice::Reject => "rejected",
                Choice::BreakGlass => "broke the glass",
            };
            let user = vote.who.subject.as_str();
            let who = if vote.who.proof == Proof::Slack && is_id(user) {
                format!("<@{user}>")
            } else {
                escaped(&words::quoted(&vote.who.shown()))
            };
            format!("{who} {word} {}", vote.at)
        })
        .collect();
    if !votes.is_empty() {
        let votes = json!({ "type": "mrkdwn", "text": votes.join(" · ") });
        blocks.push(json!({ "type": "context", "elements": [votes] }));
    }
    (head, blocks.into())
}

/// The dialog in which somebody says why they reject; `id` is the task result's.
pub(super) fn reject_dialog(trigger: &str, id: &str) -> Value {
    json!({ "trigger_id": trigger, "view": {
        "type": "modal", "callback_id": REJECT_DIALOG, "private_metadata": id,
        "title": plain("Reject run"), "submit": plain("Reject"), "close": plain("Back"),
        "blocks": [{
            "type": "input", "block_id": REASON_BLOCK, "label": plain("Why? (people will read this in the run)"),
            "element": {
                "type": "plain_text_input", "action_id": REASON_FIELD, "multiline": true,
                "min_length": 3, "max_length": 500,
            },
        }],
    } })
}

fn approve_button(approval: &Approval, workspace: &str) -> Value {
    let question = match words::destroys(approval.plan.as_ref()) {
        Some(destroys) => format!("{destroys} in {workspace}."),
        None => format!("{} in {workspace}.", words::changes(approval.plan.as_ref())),
    };
    json!({
        "type": "button", "action_id": "approve", "style": "primary", "value": approval.id, "text": plain("Approve"),
        "confirm": {
            "title": plain("Approve this run?"), "text": plain(&fitted(&question, 300)),
            "confirm": plain("Approve"), "deny": plain("Back"),
        },
    })
}

fn link_button(action: &str, style: Option<&str>, text: &str, url: &str) -> Value {
    let mut button = json!({ "type": "button", "action_id": action, "text": plain(text), "url": url });
    if let (Some(style), Some(fields)) = (style, button.as_object_mut()) {
        fields.insert("style".to_owned(), style.into());
    }
    button
}

fn field(name: &str, text: &str) -> Value {
    plain(&format!("{name}\n{}", fitted(text, FIELD_BYTES - name.len() - 1)))
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": plain(&fitted(text, 3000)) })
}

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "emoji": false, "text": text })
}

/// Text that is read as `mrkdwn`: these three stop links and mentions, and nothing can be done about `*` and `_`.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::test_util::{approval, at, ballot, person};

    #[test]
    fn a_question_says_what_is_at_stake_and_a_click_can_be_a_vote() {
        let (text, blocks) = question(&approval(), Buttons::Votes);
        assert_eq!(text, "Approval needed: payments-prod (3 to add, 1 to change, 2 to destroy)");
        insta::assert_json_snapshot!(blocks);
    }

    #[test]
    fn what_others_wrote_is_plain_text() {
        let mut approval = approval();
        let hostile = "*b* <!channel> <https://evil.example|click>";
        approval.run.message = Some(hostile.to_owned());
        approval.run.workspace = hostile.to_owned();
        let (_, blocks) = question(&approval, Buttons::Votes);
        assert!(blocks.to_string().contains("<!channel>"), "plain text shows it as it is");
        assert!(!blocks.to_string().contains("mrkdwn"));
    }

    #[test]
    fn an_ending_names_who_voted_and_lets_no_name_act() {
        let mut mallory = person("mallory", &["payments"]);
        mallory.voter.email = Some("<!channel>@example.com".to_owned());
        let decided = crate::apply(&approval(), Event::Vote(ballot(mallory, Choice::Reject)), at(1)).unwrap();
        let (text, blocks) = follow_up(&decided);
        assert_eq!(text, "Rejected: payments-prod");
        let context = blocks[2].to_string();
        assert!(context.contains("&lt;!channel&gt;@example.com rejected 00:54 UTC"), "{context}");
    }
}
