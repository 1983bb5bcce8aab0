//! Cuts lists into pages.

use super::document::Request;
use super::state::State;
use serde_json::{Value, json};

impl State {
    /// One page of a list. HCP Terraform gives 100 entries at most.
    pub(super) fn page(&self, request: &Request<'_>, all: Vec<Value>) -> Value {
        let number = |name: &str| {
            request.query.iter().find(|it| it.0 == name).and_then(|it| it.1.parse::<usize>().ok())
        };
        let size = number("page[size]").unwrap_or(20).min(self.spec.page_size).max(1);
        let current = number("page[number]").unwrap_or(1).max(1);
        let (count, pages) = (all.len(), all.len().div_ceil(size).max(1));
        let data: Vec<Value> = all.into_iter().skip((current - 1) * size).take(size).collect();
        json!({
            "data": data,
            "meta": { "pagination": {
                "current-page": current,
                "page-size": size,
                "prev-page": (current > 1).then(|| current - 1),
                "next-page": (current < pages).then_some(current + 1),
                "total-pages": pages,
                "total-count": count,
            }},
        })
    }
}
