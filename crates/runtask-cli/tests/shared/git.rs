//! Sources in git: pinned, used, moved, offline.

use crate::place::Place;
use crate::repository::Repository;
use crate::{cached, denies, lock, place, plan};
use serde_json::Value;
use std::fs;

/// A repository whose directory `policies` denies everything, tagged v1, and a place that asks it.
fn tagged() -> (Repository, Place, String) {
    let first = denies("the first version");
    let repository = Repository::with(&[
        ("policies/a.rego", &*first),
        (
            "policies/a_test.rego",
            "package shared_test\n\nimport rego.v1\n\ntest_it if count(data.shared.deny) == 1\n",
        ),
        ("policies/limits/low.json", "{\"lowest\": 1}"),
        ("policies/README.md", "Not a policy."),
        ("elsewhere/b.rego", "package elsewhere\n"),
    ]);
    repository.git(&["tag", "--annotate", "--message", "The first", "v1"]);
    let source = repository.source("//policies?ref=v1");
    let place = place(&[&source]);
    (repository, place, source)
}

#[test]
fn a_source_is_pinned_and_used_and_needs_nobody_afterwards() {
    let (repository, place, source) = tagged();
    let commit = repository.git(&["rev-parse", "HEAD"]);
    // Nothing is used that nobody has pinned.
    for command in [&["check", &*plan()][..], &["policy", "check"], &["policy", "fetch"], &["policy", "test"]]
    {
        let said = place.run(command);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(
            said.err.contains(&format!("{source} is not in runtask.lock: run `runtask policy update`")),
            "{}",
            said.err
        );
    }
    let said = place.run(&["policy", "update"]);
    assert_eq!((said.code, &*said.err), (0, ""), "{}", said.out);
    assert_eq!(said.out, format!("{source}: new, 3 files at {commit}\nruntask.lock: written, 1 source\n"));
    // As docs/policies.md says: sha256sum of what sha256sum prints.
    let listing = format!(
        "cd {} && LC_ALL=C sha256sum a.rego a_test.rego limits/low.json | sha256sum | cut -d' ' -f1",
        repository.path().join("policies").display()
    );
    let digest = std::process::Command::new("sh").args(["-c", &listing]).output().unwrap().stdout;
    let digest = String::from_utf8(digest).unwrap();
    let pinned =
        format!("source = \"{source}\"\nrevision = \"{commit}\"\ndigest = \"sha256:{}\"\n", digest.trim());
    assert!(lock(&place).ends_with(&pinned), "{}", lock(&place));

    // Whoever has shared it may be gone.
    fs::remove_dir_all(repository.path().join(".git")).unwrap();
    let said = place.run(&["check", &plan()]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.out.contains("the first version"), "{}", said.out);
    assert!(said.out.contains(&format!("rule at {source}/a.rego:5")), "{}", said.out);
    let said = place.run(&["policy", "test"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let said = place.run(&["policy", "fetch"]);
    assert_eq!((said.code, &*said.out), (0, "1 source: 0 fetched, 1 in the cache\n"));
    let said = place.run(&["simulate", ".", "--plan", &plan(), "--config", "runtask.toml"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("the first version"), "{}", said.out);
    // And where the cache is empty, it is not passed over.
    fs::remove_dir_all(place.path().join("cache")).unwrap();
    let said = place.run(&["check", &plan()]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("is not in the cache, and could not be fetched"), "{}", said.err);
}

#[test]
fn data_may_come_from_elsewhere_too() {
    let repository = Repository::with(&[
        (
            "policies/a.rego",
            "package a\n\nimport rego.v1\n\ndeny contains sprintf(\"at least %d\", [data.limits.lowest]) if true\n",
        ),
        ("data/limits/all.json", "{\"lowest\": 7}"),
    ]);
    let text = format!(
        "[tasks.default]\nchecks = [\"policy\"]\npolicy.paths = [\"{}\"]\npolicy.data = [\"{}\"]\n",
        repository.source("//policies"),
        repository.source("//data?ref=main")
    );
    let place = place(&[]);
    fs::write(place.path().join("runtask.toml"), text).unwrap();
    let said = place.run(&["policy", "update"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let said = place.run(&["check", &plan()]);
    assert!(said.out.contains("at least 7"), "{}{}", said.out, said.err);
}

/// A tag that was moved: the pinned commit is used until somebody updates, and never the new one in silence.
#[test]
fn what_has_moved_is_used_as_it_was_pinned() {
    let (repository, place, source) = tagged();
    let first = repository.git(&["rev-parse", "HEAD"]);
    assert_eq!(place.run(&["policy", "update"]).code, 0);
    let said = place.run(&["policy", "update", "--check"]);
    assert_eq!((said.code, &*said.out), (0, "runtask.lock is up to date\n"), "{}", said.err);
    let pinned = lock(&place);

    repository.git(&["rm", "--quiet", "policies/limits/low.json"]);
    let second = repository
        .commit(&[("policies/a.rego", &denies("the second version")), ("policies/c.rego", "package c\n")]);
    repository.git(&["tag", "--force", "v1"]);
    let said = place.run(&["policy", "update", "--check"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert_eq!(said.out, format!("{source} has moved: {first} -> {second}\n\nNow: runtask policy update\n"));
    fs::remove_dir_all(place.path().join("cache")).unwrap();
    let said = place.run(&["check", &plan()]);
    assert!(said.out.contains("the first version"), "{}{}", said.out, said.err);
    assert_eq!(lock(&place), pinned, "nothing but update writes it");

    let said = place.run(&["policy", "update"]);
    let expected = format!(
        "{source}: {first} -> {second}\n  + c.rego\n  ~ a.rego\n  - limits/low.json\nruntask.lock: written, 1 source\n"
    );
    assert_eq!((said.code, &*said.out), (0, &*expected), "{}", said.err);
    let said = place.run(&["check", &plan()]);
    assert!(said.out.contains("the second version"), "{}{}", said.out, said.err);
    let said = place.run(&["policy", "update"]);
    assert_eq!(said.out, format!("{source}: unchanged, at {second}\nruntask.lock: as it was, 1 source\n"));
}

/// A branch that was written anew, whose old commit nobody has any more: an error, and not the new one.
#[test]
fn what_is_gone_is_an_error() {
    let repository = Repository::with(&[("a.rego", &denies("the first version"))]);
    let place = place(&[&repository.source("?ref=main")]);
    assert_eq!(place.run(&["policy", "update"]).code, 0);
    repository.git(&["checkout", "--quiet", "--orphan", "new"]);
    repository.commit(&[("a.rego", "package shared\n")]);
    repository.git(&["branch", "--quiet", "--force", "main", "new"]);
    repository.git(&["reflog", "expire", "--expire=now", "--all"]);
    repository.git(&["gc", "--quiet", "--prune=now"]);
    fs::remove_dir_all(place.path().join("cache")).unwrap();
    let said = place.run(&["check", &plan()]);
    assert_eq!((said.code, &*said.out), (2, ""));
    assert!(said.err.contains("is not in the cache, and could not be fetched"), "{}", said.err);
    // Who updates has said so, and hears what could not be compared.
    let said = place.run(&["policy", "update"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("what was pinned before is not to be had"), "{}", said.err);
}

#[test]
fn a_lock_that_was_changed_by_hand_changes_nothing() {
    let (repository, place, source) = tagged();
    assert_eq!(place.run(&["policy", "update"]).code, 0);
    let path = place.path().join("runtask.lock");
    let good = lock(&place);
    let other = repository.commit(&[("policies/a.rego", &denies("another"))]);
    let commit = repository.git(&["rev-parse", "v1^{commit}"]);
    // Another commit with the old digest; another digest with the old commit.
    fs::write(&path, good.replace(&commit, &other)).unwrap();
    fs::remove_dir_all(place.path().join("cache")).unwrap();
    let said = place.run(&["check", &plan()]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("is not what runtask.lock pins"), "{}", said.err);
    let digest = good.lines().last().unwrap();
    fs::write(&path, good.replace(digest, &format!("digest = \"sha256:{}\"", "0".repeat(64)))).unwrap();
    let said = place.run(&["policy", "fetch"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("is not what runtask.lock pins"), "{}", said.err);
    // No lock at all.
    fs::write(&path, good.replace(&commit, "--upload-pack=touch")).unwrap();
    let said = place.run(&["check", &plan()]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("runtask.lock:7: `revision` is none that such a source can have"),
        "{}",
        said.err
    );
    let said = place.run(&["policy", "update"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("warning: runtask.lock:7"), "{}", said.err);
    assert_eq!(lock(&place), good);
    let said = place.run(&["policy", "update", "--check", &source]);
    assert_eq!(said.code, 0, "{}", said.out);
}

#[test]
fn a_cache_that_was_changed_is_fetched_again_and_never_used() {
    let (repository, place, _) = tagged();
    assert_eq!(place.run(&["policy", "update"]).code, 0);
    let kept = cached(&place);
    let spoil = || fs::write(kept.join("a.rego"), "package shared\n").unwrap();
    spoil();
    let said = place.run(&["check", &plan()]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.out.contains("the first version"), "{}", said.out);
    assert!(said.err.contains("the cache of git::file://"), "{}", said.err);
    assert_eq!(fs::read_to_string(kept.join("a.rego")).unwrap(), denies("the first version"));
    spoil();
    fs::remove_dir_all(repository.path().join(".git")).unwrap();
    let said = place.run(&["check", &plan()]);
    assert_eq!((said.code, &*said.out), (2, ""));
}

#[test]
fn two_at_once_do_no_harm() {
    let (_repository, place, _) = tagged();
    assert_eq!(place.run(&["policy", "update"]).code, 0);
    fs::remove_dir_all(place.path().join("cache")).unwrap();
    let all: Vec<_> = (0..4).map(|_| place.start(&["policy", "fetch"])).collect();
    for process in all {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    place.wait_for_nobody();
    cached(&place);
}

/// Some of several, those that nobody names any more, and what `--json` says.
#[test]
fn sources_are_updated_one_by_one() {
    let one = Repository::with(&[("a.rego", "package a\n")]);
    let two = Repository::with(&[("b.rego", "package b\n")]);
    let (first, second) = (one.source(""), two.source("?ref=main"));
    let place = place(&[&first, &second]);
    let said = place.run(&["policy", "update", &first]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains(&format!("warning: {second} is still not pinned")), "{}", said.err);
    let said = place.run(&["policy", "update", "--check"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains(&format!("{second} is not in runtask.lock")), "{}", said.out);
    assert_eq!(place.run(&["policy", "update"]).code, 0);
    let commit = one.commit(&[("a.rego", "package a2\n")]);
    two.commit(&[("b.rego", "package b2\n")]);
    let said = place.run(&["policy", "update", "--json", &first]);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["sources"].as_array().unwrap().len(), 1);
    assert_eq!(json["sources"][0]["revision"], *commit);
    assert_eq!(json["sources"][0]["files"]["changed"][0], "a.rego");
    fs::write(place.path().join("runtask.toml"), crate::tasks(&[&first])).unwrap();
    let said = place.run(&["policy", "update", "--check"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("is in runtask.lock, and nothing names it"), "{}", said.out);
    let said = place.run(&["policy", "update"]);
    assert!(said.out.contains(&format!("{second}: removed, because nothing names it")), "{}", said.out);
    let said = place.run(&["policy", "update", "https://me:hunter2@example.com/a.git"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("the file names no source number 1") && !said.err.contains("hunter2"),
        "{}",
        said.err
    );
}

/// What a package needs of it: the lock, and every file, with where it belongs.
#[test]
fn the_files_of_a_package_are_listed() {
    let (_repository, place, _) = tagged();
    assert_eq!(place.run(&["policy", "update"]).code, 0);
    let said = place.run(&["policy", "files", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["files"], serde_json::json!(["runtask.lock"]));
    let name = cached(&place).file_name().unwrap().to_str().unwrap().to_owned();
    let shared = json["shared"].as_array().unwrap();
    let places: Vec<_> = shared.iter().map(|it| it["to"].as_str().unwrap()).collect();
    let expected =
        ["a.rego", "a_test.rego", "limits/low.json"].map(|it| format!("runtask.shared/{name}/{it}"));
    assert_eq!(places, expected);
    for it in shared {
        assert!(fs::metadata(it["from"].as_str().unwrap()).unwrap().is_file());
    }
}
