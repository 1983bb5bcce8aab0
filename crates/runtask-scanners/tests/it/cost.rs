//! What a plan costs, by programs that stand in for Infracost.

use crate::{Bench, fixture, shown, today};
use runtask_checks::CheckKind;
use runtask_findings::CheckReport;
use runtask_scanners::Cost;
use runtask_tasks::{NO_CHANNELS, Tasks};
use std::fs;

pub(crate) const KIND: CheckKind = CheckKind::of::<Cost>();
const INFRACOST: &str = "[tasks.scan.cost]\nsource = \"infracost\"\n";
const KEY: &str = "key-of-ours";

async fn estimate(bench: &Bench, settings: &str) -> CheckReport {
    bench.check_of(KIND, settings).run(&bench.inputs(Some(&fixture("plan.json"))), None).await
}

fn bench(script: &str) -> Bench {
    let bench = Bench::new().set("INFRACOST_API_KEY", KEY);
    bench.program("infracost", script);
    bench
}

fn cat(name: &str) -> String {
    format!("cat {}", fixture(&format!("by-hand/{name}.json")).display())
}

#[tokio::test]
async fn a_plan_is_estimated_and_compared_with_limits() {
    let bench = bench(&cat("infracost-diff"));
    let report = estimate(&bench, INFRACOST).await;
    assert_eq!(shown(&report), "Monthly cost: +$45.81\ninfo cost -: Monthly cost: +$45.81");
    let report = estimate(&bench, &format!("{INFRACOST}fail_above = \"40.00 USD\"")).await;
    let expected = "Monthly cost: +$45.81, more than the $40.00 allowed";
    assert_eq!(shown(&report), format!("{expected}\nerror cost-limit -: {expected}"));
    let bench = Bench::new();
    bench.program("c3x", &cat("c3x-estimate"));
    let report = estimate(&bench, "[tasks.scan.cost]\nsource = \"c3x\"\nfail_total_above = \"20 USD\"").await;
    assert_eq!(report.headline, "Monthly cost: $20.15, $20.15 in all, more than the $20.00 allowed");
}

#[tokio::test]
async fn no_source_is_no_number() {
    let headline = async |bench: &Bench, settings: &str| estimate(bench, settings).await.headline;
    let unavailable = |why: &str| format!("Check cost could not run: {why}");
    let keyless = Bench::new();
    keyless.program("infracost", &cat("infracost-diff"));
    let why =
        "infracost has no source of prices: set INFRACOST_API_KEY, or `endpoint` to a server of your own";
    assert_eq!(headline(&keyless, INFRACOST).await, unavailable(why));
    let why = "infracost cannot run: there is no program infracost on PATH or in /opt/bin; install it, or set `program`";
    assert_eq!(headline(&Bench::new().set("INFRACOST_API_KEY", KEY), INFRACOST).await, unavailable(why));
    for (script, why) in [
        ("true".to_owned(), "infracost wrote no output"),
        ("echo '<html>'".to_owned(), "infracost wrote what is not JSON (line 1, column 1)"),
        (
            format!("echo no prices for {KEY} >&2; exit 1"),
            "infracost ended with exit code 1: no prices for ***",
        ),
        ("kill -9 $$".to_owned(), "infracost was ended by signal 9"),
        ("yes".to_owned(), "infracost printed more than 32 MiB"),
        (cat("infracost-project-error"), "infracost could not check: Error loading Terraform plan JSON"),
        (
            "if [ \"$1\" = --version ]; then echo Infracost v2.0.1; else exit 1; fi".to_owned(),
            "this is Infracost 2, which reads no plans: install Infracost 0.10, or name it as `program`",
        ),
    ] {
        assert_eq!(headline(&bench(&script), INFRACOST).await, unavailable(why), "{script}");
    }
    let why = "infracost did not finish within 1 s";
    assert_eq!(
        headline(&bench("exec sleep 600"), &format!("{INFRACOST}timeout_ms = 1000")).await,
        unavailable(why)
    );
    let why = "a limit is in EUR, and the estimate in USD: nothing is converted";
    assert_eq!(
        headline(&bench(&cat("infracost-diff")), &format!("{INFRACOST}fail_above = \"1 EUR\"")).await,
        unavailable(why)
    );
}

/// Where prices come from is said by whoever sets up the task; the plan goes there without what is sensitive.
#[tokio::test]
async fn an_endpoint_of_ones_own_is_asked_and_gets_no_secret() {
    let keyless = Bench::new();
    let seen = keyless.path("seen");
    let script = format!(
        "{{ echo \"$@\"; env | grep INFRACOST | sort; cat plan.json; }} > {}; {}",
        seen.display(),
        cat("infracost-diff")
    );
    keyless.program("infracost", &script);
    fs::write(keyless.path("usage.yml"), "version: 0.1\n").unwrap();
    let settings = format!(
        "{INFRACOST}endpoint = \"https://prices.acme.net\"\nusage_file = \"usage.yml\"\ncurrency = \"eur\""
    );
    let report = estimate(&keyless, &settings).await;
    assert_eq!(report.headline, "Monthly cost: +$45.81");
    let seen = fs::read_to_string(seen).unwrap();
    let lines: Vec<&str> = seen.lines().take(6).collect();
    let (arguments, usage) = lines[0].split_once(" --usage-file ").unwrap();
    assert!(
        arguments.starts_with("diff --path ") && arguments.ends_with("plan.json --format json --no-color"),
        "{arguments}"
    );
    assert!(usage.ends_with("/usage.yml"), "{usage}");
    assert_eq!(
        &lines[1..],
        [
            "INFRACOST_API_KEY=none",
            "INFRACOST_CURRENCY=EUR",
            "INFRACOST_ENABLE_CLOUD=false",
            "INFRACOST_PRICING_API_ENDPOINT=https://prices.acme.net",
            "INFRACOST_SKIP_UPDATE_CHECK=true",
        ]
    );
    assert!(seen.contains("aws_db_instance") && !seen.contains("not-a-real-secret"));
}

#[test]
fn what_is_wrong_with_settings_is_said_at_its_place() {
    let problems = |settings: &str| {
        let text = format!("[tasks.scan]\nchecks = [\"cost\"]\n{settings}");
        let read = Tasks::parse("runtask.toml", text, today(), &[KIND.entry()], &NO_CHANNELS, &[]);
        read.err()
            .map(|it| it.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
            .unwrap_or_default()
    };
    let good = "warn_above = \"10 USD\"\nfail_above = \"40.00 EUR\"\nfail_above_percent = 20\nfail_total_above = \"1000 USD\"\n";
    assert_eq!(problems(&format!("{INFRACOST}{good}")), "");
    let all = [
        "",
        "[tasks.scan.cost]\nfail_above = \"40\"\n",
        "[tasks.scan.cost]\nsource = \"infracots\"\nwarn_above = 40\n",
        "[tasks.scan.cost]\nsource = \"c3x\"\nfail_above = \"40 USD\"\nendpoint = \"prices\"\n",
        "[tasks.scan.cost]\nsource = \"infracost\"\ncurrency = \"dollars\"\nfail_above = \"-1 USD\"\n",
    ];
    insta::assert_snapshot!(all.map(problems).join("\n\n"), @r#"
        error: `cost` is missing: the check `cost` needs `[tasks.NAME.cost]`, and there `source`
         --> runtask.toml:1:8
          |
        1 | [tasks.scan]
          |        ^^^^

        error: `source` is missing: say who estimates: `infracost` or `c3x`
         --> runtask.toml:3:13
          |
        3 | [tasks.scan.cost]
          |             ^^^^
        error: `40` is no amount: write it with its currency, as `"40.00 USD"`
         --> runtask.toml:4:14
          |
        4 | fail_above = "40"
          |              ^^^^

        error: `infracots` is no word for `source`; did you mean `infracost`?
         --> runtask.toml:4:10
          |
        4 | source = "infracots"
          |          ^^^^^^^^^^^
        error: `warn_above` is a number and must be a text in quotes
         --> runtask.toml:5:14
          |
        5 | warn_above = 40
          |              ^^

        error: `fail_above` is a limit of the difference, and c3x tells the total alone: use `fail_total_above`
         --> runtask.toml:5:1
          |
        5 | fail_above = "40 USD"
          | ^^^^^^^^^^
        error: `endpoint` is for Infracost alone: remove it
         --> runtask.toml:6:1
          |
        6 | endpoint = "prices"
          | ^^^^^^^^
        error: `prices` is no URL: write `https://…`
         --> runtask.toml:6:12
          |
        6 | endpoint = "prices"
          |            ^^^^^^^^

        error: a currency is a code of three letters, such as USD
         --> runtask.toml:5:12
          |
        5 | currency = "dollars"
          |            ^^^^^^^^^
        error: `-1 USD` is no amount: write it with its currency, as `"40.00 USD"`
         --> runtask.toml:6:14
          |
        6 | fail_above = "-1 USD"
          |              ^^^^^^^^
        "#);
}
