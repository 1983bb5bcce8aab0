#![doc = include_str!("../README.md")]

mod answer;
mod callback;
mod delivery;
mod fault;
#[cfg(test)]
mod flow_tests;
mod hostile;
mod ignore_rules;
mod interference;
mod judgement;
mod limits;
mod organization;
mod pack;
mod random;
mod receivers;
mod record;
pub mod render;
mod reply;
mod request;
mod series;
mod server;
mod simulator;
mod spec;
pub mod stand_ins;
mod tarball;
mod task;

pub use fault::{Fault, UnknownFault};
pub use organization::{Organization, RunTask, Scope, SimulatedOrganization, Workspace};
pub use pack::{pack, pack_to};
pub use receivers::{PlannedAnswer, Received, Receivers};
pub use record::{
    Callback, Conduct, Delivery, Event, Judgement, Label, Outcome, Protocol, Record, Status, TaskResult,
    Verdict, What,
};
pub use simulator::{PreparedRun, Simulator};
pub use spec::{Configuration, Options, RunSpec, Target, Timers};
