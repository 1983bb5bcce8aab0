#![doc = include_str!("../README.md")]

mod artifacts;
mod call;
mod dotenv;
mod fault;
mod git;
mod handed_out;
mod hook;
mod instance;
mod job;
mod job_spec;
mod json;
mod manners;
mod pipeline;
mod plan_report;
mod runner;
mod secrets;
mod server;
mod simulator;
mod state;
mod terraform_state;
mod trace;
mod view;

pub use fault::{Fault, Injection, UnknownFault};
pub use git::RepositoryError;
pub use hook::{Delivery, HookAnswer, HookSecret};
pub use instance::Received;
pub use job::{FinalState, Status, StoredArtifact};
pub use job_spec::JobSpec;
pub use pipeline::{Pipeline, PipelineError, PipelineJob};
pub use plan_report::{PlanCounts, PlanReportError};
pub use simulator::{JobReport, Simulator, SimulatorSettings};
pub use terraform_state::{LockEvent, LockKind};
pub use view::View;
