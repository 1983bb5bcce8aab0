//! HTTP to a GitLab instance.
//!
//! A runner's token and a job's are never in one call, never in a URL, and go to the instance's own address and nowhere
//! else. Redirects are followed by hand, where GitLab makes some.
//!
//! Source: GitLab Runner, `network/gitlab.go`; GitLab, `lib/api/ci/runner.rb`.

mod backoff;
mod call;
mod download;
mod error;
mod http;
mod job_client;
mod registration;
mod request_job;
mod upload;

pub use backoff::Backoff;
pub use error::CallError;
pub use http::{Client, ClientError, ClientSettings};
pub use job_client::{JobClient, Wish};
pub use registration::{NewRunner, Owner, Registered};
pub use request_job::Polled;
pub use upload::Upload;

pub(crate) use call::request_id;
pub(crate) use job_client::{Ending, Finished, Heard, Patched};
