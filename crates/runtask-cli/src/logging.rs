//! Logs: on stderr, for people or for programs.

use crate::arguments::{Arguments, Command, LogFormat};
use crate::output;
use runtask_log::Format;
use std::io;
use tracing::level_filters::LevelFilter;

/// Starts logging as the command line says.
pub(crate) fn start(arguments: &Arguments) {
    let usual =
        if matches!(arguments.command, Command::Serve(_)) { LevelFilter::INFO } else { LevelFilter::ERROR };
    let color = output::colored(arguments.color, &io::stderr());
    let format = match arguments.log_format {
        LogFormat::Json => Format::Json,
        LogFormat::Text => Format::Text { color, time: true },
    };
    runtask_log::start(arguments.log.unwrap_or(usual), format, io::stderr);
}
