//! The options that every command has.

use crate::logging::LogFormat;
use crate::output::Color;
use clap::Args;
use tracing::level_filters::LevelFilter;

/// Where help lists them: below the command's own.
const EVERY_COMMAND: &str = "Options of every command";

/// The options that every command has.
#[derive(Debug, Args)]
pub struct CommonOptions {
    /// Print the result as JSON, for programs
    #[arg(long, global = true, help_heading = EVERY_COMMAND)]
    pub json: bool,

    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = EVERY_COMMAND)]
    pub color: Color,

    /// What to log on stderr: off, error, warn, info, debug, trace
    ///
    /// `serve` and `runner run` log info unless told otherwise, the other commands error.
    #[arg(long, global = true, env = "RUNTASK_LOG", value_name = "LEVEL", help_heading = EVERY_COMMAND)]
    pub log: Option<LevelFilter>,

    /// How to log: lines for people, or one JSON object a line
    #[arg(
        long,
        global = true,
        env = "RUNTASK_LOG_FORMAT",
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        help_heading = EVERY_COMMAND
    )]
    pub log_format: LogFormat,
}
