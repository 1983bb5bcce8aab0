//! `[approval]` and `[tasks.NAME.approval]`.

use runtask_approvals::test_util::question;
use runtask_approvals::{
    ApprovalSettings, Identity, Need, Policy, Proof, Requirement, SECTION, TaskApproval, Verdict,
};
use runtask_checks::{CheckKind, Fmt};
use runtask_tasks::{CheckEntry, Date, NO_CHANNELS, Problems, Tasks};
use std::collections::BTreeSet;
use std::time::Duration;

const CHECKS: [CheckEntry; 1] = [CheckKind::of::<Fmt>().entry()];

const EVERYTHING: &str = r#"
[approval]
identity = "oidc"
unknown_creator = "refuse"
[approval.people]
grace = ["grace@example.com", "slack:T0EXAMPLE01/U0EXAMPLE09"]
ci-bot = []
[approval.groups]
payments = { roles = ["payments-approver"], people = ["ada@example.com"] }
security = { groups = ["1b2c3d4e-0000-4000-8000-000000000001"] }

[tasks.prod]
stages = ["post_plan"]
checks = ["fmt"]
[tasks.prod.approval]
when = ["destroys", "policy-failed"]
speculative = false
required = [{ group = "payments", count = 2 }, { group = "security", count = 1, when = ["policy-failed"] }]
self_approval = false
distinct = true
reject = "at-once"
reject_reason = true
confirm_name = true
minutes = 50
on_expiry = "failed"
overrides = ["tags", "cost"]
break_glass = { group = "security", count = 1, reason = true }
channels = ["teams:payments", "slack:C0EXAMPLE01"]
fallback = "slack:C0EXAMPLE02"
channel_minutes = 10
"#;

fn parse(text: &str) -> Result<(Tasks, Problems), Problems> {
    let today = Date::new(2026, 11, 29).unwrap();
    Tasks::parse("runtask.toml", text, today, &CHECKS, &NO_CHANNELS, &[SECTION])
}

fn read(text: &str) -> (ApprovalSettings, TaskApproval) {
    let (tasks, _) = parse(text).unwrap();
    let settings = tasks.section("approval").and_then(|it| it.get()).cloned().unwrap_or_default();
    let task = tasks.iter().next().unwrap();
    (settings, task.sections["approval"].get().cloned().unwrap())
}

/// Every problem, as a person reads it.
fn problems(text: &str) -> String {
    match parse(text) {
        Ok((_, warnings)) => warnings.to_string(),
        Err(problems) => problems.to_string(),
    }
}

/// A file with these groups and these lines for the task.
fn task(settings: &str, lines: &str) -> String {
    format!("{settings}\n[tasks.prod]\nchecks = [\"fmt\"]\n[tasks.prod.approval]\n{lines}")
}

const GROUPS: &str = r#"
[approval.groups]
two = { people = ["ada@example.com", "edsger@example.com"] }
one = { people = ["ada@example.com"] }
same = { people = ["ada@example.com", "slack:T0/U1"] }
role = { roles = ["approver"] }
[approval.people]
ada = ["ada@example.com", "slack:T0/U1"]"#;

#[test]
fn everything_that_can_be_said_is_read() {
    let (settings, task) = read(EVERYTHING);
    insta::assert_debug_snapshot!((settings, task));
}

#[test]
fn what_is_not_said_is_cautious() {
    let (settings, task) = read(
        "[approval.groups]\npayments = { roles = [\"approver\"] }\n[tasks.prod.approval]\n\
         required = [{ group = \"payments\" }]\nchannels = [\"teams:payments\"]",
    );
    assert_eq!(settings.identity, Proof::Oidc);
    insta::assert_debug_snapshot!(task);
}

#[test]
fn every_problem_is_told_with_its_place() {
    insta::assert_snapshot!(problems(
        r#"
[approval]
identity = "oath"
unkown_creator = "allow"
[approval.people]
grace = ["grace"]
ada = ["ada@example.com", "slack:U1"]
lin = ["ADA@example.com"]
[approval.groups]
"pay ments" = { roles = ["a"] }
empty = {}
payments = { role = ["a"], people = [] }
[tasks.prod]
checks = ["fmt"]
[tasks.prod.approval]
when = ["destroyed"]
required = [{ group = "payment", count = 0 }, { count = 1 }, { group = "payments" }, { group = "payments" }]
minutes = 60
on_expiry = "pass"
reject = "never"
break_glass = { group = "nobody" }
channels = ["mail:ada", "teams:", "teams:a/b"]
fallback = "slack:C 1"
channel_minutes = 0
[tasks.other.approval]
requird = 1
"#
    ));
}

#[test]
fn rules_that_nobody_could_ever_satisfy_are_errors() {
    let of = |required: &str| {
        let lines = format!("required = [{required}]\nchannels = [\"teams:a\"]");
        let problems = problems(&task(GROUPS, &lines));
        problems.lines().next().unwrap_or("nothing").to_owned()
    };
    let all = [
        of(r#"{ group = "two", count = 3 }"#),
        of(r#"{ group = "one" }, { group = "same" }"#),
        of(r#"{ group = "same", count = 2 }"#),
        of(r#"{ group = "two", count = 2 }, { group = "role", count = 9 }"#),
        of(r#"{ group = "two", count = 2 }, { group = "role", count = 11 }"#),
        of(r#"{ group = "role", count = 9 }"#),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn people_who_count_in_each_group_may_be_the_same() {
    let lines = "distinct = false\nself_approval = true\n\
                 required = [{ group = \"one\" }, { group = \"same\" }]\nchannels = [\"teams:a\"]";
    assert_eq!(problems(&task(GROUPS, lines)), "no errors");
}

#[test]
fn rules_that_the_identity_cannot_keep_are_errors() {
    let link = "[approval]\nidentity = \"link\"";
    let lines = "required = [{ group = \"a\", count = 2 }]\nchannels = [\"teams:a\"]\n\
                 break_glass = { group = \"a\" }";
    let slack = "[approval]\nidentity = \"slack\"\n[approval.groups]\nrole = { roles = [\"approver\"] }";
    let all = [
        problems(&task(link, lines)),
        problems(&task(slack, "required = [{ group = \"role\" }]\nchannels = [\"slack:C\"]")),
    ];
    insta::assert_snapshot!(all.join("\n"));
    let kept = "self_approval = true\nrequired = [{ group = \"anybody\" }]\nchannels = [\"teams:a\"]";
    assert_eq!(problems(&task(link, kept)), "no errors");
}

#[test]
fn whenever_people_are_asked_somebody_is() {
    let of = |file: String| problems(&file).lines().next().unwrap_or("nothing").to_owned();
    let required = |when: &str, asked: &str| {
        let lines = format!(
            "when = [{when}]\nrequired = [{{ group = \"role\", when = [{asked}] }}]\nchannels = [\"teams:a\"]"
        );
        of(task(GROUPS, &lines))
    };
    let only = |stage: &str, when: &str| {
        of(format!(
            "{GROUPS}\n[tasks.prod]\nstages = [\"{stage}\"]\n[tasks.prod.approval]\nwhen = [\"{when}\"]\n\
             required = [{{ group = \"role\" }}]\nchannels = [\"teams:a\"]"
        ))
    };
    let all = [
        required("\"destroys\"", "\"changes\""),
        required("\"changes\"", "\"destroys\""),
        required("\"always\", \"destroys\"", "\"destroys\""),
        required("\"policy-failed\"", "\"always\""),
        only("pre_plan", "destroys"),
        only("pre_plan", "always"),
        only("post_plan", "policy-failed"),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

fn need(settings: &(ApprovalSettings, TaskApproval), change: impl FnOnce(&mut Given)) -> Need {
    let question = question();
    let mut given = Given { run: question.run, plan: question.plan, policies: vec![policy("tags", true)] };
    change(&mut given);
    settings.1.need(&settings.0, &given.run, given.plan.as_ref(), &given.policies)
}

struct Given {
    run: runtask_approvals::RunFacts,
    plan: Option<runtask_approvals::PlanFacts>,
    policies: Vec<Policy>,
}

fn policy(id: &str, passed: bool) -> Policy {
    Policy { id: id.to_owned(), passed, overridable: true, text: String::new() }
}

fn groups(need: &Need) -> Vec<(&str, u32)> {
    let Need::People(rules) = need else { panic!("{need:?}") };
    rules.required.iter().map(|Requirement { group, count }| (group.as_str(), *count)).collect()
}

#[test]
fn people_are_asked_when_the_settings_say_so() {
    let settings = read(EVERYTHING);
    assert_eq!(groups(&need(&settings, |_| {})), [("payments", 2)]);
    let harmless = |it: &mut Given| it.plan.as_mut().unwrap().destroy = 0;
    assert_eq!(need(&settings, harmless), Need::Nobody);
    assert_eq!(need(&settings, |it| it.run.speculative = true), Need::Nobody);
    // A plan that nobody can read may do anything.
    assert_eq!(groups(&need(&settings, |it| it.plan = None)), [("payments", 2)]);
    let failed = |it: &mut Given| {
        harmless(it);
        it.policies = vec![policy("tags", false)];
    };
    assert_eq!(groups(&need(&settings, failed)), [("payments", 2), ("security", 1)]);
    let hopeless = |it: &mut Given| it.policies = vec![policy("tags", false), policy("open-ingress", false)];
    assert_eq!(need(&settings, hopeless), Need::Hopeless(vec!["open-ingress".to_owned()]));
}

#[test]
fn who_started_a_run_must_be_known_unless_it_does_not_matter() {
    let mut settings = read(EVERYTHING);
    let refused = |settings: &_, creator: Option<&str>| {
        let need = need(settings, |it| it.run.created_by = creator.map(str::to_owned));
        let Need::People(rules) = need else { panic!("{need:?}") };
        rules.creator_refused
    };
    assert!(!refused(&settings, Some("Grace")) && !refused(&settings, Some("ci-bot")));
    assert!(refused(&settings, Some("stranger")) && refused(&settings, None));
    settings.1.self_approval = true;
    assert!(!refused(&settings, None));
    settings.1.self_approval = false;
    settings.0.unknown_creator = runtask_approvals::UnknownCreator::Allow;
    assert!(!refused(&settings, None));
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|it| (*it).to_owned()).collect()
}

/// What is certain allows; whatever may be somebody denies.
#[test]
fn somebody_is_in_groups_by_what_is_certain_and_a_user_by_anything() {
    let (settings, _) = read(EVERYTHING);
    let identity = Identity {
        proof: Proof::Oidc,
        issuer: "https://login.example.com".to_owned(),
        subject: "1".to_owned(),
        email: Some("ada@example.com".to_owned()),
        name: None,
        identifiers: set(&["sub:1", "Ada@example.com"]),
        hints: BTreeSet::new(),
        roles: BTreeSet::new(),
        groups: Some(BTreeSet::new()),
    };
    let person = |it: &Identity| settings.directory.person(it);
    assert_eq!(person(&identity).groups, set(&["payments"]));
    assert!(!person(&identity).groups_unknown);
    let hinted = Identity {
        identifiers: set(&["sub:1"]),
        hints: set(&["ada@example.com", "GRACE@example.com"]),
        ..identity.clone()
    };
    assert_eq!(person(&hinted).groups, BTreeSet::new());
    assert_eq!(person(&hinted).voter.users, set(&["grace"]));
    let by_role =
        Identity { identifiers: BTreeSet::new(), roles: set(&["payments-approver"]), ..identity.clone() };
    assert_eq!(person(&by_role).groups, set(&["payments"]));
    let told = Some(set(&["1b2c3d4e-0000-4000-8000-000000000001"]));
    let by_group = Identity { identifiers: BTreeSet::new(), groups: told, ..identity.clone() };
    assert_eq!(person(&by_group).groups, set(&["security"]));
    let cut_off = Identity { groups: None, ..identity };
    assert!(person(&cut_off).groups_unknown && person(&cut_off).groups == set(&["payments"]));
}

#[test]
fn a_verdict_on_expiry_that_lets_runs_pass_is_warned_of() {
    let lines = "on_expiry = \"passed\"\nrequired = [{ group = \"role\" }]\nchannels = [\"teams:a\"]";
    let (tasks, warnings) = parse(&task(GROUPS, lines)).unwrap();
    let approval: &TaskApproval = tasks.get("prod").unwrap().sections["approval"].get().unwrap();
    assert_eq!((approval.on_expiry, approval.open), (Verdict::Passed, Duration::from_mins(9)));
    assert!(warnings.to_string().contains("a run that nobody looks at passes"));
}
