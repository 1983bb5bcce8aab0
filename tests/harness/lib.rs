//! Doubles and builders for flows.
