//! A place in S3: `s3://BUCKET` or `s3://BUCKET/PREFIX`.

use std::fmt;
use std::str::FromStr;

/// A bucket, and what the keys in it begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Uri {
    /// The bucket.
    pub bucket: String,
    /// Empty, or with a slash at its end.
    prefix: String,
}

/// A text that is no such place.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("write s3://BUCKET or s3://BUCKET/PREFIX")]
pub struct BadS3Uri;

impl S3Uri {
    /// The key of something there, by its name.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

impl FromStr for S3Uri {
    type Err = BadS3Uri;

    fn from_str(text: &str) -> Result<Self, BadS3Uri> {
        let rest = text.strip_prefix("s3://").ok_or(BadS3Uri)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_bucket = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-' || it == b'.';
        if bucket.len() < 3 || !bucket.bytes().all(is_bucket) || prefix.chars().any(char::is_control) {
            return Err(BadS3Uri);
        }
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(Self { bucket: bucket.to_owned(), prefix })
    }
}

impl fmt::Display for S3Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_and_a_prefix() {
        for (text, key) in [("s3://caches", "a/b"), ("s3://caches/", "a/b"), ("s3://caches/x/y/", "x/y/a/b")]
        {
            let place: S3Uri = text.parse().unwrap();
            assert_eq!((&*place.bucket, place.key("a/b")), ("caches", key.to_owned()));
        }
        for text in ["", "caches", "s3://", "s3://a", "s3://A_B/x", "https://caches/x"] {
            assert_eq!(text.parse::<S3Uri>(), Err(BadS3Uri), "{text}");
        }
    }
}
