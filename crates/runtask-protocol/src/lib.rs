//! HCP Terraform's run task messages: payload, signature, callback body, limits.
