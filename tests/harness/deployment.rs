//! Starts the functions of a deployment from the uploaded zips, with the settings that AWS has for them.
//!
//! Everything is read back from AWS's API and nothing is known beforehand, so a name that `infra/` and the programs
//! spell differently cannot go unseen.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use crate::aws;
use crate::gate::Gate;
use crate::lambda::{Asynchronous, Destination, Function, LambdaDouble};
use crate::stack::{Stack, unpack};

/// The functions, by what they do. Those behind the first three are there where there are approvals, or pages of results.
const FUNCTIONS: [&str; 6] = [
    "request_handler",
    "callback_handler",
    "failure_handler",
    "approval_handler",
    "approval_sweep",
    "report_handler",
];

/// Those that the Internet reaches.
const WITH_URLS: [&str; 3] = ["request_handler", "approval_handler", "report_handler"];

/// Running functions. Dropping it kills their processes.
#[derive(Debug)]
pub struct Deployment {
    /// The platform they run on.
    pub double: LambdaDouble,
    /// The way to AWS.
    pub gate: Gate,
    /// What AWS has of the request handler, the callback handler and the failure handler; and of the approval handler, the
    /// sweep and the report handler, where they are.
    pub functions: Vec<Deployed>,
    _programs: TempDir,
}

/// What AWS has of a function.
#[derive(Debug)]
pub struct Deployed {
    /// Its name.
    pub name: String,
    /// Its role's ARN.
    pub role: String,
    /// `GetFunctionConfiguration`.
    pub configuration: Value,
    /// `GetFunctionEventInvokeConfig`, for those that have one.
    pub events: Option<Value>,
}

impl Deployment {
    /// Starts the functions of `stack`. `change` gets each before it is added, with its output's name.
    pub async fn start(stack: &Stack, change: impl Fn(&str, Function) -> Function) -> Self {
        let programs = tempfile::Builder::new().prefix("programs-").tempdir().unwrap();
        let double = LambdaDouble::start().await;
        let gate = Gate::start(stack.moto.endpoint(), &double.invoke_endpoint()).await;
        let outputs = stack.outputs().await;
        let mut functions = Vec::new();
        for role in FUNCTIONS {
            // An output that is nothing is not there.
            let Some(name) = outputs[role].as_str() else { continue };
            // Where there are versions, jobs go to the one that this alias names.
            let has_versions = role == "callback_handler" && outputs["callback_handler_version"].is_string();
            let qualifier = if has_versions { "?Qualifier=live" } else { "" };
            let deployed = read_back(stack, name, qualifier, !WITH_URLS.contains(&role)).await;
            let function = function(stack, &deployed, programs.path(), &gate).await;
            let function = if WITH_URLS.contains(&role) { function.with_url() } else { function };
            double.add(change(role, function)).await;
            functions.push(deployed);
        }
        assert!(functions.len() >= 3, "{functions:?}");
        Self { double, gate, functions, _programs: programs }
    }

    /// The URL that HCP Terraform would have.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/", self.double.function_url(&self.functions[0].name))
    }

    /// What the functions logged.
    #[must_use]
    pub fn logs(&self) -> String {
        self.functions.iter().map(|it| self.double.logs(&it.name)).collect()
    }
}

/// Those that take events may have settings for them.
async fn read_back(stack: &Stack, name: &str, qualifier: &str, has_events: bool) -> Deployed {
    let endpoint = stack.moto.endpoint();
    let path = format!("/2015-03-31/functions/{name}/configuration{qualifier}");
    let configuration = aws::get(endpoint, "lambda", &path).await;
    let path = format!("/2019-09-25/functions/{name}/event-invoke-config");
    let events = if has_events { Some(aws::get(endpoint, "lambda", &path).await) } else { None };
    let role = configuration["Role"].as_str().unwrap().to_owned();
    Deployed { name: name.to_owned(), role, configuration, events }
}

async fn function(stack: &Stack, deployed: &Deployed, programs: &Path, gate: &Gate) -> Function {
    let configuration = &deployed.configuration;
    assert_eq!(configuration["Runtime"], "provided.al2023");
    let code = configuration["CodeSha256"].as_str().unwrap();
    let program = programs.join(&deployed.name);
    unpack(&package_with(stack, code), &program).await;

    let seconds = configuration["Timeout"].as_u64().unwrap();
    let memory = configuration["MemorySize"].as_u64().unwrap();
    let mut function = Function::new(&deployed.name, program.join("bootstrap"))
        .timeout(Duration::from_secs(seconds))
        .memory_mb(memory.try_into().unwrap());
    // There is no /opt here: what the layers hold lies elsewhere, and that alone is different.
    let opt = programs.join(format!("{}-opt", deployed.name));
    let layers = configuration["Layers"].as_array().cloned().unwrap_or_default();
    for layer in &layers {
        let arn = layer["Arn"].as_str().unwrap();
        let (name, version) = arn.split_once(":layer:").unwrap().1.split_once(':').unwrap();
        let path = format!("/2018-10-31/layers/{name}/versions/{version}");
        let content = aws::get(stack.moto.endpoint(), "lambda", &path).await;
        unpack(&package_with(stack, content["Content"]["CodeSha256"].as_str().unwrap()), &opt).await;
    }
    for (name, value) in configuration["Environment"]["Variables"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        function = match value.strip_prefix("/opt/").map(|it| opt.join(it)) {
            Some(file) => {
                assert!(file.is_file(), "{name}: no layer holds {value}");
                function.env(name, file.to_str().unwrap())
            }
            None => function.env(name, value),
        };
    }
    if let Some(events) = &deployed.events {
        let destination = events["DestinationConfig"]["OnFailure"]["Destination"].as_str();
        let destination = destination.map(|it| match it.split_once(":function:") {
            Some((_, name)) => Destination::Function(name.to_owned()),
            None => Destination::Capture,
        });
        function = function.asynchronous(Asynchronous {
            maximum_retry_attempts: events["MaximumRetryAttempts"].as_u64().unwrap().try_into().unwrap(),
            maximum_event_age: Duration::from_secs(events["MaximumEventAgeInSeconds"].as_u64().unwrap()),
            on_failure: destination,
            ..Asynchronous::default()
        });
    }
    function
        .env("AWS_ENDPOINT_URL", gate.endpoint())
        .env("AWS_ACCESS_KEY_ID", Gate::access_key(&deployed.role))
}

/// The package with this checksum, as AWS writes it.
fn package_with(stack: &Stack, code_sha256: &str) -> PathBuf {
    let zips = std::fs::read_dir(stack.packages()).unwrap().map(|it| it.unwrap().path());
    let mut zips = zips.filter(|it| it.extension().is_some_and(|it| it == "zip"));
    let found = zips.find(|it| BASE64_STANDARD.encode(digest(it)) == code_sha256);
    found.unwrap_or_else(|| panic!("what was uploaded is none of the packages"))
}

fn digest(file: &Path) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    Sha256::digest(std::fs::read(file).unwrap()).to_vec()
}
