//! Tries the simulator against small run tasks, good and bad.

mod faults;
mod run_task;

use crate::delivery;
use crate::*;
use futures_util::future::join_all;
use http::header;
use run_task::{Job, KEY, RunTask, good, location, quick, result, run, simulator, with_outcome};
use runtask_protocol::{Key, SIGNATURE_HEADER};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// P-01, P-13: a run task that keeps to the protocol has nothing held against it, and its result is shown.
#[tokio::test]
async fn a_good_run_task_passes() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observed = Arc::clone(&seen);
    let target = RunTask::good().start().await;
    let simulator = simulator().await;
    let record = simulator
        .run(&target, quick(&[]), move |it| observed.lock().unwrap().push(it.clone()))
        .await
        .unwrap();

    assert_eq!(record.violations, [""; 0]);
    assert_eq!((record.verdict(), record.finals_accepted, record.finals_refused), (Verdict::Passed, 1, 0));
    assert_eq!(record.result.message.as_deref(), Some("All is well"));
    assert_eq!(record.result.outcomes[0].labels("status")[0].label, "Failed");
    assert_eq!(*seen.lock().unwrap(), record.events);
    assert_eq!(simulator.strays(), [""; 0]);

    let name = |it: &Event| serde_json::to_value(&it.what).unwrap()["event"].take();
    let events: Vec<Value> = record.events.iter().map(name).collect();
    insta::assert_snapshot!(Value::from(events), @r#"["sent","answered","sent","answered","callback-received","configuration-requested","archive-served","plan-requested","plan-served","callback-received"]"#);
    assert_eq!(record.answers(Delivery::Probe), [Some(200)]);
    assert_eq!(record.answers(Delivery::Request), [Some(200)]);
}

/// P-03, P-06, P-09, P-12, P-15, P-18, P-20: none of the faults makes a good run task break the protocol.
#[tokio::test]
async fn a_good_run_task_stays_good_whatever_goes_wrong() {
    let simulator = simulator().await;
    let target = RunTask::good().start().await;
    let runs = Fault::all().iter().map(|fault| {
        let (simulator, target) = (simulator.clone(), target.clone());
        async move {
            let record = simulator.run(&target, quick(&[*fault]), |_event| {}).await.unwrap();
            (*fault, record)
        }
    });
    let (mut statuses, mut others) = (Vec::new(), Vec::new());
    for (fault, record) in join_all(runs).await {
        assert_eq!(record.violations, [""; 0], "{fault}");
        let judgement = record.faults.first().unwrap();
        if judgement.conduct != Conduct::Right {
            others.push(format!("{fault} {:?}: {}", judgement.conduct, judgement.happened));
        }
        if record.verdict() != Verdict::Passed {
            statuses.push(format!("{fault}: {}", record.result.status.as_str()));
        }
        let forged =
            record.answers(Delivery::ForgedRequest).len() + record.answers(Delivery::ForgedProbe).len();
        let forges =
            [Fault::SignatureMissing, Fault::SignatureEmpty, Fault::SignatureWrong, Fault::ProbeUnsigned];
        assert_eq!(forged > 0, forges.contains(&fault), "{fault}");
    }
    assert_eq!(simulator.strays(), [""; 0]);
    insta::assert_snapshot!(statuses.join("\n"), @"
    token-missing: errored
    origin-not-listed: errored
    plan-404: failed
    plan-422: failed
    configuration-404: failed
    configuration-cut: failed
    redirect-loop: failed
    redirect-private: failed
    redirect-plain-http: failed
    cancel: canceled
    cancel-404: canceled
    callback-401-final: errored
    callback-401-always: errored
    callback-404-always: errored
    ");
    // It takes archives as they come.
    insta::assert_snapshot!(others.join("\n"), @"
    any-2xx Unseen: the request was answered 200
    archive-traversal Wrong: it passed an archive that is to be refused
    archive-link Wrong: it passed an archive that is to be refused
    archive-write-through-link Wrong: it passed an archive that is to be refused
    archive-device Wrong: it passed an archive that is to be refused
    archive-truncated Wrong: it passed an archive that is to be refused
    archive-not-gzip Wrong: it passed an archive that is to be refused
    after-final-422 Unseen: nothing came after the final result
    after-final-401 Unseen: nothing came after the final result
    token-not-extended Unseen: the token's life was not over yet
    fixed-deadline Unseen: the result came in time
    ");
}

/// P-13: each way to break the protocol has its sentence.
#[tokio::test]
async fn each_break_of_the_protocol_is_said() {
    fn patches(bodies: Vec<Value>) -> RunTask {
        RunTask::new(move |job| {
            let bodies = bodies.clone();
            async move {
                for body in bodies {
                    job.patch(&body).await.unwrap();
                }
            }
        })
    }
    let twice = patches(vec![result("passed", "x"), result("passed", "x")]);
    let contradicts = patches(vec![result("passed", "x"), result("failed", "x")]);
    let late = patches(vec![result("passed", "x"), result("running", "x")]);
    let odd_status = patches(vec![result("errored", "x"), result("failed", "x")]);
    let long = patches(vec![result("passed", &"x".repeat(1001)), result("failed", "x")]);
    let content_type = RunTask::new(|job| async move {
        job.send(reqwest::Method::PATCH, "application/json", job.token(), &result("passed", "x"))
            .await
            .unwrap();
        job.patch(&result("passed", "x")).await.unwrap();
    });
    let method = RunTask::new(|job| async move {
        let body = result("passed", "x");
        job.send(reqwest::Method::POST, "application/vnd.api+json", job.token(), &body).await.unwrap();
        job.patch(&body).await.unwrap();
    });
    let token = RunTask::new(|job| async move {
        let body = result("passed", "x");
        job.send(reqwest::Method::PATCH, "application/vnd.api+json", "another", &body).await.unwrap();
        job.patch(&body).await.unwrap();
    });
    let anonymous = RunTask::new(|job| async move {
        let url = job.payload["plan_json_api_url"].as_str().unwrap().to_owned();
        assert_eq!(job.client.get(url).send().await.unwrap().status(), 401);
        job.patch(&result("passed", "x")).await.unwrap();
    });
    let talkative = RunTask::new(|job| async move {
        let url = job.payload["configuration_version_download_url"].as_str().unwrap().to_owned();
        let response = job.client.get(url).bearer_auth(job.token()).send().await.unwrap();
        job.client.get(location(&response)).bearer_auth(job.token()).send().await.unwrap();
        job.patch(&result("passed", &format!("{} {}", job.token(), location(&response)))).await.unwrap();
    });
    let credulous = RunTask::new(|job| async move {
        let url = job.payload["configuration_version_download_url"].as_str().unwrap().to_owned();
        let response = job.client.get(url).bearer_auth(job.token()).send().await.unwrap();
        assert_eq!(job.client.get(location(&response)).send().await.unwrap().status(), 200);
        job.patch(&result("passed", "x")).await.unwrap();
    });
    let rebuilds = RunTask::new(|mut job| async move {
        let url =
            job.payload["task_result_callback_url"].as_str().unwrap().split('?').next().unwrap().to_owned();
        let whole = std::mem::replace(&mut job.payload["task_result_callback_url"], url.into());
        assert_eq!(job.patch(&result("passed", "x")).await.unwrap(), 404);
        job.payload["task_result_callback_url"] = whole;
        job.patch(&result("passed", "x")).await.unwrap();
    });
    let hasty = RunTask::new(|job| async move {
        let url = job.payload["task_result_callback_url"].as_str().unwrap();
        for _ in 0..2 {
            let request = job.client.patch(url).bearer_auth(job.token());
            let request = request.header(header::CONTENT_TYPE, "application/vnd.api+json");
            request.body(result("passed", "x").to_string()).send().await.unwrap();
        }
    });
    let outcomes = patches(vec![with_outcome(result("passed", "x"))]);
    let trusting = || RunTask { verifies: false, ..RunTask::good() };
    let forgetful = |status| RunTask { remembers: false, ..patches(vec![result(status, "x")]) };

    let table: Vec<(RunTask, &[Fault], &[&str])> = vec![
        (twice, &[], &["the final result was sent twice"]),
        (contradicts, &[], &["a second final result was sent: `failed` after `passed`"]),
        (late, &[], &["a callback with the status `running` was sent after the final result"]),
        (odd_status, &[], &["the status is `errored` instead of `running`, `passed` or `failed`"]),
        (long, &[], &["the message has 1001 characters, more than 1000"]),
        (
            content_type,
            &[],
            &["the callback's content type is `application/json` instead of `application/vnd.api+json`"],
        ),
        (method, &[], &["the callback came as POST instead of PATCH"]),
        (token, &[], &["the callback came with something else than this task result's token"]),
        (anonymous, &[], &["a request for the plan came without an `Authorization` header"]),
        (
            talkative,
            &[],
            &[
                "the token went to the archive's origin: a redirect must not take `Authorization` along",
                "the access token stands in a callback's body",
                "a temporary link stands in a callback's body",
            ],
        ),
        (
            credulous.clone(),
            &[Fault::RedirectPlainHttp],
            &["a redirect to a plain http origin that is not allowed was followed"],
        ),
        (rebuilds, &[Fault::CallbackUrlCode], &["the callback URL lost its query on the way back"]),
        (hasty, &[Fault::Callback429], &["a callback came before the time that `Retry-After` had asked for"]),
        (
            outcomes,
            &[Fault::NoOutcomes],
            &["outcomes were sent although `capabilities.outcomes` was not true, and are not shown"],
        ),
        (
            trusting(),
            &[Fault::SignatureMissing],
            &[
                "a request without a signature was accepted: it was answered 200 instead of 401",
                "work was started for a forged request (`signature-missing`): the callback came",
            ],
        ),
        (
            trusting(),
            &[Fault::SignatureWrong],
            &[
                "a request with a wrong signature was accepted: it was answered 200 instead of 401",
                "work was started for a forged request (`signature-wrong`): the callback came",
            ],
        ),
        (
            trusting(),
            &[Fault::ProbeUnsigned],
            &["an unsigned probe was accepted: it was answered 200 instead of 401"],
        ),
        (forgetful("passed"), &[Fault::DuplicateParallel], &["the final result was sent twice"]),
        (forgetful("passed"), &[Fault::DuplicateAfterFinal], &["the final result was sent twice"]),
    ];
    let runs = table
        .into_iter()
        .map(async |(run_task, faults, expected)| (run(run_task, quick(faults)).await, expected));
    for (number, (record, expected)) in join_all(runs).await.into_iter().enumerate() {
        let mut violations = record.violations.clone();
        // How far a run task gets with a forged request is a matter of time.
        violations.retain(|it| !it.starts_with("work was started") || expected.contains(&it.as_str()));
        let mut expected = expected.to_vec();
        violations.sort();
        expected.sort_unstable();
        assert_eq!(violations, expected, "case {number}: {record:#?}");
        assert_eq!(record.finals_accepted, 1, "case {number}");
    }
}

/// P-19: neither the token nor a link is in a record, whatever the run task does with them.
#[tokio::test]
async fn a_record_holds_no_secrets() {
    let tokens = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&tokens);
    let leaks = RunTask::new(move |job| {
        heard.lock().unwrap().push_str(job.token());
        async move {
            let mut body = with_outcome(result("passed", job.token()));
            body["data"]["relationships"]["outcomes"]["data"][0]["attributes"]["body"] = job.token().into();
            body["data"]["attributes"][job.token()] = 1.into();
            job.patch(&body).await.unwrap();
        }
    });
    let record = run(leaks, quick(&[])).await;
    let text = serde_json::to_string(&record).unwrap();
    assert!(tokens.lock().unwrap().starts_with("SIMULATOR"));
    assert!(!text.contains(".atlasv1."), "{text}");
    assert_eq!(record.result.message.as_deref(), Some("[token]"));
}

/// HCP Terraform registers no run task whose probe fails, and gives up on one that refuses its requests.
#[tokio::test]
async fn a_refusal_is_an_error() {
    let record = run(RunTask { probe_answer: 500, ..RunTask::good() }, quick(&[])).await;
    assert_eq!(record.violations, ["the verification probe was answered 500 instead of 200"]);
    assert_eq!((record.result.status, record.answers(Delivery::Request).len()), (Status::Errored, 0));

    let record = run(RunTask { answer: 202, ..RunTask::good() }, quick(&[])).await;
    assert_eq!(record.violations, ["the request was answered 202; only 200 means that it was accepted"]);
    assert_eq!(record.answers(Delivery::Request), [Some(202); 3]);
    assert_eq!(record.result.status, Status::Errored);
    assert_eq!(record.verdict(), Verdict::Other);

    // Nobody listens on a port that was just given back.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let target = Target { url: format!("http://{gone}/").parse().unwrap(), key: None };
    let spec = RunSpec { skip_probe: true, ..quick(&[]) };
    let record = simulator().await.run(&target, spec, |_event| {}).await.unwrap();
    assert_eq!(record.result.status, Status::Unreachable);
    assert_eq!(record.answers(Delivery::Request), [None; 3]);
}

#[tokio::test]
async fn silence_is_an_error_and_comes_too_late_afterwards() {
    let target = RunTask::new(|job| async move {
        job.patch(&result("running", "x")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(250)).await;
        assert_eq!(job.patch(&result("passed", "x")).await.unwrap(), 409);
    })
    .start()
    .await;
    let timers = Timers { progress: Duration::from_millis(100), ..Timers::default() };
    let spec = RunSpec { timers, linger: Duration::from_millis(400), ..quick(&[]) };
    let record = simulator().await.run(&target, spec, |_event| {}).await.unwrap();
    assert_eq!(record.result.status, Status::Errored);
    assert_eq!(
        record.result.message.as_deref(),
        Some("HCP Terraform gave up waiting: no progress for 100ms.")
    );
    assert_eq!((record.finals_accepted, record.finals_refused), (0, 1));
    assert_eq!(record.violations, [""; 0]);
}

/// Q-07, F-12: an update prolongs the time and the token's life, unless it is HCP Terraform of before June 2025.
#[tokio::test]
async fn progress_prolongs_time_and_token() {
    let slow = || {
        RunTask::new(|job| async move {
            for _ in 0..4 {
                tokio::time::sleep(Duration::from_millis(200)).await;
                let _answered = job.patch(&result("running", "x")).await.unwrap();
            }
            job.patch(&result("passed", "x")).await.unwrap();
        })
    };
    let limit = Duration::from_millis(650);
    let timers = Timers { progress: limit, token: limit, ..Timers::default() };
    let spec = |faults| RunSpec { timers, ..quick(faults) };
    assert_eq!(run(slow(), spec(&[])).await.result.status, Status::Passed);
    assert_eq!(run(slow(), spec(&[Fault::FixedDeadline])).await.result.status, Status::Errored);
    let record = run(slow(), spec(&[Fault::TokenNotExtended])).await;
    assert_eq!(record.callbacks.last().unwrap().answered, Some(401));
}

/// A test that carries the request itself: into a Lambda event, say.
#[tokio::test]
async fn a_prepared_run_can_be_delivered_by_hand() {
    let simulator = simulator().await;
    let prepared = simulator.prepare(quick(&[])).await.unwrap();
    let key = Key::new(KEY).unwrap();
    let body = prepared.body();
    let headers = prepared.headers(Some(&key), &body);
    assert_eq!(headers[SIGNATURE_HEADER], key.sign(&body));
    assert_eq!(prepared.headers(None, &body)[SIGNATURE_HEADER], "");
    assert!(!format!("{prepared:?}{simulator:?}").contains(prepared.token()));

    prepared.delivered(Delivery::Request, 200, "");
    let target = Target { url: "http://127.0.0.1/".parse().unwrap(), key: None };
    let job = Job {
        payload: serde_json::from_slice(&body).unwrap(),
        client: delivery::client(&quick(&[]), &target).unwrap(),
    };
    assert_eq!(prepared.wait_final(Duration::from_millis(20)).await.result.status, Status::Pending);
    tokio::spawn(good(job.clone()));
    assert!(prepared.wait_until(Duration::from_secs(5), |it| it.result.status == Status::Running).await);
    let record = prepared.wait_final(Duration::from_secs(5)).await;
    assert_eq!((record.result.status, record.violations.len()), (Status::Passed, 0));

    let prepared = simulator.prepare(quick(&[])).await.unwrap();
    prepared.cancel();
    let job = Job { payload: serde_json::from_slice(&prepared.body()).unwrap(), ..job };
    assert_eq!(job.patch(&result("passed", "x")).await.unwrap(), 409);
    assert_eq!(prepared.record().result.status, Status::Canceled);
    assert_eq!(prepared.record().violations, [""; 0]);
}

/// P-01: what goes over the wire, to the byte.
#[tokio::test]
async fn requests_look_like_hcp_terraforms() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let sent = async |key: Option<&str>, faults: &[Fault]| {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/task?a=b", listener.local_addr().unwrap()).parse().unwrap();
        let answers = tokio::spawn(async move {
            let (mut stream, _peer) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                stream.read_buf(&mut request).await.unwrap();
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            String::from_utf8(request).unwrap()
        });
        let prepared = simulator().await.prepare(quick(faults)).await.unwrap();
        let target = Target { url, key: key.map(|it| Key::new(it).unwrap()) };
        assert_eq!(prepared.deliver(&target).await.unwrap(), Some(200));
        let request = answers.await.unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert_eq!(body.as_bytes(), prepared.body());
        let ours =
            |it: &&str| !["host:", "content-length:"].iter().any(|name| it.to_lowercase().starts_with(name));
        head.lines()
            .filter(ours)
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join("\n")
            .replace(&target.key.map_or("none".to_owned(), |it| it.sign(body.as_bytes())), "[signature]")
    };
    insta::assert_snapshot!(sent(Some(KEY), &[]).await, @"
    POST /task?a=b HTTP/1.1
    content-type: application/json
    accept: application/json
    user-agent: TFC/1.0 (+https://app.terraform.io; TFC)
    x-tfc-task-signature: [signature]
    ");
    // Without a key the header is there and empty.
    insta::assert_snapshot!(sent(None, &[Fault::SignatureHeaderTitleCase]).await, @"
    POST /task?a=b HTTP/1.1
    Content-Type: application/json
    Accept: application/json
    User-Agent: TFC/1.0 (+https://app.terraform.io; TFC)
    X-Tfc-Task-Signature:
    ");
}

/// A fault that nothing can come of is said to be left out.
#[tokio::test]
async fn faults_without_effect_are_said() {
    let spec = RunSpec { configuration: Configuration::None, ..quick(&[Fault::ArchiveBomb]) };
    let record = run(RunTask::good(), spec).await;
    let note = "archive-bomb: no configuration is offered".to_owned();
    assert_eq!(record.events[0].what, What::Skipped { note });

    let target = Target { key: None, ..RunTask { verifies: false, ..RunTask::good() }.start().await };
    let record = simulator().await.run(&target, quick(&[Fault::SignatureWrong]), |_event| {}).await.unwrap();
    assert!(
        record.events.iter().any(|it| matches!(&it.what, What::Skipped { note } if note.contains("key")))
    );
    assert_eq!(record.violations, [""; 0]);
}

#[tokio::test]
async fn a_directory_is_packed_and_one_that_is_none_is_said() {
    let simulator = simulator().await;
    let directory = tempfile::TempDir::new().unwrap();
    std::fs::write(directory.path().join("main.tf"), "a = 1\n").unwrap();
    let target = RunTask::good().start().await;
    let configuration = Configuration::Directory(directory.path().to_owned());
    let spec = RunSpec { configuration, ..quick(&[]) };
    let record = simulator.run(&target, spec.clone(), |_event| {}).await.unwrap();
    assert!(record.events.iter().any(|it| matches!(it.what, What::ArchiveServed { cut: false, .. })));

    let spec = RunSpec { configuration: Configuration::Directory(PathBuf::from("/nonexistent/x")), ..spec };
    let error = simulator.run(&target, spec, |_event| {}).await.unwrap_err().to_string();
    assert!(error.contains("/nonexistent/x"), "{error}");
}

/// Seen through a tunnel, archives come from below the same origin, as with Terraform Enterprise.
#[tokio::test]
async fn another_name_is_one_origin() {
    let bind = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let base = format!("http://localhost:{}/", bind.port());
    let options = Options { bind, api_base: Some(base.parse().unwrap()), ..Options::default() };
    let simulator = Simulator::start(options).await.unwrap();
    assert_eq!(simulator.origin(), base.trim_end_matches('/'));
    assert_eq!(simulator.archivist_origin(), simulator.origin());
    let prepared = simulator.prepare(quick(&[])).await.unwrap();
    let payload: Value = serde_json::from_slice(&prepared.body()).unwrap();
    let target = Target { url: base.parse().unwrap(), key: None };
    let client = delivery::client(&quick(&[]), &target).unwrap();
    let job = Job { payload, client };
    let url = job.payload["configuration_version_download_url"].as_str().unwrap().to_owned();
    let response = job.client.get(url).bearer_auth(job.token()).send().await.unwrap();
    let response = job.client.get(location(&response)).bearer_auth(job.token()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(prepared.record().violations, [""; 0]);
}

#[tokio::test]
async fn what_belongs_to_no_run_is_a_stray() {
    let simulator = simulator().await;
    let target = Target { url: simulator.origin().parse().unwrap(), key: None };
    let client = delivery::client(&quick(&[]), &target).unwrap();
    let get = |url: String| client.get(url).send();
    for (url, sentence) in [
        (
            format!("{}/api/v2/runs/x", simulator.origin()),
            "GET came to the API at `/api/v2/runs/x`, which does not exist",
        ),
        (format!("{}/v1/object/x", simulator.archivist_origin()), "a link was followed that was never given"),
    ] {
        assert_eq!(get(url).await.unwrap().status(), 404);
        assert_eq!(simulator.strays().last().unwrap(), sentence);
    }
}
