//! The functions that the language brings along, each as OPA's own.

mod aggregates;
mod arithmetic;
mod arrays;
mod bits;
mod call;
#[cfg(test)]
mod calls;
mod comparison;
mod configs;
mod crypto;
mod encoding;
mod format;
mod glob;
mod globs;
mod graph;
mod json;
mod jwt;
mod modules;
mod net;
mod numbers;
mod objects;
mod patch;
mod refused;
mod regex;
mod runtime;
mod schemas;
mod semver;
mod sets;
mod strings;
mod template;
#[cfg(test)]
mod tests;
pub(crate) mod time;
mod trace;
mod types;
mod units;
mod urlquery;
mod uuid;
mod verbs;
mod yaml;

pub(crate) use call::{Builtin, Cache, Context, Failure};
pub(crate) use objects::at;
pub(crate) use schemas::{Verdict, verdict};

use foldhash::HashMap;
use std::sync::LazyLock;

/// The function of this name.
pub(crate) fn builtin(name: &str) -> Option<&'static Builtin> {
    BY_NAME.get(name).copied()
}

/// Whether a function is left only for policies in the language's version 0.
pub(crate) fn is_deprecated(name: &str) -> bool {
    matches!(name, "all" | "any" | "re_match" | "set_diff") || name.starts_with("cast_")
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static Builtin>> =
    LazyLock::new(|| FAMILIES.iter().copied().flatten().map(|it| (it.name, it)).collect());

static FAMILIES: &[&[Builtin]] = &[
    aggregates::ALL,
    arithmetic::ALL,
    arrays::ALL,
    bits::ALL,
    comparison::ALL,
    configs::ALL,
    crypto::ALL,
    encoding::ALL,
    format::ALL,
    glob::ALL,
    globs::ALL,
    graph::ALL,
    json::ALL,
    jwt::ALL,
    modules::ALL,
    net::ALL,
    numbers::ALL,
    objects::ALL,
    patch::ALL,
    refused::ALL,
    regex::ALL,
    runtime::ALL,
    schemas::ALL,
    semver::ALL,
    sets::ALL,
    strings::ALL,
    template::ALL,
    time::ALL,
    trace::ALL,
    types::ALL,
    units::ALL,
    urlquery::ALL,
    uuid::ALL,
    yaml::ALL,
];
