//! Looks at whole pages.

use super::browser::tags;
use super::*;
use crate::sample::{HOSTILE, any_hostile_text, format, hostile, policy};
use html5ever::tokenizer::TagKind;
use proptest::prelude::*;
use runtask_findings::{Code, Finding, Level, Severity, Subject, fenced};
use std::sync::LazyLock;

/// The elements of a page, with the names of their attributes; fails where one does or loads anything.
fn skeleton(page: &str) -> Vec<String> {
    let starts = tags(&page.replace(STYLE, "")).into_iter().filter(|it| it.kind == TagKind::StartTag);
    starts
        .map(|tag| {
            let name = tag.name.to_string();
            assert!(
                !["script", "iframe", "object", "embed", "form", "img", "base"].contains(&&*name),
                "{name}"
            );
            let mut names = vec![name.clone()];
            for attribute in &tag.attrs {
                let (key, value) = (attribute.name.local.to_string(), attribute.value.to_string());
                assert!(!key.starts_with("on") && key != "style" && key != "src", "{key}");
                if key == "href" {
                    let leads = if name == "link" {
                        value.starts_with("data:image/svg+xml,")
                    } else {
                        value.starts_with('#') || value.starts_with("https://")
                    };
                    assert!(leads, "{value}");
                }
                names.push(key);
            }
            names.join(" ")
        })
        .collect()
}

/// The ids on a page, each once.
fn ids(page: &str) -> HashSet<String> {
    let mut ids = HashSet::new();
    for attribute in
        tags(&page.replace(STYLE, "")).iter().flat_map(|it| &it.attrs).filter(|it| &*it.name.local == "id")
    {
        assert!(ids.insert(attribute.value.to_string()), "{} is there twice", &*attribute.value);
    }
    ids
}

fn plain(reports: &[CheckReport]) -> String {
    page(reports, Verdict::Failed, &PageDetails::default())
}

#[test]
fn a_page_has_the_verdict_first_and_then_what_was_found() {
    let mut policy = policy();
    let mut excepted = Finding::new(policy.rules[0].code.clone(), Level::Info, "Excepted: a bucket");
    excepted.excepted = true;
    policy.findings.push(excepted.body("Excepted until 2027-03-31: the site is public, by ada@example.com."));
    let reports = [format(), policy, CheckReport::unavailable("scanner", "it hangs")];
    let details = PageDetails {
        task: Some("policy"),
        facts: vec![
            Fact {
                name: "Workspace",
                value: "acme/net-prod",
                link: Some("https://app.terraform.io/app/acme/workspaces/net-prod"),
            },
            Fact { name: "Branch", value: "main", link: Some("javascript:alert(1)") },
        ],
        json: None,
        sarif: None,
        made: Some("2026-11-28"),
        foot: vec!["Anyone with this address can read this until 2026-12-28."],
    };
    let page = page(&reports, Verdict::Failed, &details);
    skeleton(&page);
    let shown = page.replace(STYLE, "[style]").replace("><", ">\n<");
    let shown = shown.replace(concat!("runtask ", env!("CARGO_PKG_VERSION")), "runtask [version]");
    insta::assert_snapshot!("page", shown);
}

#[test]
fn a_page_of_nothing_says_so() {
    let page = page(
        &[CheckReport::new("fmt", "Format check passed", vec![])],
        Verdict::Passed,
        &PageDetails::default(),
    );
    skeleton(&page);
    assert!(page.contains("<title>Passed: no findings – run task</title>"), "{page}");
    assert!(page.contains("Nothing was found.") && !page.contains("type=\"radio\""));
}

#[test]
fn downloads_are_what_the_caller_says() {
    let details =
        PageDetails { json: Some("T/report.json"), sarif: Some("T/report.sarif"), ..PageDetails::default() };
    let page = page(&[format()], Verdict::Failed, &details);
    assert!(page.contains(
        "<a href=\"T/report.json\" download>JSON</a> or <a href=\"T/report.sarif\" download>SARIF</a>"
    ));
}

/// Issue 16: every outcome links to its place on the page.
#[test]
fn every_outcome_leads_to_a_place_on_the_page() {
    let many = |code, number: usize| {
        let finding = Finding::new(Code::new(code), Level::Warning, "s")
            .subject(Subject::Resource { address: "a.b".into() });
        CheckReport::new("policy", "h", vec![finding; number])
    };
    for reports in [vec![format(), policy()], vec![many("a", 700), many("b", 3), many("c", 2000), format()]] {
        let ids = ids(&plain(&reports));
        let address = runtask_protocol::DetailsUrl::new("https://runtask.example.com/-/r/TOKEN").unwrap();
        let result = crate::linked_task_result(&reports, Verdict::Failed, true, &address);
        let result: serde_json::Value = serde_json::from_slice(&result.to_json()).unwrap();
        assert_eq!(result["data"]["attributes"]["url"], "https://runtask.example.com/-/r/TOKEN");
        let outcomes = result["data"]["relationships"]["outcomes"]["data"].as_array().unwrap();
        assert!(outcomes.len() > 3);
        for outcome in outcomes {
            let place = outcome["attributes"]["url"].as_str().unwrap();
            let id = place.strip_prefix("https://runtask.example.com/-/r/TOKEN#").unwrap();
            assert!(ids.contains(id), "{place}");
        }
    }
}

#[test]
fn each_part_can_be_shown_alone() {
    let reports = [format(), policy(), CheckReport::unavailable("x", "y")];
    let page = plain(&reports);
    let ids = ids(&page);
    for kind in ["all", "error", "unchecked", "warning", "info"] {
        assert!(ids.contains(&format!("show-{kind}")), "{kind}");
        assert!(page.contains(&format!("for=\"show-{kind}\"")), "{kind}");
        assert!(STYLE.contains(&format!("#show-{kind}:checked")), "{kind}");
    }
    assert!(!ids.contains("show-excepted"));
}

/// The skeleton of a page with this text everywhere, but for the code that bodies hold: a text may be in several pieces of
/// it.
fn without_code(text: &str) -> Vec<String> {
    skeleton(&plain(&[hostile(text)])).into_iter().filter(|it| it != "code").collect()
}

#[test]
fn hostile_text_is_only_text() {
    let page = plain(&[hostile(HOSTILE)]);
    assert_eq!(without_code(HOSTILE), without_code("x"), "{page}");
    assert!(!page.contains(['\u{202e}', '\u{1b}', '\u{0}']));
}

/// A thousand findings as large as those of a formatted file with a diff.
fn thousand() -> CheckReport {
    let diff: String = (0..40).map(|it| format!("-a{it}   = \"<b>\"\n+a{it} = \"<b>\"\n")).collect();
    let finding = |it: usize| {
        let mut finding = Finding::new(
            Code::of_rule(&format!("rule-{}", it % 40)),
            Level::Error,
            "It is not as it should be",
        )
        .body(format!("Run `terraform fmt` on **{it}**.\n\n{}", fenced("diff", &diff)))
        .subject(Subject::File { path: format!("net/{it}.tf").into(), line: Some(3) });
        finding.severity = Some(Severity::High);
        finding
    };
    CheckReport::new("fmt", "1000 files", (0..1000).map(finding).collect())
}

#[test]
fn a_thousand_findings_are_all_there_with_their_bodies() {
    let mut report = thousand();
    for it in &mut report.findings {
        it.body.truncate(it.body.len() / 3);
    }
    let page = plain(&[report]);
    assert!(page.len() <= MAX_PAGE_BYTES, "{}", page.len());
    assert_eq!(page.matches("<details open>").count(), 1000);
    assert!(!page.contains("class=\"cut\""));
}

#[test]
fn more_than_fits_is_counted() {
    let large = |code: &'static str, number| {
        let finding = Finding::new(Code::new(code), Level::Error, "\"".repeat(1000)).body("<".repeat(10_000));
        CheckReport::new("x", "h".repeat(3000), vec![finding; number])
    };
    let page = plain(&[large("a", 3000), large("b", 3)]);
    assert!(page.len() <= MAX_PAGE_BYTES, "{}", page.len());
    assert!(page.contains("details of the last findings are left out"), "{}", page.len());
    let shown = page.matches("class=\"anchor\"").count();
    let rest = |it: &str| it.split(' ').next().unwrap().parse::<usize>().unwrap();
    let counted: usize = page.split("… and ").skip(1).map(rest).sum();
    assert_eq!(shown + counted, 3003);
    assert!(shown >= 200, "{shown}");
}

/// Advice is the same for all findings of a rule, mostly: then it is there once.
#[test]
fn advice_of_all_is_said_once() {
    let finding = Finding::new(Code::new("x"), Level::Error, "s").body("b").advice("Read the book.");
    let once = plain(&[CheckReport::new("x", "h", vec![finding.clone(), finding.clone()])]);
    assert_eq!(once.matches("Read the book.").count(), 1);
    let other = finding.clone().advice("Read the other book.");
    let each = plain(&[CheckReport::new("x", "h", vec![finding, other])]);
    assert_eq!(each.matches("book.").count(), 2);
}

proptest! {
    #[test]
    fn no_text_adds_structure(text in any_hostile_text()) {
        static PLAIN: LazyLock<Vec<String>> = LazyLock::new(|| without_code("x"));
        prop_assert_eq!(without_code(&text), PLAIN.clone());
    }
}
