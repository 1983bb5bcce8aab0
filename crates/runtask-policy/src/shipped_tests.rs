//! Tests the shipped rules: their own tests, and their findings in real plans.

use crate::builtin::{self, BUILTINS};
use crate::evaluator::tests::{asked_as, request};
use crate::message::{Event, Purpose, Request, RuleEntry};
use crate::source_file::SourceFile;
use runtask_findings::printable;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Asks these files about a plan.
fn asked(files: Vec<SourceFile>, params: Value, plan: &[u8], purpose: Purpose) -> Vec<Event> {
    let asked = request(&[], &json!({}), purpose);
    asked_as(
        &Request { files, run: json!({}), params, time_limit_ms: 60_000, ..asked },
        std::str::from_utf8(plan).unwrap(),
    )
}

fn rules_of(events: &[Event]) -> &[RuleEntry] {
    events.iter().find_map(|it| if let Event::Rules(rules) = it { Some(&**rules) } else { None }).unwrap()
}

fn shipped() -> Vec<SourceFile> {
    let rules = BUILTINS.rules.iter().chain(BUILTINS.samples).filter_map(|it| builtin::rule(it));
    [builtin::library()].into_iter().chain(rules).collect()
}

/// Files below `directory` with this ending, in the order of their names.
fn files(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_str().unwrap().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// F-05, Q-06: each rule has good and bad plans, deletions, no-ops, unknown values and odd shapes as tests of its own.
#[test]
fn the_tests_of_the_rules_pass() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("rego");
    let tests = files(&directory, "_test.rego");
    let read = |path: &PathBuf| SourceFile {
        name: path.strip_prefix(&directory).unwrap().display().to_string(),
        text: fs::read_to_string(path).unwrap().into(),
    };
    let all = shipped().into_iter().chain([builtin::testing()]).chain(tests.iter().map(read)).collect();
    let events = asked(all, json!({}), b"", Purpose::Test);
    let rules = rules_of(&events);
    // Each file of them is there.
    assert_eq!(tests.len(), BUILTINS.rules.len() + BUILTINS.samples.len() + 1);
    for test in &tests {
        let name = read(test).name;
        assert!(rules.iter().any(|it| it.file == name), "{name} has no test");
    }
    let mut failed = Vec::new();
    for event in &events {
        if let Event::Answer(answer) = event
            && let Some(trouble) = &answer.trouble
        {
            failed.push(format!("{}: {}", rules[answer.index].path, trouble.summary));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(matches!(events.last(), Some(Event::Done)));
}

/// When they are asked alone, their types are not checked again.
#[test]
fn the_types_of_the_rules_are_right() {
    let mut policies = rego::Policies::new();
    for file in shipped() {
        policies.add(&file.name, &file.text, None).unwrap();
    }
    assert!(policies.compile().is_ok());
}

/// F-14: whoever reads about a rule finds everything that the page of it needs.
#[test]
fn every_rule_says_what_it_demands_and_how_to_mend_it() {
    let events = asked(shipped(), json!({}), b"", Purpose::List);
    let rules = rules_of(&events);
    let codes: Vec<_> = rules.iter().map(|it| it.code.as_str()).collect();
    for code in BUILTINS.rules.iter().chain(BUILTINS.samples) {
        assert!(codes.contains(code), "{code} is not among {codes:?}");
    }
    for rule in rules {
        let RuleEntry { code, title, description, fix, severity, links, .. } = rule;
        assert!(!title.ends_with('.') && title != "deny", "{code}");
        assert!(!description.is_empty() && !fix.is_empty() && severity.is_some(), "{code}");
        assert!(links.iter().all(|it| it.starts_with("https://")), "{code}");
    }
}

/// Whoever adds to the package of a shipped rule has one rule, and not the same one twice.
#[test]
fn another_definition_of_a_shipped_rule_is_no_other_rule() {
    let text = "package runtask.rules.open_ingress\n\nimport rego.v1\n\ndeny contains \"x\" if input.x\n";
    let more = SourceFile { name: "policies/more.rego".into(), text: text.into() };
    let first = [more.clone()].into_iter().chain(shipped()).collect();
    let last = shipped().into_iter().chain([more]).collect();
    for files in [first, last] {
        let events = asked(files, json!({}), b"", Purpose::List);
        let paths = rules_of(&events).iter().map(|it| it.path.as_str());
        assert_eq!(paths.filter(|it| *it == "data.runtask.rules.open_ingress.deny").count(), 1);
    }
}

/// A reader of the page must be able to rely on the list that stands there.
#[test]
fn destroy_guard_says_all_that_it_guards() {
    let text = builtin::rule("destroy-guard").unwrap().text;
    let (annotations, rules) = text.split_once("\npackage ").unwrap();
    let types = |text: &str, quote: char| -> BTreeSet<String> {
        let quoted = text.split(quote).map(str::to_owned);
        quoted
            .filter(|it| ["aws_", "azurerm_", "google_"].iter().any(|prefix| it.starts_with(prefix)))
            .collect()
    };
    let guarded = types(rules, '"');
    assert!(guarded.contains("aws_s3_bucket"));
    assert_eq!(types(annotations, '`'), guarded);
}

/// What the rules say about every plan that real Terraform has made, and about those that were written by hand.
#[test]
fn real_plans_are_judged() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/plans");
    let mut said = String::new();
    for path in files(&directory, ".json") {
        let plan = fs::read(&path).unwrap();
        said.push_str(&format!("{}\n", path.strip_prefix(&directory).unwrap().display()));
        let params = json!({ "required-tags": { "tags": ["owner"] } });
        let events = asked(shipped(), params, &plan, Purpose::Judge);
        let rules = rules_of(&events);
        for event in &events {
            match event {
                Event::Answer(answer) => {
                    let code = &rules[answer.index].code;
                    // Every plan has been made in some minute.
                    if code == "timestamp-parity" {
                        continue;
                    }
                    for violation in &answer.violations {
                        let unknown = if violation.unknown { " (unknown)" } else { "" };
                        let message = printable(&violation.message);
                        said.push_str(&format!("  {code}: {message}{unknown}\n"));
                    }
                    if let Some(trouble) = &answer.trouble {
                        said.push_str(&format!("  {code} could not be asked: {}\n", trouble.summary));
                    }
                }
                Event::Refused(refusal) => {
                    said.push_str(&format!("  refused: {}\n", refusal.errors[0].summary))
                }
                Event::Warnings(_)
                | Event::Rules(_)
                | Event::Plan(_)
                | Event::Seen(_)
                | Event::Solutions(_)
                | Event::Done => {}
            }
        }
    }
    insta::assert_snapshot!(said, @r#"
    buckets/plan.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.inline["public-read"]
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.inline["public-read-write"]
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.granted
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.this["members"]
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.this["site"]
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.this["uploads"]
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_policy.everybody (statement 1 of its policy allows everyone)
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_policy.uploads (statement 1 of its policy allows everyone)
      public-s3-bucket: Public access to S3 is not fully blocked: aws_s3_bucket_public_access_block.site (block_public_acls, ignore_public_acls)
      public-s3-bucket: Public access to S3 is not fully blocked: aws_s3_bucket_public_access_block.uploads (block_public_acls, block_public_policy, ignore_public_acls, restrict_public_buckets)
      required-tags: Missing tags: aws_s3_bucket.inline["private"] (owner)
      required-tags: Missing tags: aws_s3_bucket.inline["public-read"] (owner)
      required-tags: Missing tags: aws_s3_bucket.inline["public-read-write"] (owner)
      required-tags: Missing tags: aws_s3_bucket.this["logs"] (owner)
      required-tags: Missing tags: aws_s3_bucket.this["members"] (owner)
      required-tags: Missing tags: aws_s3_bucket.this["records"] (owner)
      required-tags: Missing tags: aws_s3_bucket.this["site"] (owner)
      required-tags: Missing tags: aws_s3_bucket.this["uploads"] (owner)
    by-hand/action-invocations.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.site
    by-hand/after-null.json
      destroy-guard: Would be destroyed: aws_s3_bucket.deleted (Terraform does not say why)
    by-hand/changes-null.json
    by-hand/changes-object.json
    by-hand/changes-string.json
    by-hand/deferred-changes.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.site
    by-hand/duplicate-keys.json
    by-hand/format-0.1.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.site
      required-tags: Missing tags: aws_s3_bucket.site (owner)
      destroy-guard: Would be replaced: module.db.aws_db_instance.this (Terraform does not say why)
      unencrypted-storage: Unencrypted storage: module.db.aws_db_instance.this
      public-database: Public database: module.db.aws_db_instance.this
    by-hand/format-1.0.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.tainted
      required-tags: Missing tags: aws_s3_bucket.tainted (owner)
      destroy-guard: Would be replaced: aws_s3_bucket.tainted (it is tainted)
    by-hand/format-2.0.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.site
    by-hand/imports.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.by_identity
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.replaced
      required-tags: Missing tags: aws_s3_bucket.by_identity (owner)
      required-tags: Missing tags: aws_s3_bucket.replaced (owner)
      destroy-guard: Would be replaced: aws_s3_bucket.replaced (it cannot be changed in place)
    by-hand/minimal.json
    by-hand/missing-change.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.good
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.with_no_actions
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.with_null_actions
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.without_actions
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.without_marks
    by-hand/no-version.json
      refused: the plan is not what `terraform show -json` prints
    by-hand/numbers.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.site
    by-hand/odd-types.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.actions_are_a_string
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.actions_are_an_object
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.actions_are_numbers
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.a\0b\u{1b}[31m\u{202e}\n# heading | <script> [link](https://example.com) `
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.good
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.index_is_an_object
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.marks_are_lists
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.marks_are_null
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.marks_are_strings
      required-tags: Missing tags: aws_ebs_volume.tags_are_numbers (owner)
    by-hand/opentofu.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.site
    by-hand/provider-3.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.granted
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.site
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.uploads
      public-s3-bucket: Public S3 bucket: module.site["a"].aws_s3_bucket.this[0]
      required-tags: Missing tags: aws_s3_bucket.granted (owner)
      required-tags: Missing tags: aws_s3_bucket.records (owner)
      required-tags: Missing tags: aws_s3_bucket.site (owner)
      required-tags: Missing tags: aws_s3_bucket.uploads (owner)
      required-tags: Missing tags: module.site["a"].aws_s3_bucket.this[0] (owner)
    by-hand/refresh-only.json
    by-hand/replace-and-forget.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket.new
      required-tags: Missing tags: aws_s3_bucket.new (owner)
      required-tags: Missing tags: aws_s3_bucket.tainted (owner)
      destroy-guard: Would be destroyed: aws_s3_bucket.deposed (an older, deposed object)
      destroy-guard: Would be destroyed: aws_s3_bucket.no_target (it was moved to an address that is not in the configuration)
      destroy-guard: Would be replaced: aws_s3_bucket.tainted (it is tainted)
      destroy-guard: Would be destroyed: module.gone.aws_s3_bucket.this (its module is no longer in the configuration)
      unencrypted-storage: Unencrypted storage: aws_db_instance.new
      public-database: Public database: aws_db_instance.new
    by-hand/sensitive.json
      required-tags: Missing tags: aws_ssm_parameter.empty (owner)
      required-tags: Missing tags: aws_ssm_parameter.short (owner)
      unencrypted-storage: Unencrypted storage: aws_db_instance.whole
    by-hand/state.json
      refused: this is a state and not a plan: save one with `terraform plan -out=FILE`
    by-hand/targeted.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.site
    by-hand/unknown-acl.json
      public-s3-bucket: Cannot say before apply whether the S3 bucket is public: aws_s3_bucket_acl.later (unknown)
      public-s3-bucket: Cannot say before apply whether the S3 bucket is public: aws_s3_bucket_acl.later_and_now (unknown)
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.later_and_now
    by-hand/unknown-action.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.archived
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.created_and_archived
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.other_case
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.three
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.twice
    checks/plan.json
      required-tags: Missing tags: aws_s3_bucket.this["a"] (owner)
      required-tags: Missing tags: aws_s3_bucket.this["b"] (owner)
    databases/plan.json
      required-tags: Missing tags: aws_db_instance.this["closed"] (owner)
      required-tags: Missing tags: aws_db_instance.this["open"] (owner)
      required-tags: Missing tags: aws_db_instance.this["silent"] (owner)
      required-tags: Missing tags: aws_dynamodb_table.owned (owner)
      required-tags: Missing tags: aws_ebs_volume.this["encrypted"] (owner)
      required-tags: Missing tags: aws_ebs_volume.this["silent"] (owner)
      required-tags: Missing tags: aws_ebs_volume.this["unencrypted"] (owner)
      required-tags: Missing tags: aws_efs_file_system.this["encrypted"] (owner)
      required-tags: Missing tags: aws_efs_file_system.this["unencrypted"] (owner)
      required-tags: Missing tags: aws_instance.this (owner)
      required-tags: Missing tags: aws_rds_cluster.this["closed"] (owner)
      required-tags: Missing tags: aws_rds_cluster.this["open"] (owner)
      required-tags: Missing tags: aws_rds_cluster_instance.open (owner)
      required-tags: Missing tags: aws_redshift_cluster.open (owner)
      unencrypted-storage: Unencrypted storage: aws_db_instance.this["open"]
      unencrypted-storage: Unencrypted storage: aws_db_instance.this["silent"]
      unencrypted-storage: Cannot say before apply whether the storage is encrypted: aws_ebs_volume.this["silent"] (unknown)
      unencrypted-storage: Unencrypted storage: aws_ebs_volume.this["unencrypted"]
      unencrypted-storage: Unencrypted storage: aws_efs_file_system.this["unencrypted"]
      unencrypted-storage: Cannot say before apply whether the storage is encrypted: aws_instance.this (unknown)
      unencrypted-storage: Unencrypted storage: aws_instance.this (root volume)
      unencrypted-storage: Unencrypted storage: aws_rds_cluster.this["open"]
      unencrypted-storage: Unencrypted storage: aws_redshift_cluster.open
      public-database: Public database: aws_db_instance.this["open"]
      public-database: Public database: aws_rds_cluster_instance.open
      public-database: Public database: aws_redshift_cluster.open
    empty/plan.json
    errored/plan.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.planned
      required-tags: Missing tags: aws_s3_bucket.planned (owner)
    iam/plan.json
      required-tags: Missing tags: aws_iam_policy.by_data_source (owner)
      required-tags: Missing tags: aws_iam_policy.this["everything"] (owner)
      required-tags: Missing tags: aws_iam_policy.this["everything_but"] (owner)
      required-tags: Missing tags: aws_iam_policy.this["everything_elsewhere"] (owner)
      required-tags: Missing tags: aws_iam_policy.this["everything_in_lists"] (owner)
      required-tags: Missing tags: aws_iam_policy.this["everything_of_one"] (owner)
      required-tags: Missing tags: aws_iam_policy.this["everything_of_s3"] (owner)
      required-tags: Missing tags: aws_iam_policy.this["nothing"] (owner)
      required-tags: Missing tags: aws_iam_policy.this["one_thing"] (owner)
      required-tags: Missing tags: aws_iam_policy.this["reads_of_s3"] (owner)
      required-tags: Missing tags: aws_iam_role.anybody (owner)
      required-tags: Missing tags: aws_iam_role.service (owner)
      iam-wildcard: IAM policy allows all actions on all resources: aws_iam_policy.by_data_source (statement 1)
      iam-wildcard: IAM policy allows all actions on all resources: aws_iam_policy.this["everything"] (statement 1)
      iam-wildcard: IAM policy allows all actions but some on all resources: aws_iam_policy.this["everything_but"] (statement 1)
      iam-wildcard: IAM policy allows all actions on all resources: aws_iam_policy.this["everything_elsewhere"] (statement 1)
      iam-wildcard: IAM policy allows all actions on all resources: aws_iam_policy.this["everything_in_lists"] (statement 1)
      iam-wildcard: IAM policy allows s3:* on all resources: aws_iam_policy.this["everything_of_s3"] (statement 1)
      iam-wildcard: IAM role can be assumed by everyone: aws_iam_role.anybody (statement 1)
      iam-wildcard: IAM policy allows all actions on all resources: aws_iam_role.anybody (statement 1)
      iam-wildcard: IAM policy allows all actions on all resources: aws_iam_role_policy.everything (statement 1)
      iam-wildcard: AdministratorAccess is attached: aws_iam_role_policy_attachment.administrator
      iam-wildcard: IAM policy allows s3:* on all resources: aws_iam_user_policy.second_statement (statement 2)
    modules/plan.json
      public-s3-bucket: Public S3 bucket: module.counted[0].module.bucket["content"].aws_s3_bucket_acl.this[0]
      public-s3-bucket: Public S3 bucket: module.counted[1].module.bucket["content"].aws_s3_bucket_acl.this[0]
      required-tags: Cannot say before apply whether tags are as required (owner): aws_ebs_volume.emptily_tagged (unknown)
      required-tags: Missing tags: aws_ebs_volume.half_tagged[0] (owner)
      required-tags: Missing tags: aws_ebs_volume.half_tagged[1] (owner)
      required-tags: Missing tags: aws_ebs_volume.untagged (owner)
      required-tags: Missing tags: module.counted[0].module.bucket["content"].aws_s3_bucket.this (owner)
      required-tags: Missing tags: module.counted[0].module.bucket["logs"].aws_s3_bucket.this (owner)
      required-tags: Missing tags: module.counted[1].module.bucket["content"].aws_s3_bucket.this (owner)
      required-tags: Missing tags: module.counted[1].module.bucket["logs"].aws_s3_bucket.this (owner)
      required-tags: Cannot say before apply whether tags are as required (owner): module.replica.module.bucket["content"].aws_s3_bucket.this (unknown)
      required-tags: Cannot say before apply whether tags are as required (owner): module.replica.module.bucket["logs"].aws_s3_bucket.this (unknown)
      required-tags: Missing tags: module.site["a"].module.bucket["content"].aws_s3_bucket.this (owner)
      required-tags: Missing tags: module.site["a"].module.bucket["logs"].aws_s3_bucket.this (owner)
      required-tags: Missing tags: module.site["b.c"].module.bucket["content"].aws_s3_bucket.this (owner)
      required-tags: Missing tags: module.site["b.c"].module.bucket["logs"].aws_s3_bucket.this (owner)
      required-tags: Missing tags: module.site["d\"e"].module.bucket["content"].aws_s3_bucket.this (owner)
      required-tags: Missing tags: module.site["d\"e"].module.bucket["logs"].aws_s3_bucket.this (owner)
      required-tags: Missing tags: module.site["f/g[0]"].module.bucket["content"].aws_s3_bucket.this (owner)
      required-tags: Missing tags: module.site["f/g[0]"].module.bucket["logs"].aws_s3_bucket.this (owner)
      required-tags: Missing tags: module.site["ü"].module.bucket["content"].aws_s3_bucket.this (owner)
      required-tags: Missing tags: module.site["ü"].module.bucket["logs"].aws_s3_bucket.this (owner)
      unencrypted-storage: Encryption is left to the account's default: aws_ebs_volume.emptily_tagged
      unencrypted-storage: Encryption is left to the account's default: aws_ebs_volume.half_tagged[0]
      unencrypted-storage: Encryption is left to the account's default: aws_ebs_volume.half_tagged[1]
      unencrypted-storage: Encryption is left to the account's default: aws_ebs_volume.untagged
    moved/plan.json
      required-tags: Missing tags: aws_ebs_volume.new_and_replaced (owner)
      required-tags: Missing tags: aws_s3_bucket.imported_and_tagged (owner)
      required-tags: Missing tags: aws_s3_bucket.new_and_changed (owner)
      required-tags: Missing tags: aws_s3_bucket.several["second"] (owner)
      destroy-guard: Would be replaced: aws_ebs_volume.new_and_replaced (it cannot be changed in place)
      unencrypted-storage: Encryption is left to the account's default: aws_ebs_volume.new_and_replaced
    network/plan.json
      open-ingress: Open to everyone: aws_default_security_group.everything (all protocols and ports from 0.0.0.0/0)
      open-ingress: Open to everyone: aws_security_group.inline (port 22 (SSH) from 0.0.0.0/0)
      open-ingress: Open to everyone: aws_security_group.inline (port 3306 (MySQL), port 3389 (RDP) from ::/0)
      open-ingress: Open to everyone: aws_security_group_rule.this["mysql_from_everywhere"] (port 3306 (MySQL) from 0.0.0.0/0)
      open-ingress: Open to everyone: aws_security_group_rule.this["ssh_from_everywhere"] (port 22 (SSH) from 0.0.0.0/0)
      open-ingress: Open to everyone: aws_security_group_rule.this["without_port_or_number"] (all protocols and ports from 0.0.0.0/0)
      open-ingress: Open to everyone: aws_vpc_security_group_ingress_rule.everything_from_everywhere (all protocols and ports from ::/0)
      open-ingress: Open to everyone: aws_vpc_security_group_ingress_rule.postgres_from_everywhere (port 5432 (PostgreSQL) from 0.0.0.0/0)
      required-tags: Missing tags: aws_default_security_group.everything (owner)
      required-tags: Missing tags: aws_security_group.closed (owner)
      required-tags: Missing tags: aws_security_group.inline (owner)
      required-tags: Missing tags: aws_security_group.none (owner)
      required-tags: Missing tags: aws_vpc_security_group_egress_rule.everything (owner)
      required-tags: Missing tags: aws_vpc_security_group_ingress_rule.everything_from_everywhere (owner)
      required-tags: Missing tags: aws_vpc_security_group_ingress_rule.postgres_from_everywhere (owner)
      required-tags: Missing tags: aws_vpc_security_group_ingress_rule.ssh_from_a_group (owner)
    remove/plan.json
      required-tags: Missing tags: aws_s3_bucket.no_longer_counted["only"] (owner)
      destroy-guard: Would be destroyed: aws_dynamodb_table.gone (it is no longer in the configuration)
      destroy-guard: Would be destroyed: aws_ebs_volume.counted[1] (its index is beyond `count`)
      destroy-guard: Would be destroyed: aws_ebs_volume.counted[2] (its index is beyond `count`)
      destroy-guard: Would be destroyed: aws_s3_bucket.gone (it is no longer in the configuration)
      destroy-guard: Would be destroyed: aws_s3_bucket.named["dropped"] (its key is no longer in `for_each`)
      destroy-guard: Would be destroyed: aws_s3_bucket.no_longer_counted[0] (`count` or `for_each` was added or taken away)
      destroy-guard: Would be destroyed: aws_s3_bucket.no_longer_counted[1] (`count` or `for_each` was added or taken away)
      destroy-guard: Would be destroyed: module.store.aws_kms_key.this (it is no longer in the configuration)
      destroy-guard: Would be destroyed: module.store.aws_s3_bucket.this (it is no longer in the configuration)
    replace/plan.json
      required-tags: Missing tags: aws_ebs_volume.asked_for (owner)
      required-tags: Missing tags: aws_ebs_volume.moved_away (owner)
      required-tags: Missing tags: aws_s3_bucket.renamed (owner)
      required-tags: Missing tags: aws_security_group.renamed (owner)
      destroy-guard: Would be replaced: aws_ebs_volume.asked_for (somebody asked for it with -replace)
      destroy-guard: Would be replaced: aws_ebs_volume.moved_away (it cannot be changed in place)
      destroy-guard: Would be replaced: aws_s3_bucket.renamed (it cannot be changed in place)
      unencrypted-storage: Encryption is left to the account's default: aws_ebs_volume.asked_for
    sensitive/plan.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.tagged
      required-tags: Missing tags: aws_db_instance.records (owner)
      required-tags: Missing tags: aws_instance.leaking (owner)
      required-tags: Missing tags: aws_s3_bucket.tagged (owner)
      required-tags: Missing tags: aws_secretsmanager_secret.token (owner)
      required-tags: Missing tags: aws_ssm_parameter.token (owner)
      required-tags: Missing tags: aws_ssm_parameter.written (owner)
      unencrypted-storage: Unencrypted storage: aws_db_instance.records
      unencrypted-storage: Encryption is left to the account's default: aws_instance.leaking (root volume)
    unknown/plan.json
      public-s3-bucket: Cannot say before apply whether the S3 bucket is public: aws_s3_bucket_acl.records (unknown)
      public-s3-bucket: Cannot say before apply whether the S3 bucket is public: aws_s3_bucket_policy.read_at_apply (unknown)
      public-s3-bucket: Cannot say before apply whether the S3 bucket is public: aws_s3_bucket_policy.written (unknown)
      public-s3-bucket: Cannot say before apply whether block_public_acls blocks public access to S3: aws_s3_bucket_public_access_block.records (unknown)
      open-ingress: Cannot say before apply whether it opens a port to everyone: aws_security_group.dynamic (unknown)
      open-ingress: Cannot say before apply whether it opens a port to everyone: aws_security_group.office (unknown)
      open-ingress: Cannot say before apply whether it opens a port to everyone: aws_vpc_security_group_ingress_rule.office (unknown)
      required-tags: Missing tags: aws_db_instance.records (owner)
      required-tags: Cannot say before apply whether tags are as required (owner): aws_ebs_volume.all_tags (unknown)
      required-tags: Cannot say before apply whether tags are as required (owner): aws_ebs_volume.tags (unknown)
      required-tags: Missing tags: aws_eip.office (owner)
      required-tags: Missing tags: aws_iam_policy.read_at_apply (owner)
      required-tags: Cannot say before apply whether tags are as required (owner): aws_s3_bucket.records (unknown)
      required-tags: Missing tags: aws_security_group.dynamic (owner)
      required-tags: Missing tags: aws_security_group.office (owner)
      required-tags: Missing tags: aws_vpc_security_group_ingress_rule.office (owner)
      iam-wildcard: Cannot say before apply whether the IAM policy allows too much: aws_iam_policy.read_at_apply (unknown)
      unencrypted-storage: Cannot say before apply whether the storage is encrypted: aws_db_instance.records (unknown)
      unencrypted-storage: Cannot say before apply whether the storage is encrypted: aws_ebs_volume.all_tags (unknown)
      unencrypted-storage: Encryption is left to the account's default: aws_ebs_volume.tags
      public-database: Cannot say before apply whether the database is public: aws_db_instance.records (unknown)
    update/plan.json
      public-s3-bucket: Public S3 bucket: aws_s3_bucket_acl.records
      public-s3-bucket: Public access to S3 is not fully blocked: aws_s3_bucket_public_access_block.records (block_public_acls, ignore_public_acls)
      required-tags: Missing tags: aws_ebs_volume.drifted (owner)
      required-tags: Missing tags: aws_s3_bucket.records (owner)
    "#);
}
