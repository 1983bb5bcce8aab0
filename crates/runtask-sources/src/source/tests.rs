//! Tests how sources are written, and what is refused.

use super::*;
use proptest::prelude::*;

fn read(text: &str) -> Result<(Location, String), SourceError> {
    text.parse::<Source>().map(|it| (it.location().clone(), it.directory().to_owned()))
}

fn repository(text: &str) -> (String, Option<String>, String) {
    match read(text) {
        Ok((Location::Git { url, reference }, directory)) => (url, reference, directory),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_repository_is_written_as_terraform_writes_it() {
    let expected = |url: &str, reference: Option<&str>, directory: &str| {
        (url.to_owned(), reference.map(str::to_owned), directory.to_owned())
    };
    for (text, url, reference, directory) in [
        ("git::https://github.com/a/b.git", "https://github.com/a/b.git", None, ""),
        (
            "git::https://github.com/a/b.git//p/q?ref=v1.2.0",
            "https://github.com/a/b.git",
            Some("v1.2.0"),
            "p/q",
        ),
        (
            "git::https://github.com/a/b.git//p/?ref=release/1.x",
            "https://github.com/a/b.git",
            Some("release/1.x"),
            "p",
        ),
        ("git::ssh://git@github.com/a/b.git//p?ref=main", "ssh://git@github.com/a/b.git", Some("main"), "p"),
        ("git::file:///srv/b.git//p?ref=main", "file:///srv/b.git", Some("main"), "p"),
        ("git::file:///srv/b.git", "file:///srv/b.git", None, ""),
        ("git::http://127.0.0.1:8080/b.git", "http://127.0.0.1:8080/b.git", None, ""),
    ] {
        assert_eq!(repository(text), expected(url, reference, directory));
    }
}

#[test]
fn an_artifact_is_written_as_conftest_writes_it() {
    let artifact = |text: &str| match read(text) {
        Ok((Location::Oci { registry, repository, reference }, directory)) => {
            (registry, repository, reference, directory)
        }
        other => panic!("{text}: {other:?}"),
    };
    let tag = |it: &str| OciReference::Tag(it.to_owned());
    let (a, b) = ("ghcr.io".to_owned(), "acme/policies".to_owned());
    assert_eq!(
        artifact("oci://ghcr.io/acme/policies:1.2"),
        (a.clone(), b.clone(), tag("1.2"), String::new())
    );
    assert_eq!(artifact("oci://GHCR.io/acme/policies//aws"), (a, b, tag("latest"), "aws".to_owned()));
    let digest = Digest::of(b"abc");
    let local = artifact(&format!("oci://127.0.0.1:5000/p@{digest}"));
    assert_eq!(
        local,
        ("127.0.0.1:5000".to_owned(), "p".to_owned(), OciReference::Digest(digest), String::new())
    );
}

#[test]
fn an_archive_in_s3_is_a_key_that_says_what_it_is() {
    let expected = Location::S3 { bucket: "acme-policies".to_owned(), key: "v1/p.tar.gz".to_owned() };
    assert_eq!(read("s3://acme-policies/v1/p.tar.gz//aws"), Ok((expected, "aws".to_owned())));
}

/// U-04: each with what was meant.
#[test]
fn what_is_none_is_refused_with_what_was_meant() {
    use SourceError::*;
    let digest = "a".repeat(64);
    for (text, expected) in [
        ("https://example.com/x.rego", Scheme),
        ("git::ftp://example.com/x.git", Scheme),
        ("hg::https://example.com/x", Scheme),
        ("https://github.com/a/b.git", Repository),
        ("git@github.com:a/b.git", Repository),
        ("git::git@github.com:a/b.git", Repository),
        ("git::ext::sh%20-c%20touch", Repository),
        ("git::ext::sh -c touch% /tmp/x", Characters),
        ("git::https://github.com/a\"b.git", Characters),
        ("git::https://github.com/ä.git", Characters),
        ("git::/srv/repo.git", Repository),
        ("ssh://github.com/a/b.git", Repository),
        ("s3::https://s3.amazonaws.com/b/k.tar.gz", LongS3),
        ("git::http://example.com/a.git", Unencrypted),
        ("git::http://127.0.0.1.example.com/a.git", Unencrypted),
        ("git::https://github.com", NoUrl),
        ("git::https:///a.git", NoUrl),
        ("git::file://host/a.git", NoUrl),
        ("git::ssh://-oProxyCommand=x/a.git", NoUrl),
        ("git::ssh://-oProxyCommand@host/a.git", NoUrl),
        ("git::https://github.com/a.git?depth=1", Query),
        ("git::https://github.com/a.git?ref=a&sshkey=b", Query),
        ("git::https://github.com/a.git?ref=", Reference),
        ("git::https://github.com/a.git?ref=--upload-pack=touch", Reference),
        ("git::https://github.com/a.git?ref=a/-b", Reference),
        ("git::https://github.com/a.git?ref=a..b", Reference),
        ("git::https://github.com/a.git?ref=a:b", Reference),
        ("git::https://github.com/a.git?ref=a%20b", Reference),
        ("git::https://github.com/a.git?ref=refs/heads/a.lock", Reference),
        ("git::https://github.com/a.git?ref=*", Reference),
        ("git::https://github.com/a.git#main", Fragment),
        ("git::https://github.com/a.git//../..", Directory),
        ("git::https://github.com/a.git//p/../../x", Directory),
        ("git::https://github.com/a.git//p//q", Directory),
        ("git::https://github.com/a.git//%2e%2e", Directory),
        ("git::https://github.com/a.git//-p", Directory),
        ("git::https://github.com/a.git//", Directory),
        ("oci://ghcr.io/a:1//../x", Directory),
        ("oci://ghcr.io", Artifact),
        ("oci://ghcr.io/A:1", Artifact),
        ("oci://ghcr.io/a/../b:1", Artifact),
        ("oci://ghcr.io/a:-1", Artifact),
        ("oci://ghcr.io/a:", Artifact),
        ("oci://ghcr.io/a@sha256:abc", Artifact),
        (&format!("oci://ghcr.io/a@sha512:{digest}"), Artifact),
        ("oci://ghcr.io?x/a:1", Artifact),
        ("s3://b/k.tar.gz", Object),
        ("s3://bucket", Object),
        ("s3://bucket/k.zip", Object),
        ("s3://bucket/--endpoint-url.tar.gz", Object),
        ("s3://-bucket/k.tar.gz", Object),
    ] {
        assert_eq!(read(text), Err(expected), "{text}");
    }
}

#[test]
fn a_secret_in_a_url_is_refused_as_one() {
    for text in [
        "git::https://user:hunter2@github.com/a.git",
        "git::https://hunter2@github.com/a.git?ref=v1",
        "git::https://hunter2@github.com/a.git#x",
        "git::ssh://git:hunter2@github.com/a.git",
        "git::http://hunter2@127.0.0.1/a.git",
        "https://hunter2@github.com/a.git",
        "oci://user:hunter2@ghcr.io/a:1",
        "s3://hunter2@bucket/k.tar.gz",
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error, SourceError::Credentials, "{text}");
        assert!(!error.to_string().contains("hunter2"));
        assert!(Source::may_hold_secret(text), "{text}");
    }
    // Whatever else is wrong with them.
    for text in [
        "git::https://user:hun/ter2@github.com/a.git",
        "git::https://hunter2@github.com/a.git//..",
        "git::https://github.com/a.git?ref=v1&sshkey=hunter2",
        "git::https://github.com/a.git?token=hunter2",
    ] {
        assert!(read(text).is_err() && Source::may_hold_secret(text), "{text}");
    }
    for text in
        ["git::https://github.com/a.git?ref=--x", "oci://ghcr.io/A@sha256:abc", "git::ssh://git@h/a#b"]
    {
        assert!(!Source::may_hold_secret(text), "{text}");
    }
}

#[test]
fn files_and_directories_are_no_sources() {
    for text in ["policies/", "../policies", "a:b", "policies@1", "C:\\policies"] {
        assert!(!Source::is_meant(text), "{text}");
    }
    for text in ["git::x", "s3://b", "https://x", "git@github.com:a/b", "a::b"] {
        assert!(Source::is_meant(text), "{text}");
    }
}

proptest! {
    /// Whatever is accepted, nothing of it is an option of a program, a way up, or a secret.
    #[test]
    fn what_is_accepted_is_harmless(
        scheme in "(git::(https|ssh|file|http)://|oci://|s3://)",
        rest in "[a-z0-9@:/.?=&%#_+ -]{0,60}",
    ) {
        let Ok(source) = format!("{scheme}{rest}").parse::<Source>() else { return Ok(()) };
        let directory = source.directory();
        prop_assert!(!directory.split('/').any(|it| it == ".." || it.starts_with('-')));
        match source.location() {
            Location::Git { url, reference } => {
                let url = Url::parse(url).unwrap();
                prop_assert!(url.password().is_none());
                prop_assert!(url.scheme() == "ssh" || url.username().is_empty());
                prop_assert!(!reference.as_deref().unwrap_or_default().starts_with('-'));
            }
            Location::Oci { registry, repository, .. } => {
                prop_assert!(!registry.contains('@') && !repository.contains(".."), "{source}");
            }
            Location::S3 { bucket, key } => prop_assert!(!bucket.starts_with('-') && !key.starts_with('-')),
        }
    }
}
