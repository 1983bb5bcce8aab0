//! Measures formatting without terraform: the formatter alone, `runtask fmt`, and jobs of the callback handler.

use crate::callback_handler::{job, settings};
use crate::figures::{Pair, Row, Samples, Verdict, mebibytes, milliseconds, ratio, times};
use crate::function::Function;
use crate::programs::Programs;
use crate::{Counts, archives, commands, progress};
use anyhow::ensure;
use bytes::Bytes;
use runtask_simulator::{Options, Simulator};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use terraform_fmt::Formatter;

/// Files of everything that is compared, each of about 4 KB.
const FILES: usize = 1000;
/// Bytes a second, on one processor.
const RATE: f64 = 150e6;
/// Arguments of files by which growth is judged, and how much longer a byte may take than in the file before.
const ARGUMENTS: [usize; 3] = [2_000, 8_000, 32_000];
const LINEAR: f64 = 1.2;
/// How many times as fast as terraform, on many files and on one.
const FASTER: [(usize, f64); 2] = [(FILES, 40.0), (1, 15.0)];
/// How many times `tar xzf` a job may take.
const UNPACKING: f64 = 1.0;
/// What a job with ten files may take more than one that checks nothing.
const FEW_FILES: Duration = Duration::from_millis(5);
/// Files of the job whose memory is measured, and how much it may have.
const MANY_FILES: usize = 5000;
const MEMORY: u64 = 40 << 20;
/// A memory file system, where there is one.
const MEMORY_FILE_SYSTEM: &str = "/dev/shm";

pub(crate) async fn measure(programs: &Programs, counts: &Counts) -> anyhow::Result<Vec<Row>> {
    let mut rows = vec![alone(counts)?, growth(counts)?];
    for (files, faster) in FASTER {
        rows.push(command(programs, counts, files, faster)?);
    }
    let simulator = Simulator::start(Options::default()).await?;
    let mut env = settings(programs, &simulator);
    env.retain(|(name, _)| *name != "RUNTASK_TERRAFORM");
    env.push(("RUNTASK_FMT_ENGINE", "native".to_owned()));
    rows.push(many(programs, counts, &simulator, &env).await?);
    rows.push(few(programs, counts, &simulator, &env).await?);
    rows.push(memory(programs, &simulator, &env).await?);
    Ok(rows)
}

/// The shortest of so many times that `work` takes: what computes alone is disturbed upwards only.
fn shortest(times: usize, mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let mut shortest = Duration::MAX;
    for _ in 0..=times {
        let started = Instant::now();
        work()?;
        shortest = shortest.min(started.elapsed());
    }
    Ok(shortest)
}

fn alone(counts: &Counts) -> anyhow::Result<Row> {
    progress("fmt: files in memory");
    let files: Vec<String> = (0..FILES).map(archives::large_file).collect();
    let bytes: usize = files.iter().map(String::len).sum();
    let mut formatter = Formatter::default();
    let took = shortest(counts.unpackings, || {
        for file in &files {
            ensure!(formatter.format(file.as_bytes())?.is_unchanged(), "the files are formatted");
        }
        Ok(())
    })?;
    #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
    let rate = bytes as f64 / took.as_secs_f64();
    Ok(Row {
        what: format!("formatter alone: {FILES} files in memory, one processor"),
        ratio: "–".to_owned(),
        must: format!("≥ {:.0} MB/s", RATE / 1e6),
        verdict: Verdict::of(rate >= RATE),
        ours: format!("{:.0} MB/s: {:.1} MB in {}", rate / 1e6, bytes as f64 / 1e6, milliseconds(took)),
        floor: "–".to_owned(),
    })
}

fn growth(counts: &Counts) -> anyhow::Result<Row> {
    progress("fmt: files of many arguments");
    let mut formatter = Formatter::default();
    let mut nanoseconds = Vec::new();
    for arguments in ARGUMENTS {
        let text: String = (0..arguments).map(|it| format!("argument_{it:05} = \"value {it}\"\n")).collect();
        let took = shortest(counts.unpackings * 5, || {
            ensure!(formatter.format(text.as_bytes())?.is_unchanged(), "the file is formatted");
            Ok(())
        })?;
        #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
        nanoseconds.push(took.as_secs_f64() * 1e9 / text.len() as f64);
    }
    let steps: Vec<f64> = nanoseconds.windows(2).filter_map(|it| Some(it.get(1)? / it.first()?)).collect();
    let shown =
        |of: &[f64], unit: &str| of.iter().map(|it| format!("{it:.2}{unit}")).collect::<Vec<_>>().join(", ");
    let arguments = ARGUMENTS.map(|it| it.to_string()).join(", ");
    Ok(Row {
        what: format!("formatter alone: one file of {arguments} arguments, per byte"),
        ratio: shown(&steps, " ×"),
        must: format!("each ≤ {LINEAR} × the one before"),
        verdict: Verdict::of(steps.iter().all(|it| *it <= LINEAR)),
        ours: shown(&nanoseconds, " ns"),
        floor: "–".to_owned(),
    })
}

/// The command beside terraform, on files that are formatted.
fn command(programs: &Programs, counts: &Counts, files: usize, faster: f64) -> anyhow::Result<Row> {
    progress(&format!("fmt: the command beside terraform, {files} files"));
    let directory = tempfile::tempdir()?;
    unpacked(files, directory.path())?;
    let mut pair = Pair::default();
    for round in 0..=counts.checks {
        let mut terraform = Command::new(&programs.terraform);
        terraform.env_clear().env("CHECKPOINT_DISABLE", "1").env("TF_CLI_CONFIG_FILE", "/dev/null");
        terraform.args(["fmt", "-check", "-recursive"]).current_dir(directory.path());
        let theirs = commands::timed(&mut terraform)?;
        let mut runtask = Command::new(&programs.runtask);
        runtask.env_clear().args(["fmt", "-check", "-recursive"]).current_dir(directory.path());
        let ours = commands::timed(&mut runtask)?;
        if round > 0 {
            pair.floor.push(theirs);
            pair.ours.push(ours);
        }
    }
    let (ours, theirs) = (pair.ours.median(), pair.floor.median());
    let times_faster = ratio(theirs, ours);
    let noun = if files == 1 { "file" } else { "files" };
    Ok(Row {
        what: format!("`runtask fmt -check -recursive`, {files} {noun}, whole process"),
        ratio: format!("1 / {times_faster:.0}"),
        must: format!("≥ {faster:.0} × as fast"),
        verdict: Verdict::of(times_faster >= faster),
        ours: milliseconds(ours),
        floor: format!("terraform fmt: {}", milliseconds(theirs)),
    })
}

/// A job with many files, beside `tar` alone.
async fn many(
    programs: &Programs,
    counts: &Counts,
    simulator: &Simulator,
    env: &[(&'static str, String)],
) -> anyhow::Result<Row> {
    progress("fmt: jobs beside tar");
    let archive = Bytes::from(archives::large_configuration(FILES)?);
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), &archive)?;
    let (mut function, _) = Function::start(&programs.callback_handler, env).await?;
    let mut pair = Pair::default();
    for round in 0..=counts.starts {
        let directory = in_memory()?;
        let floor = commands::timed(&mut commands::tar(file.path(), directory.path()))?;
        drop(directory);
        let ours = job(simulator, &mut function, &archive).await?;
        if round > 0 {
            pair.floor.push(floor);
            pair.ours.push(ours);
        }
    }
    Ok(Row {
        what: format!("callback handler, native: event to final result, {FILES} files"),
        ratio: times(pair.ratio()),
        must: format!("≤ {UNPACKING:.1} ×"),
        verdict: Verdict::of(pair.ratio() <= UNPACKING),
        ours: milliseconds(pair.ours.median()),
        floor: format!("tar xzf, to memory: {}", milliseconds(pair.floor.median())),
    })
}

/// A job with few files, beside one that looks at nothing.
async fn few(
    programs: &Programs,
    counts: &Counts,
    simulator: &Simulator,
    env: &[(&'static str, String)],
) -> anyhow::Result<Row> {
    progress("fmt: jobs with ten files");
    let directory = tempfile::tempdir()?;
    let tasks = directory.path().join("runtask.toml");
    std::fs::write(&tasks, "[tasks.default]\nchecks = [\"fmt\"]\nstages = [\"post_apply\"]\n")?;
    let nothing = [env, &[("RUNTASK_CONFIG", tasks.display().to_string())]].concat();
    let archive = Bytes::from(archives::large_configuration(10)?);
    let (mut function, _) = Function::start(&programs.callback_handler, env).await?;
    let (mut idle, _) = Function::start(&programs.callback_handler, &nothing).await?;
    let (mut ours, mut floor) = (Samples::default(), Samples::default());
    for round in 0..=counts.starts {
        let took =
            (job(simulator, &mut function, &archive).await?, job(simulator, &mut idle, &archive).await?);
        if round > 0 {
            ours.push(took.0);
            floor.push(took.1);
        }
    }
    let more = ours.median().saturating_sub(floor.median());
    Ok(Row {
        what: "callback handler, native: event to final result, 10 files".to_owned(),
        ratio: format!("+ {}", milliseconds(more)),
        must: format!("≤ + {} ms", FEW_FILES.as_millis()),
        verdict: Verdict::of(more <= FEW_FILES),
        ours: milliseconds(ours.median()),
        floor: format!("a job that checks nothing: {}", milliseconds(floor.median())),
    })
}

async fn memory(
    programs: &Programs,
    simulator: &Simulator,
    env: &[(&'static str, String)],
) -> anyhow::Result<Row> {
    progress("fmt: memory");
    let archive = Bytes::from(archives::large_configuration(MANY_FILES)?);
    let (mut function, _) = Function::start(&programs.callback_handler, env).await?;
    job(simulator, &mut function, &archive).await?;
    let memory = function.peak_memory()?;
    Ok(Row {
        what: format!("callback handler, native: peak memory, {MANY_FILES} files"),
        ratio: "–".to_owned(),
        must: format!("≤ {}", mebibytes(MEMORY)),
        verdict: Verdict::of(memory <= MEMORY),
        ours: mebibytes(memory),
        floor: "–".to_owned(),
    })
}

/// A directory in memory, or else on disk.
fn in_memory() -> anyhow::Result<TempDir> {
    let memory = Path::new(MEMORY_FILE_SYSTEM);
    Ok(if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? })
}

fn unpacked(files: usize, directory: &Path) -> anyhow::Result<()> {
    let archive = tempfile::NamedTempFile::new()?;
    std::fs::write(archive.path(), archives::large_configuration(files)?)?;
    commands::timed(&mut commands::tar(archive.path(), directory))?;
    Ok(())
}
