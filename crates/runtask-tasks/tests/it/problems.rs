//! Tests the messages about wrong files. Those about a policy's settings are in `policy_problems.rs`.

use crate::parse;
use runtask_tasks::MAX_FILE_BYTES;

/// What is said of a file that cannot be used.
fn wrong(text: &str) -> String {
    parse(text).map(|(tasks, _)| tasks).unwrap_err().to_string()
}

/// What is said of a task `a` with these lines.
pub(crate) fn wrong_task(lines: &str) -> String {
    wrong(&format!("[tasks.a]\n{lines}\n"))
}

/// What is said of these settings of the check `policy`.
pub(crate) fn wrong_policy(lines: &str) -> String {
    wrong_task(&format!("checks = ['policy']\n[tasks.a.policy]\n{lines}"))
}

#[test]
fn unknown_keys_come_with_what_may_be_meant() {
    insta::assert_snapshot!(wrong_task("check = ['fmt']\nstage = 'post_plan'\nPolicy = 1\npaths = []\nzzz = 1"), @"
    error: unknown key `check`; did you mean `checks`?
     --> runtask.toml:2:1
      |
    2 | check = ['fmt']
      | ^^^^^

    error: unknown key `stage`; did you mean `stages`?
     --> runtask.toml:3:1
      |
    3 | stage = 'post_plan'
      | ^^^^^

    error: unknown key `Policy`; did you mean `policy`?
     --> runtask.toml:4:1
      |
    4 | Policy = 1
      | ^^^^^^

    error: unknown key `paths`; it belongs in `[tasks.NAME.policy]`
     --> runtask.toml:5:1
      |
    5 | paths = []
      | ^^^^^

    error: unknown key `zzz`; there are `checks`, `stages`, `organizations`, `workspaces`, `projects`, `speculative`, `on_skip`, `on_error`, `notify`, `fmt` and `policy`
     --> runtask.toml:6:1
      |
    6 | zzz = 1
      | ^^^

    5 errors
    ");
}

#[test]
fn a_task_is_a_table_below_tasks() {
    insta::assert_snapshot!(wrong("[format]\nchecks = ['fmt']\n[task.a]\n[tasks]\nb = 'fmt'\n"), @"
    error: unknown key `format`; a task is `[tasks.format]`
     --> runtask.toml:1:2
      |
    1 | [format]
      |  ^^^^^^

    error: unknown key `task`; did you mean `tasks`?
     --> runtask.toml:3:2
      |
    3 | [task.a]
      |  ^^^^

    error: task `b` is a text and must be a table
     --> runtask.toml:5:5
      |
    5 | b = 'fmt'
      |     ^^^^^

    3 errors
    ");
}

#[test]
fn a_file_without_tasks_says_how_to_write_one() {
    insta::assert_snapshot!(wrong(""), @r#"
    error: `tasks` is missing: write `[tasks.default]`, and below it `checks = ["fmt"]`
     --> runtask.toml:1:1
      |
    1 | 
      | ^

    1 error
    "#);
    insta::assert_snapshot!(wrong("# nothing yet\n[tasks]\n"), @r#"
    error: there is no task: write `[tasks.default]`, and below it `checks = ["fmt"]`
     --> runtask.toml:2:2
      |
    2 | [tasks]
      |  ^^^^^

    1 error
    "#);
    insta::assert_snapshot!(wrong("tasks = ['fmt']"), @"
    error: `tasks` is a list and must be a table
     --> runtask.toml:1:9
      |
    1 | tasks = ['fmt']
      |         ^^^^^^^

    1 error
    ");
}

#[test]
fn names_are_what_a_path_can_be() {
    let name = |it: &str| wrong(&format!("[tasks.{it}]\nchecks = ['fmt']\n"));
    insta::assert_snapshot!(name("healthz"), @"
    error: `healthz` cannot be the name of a task: the run task itself answers there
     --> runtask.toml:1:8
      |
    1 | [tasks.healthz]
      |        ^^^^^^^

    1 error
    ");
    insta::assert_snapshot!(name("Net_policy"), @"
    error: `Net_policy` cannot be the name of a task: a name has a-z, 0-9 and - between them, as `net-policy` does
     --> runtask.toml:1:8
      |
    1 | [tasks.Net_policy]
      |        ^^^^^^^^^^

    1 error
    ");
    insta::assert_snapshot!(name("'net/policy\\u0000'"), @r"
    error: `net/policy\u0000` cannot be the name of a task: a name has a-z, 0-9 and - between them, as `net-policy` does
     --> runtask.toml:1:8
      |
    1 | [tasks.'net/policy\u0000']
      |        ^^^^^^^^^^^^^^^^^^

    1 error
    ");
    for bad in ["''", "-a", "a-", "'a b'", "'ä'", "'..'"] {
        assert!(name(bad).contains("cannot be the name of a task"), "{bad}");
    }
    assert!(name(&"a".repeat(65)).contains("the name of this task has 65 characters, and 64 are allowed"));
    assert!(parse(format!("[tasks.{}]\nchecks = ['fmt']\n", "a".repeat(64))).is_ok());
}

#[test]
fn wrong_types_say_what_is_right() {
    insta::assert_snapshot!(
        wrong_task("checks = 'fmt'\nstages = [1]\nworkspaces = {}\nspeculative = 'true'\non_skip = true\npolicy = 1"),
        @r#"
    error: `checks` is a text and must be a list: `["fmt"]`
     --> runtask.toml:2:10
      |
    2 | checks = 'fmt'
      |          ^^^^^

    error: each of `stages` is a number and must be a text in quotes
     --> runtask.toml:3:11
      |
    3 | stages = [1]
      |           ^

    error: `workspaces` is a table and must be a list of texts
     --> runtask.toml:4:14
      |
    4 | workspaces = {}
      |              ^^

    error: `speculative` is a text and must be `true` or `false`, without quotes
     --> runtask.toml:5:15
      |
    5 | speculative = 'true'
      |               ^^^^^^

    error: `on_skip` is true or false and must be a text in quotes
     --> runtask.toml:6:11
      |
    6 | on_skip = true
      |           ^^^^

    error: `policy` is a number and must be a table
     --> runtask.toml:7:10
      |
    7 | policy = 1
      |          ^

    6 errors
    "#
    );
    insta::assert_snapshot!(
        wrong_policy(
            "paths = 1\ndata = [['x']]\nnamespaces = 'main'\nunknown = 2027-03-31\ntime_limit_ms = '1 s'\n\
             params = [1]\nexceptions = { rule = 'x' }"
        ),
        @r#"
    error: `paths` is a number and must be a list of texts
     --> runtask.toml:4:9
      |
    4 | paths = 1
      |         ^

    error: each of `data` is a list and must be a text in quotes
     --> runtask.toml:5:9
      |
    5 | data = [['x']]
      |         ^^^^^

    error: `namespaces` is a text and must be a list: `["main"]`
     --> runtask.toml:6:14
      |
    6 | namespaces = 'main'
      |              ^^^^^^

    error: `unknown` is a time and must be a text in quotes
     --> runtask.toml:7:11
      |
    7 | unknown = 2027-03-31
      |           ^^^^^^^^^^

    error: `time_limit_ms` is a text and must be a whole number, without quotes
     --> runtask.toml:8:17
      |
    8 | time_limit_ms = '1 s'
      |                 ^^^^^

    error: `params` is a list and must be a table
     --> runtask.toml:9:10
      |
    9 | params = [1]
      |          ^^^

    error: `exceptions` is a table and must be a list: write `[[tasks.NAME.policy.exceptions]]`
      --> runtask.toml:10:14
       |
    10 | exceptions = { rule = 'x' }
       |              ^^^^^^^^^^^^^^

    7 errors
    "#
    );
}

#[test]
fn unknown_words_come_with_those_that_there_are() {
    insta::assert_snapshot!(
        wrong_task("checks = ['fnt', 'tflint']\nstages = ['post-plan', 'test']\non_skip = 'pass'\non_error = 'ignore'"),
        @"
    error: there is no check `fnt`; did you mean `fmt`?
     --> runtask.toml:2:11
      |
    2 | checks = ['fnt', 'tflint']
      |           ^^^^^

    error: there is no check `tflint`; there are `fmt`, `plan-summary` and `policy`
     --> runtask.toml:2:18
      |
    2 | checks = ['fnt', 'tflint']
      |                  ^^^^^^^^

    error: `post-plan` is no word for `stages`; did you mean `post_plan`?
     --> runtask.toml:3:11
      |
    3 | stages = ['post-plan', 'test']
      |           ^^^^^^^^^^^

    error: `test` is no word for `stages`; there are `pre_plan`, `post_plan`, `pre_apply` and `post_apply`
     --> runtask.toml:3:24
      |
    3 | stages = ['post-plan', 'test']
      |                        ^^^^^^

    error: `pass` is no word for `on_skip`; did you mean `passed`?
     --> runtask.toml:4:11
      |
    4 | on_skip = 'pass'
      |           ^^^^^^

    error: `ignore` is no word for `on_error`; there are `passed` and `failed`
     --> runtask.toml:5:12
      |
    5 | on_error = 'ignore'
      |            ^^^^^^^^

    6 errors
    "
    );
}

#[test]
fn lists_hold_something_and_nothing_twice() {
    insta::assert_snapshot!(
        wrong_task("checks = []\nworkspaces = ['a', '', 'a', \"b\\u0007\"]\nprojects = ['''\n''']"),
        @r#"
    error: `checks` is an empty list: write at least one, or leave the key out
     --> runtask.toml:2:10
      |
    2 | checks = []
      |          ^^

    error: an empty text says nothing: fill it in or remove it
     --> runtask.toml:3:20
      |
    3 | workspaces = ['a', '', 'a', "b\u0007"]
      |                    ^^

    error: `a` is there twice: remove one
     --> runtask.toml:3:24
      |
    3 | workspaces = ['a', '', 'a', "b\u0007"]
      |                        ^^^

    error: control characters and line breaks are not allowed in `workspaces`
     --> runtask.toml:3:29
      |
    3 | workspaces = ['a', '', 'a', "b\u0007"]
      |                             ^^^^^^^^^

    error: an empty text says nothing: fill it in or remove it
     --> runtask.toml:4:13
      |
    4 | projects = ['''
      |             ^^^

    5 errors
    "#
    );
    let many = format!("checks = ['fmt']\nworkspaces = ['a'{}]", ", 'a'".repeat(1000));
    assert!(wrong_task(&many).contains("`workspaces` is a list of 1001, and 1000 are allowed"));
}

#[test]
fn bad_globs_are_shown_where_they_stand() {
    insta::assert_snapshot!(wrong_task("checks = ['fmt']\nworkspaces = ['net-*', 'net-[']\nprojects = ['{a']"), @"
    error: `net-[` is no pattern for names: unclosed character class; missing ']'
     --> runtask.toml:3:24
      |
    3 | workspaces = ['net-*', 'net-[']
      |                        ^^^^^^^

    error: `{a` is no pattern for names: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
     --> runtask.toml:4:13
      |
    4 | projects = ['{a']
      |             ^^^^

    2 errors
    ");
}

#[test]
fn a_task_that_reads_plans_where_there_are_none_is_a_warning() {
    let warnings = |stages: &str| {
        let text = format!("[tasks.a]\nchecks = ['fmt', 'plan-summary']\nstages = [{stages}]\n");
        parse(text).unwrap().1.to_string()
    };
    insta::assert_snapshot!(warnings("'pre_plan'"), @"
    warning: check `plan-summary` reads the plan, and at stage pre_plan there is none yet
     --> runtask.toml:3:10
      |
    3 | stages = ['pre_plan']
      |          ^^^^^^^^^^^^

    no errors, 1 warning
    ");
    assert_eq!(warnings("'pre_plan', 'post_plan'"), "no errors");
}

#[test]
fn what_is_not_toml_is_shown_with_all_else_that_is_sure() {
    insta::assert_snapshot!(wrong("[tasks.a]\nchecks = [fmt]\nstage = 1\n[tasks.b\n[tasks.c]\nchecks =\n"), @"
    error: this is not TOML: a text needs quotes
     --> runtask.toml:2:11
      |
    2 | checks = [fmt]
      |           ^^^

    error: unknown key `stage`; did you mean `stages`?
     --> runtask.toml:3:1
      |
    3 | stage = 1
      | ^^^^^

    error: this is not TOML: unclosed table, expected `]`
     --> runtask.toml:4:9
      |
    4 | [tasks.b
      |         ^

    error: this is not TOML: string values must be quoted, expected literal string
     --> runtask.toml:6:9
      |
    6 | checks =
      |         ^

    4 errors
    ");
    insta::assert_snapshot!(wrong("[tasks.a]\nchecks = ['fmt']\n[tasks.a]\nchecks = ['fmt']"), @"
    error: this is not TOML: duplicate key
     --> runtask.toml:3:8
      |
    3 | [tasks.a]
      |        ^

    error: this is not TOML: duplicate key
     --> runtask.toml:4:1
      |
    4 | checks = ['fmt']
      | ^^^^^^

    2 errors
    ");
}

/// U-07: of a file that is something else altogether, the first mistakes say enough.
#[test]
fn of_a_file_that_is_no_toml_ten_mistakes_are_told_and_the_others_counted() {
    let said = wrong(&"{ \"tasks\": [1, 2] }\n".repeat(100));
    assert_eq!(said.matches("error: ").count(), 10, "{said}");
    let count = said.lines().last().unwrap();
    assert!(count.starts_with("10 errors; ") && count.ends_with(" more are not shown"), "{count}");
}

/// U-04: a tab is one column, in the place and under the line; a wide character is one, and the mark is below it.
#[test]
fn columns_count_characters_and_the_mark_stands_below_them() {
    insta::assert_snapshot!(wrong_task("checks = ['fmt']\n\tstages\t= ['日本', 'x']\n\t\ton_skip = 'passed'"), @"
    error: `日本` is no word for `stages`; there are `pre_plan`, `post_plan`, `pre_apply` and `post_apply`
     --> runtask.toml:3:12
      |
    3 |  stages = ['日本', 'x']
      |            ^^^^^^

    error: `x` is no word for `stages`; there are `pre_plan`, `post_plan`, `pre_apply` and `post_apply`
     --> runtask.toml:3:18
      |
    3 |  stages = ['日本', 'x']
      |                    ^^^

    2 errors
    ");
}

/// Other tools read the file too, and to them it would be broken.
#[test]
fn a_semicolon_ends_no_key() {
    insta::assert_snapshot!(wrong_task("checks = ['fmt']; stages = ['x;y'] # a; b\nspeculative = true;"), @"
    error: this is not TOML: a semicolon ends no key: put what follows it into a line of its own
     --> runtask.toml:2:17
      |
    2 | checks = ['fmt']; stages = ['x;y'] # a; b
      |                 ^

    error: this is not TOML: a semicolon ends no key: put what follows it into a line of its own
     --> runtask.toml:3:19
      |
    3 | speculative = true;
      |                   ^

    2 errors
    ");
    insta::assert_snapshot!(wrong("a = 1; b = 2020-01-01; c = true; d = 'x'\n"), @"
    error: this is not TOML: a semicolon ends no key: put what follows it into a line of its own
     --> runtask.toml:1:6
      |
    1 | a = 1; b = 2020-01-01; c = true; d = 'x'
      |      ^

    1 error
    ");
}

#[test]
fn a_line_of_a_stranger_is_shown_short_and_printable() {
    let long =
        format!("\ttasks.a = {{ checks = ['fmt'], '{}' = 1, 'e\u{301}\u{202e}' = 1 }}\r\n", "x".repeat(300));
    insta::assert_snapshot!(wrong(&long), @r"
    error: unknown key `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…`; there are `checks`, `stages`, `organizations`, `workspaces`, `projects`, `speculative`, `on_skip`, `on_error`, `notify`, `fmt` and `policy`
     --> runtask.toml:1:32
      |
    1 |  tasks.a = { checks = ['fmt'], 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
      |                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error: unknown key `é\u{202e}`; there are `checks`, `stages`, `organizations`, `workspaces`, `projects`, `speculative`, `on_skip`, `on_error`, `notify`, `fmt` and `policy`
     --> runtask.toml:1:340
      |
    1 | …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' = 1, 'é\u{202e}' = 1 }
      |                                          ^^^^^^^^^^^

    2 errors
    ");
    let text = "[tasks.a]\nchecks = ['fmt']\nfirst = '''\na\u{1b}[31m'''\n";
    insta::assert_snapshot!(wrong(text), @r"
    error: unknown key `first`; there are `checks`, `stages`, `organizations`, `workspaces`, `projects`, `speculative`, `on_skip`, `on_error`, `notify`, `fmt` and `policy`
     --> runtask.toml:3:1
      |
    3 | first = '''
      | ^^^^^

    error: this is not TOML: invalid multi-line literal string, expected non-single-quote characters
     --> runtask.toml:4:2
      |
    4 | a\u{1b}[31m'''
      |  ^

    2 errors
    ");
}

#[test]
fn one_problem_can_be_one_line() {
    let problems = parse("[tasks.a]\ncheck = ['fmt']\nstages = []\n").unwrap_err();
    let lines: Vec<_> = problems.iter().map(|it| format!("{it:#}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    error: runtask.toml:2:1: unknown key `check`; did you mean `checks`?
    error: runtask.toml:3:10: `stages` is an empty list: write at least one, or leave the key out
    ");
}

#[test]
fn a_file_that_is_too_large_or_no_text_is_not_read() {
    insta::assert_snapshot!(wrong(&"#".repeat(MAX_FILE_BYTES + 1)), @"
    error: this file has 1048577 bytes, and 1048576 are read
     --> runtask.toml

    1 error
    ");
    insta::assert_snapshot!(parse(b"[tasks.a]\nchecks = ['\xff']").unwrap_err(), @"
    error: line 2 is not UTF-8: save the file as UTF-8
     --> runtask.toml

    1 error
    ");
    let full = format!("[tasks.a]\nchecks = ['fmt']\n{}", "#".repeat(MAX_FILE_BYTES - 27));
    assert_eq!((full.len(), parse(&full).is_ok()), (MAX_FILE_BYTES, true));
}

#[test]
fn more_mistakes_than_one_reads_are_a_number() {
    let text = wrong(&"=\n".repeat(32 << 10));
    assert!(text.ends_with("10 errors; 98293 more are not shown"), "{}", &text[text.len() - 60..]);
    // A larger file is not worth the memory that all its mistakes take.
    let text = wrong(&"=\n".repeat(MAX_FILE_BYTES / 2));
    assert!(text.ends_with("\n\n1 error"), "{}", &text[text.len() - 60..]);
    let text = wrong(&format!(
        "[tasks.a]\nchecks = ['policy']\n[tasks.a.policy]\npaths = ['builtin:all']\n{}x = 1\n",
        "[[tasks.a.policy.exceptions]]\nrule = 'r'\naddress = 'a'\nreason = 'b'\nexpires = 2020-01-01\n"
            .repeat(200)
    ));
    assert!(!text.contains("warning"), "errors go first");
}

#[test]
fn nothing_nests_so_deep_that_the_stack_ends() {
    for (start, piece, end) in [
        ("[tasks.a.policy.params.", "a.", "a]"),
        ("a = ", "[", ""),
        ("a = ", "{a=", ""),
        ("", "a.", "a = 1"),
        ("[tasks.a]\npolicy.params.", "a.", "a = 1"),
    ] {
        let count = (MAX_FILE_BYTES - start.len() - end.len()) / piece.len();
        assert!(!wrong(&format!("{start}{}{end}", piece.repeat(count))).is_empty());
    }
}
