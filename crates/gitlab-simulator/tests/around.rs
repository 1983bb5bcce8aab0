//! What is around the jobs, with those who use it: real git, real terraform, a receiver of hooks.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may end a test")]

use gitlab_simulator::{
    Delivery, Fault, HookSecret, Injection, JobSpec, LockKind, Simulator, SimulatorSettings, Status,
};
use runtask_process::{Finished, Program, RunError};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

const LIMIT: Duration = Duration::from_secs(60);
const REPOSITORY: &str = "infra/network";

async fn start(faults: &[Injection]) -> Simulator {
    let settings = SimulatorSettings { faults: faults.to_vec(), ..SimulatorSettings::default() };
    Simulator::start(settings).await.unwrap()
}

/// Takes the next job, as a runner would; what GitLab says of it.
async fn take(simulator: &Simulator) -> Value {
    let token = simulator.runner_token();
    let features = [
        "variables",
        "raw_variables",
        "artifacts",
        "artifacts_exclude",
        "upload_multiple_artifacts",
        "upload_raw_artifacts",
        "refspecs",
        "masking",
        "return_exit_code",
        "trace_reset",
        "trace_checksum",
        "trace_size",
        "cancelable",
        "cancel_gracefully",
    ];
    let features: serde_json::Map<_, _> =
        features.into_iter().map(|it| (it.to_owned(), true.into())).collect();
    let body = json!({"token": token, "system_id": "s_0a1b2c3d4e5f", "info": {"name": "example", "version": "1",
        "revision": "HEAD", "platform": "linux", "architecture": "amd64", "executor": "shell", "shell": "bash",
        "config": {"gpus": ""}, "features": features}});
    let headers = [
        ("content-type", "application/json"),
        ("runner-token", &token),
        ("user-agent", "example/1"),
        ("x-request-id", "0123456789abcdef0123456789abcdef"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let call = Delivery { headers, body: body.to_string() };
    let answer = call.send(&format!("{}/api/v4/jobs/request", simulator.url())).await.unwrap();
    assert_eq!(answer.status, 201);
    serde_json::from_slice(&answer.body).unwrap()
}

fn text<'a>(job: &'a Value, pointer: &str) -> &'a str {
    job.pointer(pointer).unwrap().as_str().unwrap()
}

async fn run(program: Program, limit: Duration) -> Result<Finished, RunError> {
    program.run(Instant::now() + limit, limit, 1024 * 1024).await
}

/// Fetches the pipeline's ref of a job's repository into a new directory, and checks it out.
async fn checkout(directory: &Path, job: &Value, limit: Duration) -> Result<Finished, RunError> {
    let git = |arguments: &[&str]| {
        Program::new("git")
            .arguments(arguments)
            .directory(directory)
            .variable("PATH", "/usr/local/bin:/usr/bin:/bin")
            .variable("HOME", directory)
            .variable("GIT_TERMINAL_PROMPT", "0")
    };
    run(git(&["init", "--quiet", "."]), LIMIT).await.unwrap();
    let reference = text(job, "/git_info/refspecs/0");
    let fetched =
        run(git(&["fetch", "--quiet", "--depth", "20", text(job, "/git_info/repo_url"), reference]), limit)
            .await?;
    if fetched.code != 0 {
        return Ok(fetched);
    }
    run(git(&["checkout", "--quiet", text(job, "/git_info/sha")]), LIMIT).await
}

#[tokio::test]
async fn git_checks_out_a_commit_while_its_job_runs_and_not_after() {
    let simulator = start(&[]).await;
    simulator.commit(REPOSITORY, &[("main.tf", "a = 1\n")]).await.unwrap();
    let sha =
        simulator.commit(REPOSITORY, &[("main.tf", "a = 2\n"), ("envs/prod/b.tf", "b = 1\n")]).await.unwrap();
    simulator.point(REPOSITORY, "refs/tags/v1", &sha).await.unwrap();
    let id = simulator.enqueue(&JobSpec::new("plan", &["true"]).repository(REPOSITORY));
    let job = take(&simulator).await;
    assert_eq!(text(&job, "/git_info/sha"), sha);
    let directory = tempfile::tempdir().unwrap();
    let checked_out = checkout(directory.path(), &job, LIMIT).await.unwrap();
    assert_eq!(checked_out.code, 0, "{}", String::from_utf8_lossy(&checked_out.stderr));
    assert_eq!(std::fs::read_to_string(directory.path().join("main.tf")).unwrap(), "a = 2\n");
    assert!(directory.path().join("envs/prod/b.tf").exists());

    simulator.cancel_hard(id);
    let late = tempfile::tempdir().unwrap();
    assert_ne!(checkout(late.path(), &job, LIMIT).await.unwrap().code, 0);
    assert_eq!(simulator.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn faults_of_git_are_faults_to_git() {
    for fault in [Fault::Git401, Fault::GitReset, Fault::GitEmpty] {
        let simulator = start(&[fault.into()]).await;
        simulator.commit(REPOSITORY, &[("main.tf", "")]).await.unwrap();
        let _id = simulator.enqueue(&JobSpec::new("plan", &["true"]).repository(REPOSITORY));
        let job = take(&simulator).await;
        let directory = tempfile::tempdir().unwrap();
        assert_ne!(checkout(directory.path(), &job, LIMIT).await.unwrap().code, 0, "{fault}");
    }
    let simulator = start(&[Fault::GitHang.into()]).await;
    simulator.commit(REPOSITORY, &[("main.tf", "")]).await.unwrap();
    let _id = simulator.enqueue(&JobSpec::new("plan", &["true"]).repository(REPOSITORY));
    let job = take(&simulator).await;
    let directory = tempfile::tempdir().unwrap();
    let hung = checkout(directory.path(), &job, Duration::from_secs(1)).await;
    assert!(matches!(hung, Err(RunError::TimedOut(_))), "{hung:?}");
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(checkout(directory.path(), &job, LIMIT).await.unwrap().code, 0, "the next one is served");
}

/// The terraform that tests run: on `PATH`, or where `make setup` puts it.
fn terraform() -> PathBuf {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no settings file; it looks where a shell would"
    )]
    let directories = std::env::var_os("PATH").unwrap_or_default();
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/bin");
    let directories = std::env::split_paths(&directories).chain([tools]);
    let found = directories.map(|it| it.join("terraform")).find(|it| it.is_file());
    found.expect("this test needs terraform: run `make setup`")
}

async fn terraform_in(
    directory: &Path,
    simulator: &Simulator,
    token: &str,
    arguments: &[&str],
) -> (i32, String) {
    let state = format!("{}/api/v4/projects/42/terraform/state/prod", simulator.url());
    let program = Program::new(terraform())
        .arguments(arguments)
        .directory(directory)
        .variable("PATH", "/usr/local/bin:/usr/bin:/bin")
        .variable("HOME", directory)
        .variable("CHECKPOINT_DISABLE", "1")
        .variable("TF_IN_AUTOMATION", "1")
        .variable("TF_HTTP_ADDRESS", &state)
        .variable("TF_HTTP_LOCK_ADDRESS", format!("{state}/lock"))
        .variable("TF_HTTP_UNLOCK_ADDRESS", format!("{state}/lock"))
        .variable("TF_HTTP_LOCK_METHOD", "POST")
        .variable("TF_HTTP_UNLOCK_METHOD", "DELETE")
        .variable("TF_HTTP_USERNAME", "gitlab-ci-token")
        .variable("TF_HTTP_PASSWORD", token)
        .variable("TF_HTTP_RETRY_MAX", "0");
    let finished = run(program, LIMIT).await.unwrap();
    let output = [finished.stdout, finished.stderr].concat();
    (finished.code, String::from_utf8_lossy(&output).into_owned())
}

#[tokio::test]
async fn terraform_locks_and_unlocks_its_state_while_its_job_runs() {
    let simulator = start(&[]).await;
    let id = simulator.enqueue(&JobSpec::new("apply", &["terraform apply"]));
    let job = take(&simulator).await;
    let token = text(&job, "/token");
    let directory = tempfile::tempdir().unwrap();
    let configuration =
        "terraform {\n  backend \"http\" {}\n}\nresource \"terraform_data\" \"a\" {\n  input = \"x\"\n}\n";
    std::fs::write(directory.path().join("main.tf"), configuration).unwrap();
    let terraform =
        async |arguments: &[&str]| terraform_in(directory.path(), &simulator, token, arguments).await;
    let (code, output) = terraform(&["init", "-input=false", "-no-color"]).await;
    assert_eq!(code, 0, "{output}");
    let apply = ["apply", "-input=false", "-auto-approve", "-no-color"];
    let (code, output) = terraform(&apply).await;
    assert_eq!(code, 0, "{output}");
    let kinds: Vec<_> = simulator.lock_events().iter().map(|it| (it.job, it.kind)).collect();
    assert_eq!(kinds, [(id, LockKind::Locked), (id, LockKind::Unlocked)]);
    let state: Value = serde_json::from_slice(&simulator.terraform_state("prod").unwrap()).unwrap();
    assert_eq!(state.pointer("/resources/0/type").unwrap(), "terraform_data");
    assert_eq!(simulator.locked_states(), Vec::<String>::new());

    simulator.lock_state("prod", "ada@laptop");
    let (code, output) = terraform(&apply).await;
    // Terraform prints the holder's id, and beside it what it knows of itself.
    assert!(code == 1 && output.contains("ID=9db590f1-b6fe-c5f2-2678-8804f089deba"), "{output}");
    assert_eq!(simulator.lock_events().last().unwrap().kind, LockKind::Refused);
    assert_eq!(simulator.locked_states(), ["prod"]);

    simulator.cancel_hard(id);
    assert_eq!(simulator.job(id).unwrap().status, Status::Canceled);
    let (code, _) = terraform(&["state", "pull"]).await;
    assert_eq!(code, 1, "the token is good for nothing any more");
    assert_eq!(simulator.violations(), Vec::<String>::new());
}

/// Takes one request, and answers it; what came.
async fn receive(listener: TcpListener, answer: &str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut received = Vec::new();
    // A hook's body is JSON that ends with this.
    while !received.ends_with(b"\"user\":{\"avatar_url\":null,\"email\":\"[REDACTED]\",\"id\":9,\"name\":\"Ada Example\",\"username\":\"ada\"}}") {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).await.unwrap();
        assert_ne!(length, 0, "{}", String::from_utf8_lossy(&received));
        received.extend(piece.iter().take(length));
    }
    stream.write_all(answer.as_bytes()).await.unwrap();
    String::from_utf8(received).unwrap()
}

#[tokio::test]
async fn a_hook_tells_of_a_job_with_the_proof_that_was_asked_for() {
    let simulator = start(&[]).await;
    let id = simulator.enqueue(&JobSpec::new("plan", &["true"]));
    let signing = HookSecret::Signing("whsec_01g2bVEpgSo6x/Yj1PIfkQ7nPCCGBZVT9T/ov6vgb74=".into());
    for (secret, header) in [
        (HookSecret::Token("example".into()), "x-gitlab-token: example"),
        (signing, "webhook-signature: v1,"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let hook = simulator.hook(id, "2f1de1a9", 1_787_217_280, &secret).unwrap();
        let answer = "HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\nok";
        let (received, answered) = tokio::join!(receive(listener, answer), hook.send(&url));
        let answered = answered.unwrap();
        assert_eq!((answered.status, answered.body.as_ref()), (202, &b"ok"[..]));
        assert!(received.starts_with("POST /hook HTTP/1.1\r\n"), "{received}");
        let head = received.split_once("\r\n\r\n").unwrap().0.to_ascii_lowercase();
        assert!(head.contains(header) && head.contains("x-gitlab-event: job hook"), "{head}");
        assert!(
            received.contains(&format!("\"build_id\":{id}"))
                && received.contains("\"build_status\":\"pending\"")
        );
    }
    assert!(simulator.hook(1, "2f1de1a9", 0, &HookSecret::Token(String::new())).is_none());
    let nobody = simulator.hook(id, "2f1de1a9", 0, &HookSecret::Token(String::new())).unwrap();
    assert!(nobody.send("https://127.0.0.1/").await.is_err());
}
