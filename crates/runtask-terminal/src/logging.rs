//! Starts logging: on stderr, for people or for programs.

use crate::output::{Color, colored};
use clap::ValueEnum;
use runtask_log::Format;
use std::io;
use tracing::level_filters::LevelFilter;

/// How to log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "help would show it")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// Starts logging as the command line says.
pub fn start(level: LevelFilter, format: LogFormat, color: Color) {
    let format = match format {
        LogFormat::Json => Format::Json,
        LogFormat::Text => Format::Text { color: colored(color, &io::stderr()), time: true },
    };
    runtask_log::start(level, format, io::stderr);
}
