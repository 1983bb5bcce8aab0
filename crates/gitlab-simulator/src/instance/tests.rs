//! Every rule is broken once, and a conversation that keeps them all breaks none.

use super::*;
use http::HeaderMap;
use std::time::Duration;

/// An instance and a runner that knows its manners, unless a test takes them away.
struct Talk {
    instance: Instance,
    now: Instant,
    calls: u32,
    job: u64,
}

impl Talk {
    fn new(faults: &[Injection]) -> Self {
        let base = "http://127.0.0.1:1".to_owned();
        let addresses = Addresses {
            instance: base,
            mirror: "http://127.0.0.1:2".into(),
            object_store: "http://127.0.0.1:3".into(),
        };
        let mut instance = Instance::new(addresses, 3, 1000);
        instance.faults = faults.to_vec();
        let now = Instant::now();
        let spec = JobSpec::new("plan", &["true"])
            .masked("API_KEY", "k-0123456789abcdef")
            .artifact(json!({"name": "tfplan.json", "paths": ["tfplan.json"], "when": "always",
                "expire_in": "1 week", "artifact_type": "terraform", "artifact_format": "raw"}));
        let job = instance.enqueue(&spec, now);
        Self { instance, now, calls: 0, job }
    }

    fn call(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        self.calls += 1;
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut map = HeaderMap::new();
        map.insert("user-agent", "example/1.0".parse().unwrap());
        map.insert("x-request-id", format!("{:032x}", self.calls).parse().unwrap());
        for (name, value) in headers {
            if value.is_empty() {
                map.remove(*name);
            } else {
                map.insert(*name, value.parse().unwrap());
            }
        }
        let call = Call {
            at: self.now,
            method,
            path: format!("/api/v4{path}"),
            query: query.to_owned(),
            headers: map,
            body: body.into(),
        };
        self.instance.answer(Role::Instance, &call)
    }

    fn token(&self) -> String {
        self.instance.jobs[&self.job].token.clone()
    }

    fn poll_with(&mut self, change: impl FnOnce(&mut Value)) -> Reply {
        let token = self.instance.runner.token.clone();
        let features: serde_json::Map<_, _> =
            runner::FEATURES.into_iter().map(|it| (it.to_owned(), true.into())).collect();
        let mut body = json!({"token": token, "system_id": "s_0a1b2c3d4e5f", "info": {"name": "example",
            "version": "1", "revision": "HEAD", "platform": "linux", "architecture": "amd64", "executor": "shell",
            "shell": "bash", "config": {"gpus": ""}, "features": features}});
        change(&mut body);
        let headers = [("content-type", "application/json"), ("runner-token", token.as_str())];
        self.call(Method::POST, "/jobs/request", &headers, body.to_string())
    }

    fn put(&mut self, body: Value) -> Reply {
        let mut body = body;
        body["token"] = self.token().into();
        let path = format!("/jobs/{}", self.job);
        self.call(Method::PUT, &path, &[("content-type", "application/json")], body.to_string())
    }

    fn patch_at(&mut self, start: usize, text: &str) -> Reply {
        let end = (start + text.len()).saturating_sub(1);
        self.patch(&format!("{start}-{end}"), text, "text/plain")
    }

    fn patch(&mut self, range: &str, text: &str, content_type: &str) -> Reply {
        let (token, path) = (self.token(), format!("/jobs/{}/trace?debug_trace=false", self.job));
        let headers =
            [("content-type", content_type), ("content-range", range), ("job-token", token.as_str())];
        self.call(Method::PATCH, &path, &headers, text.to_owned())
    }

    fn upload(&mut self, query: &str, filename: &str) -> Reply {
        let (token, path) = (self.token(), format!("/jobs/{}/artifacts?{query}", self.job));
        let body = format!(
            "--B\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n\r\n{{}}\r\n--B--\r\n"
        );
        let headers = [("content-type", "multipart/form-data; boundary=B"), ("job-token", token.as_str())];
        self.call(Method::POST, &path, &headers, body)
    }

    fn begin(&mut self) {
        assert_eq!(self.poll_with(|_| {}).status, 201);
        assert_eq!(self.put(json!({"state": "running"})).status, 200);
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn success(&self) -> Value {
        let log = &self.instance.jobs[&self.job].log;
        json!({"state": "success", "exit_code": 0,
            "output": {"checksum": format!("crc32:{:08x}", crc32fast::hash(log)), "bytesize": log.len()}})
    }

    fn violations(&self) -> String {
        self.instance.judge(self.now).join("\n")
    }
}

const REPORT: &str = "artifact_type=terraform&artifact_format=raw&expire_in=1+week";

/// A job that began, a talk about it, and what the judge says.
fn check(expected: &str, talk_about: impl FnOnce(&mut Talk)) {
    let mut talk = Talk::new(&[]);
    talk.begin();
    talk_about(&mut talk);
    let found = talk.violations();
    assert!(found.contains(expected), "{expected:?} is not in {found:?}");
}

#[test]
fn a_conversation_that_keeps_the_rules_breaks_none() {
    let mut talk = Talk::new(&[Fault::Final202N.into(), Fault::Trace416Lower.at(3)]);
    talk.begin();
    assert_eq!(talk.patch_at(0, "hello ").status, 202);
    talk.wait(3);
    assert_eq!(talk.patch_at(6, "world\n").status, 202);
    talk.wait(3);
    let reply = talk.patch_at(12, "more\n");
    assert_eq!(reply.status, 416);
    assert!(reply.headers.contains(&("range".to_owned(), "0-6".to_owned())), "{reply:?}");
    assert_eq!(talk.patch_at(6, "world\nmore\n").status, 202);
    assert_eq!(talk.upload(REPORT, "tfplan.json").status, 201);
    // The end of the log need not wait.
    assert_eq!(talk.patch_at(17, "end\n").status, 202);
    for status in [202, 202, 202, 200] {
        assert_eq!(talk.put(talk.success()).status, status);
    }
    assert_eq!(talk.violations(), "");
    let job = &talk.instance.jobs[&talk.job];
    assert_eq!((job.status, job.log.as_slice()), (Status::Success, &b"hello world\nmore\nend\n"[..]));
    assert_eq!(job.artifacts[0].content, "{}");
    assert_eq!(talk.poll_with(|_| {}).status, 204);
}

#[test]
fn rule_1_every_call_carries_its_own_kind_of_token_and_no_other() {
    let path = |talk: &Talk| format!("/jobs/{}", talk.job);
    let json = ("content-type", "application/json");
    check("does not carry the job's token", |talk| {
        let path = path(talk);
        assert_eq!(talk.call(Method::PUT, &path, &[json], r#"{"state":"running","token":"x"}"#).status, 403);
    });
    check("a token that is not the job's", |talk| {
        let (path, token) = (path(talk), talk.token());
        let body = json!({"token": token, "state": "running"}).to_string();
        talk.call(Method::PUT, &path, &[json, ("runner-token", "glrt-other")], body);
    });
    check("a token that is not the runner's", |talk| {
        let token = talk.token();
        talk.call(Method::POST, "/jobs/request", &[json, ("job-token", &token)], "{}");
    });
    check("a job's token is in the URL", |talk| {
        let path = format!("{}?token={}", path(talk), talk.token());
        talk.call(Method::PUT, &path, &[], "");
    });
    check("does not carry the runner's token in header and body", |talk| {
        talk.poll_with(|body| body["token"] = "glrt-other".into());
    });
}

#[test]
fn rule_2_a_runner_says_who_it_is_and_stays_that() {
    check("another system_id", |talk| {
        talk.poll_with(|body| body["system_id"] = "s_000000000000".into());
    });
    check("lacks info.version", |talk| {
        talk.poll_with(|body| body["info"]["version"] = Value::Null);
    });
    check("lacks info.features.cancel_gracefully", |talk| {
        talk.poll_with(|body| body["info"]["features"]["cancel_gracefully"] = false.into());
    });
    check("announces two_phase_job_commit", |talk| {
        talk.poll_with(|body| body["info"]["features"]["two_phase_job_commit"] = true.into());
    });
    check("no X-Request-Id", |talk| {
        talk.call(Method::POST, "/jobs/request", &[("x-request-id", "12")], "{}");
    });
    check("has the X-Request-Id of", |talk| {
        talk.call(Method::POST, "/runners/verify", &[("x-request-id", &format!("{:032x}", 1))], "{}");
    });
    check("no User-Agent of its own", |talk| {
        talk.call(Method::POST, "/jobs/request", &[("user-agent", "gitlab-runner 19.4")], "{}");
    });
    let mut talk = Talk::new(&[]);
    talk.poll_with(|body| body["system_id"] = "runner".into());
    assert!(talk.violations().contains("system_id of the wrong shape"));
}

#[test]
fn rule_3_nothing_comes_before_running_or_after_the_end() {
    let mut talk = Talk::new(&[]);
    talk.put(json!({"state": "running"}));
    assert!(talk.violations().contains("was not handed out"));
    let mut talk = Talk::new(&[]);
    talk.poll_with(|_| {});
    talk.patch_at(0, "early");
    assert!(talk.violations().contains("came before `PUT running`"));
    check("came after the job was over", |talk| {
        talk.put(talk.success());
        talk.wait(1);
        talk.put(talk.success());
    });
    for fault in [Fault::Trace403, Fault::CanceledOnPatch, Fault::TokenExpired] {
        let mut talk = Talk::new(&[fault.at(2), fault.at(1)]);
        talk.poll_with(|_| {});
        talk.put(json!({"state": "running"}));
        assert_eq!(talk.patch_at(0, "a").status, 403, "{fault}");
        assert_eq!(talk.violations(), "");
        talk.wait(1);
        talk.put(talk.success());
        assert!(talk.violations().contains("came after the job was over"), "{fault}");
    }
    check("about a job that there is not", |talk| {
        talk.job += 1;
        let id = talk.job;
        talk.call(Method::PUT, &format!("/jobs/{id}"), &[], "");
    });
}

#[test]
fn rule_4_patches_are_whole_and_follow_each_other() {
    check("an empty patch", |talk| {
        talk.patch("0-0", "", "text/plain");
    });
    check("a patch of 1048577 bytes", |talk| {
        talk.patch_at(0, &"x".repeat(1024 * 1024 + 1));
    });
    check("without `Content-Type: text/plain`", |talk| {
        talk.patch("0-0", "x", "application/json");
    });
    check("says that it is 0-5", |talk| {
        talk.patch("0-5", "hello", "text/plain");
    });
    check("without a `Content-Range`", |talk| {
        assert_eq!(talk.patch("bytes 0-4/5", "hello", "text/plain").status, 400);
    });
    check("starts at 3, where [0] was due", |talk| {
        assert_eq!(talk.patch_at(3, "hello").status, 416);
    });
}

#[test]
fn rule_5_there_is_one_final_state_and_it_is_true() {
    check("two different final states", |talk| {
        talk.instance.faults.push(Fault::Final500.into());
        talk.put(talk.success());
        let mut other = talk.success();
        other["state"] = "failed".into();
        other["failure_reason"] = "script_failure".into();
        talk.put(other);
    });
    let failed = |talk: &mut Talk, change: &dyn Fn(&mut Value)| {
        let mut body = talk.success();
        body["state"] = "failed".into();
        change(&mut body);
        talk.put(body);
    };
    check("failed without a reason", |talk| failed(talk, &|_| {}));
    check("the job does not list", |talk| failed(talk, &|it| it["failure_reason"] = "job_canceled".into()));
    check("the checksum is", |talk| {
        failed(talk, &|it| it["output"]["checksum"] = "crc32:12345678".into());
    });
    check("the size is Some(7)", |talk| failed(talk, &|it| it["output"]["bytesize"] = 7.into()));
    check("success with exit code", |talk| {
        let mut body = talk.success();
        body["exit_code"] = 1.into();
        talk.put(body);
    });
}

#[test]
fn rule_6_calls_are_not_too_many_nor_too_soon() {
    check("2 patches came before the interval of 3 s was over", |talk| {
        talk.patch_at(0, "a");
        talk.wait(1);
        talk.patch_at(1, "b");
        talk.patch_at(2, "c");
        talk.wait(3);
        talk.patch_at(3, "d");
    });
    check("more than 200 calls in a minute", |talk| {
        for _ in 0..201 {
            talk.put(json!({"state": "running"}));
        }
    });
}

#[test]
fn rule_7_a_job_is_never_silent_for_long() {
    check("41 s without any call", |talk| talk.wait(41));
    check("41 s without any call", |talk| {
        talk.wait(41);
        talk.patch_at(0, "a");
        talk.put(talk.success());
    });
}

#[test]
fn rule_8_no_secret_is_seen() {
    check("a masked value is in the log", |talk| {
        talk.patch_at(0, "my k-0123456");
        talk.wait(3);
        talk.patch_at(12, "789abcdef");
    });
    check("a masked value is in the name of an artifact", |talk| {
        talk.upload(REPORT, "k-0123456789abcdef.json");
    });
    check("a masked value is in the body", |talk| {
        let mut body = talk.success();
        body["failure_reason"] = "k-0123456789abcdef".into();
        talk.put(body);
    });
    check("the runner's token is in the header x-note", |talk| {
        let token = talk.instance.runner.token.clone();
        talk.call(Method::POST, "/jobs/request", &[("x-note", &token)], "{}");
    });
}

#[test]
fn rule_9_artifacts_are_declared_and_come_once() {
    check("without type or format", |talk| {
        assert_eq!(talk.upload("artifact_format=raw", "a").status, 400);
    });
    check("in the format \"tar\"", |talk| {
        talk.upload("artifact_type=terraform&artifact_format=tar", "a");
    });
    check("that the job does not declare", |talk| {
        talk.upload("artifact_type=junit&artifact_format=gzip", "a");
    });
    check("a second artifact of the type terraform", |talk| {
        talk.upload(REPORT, "a");
        assert_eq!(talk.upload(REPORT, "a").status, 400);
    });
}

#[test]
fn rule_10_an_object_store_sees_no_token() {
    let mut talk = Talk::new(&[]);
    let mut headers = HeaderMap::new();
    headers.insert("job-token", "x".parse().unwrap());
    let call = Call {
        at: talk.now,
        method: Method::GET,
        path: "/object/x".into(),
        query: String::new(),
        headers,
        body: Bytes::new(),
    };
    assert_eq!(talk.instance.answer(Role::ObjectStore, &call).status, 404);
    assert_eq!(talk.violations(), "an object store was sent the header job-token");
}

#[test]
fn faults_of_a_request_are_answered_as_they_are_named() {
    for (fault, status) in [
        (Fault::Request204, 204),
        (Fault::Request409, 409),
        (Fault::Request429RetryAfter, 429),
        (Fault::Request503, 503),
        (Fault::Request403, 403),
        (Fault::Request422, 422),
        (Fault::Request201Html, 201),
    ] {
        let mut talk = Talk::new(&[fault.into()]);
        assert_eq!(talk.poll_with(|_| {}).status, status, "{fault}");
        assert_eq!(talk.instance.jobs[&talk.job].status, Status::Pending);
    }
    let mut talk = Talk::new(&[Fault::JobTruncated.into()]);
    let reply = talk.poll_with(|_| {});
    assert!(serde_json::from_slice::<Value>(&reply.body).is_err());
    assert!(reply.body.starts_with(format!("{{\"id\":{}", talk.job).as_bytes()));
    let mut talk = Talk::new(&[Fault::JobNulls.into()]);
    let reply: Value = serde_json::from_slice(&talk.poll_with(|_| {}).body).unwrap();
    assert!(reply["artifacts"].is_null() && reply["features"].is_null() && reply["steps"].is_array());
    let mut talk = Talk::new(&[Fault::JobTimeoutZero.into()]);
    let reply: Value = serde_json::from_slice(&talk.poll_with(|_| {}).body).unwrap();
    assert_eq!(reply["runner_info"]["timeout"], 0);
}

#[test]
fn a_cancelled_job_ends_as_cancelled_whatever_the_runner_says() {
    let mut talk = Talk::new(&[Fault::CancelingOnPatch.into()]);
    talk.begin();
    let reply = talk.patch_at(0, "a");
    assert!(reply.headers.contains(&("job-status".to_owned(), "canceling".to_owned())), "{reply:?}");
    assert_eq!(talk.put(talk.success()).status, 200);
    assert_eq!(talk.instance.jobs[&talk.job].status, Status::Canceled);
    assert_eq!(talk.violations(), "");
}

#[test]
fn a_log_that_is_forgotten_comes_again_from_its_beginning() {
    let mut talk = Talk::new(&[Fault::Final412.into()]);
    talk.begin();
    talk.patch_at(0, "hello\n");
    let state = talk.success();
    assert_eq!(talk.put(state.clone()).status, 412);
    talk.patch_at(0, "hello\n");
    assert_eq!(talk.put(state).status, 200);
    assert_eq!(talk.violations(), "");
}

#[test]
fn whoever_ends_an_abandoned_job_need_not_know_its_log() {
    let mut talk = Talk::new(&[]);
    talk.begin();
    talk.patch_at(0, "hello\n");
    talk.instance.jobs.get_mut(&talk.job).unwrap().abandoned = true;
    talk.wait(900);
    assert_eq!(talk.patch_at(0, "lost\n").status, 416);
    assert_eq!(talk.patch_at(6, "lost\n").status, 202);
    assert_eq!(talk.put(json!({"state": "failed", "failure_reason": "runner_system_failure"})).status, 200);
    assert_eq!(talk.violations(), "");
}

#[test]
fn a_job_waits_for_those_that_it_needs_and_is_told_what_they_uploaded() {
    let mut talk = Talk::new(&[]);
    let next = JobSpec::new("apply", &["true"]).needs(talk.job);
    let second = talk.instance.enqueue(&next, talk.now);
    talk.instance.jobs.get_mut(&talk.job).unwrap().payload["artifacts"] =
        json!([{"artifact_type": "archive", "artifact_format": "zip"}]);
    talk.begin();
    assert_eq!(talk.poll_with(|_| {}).status, 204);
    assert_eq!(talk.upload("artifact_type=archive&artifact_format=zip", "plan.zip").status, 201);
    talk.put(talk.success());
    let job: Value = serde_json::from_slice(&talk.poll_with(|_| {}).body).unwrap();
    assert_eq!(job["dependencies"][0]["artifacts_file"], json!({"filename": "plan.zip", "size": 2}));
    assert_eq!(job["dependencies"][0]["token"], talk.instance.jobs[&second].token.as_str());
    assert_eq!(talk.violations(), "");
}

#[test]
fn a_dotenv_report_that_gitlab_cannot_read_is_refused() {
    let mut talk = Talk::new(&[]);
    talk.instance.jobs.get_mut(&talk.job).unwrap().payload["artifacts"] =
        json!([{"artifact_type": "dotenv", "artifact_format": "gzip"}]);
    talk.begin();
    let reply = talk.upload("artifact_type=dotenv&artifact_format=gzip", ".env.gz");
    assert_eq!((reply.status, reply.body.as_ref()), (400, &br#"{"message":"Invalid Format!"}"#[..]));
    assert_eq!(talk.instance.jobs[&talk.job].artifacts.len(), 0);
}

#[test]
fn a_job_that_is_cancelled_while_it_waits_is_not_handed_out() {
    let mut talk = Talk::new(&[]);
    talk.instance.jobs.get_mut(&talk.job).unwrap().cancel();
    assert_eq!(talk.poll_with(|_| {}).status, 204);
    assert_eq!(talk.instance.jobs[&talk.job].status, Status::Canceled);
}
