//! Keeps what a plan marks as sensitive from programs that are not ours: they get a copy without it, and what they say is
//! searched for it.

use crate::memory_limit::MemoryLimit;
use crate::node::Node;
use crate::plan;
use crate::redaction::{Redaction, write_copy};
use rego::{Heap, Value};
use std::fmt;
use std::fs::File;
use std::io::{self, Write};

/// A plan, read.
pub struct SensitivePlan {
    heap: Heap,
    plan: Value,
}

/// Searches texts for what a plan marks as sensitive.
#[derive(Debug)]
pub struct Redactor<'p>(Redaction<'p>);

impl SensitivePlan {
    /// Reads a plan, the JSON that `terraform show -json` prints, from where `file` is. It takes half of `memory` at most.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, in a sentence for people that holds nothing of it.
    pub fn read(file: &File, memory: MemoryLimit) -> Result<Self, String> {
        let mut heap = Heap::new(usize::try_from(memory.of_plan()).unwrap_or(usize::MAX));
        let expected = file.metadata().map_or(0, |it| it.len());
        let plan = plan::read(&mut heap, file, expected).map_err(|trouble| trouble.summary)?;
        Ok(Self { heap, plan })
    }

    /// Writes it as JSON, with something else of the same type in place of each value that it marks.
    ///
    /// # Errors
    ///
    /// What `out` says.
    pub fn write_redacted(&self, out: &mut impl Write) -> io::Result<()> {
        write_copy(self.node(), out)
    }

    /// What finds its sensitive values in texts.
    #[must_use]
    pub fn redactor(&self) -> Redactor<'_> {
        Redactor(Redaction::of(self.node()))
    }

    /// Whether it would create, change or replace a resource.
    #[must_use]
    pub fn changes_resources(&self) -> bool {
        let is_changed = |it: Node<'_>| matches!(it.text(), Some("create" | "update"));
        let changes = self.node().get("resource_changes");
        changes.items().any(|it| it.get("change").get("actions").items().any(is_changed))
    }

    fn node(&self) -> Node<'_> {
        Node::new(&self.heap, self.plan)
    }
}

impl fmt::Debug for SensitivePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SensitivePlan")
    }
}

impl Redactor<'_> {
    /// `text` without sensitive values; of a very long one, the beginning.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        self.0.redact(text)
    }
}
