//! Renders one finding, and what stands above those of one rule.

use super::body;
use crate::groups::{Group, Numbered};
use maud::{Markup, PreEscaped, html};
use runtask_findings::{codes, counted, printable, shortened};

/// Characters of a summary, and of a subject, a code or a place.
const SUMMARY: usize = 500;
const NAME: usize = 200;

/// What all findings of a group have in common.
pub(super) fn group_head(group: &Group<'_>) -> Markup {
    let first = group.first();
    let known = || codes().iter().find(|it| it.0 == first.code).map(|it| it.1.replace('`', ""));
    let title = group.rule().map(|it| it.title.clone()).or_else(known);
    html! {
        h3 id=(group.anchor()) {
            code { (text(first.code.as_str(), NAME)) }
            @if let Some(title) = title { " " span.title { (text(&title, SUMMARY)) } }
        }
        p.about.dim {
            (counted(group.len(), "finding"))
            @if let Some(source) = &first.source { ", rule written at " code { (text(&source.to_string(), NAME)) } }
        }
    }
}

/// A finding with everything about it, folded where it has more than a line.
pub(super) fn finding(numbered: &Numbered<'_>, with_advice: bool, is_open: bool) -> Markup {
    let finding = numbered.finding;
    let advice = Some(finding.advice.as_str()).filter(|_| with_advice).unwrap_or_default();
    if finding.body.trim().is_empty() && advice.trim().is_empty() {
        return line(numbered);
    }
    let anchor = numbered.anchor();
    let mut html = String::new();
    body::write(&finding.body, &mut html);
    if !advice.is_empty() {
        body::write(advice, &mut html);
    }
    html! {
        li {
            details open[is_open] {
                summary { (head(numbered)) }
                // The id is of what is folded: browsers unfold what they are sent to.
                div.body id=(anchor) { (PreEscaped(html)) }
            }
        }
    }
}

/// A finding on one line.
pub(super) fn line(numbered: &Numbered<'_>) -> Markup {
    html! {
        li { div.line id=(numbered.anchor()) { (head(numbered)) } }
    }
}

fn head(numbered: &Numbered<'_>) -> Markup {
    let finding = numbered.finding;
    html! {
        span.summary { (text(&finding.summary, SUMMARY)) }
        @if let Some(severity) = finding.severity { " " span.severity.(severity.as_str()) { (severity.as_str()) } }
        @if let Some(subject) = &finding.subject { " " code.subject { (text(&subject.to_string(), NAME)) } }
        " " a.anchor href={ "#" (numbered.anchor()) } aria-label="Address of this finding" { "#" }
    }
}

/// A text of a stranger on one line.
pub(super) fn text(text: &str, characters: usize) -> String {
    shortened(&printable(text), characters)
}
