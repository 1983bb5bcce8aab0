//! The instance: what it knows, and which part of it answers which call.

use crate::artifacts::{self, Around};
use crate::call::{Call, Manner, Reply};
use crate::fault::{Fault, Injection, Kind};
use crate::handed_out;
use crate::job::{Job, Status};
use crate::job_spec::{Circumstances, JobSpec};
use crate::json::{at, text_at};
use crate::manners::{Manners, TOKEN_HEADERS};
use crate::runner::{self, Runner};
use crate::secrets::Secrets;
use crate::terraform_state::TerraformStates;
use crate::{state, trace};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

/// Whom a listener plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// GitLab.
    Instance,
    /// GitLab at another address.
    Mirror,
    /// An object store that must not see a token.
    ObjectStore,
}

/// A call that came, and what was answered; for a test to look at.
#[derive(Debug, Clone)]
pub struct Received {
    /// When its head was there.
    pub at: Instant,
    /// `POST`, …
    pub method: String,
    /// The path below the instance's address.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
}

/// Addresses of the instance, each without a slash at its end.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    pub(crate) instance: String,
    pub(crate) mirror: String,
    pub(crate) object_store: String,
}

#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) addresses: Addresses,
    pub(crate) interval: u64,
    pub(crate) max_artifact_bytes: usize,
    pub(crate) personal_token: String,
    pub(crate) runner: Runner,
    pub(crate) jobs: BTreeMap<u64, Job>,
    pub(crate) states: TerraformStates,
    pub(crate) secrets: Secrets,
    pub(crate) faults: Vec<Injection>,
    pub(crate) received: Vec<Received>,
    pub(crate) violations: Vec<String>,
    /// The commit of each repository.
    pub(crate) commits: HashMap<String, String>,
    counts: HashMap<(Kind, u64), u32>,
    manners: Manners,
    /// What the object store has, by path.
    objects: HashMap<String, Bytes>,
}

impl Instance {
    pub(crate) fn new(addresses: Addresses, interval: u64, max_artifact_bytes: usize) -> Self {
        let random = |prefix: &str| format!("{prefix}{}", random_text());
        let runner = Runner::new(random("glrt-t1_"));
        let personal_token = random("glpat-");
        let mut secrets = Secrets::default();
        secrets.add(&runner.token, "the runner's token");
        secrets.add(&personal_token, "a person's token");
        Self {
            addresses,
            interval,
            max_artifact_bytes,
            personal_token,
            runner,
            jobs: BTreeMap::new(),
            states: TerraformStates::default(),
            secrets,
            faults: Vec::new(),
            received: Vec::new(),
            violations: Vec::new(),
            commits: HashMap::new(),
            counts: HashMap::new(),
            manners: Manners::default(),
            objects: HashMap::new(),
        }
    }

    /// Puts a job into the queue; its number.
    pub(crate) fn enqueue(&mut self, spec: &JobSpec, now: Instant) -> u64 {
        let id = self.jobs.last_key_value().map_or(50101, |(id, _)| id + 1);
        let token = format!("glcbt-64_{}", random_text());
        self.secrets.add(&token, "a job's token");
        for secret in &spec.secrets {
            self.secrets.add(secret, "a masked value");
        }
        let commit = spec.repository.as_ref().and_then(|it| self.commits.get(it));
        let payload = spec.payload(&Circumstances {
            id,
            token: &token,
            url: &self.addresses.instance,
            sha: commit.map_or("6f1c2a9d4b3e5f708192a3b4c5d6e7f801234567", String::as_str),
        });
        let needs = spec.dependencies.clone();
        self.jobs.insert(id, Job::new(id, token, payload, needs, self.interval, now));
        id
    }

    /// The first job that waits for nothing but a runner.
    fn next_job(&self) -> Option<u64> {
        let has_succeeded = |id: &u64| self.jobs.get(id).is_some_and(|it| it.status == Status::Success);
        let is_next = |it: &&Job| it.status == Status::Pending && it.needs.iter().all(has_succeeded);
        self.jobs.values().find(is_next).map(|it| it.id)
    }

    /// What the job is told of those that it needs, as they are now.
    fn dependencies(&self, id: u64) -> Vec<Value> {
        let Some(job) = self.jobs.get(&id) else { return Vec::new() };
        job.needs.iter().map(|it| self.dependency(*it, &job.token)).collect()
    }

    fn dependency(&self, id: u64, token: &str) -> Value {
        let job = self.jobs.get(&id);
        let name = job.map(|it| at(&it.payload, "/job_info/name").clone()).unwrap_or_default();
        let mut dependency = json!({"id": id, "name": name, "token": token});
        let archive = job.and_then(|it| it.artifacts.iter().find(|it| it.artifact_type == "archive"));
        if let (Some(archive), Some(members)) = (archive, dependency.as_object_mut()) {
            let file = json!({"filename": archive.filename, "size": archive.content.len()});
            members.insert("artifacts_file".to_owned(), file);
        }
        dependency
    }

    /// Everything that broke a rule until now.
    pub(crate) fn judge(&self, now: Instant) -> Vec<String> {
        let mut violations = self.violations.clone();
        for job in self.jobs.values() {
            violations.extend(job.violations.iter().cloned());
            violations.extend(job.silence_until(now));
            let leaks = self.secrets.found_in(&job.log);
            violations.extend(leaks.into_iter().map(|it| format!("job {}: {it} is in the log", job.id)));
        }
        violations
    }

    /// The next fault for a call of this kind.
    fn fault(&mut self, kind: Kind, job: u64) -> Option<Fault> {
        let count = self.counts.entry((kind, job)).or_default();
        *count += 1;
        let hit = self.faults.iter().find(|it| it.fault.kind() == kind && it.hits(*count));
        hit.map(|it| it.fault)
    }

    /// Answers any call but git's.
    pub(crate) fn answer(&mut self, role: Role, call: &Call) -> Reply {
        let reply = match role {
            Role::ObjectStore => self.object(call),
            Role::Instance | Role::Mirror => {
                self.violations.extend(self.manners.judge(call, &self.secrets));
                self.route(role, call)
            }
        };
        self.note(call, reply.status);
        reply
    }

    fn note(&mut self, call: &Call, status: u16) {
        self.received.push(Received {
            at: call.at,
            method: call.method.to_string(),
            path: call.path.clone(),
            status,
        });
    }

    fn route(&mut self, role: Role, call: &Call) -> Reply {
        let segments: Vec<&str> = call.path.trim_start_matches('/').split('/').collect();
        let Some(["api", "v4"]) = segments.get(..2) else { return self.stray(call) };
        match (&call.method, segments.get(2..).unwrap_or_default()) {
            (&Method::POST, ["jobs", "request"]) => self.request(call),
            (&Method::POST, ["runners", "verify"]) => self.verify(call),
            (&Method::POST, ["runners"]) => Reply::message(410, "410 Gone - runner registration disallowed"),
            (&Method::POST, ["user", "runners"]) => self.create_runner(call),
            (&Method::DELETE, ["runners", "managers"]) => self.remove_manager(call),
            (&Method::DELETE, ["runners"]) => self.remove_runner(call),
            (method, ["jobs", id, rest @ ..]) => match id.parse() {
                Ok(id) => self.job_call(role, call, method, id, rest),
                Err(_no_number) => self.stray(call),
            },
            (_, ["projects", "42", "terraform", "state", rest @ ..]) => self.terraform(call, rest),
            _ => self.stray(call),
        }
    }

    fn stray(&mut self, call: &Call) -> Reply {
        self.violations.push(format!("{}: nobody calls that", call.name()));
        Reply::message(404, "404 Not Found")
    }

    fn request(&mut self, call: &Call) -> Reply {
        let fault = self.fault(Kind::Request, 0);
        if let Some(refusal) = self.runner.admit(call, &mut self.violations) {
            return refusal;
        }
        match fault {
            Some(Fault::Request204) => return nothing_to_do(),
            Some(Fault::Request409) => return Reply::message(409, "409 Conflict"),
            Some(Fault::Request429RetryAfter) => {
                return Reply::message(429, "429 Too Many Requests").with("retry-after", 1);
            }
            Some(Fault::Request503) => return Reply::message(503, "503 Service Unavailable"),
            Some(Fault::Request403) => return Reply::message(403, "403 Forbidden"),
            Some(Fault::Request422) => return Reply::message(422, "Runner is orphaned"),
            Some(Fault::Request201Html) => {
                return Reply::new(201, "<html>Sign in</html>").with("content-type", "text/html");
            }
            _ => {}
        }
        let Some(id) = self.next_job() else { return nothing_to_do() };
        let dependencies = self.dependencies(id);
        let fault = self.fault(Kind::Job, 0);
        let Some(job) = self.jobs.get_mut(&id) else { return nothing_to_do() };
        if let Some(told) = job.payload.pointer_mut("/dependencies").filter(|_| !dependencies.is_empty()) {
            *told = dependencies.into();
        }
        job.hand_out(call.at);
        Reply::new(201, handed_out::body(&job.payload, fault)).with("content-type", "application/json")
    }

    fn verify(&mut self, call: &Call) -> Reply {
        match self.runner.admit(call, &mut self.violations) {
            Some(refusal) => refusal,
            None => runner::verified(&self.runner.token),
        }
    }

    fn create_runner(&mut self, call: &Call) -> Reply {
        if call.header("private-token") != Some(&self.personal_token) {
            return Reply::message(401, "401 Unauthorized");
        }
        if text_at(&call.json(), "/runner_type").is_none() {
            return Reply::message(400, "runner_type is missing");
        }
        self.runner.is_made_by_caller = true;
        Reply::json(201, &json!({"id": 77, "token": self.runner.token, "token_expires_at": null}))
    }

    fn remove_manager(&mut self, call: &Call) -> Reply {
        if let Some(refusal) = self.runner.admit(call, &mut self.violations) {
            return refusal;
        }
        self.runner.managers_removed += 1;
        Reply::new(204, "")
    }

    fn remove_runner(&mut self, call: &Call) -> Reply {
        if !self.runner.is_made_by_caller {
            self.violations.push("a runner is deleted that the caller has not made".to_owned());
        }
        match self.runner.admit(call, &mut self.violations) {
            Some(refusal) => refusal,
            None => Reply::new(204, ""),
        }
    }

    fn job_call(&mut self, role: Role, call: &Call, method: &Method, id: u64, rest: &[&str]) -> Reply {
        if (method, rest) == (&Method::GET, &["artifacts"]) {
            return self.download(call, id);
        }
        if role == Role::Mirror && rest != ["artifacts"] {
            return self.stray(call);
        }
        if !self.jobs.contains_key(&id) {
            self.violations.push(format!("{} is about a job that there is not", call.name()));
            return Reply::message(403, "403 Forbidden");
        }
        let forbids =
            matches!(self.fault(Kind::AnyOfJob, id), Some(Fault::TokenExpired | Fault::ForbiddenMidJob));
        let is_running = text_at(&call.json(), "/state") == Some("running");
        let kind = match (method, rest) {
            (&Method::PATCH, ["trace"]) => Kind::Trace,
            (&Method::PUT, []) if is_running => Kind::Running,
            (&Method::PUT, []) => Kind::Final,
            (&Method::POST, ["artifacts"]) => Kind::Upload,
            _ => return self.stray(call),
        };
        let fault = self.fault(kind, id);
        let around = Around {
            mirror: &self.addresses.mirror,
            is_mirror: role == Role::Mirror,
            max_bytes: self.max_artifact_bytes,
        };
        let Some(job) = self.jobs.get_mut(&id) else { return Reply::message(403, "403 Forbidden") };
        job.forbidden |= forbids;
        if let Some(refusal) = job.admit(call) {
            return refusal;
        }
        if job.status.is_final() && job.settled.is_none() {
            // Somebody cancelled it meanwhile.
            return job.end(call.at, 403);
        }
        match kind {
            Kind::Trace => trace::patch(job, call, fault),
            Kind::Running => state::running(job, call, fault),
            Kind::Final => state::finish(job, call, fault),
            _ => {
                let reply = artifacts::upload(job, call, fault, &around);
                let name = job.artifacts.last().map(|it| it.filename.clone()).unwrap_or_default();
                let leaks = self.secrets.found_in(name.as_bytes()).into_iter();
                self.violations
                    .extend(leaks.map(|it| format!("job {id}: {it} is in the name of an artifact")));
                reply
            }
        }
    }

    /// `id` is the job that has uploaded; who asks is known by its token.
    fn download(&mut self, call: &Call, id: u64) -> Reply {
        let token = call.header("job-token").unwrap_or_default();
        let Some(asker) = self.jobs.values().find(|it| it.token == token).map(|it| it.id) else {
            self.violations.push(format!("{} does not carry the token that was given for it", call.name()));
            return Reply::message(401, "401 Unauthorized");
        };
        let fault = self.fault(Kind::Download, asker);
        let archive =
            self.jobs.get(&id).and_then(|it| it.artifacts.iter().find(|it| it.artifact_type == "archive"));
        let archive = archive.map(|it| it.content.clone());
        let path = format!("/object/{}", random_text());
        if let Some(archive) = archive.clone() {
            self.objects.insert(path.clone(), archive);
        }
        let Some(job) = self.jobs.get_mut(&asker) else { return Reply::message(401, "401 Unauthorized") };
        if let Some(refusal) = job.admit(call) {
            return refusal;
        }
        let given = at(&job.payload, "/dependencies").as_array();
        if !given.is_some_and(|it| {
            it.iter().any(|it| at(it, "/id") == id && at(it, "/artifacts_file").is_object())
        }) {
            job.violation(format!("{} is no dependency with an archive", call.name()));
        }
        artifacts::download(archive, call, fault, &format!("{}{path}", self.addresses.object_store))
    }

    fn object(&mut self, call: &Call) -> Reply {
        for header in TOKEN_HEADERS {
            if call.headers.contains_key(header) {
                self.violations.push(format!("an object store was sent the header {header}"));
            }
        }
        for (header, value) in &call.headers {
            for leak in self.secrets.found_in(value.as_bytes()) {
                self.violations.push(format!("an object store was sent {leak} in the header {header}"));
            }
        }
        match self.objects.get(&call.path) {
            Some(object) => Reply::new(200, object.clone()).with("content-type", "application/octet-stream"),
            None => Reply::new(404, "<Error><Code>NoSuchKey</Code></Error>")
                .with("content-type", "application/xml"),
        }
    }

    fn terraform(&mut self, call: &Call, path: &[&str]) -> Reply {
        let token = call.password().unwrap_or_default();
        let job = self.jobs.values().find(|it| it.token == token && it.is_at_work()).map(|it| it.id);
        match job {
            Some(job) => self.states.answer(path, job, call),
            None => Reply::message(401, "401 Unauthorized"),
        }
    }

    /// What git is told instead of what it asked for; `None` where it is served.
    pub(crate) fn git(&mut self, call: &Call) -> Option<Reply> {
        let token = call.password().unwrap_or_default();
        let is_known = self.jobs.values().any(|it| it.token == token && it.is_at_work());
        // git asks without credentials first, which is not a call of its own.
        let fault = if is_known { self.fault(Kind::Git, 0) } else { None };
        let refusal = || {
            Reply::new(401, "HTTP Basic: Access denied").with("www-authenticate", "Basic realm=\"GitLab\"")
        };
        let reply = match fault {
            _ if !is_known => Some(refusal()),
            Some(Fault::Git401) => Some(refusal()),
            Some(Fault::GitHang) => Some(Reply::new(200, "").sent(Manner::Silence)),
            Some(Fault::GitReset) => Some(Reply::never()),
            Some(Fault::GitEmpty) => Some(Reply::new(200, "")),
            _ => None,
        };
        self.note(call, reply.as_ref().map_or(200, |it| it.status));
        reply
    }
}

fn nothing_to_do() -> Reply {
    Reply::new(204, "").with("x-gitlab-last-update", "8d0f2f4a4d1f4f0bb6c3f6a1f8f0e5ab")
}

fn random_text() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(20).collect()
}

#[cfg(test)]
mod tests;
