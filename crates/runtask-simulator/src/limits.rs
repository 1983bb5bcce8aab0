//! Names HCP Terraform's limits, which callbacks are judged by.
//!
//! The numbers are written here once more, and not taken from the protocol crate: a mistake there would else be a
//! mistake of its judge.
//!
//! Lengths are in characters (Unicode scalar values), as JSON Schema counts them.
//! Source: the JSON schemas beside HCP Terraform's "Run Tasks Integration API" page (`public/schema/run-tasks/` of
//! `hashicorp/web-unified-docs`).

/// Characters of a result's `message`.
pub(crate) const MESSAGE: usize = 1000;
/// Characters of any `url`.
pub(crate) const URL: usize = 500;
/// Outcomes in one callback.
pub(crate) const OUTCOMES: usize = 250;
/// Characters of an `outcome-id`.
pub(crate) const OUTCOME_ID: usize = 64;
/// Characters of an outcome's `description`.
pub(crate) const DESCRIPTION: usize = 1000;
/// Characters of an outcome's `body`.
pub(crate) const BODY: usize = 10_000;
/// Tag names of one outcome.
pub(crate) const TAGS: usize = 10;
/// Labels below one tag name.
pub(crate) const LABELS: usize = 32;
/// Characters of one label.
pub(crate) const LABEL: usize = 32;
