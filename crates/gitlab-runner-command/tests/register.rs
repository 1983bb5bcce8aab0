//! `register` and `unregister` as a process, beside a GitLab that judges.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may end a test")]

use gitlab_simulator::{Simulator, SimulatorSettings};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// An instance, and a place for its runner's token.
struct World {
    simulator: Simulator,
    directory: TempDir,
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

impl World {
    async fn start() -> Self {
        let simulator = Simulator::start(SimulatorSettings::default()).await.unwrap();
        Self { simulator, directory: TempDir::new().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("runner.json")
    }

    /// Runs the command, which knows where its file is.
    async fn run(&self, arguments: &[&str], token: Option<&str>) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runtask-runner"));
        command.args(arguments).arg("--credentials").arg(self.file());
        command
            .env_clear()
            .env("GITLAB_URL", self.simulator.url())
            .envs(token.map(|it| ("GITLAB_TOKEN", it)));
        command.stdin(Stdio::null());
        let said = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let said = Said { code: said.status.code().unwrap(), out: text(said.stdout), err: text(said.stderr) };
        let leaks = self.simulator.leaks_in(format!("{}{}", said.out, said.err).as_bytes());
        assert_eq!(leaks, [""; 0], "a token is shown");
        said
    }

    fn kept(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.file()).unwrap()).unwrap()
    }
}

/// G-40: one runner, whose token nobody sees; asked for again, it is the same one.
#[tokio::test]
async fn a_runner_is_made_once_and_removed_with_its_token() {
    let world = World::start().await;
    let personal = world.simulator.personal_token();
    let register = ["register", "--project", "42", "--tag", "terraform"];
    let made = world.run(&register, Some(&personal)).await;
    assert_eq!((made.code, made.err.as_str()), (0, ""));
    assert!(
        made.out.starts_with("runner 77 (") && made.out.contains("): made; its token is in "),
        "{}",
        made.out
    );
    assert_eq!(world.kept()["GITLAB_RUNNER_TOKEN"], world.simulator.runner_token());
    assert_eq!(std::fs::metadata(world.file()).unwrap().permissions().mode() & 0o777, 0o600);

    let again = world.run(&register, None).await;
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.out.contains("there already"), "{}", again.out);
    let made = world.simulator.received().iter().filter(|it| it.path.ends_with("/user/runners")).count();
    assert_eq!(made, 1);

    let removed = world.run(&["unregister", "--json"], None).await;
    assert_eq!(removed.code, 0, "{}", removed.err);
    assert_eq!(serde_json::from_str::<Value>(&removed.out).unwrap()["is_deleted"], true);
    assert_eq!(world.kept(), serde_json::json!({}));
    assert_eq!(world.simulator.violations(), [""; 0]);
}

/// G-41: what somebody else has made is not deleted.
#[tokio::test]
async fn a_runner_that_somebody_else_has_made_stays() {
    let world = World::start().await;
    let kept = format!(r#"{{"GITLAB_RUNNER_TOKEN":"{}","OTHER":"stays"}}"#, world.simulator.runner_token());
    std::fs::write(world.file(), kept).unwrap();
    let open = world.run(&["unregister"], None).await;
    assert_eq!(open.code, 2);
    assert!(open.err.contains("others can read"), "{}", open.err);
    std::fs::set_permissions(world.file(), PermissionsExt::from_mode(0o600)).unwrap();
    let removed = world.run(&["unregister"], None).await;
    assert_eq!(removed.code, 0, "{}", removed.err);
    assert!(removed.out.contains("so it stays"), "{}", removed.out);
    assert_eq!(world.simulator.managers_removed(), 1);
    assert_eq!(world.kept()["OTHER"], "stays");
    assert_eq!(world.simulator.violations(), [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_done_is_said_and_makes_no_runner() {
    let world = World::start().await;
    let register = ["register", "--project", "42"];
    let check = |said: Said, code, words: &str| {
        assert_eq!(said.code, code, "{}", said.err);
        assert!(said.err.contains(words), "{}", said.err);
    };
    check(world.run(&register, None).await, 2, "GITLAB_TOKEN is not set");
    check(world.run(&register, Some("glpat-wrong")).await, 1, "no runner was made");
    check(world.run(&["unregister"], None).await, 2, "holds no token of a runner");
    std::fs::write(world.file(), r#"{"GITLAB_RUNNER_REGISTRATION_TOKEN":"GR1348941abc"}"#).unwrap();
    std::fs::set_permissions(world.file(), PermissionsExt::from_mode(0o600)).unwrap();
    check(world.run(&register, None).await, 2, "holds a registration token");
    std::fs::write(world.file(), r#"{"GITLAB_RUNNER_TOKEN":"glrt-gone"}"#).unwrap();
    check(world.run(&register, None).await, 1, "--replace makes a new runner");
    let made = world.simulator.received().iter().filter(|it| it.status == 201).count();
    assert_eq!(made, 0);
}

/// G-57
#[test]
fn a_plan_is_counted_for_a_merge_request() {
    let directory = TempDir::new().unwrap();
    let check = |plan: &str, code, out: &str, err: &str| {
        let file = directory.path().join("plan.json");
        std::fs::write(&file, plan).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_runtask-runner"));
        let said = command.arg("plan-report").arg(file).env_clear().output().unwrap();
        assert_eq!(said.status.code(), Some(code));
        assert_eq!(String::from_utf8_lossy(&said.stdout), out);
        assert!(String::from_utf8_lossy(&said.stderr).contains(err));
    };
    let replaced = r#"{"resource_changes":[{"change":{"actions":["delete","create"]}}]}"#;
    check(replaced, 0, "{\"create\":1,\"update\":0,\"delete\":1}\n", "");
    check("{}", 2, "", "for a plan, not for a state");
}
