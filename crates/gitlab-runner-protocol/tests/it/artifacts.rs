//! Artifacts up and down, and what redirects see.

use crate::harness::{LONG, Reported, World, soon};
use gitlab_runner_protocol::client::{CallError, Upload};
use gitlab_runner_protocol::{FinalState, JobToken};
use gitlab_simulator::{Fault, Injection, JobSpec, SimulatorSettings};
use serde_json::json;
use std::io::Write;
use tempfile::NamedTempFile;

/// Longer than what is read at a time.
fn archive() -> Vec<u8> {
    (0..300_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn spec() -> JobSpec {
    JobSpec::new("plan", &["terraform plan"]).artifact(json!({"name": "plan", "paths": ["plan.cache"],
        "when": null, "expire_in": "1 week & a day", "artifact_type": "archive", "artifact_format": "zip"}))
}

fn file(content: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

async fn upload(reported: &Reported<'_>, content: &[u8]) -> Result<(), CallError> {
    let file = file(content);
    let artifact = &reported.job.artifacts[0];
    let client = reported.world.client.job(reported.job.id, reported.job.token.clone());
    client.upload(Upload { artifact, filename: "plan \"1\".zip", file: file.as_file() }, soon()).await
}

#[tokio::test]
async fn an_artifact_arrives_as_it_is_whatever_happens_on_its_way() {
    for faults in [vec![], vec![Injection::from(Fault::Upload503N)], vec![Fault::Upload400.at(1).times(2)]] {
        let world = World::new(&faults).await;
        let reported = world.begin(&spec()).await;
        upload(&reported, &archive()).await.unwrap();
        let (_, report) = reported.finish(FinalState::Success, LONG).await;
        let [artifact] = report.artifacts.as_slice() else { panic!("{:?}", report.artifacts.len()) };
        assert_eq!(artifact.filename, "plan _1_.zip");
        assert_eq!(artifact.expire_in.as_deref(), Some("1 week & a day"));
        assert!(artifact.content == archive(), "{} bytes", artifact.content.len());
        world.judge();
    }
}

#[tokio::test]
async fn what_gitlab_does_not_take_is_told_with_its_reason() {
    for (fault, text, calls) in [
        (
            Fault::Upload413,
            "GitLab answered 413 Payload Too Large to the upload of an artifact: 413 Request Entity Too Large",
            1,
        ),
        (
            Fault::Upload400,
            "GitLab answered 400 Bad Request to the upload of an artifact: 400 Bad request - Invalid Format!",
            3,
        ),
    ] {
        let world = World::new(&[fault.into()]).await;
        let reported = world.begin(&spec()).await;
        assert_eq!(upload(&reported, b"zip").await.unwrap_err().to_string(), text);
        let uploads = world.simulator.received().iter().filter(|it| it.path.ends_with("/artifacts")).count();
        assert_eq!(uploads, calls);
        world.judge();
    }
}

#[tokio::test]
async fn an_upload_is_sent_on_to_addresses_that_are_allowed_and_to_no_other() {
    let settings =
        || SimulatorSettings { faults: vec![Fault::Upload307.into()], ..SimulatorSettings::default() };
    let world = World::with(settings(), |it| it).await;
    let reported = world.begin(&spec()).await;
    let error = upload(&reported, b"zip").await.unwrap_err();
    assert!(matches!(error, CallError::Redirected { .. }), "{error:?}");
    world.judge();

    let world = World::with(settings(), |it| it).await;
    let mut allowed = gitlab_runner_protocol::client::ClientSettings::new(world.simulator.url());
    allowed.upload_origins = vec![world.simulator.mirror_url().to_owned()];
    let world = World { client: gitlab_runner_protocol::client::Client::new(&allowed).unwrap(), ..world };
    let reported = world.begin(&spec()).await;
    upload(&reported, &archive()).await.unwrap();
    let (_, report) = reported.finish(FinalState::Success, LONG).await;
    assert!(report.artifacts[0].content == archive());
    world.judge();
}

/// A job that wants what another one has uploaded.
async fn downloaded(faults: &[Injection], most: u64) -> Result<Vec<u8>, CallError> {
    let world = World::new(faults).await;
    let first = world.begin(&spec()).await;
    let id = first.job.id;
    upload(&first, &archive()).await.unwrap();
    first.finish(FinalState::Success, LONG).await.0.unwrap();
    let second = world.begin(&JobSpec::new("apply", &["terraform apply"]).needs(id)).await;
    let dependency = &second.job.dependencies[0];
    assert_eq!(dependency.artifacts_file.as_ref().unwrap().size, Some(1_200_000));
    let file = file(b"what was there before");
    let result =
        world.client.download(dependency.id, &dependency.token, file.as_file(), most, 3, soon()).await;
    world.judge();
    let content = std::fs::read(file.path()).unwrap();
    result.map(|bytes| {
        assert_eq!(bytes, content.len() as u64);
        content
    })
}

#[tokio::test]
async fn an_archive_is_downloaded_whole_and_an_object_store_sees_no_token() {
    let faults = [
        vec![],
        vec![Fault::Download302.into()],
        vec![Fault::DownloadSlow.into()],
        vec![Fault::DownloadTruncated.into()],
    ];
    futures_util::future::join_all(faults.map(|it| async move {
        assert!(downloaded(&it, 10_000_000).await.unwrap() == archive(), "{it:?}");
    }))
    .await;
}

#[tokio::test]
async fn what_is_not_there_or_too_long_is_told() {
    let error = downloaded(&[Fault::Download404.into()], 10_000_000).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GitLab answered 404 Not Found to the download of an artifact: 404 Not Found"
    );
    let error = downloaded(&[], 1_000).await.unwrap_err();
    assert!(error.to_string().ends_with("it is longer than the limit for artifacts"), "{error}");
}

#[tokio::test]
async fn a_token_that_is_none_is_an_error_and_not_repeated() {
    let world = World::new(&[]).await;
    let reported = world.begin(&spec()).await;
    let (artifact, file) = (&reported.job.artifacts[0], file(b"zip"));
    let client = world.client.job(reported.job.id, JobToken::new("a\nb"));
    let upload = Upload { artifact, filename: "a.zip", file: file.as_file() };
    let error = client.upload(upload, soon()).await.unwrap_err();
    assert!(matches!(error, CallError::Strange { .. }) && !error.to_string().contains("a\nb"), "{error}");
    world.judge();
}
