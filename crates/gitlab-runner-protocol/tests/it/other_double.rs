//! The same conversations with the double of GitLab that `gitlab-runner-rs` is tested with: a judge that shares no mistake
//! with ours. It knows neither `canceling` nor 202, 412 and 429, and reads what an artifact is from fields of the form.

use crate::harness::{LONG, identity, soon};
use gitlab_runner_mock::{GitlabRunnerMock, MockJobState, MockJobStepName, MockJobStepWhen};
use gitlab_runner_protocol::client::{Client, ClientSettings, Polled, Upload, Wish};
use gitlab_runner_protocol::job::{ArtifactFormat, Job, When};
use gitlab_runner_protocol::log::{JobLog, LogSettings, Stream};
use gitlab_runner_protocol::{Delivery, FailureReason, FinalState, ReportSettings, Reporter};
use jiff::Timestamp;
use std::io::{Read, Seek, Write};
use std::time::Duration;
use tokio::time::{Instant, timeout};

async fn start() -> (GitlabRunnerMock, Client) {
    let gitlab = GitlabRunnerMock::start().await;
    gitlab.set_update_interval(1);
    gitlab.set_expected_metadata_version("0.1.0");
    gitlab.set_expected_metadata_platform("linux");
    gitlab.set_expected_metadata_architecture("amd64");
    let client = Client::new(&ClientSettings::new(gitlab.uri().as_str())).unwrap();
    (gitlab, client)
}

async fn poll(gitlab: &GitlabRunnerMock, client: &Client) -> Polled {
    let runner = identity(gitlab.runner_token().to_owned());
    client.request_job(&runner, soon()).await.unwrap()
}

async fn begin(client: &Client, job: &Job) -> (Reporter, JobLog) {
    let masks = job.variables.iter().filter(|it| it.masked).map(|it| it.value.clone()).collect();
    let log = JobLog::new(LogSettings { masks, ..LogSettings::default() });
    let settings = ReportSettings { first_interval: Duration::from_secs(1), ..ReportSettings::default() };
    let (reporter, told) =
        Reporter::begin(client.job(job.id, job.token.clone()), log.clone(), settings, soon()).await;
    told.unwrap();
    (reporter, log)
}

#[tokio::test]
async fn a_job_is_taken_reported_and_finished() {
    let (gitlab, client) = start().await;
    assert!(matches!(poll(&gitlab, &client).await, Polled::Nothing));
    let mut builder = gitlab.job_builder("plan".to_owned());
    builder.add_variable("API_KEY".into(), "k-0123456789abcdef".into(), false, true);
    builder.add_step(
        MockJobStepName::Script,
        vec!["terraform plan".into()],
        600,
        MockJobStepWhen::OnSuccess,
        false,
    );
    builder.add_step(MockJobStepName::AfterScript, vec!["true".into()], 600, MockJobStepWhen::Always, true);
    builder.add_artifact_paths(vec!["plan.cache".into()]);
    let theirs = builder.build();
    gitlab.enqueue_job(theirs.clone());
    let Polled::Job(job) = poll(&gitlab, &client).await else { panic!("there is a job") };
    assert_eq!((job.id, job.unread.len()), (theirs.id(), 0));
    assert_eq!((job.steps[1].name.as_str(), job.steps[1].when), ("after_script", When::Always));
    assert_eq!(job.artifacts[0].artifact_format, ArtifactFormat::Zip);
    let (reporter, log) = begin(&client, &job).await;
    log.write(Stream::Script, Timestamp::UNIX_EPOCH, b"my k-01234567");
    let first = async {
        while theirs.log_patches() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, async {
        log.write(Stream::Runner, Timestamp::UNIX_EPOCH, b"begun\n");
        first.await;
    })
    .await
    .unwrap();
    log.write(Stream::Script, Timestamp::UNIX_EPOCH, b"89abcdef\nthe end\n");
    log.flush(Timestamp::UNIX_EPOCH);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"an archive").unwrap();
    let upload = Upload { artifact: &job.artifacts[0], filename: "artifacts.zip", file: &file };
    client.job(job.id, job.token.clone()).upload(upload, soon()).await.unwrap();
    assert_eq!(reporter.finish(FinalState::Success, soon()).await.unwrap(), Delivery::Accepted);
    assert_eq!(theirs.state(), MockJobState::Success);
    assert_eq!(String::from_utf8(theirs.log()).unwrap(), "my begun\n[MASKED]\nthe end\n");
    let uploaded: Vec<_> = theirs.uploaded_artifacts().collect();
    assert_eq!((uploaded.len(), uploaded[0].data.as_slice()), (1, &b"an archive"[..]));
    assert_eq!(uploaded[0].filename.as_deref(), Some("artifacts.zip"));
}

#[tokio::test]
async fn a_failure_is_a_failure_and_a_cancelled_job_is_left_alone() {
    let (gitlab, client) = start().await;
    let theirs = gitlab.add_dummy_job("plan".to_owned());
    let Polled::Job(job) = poll(&gitlab, &client).await else { panic!("there is a job") };
    let (reporter, _log) = begin(&client, &job).await;
    let failed = FinalState::Failed { reason: FailureReason::ScriptFailure, exit_code: Some(2) };
    assert_eq!(reporter.finish(failed, soon()).await.unwrap(), Delivery::Accepted);
    assert_eq!(theirs.state(), MockJobState::Failed);

    let theirs = gitlab.add_dummy_job("apply".to_owned());
    let Polled::Job(job) = poll(&gitlab, &client).await else { panic!("there is a job") };
    let (reporter, log) = begin(&client, &job).await;
    theirs.cancel();
    let updates = theirs.state_updates();
    log.write(Stream::Script, Timestamp::UNIX_EPOCH, b"for nobody\n");
    let mut wish = reporter.wish();
    timeout(LONG, wish.wait_for(|it| *it == Wish::Over)).await.unwrap().unwrap();
    assert_eq!(reporter.finish(failed, soon()).await.unwrap(), Delivery::Over);
    assert_eq!((theirs.state_updates(), theirs.log().len()), (updates, 0));
}

#[tokio::test]
async fn an_archive_is_downloaded_after_failures() {
    let (gitlab, client) = start().await;
    // Its double of an earlier job says no type, so a real one has to upload first; the fields that it reads are not sent
    // by runners any more, and so it has nothing to give: what can be judged is how often it is asked.
    let first = gitlab.add_completed_job("plan".to_owned(), b"an archive".to_vec());
    let mut builder = gitlab.job_builder("apply".to_owned());
    builder.add_step(MockJobStepName::Script, vec!["true".into()], 600, MockJobStepWhen::OnSuccess, false);
    builder.dependency(first.clone());
    gitlab.enqueue_job(builder.build());
    let Polled::Job(job) = poll(&gitlab, &client).await else { panic!("there is a job") };
    let dependency = &job.dependencies[0];
    assert_eq!((dependency.id, dependency.artifacts_file.is_none()), (first.id(), true));
    gitlab.set_inject_artifact_download_failures(2);
    let mut file = tempfile::tempfile().unwrap();
    let started = Instant::now();
    let error = client.download(dependency.id, &dependency.token, &file, 1000, 3, soon()).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 404);
    assert!(started.elapsed() >= Duration::from_secs(2), "two pauses of a second");
    let mut content = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut content).unwrap();
    assert!(content.is_empty());
}
