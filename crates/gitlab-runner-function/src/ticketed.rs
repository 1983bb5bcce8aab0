//! GitLab, with a ticket for each job.

use crate::tickets::{OpenTicket, Tickets};
use gitlab_runner::{Asked, Coordinator, Outcome, Reports, Stopper};
use gitlab_runner_protocol::client::Upload;
use gitlab_runner_protocol::job::{Dependency, Job};
use gitlab_runner_protocol::log::JobLog;
use runtask_state::DocumentStore;
use std::fs::File;
use tokio::time::Instant;

/// A coordinator whose jobs have tickets, if there is a table for them.
#[derive(Debug)]
pub struct Ticketed<'a, C, S> {
    /// Who hands out the jobs.
    pub coordinator: C,
    /// Where tickets are kept.
    pub tickets: Option<&'a Tickets<S>>,
}

/// The reports of a job that may have a ticket.
#[derive(Debug)]
pub struct TicketedReports<R> {
    reports: R,
    ticket: Option<OpenTicket>,
}

impl<C: Coordinator, S: DocumentStore + 'static> Coordinator for Ticketed<'_, C, S> {
    type Reports = TicketedReports<C::Reports>;

    async fn request(&self) -> Asked {
        self.coordinator.request().await
    }

    async fn begin(&self, job: &Job, log: &JobLog, debug_trace: bool) -> Self::Reports {
        let ticket = match self.tickets {
            Some(tickets) => tickets.open(job).await,
            None => None,
        };
        TicketedReports { reports: self.coordinator.begin(job, log, debug_trace).await, ticket }
    }

    async fn upload(&self, job: &Job, upload: Upload<'_>, end: Instant) -> Result<(), String> {
        self.coordinator.upload(job, upload, end).await
    }

    async fn download(
        &self,
        dependency: &Dependency,
        into: &File,
        attempts: u32,
        end: Instant,
    ) -> Result<(), String> {
        self.coordinator.download(dependency, into, attempts, end).await
    }
}

impl<R: Reports> Reports for TicketedReports<R> {
    fn is_wanted(&self) -> bool {
        self.reports.is_wanted()
    }

    fn listen(&self, stopper: &Stopper) -> impl Future<Output = ()> + Send {
        self.reports.listen(stopper)
    }

    async fn finish(self, outcome: Outcome, end: Instant) -> bool {
        if let Some(ticket) = &self.ticket {
            ticket.decide(outcome).await;
        }
        let is_delivered = self.reports.finish(outcome, end).await;
        if let Some(ticket) = self.ticket.filter(|_| !is_delivered) {
            ticket.leave().await;
        }
        is_delivered
    }
}
