//! Groups findings: one group for the findings of one rule at one level, and where there are fewer rows than findings one
//! row for a group, the most numerous first.
//!
//! Nothing is left out here: a caller with fewer rows than rules drops the last ones, which are the mildest.
//!
//! Findings are numbered from 1 in the order of the reports, so that what one renderer shows can point to what another
//! does.

use runtask_findings::{
    CheckReport, Code, Finding, Level, Rule, Severity, code_span, counted, markdown_escaped, shortened,
};
use std::collections::HashMap;

/// Findings of one rule that are shown one by one: in the body of a group, or with their own bodies.
pub(crate) const LISTED: usize = 50;
/// Characters of one of them.
const LISTED_CHARACTERS: usize = 150;

/// A row: one finding, or a group of findings.
#[derive(Debug)]
pub(crate) enum Row<'a> {
    /// A finding.
    One(Numbered<'a>),
    /// All that one rule found at one level.
    Many(Group<'a>),
}

/// A finding and its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbered<'a> {
    pub(crate) finding: &'a Finding,
    number: usize,
}

impl Numbered<'_> {
    /// The id of its place on the page.
    pub(crate) fn anchor(&self) -> String {
        format!("finding-{}", self.number)
    }
}

/// The findings of one rule at one level.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    /// The rule, where the check has said what it demands.
    rule: Option<&'a Rule>,
    first: Numbered<'a>,
    others: Vec<Numbered<'a>>,
}

impl<'a> Group<'a> {
    pub(crate) const fn first(&self) -> &'a Finding {
        self.first.finding
    }

    pub(crate) const fn rule(&self) -> Option<&'a Rule> {
        self.rule
    }

    pub(crate) fn len(&self) -> usize {
        self.others.len() + 1
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = Numbered<'a>> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    /// The id of its place on the page.
    pub(crate) fn anchor(&self) -> String {
        format!("rule-{}", self.first.number)
    }

    /// That of the worst of them.
    pub(crate) fn severity(&self) -> Option<Severity> {
        self.all().filter_map(|it| it.finding.severity).min()
    }

    /// Such as `public-s3-bucket: 412 errors: S3 buckets are not public`.
    pub(crate) fn summary(&self) -> String {
        let number = counted(self.len(), self.first().level.as_str());
        let title = self.rule.map(|it| format!(": {}", it.title)).unwrap_or_default();
        format!("{}: {number}{title}", self.first().code)
    }

    /// Where the first of them are, in Markdown.
    pub(crate) fn body(&self) -> String {
        let mut body = String::new();
        // Advice says it as well.
        if let Some(rule) = self.rule.filter(|_| self.first().advice.is_empty()) {
            let source = code_span(&shortened(&rule.source.to_string(), LISTED_CHARACTERS));
            body.push_str(&format!("The rule is written at {source}.\n\n"));
        }
        for finding in self.all().take(LISTED).map(|it| it.finding) {
            let item = match &finding.subject {
                Some(subject) => code_span(&shortened(&subject.to_string(), LISTED_CHARACTERS)),
                None => markdown_escaped(&shortened(&finding.summary, LISTED_CHARACTERS)),
            };
            body.push_str(&format!("- {item}\n"));
        }
        let more = self.len().saturating_sub(LISTED);
        if more > 0 {
            body.push_str(&format!("- … and {more} more\n"));
        }
        let advice = &self.first().advice;
        if !advice.is_empty() {
            body.push_str(&format!("\n{advice}"));
        }
        body
    }
}

/// The findings of all reports in their order, where `limit` rows hold them. Otherwise errors first, and as many groups
/// as it takes become one row each, the largest first.
pub(crate) fn rows(reports: &[CheckReport], limit: usize) -> Vec<Row<'_>> {
    let mut rows: usize = reports.iter().map(|it| it.findings.len()).sum();
    if rows <= limit {
        return numbered(reports).map(|(_report, it)| Row::One(it)).collect();
    }
    let groups = groups(reports);
    let mut sizes: Vec<(usize, usize)> =
        groups.iter().enumerate().map(|(number, group)| (group.len(), number)).collect();
    sizes.sort_by_key(|(size, number)| (std::cmp::Reverse(*size), *number));
    let mut merged = vec![false; groups.len()];
    for (size, number) in sizes {
        if rows <= limit {
            break;
        }
        rows -= size - 1;
        if let Some(it) = merged.get_mut(number) {
            *it = size > 1;
        }
    }
    // As the sort is stable, groups of one level stay in the order in which they were found.
    let mut sorted: Vec<_> = groups.into_iter().zip(merged).collect();
    sorted.sort_by_key(|(group, _)| group.first().level);
    let mut rows = Vec::new();
    for (group, merged) in sorted {
        if merged {
            rows.push(Row::Many(group));
        } else {
            rows.extend(group.all().map(Row::One));
        }
    }
    rows
}

/// The groups of all reports, in the order in which they were found.
pub(crate) fn groups(reports: &[CheckReport]) -> Vec<Group<'_>> {
    let rules: Vec<HashMap<&Code, &Rule>> =
        reports.iter().map(|it| it.rules.iter().map(|rule| (&rule.code, rule)).collect()).collect();
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places: HashMap<(usize, &Code, Level, bool), usize> = HashMap::new();
    for (report, numbered) in numbered(reports) {
        let finding = numbered.finding;
        let key = (report, &finding.code, finding.level, finding.excepted);
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.others.push(numbered),
            None => {
                let rule = rules.get(report).and_then(|it| it.get(&finding.code)).copied();
                groups.push(Group { rule, first: numbered, others: Vec::new() });
            }
        }
    }
    groups
}

/// All findings, each with the place of its report.
fn numbered(reports: &[CheckReport]) -> impl Iterator<Item = (usize, Numbered<'_>)> {
    let of_reports = reports.iter().enumerate();
    let findings =
        of_reports.flat_map(|(report, it)| it.findings.iter().map(move |finding| (report, finding)));
    findings.zip(1..).map(|((report, finding), number)| (report, Numbered { finding, number }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::policy;

    fn shown(reports: &[CheckReport], limit: usize) -> String {
        let line = |it: &Row<'_>| match it {
            Row::One(it) => it.finding.summary.clone(),
            Row::Many(group) => {
                format!("[{}] {:?}\n{}", group.summary(), group.severity(), group.body())
            }
        };
        rows(reports, limit).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        assert_eq!(rows(&[policy()], 5).len(), 5);
        assert!(rows(&[policy()], 5).iter().all(|it| matches!(it, Row::One(_))));
    }

    #[test]
    fn the_rule_that_found_most_becomes_one_row() {
        insta::assert_snapshot!(shown(&[policy()], 4), @r#"
        [public-s3-bucket: 2 errors: S3 buckets are not public] Some(High)
        The rule is written at `policies/public_s3_bucket.rego:12`.

        - `module.web.aws_s3_bucket.site["eu"]`
        - `aws_s3_bucket.b`

        aws_vpc.main has no tag owner
        Open to all: aws_security_group.a
        An exception matched nothing
        "#);
    }

    #[test]
    fn where_there_are_more_rules_than_rows_all_are_listed_worst_first() {
        let mut report = policy();
        report.findings.reverse();
        let levels: Vec<_> = rows(&[report], 1)
            .iter()
            .map(|it| match it {
                Row::One(it) => it.finding.level,
                Row::Many(it) => it.first().level,
            })
            .collect();
        assert_eq!(levels, [Level::Error, Level::Error, Level::Warning, Level::Info]);
    }

    #[test]
    fn a_long_list_ends_with_a_number() {
        let finding = Finding::new(Code::new("x"), Level::Info, "a|b ".repeat(100));
        let report = CheckReport::new("x", "h", vec![finding; 60]);
        let body = match rows(&[report], 10).pop() {
            Some(Row::Many(group)) => group.body(),
            other => panic!("{other:?}"),
        };
        assert!(body.ends_with("…\n- … and 10 more\n"), "{body}");
        assert_eq!(body.lines().count(), 51);
    }
}
