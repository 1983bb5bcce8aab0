//! Finds what a program needs that is not ours: the program itself, and variables of our environment.

use runtask_findings::printable;
use runtask_process::{find_program, is_program};
use runtask_settings::SettingsReader;
use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// The program of `name`: a name, or a path that is relative to `directory`. Where it is not there, a sentence that says so.
pub(crate) fn find(
    name: &str,
    program: &str,
    directory: &Path,
    settings: &SettingsReader<'_>,
) -> Result<PathBuf, String> {
    let found = if program.contains('/') {
        let path = directory.join(program);
        Some(std::path::absolute(&path).unwrap_or(path)).filter(|it| is_program(it))
    } else {
        find_program(program, &settings.text("PATH").unwrap_or_default())
    };
    found.ok_or_else(|| {
        let (name, program) = (printable(name), printable(program));
        format!("{name} cannot run: there is no program {program} on PATH or in /opt/bin; install it, or set `program`")
    })
}

/// The variables of these names, as far as they are set.
pub(crate) fn environment<'a>(
    names: impl Iterator<Item = &'a str>,
    settings: &SettingsReader<'_>,
) -> Vec<(String, SecretString)> {
    names.filter_map(|name| Some((name.to_owned(), SecretString::from(settings.text(name)?)))).collect()
}
