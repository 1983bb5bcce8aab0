//! Logs: on stderr, for people or for programs.

use crate::arguments::{Arguments, Color, Command, LogFormat};
use crate::output;
use std::io;
use tracing_subscriber::EnvFilter;

/// Starts logging as the command line says.
pub(crate) fn start(arguments: &Arguments) {
    let usual = if matches!(arguments.command, Command::Serve(_)) { "info" } else { "error" };
    let filter = arguments.log.as_deref().unwrap_or(usual);
    let filter = EnvFilter::builder().parse_lossy(filter);
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    match arguments.log_format {
        LogFormat::Json => logs.json().flatten_event(true).init(),
        LogFormat::Text => logs.with_ansi(colored(arguments.color)).init(),
    }
}

fn colored(color: Color) -> bool {
    output::colored(color, &io::stderr())
}
