//! Stands in for HCP Terraform and the channels: takes messages, and remembers them. A death can be set for any step.

use ring::rand::SystemRandom;
use runtask_approvals::test_util::{at, question};
use runtask_approvals::{
    Answer, Approval, Channel, Keys, Outside, Post, Report, Secret, Sweeper, UnixTime, seal_token, store,
};
use runtask_protocol::{AccessToken, DetailsUrl};
use runtask_state::{
    Created, Document, DocumentError, DocumentStore, Due, MemoryDocuments, Record, Saved, Version,
};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

pub(crate) const TOKEN: &str = "the.run's.token";

/// Ends whoever counts on it: after so many steps, the next one never comes.
#[derive(Debug, Clone)]
pub(crate) struct Fuse(Arc<Mutex<usize>>);

impl Fuse {
    pub(crate) fn of(steps: usize) -> Self {
        Self(Arc::new(Mutex::new(steps)))
    }

    pub(crate) fn endless() -> Self {
        Self::of(usize::MAX)
    }

    async fn step(&self) {
        let is_burnt = {
            let mut left = self.0.lock().unwrap();
            let is_burnt = *left == 0;
            *left = left.saturating_sub(1);
            is_burnt
        };
        if is_burnt {
            std::future::pending::<()>().await;
        }
        tokio::task::yield_now().await;
    }
}

/// What HCP Terraform and channels have heard, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<String>>>, Arc<Mutex<HashSet<String>>>);

impl Heard {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.all().iter().filter(|it| it.starts_with(what)).count()
    }

    fn has_ended(&self, callback_url: &str) -> bool {
        self.1.lock().unwrap().contains(callback_url)
    }

    fn end(&self, callback_url: &str) {
        self.1.lock().unwrap().insert(callback_url.to_owned());
    }

    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

/// What stands outside, as one process sees it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) heard: Heard,
    pub(crate) fuse: Fuse,
    /// What HCP Terraform answers besides what it must; what channels answer.
    pub(crate) hcp: Option<Answer>,
    pub(crate) channels: Option<Answer>,
}

impl Outside for World {
    fn page(&self, _approval: &Approval) -> Option<DetailsUrl> {
        DetailsUrl::new("https://approve.example.com/-/a/TOKEN")
    }

    async fn report(&self, report: Report<'_>) -> Answer {
        self.fuse.step().await;
        assert_eq!(report.token.expose(), TOKEN);
        // A final result is taken once.
        let answer = if self.heard.has_ended(report.callback_url) {
            Answer::Over
        } else if let Some(answer) = &self.hcp {
            answer.clone()
        } else {
            self.heard.note(format!("{}: {}", report.result.status(), report.result.message()));
            if report.result.status().is_final() {
                self.heard.end(report.callback_url);
            }
            Answer::Taken { reference: None }
        };
        self.fuse.step().await;
        answer
    }

    async fn post(&self, approval: &Approval, channel: &Channel, post: Post<'_>) -> Answer {
        self.fuse.step().await;
        if let Some(answer) = &self.channels {
            return answer.clone();
        }
        let said = match post {
            Post::Question => format!("question to {}", channel.0),
            Post::Ending { question } => {
                format!("ending to {} of {question:?}: {}", channel.0, approval.status.as_str())
            }
        };
        self.heard.note(said);
        self.fuse.step().await;
        Answer::Taken { reference: Some("1796000000.000200".to_owned()) }
    }
}

/// A store that a death can come before and after each call of.
#[derive(Debug, Clone)]
pub(crate) struct Mortal {
    pub(crate) store: Arc<MemoryDocuments>,
    pub(crate) fuse: Fuse,
}

impl DocumentStore for Mortal {
    async fn create(&self, key: &str, record: &Record, now: SystemTime) -> Result<Created, DocumentError> {
        self.fuse.step().await;
        let created = self.store.create(key, record, now).await;
        self.fuse.step().await;
        created
    }

    async fn load(&self, key: &str, now: SystemTime) -> Result<Option<Document>, DocumentError> {
        self.fuse.step().await;
        self.store.load(key, now).await
    }

    async fn save(
        &self,
        key: &str,
        version: Version,
        record: &Record,
        now: SystemTime,
    ) -> Result<Saved, DocumentError> {
        self.fuse.step().await;
        let saved = self.store.save(key, version, record, now).await;
        self.fuse.step().await;
        saved
    }

    async fn delete(&self, key: &str, version: Version, now: SystemTime) -> Result<bool, DocumentError> {
        self.store.delete(key, version, now).await
    }

    async fn due(&self, now: SystemTime, limit: usize) -> Result<Vec<Due>, DocumentError> {
        self.fuse.step().await;
        self.store.due(now, limit).await
    }
}

/// Several processes around one store.
pub(crate) struct Place {
    pub(crate) store: Arc<MemoryDocuments>,
    pub(crate) heard: Heard,
    pub(crate) keys: Arc<Keys>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let keys = Arc::new(Keys::new(&Secret::new([3; 32]), None));
        Self { store: Arc::new(MemoryDocuments::new(10_000)), heard: Heard::default(), keys }
    }

    /// Asks about a task result with this id; everything else is as in [`question`].
    pub(crate) async fn ask(&self, id: &str) {
        let mut question = question();
        question.id = id.to_owned();
        question.callback_url = question.callback_url.replace("taskrs-abc123", id);
        let token = AccessToken::new(TOKEN);
        question.sealed_token =
            seal_token(&self.keys, &token, id, &question.callback_url, &SystemRandom::new()).unwrap();
        assert!(store::create(&self.store, &Approval::ask(question, at(0)), at(0)).await.unwrap());
    }

    /// One process, which dies after so many steps.
    pub(crate) fn mortal(&self, fuse: &Fuse) -> Sweeper<Mortal, World> {
        Sweeper {
            store: Mortal { store: Arc::clone(&self.store), fuse: fuse.clone() },
            outside: World { heard: self.heard.clone(), fuse: fuse.clone(), hcp: None, channels: None },
            keys: Arc::clone(&self.keys),
            audit_kept: Some(std::time::Duration::from_hours(400 * 24)),
        }
    }

    pub(crate) fn process(&self) -> Sweeper<Mortal, World> {
        self.mortal(&Fuse::endless())
    }

    pub(crate) async fn approval(&self, id: &str, now: UnixTime) -> Approval {
        store::load(&self.store, id, now).await.unwrap().unwrap().approval
    }
}
