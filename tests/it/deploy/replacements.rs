//! Tests that only two files of `infra/` are replaced, which need a provider that machines without a network lack.

use std::path::Path;

use runtask_tests::stack::{INFRA, REPLACEMENTS, terraform_files};

#[test]
fn two_files_are_replaced_and_no_others() {
    let replaced = terraform_files(Path::new(REPLACEMENTS));
    assert_eq!(replaced, ["function_url_invoke.tf", "versions.tf"]);
    let all = terraform_files(Path::new(INFRA));
    for name in &replaced {
        assert!(all.contains(name), "{name} replaces nothing");
    }
    // The replaced files hold what needs release 6 of the provider, and nothing else does.
    for name in all {
        let text = std::fs::read_to_string(Path::new(INFRA).join(&name)).unwrap();
        let blocks: Vec<_> =
            text.lines().filter(|it| it.ends_with('{') && !it.starts_with([' ', '#'])).collect();
        match &*name {
            "function_url_invoke.tf" => {
                let block = |name: &str| format!("resource \"aws_lambda_permission\" \"{name}\" {{");
                assert_eq!(blocks, [block("function_url_invoke"), block("approval_url_invoke")]);
            }
            "versions.tf" => assert_eq!(blocks, ["terraform {"]),
            _ => {
                let code = text.lines().filter(|it| !it.trim_start().starts_with('#'));
                assert_eq!(code.filter(|it| it.contains("invoked_via_function_url")).count(), 0, "{name}");
            }
        }
    }
}
