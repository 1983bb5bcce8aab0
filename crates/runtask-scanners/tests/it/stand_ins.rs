//! What goes wrong with a scanner, by programs that do just that: none of it is a pass.

use crate::{Bench, fixture, shown};
use runtask_checks::{Inputs, Stopper};
use runtask_findings::{OnError, Verdict, verdict};
use std::fs;
use std::time::{Duration, Instant};

/// A report without results.
const EMPTY: &str = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[]}]}"#;

/// A scanner of one's own that runs `script`.
const OWN: &str = "[[tasks.scan.scanner]]\nname = \"own\"\nprofile = \"sarif\"\nprogram = \"own\"\narguments = [\"{input}\", \"{output}\"]\n";

/// What a script comes to, with these settings besides.
async fn check(script: &str, settings: &str, expected: &str) {
    let bench = Bench::new();
    bench.program("own", script).file("main.tf", "a = 1\n");
    let report = bench.scan(&format!("{OWN}{settings}")).await;
    assert_eq!(report.headline, expected, "{script}");
    let is_pass = verdict(std::slice::from_ref(&report), OnError::Failed) == Verdict::Passed;
    assert_eq!(is_pass, !expected.contains("could not run"), "{script}");
    if !is_pass {
        assert_eq!(shown(&report), format!("{expected}\nerror check-unavailable -: {expected}"), "{script}");
        assert_eq!(verdict(&[report], OnError::Passed), Verdict::Passed);
    }
}

#[tokio::test]
async fn silence_is_no_pass() {
    let unavailable = |why: &str| format!("Scanner own could not run: own {why}");
    check(&format!("echo '{EMPTY}'"), "", "own: nothing found in 1 file").await;
    check("true", "", &unavailable("wrote no output")).await;
    check("echo boom >&2", "", &unavailable("wrote no output: boom")).await;
    check("echo '<html>'", "", &unavailable("wrote what is not JSON (line 1, column 1)")).await;
    check("echo '{}'", "", &unavailable("wrote JSON that is not SARIF 2.1.0: it has no version")).await;
    check(
        &format!("echo '{EMPTY}' | head -c 60"),
        "",
        &unavailable("wrote what is not JSON (line 1, column 60)"),
    )
    .await;
    check("printf '\\xff'", "", &unavailable("wrote what is not JSON (line 1, column 1)")).await;
    let words = "seq 9 >&2; printf '\\033[31mred\\033[0m \\a\\n' >&2; exit 3";
    check(words, "", &unavailable("ended with exit code 3: 6 7 8 9 red \\u{7}")).await;
    check(&format!("echo '{EMPTY}'; exit 1"), "", &unavailable("ended with exit code 1")).await;
    check(&format!("echo '{EMPTY}'; exit 1"), "exit_codes = [0, 1]", "own: nothing found in 1 file").await;
    check("kill -9 $$", "", &unavailable("was ended by signal 9")).await;
    check("exec sleep 600", "timeout_ms = 1000", &unavailable("did not finish within 1 s")).await;
    let file = "output = \"report.sarif\"";
    check(&format!("echo '{EMPTY}' > \"$2/report.sarif\""), file, "own: nothing found in 1 file").await;
    check(&format!("echo '{EMPTY}'"), file, &unavailable("wrote no output")).await;
    check("mkdir \"$2/report.sarif\"", file, &unavailable("wrote no output")).await;
    check("ln -s /etc/passwd \"$2/report.sarif\"", file, &unavailable("wrote no output")).await;
    check(
        "ls \"$1/nothing\"",
        "",
        &unavailable("ended with exit code 2: ls: cannot access './nothing': No such file or directory"),
    )
    .await;
}

#[tokio::test]
async fn too_much_is_no_pass_and_fills_no_disk() {
    let unavailable = |why: &str| format!("Scanner own could not run: own {why}");
    check("yes", "", &unavailable("printed more than 32 MiB")).await;
    check("yes >&2", "", &unavailable("printed more than 32 MiB")).await;
    let file = "output = \"report.sarif\"";
    check("head -c 40000000 /dev/zero > \"$2/report.sarif\"", file, &unavailable("wrote more than 32 MiB"))
        .await;
    let endless = "exec tail -c +1 -f /dev/zero > \"$2/report.sarif\"";
    check(endless, file, &unavailable("was ended by signal 25")).await;
}

/// Memory is the system's to refuse; a program hears of it, and says so.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_is_bounded() {
    // The limit is there soon after the start.
    let script = "until [ \"$(ulimit -d)\" != unlimited ]; do :; done\n\
                  head -c 400000000 /dev/zero | tail -c 400000000 > /dev/null || exit 9";
    let expected = "Scanner own could not run: own ended with exit code 9: tail: memory exhausted";
    check(script, "memory_bytes = 100000000", expected).await;
}

/// A child that holds the pipe keeps a scanner's report from being whole; one that does not is killed.
#[tokio::test]
async fn children_are_not_left_behind() {
    let bench = Bench::new();
    let pid = bench.path("pid");
    let script = format!("sleep 600 >/dev/null 2>&1 & echo $! > {}; echo '{EMPTY}'", pid.display());
    bench.program("own", &script).file("main.tf", "");
    let report = bench.scan(OWN).await;
    assert_eq!(report.headline, "own: nothing found in 1 file");
    let process = fs::read_to_string(&pid).unwrap();
    // It was killed; until the system has carried that out, it is still listed.
    let since = Instant::now();
    let stat = || fs::read_to_string(format!("/proc/{}/stat", process.trim())).unwrap_or_default();
    while !(stat().is_empty() || stat().contains(") Z")) {
        assert!(since.elapsed() < Duration::from_secs(10), "{}", stat());
        tokio::task::yield_now().await;
    }
    let script = format!("sleep 600 & echo $! > {}; echo '{EMPTY}'", pid.display());
    check(&script, "timeout_ms = 1000", "Scanner own could not run: own did not finish within 1 s").await;
}

#[tokio::test]
async fn what_tools_say_of_themselves_is_no_pass() {
    let cat = |name: &str| format!("cat {}", fixture(name).display());
    check(
        &cat("by-hand/tflint-errors.sarif"),
        "",
        "Scanner own could not run: own could not check: There is no closing brace for this block before the end of the \
         file. This may be caused by incorrect brace nesting elsewhere in this file.; Failed to load configurations; \
         main.tf:1,14-15: Unclosed configuration block",
    )
    .await;
    check(
        &cat("checkov/broken.json"),
        "reader = \"checkov-json\"",
        "Scanner own could not run: own could not check: it says that it cannot parse 1 file",
    )
    .await;
    check(&cat("checkov/empty.json"), "reader = \"checkov-json\"", "own: nothing found in 0 resources").await;
    check(
        &cat("checkov/broken.sarif"),
        "reader = \"checkov-json\"",
        "Scanner own could not run: own wrote JSON that is not checkov's: it has no summary",
    )
    .await;
    check(
        &cat("checkov/empty.json"),
        "reader = \"trivy-json\"",
        "Scanner own could not run: own wrote JSON that is not trivy's: its schema is not version 2",
    )
    .await;
    check(
        "echo '{\"SchemaVersion\": 2}'",
        "reader = \"trivy-json\"",
        "Scanner own could not run: own could not check: it looked at nothing",
    )
    .await;
    check(
        &cat("terraform-validate/not-initialised.json"),
        "reader = \"terraform-validate\"",
        "Scanner own could not run: own could not check: Module not installed. This module is not yet installed. Run \
         \"terraform init\" to install all modules required by this configuration.",
    )
    .await;
    check(
        &cat("terraform-validate/valid.json"),
        "reader = \"terraform-validate\"",
        "own: nothing found in 1 file",
    )
    .await;
    check("echo '{\"format_version\":\"1.0\",\"valid\":false,\"diagnostics\":[]}'", "reader = \"terraform-validate\"", "Scanner own could not run: own wrote JSON that is not that of `terraform validate`: it says that the configuration is not valid, and not why").await;
}

#[tokio::test]
async fn a_scanner_gets_nothing_of_ours_but_what_it_is_given() {
    let bench = Bench::new().set("SECRET_KEY", "hunter2").set("SNYK_TOKEN", "token-of-ours");
    let seen = bench.path("seen");
    let script = format!(
        "env | cut -d= -f1 | sort | tr '\\n' ' ' > {0}; pwd >> {0}; find \"$1\" -type f >> {0}; echo $SNYK_TOKEN >&2; exit 3",
        seen.display()
    );
    bench.program("own", &script).file("main.tf", "").file(".checkov.yaml", "").file("a/x.tf", "");
    let report = bench.scan(&format!("{OWN}environment = [\"SNYK_TOKEN\", \"NOT_SET\"]")).await;
    assert_eq!(report.headline, "Scanner own could not run: own ended with exit code 3: ***");
    let seen = fs::read_to_string(seen).unwrap();
    let lines: Vec<&str> = seen.lines().collect();
    let (scratch, files) = lines[0].rsplit_once(' ').map(|(_, scratch)| (scratch, &lines[1..])).unwrap();
    assert_eq!(lines[0].trim_end_matches(scratch), "HOME LANG PATH PWD SHLVL SNYK_TOKEN TMPDIR _ ");
    let mut files: Vec<_> = files.iter().map(|it| it.strip_prefix(scratch).unwrap()).collect();
    files.sort_unstable();
    assert_eq!(files, ["/tree/a/x.tf", "/tree/main.tf"]);
    assert!(!std::path::Path::new(scratch).exists(), "the directory is left behind");
}

#[tokio::test]
async fn a_file_that_cannot_be_parsed_is_an_error_whatever_the_scanner_says() {
    let bench = Bench::new();
    bench.program("own", &format!("echo '{EMPTY}'"));
    let report = bench.scan(OWN).await;
    assert_eq!(
        shown(&report),
        "own: no Terraform files were found in the directory\ninfo no-files -: own: no Terraform files were found in the directory"
    );
    bench.file("main.tf", "resource \"a\" {\n").file("x.tf.json", "{\n\n").file("good.tf", "a = 1\n");
    std::os::unix::fs::symlink("/etc/passwd", bench.path("configuration/link.tf")).unwrap();
    let report = bench.scan(OWN).await;
    insta::assert_snapshot!(shown(&report), @r#"
        own: nothing found in 3 files
        error unparsable-file main.tf:1: main.tf cannot be parsed: Unclosed configuration block
        error unparsable-file x.tf.json:3: x.tf.json cannot be parsed: it is not JSON
        error unreadable-file link.tf: link.tf cannot be scanned: it is a link to somewhere else
        "#);
}

/// Each has its own directory and its own time; one that could not run takes nothing of the others'.
#[tokio::test]
async fn several_run_at_once() {
    let bench = Bench::new();
    let (one, two) = (bench.path("one"), bench.path("two"));
    // Each waits for the other.
    let script = |mine: &std::path::Path, other: &std::path::Path| {
        format!(
            "touch {}; until [ -e {} ]; do sleep 0.01; done; cat {}",
            mine.display(),
            other.display(),
            fixture("by-hand/tflint.sarif").display()
        )
    };
    bench.program("one", &script(&one, &two)).program("two", &script(&two, &one)).file("main.tf", "");
    let own = |name: &str| {
        format!(
            "[[tasks.scan.scanner]]\nname = \"{name}\"\nprofile = \"sarif\"\nprogram = \"{name}\"\narguments = [\"-\"]\ntimeout_ms = 20000\n"
        )
    };
    let report = bench.scan(&[own("one"), own("two"), own("three")].concat()).await;
    assert_eq!(
        report.headline,
        "one: 6 findings in 1 file; two: 6 findings in 1 file; Scanner three could not run: three cannot run: there is no \
         program three on PATH or in /opt/bin; install it, or set `program`"
    );
    assert_eq!(report.findings.len(), 13);
}

/// When all have to stop, each says what came of it.
#[tokio::test]
async fn a_scanner_that_is_not_done_when_time_is_up_takes_nothing_from_the_others() {
    let bench = Bench::new();
    let began = bench.path("began");
    bench.program("slow", &format!("touch {}; exec sleep 600", began.display()));
    bench.file("main.tf", "");
    let own = |name: &str| {
        format!(
            "[[tasks.scan.scanner]]\nname = \"{name}\"\nprofile = \"sarif\"\nprogram = \"{name}\"\narguments = [\"-\"]\n"
        )
    };
    let check = bench.check(&[own("slow"), own("gone")].concat());
    let (stopper, stop) = Stopper::new();
    let inputs = Inputs { stop, ..bench.inputs(None) };
    let stopping = async {
        while !began.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stopper.stop("it ran out of time");
    };
    let (report, ()) = tokio::join!(check.run(&inputs, None), stopping);
    let expected =
        "Scanner slow could not run: it ran out of time; Scanner gone could not run: gone cannot run: ";
    assert!(report.headline.starts_with(expected), "{}", report.headline);
    assert_eq!(report.findings.len(), 2);
}

/// Nothing that the plan marks is in what the scanner gets, and nothing in what it says.
#[tokio::test]
async fn a_secret_of_a_plan_stays_with_us() {
    const SECRET: &str = "not-a-real-secret-9f2c";
    let plan = fixture("plan.json");
    assert!(fs::read_to_string(&plan).unwrap().contains(SECRET));
    for (name, reader) in [
        ("checkov/plan-not-redacted.json", "checkov-json"),
        ("checkov/plan.json", "checkov-json"),
        ("trivy/plan.json", "trivy-json"),
    ] {
        let bench = Bench::new();
        let seen = bench.path("seen");
        let script =
            format!("cp \"$1\" {}; stat -c %a \"$1\" >&2; cat {}", seen.display(), fixture(name).display());
        bench.program("own", &script);
        let report = bench.scan_plan(&format!("{OWN}input = \"plan\"\nreader = \"{reader}\""), &plan).await;
        let seen = fs::read_to_string(seen).unwrap();
        assert!(!seen.contains(SECRET) && seen.contains("(sensitive value)"), "{name}");
        assert!(!format!("{report:?}").contains(SECRET), "{name}");
        assert!(report.findings.len() > 1, "{name}: {}", shown(&report));
    }
    for script in [
        format!("echo the password is {SECRET} >&2; exit 3"),
        format!(
            "echo '{}'",
            EMPTY.replace(
                "[]}]",
                &format!("[{{\"ruleId\":\"{SECRET}\",\"message\":{{\"text\":\"{SECRET} is weak\"}}}}]}}]")
            )
        ),
    ] {
        let bench = Bench::new();
        bench.program("own", &script);
        let report = bench.scan_plan(&format!("{OWN}input = \"plan\""), &plan).await;
        assert!(!format!("{report:?}").contains(SECRET), "{report:?}");
        assert!(format!("{report:?}").contains("(sensitive value)"), "{report:?}");
    }
}

#[tokio::test]
async fn a_plan_that_is_not_there_yet_is_told() {
    let bench = Bench::new();
    bench.program("own", "true");
    let report = bench.scan(&format!("{OWN}input = \"plan\"")).await;
    assert_eq!(
        shown(&report),
        "own: no plan to scan: at stage this there is none yet\ninfo no-plan -: own: no plan to scan: at stage this there is none yet"
    );
    let report = bench
        .scan_plan(&format!("{OWN}input = \"plan\""), &fixture("README.md").with_file_name("input/main.tf"))
        .await;
    assert!(
        report.headline.starts_with("Scanner own could not run: the plan is not JSON"),
        "{}",
        report.headline
    );
}
