//! Knows which of the shipped rules a task asks, to warn of settings for a rule that it does not ask.

use crate::builtin::{Builtins, PREFIX};
use crate::settings::PolicyPath;
use runtask_tasks::suggestion;

/// The rules that are shipped, and the paths of a task that asks some of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskedBuiltins<'a> {
    pub(crate) paths: &'a [PolicyPath],
    pub(crate) builtins: Builtins<'a>,
}

impl AskedBuiltins<'_> {
    /// Whether the shipped rules that are asked are all there is. What other rules exist, and what they read, only their
    /// files say.
    pub(crate) fn are_all(&self) -> bool {
        !self.paths.is_empty() && self.paths.iter().all(|it| matches!(it, PolicyPath::Builtin(_)))
    }

    /// Whether the shipped rule of that name is asked.
    pub(crate) fn have(&self, name: &str) -> bool {
        self.paths.iter().any(|it| matches!(it, PolicyPath::Builtin(asked) if asked == name))
    }

    /// Advice about a name that no asked rule has.
    pub(crate) fn advice(&self, name: &str) -> String {
        let names = self.builtins.names();
        if names.contains(&name) {
            format!("; to ask it, add \"{PREFIX}{name}\" to `paths`")
        } else {
            suggestion(name, &names)
        }
    }
}
