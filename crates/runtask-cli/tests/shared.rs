//! Tests policies shared between repositories, by the command as a process: real repositories of git, a registry, and a program
//! in the place of `aws` that judges how it is called.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may end a test")]
#![expect(dead_code, reason = "other tests use more of a place")]

#[path = "shared/git.rs"]
mod git;
#[path = "shared/hostile_git.rs"]
mod hostile_git;
#[path = "shared/oci.rs"]
mod oci;
#[path = "place/on_terminal.rs"]
mod on_terminal;
mod place;
#[path = "shared/registry.rs"]
mod registry;
#[path = "shared/repository.rs"]
mod repository;
#[path = "shared/s3.rs"]
mod s3;

use place::{Place, repository};
use std::fs;

/// A plan about which any rule can be asked.
fn plan() -> String {
    repository("tests/fixtures/plans/empty/plan.json").display().to_string()
}

/// A rule that denies every plan, with this message.
fn denies(message: &str) -> String {
    format!("package shared\n\nimport rego.v1\n\ndeny contains \"{message}\" if true\n")
}

/// A task that asks the rules of these sources.
fn tasks(sources: &[&str]) -> String {
    let sources: Vec<String> = sources.iter().map(|it| format!("\"{it}\"")).collect();
    format!("[tasks.default]\nchecks = [\"policy\"]\npolicy.paths = [{}]\n", sources.join(", "))
}

/// A place with such a task, a cache of its own, and temporary files below it.
fn place(sources: &[&str]) -> Place {
    let place = Place::with(&[("runtask.toml", &tasks(sources)), ("tmp/.keep", ""), ("home/.keep", "")]);
    let below = |name: &str| place.path().join(name).display().to_string();
    let (cache, temporary, home) = (below("cache"), below("tmp"), below("home"));
    let path = std::env::var("PATH").unwrap();
    place
        .variable("PATH", path)
        .variable("HOME", home)
        .variable("TMPDIR", temporary)
        .variable("RUNTASK_CACHE_DIR", cache)
}

fn lock(place: &Place) -> String {
    fs::read_to_string(place.path().join("runtask.lock")).unwrap()
}

/// Where the cache has its only content.
fn cached(place: &Place) -> std::path::PathBuf {
    let mut all = fs::read_dir(place.path().join("cache/policies")).unwrap();
    let only = all.next().unwrap().unwrap().path();
    assert!(all.next().is_none());
    only
}
