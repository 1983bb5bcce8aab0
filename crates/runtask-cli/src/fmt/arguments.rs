//! The arguments of `runtask fmt`: those of `terraform fmt`, and some of ours.

use clap::{ArgAction, Args, ValueEnum};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Format Terraform files as `terraform fmt` does, byte for byte, without terraform
///
/// Options, exit codes and choice of files are those of `terraform fmt`, and options may have one dash, as there. A
/// directory stands for the files directly in it. Files are written in place: mode, links and inode stay.
///
/// Where the formatter does not know for certain what terraform would do, it says so, leaves the file alone and ends with 2.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = FMT_HELP)]
pub(crate) struct FmtArguments {
    /// Files and directories, or `-` for standard input; the directory here unless given
    #[arg(value_name = "PATH")]
    pub(crate) targets: Vec<PathBuf>,

    /// Write nothing, list what would change, and end with 3 if anything would
    #[arg(long, value_name = "BOOL", value_parser = boolean, action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", default_value = "false", hide_default_value = true)]
    pub(crate) check: bool,

    /// Show what changes, as a diff
    #[arg(long, value_name = "BOOL", value_parser = boolean, action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", default_value = "false", hide_default_value = true)]
    pub(crate) diff: bool,

    /// List the files that change; --list=false lists none
    #[arg(long, value_name = "BOOL", value_parser = boolean, action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", default_value = "true", hide_default_value = true)]
    pub(crate) list: bool,

    /// Write the files that change; --write=false writes none
    #[arg(long, value_name = "BOOL", value_parser = boolean, action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", default_value = "true", hide_default_value = true)]
    pub(crate) write: bool,

    /// Go into directories below
    #[arg(long, value_name = "BOOL", value_parser = boolean, action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", default_value = "false", hide_default_value = true)]
    pub(crate) recursive: bool,

    /// No colours
    #[arg(long, value_name = "BOOL", value_parser = boolean, action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", default_value = "false", hide_default_value = true)]
    pub(crate) no_color: bool,

    /// Whose files: .tf, .tfvars and tests of both; .tfmock.hcl, .tfquery.hcl of terraform; .tofu, .tofutest.hcl of OpenTofu
    #[arg(long, value_enum, default_value_t, value_name = "WHOSE")]
    pub(crate) flavour: Flavour,

    /// What standard input is called in messages and diffs
    #[arg(long, value_name = "FILE")]
    pub(crate) stdin_filename: Option<PathBuf>,

    /// Write nothing: ask the real terraform as well, and show every file about which the two differ
    #[arg(long, conflicts_with_all = ["check", "diff"])]
    pub(crate) compare: bool,
}

const FMT_HELP: &str = "\
Examples:
  runtask fmt                               write the files here
  runtask fmt -recursive -diff              and those below, and show what changes
  runtask fmt -check -recursive             for CI: list, and end with 3 if there are any
  runtask fmt - < main.tf                   to standard output
  runtask fmt --compare -recursive modules  what terraform itself would say

Exit codes: 0 done, or nothing to do; 1 unknown option; 2 an error in a file, or a file that cannot be judged, read or written;
3 with --check, something to format; with --compare, a difference; 130 and 143 ended by SIGINT or SIGTERM.
TF_CLI_ARGS is not read.
";

/// Whose files are formatted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flavour {
    #[default]
    Terraform,
    Tofu,
}

impl From<Flavour> for terraform_fmt::Flavour {
    fn from(flavour: Flavour) -> Self {
        match flavour {
            Flavour::Terraform => Self::Terraform,
            Flavour::Tofu => Self::OpenTofu,
        }
    }
}

impl FmtArguments {
    /// Whether standard input is all there is to format.
    pub(crate) fn is_stdin(&self) -> bool {
        self.targets == [Path::new("-")]
    }

    /// Whether nothing is written to disk, and no program is asked.
    pub(crate) fn only_looks(&self) -> bool {
        (self.is_stdin() || !self.writes()) && !self.compare
    }

    /// Whether files are written.
    pub(crate) fn writes(&self) -> bool {
        self.write && !self.check
    }
}

/// A boolean as terraform takes it.
///
/// Source: Go, `strconv.ParseBool`.
fn boolean(text: &str) -> Result<bool, &'static str> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("write true or false"),
    }
}

/// The command line with two dashes before each option of `runtask fmt`: `-check` is `--check`.
pub(crate) fn as_terraform_spells_them(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    if arguments.get(1).is_some_and(|it| it == "fmt") {
        let options = arguments.iter_mut().skip(2).take_while(|it| *it != "--");
        for option in options {
            let bytes = option.as_encoded_bytes();
            // Of one letter are only -h and -V.
            if bytes.len() > 2 && bytes.starts_with(b"-") && !bytes.starts_with(b"--") {
                let mut dashed = OsString::from("-");
                dashed.push(&*option);
                *option = dashed;
            }
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_may_have_one_dash() {
        let spelled = |line: &str| {
            let arguments = line.split(' ').map(OsString::from);
            as_terraform_spells_them(arguments).join(OsString::from(" ").as_os_str())
        };
        assert_eq!(
            spelled("runtask fmt -check --diff -list=false -h - x -- -y"),
            "runtask fmt --check --diff --list=false -h - x -- -y"
        );
        assert_eq!(spelled("runtask check -x"), "runtask check -x");
    }
}
