//! Reads a job, member by member.

use super::artifact::Artifact;
use super::cache::Cache;
use super::dependency::{Credential, Dependency};
use super::features::JobFeatures;
use super::git_info::GitInfo;
use super::job_info::JobInfo;
use super::runner_info::RunnerInfo;
use super::step::{Hook, Step};
use super::variable::Variable;
use crate::secret::JobToken;
use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// A job that GitLab has handed out. It is running in GitLab: only a final state ends it.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its number in the instance.
    pub id: u64,
    /// What its calls are made with.
    pub token: JobToken,
    /// Whether the project's default is to fetch and not to clone.
    pub allow_git_fetch: bool,
    /// Which job it is.
    pub job_info: JobInfo,
    /// What is checked out.
    pub git_info: GitInfo,
    /// How long it may take.
    pub runner_info: RunnerInfo,
    /// Its variables, in order.
    pub variables: Vec<Variable>,
    /// Its scripts, in order. Empty for a job of `run:`.
    pub steps: Vec<Step>,
    /// The steps of a job of `run:`, as JSON in a string; such a job has to be refused.
    pub run: Option<String>,
    /// Scripts around the checkout.
    pub hooks: Vec<Hook>,
    /// The name of the container image that the job asks for, where it asks for one.
    pub image: Option<String>,
    /// The names of the images of its services.
    pub services: Vec<String>,
    /// What is uploaded at its end.
    pub artifacts: Vec<Artifact>,
    /// What is restored and kept.
    pub cache: Vec<Cache>,
    /// Whose artifacts it wants.
    pub dependencies: Vec<Dependency>,
    /// Logins that came with it; their passwords are to be masked.
    pub credentials: Vec<Credential>,
    /// What GitLab understands.
    pub features: JobFeatures,
    /// Whether it wants secrets of a vault (`secrets:`); such a job has to be refused.
    pub has_secrets: bool,
    /// Members that were there and could not be read: `steps`, `variables[3]`. They are left out above.
    pub unread: Vec<String>,
}

/// A job that cannot be run. Where id and token are known, it can still be reported as failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the job could not be read: {reason}")]
pub struct BrokenJob {
    /// The job's number, where it could be read.
    pub id: Option<u64>,
    /// The job's token, where it could be read.
    pub token: Option<JobToken>,
    /// What is wrong, without a word of the job.
    pub reason: String,
}

impl Job {
    /// Reads the body of the answer 201.
    ///
    /// # Errors
    ///
    /// When it is no JSON object, or has no id or token. The error has what was readable of the two.
    pub fn parse(body: &[u8]) -> Result<Self, BrokenJob> {
        let text = String::from_utf8_lossy(body);
        let mut members = Members::read(&text)?;
        let id = members.id;
        let Some((id, token)) = id.zip(members.token.take()) else {
            let reason = "it has no id or no token".to_owned();
            return Err(BrokenJob { id, token: members.token, reason });
        };
        let has_secrets = members.is_filled("secrets");
        Ok(Self {
            id,
            token,
            allow_git_fetch: members.object("allow_git_fetch"),
            job_info: members.object("job_info"),
            git_info: members.object("git_info"),
            runner_info: members.object("runner_info"),
            variables: members.list("variables"),
            steps: members.list("steps"),
            run: members.object("run"),
            hooks: members.list("hooks"),
            image: members.object::<Option<Image>>("image").and_then(Image::name),
            services: members.list::<Image>("services").into_iter().filter_map(Image::name).collect(),
            artifacts: members.list("artifacts"),
            cache: members.list("cache"),
            dependencies: members.list("dependencies"),
            credentials: members.list("credentials"),
            features: members.object("features"),
            has_secrets,
            unread: members.unread,
        })
    }
}

/// An image of a job or a service: an object, or its name alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Image {
    Named {
        #[serde(default)]
        name: Option<String>,
    },
    Name(String),
}

impl Image {
    fn name(self) -> Option<String> {
        match self {
            Self::Named { name } => name,
            Self::Name(name) => Some(name),
        }
        .filter(|it| !it.is_empty())
    }
}

/// The members of the body, each as text.
#[derive(Default)]
struct Members<'a> {
    id: Option<u64>,
    token: Option<JobToken>,
    members: HashMap<Cow<'a, str>, &'a RawValue>,
    unread: Vec<String>,
}

impl<'a> Members<'a> {
    fn read(text: &'a str) -> Result<Self, BrokenJob> {
        let mut members = Self::default();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let read = Collect(&mut members).deserialize(&mut deserializer).and_then(|()| deserializer.end());
        match read {
            Ok(()) => Ok(members),
            // The library's own text may repeat what it met.
            Err(error) => Err(BrokenJob {
                id: members.id,
                token: members.token,
                reason: format!("no JSON object from line {} column {} on", error.line(), error.column()),
            }),
        }
    }

    /// A member that is one value.
    fn object<T: DeserializeOwned + Default>(&mut self, name: &str) -> T {
        let Some(raw) = self.members.get(name).filter(|it| it.get() != "null") else { return T::default() };
        serde_json::from_str(raw.get()).unwrap_or_else(|_unreadable| {
            self.unread.push(name.to_owned());
            T::default()
        })
    }

    /// A member that is a list, without entries that are `null`.
    fn list<T: DeserializeOwned>(&mut self, name: &str) -> Vec<T> {
        let Some(raw) = self.members.get(name) else { return Vec::new() };
        let Ok(entries) = serde_json::from_str::<Option<Vec<&RawValue>>>(raw.get()) else {
            self.unread.push(name.to_owned());
            return Vec::new();
        };
        let mut list = Vec::new();
        for (index, entry) in entries.unwrap_or_default().into_iter().enumerate() {
            match serde_json::from_str(entry.get()) {
                Ok(Some(entry)) => list.push(entry),
                Ok(None) => {}
                Err(_unreadable) => self.unread.push(format!("{name}[{index}]")),
            }
        }
        list
    }

    fn is_filled(&self, name: &str) -> bool {
        let text = self.members.get(name).map_or("null", |it| it.get());
        let inside = text.trim_matches(|it: char| "{}[]".contains(it) || it.is_ascii_whitespace());
        !inside.is_empty() && inside != "null"
    }
}

/// Collects members until the text ends or breaks; what was collected until then stays.
struct Collect<'m, 'a>(&'m mut Members<'a>);

impl<'a> DeserializeSeed<'a> for Collect<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Collect<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            let raw: &RawValue = map.next_value()?;
            match name.as_ref() {
                "id" => self.0.id = serde_json::from_str(raw.get()).ok().or(self.0.id),
                "token" => {
                    let token = serde_json::from_str(raw.get()).ok().filter(|it: &String| !it.is_empty());
                    self.0.token = token.map(JobToken::new).or(self.0.token.take());
                }
                _ => {
                    self.0.members.insert(name, raw);
                }
            }
        }
        Ok(())
    }
}

/// A member's name, borrowed where it holds no escape.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests;
