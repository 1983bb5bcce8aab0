//! Tests the messages about wrong settings of the check `policy`.

use crate::problems::{wrong_policy, wrong_task};
use crate::{checks, parse};
use runtask_policy::{Builtins, read_settings};
use runtask_tasks::{CheckSettings, Date, ProblemKind, Tasks};

/// What is said of settings of the check `policy` that can be used.
fn doubtful_policy(lines: &str) -> String {
    let text = format!("[tasks.a]\nchecks = ['policy']\n[tasks.a.policy]\n{lines}\n");
    let (_, warnings) = parse(text).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(warnings.iter().all(|it| it.kind() == ProblemKind::Warning));
    warnings.to_string()
}

#[test]
fn the_check_policy_and_its_settings_come_together() {
    insta::assert_snapshot!(wrong_task("checks = ['policy']"), @"
    error: `policy` is missing: the check `policy` needs `[tasks.NAME.policy]`, and there `paths`
     --> runtask.toml:1:8
      |
    1 | [tasks.a]
      |        ^

    1 error
    ");
    insta::assert_snapshot!(wrong_task("checks = ['fmt']\n[tasks.a.policy]\npaths = ['x']"), @r#"
    error: these settings are for the check `policy`: add "policy" to `checks`, or remove them
     --> runtask.toml:3:10
      |
    3 | [tasks.a.policy]
      |          ^^^^^^

    1 error
    "#);
    insta::assert_snapshot!(wrong_policy("unknown = 'warn'"), @"
    error: `paths` is missing: name where the rules are: files, directories, `builtin:NAME` or `builtin:all`
     --> runtask.toml:3:10
      |
    3 | [tasks.a.policy]
      |          ^^^^^^

    1 error
    ");
}

#[test]
fn paths_are_files_or_rules_that_are_shipped() {
    insta::assert_snapshot!(
        wrong_policy(
            "paths = ['builtin:public-s3-buckets', 'builtin:', 'https://example.com/x.rego']\n\
             data = ['builtin:all', 's3://bucket/data']"
        ),
        @"
    error: no rule `public-s3-buckets` is shipped; did you mean `public-s3-bucket`?
     --> runtask.toml:4:10
      |
    4 | paths = ['builtin:public-s3-buckets', 'builtin:', 'https://example.com/x.rego']
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error: no rule `` is shipped; there are `open-ingress`, `public-s3-bucket` and `required-tags`
     --> runtask.toml:4:39
      |
    4 | paths = ['builtin:public-s3-buckets', 'builtin:', 'https://example.com/x.rego']
      |                                       ^^^^^^^^^^

    error: policies are fetched from git::https://…, git::ssh://…, git::file://…, oci://… or s3://…; this is none of them
     --> runtask.toml:4:51
      |
    4 | paths = ['builtin:public-s3-buckets', 'builtin:', 'https://example.com/x.rego']
      |                                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error: shipped rules belong in `paths`
     --> runtask.toml:5:9
      |
    5 | data = ['builtin:all', 's3://bucket/data']
      |         ^^^^^^^^^^^^^

    error: write an archive in S3 as s3://BUCKET/KEY.tar.gz: letters, digits and . _ - / + = @ in KEY
     --> runtask.toml:5:24
      |
    5 | data = ['builtin:all', 's3://bucket/data']
      |                        ^^^^^^^^^^^^^^^^^^

    5 errors
    "
    );
}

/// A URL with a password in it is shown by no problem, nor is it by another problem of its line.
#[test]
fn a_source_that_may_hold_a_password_is_not_shown() {
    let said =
        wrong_policy("paths = ['builtin:x', 'git::https://me:hunter2@example.com/a.git', 'builtin:y']");

    assert!(said.contains("error: a URL holds no user name or password here"), "{said}");
    assert_eq!(said.matches("error: no rule").count(), 2, "{said}");
    let stars = "*".repeat("'git::https://me:hunter2@example.com/a.git'".len());
    assert_eq!(
        said.matches(&format!("4 | paths = ['builtin:x', {stars}, 'builtin:y']")).count(),
        3,
        "{said}"
    );
}

#[test]
fn all_shipped_rules_are_at_least_one() {
    let text = "tasks.a = { checks = ['policy'], policy.paths = ['builtin:all'] }";
    let checks = checks(|table, today, notes| {
        CheckSettings::new(read_settings(table, Builtins::default(), today, notes))
    });
    let problems = Tasks::parse(
        "runtask.toml",
        text,
        Date::new(2027, 3, 31).unwrap(),
        &checks,
        &runtask_notify::SETTINGS,
        &[],
    )
    .unwrap_err();
    assert!(problems.to_string().starts_with("error: no rule `all` is shipped\n"), "{problems}");
}

#[test]
fn numbers_are_in_their_range() {
    insta::assert_snapshot!(
        wrong_policy("paths = ['x']\ntime_limit_ms = 0\nparams = { a = nan, b = [99999999999999999999], c = 1e999 }"),
        @"
    error: `time_limit_ms` must be from 100 to 600000
     --> runtask.toml:5:17
      |
    5 | time_limit_ms = 0
      |                 ^

    error: rules cannot read this number: it is none of JSON, or longer than 64 bits
     --> runtask.toml:6:16
      |
    6 | params = { a = nan, b = [99999999999999999999], c = 1e999 }
      |                ^^^

    error: rules cannot read this number: it is none of JSON, or longer than 64 bits
     --> runtask.toml:6:26
      |
    6 | params = { a = nan, b = [99999999999999999999], c = 1e999 }
      |                          ^^^^^^^^^^^^^^^^^^^^

    error: rules cannot read this number: it is none of JSON, or longer than 64 bits
     --> runtask.toml:6:53
      |
    6 | params = { a = nan, b = [99999999999999999999], c = 1e999 }
      |                                                     ^^^^^

    4 errors
    "
    );
    for limit in ["99", "600001", "-1", "1.5", "99999999999999999999"] {
        assert!(
            wrong_policy(&format!("paths = ['x']\ntime_limit_ms = {limit}")).contains("time_limit_ms"),
            "{limit}"
        );
    }
}

#[test]
fn exceptions_say_what_they_except_and_why() {
    insta::assert_snapshot!(
        wrong_policy(
            "paths = ['x']\n\
             [[tasks.a.policy.exceptions]]\n\
             rule = 'r'\naddress = 'a'\nreason = ''\nexpires = '2027-03-31'\n\
             [[tasks.a.policy.exceptions]]\n\
             expires = 2027-03-31T10:00:00Z\nexpire = 2027-02-29\n"
        ),
        @"
    error: an empty text says nothing: fill it in or remove it
     --> runtask.toml:8:10
      |
    8 | reason = ''
      |          ^^

    error: `expires` is a text and must be a day, without quotes and time: `2027-03-31`
     --> runtask.toml:9:11
      |
    9 | expires = '2027-03-31'
      |           ^^^^^^^^^^^^

    error: `expires` is a time and must be a day, without quotes and time: `2027-03-31`
      --> runtask.toml:11:11
       |
    11 | expires = 2027-03-31T10:00:00Z
       |           ^^^^^^^^^^^^^^^^^^^^

    error: this is not TOML: invalid date, expected day between 01 and 28
      --> runtask.toml:12:10
       |
    12 | expire = 2027-02-29
       |          ^^^^^^^^^^

    4 errors
    "
    );
    insta::assert_snapshot!(
        wrong_policy(
            "paths = ['x']\n\
             [[tasks.a.policy.exceptions]]\n\
             adress = 'a'\nrule = 'r'\n\
             [[tasks.a.policy.exceptions]]\n\
             rule = 'r'\naddress = 'b'\nreason = 'c'\n\
             [[tasks.a.policy.exceptions]]\n\
             rule = 'r'\naddress = 'b'\nreason = 'd'\nexpires = 2020-01-01\n"
        ),
        @"
    error: `reason` is missing: say why it is allowed, for whoever reads it next
     --> runtask.toml:5:1
      |
    5 | [[tasks.a.policy.exceptions]]
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error: unknown key `adress`; did you mean `address`?
     --> runtask.toml:6:1
      |
    6 | adress = 'a'
      | ^^^^^^

    error: this rule and address are excepted in line 8 already: remove one
      --> runtask.toml:12:1
       |
    12 | [[tasks.a.policy.exceptions]]
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    warning: this exception ended on 2020-01-01 and excuses nothing any more: renew or remove it
      --> runtask.toml:16:11
       |
    16 | expires = 2020-01-01
       |           ^^^^^^^^^^

    3 errors, 1 warning
    "
    );
}

#[test]
fn what_does_no_good_is_a_warning() {
    insta::assert_snapshot!(
        doubtful_policy(
            "paths = ['builtin:open-ingress']\n\
             [tasks.a.policy.params]\n\
             required-tags.tags = ['owner']\n\
             open-ingres.ports = [22]\n\
             open-ingress.ports = [22]\n\
             [[tasks.a.policy.exceptions]]\n\
             rule = 'public-s3-bucket'\naddress = 'a'\nreason = 'b'\n\
             [[tasks.a.policy.exceptions]]\n\
             rule = 'open-ingress'\naddress = 'a'\nreason = 'b'\nexpires = 2027-03-30\n"
        ),
        @r#"
    warning: no rule `required-tags` is asked that reads this; to ask it, add "builtin:required-tags" to `paths`
     --> runtask.toml:6:1
      |
    6 | required-tags.tags = ['owner']
      | ^^^^^^^^^^^^^

    warning: no rule `open-ingres` is asked that reads this; did you mean `open-ingress`?
     --> runtask.toml:7:1
      |
    7 | open-ingres.ports = [22]
      | ^^^^^^^^^^^

    warning: no rule `public-s3-bucket` is asked; to ask it, add "builtin:public-s3-bucket" to `paths`
      --> runtask.toml:10:8
       |
    10 | rule = 'public-s3-bucket'
       |        ^^^^^^^^^^^^^^^^^^

    warning: this exception ended on 2027-03-30 and excuses nothing any more: renew or remove it
      --> runtask.toml:17:11
       |
    17 | expires = 2027-03-30
       |           ^^^^^^^^^^

    no errors, 4 warnings
    "#
    );
    // Somebody's own rules can be called anything.
    let own = "paths = ['policies/']\n[tasks.a.policy.params]\nmine = 1\n[[tasks.a.policy.exceptions]]\n\
               rule = 'mine'\naddress = 'a'\nreason = 'b'\n";
    assert_eq!(doubtful_policy(own), "no errors");
    let close = "paths = ['policies/', 'builtin:required-tags']\n[tasks.a.policy.params]\nrequired_tags.tags = ['owner']\n";
    let said = doubtful_policy(close);
    assert!(
        said.contains("no rule `required_tags` is asked that reads this; did you mean `required-tags`?"),
        "{said}"
    );
}
