//! Types for the parts of SARIF 2.1.0 that are read, every one of them optional.
//!
//! Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; the numbers are its sections. Names
//! of fields are those of the standard.

use crate::lenient::{First, Flag, List, Number, Object, Text, Whole};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// Something that is read later, or not at all.
type Raw<'a> = Option<&'a RawValue>;

/// The file (3.13).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Document<'a> {
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow)]
    pub(super) runs: Option<List<Object<Run<'a>>>>,
}

/// A run (3.14).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Run<'a> {
    #[serde(borrow)]
    pub(super) tool: Object<Tool<'a>>,
    #[serde(borrow)]
    pub(super) results: Raw<'a>,
    #[serde(borrow)]
    pub(super) invocations: Raw<'a>,
    #[serde(borrow)]
    pub(super) artifacts: Raw<'a>,
    #[serde(borrow)]
    pub(super) original_uri_base_ids: Object<HashMap<String, Object<Artifact<'a>>>>,
    #[serde(borrow)]
    pub(super) external_property_file_references: Raw<'a>,
}

/// A tool (3.18).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tool<'a> {
    #[serde(borrow)]
    pub(super) driver: Object<Component<'a>>,
    #[serde(borrow)]
    pub(super) extensions: Raw<'a>,
}

/// A part of a tool, with its rules (3.19).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Component<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) guid: Text<'a>,
    #[serde(borrow)]
    pub(super) rules: Raw<'a>,
    #[serde(borrow)]
    pub(super) global_message_strings: Object<Strings<'a>>,
}

/// Texts by their names (3.19.22, 3.49.11).
pub(super) type Strings<'a> = HashMap<String, Object<MultiformatText<'a>>>;

/// A rule (3.49).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Rule<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) short_description: Object<MultiformatText<'a>>,
    #[serde(borrow)]
    pub(super) full_description: Object<MultiformatText<'a>>,
    #[serde(borrow)]
    pub(super) help: Object<MultiformatText<'a>>,
    #[serde(borrow)]
    pub(super) help_uri: Text<'a>,
    #[serde(borrow)]
    pub(super) default_configuration: Object<Configuration<'a>>,
    #[serde(borrow)]
    pub(super) message_strings: Object<Strings<'a>>,
    #[serde(borrow)]
    pub(super) properties: Object<Properties<'a>>,
}

/// A text in several formats (3.12).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MultiformatText<'a> {
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) markdown: Text<'a>,
}

/// How a rule is set (3.50).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Configuration<'a> {
    #[serde(borrow)]
    pub(super) level: Text<'a>,
}

/// Where tools keep a severity, since the standard has no place for one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Properties<'a> {
    /// Source: GitHub, "SARIF support for code scanning": a number, as a text; tools write numbers as well.
    #[serde(rename = "security-severity")]
    pub(super) security_severity: Number,
    /// Source: terrascan, `pkg/writer/sarif.go`.
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    /// Source: Snyk's command, `src/lib/formatters/iac-output/sarif.ts`.
    #[serde(borrow)]
    pub(super) problem: Object<Problem<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Problem<'a> {
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
}

/// A result (3.27).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Found<'a> {
    #[serde(borrow)]
    pub(super) rule_id: Text<'a>,
    pub(super) rule_index: Whole,
    #[serde(borrow)]
    pub(super) rule: Object<Reference<'a>>,
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) level: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Object<Message<'a>>,
    #[serde(borrow)]
    pub(super) locations: First<Object<Location<'a>>>,
    #[serde(borrow)]
    pub(super) suppressions: List<Object<Suppression<'a>>>,
    #[serde(borrow)]
    pub(super) baseline_state: Text<'a>,
    pub(super) provenance: Object<Provenance>,
    #[serde(borrow)]
    pub(super) properties: Object<Properties<'a>>,
}

/// What names a rule (3.52).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Reference<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) index: Whole,
    #[serde(borrow)]
    pub(super) tool_component: Object<ComponentReference<'a>>,
}

/// What names a part of a tool (3.54).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ComponentReference<'a> {
    pub(super) index: Whole,
    #[serde(borrow)]
    pub(super) guid: Text<'a>,
}

/// A message (3.11).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) arguments: List<Text<'a>>,
}

/// A place (3.28).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Location<'a> {
    #[serde(borrow)]
    pub(super) physical_location: Object<PhysicalLocation<'a>>,
    #[serde(borrow)]
    pub(super) logical_locations: First<Object<LogicalLocation<'a>>>,
}

/// A place in a file (3.29).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PhysicalLocation<'a> {
    #[serde(borrow)]
    pub(super) artifact_location: Object<Artifact<'a>>,
    pub(super) region: Object<Region>,
}

/// A file (3.4).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Artifact<'a> {
    #[serde(borrow)]
    pub(super) uri: Text<'a>,
    #[serde(borrow)]
    pub(super) uri_base_id: Text<'a>,
    pub(super) index: Whole,
}

/// A file of the list of all files (3.24).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListedArtifact<'a> {
    #[serde(borrow)]
    pub(super) location: Object<Artifact<'a>>,
}

/// Lines of a file (3.30).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Region {
    pub(super) start_line: Whole,
}

/// Something that has a name in code (3.33).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LogicalLocation<'a> {
    #[serde(borrow)]
    pub(super) fully_qualified_name: Text<'a>,
}

/// Why a result is not to be shown (3.35).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Suppression<'a> {
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) justification: Text<'a>,
}

/// How a result came about (3.48).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Provenance {
    pub(super) invocation_index: Whole,
}

/// One call of the tool (3.20).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Invocation<'a> {
    pub(super) execution_successful: Flag,
    #[serde(borrow)]
    pub(super) exit_signal_name: Text<'a>,
    #[serde(borrow)]
    pub(super) rule_configuration_overrides: List<Object<Override<'a>>>,
    #[serde(borrow)]
    pub(super) tool_execution_notifications: List<Object<Notification<'a>>>,
    #[serde(borrow)]
    pub(super) tool_configuration_notifications: List<Object<Notification<'a>>>,
}

/// Another setting of a rule (3.51).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Override<'a> {
    #[serde(borrow)]
    pub(super) descriptor: Object<Reference<'a>>,
    #[serde(borrow)]
    pub(super) configuration: Object<Configuration<'a>>,
}

/// What the tool says of its own work (3.58).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Notification<'a> {
    #[serde(borrow)]
    pub(super) level: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Object<Message<'a>>,
}
