//! Sources in S3. `aws` is a stand-in: a script that keeps versions in a directory, and takes no other call than those that the
//! AWS CLI documents.

use crate::place::{Place, Said};
use crate::{denies, lock, place, plan};
use runtask_archive::ArchiveBuilder;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const SOURCE: &str = "s3://acme-policies/v1/policies.tar.gz//aws";

/// Objects lie in `$BUCKET/VERSION`; `$BUCKET/newest` names the version, `$BUCKET/etag` the tag where there are none.
const AWS: &str = r#"#!/bin/sh
env | cut -d= -f1 >> "$AWS_TEST_BUCKET/variables"
fail() { echo "$2" >&2; exit "$1"; }
cd "$AWS_TEST_BUCKET"
[ "$1 $3 $4 $5 $6 $7 $8" = "s3api --output json --bucket acme-policies --key v1/policies.tar.gz" ] || fail 252 "unexpected: $*"
[ -f denied ] && fail 254 "An error occurred (403) when calling the HeadObject operation: Forbidden"
newest=$(cat newest)
version=$newest; etag=0
[ -f etag ] && { version=null; etag=$(cat etag); }
case "$2 $9 $#" in
"head-object  8")
    echo "{\"ContentLength\": $(wc -c < "$newest"), \"VersionId\": \"$version\", \"ETag\": \"\\\"$etag\\\"\", \"Metadata\": {}}" ;;
"get-object --version-id 11")
    [ -f "${10}" ] || fail 254 "An error occurred (NoSuchVersion)"
    cat "${10}" > "${11}"; echo "{}" ;;
"get-object --if-match 11")
    [ "${10}" = "\"$etag\"" ] || fail 254 "An error occurred (PreconditionFailed)"
    cat "$newest" > "${11}"; echo "{}" ;;
*) fail 252 "unexpected: $*" ;;
esac
"#;

struct Bucket(Place);

impl Bucket {
    fn new() -> Self {
        let place = place(&[SOURCE]);
        let (bin, bucket) = (place.path().join("bin"), place.path().join("bucket"));
        fs::create_dir_all(&bin).unwrap();
        fs::create_dir_all(&bucket).unwrap();
        fs::write(bin.join("aws"), AWS).unwrap();
        fs::set_permissions(bin.join("aws"), fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let place = place.variable("PATH", path).variable("AWS_TEST_BUCKET", bucket.display().to_string());
        Self(place.variable("AWS_PROFILE", "policies").variable("SOME_TOKEN", "hunter2"))
    }

    fn put(&self, name: &str, content: &[u8]) {
        fs::write(self.0.path().join("bucket").join(name), content).unwrap();
    }

    /// A new version of the object.
    fn upload(&self, version: &str, message: &str) {
        let archive = ArchiveBuilder::new().file("aws/a.rego", denies(message)).file("b.rego", "package b");
        self.put(version, &archive.tar_gz().unwrap());
        self.put("newest", version.as_bytes());
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.0.run(arguments)
    }

    fn forget_cache(&self) {
        fs::remove_dir_all(self.0.path().join("cache")).unwrap();
    }
}

#[test]
fn a_version_is_pinned_where_the_bucket_keeps_versions() {
    let bucket = Bucket::new();
    bucket.upload("3HL4kqt.JlcpX", "the first version");
    let said = bucket.run(&["policy", "update"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(lock(&bucket.0).contains("revision = \"version:3HL4kqt.JlcpX\""), "{}", lock(&bucket.0));
    bucket.upload("4IM5lru.KmdqY", "the second version");
    bucket.forget_cache();
    let said = bucket.run(&["check", &plan()]);
    assert!(said.out.contains("the first version"), "{}{}", said.out, said.err);
    let said = bucket.run(&["policy", "update", "--check"]);
    assert!(said.out.contains("has moved: version:3HL4kqt.JlcpX -> version:4IM5lru.KmdqY"), "{}", said.out);
    let said = bucket.run(&["policy", "update"]);
    assert!(said.out.contains("  ~ a.rego\n"), "{}{}", said.out, said.err);
    // It gets what it is to know, and not what else is around.
    let variables = fs::read_to_string(bucket.0.path().join("bucket/variables")).unwrap();
    let has = |name: &str| variables.lines().any(|it| it == name);
    assert!(has("AWS_PROFILE") && has("HOME") && has("AWS_PAGER"), "{variables}");
    assert!(!has("SOME_TOKEN") && !has("RUNTASK_CACHE_DIR"), "{variables}");
}

#[test]
fn without_versions_what_was_written_over_is_an_error() {
    let bucket = Bucket::new();
    bucket.put("etag", b"0123456789abcdef-2");
    bucket.upload("object", "the first version");
    let said = bucket.run(&["policy", "update"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(lock(&bucket.0).contains("revision = \"etag:0123456789abcdef-2\""), "{}", lock(&bucket.0));
    bucket.forget_cache();
    assert_eq!(bucket.run(&["policy", "fetch"]).code, 0);
    bucket.put("etag", b"fedcba9876543210");
    bucket.upload("object", "the second version");
    // What is in the cache still holds; nothing else does.
    assert!(bucket.run(&["check", &plan()]).out.contains("the first version"));
    bucket.forget_cache();
    let said = bucket.run(&["check", &plan()]);
    assert_eq!((said.code, &*said.out), (2, ""));
    assert!(said.err.contains("PreconditionFailed"), "{}", said.err);
}

#[test]
fn what_s3_refuses_is_told() {
    let bucket = Bucket::new();
    bucket.upload("1", "x");
    bucket.put("denied", b"");
    let said = bucket.run(&["policy", "update"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("aws ended with 254: An error occurred (403)"), "{}", said.err);
    fs::remove_file(bucket.0.path().join("bucket/denied")).unwrap();
    bucket.put("1", b"not an archive");
    let said = bucket.run(&["policy", "update"]);
    assert!(said.err.contains("the archive is not in gzip format"), "{}", said.err);
    bucket.put("1", &vec![0; (64 << 20) + 1]);
    let said = bucket.run(&["policy", "update"]);
    assert!(said.err.contains("67108864 are fetched"), "{}", said.err);
    let said = place(&[SOURCE]).variable("PATH", "/nonexistent").run(&["policy", "update"]);
    assert!(said.err.contains("there is no program aws on PATH: install the AWS CLI"), "{}", said.err);
}
