use super::*;
use crate::budget::{Budget, Reserve};
use crate::memory_log::MemoryLog;
use crate::script::script;
use crate::stop::{Stopper, ladder};
use std::path::Path;
use tempfile::TempDir;
use tokio::time::Instant;

fn bash(directory: &Path, exports: &str, entries: &[&str]) -> Program {
    let entries: Vec<String> = entries.iter().map(|it| (*it).to_owned()).collect();
    Program::new("/bin/bash")
        .arguments(["--noprofile", "--norc"])
        .variable("PATH", "/usr/bin:/bin")
        .directory(directory)
        .input(script(exports, &entries, false).as_bytes())
        .unwrap()
}

async fn run_with(exports: &str, entries: &[&str]) -> (i32, String) {
    let directory = TempDir::new().unwrap();
    let log = MemoryLog::new();
    let never = std::future::pending();
    let program = bash(directory.path(), exports, entries);
    match run_logged(program, &log.log, never, |_| Vec::new()).await.unwrap() {
        End::Exited(code) => (code, log.text()),
        End::Stopped(why) => panic!("{why:?}"),
    }
}

async fn run(entries: &[&str]) -> (i32, String) {
    run_with("", entries).await
}

async fn check(entries: &[&str], code: i32, output: &str) {
    assert_eq!(run(entries).await, (code, output.to_owned()), "{entries:?}");
}

/// G-45: as GitLab's bash.
#[tokio::test]
async fn the_first_failure_ends_the_script_with_its_code() {
    check(&["echo a", "exit 3", "echo b"], 3, "$ echo a\na\n$ exit 3\n").await;
    check(&["false", "echo b"], 1, "$ false\n").await;
    check(&["false | cat", "echo b"], 1, "$ false | cat\n").await;
    check(&["(exit 7)"], 7, "$ (exit 7)\n").await;
    check(&["false || true", "if false; then :; fi"], 0, "$ false || true\n$ if false; then :; fi\n").await;
    assert_eq!(run(&["kill -9 $BASHPID", "echo b"]).await.0, 137);
    check(&["set +e", "false", "echo on"], 0, "$ set +e\n$ false\n$ echo on\non\n").await;
    let (code, output) = run(&["nonexistent-program"]).await;
    assert_eq!(code, 127);
    assert!(output.contains("nonexistent-program: command not found"), "{output}");
}

#[tokio::test]
async fn a_syntax_error_fails_the_job() {
    let (code, output) = run(&["echo a", "if then"]).await;
    assert_ne!(code, 0);
    assert!(output.contains("syntax error"), "{output}");
}

#[tokio::test]
async fn entries_share_a_shell_have_no_input_and_are_shown_by_their_first_line() {
    check(&["A=1", "cd /", "echo $A $PWD"], 0, "$ A=1\n$ cd /\n$ echo $A $PWD\n1 /\n").await;
    check(&["cat", "read x || echo none"], 0, "$ cat\n$ read x || echo none\nnone\n").await;
    check(&["cat <<E\nhere $((1+1))\nE"], 0, "$ cat <<E # and 2 more lines\nhere 2\n").await;
    check(&["", "echo 'it''s'", "echo \\\\"], 0, "\n$ echo 'it''s'\nits\n$ echo \\\\\n\\\n").await;
    check(&["echo 1 >&2", "echo 2"], 0, "$ echo 1 >&2\n1\n$ echo 2\n2\n").await;
    check(&["echo > f", "echo > f"], 0, "$ echo > f\n$ echo > f\n").await;
}

#[tokio::test]
async fn variables_mean_nothing_to_the_start_of_the_shell() {
    let directory = TempDir::new().unwrap();
    let startup = directory.path().join("startup");
    std::fs::write(&startup, "echo started\n").unwrap();
    let exports = format!("export BASH_ENV='{0}'\nexport ENV='{0}'\nexport A='x'\\''y'\n", startup.display());
    let (code, output) = run_with(&exports, &["echo \"$A\""]).await;
    assert_eq!((code, &*output), (0, "$ echo \"$A\"\nx'y\n"));
    let value = "x".repeat(100_000);
    let (code, output) = run_with(&format!("export LONG='{value}'\n"), &["printenv LONG | wc -c"]).await;
    assert_eq!((code, &*output), (0, "$ printenv LONG | wc -c\n100001\n"));
}

/// A daemon that has a session of its own keeps the pipe open.
#[tokio::test]
async fn nobody_waits_for_whom_the_script_has_left_behind() {
    let begin = Instant::now();
    let (code, _) = run(&["setsid sleep 30 &", "sleep 30 &", "true"]).await;
    assert_eq!(code, 0);
    assert!(begin.elapsed() < Duration::from_secs(20));
}

fn reserve() -> Reserve {
    Reserve {
        interrupt: Duration::from_millis(1500),
        terminate: Duration::from_millis(300),
        kill: Duration::from_secs(2),
        after_script: Duration::from_millis(10),
        uploads: Duration::from_millis(10),
        finish: Duration::from_millis(10),
    }
}

/// Runs a script that is cancelled as soon as it has printed `ready`.
async fn canceled(entries: &[&str], why: Stop) -> (String, Duration) {
    let directory = TempDir::new().unwrap();
    let (stopper, stopping) = Stopper::new();
    let log = MemoryLog::new();
    let begin = Instant::now();
    let budget =
        Budget { deadline: None, promised: Duration::ZERO, reserve: reserve(), margin: Duration::ZERO };
    let ends = budget.for_job(Duration::from_secs(60), begin).ends;
    let stop = stopping.or_at(ends.script);
    let program = bash(directory.path(), "", entries);
    let running =
        run_logged(program, &log.log, stop, |it| ladder(it, Instant::now(), &ends, &budget.reserve));
    let said = async {
        while !log.text().contains("\nready\n") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stopper.stop(why);
    };
    let (end, ()) = tokio::join!(running, said);
    assert_eq!(end.unwrap(), End::Stopped(why));
    (log.text(), begin.elapsed())
}

/// What terraform does when it is interrupted once: it puts things in order, and fails.
const COOPERATIVE: &str =
    "bash -c 'trap \"sleep 0.3; echo unlocked; exit 1\" INT; trap \"echo torn; exit 1\" TERM
    echo ready; while :; do sleep 0.05; done'";

/// G-51: what is interrupted may end by itself, and no other command is started after it.
#[tokio::test]
async fn an_interrupted_command_ends_in_order_and_the_next_is_not_started() {
    for command in [format!("{COOPERATIVE} || true"), format!("{COOPERATIVE} | (trap '' INT; cat)")] {
        let (output, _) = canceled(&[&command, "echo next"], Stop::Aborted).await;
        assert!(output.ends_with("ready\nunlocked\n"), "{output}");
    }
}

#[tokio::test]
async fn who_does_not_hear_the_interrupt_is_terminated_and_then_killed() {
    let slow = "bash -c 'trap : INT; trap \"echo terminated; exit 1\" TERM; echo ready; while :; do sleep 0.05; done'";
    let (output, took) = canceled(&[slow, "echo next"], Stop::Shutdown).await;
    assert!(output.ends_with("\nterminated\n"), "{output}");
    assert!(took > reserve().interrupt, "{took:?}");
    let deaf = "bash -c 'trap : INT TERM; echo ready; while :; do sleep 0.05; done'";
    let (output, took) = canceled(&[deaf, "echo next"], Stop::TimeUp).await;
    assert!(output.contains("\nready\n") && !output.contains("echo next"), "{output}");
    assert!(took > reserve().interrupt + reserve().terminate, "{took:?}");
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[tokio::test]
async fn what_is_to_stop_already_is_not_started() {
    let directory = TempDir::new().unwrap();
    let (stopper, stopping) = Stopper::new();
    let log = MemoryLog::new();
    stopper.stop(Stop::Canceled);
    for (stop, why) in [
        (stopping.or_at(Instant::now() + Duration::from_secs(60)), Stop::Canceled),
        (Stopper::new().1.or_at(Instant::now()), Stop::TimeUp),
    ] {
        let program = bash(directory.path(), "", &["touch ran"]);
        let end = run_logged(program, &log.log, stop, |_| Vec::new()).await;
        assert_eq!(end.unwrap(), End::Stopped(why));
    }
    assert!(!directory.path().join("ran").exists());
    assert_eq!(log.text(), "");
}

#[tokio::test]
async fn time_is_up_when_it_is() {
    let directory = TempDir::new().unwrap();
    let (_stopper, stopping) = Stopper::new();
    let log = MemoryLog::new();
    let stop = stopping.or_at(Instant::now() + Duration::from_millis(200));
    let steps = vec![(StopSignal::Interrupt, Duration::from_secs(20))];
    let program = bash(directory.path(), "", &["sleep 60", "echo next"]);
    let end = run_logged(program, &log.log, stop, |_| steps).await;
    assert_eq!(end.unwrap(), End::Stopped(Stop::TimeUp));
    assert_eq!(log.text(), "$ sleep 60\n");
}
