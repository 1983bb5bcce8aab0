//! Asking for jobs, and being a runner.

use crate::harness::{World, identity, soon};
use gitlab_runner_protocol::SecretText;
use gitlab_runner_protocol::client::{CallError, NewRunner, Owner, Polled};
use gitlab_simulator::{Fault, JobSpec, SimulatorSettings};

fn plan() -> JobSpec {
    JobSpec::new("plan", &["terraform plan"])
}

#[tokio::test]
async fn a_runner_is_made_verified_and_removed() {
    let world = World::new(&[]).await;
    let new = NewRunner {
        owner: Owner::Project(42),
        description: "terraform on lambda".into(),
        tags: vec!["terraform-lambda".into()],
        run_untagged: false,
        protected_only: true,
        maximum_timeout_seconds: 600,
    };
    let token = SecretText::new(world.simulator.personal_token());
    let made = world.client.create_runner(&token, &new, soon()).await.unwrap();
    assert_eq!(made.token.expose(), world.simulator.runner_token());
    assert_eq!(world.client.verify(&world.runner, soon()).await.unwrap().id, 77);
    world.client.remove_manager(&world.runner, soon()).await.unwrap();
    world.client.delete_runner(&world.runner, soon()).await.unwrap();
    assert_eq!(world.simulator.managers_removed(), 1);
    world.judge();

    let error = world.client.create_runner(&SecretText::new("glpat-other"), &new, soon()).await.unwrap_err();
    assert_eq!(error.to_string(), "GitLab answered 401 Unauthorized to the new runner: 401 Unauthorized");
    let error = world.client.verify(&identity("glrt-other".into()), soon()).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 403);
}

/// G-42, G-55
#[tokio::test]
async fn a_job_is_asked_for_below_the_path_of_the_instance() {
    let settings = SimulatorSettings { base_path: "/gitlab".into(), ..SimulatorSettings::default() };
    let world = World::with(settings, |mut it| {
        it.url += "/";
        it
    })
    .await;
    assert!(matches!(world.client.request_job(&world.runner, soon()).await.unwrap(), Polled::Nothing));
    let id = world.simulator.enqueue(&plan());
    assert_eq!(world.job().await.id, id);
    world.judge();
}

/// G-42
#[tokio::test]
async fn faults_that_pass_cost_no_job() {
    for fault in [
        Fault::Request409.at(1).times(3),
        Fault::Request429RetryAfter.into(),
        Fault::Request503.at(1).times(2),
        Fault::JobUnknownMembers.into(),
        Fault::JobNulls.into(),
        Fault::JobTimeoutZero.into(),
    ] {
        let world = World::new(&[fault]).await;
        let id = world.simulator.enqueue(&plan());
        let job = world.job().await;
        assert_eq!((job.id, job.unread), (id, vec![]), "{fault:?}");
        world.judge();
    }
}

/// G-42: 403 and 422 end it.
#[tokio::test]
async fn faults_that_do_not_pass_are_told_by_what_they_are() {
    for (fault, text) in [
        (Fault::Request403, "GitLab answered 403 Forbidden to the request for a job: 403 Forbidden"),
        (
            Fault::Request422,
            "GitLab answered 422 Unprocessable Entity to the request for a job: Runner is orphaned",
        ),
        (Fault::Request201Html, "the answer to the request for a job is not GitLab's: it is no JSON"),
    ] {
        let world = World::new(&[fault.into()]).await;
        let _id = world.simulator.enqueue(&plan());
        let error = world.client.request_job(&world.runner, soon()).await.unwrap_err();
        assert_eq!(error.to_string(), text);
        world.judge();
    }
}

#[tokio::test]
async fn nobody_who_answers_is_an_error_without_an_address() {
    let world = World::new(&[]).await;
    let World { simulator, client, runner } = world;
    let address = simulator.url().to_owned();
    drop(simulator);
    let error = client.request_job(&runner, soon()).await.unwrap_err();
    assert!(matches!(error, CallError::Transport { .. }), "{error:?}");
    let host = address.trim_start_matches("http://");
    assert!(!format!("{error:?}").contains(&format!("{host}/")), "{error:?}");
    assert!(!format!("{error:?}").contains("glrt-"), "{error:?}");
}

#[tokio::test]
async fn a_job_that_is_cut_off_says_whose_it_is() {
    let world = World::new(&[Fault::JobTruncated.into()]).await;
    let id = world.simulator.enqueue(&plan());
    let polled = world.client.request_job(&world.runner, soon()).await.unwrap();
    let Polled::Broken(broken) = polled else { panic!("{polled:?}") };
    assert_eq!(broken.id, Some(id));
    assert!(broken.token.unwrap().expose().starts_with("glcbt-64_"));
    world.judge();
}
