#![doc = include_str!("../README.md")]

mod abandoned;
mod answer;
mod aws_cloud;
mod credentials;
mod event;
pub mod lambda;
mod logs;
mod opened;
mod runner;
mod s3_uri;
mod secret;
mod settings;
mod ticket;
mod ticketed;
mod tickets;
mod undertaking;
mod verify;

pub use abandoned::{Ended, Undertaker};
pub use aws_cloud::{AwsClients, AwsCloud};
pub use event::{Event, EventError, Platform};
pub use logs::MaskedStdout;
pub use runner::{Invocation, Parts, Runner, RunnerError};
pub use s3_uri::{BadS3Uri, S3Uri};
pub use secret::{BadSecret, Secret};
pub use settings::{CredentialsOn, GitLabSettings, RunnerSettings};
pub use ticket::{BadTicket, Ticket, TicketSeal};
pub use ticketed::{Ticketed, TicketedReports};
pub use tickets::{OpenTicket, Tickets};
pub use undertaking::{NotUndertaken, undertake};
pub use verify::{Verified, verify};
