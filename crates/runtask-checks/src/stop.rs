//! Tells checks that their time is up, so that they report what they have found by then.

use tokio::sync::watch;

/// Asks checks to stop.
#[derive(Debug)]
pub struct Stopper(watch::Sender<Option<&'static str>>);

/// Says when a check has to stop.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<Option<&'static str>>);

impl Stopper {
    /// One who asks, and those who are asked.
    #[must_use]
    pub fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), Stop(receiver))
    }

    /// Asks for it, with a reason for people: `it …`.
    pub fn stop(&self, reason: &'static str) {
        self.0.send_replace(Some(reason));
    }
}

impl Stop {
    /// Nobody will ask for it.
    #[must_use]
    pub fn never() -> Self {
        Stopper::new().1
    }

    /// Returns when somebody asks for it, with the reason.
    pub async fn asked(&self) -> &'static str {
        let mut receiver = self.0.clone();
        let reason = receiver.wait_for(Option::is_some).await.ok().and_then(|it| *it);
        match reason {
            Some(reason) => reason,
            // Nobody is left who could ask.
            None => std::future::pending().await,
        }
    }

    /// The reason, if it was asked for.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        *self.0.borrow()
    }
}
