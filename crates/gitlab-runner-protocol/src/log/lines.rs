//! The texts of a log in the form that GitLab's users know: colours, titles, sections.
//!
//! Source: GitLab Runner, `common/buildlogger` and `helpers/ansi`; GitLab, "Job logs", on sections.

/// A notice of the runner, in green: how a job ended well.
#[must_use]
pub fn notice(text: &str) -> String {
    format!("\x1b[32;1m{text}\x1b[0;m\n")
}

/// A plain line of the runner.
#[must_use]
pub fn plain(text: &str) -> String {
    format!("\x1b[0K{text}\x1b[0;m\n")
}

/// A warning, in yellow.
#[must_use]
pub fn warning(text: &str) -> String {
    format!("\x1b[0;33mWARNING: {text}\x1b[0;m\n")
}

/// An error, in red.
#[must_use]
pub fn error(text: &str) -> String {
    format!("\x1b[31;1mERROR: {text}\x1b[0;m\n")
}

/// The title of a stage, in cyan; it stands directly after the marker of its section.
#[must_use]
pub fn title(text: &str) -> String {
    format!("\x1b[0K\x1b[36;1m{text}\x1b[0;m\n")
}

/// The marker with which a section begins, at `seconds` since 1970. A name may carry options: `name[collapsed=true]`.
#[must_use]
pub fn section_start(seconds: i64, name: &str) -> String {
    format!("section_start:{seconds}:{name}\r\x1b[0K")
}

/// The marker with which it ends.
#[must_use]
pub fn section_end(seconds: i64, name: &str) -> String {
    format!("section_end:{seconds}:{name}\r\x1b[0K")
}
