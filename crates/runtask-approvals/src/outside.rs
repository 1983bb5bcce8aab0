//! Says what an approval needs of the world to send its messages.

use crate::approval::Approval;
use crate::message::{Answer, Channel};
use runtask_protocol::{AccessToken, DetailsUrl, TaskResult};
use std::future::Future;
use std::time::Duration;

/// Sends messages: one try each, and says what came of it. Trying again is for whoever asked.
pub trait Outside: Send + Sync {
    /// Where people answer; `None` where there is no such page.
    fn page(&self, approval: &Approval) -> Option<DetailsUrl>;

    /// Tells HCP Terraform.
    fn report(&self, report: Report<'_>) -> impl Future<Output = Answer> + Send;

    /// Tells a channel.
    fn post(
        &self,
        approval: &Approval,
        channel: &Channel,
        post: Post<'_>,
    ) -> impl Future<Output = Answer> + Send;
}

/// A result for HCP Terraform.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// Where it goes.
    pub callback_url: &'a str,
    /// What it is sent with.
    pub token: &'a AccessToken,
    /// What it says.
    pub result: &'a TaskResult,
    /// How long it may take.
    pub time: Duration,
}

/// What a channel is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Post<'a> {
    /// The question.
    Question,
    /// How it ended.
    Ending {
        /// What the channel calls the question, if it said so.
        question: Option<&'a str>,
    },
}
