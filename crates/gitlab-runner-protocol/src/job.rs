//! A job as GitLab hands it out: the answer 201 to `POST /jobs/request`.
//!
//! Everything is optional there, and `null` may stand for any list or object. What cannot be read is left out and named in
//! [`Job::unread`]; only a job without id or token cannot be used at all.
//!
//! Source: GitLab, `lib/api/entities/ci/job_request/*` and `app/presenters/ci/build_runner_presenter.rb`.

mod artifact;
mod cache;
mod dependency;
mod features;
mod git_info;
mod job_info;
mod lenient;
mod parse;
mod runner_info;
mod step;
mod variable;

pub use artifact::{Artifact, ArtifactFormat};
pub use cache::{Cache, CachePolicy};
pub use dependency::{ArtifactsFile, Credential, Dependency};
pub use features::JobFeatures;
pub use git_info::{GitInfo, RefType};
pub use job_info::JobInfo;
pub use parse::{BrokenJob, Job};
pub use runner_info::RunnerInfo;
pub use step::{Hook, Step, When};
pub use variable::Variable;
