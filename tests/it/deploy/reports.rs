//! Tests the pages of results as they are deployed: written by one function, read by another, and nobody else.

use std::net::TcpListener;

use runtask_log::event;
use runtask_tests::aws;
use runtask_tests::http::send;
use runtask_tests::secrets::assert_no_secrets;
use runtask_tests::stack::{DESTROY, Stack};
use serde_json::Value;

use super::{assert_keeps_secrets, deployment, key, target};
use crate::run::{PATIENCE, result, simulator, spec, unformatted};

/// the link of a deployed run task opens its page; each of the two functions may do its own part and nothing else.
#[tokio::test]
async fn the_link_of_a_deployed_run_task_opens_its_page() {
    let stack = Stack::apply(&[("reports", "{}"), ("fmt_engine", "native")]).await;
    let plan = stack.terraform_with_variables(&["plan", "-input=false", "-detailed-exitcode"]).await;
    assert!(plan.contains("No changes."), "{plan}");
    let simulator = simulator().await;
    let deployment = deployment(&stack, &simulator, |_, function| function).await;
    let key = key(&stack, None).await;
    let run = simulator.prepare(spec(unformatted())).await.unwrap();
    assert_eq!(run.deliver(&target(&deployment, &key)).await.unwrap(), Some(200));
    let record = run.wait_final(PATIENCE).await;
    deployment.double.wait_idle(PATIENCE).await;
    assert_eq!(result(&record).0, "failed");
    assert_keeps_secrets(&deployment, &key, &run);

    let outputs = stack.outputs().await;
    let link = record.result.url.clone().unwrap_or_else(|| panic!("no link: {}", deployment.logs()));
    let path = link.strip_prefix(outputs["reports_url"].as_str().unwrap()).unwrap();
    let token = link.trim_end_matches('/').rsplit_once('/').unwrap().1.to_owned();
    let handler = &deployment.functions[3];
    // moto's URL leads nowhere.
    let here = format!("{}{path}", deployment.double.function_url(&handler.name));
    let page = send("GET", &here, &[], "").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(String::from_utf8_lossy(&page.body).contains("id=\"finding-2\""));
    let report = send("GET", &format!("{here}report.json"), &[], "").await;
    assert_eq!(report.json()["verdict"], "failed");
    let elsewhere = format!("{}/-/r/{}/", deployment.double.function_url(&handler.name), "A".repeat(27));
    assert_eq!(send("GET", &elsewhere, &[], "").await.status, 404);
    assert_eq!(send("GET", &deployment.double.function_url(&handler.name), &[], "").await.status, 404);

    let bucket = outputs["reports_bucket"].as_str().unwrap();
    let objects = format!("arn:aws:s3:::{bucket}/reports/*");
    let used = deployment.gate.used(&handler.role);
    assert_eq!(used.into_iter().collect::<Vec<_>>(), [("s3:GetObject".to_owned(), objects.clone())]);
    assert!(
        deployment.gate.used(&deployment.functions[1].role).contains(&("s3:PutObject".to_owned(), objects))
    );
    // To whom may not list a bucket, S3 says no more than this of what is not there; moto does not.
    assert_eq!(deployment.gate.refused(), [""; 0]);
    assert_no_secrets(&deployment.logs(), &[&token]);
    bucket_is_private(&stack, bucket).await;
    drop(deployment);
    a_silent_bucket_costs_no_result(&stack).await;
    stack.terraform_with_variables(&DESTROY).await;
}

/// S3 takes the connection and never says a word.
async fn a_silent_bucket_costs_no_result(stack: &Stack) {
    let simulator = simulator().await;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let deployment = deployment(stack, &simulator, |name, function| match name {
        "callback_handler" => function.env("AWS_ENDPOINT_URL_S3", &*endpoint),
        _ => function,
    })
    .await;
    let key = key(stack, None).await;
    let run = simulator.prepare(spec(unformatted())).await.unwrap();
    assert_eq!(run.deliver(&target(&deployment, &key)).await.unwrap(), Some(200));
    let record = run.wait_final(PATIENCE).await;
    deployment.double.wait_idle(PATIENCE).await;
    assert_eq!(result(&record).1, "2 of 3 files need formatting: main.tf, modules/net/main.tf");
    assert_eq!(record.result.url, None);
    assert!(deployment.logs().contains(event::REPORT_NOT_KEPT));
}

async fn bucket_is_private(stack: &Stack, bucket: &str) {
    let ask =
        async |what: &str| aws::get_text(stack.moto.endpoint(), "s3", &format!("/{bucket}?{what}")).await;
    let block = ask("publicAccessBlock").await;
    assert_eq!(block.matches("true").count(), 4, "{block}");
    assert!(ask("encryption").await.contains("AES256"));
    let lifecycle = ask("lifecycle").await;
    assert!(lifecycle.contains("<Days>30</Days>"), "{lifecycle}");
    let policy: Value = serde_json::from_str(&ask("policy").await).unwrap();
    assert_eq!(policy["Statement"][0]["Condition"]["Bool"]["aws:SecureTransport"], "false");
}
