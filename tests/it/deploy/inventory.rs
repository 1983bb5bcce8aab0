//! Lists what an AWS holds.

use runtask_tests::aws;
use serde_json::Value;

/// What this AWS has that somebody pays for or could use.
pub(super) async fn what_aws_has(endpoint: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut keep = |what: &str, these: &Value| all.extend(names(these).map(|it| format!("{what} {it}")));
    keep("function", &aws::get(endpoint, "lambda", "/2015-03-31/functions/").await["Functions"]);
    let call = async |service: &str, target: &str| {
        aws::call(endpoint, service, target, &serde_json::json!({})).await
    };
    keep("parameter", &call("ssm", "AmazonSSM.DescribeParameters").await["Parameters"]);
    keep("table", &call("dynamodb", "DynamoDB_20120810.ListTables").await["TableNames"]);
    keep("log group", &call("logs", "Logs_20140328.DescribeLogGroups").await["logGroups"]);
    keep("secret", &call("secretsmanager", "secretsmanager.ListSecrets").await["SecretList"]);
    keep("queue", &call("sqs", "AmazonSQS.ListQueues").await["QueueUrls"]);
    keep("schedule", &aws::get(endpoint, "scheduler", "/schedules").await["Schedules"]);
    let list = async |service: &str, action: &str, version: &str, name: &str| {
        let answer = aws::query(endpoint, service, &[("Action", action), ("Version", version)]).await;
        aws::elements(&answer, name).into_iter().map(|it| format!("{name} {it}")).collect::<Vec<_>>()
    };
    all.extend(list("monitoring", "DescribeAlarms", "2010-08-01", "AlarmName").await);
    all.extend(list("monitoring", "ListDashboards", "2010-08-01", "DashboardName").await);
    all.extend(list("sns", "ListTopics", "2010-03-31", "TopicArn").await);
    all.extend(list("sns", "ListSubscriptions", "2010-03-31", "SubscriptionArn").await);
    let layers = aws::get(endpoint, "lambda", "/2018-10-31/layers").await;
    all.extend(layers["Layers"].as_array().into_iter().flatten().map(|it| format!("layer {it}")));
    let roles = aws::query(endpoint, "iam", &[("Action", "ListRoles"), ("Version", "2010-05-08")]).await;
    all.extend(aws::elements(&roles, "RoleName").into_iter().map(|it| format!("role {it}")));
    all
}

fn names(all: &Value) -> impl Iterator<Item = String> {
    let name = |it: &Value| {
        let keys = ["FunctionName", "Name", "logGroupName"].into_iter().find_map(|key| it[key].as_str());
        keys.or(it.as_str()).unwrap_or("without a name").to_owned()
    };
    all.as_array().into_iter().flatten().map(name).collect::<Vec<_>>().into_iter()
}
