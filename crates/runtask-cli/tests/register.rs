//! Tests `runtask register` as a process, against the simulator, with the real `runtask serve` to answer the probe.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may end a test")]

use runtask_log::event;
use runtask_simulator::{Options, Organization, Scope, SimulatedOrganization, Simulator, Workspace};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const KEY: &str = "example-hmac-key-of-register";

/// A running `runtask serve`.
struct Serve {
    process: Child,
    url: String,
}

impl Serve {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_runtask"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .env_clear()
            .env("HMAC_KEY", KEY)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = lines.find_map(|it| {
            let line: Value = serde_json::from_str(&it.unwrap()).unwrap();
            let fields = &line["fields"];
            (fields["event"] == event::SERVE_LISTENING)
                .then(|| fields["address"].as_str().unwrap().to_owned())
        });
        let address = address.unwrap();
        // Somebody has to read on, or it would block at a full pipe.
        std::thread::spawn(move || lines.count());
        Self { process, url: format!("http://{address}/") }
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// HCP Terraform with one organization, and what `runtask register` does to it.
struct World {
    simulator: Simulator,
    organization: SimulatedOrganization,
    token: String,
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

impl World {
    async fn with(organization: Organization) -> Self {
        let simulator = Simulator::start(Options::default()).await.unwrap();
        let organization = simulator.organize(organization);
        let token = organization.token().to_owned();
        Self { simulator, organization, token }
    }

    async fn new() -> Self {
        Self::with(Organization { workspaces: workspaces(), ..Organization::default() }).await
    }

    /// Runs it with the key.
    async fn register(&self, arguments: &[&str]) -> Said {
        self.register_with(&[("HMAC_KEY", KEY)], arguments).await
    }

    /// Runs it without a key: a new one is not sent, then.
    async fn register_keyless(&self, arguments: &[&str]) -> Said {
        self.register_with(&[], arguments).await
    }

    async fn register_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runtask"));
        command
            .args(["register", "--log", "trace", "--organization", "simulated-organization"])
            .args(arguments)
            .env_clear()
            .env("TFE_ADDRESS", self.simulator.origin())
            .env("TFE_TOKEN", &self.token)
            .envs(environment.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        // P-19: neither the token nor a key is ever shown.
        for secret in [&self.token, self.organization.token(), KEY, "another-key"] {
            assert!(!said.out.contains(secret) && !said.err.contains(secret), "{}{}", said.out, said.err);
        }
        said
    }

    /// The attachments of the only run task: workspace, stages, enforcement level.
    fn attachments(&self) -> Vec<(String, String, String)> {
        let tasks = self.organization.run_tasks();
        assert_eq!(tasks.len(), 1, "{tasks:?}");
        let mut all: Vec<_> = tasks
            .iter()
            .flat_map(|it| &it.attachments)
            .map(|(name, scope)| (name.clone(), scope.stages.join(" "), scope.enforcement_level.clone()))
            .collect();
        all.sort();
        all
    }
}

fn workspaces() -> Vec<Workspace> {
    let workspace = |name: &str, tags: &[(&str, &str)]| Workspace {
        name: name.to_owned(),
        tags: tags
            .iter()
            .map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()).filter(|it| !it.is_empty())))
            .collect(),
    };
    vec![
        workspace("app-dev", &[("environment", "dev")]),
        workspace("app-prod", &[("environment", "prod"), ("network", "")]),
        workspace("db-prod", &[("environment", "prod")]),
        workspace("sandbox", &[]),
    ]
}

fn attached(workspace: &str, stages: &str, level: &str) -> (String, String, String) {
    (workspace.to_owned(), stages.to_owned(), level.to_owned())
}

/// F-11: created once, with an answered probe; the same command again changes nothing.
#[tokio::test]
async fn a_run_task_is_created_attached_and_then_left_alone() {
    let (world, serve) = (World::new().await, Serve::start());
    let said = world.register(&["--url", &serve.url, "--workspace", "sandbox"]).await;
    let expected = format!(
        "run task my-custom-run-task: created, {}\nworkspace sandbox: created: post_plan, advisory\n",
        serve.url
    );
    assert_eq!((said.code, said.out), (0, expected), "{}", said.err);
    assert_eq!(world.organization.probes(), 1);
    let task = world.organization.run_tasks().remove(0);
    assert_eq!((task.name.as_str(), &task.url, task.enabled), ("my-custom-run-task", &serve.url, true));
    // The key that was sent is the key that was given.
    let signed_with = |key: &runtask_protocol::Key| key.sign(b"body");
    assert_eq!(
        task.key.as_ref().map(signed_with),
        runtask_protocol::Key::new(KEY).ok().as_ref().map(signed_with)
    );

    let writes = world.organization.writes();
    let said = world.register_keyless(&["--url", &serve.url, "--workspace", "sandbox"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("my-custom-run-task: unchanged") && said.out.contains("sandbox: unchanged"),
        "{}",
        said.out
    );
    assert_eq!(world.organization.writes(), writes);
}

/// F-10: mandatory in prod, advisory in dev, by tags with and without a value.
#[tokio::test]
async fn workspaces_are_attached_by_tag() {
    let organization = Organization { workspaces: workspaces(), page_size: 1, ..Organization::default() };
    let (world, serve) = (World::with(organization).await, Serve::start());
    let prod = ["--tag", "environment=prod", "--stage", "post_plan,pre_apply", "--enforcement", "mandatory"];
    let said = world.register(&[&["--url", &serve.url], &prod[..]].concat()).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let said = world.register_keyless(&["--tag", "environment=dev"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(
        world.attachments(),
        [
            attached("app-dev", "post_plan", "advisory"),
            attached("app-prod", "post_plan pre_apply", "mandatory"),
            attached("db-prod", "post_plan pre_apply", "mandatory"),
        ]
    );
    // Both tags: one workspace.
    let said = world.register_keyless(&["--tag", "environment=prod", "--tag", "network"]).await;
    assert_eq!(
        said.out.lines().skip(1).collect::<Vec<_>>(),
        ["workspace app-prod: unchanged: post_plan pre_apply, mandatory"],
        "{}",
        said.err
    );
    let said = world.register_keyless(&["--tag", "environment=test"]).await;
    assert_eq!(said.code, 0);
    assert!(said.err.contains("No workspace has the tags environment=test"), "{}", said.err);
}

/// V-02: who adds one workspace by a tag changes nothing of those that have the run task, unless told to; and is shown
/// what becomes weaker by it.
#[tokio::test]
async fn what_is_not_given_is_left_alone_and_a_weakening_is_shown() {
    let (world, serve) = (World::new().await, Serve::start());
    let gates = ["--tag", "environment=prod", "--stage", "post_plan,pre_apply", "--enforcement", "mandatory"];
    world.register(&[&["--url", &serve.url, "--global"], &gates[..]].concat()).await;
    let before = world.attachments();
    let writes = world.organization.writes();
    let said =
        world.register_keyless(&["--global", "--tag", "environment=prod", "--workspace", "sandbox"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(world.organization.writes().len(), writes.len() + 1, "only the new one is written");
    let mut expected = before.clone();
    expected.push(attached("sandbox", "post_plan", "advisory"));
    assert_eq!(world.attachments(), expected);
    assert!(said.out.contains("every workspace: unchanged: post_plan pre_apply, mandatory"), "{}", said.out);

    // One of both is given: the other stays.
    let arguments = ["--workspace", "app-prod", "--stage", "post_plan", "--dry-run"];
    let said = world.register_keyless(&arguments).await;
    let line = "workspace app-prod: would be weakened: post_plan, mandatory (before: post_plan pre_apply, mandatory)";
    assert!(said.out.contains(line), "{}", said.out);
    let arguments = ["--workspace", "app-prod", "--enforcement", "advisory"];
    let said = world.register_keyless(&arguments).await;
    let line = "workspace app-prod: weakened: post_plan pre_apply, advisory (before: post_plan pre_apply, mandatory)";
    assert!(said.code == 0 && said.out.contains(line), "{}", said.out);
    let said = world.register_keyless(&["--json", "--global", "--enforcement", "advisory"]).await;
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["global"]["outcome"], "weakened");
    assert_eq!(report["global"]["before"]["enforcement_level"], "mandatory");
    let said = world.register_keyless(&["--workspace", "app-prod", "--enforcement", "mandatory"]).await;
    assert!(said.out.contains("app-prod: changed: post_plan pre_apply, mandatory (before: "), "{}", said.out);
    let said = world.register_keyless(&["--enabled", "false"]).await;
    assert!(said.out.contains("weakened (disabled: no run asks it any more)"), "{}", said.out);
}

/// A server that ignores the filter must not get the run task into every workspace.
#[tokio::test]
async fn tags_with_values_that_a_server_ignores_attach_nothing() {
    let organization =
        Organization { workspaces: workspaces(), filters_by_value: false, ..Organization::default() };
    let (world, serve) = (World::with(organization).await, Serve::start());
    let said = world.register(&["--url", &serve.url, "--tag", "environment=prod"]).await;
    let sentence = "it named the workspace app-dev, which has no tag environment=prod";
    assert!(said.code == 2 && said.err.contains(sentence), "{}{}", said.out, said.err);
    assert_eq!(world.organization.writes(), [""; 0]);
}

#[tokio::test]
async fn a_run_task_is_changed_where_it_is_not_as_asked_for() {
    let (world, serve) = (World::new().await, Serve::start());
    world.register(&["--url", &serve.url]).await;
    let said = world.register_keyless(&["--description", "Formatting", "--enabled", "false"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let task = world.organization.run_tasks().remove(0);
    assert_eq!((task.description.as_deref(), task.enabled), (Some("Formatting"), false));
    assert_eq!(task.url, serve.url);
    // A key that is given is sent: HCP Terraform does not say which one it has.
    let said = world.register(&[]).await;
    assert!(said.out.starts_with("run task my-custom-run-task: changed"), "{}", said.out);
    assert_eq!(world.organization.probes(), 3);
}

/// The probe is signed with a key that the run task does not have.
#[tokio::test]
async fn a_refused_probe_is_explained() {
    let (world, serve) = (World::new().await, Serve::start());
    let said = world.register_with(&[("HMAC_KEY", "another-key")], &["--url", &serve.url]).await;
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{}", said.err);
    for part in [
        "the run task was not saved (422 Unprocessable Entity)",
        "sends a probe to the run task's URL",
        "have this same key",
        "127.0.0.1 says: invalid attribute: Url responded with 401 to the verification request",
    ] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    assert!(world.organization.run_tasks().is_empty());
    // Nobody listens.
    let url = serve.url.clone();
    drop(serve);
    let said = world.register(&["--url", &url]).await;
    assert!(said.code == 1 && said.err.contains("Url did not respond"), "{}", said.err);
}

#[tokio::test]
async fn a_name_that_hcp_terraform_does_not_take_is_explained() {
    let (world, serve) = (World::new().await, Serve::start());
    let said = world.register(&["--url", &serve.url, "--name", "two words"]).await;
    assert!(said.code == 1 && said.err.contains("says: invalid attribute: Name is invalid"), "{}", said.err);
}

#[tokio::test]
async fn what_does_not_exist_is_explained() {
    let (world, serve) = (World::new().await, Serve::start());
    let said = world
        .register(&[
            "--url",
            &serve.url,
            "--workspace",
            "sandbox",
            "--workspace",
            "one",
            "--workspace",
            "two",
        ])
        .await;
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains("has no workspace one, two, or the owner of the token"), "{}", said.err);
    let said = world.register_with(&[("TFE_TOKEN", "wrong")], &["--url", &serve.url]).await;
    assert!(said.code == 1 && said.err.contains("does not know the token in TFE_TOKEN"), "{}", said.err);
    assert_eq!(world.organization.writes(), [""; 0]);

    let elsewhere =
        World::with(Organization { name: "elsewhere".to_owned(), ..Organization::default() }).await;
    let said = elsewhere.register(&["--url", &serve.url]).await;
    assert!(
        said.code == 1 && said.err.contains("has no organization simulated-organization, or"),
        "{}",
        said.err
    );
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let (world, serve) = (World::new().await, Serve::start());
    for (environment, arguments, problem) in [
        (&[("TFE_TOKEN", "")][..], &["--list"][..], "TFE_TOKEN is not set"),
        (&[], &["--url", &serve.url], "there is no key for the new run task"),
        (&[("HMAC_KEY", KEY)], &[], "give its --url"),
        (&[("TFE_ADDRESS", "http://tfe.example.com")], &["--list"], "--address must begin with https://"),
        (&[("TFE_ADDRESS", "https://tfe.example.com/api")], &["--list"], "--address is wrong"),
    ] {
        let said = world.register_with(environment, arguments).await;
        assert!(said.code == 2 && said.err.contains(problem), "{problem}: {}", said.err);
    }
    assert_eq!(world.organization.writes(), [""; 0]);
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let (world, serve) = (World::new().await, Serve::start());
    let arguments = ["--url", &serve.url, "--workspace", "sandbox", "--global", "--dry-run"];
    let said = world.register(&arguments).await;
    let expected = format!(
        "run task my-custom-run-task: would be created, {}\nevery workspace: would be created: post_plan, advisory\n\
         workspace sandbox: would be created: post_plan, advisory\n",
        serve.url
    );
    assert_eq!((said.code, said.out), (0, expected), "{}", said.err);
    assert_eq!(world.organization.writes(), [""; 0]);
    world.register(&arguments[..4]).await;
    let writes = world.organization.writes();
    let said =
        world.register_keyless(&["--enforcement", "mandatory", "--workspace", "sandbox", "--dry-run"]).await;
    let line = "sandbox: would be changed: post_plan, mandatory (before: post_plan, advisory)";
    assert!(said.out.contains(line), "{}", said.out);
    assert_eq!(world.organization.writes(), writes);
}

/// F-10, V-19: in every workspace, wherever HCP Terraform keeps that, and however it can be asked.
#[tokio::test]
async fn a_run_task_is_made_global() {
    let serve = Serve::start();
    for (task_configurations, finds_task_configurations) in [(true, true), (true, false), (false, false)] {
        let world = World::with(Organization {
            task_configurations,
            finds_task_configurations,
            ..Organization::default()
        })
        .await;
        world.register(&["--url", &serve.url]).await;
        for (level, outcome) in [("advisory", "created"), ("advisory", "unchanged"), ("mandatory", "changed")]
        {
            let said = world.register_keyless(&["--global", "--enforcement", level]).await;
            let line = format!("every workspace: {outcome}: post_plan, {level}");
            assert!(said.code == 0 && said.out.contains(&line), "{line}: {}{}", said.out, said.err);
        }
        let scope = Scope { stages: vec!["post_plan".to_owned()], enforcement_level: "mandatory".to_owned() };
        assert_eq!(world.organization.run_tasks().remove(0).global, Some(scope));
        let said = world.register_keyless(&["--list"]).await;
        assert!(said.out.contains("  every workspace: post_plan, mandatory"), "{}", said.out);
    }
}

#[tokio::test]
async fn an_organization_without_global_run_tasks_is_told() {
    let serve = Serve::start();
    for (task_configurations, sentence) in [
        (true, "the run task was not made global (422 Unprocessable Entity)"),
        (false, "the plan of the organization simulated-organization has no global run tasks"),
    ] {
        let organization =
            Organization { task_configurations, global_run_tasks: false, ..Organization::default() };
        let world = World::with(organization).await;
        let said = world.register(&["--url", &serve.url, "--global"]).await;
        assert!(
            said.code == 1 && said.out.contains("every workspace: refused: "),
            "{}{}",
            said.out,
            said.err
        );
        assert!(said.out.contains(sentence), "{}", said.out);
    }
}

/// V-19: a server that ignores `include` shows attachments only where each workspace is asked.
#[tokio::test]
async fn run_tasks_are_listed_where_a_server_includes_nothing() {
    let organization = Organization { workspaces: workspaces(), includes: false, ..Organization::default() };
    let (world, serve) = (World::with(organization).await, Serve::start());
    world.register(&["--url", &serve.url, "--tag", "environment=prod", "--enforcement", "mandatory"]).await;
    let said = world.register_keyless(&["--list"]).await;
    let expected = format!(
        "my-custom-run-task: enabled, {}\n  workspace app-prod: post_plan, mandatory\n  \
         workspace db-prod: post_plan, mandatory\n",
        serve.url
    );
    assert_eq!((said.code, said.out), (0, expected), "{}", said.err);
}

#[tokio::test]
async fn run_tasks_are_listed() {
    let (world, serve) = (World::new().await, Serve::start());
    let said = world.register_keyless(&["--list"]).await;
    assert_eq!(said.out, "The organization simulated-organization has no run tasks\n", "{}", said.err);
    world.register(&["--url", &serve.url, "--workspace", "sandbox", "--workspace", "app-dev"]).await;
    world.register(&["--name", "second", "--url", &serve.url, "--enabled", "false"]).await;
    let said = world.register_keyless(&["--list"]).await;
    let expected = format!(
        "my-custom-run-task: enabled, {url}\n  workspace app-dev: post_plan, advisory\n  \
         workspace sandbox: post_plan, advisory\nsecond: disabled, {url}\n",
        url = serve.url
    );
    assert_eq!((said.code, said.out), (0, expected), "{}", said.err);
}

#[tokio::test]
async fn programs_get_json() {
    let (world, serve) = (World::new().await, Serve::start());
    let said = world.register(&["--json", "--url", &serve.url, "--workspace", "sandbox"]).await;
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["run_task"]["outcome"], "created");
    assert_eq!(report["run_task"]["id"], world.organization.run_tasks().remove(0).id);
    assert_eq!(report["workspaces"][0]["name"], "sandbox");
    assert_eq!(report["workspaces"][0]["outcome"], "created");
    assert_eq!(report["global"], Value::Null);
    let said = world.register_keyless(&["--json", "--list"]).await;
    let list: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(list["run_tasks"][0]["workspaces"][0]["stages"], json!(["post_plan"]));
}

/// P-15: more requests than are allowed are made again when it is time.
#[tokio::test]
async fn a_busy_hcp_terraform_is_waited_for() {
    let organization =
        Organization { workspaces: workspaces(), too_many_requests: 3, ..Organization::default() };
    let (world, serve) = (World::with(organization).await, Serve::start());
    let said = world.register(&["--url", &serve.url, "--workspace", "sandbox"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(world.attachments(), [attached("sandbox", "post_plan", "advisory")]);
}

/// F-11: the recipes of docs/registering.md, as they stand there.
#[tokio::test]
async fn the_recipes_for_curl_work() {
    let (world, serve) = (World::new().await, Serve::start());
    let page = include_str!("../../../docs/registering.md");
    let recipes: Vec<&str> =
        page.split("```sh\n").skip(1).filter_map(|it| Some(it.split_once("```")?.0)).collect();
    let [function, list, create, change, workspace, attach, global] = recipes.as_slice() else {
        unreachable!("there are {} recipes", recipes.len())
    };
    let run = async |recipe: &str, task: &str, workspace: &str| -> Value {
        let mut command = Command::new("bash");
        command
            .args(["-euc", &format!("{function}\n{recipe}")])
            .env("TFE_ADDRESS", world.simulator.origin())
            .env("TFE_TOKEN", &world.token)
            .env("TFE_ORGANIZATION", "simulated-organization")
            .env("RUN_TASK_URL", &serve.url)
            .env("HMAC_KEY", KEY)
            .env("TASK_ID", task)
            .env("WORKSPACE_ID", workspace)
            .env("NO_PROXY", "*");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{recipe}\n{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let task = run(create, "", "").await["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(run(change, &task, "").await["data"]["id"], *task);
    let id = run(workspace, "", "").await["data"]["id"].as_str().unwrap().to_owned();
    run(attach, &task, &id).await;
    run(global, &task, "").await;
    assert_eq!(run(list, "", "").await["included"][1]["attributes"]["name"], "sandbox");
    assert_eq!(world.organization.probes(), 2);
    assert_eq!(world.attachments(), [attached("sandbox", "post_plan", "advisory")]);
    let scope = Scope { stages: vec!["post_plan".to_owned()], enforcement_level: "advisory".to_owned() };
    let registered = world.organization.run_tasks().remove(0);
    assert_eq!(registered.global, Some(scope));
    let sign = |key: &runtask_protocol::Key| key.sign(b"body");
    assert_eq!(registered.key.as_ref().map(sign), runtask_protocol::Key::new(KEY).ok().as_ref().map(sign));
}
