//! Recognizes the request with which HCP Terraform tries out a run task that is created or changed.

/// The `access_token` of a probe.
///
/// Source: `hashicorp/terraform-run-task-scaffolding-go`, constant `VerificationToken`.
pub const PROBE_TOKEN: &str = "test-token";

/// Our answer to a probe. HCP Terraform reads the status 200 only; the document is for people who look.
pub const PROBE_ANSWER: &str = r#"{"data":{"type":"task-results","attributes":{"status":"passed","message":"Configuration successful"}}}"#;
