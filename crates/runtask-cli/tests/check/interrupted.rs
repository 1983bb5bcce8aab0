//! The command ended by signals: what it started ends with it, and no copy of a user's files stays.

use crate::SHIPPED;
use crate::place::{Place, repository_text};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Objects to the files at first, so that they are copied; formats its copies forever, with a child that holds no pipe.
const HANGS: &str = r#"#!/bin/sh
case "$*" in
*-check*) exit 3 ;;
esac
sleep 600 > /dev/null 2>&1 &
echo "$$ $!" > "$TOLD.part"
mv "$TOLD.part" "$TOLD"
wait
"#;

/// A directory to check, a terraform that hangs, and a directory for temporary files.
fn place() -> Place {
    let place =
        Place::with(&[("configuration/main.tf", "a   = 1\n"), ("bin/terraform", ""), ("tmp/.keep", "")]);
    let (told, temporary) = (told(&place), place.path().join("tmp"));
    let script = HANGS.replace("$TOLD", told.to_str().unwrap());
    let terraform = place.path().join("bin/terraform");
    fs::write(&terraform, script).unwrap();
    fs::set_permissions(&terraform, fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_file(place.path().join("tmp/.keep")).unwrap();
    let terraform = terraform.to_str().unwrap().to_owned();
    place.variable("RUNTASK_TERRAFORM", terraform).variable("TMPDIR", temporary.to_str().unwrap())
}

/// Where the terraform that hangs writes which processes there are.
fn told(place: &Place) -> PathBuf {
    place.path().join("told")
}

/// The processes of the terraform that hangs, once it does.
fn hanging(place: &Place) -> Vec<u32> {
    loop {
        if let Ok(text) = fs::read_to_string(told(place)) {
            return text.split_whitespace().map(|it| it.parse().unwrap()).collect();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(10), "not so within ten seconds: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process is there and no zombie, which only waits for somebody to read how it ended.
fn runs(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|it| !it.is_empty() && !it.starts_with('Z'))
}

/// Whether a process does something of its own at a signal.
fn catches(process: Pid, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|it| it.strip_prefix("SigCgt:"));
    let caught = caught.map_or(0, |it| u64::from_str_radix(it.trim(), 16).unwrap());
    caught & (1 << (signal.as_raw() - 1)) != 0
}

/// Every file and directory below a path, and whether others than their owner can read them.
fn readable_by_others(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.permissions().mode() & 0o077 != 0 {
            found.push(path.clone());
        }
        if metadata.is_dir() {
            found.extend(readable_by_others(&path));
        }
    }
    found
}

fn interrupt(arguments: &[&str], signal: Signal) {
    let place = place();
    let mut command = place.start(arguments);
    let processes = hanging(&place);
    let temporary = place.path().join("tmp");
    assert!(fs::read_dir(&temporary).unwrap().count() > 0, "there are copies to look at");
    assert_eq!(readable_by_others(&temporary), Vec::<PathBuf>::new());
    assert!(processes.iter().all(|it| runs(*it)));

    kill_process(Pid::from_child(&command), signal).unwrap();
    let status = command.wait().unwrap();
    match signal {
        Signal::KILL => assert_eq!(status.signal(), Some(9)),
        _ => assert_eq!(status.code(), Some(128 + signal.as_raw())),
    }
    wait_until("nothing is left of terraform", || !processes.iter().any(|it| runs(*it)));
    wait_until("nothing is left of the copies", || fs::read_dir(&temporary).unwrap().count() == 0);
    place.wait_for_nobody();
}

/// S-06: Ctrl-C, and a polite end, of `check` and `simulate`.
#[test]
fn a_command_that_is_interrupted_leaves_nothing_behind() {
    for signal in [Signal::INT, Signal::TERM] {
        interrupt(&["check", "configuration"], signal);
        interrupt(&["simulate", "configuration"], signal);
    }
}

/// S-06: what is killed cannot clean up, so its guard does.
#[test]
fn a_command_that_is_killed_leaves_nothing_behind() {
    interrupt(&["check", "configuration"], Signal::KILL);
    interrupt(&["simulate", "configuration"], Signal::KILL);
    interrupt(&["--log", "off", "simulate", "configuration"], Signal::KILL);
}

/// S-07: an upgrade in place makes no difference to what runs: the processes that it starts are of its own release.
#[test]
fn a_program_whose_file_is_replaced_starts_itself_and_not_the_other() {
    let place = Place::with(&[("plan.json", ""), ("runtask.toml", SHIPPED)]);
    let plan = repository_text("examples/public-bucket/plan.json");
    let mut command = place.start(&["check", "-"]);
    // It waits for its plan, and by then another program is where it was.
    let program = place.program();
    fs::remove_file(&program).unwrap();
    fs::write(&program, "#!/bin/sh\nexit 7\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    command.stdin.take().unwrap().write_all(plan.as_bytes()).unwrap();
    let output = command.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("public-s3-bucket") && !said.contains("could not"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

/// What waits for its input keeps its thread, and ends all the same.
#[test]
fn a_command_that_waits_for_stdin_ends_at_a_signal() {
    for signal in [Signal::INT, Signal::TERM] {
        let place = Place::with(&[("runtask.toml", SHIPPED)]);
        let mut command = place.start(&["check", "-"]);
        // Who waits for a process closes its input, and an empty plan is an error at once.
        let _open = command.stdin.take();
        wait_until("it catches the signal", || catches(Pid::from_child(&command), signal));
        kill_process(Pid::from_child(&command), signal).unwrap();
        assert_eq!(command.wait().unwrap().code(), Some(128 + signal.as_raw()));
    }
}

/// Who ends a command politely may end all of its processes so; the guard stays until it is alone.
#[test]
fn a_guard_takes_no_notice_of_polite_signals() {
    let place = place();
    let mut command = place.start(&["check", "configuration"]);
    let processes = hanging(&place);
    let is_guard = |(_, line): &(i32, String)| line.contains("process-guard");
    let guard = || place.processes().into_iter().find(is_guard).map(|(id, _)| id);
    wait_until("there is a guard", || guard().is_some());
    let guard = Pid::from_raw(guard().unwrap()).unwrap();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        wait_until("it catches the signal", || catches(guard, signal));
        kill_process(guard, signal).unwrap();
    }
    kill_process(Pid::from_child(&command), Signal::KILL).unwrap();
    command.wait().unwrap();
    wait_until("nothing is left of terraform", || !processes.iter().any(|it| runs(*it)));
    let temporary = place.path().join("tmp");
    wait_until("nothing is left of the copies", || fs::read_dir(&temporary).unwrap().count() == 0);
    place.wait_for_nobody();
}
