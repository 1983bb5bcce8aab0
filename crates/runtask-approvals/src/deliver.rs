//! Sends results to HCP Terraform.

use crate::message::Answer;
use crate::outside::Report;
use runtask_client::{CallbackError, Client, Delivery, StatusCode};
use runtask_log::Chain;
use tokio::time::Instant;

/// Sends one result with the client of HCP Terraform, which tries again while there is time.
pub async fn deliver(client: &Client, report: Report<'_>) -> Answer {
    let Report { callback_url, token, result, time } = report;
    let deadline = Instant::now() + time;
    let delivered = async {
        let url = client.admit_callback(callback_url)?;
        client.deliver(&url, token, result, deadline, std::future::pending()).await
    };
    match delivered.await {
        Ok(Delivery::Accepted) => Answer::Taken { reference: None },
        Ok(Delivery::Over(_)) => Answer::Over,
        Err(CallbackError::Unbelieved { .. }) => Answer::TokenRefused,
        Err(
            CallbackError::Refused { status: StatusCode::NOT_FOUND, .. }
            | CallbackError::Late { not_found: true, .. },
        ) => Answer::NotFound,
        Err(CallbackError::Late { may_be_taken, .. }) => {
            Answer::Again { after_s: None, maybe_taken: may_be_taken }
        }
        Err(error) => {
            tracing::warn!("HCP Terraform was not told: {}", Chain(&error));
            Answer::Refused
        }
    }
}
