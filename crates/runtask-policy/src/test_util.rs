//! Evaluates on the thread that calls it, and says everything that was said.

use crate::builtin;
use crate::deadline::Deadlines;
use crate::engine::Policies;
use crate::evaluator::evaluate;
use crate::memory_limit::MemoryLimit;
use crate::message::{Event, Purpose, Request};
use crate::source_file::SourceFile;
use serde_json::{Value, json};
use std::sync::{Mutex, OnceLock, PoisonError};

/// One policy, compiled once.
#[derive(Debug)]
pub struct Judge {
    request: Request,
    compiled: OnceLock<Policies>,
}

/// Everything that is said about a plan: answers in the order of their rules.
pub(crate) fn said(request: &Request, compiled: &OnceLock<Policies>, plan: &[u8]) -> Vec<Event> {
    let deadlines = Deadlines::new(2);
    let said = Mutex::new(Vec::new());
    let say = |event| {
        said.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        Ok(())
    };
    let _heard = evaluate(request, compiled, plan, &deadlines.each(), &say);
    let mut said = said.into_inner().unwrap_or_else(PoisonError::into_inner);
    // The last word stays the last one.
    let order = |event: &Event| match event {
        Event::Answer(answer) => answer.index,
        Event::Seen(_) | Event::Solutions(_) | Event::Refused(_) | Event::Done => usize::MAX,
        Event::Warnings(_) | Event::Rules(_) | Event::Plan(_) => 0,
    };
    said.sort_by_key(order);
    said
}

/// A question to these files, with the library beside them.
pub(crate) fn request(files: &[(&str, &str)], purpose: Purpose) -> Request {
    let files = files.iter().map(|(name, text)| SourceFile { name: (*name).into(), text: (*text).into() });
    Request {
        files: std::iter::once(builtin::library()).chain(files).collect(),
        configs: Vec::new(),
        data: json!({}),
        run: json!({}),
        params: Value::Null,
        namespaces: None,
        only: None,
        purpose,
        time_limit_ms: 10_000,
        has_unknowns: true,
        plan_bytes: 0,
        observe: false,
        address: None,
        query: None,
        memory: MemoryLimit(1 << 30),
    }
}

impl Judge {
    /// Compiles a policy when it judges for the first time.
    #[must_use]
    pub fn new(rego: &str) -> Self {
        Self { request: request(&[("policies/p.rego", rego)], Purpose::Judge), compiled: OnceLock::new() }
    }

    /// Everything that is said of a plan; `None` if it is none.
    ///
    /// # Panics
    ///
    /// If the policy is none, and if a rule makes the engine fail.
    pub fn judge(&mut self, plan: &[u8]) -> Option<String> {
        let said = said(&self.request, &self.compiled, plan);
        assert!(self.compiled.get().is_some(), "no policy: {said:?}");
        let answers =
            said.iter().filter_map(|it| if let Event::Answer(answer) = it { Some(answer) } else { None });
        assert!(
            answers.filter_map(|it| it.trouble.as_ref()).all(|it| !it.summary.contains("engine fail")),
            "{said:?}"
        );
        matches!(said.last(), Some(Event::Done)).then(|| format!("{said:?}"))
    }
}
