//! `runtask runner` beside the function that it is about: real programs, whose Lambda is the double.

use super::world::{Aws, RUNNER, World};
use gitlab_simulator::{JobSpec, Status};
use runtask_tests::binaries::binary;
use serde_json::{Value, json};
use std::io::{Seek, Write};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(60);

struct Said {
    code: i32,
    out: String,
    err: String,
}

/// Somebody who may invoke the function of a world, and nothing else.
struct Person<'w> {
    aws: &'w Aws,
    world: &'w World,
    /// Where it is noted which functions are watched.
    runtime: TempDir,
}

impl<'w> Person<'w> {
    fn of(aws: &'w Aws, world: &'w World) -> Self {
        Self { aws, world, runtime: TempDir::new().unwrap() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary("runtask-runner"));
        command
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
            .env("AWS_ACCESS_KEY_ID", "ASIAEXAMPLEEXAMPLE00")
            .env("AWS_SECRET_ACCESS_KEY", "example-secret-access-key")
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ENDPOINT_URL", self.aws.moto.endpoint())
            .env("AWS_ENDPOINT_URL_LAMBDA", self.world.double.invoke_endpoint())
            .env("GITLAB_URL", self.world.simulator.url())
            .env("XDG_RUNTIME_DIR", self.runtime.path())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Said {
        self.said(self.command(arguments).spawn().unwrap()).await
    }

    /// What it says until its end, which holds no secret.
    async fn said(&self, child: Child) -> Said {
        let output = timeout(LIMIT, child.wait_with_output()).await.unwrap().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let said =
            Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) };
        let all = format!("{}{}", said.out, said.err);
        assert_eq!(self.world.simulator.leaks_in(all.as_bytes()), [""; 0]);
        said
    }
}

/// With one AWS for all: starting it takes longer than most of them.
#[tokio::test]
async fn the_command_does_with_the_function_what_it_says() {
    let aws = Aws::start().await;
    tokio::join!(
        the_function_is_started_watched_and_verified(&aws),
        a_watch_goes_on_until_it_is_stopped(&aws),
        a_watch_ends_where_no_job_can_be_run(&aws),
        a_value_is_encrypted_for_the_jobs_of_one_project(&aws),
        a_runner_is_registered_into_the_secret_of_the_function(&aws)
    );
}

/// G-03, G-28: whoever may do no more than invoke the function has it run jobs, and hears of them.
async fn the_function_is_started_watched_and_verified(aws: &Aws) {
    let world = aws.world("command", json!({}), |it| it).await;
    let person = Person::of(aws, &world);
    let started = world.simulator.enqueue(&JobSpec::new("plan", &["echo started"]));
    let said = person.run(&["start", RUNNER]).await;
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let job = timeout(LIMIT, world.simulator.ended(started)).await.unwrap();
    assert_eq!(job.status, Status::Success);
    world.double.wait_idle(LIMIT).await;

    let watched = world.simulator.enqueue(&JobSpec::new("apply", &["exit 3"]));
    let said = person.run(&["watch", RUNNER, "--once"]).await;
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let line = format!("job {watched} apply of infra/network: failed after ");
    assert!(said.out.starts_with(&line) && said.out.contains(", exit code 3\n"), "{}", said.out);

    let said = person.run(&["verify", RUNNER]).await;
    assert!(said.out.contains("runner: 77\n") && said.out.contains("sealed: "), "{}", said.out);
    assert!(said.out.contains("git: git version "), "{}", said.out);

    let said = person.run(&["start", "another"]).await;
    assert_eq!(said.code, 2);
    assert!(said.err.contains("the function could not be invoked"), "{}", said.err);
    world.is_innocent("command").await;
}

/// G-03: what is kept alive is ended, with its last answer.
async fn a_watch_goes_on_until_it_is_stopped(aws: &Aws) {
    let world = aws.world("watch", json!({}), |it| it).await;
    let person = Person::of(aws, &world);
    let mut watch = person.command(&["watch", RUNNER, "--json", "--pause-seconds", "3600"]).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let line = timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["stopped"], "idle");
    let second = person.run(&["watch", RUNNER, "--once"]).await;
    assert_eq!(second.code, 2);
    assert!(second.err.contains("is watched on this machine already"), "{}", second.err);
    let stopped = person.run(&["stop", RUNNER]).await;
    assert_eq!((stopped.code, stopped.err.as_str()), (0, ""));
    assert_eq!(person.said(watch).await.code, 0);
    let again = person.run(&["stop", RUNNER]).await;
    assert_eq!(
        (again.code, again.out.as_str()),
        (1, format!("nobody watches {RUNNER} on this machine\n").as_str())
    );
}

/// G-55: a token that GitLab does not take ends a watch, and says what is needed.
async fn a_watch_ends_where_no_job_can_be_run(aws: &Aws) {
    let world = aws.world("refused", json!({"GITLAB_RUNNER_TOKEN": "glrt-of-nobody-at-all"}), |it| it).await;
    let person = Person::of(aws, &world);
    let said = person.run(&["watch", RUNNER]).await;
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.contains("authentication token (glrt-…) is needed"), "{}", said.err);
    let said = person.run(&["verify", RUNNER, "--json"]).await;
    assert_eq!(said.code, 1, "{}", said.out);
    let problems = &serde_json::from_str::<Value>(&said.out).unwrap()["problems"];
    assert!(problems[0].as_str().unwrap().contains("403"), "{problems}");
}

/// G-12: a value is for one function and one project, and KMS itself holds to that.
async fn a_value_is_encrypted_for_the_jobs_of_one_project(aws: &Aws) {
    let key =
        runtask_tests::aws::call(aws.moto.endpoint(), "kms", "TrentService.CreateKey", &json!({})).await;
    let key = key["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    let world = aws.world("encrypt", json!({}), |it| it).await;
    let person = Person::of(aws, &world);
    let encrypt = async |function: &str, project: &str| {
        let arguments = ["encrypt", "--key", &key, "--function", function, "--project", project];
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"the-value-itself\n").unwrap();
        file.rewind().unwrap();
        let said = person.said(person.command(&arguments).stdin(file).spawn().unwrap()).await;
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        assert!(said.out.starts_with("kms:") && !said.out.contains("the-value-itself"), "{}", said.out);
        said.out.trim_end().to_owned()
    };
    let (ours, others) = (encrypt(RUNNER, "infra/network").await, encrypt(RUNNER, "other/project").await);
    let secret = json!({"TF_VAR_ours": ours, "TF_VAR_others": others});
    let keys =
        |it: runtask_tests::lambda::Function| it.env("RUNNER_SECRET_KEYS", "TF_VAR_ours,TF_VAR_others");
    let world = aws.world("for-jobs", secret, keys).await;
    let person = Person::of(aws, &world);
    world.simulator.add_secret("the-value-itself", "the value that was encrypted");
    let script = ["test \"$TF_VAR_ours\" = the-value-$(echo itself) && echo \"others: $TF_VAR_others.\""];
    let id = world.simulator.enqueue(&JobSpec::new("apply", &script));
    let said = person.run(&["watch", RUNNER, "--once"]).await;
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let job = world.simulator.job(id).unwrap();
    assert_eq!(job.status, Status::Success, "{}", job.log_text());
    assert!(job.log_text().contains("others: ."), "{}", job.log_text());
    world.is_innocent("for-jobs").await;
}

/// G-40: the token goes into the secret, whose other members stay, and the function uses it.
async fn a_runner_is_registered_into_the_secret_of_the_function(aws: &Aws) {
    let world =
        aws.world("registered", json!({"GITLAB_RUNNER_TOKEN": "", "OTHER": "stays-as-it-is"}), |it| it).await;
    let person = Person::of(aws, &world);
    let arguments = ["register", "--project", "42", "--secret", "example-runner-secret-registered"];
    let mut register = person.command(&arguments);
    register.env("GITLAB_TOKEN", world.simulator.personal_token());
    let said = person.said(register.spawn().unwrap()).await;
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(
        said.out.contains("made; its token is in the secret example-runner-secret-registered"),
        "{}",
        said.out
    );
    let id = world.simulator.enqueue(&JobSpec::new("plan", &["true"]));
    let said = person.run(&["watch", RUNNER, "--once"]).await;
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert_eq!(world.simulator.job(id).unwrap().status, Status::Success);
}
