//! `runtask policy new`: begins a rule.

use anyhow::{Context, bail};
use clap::Args;
use runtask_findings::{Code, codes};
use runtask_policy::BUILTINS;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

const RULE: &str = include_str!("new/rule.rego");
const TEST: &str = include_str!("new/rule_test.rego");
/// The rule's name in the templates.
const CODE: &str = "example-rule";
const NAME: &str = "example_rule";

/// Words that have a meaning of their own. Source: OPA, "Policy Reference", reserved names; and what the templates use.
const RESERVED: [&str; 22] = [
    "as", "contains", "data", "default", "else", "every", "false", "if", "import", "in", "input", "not",
    "null", "package", "plan", "print", "rego", "some", "testing", "true", "with", "finding",
];

#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// The rule's code, in kebab-case, such as owner-tag
    pub(crate) rule: String,

    /// The directory to write into
    #[arg(long, value_name = "DIRECTORY", default_value = "policies")]
    pub(crate) directory: PathBuf,
}

pub(crate) fn new(arguments: &NewArguments, output: &Output) -> anyhow::Result<Exit> {
    let code = &arguments.rule;
    let starts_well = code.starts_with(|it: char| it.is_ascii_lowercase());
    if codes().iter().any(|(ours, _)| ours.as_str() == code) {
        bail!("{code} is the name of a check's own finding: choose another for the rule");
    }
    if !starts_well || Code::of_rule(code).as_str() != code {
        bail!("{code:?} is no rule's name: lower-case letters, digits and hyphens, such as owner-tag");
    }
    if RESERVED.contains(&code.as_str()) {
        bail!("`{code}` is a word of Rego, and no package can be called that");
    }
    if BUILTINS.rules.iter().chain(BUILTINS.samples).any(|it| it == code) {
        bail!("{code} is a rule that is shipped: `runtask policy explain {code}`");
    }
    let name = code.replace('-', "_");
    let directory = &arguments.directory;
    fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    let rule = directory.join(format!("{name}.rego"));
    let test = directory.join(format!("{name}_test.rego"));
    for path in [&rule, &test] {
        if path.exists() {
            bail!("{} exists already, and was not changed", path.display());
        }
    }
    for (path, template) in [(&rule, RULE), (&test, TEST)] {
        write(path, &template.replace(CODE, code).replace(NAME, &name))?;
    }
    if output.json {
        output.json(&json!({ "rule": rule.display().to_string(), "test": test.display().to_string() }))?;
        return Ok(Exit::Passed);
    }
    let (rule, test, directory) = (rule.display().to_string(), test.display(), directory.display());
    let width = test.to_string().chars().count();
    output.result(&format!(
        "{rule:width$}  the rule: change what it demands\n{test}  its tests\n\n\
         Now: runtask policy test {directory}\n\
         To have it asked: \"{directory}\" among the `paths` of runtask.toml\n"
    ))?;
    Ok(Exit::Passed)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("{} cannot be written", path.display()))
}
