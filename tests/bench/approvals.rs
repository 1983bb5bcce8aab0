//! Measures approvals over the stores that `serve` may have, each beside what the store itself takes for the same bytes.
//!
//! People are asked, vote, and the sweep sends. What is sent arrives at once: the figures are about approvals, not about
//! Teams. Memory is measured in a process of its own.

use crate::figures::{Row, Samples, Verdict, mebibytes, milliseconds, ratio, times};
use crate::progress;
use anyhow::{Context, ensure};
use futures_util::{StreamExt, stream};
use ring::rand::SystemRandom;
use runtask_approvals::test_util::{at, ballot, person, question};
use runtask_approvals::{
    Answer, Approval, Channel, Choice, Event, Keys, Outside, Post, Report, Secret, Sweeper, UnixTime,
    seal_token, store,
};
use runtask_protocol::{AccessToken, DetailsUrl};
use runtask_redis::{Redis, RedisDocuments, RedisSettings};
use runtask_state::{DocumentStore, MemoryDocuments, Record, Saved};
use runtask_tests::redis::Server;
use std::io::Write;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// The argument that makes this program have so many approvals, and say how much memory that took.
pub(crate) const MEMORY: &str = "--approvals-in-memory";

/// How many approvals there are.
const APPROVALS: usize = 5000;

/// As many as the sweep attends to at a time.
const AT_A_TIME: usize = 10;

/// One sweep must be over before the next one begins, a minute later.
const SWEEP: Duration = Duration::from_mins(1);

pub(crate) async fn measure() -> anyhow::Result<Vec<Row>> {
    progress(&format!("approvals: {APPROVALS} asked, voted on and swept, in memory"));
    let mut rows = over("memory", || MemoryDocuments::new(APPROVALS)).await?;
    progress(&format!("approvals: {APPROVALS} asked, voted on and swept, in Redis"));
    let server = Server::start().await;
    let redis = Redis::connect(&RedisSettings::new(server.url().into(), None, None)?).await?;
    let mut number = 0;
    let in_redis = || {
        number += 1;
        RedisDocuments::new(redis.clone(), &format!("approvals-{number}"))
    };
    rows.extend(over("Redis", in_redis).await?);
    progress(&format!("approvals: the memory that {APPROVALS} take"));
    rows.push(memory()?);
    Ok(rows)
}

/// The rows of one store; `empty` makes it anew.
async fn over<S: DocumentStore>(name: &str, mut empty: impl FnMut() -> S) -> anyhow::Result<Vec<Row>> {
    let floor = bare(&empty()).await?;
    let ours = approvals(&sweeper(empty())).await?;
    let each = |what: &str, ours: Duration, floor: Duration| Row {
        what: format!("approvals in {name}: {what}, one after the other"),
        ratio: times(ratio(ours, floor)),
        must: "–".to_owned(),
        verdict: Verdict::Reported,
        ours: per_second(ours),
        floor: format!("the store alone: {}", per_second(floor)),
    };
    Ok(vec![
        each("asked", ours.asked, floor.asked),
        each("voted on", ours.voted, floor.voted),
        Row {
            what: format!("approvals in {name}: a sweep of {APPROVALS} that are due"),
            ratio: times(ratio(ours.swept, floor.swept)),
            must: format!("≤ {} s", SWEEP.as_secs()),
            verdict: Verdict::of(ours.swept <= SWEEP),
            ours: milliseconds(ours.swept),
            floor: format!("the store alone: {}", milliseconds(floor.swept)),
        },
    ])
}

/// How long things took: one of the first two, the whole of the last.
struct Taken {
    asked: Duration,
    voted: Duration,
    swept: Duration,
}

/// Everything arrives.
#[derive(Debug)]
struct Hears;

impl Outside for Hears {
    fn page(&self, _: &Approval) -> Option<DetailsUrl> {
        None
    }

    async fn report(&self, _: Report<'_>) -> Answer {
        Answer::Taken { reference: None }
    }

    async fn post(&self, _: &Approval, _: &Channel, _: Post<'_>) -> Answer {
        Answer::Taken { reference: None }
    }
}

fn sweeper<S>(store: S) -> Sweeper<S, Hears> {
    Sweeper {
        store,
        outside: Hears,
        keys: Arc::new(Keys::new(&Secret::new([3; 32]), None)),
        audit_kept: None,
    }
}

fn id(number: usize) -> String {
    format!("taskrs-{number}")
}

/// An approval that people are asked for at this time.
fn asked(number: usize, keys: &Keys, now: UnixTime) -> anyhow::Result<Approval> {
    let mut question = question();
    question.id = id(number);
    let (token, url) = (AccessToken::new("the.run's.token"), question.callback_url.clone());
    question.sealed_token = seal_token(keys, &token, &question.id, &url, &SystemRandom::new())?;
    Ok(Approval::ask(question, now))
}

async fn approvals<S: DocumentStore>(sweeper: &Sweeper<S, Hears>) -> anyhow::Result<Taken> {
    let mut samples = Samples::default();
    for number in 0..APPROVALS {
        let started = Instant::now();
        let approval = asked(number, &sweeper.keys, at(0))?;
        ensure!(store::create(&sweeper.store, &approval, at(0)).await?, "it is there already");
        samples.push(started.elapsed());
    }
    let asked = samples.median();
    let mut samples = Samples::default();
    for number in 0..APPROVALS {
        let vote = Event::Vote(ballot(person("ada", &["payments"]), Choice::Approve));
        let started = Instant::now();
        store::change(&sweeper.store, &id(number), &vote, at(1)).await?;
        samples.push(started.elapsed());
    }
    let voted = samples.median();
    // Each has its question and three lines of the audit log to be sent, and HCP Terraform to be told.
    let started = Instant::now();
    let swept = sweeper.sweep(at(4), SWEEP).await?;
    ensure!(swept.attended == APPROVALS && swept.failed == 0, "{swept:?}");
    Ok(Taken { asked, voted, swept: started.elapsed() })
}

/// The same calls of the store with the same bytes: one to ask, two to vote, three for each that is swept.
async fn bare(store: &impl DocumentStore) -> anyhow::Result<Taken> {
    let keys = Keys::new(&Secret::new([3; 32]), None);
    let now = SystemTime::from(at(0));
    let record = Record {
        content: asked(0, &keys, at(0))?.to_json(),
        expires_at: SystemTime::from(at(120)),
        due_at: Some(now),
    };
    let mut samples = Samples::default();
    for number in 0..APPROVALS {
        let started = Instant::now();
        store.create(&id(number), &record, now).await?;
        samples.push(started.elapsed());
    }
    let asked = samples.median();
    let mut samples = Samples::default();
    for number in 0..APPROVALS {
        let started = Instant::now();
        let document = store.load(&id(number), now).await?.context("it is gone")?;
        store.save(&id(number), document.version, &record, now).await?;
        samples.push(started.elapsed());
    }
    let voted = samples.median();
    let started = Instant::now();
    let due = store.due(now, APPROVALS).await?;
    ensure!(due.len() == APPROVALS, "{} of {APPROVALS} are due", due.len());
    let save = async |key: &str| -> anyhow::Result<()> {
        let document = store.load(key, now).await?.context("it is gone")?;
        let Saved::Yes(version) = store.save(key, document.version, &record, now).await? else {
            anyhow::bail!("somebody else saved it");
        };
        store.save(key, version, &record, now).await?;
        Ok(())
    };
    let all = stream::iter(&due).map(|it| save(&it.key)).buffer_unordered(AT_A_TIME);
    for saved in all.collect::<Vec<_>>().await {
        saved?;
    }
    Ok(Taken { asked, voted, swept: started.elapsed() })
}

fn per_second(one: Duration) -> String {
    format!("{:.0} a second", 1.0 / one.as_secs_f64())
}

fn memory() -> anyhow::Result<Row> {
    let [none, all] = [0, APPROVALS].map(peak);
    let (none, all) = (none?, all?);
    let each = all.saturating_sub(none) / APPROVALS as u64;
    Ok(Row {
        what: format!("approvals: memory of a process with {APPROVALS} of them, asked and swept"),
        ratio: "–".to_owned(),
        must: "–".to_owned(),
        verdict: Verdict::Reported,
        ours: format!("{}, {each} bytes each", mebibytes(all)),
        floor: format!("with none: {}", mebibytes(none)),
    })
}

/// The most memory that a process has held which kept so many approvals, in bytes.
fn peak(approvals: usize) -> anyhow::Result<u64> {
    let program = std::env::current_exe()?;
    let ran = Command::new(program).args([MEMORY, &approvals.to_string()]).output()?;
    ensure!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Ok(String::from_utf8(ran.stdout)?.trim().parse()?)
}

/// What that process does.
pub(crate) fn keep_in_memory(approvals: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sweeper = sweeper(MemoryDocuments::new(APPROVALS));
    runtime.block_on(async {
        for number in 0..approvals.parse()? {
            store::create(&sweeper.store, &asked(number, &sweeper.keys, at(0))?, at(0)).await?;
        }
        sweeper.sweep(at(4), SWEEP).await?;
        anyhow::Ok(())
    })?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|it| it.strip_prefix("VmHWM:")?.strip_suffix("kB"));
    let kilobytes: u64 = peak.context("the system does not say how much memory it was")?.trim().parse()?;
    writeln!(std::io::stdout(), "{}", kilobytes * 1024)?;
    Ok(())
}
