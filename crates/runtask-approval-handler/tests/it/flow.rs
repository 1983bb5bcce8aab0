//! A run waits, somebody is asked in Teams, follows the link, and answers.

use crate::{KEY, read};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use runtask_approval_handler::ApprovalHandler;
use runtask_approvals::{AskPeople, Need, PlanFacts, RunFacts, UnixTime, Waiting, store};
use runtask_client::ClientSettings;
use runtask_protocol::Job;
use runtask_setup::Asking;
use runtask_simulator::stand_ins::{Flow, StandInTeams};
use runtask_state::MemoryDocuments;
use serde_json::json;
use std::time::Duration;

const NOW: UnixTime = UnixTime(1_796_000_000);

const FILE: &str = r#"
[approval]
identity = "link"
unknown_creator = "allow"
[approval.groups]
anybody = { people = ["ada@example.com"] }
[tasks.prod.approval]
self_approval = true
required = [{ group = "anybody" }]
channels = ["teams:payments"]
"#;

/// A run that waits for people since `NOW`.
fn waiting(asking: &Asking) -> Waiting {
    // Nobody listens there: HCP Terraform is not what this is about.
    let job = json!({ "access_token": "a-runs-token", "task_result_id": "taskrs-abc123",
        "task_result_callback_url": "http://127.0.0.1:9/callback", "workspace_name": "payments-prod", "stage": "post_plan",
        "task_result_enforcement_level": "advisory", "vcs_commit_url": "https://git.example.com/c" });
    let run = Job::parse(job.to_string().as_bytes()).unwrap().run;
    let settings = asking.tasks["prod"].clone();
    let plan = Some(PlanFacts { add: 1, ..PlanFacts::default() });
    let need = settings.need(&asking.settings, &RunFacts::of(&run), plan.as_ref(), &[]);
    let Need::People(rules) = need else { panic!("nobody is asked: {need:?}") };
    Waiting { run, task: "prod".to_owned(), received_at: NOW, settings, rules, plan, policies: Vec::new() }
}

async fn send(
    handler: &ApprovalHandler<MemoryDocuments>,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response<Bytes> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
    handler.answer(request.body(body).unwrap()).await
}

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

#[tokio::test]
async fn somebody_is_asked_in_teams_and_answers_on_the_page() {
    let teams = StandInTeams::start("127.0.0.1:0".parse().unwrap(), Flow::Template).await.unwrap();
    let (settings, asking) = read(
        FILE,
        &[
            ("BASE_PUBLIC_URL", "https://approve.example.com"),
            ("RUNTASK_APPROVALS_KEY", KEY),
            ("TEAMS_WEBHOOK_URL", &teams.webhook()),
        ],
    )
    .unwrap();
    let handler =
        ApprovalHandler::new(settings, &ClientSettings::default(), MemoryDocuments::new(10), None, || NOW)
            .unwrap();
    handler.ask(waiting(&asking)).await.unwrap();
    handler.ask(waiting(&asking)).await.unwrap();
    let posted = teams.posted();
    assert_eq!(posted.len(), 1, "the same run again asks nobody again");
    assert!(posted[0].shown.is_some(), "{:?}", posted[0].complaints);

    let kept = store::load(handler.store(), "taskrs-abc123", NOW).await.unwrap().unwrap().approval;
    assert_eq!(kept.closes_at, NOW.plus(Duration::from_mins(9)), "counted from the request");
    assert!(kept.run.advisory && kept.run.commit_url.is_some());
    assert!(!String::from_utf8(kept.to_json()).unwrap().contains("a-runs-token"));

    let card = posted[0].body.to_string();
    let link = card.split("https://approve.example.com").nth(1).and_then(|it| it.split('"').next()).unwrap();
    let page = send(&handler, Method::GET, link, &[], "").await;
    assert_eq!(page.status(), StatusCode::OK);
    let cookie = page.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let html = text(&page);
    let csrf = html.split("name=\"csrf\" value=\"").nth(1).and_then(|it| it.split('"').next()).unwrap();
    let form = [
        ("cookie", cookie.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let body = format!("csrf={csrf}&decision=approve&name=Ada");
    let answer = send(&handler, Method::POST, link, &form, &body).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", text(&answer));
    let kept = store::load(handler.store(), "taskrs-abc123", NOW).await.unwrap().unwrap().approval;
    assert_eq!(kept.votes.len(), 1);
}

#[tokio::test]
async fn a_body_is_read_up_to_its_bound() {
    let environment = [
        ("BASE_PUBLIC_URL", "https://approve.example.com"),
        ("RUNTASK_APPROVALS_KEY", KEY),
        ("TEAMS_WEBHOOK_URL", "http://127.0.0.1:9/w"),
    ];
    let (settings, _) = read(FILE, &environment).unwrap();
    let client = ClientSettings::default();
    let handler = ApprovalHandler::new(settings, &client, MemoryDocuments::new(10), None, || NOW).unwrap();
    let status =
        async |bytes| send(&handler, Method::POST, "/-/a/x", &[], &"x".repeat(bytes)).await.status().as_u16();
    assert_eq!(status(16 * 1024).await, 404);
    assert_eq!(status(16 * 1024 + 1).await, 413);
    assert_eq!(status(1024 * 1024).await, 413);
    assert_eq!(send(&handler, Method::GET, "/-/style.css", &[], "").await.status(), 200);
}
