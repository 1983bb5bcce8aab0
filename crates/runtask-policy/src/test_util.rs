//! Evaluates inside the process of the tests: without limits of memory, without crashes.

use crate::asked_about::{AskedAbout, read_plan};
use crate::builtin;
use crate::engine::Policies;
use crate::evaluator::{ask_all, asked, prepare};
use crate::message::{Purpose, Request};
use crate::source_file::SourceFile;
use serde_json::{Value, json};

/// One policy, compiled once.
#[derive(Debug)]
pub struct Judge {
    request: Request,
    policies: Policies,
}

impl Judge {
    /// Compiles a policy.
    ///
    /// # Panics
    ///
    /// If that is none.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test brings a policy that is one")]
    pub fn new(rego: &str) -> Self {
        let file = SourceFile { name: "policies/p.rego".to_owned(), text: rego.to_owned() };
        let request = Request {
            files: vec![builtin::library(), file],
            data: json!({}),
            run: json!({}),
            params: Value::Null,
            namespaces: None,
            only: None,
            purpose: Purpose::Judge,
            time_limit_ms: 10_000,
            has_unknowns: true,
            plan_bytes: 0,
            observe: false,
            address: None,
            query: None,
            memory_bytes: 1 << 30,
        };
        let policies = prepare(&request).expect("a policy");
        Self { request, policies }
    }

    /// Everything that the process which evaluates policies would say of a plan; `None` if it is none.
    ///
    /// # Panics
    ///
    /// If an answer cannot be written as JSON.
    #[expect(clippy::expect_used, reason = "there is no writer that could fail")]
    pub fn judge(&mut self, plan: &[u8]) -> Option<String> {
        let documents = AskedAbout::new(&self.request, true, read_plan(&self.request, plan)).ok()?;
        let mut said = String::new();
        let mut say = |event: &_| {
            said.push_str(&serde_json::to_string(event)?);
            Ok(())
        };
        let asked = asked(&self.policies, &self.request);
        ask_all(&self.policies, &self.request, &asked, &documents, &mut say).expect("an answer");
        Some(said)
    }
}
