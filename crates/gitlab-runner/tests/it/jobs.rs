//! Jobs that nobody stops.

use crate::fake::{Fake, Place, job, with};
use gitlab_runner::{Failure, NoCloud, Outcome, PollSettings, Stopped, Stopper, poll};
use gitlab_runner_protocol::job::Job;
use serde_json::{Value, json};
use std::time::Duration;

fn after(job: Value, script: &[&str]) -> Value {
    with(
        job,
        "/steps/-",
        json!({"name": "after_script", "script": script, "when": "always", "allow_failure": true}),
    )
}

fn variable(job: Value, key: &str, value: &str) -> Value {
    with(job, "/variables/-", json!({"key": key, "value": value}))
}

fn failed(code: i32) -> Option<Outcome> {
    Some(Outcome::Failed(Failure::Script { code: Some(code) }))
}

const SYSTEM: Option<Outcome> = Some(Outcome::Failed(Failure::System));

#[tokio::test]
async fn a_log_says_who_runs_the_job_how_long_it_may_take_and_what_happens() {
    let place = Place::new();
    let (finished, log) =
        place.run(&Fake::default(), after(job(&["echo $CI_PROJECT_DIR"]), &["echo $CI_JOB_STATUS"])).await;
    assert_eq!(finished.outcome, Some(Outcome::Success));
    assert!(finished.is_clean);
    let log = log.replace(place.directory.path().to_str().unwrap(), "");
    insta::assert_snapshot!(log, @r"
    Running with the runner of a test
    This job may take 1 min: GitLab's timeout
    Preparing the directories
    Getting the sources
    Skipping git: the job wants an empty directory
    Running the script
    $ echo $CI_PROJECT_DIR
    /builds/infra/network
    Running after_script
    $ echo $CI_JOB_STATUS
    success
    Cleaning up
    Job succeeded
    ");
}

#[tokio::test]
async fn sections_begin_and_end_where_gitlab_knows_them() {
    let job = with(job(&["exit 3"]), "/features", json!({"trace_sections": true}));
    let (finished, log) = Place::new().run(&Fake::default(), job).await;
    assert_eq!(finished.outcome, failed(3));
    for name in ["prepare_executor", "get_sources", "step_script", "cleanup_file_variables"] {
        assert_eq!(log.matches(&format!("section_start:0:{name}\r")).count(), 1, "{name} {log}");
        assert_eq!(log.matches(&format!("section_end:0:{name}\r")).count(), 1, "{name} {log}");
    }
    assert!(log.ends_with("ERROR: Job failed: exit status 3\n"), "{log}");
}

/// G-43: file, raw and masked variables; `GITLAB_ENV`.
#[tokio::test]
async fn variables_come_as_gitlab_means_them() {
    let place = Place::new();
    let base = job(&[
        "cat $FILE; stat -c %a $FILE; echo $RAW; echo $TEXT $TF_IN_AUTOMATION $CI_JOB_STATUS",
        "echo HANDED=on >> $GITLAB_ENV; export LOST=1",
        "echo $SECRET $CI_JOB_TOKEN glrt-runner",
    ]);
    let base = with(base, "/variables/-", json!({"key": "FILE", "value": "content $TEXT\n", "file": true}));
    let base = with(base, "/variables/-", json!({"key": "RAW", "value": "$TEXT", "raw": true}));
    let base =
        with(base, "/variables/-", json!({"key": "SECRET", "value": "the secret value", "masked": true}));
    let base = variable(variable(base, "TEXT", "<$CI_PROJECT_DIR>"), "CI_PROJECT_DIR", "mine");
    let base = variable(variable(base, "CI_JOB_TOKEN", "glcbt-64_secret"), "BASH_ENV", "/nonexistent");
    let (finished, log) =
        place.run(&Fake::default(), after(base, &["echo $HANDED$LOST$CI_JOB_STATUS"])).await;
    assert_eq!(finished.outcome, Some(Outcome::Success), "{log}");
    let output: Vec<&str> = log.lines().filter(|it| !it.starts_with("$ ")).collect();
    let shown = output.join("\n");
    assert!(shown.contains("\ncontent <$CI_PROJECT_DIR>\n600\n$TEXT\n<mine> 1 running\n"), "{shown}");
    assert!(shown.contains("\n[MASKED] [MASKED] [MASKED]\n"), "{shown}");
    assert!(shown.contains("\nonsuccess\n"), "{shown}");
    assert!(!log.contains("secret"), "{log}");
}

#[tokio::test]
async fn after_script_sees_the_failure_and_changes_nothing_unless_it_is_to() {
    let place = Place::new();
    let base = after(job(&["exit 3"]), &["echo ended: $CI_JOB_STATUS", "exit 4"]);
    let (finished, log) = place.run(&Fake::default(), base.clone()).await;
    assert_eq!(finished.outcome, failed(3));
    assert!(
        log.contains("\nended: failed\n") && log.contains("WARNING: after_script failed: exit status 4\n"),
        "{log}"
    );
    let ok = after(job(&["true"]), &["exit 4"]);
    assert_eq!(place.run(&Fake::default(), ok.clone()).await.0.outcome, Some(Outcome::Success));
    let strict = variable(ok, "AFTER_SCRIPT_IGNORE_ERRORS", "false");
    assert_eq!(place.run(&Fake::default(), strict).await.0.outcome, failed(4));
    let strict = variable(base, "AFTER_SCRIPT_IGNORE_ERRORS", "false");
    assert_eq!(
        place.run(&Fake::default(), strict).await.0.outcome,
        failed(3),
        "the earliest failure is the job's"
    );
}

#[tokio::test]
async fn further_steps_run_when_they_fit() {
    let place = Place::new();
    let step = |name: &str, when: &str, line: &str| json!({"name": name, "script": [line], "when": when});
    let base = with(job(&["exit 3"]), "/steps/-", step("release", "on_success", "echo released"));
    let base = with(base, "/steps/-", step("report", "always", "echo reported; exit 5"));
    let (finished, log) = place.run(&Fake::default(), base).await;
    assert_eq!(finished.outcome, failed(3));
    assert!(!log.contains("released") && log.contains("\nreported\n"), "{log}");
    let (_, log) = place
        .run(
            &Fake::default(),
            with(
                job(&["true"]),
                "/steps/-",
                step("release", "on_success", "echo '$CI_PROJECT_ID${A:-b}' $CI_CONCURRENT_ID"),
            ),
        )
        .await;
    assert!(log.contains("\n$ echo '' 0\n"), "its lines are expanded by the runner: {log}");
}

#[tokio::test]
async fn artifacts_are_uploaded_after_the_end_that_they_are_for() {
    let place = Place::new();
    let artifact = |name: &str, kind: &str, format: &str, when: &str, path: &str| json!({"name": name, "artifact_type": kind, "artifact_format": format, "when": when, "paths": [path]});
    let artifacts = json!([
        artifact("plan-$CI_JOB_STATUS", "archive", "zip", "on_success", "out/"),
        artifact("logs", "archive", "zip", "on_failure", "*.log"),
        artifact("tfplan.json", "terraform", "raw", "always", "tfplan.json"),
        artifact(".env", "dotenv", "gzip", "always", "*.env"),
        artifact("none", "junit", "gzip", "always", "nothing*"),
    ]);
    let script = ["mkdir out; echo 1 > out/file; echo 2 > a.log; echo '{}' > tfplan.json; echo A=1 > x.env"];
    let base = with(job(&script), "/artifacts", artifacts.clone());
    let fake = Fake::default();
    let (finished, log) = place.run(&fake, base).await;
    assert_eq!(finished.outcome, Some(Outcome::Success), "{log}");
    let names = |fake: &Fake| fake.uploads.lock().unwrap().iter().map(|it| it.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&fake), ["plan-running.zip", "tfplan.json", ".env.gz"]);
    assert_eq!(fake.uploads.lock().unwrap()[1].2, b"{}\n");
    assert!(log.contains("nothing*: no matching files\nWARNING: no files to upload\n"), "{log}");
    assert!(
        log.contains("tfplan.json: type terraform, format raw, 1 files and directories, 3 bytes: uploaded\n"),
        "{log}"
    );

    let failing = with(job(&[script[0], "exit 3"]), "/artifacts", artifacts);
    let fake = Fake::default();
    assert_eq!(place.run(&fake, failing).await.0.outcome, failed(3));
    assert_eq!(names(&fake), ["logs.zip", "tfplan.json", ".env.gz"]);
}

/// A job cannot have this runner read what is the runner's own, by putting something else at the place of its directory.
#[tokio::test]
async fn what_stands_at_the_projects_place_later_is_not_packed() {
    let place = Place::new();
    let script =
        ["echo mine > environ; cd ..; mv network gone; ln -s /proc/self network; ls network/environ"];
    let artifacts = json!([{"artifact_type": "x", "artifact_format": "raw", "paths": ["environ"]}]);
    let cache = json!([{"key": "k", "paths": ["environ"]}]);
    let fake = Fake::default();
    let job = with(with(job(&script), "/artifacts", artifacts), "/cache", cache);
    let (finished, log) = place.run(&fake, job).await;
    assert_eq!(finished.outcome, Some(Outcome::Success), "{log}");
    let uploads = fake.uploads.lock().unwrap();
    assert_eq!(uploads.iter().map(|it| it.2.as_slice()).collect::<Vec<_>>(), [b"mine\n"]);
}

#[tokio::test]
async fn an_upload_that_fails_fails_a_job_that_went_well() {
    let place = Place::new();
    for (artifact, expected) in [
        (json!({"artifact_type": "refused", "artifact_format": "raw", "paths": ["f"]}), "413: too large"),
        (json!({"artifact_type": "dotenv", "artifact_format": "gzip", "paths": ["f"]}), "line 2 is blank"),
        (
            json!({"artifact_type": "x", "artifact_format": "raw", "paths": ["f", "g"]}),
            "a raw artifact is one file",
        ),
        (
            json!({"artifact_type": "x", "artifact_format": "tape", "paths": ["f"]}),
            "the format tape is not known",
        ),
    ] {
        let base = with(job(&["printf 'A=1\\n\\n' > f; cp f g"]), "/artifacts", json!([artifact]));
        let (finished, log) = place.run(&Fake::default(), base).await;
        assert_eq!(finished.outcome, Some(Outcome::Failed(Failure::Script { code: None })), "{log}");
        assert!(log.contains(expected), "{log}");
    }
}

/// What one job uploads, another one gets.
#[tokio::test]
async fn artifacts_of_another_job_are_there_before_the_script() {
    let place = Place::new();
    let fake = Fake::default();
    let artifacts = json!([{"name": "plan", "paths": ["d"]}]);
    place.run(&fake, with(job(&["mkdir d; echo planned > d/plan"]), "/artifacts", artifacts)).await;
    let (_, _, archive) = fake.uploads.lock().unwrap().pop().unwrap();
    let fake = Fake { archives: [(7, archive)].into(), ..Fake::default() };
    let dependencies = json!([
        {"id": 7, "name": "plan", "token": "glcbt-64_other", "artifacts_file": {"filename": "plan.zip", "size": 1}},
        {"id": 8, "name": "lint", "token": "glcbt-64_other"},
    ]);
    let (finished, log) = place.run(&fake, with(job(&["cat d/plan"]), "/dependencies", dependencies)).await;
    assert_eq!(finished.outcome, Some(Outcome::Success), "{log}");
    assert!(log.contains("\nDownloading artifacts of plan (7)\nUnpacked 2 files and directories\n"), "{log}");
    let missing = json!([{"id": 9, "name": "gone", "artifacts_file": {"filename": "x.zip"}}]);
    let (finished, log) =
        place.run(&fake, with(after(job(&["echo ran"]), &["echo ran"]), "/dependencies", missing)).await;
    assert_eq!(finished.outcome, SYSTEM);
    assert!(log.contains("the artifacts of gone could not be downloaded: 404: there is none\n"), "{log}");
    assert!(!log.contains("\nran\n"), "{log}");
}

#[tokio::test]
async fn sources_are_fetched_between_their_hooks() {
    let place = Place::new();
    let clone = |script: &[&str], hooks: Value| {
        let mut job = job(script);
        job["variables"] = json!([{"key": "FF_TIMESTAMPS", "value": "0"}]);
        job["git_info"] =
            json!({"repo_url": "file:///nonexistent/repository.git", "sha": "1".repeat(40), "ref": "main"});
        with(job, "/hooks", hooks)
    };
    let hooks = json!([{"name": "pre_get_sources_script", "script": ["echo before"]}]);
    let (finished, log) = place.run(&Fake::default(), clone(&["echo ran"], hooks)).await;
    assert_eq!(finished.outcome, SYSTEM);
    assert!(log.contains("\n$ echo before\nbefore\n"), "{log}");
    assert!(log.contains("the sources could not be fetched: git fetch ended with exit code 128\n"), "{log}");
    assert!(!log.contains("\nran\n"), "{log}");
    let hooks = json!([{"name": "pre_get_sources_script", "script": ["exit 9"]}]);
    assert_eq!(place.run(&Fake::default(), clone(&["true"], hooks)).await.0.outcome, failed(9));
}

#[tokio::test]
async fn what_this_runner_does_not_know_is_refused_or_ignored_in_words() {
    let place = Place::new();
    for (pointer, value, expected) in [
        ("/run", json!("[{}]"), "the job is made of `run:` steps"),
        ("/secrets", json!({"A": {}}), "the job wants `secrets:` of a vault"),
        ("/steps", json!(null), "the job has no script"),
        ("/job_info", json!({"project_full_path": "../x"}), "GitLab gave no usable path"),
    ] {
        let (finished, log) = place.run(&Fake::default(), with(job(&["echo ran"]), pointer, value)).await;
        assert_eq!(finished.outcome, SYSTEM);
        assert!(log.contains(expected) && !log.contains("\nran\n"), "{log}");
    }
    let base = with(job(&["echo ran"]), "/image", json!({"name": "hashicorp/terraform:1.12"}));
    let base = variable(with(base, "/services", json!([{"name": "postgres"}])), "CI_DEBUG_TRACE", "true");
    let (finished, log) = place.run(&Fake::default(), base).await;
    assert_eq!(finished.outcome, Some(Outcome::Success));
    assert!(log.contains("WARNING: image hashicorp/terraform:1.12 is ignored"), "{log}");
    assert!(log.contains("WARNING: services are ignored"), "{log}");
    assert!(log.contains("WARNING: CI_DEBUG_TRACE is ignored"), "{log}");
}

/// G-22: nothing of one job is there for the next.
#[tokio::test]
async fn a_job_finds_nothing_of_the_one_before() {
    let place = Place::new();
    let mean = "mkdir -p $HOME/.aws a/b; touch $HOME/.gitconfig a/b/f; chmod 0 a/b a; ln -s / $CI_BUILDS_DIR/root; chmod 500 $CI_BUILDS_DIR/infra";
    let (finished, log) = place.run(&Fake::default(), job(&[mean])).await;
    assert!(finished.is_clean, "{log}");
    let (_, log) = place.run(&Fake::default(), job(&["ls -A $HOME $CI_BUILDS_DIR $CI_PROJECT_DIR"])).await;
    let path = place.directory.path().to_str().unwrap();
    let expected = format!("\n{path}/builds:\ninfra\n\n{path}/builds/infra/network:\n\n{path}/home:\n");
    assert!(log.contains(&expected), "{log}");
}

#[tokio::test]
async fn jobs_are_run_one_after_the_other_until_there_is_none() {
    let place = Place::new();
    let jobs =
        (1..=3).map(|id| Job::parse(with(job(&["true"]), "/id", json!(id)).to_string().as_bytes()).unwrap());
    let fake = Fake { jobs: jobs.collect::<Vec<_>>().into(), ..Fake::default() };
    let (shutdown, told) = Stopper::new();
    let settings = |max_jobs| PollSettings { idle: Some(Duration::ZERO), max_jobs };
    let polled = poll(&place.host, &fake, &NoCloud, &place.budget, &settings(2), &told).await;
    assert_eq!((polled.stopped, polled.polls), (Stopped::Jobs, 2));
    assert_eq!(
        polled.jobs.iter().map(|it| (it.id, it.outcome)).collect::<Vec<_>>(),
        [(3, Some(Outcome::Success)), (2, Some(Outcome::Success))]
    );
    let polled = poll(&place.host, &fake, &NoCloud, &place.budget, &settings(2), &told).await;
    assert_eq!((polled.stopped, polled.polls, polled.jobs.len()), (Stopped::Idle, 2, 1));
    shutdown.stop(gitlab_runner::Stop::Shutdown);
    let polled = poll(&place.host, &fake, &NoCloud, &place.budget, &settings(2), &told).await;
    assert_eq!((polled.stopped, polled.polls), (Stopped::Shutdown, 0));
}
