//! Starts the server, and takes a run from the probe to the final result.

use crate::delivery::{self, Signature};
use crate::fault::Fault;
use crate::hostile;
use crate::organization::{Organization, SimulatedOrganization, State};
use crate::pack::pack;
use crate::record::{Delivery, Event, Record, Status, What};
use crate::request;
use crate::server::{self, Role, World};
use crate::spec::{Configuration, Options, RunSpec, Target};
use crate::task::{Observer, SLOW, Task};
use bytes::Bytes;
use http::HeaderMap;
use runtask_protocol::Key;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use url::Url;

/// What a forger signs with.
const OTHER_KEY: &str = "not-the-key-of-this-run-task";

/// HCP Terraform, simulated. Clones share one server, which stops when the last of them is dropped.
#[derive(Clone)]
pub struct Simulator {
    world: Arc<World>,
    // Held for its drop: the listeners stop with the last clone.
    _listeners: Arc<Listeners>,
}

struct Listeners(Vec<AbortHandle>);

impl Drop for Listeners {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("origin", &self.world.api).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Starts to listen: the API, the archive's origin, and one origin that nobody may contact.
    ///
    /// # Errors
    ///
    /// When an address cannot be bound.
    pub async fn start(options: Options) -> io::Result<Self> {
        let beside = SocketAddr::new(options.bind.ip(), 0);
        let (api, api_origin) = server::bind(options.bind).await?;
        let (archivist, archivist_origin) = server::bind(options.archivist_bind.unwrap_or(beside)).await?;
        let (stranger, stranger_origin) = server::bind(beside).await?;

        let api_base = options.api_base.as_ref().map(base);
        // Whoever sees the API under another name need not see a second port at all.
        let one_origin = api_base.is_some() && options.archivist_base.is_none();
        let api_base = api_base.unwrap_or(api_origin);
        let archivist_base = match &options.archivist_base {
            Some(url) => base(url),
            None if one_origin => format!("{api_base}/_archivist"),
            None => archivist_origin,
        };
        let world = Arc::new(World::new(api_base, archivist_base, stranger_origin, one_origin));
        let listeners = [(api, Role::Api), (archivist, Role::Archivist), (stranger, Role::Stranger)]
            .into_iter()
            .map(|(listener, role)| {
                tokio::spawn(server::serve(listener, role, Arc::clone(&world))).abort_handle()
            })
            .collect();
        Ok(Self { world, _listeners: Arc::new(Listeners(listeners)) })
    }

    /// The API's origin, as the run task sees it: what it has to allow.
    #[must_use]
    pub fn origin(&self) -> &str {
        origin(&self.world.api)
    }

    /// The origin that archives and plans are redirected to, as the run task sees it.
    #[must_use]
    pub fn archivist_origin(&self) -> &str {
        origin(&self.world.archivist)
    }

    /// What came in that belongs to no run, as plain sentences.
    #[must_use]
    pub fn strays(&self) -> Vec<String> {
        self.world.strays()
    }

    /// Simulates one run, from the verification probe to the result; `observe` sees each event as it happens.
    ///
    /// Ends when the result is final and has stayed so for [`RunSpec::linger`], or the timers have run out.
    ///
    /// # Errors
    ///
    /// When the configuration cannot be packed. What the run task does wrong is no error, it is in the record.
    pub async fn run(
        &self,
        target: &Target,
        spec: RunSpec,
        observe: impl Fn(&Event) + Send + Sync + 'static,
    ) -> io::Result<Record> {
        let client = delivery::client(&spec, target)?;
        let task = self.register(spec, Some(Arc::new(observe))).await?;
        let rehearsal = Rehearsal { world: &self.world, client, target, task };
        rehearsal.run().await;
        Ok(rehearsal.task.record())
    }

    /// Registers a run whose request the caller delivers itself. Its timers start at once.
    ///
    /// # Errors
    ///
    /// When the configuration cannot be packed.
    pub async fn prepare(&self, spec: RunSpec) -> io::Result<PreparedRun> {
        let task = self.register(spec, None).await?;
        task.started();
        Ok(PreparedRun { task, simulator: self.clone() })
    }

    /// Plays an organization whose run tasks can be registered through the API; it takes the place of an earlier one.
    #[must_use]
    pub fn organize(&self, organization: Organization) -> SimulatedOrganization {
        let organization = SimulatedOrganization(Arc::new(State::new(organization)));
        self.world.organize(organization.clone());
        organization
    }

    async fn register(&self, spec: RunSpec, observer: Option<Observer>) -> io::Result<Arc<Task>> {
        let start = Instant::now();
        let (spec, archive) = tokio::task::spawn_blocking(move || {
            let archive = match &spec.configuration {
                Configuration::None => Vec::new(),
                Configuration::Directory(path) => pack(path)?,
                Configuration::Archive(bytes) => bytes.to_vec(),
            };
            let archive = if request::offers_configuration(&spec) {
                hostile::spoil(archive, &spec)?
            } else {
                Vec::new()
            };
            Ok::<_, io::Error>((spec, archive))
        })
        .await
        .map_err(io::Error::other)??;
        let world = &self.world;
        let base = if spec.has(Fault::OriginNotListed) { &world.stranger } else { &world.api };
        let task = Arc::new(Task::new(spec, base, archive.into(), start, observer, None));
        self.world.register(&task);
        Ok(task)
    }
}

/// A base without a slash at its end.
fn base(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// The origin of a base: all up to the path.
fn origin(base: &str) -> &str {
    let host = base.find("://").map_or(0, |it| it + 3);
    let end = base.get(host..).and_then(|it| it.find('/')).map_or(base.len(), |it| host + it);
    base.get(..end).unwrap_or(base)
}

/// One run, as HCP Terraform goes through it.
struct Rehearsal<'a> {
    world: &'a World,
    client: reqwest::Client,
    target: &'a Target,
    task: Arc<Task>,
}

impl Rehearsal<'_> {
    async fn run(&self) {
        let spec = &self.task.spec;
        self.say_what_has_no_effect();
        if !spec.skip_probe && !self.probe().await {
            return;
        }
        for fault in [Fault::SignatureMissing, Fault::SignatureEmpty, Fault::SignatureWrong] {
            if spec.has(fault) {
                self.forge(fault).await;
            }
        }
        if !self.request().await {
            return;
        }
        self.wait_for_the_end().await;
        if self.task.record().result.status == Status::Canceled {
            let told = |it: &Record| it.callbacks.iter().any(|it| it.answered.is_some_and(|it| it != 200));
            self.task.wait_until(spec.patience, told).await;
        }
        if spec.has(Fault::DuplicateAfterFinal) {
            self.duplicate("after the final result").await;
        }
        if spec.has(Fault::CallbackSlow) {
            // Whoever is impatient sends it again before it is answered.
            tokio::time::sleep(SLOW).await;
        }
        tokio::time::sleep(spec.linger).await;
    }

    /// Waits for a final result, or until nothing more is to be expected.
    async fn wait_for_the_end(&self) {
        let (spec, task) = (&self.task.spec, &self.task);
        let ended = |it: &Record| it.result.status.is_final();
        if spec.has(Fault::OriginNotListed) {
            let came = |it: &Record| ended(it) || !it.is_clean();
            task.wait_until(spec.patience, came).await;
            let message =
                "HCP Terraform would wait until its time is up: its origin is not one to report to.";
            task.end(Status::Errored, message.to_owned());
            return;
        }
        // A run task that is at work may be silent; one that is not believed, or whose final result was refused, is
        // done or tries again.
        let refused = |it: &Record| {
            let unbelieved = it.callbacks.iter().any(|it| it.answered == Some(401));
            refuses_callbacks(spec) && (unbelieved || it.finals_refused > 0)
        };
        task.wait_until(Duration::MAX, |it| ended(it) || refused(it)).await;
        loop {
            let before = task.record();
            let more = |it: &Record| ended(it) || it.callbacks.len() > before.callbacks.len();
            if ended(&before) {
                return;
            }
            if !task.wait_until(spec.patience, more).await {
                let message = "HCP Terraform would wait until its time is up: the run task gave up.";
                task.end(Status::Errored, message.to_owned());
            }
        }
    }

    /// A fault that nothing can come of would look like one that was survived.
    fn say_what_has_no_effect(&self) {
        let spec = &self.task.spec;
        for fault in &spec.faults {
            let about = |prefixes: &[&str]| prefixes.iter().any(|it| fault.as_str().starts_with(it));
            let missing = if *fault == Fault::ConfigurationNull || *fault == Fault::PlanUrlNull {
                continue;
            } else if about(&["configuration-", "archive-", "redirect-"])
                && !request::offers_configuration(spec)
            {
                "no configuration is offered"
            } else if about(&["plan-"]) && !request::offers_plan(spec) {
                "no plan is offered"
            } else if *fault == Fault::DownloadProxyTrouble
                && !request::offers_plan(spec)
                && !request::offers_configuration(spec)
            {
                "nothing is offered"
            } else if *fault == Fault::SignaturePrefixed && self.target.key.is_none() {
                "without a key there is no signature"
            } else {
                continue;
            };
            self.task.note(What::Skipped { note: format!("{fault}: {missing}") });
        }
    }

    /// The verification probe; whether the run task may be used after it.
    async fn probe(&self) -> bool {
        let spec = &self.task.spec;
        let body = Bytes::from(request::probe(spec));
        if spec.has(Fault::ProbeUnsigned) && self.can_be_forged(Fault::ProbeUnsigned) {
            let status =
                self.post(Delivery::ForgedProbe, Fault::ProbeUnsigned, Signature::Missing, &body).await;
            self.judge_forgery("an unsigned probe", status);
        }
        let forms = [Fault::Probe2021, Fault::ProbeStageNull, Fault::ProbeMinimal];
        let form = forms.into_iter().find(|it| spec.has(*it)).map(|it| it.to_string());
        let headers = delivery::headers(Signature::of(spec, self.target.key.as_ref()), &body);
        let task = &self.task;
        match delivery::post(&self.client, self.target, task, Delivery::Probe, form, headers, body).await {
            Some(200) => true,
            Some(status) => {
                task.violation(format!("the verification probe was answered {status} instead of 200"));
                let message =
                    "HCP Terraform would not register this run task: its verification probe was refused.";
                task.end(Status::Errored, message.to_owned());
                false
            }
            None => {
                let message = "HCP Terraform would not register this run task: it could not be reached.";
                task.end(Status::Unreachable, message.to_owned());
                false
            }
        }
    }

    /// A request for a task result that HCP Terraform does not have, with a signature that is none.
    async fn forge(&self, fault: Fault) {
        if !self.can_be_forged(fault) {
            return;
        }
        let task = &self.task;
        let spec = RunSpec { plan: None, ..task.spec.clone() };
        let decoy = Some((Arc::clone(task), fault));
        let decoy = Arc::new(Task::new(spec, &self.world.api, Bytes::new(), Instant::now(), None, decoy));
        self.world.register(&decoy);
        let other = Key::new(OTHER_KEY).ok();
        let (named, signature) = match fault {
            Fault::SignatureMissing => ("a request without a signature", Signature::Missing),
            Fault::SignatureEmpty => ("a request with an empty signature", Signature::Proper(None)),
            _ => ("a request with a wrong signature", Signature::Proper(other.as_ref())),
        };
        let status = self.post(Delivery::ForgedRequest, fault, signature, &decoy.body).await;
        self.judge_forgery(named, status);
    }

    fn can_be_forged(&self, fault: Fault) -> bool {
        let has_key = self.target.key.is_some();
        if !has_key {
            self.task
                .note(What::Skipped { note: format!("{fault}: without a key there is nothing to forge") });
        }
        has_key
    }

    fn judge_forgery(&self, named: &str, status: Option<u16>) {
        match status {
            Some(401) => {}
            Some(status @ 200..300) => {
                self.task.violation(format!("{named} was accepted: it was answered {status} instead of 401"));
            }
            Some(status) => self.task.violation(format!("{named} was answered {status} instead of 401")),
            None => self.task.violation(format!("{named} was not answered; 401 was expected")),
        }
    }

    async fn post(
        &self,
        kind: Delivery,
        fault: Fault,
        signature: Signature<'_>,
        body: &Bytes,
    ) -> Option<u16> {
        let headers = delivery::headers(signature, body);
        let note = Some(fault.to_string());
        delivery::post(&self.client, self.target, &self.task, kind, note, headers, body.clone()).await
    }

    /// The request, until it is accepted; whether it was.
    async fn request(&self) -> bool {
        let (spec, task) = (&self.task.spec, &self.task);
        let mut last = None;
        for attempt in 1..=spec.attempts.max(1) {
            if attempt > 1 {
                tokio::time::sleep(spec.attempt_pause).await;
            }
            let note = (attempt > 1).then(|| format!("try {attempt}"));
            last = if attempt == 1 && spec.has(Fault::DuplicateParallel) {
                let duplicate = self.duplicate("at the same time");
                tokio::join!(self.deliver(note), duplicate).0
            } else {
                self.deliver(note).await
            };
            match last {
                Some(200) => return true,
                Some(201..300) if spec.has(Fault::AnyTwoHundred) => {
                    task.started();
                    return true;
                }
                Some(status @ 400..500) if may_be_refused(spec) => {
                    let message = format!("The run task refused the request: it was answered {status}.");
                    task.end(Status::Errored, message);
                    return false;
                }
                Some(status) => {
                    task.violation(format!(
                        "the request was answered {status}; only 200 means that it was accepted"
                    ));
                }
                None => {}
            }
        }
        match last {
            Some(status) => {
                let message = format!("HCP Terraform gave up: the request was answered {status}, not 200.");
                task.end(Status::Errored, message);
            }
            None => {
                let message = "HCP Terraform gave up: the run task could not be reached.";
                task.end(Status::Unreachable, message.to_owned());
            }
        }
        false
    }

    async fn deliver(&self, note: Option<String>) -> Option<u16> {
        let task = &self.task;
        let headers = delivery::headers(Signature::of(&task.spec, self.target.key.as_ref()), &task.body);
        let body = task.body.clone();
        delivery::post(&self.client, self.target, task, Delivery::Request, note, headers, body).await
    }

    async fn duplicate(&self, when: &str) {
        let task = &self.task;
        let headers = delivery::headers(Signature::of(&task.spec, self.target.key.as_ref()), &task.body);
        let (note, body) = (Some(when.to_owned()), task.body.clone());
        let status =
            delivery::post(&self.client, self.target, task, Delivery::Duplicate, note, headers, body).await;
        match status {
            Some(200) => {}
            Some(status) => {
                task.violation(format!(
                    "the same request once more, {when}, was answered {status} instead of 200"
                ));
            }
            None => task.violation(format!("the same request once more, {when}, was not answered")),
        }
    }
}

/// Whether a run task may refuse the request itself: it lacks something, or its URLs are not to be trusted.
fn may_be_refused(spec: &RunSpec) -> bool {
    [Fault::TokenMissing, Fault::TokenTest, Fault::OriginNotListed].iter().any(|it| spec.has(*it))
}

/// Whether final results may be refused until the run task gives up.
fn refuses_callbacks(spec: &RunSpec) -> bool {
    let faults = [
        Fault::Callback401First,
        Fault::Callback401Final,
        Fault::Callback401Always,
        Fault::Callback404First,
        Fault::Callback404Final,
        Fault::Callback404Always,
        Fault::TokenNotExtended,
    ];
    faults.iter().any(|it| spec.has(*it))
}

/// A run that the simulator knows, whose request the caller delivers.
#[derive(Clone)]
pub struct PreparedRun {
    task: Arc<Task>,
    simulator: Simulator,
}

impl fmt::Debug for PreparedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedRun")
            .field("task_result_id", &self.task.ids.task_result)
            .finish_non_exhaustive()
    }
}

impl PreparedRun {
    /// `taskrs-…`
    #[must_use]
    pub fn task_result_id(&self) -> &str {
        &self.task.ids.task_result
    }

    /// `run-…`
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.task.ids.run
    }

    /// The access token: for a test to look for where it must not be.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.task.token
    }

    /// The request's body.
    #[must_use]
    pub fn body(&self) -> Bytes {
        self.task.body.clone()
    }

    /// The body of the verification probe that would come before it.
    #[must_use]
    pub fn probe(&self) -> Bytes {
        request::probe(&self.task.spec).into()
    }

    /// The headers that HCP Terraform sends with `body`: signed with `key`, or with an empty signature without one.
    #[must_use]
    pub fn headers(&self, key: Option<&Key>, body: &[u8]) -> HeaderMap {
        delivery::headers(Signature::of(&self.task.spec, key), body)
    }

    /// Delivers the request once over HTTP. Its answer's status, or nothing when none came.
    ///
    /// # Errors
    ///
    /// When no HTTP client can be made.
    pub async fn deliver(&self, target: &Target) -> io::Result<Option<u16>> {
        let client = delivery::client(&self.task.spec, target)?;
        let body = self.body();
        let headers = self.headers(target.key.as_ref(), &body);
        Ok(delivery::post(&client, target, &self.task, Delivery::Request, None, headers, body).await)
    }

    /// Notes what a delivery of the caller's was answered. An accepted request starts the timers anew.
    pub fn delivered(&self, delivery: Delivery, status: u16, body: &str) {
        self.task.answered(delivery, status, body);
    }

    /// Cancels the run: callbacks are refused from now on.
    pub fn cancel(&self) {
        self.task.cancel();
    }

    /// Lets the access token expire: it is refused from now on, and nothing prolongs it.
    pub fn expire_token(&self) {
        self.task.expire_token();
    }

    /// The time line so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.record().events
    }

    /// Everything so far.
    #[must_use]
    pub fn record(&self) -> Record {
        self.task.record()
    }

    /// Waits until the result is final, at most `timeout`; `result.status` says whether it is.
    pub async fn wait_final(&self, timeout: Duration) -> Record {
        self.wait_until(timeout, |it| it.result.status.is_final()).await;
        self.record()
    }

    /// Waits until `holds`, at most `timeout`; whether it came to hold.
    pub async fn wait_until(&self, timeout: Duration, holds: impl Fn(&Record) -> bool) -> bool {
        self.task.wait_until(timeout, holds).await
    }

    /// The simulator that knows it.
    #[must_use]
    pub const fn simulator(&self) -> &Simulator {
        &self.simulator
    }
}
