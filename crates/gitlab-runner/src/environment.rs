//! What of our own environment a job's programs get: what is on a list, and nothing else.
//!
//! Whatever the platform puts into our environment, keys of the function's role above all, stays ours.

/// Names that are passed on.
const PASSED_ON: [&str; 14] = [
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "USER",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "TF_CLI_CONFIG_FILE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// What every job's programs find set, unless the job says otherwise. Terraform asks nobody and calls home nowhere; and no
/// program looks for credentials of a machine.
///
/// Source: HashiCorp, "Environment Variables" of the Terraform CLI; AWS SDKs and tools, "IMDS client".
const SET: [(&str, &str); 4] = [
    ("TF_IN_AUTOMATION", "1"),
    ("TF_INPUT", "0"),
    ("CHECKPOINT_DISABLE", "1"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

/// The environment of a job's programs. `lookup` asks our own; `home` is where programs keep their files.
#[must_use]
pub fn environment(lookup: impl Fn(&str) -> Option<String>, home: &str) -> Vec<(String, String)> {
    let passed_on = PASSED_ON.iter().filter_map(|name| Some(((*name).to_owned(), lookup(name)?)));
    let set = SET.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let places = ["HOME", "TMPDIR"].map(|name| (name.to_owned(), home.to_owned()));
    let mut environment: Vec<_> = passed_on.chain(set).chain(places).collect();
    if !environment.iter().any(|(name, _)| name == "PATH") {
        environment.push(("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()));
    }
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_on_the_list_stays_with_us() {
        let own = |name: &str| match name {
            "PATH" => Some("/opt/bin".to_owned()),
            "AWS_SECRET_ACCESS_KEY" | "AWS_LAMBDA_RUNTIME_API" | "_HANDLER" | "LD_PRELOAD" | "TMPDIR" => {
                Some("ours".to_owned())
            }
            _ => None,
        };
        let environment = environment(own, "/tmp");
        let names: Vec<&str> = environment.iter().map(|it| it.0.as_str()).collect();
        assert_eq!(
            names,
            [
                "PATH",
                "TF_IN_AUTOMATION",
                "TF_INPUT",
                "CHECKPOINT_DISABLE",
                "AWS_EC2_METADATA_DISABLED",
                "HOME",
                "TMPDIR"
            ]
        );
        assert!(environment.iter().all(|it| it.1 != "ours"), "{environment:?}");
        assert!(
            super::environment(|_| None, "/tmp")
                .contains(&("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()))
        );
    }
}
