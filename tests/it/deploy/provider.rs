//! What of release 6 of the AWS provider `infra/` uses: tests have 5.100, and take it away.

use std::path::Path;

use runtask_tests::infra_copy::{INFRA, NEW_IN_6, RUNNER_INFRA, infra_copy, terraform_files};

/// What is taken away is nothing but the arguments, and they stand where they belong.
#[test]
fn only_arguments_that_are_new_are_taken_away() {
    let copy = infra_copy();
    for name in terraform_files(Path::new(INFRA)).iter().filter(|it| *it != "versions.tf") {
        let text = |directory: &Path| std::fs::read_to_string(directory.join(name)).unwrap();
        let (before, after) = (text(Path::new(INFRA)), text(copy.path()));
        let mut kept = after.lines().peekable();
        for line in before.lines() {
            if kept.next_if_eq(&line).is_none() {
                let (argument, value) = line.split_once('=').unwrap();
                assert!(NEW_IN_6.contains(&(argument.trim(), value.trim())), "{name}: {line}");
            }
        }
        assert_eq!(kept.next(), None, "{name}");
    }
}

/// Everything is where the variable says, and marked: what has a region or tags in release 6 is given ours.
#[test]
fn every_resource_names_its_region_and_its_tags() {
    let schemas: serde_json::Value =
        serde_json::from_str(include_str!("../../fixtures/providers/aws-provider-6-schema.json")).unwrap();
    let mut seen = 0;
    for name in terraform_files(Path::new(INFRA)) {
        let text = std::fs::read_to_string(Path::new(INFRA).join(&name)).unwrap();
        for block in text.split("\nresource \"").skip(1) {
            let (kind, rest) = block.split_once('"').unwrap();
            let (body, _) = rest.split_once("\n}").unwrap();
            let says = |argument: &str, value: &str| {
                body.lines()
                    .filter_map(|it| it.strip_prefix("  ")?.split_once('='))
                    .any(|(name, it)| (name.trim(), it.trim()) == (argument, value))
            };
            for (argument, value) in [("region", "var.region"), ("tags", "local.tags")] {
                let takes = schemas["schemas"][kind].as_object().unwrap().contains_key(argument);
                assert_eq!(says(argument, value), takes, "{name}: {kind}: {argument}");
            }
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}

/// The condition that keeps everybody from calling `Invoke` stands at every statement that needs it.
#[test]
fn the_public_invokes_through_urls_only() {
    for directory in [INFRA, RUNNER_INFRA] {
        for name in terraform_files(Path::new(directory)) {
            let text = std::fs::read_to_string(Path::new(directory).join(&name)).unwrap();
            for statement in text.split("\nresource \"aws_lambda_permission\"").skip(1) {
                let (body, _) = statement.split_once("\n}").unwrap();
                if body.contains("\"lambda:InvokeFunction\"")
                    && body.contains("principal                = \"*\"")
                {
                    assert!(body.contains("\n  invoked_via_function_url = true"), "{name}: {body}");
                }
            }
        }
    }
}
