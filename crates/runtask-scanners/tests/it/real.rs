//! Real scanners.

use crate::{Bench, fixture, shown, tool};
use std::fs;

const CHECKOV: &str = "[[tasks.scan.scanner]]\nprofile = \"checkov\"\n";

fn bench(tools: &[&str]) -> Bench {
    let bench = Bench::new();
    for it in tools {
        let tool = tool(it);
        bench.program(it, &format!("exec {} \"$@\"", tool.display()));
    }
    bench
}

fn with_input(bench: &Bench) {
    for name in ["main.tf", "variables.tf", "versions.tf", "modules/web/main.tf"] {
        bench.file(name, &fs::read_to_string(fixture("input").join(name)).unwrap());
    }
}

#[tokio::test]
async fn checkov_scans_a_configuration() {
    let bench = bench(&["checkov"]);
    with_input(&bench);
    let report =
        bench.scan(&format!("{CHECKOV}arguments = [\"--check=CKV_AWS_16,CKV_AWS_145,CKV_AWS_79\"]")).await;
    insta::assert_snapshot!(shown(&report), @r#"
        checkov: 3 findings in 4 files, 1 suppressed
        error ckv-aws-16 main.tf:36: Ensure all data stored in the RDS is securely encrypted at rest (×2)
        error ckv-aws-79 modules/web/main.tf:5: Ensure Instance Metadata Service Version 1 is not enabled
        info suppressed -: checkov: 1 finding suppressed by comments in the code, or settings of the scanner
        "#);
}

#[tokio::test]
async fn checkov_scans_a_plan() {
    let bench = bench(&["checkov"]);
    let scanner = format!(
        "{CHECKOV}input = \"plan\"\narguments = [\"--check=CKV_AWS_16,CKV_AWS_145,CKV_AWS_79,CKV2_AWS_60\"]"
    );
    let report = bench.scan_plan(&scanner, &fixture("plan.json")).await;
    insta::assert_snapshot!(shown(&report), @r#"
        checkov: 6 findings in 6 resources
        error ckv-aws-16 aws_db_instance.main["a\"b"]: Ensure all data stored in the RDS is securely encrypted at rest
        error ckv-aws-16 aws_db_instance.main["c/d"]: Ensure all data stored in the RDS is securely encrypted at rest
        error ckv-aws-79 module.web.aws_instance.web: Ensure Instance Metadata Service Version 1 is not enabled
        error ckv2-aws-60 aws_db_instance.main["a\"b"]: Ensure RDS instance with copy tags to snapshots is enabled
        error ckv2-aws-60 aws_db_instance.main["c/d"]: Ensure RDS instance with copy tags to snapshots is enabled
        error ckv-aws-145 aws_s3_bucket.logs: Ensure that S3 buckets are encrypted with KMS by default
        "#);
    assert!(!format!("{report:?}").contains("not-a-real-secret"), "{report:?}");
}

/// Whoever writes the configuration can have checkov run Python: not here.
#[tokio::test]
async fn a_hostile_tree_gets_nothing_run_and_nothing_hidden() {
    let bench = bench(&["checkov"]);
    with_input(&bench);
    let ran = bench.path("ran");
    let evil = format!("open({:?}, 'w').write('x')\n", ran.to_str().unwrap());
    bench.file("checks/__init__.py", &evil).file("checks/evil.py", &evil);
    bench.file(".checkov.yaml", "skip-check:\n  - CKV_AWS_16\nexternal-checks-dir:\n  - checks\n");
    let report = bench.scan(&format!("{CHECKOV}arguments = [\"--check=CKV_AWS_16\"]")).await;
    assert!(report.headline.starts_with("checkov: 2 findings"), "{}", shown(&report));
    assert!(!ran.exists(), "Python of the configuration was run");
}

/// Unless the task trusts the tree; then the report says so.
#[tokio::test]
async fn settings_of_a_tree_that_is_trusted_are_used_and_told() {
    let bench = bench(&["checkov"]);
    with_input(&bench);
    bench.file(".checkov.yaml", "check:\n  - CKV_AWS_79\n");
    let report = bench.scan(&format!("{CHECKOV}trust_tree_settings = true")).await;
    insta::assert_snapshot!(shown(&report), @r"
    checkov: 1 finding in 4 files
    error ckv-aws-79 modules/web/main.tf:5: Ensure Instance Metadata Service Version 1 is not enabled
    info tree-settings-trusted -: checkov: settings of the configuration were used, as the task says
    ");
}

#[tokio::test]
async fn checkov_says_what_it_cannot_parse() {
    let bench = bench(&["checkov"]);
    bench.file("main.tf", &fs::read_to_string(fixture("input-broken/main.tf")).unwrap());
    let report = bench.scan(CHECKOV).await;
    assert!(
        report.headline.starts_with("Scanner checkov could not run: checkov ended with exit code 1"),
        "{}",
        shown(&report)
    );
}

#[tokio::test]
async fn terraform_validates_a_directory_that_is_initialized_and_no_other() {
    let bench = bench(&["terraform"]);
    let scanner = "[[tasks.scan.scanner]]\nprofile = \"terraform-validate\"\n";
    bench.file("main.tf", "variable \"a\" {\n  type = string\n}\n\noutput \"b\" {\n  value = var.c\n}\n");
    let report = bench.scan(scanner).await;
    assert_eq!(
        report.headline,
        "Scanner terraform-validate could not run: it needs a directory where `terraform init` was run, as only `runtask \
         check` can have one"
    );
    // What `terraform init` leaves where there is neither provider nor module.
    fs::create_dir(bench.path("configuration/.terraform")).unwrap();
    let report = bench.scan(scanner).await;
    insta::assert_snapshot!(shown(&report), @r#"
        terraform-validate: 1 finding in 1 file
        error reference-to-undeclared-input-variable main.tf:6: Reference to undeclared input variable
        "#);
}

/// A module beside the configuration is scanned as well, as checkov follows it.
#[tokio::test]
async fn checkov_follows_modules_beside_the_configuration() {
    let mut bench = bench(&["checkov"]);
    let bucket = "resource \"aws_instance\" \"web\" {\n  ami           = \"ami-1\"\n  instance_type = \"t3.micro\"\n}\n";
    bench.file("modules/web/main.tf", bucket);
    bench.file("live/prod/main.tf", "module \"web\" {\n  source = \"../../modules/web\"\n}\n");
    bench.working_directory = "configuration/live/prod".to_owned();
    let report = bench.scan(&format!("{CHECKOV}arguments = [\"--check=CKV_AWS_79\"]")).await;
    insta::assert_snapshot!(shown(&report), @r#"
        checkov: 1 finding in 1 file
        error ckv-aws-79 -: Ensure Instance Metadata Service Version 1 is not enabled
        "#);
}
