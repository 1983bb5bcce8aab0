//! What a hostile program leaves running is ended. A program of its own, without a test harness, because it ends everybody
//! who descends from it, and then, in a system of processes of its own, everybody.

#![expect(clippy::unwrap_used, reason = "this is a test, although Cargo's harness does not run it")]

use runtask_process::{Leftovers, Program, Whose, let_children_be_interrupted, this_program};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

const LIMIT: Duration = Duration::from_secs(30);

/// What makes this program look at everybody.
const EVERYBODY: &str = "everybody";

/// Daemons that have left their group and their session, one that does not listen, and one that always starts another; it
/// ends when four of them sleep.
const HOSTILE: &str = "
    setsid sh -c 'sleep $1 & setsid sleep $1 & wait' - $1 > /dev/null 2>&1 &
    (trap '' INT TERM HUP; sleep $1) > /dev/null 2>&1 &
    setsid sh -c 'while :; do setsid sleep $1 & sleep 0.05; done' - $1 > /dev/null 2>&1 &
    until test $(grep -s -l -a \"^sleep.$1\" /proc/[0-9]*/cmdline | wc -l) -ge 4; do sleep 0.05; done
    exit 3";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|it| it == EVERYBODY) {
        return end_all(Whose::AnybodyNew).await;
    }
    if arguments.iter().any(|it| it == "--list") {
        return;
    }
    end_all(Whose::Descendants).await;
    // Nobody else must be there where everybody is ended: a system of processes of its own, which takes root, or being it
    // in a system of users of one's own.
    let scope: &[&str] =
        if rustix::process::getuid().is_root() { &[] } else { &["--user", "--map-root-user"] };
    let program = std::fs::read_link(this_program().unwrap()).unwrap();
    let finished = Program::new("/usr/bin/unshare")
        .arguments(scope)
        .arguments(["--pid", "--fork", "--kill-child", "--mount-proc"])
        .arguments([program.as_os_str(), EVERYBODY.as_ref()])
        .run(Instant::now() + LIMIT, LIMIT, 1 << 20)
        .await
        .unwrap();
    assert_eq!((finished.code, String::from_utf8(finished.stderr).unwrap()), (0, String::new()));
}

async fn end_all(whose: Whose) {
    let_children_be_interrupted().unwrap();
    let leftovers = Leftovers::beyond_now(whose).unwrap();
    assert_eq!(leftovers.end_all(LIMIT).await.unwrap(), 0, "nobody was left behind so far");
    let directory = tempfile::tempdir().unwrap();
    symlink("/", directory.path().join("root")).unwrap();
    let finished = Program::new("/bin/sh")
        .arguments(["-c", HOSTILE, "hostile", &seconds()])
        .variable("PATH", "/usr/bin:/bin")
        .directory(directory.path())
        .run(Instant::now() + LIMIT, LIMIT, 1 << 20)
        .await
        .unwrap();
    assert_eq!(finished.code, 3);
    assert!(sleepers() > 0, "it has left somebody behind");
    assert!(leftovers.end_all(LIMIT).await.unwrap() > 0);
    assert_eq!(sleepers(), 0);
    assert_eq!(leftovers.end_all(LIMIT).await.unwrap(), 0);
}

/// How long they sleep: a number that nobody else uses.
fn seconds() -> String {
    format!("{}.25", 7_000_000 + std::process::id())
}

/// Those that the hostile program has started, and that live, as seen from here.
fn sleepers() -> usize {
    let wanted = format!("sleep\0{}\0", seconds());
    let all = std::fs::read_dir("/proc").unwrap().map(|it| it.unwrap().path());
    all.filter(|it| is_process(it))
        .filter(|it| std::fs::read(it.join("cmdline")).is_ok_and(|it| it == wanted.as_bytes()))
        .count()
}

fn is_process(path: &Path) -> bool {
    path.file_name().unwrap().to_str().unwrap().bytes().all(|it| it.is_ascii_digit())
}
