//! Sources in a registry: bundles of OPA, policies of conftest, tokens, and registries that mean harm.

use crate::place::Place;
use crate::registry::{BUNDLE, DATA, Door, POLICY, Registry, TOKEN};
use crate::{denies, lock, place, plan};
use runtask_archive::ArchiveBuilder;
use runtask_sources::Digest;
use std::fs;

/// A bundle as `opa build` writes it.
fn bundle(message: &str) -> Vec<u8> {
    let archive = ArchiveBuilder::new()
        .file("/data.json", "{}")
        .file("/aws/a.rego", denies(message))
        .file("/.manifest", "{}");
    archive.tar_gz().unwrap()
}

fn source(registry: &Registry, rest: &str) -> String {
    format!("oci://{}/acme/policies{rest}", registry.address)
}

fn updated(registry: &Registry, rest: &str) -> (Place, String) {
    let place = place(&[&source(registry, rest)]);
    let said = place.run(&["policy", "update"]);
    assert_eq!(said.code, 2, "{}", said.out);
    (place, said.err)
}

#[test]
fn a_bundle_of_opa_is_pinned_by_its_manifest() {
    let registry = Registry::start();
    let first = registry.push("1.2", &[(BUNDLE, "bundle.tar.gz", &bundle("the first version"))]);
    let place = place(&[&source(&registry, ":1.2//aws")]);
    let said = place.run(&["policy", "update"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(lock(&place).contains(&format!("revision = \"{first}\"")), "{}", lock(&place));
    // A tag that was pushed again is not what was pinned.
    let second = registry.push("1.2", &[(BUNDLE, "bundle.tar.gz", &bundle("the second version"))]);
    fs::remove_dir_all(place.path().join("cache")).unwrap();
    let said = place.run(&["check", &plan()]);
    assert!(said.out.contains("the first version"), "{}{}", said.out, said.err);
    let said = place.run(&["policy", "update", "--check"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains(&format!("has moved: {first} -> {second}")), "{}", said.out);
    // What has a digest for a name cannot move, and nobody is asked whether it has.
    let calls = registry.calls().len();
    let pinned = crate::place(&[&source(&registry, &format!("@{first}"))]);
    fs::copy(place.path().join("runtask.lock"), pinned.path().join("runtask.lock")).unwrap();
    assert_eq!(pinned.run(&["policy", "update", "--check"]).code, 1);
    assert_eq!(registry.calls().len(), calls);
    assert_eq!(pinned.run(&["policy", "update"]).code, 0);
}

#[test]
fn policies_of_conftest_are_files_with_titles() {
    let registry = Registry::start();
    let rule =
        "package shared\n\nimport rego.v1\n\ndeny contains sprintf(\"at least %d\", [data.lowest]) if true\n";
    registry.push(
        "latest",
        &[(POLICY, "policy/a.rego", rule.as_bytes()), (DATA, "data/low.json", b"{\"lowest\": 7}")],
    );
    let place = place(&[]);
    let text = format!(
        "[tasks.default]\nchecks = [\"policy\"]\npolicy.paths = [\"{0}//policy\"]\npolicy.data = [\"{0}//data\"]\n",
        source(&registry, "")
    );
    // `data/` of a whole source is `data.data`; a directory behind `//` begins anew, as a directory beside the file does.
    fs::write(place.path().join("runtask.toml"), text).unwrap();
    let said = place.run(&["policy", "update"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let said = place.run(&["check", &plan()]);
    assert!(said.out.contains("at least 7"), "{}{}", said.out, said.err);
    for title in ["../a.rego", "/etc/a.rego", "a\\b.rego"] {
        registry.push("latest", &[(POLICY, title, b"package a")]);
        let (_, said) = updated(&registry, "");
        assert!(said.contains("a name that not every system can have"), "{title}: {said}");
    }
    registry.push("latest", &[(POLICY, "a.rego", b"package a"), ("application/wasm", "a.wasm", b"")]);
    let (_, said) = updated(&registry, "");
    assert!(said.contains("it has a layer of the type application/wasm"), "{said}");
}

#[test]
fn tokens_are_asked_for_as_registries_say() {
    let registry = Registry::start();
    registry.push("1", &[(BUNDLE, "", &bundle("x"))]);
    registry.change(|it| it.door = Door::Token);
    let said = place(&[&source(&registry, ":1")]).run(&["policy", "update"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(registry.calls().iter().filter(|it| it.0.starts_with("/token")).all(|it| it.1.is_empty()));

    for door in [Door::TokenForPassword, Door::Password] {
        registry.change(|it| it.door = door);
        let (_, said) = updated(&registry, ":1");
        assert!(
            said.contains("set RUNTASK_OCI_REGISTRY, RUNTASK_OCI_USERNAME and RUNTASK_OCI_PASSWORD"),
            "{said}"
        );
        let with = |registry: &str, password: &str, sources: &[&str]| {
            let place = place(sources)
                .variable("RUNTASK_OCI_REGISTRY", registry)
                .variable("RUNTASK_OCI_USERNAME", "ada");
            place.variable("RUNTASK_OCI_PASSWORD", password)
        };
        let source = source(&registry, ":1");
        let said = with(&registry.address, "hunter2", &[&source]).run(&["policy", "update"]);
        assert_eq!(said.code, 0, "{door:?}: {}", said.err);
        let said = with(&registry.address, "hunter3", &[&source]).run(&["policy", "update"]);
        assert_eq!(said.code, 2);
        assert!(
            said.err.contains("look at RUNTASK_OCI_USERNAME") && !said.err.contains("hunter3"),
            "{}",
            said.err
        );
        // They are for one registry.
        let before = registry.calls().len();
        let said = with("ghcr.io", "hunter2", &[&source]).run(&["policy", "update"]);
        assert_eq!(said.code, 2);
        assert!(registry.calls()[before..].iter().all(|it| it.1.is_empty()));
    }
    let said =
        place(&[&source(&registry, ":1")]).variable("RUNTASK_OCI_USERNAME", "ada").run(&["policy", "update"]);
    assert!(said.err.contains("together, or none of them"), "{}", said.err);
}

/// Blobs lie with somebody else, who is sent there with a signed URL and must not get the token.
#[test]
fn a_redirect_takes_no_token_along_and_shows_no_url() {
    let (registry, storage) = (Registry::start(), Registry::start());
    let bytes = bundle("x");
    registry.push("1", &[(BUNDLE, "", &bytes)]);
    registry.change(|it| {
        it.door = Door::Token;
        it.elsewhere = Some(format!("http://{}", storage.address));
    });
    let (_, said) = updated(&registry, ":1");
    assert!(said.contains(&storage.address) && !said.contains("hunter2"), "{said}");
    storage.change(|it| {
        it.blobs.insert(Digest::of(&bytes).to_string(), bytes.clone());
    });
    let said = place(&[&source(&registry, ":1")]).run(&["policy", "update"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let calls = storage.calls();
    assert!(!calls.is_empty() && calls.iter().all(|it| it.1.is_empty()), "{calls:?}");
    let with_token = registry.calls().into_iter().filter(|it| it.1 == format!("Bearer {TOKEN}"));
    assert!(with_token.count() > 0);
    for elsewhere in ["http://storage.example.com", "file:///etc", "https://me:hunter2@storage.example.com"] {
        registry.change(|it| it.elsewhere = Some(elsewhere.to_owned()));
        let (_, said) = updated(&registry, ":1");
        assert!(said.contains("sends us to"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    registry.change(|it| it.realm = Some("http://tokens.example.com/token".to_owned()));
    let (_, said) = updated(&registry, ":1");
    assert!(said.contains("sends us to tokens.example.com, which is not https"), "{said}");
}

#[test]
fn bytes_are_what_their_digests_say() {
    let registry = Registry::start();
    let good = bundle("x");
    let digest = registry.push("1", &[(BUNDLE, "", &good)]);
    let blob = Digest::of(&good).to_string();
    for (bytes, expected) in [
        (good[..good.len() - 1].to_vec(), "gave other bytes than those of"),
        ([&good[..], b"x"].concat(), "bytes that were to come"),
        (Vec::new(), "gave other bytes than those of"),
    ] {
        registry.change(|it| {
            it.blobs.insert(blob.clone(), bytes);
        });
        let (place, said) = updated(&registry, ":1");
        assert!(said.contains(expected), "{said}");
        assert!(!place.path().join("runtask.lock").exists() && !place.path().join("cache").exists());
    }
    registry.put(&digest.to_string(), b"{\"layers\": []}");
    let (_, said) = updated(&registry, ":1");
    assert!(said.contains("the registry gave another manifest than"), "{said}");
    let (_, said) = updated(&registry, &format!("@{digest}"));
    assert!(said.contains("the registry gave another manifest than"), "{said}");
    let (_, said) = updated(&registry, ":2");
    assert!(said.contains("has no such artifact"), "{said}");
    registry.put("3", &vec![b' '; (4 << 20) + 1]);
    let (_, said) = updated(&registry, ":3");
    assert!(said.contains("bytes that were to come"), "{said}");
}

#[test]
fn bombs_and_links_are_refused() {
    let registry = Registry::start();
    for (archive, expected) in [
        (ArchiveBuilder::new().file("a.bin", vec![0; 300 << 20]), "bytes once unpacked"),
        (ArchiveBuilder::new().symlink("a", "/etc"), "a symbolic link's target must be relative"),
        (ArchiveBuilder::new().file("a.rego", "").symlink("b", "a.rego"), "holds the link b"),
    ] {
        registry.push("1", &[(BUNDLE, "", &archive.tar_gz().unwrap())]);
        let (_, said) = updated(&registry, ":1");
        assert!(said.contains(expected), "{said}");
    }
    registry.push("1", &[(BUNDLE, "", b"not an archive")]);
    let (_, said) = updated(&registry, ":1");
    assert!(said.contains("the archive is not in gzip format"), "{said}");
}
