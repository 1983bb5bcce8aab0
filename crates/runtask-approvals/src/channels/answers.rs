//! Says what the answer of a channel means for trying again.

use crate::message::Answer;
use crate::outbound::OutboundError;
use http::StatusCode;
use std::time::Duration;

/// A message that was not sent, because the channel has had enough for the moment.
pub(super) fn waits(pause: Duration) -> Answer {
    Answer::Again { after_s: Some(pause.as_secs()), maybe_taken: false }
}

/// No answer: the message may have arrived, unless there was no connection.
pub(super) fn unanswered(error: &OutboundError) -> Answer {
    let unconnected = matches!(error, OutboundError::Transport(it) if it.is_connect());
    Answer::Again { after_s: None, maybe_taken: !unconnected }
}

/// What a status other than a success means.
pub(super) fn refused(status: StatusCode, retry_after: Option<Duration>) -> Answer {
    let after_s = retry_after.map(|it| it.as_secs());
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            Answer::Again { after_s, maybe_taken: false }
        }
        it if it.is_server_error() => Answer::Again { after_s, maybe_taken: true },
        _ => Answer::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again_and_the_rest_is_not() {
        let check = |status: u16, seconds: Option<u64>| {
            refused(StatusCode::from_u16(status).unwrap(), seconds.map(Duration::from_secs))
        };
        assert_eq!(check(429, Some(7)), Answer::Again { after_s: Some(7), maybe_taken: false });
        assert_eq!(check(429, None), Answer::Again { after_s: None, maybe_taken: false });
        assert_eq!(check(503, Some(9)), Answer::Again { after_s: Some(9), maybe_taken: true });
        assert_eq!(check(502, None), Answer::Again { after_s: None, maybe_taken: true });
        for status in [301, 400, 401, 403, 404, 413] {
            assert_eq!(check(status, None), Answer::Refused, "{status}");
        }
    }
}
