//! A hostile job, and another one after it. A program of its own, without a test harness, because everybody is ended who
//! was not there before: it runs itself as an ordinary user in a system of processes of its own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, although Cargo's harness does not run it"
)]

#[path = "it/fake.rs"]
mod fake;

use fake::{COOPERATIVE, Fake, Place, job, with};
use gitlab_runner::{Failure, Outcome, Stop};
use runtask_process::{
    Leftovers, Program, Whose, hide_from_others, is_hidden_from_others, let_children_be_interrupted,
    this_program,
};
use serde_json::json;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tokio::time::Instant;

const LIMIT: Duration = Duration::from_secs(60);

/// What makes this program run the jobs.
const INSIDE: &str = "inside";

/// Daemons that write where they can, and what is hard to remove.
const HOSTILE: &str = r#"
for place in "$HOME" "$CI_BUILDS_DIR" "$CI_PROJECT_DIR"; do
    setsid bash -c 'trap "" INT TERM HUP; while :; do echo x > "$0/daemon-$RANDOM"; sleep 0.02; done' "$place" > /dev/null 2>&1 &
    setsid bash -c 'while :; do setsid sleep 1000 & sleep 0.05; done' > /dev/null 2>&1 &
done
deep="$HOME"; for i in $(seq 60); do deep="$deep/$(printf 'd%.0s' $(seq 50))"; done; mkdir -p "$deep"
mkdir -p "$HOME/locked/inner"; touch "$HOME/locked/inner/file"; chmod 000 "$HOME/locked/inner"; chmod 500 "$HOME/locked"
chmod 555 "$CI_BUILDS_DIR/infra"; chmod 000 "$CI_PROJECT_DIR"; chmod 500 "$CI_BUILDS_DIR" "$HOME"
until ls "$HOME" | grep -q daemon; do sleep 0.01; done
exit 7"#;

/// What the next job sees: its own shell and what that starts, us, and who started us.
const NEXT: &str = r#"for it in /proc/[0-9]*; do tr '\0' ' ' < $it/cmdline; echo; done | { grep -c '[d]aemon\|[s]leep 1000' || true; } | sed 's/^/left: /'
find "$HOME" "$CI_BUILDS_DIR" -mindepth 1 -printf 'found: %P\n'"#;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|it| it == INSIDE) {
        return run_jobs().await;
    }
    if arguments.iter().any(|it| it == "--list") {
        return;
    }
    // Where an ordinary user can read it.
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("sandbox");
    std::fs::copy(this_program().unwrap(), &program).unwrap();
    for it in [directory.path(), &program] {
        std::fs::set_permissions(it, Permissions::from_mode(0o755)).unwrap();
    }
    let apart = ["--pid", "--fork", "--kill-child", "--mount-proc"];
    let (who, ordinary): (&[&str], &[&str]) = if rustix::process::getuid().is_root() {
        (&[], &["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
    } else {
        (&["--user", "--map-current-user"], &[])
    };
    // As a shell starts what it puts in the background: deaf to interrupts.
    let finished = Program::new("/bin/bash")
        .arguments(["-c", "trap '' INT TERM; exec /usr/bin/unshare \"$@\"", "bash"])
        .arguments(who.iter().chain(&apart).chain(ordinary))
        .arguments([program.as_os_str(), INSIDE.as_ref()])
        .run(Instant::now() + LIMIT, LIMIT, 1 << 20)
        .await
        .unwrap();
    assert_eq!((finished.code, String::from_utf8(finished.stderr).unwrap()), (0, String::new()));
}

async fn run_jobs() {
    assert!(!rustix::process::getuid().is_root(), "nobody is kept from anything by a mode otherwise");
    let_children_be_interrupted().unwrap();
    assert!(!is_hidden_from_others());
    hide_from_others();
    assert!(is_hidden_from_others());
    let mut place = Place::new();
    let builds = place.directory.path().join("builds");
    place.host.sandbox.leftovers = Some(Leftovers::beyond_now(Whose::AnybodyNew).unwrap());
    let hostile = with(job(&[HOSTILE]), "/artifacts", json!([{"when": "always", "paths": ["."]}]));
    let (finished, log) = place.run(&Fake::default(), hostile).await;
    assert_eq!(finished.outcome, Some(Outcome::Failed(Failure::Script { code: Some(7) })), "{log}");
    assert!(finished.is_clean, "{log}");
    let (finished, log) = place.run(&Fake::default(), job(&[NEXT])).await;
    assert_eq!(finished.outcome, Some(Outcome::Success), "{log}");
    let mut seen: Vec<&str> =
        log.lines().filter(|it| it.starts_with("left:") || it.starts_with("found:")).collect();
    seen.sort_unstable();
    let fake = Fake { stops: vec![("\nready\n", Stop::Canceled)], ..Fake::default() };
    let (finished, log) = place.run(&fake, job(&[COOPERATIVE, "echo next"])).await;
    assert_eq!(finished.outcome, Some(Outcome::Failed(Failure::Canceled)));
    assert!(log.contains("\nunlocked\n") && !log.contains("echo next"), "{log}");
    assert_eq!(place.host.sandbox.clean().await, Ok(()));
    assert_eq!(std::fs::read_dir(builds).unwrap().count(), 0);
    // The two directories of this job itself, and the file that it may hand variables on with.
    assert_eq!(
        seen,
        [
            "found: infra",
            "found: infra/network",
            "found: infra/network.tmp",
            "found: infra/network.tmp/gitlab.env",
            "left: 0"
        ]
    );
}
