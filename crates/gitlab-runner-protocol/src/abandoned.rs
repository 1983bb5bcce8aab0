//! Ends a job whose runner has died, in its name: else GitLab shows it as running for most of an hour.

use crate::client::JobClient;
use crate::conversation::Conversation;
use crate::final_state::{Delivery, DeliveryError, FinalState};
use crate::log::{JobLog, LogSettings, Stream};
use jiff::Timestamp;
use tokio::time::Instant;

impl JobClient {
    /// Writes `text` behind what the job's log has, wherever that ends, and says how the job ended. `failure_reasons` are
    /// those that its instance knows; none where that is not known any more.
    ///
    /// # Errors
    ///
    /// When GitLab has not got the state until `deadline`.
    pub async fn end_abandoned(
        self,
        text: &str,
        state: FinalState,
        failure_reasons: &[String],
        deadline: Instant,
    ) -> Result<Delivery, DeliveryError> {
        let log = JobLog::new(LogSettings::default());
        let no_stamps = Timestamp::UNIX_EPOCH;
        log.write(Stream::Runner, no_stamps, text.as_bytes());
        log.flush(no_stamps);
        Conversation::taken_over(self, log).finish(state, failure_reasons, deadline).await
    }
}
