//! Holds the settings of the check `policy`: `[tasks.NAME.policy]`. Reads none: see `read_settings.rs`.

use runtask_settings::numbers::RULE_TIME_LIMIT;
use runtask_sources::Source;
use runtask_tasks::{AddressPattern, Date};
use std::path::PathBuf;
use std::time::Duration;

/// `[tasks.NAME.policy]`: which rules a task asks, and about what they are silent.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicySettings {
    /// `paths`: where the rules are, at least one, each once.
    pub paths: Vec<PolicyPath>,
    /// `data`: files, directories and sources whose content is `data` for the rules.
    pub data: Vec<DataPath>,
    /// `namespaces`: the packages whose rules are asked; every package unless set.
    pub namespaces: Option<Vec<String>>,
    /// `unknown`: what follows where a rule depends on what is known only after apply.
    pub unknown: Unknown,
    /// `params`: an object, what the rules see as `data.params`.
    pub params: serde_json::Value,
    /// `exceptions`, in the order of the file.
    pub exceptions: Vec<Exception>,
    /// `time_limit_ms`: how long one rule may take; 10 seconds unless set.
    pub time_limit: Duration,
}

impl PolicySettings {
    /// How long one rule may take unless the file says otherwise.
    pub const TIME_LIMIT: Duration = RULE_TIME_LIMIT.default_time();

    /// What is fetched from elsewhere, in the order of the file; some perhaps twice.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        let of_paths = self.paths.iter().filter_map(|it| match it {
            PolicyPath::Shared(source) => Some(source),
            PolicyPath::Builtin(_) | PolicyPath::Path(_) => None,
        });
        let of_data = self.data.iter().filter_map(|it| match it {
            DataPath::Shared(source) => Some(source),
            DataPath::Path(_) => None,
        });
        of_paths.chain(of_data)
    }
}

/// Where rules are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyPath {
    /// A rule that is shipped, by its name; `builtin:all` has become one for each of them.
    Builtin(String),
    /// A Rego file or a directory of them; relative to the file that names it.
    Path(PathBuf),
    /// What is fetched from elsewhere.
    Shared(Source),
}

/// Where data for rules is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataPath {
    /// A file or a directory; relative to the file that names it.
    Path(PathBuf),
    /// What is fetched from elsewhere.
    Shared(Source),
}

/// The result of a rule that cannot tell, because a value is known only after apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unknown {
    /// As if the rule had found nothing.
    Pass,
    /// A warning; what is meant when nothing is said.
    #[default]
    Warn,
    /// As if the rule had been broken.
    Fail,
    /// Such a value is absent, as it is to conftest, and nothing more is said of it.
    Absent,
}

impl Unknown {
    pub(crate) const ALL: [Self; 4] = [Self::Pass, Self::Warn, Self::Fail, Self::Absent];

    /// The word in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Absent => "absent",
        }
    }
}

/// Something that a rule objects to and somebody allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The rule's code, such as `public-s3-bucket`.
    pub rule: String,
    /// The resources.
    pub address: AddressPattern,
    /// Why it is allowed; never empty.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day on which it holds.
    pub expires: Option<Date>,
    /// Whether that day is over. An expired exception excuses nothing; it stays in the list to be talked about.
    pub expired: bool,
    /// Where it starts in the file, counted from 1.
    pub line: u32,
}
