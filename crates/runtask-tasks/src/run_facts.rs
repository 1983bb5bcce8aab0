//! Holds the facts of a run that are known before anything of it is fetched.

/// The facts of a run that HCP Terraform sends, in the order in which people ask for them. Others are `None`.
///
/// Names are those of the run task payload, without prefixes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFacts {
    /// The run's id.
    pub id: Option<String>,
    /// The organization's name.
    pub organization: Option<String>,
    /// The project's name; older versions of Terraform Enterprise do not send it.
    pub project: Option<String>,
    /// The workspace's name.
    pub workspace: Option<String>,
    /// The stage, as HCP Terraform writes it: `post_plan`.
    pub stage: Option<String>,
    /// Who started the run.
    pub created_by: Option<String>,
    /// What they said about it.
    pub message: Option<String>,
    /// The branch of the configuration.
    pub branch: Option<String>,
    /// Whether the run only plans and can never be applied.
    pub speculative: Option<bool>,
}

impl RunFacts {
    /// The names that policies and the command line have for them.
    pub const NAMES: [&str; 9] = [
        "id",
        "organization",
        "project",
        "workspace",
        "stage",
        "created_by",
        "message",
        "branch",
        "speculative",
    ];
}
