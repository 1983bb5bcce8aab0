//! Who watches a function on this machine: a file that is locked for as long, with the number of the process in it.

use anyhow::{Context, bail, ensure};
use runtask_terminal::environment::lookup;
use rustix::fs::{CWD, FlockOperation, Mode, OFlags, flock, fstat, openat};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, getuid, kill_process};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::PathBuf;

/// Digits of the longest number of a process, and more.
const LONGEST: u64 = 32;

/// Says that this process watches `function`, for as long as the file is kept open.
pub(crate) fn begin(function: &str) -> anyhow::Result<File> {
    let mut file =
        open(function, OFlags::CREATE)?.context("the file that says who watches cannot be made")?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            bail!("{function} is watched on this machine already; `runtask runner stop {function}` ends that")
        }
        Err(error) => return Err(error).context("the file that says who watches cannot be locked"),
    }
    file.set_len(0)?;
    file.write_all(std::process::id().to_string().as_bytes())?;
    Ok(file)
}

/// Ends whoever watches `function`, and waits until it has ended; `false` where nobody does.
pub(crate) fn end(function: &str) -> anyhow::Result<bool> {
    let Some(mut file) = open(function, OFlags::empty())? else { return Ok(false) };
    if flock(&file, FlockOperation::NonBlockingLockShared).is_ok() {
        return Ok(false);
    }
    let mut text = String::new();
    file.rewind()?;
    (&file).take(LONGEST).read_to_string(&mut text)?;
    // Whoever has just begun has not written it yet.
    let process =
        text.parse().ok().and_then(Pid::from_raw).context("who watches has only begun; try again")?;
    kill_process(process, Signal::TERM).context("who watches cannot be told")?;
    flock(&file, FlockOperation::LockShared)?;
    Ok(true)
}

/// The file for a function; nothing where there is none.
fn open(function: &str, more: OFlags) -> anyhow::Result<Option<File>> {
    let path = path(function);
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | more;
    match openat(CWD, &path, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => {
            // The directory may be everybody's.
            ensure!(fstat(&file)?.st_uid == getuid().as_raw(), "{} is somebody else's", path.display());
            Ok(Some(file.into()))
        }
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be opened", path.display())),
    }
}

fn path(function: &str) -> PathBuf {
    let set = lookup("XDG_RUNTIME_DIR").filter(|it| !it.is_empty());
    let directory = set.map_or_else(std::env::temp_dir, PathBuf::from);
    let name: String =
        function.chars().map(|it| if it.is_ascii_alphanumeric() || it == '-' { it } else { '_' }).collect();
    directory.join(format!("runtask-runner-{}-{name}.watch", getuid().as_raw()))
}
