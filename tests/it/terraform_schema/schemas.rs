//! Reads what a provider takes from the files in `fixtures/providers/`, and adds what those files leave out.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The arguments and blocks of a resource, a data source, an ephemeral resource, or of a block in one.
#[derive(Debug, Default, Clone)]
pub(crate) struct Schema(pub(crate) BTreeMap<String, Argument>);

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Argument {
    pub(crate) required: bool,
    /// What is in it, where it is a block.
    pub(crate) block: Option<Schema>,
}

impl Schema {
    /// Arguments by name; a `!` at the end says that one is required.
    pub(crate) fn of(names: &[&str]) -> Self {
        let argument = |name: &&str| {
            let plain = name.trim_end_matches('!');
            (plain.to_owned(), Argument { required: plain != *name, block: None })
        };
        Self(names.iter().map(argument).collect())
    }

    /// With a block that need not be there.
    pub(crate) fn with(mut self, name: &str, block: Self) -> Self {
        self.0.insert(name.to_owned(), Argument { required: false, block: Some(block) });
        self
    }
}

/// Every type that may be used, by the kind of its block and its name.
#[derive(Debug)]
pub(crate) struct Schemas(BTreeMap<(&'static str, String), Schema>);

/// The data sources among the types of the AWS provider's file, which does not tell them from resources.
const AWS_DATA_SOURCES: [&str; 4] =
    ["aws_caller_identity", "aws_iam_policy_document", "aws_partition", "aws_region"];

impl Schemas {
    pub(crate) fn read() -> Self {
        let mut all = BTreeMap::new();
        let aws = fixture("aws-provider-6-schema.json");
        for (name, arguments) in aws["schemas"].as_object().unwrap() {
            let kind = if AWS_DATA_SOURCES.contains(&name.as_str()) { "data" } else { "resource" };
            all.insert((kind, name.clone()), aws_schema(arguments));
        }
        let tfe = fixture("tfe-provider-schema.json");
        for (kind, field) in [("resource", "resources"), ("data", "data_sources")] {
            for (name, arguments) in tfe[field].as_object().unwrap() {
                all.insert((kind, name.clone()), tfe_schema(arguments));
            }
        }
        for (kind, name, schema) in super::azure::schemas() {
            all.insert((kind, name.to_owned()), schema);
        }
        // The file says in words that newer versions have it.
        let run_task = all.get_mut(&("resource", "tfe_organization_run_task".to_owned())).unwrap();
        run_task.0.extend(Schema::of(&["hmac_key_wo_version"]).0);
        // The file names a type of the provider's bindings, whose contents those bindings show.
        let workspace_ids = all.remove(&("data", "tfe_workspace_ids".to_owned())).unwrap();
        let workspace_ids = workspace_ids.with("tag_filters", Schema::of(&["include", "exclude"]));
        all.insert(("data", "tfe_workspace_ids".to_owned()), workspace_ids);

        // Neither file has ephemeral resources. Sources: the pages of the same names below "Ephemeral Resources" in the
        // documentation of hashicorp/aws.
        let password = [
            "exclude_characters",
            "exclude_lowercase",
            "exclude_numbers",
            "exclude_punctuation",
            "exclude_uppercase",
            "include_space",
            "password_length",
            "require_each_included_type",
        ];
        let ephemeral = [
            ("aws_secretsmanager_random_password", Schema::of(&password)),
            ("aws_ssm_parameter", Schema::of(&["arn!", "with_decryption"])),
        ];
        all.extend(ephemeral.map(|(name, schema)| (("ephemeral", name.to_owned()), schema)));
        // In Terraform itself. Source: "The terraform_remote_state Data Source" of Terraform's documentation.
        let remote_state = Schema::of(&["backend!", "config", "defaults", "workspace"]);
        all.insert(("data", "terraform_remote_state".to_owned()), remote_state);
        Self(all)
    }

    pub(crate) fn get(&self, kind: &'static str, name: &str) -> Option<&Schema> {
        self.0.get(&(kind, name.to_owned()))
    }
}

fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/providers").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn aws_schema(arguments: &Value) -> Schema {
    let argument = |(name, it): (&String, &Value)| {
        let required = it["required"].as_bool().unwrap();
        (name.clone(), Argument { required, block: it.get("block").map(aws_schema) })
    };
    Schema(arguments.as_object().unwrap().iter().map(argument).collect())
}

/// The file has no blocks.
fn tfe_schema(arguments: &Value) -> Schema {
    let names = |field: &str, required| {
        let names = arguments[field].as_object().unwrap().keys();
        names.map(move |it| (it.clone(), Argument { required, block: None })).collect::<Vec<_>>()
    };
    Schema([names("required", true), names("optional", false)].concat().into_iter().collect())
}
