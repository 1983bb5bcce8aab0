use super::*;
use std::fs;
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(60);
const MAX_OUTPUT_BYTES: u64 = 1024 * 1024;

/// A shell, which hangs, crashes and floods on demand.
fn shell(script: &str, directory: &Path) -> Program {
    Program::new("/bin/sh").arguments(["-c", script]).directory(directory)
}

async fn run(script: &str, directory: &Path, limit: Duration) -> Result<Finished, RunError> {
    shell(script, directory).run(Instant::now() + limit, limit, MAX_OUTPUT_BYTES).await
}

async fn fails(script: &str, limit: Duration) -> String {
    let directory = TempDir::new().unwrap();
    run(script, directory.path(), limit).await.unwrap_err().to_string()
}

/// The number that a script writes into a file, as soon as it is there.
async fn number_in(path: &Path) -> i32 {
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        if let Some(number) = text.strip_suffix('\n') {
            return number.parse().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Returns when the process runs no more: it is gone, or a zombie that nobody has waited for.
async fn is_gone(process: i32) {
    loop {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        if stat.is_empty() || stat.rsplit(") ").next().is_some_and(|it| it.starts_with('Z')) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn ends_are_told_apart() {
    let directory = TempDir::new().unwrap();
    for code in [0, 2, 3, 7] {
        let finished = run(&format!("echo o; echo e >&2; exit {code}"), directory.path(), LONG).await;
        let finished = finished.unwrap();
        assert_eq!((finished.code, &*finished.stdout, &*finished.stderr), (code, &b"o\n"[..], &b"e\n"[..]));
    }
    assert_eq!(fails("kill -9 $$", LONG).await, "was ended by signal 9");
    assert_eq!(fails("yes", LONG).await, "printed more than 1 MiB");
    assert_eq!(fails("yes >&2", LONG).await, "printed more than 1 MiB");
    assert_eq!(fails("sleep 600", Duration::from_millis(50)).await, "did not finish within 0.05 s");
    let nothing = Program::new("/nonexistent").run(Instant::now() + LONG, LONG, 1).await;
    assert_eq!(nothing.unwrap_err().to_string(), "could not be started");
}

/// past the time limit the whole process group is killed.
#[tokio::test]
async fn a_hang_is_killed_with_its_grandchildren() {
    let directory = TempDir::new().unwrap();
    let pid = directory.path().join("pid");
    let run_out_of_time = async {
        let process = number_in(&pid).await;
        tokio::time::pause();
        tokio::time::advance(LONG).await;
        tokio::time::resume();
        process
    };
    let run = run("sleep 600 & echo $! > pid; wait", directory.path(), LONG);
    let (ended, process) = tokio::join!(run, run_out_of_time);
    assert_eq!(ended.unwrap_err().to_string(), "did not finish within 60 s");
    is_gone(process).await;
}

/// nor does a child outlive whoever waits for it.
#[tokio::test]
async fn a_dropped_run_is_killed_with_its_grandchildren() {
    let directory = TempDir::new().unwrap();
    let pid = directory.path().join("pid");
    let process = tokio::select! {
        _ = run("sleep 600 & echo $! > pid; wait", directory.path(), LONG) => panic!("it ended"),
        process = number_in(&pid) => process,
    };
    is_gone(process).await;
}

/// S-06: what a wrapper leaves in the background goes with it.
#[tokio::test]
async fn what_a_program_leaves_behind_is_killed_when_it_ends() {
    let directory = TempDir::new().unwrap();
    let script = "sleep 600 > /dev/null 2>&1 & echo $! > pid";
    run(script, directory.path(), LONG).await.unwrap();
    is_gone(number_in(&directory.path().join("pid")).await).await;
}

#[tokio::test]
async fn there_is_no_input_and_no_environment() {
    let directory = TempDir::new().unwrap();
    // What the kernel was given; the shell adds to its own.
    let script = "cat; cat /proc/$$/environ";
    let limit = Instant::now() + LONG;
    let program = shell(script, directory.path()).variable("PATH", "/usr/bin:/bin");
    let finished = program.run(limit, LONG, MAX_OUTPUT_BYTES).await.unwrap();
    assert_eq!(finished.stdout, b"PATH=/usr/bin:/bin\0");
}

/// S-09: as much as it may hold, and not a byte more.
#[tokio::test]
async fn output_can_go_into_a_file() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("out");
    let run = async |script: &str, limit: u64| {
        let program = shell(script, directory.path()).stdout_into(File::create(&path).unwrap(), limit);
        program.run(Instant::now() + LONG, LONG, 0).await
    };
    assert_eq!(run("echo o", 2).await.unwrap().stdout, b"");
    assert_eq!(fs::read(&path).unwrap(), b"o\n");
    assert_eq!(run("echo o", 1).await.unwrap_err().to_string(), "printed more than 1 bytes");
    assert_eq!(run("yes", 100_000).await.unwrap_err().to_string(), "printed more than 100000 bytes");
    assert!(fs::metadata(&path).unwrap().len() <= 100_000);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn limits_are_the_systems_own() {
    let directory = TempDir::new().unwrap();
    // The shell waits for its input, so that the limits are there before it looks at them.
    let (stdin, mut go) = std::io::pipe().unwrap();
    let script = "read go; ulimit -d; ulimit -t; ulimit -f; ulimit -H -d; ulimit -c";
    let mut running = shell(script, directory.path())
        .stdin(stdin)
        .memory_bytes(64 * 1024 * 1024)
        .processor_time(Duration::from_secs(7))
        .file_bytes(100 * 512)
        .no_core_files()
        .start()
        .unwrap();
    std::io::Write::write_all(&mut go, b"go\n").unwrap();
    let stdout = read_bounded(running.take_stdout(), MAX_OUTPUT_BYTES).await.unwrap();
    assert_eq!(String::from_utf8(stdout).unwrap(), "65536\n7\n100\n65536\n0\n");
    assert!(running.wait().await.unwrap().success());
}

#[tokio::test]
async fn input_needs_no_file_and_one_output_keeps_the_order() {
    use tokio::io::AsyncReadExt;
    let directory = TempDir::new().unwrap();
    let program = shell("echo 1; echo 2 >&2; echo 3; cat >&2; exit 4", directory.path())
        .variable("PATH", "/usr/bin:/bin");
    let (mut running, mut output) = program.input(b"last\n").unwrap().start_with_one_output().unwrap();
    let mut text = String::new();
    output.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "1\n2\n3\nlast\n");
    assert_eq!(running.wait().await.unwrap().code(), Some(4));
}

/// Starts a script, and returns when it says that it is ready.
async fn ready(script: &str, directory: &Path) -> Running {
    let running = shell(script, directory).start().unwrap();
    number_in(&directory.join("ready")).await;
    running
}

const POLITE: [(StopSignal, Duration); 3] =
    [(StopSignal::Interrupt, LONG), (StopSignal::Terminate, LONG), (StopSignal::Kill, LONG)];

fn impatient() -> Vec<(StopSignal, Duration)> {
    POLITE.map(|(signal, _)| (signal, Duration::from_millis(300))).to_vec()
}

#[tokio::test]
async fn who_takes_the_first_hint_gets_no_other_signal() {
    let directory = TempDir::new().unwrap();
    // The shell ends at once and leaves a child, which takes its time to put things in order.
    let child = "trap 'sleep 0.3; echo order > order; exit' INT; trap 'echo bad > bad' TERM
        echo 1 > ready; while :; do sleep 0.05; done";
    let mut running = ready(&format!("sh -c \"{child}\"; true"), directory.path()).await;
    assert!(running.stop_by(&POLITE).await);
    assert_eq!(running.wait().await.unwrap().signal(), Some(2));
    assert!(directory.path().join("order").exists(), "it was waited for the group, not for its leader");
    assert!(!directory.path().join("bad").exists());
}

#[tokio::test]
async fn who_is_deaf_is_killed_in_the_end() {
    let directory = TempDir::new().unwrap();
    let script = "trap '' INT; trap 'echo heard > heard' TERM; echo 1 > ready; while :; do sleep 0.05; done";
    let mut running = ready(script, directory.path()).await;
    assert!(running.stop_by(&impatient()).await);
    assert_eq!(running.wait().await.unwrap().signal(), Some(9));
    assert!(directory.path().join("heard").exists());
}
