//! Says what a profile is: all that has to be known of a scanner to run it and to read what it says.

/// A scanner, as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Its name in settings.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// The name of its program.
    pub program: &'static str,
    /// How it scans a configuration, if it can.
    pub configuration: Option<Command>,
    /// How it scans a plan in JSON, if it can.
    pub plan: Option<Command>,
    /// What is set in its environment.
    pub variables: &'static [(&'static str, &'static str)],
    /// What is passed on to it from our environment, where it is set there: tokens and proxies.
    pub passed_on: &'static [&'static str],
    /// Exit codes with which it has scanned, whatever it found.
    pub exit_codes: &'static [i32],
    /// Arguments that name `config`, a file or directory of settings or rules.
    pub config: Config,
    /// Arguments with which it shows what comments in the code suppress; none where it cannot.
    pub show_suppressed: Option<&'static [&'static str]>,
    /// Names of files and directories of a configuration that it takes for its own settings.
    pub tree_settings: &'static [&'static str],
    /// Whether it has to run in the directory itself, and not on a copy of it: it is for `runtask check` alone.
    pub in_place: bool,
    /// What it takes to have it in a Lambda function.
    pub on_lambda: &'static str,
}

/// One way to start a scanner.
///
/// In arguments, `{input}` is what is scanned, `{output}` a directory for what it writes, `{scratch}` one for what else it
/// keeps, and `{config}` the path of its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// The arguments.
    pub arguments: &'static [&'static str],
    /// The file below `{output}` that holds its report; what it prints, where there is none.
    pub output: Option<&'static str>,
    /// What the report is.
    pub reader: Reader,
}

/// Which arguments a scanner takes for settings of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Config {
    /// None are of use.
    None,
    /// These, where there are settings.
    Optional(&'static [&'static str]),
    /// These, and it can do nothing without them; the text says what they are.
    Required(&'static [&'static str], &'static str),
}

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// SARIF 2.1.0.
    Sarif,
    /// The JSON of checkov.
    Checkov,
    /// The JSON of trivy.
    Trivy,
    /// The JSON of `terraform validate`.
    TerraformValidate,
}

impl Reader {
    /// The words in settings.
    pub(crate) const WORDS: [(&'static str, Self); 4] = [
        ("sarif", Self::Sarif),
        ("checkov-json", Self::Checkov),
        ("trivy-json", Self::Trivy),
        ("terraform-validate", Self::TerraformValidate),
    ];
}
