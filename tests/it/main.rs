//! Tests flows through real processes.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may end a test")]

mod approvals;
mod browser;
mod cargo_lambda;
mod claims;
mod demo_runner;
mod deploy;
mod dialect;
mod documents;
mod events;
mod faults;
mod files;
mod gitlab;
mod lambda_double;
mod metrics;
mod pair;
mod reports;
mod request_handler;
mod run;
mod secrets;
mod shutdown;
mod terraform_schema;
mod traces;
