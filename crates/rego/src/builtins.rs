//! The functions that the language brings along, each as OPA's own.

mod call;
mod glob;
mod graph;
mod net;
mod semver;
mod time;
mod units;
mod urlquery;
mod yaml;

pub(crate) use call::Builtin;

/// The function of this name.
pub(crate) fn builtin(name: &str) -> Option<&'static Builtin> {
    let _ = name;
    None
}
