//! Tests `infra/examples`: each is a configuration of its own, which uses `infra/` as a module.

use std::path::Path;

use runtask_tests::aws;
use runtask_tests::infra_copy::{INFRA, checkout_copy};
use runtask_tests::moto::Moto;
use runtask_tests::stack::{APPLY, run};
use serde_json::Value;
use tokio::process::Command;

/// I-05, I-06: all in one AWS, at the same time, so their names do not meet either.
#[tokio::test]
async fn each_example_is_applied_and_then_changes_nothing() {
    let moto = Moto::start().await;
    let endpoint = moto.endpoint();
    let checkout = checkout_copy();
    let examples = checkout.path().join("infra/examples");
    zip_the_edge(&examples.join("waf")).await;

    let network = network(endpoint).await;
    let network: Vec<&str> = network.iter().map(String::as_str).collect();
    let zone = format!("zone_id={}", aws::create_zone(endpoint, "example.com").await);
    let certificate = |name, region| format!("{name}=\"arn:aws:acm:{region}:123456789012:certificate/1\"");
    let certificates = [certificate("first", "eu-central-1"), certificate("second", "eu-west-1")].join(",");
    let certificates = format!("certificate_arns={{{certificates}}}");
    // moto knows no budgets.
    let all: [(&str, &[&str]); 7] = [
        ("approvals", &[]),
        ("minimal", &[]),
        ("native-fmt", &[]),
        ("production", &["monthly_budget_usd=0"]),
        ("two-regions", &[&zone, &certificates]),
        ("vpc-terraform-enterprise", &network),
        ("waf", &[]),
    ];
    assert_eq!(
        directories(&Path::new(INFRA).join("examples")),
        all.map(|(name, _)| name),
        "an example that nobody applies"
    );

    let applied = all.map(|(name, variables)| applies(examples.join(name), endpoint, variables));
    let applied = futures_util::future::join_all(applied).await;
    for (url, (name, _)) in applied.into_iter().zip(all) {
        assert!(url.starts_with("https://"), "{name}: {url}");
    }
    signatures_are_not_logged(&examples.join("waf"), endpoint).await;
}

/// Its output `url`.
async fn applies(directory: std::path::PathBuf, endpoint: &str, variables: &[&str]) -> String {
    let variables: Vec<&str> = variables.iter().flat_map(|it| ["-var", it]).collect();
    run(&directory, endpoint, &["init", "-input=false"]).await;
    run(&directory, endpoint, &[&APPLY[..], &variables].concat()).await;
    let plan = run(&directory, endpoint, &[&["plan", "-input=false"], &variables[..]].concat()).await;
    // moto forgets parts of a distribution.
    let forgets = plan.contains("  # aws_cloudfront_distribution.front will be updated in-place")
        && plan.contains("Plan: 0 to add, 1 to change, 0 to destroy.");
    let is_waf = directory.ends_with("waf");
    assert!(plan.contains("No changes.") || (is_waf && forgets), "{}: {plan}", directory.display());
    let outputs: Value =
        serde_json::from_str(&run(&directory, endpoint, &["output", "-json"]).await).unwrap();
    outputs["url"]["value"].as_str().unwrap().to_owned()
}

/// As its README says.
async fn zip_the_edge(waf: &Path) {
    let mut zip = Command::new("python3");
    zip.args(["-m", "zipfile", "-c", "body_hash.zip", "body_hash.py"]).current_dir(waf);
    assert!(zip.status().await.unwrap().success());
}

/// The network that every account has.
async fn network(endpoint: &str) -> [String; 3] {
    let first = async |action: &str, element: &str| {
        let answer = aws::query(endpoint, "ec2", &[("Action", action), ("Version", "2016-11-15")]).await;
        aws::elements(&answer, element).first().unwrap().clone()
    };
    [
        format!("vpc_id={}", first("DescribeVpcs", "vpcId").await),
        format!("subnet_ids=[\"{}\"]", first("DescribeSubnets", "subnetId").await),
        format!("route_table_ids=[\"{}\"]", first("DescribeRouteTables", "routeTableId").await),
    ]
}

/// What the firewall logs leaves out the header with the signature: what terraform read back of it says so.
async fn signatures_are_not_logged(waf: &Path, endpoint: &str) {
    let address = "aws_wafv2_web_acl_logging_configuration.firewall";
    let said = run(waf, endpoint, &["state", "show", address]).await;
    let (_, redacted) = said.split_once("redacted_fields {").unwrap();
    assert!(redacted.contains("\"x-tfc-task-signature\""), "{said}");
}

fn directories(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap().map(|it| it.unwrap());
    let directories = entries.filter(|it| it.file_type().unwrap().is_dir());
    let mut names: Vec<_> = directories.map(|it| it.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
