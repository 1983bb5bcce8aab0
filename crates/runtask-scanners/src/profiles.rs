//! Lists the profiles that are shipped. Each runs its scanner so that findings are no error: any other end is one.
//!
//! Sources: what checkov 3.3, trivy 0.59, semgrep 1.185 and terraform 1.11 do, and the documentation and source of the
//! others.

use crate::profile::{Command, Config, Profile, Reader};

const NOTHING: Profile = Profile {
    name: "",
    about: "",
    program: "",
    configuration: None,
    plan: None,
    variables: &[],
    passed_on: &[],
    exit_codes: &[0],
    config: Config::None,
    show_suppressed: None,
    tree_settings: &[],
    in_place: false,
    on_lambda: "",
};

/// Every profile, in the order in which they are told to people.
pub static PROFILES: &[Profile] = &[
    Profile {
        name: "checkov",
        about: "misconfigurations in many clouds, in a configuration or a plan",
        program: "checkov",
        configuration: Some(Command {
            // The directory is one argument: written as two, its settings files would be looked at.
            arguments: &[
                "--directory={input}",
                "--framework=terraform",
                "--output=sarif",
                "--output-file-path={output}",
                "--skip-download",
                "--quiet",
                "--compact",
                "--soft-fail",
            ],
            output: Some("results_sarif.sarif"),
            reader: Reader::Sarif,
        }),
        plan: Some(Command {
            arguments: &[
                "--file={input}",
                "--framework=terraform_plan",
                "--output=json",
                "--skip-download",
                "--quiet",
                "--compact",
                "--soft-fail",
            ],
            output: None,
            reader: Reader::Checkov,
        }),
        // Else a file that does not parse is passed over in silence.
        variables: &[
            ("CKV_PARSE_ERROR_FAIL", "true"),
            ("LOG_LEVEL", "ERROR"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
        ],
        config: Config::Optional(&["--config-file={config}"]),
        tree_settings: &[".checkov.yaml", ".checkov.yml"],
        on_lambda: "a container image: 300 MB of Python",
        ..NOTHING
    },
    Profile {
        name: "trivy",
        about: "misconfigurations in many clouds; fast; of a plan, without the resources' names",
        program: "trivy",
        configuration: Some(Command {
            arguments: &[
                "config",
                "--format=sarif",
                "--skip-check-update",
                "--quiet",
                "--exit-code=0",
                "--misconfig-scanners=terraform",
                "--cache-dir={scratch}",
                "{input}",
            ],
            output: None,
            reader: Reader::Sarif,
        }),
        plan: Some(Command {
            arguments: &[
                "config",
                "--format=json",
                "--skip-check-update",
                "--quiet",
                "--exit-code=0",
                "--cache-dir={scratch}",
                "{input}",
            ],
            output: None,
            reader: Reader::Trivy,
        }),
        variables: &[("TRIVY_SKIP_VERSION_CHECK", "true"), ("TRIVY_DISABLE_TELEMETRY", "true")],
        config: Config::Optional(&["--config={config}"]),
        tree_settings: &["trivy.yaml", ".trivyignore", ".trivyignore.yaml"],
        on_lambda: "a layer (150 MB, beside terraform's 90 of the 250 that a function may have), or a container image",
        ..NOTHING
    },
    Profile {
        name: "tflint",
        about: "mistakes, deprecated syntax and style in a configuration",
        program: "tflint",
        configuration: Some(Command {
            arguments: &[
                "--chdir={input}",
                "--format=sarif",
                "--no-color",
                "--call-module-type=local",
                "--force",
            ],
            output: None,
            reader: Reader::Sarif,
        }),
        variables: &[("TFLINT_PLUGIN_DIR", "{scratch}")],
        config: Config::Optional(&["--config={config}"]),
        tree_settings: &[".tflint.hcl", ".tflint.json", ".tflint.d"],
        on_lambda: "a layer (about 50 MB), or a container image",
        ..NOTHING
    },
    Profile {
        name: "semgrep",
        about: "patterns of your own in a configuration",
        program: "semgrep",
        configuration: Some(Command {
            arguments: &[
                "scan",
                "--sarif",
                "--metrics=off",
                "--disable-version-check",
                "--quiet",
                "--no-git-ignore",
                "{input}",
            ],
            output: None,
            reader: Reader::Sarif,
        }),
        config: Config::Required(&["--config={config}"], "the file or directory with its rules"),
        show_suppressed: Some(&["--disable-nosem"]),
        tree_settings: &[".semgrepignore"],
        on_lambda: "a container image: 400 MB of Python and OCaml",
        ..NOTHING
    },
    Profile {
        name: "kics",
        about: "misconfigurations in many clouds, in a configuration",
        program: "kics",
        configuration: Some(Command {
            arguments: &[
                "scan",
                "--path={input}",
                "--output-path={output}",
                "--output-name=results",
                "--report-formats=sarif",
                "--type=Terraform",
                "--no-progress",
                "--ignore-on-exit=results",
                "--disable-full-descriptions",
                "--exclude-gitignore",
            ],
            output: Some("results.sarif"),
            reader: Reader::Sarif,
        }),
        variables: &[("DISABLE_CRASH_REPORT", "0")],
        config: Config::Required(
            &["--queries-path={config}/queries", "--libraries-path={config}/libraries"],
            "its directory `assets`, with `queries` and `libraries`",
        ),
        tree_settings: &["kics.config", "kics.config.json", "kics.config.yaml", "kics.config.yml"],
        on_lambda: "a container image, with its queries",
        ..NOTHING
    },
    Profile {
        name: "tfsec",
        about: "misconfigurations in many clouds; trivy has taken its rules over",
        program: "tfsec",
        configuration: Some(Command {
            arguments: &["{input}", "--format=sarif", "--no-module-downloads", "--soft-fail", "--no-colour"],
            output: None,
            reader: Reader::Sarif,
        }),
        config: Config::Optional(&["--config-file={config}"]),
        show_suppressed: Some(&["--no-ignores"]),
        tree_settings: &[".tfsec"],
        on_lambda: "a layer, or a container image",
        ..NOTHING
    },
    Profile {
        name: "snyk",
        about: "misconfigurations in many clouds; needs an account and the network",
        program: "snyk",
        configuration: Some(Command {
            arguments: &[
                "iac",
                "test",
                "{input}",
                "--sarif-file-output={output}/results.sarif",
                "--ignore-policy",
            ],
            output: Some("results.sarif"),
            reader: Reader::Sarif,
        }),
        variables: &[("SNYK_DISABLE_ANALYTICS", "1")],
        passed_on: &[
            "SNYK_TOKEN",
            "HTTPS_PROXY",
            "HTTP_PROXY",
            "NO_PROXY",
            "https_proxy",
            "http_proxy",
            "no_proxy",
        ],
        // It has no way to end with 0 when it has found something.
        exit_codes: &[0, 1],
        tree_settings: &[".snyk"],
        on_lambda: "a container image, with SNYK_TOKEN and a way to the Internet",
        ..NOTHING
    },
    Profile {
        name: "terraform-validate",
        about: "whether a configuration is valid; for `runtask check`, in a directory where `terraform init` was run",
        program: "terraform",
        configuration: Some(Command {
            arguments: &["-chdir={input}", "validate", "-json", "-no-color"],
            output: None,
            reader: Reader::TerraformValidate,
        }),
        variables: &[
            ("CHECKPOINT_DISABLE", "1"),
            ("TF_CLI_CONFIG_FILE", "/dev/null"),
            ("TF_IN_AUTOMATION", "1"),
        ],
        exit_codes: &[0, 1],
        in_place: true,
        on_lambda: "not there: it runs the providers that the configuration names, and HCP Terraform's plan validates anyway",
        ..NOTHING
    },
];

/// The profile of this name.
#[must_use]
pub fn profile(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|it| it.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_profile_can_be_run() {
        let names: BTreeSet<_> = PROFILES.iter().map(|it| it.name).collect();
        assert_eq!(names.len(), PROFILES.len());
        for it in PROFILES {
            let commands: Vec<_> = it.configuration.iter().chain(&it.plan).collect();
            assert!(!commands.is_empty(), "{}", it.name);
            for command in commands {
                assert!(command.arguments.iter().any(|it| it.contains("{input}")), "{}", it.name);
                let writes = command.arguments.iter().any(|it| it.contains("{output}"));
                assert_eq!(writes, command.output.is_some(), "{}", it.name);
            }
            assert!(
                !it.about.is_empty() && !it.on_lambda.is_empty() && !it.program.is_empty(),
                "{}",
                it.name
            );
            assert_eq!(profile(it.name), Some(it));
        }
    }
}
