//! What is wrong with settings of scanners is said at its place.

use crate::{KIND, cost, today};
use runtask_tasks::{NO_CHANNELS, Tasks};

fn problems(scanners: &str) -> String {
    let text = format!("[tasks.scan]\nchecks = [\"scanner\"]\n{scanners}");
    match Tasks::parse("runtask.toml", text, today(), &[KIND.entry()], &NO_CHANNELS, &[]) {
        Ok(_) => String::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn a_scanner_is_a_profile_or_a_program_of_ones_own() {
    assert_eq!(
        problems(
            "[[tasks.scan.scanner]]\nprofile = \"checkov\"\n[[tasks.scan.scanner]]\nprofile = \"tflint\"\n"
        ),
        ""
    );
    assert_eq!(
        problems(
            "[[tasks.scan.scanner]]\nprofile = \"sarif\"\nname = \"own\"\nprogram = \"x\"\narguments = [\"{input}\"]\nexit_codes = [0, 2]\nreader = \"trivy-json\"\n"
        ),
        ""
    );
    let all = [
        "",
        "scanner = []\n",
        "[tasks.scan.scanner]\nprofile = \"checkov\"\n",
        "[[tasks.scan.scanner]]\nname = \"x\"\n",
        "[[tasks.scan.scanner]]\nprofile = \"chekov\"\n",
        "[[tasks.scan.scanner]]\nprofile = \"checkov\"\n[[tasks.scan.scanner]]\nprofile = \"checkov\"\n",
        "[[tasks.scan.scanner]]\nprofile = \"sarif\"\n",
        "[[tasks.scan.scanner]]\nprofile = \"checkov\"\nexit_codes = [1]\n",
        "[[tasks.scan.scanner]]\nprofile = \"semgrep\"\n",
        "[[tasks.scan.scanner]]\nprofile = \"tflint\"\ninput = \"plan\"\nfail_on = \"hihg\"\nunknown = \"any\"\n",
        "[[tasks.scan.scanner]]\nprofile = \"snyk\"\nconfig = \"x\"\ntimeout_ms = 1\nfailon = \"low\"\n",
        "[[tasks.scan.scanner]]\nprofile = \"terraform-validate\"\ntrust_tree_settings = true\n",
        "[[tasks.scan.scanner]]\nprofile = \"sarif\"\nprogram = \"x\"\narguments = [\"a\"]\nexit_codes = [256, \"a\"]\n",
    ];
    let shown: Vec<String> = all.iter().map(|it| problems(it)).collect();
    insta::assert_snapshot!(shown.join("\n\n"), @r#"
        error: `scanner` is missing: the check `scanner` needs `[[tasks.NAME.scanner]]`, and there `profile`
         --> runtask.toml:1:8
          |
        1 | [tasks.scan]
          |        ^^^^

        error: `scanner` is an empty list: write `[[tasks.NAME.scanner]]`
         --> runtask.toml:3:11
          |
        3 | scanner = []
          |           ^^

        error: `scanner` is a table and must be a list: write `[[tasks.NAME.scanner]]`
         --> runtask.toml:3:1
          |
        3 | [tasks.scan.scanner]
          | ^^^^^^^^^^^^^^^^^^^^

        error: `profile` is missing: name the scanner, one of `checkov`, `trivy`, `tflint`, `semgrep`, `kics`, `tfsec`, `snyk`, `terraform-validate`, or `sarif` for one of your own
         --> runtask.toml:3:1
          |
        3 | [[tasks.scan.scanner]]
          | ^^^^^^^^^^^^^^^^^^^^^^

        error: there is no profile `chekov`; did you mean `checkov`?
         --> runtask.toml:4:11
          |
        4 | profile = "chekov"
          |           ^^^^^^^^

        error: there is a scanner `checkov` already: give this one another `name`
         --> runtask.toml:5:1
          |
        5 | [[tasks.scan.scanner]]
          | ^^^^^^^^^^^^^^^^^^^^^^

        error: `program` is missing: name the program to run
         --> runtask.toml:3:1
          |
        3 | [[tasks.scan.scanner]]
          | ^^^^^^^^^^^^^^^^^^^^^^
        error: `arguments` is missing: say how it is run: `{input}` is what it scans, `{output}` where it may write
         --> runtask.toml:3:1
          |
        3 | [[tasks.scan.scanner]]
          | ^^^^^^^^^^^^^^^^^^^^^^

        error: the profile `checkov` says itself what `exit_codes` is: remove it, or use `profile = "sarif"`
         --> runtask.toml:5:1
          |
        5 | exit_codes = [1]
          | ^^^^^^^^^^

        error: `config` is missing: name the file or directory with its rules
         --> runtask.toml:3:1
          |
        3 | [[tasks.scan.scanner]]
          | ^^^^^^^^^^^^^^^^^^^^^^

        error: the profile `tflint` does not scan this: use another profile, or leave `input` out
         --> runtask.toml:5:9
          |
        5 | input = "plan"
          |         ^^^^^^
        error: `hihg` is no word for `fail_on`; did you mean `high`?
         --> runtask.toml:6:11
          |
        6 | fail_on = "hihg"
          |           ^^^^^^
        error: `any` is no word for `unknown`; there are `critical`, `high`, `medium` and `low`
         --> runtask.toml:7:11
          |
        7 | unknown = "any"
          |           ^^^^^

        error: the profile `snyk` takes no `config`: remove it
         --> runtask.toml:5:1
          |
        5 | config = "x"
          | ^^^^^^
        error: `timeout_ms` must be from 1000 to 3600000
         --> runtask.toml:6:14
          |
        6 | timeout_ms = 1
          |              ^
        error: unknown key `failon`; did you mean `fail_on`?
         --> runtask.toml:7:1
          |
        7 | failon = "low"
          | ^^^^^^

        error: the profile `terraform-validate` reads no settings of a configuration
         --> runtask.toml:5:1
          |
        5 | trust_tree_settings = true
          | ^^^^^^^^^^^^^^^^^^^

        error: `exit_codes` must be from 0 to 255
         --> runtask.toml:7:15
          |
        7 | exit_codes = [256, "a"]
          |               ^^^
        error: `exit_codes` is a text and must be a whole number, without quotes
         --> runtask.toml:7:20
          |
        7 | exit_codes = [256, "a"]
          |                    ^^^
        "#);
}

/// The pages name every key, and what they show can be written so.
#[test]
fn the_pages_are_right() {
    let [scanners, costs, tasks] = [
        include_str!("../../../../docs/scanners.md"),
        include_str!("../../../../docs/cost-checks.md"),
        include_str!("../../../../docs/tasks.md"),
    ];
    for (kind, page) in [(KIND, scanners), (cost::KIND, costs)] {
        for key in kind.entry().settings.unwrap().kind.names() {
            assert!(page.contains(key), "{key}");
        }
    }
    // Those in a list are indented.
    let blocks = |page: &str| -> Vec<String> {
        // What follows on the line is for whoever types it.
        let blocks = page.split("```toml").skip(1).map(|it| it.split_once('\n').unwrap().1);
        let blocks = blocks.map(|it| it.split("```").next().unwrap());
        blocks.map(|it| it.lines().map(str::trim_start).collect::<Vec<_>>().join("\n")).collect()
    };
    let mut examples = blocks(scanners);
    let own = examples.pop().unwrap();
    examples.push(format!("[tasks.security]\nchecks = [\"scanner\"]\n{own}"));
    examples.extend(blocks(costs));
    examples.extend(blocks(tasks).into_iter().find(|it| it.contains("checks = [\"scanner\"]")));
    assert_eq!(examples.len(), 4);
    for example in examples {
        let read =
            Tasks::parse("page", &example, today(), &[KIND.entry(), cost::KIND.entry()], &NO_CHANNELS, &[]);
        assert!(read.is_ok_and(|(_, warnings)| warnings.is_empty()), "{example}");
    }
}
