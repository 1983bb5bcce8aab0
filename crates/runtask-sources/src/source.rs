//! Reads how a source of policies is written, in go-getter's spelling, as terraform and conftest have it:
//! `git::https://HOST/REPO.git//DIRECTORY?ref=REF`.
//!
//! Source: github.com/hashicorp/go-getter, README, "Subdirectories", "Forced Protocol", "Protocol-Specific Options". Of that,
//! what can be fetched safely is taken, and everything else is refused with the spelling that was meant.

use crate::content::MAX_DEPTH;
use crate::digest::Digest;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use url::{Host, Url};

/// The longest ref, host or name of a repository.
const MAX_NAME: usize = 255;

/// Where shared policies come from.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    text: String,
    location: Location,
    directory: String,
}

/// Who has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A git repository.
    Git {
        /// What git is told to fetch from: https, ssh or file, or http of this machine alone. Without a password.
        url: String,
        /// A branch, a tag, or a commit's whole hash; the remote's own branch unless said.
        reference: Option<String>,
    },
    /// An artifact in a registry.
    Oci {
        /// The registry's host, with its port where it is said.
        registry: String,
        /// The repository there.
        repository: String,
        /// Which of its artifacts.
        reference: OciReference,
    },
    /// An archive in S3.
    S3 {
        /// The bucket.
        bucket: String,
        /// The object: a tar.gz.
        key: String,
    },
}

/// Which artifact of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OciReference {
    /// The one that has this tag at the time.
    Tag(String),
    /// The one whose manifest has this digest.
    Digest(Digest),
}

/// Why a text names no source. It never repeats the text: that may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// What URLs do not hold.
    #[error("a source is written in the characters of URLs: no spaces, quotes or backslashes")]
    Characters,
    /// No scheme of ours.
    #[error(
        "policies are fetched from git::https://…, git::ssh://…, git::file://…, oci://… or s3://…; this is none of them"
    )]
    Scheme,
    /// How Terraform's short forms are written out.
    #[error("write a repository as git::https://HOST/REPO.git or git::ssh://git@HOST/REPO.git")]
    Repository,
    /// go-getter's long form of S3.
    #[error("write an object of S3 as s3://BUCKET/KEY.tar.gz")]
    LongS3,
    /// Anybody on the way could change what comes.
    #[error("plain http is for this machine alone: write git::https://…")]
    Unencrypted,
    /// A secret, or what looks like one.
    #[error(
        "a URL holds no user name or password here: use git's credential helper, ssh, or the variables of docs/policies.md"
    )]
    Credentials,
    /// Not a URL with a host and a path.
    #[error("this is no URL of a repository: write git::https://HOST/REPO.git")]
    NoUrl,
    /// Something behind `?` that is not `ref`.
    #[error("only `ref` may stand behind `?`, once")]
    Query,
    /// No ref that git could have.
    #[error(
        "this `ref` is no branch, tag or commit: letters, digits and . _ / + @ -, and no - at the beginning"
    )]
    Reference,
    /// A hash that was cut.
    #[error("a fragment (`#…`) means nothing here: write the branch, tag or commit as ?ref=…")]
    Fragment,
    /// A directory that leads elsewhere.
    #[error(
        "the directory behind `//` is a path within the source: names of letters, digits and . _ - + @ ~, without `..`"
    )]
    Directory,
    /// No artifact.
    #[error("write an artifact as oci://REGISTRY/REPOSITORY:TAG or oci://REGISTRY/REPOSITORY@sha256:DIGEST")]
    Artifact,
    /// No archive.
    #[error("write an archive in S3 as s3://BUCKET/KEY.tar.gz: letters, digits and . _ - / + = @ in KEY")]
    Object,
}

impl Source {
    /// Whether somebody who wrote this meant a source, and no file or directory.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.contains("://") || text.contains("::") || text.starts_with("git@")
    }

    /// Whether a text that was refused may hold a password or a key, and must not be shown.
    #[must_use]
    pub fn may_hold_secret(text: &str) -> bool {
        let (before, query) = text.split_once('?').map_or((text, "ref="), |it| it);
        let before = before.strip_prefix("git::ssh://git@").unwrap_or(before).replacen("@sha256:", "", 1);
        before.contains('@') || !query.starts_with("ref=") || query.contains('&')
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Who has it.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The directory of it that counts, without slashes at its ends; empty for all of it.
    #[must_use]
    pub fn directory(&self) -> &str {
        &self.directory
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let is_of_urls = |it: char| it.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(it);
        if !text.chars().all(is_of_urls) {
            return Err(SourceError::Characters);
        }
        let (location, directory) = if let Some(rest) = text.strip_prefix("git::") {
            git(rest)?
        } else if let Some(rest) = text.strip_prefix("oci://") {
            oci(rest)?
        } else if let Some(rest) = text.strip_prefix("s3://") {
            s3(rest)?
        } else {
            return Err(otherwise(text));
        };
        Ok(Self { text: text.to_owned(), location, directory: directory.to_owned() })
    }
}

/// What was meant by a text of another scheme.
fn otherwise(text: &str) -> SourceError {
    if has_userinfo(text) {
        return SourceError::Credentials;
    }
    match text {
        _ if text.starts_with("s3::") => SourceError::LongS3,
        _ if text.starts_with("git@") || text.starts_with("git://") => SourceError::Repository,
        _ if text.starts_with("https://") && text.contains(".git") => SourceError::Repository,
        _ if text.starts_with("ssh://") || text.starts_with("file://") => SourceError::Repository,
        _ => SourceError::Scheme,
    }
}

/// Whether the authority of a URL holds an `@`.
fn has_userinfo(text: &str) -> bool {
    let authority = text.split_once("://").map_or("", |(_, rest)| rest);
    authority.split(['/', '?', '#']).next().is_some_and(|it| it.contains('@'))
}

/// `https://HOST/REPO.git//DIRECTORY?ref=REF`.
fn git(text: &str) -> Result<(Location, &str), SourceError> {
    let (rest, query) = text.split_once('?').map_or((text, None), |(rest, query)| (rest, Some(query)));
    if text.contains('#') {
        return Err(if has_userinfo(text) { SourceError::Credentials } else { SourceError::Fragment });
    }
    let (scheme, path) = rest.split_once("://").ok_or(SourceError::Repository)?;
    let (path, directory) = divided(path, scheme == "file")?;
    let url = Url::parse(&format!("{scheme}://{path}")).map_err(|_no_url| SourceError::NoUrl)?;
    let is_ssh = url.scheme() == "ssh";
    // The name of a user is how ssh is called; a password is none of its.
    if url.password().is_some() || (!is_ssh && has_userinfo(rest)) {
        return Err(SourceError::Credentials);
    }
    match url.scheme() {
        "https" | "ssh" | "file" => {}
        "http" if is_loopback(url.host()) => {}
        "http" => return Err(SourceError::Unencrypted),
        _ => return Err(SourceError::Scheme),
    }
    let is_plain = |it: &str| it.chars().all(|it| it.is_ascii_alphanumeric() || "._-".contains(it));
    let host = url.host_str().unwrap_or_default();
    let has_host = !host.is_empty() && !host.starts_with('-');
    let has_user = is_plain(url.username()) && !url.username().starts_with('-');
    if (url.scheme() == "file") == has_host || !has_user || url.path().len() < 2 {
        return Err(SourceError::NoUrl);
    }
    let reference = query.map(reference).transpose()?;
    Ok((Location::Git { url: url.into(), reference }, directory))
}

/// The value of `ref` in a query that holds nothing else.
fn reference(query: &str) -> Result<String, SourceError> {
    let value = query.strip_prefix("ref=").filter(|it| !it.contains('&')).ok_or(SourceError::Query)?;
    // Source: git-check-ref-format(1). What it allows beyond this is left out: nobody has to know what else a character means.
    let is_ref = |it: char| it.is_ascii_alphanumeric() || "._/+@-".contains(it);
    let is_good = !value.is_empty()
        && value.len() <= MAX_NAME
        && value.chars().all(is_ref)
        && value.split('/').all(|it| {
            !it.is_empty() && !it.starts_with(['.', '-']) && !it.ends_with('.') && !it.ends_with(".lock")
        })
        && !value.contains("..")
        && value != "@";
    if is_good { Ok(value.to_owned()) } else { Err(SourceError::Reference) }
}

/// `REGISTRY/REPOSITORY:TAG//DIRECTORY`.
///
/// Source: OCI Distribution Specification 1.1, "Pulling manifests", for names and tags.
fn oci(text: &str) -> Result<(Location, &str), SourceError> {
    let (path, directory) = divided(text, false)?;
    let (registry, path) = path.split_once('/').ok_or(SourceError::Artifact)?;
    if registry.contains('@') {
        return Err(SourceError::Credentials);
    }
    let (repository, reference) = match path.split_once('@') {
        Some((repository, digest)) => {
            let digest = digest.parse().map_err(|_no_digest| SourceError::Artifact)?;
            (repository, OciReference::Digest(digest))
        }
        None => {
            // As conftest and docker have it.
            let (repository, tag) = path.split_once(':').unwrap_or((path, "latest"));
            let is_tag = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
            let is_good = tag.len() <= 128 && tag.chars().all(is_tag) && !tag.starts_with(['.', '-']);
            if !is_good || tag.is_empty() {
                return Err(SourceError::Artifact);
            }
            (repository, OciReference::Tag(tag.to_owned()))
        }
    };
    let is_name = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "._-".contains(it);
    let is_part = |it: &str| {
        let ends = [it.chars().next(), it.chars().next_back()];
        ends.iter().all(|it| it.is_some_and(|it| it.is_ascii_alphanumeric())) && it.chars().all(is_name)
    };
    if repository.len() > MAX_NAME || !repository.split('/').all(is_part) {
        return Err(SourceError::Artifact);
    }
    let url = Url::parse(&format!("https://{registry}/")).map_err(|_no_url| SourceError::Artifact)?;
    let is_origin = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !is_origin || registry.starts_with('-') || registry.contains('\\') {
        return Err(SourceError::Artifact);
    }
    let registry = registry.to_ascii_lowercase();
    Ok((Location::Oci { registry, repository: repository.to_owned(), reference }, directory))
}

/// `BUCKET/KEY.tar.gz//DIRECTORY`.
///
/// Source: Amazon S3 User Guide, "Bucket naming rules", "Naming Amazon S3 objects" (safe characters).
fn s3(text: &str) -> Result<(Location, &str), SourceError> {
    let (path, directory) = divided(text, false)?;
    let (bucket, key) = path.split_once('/').ok_or(SourceError::Object)?;
    if bucket.contains('@') {
        return Err(SourceError::Credentials);
    }
    let is_bucket = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || ".-".contains(it);
    let is_key = |it: char| it.is_ascii_alphanumeric() || "._-/+=@".contains(it);
    let is_good = (3..=63).contains(&bucket.len())
        && bucket.chars().all(is_bucket)
        && bucket.starts_with(|it: char| it.is_ascii_alphanumeric())
        && (key.ends_with(".tar.gz") || key.ends_with(".tgz"))
        && key.len() <= 1024
        && key.starts_with(|it: char| it.is_ascii_alphanumeric())
        && key.chars().all(is_key);
    if !is_good {
        return Err(SourceError::Object);
    }
    Ok((Location::S3 { bucket: bucket.to_owned(), key: key.to_owned() }, directory))
}

/// What stands before `//`, and the directory behind it. `file:///srv/repo.git//policies` begins with a slash of its own.
fn divided(text: &str, is_rooted: bool) -> Result<(&str, &str), SourceError> {
    let from = usize::from(is_rooted && text.starts_with('/'));
    let Some(at) = text.get(from..).and_then(|it| it.find("//")) else {
        return Ok((text, ""));
    };
    let (path, rest) = text.split_at_checked(at + from).ok_or(SourceError::Directory)?;
    let directory = rest.trim_matches('/');
    let is_name = |it: char| it.is_ascii_alphanumeric() || "._-+@~".contains(it);
    let is_part = |it: &str| {
        !it.is_empty() && !matches!(it, "." | "..") && !it.starts_with('-') && it.chars().all(is_name)
    };
    let is_good = directory.len() <= MAX_NAME
        && directory.split('/').count() <= MAX_DEPTH
        && directory.split('/').all(is_part);
    if is_good { Ok((path, directory)) } else { Err(SourceError::Directory) }
}

/// Whether a host is this machine, to which nothing has to be encrypted.
#[must_use]
pub fn is_loopback(host: Option<Host<&str>>) -> bool {
    match host {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
        Some(Host::Ipv6(address)) => Ipv6Addr::is_loopback(&address),
        None => false,
    }
}

#[cfg(test)]
mod tests;
