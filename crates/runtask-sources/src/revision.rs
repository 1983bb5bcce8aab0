//! Holds which state of a source is meant: one that cannot become another.

use crate::digest::Digest;
use crate::source::Location;
use std::fmt;

/// The state of a source at the time when it was pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// A git commit, by its whole hash.
    Commit(String),
    /// An artifact, by the digest of its manifest.
    Manifest(Digest),
    /// A version of an object in S3, where the bucket keeps versions.
    Version(String),
    /// An object in S3, by its entity tag, where the bucket keeps none.
    Etag(String),
}

/// A text that is no revision of such a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no revision of such a source")]
pub struct NoRevision;

/// What a version and a tag of S3 begin with where they are written.
const VERSION: &str = "version:";
const ETAG: &str = "etag:";

impl Revision {
    /// Reads what was written of it.
    ///
    /// # Errors
    ///
    /// When a source in such a place has no such revisions. Programs are called with it, so nothing else is let through.
    pub fn read(text: &str, location: &Location) -> Result<Self, NoRevision> {
        match location {
            Location::Git { .. } => Self::commit(text),
            Location::Oci { .. } => text.parse().map(Self::Manifest).map_err(|_no_digest| NoRevision),
            Location::S3 { .. } => match (text.strip_prefix(VERSION), text.strip_prefix(ETAG)) {
                (Some(id), _) => Self::version(id),
                (None, Some(tag)) => Self::etag(tag),
                (None, None) => Err(NoRevision),
            },
        }
    }

    /// A git commit.
    ///
    /// # Errors
    ///
    /// When it is no whole hash.
    pub fn commit(hash: &str) -> Result<Self, NoRevision> {
        let is_digit = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
        let is_hash = matches!(hash.len(), 40 | 64) && hash.bytes().all(is_digit);
        if is_hash { Ok(Self::Commit(hash.to_owned())) } else { Err(NoRevision) }
    }

    /// A version in S3.
    ///
    /// # Errors
    ///
    /// When it is no id of one.
    pub fn version(id: &str) -> Result<Self, NoRevision> {
        opaque(id).map(Self::Version)
    }

    /// An entity tag in S3, without its quotes.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn etag(tag: &str) -> Result<Self, NoRevision> {
        opaque(tag).map(Self::Etag)
    }
}

/// Ids of S3 are opaque, and made of these characters.
fn opaque(id: &str) -> Result<String, NoRevision> {
    let is_good = !id.is_empty()
        && id.len() <= 1024
        && !id.starts_with('-')
        && id.chars().all(|it| it.is_ascii_alphanumeric() || "._-+/=".contains(it));
    if is_good { Ok(id.to_owned()) } else { Err(NoRevision) }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit(hash) => f.write_str(hash),
            Self::Manifest(digest) => fmt::Display::fmt(digest, f),
            Self::Version(id) => write!(f, "{VERSION}{id}"),
            Self::Etag(tag) => write!(f, "{ETAG}{tag}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    #[test]
    fn a_revision_is_of_its_kind_of_source() {
        let [git, oci, s3] = ["git::https://h/a.git", "oci://h/a:1", "s3://bucket/a.tgz"]
            .map(|it| it.parse::<Source>().unwrap().location().clone());
        let (commit, digest) = ("0123456789abcdef0123456789abcdef01234567", Digest::of(b"").to_string());
        for (text, location) in [
            (commit, &git),
            (&digest, &oci),
            ("version:3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY", &s3),
            ("etag:d41d8cd98f00b204e9800998ecf8427e-2", &s3),
        ] {
            assert_eq!(Revision::read(text, location).unwrap().to_string(), text);
        }
        for (text, location) in [
            ("--upload-pack=touch", &git),
            ("main", &git),
            (&commit[..39], &git),
            (&digest, &git),
            ("latest", &oci),
            (commit, &oci),
            ("version:", &s3),
            ("version:--x", &s3),
            ("etag:a b", &s3),
            ("etag:\"a\"", &s3),
            ("null", &s3),
        ] {
            assert_eq!(Revision::read(text, location), Err(NoRevision), "{text}");
        }
    }
}
