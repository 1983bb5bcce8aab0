//! Describes what to simulate: the server, the run task that it calls, and the run.

use crate::fault::Fault;
use bytes::Bytes;
use runtask_protocol::{EnforcementLevel, Key, Stage};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use url::Url;

/// Where the simulator listens, and how others see it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address of the API. The archive's origin listens on the same address, on a port of its own. Loopback, a free
    /// port unless set.
    ///
    /// An unspecified address (`0.0.0.0`) is nobody's name: set `api_base` with it.
    pub bind: SocketAddr,
    /// Address of the archive's origin, for a run task whose allow-list must be known before; a free port unless set.
    pub archivist_bind: Option<SocketAddr>,
    /// How the run task reaches the API, when that is not the address it listens on: a tunnel, a container's view.
    ///
    /// Archives then come from below the same origin, as with Terraform Enterprise, unless `archivist_base` is set.
    pub api_base: Option<Url>,
    /// How the run task reaches the archive's origin, when that is not the address it listens on.
    pub archivist_base: Option<Url>,
}

impl Default for Options {
    fn default() -> Self {
        let bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { bind, archivist_bind: None, api_base: None, archivist_base: None }
    }
}

/// The run task that is called.
#[derive(Debug, Clone)]
pub struct Target {
    /// The URL that HCP Terraform would have stored.
    pub url: Url,
    /// The HMAC key. Without one, HCP Terraform sends an empty signature.
    pub key: Option<Key>,
}

/// Where the run's configuration comes from.
#[derive(Clone, Default)]
pub enum Configuration {
    /// There is none to download: the URL is null.
    #[default]
    None,
    /// A directory, packed as HCP Terraform's clients do, see [`crate::pack()`].
    Directory(PathBuf),
    /// An archive (tar.gz), served as it is.
    Archive(Bytes),
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Directory(path) => f.debug_tuple("Directory").field(path).finish(),
            Self::Archive(bytes) => write!(f, "Archive({} bytes)", bytes.len()),
        }
    }
}

/// HCP Terraform's time limits, or shorter ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// Between two progress updates.
    pub progress: Duration,
    /// From the answer to the request to the final result.
    pub total: Duration,
    /// The life of an access token, from the request or the last progress update.
    pub token: Duration,
    /// The life of a link to the plan.
    pub plan_link: Duration,
}

impl Timers {
    /// As published: 10 minutes, 60 minutes, 10 minutes, 1 minute.
    pub const HCP_TERRAFORM: Self = Self {
        progress: Duration::from_mins(10),
        total: Duration::from_mins(60),
        token: Duration::from_mins(10),
        plan_link: Duration::from_mins(1),
    };

    /// All limits shortened (or prolonged) alike, so that the whole task gets `total`.
    #[must_use]
    pub fn scaled(total: Duration) -> Self {
        let hcp = Self::HCP_TERRAFORM;
        let factor = total.as_secs_f64() / hcp.total.as_secs_f64();
        Self {
            progress: hcp.progress.mul_f64(factor),
            total,
            token: hcp.token.mul_f64(factor),
            plan_link: hcp.plan_link.mul_f64(factor),
        }
    }
}

impl Default for Timers {
    /// A person or a test waits a minute, not an hour; the other limits are HCP Terraform's.
    fn default() -> Self {
        Self { total: Duration::from_mins(1), ..Self::HCP_TERRAFORM }
    }
}

/// One run, and what goes wrong in it.
#[derive(Debug, Clone)]
pub struct RunSpec {
    /// When in the run the task is called.
    pub stage: Stage,
    /// What a failure does to the run.
    pub enforcement: EnforcementLevel,
    /// The organization's name.
    pub organization: String,
    /// The workspace's name.
    pub workspace: String,
    /// The workspace's working directory as typed into its settings; empty when it has none.
    pub working_directory: Option<String>,
    /// Whether the run is plan-only.
    pub speculative: bool,
    /// The run's message.
    pub run_message: String,
    /// When the run was created; now unless set.
    pub created_at: Option<SystemTime>,
    /// The configuration.
    pub configuration: Configuration,
    /// The plan as `terraform show -json` prints it; a plan without changes unless set. Not served in `pre_plan`.
    pub plan: Option<Bytes>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How long everything may take.
    pub timers: Timers,
    /// How long one delivery of the request may take. HCP Terraform's own limit is not published.
    pub post_timeout: Duration,
    /// How often the request is tried, and the pause before each further try. HCP Terraform's numbers are not published.
    pub attempts: u32,
    /// Pause between two tries.
    pub attempt_pause: Duration,
    /// How long to keep listening after the result is final, to see what should not come any more.
    pub linger: Duration,
    /// How long nothing must have come for the run task to have given up: after callbacks that were refused, after the
    /// run was canceled, or for an origin that it was not told to allow.
    pub patience: Duration,
    /// The pause between two pieces of a configuration that trickles.
    pub trickle: Duration,
    /// Leaves the verification probe out.
    pub skip_probe: bool,
}

impl Default for RunSpec {
    fn default() -> Self {
        Self {
            stage: Stage::PostPlan,
            enforcement: EnforcementLevel::Mandatory,
            organization: "simulated-organization".to_owned(),
            workspace: "simulated-workspace".to_owned(),
            working_directory: None,
            speculative: false,
            run_message: "Triggered by runtask simulate".to_owned(),
            created_at: None,
            configuration: Configuration::None,
            plan: None,
            faults: Vec::new(),
            timers: Timers::default(),
            post_timeout: Duration::from_secs(10),
            attempts: 3,
            attempt_pause: Duration::from_millis(500),
            linger: Duration::from_millis(300),
            patience: Duration::from_secs(10),
            trickle: Duration::from_millis(100),
            skip_probe: false,
        }
    }
}

impl RunSpec {
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_timers_keep_their_proportions() {
        let timers = Timers::scaled(Duration::from_secs(60));
        assert_eq!(timers.progress, Duration::from_secs(10));
        assert_eq!(timers.plan_link, Duration::from_secs(1));
    }
}
