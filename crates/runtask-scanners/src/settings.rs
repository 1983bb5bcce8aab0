//! Holds the settings of the check `scanner`: each `[[tasks.NAME.scanner]]`. Reads none: see `read_settings.rs`.

use crate::grade::Thresholds;
use crate::profile::{Profile, Reader};
use std::path::PathBuf;
use std::time::Duration;

/// `[[tasks.NAME.scanner]]`: a scanner of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannerSettings {
    /// `name`: what it is called in reports; its profile's name unless set.
    pub name: String,
    /// `profile`: all that is shipped about it; nothing for one of somebody's own, `sarif`.
    pub profile: Option<&'static Profile>,
    /// `input`: what it scans.
    pub input: Input,
    /// `program`: a name, or a path that is relative to the file; the profile's unless set.
    pub program: String,
    /// `arguments`: added to the profile's, or all there are.
    pub arguments: Vec<String>,
    /// `output`: of one of somebody's own, the file below `{output}` with its report.
    pub output: Option<String>,
    /// `reader`: the same, what the report is.
    pub reader: Reader,
    /// `exit_codes`: the same, those with which it has scanned; 0 unless set.
    pub exit_codes: Vec<i32>,
    /// `config`: its settings or rules; relative to the file.
    pub config: Option<PathBuf>,
    /// `fail_on` and `unknown`.
    pub thresholds: Thresholds,
    /// `timeout_ms`: how long it may run; 120 seconds unless set.
    pub time_limit: Duration,
    /// `memory_bytes`: how much memory each of its processes may have; 4 GiB unless set.
    pub memory_bytes: u64,
    /// `skip`: rules that do not count.
    pub skip: Vec<String>,
    /// `honor_suppressions`: whether comments in the code may silence it; so unless set.
    pub honor_suppressions: bool,
    /// `trust_tree_settings`: whether it gets its own settings files of the configuration; not unless set.
    pub trust_tree_settings: bool,
    /// `environment`: names of variables that it gets from our environment, besides the profile's.
    pub environment: Vec<String>,
}

/// What a scanner scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The run's configuration.
    Configuration,
    /// The run's plan, without what it marks as sensitive.
    Plan,
}
