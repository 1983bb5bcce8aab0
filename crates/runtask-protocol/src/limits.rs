//! Lists HCP Terraform's limits.
//!
//! Lengths are in characters (Unicode scalar values), as JSON Schema counts them.
//! Source of the lengths: the JSON schemas beside HCP Terraform's "Run Tasks Integration API" page
//! (`public/schema/run-tasks/` of `hashicorp/web-unified-docs`). Which of them the service enforces is not
//! published, so we stay inside all of them.

use std::time::Duration;

/// Characters of a result's `message`.
pub const MESSAGE: usize = 1000;
/// Characters of any `url`.
pub const URL: usize = 500;
/// Outcomes in one result.
pub const OUTCOMES: usize = 250;
/// Characters of an `outcome-id`.
pub const OUTCOME_ID: usize = 64;
/// Characters of an outcome's `description`.
pub const DESCRIPTION: usize = 1000;
/// Characters of an outcome's Markdown `body`.
pub const BODY: usize = 10_000;
/// Tag names of one outcome.
pub const TAGS: usize = 10;
/// Labels below one tag name.
pub const LABELS: usize = 32;
/// Characters of one label.
pub const LABEL: usize = 32;
/// Bytes of one whole callback body. Not published by HCP Terraform; a result is kept under 1 MB because its
/// documentation advises that size for a single outcome body.
pub const RESULT_BYTES: usize = 1_000_000;

/// Bytes of a request that a run task reads before it refuses. Real payloads are a few KiB.
pub const REQUEST_BYTES: usize = 1024 * 1024;

/// How long HCP Terraform waits for a final result, whatever progress is reported.
///
/// Source: "Run Tasks Integration API", since June 2025.
pub const RESULT_DEADLINE: Duration = Duration::from_secs(60 * 60);
