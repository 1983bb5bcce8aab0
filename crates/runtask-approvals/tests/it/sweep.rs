//! T-18, T-19, T-34, T-36: what is due is sent, once, whoever dies.

use crate::world::{Fuse, Heard, Place, TOKEN, World};
use runtask_approvals::test_util::{at, ballot, person};
use runtask_approvals::{
    Answer, Choice, Event, LEASE, Refusal, Status, Sweeper, Swept, UnixTime, Verdict, due_at, store,
};
use runtask_state::{DocumentStore, Record};
use std::sync::Arc;
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);

fn vote(name: &str, choice: Choice) -> Event {
    Event::Vote(ballot(person(name, &["payments"]), choice))
}

/// Sweeps once a minute, as a schedule does, from one minute to another; says what was heard when.
async fn sweeps(place: &Place, minutes: impl Iterator<Item = u64>) -> Vec<String> {
    let process = place.process();
    let mut all = Vec::new();
    for minute in minutes {
        let before = place.heard.all().len();
        process.sweep(at(minute), MINUTE).await.unwrap();
        let heard = place.heard.all();
        all.extend(heard[before..].iter().map(|it| format!("{minute}: {it}")));
    }
    all
}

#[tokio::test(start_paused = true)]
async fn an_approval_that_nobody_answers_is_kept_alive_and_expires() {
    let place = Place::new();
    place.ask("taskrs-1").await;
    let heard = sweeps(&place, 0..60).await;
    let running: Vec<_> = heard.iter().filter(|it| it.contains("running")).collect();
    assert_eq!(running.len(), 12, "{running:#?}");
    let rest: Vec<_> = heard.iter().filter(|it| !it.contains("running")).cloned().collect();
    insta::assert_snapshot!(rest.join("\n"), @r#"
    0: question to teams:payments
    50: failed: Not decided by 01:43 UTC (0 of 2 approvals).
    50: ending to teams:payments of Some("1796000000.000200"): reported
    "#);
    let approval = place.approval("taskrs-1", at(60)).await;
    assert_eq!((due_at(&approval), approval.sealed_token), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_verdict_is_sent_at_once_by_whoever_took_the_vote() {
    let place = Place::new();
    place.ask("taskrs-1").await;
    let process = place.process();
    process.sweep(at(0), MINUTE).await.unwrap();
    store::change(&process.store, "taskrs-1", &vote("ada", Choice::Approve), at(1)).await.unwrap();
    store::change(&process.store, "taskrs-1", &vote("edsger", Choice::Approve), at(2)).await.unwrap();
    assert!(process.attend("taskrs-1", at(2)).await.unwrap());
    insta::assert_snapshot!(place.heard.all().join("\n"), @r#"
    question to teams:payments
    passed: Approved by ada@example.com and edsger@example.com (2 of 2).
    ending to teams:payments of Some("1796000000.000200"): reported
    "#);
    assert!(!process.attend("taskrs-1", at(3)).await.unwrap());
    assert!(!process.attend("taskrs-unknown", at(3)).await.unwrap());
}

/// A request that comes again asks nobody a second time.
#[tokio::test(start_paused = true)]
async fn the_same_task_result_is_asked_about_once() {
    let place = Place::new();
    place.ask("taskrs-1").await;
    let again = place.approval("taskrs-1", at(0)).await;
    assert!(!store::create(&place.store, &again, at(1)).await.unwrap());
    sweeps(&place, 0..3).await;
    assert_eq!(place.heard.count("question"), 1);
}

#[tokio::test(start_paused = true)]
async fn of_many_that_sweep_at_once_one_sends() {
    let place = Place::new();
    for number in 0..20 {
        place.ask(&format!("taskrs-{number}")).await;
    }
    let processes: Vec<_> = (0..5).map(|_| place.process()).collect();
    let swept = futures_util::future::join_all(processes.iter().map(|it| it.sweep(at(0), MINUTE))).await;
    let attended: usize = swept.into_iter().map(|it| it.unwrap().attended).sum();
    assert_eq!((attended, place.heard.count("question")), (20, 20));
    let again = processes[0].sweep(at(1), MINUTE).await.unwrap();
    assert_eq!(again, Swept::default());
}

/// kill -9 at every step of everything: one verdict, delivered, and nobody is asked for nothing.
#[tokio::test(start_paused = true)]
async fn whoever_dies_at_any_step_leaves_what_others_finish() {
    let mut steps = 0;
    loop {
        let place = Place::new();
        place.ask("taskrs-1").await;
        let fuse = Fuse::of(steps);
        let process = place.mortal(&fuse);
        let life = async {
            process.sweep(at(0), MINUTE).await.unwrap();
            process.sweep(at(4), MINUTE).await.unwrap();
            for name in ["ada", "edsger"] {
                let _late =
                    store::change(&process.store, "taskrs-1", &vote(name, Choice::Approve), at(5)).await;
            }
            process.attend("taskrs-1", at(5)).await.unwrap();
        };
        let lived = tokio::time::timeout(Duration::from_secs(5), life).await.is_ok();
        // Somebody else goes on, in the same minute and later; people click again.
        let other = place.process();
        for minute in 5..60 {
            other.sweep(at(minute), MINUTE).await.unwrap();
            for name in ["ada", "edsger"] {
                let _decided =
                    store::change(&other.store, "taskrs-1", &vote(name, Choice::Approve), at(minute)).await;
            }
        }
        let heard = place.heard.all();
        assert_eq!(place.heard.count("passed"), 1, "after {steps} steps: {heard:#?}");
        assert_eq!(place.heard.count("failed"), 0, "after {steps} steps: {heard:#?}");
        // Where a channel took the question and nobody lived to write that down, it may be asked once more.
        assert!((1..=2).contains(&place.heard.count("question")), "after {steps} steps: {heard:#?}");
        assert!((1..=2).contains(&place.heard.count("ending")), "after {steps} steps: {heard:#?}");
        let approval = place.approval("taskrs-1", at(60)).await;
        assert!(
            matches!(approval.status, Status::Reported { decision, confirmed: true, .. } if decision.verdict == Verdict::Passed),
            "after {steps} steps: {:?}",
            approval.status
        );
        assert_eq!((due_at(&approval), approval.lease), (None, None), "after {steps} steps");
        if lived {
            break;
        }
        steps += 1;
    }
    assert!(steps > 30, "{steps} steps are too few to be all of them");
}

/// T-34.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_approve_and_reject_at_once_one_side_wins() {
    for round in 0..200 {
        let place = Place::new();
        place.ask("taskrs-1").await;
        store::change(&place.store, "taskrs-1", &vote("lin", Choice::Approve), at(1)).await.unwrap();
        let decide = |name: &'static str, choice| {
            let store = Arc::clone(&place.store);
            tokio::spawn(async move { store::change(&store, "taskrs-1", &vote(name, choice), at(1)).await })
        };
        let both = [decide("ada", Choice::Approve), decide("edsger", Choice::Reject)];
        let mut won = Vec::new();
        for one in both {
            match one.await.unwrap() {
                Ok(kept) => won.push(kept.approval.status),
                Err(error) => {
                    let already = matches!(
                        error,
                        store::ChangeError::Refused(Refusal::AlreadyDecided { by: Some(_), .. })
                    );
                    assert!(already, "round {round}: {error:?}");
                }
            }
        }
        assert_eq!(won.len(), 1, "round {round}");
        assert_eq!(place.approval("taskrs-1", at(1)).await.status, won[0]);
    }
}

/// Whoever is slow to answer holds up nothing but itself.
#[tokio::test(start_paused = true)]
async fn a_channel_that_never_answers_does_not_keep_hcp_terraform_waiting() {
    let place = Place::new();
    place.ask("taskrs-1").await;
    let fuse = Fuse::endless();
    let mut process = place.mortal(&fuse);
    process.outside.channels = Some(Answer::Again { after_s: None, maybe_taken: false });
    for minute in 0..60 {
        process.sweep(at(minute), MINUTE).await.unwrap();
    }
    let heard = place.heard.all();
    assert_eq!(heard.last().unwrap(), "failed: Nobody could be asked: no channel took the question.");
    let silent = Place::new();
    silent.ask("taskrs-2").await;
    let process = Sweeper {
        store: silent.process().store,
        outside: Silent(silent.heard.clone()),
        keys: Arc::clone(&silent.keys),
        audit_kept: None,
    };
    assert_eq!(process.sweep(at(4), MINUTE).await.unwrap().attended, 1);
    assert_eq!(silent.heard.count("running"), 1);
    let approval = silent.approval("taskrs-2", at(5)).await;
    let card = approval.entry(&"card/teams:payments".parse().unwrap()).unwrap();
    assert!(card.maybe_taken && !card.under_way);
}

/// HCP Terraform answers, and channels never do.
struct Silent(Heard);

impl runtask_approvals::Outside for Silent {
    fn page(&self, _: &runtask_approvals::Approval) -> Option<runtask_protocol::DetailsUrl> {
        None
    }

    async fn report(&self, report: runtask_approvals::Report<'_>) -> Answer {
        let world = World { heard: self.0.clone(), fuse: Fuse::endless(), hcp: None, channels: None };
        world.report(report).await
    }

    async fn post(
        &self,
        _: &runtask_approvals::Approval,
        _: &runtask_approvals::Channel,
        _: runtask_approvals::Post<'_>,
    ) -> Answer {
        std::future::pending().await
    }
}

/// The run's token lives ten minutes, or its key is gone: it is seen, and said, and nobody is asked any more.
#[tokio::test(start_paused = true)]
async fn a_token_that_is_not_taken_any_more_ends_it() {
    for key_is_gone in [false, true] {
        let place = Place::new();
        place.ask("taskrs-1").await;
        let mut process = place.process();
        process.sweep(at(0), MINUTE).await.unwrap();
        if key_is_gone {
            process.keys =
                Arc::new(runtask_approvals::Keys::new(&runtask_approvals::Secret::new([9; 32]), None));
        } else {
            process.outside.hcp = Some(Answer::TokenRefused);
        }
        process.sweep(at(4), MINUTE).await.unwrap();
        assert_eq!(
            place.approval("taskrs-1", at(4)).await.status,
            Status::Lost { decision: None, at: at(4) }
        );
        assert!(place.heard.all().last().unwrap().ends_with("lost"), "{:?}", place.heard.all());
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_read_stands_before_nobody_and_stays_as_it_is() {
    let place = Place::new();
    for (number, content) in [b"no record".as_slice(), br#"{"format":99}"#].into_iter().enumerate() {
        let record =
            Record { content: content.to_vec(), expires_at: at(99).into(), due_at: Some(at(0).into()) };
        place.store.create(&format!("approval#{number}"), &record, at(0).into()).await.unwrap();
    }
    place.ask("taskrs-1").await;
    let swept = place.process().sweep(at(0), MINUTE).await.unwrap();
    assert_eq!(swept, Swept { due: 3, attended: 1, failed: 2, unfinished: false });
    assert_eq!(place.process().sweep(at(1), MINUTE).await.unwrap().due, 0);
    assert_eq!(place.process().sweep(at(5), MINUTE).await.unwrap().failed, 2);
    let kept = place.store.load("approval#1", at(5).into()).await.unwrap().unwrap();
    assert_eq!(kept.record.content, br#"{"format":99}"#);
}

/// Memory: what is lost with the process gets its result before.
#[tokio::test(start_paused = true)]
async fn when_the_service_stops_every_open_approval_ends() {
    let place = Place::new();
    for number in 0..30 {
        place.ask(&format!("taskrs-{number}")).await;
    }
    let process = place.process();
    process.sweep(at(0), MINUTE).await.unwrap();
    process.stop(at(1), MINUTE).await.unwrap();
    let failed = "failed: The approval service stopped before anybody decided.";
    assert_eq!(place.heard.count(failed), 30);
    for number in 0..30 {
        let approval = place.approval(&format!("taskrs-{number}"), at(1)).await;
        assert!(approval.status.ended_at().is_some(), "{:?}", approval.status);
    }
    assert_eq!(process.gauges(at(1)).await.unwrap(), runtask_approvals::Gauges::default());
}

#[tokio::test(start_paused = true)]
async fn the_state_of_all_is_told_in_numbers() {
    let place = Place::new();
    for number in 0..3 {
        place.ask(&format!("taskrs-{number}")).await;
    }
    let mut process = place.process();
    process.sweep(at(0), MINUTE).await.unwrap();
    process.outside.hcp = Some(Answer::Again { after_s: None, maybe_taken: false });
    store::change(&process.store, "taskrs-1", &vote("ada", Choice::Reject), at(9)).await.unwrap();
    process.attend("taskrs-1", at(9)).await.unwrap();
    let gauges = process.gauges(at(9)).await.unwrap();
    assert_eq!((gauges.open, gauges.undelivered), (2, 1));
    assert_eq!(gauges.oldest_word, Duration::from_mins(9));
    assert_eq!(gauges.unsent, 3, "two words to HCP Terraform are overdue, and a verdict was tried in vain");
}

/// Time that is up ends a sweep, and the next one goes on.
#[tokio::test(start_paused = true)]
async fn a_sweep_ends_when_its_time_is_up() {
    let place = Place::new();
    place.ask("taskrs-1").await;
    let swept = place.process().sweep(at(0), Duration::ZERO).await.unwrap();
    assert_eq!((swept.attended, swept.unfinished), (0, true));
    assert_eq!(place.process().sweep(at(0), MINUTE).await.unwrap().attended, 1);
}

/// P-19: whatever the store holds, audit log included.
#[tokio::test(start_paused = true)]
async fn a_dump_of_the_store_has_every_fact_and_no_token() {
    let place = Place::new();
    place.ask("taskrs-1").await;
    let process = place.process();
    process.sweep(at(0), MINUTE).await.unwrap();
    store::change(&process.store, "taskrs-1", &vote("ada", Choice::Reject), at(1)).await.unwrap();
    let dump = format!("{:?}", place.store);
    assert!(!dump.contains(TOKEN));
    process.attend("taskrs-1", at(1)).await.unwrap();
    let mut facts = Vec::new();
    for fact in ["asked", "vote/0", "decided", "ended"] {
        let key = format!("audit#taskrs-1#audit/{fact}");
        let line = place.store.load(&key, at(60 * 24 * 399).into()).await.unwrap().unwrap();
        let line: serde_json::Value = serde_json::from_slice(&line.record.content).unwrap();
        assert!(!line.to_string().contains(TOKEN));
        facts.push(line);
    }
    insta::assert_json_snapshot!(facts);
}

/// A channel that answers when it is told to.
#[derive(Clone)]
struct Told(Arc<tokio::sync::Notify>, Arc<tokio::sync::Notify>, Heard);

impl runtask_approvals::Outside for Told {
    fn page(&self, _: &runtask_approvals::Approval) -> Option<runtask_protocol::DetailsUrl> {
        None
    }

    async fn report(&self, report: runtask_approvals::Report<'_>) -> Answer {
        Silent(self.2.clone()).report(report).await
    }

    async fn post(
        &self,
        _: &runtask_approvals::Approval,
        _: &runtask_approvals::Channel,
        _: runtask_approvals::Post<'_>,
    ) -> Answer {
        self.0.notify_one();
        self.1.notified().await;
        Answer::Taken { reference: None }
    }
}

/// A process that was frozen for longer than its lease: what it did is written down, and the rest is not its own any more.
#[tokio::test]
async fn whoever_comes_back_after_its_lease_leaves_the_approval_to_whoever_has_it() {
    let place = Place::new();
    place.ask("taskrs-1").await;
    let start = |minute| {
        let told = Told(Arc::default(), Arc::default(), place.heard.clone());
        let process = Sweeper {
            store: place.process().store,
            outside: told.clone(),
            keys: Arc::clone(&place.keys),
            audit_kept: None,
        };
        (told, tokio::spawn(async move { process.attend("taskrs-1", at(minute)).await.unwrap() }))
    };
    let (frozen, first) = start(0);
    frozen.0.notified().await;
    let (other, second) = start(2);
    other.0.notified().await;
    let lease = place.approval("taskrs-1", at(2)).await.lease;
    frozen.1.notify_one();
    assert!(first.await.unwrap());
    let after = place.approval("taskrs-1", at(2)).await;
    assert_eq!(after.lease, lease);
    assert!(after.entry(&"card/teams:payments".parse().unwrap()).is_some_and(|it| !it.under_way));
    other.1.notify_one();
    assert!(second.await.unwrap());
    assert_eq!(place.approval("taskrs-1", at(2)).await.lease, None);
}

/// Whoever holds an approval and died is replaced when the lease has run out, and not before.
#[tokio::test(start_paused = true)]
async fn a_lease_keeps_others_away_until_it_runs_out() {
    let place = Place::new();
    place.ask("taskrs-1").await;
    // Load, the claim's write, and dead before the first message.
    let dead = place.mortal(&Fuse::of(3));
    let life = dead.attend("taskrs-1", at(0));
    assert!(tokio::time::timeout(Duration::from_secs(5), life).await.is_err());
    assert!(place.approval("taskrs-1", at(0)).await.lease.is_some());
    let other = place.process();
    let just_before = UnixTime(at(0).0 + LEASE.as_secs() - 1);
    assert!(!other.attend("taskrs-1", just_before).await.unwrap());
    assert!(other.attend("taskrs-1", at(0).plus(LEASE)).await.unwrap());
    assert_eq!(place.heard.count("question"), 1);
}
