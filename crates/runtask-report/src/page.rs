//! Renders as a page of HTML: for a person who follows the link of a result, or opens what CI has kept.
//!
//! The page holds no script and asks for nothing from anywhere. What can be chosen on it is chosen by radio buttons and
//! by folding, which its one style sheet does. Texts of strangers are text: [`maud`] escapes whatever is put between tags,
//! and the Markdown of bodies goes through [`body`], which has a short list of tags.
//!
//! It is bounded: of very many findings the rules that found most show fewer, and where details would make the page too
//! large, findings stand in one line each; the page says so.

mod body;
#[cfg(test)]
mod browser;
mod parts;
mod row;
mod style;

use crate::standing::summary;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use parts::{Part, parts};
use row::{finding, group_head, line, text};
use runtask_findings::{CheckReport, Verdict, counted};
use std::collections::HashSet;
use style::{META_POLICY, STYLE};

pub use style::CONTENT_SECURITY_POLICY;

/// Bytes of a page, at most. Lambda's function URLs answer with 6 MB at most.
///
/// Source: AWS Lambda, "Lambda quotas", invocation payload.
pub const MAX_PAGE_BYTES: usize = 4 << 20;

/// Bytes of all findings together with their bodies, and bytes where they end altogether; the rest is for everything else.
const DETAILED_BYTES: usize = 3 << 20;
const LISTED_BYTES: usize = DETAILED_BYTES + (1 << 19);
/// Bytes of the rules that found nothing.
const RULES_BYTES: usize = 1 << 18;
/// Characters of a headline, and of what the caller says about the run.
const HEADLINE: usize = 1000;
const FACT: usize = 300;

/// What a page says besides what was found. All of it is shown as text, shortened where it is long.
#[derive(Debug, Clone, Default)]
pub struct PageDetails<'a> {
    /// The task.
    pub task: Option<&'a str>,
    /// What the reader wants to know of the run, in the order to show it.
    pub facts: Vec<Fact<'a>>,
    /// Where the same report is as JSON, as [`json()`](crate::json()) makes it.
    pub json: Option<&'a str>,
    /// Where the same report is as SARIF.
    pub sarif: Option<&'a str>,
    /// When it was made, as RFC 3339 has it.
    pub made: Option<&'a str>,
    /// Lines for the foot of the page, such as who may read it and how long.
    pub foot: Vec<&'a str>,
}

/// One thing about a run, such as its workspace.
#[derive(Debug, Clone)]
pub struct Fact<'a> {
    /// What it is: `Workspace`.
    pub name: &'a str,
    /// The value: `acme/net-prod`.
    pub value: &'a str,
    /// Where it leads; no link is made of anything but `https://…` and `http://…`.
    pub link: Option<&'a str>,
}

/// The reports as a whole HTML document, at most [`MAX_PAGE_BYTES`] long.
///
/// - First the verdict, the counts, and what each check says in a line; then what was found, worst first: errors, what was
///   not checked and why, warnings, the rest, and what is excepted; in each the findings of one rule together. At the end
///   the rules that found nothing.
/// - Each finding has the address `#finding-N`, where `N` is its number in the order of the reports, from 1; each rule's
///   findings at one level have `#rule-N`, with the number of the first. [`linked_task_result()`](crate::linked_task_result())
///   leads there.
/// - Whoever serves it sends [`CONTENT_SECURITY_POLICY`]; a copy of it is in the page, for one that is opened as a file.
#[must_use]
pub fn page(reports: &[CheckReport], verdict: Verdict, details: &PageDetails<'_>) -> String {
    let parts = parts(reports, verdict);
    let counts = summary(reports, verdict);
    let verdict = match verdict {
        Verdict::Passed => "Passed",
        Verdict::Failed => "Failed",
    };
    let about = details.facts.first().map(|it| it.value).or(details.task).unwrap_or("run task");
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(META_POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex, nofollow";
                meta name="referrer" content="no-referrer";
                title { (verdict) ": " (text(&counts, HEADLINE)) " – " (text(about, FACT)) }
                // Without one, browsers ask the server for it.
                link rel="icon" href=(icon(verdict));
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 {
                        span.badge.(verdict.to_lowercase()) { (verdict) }
                        " " span.task { @match details.task {
                            Some(task) => { "Task " (text(task, FACT)) }
                            None => { "Run task" }
                        } }
                    }
                    p.counts { (text(&counts, HEADLINE)) }
                    (facts(details))
                    (checks(reports))
                }
                @if parts.len() > 1 { (choices(&parts)) }
                main {
                    @if parts.len() > 1 { (labels(&parts)) }
                    @if parts.is_empty() { p.nothing { "Nothing was found." } }
                    (found(&parts, details.json.is_some()))
                    (quiet_rules(reports))
                }
                (footer(details))
            }
        }
    };
    let mut document = document.into_string();
    document.push('\n');
    document
}

/// A dot in the colour of the verdict, for the browser's tab.
fn icon(verdict: &str) -> String {
    let colour = if verdict == "Passed" { "1a7f37" } else { "c62828" };
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%23{colour}'/%3E%3C/svg%3E"
    )
}

fn facts(details: &PageDetails<'_>) -> Markup {
    let is_link = |it: &&str| it.starts_with("https://") || it.starts_with("http://");
    html! {
        @if !details.facts.is_empty() {
            dl.facts {
                @for fact in &details.facts {
                    div {
                        dt { (text(fact.name, FACT)) }
                        dd {
                            @match fact.link.filter(is_link) {
                                Some(link) => { a href=(link) rel=(body::LINK_RELATION) { (text(fact.value, FACT)) } }
                                None => { (text(fact.value, FACT)) }
                            }
                        }
                    }
                }
            }
        }
        @if details.json.is_some() || details.sarif.is_some() {
            p.downloads {
                "Download as "
                @if let Some(json) = details.json { a href=(json) download { "JSON" } }
                @if details.json.is_some() && details.sarif.is_some() { " or " }
                @if let Some(sarif) = details.sarif { a href=(sarif) download { "SARIF" } }
            }
        }
    }
}

/// What each check says in a line.
fn checks(reports: &[CheckReport]) -> Markup {
    html! {
        ul.checks {
            @for report in reports {
                li {
                    b { (text(report.check, FACT)) } " "
                    span { (text(&report.headline, HEADLINE)) }
                    @if let Some(tally) = &report.tally { " " span.dim { (text(tally, HEADLINE)) } }
                }
            }
        }
    }
}

/// The buttons that the style sheet looks at. They stand before what they hide, and their labels where people look.
fn choices(parts: &[Part<'_>]) -> Markup {
    html! {
        input.choice type="radio" name="show" id="show-all" checked;
        @for part in parts {
            input.choice type="radio" name="show" id=(part.kind.choice());
        }
    }
}

fn labels(parts: &[Part<'_>]) -> Markup {
    let all: usize = parts.iter().map(Part::len).sum();
    html! {
        nav.filter aria-label="What to show" {
            label for="show-all" { "All " span.number { (all) } }
            @for part in parts {
                label.(part.kind.class()) for=(part.kind.choice()) {
                    (part.kind.title()) " " span.number { (part.len()) }
                }
            }
        }
    }
}

/// All parts, as far as there is room.
fn found(parts: &[Part<'_>], has_json: bool) -> Markup {
    let mut html = String::new();
    let mut is_shortened = false;
    for part in parts {
        html.push_str(&format!("<section class=\"part {}\">", part.kind.class()));
        html.push_str(&part_head(part).into_string());
        for shown in &part.groups {
            html.push_str("<section class=\"group\">");
            html.push_str(&group_head(&shown.group).into_string());
            let advice = shown.common_advice();
            let mut number = 0;
            html.push_str("<ul class=\"findings\">");
            for it in shown.group.all().take(shown.room) {
                let is_open = part.kind.is_open();
                let mut row = finding(&it, advice.is_none(), is_open).into_string();
                if html.len() + row.len() > DETAILED_BYTES {
                    is_shortened = true;
                    row = line(&it).into_string();
                }
                if html.len() + row.len() > LISTED_BYTES {
                    break;
                }
                html.push_str(&row);
                number += 1;
            }
            html.push_str("</ul>");
            html.push_str(&rest(shown.group.len() - number, has_json).into_string());
            if let Some(advice) = advice.filter(|it| html.len() + 8 * it.len() < LISTED_BYTES) {
                html.push_str("<div class=\"advice\">");
                body::write(advice, &mut html);
                html.push_str("</div>");
            }
            html.push_str("</section>");
        }
        html.push_str("</section>");
    }
    html! {
        @if is_shortened {
            p.cut {
                "There is more than a page can hold: details of the last findings are left out."
                @if has_json { " The JSON has them." }
            }
        }
        (PreEscaped(html))
    }
}

fn part_head(part: &Part<'_>) -> Markup {
    html! {
        h2 { (part.kind.title()) " " span.number { (part.len()) } }
        @if let Some(note) = part.kind.note() { p.dim { (note) } }
    }
}

/// Says how many findings of a rule are not on the page.
fn rest(number: usize, has_json: bool) -> Markup {
    html! {
        @if number > 0 {
            p.cut { "… and " (number) " more" @if has_json { ", which the JSON has" } }
        }
    }
}

/// The rules that were asked and found nothing.
fn quiet_rules(reports: &[CheckReport]) -> Markup {
    let all: usize = reports.iter().map(|it| it.rules.len()).sum();
    let mut rows = String::new();
    let (mut quiet, mut left_out) = (0, 0);
    for report in reports {
        let loud: HashSet<_> = report.findings.iter().map(|it| &it.code).collect();
        for rule in report.rules.iter().filter(|it| !loud.contains(&it.code)) {
            quiet += 1;
            if rows.len() > RULES_BYTES {
                left_out += 1;
                continue;
            }
            let row = html! {
                tr {
                    td { code { (text(rule.code.as_str(), FACT)) } }
                    td { (text(&rule.title, FACT)) }
                    td.dim { (text(&rule.source.to_string(), FACT)) }
                }
            };
            rows.push_str(&row.into_string());
        }
    }
    html! {
        @if quiet > 0 {
            details.quiet {
                summary { (quiet) " of " (counted(all, "rule")) " found nothing" }
                div.scroll {
                    table {
                        thead { tr { th scope="col" { "Rule" } th scope="col" { "What it demands" } th scope="col" { "Written at" } } }
                        tbody { (PreEscaped(rows)) }
                    }
                }
                (rest(left_out, false))
            }
        }
    }
}

fn footer(details: &PageDetails<'_>) -> Markup {
    html! {
        footer {
            @for line in &details.foot { p { (text(line, HEADLINE)) } }
            p {
                "Made by runtask " (env!("CARGO_PKG_VERSION"))
                @if let Some(made) = details.made {
                    ", " time datetime=(text(made, FACT)) { (text(made, FACT)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
