//! Approvals in Redis: several replicas answer for the same ones, and some of them die.

use crate::connect_to;
use crate::server::Server;
use ring::rand::SystemRandom;
use runtask_approvals::test_util::{at, ballot, person, question};
use runtask_approvals::{
    Answer, Approval, Channel, Choice, Event, Keys, Outside, Post, Refusal, Report, Secret, Status, Sweeper,
    seal_token, store,
};
use runtask_protocol::{AccessToken, DetailsUrl};
use runtask_redis::RedisDocuments;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);
const TOKEN: &str = "the.run's.token";

/// Counts what HCP Terraform and channels are told, by callback or approval.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<BTreeMap<String, usize>>>);

impl Heard {
    fn note(&self, what: String) -> usize {
        let mut heard = self.0.lock().unwrap();
        let count = heard.entry(what).or_default();
        *count += 1;
        *count
    }

    fn counts(&self, of: &str) -> Vec<usize> {
        self.0.lock().unwrap().iter().filter(|(what, _)| what.starts_with(of)).map(|(_, it)| *it).collect()
    }
}

impl Outside for Heard {
    fn page(&self, _: &Approval) -> Option<DetailsUrl> {
        None
    }

    async fn report(&self, report: Report<'_>) -> Answer {
        tokio::task::yield_now().await;
        if !report.result.status().is_final() {
            return Answer::Taken { reference: None };
        }
        match self.note(format!("verdict {} {}", report.result.status(), report.callback_url)) {
            1 => Answer::Taken { reference: None },
            _ => Answer::Over,
        }
    }

    async fn post(&self, approval: &Approval, _: &Channel, post: Post<'_>) -> Answer {
        tokio::task::yield_now().await;
        let what = if post == Post::Question { "question" } else { "ending" };
        self.note(format!("{what} {}", approval.id));
        Answer::Taken { reference: None }
    }
}

type Replica = Arc<Sweeper<RedisDocuments, Heard>>;

async fn replica(server: &Server, heard: &Heard) -> Replica {
    Arc::new(Sweeper {
        store: RedisDocuments::new(connect_to(server).await, "approvals"),
        outside: heard.clone(),
        keys: Arc::new(Keys::new(&Secret::new([3; 32]), None)),
        audit_kept: None,
    })
}

async fn ask(replica: &Replica, id: &str) {
    let mut question = question();
    question.id = id.to_owned();
    question.callback_url = question.callback_url.replace("taskrs-abc123", id);
    let (token, url) = (AccessToken::new(TOKEN), question.callback_url.clone());
    question.sealed_token = seal_token(&replica.keys, &token, id, &url, &SystemRandom::new()).unwrap();
    assert!(store::create(&replica.store, &Approval::ask(question, at(0)), at(0)).await.unwrap());
}

fn vote(name: &str, choice: Choice) -> Event {
    Event::Vote(ballot(person(name, &["payments"]), choice))
}

fn id(number: usize) -> String {
    format!("taskrs-{number}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_three_replicas_one_sends_each_message() {
    let (server, heard) = (Server::start().await, Heard::default());
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(replica(&server, &heard).await);
    }
    for number in 0..60 {
        ask(&replicas[number % 3], &id(number)).await;
    }
    for minute in [0, 50] {
        let sweeps = replicas.iter().map(|it| {
            let replica = Arc::clone(it);
            tokio::spawn(async move { replica.sweep(at(minute), MINUTE).await.unwrap().attended })
        });
        let attended = futures_util::future::join_all(sweeps).await.into_iter().map(Result::unwrap);
        assert!(attended.sum::<usize>() >= 60);
    }
    for what in ["question", "verdict failed", "ending"] {
        assert_eq!(heard.counts(what), [1; 60], "{what}");
    }
}

/// T-34: each through another replica.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_approve_and_reject_at_once_one_side_wins() {
    let (server, heard) = (Server::start().await, Heard::default());
    let (one, other) = (replica(&server, &heard).await, replica(&server, &heard).await);
    for number in 0..50 {
        ask(&one, &id(number)).await;
        store::change(&one.store, &id(number), &vote("lin", Choice::Approve), at(1)).await.unwrap();
        let decide = |replica: &Replica, name: &'static str, choice| {
            let replica = Arc::clone(replica);
            tokio::spawn(async move {
                let changed = store::change(&replica.store, &id(number), &vote(name, choice), at(1)).await;
                let _others_may_be_at_it = replica.attend(&id(number), at(1)).await.unwrap();
                changed.map(|it| it.approval.status.decision())
            })
        };
        let both = [decide(&one, "ada", Choice::Approve), decide(&other, "edsger", Choice::Reject)];
        let [first, second] = both;
        let answers = [first.await.unwrap(), second.await.unwrap()];
        assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 1, "{answers:?}");
        let refused = answers.iter().find_map(|it| it.as_ref().err());
        assert!(
            matches!(refused, Some(store::ChangeError::Refused(Refusal::AlreadyDecided { by: Some(_), .. }))),
            "{refused:?}"
        );
    }
    one.sweep(at(2), MINUTE).await.unwrap();
    assert_eq!(heard.counts("verdict"), [1; 50]);
}

/// Replicas are killed in the middle of what they do: whoever is left finishes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_is_killed_leaves_what_others_finish() {
    let (server, heard) = (Server::start().await, Heard::default());
    let survivor = replica(&server, &heard).await;
    for number in 0..60 {
        ask(&survivor, &id(number)).await;
    }
    for round in 0..20_u64 {
        let doomed = replica(&server, &heard).await;
        let work = tokio::spawn(async move {
            doomed.sweep(at(round), MINUTE).await.unwrap();
            for number in 0..60 {
                for name in ["ada", "edsger"] {
                    let _decided =
                        store::change(&doomed.store, &id(number), &vote(name, Choice::Approve), at(round))
                            .await;
                }
                doomed.attend(&id(number), at(round)).await.unwrap();
            }
        });
        // Somewhere in the middle, each time somewhere else.
        let killer = work.abort_handle();
        let _done = tokio::time::timeout(Duration::from_millis(3 + 7 * round), work).await;
        killer.abort();
    }
    for minute in 20..60 {
        survivor.sweep(at(minute), MINUTE).await.unwrap();
    }
    let verdicts = [heard.counts("verdict passed"), heard.counts("verdict failed")].concat();
    assert_eq!(verdicts.len(), 60, "a verdict for each, and no second one");
    for number in 0..60 {
        let kept = store::load(&survivor.store, &id(number), at(60)).await.unwrap().unwrap();
        assert!(matches!(kept.approval.status, Status::Reported { .. }), "{:?}", kept.approval.status);
        assert_eq!((kept.due_at, kept.approval.lease, kept.approval.sealed_token), (None, None, None));
    }
}
